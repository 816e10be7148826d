"""Warnings about categories that are not part of the vocabulary."""

import numpy as np

from sklearn_seqembed._data.messages import warn_reading


def warn_about_new(sequences, features, name, option, continues):
    """Warn that categories which are not in the vocabulary are read as missing.

    Parameters
    ----------
    sequences : Sequences
        Training sequences.
    features : CategoricalFeatures
        The fitted vocabularies.
    name : {"X", "y"}
        Name of the sequences in the warning.
    option : str
        Name of the parameter that lists categories.
    continues : bool
        Whether an earlier call fitted the vocabularies. Otherwise the user listed them.
    """
    new = features.list_unseen(sequences)
    if not new:
        return
    n_new = "1 category" if len(new) == 1 else f"{len(new)} categories"
    reason = f"that {option} does not list"
    remedy = f"List all categories of {name}."
    if continues:
        reason = "that the first call did not meet"
        remedy = (
            "Pass sequences with all categories in the first call, or list them in "
            f"{option}."
        )
    warn_reading(
        f"{name} holds {n_new} {reason}, {new[0]!r} for example, read as missing. "
        f"{remedy}"
    )


def warn_about_unseen(sequences, features, is_categorical):
    """Warn of a feature of X none of whose categories occurred in `fit`.

    Parameters
    ----------
    sequences : Sequences
        Sequences that are passed after `fit`.
    features : CategoricalFeatures
        The fitted vocabularies.
    is_categorical : bool ndarray of shape (n_features,)
        Which features of X are categorical.
    """
    found = features.find_all_unseen(sequences)
    if found is not None:
        feature = np.flatnonzero(is_categorical)[found[0]]
        warn_reading(
            f"No category of feature {feature} of X occurred in fit, {found[1]!r} for "
            "example, so all were read as missing; pass X as in fit, or set "
            "handle_unknown='error' to have such categories refused."
        )

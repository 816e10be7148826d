"""Warnings about categories that are not part of the vocabulary."""

import numpy as np

from sklearn_seqembed._data.messages import warn_reading

# More than this fraction of the observed values of a feature never occurred in fit.
MOST = 0.5


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
    """Warn of a feature of X most of whose categories never occurred in `fit`.

    Parameters
    ----------
    sequences : Sequences
        Sequences that are passed after `fit`.
    features : CategoricalFeatures
        The fitted vocabularies.
    is_categorical : bool ndarray of shape (n_features,)
        Which features of X are categorical.
    """
    found = features.find_mostly_unseen(sequences, MOST)
    if found is not None:
        k, category, fraction = found
        feature = np.flatnonzero(is_categorical)[k]
        if fraction == 1:
            lost = f"No category of feature {feature} of X"
        else:
            lost = f"{fraction:.0%} of the categories of feature {feature} of X never"
        warn_reading(
            f"{lost} occurred in fit, {category!r} for example, so they were read as "
            "missing; pass X as in fit, or set handle_unknown='error' to have such "
            "categories refused."
        )

"""How data is read, what is chosen for it, and how long a fit takes, before fitting."""

import copy

import numpy as np

from sklearn_seqembed import _auto, _fit_times
from sklearn_seqembed._base import BaseSequenceEstimator
from sklearn_seqembed._choices import (
    AUTO_PARAMETERS,
    as_plain,
    list_choices,
    write_headline,
)
from sklearn_seqembed._data.messages import collecting_warnings
from sklearn_seqembed._data.scalars import check_seed
from sklearn_seqembed._data.summaries import (
    describe_container,
    summarize_features,
    summarize_lengths,
)
from sklearn_seqembed._embedder import LSTMSequenceEmbedder
from sklearn_seqembed._parameters import check_parameters
from sklearn_seqembed._reports import write_html, write_text
from sklearn_seqembed._training.process import ProcessState

# Number of categories and classes that are listed.
N_LISTED = 5

# Two of three folds of fewer sequences than so many times the least number for training
# are too few to be trained on.
N_FOLDED = 1.5


class Description:
    """What :func:`describe` found.

    Parameters
    ----------
    **attributes : object
        The attributes.

    Attributes
    ----------
    estimator : str
        Name of the class of the estimator.
    container : str
        How X was read.
    n_sequences : int
        Number of sequences.
    lengths : dict of str to number
        Numbers of time steps: "min", "25%", "median", "75%" and "max".
    features : list of dict
        Name, kind, gaps and range of each feature of X.
    targets : dict or None
        The same for y, or its classes; None if the estimator does not read y.
    windows : dict or None
        Number and sizes of the windows that a few long series are cut into.
    choices : dict of str to object
        Values of the parameters that may be "auto".
    given : list of str
        Those of them that are parameters of the estimator with other values.
    fit : dict
        "seconds", the estimated duration of `fit`; "longest", its duration if training
        does not stop early; "steps", the seconds of each step; and "reason", why the
        network will not be trained, or None.
    notes : list of str
        What `fit` warns of, and whether fits to parts of X would differ.
    headline : str
        All of this in one line.
    """

    def __init__(self, **attributes):
        vars(self).update(attributes)

    def to_dict(self):
        """Return all attributes as a dict.

        Returns
        -------
        dict of str to object
            Plain Python values, which can be written as JSON.
        """
        return copy.deepcopy(vars(self))

    def __repr__(self):
        return write_text(self)

    def _repr_html_(self):
        return write_html(self)


def describe(X, y=None, *, estimator=None):
    """Report how sequences are read and what `fit` will do, without fitting.

    The report tells lengths, features, gaps, categories and times, the values of all
    parameters that are "auto", what `fit` will warn of, and about how long it will
    take on this machine. For the latter, the steps of `fit` are tried with a few of
    the sequences.

    Parameters
    ----------
    X : list, array, tensor or frame of n_samples sequences
        Sequences in any of the forms that :meth:`LSTMSequenceEmbedder.fit` accepts.
    y : list, array, tensor, Series or frame, default=None
        Targets, if the estimator needs them.
    estimator : estimator, default=None
        The estimator that is going to be fitted, which is not changed. None is
        ``LSTMSequenceEmbedder()``.

    Returns
    -------
    Description
        A report, which is shown as text or, in a notebook, as a table. Its attributes
        are `estimator`, `container`, `n_sequences`, `lengths`, `features`, `targets`,
        `windows`, `choices`, `given`, `fit`, `notes` and `headline`; its method
        `to_dict` returns them as plain Python values.

    Raises
    ------
    TypeError
        If `estimator` is not one of the estimators of this package, or for the same
        reasons as in `fit`.
    ValueError
        For the same reasons as in `fit`.

    Examples
    --------
    >>> from sklearn_seqembed import describe
    >>> description = describe(["abab", "ba", "abba"])
    >>> description.n_sequences, description.lengths["max"]
    (3, 4)
    >>> description.features[0]["categories"]["most_frequent"]
    [['a', 0.5], ['b', 0.5]]
    >>> description.choices["batch_size"]
    16
    """
    if estimator is None:
        estimator = LSTMSequenceEmbedder()
    if not isinstance(estimator, BaseSequenceEstimator):
        raise TypeError(
            "estimator must be an estimator of sklearn_seqembed, such as "
            f"LSTMSequenceEmbedder(), got {estimator!r}. For a pipeline, pass the step "
            "that reads sequences."
        )
    if y is None and estimator.__sklearn_tags__().target_tags.required:
        raise ValueError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is "
            "None. Pass it to describe as well: describe(X, y, estimator=...)."
        )
    fitted = estimator._copy_attributes()
    state = ProcessState(is_fit=True)
    try:
        with state, collecting_warnings() as messages:
            description = _describe(fitted, X, y)
    finally:
        state.restore()
    description.notes = list(dict.fromkeys(messages + description.notes))
    return description


def _describe(estimator, X, y):
    """Take the first steps of a fit of a copy of an estimator, and describe them."""
    began = _fit_times.clock()
    check_parameters(estimator)
    # Random numbers of the user's generator, or of numpy's global one, are not drawn.
    rng = copy.deepcopy(check_seed(estimator.random_state))
    estimator.random_state = 0
    continues = hasattr(estimator, "net_") and getattr(estimator, "warm_start", False)
    prepared = estimator._prepare(X, y, rng, continues=continues)
    estimate = _fit_times.estimate_fit_time(
        estimator, prepared, _fit_times.clock() - began, continues
    )
    sequences = prepared.read.sources
    choices = list_choices(estimator, prepared.plan, estimate)
    features = _describe_features(estimator, X, sequences)
    targets = _describe_targets(estimator, prepared.read)
    return Description(
        estimator=type(estimator).__name__,
        container=(
            "source that is read in parts (files or a query)"
            if hasattr(sequences, "stream")
            else describe_container(estimator._schema.container)
        ),
        n_sequences=sequences.n_represented,
        lengths=summarize_lengths(sequences),
        features=features,
        targets=targets,
        windows=_describe_windows(estimator, prepared.pairs),
        choices=choices,
        given=[name for name in AUTO_PARAMETERS if _is_given(estimator, name)],
        fit={
            "seconds": round(estimate.seconds, 2),
            "longest": round(estimate.longest, 2),
            "steps": {step: round(s, 3) for step, s in estimate.steps.items()},
            "reason": estimate.reason,
        },
        notes=[
            *_note_codes(
                "categorical_features", estimator.categorical_features, features
            ),
            *_note_codes(
                "categorical_targets",
                getattr(estimator, "categorical_targets", None),
                (targets or {}).get("features", ()),
            ),
            *_list_notes(estimator, prepared, estimate, continues),
        ],
        headline=write_headline(estimator, prepared, estimate),
    )


def _note_codes(option, value, features):
    """Return a note about integers that may be codes of categories, if any are.

    Parameters
    ----------
    option : {"categorical_features", "categorical_targets"}
        The parameter that lists them.
    value : object
        Its value.
    features : list of dict
        Descriptions of the features of X or y.
    """
    if not isinstance(value, str):
        return []  # the user has decided
    found = [repr(feature["name"]) for feature in features if "n_integers" in feature]
    if not found:
        return []
    names = ", ".join(found[:N_LISTED]) + (", ..." if len(found) > N_LISTED else "")
    name = "y" if option == "categorical_targets" else "X"
    subject, verb = ("Feature", "has") if len(found) == 1 else ("Features", "have")
    return [
        f"{subject} {names} of {name} {verb} few values, all of them integers, which "
        "are read as numbers. Codes that have no order are categories: list their "
        f"features in {option}."
    ]


def _list_notes(estimator, prepared, estimate, continues):
    """Return notes about the training, if there is one."""
    notes, n_samples = [], len(prepared.pairs)
    if n_samples < prepared.pairs.sources.n_represented:
        notes.append(
            f"Quartiles, gaps and ranges are those of a random sample of {n_samples:,} "
            "sequences. The closed form, scalers and choices are made with it, too; "
            "categories were counted in all of X."
        )
    if not estimate.max_epochs:
        return notes
    if continues:
        notes.append(
            "warm_start=True: fit continues the training of the fitted network. Its "
            "scalers, categories and linear map remain as they are."
        )
    if prepared.plan.warning:
        notes.append(prepared.plan.warning)
    decides = estimator._predicts_label and estimator._may_be_useless
    if decides and n_samples < N_FOLDED * _auto.MIN_TRAINED_LABELS:
        notes.append(
            f"Networks are trained with {_auto.MIN_TRAINED_LABELS} sequences or more, "
            f"and X has {n_samples}: fits to parts of it, as in cross-validation, may "
            "not train theirs, and be less accurate."
        )
    return notes


def _is_given(estimator, name):
    """Return whether a parameter that may be "auto" has another value."""
    value = getattr(estimator, name, "auto")
    return not (isinstance(value, str) and value == "auto")


def _describe_features(estimator, X, sequences):
    """Return the features of X, with their categories."""
    schema, origins = estimator._schema, ()
    if "datetime" in schema.kinds:
        # Of a stream, only a sample is in memory.
        _, whole = estimator._check_X(getattr(sequences, "table", X), reset=False)
        origins = whole.origins
    features = summarize_features(
        sequences, schema.kinds, schema.container.item_names, schema.texts, origins
    )
    return _add_categories(features, estimator._features, schema.is_categorical)


def _add_categories(features, encoder, is_categorical):
    """Add the vocabularies to descriptions of features."""
    vocabularies = iter(encoder.categorical.vocabularies)
    for feature, flag in zip(features, is_categorical, strict=True):
        if flag:
            feature["categories"] = _describe_vocabulary(next(vocabularies))
    return features


def _describe_vocabulary(vocabulary):
    """Return the number of categories, the most frequent ones, and infrequent ones."""
    fractions = vocabulary.frequencies
    most = zip(vocabulary.categories, vocabulary.frequent_indices(), strict=True)
    infrequent = vocabulary.infrequent
    n_infrequent = 0 if infrequent is None else len(infrequent)
    return {
        "n": len(vocabulary.categories) + n_infrequent,
        "most_frequent": [
            [as_plain(category), round(float(fractions[index - 1]), 4)]
            for category, index in list(most)[:N_LISTED]
        ],
        "n_infrequent": n_infrequent,
        "infrequent_fraction": (
            round(float(fractions[vocabulary.infrequent_index - 1]), 4)
            if n_infrequent
            else 0.0
        ),
    }


def _describe_targets(estimator, pairs):
    """Return what y is, None if it is not read."""
    targets = pairs.targets
    if targets is pairs.sources:
        return None
    if hasattr(estimator, "_target_schema"):
        schema = estimator._target_schema
        is_categorical = schema.is_categorical
        n_columns = len(is_categorical) // len(schema.sequences.kinds)
        features = summarize_features(
            targets,
            schema.sequences.kinds * n_columns,
            schema.sequences.container.item_names,
            schema.sequences.texts * n_columns,
        )
        encoder = estimator._target_features
        return {
            "container": describe_container(schema.sequences.container),
            "lengths": summarize_lengths(targets),
            "features": _add_categories(features, encoder, is_categorical),
        }
    if not targets.categorical:
        return {"numbers": summarize_features(targets, ["numeric"] * targets.n_numeric)}
    counts = np.bincount(targets.codes_of(0), minlength=len(estimator.classes_))
    order = np.argsort(-counts, kind="stable")
    return {
        "n_classes": len(counts),
        "classes": [[as_plain(estimator.classes_[i]), int(counts[i])] for i in order],
    }


def _describe_windows(estimator, pairs):
    """Return the windows that a few long series are cut into, None for others."""
    if estimator._windows is None:
        return None
    windows = estimator._windows
    return {
        "n": len(pairs),
        "lookback": int(windows.lookback),
        "horizon": int(windows.horizon),
    }

"""Validation of y where each sequence has one class, or one or more numbers."""

import datetime
import numbers
import re

import numpy as np
from sklearn.utils import check_array, column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from sklearn_seqembed._data.marks import warn_about_marks_in_targets
from sklearn_seqembed._data.messages import count, warn_reading
from sklearn_seqembed._data.parsed import is_missing
from sklearn_seqembed._data.targets import is_single_value

# Targets may be classes if each distinct one occurs so many times on average, and if
# there are at most so many distinct ones.
MIN_REPETITIONS = 3
MAX_DISTINCT = 100


def check_classes(y, n_samples, estimator_name):
    """Read one class per sequence.

    Parameters
    ----------
    y : list, array, tensor, Series or Arrow array of shape (n_samples,)
        The classes: strings, bools or whole numbers, also of a categorical dtype.
    n_samples : int
        Number of sequences in X.
    estimator_name : str
        Name of the classifier in error messages.

    Returns
    -------
    classes : ndarray of shape (n_classes,)
        The classes that occur, sorted.
    codes : int64 ndarray of shape (n_samples,)
        Index of the class of each sequence.
    """
    labels = _as_labels(y, n_samples, estimator_name)
    if labels.dtype.kind in "mM" or _holds_times(labels):
        raise TypeError(
            f"y holds dates or times, but {estimator_name} expects classes. Convert "
            "them to strings, for example the names of months."
        )
    try:
        classes, codes = np.unique(labels, return_inverse=True)
    except TypeError as error:
        kinds = sorted({type(label).__name__ for label in labels})
        raise TypeError(
            f"y holds classes of different types: {', '.join(kinds)}. Convert all of "
            "them to one type, for example to strings."
        ) from error
    check_classification_targets(labels)
    return classes, codes.reshape(-1)


def _as_labels(y, n_samples, estimator_name):
    """Return y as a 1-D array without missing values."""
    _check_given(y, estimator_name)
    for i, label in enumerate(y if isinstance(y, (list, tuple)) else ()):
        if not is_single_value(label):
            raise ValueError(
                f"y[{i}] is a {type(label).__name__}, but {estimator_name} expects one "
                "class per sequence. To predict sequences, use LSTMSequencePredictor."
            )
    labels = _as_array(y)
    if not labels.ndim:
        raise ValueError(
            f"y is a {type(y).__name__}, but {estimator_name} expects one class per "
            "sequence, in a list or an array."
        )
    if labels.ndim > 1 and labels.shape[1:] != (1,):
        raise ValueError(
            f"y should be a 1d array, got an array of shape {labels.shape} instead: "
            f"{estimator_name} expects one class per sequence. To predict several, fit "
            "one classifier for each; to predict sequences, use LSTMSequencePredictor."
        )
    labels = column_or_1d(labels, warn=True)
    _check_length(labels, n_samples)
    if labels.dtype.kind == "O":
        for i, label in enumerate(labels):
            if is_missing(label):
                _refuse_missing(i, estimator_name, "a class")
        kinds = {type(label) for label in labels}
        if kinds <= {bool, np.bool_}:
            labels = labels.astype(bool)
        elif all(issubclass(kind, (int, np.integer)) for kind in kinds):
            labels = labels.astype(np.int64)
    elif labels.dtype.kind == "f":
        missing = np.flatnonzero(np.isnan(labels))
        if len(missing):
            _refuse_missing(missing[0], estimator_name, "a class")
        _check_finite(labels)
    elif labels.dtype.kind == "S":
        labels = np.char.decode(labels)
    return labels


def check_numbers(y, n_samples, estimator_name):
    """Read one or more numbers per sequence.

    Parameters
    ----------
    y : list, array, tensor, Series or frame
        Numbers of shape (n_samples,) or (n_samples, n_targets).
    n_samples : int
        Number of sequences in X.
    estimator_name : str
        Name of the regressor in error messages.

    Returns
    -------
    numbers : float64 ndarray of shape (n_samples, n_targets)
        The numbers.
    is_flat : bool
        Whether y had one dimension.
    """
    _check_given(y, estimator_name)
    dtype = str(getattr(y, "dtype", ""))
    array = _as_array(y)
    if array.dtype.kind in "mM" or _holds_times(array):
        raise TypeError(
            f"y holds dates or times, but {estimator_name} expects numbers. Pass the "
            "time since some event, for example in seconds."
        )
    if array.ndim and array.dtype.kind in "OUST":
        for i, value in enumerate(array.reshape(len(array), -1)[:, 0]):
            if is_missing(value):
                _refuse_missing(i, estimator_name, "a number")
            if isinstance(value, (str, bytes)):
                raise ValueError(
                    f"y[{i}] is {str(value)!r}, but {estimator_name} expects numbers. "
                    "For classes, use LSTMSequenceClassifier; convert numbers that are "
                    "written as text, for example by astype(float)."
                )
            is_number = isinstance(value, numbers.Number)
            if not is_number and not hasattr(value, "__float__"):
                raise TypeError(
                    f"y[{i}] is a {type(value).__name__}, but {estimator_name} expects "
                    "numbers."
                )
    is_bool = array.dtype.kind == "b" or _holds_bools(array)
    if is_bool or re.match("category|Categorical|Enum", dtype):
        warn_reading(
            f"y holds {'bools' if is_bool else 'categories'}, read as numbers. For "
            "classes, use LSTMSequenceClassifier; to avoid this warning, pass "
            "y.astype(float)."
        )
    if array.dtype.kind == "f":
        _check_finite(array)
    found = check_array(
        array, dtype=np.float64, ensure_2d=False, allow_nd=True, input_name="y"
    )
    _check_length(found, n_samples)
    if found.ndim > 2:
        raise ValueError(
            f"y has {found.ndim} dimensions, but {estimator_name} expects shape "
            "(n_samples,) or (n_samples, n_targets). To predict sequences, use "
            "LSTMSequencePredictor."
        )
    if found.ndim == 2 and found.shape[1] == 1:
        found = column_or_1d(found, warn=True)
    is_flat, found = found.ndim == 1, found.reshape(n_samples, -1)
    warn_about_marks_in_targets(found)
    return found, is_flat


def _check_finite(y):
    """Raise an error that names the first infinite target."""
    infinite = np.argwhere(np.isinf(y))
    if len(infinite):
        place = ", ".join(map(str, infinite[0]))
        raise ValueError(  # the first words are ours, the others scikit-learn's
            f"y[{place}] is {y[tuple(infinite[0])]}: Input y contains infinity or a "
            f"value too large for {y.dtype!r}. Replace or drop it."
        )


def _check_given(y, estimator_name):
    if y is None:
        raise ValueError(
            f"{estimator_name} requires y to be passed, but the target y is None"
        )


def _holds_times(array):
    if array.dtype.kind != "O" or not array.size:
        return False
    first = array.reshape(-1)[0]
    return isinstance(first, (datetime.date, datetime.timedelta, np.datetime64))


def _holds_bools(array):
    return array.dtype.kind == "O" and all(
        isinstance(value, (bool, np.bool_)) for value in array.reshape(-1)
    )


def _as_array(y):
    """Convert y to an array, of objects where the types are mixed."""
    if hasattr(y, "detach"):
        y = y.detach().cpu()
    for method in ("to_pylist", "to_list"):  # Arrow, and categorical Series
        if hasattr(y, method):
            y = getattr(y, method)()
            break
    if isinstance(y, (list, tuple)):
        # Otherwise numpy would turn numbers next to strings into strings.
        is_text = [isinstance(value, (str, bytes)) for value in y]
        if any(is_text) and not all(is_text) or any(map(is_missing, y)):
            array = np.empty(len(y), dtype=object)
            array[:] = y
            return array
    try:
        return np.asarray(y)
    except ValueError as error:  # lists of different lengths
        raise ValueError(
            "y holds lists of different lengths. Pass one target, or the same number "
            "of targets, per sequence. To predict sequences, use LSTMSequencePredictor."
        ) from error


def _check_length(y, n_samples):
    if len(y) != n_samples:
        raise ValueError(
            "Found input variables with inconsistent numbers of samples: X has "
            f"{count(n_samples, 'sequence')}, y has {len(y)}. Pass one target per "
            "sequence."
        )


def _refuse_missing(i, estimator_name, target):
    raise ValueError(
        f"y[{i}] is missing: Input y contains NaN, but {estimator_name} needs {target} "
        "for each sequence. Drop the sequences without one, or see "
        "sklearn.semi_supervised for learning from unlabeled ones."
    )


def _list_values(y):
    """Return the values of an array or a Series of one column, else an empty list."""
    if getattr(y, "ndim", 1) == 1:
        for method in ("to_pylist", "to_list"):
            if hasattr(y, method):
                return getattr(y, method)()
    if not hasattr(y, "__array__") or getattr(y, "ndim", 0) not in (1, 2):
        return []
    array = np.asarray(y)
    return array.reshape(-1).tolist() if array.shape[1:] in ((), (1,)) else []


def warn_about_classes(y):
    """Warn if targets that are read as numbers or as characters may be classes.

    They may be if there are at most `MAX_DISTINCT` distinct ones, each of which occurs
    at least `MIN_REPETITIONS` times on average.

    Parameters
    ----------
    y : object
        The targets passed by the user.
    """
    if not isinstance(y, (list, tuple)):
        y = _list_values(y)
    y = [value.item() if isinstance(value, np.generic) else value for value in y]
    kinds = {type(value) for value in y}
    if len(kinds) != 1 or not kinds <= {str, bool, int}:
        return
    n_distinct = len(set(y))
    if not 2 <= n_distinct <= min(MAX_DISTINCT, len(y) // MIN_REPETITIONS):
        return
    (kind,) = kinds
    name = {str: "strings", bool: "bools", int: "whole numbers"}[kind]
    reading = "sequences of characters" if kind is str else "numbers"
    silent = "categorical_targets=[0]" if kind is str else "categorical_targets=None"
    warn_reading(
        f"y holds {n_distinct} distinct {name}, read as {reading}. If they are "
        f"classes, use LSTMSequenceClassifier; if they are {reading}, set {silent} to "
        "avoid this warning."
    )

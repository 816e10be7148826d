"""What the points of a map are colored by: classes, numbers, or times."""

import datetime
import decimal
import numbers
from collections import Counter

import numpy as np

from sklearn_seqembed._data.messages import count
from sklearn_seqembed._displays.times import as_times, is_missing

KINDS = "auto", "class", "number", "time"
# Integers with more distinct values are numbers.
MAX_INTEGER_CLASSES = 20
# Names of points that belong to no shown class.
OTHER, MISSING = "other", "missing"


def check_colors(y, n_samples, kind="auto"):
    """Return what points are colored by as an array, and what it is.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or None
        One value for each point.
    n_samples : int
        Number of points.
    kind : {"auto", "class", "number", "time", None}, default="auto"
        What y holds; None is like "auto".

    Returns
    -------
    y : ndarray of shape (n_samples,) or None
        Numbers are float64, NaN where missing, or timedelta64; times are datetime64.
    kind : {"class", "number", "time", None}
        What y holds; None if y is None.

    Raises
    ------
    ValueError
        If the shape of y is wrong, or if it cannot be converted.
    """
    if kind not in (*KINDS, None):
        raise ValueError(f"y_kind == {kind!r}, must be one of {list(KINDS)}.")
    if y is None:
        return None, None
    is_category = str(getattr(y, "dtype", "")).lower().startswith(("categ", "enum"))
    y = _as_array(y)
    if y.ndim != 1:
        raise ValueError(f"y has shape {y.shape}, expected ({n_samples},).")
    if len(y) != n_samples:
        raise ValueError(
            f"y has {count(len(y), 'value')}, but there are "
            f"{count(n_samples, 'vector')}. Pass one value for each sequence."
        )
    if kind in ("auto", None):
        kind = "class" if is_category else _guess_kind(y)
    try:
        if kind == "number":
            y = _as_numbers(y)
        elif kind == "time":
            y = as_times(y)
    except (TypeError, ValueError) as exc:
        raise ValueError(
            f"y_kind='{kind}', but y cannot be converted: {exc}. Pass y_kind='class'."
        ) from exc
    return y, kind


def name_classes(y):
    """Return the classes of y, with a name for each.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        The class of each point.

    Returns
    -------
    codes : int ndarray of shape (n_samples,)
        Position of each point's class in `names`; -1 where it is missing.
    names : list of str
        Names of the classes, in the order of numbers or of the names. Classes that
        would have the same name, such as 1 and "1", are named by their representation.
    """
    if y.dtype.kind in "mM":  # lists of them would hold integers
        known = [None if np.isnat(value) else str(value) for value in y]
    else:
        known = [None if is_missing(value) else value for value in y.tolist()]
    classes = list(dict.fromkeys(value for value in known if value is not None))
    n_equal = Counter(str(value) for value in classes)
    n_equal.update((OTHER, MISSING))
    if all(isinstance(value, numbers.Real) for value in classes):
        classes.sort()
    else:
        classes.sort(key=lambda value: (str(value), repr(value)))
    names = [str(c) if n_equal[str(c)] == 1 else repr(c) for c in classes]
    code_of = {value: i for i, value in enumerate(classes)}
    return np.array([code_of.get(value, -1) for value in known]), names


def _as_array(y):
    """Return y as an array, without making strings of other values."""
    array = np.asarray(y)
    if isinstance(y, (list, tuple)) and array.dtype.kind in "US":
        return np.array(y, dtype=object)
    return array


def _as_numbers(y):
    """Return numbers as float64 or timedelta64."""
    if y.dtype.kind == "m":
        return y
    if y.dtype.kind != "O":
        return y.astype(np.float64)
    known = [value for value in y.tolist() if not is_missing(value)]
    if known and all(_is_duration(value) for value in known):
        found = np.full(len(y), "NaT", dtype="timedelta64[us]")
        for i, value in enumerate(y.tolist()):
            if not is_missing(value):
                found[i] = np.timedelta64(value, "us")
        return found
    return np.array([np.nan if is_missing(v) else float(v) for v in y.tolist()])


def _guess_kind(y):
    if y.dtype.kind == "M":
        return "time"
    if y.dtype.kind in "fm":
        return "number"
    if y.dtype.kind in "iu":
        is_number = len(np.unique(y)) > MAX_INTEGER_CLASSES
        return "number" if is_number else "class"
    known = [value for value in y.tolist() if not is_missing(value)]
    if y.dtype.kind != "O" or not known:
        return "class"
    if all(_is_time(value) for value in known):
        return "time"
    if all(_is_duration(value) for value in known):
        return "number"
    if any(isinstance(value, (bool, np.bool_)) for value in known):
        return "class"
    if all(isinstance(value, numbers.Integral) for value in known):
        return "number" if len(set(known)) > MAX_INTEGER_CLASSES else "class"
    is_number = all(isinstance(v, (numbers.Real, decimal.Decimal)) for v in known)
    return "number" if is_number else "class"


def _is_time(value):
    if isinstance(value, (datetime.date, np.datetime64)):
        return True
    return hasattr(value, "to_timestamp")  # a pandas.Period


def _is_duration(value):
    return isinstance(value, (datetime.timedelta, np.timedelta64))

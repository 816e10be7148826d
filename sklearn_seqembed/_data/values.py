"""What the values of one feature are: numbers, strings, bools or times."""

import datetime
import numbers
from typing import NamedTuple

import numpy as np

from sklearn_seqembed._data.factorize import factorize_strings
from sklearn_seqembed._data.messages import locate, name_feature


class Part(NamedTuple):
    """One feature of all time steps, or several numeric ones side by side.

    Attributes
    ----------
    kind : {"numeric", "bool", "category", "string", "datetime"}
        What the values are; "category" is numbers that pandas calls so.
    values : ndarray or CategoricalFeature
        Numbers or bools of shape (total_steps, k), as floats with NaN where a bool is
        missing; Categories of strings; for times two columns that are one feature.
    """

    kind: str
    values: object

    @property
    def width(self):
        """Number of the user's features."""
        return self.values.shape[1] if self.is_number else 1

    @property
    def is_number(self):
        """Whether the values are an array of numbers or bools."""
        return self.kind in ("numeric", "bool", "category")


def read_values(values, lengths, place, feature=None):
    """Read Python objects as the values of one feature.

    Parameters
    ----------
    values : list or tuple
        The values of all time steps, those of one sequence after those of another.
    lengths : int64 ndarray of shape (n_samples,)
        Number of time steps of each sequence.
    place : Place
        How messages call a sequence.
    feature : int, default=None
        Which feature it is, where there are several.

    Returns
    -------
    part : Part
        Numbers, bools or strings; None, NaN, NA and NaT are missing.

    Raises
    ------
    TypeError
        If strings and numbers are mixed, or a value is neither.
    """
    types = _observed_types(values)
    if any(issubclass(t, str) for t in types):
        if not all(issubclass(t, str) for t in types):
            _refuse_mixture(str, values, lengths, place, feature)
        return Part("string", factorize_strings(values))
    if place.takes_times and any(issubclass(t, _TIMES) for t in types):
        if not all(issubclass(t, _TIMES) for t in types):
            _refuse_mixture(_TIMES, values, lengths, place, feature)
        return Part("datetime", values)
    if not all(issubclass(t, (numbers.Number, np.generic)) for t in types):
        _refuse_others(values, lengths, place, feature)
    is_bool = bool(types) and all(issubclass(t, (bool, np.bool_)) for t in types)
    return Part("bool" if is_bool else "numeric", _as_numbers(values, place))


_TIMES = (datetime.date, np.datetime64)


def _observed_types(values):
    """Types of the values that are not missing."""
    types = {t for t in set(map(type, values)) if not _is_missing_type(t)}
    floats = {t for t in types if issubclass(t, (float, np.floating))}
    # Beside strings a float can only be NaN, which is missing.
    if floats and len(types) > len(floats):
        if all(value != value for value in values if type(value) in floats):
            return types - floats
    return types


def _is_missing_type(t):
    return t is type(None) or t.__name__ in ("NAType", "NaTType")


def is_missing(value):
    """Whether a value is None, NaN, or pandas' NA or NaT."""
    if _is_missing_type(type(value)):
        return True
    return isinstance(value, (float, np.floating)) and value != value


def _as_numbers(values, place):
    """Make a column of numbers or bools, NaN where one is missing."""
    array = np.asarray(values)
    if array.dtype.kind == "c":
        raise ValueError(
            f"Complex data not supported: {place.whole} holds {array.dtype}. Pass real "
            "and imaginary part as two features."
        )
    if array.dtype.kind not in "biuf":
        values = [np.nan if is_missing(value) else value for value in values]
        array = np.array(values, dtype=np.float64)
    return array[:, None]


def _refuse_mixture(kind, values, lengths, place, feature):
    """Refuse strings, or times, beside something else, at the first that differs."""
    observed = [(p, v) for p, v in enumerate(values) if not is_missing(v)]
    first = observed[0][1]
    position, value = next(
        (p, v) for p, v in observed if isinstance(v, kind) != isinstance(first, kind)
    )
    name, where = _locate(position, lengths, place, feature)
    found = "strings" if isinstance(value, str) else f"{type(value).__name__} values"
    raise TypeError(
        f"{name} holds {found} ({value!r} at {where}), but {first!r} stands before it. "
        "One feature cannot hold both: convert one of them, or make two features."
    )


def _refuse_others(values, lengths, place, feature):
    """Refuse what is neither a number nor a string, at the first of it."""
    position, value = next(
        (position, value)
        for position, value in enumerate(values)
        if not isinstance(value, (numbers.Number, np.generic)) and not is_missing(value)
    )
    name, where = _locate(position, lengths, place, feature)
    raise TypeError(
        f"{name} must hold numbers, NaN or None where missing, or strings, got a "
        f"{type(value).__name__} ({value!r} at {where}). {_way_out(value)}"
    )


def _way_out(value):
    if isinstance(value, bytes):
        return "Decode them: value.decode()."
    if isinstance(value, datetime.timedelta):
        return "Convert them to seconds: value.total_seconds()."
    if isinstance(value, datetime.date):
        return (
            "Pass a frame, whose columns may hold times (a ColumnTransformer gives one "
            "where columns are a list), or convert them to seconds."
        )
    if np.ndim(value):
        return "Each time step of this feature must hold one value."
    return "Convert them, or leave that feature out."


def _locate(position, lengths, place, feature):
    """Name the sequence of a value, and its time step."""
    i, step = locate(position, lengths)
    where = f"time step {step}"
    if feature is not None:
        where += f", {name_feature(feature)}"
    return place(i), where

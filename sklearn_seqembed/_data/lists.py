"""Sequences that are Python objects of their own: a list of them, or a column."""

from itertools import chain
from operator import attrgetter, itemgetter
from typing import NamedTuple

import numpy as np

from sklearn_seqembed._data.factorize import factorize_characters
from sklearn_seqembed._data.messages import check_lengths
from sklearn_seqembed._data.values import Part, is_missing, read_values


class Items(NamedTuple):
    """What a list of sequences holds.

    Attributes
    ----------
    parts : list of Part
        The features, over all time steps.
    lengths : int64 ndarray of shape (n_samples,)
        Number of time steps of each sequence.
    cell : {"2d", "1d", "string", "list", "tuples", "lists"}
        What one sequence was: an array, a string, a list of values, or a list of steps
        that were tuples or lists.
    """

    parts: list
    lengths: np.ndarray
    cell: str


def read_items(items, place):
    """Read each item as one sequence.

    Parameters
    ----------
    items : list, tuple or 1-D object array of n_samples items
        Arrays, tensors, Series or lists of numbers or strings; strings; lists of time
        steps; frames.
    place : Place
        How messages call an item.

    Returns
    -------
    read : Items
        The values of arrays of numbers are joined in one block of their common dtype.
    """
    if isinstance(items[0], (str, bytes)):
        return _read_strings(items, place)
    if not _begins_with_a_string(items[0]):
        arrays = [_numeric(item, i, place) for i, item in enumerate(items)]
        if all(array is not None for array in arrays):
            return _join(arrays, _hold_categories(items), place)
    return _read_objects(items, place)


def as_array(X):
    """Tensors become arrays that share their memory; so do Series, masks become NaN."""
    if hasattr(X, "detach") and hasattr(X, "cpu"):
        X = X.detach().cpu()
        # numpy has no bfloat16.
        return X.float().numpy() if "bfloat16" in str(X.dtype) else X.numpy()
    if isinstance(X, np.ma.MaskedArray):
        # Masked is missing.
        if X.dtype.kind not in "iuf":
            # To fill with None would be to fill with numpy's own choice.
            return np.where(np.ma.getmaskarray(X), None, X.data.astype(object))
        dtype = X.dtype if X.dtype.kind == "f" else np.dtype(np.float64)
        return X.astype(dtype).filled(np.nan)
    is_series = hasattr(X, "to_numpy") and not hasattr(X, "columns")
    # Not to_numpy: an Arrow array's refuses nulls.
    return np.asarray(X) if is_series else X


def refuse_kind(array, name):
    """Refuse an array of anything but numbers and strings."""
    if array.dtype.kind in "biufOUT":
        return
    if array.dtype.kind == "c":
        raise ValueError(
            f"Complex data not supported: {name} holds {array.dtype}. Pass real and "
            "imaginary part as two features."
        )
    if array.dtype.kind == "S":
        raise TypeError(
            f"{name} holds bytes, expected numbers or strings. Decode them: "
            "numpy.strings.decode(X, 'utf-8')."
        )
    way_out = "to seconds since the first step for example"
    if array.dtype.kind == "m":
        way_out = "to seconds: X / numpy.timedelta64(1, 's')"
    raise TypeError(
        f"{name} holds values of {array.dtype}, expected numbers or strings. Convert "
        f"them, {way_out}, or leave that feature out."
    )


def _begins_with_a_string(item):
    """Whether it is of no use to try an item as an array of numbers."""
    while isinstance(item, (list, tuple)) and len(item):
        item = item[0]
    return isinstance(item, str)


def _read_strings(strings, place):
    """Each string is the sequence of its characters."""
    for i, item in enumerate(strings):
        if isinstance(item, bytes):
            raise TypeError(
                f"{place(i)} holds bytes, expected strings. Decode them: "
                "value.decode()."
            )
        if not isinstance(item, str):
            raise TypeError(
                f"{place(i)} is {_describe(item)}, but {place.other(0)} is a string. "
                "Where one sequence is a string, each must be one; drop what is "
                "missing."
            )
    lengths = np.fromiter(map(len, strings), np.int64, len(strings))
    check_lengths(lengths, place)
    part = Part("string", factorize_characters(strings))
    return Items([part], lengths, "string")


def _describe(item):
    return "missing" if is_missing(item) else f"of type {type(item).__name__}"


def _hold_categories(items):
    """Whether there are Series of numbers among them that pandas calls categories."""
    libraries = {t.__module__.partition(".")[0] for t in set(map(type, items))}
    if "pandas" not in libraries:
        return False
    dtypes = (getattr(item, "dtype", None) for item in items)
    return any(str(dtype) == "category" for dtype in dtypes)


def _numeric(item, i, place):
    """Read one sequence as an array of numbers, or None if it may hold others."""
    if type(item) is np.ndarray and item.dtype.kind in "biuf" and 0 < item.ndim < 3:
        return item  # what most are: a list may hold a million of them
    array = _item_array(item, i, place)
    if array.dtype.kind not in "biuf":
        if not (place.takes_times and array.dtype.kind == "M"):
            refuse_kind(array, place(i))
        return None
    _check_dimensions(array, item, i, place)
    return array


def _item_array(item, i, place):
    try:
        return np.asarray(as_array(item))
    except ValueError as exc:
        raise _ragged(item, i, place) from exc


def _ragged(steps, i, place):
    """Make the error that names the first time step unlike the one at 0."""
    widths = list(map(_width_of_step, steps))
    # Else what differs lies deeper, or is the type of the time steps.
    step = next((p for p, w in enumerate(widths) if w != widths[0]), None)
    found = "its time steps differ in their number of features"
    if step is not None:
        here, first = (
            "a single value" if width is None else f"{width} feature(s)"
            for width in (widths[step], widths[0])
        )
        found = f"it has {here} at time step {step}, but {first} at time step 0"
    return ValueError(
        f"{place(i)} is ragged within itself: {found}. Give every time step all "
        "features, NaN where a value is missing."
    )


def _check_dimensions(array, item, i, place):
    if array.ndim == 0 and is_missing(item):
        raise ValueError(
            f"{place(i)} is missing: a sequence needs at least one time step. Drop it."
        )
    if array.ndim == 0:
        raise TypeError(
            f"{place(i)} is {_describe(item)}, expected a list or an array of time "
            "steps, or a string."
        )
    if array.ndim > 2:
        raise ValueError(
            f"{place(i)} has {array.ndim} dimensions (shape {array.shape}), expected "
            "(n_timesteps, n_features) or (n_timesteps,)."
        )


def _join(arrays, are_categories, place):
    """Join arrays of numbers into one block."""
    flat = all(array.ndim == 1 for array in arrays)
    arrays = [array[:, None] if array.ndim == 1 else array for array in arrays]
    lengths = np.fromiter((len(array) for array in arrays), np.int64, len(arrays))
    widths = np.fromiter((a.shape[1] for a in arrays), np.int64, len(arrays))
    check_lengths(lengths, place)
    _check_widths(widths, place)
    kind = "bool" if _are_bools(arrays) else "numeric"
    if are_categories and kind == "numeric":
        kind = "category"
    part = Part(kind, np.concatenate(arrays))
    return Items([part], lengths, "1d" if flat else "2d")


def _are_bools(arrays):
    """Whether all arrays hold bools, or nothing at all."""
    kinds = {dtype.kind for dtype in set(map(attrgetter("dtype"), arrays))}
    if "b" not in kinds or not kinds <= {"b", "f"}:
        return False
    return all(a.dtype.kind == "b" or np.isnan(a).all() for a in arrays)


def _check_widths(widths, place):
    if not widths.all():
        i = int(np.flatnonzero(widths == 0)[0])
        raise ValueError(
            f"{place(i)} has no features. Drop empty sequences, or give each at least "
            "one feature (axis 1)."
        )
    if np.ptp(widths):
        i = int(np.flatnonzero(widths != widths[0])[0])
        raise ValueError(
            f"{place(i)} has {widths[i]} features, but {place.other(0)} has "
            f"{widths[0]}. All sequences must have the same number of features (axis "
            "1)."
        )


def _read_objects(items, place):
    """Read sequences of strings, or of several kinds, value by value."""
    sequences = [_as_list(item, i, place) for i, item in enumerate(items)]
    lengths = np.fromiter(map(len, sequences), np.int64, len(sequences))
    check_lengths(lengths, place)
    if not any(isinstance(s[0], (list, tuple)) for s in sequences):
        values = list(chain.from_iterable(sequences))
        parts = [read_values(values, lengths, place)]
        is_list = isinstance(items[0], (list, tuple)) and parts[0].kind == "string"
        return Items(parts, lengths, "list" if is_list else "1d")
    widths = np.array([_width(s, i, place) for i, s in enumerate(sequences)])
    _check_widths(widths, place)
    steps = list(chain.from_iterable(sequences))
    parts = [
        read_values(list(map(itemgetter(feature), steps)), lengths, place, feature)
        for feature in range(widths[0])
    ]
    if all(part.kind == "numeric" for part in parts):
        values = np.concatenate([part.values for part in parts], axis=1)
        return Items([Part("numeric", values.astype(np.float64))], lengths, "2d")
    return Items(parts, lengths, _cell_of_steps(items[0]))


def _cell_of_steps(item):
    if not isinstance(item, (list, tuple)) or not isinstance(item[0], (list, tuple)):
        return "2d"
    return "tuples" if isinstance(item[0], tuple) else "lists"


def _as_list(item, i, place):
    """Read one sequence as a list of values, or of time steps that are lists."""
    if isinstance(item, (list, tuple)):
        # Steps may be arrays, as the rows of one are.
        is_rows = len(item) and isinstance(item[0], np.ndarray) and item[0].ndim
        return [np.asarray(step).tolist() for step in item] if is_rows else item
    if isinstance(item, (str, bytes)):
        raise TypeError(
            f"{place(i)} is a string, but {place.other(0)} is a list of values. Make "
            "lists of all sequences, or strings."
        )
    array = _item_array(item, i, place)
    if place.takes_times and array.dtype.kind == "M":
        return list(array)  # tolist would make them numbers
    refuse_kind(array, place(i))
    _check_dimensions(array, item, i, place)
    return array.tolist()


def _width(steps, i, place):
    """Count the features of one sequence, which each of its steps must have."""
    widths = set(map(_width_of_step, steps))
    if len(widths) > 1:
        raise _ragged(steps, i, place)
    (width,) = widths
    return 1 if width is None else width


def _width_of_step(step):
    """Count the values of one time step; None if it is a single value."""
    is_several = isinstance(step, (list, tuple)) or getattr(step, "ndim", 0)
    return len(step) if is_several else None

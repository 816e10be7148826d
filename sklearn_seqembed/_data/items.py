"""Sequences that are Python objects: the items of a list, or the cells of a column."""

from itertools import chain
from operator import attrgetter, itemgetter
from typing import NamedTuple

import numpy as np

from sklearn_seqembed._data.arrays import as_array, refuse_dtype
from sklearn_seqembed._data.code_lines import transpose_line
from sklearn_seqembed._data.container import join_characters, split_steps
from sklearn_seqembed._data.factorize import factorize_characters
from sklearn_seqembed._data.foreign import convert_steps, holds_tensors
from sklearn_seqembed._data.messages import count
from sklearn_seqembed._data.parsed import (
    FeatureBlock,
    holds_bools,
    is_missing,
    parse_values,
)


class Items(NamedTuple):
    """Parsed items of a list.

    Attributes
    ----------
    blocks : list of FeatureBlock
        The features at all time steps.
    lengths : int64 ndarray of shape (n_samples,)
        Number of time steps of each sequence.
    form : str
        Form of each sequence, as explained in :class:`ListContainer`.
    """

    blocks: list
    lengths: np.ndarray
    form: str


def parse_items(items, locator):
    """Parse each Python object as one sequence.

    Parameters
    ----------
    items : list or tuple of n_samples items
        As in :meth:`ListContainer.read`.
    locator : Locator
        How messages name an item.

    Returns
    -------
    parsed : Items
        Blocks, lengths and the form of the items.
    """
    if isinstance(items[0], (str, bytes)):
        return _parse_strings(items, locator)
    items = [
        convert_steps(item, locator.sequence(i)) if holds_tensors(item) else item
        for i, item in enumerate(items)
    ]
    if not _begins_with_string(items[0]):
        arrays = [_as_numeric_array(item, i, locator) for i, item in enumerate(items)]
        if all(array is not None for array in arrays):
            return join_arrays(arrays, _hold_pandas_categories(items), locator)
    return _parse_objects(items, locator)


def build_items(values, form, dtype):
    """Build one Python object per sequence.

    Parameters
    ----------
    values : UserValues
        The values of all sequences.
    form : {"2d", "1d", "string", "list", "tuples", "lists"}
        Form of each sequence, as explained in :class:`ListContainer`.
    dtype : dtype
        Floating dtype of numbers.

    Returns
    -------
    items : list of n_samples objects
        The sequences.
    """
    lengths = values.lengths
    if form == "2d":
        return split_steps(values.matrix(dtype), lengths)
    features = values.features(dtype)
    if form in ("tuples", "lists"):
        steps = list(zip(*(column.tolist() for column in features), strict=True))
        steps = steps if form == "tuples" else list(map(list, steps))
        return split_steps(steps, lengths)
    (feature,) = features
    if form == "string":
        return join_characters(feature, lengths)
    return split_steps(feature.tolist() if form == "list" else feature, lengths)


def _begins_with_string(item):
    """Return whether the first value is a string, even in nested lists."""
    while isinstance(item, (list, tuple)) and len(item):
        item = item[0]
    return isinstance(item, str)


def _parse_strings(strings, locator):
    """Parse each string as the sequence of its characters."""
    for i, item in enumerate(strings):
        if isinstance(item, bytes):
            raise TypeError(
                f"{locator.sequence(i)} holds bytes, expected strings. Decode them: "
                "value.decode()."
            )
        if not isinstance(item, str):
            raise TypeError(
                f"{locator.sequence(i)} is {_describe(item)}, but {locator.row(0)} is "
                "a string. If one sequence is a string, all must be strings; drop "
                "missing ones."
            )
    lengths = np.fromiter(map(len, strings), np.int64, len(strings))
    locator.check_lengths(lengths)
    block = FeatureBlock("string", factorize_characters(strings))
    return Items([block], lengths, "string")


def _describe(item):
    return "missing" if is_missing(item) else f"of type {type(item).__name__}"


def _hold_pandas_categories(items):
    """Return whether some items are pandas Series with a categorical dtype."""
    # Checking types first is fast: arrays and lists are never categorical.
    types = {t for t in set(map(type, items)) if hasattr(t, "dtype")} - {np.ndarray}
    return any(str(item.dtype) == "category" for item in items if type(item) in types)


def _as_numeric_array(item, i, locator):
    """Convert one sequence to an array, or return None if it does not hold numbers."""
    # The fast path for most items of a long list.
    if type(item) is np.ndarray and item.dtype.kind in "biuf" and 0 < item.ndim < 3:
        return item
    array = _as_item_array(item, i, locator)
    if array.dtype.kind not in "biuf":
        if not (locator.accepts_times and array.dtype.kind == "M"):
            refuse_dtype(array, locator.sequence(i))
        return None
    _check_dimensions(array, item, i, locator)
    if array.dtype.kind != "b" and holds_bools(item):
        return None  # bools beside numbers of another feature, or beside NaN
    return array


def _as_item_array(item, i, locator):
    try:
        return np.asarray(as_array(item))
    except ValueError as exc:
        raise _ragged_error(item, i, locator) from exc
    except TypeError as exc:
        raise TypeError(
            f"{locator.sequence(i)} holds objects that cannot be converted to numbers. "
            "Pass numbers or strings."
        ) from exc


def _ragged_error(steps, i, locator):
    """Return the error for a sequence whose time steps have different widths."""
    widths = list(map(_step_width, steps))
    # If all widths are equal, the steps differ at a deeper level.
    step = next((p for p, w in enumerate(widths) if w != widths[0]), None)
    found = "its time steps differ in their number of features"
    if step is not None:
        here, first = (
            "a single value" if width is None else count(width, "feature")
            for width in (widths[step], widths[0])
        )
        found = f"it has {here} at time step {step}, but {first} at time step 0"
    return ValueError(
        f"{locator.sequence(i)} is ragged: {found}. Give every time step "
        "all features, NaN where a value is missing."
    )


def _check_dimensions(array, item, i, locator):
    if array.ndim == 0 and is_missing(item):
        raise ValueError(
            f"{locator.sequence(i)} is missing: a sequence needs at least one time "
            "step. Drop it."
        )
    if array.ndim == 0:
        raise TypeError(
            f"{locator.sequence(i)} is {_describe(item)}, expected a list or an array "
            "of time steps, or a string."
        )
    if array.ndim > 2:
        raise ValueError(
            f"{locator.sequence(i)} has {array.ndim} dimensions (shape {array.shape}), "
            "expected (n_timesteps, n_features) or (n_timesteps,)."
        )


def join_arrays(arrays, are_categories, locator):
    """Join arrays of numbers in one block.

    Parameters
    ----------
    arrays : list of ndarray of shape (n_timesteps_i,) or (n_timesteps_i, n_features)
        The sequences.
    are_categories : bool
        Whether the numbers are categories.
    locator : Locator
        How messages name the sequences.

    Returns
    -------
    parsed : Items
        One block; the form is "1d" if all arrays are, else "2d".
    """
    is_1d = all(array.ndim == 1 for array in arrays)
    arrays = [array[:, None] if array.ndim == 1 else array for array in arrays]
    lengths = np.fromiter((len(array) for array in arrays), np.int64, len(arrays))
    locator.check_lengths(lengths)
    # Where empty sequences are allowed, their number of features does not matter.
    positions = np.flatnonzero(lengths) if lengths.any() else np.array([0])
    if len(positions) < len(arrays):
        arrays = [arrays[i] for i in positions]
    widths = np.fromiter((a.shape[1] for a in arrays), np.int64, len(arrays))
    _check_widths(widths, positions, lengths, locator)
    kind = "bool" if _are_bools(arrays) else "numeric"
    if are_categories and kind == "numeric":
        kind = "number"
    block = FeatureBlock(kind, np.concatenate(arrays))
    return Items([block], lengths, "1d" if is_1d else "2d")


def _are_bools(arrays):
    """Return whether each array holds bools, or only missing values."""
    kinds = {dtype.kind for dtype in set(map(attrgetter("dtype"), arrays))}
    if "b" not in kinds or not kinds <= {"b", "f"}:
        return False
    return all(a.dtype.kind == "b" or np.isnan(a).all() for a in arrays)


def _check_widths(widths, positions, lengths, locator):
    """Raise an error if sequences have no features, or different numbers of them."""
    if not widths.all():
        i = int(positions[np.flatnonzero(widths == 0)[0]])
        raise ValueError(
            f"{locator.sequence(i)} has no features. Drop empty sequences, or give "
            "each at least one feature (axis 1)."
        )
    if np.ptp(widths):
        k = int(np.flatnonzero(widths != widths[0])[0])
        remedy = ""
        if np.ptp(lengths[positions]) == 0 and (widths > lengths[positions]).any():
            line = transpose_line(locator.argument, locator.source, is_list=True)
            remedy = (
                f" All have {count(lengths[positions[0]], 'time step')}: if the axis "
                f"of features comes first, pass {line}."
            )
        raise ValueError(
            f"{locator.sequence(int(positions[k]))} has {count(widths[k], 'feature')}, "
            f"but {locator.row(int(positions[0]))} has {widths[0]}. All sequences must "
            f"have the same number of features (axis 1).{remedy}"
        )


def _parse_objects(items, locator):
    """Parse sequences of strings, or of values of several kinds, value by value."""
    sequences = [_as_list(item, i, locator) for i, item in enumerate(items)]
    lengths = np.fromiter(map(len, sequences), np.int64, len(sequences))
    locator.check_lengths(lengths)
    positions = np.flatnonzero(lengths)
    is_nested = {i: _step_width(sequences[i][0]) is not None for i in positions}
    if not any(is_nested.values()):
        values = list(chain.from_iterable(sequences))
        blocks = [parse_values(values, lengths, locator)]
        is_list = isinstance(items[0], (list, tuple)) and blocks[0].kind == "string"
        return Items(blocks, lengths, "list" if is_list else "1d")
    widths = np.array([_common_width(sequences[i], i, locator) for i in positions])
    _check_widths(widths, positions, lengths, locator)
    # As among arrays, items of shape (n_timesteps,) and (n_timesteps, 1) are alike.
    for i in positions:
        if not is_nested[i]:
            sequences[i] = [(value,) for value in sequences[i]]
    steps = list(chain.from_iterable(sequences))
    blocks = [
        parse_values(list(map(itemgetter(feature), steps)), lengths, locator, feature)
        for feature in range(widths[0])
    ]
    if all(block.kind == "numeric" for block in blocks):
        values = np.concatenate([block.values for block in blocks], axis=1)
        block = FeatureBlock("numeric", values.astype(np.float64))
        return Items([block], lengths, "2d")
    nested = next(i for i in positions if is_nested[i])
    return Items(blocks, lengths, _form_of_steps(items[nested]))


def _form_of_steps(item):
    """Return the form of an item with several features, as in `ListContainer`."""
    if not isinstance(item, (list, tuple)) or not isinstance(item[0], (list, tuple)):
        return "2d"
    return "tuples" if isinstance(item[0], tuple) else "lists"


def _as_list(item, i, locator):
    """Convert one sequence to a list of values, or to a list of lists of values."""
    if isinstance(item, (list, tuple)):
        # Time steps may be arrays, such as the rows of a 2-D array.
        is_rows = len(item) and isinstance(item[0], np.ndarray) and item[0].ndim
        return [np.asarray(step).tolist() for step in item] if is_rows else item
    if isinstance(item, (str, bytes)):
        raise TypeError(
            f"{locator.sequence(i)} is a string, but {locator.row(0)} is a list of "
            "values. Pass either lists or strings for all sequences."
        )
    array = _as_item_array(item, i, locator)
    if locator.accepts_times and array.dtype.kind == "M":
        return list(array)  # tolist() would convert times to numbers
    refuse_dtype(array, locator.sequence(i))
    _check_dimensions(array, item, i, locator)
    return array.tolist()


def _common_width(steps, i, locator):
    """Return the number of features of all time steps of one sequence."""
    widths = set(map(_step_width, steps))
    if len(widths) > 1:
        raise _ragged_error(steps, i, locator)
    (width,) = widths
    return 1 if width is None else width


def _step_width(step):
    """Return the number of values of a time step; None if it is a single value."""
    has_several = isinstance(step, (list, tuple)) or getattr(step, "ndim", 0)
    return len(step) if has_several else None

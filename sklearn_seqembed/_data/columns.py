"""Parsing and building the columns of a frame of sequences."""

from typing import NamedTuple

import narwhals.stable.v2 as nw
import numpy as np

from sklearn_seqembed._data.arrow import (
    as_series,
    build_array,
    export_arrow,
    parse_column,
)
from sklearn_seqembed._data.arrow_types import (
    holds_sequences,
    is_string,
    without_metadata,
)
from sklearn_seqembed._data.container import join_characters, split_steps
from sklearn_seqembed._data.factorize import as_objects
from sklearn_seqembed._data.foreign import convert_items
from sklearn_seqembed._data.items import parse_items
from sklearn_seqembed._data.messages import find_step
from sklearn_seqembed._data.parsed import FeatureBlock, is_missing
from sklearn_seqembed._data.timestamps import TIME_DTYPE


class CellFormat(NamedTuple):
    """Form of the cells of one column.

    Attributes
    ----------
    form : {"string", "list", "array", "arrow"}
        A Python string, a Python list, another Python object that can be converted to
        an array, or an element of an Arrow array.
    dtype : dtype, default=float64
        Floating dtype of numbers.
    native : object, default=None
        Arrow type of the column, pandas dtype of a column of strings, or time zone of a
        column of times.
    """

    form: str
    dtype: np.dtype = np.dtype(np.float64)
    native: object = None

    @property
    def is_text(self):
        """Whether each cell is a string, which is a sequence of characters."""
        return self.form == "string" or (
            self.form == "arrow" and is_string(self.native)
        )


def is_sequence(cell):
    """Return whether a Python object in a cell is a sequence."""
    if isinstance(cell, (str, bytes, list, tuple)):
        return True
    if getattr(cell, "ndim", 1) == 0:  # a tensor of a single value
        return False
    return not isinstance(cell, dict) and hasattr(cell, "__len__")


def is_sequence_column(column):
    """Return whether a column holds sequences; None if all cells are missing."""
    if nw.dependencies.is_polars_series(column):
        dtype = nw.from_native(column, series_only=True).dtype
        sequences = nw.List, nw.Array, nw.String, nw.Categorical, nw.Enum
        return any(dtype == kind for kind in sequences)
    if not nw.dependencies.is_pandas_series(column):
        return holds_sequences(column.type)
    if hasattr(column.dtype, "pyarrow_dtype"):
        return holds_sequences(column.dtype.pyarrow_dtype)
    if column.dtype.kind != "O":
        return False
    observed = column[column.notna().to_numpy()]
    return is_sequence(observed.iloc[0]) if len(observed) else None


def is_text_column(column):
    """Return whether a column of sequences holds strings."""
    if nw.dependencies.is_polars_series(column):
        dtype = nw.from_native(column, series_only=True).dtype
        return any(dtype == kind for kind in (nw.String, nw.Categorical, nw.Enum))
    if not nw.dependencies.is_pandas_series(column):
        return is_string(column.type)
    if hasattr(column.dtype, "pyarrow_dtype"):
        return is_string(column.dtype.pyarrow_dtype)
    observed = column[column.notna().to_numpy()]
    return bool(len(observed)) and isinstance(observed.iloc[0], str)


def parse_cells(column, locator):
    """Parse each cell of one column as a sequence of single values.

    Parameters
    ----------
    column : pandas Series or pyarrow ChunkedArray
        Its cells are lists, arrays, Series or strings.
    locator : Locator
        How messages name the cells.

    Returns
    -------
    block : FeatureBlock
        The values of all time steps.
    lengths : int64 ndarray of shape (n_samples,)
        Number of time steps of each cell.
    cell : CellFormat
        The form of the cells.
    """
    is_pandas = nw.dependencies.is_pandas_series(column)
    data = export_arrow(column) if is_pandas else column
    if data is not None:
        block, lengths = parse_column(data, locator, nested=False)
        native = without_metadata(data.type)
        return block, lengths, CellFormat("arrow", block.dtype, native)
    cells = column.astype(object).tolist()
    block, lengths, cell = parse_objects(cells, locator)
    if cell.form == "string":
        cell = cell._replace(native=dtype_of_strings(column.dtype))
    return block, lengths, cell


def parse_objects(cells, locator):
    """Parse Python objects as sequences of single values.

    Parameters
    ----------
    cells : list of n_samples objects
        Lists, arrays, Series or strings.
    locator : Locator
        How messages name the cells.

    Returns
    -------
    block, lengths, cell
        As for :func:`parse_cells`.
    """
    cells = convert_items(cells, locator)
    for i, cell in enumerate(cells):
        _check_cell(cell, i, locator)
    blocks, lengths, _ = parse_items(cells, locator)
    block = blocks[0]
    if len(blocks) > 1 or block.width > 1:
        raise _nested_error(0, locator)
    if isinstance(cells[0], str):
        return block, lengths, CellFormat("string")
    form = "list" if isinstance(cells[0], (list, tuple)) else "array"
    if block.kind == "datetime":
        times, zone = _read_times(block.values, lengths, locator)
        block = FeatureBlock("datetime", times)
        return block, lengths, CellFormat(form, native=zone)
    return block, lengths, CellFormat(form, block.dtype)


def build_cells(values, lengths, kind, cell, library, index):
    """Build one column from the values of all time steps.

    Parameters
    ----------
    values : ndarray of shape (total_steps,)
        Values of the feature.
    lengths : int64 ndarray of shape (n_samples,)
        Number of time steps of each cell.
    kind : str
        Kind of the feature.
    cell : CellFormat
        The form of the cells.
    library : {"pandas", "polars", "pyarrow"}
        Library of the frame.
    index : pandas Index or None
        Row index of a pandas frame.

    Returns
    -------
    pandas or polars Series or pyarrow Array
        One sequence per cell.
    """
    if cell.form == "arrow":
        array = build_array(values, lengths, kind, cell.native)
        return as_series(array, library, index)
    if cell.form == "string":
        strings = join_characters(values, lengths)
        return build_series(strings, index, cell.native)
    values = restore_values(values, kind, cell)
    pieces = split_steps(values, lengths)
    if cell.form == "array" and isinstance(values, list):
        pieces = [as_objects(piece) for piece in pieces]
    return build_series(pieces, index)


def restore_values(values, kind, cell):
    """Convert the values of one feature to a list, or to times with a zone.

    Parameters
    ----------
    values : ndarray of shape (total_steps,)
        Values of the feature.
    kind : str
        Kind of the feature.
    cell : CellFormat
        Form "list" or "array".

    Returns
    -------
    values : list or ndarray of shape (total_steps,)
        A list for lists, and for times with a zone.
    """
    if kind == "datetime" and (cell.form == "list" or cell.native is not None):
        return _as_python_times(values, cell.native)
    return values.tolist() if cell.form == "list" else values


def build_series(items, index, dtype=object):
    """Build a pandas Series of Python objects.

    Parameters
    ----------
    items : list
        The sequences.
    index : pandas Index or None
        Row index.
    dtype : pandas dtype or "category", default=object
        Dtype of a Series of strings.
    """
    import pandas as pd

    items = as_objects(items) if dtype is object else items
    return pd.Series(items, index=index, dtype=dtype)


def dtype_of_strings(dtype):
    """Return the dtype of a Series of strings, without the strings themselves.

    The categories of a categorical dtype are whole sequences, which must not remain in
    a fitted estimator.
    """
    return "category" if str(dtype) == "category" else dtype


def _read_times(values, lengths, locator):
    """Convert Python objects to datetime64, and return their time zone."""
    import pandas as pd

    times = pd.to_datetime(values, utc=True).tz_localize(None).to_numpy()
    zones = [getattr(value, "tzinfo", None) for value in values]
    is_naive = np.array([zone is None for zone in zones]) & ~np.isnat(times)
    zone = next((zone for zone in zones if zone is not None), None)
    if zone is not None and is_naive.any():
        i, step = find_step(int(is_naive.argmax()), lengths)
        raise TypeError(
            f"{locator.sequence(i)} holds a time without a zone at time step {step}, "
            f"but others are in {zone}. Give all times a zone, for example by "
            "dt.tz_localize()."
        )
    return times.astype(TIME_DTYPE), zone


def _as_python_times(values, zone):
    """Convert times to a list of pandas Timestamps, or Timedeltas."""
    import pandas as pd

    index = pd.Index(values)
    if zone is not None and values.dtype.kind == "M":
        index = index.tz_localize("UTC").tz_convert(zone)
    return index.tolist()


def _check_cell(cell, i, locator):
    """Raise an error for a cell that is missing, a single value, or nested."""
    if not is_sequence(cell):
        if is_missing(cell):
            raise ValueError(
                f"{locator.sequence(i)} is missing: a sequence needs at least one time "
                f"step. Drop rows with missing cells: {locator.argument}.dropna()."
            )
        raise TypeError(
            f"{locator.sequence(i)} is a single value of type {type(cell).__name__}, "
            "expected a list, an array or a string, as in other rows."
        )
    is_nested = getattr(cell, "ndim", 1) > 1
    kind = getattr(getattr(cell, "dtype", None), "kind", "O")
    if kind == "O" and not is_nested and not isinstance(cell, (str, bytes)):
        is_nested = any(map(_is_nested, cell))
    if is_nested:
        raise _nested_error(i, locator)


def _nested_error(i, locator):
    return TypeError(
        f"{locator.sequence(i)} is nested: its time steps hold several values, but "
        "each cell must hold one value per time step. Make a column of each feature."
    )


def _is_nested(value):
    return isinstance(value, (list, tuple, np.ndarray)) and np.ndim(value) > 0

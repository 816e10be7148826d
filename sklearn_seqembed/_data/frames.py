"""Frames in which each row is a sequence and each column a feature, cell by cell."""

import numpy as np

from sklearn_seqembed._data.arrays import floating, frame_library
from sklearn_seqembed._data.arrow import (
    arrow_data,
    holds_sequences,
    is_list,
    read_column,
)
from sklearn_seqembed._data.container import Cell, Container
from sklearn_seqembed._data.lists import read_items
from sklearn_seqembed._data.messages import Place, locate, name_row
from sklearn_seqembed._data.parsed import contiguous
from sklearn_seqembed._data.timestamps import STAMP, encode_times
from sklearn_seqembed._data.values import Part, is_missing


def is_frame_of_sequences(X):
    """Whether the cells of a frame are sequences; False for what is no frame.

    Parameters
    ----------
    X : object
        What the user passed, or the pyarrow Table that it offers.

    Returns
    -------
    is_frame : bool
        False too where all cells are scalars: each column is a time step then.

    Raises
    ------
    TypeError
        If some columns hold sequences and others do not.
    """
    library = frame_library(X)
    if library is None:
        return False
    if library == "pandas" and not any(dtype.kind in "OU" for dtype in X.dtypes):
        return False  # thousands of columns of numbers need not be looked at
    is_sequence = {
        name: _is_sequence(column, library) for name, column in _columns(X, library)
    }
    sequences = [name for name, found in is_sequence.items() if found]
    scalars = [name for name, found in is_sequence.items() if found is False]
    if sequences and scalars:
        raise TypeError(
            f"Column {sequences[0]!r} of X holds sequences, but column {scalars[0]!r} "
            "holds single values (a string is the sequence of its characters). Pass "
            "the columns of sequences alone, and the others to a transformer of their "
            "own in sklearn.compose.ColumnTransformer."
        )
    return bool(sequences)


def read_frame(X):
    """Read a frame of sequences, column by column.

    Parameters
    ----------
    X : pandas or polars DataFrame or pyarrow Table
        Its cells are lists, arrays, Series or strings.

    Returns
    -------
    reading : Reading
        One part a column: views of Arrow's memory where there are such.

    Raises
    ------
    ValueError
        If the cells of a row differ in their lengths, or one is missing or empty.
    TypeError
        If the cells of a column hold something else than values.
    """
    library = frame_library(X)
    index = X.index if library == "pandas" else None
    names, parts, cells, origins = [], [], [], []
    lengths = None
    columns = _columns(_as_arrow_table(X) if library == "polars" else X, library)
    for name, column in columns:
        if name in names:
            raise ValueError(
                f"X has several columns {name!r}. Rename them: each feature has a name "
                "of its own."
            )
        place = Place(name, index)
        part, found, cell = _read_column(column, place, library)
        if lengths is None:
            lengths = found
        elif not np.array_equal(lengths, found):
            _refuse_lengths(names[0], lengths, name, found, index)
        if part.kind == "datetime":
            features, starts = encode_times(part.values, lengths, place)
            part = Part("datetime", features)
            origins.append(starts)
        names.append(name)
        parts.append(part)
        cells.append(cell)
    form = "arrow table" if library == "pyarrow" else f"{library} frame"
    container = Container(
        form,
        np.dtype(np.float64),
        columns=names,
        index=index,
        cells=tuple(cells),
        origins=tuple(origins),
    )
    return contiguous(parts, lengths, container, frame=X)


def _columns(X, library):
    """Yield names and columns."""
    names = list(X.column_names if hasattr(X, "column_names") else X.columns)
    for i, name in enumerate(names):
        if library == "pandas":
            yield name, X.iloc[:, i]
        else:
            yield name, X.column(i) if hasattr(X, "column_names") else X[name]


def _as_arrow_table(X):
    try:
        import pyarrow as pa
    except ImportError as exc:
        raise ImportError(
            "To read a polars frame of sequences, pyarrow is needed: pip install "
            "sklearn-seqembed[dataframe]."
        ) from exc
    return pa.table(X)


def _is_sequence(column, library):
    """Whether a column holds sequences, by its type or its first cell; or None."""
    if library == "polars":
        kind = str(column.dtype).partition("(")[0]
        return kind in ("List", "Array", "String", "Categorical", "Enum")
    if library == "pyarrow":
        return holds_sequences(column.type)
    if hasattr(column.dtype, "pyarrow_dtype"):
        return holds_sequences(column.dtype.pyarrow_dtype)
    if column.dtype.kind != "O":
        return False
    observed = column[column.notna().to_numpy()]
    return _is_cell(observed.iloc[0]) if len(observed) else None


def _is_cell(cell):
    """Whether a cell of Python objects is a sequence."""
    if isinstance(cell, (str, bytes, list, tuple)):
        return True
    return not isinstance(cell, dict) and hasattr(cell, "__len__")


def _read_column(column, place, library):
    """Read one column: its values, the lengths of its cells, and what these were."""
    if library != "pandas":
        part, lengths = read_column(column, place, nested=False)
        form = "arrow" if is_list(column.type) else "string"
        return part, lengths, Cell(form, _dtype_of(part), column.type)
    data = arrow_data(column)
    if data is not None:
        part, lengths = read_column(data, place, nested=False)
        form = "arrow" if is_list(data.type) else "string"
        like = data.type if form == "arrow" else column.dtype
        return part, lengths, Cell(form, _dtype_of(part), like)
    cells = column.astype(object).tolist()
    for i, cell in enumerate(cells):
        _check_cell(cell, i, place)
    (part,), lengths, _ = read_items(cells, place)
    form = "list" if isinstance(cells[0], (list, tuple)) else "array"
    if isinstance(cells[0], str):
        return part, lengths, Cell("string", like=column.dtype)
    if part.kind == "datetime":
        stamps, zone = _read_stamps(part.values, lengths, place)
        return Part("datetime", stamps), lengths, Cell(form, like=zone)
    return part, lengths, Cell(form, _dtype_of(part))


def _read_stamps(values, lengths, place):
    """Make datetime64 of Python's times, and tell their zone."""
    import pandas as pd

    stamps = pd.to_datetime(values, utc=True).tz_localize(None).to_numpy()
    zones = [getattr(value, "tzinfo", None) for value in values]
    is_naive = np.array([zone is None for zone in zones]) & ~np.isnat(stamps)
    zone = next((zone for zone in zones if zone is not None), None)
    if zone is not None and is_naive.any():
        i, step = locate(int(is_naive.argmax()), lengths)
        raise TypeError(
            f"{place(i)} holds a time without a zone at time step {step}, but others "
            f"are in {zone}. Give all times a zone, by dt.tz_localize() for example."
        )
    return stamps.astype(STAMP), zone


def _dtype_of(part):
    return floating(part.values.dtype) if part.is_number else np.dtype(np.float64)


def _check_cell(cell, i, place):
    """Refuse a cell that is missing, a single value, or nested."""
    if not _is_cell(cell):
        if is_missing(cell):
            raise ValueError(
                f"{place(i)} is missing: a sequence needs at least one time step. Drop "
                "such rows, by X.dropna() for example."
            )
        raise TypeError(
            f"{place(i)} is a single value of type {type(cell).__name__}, expected a "
            "list, an array or a string, as in other rows."
        )
    is_nested = getattr(cell, "ndim", 1) > 1
    kind = getattr(getattr(cell, "dtype", None), "kind", "O")
    if kind == "O" and not is_nested and not isinstance(cell, (str, bytes)):
        is_nested = any(map(_is_nested, cell))
    if is_nested:
        raise TypeError(
            f"{place(i)} is nested: its time steps hold several values, but each cell "
            "must hold one value a time step. Make a column of each feature."
        )


def _is_nested(value):
    return isinstance(value, (list, tuple, np.ndarray)) and np.ndim(value) > 0


def _refuse_lengths(first, lengths, name, found, index):
    i = int(np.flatnonzero(lengths != found)[0])
    raise ValueError(
        f"X has {lengths[i]} time steps in column {first!r}, but {found[i]} in column "
        f"{name!r}, at {name_row(i, index)}. All columns of a row must have equal "
        "lengths, with None or NaN where a value is missing."
    )

"""The way back into Series, Arrow arrays, and frames of sequences."""

import numpy as np

from sklearn_seqembed._data.factorize import as_objects
from sklearn_seqembed._data.pieces import join_characters, split


def build_lists(values, lengths, container):
    """Make an Arrow array of lists or strings, or a Series where X was one.

    Parameters
    ----------
    values : ndarray of shape (total_steps, n_features)
        All time steps.
    lengths : int64 ndarray of shape (n_samples,)
        Number of time steps of each sequence.
    container : Container
        What X was.

    Returns
    -------
    pyarrow Array, pandas Series or polars Series
        The sequences.
    """
    (cell,) = container.cells
    if cell.form == "string":
        strings = join_characters(values[:, 0], lengths)
        return _strings(strings, cell, container)
    # Time steps were lists too where the type has two levels.
    n_features = values.shape[1] if _is_nested(cell.like) else None
    lists = _arrow_lists(values.ravel(), lengths, container.kinds[0], cell, n_features)
    return _series(lists, container)


def build_column(values, lengths, kind, cell, container):
    """Make one column of a frame of sequences.

    Parameters
    ----------
    values : ndarray of shape (total_steps,)
        The feature at all time steps.
    lengths : int64 ndarray of shape (n_samples,)
        Number of time steps of each sequence.
    kind : str
        What the feature holds.
    cell : Cell
        What its cells were.
    container : Container
        What X was.

    Returns
    -------
    pandas Series, polars Series or pyarrow Array
        The sequences.
    """
    if cell.form == "string":
        return _strings(join_characters(values, lengths), cell, container)
    if cell.form == "arrow":
        return _series(_arrow_lists(values, lengths, kind, cell), container)
    if kind == "datetime" and (cell.form == "list" or cell.like is not None):
        values = _python_times(values, cell.like)
    elif cell.form == "list":
        values = values.tolist()
    pieces = split(values, lengths)
    if cell.form == "array" and isinstance(values, list):
        pieces = [as_objects(piece) for piece in pieces]
    return build_objects(pieces, container)


def build_objects(sequences, container):
    """Make a pandas Series of sequences that are Python objects."""
    import pandas as pd

    return pd.Series(as_objects(sequences), index=container.index, dtype=object)


def build_frame(columns, container):
    """Put columns side by side, under the names that they had in X."""
    if container.form == "pandas frame":
        import pandas as pd

        frame = pd.concat(columns, axis=1)
        frame.columns = container.columns
        return frame
    if container.form == "polars frame":
        import polars as pl

        pairs = zip(container.columns, columns, strict=True)
        return pl.DataFrame([column.alias(name) for name, column in pairs])
    import pyarrow as pa

    return pa.Table.from_arrays(columns, names=container.columns)


def _strings(strings, cell, container):
    """Make a column of strings."""
    library = container.form.partition(" ")[0]
    if library == "pandas":
        import pandas as pd

        is_category = isinstance(cell.like, pd.CategoricalDtype)
        dtype = "category" if is_category else cell.like  # with levels of its own
        return pd.Series(strings, index=container.index, dtype=dtype)
    import pyarrow as pa

    # Dictionaries and views of X become plain strings.
    like = cell.like
    is_plain = pa.types.is_string(like) or pa.types.is_large_string(like)
    array = pa.array(strings, like if is_plain else pa.large_string())
    return _series(array, container)


def _series(array, container):
    """Put an Arrow array into the Series that X was, or had as its columns."""
    library = container.form.partition(" ")[0]
    if library == "pandas":
        import pandas as pd

        return pd.Series(pd.arrays.ArrowExtensionArray(array), index=container.index)
    if library == "polars":
        import polars as pl

        return pl.Series(array)
    return array


def _is_nested(arrow_type):
    import pyarrow as pa

    value_type = arrow_type.value_type
    return (
        pa.types.is_list(value_type)
        or pa.types.is_large_list(value_type)
        or pa.types.is_fixed_size_list(value_type)
    )


def _arrow_lists(values, lengths, kind, cell, n_features=None):
    """Join the values of all steps to one Arrow array of lists."""
    import pyarrow as pa

    values = _arrow_values(values, kind, cell.like)
    if n_features is not None:
        values = pa.FixedSizeListArray.from_arrays(values, n_features)
    if pa.types.is_fixed_size_list(cell.like):
        size = cell.like.list_size
        if (lengths == size).all():
            return pa.FixedSizeListArray.from_arrays(values, size)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    # Chunks of X may have held more steps together than 32 bits can count.
    kind, dtype = pa.ListArray, np.int32
    if pa.types.is_large_list(cell.like) or offsets[-1] > np.iinfo(np.int32).max:
        kind, dtype = pa.LargeListArray, np.int64
    return kind.from_arrays(pa.array(offsets.astype(dtype)), values)


def _arrow_values(values, kind, like):
    """Make an Arrow array of values; a category that is unknown is null."""
    import pyarrow as pa

    value_type = like.value_type
    if kind == "string":
        if pa.types.is_dictionary(value_type):
            plain = pa.array(values, value_type.value_type)
            return plain.dictionary_encode().cast(value_type)
        is_plain = pa.types.is_string(value_type)
        return pa.array(values, pa.string() if is_plain else pa.large_string())
    if kind == "bool":
        return pa.array(values, pa.bool_())
    found = pa.array(values, from_pandas=kind == "number")
    if values.dtype.kind != "M":
        return found
    if pa.types.is_date(value_type):
        return found.cast(value_type, safe=False)
    # Zones are kept, and units fine enough for microseconds.
    unit = "ns" if value_type.unit == "ns" else "us"
    return found.cast(pa.timestamp(unit, value_type.tz))


def _python_times(values, zone):
    """Make a list of pandas' Timestamps, or Timedeltas."""
    import pandas as pd

    index = pd.Index(values)
    if zone is not None and values.dtype.kind == "M":
        index = index.tz_localize("UTC").tz_convert(zone)
    return index.tolist()

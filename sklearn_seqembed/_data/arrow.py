"""Arrow arrays of lists or strings; numbers are read without a copy where possible.

pyarrow is imported only if X holds Arrow data or can be exported to Arrow. Its numpy
views are read-only, so nothing can write into X.
"""

from dataclasses import dataclass

import narwhals.stable.v2 as nw
import numpy as np

from sklearn_seqembed._data.arrow_types import (
    check_type,
    holds_sequences,
    is_list,
    is_string,
    without_metadata,
)
from sklearn_seqembed._data.container import Container, join_characters
from sklearn_seqembed._data.factorize import as_objects, factorize_characters
from sklearn_seqembed._data.messages import count, find_step
from sklearn_seqembed._data.parsed import FeatureBlock, ParsedSequences
from sklearn_seqembed._data.sequences import CategoricalFeature


@dataclass(frozen=True)
class ArrowContainer(Container):
    """An Arrow array of lists or strings, or a Series that holds one.

    Parameters
    ----------
    library : {"pandas", "polars", "pyarrow"}, default="pyarrow"
        Library of the Series, or "pyarrow" for a pyarrow array.
    arrow_type : pyarrow DataType, default=None
        Type of the array.
    """

    library: str = "pyarrow"
    arrow_type: object = None

    @classmethod
    def read(cls, column, X, locator):
        """Parse each list or string as one sequence.

        Parameters
        ----------
        column : pyarrow ChunkedArray
            The lists or strings in `X`.
        X : object
            The Series or Arrow array, of any library, that the user passed.
        locator : Locator
            How messages name the sequences.

        Returns
        -------
        parsed : ParsedSequences
            A view of Arrow's buffer if :func:`parse_column` returns one.
        """
        block, lengths = parse_column(column, locator)
        library, index = "pyarrow", None
        if nw.dependencies.is_pandas_series(X):
            library, index = "pandas", X.index
        elif nw.dependencies.is_polars_series(X):
            library = "polars"
        arrow_type = without_metadata(column.type)
        container = cls(block.dtype, index, library=library, arrow_type=arrow_type)
        return ParsedSequences.from_contiguous([block], lengths, container, locator)

    def splits_strings(self, feature):
        """Return whether strings were split into characters."""
        return is_string(self.arrow_type)

    def build(self, values):
        """Build an array or a Series of lists or strings."""
        matrix, kind = values.matrix(self.dtype), values.kinds[0]
        array = build_array(matrix, values.lengths, kind, self.arrow_type)
        return as_series(array, self.library, self.index)


def export_arrow(X):
    """Export X to Arrow without a copy.

    Parameters
    ----------
    X : object
        The object that the user passed, except frames of pandas and polars, which have
        readers of their own.

    Returns
    -------
    data : pyarrow ChunkedArray, pyarrow Table or None
        None if X cannot be exported, if it is a Series of values other than lists and
        strings, or if pyarrow is not installed.
    """
    if not _offers_arrow(X):
        return None
    try:
        import pyarrow as pa
    except ImportError:
        return None
    if hasattr(X, "columns"):  # a duckdb relation, for example
        return pa.table(X)
    is_pandas = nw.dependencies.is_pandas_series(X)
    # In pandas 2 the array has the Arrow interface; since pandas 3 the Series has it.
    source = X.array if is_pandas else X
    is_stream = hasattr(source, "__arrow_c_stream__")
    column = pa.chunked_array(source) if is_stream else pa.array(source)
    if isinstance(column, pa.Array):
        column = pa.chunked_array([column])
    if pa.types.is_struct(column.type):
        return pa.Table.from_struct_array(column)
    is_series = is_pandas or nw.dependencies.is_polars_series(X)
    return None if is_series and not holds_sequences(column.type) else column


def parse_column(column, locator, nested=True):
    """Parse each list, or each string, as one sequence.

    Parameters
    ----------
    column : pyarrow ChunkedArray of n_samples lists or strings
        Lists of numbers, bools, strings or times, or of time steps that are lists of
        n_features numbers. Lists may be large or of fixed size. A null value or time
        step is missing.
    locator : Locator
        How messages name a sequence.
    nested : bool, default=True
        Whether time steps may be lists.

    Returns
    -------
    block : FeatureBlock
        Numbers are a view of Arrow's buffer if the column is one chunk without nulls;
        otherwise, and for bools, which Arrow stores as bits, they are a copy.
    lengths : int64 ndarray of shape (n_samples,)
        Number of time steps of each sequence.

    Raises
    ------
    ValueError
        If there is no list, a list is null or empty, or time steps differ in their
        number of features.
    TypeError
        If the type of the values is not supported.
    """
    import pyarrow.compute as pc

    check_type(column, locator, nested)
    _check_rows(column, locator)
    if is_string(column.type):
        strings = _as_plain_strings(column).to_pylist()
        lengths = np.fromiter(map(len, strings), np.int64, len(strings))
        locator.check_lengths(lengths)
        return FeatureBlock("string", factorize_characters(strings)), lengths
    lengths = pc.list_value_length(column).to_numpy().astype(np.int64)
    locator.check_lengths(lengths)
    steps = pc.list_flatten(column)
    if not is_list(steps.type):
        return _parse_values(steps), lengths
    n_features = _count_features(steps, lengths, locator)
    # Flattening leaves null lists out.
    block = _parse_values(pc.list_flatten(steps))
    values = block.values.reshape(-1, n_features)
    return block._replace(values=_insert_missing_steps(values, steps)), lengths


def build_array(values, lengths, kind, arrow_type):
    """Build an Arrow array of lists or strings from the values of all time steps.

    Parameters
    ----------
    values : ndarray of shape (total_steps,) or (total_steps, n_features)
        Values of one feature or, for lists of time steps, of several.
    lengths : int64 ndarray of shape (n_samples,)
        Number of time steps of each sequence.
    kind : str
        Kind of the features.
    arrow_type : pyarrow DataType
        Type of the array that was read. Dictionaries and string views become plain
        strings; fixed-size lists become plain lists if `lengths` differ from that size.

    Returns
    -------
    pyarrow Array
        One list or string per sequence. In lists, an infrequent category is null.
    """
    import pyarrow as pa

    types = pa.types
    if is_string(arrow_type):
        strings = join_characters(values.ravel(), lengths)
        is_plain = types.is_string(arrow_type) or types.is_large_string(arrow_type)
        return pa.array(strings, arrow_type if is_plain else pa.large_string())
    is_nested = is_list(arrow_type.value_type)
    steps = _build_values(values.ravel(), kind, arrow_type.value_type)
    if is_nested:
        steps = pa.FixedSizeListArray.from_arrays(steps, values.shape[1])
    if types.is_fixed_size_list(arrow_type):
        size = arrow_type.list_size
        if (lengths == size).all():
            return pa.FixedSizeListArray.from_arrays(steps, size)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    # All chunks of X together may have more steps than 32 bits can count.
    is_large = offsets[-1] > np.iinfo(np.int32).max or types.is_large_list(arrow_type)
    array_type = pa.LargeListArray if is_large else pa.ListArray
    offsets = offsets.astype(np.int64 if is_large else np.int32)
    return array_type.from_arrays(pa.array(offsets), steps)


def as_series(array, library, index=None):
    """Convert an Arrow array to a Series of the library; pyarrow keeps the array."""
    if library == "pandas":
        import pandas as pd

        return pd.Series(pd.arrays.ArrowExtensionArray(array), index=index)
    if library == "polars":
        import polars as pl
        import pyarrow as pa

        # Before polars 2, a Series made from lists of large strings breaks when it is
        # compared. A column of a table does not.
        return pl.from_arrow(pa.table({"": array})).to_series()
    return array


def _offers_arrow(X):
    """Return whether X holds Arrow data or can be exported to Arrow without a copy."""
    if nw.dependencies.is_pandas_series(X):
        # A Series of any other dtype would have to be converted.
        return hasattr(X.dtype, "pyarrow_dtype")
    return hasattr(X, "__arrow_c_array__") or hasattr(X, "__arrow_c_stream__")


def _as_plain_strings(column):
    """Convert string views and dictionaries to plain strings."""
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type):
        return column.cast(pa.large_string())
    # Chunks may have different dictionaries.
    chunks = [
        chunk.dictionary.cast(pa.large_string()).take(chunk.indices)
        for chunk in column.chunks
    ]
    return pa.chunked_array(chunks, pa.large_string())


def _check_rows(column, locator):
    """Raise an error if a column has no rows, or a sequence is null."""
    locator.check_not_empty(len(column))
    if column.null_count:
        i = column.is_null().index(True).as_py()
        name = locator.argument
        raise ValueError(
            f"{locator.sequence(i)} is null: a sequence needs at least one time step. "
            f"Drop null rows: {name}.dropna() in pandas, {name}.drop_nulls() in "
            f"polars, {name}.drop_null() in pyarrow."
        )


def _count_features(steps, lengths, locator):
    """Return the number of values in each time step; raise an error if it varies."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_fixed_size_list(steps.type):
        n_features = steps.type.list_size
    else:
        widths = pc.list_value_length(steps)
        observed = widths.drop_null()
        # If every step is null, assume one feature.
        n_features = observed[0].as_py() if len(observed) else 1
        differs = pc.not_equal(widths, n_features).index(True).as_py()
        if differs >= 0:
            i, step = find_step(differs, lengths)
            raise ValueError(
                f"{locator.sequence(i)} has "
                f"{count(widths[differs].as_py(), 'feature')} at time step {step}, "
                f"expected {n_features} as in earlier steps. Give every time "
                "step all features, null where a value is missing."
            )
    if not n_features:
        raise ValueError(
            f"{locator.sequence(0)} has no features. Give each time step at least one "
            "feature."
        )
    return n_features


def _parse_values(values):
    """Parse the values of one feature, or flattened numbers of several."""
    import pyarrow as pa

    if is_string(values.type):
        return FeatureBlock("string", _factorize(values))
    if pa.types.is_timestamp(values.type) or pa.types.is_date(values.type):
        # numpy has no time zones, so times with a zone are converted to UTC.
        times = values.cast(pa.timestamp("us"), safe=False)
        return FeatureBlock("datetime", times.to_numpy().astype("M8[us]"))
    kind = "bool" if pa.types.is_boolean(values.type) else "numeric"
    return FeatureBlock(kind, arrow_to_numbers(values)[:, None])


def _factorize(values):
    """Convert an Arrow array of strings to codes; null is missing."""
    # Plain strings first: a dictionary of X may hold categories that do not occur.
    encoded = _as_plain_strings(values).dictionary_encode().combine_chunks()
    categories = encoded.dictionary.to_pylist()
    order = sorted(range(len(categories)), key=categories.__getitem__)
    # The code -1, missing, selects the last entry.
    rank = np.full(len(categories) + 1, -1, dtype=np.int32)
    rank[order] = np.arange(len(categories), dtype=np.int32)
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return CategoricalFeature(rank[codes], as_objects([categories[i] for i in order]))


def arrow_to_numbers(values):
    """Convert numbers to a numpy array, nulls to NaN."""
    import pyarrow as pa

    is_floating = pa.types.is_floating(values.type)
    is_other = pa.types.is_null(values.type) or pa.types.is_decimal(values.type)
    if is_other or (values.null_count and not is_floating):
        values = values.cast(pa.float64(), safe=False)
    chunks = [
        chunk.to_numpy(zero_copy_only=False) for chunk in values.chunks if len(chunk)
    ]
    if not chunks:  # every time step is null
        return np.empty(0)
    return chunks[0] if len(chunks) == 1 else np.concatenate(chunks)


def _insert_missing_steps(values, steps):
    """Insert a row of NaN for each time step that is null."""
    if not steps.null_count:
        return values
    dtype = values.dtype if values.dtype.kind == "f" else np.float64
    all_steps = np.full((len(steps), values.shape[1]), np.nan, dtype=dtype)
    all_steps[np.asarray(steps.is_valid())] = values
    return all_steps


def _build_values(values, kind, value_type):
    """Build an Arrow array of single values; an infrequent category is null."""
    import pyarrow as pa

    if kind == "string":
        if pa.types.is_dictionary(value_type):
            plain = pa.array(values, value_type.value_type)
            return plain.dictionary_encode().cast(value_type)
        is_plain = pa.types.is_string(value_type)
        return pa.array(values, pa.string() if is_plain else pa.large_string())
    if kind == "bool":
        return pa.array(values, pa.bool_())
    array = pa.array(values, from_pandas=kind == "number")
    if values.dtype.kind != "M":
        return array
    if pa.types.is_date(value_type):
        return array.cast(value_type, safe=False)
    # Results are in microseconds, which coarser units cannot hold.
    unit = "ns" if value_type.unit == "ns" else "us"
    return array.cast(pa.timestamp(unit, value_type.tz))

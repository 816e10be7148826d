"""Lists and strings that lie in Arrow's memory, read where they lie.

pyarrow is imported only once X is known to hold Arrow data, or to offer it. Its views
in numpy are read-only, so nothing behind the door can write into X.
"""

import numpy as np

from sklearn_seqembed._data.factorize import as_objects, factorize_characters
from sklearn_seqembed._data.messages import check_lengths, locate, refuse_empty
from sklearn_seqembed._data.sequences import CategoricalFeature
from sklearn_seqembed._data.values import Part


def arrow_data(X):
    """Take X as data of Arrow's, if that is what it holds or offers.

    Parameters
    ----------
    X : object
        What the user passed.

    Returns
    -------
    data : pyarrow ChunkedArray, pyarrow Table or None
        X without a copy. None for frames that have readers of their own, for other
        kinds of X, for a Series of anything but lists and strings, and without pyarrow
        where X is not of pyarrow itself: numpy reads these.
    """
    if not _holds_arrow(X):
        return None
    try:
        import pyarrow as pa
    except ImportError:
        return None
    if hasattr(X, "columns"):  # a relation of duckdb for example
        return pa.table(X)
    # pandas from 2 on has the method of the array, from 3 on that of the Series.
    source = X.array if _library(X) == "pandas" else X
    is_stream = hasattr(source, "__arrow_c_stream__")
    column = pa.chunked_array(source) if is_stream else pa.array(source)
    if isinstance(column, pa.Array):
        column = pa.chunked_array([column])
    if pa.types.is_struct(column.type):
        return pa.Table.from_struct_array(column)
    if _library(X) in ("pandas", "polars") and not holds_sequences(column.type):
        return None
    return column


def read_column(column, place, nested=True):
    """Read each list, or each string, as one sequence.

    Parameters
    ----------
    column : pyarrow ChunkedArray of n_samples lists or strings
        Lists of numbers, bools, strings or times, or of time steps that are lists of
        n_features numbers. Lists may be large or of fixed size. A null among values or
        time steps is missing.
    place : Place
        How messages call a sequence.
    nested : bool, default=True
        Whether time steps may be lists.

    Returns
    -------
    part : Part
        Numbers are a view of Arrow's buffer where that is one chunk without nulls (and
        of whole bytes: bools are not), else a copy. Times are of datetime64[us].
    lengths : int64 ndarray of shape (n_samples,)
        Number of time steps of each sequence.

    Raises
    ------
    ValueError
        If there is no list, a list is null or empty, or time steps differ in their
        number of features.
    TypeError
        If the values are of a kind that is not read.
    """
    import pyarrow.compute as pc

    _check_type(column, place, nested)
    _check_rows(column, place)
    if _is_string(column.type):
        strings = _as_plain(column).to_pylist()
        lengths = np.fromiter(map(len, strings), np.int64, len(strings))
        check_lengths(lengths, place)
        return Part("string", factorize_characters(strings)), lengths
    lengths = pc.list_value_length(column).to_numpy().astype(np.int64)
    check_lengths(lengths, place)
    steps = pc.list_flatten(column)
    if not is_list(steps.type):
        return _read_values(steps), lengths
    n_features = _count_features(steps, lengths, place)
    # Flattening leaves null lists out.
    part = _read_values(pc.list_flatten(steps))
    values = part.values.reshape(-1, n_features)
    return part._replace(values=_with_missing_steps(values, steps)), lengths


def holds_sequences(arrow_type):
    """Whether each value of a column is a sequence: a list or a string."""
    return is_list(arrow_type) or _is_string(arrow_type)


def is_list(arrow_type):
    """Whether a type of Arrow's is a list of any kind."""
    import pyarrow as pa

    return (
        pa.types.is_list(arrow_type)
        or pa.types.is_large_list(arrow_type)
        or pa.types.is_fixed_size_list(arrow_type)
    )


def is_number(arrow_type):
    """Whether a type of Arrow's is of numbers or bools, or of nothing but nulls."""
    import pyarrow as pa

    types = pa.types
    return any(
        is_kind(arrow_type)
        for is_kind in (
            types.is_integer,
            types.is_floating,
            types.is_boolean,
            types.is_decimal,  # what databases make of 1.5
            types.is_null,  # of lists in which everything is missing
        )
    )


def _library(X):
    return type(X).__module__.partition(".")[0]


def _holds_arrow(X):
    """Whether X holds Arrow's memory, by what can be seen from outside."""
    if _library(X) == "pandas":  # others than Arrow's would be converted
        is_series = not hasattr(X, "columns")
        return is_series and hasattr(getattr(X, "dtype", None), "pyarrow_dtype")
    if _library(X) == "polars" and not hasattr(X, "dtype"):
        return False  # frames, also lazy ones
    return hasattr(X, "__arrow_c_array__") or hasattr(X, "__arrow_c_stream__")


def _is_string(arrow_type):
    """Whether values are strings, be it as a dictionary."""
    import pyarrow as pa

    if pa.types.is_dictionary(arrow_type):
        arrow_type = arrow_type.value_type
    return (
        pa.types.is_string(arrow_type)
        or pa.types.is_large_string(arrow_type)
        or pa.types.is_string_view(arrow_type)
    )


def _as_plain(column):
    """Make plain strings of views and dictionaries, which may differ by chunk."""
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type):
        return column.cast(pa.large_string())
    chunks = [
        chunk.dictionary.cast(pa.large_string()).take(chunk.indices)
        for chunk in column.chunks
    ]
    return pa.chunked_array(chunks, pa.large_string())


def _check_type(column, place, nested):
    """Refuse everything but values that are read, in one or two levels of lists."""
    import pyarrow as pa

    arrow_type, depth = column.type, 0
    while depth < 2 and is_list(arrow_type):
        arrow_type, depth = arrow_type.value_type, depth + 1
    if depth == 2 and not nested:
        raise TypeError(
            f"{place.whole} holds lists of lists ({column.type}, row 0), but each cell "
            "must hold one value a time step. Make a column of each feature."
        )
    if pa.types.is_duration(arrow_type):
        raise TypeError(
            f"{place.whole} holds {column.type}, expected lists of numbers. Convert "
            "durations to seconds: dt.total_seconds()."
        )
    if is_number(arrow_type) and not depth:
        raise ValueError(
            f"Expected sequences, got an Arrow array of {len(column)} numbers. Pass "
            "[X] if it is one univariate sequence."
        )
    is_time = pa.types.is_timestamp(arrow_type) or pa.types.is_date(arrow_type)
    if (
        is_number(arrow_type)
        or (_is_string(arrow_type) and depth < 2)
        or (is_time and depth == 1 and place.takes_times)
    ):
        return
    raise TypeError(
        f"{place.whole} holds {column.type}, expected lists of numbers, list<double> "
        "for example, of strings, or of time steps that are lists of numbers. Convert "
        "the values, or leave out what is neither."
    )


def _check_rows(column, place):
    if not len(column):
        refuse_empty()
    if column.null_count:
        i = column.is_null().index(True).as_py()
        raise ValueError(
            f"{place(i)} is null: a sequence needs at least one time step. Drop such "
            "rows: X.dropna() in pandas, X.drop_nulls() in polars, X.drop_null() in "
            "pyarrow."
        )


def _count_features(steps, lengths, place):
    """Number of values that each time step holds, which must be one number."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_fixed_size_list(steps.type):
        n_features = steps.type.list_size
    else:
        widths = pc.list_value_length(steps)
        observed = widths.drop_null()
        # Where every step is null, their missing values count as one feature.
        n_features = observed[0].as_py() if len(observed) else 1
        differs = pc.not_equal(widths, n_features).index(True).as_py()
        if differs >= 0:
            i, step = locate(differs, lengths)
            raise ValueError(
                f"{place(i)} has {widths[differs]} features at time step {step}, "
                f"expected {n_features} as before. Give every time step all features, "
                "null where a value is missing."
            )
    if not n_features:
        raise ValueError(
            f"{place(0)} has no features. Give each time step at least one feature."
        )
    return n_features


def _read_values(values):
    """Read the values of all time steps; numbers as one column."""
    import pyarrow as pa

    if _is_string(values.type):
        return Part("string", _factorize(values))
    if pa.types.is_timestamp(values.type) or pa.types.is_date(values.type):
        # numpy knows no zones: what it gets is the time of day in Greenwich.
        times = values.cast(pa.timestamp("us"), safe=False)
        return Part("datetime", times.to_numpy().astype("M8[us]"))
    kind = "bool" if pa.types.is_boolean(values.type) else "numeric"
    return Part(kind, _numbers(values)[:, None])


def _factorize(values):
    """Turn Arrow's strings into codes; null is missing."""
    # Through plain strings: a dictionary of X may hold what no step does.
    encoded = _as_plain(values).dictionary_encode().combine_chunks()
    found = encoded.dictionary.to_pylist()
    order = sorted(range(len(found)), key=found.__getitem__)
    # The last one is for -1.
    rank = np.full(len(found) + 1, -1, dtype=np.int32)
    rank[order] = np.arange(len(found), dtype=np.int32)
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return CategoricalFeature(rank[codes], as_objects([found[i] for i in order]))


def _numbers(values):
    """Read numbers as an array, nulls as NaN."""
    import pyarrow as pa

    is_floating = pa.types.is_floating(values.type)
    is_other = pa.types.is_null(values.type) or pa.types.is_decimal(values.type)
    if is_other or (values.null_count and not is_floating):
        values = values.cast(pa.float64(), safe=False)
    parts = [
        chunk.to_numpy(zero_copy_only=False) for chunk in values.chunks if len(chunk)
    ]
    if not parts:  # every time step is null
        return np.empty(0)
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _with_missing_steps(values, steps):
    """Put a row of NaN where a time step is null."""
    if not steps.null_count:
        return values
    dtype = values.dtype if values.dtype.kind == "f" else np.float64
    everything = np.full((len(steps), values.shape[1]), np.nan, dtype=dtype)
    everything[np.asarray(steps.is_valid())] = values
    return everything

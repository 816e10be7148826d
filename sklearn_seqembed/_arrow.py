"""Lists that lie in Arrow's memory, read where they lie.

pyarrow is imported only once X is known to hold Arrow data, or to offer it. Its views
in numpy are read-only, so nothing behind the door can write into X.
"""

import numpy as np


def arrow_column(X):
    """Take X as a column of Arrow's, if that is what it holds or offers.

    Parameters
    ----------
    X : object
        What the user passed.

    Returns
    -------
    column : pyarrow ChunkedArray or None
        X without a copy. None for frames, for other kinds of X, for a Series of
        anything but lists, and without pyarrow where X is not of pyarrow itself: numpy
        reads these.
    """
    if not _holds_arrow(X):
        return None
    try:
        import pyarrow as pa
    except ImportError:
        return None
    # pandas from 2 on has the method of the array, from 3 on that of the Series.
    source = X.array if _library(X) == "pandas" else X
    is_stream = hasattr(source, "__arrow_c_stream__")
    column = pa.chunked_array(source) if is_stream else pa.array(source)
    if isinstance(column, pa.Array):
        column = pa.chunked_array([column])
    if _library(X) in ("pandas", "polars") and not _is_list(column.type):
        return None
    return column


def read_lists(column):
    """Read each list as one sequence.

    Parameters
    ----------
    column : pyarrow ChunkedArray of n_samples lists
        Lists of numbers, or of time steps that are lists of n_features numbers. Lists
        may be large or of fixed size. A null among numbers or time steps is missing.

    Returns
    -------
    values : ndarray of shape (total_steps,) or (total_steps, n_features)
        A view of Arrow's buffer where that is one chunk without nulls (and of whole
        bytes: bools are not), else a copy.
    lengths : int64 ndarray of shape (n_samples,)
        Number of time steps of each sequence.

    Raises
    ------
    ValueError
        If there is no list, a list is null or empty, or time steps differ in their
        number of features.
    TypeError
        If the values are no numbers.
    """
    import pyarrow.compute as pc

    _check_type(column)
    _check_rows(column)
    lengths = pc.list_value_length(column).to_numpy().astype(np.int64)
    if not lengths.all():
        i = int(np.flatnonzero(lengths == 0)[0])
        raise ValueError(
            f"X[{i}] has no time steps. Drop empty sequences, or give each at least "
            "one time step."
        )
    steps = pc.list_flatten(column)
    if not _is_list(steps.type):
        return _numbers(steps), lengths
    n_features = _count_features(steps, lengths)
    # Flattening leaves null lists out.
    values = _numbers(pc.list_flatten(steps)).reshape(-1, n_features)
    return _with_missing_steps(values, steps), lengths


def is_large(column):
    """Whether the offsets of a column of lists have 64 bits."""
    import pyarrow as pa

    return pa.types.is_large_list(column.type)


def _library(X):
    return type(X).__module__.partition(".")[0]


def _holds_arrow(X):
    """Whether X is one column in Arrow's memory, by what can be seen from outside."""
    if hasattr(X, "columns"):  # frames and tables have readers of their own
        return False
    if _library(X) == "pandas":  # others than Arrow's would be converted
        return hasattr(getattr(X, "dtype", None), "pyarrow_dtype")
    return hasattr(X, "__arrow_c_array__") or hasattr(X, "__arrow_c_stream__")


def _is_list(arrow_type):
    import pyarrow as pa

    return (
        pa.types.is_list(arrow_type)
        or pa.types.is_large_list(arrow_type)
        or pa.types.is_fixed_size_list(arrow_type)
    )


def _check_type(column):
    """Refuse everything but numbers in one or two levels of lists."""
    import pyarrow as pa

    types = pa.types
    arrow_type, depth = column.type, 0
    while depth < 2 and _is_list(arrow_type):
        arrow_type, depth = arrow_type.value_type, depth + 1
    is_number = any(
        is_kind(arrow_type)
        for is_kind in (
            types.is_integer,
            types.is_floating,
            types.is_boolean,
            types.is_null,  # of lists in which everything is missing
        )
    )
    if is_number and depth:
        return
    if is_number:
        raise ValueError(
            f"Expected sequences, got an Arrow array of {len(column)} numbers. Pass "
            "[X] if it is one univariate sequence."
        )
    raise TypeError(
        f"X holds {column.type}, expected lists of numbers, list<double> for example, "
        "or lists of time steps that are lists of numbers. Convert the values, or "
        "leave out what is no number."
    )


def _check_rows(column):
    if not len(column):
        raise ValueError(
            "X is empty: it holds 0 sequences. Pass at least one sequence."
        )
    if column.null_count:
        i = column.is_null().index(True).as_py()
        raise ValueError(
            f"X[{i}] is null: a sequence needs at least one time step. Drop null rows, "
            "by X.drop_null() for example."
        )


def _count_features(steps, lengths):
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
            ends = np.cumsum(lengths)
            i = int(np.searchsorted(ends, differs, side="right"))
            raise ValueError(
                f"X[{i}] has {widths[differs]} features at time step "
                f"{differs - ends[i] + lengths[i]}, expected {n_features} as before. "
                "Give every time step all features, null where a value is missing."
            )
    if not n_features:
        raise ValueError(
            "X[0] has no features. Give each time step at least one feature."
        )
    return n_features


def _numbers(values):
    """Read numbers as an array, nulls as NaN."""
    import pyarrow as pa

    is_floating = pa.types.is_floating(values.type)
    if pa.types.is_null(values.type) or (values.null_count and not is_floating):
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

"""Arrays of three dimensions, and tables: equal lengths, one value a cell."""

import numbers

import numpy as np
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from sklearn_seqembed._data import sequences as sequences_module
from sklearn_seqembed._data.arrow import is_number
from sklearn_seqembed._data.container import Container
from sklearn_seqembed._data.lists import refuse_kind
from sklearn_seqembed._data.messages import NOT_OBSERVED, Place
from sklearn_seqembed._data.parsed import Reading, contiguous
from sklearn_seqembed._data.values import Part, is_missing, read_values


def read_table(X, estimator, reset):
    """Rows are univariate sequences, columns their time steps (scikit-learn's X).

    Parameters
    ----------
    X : array or frame of shape (n_samples, n_timesteps)
        Numbers, or strings in an array.
    estimator : estimator
        Its number and names of features are set or compared.
    reset : bool
        Which of both.

    Returns
    -------
    reading : Reading
        One feature.
    """
    library = frame_library(X)
    _refuse_other_kinds(X, library)
    names = X.column_names if library == "pyarrow" else getattr(X, "columns", ())
    columns = list(names) if library else None
    index = X.index if library == "pandas" else None
    is_table = reset or estimator._container.is_table
    has_strings = library is None and _holds_strings(X)
    options = {"dtype": "numeric", "ensure_all_finite": False}
    try:
        # Fitted on a list or a 3-D array, one feature with any number of steps is fine.
        if is_table and has_strings:
            validate_data(estimator, X, reset=reset, skip_check_array=True)
        elif is_table:
            X = validate_data(estimator, X, reset=reset, **options)
        elif not has_strings:
            X = check_array(X, estimator=estimator, **options)
    except ValueError as exc:
        if "features, but" not in str(exc):
            raise
        raise ValueError(
            f"{str(exc).rstrip('.')}. Fitted on a 2-D X, each of its columns is a time "
            "step. To pass sequences of other lengths, give a list of 1-D arrays: "
            "list(numpy.asarray(X))."
        ) from exc
    if X.dtype.kind == "O" and not has_strings:
        raise TypeError(
            "X holds values of object, expected numbers. Convert them, or leave out "
            "the columns that hold something else."
        )
    refuse_kind(X, "X")
    n_samples, n_steps = X.shape
    lengths = np.full(n_samples, n_steps)
    if has_strings:
        part = read_values(X.ravel().tolist(), lengths, Place())
    else:
        kind = "bool" if X.dtype.kind == "b" else "numeric"
        part = Part(kind, np.ascontiguousarray(X).reshape(-1, 1))
    container = Container(
        library or "2d", floating(X.dtype), columns=columns, index=index
    )
    return contiguous([part], lengths, container)


def read_3d(X):
    """Equal lengths, but steps at the end that are wholly missing are padding.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_timesteps, n_features)
        Numbers, strings, or objects of both.

    Returns
    -------
    reading : Reading
        Views of X where it holds numbers.
    """
    refuse_kind(X, "X")
    n_samples, n_steps, n_features = X.shape
    for axis, size in enumerate(X.shape):
        if size == 0:
            what = ("sequences", "time steps", "features")[axis]
            raise ValueError(
                f"X is empty: its shape {X.shape} holds 0 {what} (axis {axis}). "
                "Pass at least one."
            )
    lengths = np.full(n_samples, n_steps)
    rows = np.ascontiguousarray(X).reshape(-1, n_features)
    parts = [Part("bool" if X.dtype.kind == "b" else "numeric", rows)]
    if X.dtype.kind in "OUT":
        parts = [
            read_values(rows[:, i].tolist(), lengths, Place(), i)
            for i in range(n_features)
        ]
    if all(part.kind == "numeric" for part in parts) and X.dtype.kind == "O":
        parts = [Part("numeric", rows.astype(np.float64))]
    for part in parts:
        shape = n_samples, n_steps, -1
        found = _lengths_3d(_observable(part).reshape(shape))
        lengths = np.maximum(lengths if part is not parts[0] else 0, found)
    if not lengths.all():
        i = int(np.flatnonzero(lengths == 0)[0])
        raise ValueError(NOT_OBSERVED.format(name=f"X[{i}]"))
    container = Container("3d", floating(X.dtype), n_steps=n_steps)
    return Reading(parts, np.arange(n_samples) * n_steps, lengths, container)


def _observable(part):
    """Give values that are NaN where they are missing."""
    if part.kind != "string":
        return part.values
    return np.where(part.values.codes < 0, np.float32(np.nan), np.float32(0))


def _lengths_3d(X):
    """Count the steps of each sequence up to the last that is observed."""
    n_samples, n_steps, n_features = X.shape
    lengths = np.full(n_samples, n_steps)
    if X.dtype.kind != "f":
        return lengths
    # Only sequences whose last step is missing may be padded.
    padded = np.flatnonzero(np.isnan(X[:, -1]).all(axis=1))
    size = max(1, sequences_module.CHUNK_VALUES // (n_steps * n_features))
    for start in range(0, len(padded), size):
        rows = padded[start : start + size]
        observed = ~np.isnan(X[rows]).all(axis=2)
        lengths[rows] = np.where(
            observed.any(axis=1), n_steps - observed[:, ::-1].argmax(axis=1), 0
        )
    return lengths


def floating(dtype):
    """Dtype of results: X's own where it is floating, else float64."""
    return dtype if dtype.kind == "f" else np.dtype(np.float64)


def frame_library(X):
    """Name the library of a frame, None for anything else."""
    library = type(X).__module__.partition(".")[0]
    is_frame = hasattr(X, "shape") and hasattr(X, "columns")  # a lazy one has no shape
    return library if is_frame and library in ("pandas", "polars", "pyarrow") else None


def refuse_1d(what):
    """Refuse numbers that are not in sequences."""
    raise ValueError(
        f"Expected sequences, got {what}. Reshape your data: [X] or X.reshape(1, -1) "
        "if it is one univariate sequence, X.reshape(-1, 1) if each value is a "
        "sequence of one step."
    )


def _holds_strings(X):
    if not isinstance(X, np.ndarray) or X.dtype.kind not in "OUT":
        return False
    return X.dtype.kind != "O" or any(isinstance(value, str) for value in X.flat)


def _refuse_other_kinds(X, library):
    """Refuse what scikit-learn would convert, or refuse in words of its own."""
    is_array_like = any(
        hasattr(X, name) for name in ("shape", "__array__", "__dataframe__")
    )
    if not is_array_like or isinstance(X, (str, bytes)):
        way_out = ""
        if isinstance(X, str):
            way_out = " One string is one sequence of characters: [X]."
        elif hasattr(X, "collect"):
            way_out = " Call X.collect() first."
        raise TypeError(
            f"X is a {type(X).__name__}, expected sequences: a list of arrays, of "
            f"strings or of lists, an array, or a frame.{way_out}"
        )
    if isinstance(X, np.ndarray) and X.dtype.kind in "SMmV":
        refuse_kind(X, "X")
    n_dimensions = getattr(X, "ndim", 2)
    if n_dimensions == 0 and _holds_strings(X):
        refuse_1d("a single string")
    if n_dimensions == 1:
        refuse_1d(f"a 1-D array of shape {X.shape}")
    if n_dimensions > 3:
        raise ValueError(
            f"X has {n_dimensions} dimensions, expected at most 3: (n_samples, "
            "n_timesteps, n_features)."
        )
    shape = getattr(X, "shape", ())
    if 0 in shape:
        what = "feature(s)" if shape[0] else "sample(s)"
        raise ValueError(
            f"X is empty: 0 {what} (shape={shape}) while a minimum of 1 is required. "
            "Pass at least one sequence of at least one time step."
        )
    _refuse_cells(X, library)


def _refuse_cells(X, library):
    """Refuse what numpy would convert, and cells that hold sequences."""
    for name, dtype, cells in _columns_of_others(X, library):
        found = f"Column {name!r} of X holds values of {dtype}, expected numbers."
        if any(word in str(dtype).lower() for word in ("date", "time", "durat")):
            raise TypeError(
                f"{found} Convert it, to seconds since the first step for example, or "
                "leave it out."
            )
        if library == "pyarrow" and "list" in str(dtype):
            raise TypeError(
                f"{found} Make plain lists of it, which are sequences, by "
                "pyarrow.array(column.to_pylist()), or leave it out."
            )
        if str(dtype) == "category":
            raise TypeError(
                f"{found} Convert it to numbers, or pass lists of the categories of "
                "all time steps, one a row."
            )
        for i, cell in enumerate(cells):
            _refuse_cell(cell, f"Column {name!r} of X, row {i},", library)


def _columns_of_others(X, library):
    """Yield name, dtype and cells of columns whose dtype is not that of numbers."""
    if library == "pandas":
        for name, column in X.select_dtypes(exclude=["number", "bool"]).items():
            yield name, column.dtype, column
    elif library == "polars":
        for column in X:
            if not column.dtype.is_numeric():
                yield column.name, column.dtype, column
    elif library == "pyarrow":
        for name, column in zip(X.column_names, X.columns, strict=True):
            if not is_number(column.type):
                yield name, column.type, column.to_pylist()
    elif isinstance(X, np.ndarray) and X.dtype == object:
        for name, column in enumerate(X.T):
            yield name, column.dtype, column


def _refuse_cell(cell, name, library):
    """Refuse a cell of a table that is no number, but for strings in an array."""
    if isinstance(cell, str) and not library:
        return
    if isinstance(cell, (str, bytes)):
        raise TypeError(
            f"{name} holds a string, expected a number. Convert that column, or leave "
            "it out."
        )
    if np.ndim(cell):
        raise TypeError(
            f"{name} holds a sequence ({type(cell).__name__}), but each column must "
            "hold numbers, one a time step. Pass a list with one array of shape "
            "(n_timesteps, n_features) a row."
        )
    if not isinstance(cell, (numbers.Number, np.generic)) and not is_missing(cell):
        raise TypeError(
            f"{name} holds a value of type {type(cell).__name__}, but each value of "
            "this argument must be a string, in an array of tokens, or a number. "
            "Convert that column, or leave it out."
        )

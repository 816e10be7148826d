"""From what a user passes as X to `Sequences`.

`check_sequences` is the door: everything that is refused is refused here, and every
later room trusts what it gets. The way back is `_containers.py`.
"""

import copy
import numbers

import numpy as np
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from sklearn_seqembed import _blocks
from sklearn_seqembed._arrow import arrow_column, is_large, read_lists
from sklearn_seqembed._blocks import Sequences
from sklearn_seqembed._containers import Container


def check_sequences(X, *, estimator, reset):
    """Read X as sequences, or refuse it.

    Sets `n_features_in_` and, for a frame, `feature_names_in_` of the estimator where
    `reset`; elsewhere X is compared with them.

    Parameters
    ----------
    X : list, tuple, array, tensor, frame or Arrow array
        The sequences, in any of the forms listed in the user guide. It is not changed.
    estimator : estimator
        Its name stands in messages, its fitted attributes are set or compared.
    reset : bool
        Whether this X settles the number and names of features.

    Returns
    -------
    sequences : Sequences
        Views of X's own values where it is an array or lies in Arrow's memory, one copy
        where it is a list.
    container : Container
        The kind that X was.

    Raises
    ------
    ValueError
        If X is empty, a sequence has no time step or no observed value, a value is
        infinite, or the number of features differs within X or from fit.
    TypeError
        If X or a sequence is of another kind, strings for example.
    """
    # What is set is set on a copy: an X that is refused leaves the estimator as it was.
    probe = copy.copy(estimator)
    column = arrow_column(X)
    X = _as_array(X) if column is None else X
    if isinstance(X, (list, tuple)):
        X = _list_to_table(X)
    is_object_list = isinstance(X, np.ndarray) and X.ndim == 1 and X.dtype == object
    if column is not None:
        sequences, container = _from_arrow(column, X)
    elif isinstance(X, (list, tuple)) or is_object_list:
        sequences, container = _from_list(X)
    elif getattr(X, "ndim", 2) == 3:
        sequences, container = _from_3d(np.asarray(X))
    else:
        sequences, container = _from_table(X, probe, reset)
    if reset and not container.is_table:
        probe.n_features_in_ = sequences.n_features
        # A frame of an earlier fit leaves its names behind.
        vars(probe).pop("feature_names_in_", None)
    if not reset:
        _check_same_features(sequences, estimator, container)
    _check_values(sequences)
    if reset:
        estimator.is_categorical_ = np.zeros(
            1 if container.is_table else sequences.n_features, bool
        )
        for name in ("n_features_in_", "feature_names_in_"):
            vars(estimator).pop(name, None)
            if name in vars(probe):
                setattr(estimator, name, getattr(probe, name))
    return sequences, container


def _as_array(X):
    """Tensors become arrays that share their memory; so do Series, masks become NaN."""
    if hasattr(X, "detach") and hasattr(X, "cpu"):
        X = X.detach().cpu()
        # numpy has no bfloat16.
        return X.float().numpy() if "bfloat16" in str(X.dtype) else X.numpy()
    if isinstance(X, np.ma.MaskedArray):
        return X.astype(_floating(X.dtype)).filled(np.nan)  # masked is missing
    is_series = hasattr(X, "to_numpy") and not hasattr(X, "columns")
    # Not to_numpy: an Arrow array's refuses nulls.
    return np.asarray(X) if is_series else X


def _list_to_table(X):
    """Lists of numbers of equal lengths become a 2-D array, other lists stay."""
    if not len(X):
        raise ValueError(
            "X is empty: it holds 0 sequences. Pass at least one sequence."
        )
    if all(isinstance(item, numbers.Number) for item in X):
        _refuse_1d(f"a list of {len(X)} numbers")
    if all(isinstance(item, (list, tuple)) for item in X):
        n_steps = {len(item) for item in X}
        is_flat = all(np.ndim(value) == 0 for value in X[0])
        if len(n_steps) == 1 and 0 not in n_steps and is_flat:
            return _numbers(X, "X")
    return X


def _from_table(X, estimator, reset):
    """Rows are univariate sequences, columns their time steps (scikit-learn's X)."""
    library = _frame_library(X)
    _refuse_other_kinds(X, library)
    columns = list(X.columns) if library else None
    index = X.index if library == "pandas" else None
    options = {"dtype": "numeric", "ensure_all_finite": False}
    try:
        # Fitted on a list or a 3-D array, one feature with any number of steps is fine.
        if reset or estimator._container.is_table:
            X = validate_data(estimator, X, reset=reset, **options)
        else:
            X = check_array(X, estimator=estimator, **options)
    except ValueError as exc:
        if "features, but" not in str(exc):
            raise
        raise ValueError(
            f"{str(exc).rstrip('.')}. Fitted on a 2-D X, each of its columns is a time "
            "step. To pass sequences of other lengths, give a list of 1-D arrays: "
            "list(numpy.asarray(X))."
        ) from exc
    _refuse_kind(X, "X")
    n_samples, n_steps = X.shape
    block = np.ascontiguousarray(X).reshape(-1, 1)
    offsets = np.arange(n_samples + 1) * n_steps
    return Sequences.from_offsets((block,), offsets), Container(
        library or "2d", _floating(X.dtype), columns=columns, index=index
    )


def _refuse_other_kinds(X, library):
    """Refuse what scikit-learn would convert, or refuse in words of its own."""
    is_array_like = any(
        hasattr(X, name) for name in ("shape", "__array__", "__dataframe__")
    )
    if not is_array_like or isinstance(X, (str, bytes)):
        raise TypeError(
            f"X is a {type(X).__name__}, expected sequences: a list of arrays, an "
            "array, or a frame of numbers."
        )
    if isinstance(X, np.ndarray) and X.dtype.kind in "USTMmV":
        _refuse_kind(X, "X")
    n_dimensions = getattr(X, "ndim", 2)
    if n_dimensions == 1:
        _refuse_1d(f"a 1-D array of shape {X.shape}")
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


def _refuse_1d(what):
    raise ValueError(
        f"Expected sequences, got {what}. Reshape your data: [X] or X.reshape(1, -1) "
        "if it is one univariate sequence, X.reshape(-1, 1) if each value is a "
        "sequence of one step."
    )


def _from_3d(X):
    """Equal lengths, but steps at the end that are wholly NaN are padding."""
    X = _numbers(X, "X")
    n_samples, n_steps, n_features = X.shape
    for axis, size in enumerate(X.shape):
        if size == 0:
            what = ("sequences", "time steps", "features")[axis]
            raise ValueError(
                f"X is empty: its shape {X.shape} holds 0 {what} (axis {axis}). "
                "Pass at least one."
            )
    lengths = np.full(n_samples, n_steps)
    if X.dtype.kind == "f":
        # Only sequences whose last step is missing may be padded.
        padded = np.flatnonzero(np.isnan(X[:, -1]).all(axis=1))
        size = max(1, _blocks.CHUNK_VALUES // (n_steps * n_features))
        for start in range(0, len(padded), size):
            rows = padded[start : start + size]
            observed = ~np.isnan(X[rows]).all(axis=2)
            lengths[rows] = np.where(
                observed.any(axis=1), n_steps - observed[:, ::-1].argmax(axis=1), 0
            )
    if not lengths.all():
        i = int(np.flatnonzero(lengths == 0)[0])
        raise ValueError(_NOT_OBSERVED.format(i=i))
    block = np.ascontiguousarray(X).reshape(-1, n_features)
    sequences = Sequences((block,), np.arange(n_samples) * n_steps, lengths)
    return sequences, Container("3d", _floating(X.dtype), n_steps=n_steps)


def _from_list(X):
    """Join a list of arrays into one block."""
    if not len(X):
        raise ValueError(
            "X is empty: it holds 0 sequences. Pass at least one sequence."
        )
    arrays = [_sequence(item, i) for i, item in enumerate(X)]
    flat = all(array.ndim == 1 for array in arrays)
    arrays = [array[:, None] if array.ndim == 1 else array for array in arrays]
    lengths = np.fromiter((len(array) for array in arrays), np.int64, len(arrays))
    widths = np.fromiter((a.shape[1] for a in arrays), np.int64, len(arrays))
    if not (lengths.all() and widths.all()):
        i = int(np.flatnonzero((lengths == 0) | (widths == 0))[0])
        what, one = "time steps", "time step"
        if lengths[i]:
            what, one = "features", "feature (axis 1)"
        raise ValueError(
            f"X[{i}] has no {what}. Drop empty sequences, or give each at least one "
            f"{one}."
        )
    if np.ptp(widths):
        i = int(np.flatnonzero(widths != widths[0])[0])
        raise ValueError(
            f"X[{i}] has {widths[i]} features, but X[0] has {widths[0]}. All sequences "
            "must have the same number of features (axis 1)."
        )
    form = "object" if isinstance(X, np.ndarray) else "list"
    block = np.concatenate(arrays)
    container = Container(form, _floating(block.dtype), flat=flat)
    return Sequences((block,), np.cumsum(lengths) - lengths, lengths), container


def _from_arrow(column, X):
    """Take the lists of an Arrow array, or of the Series that holds one."""
    values, lengths = read_lists(column)
    library = type(X).__module__.partition(".")[0]
    container = Container(
        f"{library} series" if library in ("pandas", "polars") else "arrow",
        _floating(values.dtype),
        flat=values.ndim == 1,
        index=X.index if library == "pandas" else None,
        large=is_large(column),
    )
    block = values.reshape(len(values), -1)
    return Sequences((block,), np.cumsum(lengths) - lengths, lengths), container


def _sequence(item, i):
    """Read one sequence of a list as a 1-D or 2-D array of numbers."""
    if type(item) is np.ndarray and item.dtype.kind in "biuf" and 0 < item.ndim < 3:
        return item  # what most are: a list may hold a million of them
    array = _numbers(_as_array(item), f"X[{i}]")
    if array.ndim not in (1, 2):
        raise ValueError(
            f"X[{i}] has {array.ndim} dimensions (shape {array.shape}), expected "
            "(n_timesteps, n_features) or (n_timesteps,)."
        )
    return array


def _numbers(values, name):
    """Read an array-like of numbers, None and NaN; refuse everything else."""
    try:
        array = np.asarray(values)
    except ValueError as exc:
        raise ValueError(
            f"{name} is ragged within itself: its time steps differ in their number "
            f"of features ({exc}). Give every time step all features, NaN where a "
            "value is missing."
        ) from exc
    if array.dtype.kind in "biuf":
        return array
    if array.dtype.kind == "c":
        raise ValueError(
            f"Complex data not supported: {name} holds {array.dtype}. Pass real and "
            "imaginary part as two features."
        )
    if array.dtype.kind == "O" and not _holds_strings(array):
        try:
            return array.astype(np.float64)
        except (TypeError, ValueError) as exc:
            raise TypeError(
                f"{name} must hold numbers, NaN or None where missing ({exc})."
            ) from exc
    _refuse_kind(array, name)


def _refuse_kind(array, name):
    """Refuse an array of anything but numbers."""
    if array.dtype.kind in "biuf":
        return
    kind = "strings" if array.dtype.kind in "OUST" else f"values of {array.dtype}"
    raise TypeError(
        f"{name} holds {kind}, expected numbers. Convert them, or leave that feature "
        "out: only numeric features are read."
    )


def _holds_strings(array):
    return any(isinstance(value, (str, bytes)) for value in array.flat)


def _frame_library(X):
    """Name the library of a frame, None for anything else."""
    library = type(X).__module__.partition(".")[0]
    return (
        library if hasattr(X, "columns") and library in ("pandas", "polars") else None
    )


def _refuse_cells(X, library):
    """Refuse strings that numpy would convert, and cells that hold sequences."""
    if library == "pandas":
        columns = X.select_dtypes(exclude=["number", "bool"]).items()
    elif library == "polars":
        columns = ((c.name, c) for c in X if not c.dtype.is_numeric())
    elif isinstance(X, np.ndarray) and X.dtype == object:
        columns = enumerate(X.T)
    else:
        return
    for name, column in columns:
        if any(word in str(column.dtype).lower() for word in ("date", "time", "durat")):
            raise TypeError(
                f"Column {name!r} of X holds values of {column.dtype}, expected "
                "numbers. Convert it, to seconds since the first step for example, or "
                "leave it out."
            )
        for i, cell in enumerate(column):
            if isinstance(cell, (str, bytes)):
                raise TypeError(
                    f"Column {name!r} of X holds strings (row {i}), expected numbers. "
                    "Convert them, or leave that column out."
                )
            if np.ndim(cell):
                raise TypeError(
                    f"Column {name!r} of X holds sequences ({type(cell).__name__} in "
                    f"row {i}), but each column must hold numbers, one a time step. "
                    "Pass a list with one array of shape (n_timesteps, n_features) a "
                    "row."
                )


def _floating(dtype):
    """Dtype of results: X's own where it is floating, else float64."""
    return dtype if dtype.kind == "f" else np.dtype(np.float64)


_NOT_OBSERVED = (
    "X[{i}] has no observed value: all of it is NaN. Drop this sequence, or give it at "
    "least one number."
)


def _check_same_features(sequences, estimator, container):
    expected = 1 if estimator._container.is_table else estimator.n_features_in_
    if sequences.n_features != expected:
        way_out = ""
        if container.is_table:
            way_out = (
                f" A 2-D X is read as {len(sequences)} univariate sequences: pass [X] "
                "if it is one sequence, a 3-D array for several."
            )
        raise ValueError(
            f"X has {sequences.n_features} features, but {type(estimator).__name__} "
            f"is expecting {expected} features as input: the number of columns of "
            f"each sequence (axis 1) must be that of fit.{way_out}"
        )


def _check_values(sequences):
    """Refuse infinite values, and sequences in which everything is missing."""
    if all(block.dtype.kind != "f" for block in sequences.blocks):
        return
    position = 0  # time steps before this chunk, counted over the sequences
    empty = np.zeros(len(sequences), dtype=np.int64)  # steps without a value
    ends = np.cumsum(sequences.lengths)
    for chunk in sequences.iter_chunks():
        # A sum is finite only if all values are, and far quicker than looking at each.
        # Halves would overflow.
        dtype = np.float32 if chunk.dtype == np.float16 else None
        with np.errstate(invalid="ignore", over="ignore"):
            suspicious = not np.isfinite(chunk.sum(dtype=dtype))
        if suspicious:
            if np.isinf(chunk).any():
                row, feature = np.argwhere(np.isinf(chunk))[0]
                _refuse_infinite(ends, position + row, feature)
            rows = np.flatnonzero(np.isnan(chunk).all(axis=1))
            owners = np.searchsorted(ends, position + rows, side="right")
            empty += np.bincount(owners, minlength=len(sequences))
        position += len(chunk)
    if (empty == sequences.lengths).any():
        i = int(np.flatnonzero(empty == sequences.lengths)[0])
        raise ValueError(_NOT_OBSERVED.format(i=i))


def _refuse_infinite(ends, row, feature):
    i = int(np.searchsorted(ends, row, side="right"))
    step = int(row - (ends[i - 1] if i else 0))
    raise ValueError(
        f"X[{i}] is infinite at time step {step}, feature {feature}. Replace it by NaN "
        "to have it treated as missing."
    )

"""From what a user passes as X to `Sequences`.

`check_sequences` is the door: everything that is refused is refused here, or in the
readers that it calls, and every later room trusts what it gets. The way back is
`_data/container.py`.
"""

import copy
import numbers
from dataclasses import replace
from itertools import chain

import numpy as np
from sklearn.utils.validation import validate_data

from sklearn_seqembed._data.arrays import floating, read_3d, read_table, refuse_1d
from sklearn_seqembed._data.arrow import arrow_data, is_list, read_column
from sklearn_seqembed._data.container import Cell, Container
from sklearn_seqembed._data.feature_kinds import (
    is_categorical,
    kinds_of,
    listed_features,
    settle,
)
from sklearn_seqembed._data.frames import is_frame_of_sequences, read_frame
from sklearn_seqembed._data.lists import as_array, read_items
from sklearn_seqembed._data.messages import Place, refuse_empty
from sklearn_seqembed._data.observed import check_values
from sklearn_seqembed._data.parsed import contiguous
from sklearn_seqembed._data.sequences import Sequences

_SET_AT_FIT = ("n_features_in_", "feature_names_in_", "is_categorical_")


def check_sequences(X, *, estimator, reset):
    """Read X as sequences, or refuse it.

    Sets `n_features_in_`, `is_categorical_` and, for a frame, `feature_names_in_` of
    the estimator where `reset`; elsewhere X is compared with them, and its features
    are what they were in fit.

    Parameters
    ----------
    X : list, tuple, array, tensor, frame or Arrow array
        The sequences, in any of the forms listed in the user guide. It is not changed.
    estimator : estimator
        Its name stands in messages, its `categorical_features` is read, its fitted
        attributes are set or compared.
    reset : bool
        Whether this X settles the number, names and kinds of features.

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
        If X, a sequence or a feature is of another kind than is read, or than in fit.
    """
    # What is set is set on a copy: an X that is refused leaves the estimator as it was.
    probe = copy.copy(estimator)
    reading = _read(X, probe, reset)
    _compare_names(reading, probe, reset)
    is_listed = None
    if reset:
        is_listed = listed_features(
            estimator.categorical_features,
            reading.parts,
            reading.names,
            reading.container.is_table,
        )
        kinds = kinds_of(reading.parts, is_listed)
        probe.is_categorical_ = is_categorical(kinds)
    else:
        _check_same_features(reading, estimator)
        kinds = estimator._container.kinds
    blocks, categories = settle(reading, kinds, is_listed)
    sequences = Sequences(blocks, reading.starts, reading.lengths, categories)
    check_values(sequences, kinds, reading.names)
    if reset:
        for name in _SET_AT_FIT:
            vars(estimator).pop(name, None)
            if name in vars(probe):
                setattr(estimator, name, getattr(probe, name))
    return sequences, replace(reading.container, kinds=kinds)


def _read(X, estimator, reset):
    """Call the reader for the kind that X is."""
    data = arrow_data(X)
    frame = X if data is None else data
    if is_frame_of_sequences(frame):
        return read_frame(frame)
    if data is not None and not hasattr(data, "columns"):
        return _read_arrow(data, X)
    X = frame if data is not None else _as_array_of_sequences(X)
    if isinstance(X, (list, tuple)):
        X = _list_to_table(X)
    if isinstance(X, (list, tuple)) or _is_1d_of_sequences(X):
        return _read_list(X)
    if getattr(X, "ndim", 2) == 3:
        return read_3d(np.asarray(X))
    return read_table(X, estimator, reset)


def _read_arrow(column, X):
    """Take the lists or strings of an Arrow array, or of the Series that holds one."""
    part, lengths = read_column(column, Place())
    library = type(X).__module__.partition(".")[0]
    is_series = library in ("pandas", "polars")
    dtype = np.dtype(np.float64)
    if part.kind != "string":
        dtype = floating(part.values.dtype)
    form = "arrow" if is_list(column.type) else "string"
    is_pandas_string = library == "pandas" and form == "string"
    container = Container(
        f"{library} series" if is_series else "arrow",
        dtype,
        cells=(Cell(form, dtype, X.dtype if is_pandas_string else column.type),),
        index=X.index if library == "pandas" else None,
    )
    return contiguous([part], lengths, container)


def _as_array_of_sequences(X):
    """Tensors and Series become arrays, but for a Series of sequences."""
    return X if _is_series_of_objects(X) else as_array(X)


def _is_series_of_objects(X):
    """Whether X is a pandas Series of strings or other objects."""
    if type(X).__module__.partition(".")[0] != "pandas" or hasattr(X, "columns"):
        return False
    is_series = hasattr(X, "index") and hasattr(X, "iloc")
    if not is_series or not len(X):
        return False
    return X.dtype == object or isinstance(X.iloc[0], str)


def _is_1d_of_sequences(X):
    """Whether X is an array of objects or strings, or a Series of such."""
    if isinstance(X, np.ndarray):
        return X.ndim == 1 and X.dtype.kind in "OUT"
    return _is_series_of_objects(X)


def _read_list(X):
    """Read a list, or what is like one, item by item."""
    if not len(X):
        refuse_empty()
    is_series = _is_series_of_objects(X)
    items = X.astype(object).tolist() if is_series else X
    if isinstance(X, np.ndarray):
        items = X.tolist() if X.dtype.kind in "UT" else list(X)
    parts, lengths, cell = read_items(items, Place())
    dtype = np.dtype(np.float64)
    if len(parts) == 1 and parts[0].kind != "string":
        dtype = floating(parts[0].values.dtype)
    form = "list" if isinstance(X, (list, tuple)) else "object"
    container = Container(form, dtype, cells=(Cell(cell, dtype),))
    if is_series:
        cells = (Cell(cell, dtype, X.dtype),)
        container = replace(container, form="pandas series", cells=cells, index=X.index)
    return contiguous(parts, lengths, container)


def _list_to_table(X):
    """Lists of numbers of equal lengths become a 2-D array, other lists stay."""
    if not len(X):
        refuse_empty()
    if all(isinstance(item, numbers.Number) for item in X):
        refuse_1d(f"a list of {len(X)} numbers")
    if not all(isinstance(item, (list, tuple)) for item in X):
        return X
    n_steps = {len(item) for item in X}
    if len(n_steps) > 1 or 0 in n_steps or not _is_number(X[0][0]):
        return X
    try:
        array = np.asarray(X)
    except ValueError:  # lists within the lists, of several lengths
        return X
    if array.ndim > 2 or array.dtype.kind not in "iufO":
        return X  # bools are categories, unless numbers stand beside them
    if array.dtype.kind != "O":
        return array
    types = set(map(type, chain.from_iterable(X))) - {type(None)}
    is_bool = types <= {bool, np.bool_}
    if is_bool or not all(map(_is_number_type, types)):
        return X
    return array.astype(np.float64)


def _is_number(value):
    return value is None or _is_number_type(type(value))


def _is_number_type(t):
    return issubclass(t, (numbers.Real, np.bool_))


def _compare_names(reading, estimator, reset):
    """Set or compare names of features, in scikit-learn's words."""
    if reading.container.is_table:
        return  # its reader has done so
    fitted = None if reset else estimator._container
    if reset and reading.frame is None:
        estimator.n_features_in_ = reading.n_features
        # A frame of an earlier fit leaves its names behind.
        vars(estimator).pop("feature_names_in_", None)
        return
    if reset or (reading.frame is not None and not fitted.is_table):
        validate_data(estimator, reading.frame, reset=reset, skip_check_array=True)


def _check_same_features(reading, estimator):
    expected = len(estimator._container.kinds)
    if reading.n_features != expected:
        way_out = ""
        if reading.container.is_table:
            way_out = (
                f" A 2-D X is read as {len(reading.lengths)} univariate sequences: "
                "pass [X] if it is one sequence, a 3-D array for several."
            )
        raise ValueError(
            f"X has {reading.n_features} features, but {type(estimator).__name__} "
            f"is expecting {expected} features as input: the number of columns of "
            f"each sequence (axis 1) must be that of fit.{way_out}"
        )
    is_frame_of_fit = estimator._container.is_frame
    if is_frame_of_fit and reading.frame is None:
        # Features without names: that scikit-learn warns, where fit saw some.
        stand_in = np.empty((1, expected))
        validate_data(estimator, stand_in, reset=False, skip_check_array=True)

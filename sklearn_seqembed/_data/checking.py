"""Validation of X and y, and their conversion to `Sequences`.

All errors about the user's data are raised here or in the readers that are called from
here, so that later code can rely on its input. `parse_sequences` chooses the reader; a
`Schema` is used to return results in the user's container.
"""

from dataclasses import replace

import numpy as np

from sklearn_seqembed._data.arrays import ArrayContainer, as_array, is_foreign_array
from sklearn_seqembed._data.arrow import ArrowContainer, export_arrow
from sklearn_seqembed._data.code_lines import transpose_line
from sklearn_seqembed._data.data_arrays import (
    align_with_fit,
    is_data_array,
    list_dimensions,
    list_labels,
)
from sklearn_seqembed._data.feature_kinds import (
    choose_kinds,
    convert_features,
    list_categorical,
)
from sklearn_seqembed._data.foreign import convert_foreign
from sklearn_seqembed._data.frames import FrameContainer, has_cells_of_sequences
from sklearn_seqembed._data.levels import (
    refuse_column_levels,
    refuse_row_levels,
    refuse_stacked_series,
)
from sklearn_seqembed._data.lists import ListContainer, is_series_of_objects
from sklearn_seqembed._data.messages import NOT_OBSERVED, Locator, count, name_feature
from sklearn_seqembed._data.native_frames import frame_library
from sklearn_seqembed._data.readings import warn_about_reading
from sklearn_seqembed._data.schema import Schema
from sklearn_seqembed._data.sequences import Sequences
from sklearn_seqembed._data.tables import NumberFrameContainer, TableContainer
from sklearn_seqembed._data.texts import list_forms, refuse_other_forms

# Larger numbers have squares that float64 cannot represent, so they have no variance.
LARGEST = np.float64(1e150)


def check_sequences(
    X,
    name="X",
    *,
    categorical_features="from_dtype",
    schema=None,
    estimator_name=None,
):
    """Read and validate sequences.

    Parameters
    ----------
    X : list, tuple, array, tensor, frame, pandas groupby or Arrow array
        The sequences, in any of the forms listed in the guide. They are not
        changed.
    name : str, default="X"
        Name of X in error messages.
    categorical_features : "from_dtype", None or array-like, default="from_dtype"
        Which features are categories; ignored if there is a schema.
    schema : Schema, default=None
        Schema from fit, with which X is compared. With None, X determines the number
        and the kinds of features.
    estimator_name : str, default=None
        Name of the estimator in error messages.

    Returns
    -------
    sequences : Sequences
        The values are views of X if it is an array or Arrow data, and are copied once
        if it is a list.
    schema : Schema
        Container and features of X.

    Raises
    ------
    ValueError
        If X is empty, a sequence has no time step or no observed value, a value is
        infinite, or the number of features differs within X or from fit.
    TypeError
        If the type of X, of a sequence or of a feature is not supported, or differs
        from fit.
    """
    dims = None if schema is None else schema.container.dims
    parsed = parse_sequences(X, name, estimator_name=estimator_name, dims=dims)
    return validate_parsed(
        parsed,
        categorical_features=categorical_features,
        schema=schema,
        estimator_name=estimator_name,
    )


def refuse_row_of_frame(X, schema, name="X"):
    """Raise an error for one row of a pandas frame of sequences, which is a Series.

    Its cells, the features of one sequence, would be read as several sequences.

    Parameters
    ----------
    X : object
        What the user passed.
    schema : Schema
        Schema from fit.
    name : str, default="X"
        Name of X in the message.
    """
    names = schema.feature_names
    if names is None or not schema.container.is_frame or not hasattr(X, "iloc"):
        return
    if X.ndim == 1 and tuple(X.index) == tuple(names) and len(names) > 1:
        raise ValueError(
            f"{name} is a Series whose index holds the columns of the frame in fit, "
            f"{list(names)}, so it seems to be one row of a frame of sequences. Select "
            "it as a frame, with a list: X.iloc[[0]] instead of X.iloc[0]."
        )


def parse_sequences(X, name="X", *, estimator_name=None, allow_empty=False, dims=None):
    """Read sequences with the reader of their container, without validating them.

    Parameters
    ----------
    X, name, estimator_name
        As in :func:`check_sequences`.
    allow_empty : bool, default=False
        Whether a sequence may have no time steps.
    dims : tuple, default=None
        Names of the axes in fit, the order of which those of DataArrays get.

    Returns
    -------
    parsed : ParsedSequences
        The values, and the container.
    """
    locator = Locator(name, allow_empty=allow_empty, source=X)
    X = align_with_fit(X, dims)
    parsed = _read(X, locator, estimator_name)
    container = replace(parsed.container, dims=list_dimensions(X))
    return parsed._replace(container=container)


def _read(X, locator, estimator_name):
    """Read sequences with the reader of their container."""
    name = locator.argument
    labels = list_labels(X) if is_data_array(X) else None
    X = convert_foreign(X, name)
    if isinstance(X, (list, tuple)):
        return ListContainer.read(X, locator)
    if is_foreign_array(X):
        X = np.asarray(X)
    if frame_library(X) is None:
        data = export_arrow(X)
        if data is not None and frame_library(data) is None:
            return ArrowContainer.read(data, X, locator)
        X = X if data is None else data
    if frame_library(X) is not None:
        has_cells = has_cells_of_sequences(X, locator)
        refuse_column_levels(X, name, has_cells)
        if has_cells:
            return FrameContainer.read(X, locator)
        refuse_row_levels(X, name)
        return NumberFrameContainer.read(X, locator, estimator_name)
    refuse_stacked_series(X, name)
    if is_series_of_objects(X):
        return ListContainer.read(X, locator)
    X = as_array(X)
    if isinstance(X, np.ndarray):
        X = np.asarray(X)  # of no subclass, such as numpy.matrix
    if isinstance(X, np.ndarray) and X.ndim == 1 and X.dtype.kind in "OUT":
        return ListContainer.read(X, locator)
    if getattr(X, "ndim", 2) == 3:
        return ArrayContainer.read(np.asarray(X), locator, labels)
    return TableContainer.read(X, locator, estimator_name)


def validate_parsed(
    parsed, *, categorical_features="from_dtype", schema=None, estimator_name=None
):
    """Validate what `parse_sequences` returned, as `check_sequences` does.

    Parameters
    ----------
    parsed : ParsedSequences
        The sequences.
    categorical_features, schema, estimator_name
        As in :func:`check_sequences`.

    Returns
    -------
    sequences : Sequences
        The sequences.
    schema : Schema
        Their container and features.
    """
    if schema is None:
        warn_about_reading(parsed)
        is_listed = list_categorical(categorical_features, parsed)
        kinds = choose_kinds(parsed.blocks, is_listed)
    else:
        parsed = match_features(parsed, schema.container.item_names, "fit")
        refuse_other_forms(parsed, schema.texts, "fit")
        _compare_with_fit(parsed, schema, estimator_name or "the estimator")
        is_listed, kinds = None, schema.kinds
    blocks, categorical, origins = convert_features(parsed, kinds, is_listed)
    sequences = Sequences(blocks, parsed.starts, parsed.lengths, categorical)
    found = Schema(parsed.container, kinds, origins, list_forms(parsed))
    _check_values(sequences, found, parsed.locator.argument)
    return sequences, found


def match_features(parsed, names, origin):
    """Match the features of a list of frames or dicts with others by their names.

    Parameters
    ----------
    parsed : ParsedSequences
        The sequences.
    names : tuple or None
        Names of the expected features, or None if they have no names.
    origin : str
        Where the names come from, for error messages.

    Returns
    -------
    parsed : ParsedSequences
        The features in the order of `names`; unchanged if either has no names, or if
        it is one frame, whose columns scikit-learn expects in the order of fit.

    Raises
    ------
    ValueError
        If the names are not the same.
    """
    container = parsed.container
    found = container.item_names
    if container.is_frame or None in (found, names) or found == names:
        return parsed
    if set(found) != set(names):
        if _are_positions(found) or _are_positions(names):
            return parsed  # such names are those of frames without any
        raise ValueError(
            f"{parsed.locator.argument}[0] has the columns {list(found)}, expected "
            f"{list(names)}, as in {origin}."
        )
    order = [found.index(name) for name in names]
    return parsed.reorder(order)._replace(container=container.reorder(names))


def _are_positions(names):
    return names == tuple(range(len(names)))


def _compare_with_fit(parsed, schema, estimator_name):
    """Raise an error if columns or the number of features differ from fit."""
    container, name = parsed.container, parsed.locator.argument
    if container.is_table == schema.is_table:
        _compare_columns(container.columns, schema.container.columns, name)
    if container.is_table and schema.is_table:
        if container.n_steps != schema.n_steps:
            raise ValueError(
                f"{name} has {container.n_steps} features, but {estimator_name} is "
                f"expecting {schema.n_steps} features as input. It was fitted on a 2-D "
                f"{name}, in which each column is a time step. To pass sequences of "
                "other lengths, use a list of 1-D arrays: "
                f"list(numpy.asarray({name}))."
            )
        return
    if parsed.n_features != schema.n_features:
        remedy = _remedy_for_features(parsed, schema.n_features)
        raise ValueError(
            f"{name} has {parsed.n_features} features, but {estimator_name} is "
            f"expecting {schema.n_features} features as input: each sequence must have "
            f"the same number of columns (axis 1) as in fit.{remedy}"
        )


def _remedy_for_features(parsed, expected):
    """Say how sequences with another number of features may have to be passed."""
    container, source = parsed.container, parsed.locator.source
    name = parsed.locator.argument
    if container.is_table:
        return (
            f" A 2-D {name} is read as "
            f"{count(len(parsed.lengths), 'univariate sequence')}: pass [{name}] if it "
            "is one sequence, a 3-D array if there are several."
        )
    if isinstance(container, ArrayContainer) and container.n_steps == expected:
        return f" Did you mean {transpose_line(name, source, is_list=False)}?"
    if container.is_frame or (parsed.lengths != expected).any():
        return ""
    if parsed.n_features == 1:
        return (
            f" Each sequence has one feature: pass [{name}] if {name} is one sequence."
        )
    return f" Did you mean {transpose_line(name, source, is_list=True)}?"


def _compare_columns(found, expected, name):
    """Raise an error if column names that are strings differ from fit."""
    for columns in (found, expected):
        if columns is None or not all(isinstance(column, str) for column in columns):
            return
    if found != expected:
        raise ValueError(
            f"{name} has the columns {list(found)}, expected {list(expected)} in this "
            "order, as in fit."
        )


def _check_values(sequences, schema, name):
    """Raise an error for infinite values, and for sequences without any value."""
    if sequences.blocks and all(b.dtype.kind != "f" for b in sequences.blocks):
        return  # integers and bools are finite and never missing
    is_empty = ~_has_category(sequences)
    if sequences.blocks:
        is_empty &= _count_missing(sequences, schema, name) == sequences.lengths
    if is_empty.any():
        i = int(np.flatnonzero(is_empty)[0])
        raise ValueError(NOT_OBSERVED.format(name=f"{name}[{i}]"))


def _has_category(sequences):
    """Return whether each sequence has an observed category."""
    found = np.zeros(len(sequences), dtype=bool)
    for feature in sequences.categorical:
        # The rows between sequences are padding, in which every category is missing.
        found |= np.logical_or.reduceat(feature.codes >= 0, sequences.starts)
    return found


def _count_missing(sequences, schema, name):
    """Count the time steps of each sequence in which all numbers are missing."""
    position = 0  # number of time steps before the chunk
    n_missing = np.zeros(len(sequences), dtype=np.int64)
    ends = np.cumsum(sequences.lengths)
    for chunk in sequences.iter_chunks():
        # A sum is finite only if all values are, and is much faster than testing each
        # of them. float16 is summed as float32, because its sums overflow.
        dtype = np.float32 if chunk.dtype == np.float16 else None
        with np.errstate(invalid="ignore", over="ignore"):
            is_suspicious = not np.isfinite(chunk.sum(dtype=dtype))
            is_double = chunk.dtype.kind == "f" and chunk.dtype.itemsize >= 8
            if is_double and not is_suspicious:
                # Squares reveal large values, even if their sum is 0.
                is_suspicious = not np.vdot(chunk, chunk) < LARGEST**2
        if is_suspicious:
            is_large = np.abs(chunk) > LARGEST
            if is_large.any():
                row, column = np.argwhere(is_large)[0]
                value = chunk[row, column]
                _refuse_large(value, ends, position + row, int(column), schema, name)
            rows = np.flatnonzero(np.isnan(chunk).all(axis=1))
            owners = np.searchsorted(ends, position + rows, side="right")
            n_missing += np.bincount(owners, minlength=len(sequences))
        position += len(chunk)
    return n_missing


def _refuse_large(value, ends, row, column, schema, name):
    i = int(np.searchsorted(ends, row, side="right"))
    step = int(row - (ends[i - 1] if i else 0))
    # Times have two numeric columns, categories none.
    n_columns = {"numeric": 1, "datetime": 2}
    widths = [n_columns.get(kind, 0) for kind in schema.kinds]
    feature = int(np.searchsorted(np.cumsum(widths), column, side="right"))
    where = f"time step {step}, {name_feature(feature, schema.feature_names)}"
    found = f"is infinite at {where}"
    if np.isfinite(value):
        # A longdouble may be beyond the range of format().
        shown = f"{value:.3g}" if abs(value) < np.finfo(float).max else str(value)
        found = f"holds {shown} at {where}, whose square exceeds float64"
    raise ValueError(
        f"{name}[{i}] {found}. Replace it by NaN to have it treated as missing."
    )

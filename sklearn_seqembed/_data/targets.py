"""Validation of y, and conversion of predictions to the container of y."""

import re
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from sklearn_seqembed._data.arrays import ArrayContainer, as_array
from sklearn_seqembed._data.arrow import arrow_to_numbers, export_arrow
from sklearn_seqembed._data.arrow_types import is_number
from sklearn_seqembed._data.checking import check_sequences
from sklearn_seqembed._data.data_arrays import is_data_array
from sklearn_seqembed._data.foreign import convert_foreign, convert_steps
from sklearn_seqembed._data.messages import count
from sklearn_seqembed._data.native_frames import frame_library
from sklearn_seqembed._data.parsed import is_missing
from sklearn_seqembed._data.schema import Schema
from sklearn_seqembed._data.sequences import Sequences
from sklearn_seqembed._data.tables import NumberFrameContainer, TableContainer


@dataclass(frozen=True)
class TargetSchema:
    """Container and features of y, and whether targets were single values.

    Parameters
    ----------
    sequences : Schema
        Schema of the targets as sequences, without the rows of y.
    is_single : bool
        Whether each target was a single value, which is a sequence of one step.
    n_steps : int, default=None
        Number of time steps of y if it was a 3-D array or a table.
    has_columns : bool, default=False
        Whether y was a table whose columns are several targets, not time steps. Each
        target is then a sequence of one step, and each column is a feature.
    """

    sequences: Schema
    is_single: bool
    n_steps: int = None
    has_columns: bool = False

    @property
    def may_have_columns(self):
        """Whether y is a table of numbers, so that its columns may be targets."""
        is_numeric = not self.sequences.is_categorical.any()
        return self.sequences.is_table and is_numeric and self.n_steps > 1

    @property
    def is_padded(self):
        """Whether y was a 3-D array, whose last axis tells targets from time steps."""
        return isinstance(self.sequences.container, ArrayContainer)

    @property
    def is_categorical(self):
        """Mask of the categorical features, of shape (n_features,)."""
        n_targets = self.n_steps if self.has_columns else 1
        return np.tile(self.sequences.is_categorical, n_targets)

    @property
    def feature_names(self):
        """Names of the features in a frame of sequences, else None."""
        return self.sequences.feature_names

    def build(self, sequences, index=None, n_steps=None):
        """Return predictions in the same kind of container as y.

        Parameters
        ----------
        sequences : Sequences
            The predictions.
        index : pandas Index, default=None
            Row index of X.
        n_steps : int, default=None
            Number of time steps of a 3-D array, even if all predictions are shorter, so
            that predictions for parts of X can be joined. None is the number that y
            had.
        """
        container = self.sequences.container
        if self.has_columns:
            n_samples, block = len(sequences), sequences.span(0, len(sequences))
            offsets = np.arange(n_samples + 1) * self.n_steps
            sequences = Sequences.from_offsets((block.reshape(-1, 1),), offsets)
        if self.is_single:
            container = TableContainer(container.dtype)
        elif isinstance(container, NumberFrameContainer):
            # A lower max_length makes predictions shorter than y.
            container = container.first_columns(int(sequences.lengths.max()))
        elif self.n_steps is not None and not container.is_table:
            container = replace(container, n_steps=n_steps or self.n_steps)
        schema = replace(self.sequences, container=replace(container, index=index))
        predictions = schema.build(sequences)
        return predictions[:, 0] if self.is_single else predictions

    def as_features(self, targets):
        """Turn the columns of a table from time steps into features, if they are."""
        if not self.has_columns:
            return targets
        n_samples, start = len(targets), targets.starts[0]
        block = targets.span(start, start + n_samples * self.n_steps)
        block = block.reshape(n_samples, self.n_steps)
        return Sequences.from_offsets((block,), np.arange(n_samples + 1))


def check_targets(
    y,
    n_samples,
    *,
    categorical_targets="from_dtype",
    schema=None,
    estimator_name="the estimator",
):
    """Read and validate targets.

    Parameters
    ----------
    y : list, array, tensor, frame or Arrow array
        Sequences in any form that X may have, or single values of shape (n_samples,).
    n_samples : int
        Number of sequences in X.
    categorical_targets : "from_dtype", None or array-like, default="from_dtype"
        Which features are categories; ignored if there is a schema.
    schema : TargetSchema, default=None
        Schema from fit, with which y is compared. With None, y determines the number
        and the kinds of features.
    estimator_name : str, default="the estimator"
        Name of the predictor in error messages.

    Returns
    -------
    targets : Sequences
        The targets. In a table each column is a time step: whether they are targets of
        their own is decided later, see :meth:`TargetSchema.as_features`.
    schema : TargetSchema
        Container and features of y.
    """
    if y is None:
        raise ValueError(
            f"{estimator_name} requires y to be passed, but the target y is None"
        )
    is_single = False
    if not is_data_array(y) or y.ndim < 2:  # others are read by the names of their axes
        y = convert_foreign(y, "y")
        option = categorical_targets
        is_default = isinstance(option, str) and option == "from_dtype"
        if is_default and as_labels(y) is not None:
            categorical_targets = [0]  # the dtype says so, whatever the categories are
        y, is_single = _as_sequences(y)
    n_targets = schema.n_steps if schema is not None and schema.has_columns else 0
    shape = getattr(y, "shape", (0, n_targets))
    if n_targets and tuple(shape)[1:] != (n_targets,):
        _refuse_columns(y, n_targets, estimator_name)
    targets, found = check_sequences(
        y,
        "y",
        categorical_features=categorical_targets,
        schema=None if schema is None else schema.sequences,
        estimator_name=estimator_name,
    )
    if len(targets) != n_samples:
        raise ValueError(
            "Found input variables with inconsistent numbers of samples: X has "
            f"{count(n_samples, 'sequence')}, y has {len(targets)}. Pass one target "
            "per sequence."
        )
    if "datetime" in found.kinds:
        feature = found.feature_names[found.kinds.index("datetime")]
        raise TypeError(
            f"Column {feature!r} of y holds dates or times, which cannot be predicted. "
            "Predict the time between steps instead, for example in seconds."
        )
    if schema is not None and is_single != schema.is_single:
        forms = ("sequences", "single values")
        expected = forms[schema.is_single]
        raise ValueError(
            f"y holds {forms[is_single]}, but {estimator_name} was fitted on "
            f"{expected}. Pass {expected}, as in fit."
        )
    if n_targets and not found.is_table:
        _refuse_columns(y, n_targets, estimator_name)
    return targets, TargetSchema(found.without_rows(), is_single, found.n_steps)


def _refuse_columns(y, n_targets, estimator_name):
    """Raise an error: y is not a table of as many targets as in fit."""
    shape = getattr(y, "shape", None)
    found = f"is a {type(y).__name__}" if shape is None else f"has shape {tuple(shape)}"
    raise ValueError(
        f"y {found}, but {estimator_name} was fitted on {count(n_targets, 'target')}. "
        f"Pass y of shape (n_samples, {n_targets}), as in fit."
    )


def _as_sequences(y):
    """Convert single values to sequences of one step; return whether y held any."""
    if isinstance(y, (list, tuple)) and len(y):
        if all(is_single_value(value) and not isinstance(value, str) for value in y):
            y = np.asarray(convert_steps(y, "y"))
    labels = as_labels(y)
    if labels is not None:
        return [[value] for value in labels], True
    if isinstance(y, (list, tuple, str, bytes)) or frame_library(y) is not None:
        return y, False
    column = export_arrow(y)
    if hasattr(column, "chunks") and is_number(column.type):
        y = arrow_to_numbers(column)
    elif column is not None and not _is_numeric(y):
        return y, False
    array = as_array(y)
    if not isinstance(array, np.ndarray) and hasattr(array, "__array__"):
        array = y = np.asarray(array)
    if getattr(array, "ndim", 0) == 1 and array.dtype.kind == "O" and len(array):
        # Single numbers may be objects; strings are sequences of characters.
        if all(is_single_value(v) and not isinstance(v, (str, bytes)) for v in array):
            array = _as_numbers(array)
    # Complex numbers are refused later, in the words for complex sequences.
    if getattr(array, "ndim", 0) == 1 and array.dtype.kind in "biufc":
        return np.asarray(array).reshape(-1, 1), True
    return y, False


def is_single_value(value):
    """Return whether a value is not a sequence; strings count as single values."""
    # Not np.ndim, which fails if nested lists have different lengths.
    n_dimensions = getattr(value, "ndim", None)
    if n_dimensions is not None:
        return n_dimensions == 0
    has_items = hasattr(value, "__len__") or hasattr(value, "__array__")
    return isinstance(value, (str, bytes)) or not has_items


def as_labels(y):
    """Return the values of a categorical column, or of a frame of one, else None.

    Parameters
    ----------
    y : object
        What :func:`convert_foreign` returned.

    Returns
    -------
    labels : list or None
        One label per sequence.
    """
    library = frame_library(y)
    if library == "pyarrow" and y.num_columns == 1:
        y = y.column(0)
    elif library is not None and y.shape[1] == 1:
        y = y[y.columns[0]]
    dtype = str(getattr(y, "dtype", getattr(y, "type", "")))
    if not re.match("category|Categorical|Enum|dictionary<", dtype):
        return None
    for method in ("tolist", "to_list", "to_pylist"):
        if hasattr(y, method):
            return getattr(y, method)()
    return None


def _as_numbers(objects):
    """Convert an array of objects to numbers where possible, missing ones to NaN."""
    values = np.array([np.nan if is_missing(value) else value for value in objects])
    if values.dtype.kind == "O":  # decimals, or objects that are not numbers
        with suppress(TypeError, ValueError, OverflowError):
            return values.astype(np.float64)
    return values


def _is_numeric(y):
    dtype = getattr(y, "dtype", None)
    return bool(
        dtype is not None
        and getattr(as_array(y), "dtype", np.dtype("O")).kind in "biuf"
    )

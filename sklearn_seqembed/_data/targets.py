"""From what a user passes as y to `Sequences`, and the way back.

The readers are those of X. What they say of X is said of y here.
"""

import re
from contextlib import contextmanager, suppress
from dataclasses import replace

import numpy as np
from sklearn.base import BaseEstimator

from sklearn_seqembed._data.arrays import frame_library
from sklearn_seqembed._data.arrow import arrow_data
from sklearn_seqembed._data.checking import check_sequences
from sklearn_seqembed._data.lists import as_array


class TargetReader(BaseEstimator):
    """Read y as sequences; remember of which kind it was in fit.

    Parameters
    ----------
    categorical_features
        The predictor's `categorical_targets`.
    name : str
        Name of the predictor, for messages.

    Attributes
    ----------
    is_single : bool
        Whether each target was a single value, a sequence of one step.
    is_categorical_ : bool ndarray of shape (n_features,)
        Which features of a step are categorical.
    """

    def __init__(self, categorical_features, name):
        self.categorical_features = categorical_features
        self.name = name

    def read(self, y, n_samples, *, reset):
        """Read y, or refuse it.

        Parameters
        ----------
        y : list, array, tensor, frame or Arrow array
            Sequences in any form that X may have, or single values (n_samples,).
        n_samples : int
            How many are expected.
        reset : bool
            Whether this y settles the kinds of features.

        Returns
        -------
        Sequences
            The targets.
        """
        if y is None:
            raise ValueError(
                f"{self.name} requires y to be passed, but the target y is None"
            )
        y, is_single = _as_sequences(y)
        with self.named():
            sequences, container = check_sequences(y, estimator=self, reset=reset)
        if len(sequences) != n_samples:
            raise ValueError(
                f"Found input variables with inconsistent numbers of samples: X has "
                f"{n_samples} sequences, y has {len(sequences)}. Pass as many of both."
            )
        if "datetime" in container.kinds:
            feature = container.columns[container.kinds.index("datetime")]
            raise TypeError(
                f"Column {feature!r} of y holds dates or times, which are not "
                "predicted. Predict what passes between steps, in seconds for example."
            )
        if reset:
            self.is_single, self._container = is_single, container.without_rows()
            self._n_steps = container.n_steps
        elif is_single != self.is_single:
            expected = ("sequences", "single values")[self.is_single]
            raise ValueError(
                f"y holds {('sequences', 'single values')[is_single]}, but "
                f"{self.name} was fitted on {expected}. Pass such."
            )
        return sequences

    def build(self, sequences, index=None, n_steps=None):
        """Put sequences into the kind that y had in fit.

        Parameters
        ----------
        sequences : Sequences
            What is predicted.
        index : pandas Index, default=None
            Row index of X.
        n_steps : int, default=None
            Time steps of a 3-D array, however short its sequences are, so that results
            of parts of X can be joined. None is as many as y had.
        """
        container = self._container
        if self.is_single:
            return replace(container, form="2d", columns=None).build(sequences)[:, 0]
        if container.form.startswith("pandas"):
            container = replace(container, index=index)
        if container.form == "3d":
            container = replace(container, n_steps=n_steps or self._n_steps)
        elif container.is_table and container.columns is not None:
            longest = int(sequences.lengths.max())  # fewer where max_length is less
            container = replace(container, columns=container.columns[:longest])
        return container.build(sequences)

    @contextmanager
    def named(self):
        """Let messages about X, raised in a ``with`` block, speak of y."""
        try:
            yield
        except (TypeError, ValueError) as exc:
            message = str(exc)
            for words, ours in (
                (r"\bcategorical_features\b", "categorical_targets"),
                (r"\bscaler(?==| must)", "target_scaler"),
                (rf"\b{type(self).__name__}\b", self.name),
                ("the input samples", "the targets"),
                (
                    "a transformer of their own in .*ColumnTransformer",
                    "another estimator",
                ),
                (r"\bX\b", "y"),
            ):
                message = re.sub(words, ours, message)
            raise type(exc)(message) from exc


def _as_sequences(y):
    """Make single values sequences of one step; tell whether they were single."""
    if isinstance(y, (list, tuple)) and len(y):
        if all(np.ndim(value) == 0 and not isinstance(value, str) for value in y):
            y = np.asarray(y)
    labels = _as_labels(y)
    if labels is not None:
        return [[value] for value in labels], True
    if isinstance(y, (list, tuple, str, bytes)) or frame_library(y) is not None:
        return y, False
    if arrow_data(y) is not None and not _is_numeric(y):
        return y, False
    array = as_array(y)
    if not isinstance(array, np.ndarray) and hasattr(array, "__array__"):
        array = y = np.asarray(array)
    if getattr(array, "ndim", 0) == 1 and array.dtype.kind == "O" and len(array):
        # Numbers among objects; strings are sequences of characters.
        if all(np.ndim(v) == 0 and not isinstance(v, (str, bytes)) for v in array):
            array = _as_numbers(array)
    if getattr(array, "ndim", 0) == 1 and array.dtype.kind in "biuf":
        return np.asarray(array).reshape(-1, 1), True
    return y, False


def _as_labels(y):
    """List the values of a Series of categories, or of a frame of one; else None."""
    if frame_library(y) in ("pandas", "polars") and y.shape[1] == 1:
        y = y[y.columns[0]]
    dtype = str(getattr(y, "dtype", "")).partition("(")[0]
    if dtype in ("category", "Categorical", "Enum") and hasattr(y, "to_list"):
        return y.to_list()
    return None


def _as_numbers(objects):
    """Make an array of numbers of one of objects, None as NaN, where that can be."""
    values = np.array([np.nan if value is None else value for value in objects])
    if values.dtype.kind == "O":  # decimals, or what is refused as a sequence
        with suppress(TypeError, ValueError):
            return values.astype(np.float64)
    return values


def _is_numeric(y):
    dtype = getattr(y, "dtype", None)
    return bool(
        dtype is not None
        and getattr(as_array(y), "dtype", np.dtype("O")).kind in "biuf"
    )

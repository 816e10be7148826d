"""Conversion of objects to arrays, and 3-D arrays of sequences padded at the end."""

import re
from dataclasses import dataclass, replace

import narwhals.stable.v2 as nw
import numpy as np

from sklearn_seqembed._data import sequences as sequences_module
from sklearn_seqembed._data.container import Container, float_dtype
from sklearn_seqembed._data.messages import NOT_OBSERVED
from sklearn_seqembed._data.parsed import (
    FeatureBlock,
    ParsedSequences,
    parse_values,
)


@dataclass(frozen=True)
class ArrayContainer(Container):
    """A 3-D array of shape (n_samples, n_timesteps, n_features).

    Parameters
    ----------
    n_steps : int, default=0
        Number of time steps, including padding: results have at least this many.
    columns : tuple of str, default=None
        Names of the features of a DataArray of xarray.
    """

    n_steps: int = 0
    columns: tuple = None

    @classmethod
    def read(cls, X, locator, columns=None):
        """Parse a 3-D array, in which trailing steps without any value are padding.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_timesteps, n_features)
            Numbers, strings, or Python objects of either kind.
        locator : Locator
            How messages name the sequences.
        columns : tuple of str, default=None
            Names of the features.

        Returns
        -------
        parsed : ParsedSequences
            Views of X if it holds numbers.
        """
        name = locator.argument
        refuse_dtype(X, name)
        n_samples, n_steps, n_features = X.shape
        for axis, size in enumerate(X.shape):
            if size == 0:
                missing = ("sequences", "time steps", "features")[axis]
                raise ValueError(
                    f"{name} is empty: its shape {X.shape} holds 0 {missing} (axis "
                    f"{axis}). Pass at least one."
                )
        blocks = _parse_array(X, locator)
        lengths = np.zeros(n_samples, dtype=np.int64)
        for block in blocks:
            values = _as_observable(block).reshape(n_samples, n_steps, -1)
            lengths = np.maximum(lengths, _count_steps(values))
        if not lengths.all() and not locator.allow_empty:
            i = int(np.flatnonzero(lengths == 0)[0])
            raise ValueError(NOT_OBSERVED.format(name=locator.sequence(i)))
        container = cls(float_dtype(X.dtype), n_steps=n_steps, columns=columns)
        starts = np.arange(n_samples) * n_steps
        return ParsedSequences(blocks, starts, lengths, container, locator)

    def build(self, values):
        """Build an array in which sequences are padded at the end with NaN or None."""
        return pad(values.matrix(self.dtype), values.lengths, self.n_steps)

    @property
    def feature_names(self):
        """Names of the features, or None."""
        return self.columns

    def reorder(self, columns):
        """Return the same container with its columns in another order."""
        return replace(self, columns=columns)

    def without_rows(self):
        """Return the same container without the padding of X."""
        return replace(self, n_steps=0)

    without_names = without_rows


def as_array(X):
    """Convert tensors and Series to arrays, with missing values where X is masked.

    Other objects are returned unchanged. The result is a view if dtypes allow it.
    """
    if hasattr(X, "detach") and hasattr(X, "cpu"):
        # Values of a view that is conjugate or negative are computed here.
        X = X.detach().cpu().resolve_conj().resolve_neg()
        # numpy has neither bfloat16 nor numbers of 8 bits.
        is_other = re.search("bfloat16|float8|float4", str(X.dtype))
        return X.float().numpy() if is_other else X.numpy()
    if isinstance(X, np.ma.MaskedArray):
        if X.dtype.kind not in "iuf":
            # filled(None) would fill in numpy's default value instead of None.
            return np.where(np.ma.getmaskarray(X), None, X.data.astype(object))
        dtype = X.dtype if X.dtype.kind == "f" else np.dtype(np.float64)
        return X.astype(dtype).filled(np.nan)
    is_series = hasattr(X, "to_numpy") and not hasattr(X, "columns")
    # Not to_numpy(), which fails if an Arrow array has nulls.
    return np.asarray(X) if is_series else X


def is_foreign_array(X):
    """Return whether X is an array of another library that numpy can convert.

    Some of these arrays, such as those of xarray, can also be exported to Arrow, where
    they lose their shape.
    """
    if isinstance(X, np.ndarray) or hasattr(X, "detach"):  # masked arrays and tensors
        return False
    return (
        hasattr(X, "__array__")
        and getattr(X, "ndim", 0) >= 1
        and not hasattr(X, "columns")
        and not nw.dependencies.is_pandas_series(X)
        and hasattr(X, "__arrow_c_stream__")
    )


def refuse_dtype(array, name):
    """Raise an error if an array holds neither numbers nor strings."""
    if array.dtype.kind in "biufOUT":
        return
    if array.dtype.kind == "c":
        raise ValueError(
            f"Complex data not supported: {name} holds {array.dtype}. Pass the real "
            "and the imaginary part as two features."
        )
    if array.dtype.kind == "S":
        raise TypeError(
            f"{name} holds bytes, expected numbers or strings. Decode them: "
            "numpy.char.decode(array, 'utf-8')."
        )
    remedy = "for example to seconds since the first step"
    if array.dtype.kind == "m":
        remedy = "for example to seconds, by array / numpy.timedelta64(1, 's')"
    raise TypeError(
        f"{name} holds values of {array.dtype}, expected numbers or strings. Convert "
        f"them, {remedy}, or leave that feature out."
    )


def pad(values, lengths, n_steps=0):
    """Make a 3-D array in which sequences are padded at the end with NaN or None."""
    n_steps = max(n_steps, int(lengths.max()))
    shape = len(lengths), n_steps, values.shape[1]
    if (lengths == n_steps).all():
        return values.reshape(shape).copy()
    if values.dtype.kind in "biu":  # these dtypes have no missing value
        values = values.astype(object if values.dtype.kind == "b" else np.float64)
    missing = None if values.dtype == object else np.nan
    padded = np.full(shape, missing, dtype=values.dtype)
    padded[np.arange(n_steps) < lengths[:, None]] = values
    return padded


def _parse_array(X, locator):
    """Parse a 3-D array as numbers, or feature by feature if it holds objects."""
    n_samples, n_steps, n_features = X.shape
    rows = np.ascontiguousarray(X).reshape(-1, n_features)
    if X.dtype.kind not in "OUT":
        return [FeatureBlock("bool" if X.dtype.kind == "b" else "numeric", rows)]
    lengths = np.full(n_samples, n_steps)
    blocks = [
        parse_values(rows[:, i].tolist(), lengths, locator, i)
        for i in range(n_features)
    ]
    if X.dtype.kind == "O" and all(block.kind == "numeric" for block in blocks):
        return [FeatureBlock("numeric", np.hstack([b.values for b in blocks]))]
    return blocks


def _as_observable(block):
    """Return values that are NaN where those of a block are missing."""
    if block.kind != "string":
        return block.values
    return np.where(block.values.codes < 0, np.float32(np.nan), np.float32(0))


def _count_steps(X):
    """Count the time steps of each sequence up to the last one with a value."""
    n_samples, n_steps, n_features = X.shape
    lengths = np.full(n_samples, n_steps)
    if X.dtype.kind != "f":
        return lengths
    # Only sequences whose last step is missing can be padded.
    padded = np.flatnonzero(np.isnan(X[:, -1]).all(axis=1))
    size = max(1, sequences_module.CHUNK_VALUES // (n_steps * n_features))
    for start in range(0, len(padded), size):
        rows = padded[start : start + size]
        observed = ~np.isnan(X[rows]).all(axis=2)
        lengths[rows] = np.where(
            observed.any(axis=1), n_steps - observed[:, ::-1].argmax(axis=1), 0
        )
    return lengths

"""Description of sequences by their container and the kinds of their features."""

from dataclasses import dataclass, replace

import numpy as np

from sklearn_seqembed._data.container import Container
from sklearn_seqembed._data.factorize import decode_categories
from sklearn_seqembed._data.timestamps import decode_times

CATEGORICAL_KINDS = ("string", "bool", "number")


@dataclass(frozen=True)
class Schema:
    """Container and features of sequences, to validate others and to return results.

    Parameters
    ----------
    container : Container
        The container in which the sequences were passed.
    kinds : tuple of {"numeric", "number", "string", "bool", "datetime"}
        Kind of each feature; "number" stands for numbers that are categories.
    origins : tuple of ndarray of shape (n_samples,), default=()
        For each feature of times, the first time of each sequence.
    texts : tuple of {"characters", "tokens", None}, default=()
        For each feature, whether strings are sequences of characters or are tokens.
    """

    container: Container
    kinds: tuple
    origins: tuple = ()
    texts: tuple = ()

    @property
    def is_categorical(self):
        """Mask of the categorical features, of shape (n_features,)."""
        return np.array([kind in CATEGORICAL_KINDS for kind in self.kinds])

    @property
    def n_features(self):
        """Number of features of a time step."""
        return len(self.kinds)

    @property
    def n_columns(self):
        """Number of features as scikit-learn defines it: in a table, its columns."""
        return self.n_steps if self.is_table else self.n_features

    @property
    def feature_names(self):
        """Names of the features: the columns of a frame of sequences, else None."""
        return self.container.feature_names

    @property
    def index(self):
        """Row index of a pandas frame or Series, else None."""
        return self.container.index

    @property
    def is_table(self):
        """Whether each column is a time step, as in 2-D arrays."""
        return self.container.is_table

    @property
    def n_steps(self):
        """Number of time steps of every sequence of a 3-D array or table, else None."""
        return self.container.n_steps

    def build(self, sequences):
        """Put sequences into a container of the same kind.

        Parameters
        ----------
        sequences : Sequences
            Contiguous sequences from row 0 on, in the user's units. The code -1 is an
            infrequent category.

        Returns
        -------
        list, ndarray, frame, Series or pyarrow Array or Table
            The sequences. Arrays are padded at the end with NaN, or with None if they
            hold objects. An infrequent category is None among strings and bools, NaN
            among numbers, and U+FFFD in a string of characters.
        """
        return self.container.build(UserValues(sequences, self.kinds, self.origins))

    def without_rows(self):
        """Return a schema for other rows: without index, times and padding of X."""
        return replace(self, container=self.container.without_rows(), origins=())

    def without_names(self):
        """Return a schema for other time steps: a table becomes a 2-D array."""
        return replace(self, container=self.container.without_names())


class UserValues:
    """Values of all time steps in the units and types of the user.

    Parameters
    ----------
    sequences : Sequences
        Contiguous sequences from row 0 on.
    kinds : tuple of str
        Kind of each feature.
    origins : tuple of ndarray of shape (n_samples,), default=()
        For each feature of times, the first time of each sequence. Without origins,
        times are returned as durations since the first step.

    Attributes
    ----------
    lengths : int64 ndarray of shape (n_samples,)
        Number of time steps of each sequence.
    """

    def __init__(self, sequences, kinds, origins=()):
        self._sequences = sequences
        self._origins = origins
        self.kinds = kinds
        self.lengths = sequences.lengths

    def features(self, dtypes):
        """Return the values of each feature, a list of arrays of shape (total_steps,).

        Parameters
        ----------
        dtypes : dtype or sequence of dtype
            Floating dtype of numbers, one for all features or one for each.
        """
        if isinstance(dtypes, np.dtype):
            dtypes = [dtypes] * len(self.kinds)
        numeric = self._numeric()
        categorical, origins = iter(self._sequences.categorical), iter(self._origins)
        features, column = [], 0
        for kind, dtype in zip(self.kinds, dtypes, strict=True):
            if kind == "numeric":
                features.append(numeric[:, column].astype(dtype, copy=False))
                column += 1
            elif kind == "datetime":
                # The second of the two columns is the time since the first step.
                since_first, origin = numeric[:, column + 1], next(origins, None)
                features.append(decode_times(since_first, self.lengths, origin))
                column += 2
            else:
                features.append(decode_categories(next(categorical), kind))
        return features

    def matrix(self, dtype):
        """Join all features in an array of shape (total_steps, n_features).

        Parameters
        ----------
        dtype : dtype
            Floating dtype of numbers. Features of several kinds become objects.
        """
        kinds = set(self.kinds)
        if kinds == {"numeric"}:
            return self._numeric().astype(dtype, copy=False)
        features = self.features(dtype)
        if kinds == {"bool"} or kinds <= {"numeric", "number"}:
            return np.stack(features, axis=1)
        return np.stack([values.astype(object) for values in features], axis=1)

    def _numeric(self):
        return self._sequences.span(0, self._sequences.n_steps)

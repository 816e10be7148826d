"""Encoding of sequences for the network: scaled numbers and category indices.

Numbers are scaled in `numeric.py` and categories indexed in `vocabulary.py`. This
module combines the two, for X and for the targets of a predictor.
"""

import numpy as np

from sklearn_seqembed._data.sequences import Sequences
from sklearn_seqembed._features.numeric import NumericFeatures
from sklearn_seqembed._features.vocabulary import CategoricalFeatures

# Maximum number of values that are encoded in advance and kept: 64 MiB of float32. A
# larger X is encoded batch by batch in every epoch, to limit memory. It was not tuned.
KEPT_VALUES = 2**24

# Bound on values relative to the location and scale of a sequence. It only affects
# targets after sequences that hardly vary, which would otherwise dominate the loss. It
# was not tuned.
MAX_RELATIVE = 10.0

# Maximum number of sequences from which the variance of scaled numbers is estimated, to
# limit the time of `fit`. It was not tuned.
VARIANCE_SEQUENCES = 1000


class FeatureEncoder:
    """Learn the scale and the categories of features; encode and decode with them.

    Parameters
    ----------
    scaler, seed, scaler_name
        As in :class:`NumericFeatures`.
    min_frequency, max_categories, handle_unknown
        As in :class:`CategoricalFeatures`.
    name : str, default="X"
        Name of the sequences in error messages.

    Attributes
    ----------
    numeric : NumericFeatures
        The numeric features.
    categorical : CategoricalFeatures
        The categorical features.
    class_scales : tuple of float
        Factor for the cross-entropies of each categorical feature, which gives them the
        same weight as numeric errors: see :class:`SequenceLoss`.
    """

    def __init__(
        self,
        scaler="standard",
        seed=None,
        min_frequency=None,
        max_categories=None,
        handle_unknown="error",
        *,
        name="X",
        scaler_name="scaler",
    ):
        self.numeric = NumericFeatures(scaler, seed, name=name, scaler_name=scaler_name)
        self.categorical = CategoricalFeatures(
            min_frequency, max_categories, handle_unknown, name=name
        )

    def fit(self, sequences, vocabulary_of=None, categories=None):
        """Learn from all time steps of `sequences`.

        Parameters
        ----------
        sequences : Sequences
            The sequences.
        vocabulary_of : Sequences, default=None
            Sequences from which the categories are learned; None for `sequences`.
        categories : list of (ndarray or None), default=None
            As in :meth:`CategoricalFeatures.fit`.
        """
        self.numeric.fit(sequences)
        self.categorical.fit(
            sequences if vocabulary_of is None else vocabulary_of, categories
        )
        # Mean squared error of predicting the mean; it is 1 with the standard scaler.
        variance = 1.0
        if sequences.categorical and sequences.n_numeric:
            some = evenly_spaced(sequences, VARIANCE_SEQUENCES)
            variance = self.numeric.mean_variance(sequences[some])
        self.class_scales = tuple(
            variance / entropy if entropy else 0.0
            for entropy in self.categorical.entropies
        )
        return self

    @property
    def n_classes(self):
        """Number of classes of each categorical feature, a tuple of int."""
        return self.categorical.n_classes

    def list_categories(self, is_categorical):
        """List the categories of each feature, None for numeric ones.

        Parameters
        ----------
        is_categorical : bool ndarray of shape (n_features,)
            Which features are categorical.

        Returns
        -------
        list of (ndarray or None)
            The categories that have an index of their own, by decreasing frequency.
        """
        categories = (v.categories for v in self.categorical.vocabularies)
        return [next(categories) if flag else None for flag in is_categorical]

    def list_infrequent_categories(self, is_categorical):
        """List the infrequent categories of each feature, None where there are none."""
        infrequent = (v.infrequent for v in self.categorical.vocabularies)
        return [next(infrequent) if flag else None for flag in is_categorical]

    def encode(self, sequences, names=(), location_scale=None):
        """Encode sequences, all time steps at once if they are small enough to keep.

        Parameters
        ----------
        sequences : Sequences
            The sequences.
        names : sequence of (str or int), default=()
            Names of the categorical features in error messages.
        location_scale : ndarray of shape (n_samples, 2, F), default=None
            As for :class:`EncodedSequences`.

        Returns
        -------
        EncodedSequences
            The same sequences.
        """
        lookups = self.categorical.lookups(sequences, names)
        if location_scale is not None:
            scale = self.numeric.scale
            return EncodedSequences(sequences, scale, lookups, location_scale)
        return EncodedSequences(
            *encode_ahead(sequences, self.numeric.encode), lookups=lookups
        )

    def decode(self, values, classes, offsets):
        """Combine decoded numbers and category indices into sequences.

        Parameters
        ----------
        values : float64 ndarray of shape (total_steps, F)
            Values in the user's units, decoded by :attr:`numeric`.
        classes : int64 ndarray of shape (total_steps, K)
            Indices of categories.
        offsets : int64 ndarray of shape (n_samples + 1,)
            First time step of each sequence, and the end.

        Returns
        -------
        Sequences
            The sequences. Infrequent categories have code -1.
        """
        categories = self.categorical.decode(classes)
        return Sequences.from_offsets((values,), offsets, categories)


class EncodedSequences:
    """Sequences that are encoded in advance, or when a batch is gathered.

    Parameters
    ----------
    sequences : Sequences
        The sequences, or those that :func:`encode_ahead` returned.
    encode : callable, default=None
        Encodes numeric time steps when they are gathered. None if they are already
        encoded.
    lookups : sequence of int64 ndarray, default=()
        For each categorical feature, the index of each code, followed by that of
        missing values.
    location_scale : ndarray of shape (n_samples, 2, F), default=None
        Location and scale of each sequence, in encoded units. The location is
        subtracted from encoded values, and the result is divided by the scale.
    """

    def __init__(self, sequences, encode=None, lookups=(), location_scale=None):
        self.sequences = sequences
        self.encode = encode
        self.lookups = lookups
        self.location_scale = location_scale

    def __len__(self):
        return len(self.sequences)

    def __getitem__(self, indices):
        location_scale = self.location_scale
        if location_scale is not None:
            location_scale = location_scale[indices]
        return EncodedSequences(
            self.sequences[indices], self.encode, self.lookups, location_scale
        )

    @property
    def lengths(self):
        """Number of time steps of each sequence."""
        return self.sequences.lengths

    def take(self, indices, first, lengths, n_steps, *, copy=True):
        """Gather the same number of time steps of several sequences.

        Parameters
        ----------
        indices : int64 ndarray of shape (N,)
            The sequences.
        first, lengths : int64 ndarray of shape (N,)
            First time step to gather of each sequence, and the number of time steps.
        n_steps : int
            Number of time steps of the result.
        copy : bool, default=True
            Whether to copy values even if they could be returned as a view.

        Returns
        -------
        numeric : float32 ndarray of shape (N, n_steps, F)
            Encoded time steps. Steps outside a sequence repeat its first or last step,
            and steps after `lengths` the last one gathered.
        categories : int64 ndarray of shape (N, n_steps, K)
            Indices of their categories.
        """
        starts, available = self.sequences.starts[indices], self.lengths[indices]
        shape = len(starts), n_steps
        is_unpadded = lengths.min() == n_steps and not first.any()
        if is_unpadded and (np.diff(starts) == n_steps).all():  # contiguous
            rows = np.arange(starts[0], starts[-1] + n_steps)
            values = self.sequences.span(starts[0], starts[-1] + n_steps)
            values = values.copy() if copy else values
        else:
            steps = np.arange(n_steps)
            if not is_unpadded:
                steps = np.minimum(steps, lengths[:, None] - 1)
                steps = np.clip(first[:, None] + steps, 0, available[:, None] - 1)
            rows = (starts[:, None] + steps).ravel()
            values = self.sequences.take(rows)
        if self.location_scale is not None:
            values = self._encode_relative(values, self.location_scale[indices])
        elif self.encode is not None:
            values = self.encode(values)
        return values.reshape(*shape, -1), self._take_categories(rows, shape)

    def _encode_relative(self, values, location_scale):
        """Encode time steps (N * n_steps, F) relative to their sequences, in float64.

        A sequence may be much smaller than the others, so that float32 would not
        resolve its values in their common units.
        """
        values = self.encode(values.astype(np.float64))
        steps = values.reshape(len(location_scale), -1, values.shape[1])
        location, scale = location_scale[:, :1], location_scale[:, 1:]
        is_relative = (location != 0) | (scale != 1)
        steps = (steps - location) / scale
        bounded = np.clip(steps, -MAX_RELATIVE, MAX_RELATIVE)
        return np.where(is_relative, bounded, steps).astype(np.float32)

    def _take_categories(self, rows, shape):
        """Gather the indices of categories: int64 of `shape` + (K,)."""
        codes = self.sequences.take_codes(rows)
        columns = zip(self.lookups, codes.T, strict=True)
        indices = [lookup[column] for lookup, column in columns]
        if not indices:
            return np.empty((*shape, 0), dtype=np.int64)
        return np.stack(indices, axis=-1).reshape(*shape, -1)


def name_categorical_features(is_categorical, feature_names=None):
    """List the names of the categorical features for error messages.

    Parameters
    ----------
    is_categorical : bool ndarray of shape (n_features,)
        Which features are categorical.
    feature_names : sequence of str, default=None
        Names of the features, if they have any.

    Returns
    -------
    names : list of (str or int)
        Quoted names, or positions.
    """
    if feature_names is None:
        feature_names = range(len(is_categorical))
    return [
        repr(str(name)) if isinstance(name, str) else name
        for name, flag in zip(feature_names, is_categorical, strict=True)
        if flag
    ]


def encode_ahead(sequences, encode):
    """Encode all time steps at once if they are small enough to keep.

    Parameters
    ----------
    sequences : Sequences
        The sequences.
    encode : callable
        Encodes numeric time steps (n_steps, n_numeric).

    Returns
    -------
    sequences : Sequences
        Encoded sequences, or the same ones if they are too large to keep.
    encode : callable or None
        The encoding that remains to be done batch by batch.
    """
    if not sequences.n_numeric:
        return sequences, None
    if sequences.n_steps * sequences.n_features > KEPT_VALUES:
        return sequences, encode
    chunks = [encode(chunk) for chunk in sequences.iter_chunks()]
    block = chunks[0] if len(chunks) == 1 else np.concatenate(chunks)
    offsets = np.concatenate([[0], np.cumsum(sequences.lengths)])
    codes = sequences.iter_code_chunks() if sequences.categorical else ()
    codes = np.concatenate([*codes, np.empty((0, len(sequences.categorical)), "i4")])
    categorical = tuple(
        feature._replace(codes=column)
        for feature, column in zip(sequences.categorical, codes.T, strict=True)
    )
    return Sequences.from_offsets((block,), offsets, categorical), None


def evenly_spaced(sequences, n_max):
    """Return the indices of at most `n_max` evenly spaced sequences."""
    n_samples = len(sequences)
    return np.unique(np.linspace(0, n_samples - 1, min(n_samples, n_max)).astype(int))

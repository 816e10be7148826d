"""Sequences as the network sees them: scaled numbers and indices of categories.

Numbers are in `numeric.py`, vocabularies in `vocabulary.py`; here the two are put
together, for X and for the targets of a predictor alike.
"""

import numpy as np

from sklearn_seqembed._data.sequences import Sequences
from sklearn_seqembed._features.numeric import NumericFeatures
from sklearn_seqembed._features.vocabulary import CategoricalFeatures

# Encoded values of X that are kept: 64 MiB of float32. Larger X is encoded batch by
# batch, anew each epoch.
KEPT_VALUES = 2**24

# Sequences, at most, whose scaled values tell how large an error is at first.
LOOKED_AT = 1000


class FeatureEncoder:
    """Learn the scale and the categories of features; encode and decode with them.

    Parameters
    ----------
    scaler, seed
        As of :class:`NumericFeatures`.
    min_frequency, max_categories, handle_unknown
        As of :class:`CategoricalFeatures`.
    argument : {"X", "y"}, default="X"
        How messages name the sequences.

    Attributes
    ----------
    numeric : NumericFeatures
        The numeric features.
    categorical : CategoricalFeatures
        The categorical ones.
    class_scales : tuple of float
        What the surprisals of each categorical feature are multiplied by to count as
        much beside numbers: see :class:`SequenceLoss`.
    """

    def __init__(
        self,
        scaler="standard",
        seed=None,
        min_frequency=None,
        max_categories=None,
        handle_unknown="error",
        argument="X",
    ):
        self.numeric = NumericFeatures(scaler, seed, argument)
        self.categorical = CategoricalFeatures(
            min_frequency, max_categories, handle_unknown, argument
        )

    def fit(self, sequences, vocabulary_of=None):
        """Learn from all time steps of `sequences`.

        Parameters
        ----------
        sequences : Sequences
            The sequences.
        vocabulary_of : Sequences, default=None
            Where the categories are learned from, if not from `sequences`.
        """
        self.numeric.fit(sequences)
        self.categorical.fit(sequences if vocabulary_of is None else vocabulary_of)
        # A number's error is 1 at first, if the scaler is the standard one.
        first = 1.0
        if sequences.categorical and sequences.n_numeric:
            first = self.numeric.mean_variance(
                sequences[evenly_spaced(sequences, LOOKED_AT)]
            )
        self.class_scales = tuple(
            first / entropy if entropy else 0.0
            for entropy in self.categorical.entropies
        )
        return self

    @property
    def n_classes(self):
        """Number of classes of each categorical feature, a tuple of int."""
        return self.categorical.n_classes

    def by_feature(self, is_categorical, what):
        """List an attribute of vocabularies for each feature, None for numbers."""
        vocabularies = iter(self.categorical.vocabularies)
        return [
            getattr(next(vocabularies), what) if is_ else None for is_ in is_categorical
        ]

    def encode(self, sequences, names=()):
        """Encode sequences: all time steps at once where they may be kept.

        Parameters
        ----------
        sequences : Sequences
            The sequences.
        names : sequence, default=()
            How messages call the categorical features.

        Returns
        -------
        EncodedSequences
            The same sequences.
        """
        lookups = self.categorical.lookups(sequences, names)
        return EncodedSequences(
            *encode_ahead(sequences, self.numeric.encode), lookups=lookups
        )

    def decode(self, values, classes, offsets):
        """Bring steps back to the user's units and categories.

        Parameters
        ----------
        values : float64 ndarray of shape (total_steps, F)
            Values in the user's units, as :attr:`numeric` decodes them.
        classes : int64 ndarray of shape (total_steps, K)
            Indices of categories.
        offsets : int64 ndarray of shape (n_samples + 1,)
            Where each sequence begins, and the end.

        Returns
        -------
        Sequences
            Of which the code -1 is a category that is unknown.
        """
        categories = self.categorical.decode(classes)
        return Sequences.from_offsets((values,), offsets, categories)


class EncodedSequences:
    """Sequences that are encoded, or are to be when they are taken.

    Parameters
    ----------
    sequences : Sequences
        The sequences, or what :func:`encode_ahead` made of them.
    encode : callable or None
        Turns numeric time steps into encoded ones. None where that is done already.
    lookups : sequence of int64 ndarray, default=()
        For each categorical feature the index of each code, and last of a missing one.
    """

    def __init__(self, sequences, encode=None, lookups=()):
        self.sequences = sequences
        self.encode = encode
        self.lookups = lookups

    def __len__(self):
        return len(self.sequences)

    def __getitem__(self, indices):
        return EncodedSequences(self.sequences[indices], self.encode, self.lookups)

    @property
    def lengths(self):
        """Number of time steps of each sequence."""
        return self.sequences.lengths

    def take(self, indices, first, lengths, n_steps, *, copy=True):
        """Gather `lengths` steps of the sequences `indices` from step `first` on.

        Parameters
        ----------
        indices, first, lengths : int64 ndarray of shape (N,)
            Sequences, the first step of each, and how many.
        n_steps : int
            Steps of the result.
        copy : bool, default=True
            Whether `numeric` may be no view of what is kept.

        Returns
        -------
        numeric : float32 ndarray of shape (N, n_steps, F)
            Encoded time steps. What lies before, behind or after repeats the first or
            last step.
        categories : int64 ndarray of shape (N, n_steps, K)
            Their categories' indices.
        """
        starts, whole = self.sequences.starts[indices], self.lengths[indices]
        shape = len(starts), n_steps
        is_whole = lengths.min() == n_steps and not first.any()
        if is_whole and (np.diff(starts) == n_steps).all():
            # They lie one behind the other.
            rows = np.arange(starts[0], starts[-1] + n_steps)
            values = self.sequences.span(starts[0], starts[-1] + n_steps)
            values = values.copy() if copy else values
        else:
            steps = np.arange(n_steps)
            if not is_whole:
                steps = np.minimum(steps, lengths[:, None] - 1)
                steps = np.clip(first[:, None] + steps, 0, whole[:, None] - 1)
            rows = (starts[:, None] + steps).ravel()
            values = self.sequences.take(rows)
        if self.encode is not None:
            values = self.encode(values)
        return values.reshape(*shape, -1), self._take_categories(rows, shape)

    def _take_categories(self, rows, shape):
        """Gather the indices of categories: int64 of `shape` + (K,)."""
        codes = self.sequences.take_codes(rows)
        columns = zip(self.lookups, codes.T, strict=True)
        indices = [lookup[column] for lookup, column in columns]
        if not indices:
            return np.empty((*shape, 0), dtype=np.int64)
        return np.stack(indices, axis=-1).reshape(*shape, -1)


def categorical_names(schema):
    """List how messages name the categorical features.

    Parameters
    ----------
    schema : Schema or TargetSchema
        The features.

    Returns
    -------
    names : list of (str or int)
        Quoted names, or positions.
    """
    is_categorical = schema.is_categorical
    names = schema.feature_names or range(len(is_categorical))
    return [
        repr(name) if isinstance(name, str) else feature
        for feature, name in enumerate(names)
        if is_categorical[feature]
    ]


def encode_ahead(sequences, encode):
    """Encode all time steps at once where they may be kept.

    Parameters
    ----------
    sequences : Sequences
        The sequences.
    encode : callable
        Turns numeric time steps (n_steps, n_numeric) into encoded ones.

    Returns
    -------
    sequences : Sequences
        Encoded sequences, or the same where they are too large to keep.
    encode : callable or None
        What is left to do batch by batch.
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
    categories = tuple(
        feature._replace(codes=column)
        for feature, column in zip(sequences.categorical, codes.T, strict=True)
    )
    return Sequences.from_offsets((block,), offsets, categories), None


def evenly_spaced(sequences, n_most):
    """Indices of at most `n_most` of them, in equal distances: no chance needed."""
    n_samples = len(sequences)
    return np.unique(np.linspace(0, n_samples - 1, min(n_samples, n_most)).astype(int))

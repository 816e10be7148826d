"""X through the door and back, for the tests of every form."""

import numpy as np

from sklearn_seqembed import LSTMSequenceEmbedder
from sklearn_seqembed._data.checking import check_sequences
from sklearn_seqembed._data.sequences import CategoricalFeature, Sequences


def read(X, **params):
    """X as the sequences of a new estimator, and its container."""
    return check_sequences(X, estimator=LSTMSequenceEmbedder(**params), reset=True)


def contiguous(sequences):
    """The same sequences one behind the other, numbers as float64: as decoded."""
    spans = zip(sequences.starts, sequences.lengths, strict=True)
    rows = np.concatenate([np.arange(start, start + n) for start, n in spans])
    blocks = tuple(block[rows].astype(np.float64) for block in sequences.blocks)
    categories = tuple(
        CategoricalFeature(feature.codes[rows], feature.categories)
        for feature in sequences.categorical
    )
    offsets = np.cumsum([0, *sequences.lengths])
    return Sequences.from_offsets(blocks, offsets, categories)


def round_trip(X, **params):
    """X through the door and back."""
    sequences, container = read(X, **params)
    return container.build(contiguous(sequences))


def values_of(sequences):
    """The values of each categorical feature at all steps, None where missing."""
    return [
        [feature.categories[code] if code >= 0 else None for code in feature.codes]
        for feature in sequences.categorical
    ]

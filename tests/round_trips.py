"""Reading X and building it again, for the tests of all containers."""

import numpy as np

from sklearn_seqembed._data.checking import check_sequences
from sklearn_seqembed._data.sequences import CategoricalFeature, Sequences


def read(X, categorical_features="from_dtype", schema=None):
    """Read X as fit does, or with a schema as transform does."""
    return check_sequences(
        X,
        categorical_features=categorical_features,
        schema=schema,
        estimator_name="LSTMSequenceEmbedder",
    )


def schema_of(X, **params):
    """Return the schema that an estimator keeps after fit on X."""
    return read(X, **params)[1].without_rows()


def contiguous(sequences):
    """Copy sequences as a decoder returns them: contiguous, with float64 numbers."""
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
    """Read X and build it again."""
    sequences, schema = read(X, **params)
    return schema.build(contiguous(sequences))


def values_of(sequences):
    """List the values of each categorical feature, None where missing."""
    return [
        [feature.categories[code] if code >= 0 else None for code in feature.codes]
        for feature in sequences.categorical
    ]


def as_object_array(items):
    """Make a 1-D array of dtype object, whatever the shapes of the items."""
    out = np.empty(len(items), dtype=object)
    for i, item in enumerate(items):
        out[i] = item
    return out

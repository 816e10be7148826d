"""Hashed counts of n-grams of categories."""

import itertools

import numpy as np
import pytest
import torch

from sklearn_seqembed import LSTMSequenceEmbedder
from sklearn_seqembed._network.ngrams import CategoryNgrams

COUNTER = CategoryNgrams()


def _count(*sequences):
    """Return the features of sequences of categories of one feature."""
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    categories = torch.full((len(sequences), max(lengths), 1), 9)  # 9 is ignored
    for row, sequence in zip(categories, sequences, strict=True):
        row[: len(sequence), 0] = torch.tensor(sequence)
    return COUNTER(categories, lengths)


def test_features_are_counts_of_single_categories_and_of_pairs():
    # Single category 1 twice; pairs: start-1, 1-1, 1-end.
    found = _count([1, 1])[0].abs().sort(descending=True).values

    expected = np.array([2, 1, 1, 1]) / np.sqrt(7)
    np.testing.assert_allclose(found[:4], expected, rtol=1e-6)
    assert not found[4:].any()


def test_sequences_of_the_same_pairs_have_the_same_features():
    # Both consist of the pairs 1-2, 2-3, 3-1, 1-2, 2-1, start-1 and 1-end.
    x, y = _count([1, 2, 3, 1, 2, 1], [1, 2, 1, 2, 3, 1])
    torch.testing.assert_close(x, y)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([1, 2], [2, 1]),
        ([1, 2], [1, 2, 2]),
        ([1, 0], [1]),  # a missing value is not the end
        ([0], [1]),
    ],
)
def test_other_sequences_have_other_features(x, y):
    x, y = _count(x, y)
    assert (x - y).norm() > 0.3


def test_padding_changes_nothing():
    together = _count([1, 2, 3, 4], [5], [2, 2])
    alone = torch.cat([_count(x) for x in ([1, 2, 3, 4], [5], [2, 2])])
    assert torch.equal(together, alone)


def test_features_of_each_column_are_counted_separately():
    columns = torch.tensor([[[1, 2]], [[2, 1]]])
    x, y = COUNTER(columns, torch.tensor([1, 1]))
    assert (x - y).norm() > 0.3


def test_n_grams_are_distributed_evenly():
    codes = torch.arange(1, 301)
    pairs = torch.tensor(list(itertools.product(codes, codes)))  # 90,000
    lengths = torch.full((len(pairs),), 2)

    found = sum(
        COUNTER(some[:, :, None], n).abs().sum(dim=0)
        for some, n in zip(pairs.split(3000), lengths.split(3000), strict=True)
    )
    # Per sequence the absolute values of 5 n-grams, 1 / sqrt(5) each. The pairs, a
    # fifth of them, are all distinct.
    expected = 90_000 / np.sqrt(5) / COUNTER.n_outputs
    assert found.min() > 0.4 * expected


def test_vectors_tell_which_pairs_of_categories_occur():
    rng = np.random.default_rng(0)
    # Every sequence has the same categories; the classes differ in their order.
    y = np.arange(200) % 2
    X = []
    for label in y:
        blocks = [["a", "b"], ["c", "d"]] if label else [["b", "a"], ["d", "c"]]
        X.append([x for i in rng.permutation(6) for x in blocks[i % 2]])
    embedder = LSTMSequenceEmbedder(80, max_epochs=0, random_state=0).fit(X)

    vectors = embedder.transform(X)

    distances = torch.cdist(torch.tensor(vectors), torch.tensor(vectors))
    distances.fill_diagonal_(torch.inf)
    nearest = distances.argmin(dim=1).numpy()
    assert np.mean(y[nearest] == y) == 1

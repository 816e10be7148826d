"""SuffixFeatures: what they contain, judged by a plain implementation."""

from collections import Counter

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from sklearn_seqembed._network import suffixes
from sklearn_seqembed._network.suffixes import SuffixFeatures

CASES = [[[1, 1]], [[1, 2], [2, 1]], [[2, 1], [0, 1], [2, 2], [2, 1], [1, 0], [3, 1]]]
NUMBERS = [[0.5], [1.5, np.nan], [1, 2, 3, 4, np.nan, np.nan]]


def _pad(cases, numbers, n_steps=8, fill=7):
    categories = np.full((len(cases), n_steps, 2), fill)
    numeric = np.full((len(cases), n_steps, 1), float(fill), dtype=np.float32)
    for i, (case, own) in enumerate(zip(cases, numbers, strict=True)):
        categories[i, : len(case)] = case
        numeric[i, : len(own), 0] = own
    lengths = torch.tensor([len(case) for case in cases])
    return torch.from_numpy(numeric), torch.from_numpy(categories), lengths


def _as_dicts(positions, values):
    """Return the sum of the values at each position, without zeros."""
    found = []
    for own_positions, own_values in zip(positions, values, strict=True):
        sums = Counter()
        for position, value in zip(own_positions, own_values, strict=True):
            sums[int(position)] += float(value)
        found.append({k: v for k, v in sums.items() if abs(v) > 1e-7})
    return found


def _features_of(cases, numbers, **options):
    return _as_dicts(*SuffixFeatures()(*_pad(cases, numbers, **options)))


@pytest.mark.parametrize("i", range(len(CASES)))
def test_values_are_those_of_a_plain_implementation(i):
    case, numbers = np.array(CASES[i]), NUMBERS[i]
    expected = []
    for feature in case.T:
        expected += [1.0] * min(suffixes.MAX_SUFFIX, len(case) + 1)
        expected += np.log1p(list(Counter(feature[feature > 0]).values())).tolist()
    expected.append(1.0)  # the pair of the last two categories
    last = [x for x in numbers if x == x][-1]
    expected += [last, last]  # one for each categorical feature

    (found,) = _features_of([CASES[i]], [numbers])

    assert_allclose(sorted(found.values()), sorted(expected), rtol=1e-6)


def test_padding_and_other_sequences_change_nothing():
    together = _features_of(CASES, NUMBERS, n_steps=12, fill=3)
    alone = [
        _features_of([case], [own])[0] for case, own in zip(CASES, NUMBERS, strict=True)
    ]

    assert together == alone


@pytest.mark.parametrize("n", range(1, suffixes.MAX_SUFFIX + 1))
def test_equal_suffixes_are_equal_features(n):
    rng = np.random.default_rng(0)
    suffix = rng.integers(1, 50, (n, 2))
    prefixes = rng.integers(50, 100, (6, 2)), rng.integers(100, 150, (6, 2))
    cases = [np.vstack([before, suffix]) for before in prefixes]
    numbers = [np.full(6 + n, np.nan)] * 2

    first, second = _features_of(cases, numbers, n_steps=16)

    n_counts = len(np.unique(suffix[:, 0])) + len(np.unique(suffix[:, 1]))
    # The suffixes of both features, what occurs in them, and the last pair.
    assert len(first.keys() & second.keys()) == 2 * n + n_counts + 1


def test_a_sequence_without_an_observed_number_has_no_value():
    (found,) = _features_of([[[1, 1]]], [[np.nan]])

    assert len(found) == 2 * 2 + 2 + 1

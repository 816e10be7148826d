"""The program `anomalies` compares methods on the data that it describes."""

import itertools

import numpy as np
import pytest

from benchmarks.quality import anomalies, detectors


@pytest.mark.parametrize("disturb", [anomalies.swap, anomalies.shuffle])
@pytest.mark.parametrize("case", ["aab", "abcabc", "abcdefghijkl"])
def test_disturbed_cases_have_the_same_activities_in_another_order(disturb, case):
    rng = np.random.default_rng(0)

    for _ in range(20):
        found = disturb(list(case), rng)

        assert found != list(case)
        assert sorted(found) == sorted(case)


def test_blocks_are_tested_once_and_trained_on_normal_windows():
    is_unusual = np.zeros(200, dtype=bool)
    is_unusual[95:106] = True
    values = np.arange(200.0)

    blocks = anomalies.cut_blocks(values, is_unusual, size=10)

    tested = np.concatenate([x for _, test, _ in blocks for x in test])
    np.testing.assert_array_equal(tested, values)
    assert np.flatnonzero(np.concatenate([y for _, _, y in blocks])).tolist() == [9, 10]
    for train, test, _ in blocks:
        steps = np.concatenate(train).astype(int)
        assert not is_unusual[steps].any()
        assert not np.isin(steps, test).any()


@pytest.mark.parametrize(
    "score",
    [
        detectors.score_bigrams,
        lambda train, test: detectors.score_backed_off(train, test, order=3),
    ],
    ids=["bigrams", "backed off"],
)
def test_probabilities_of_ngrams_sum_to_one(score):
    train = ["ab", "ba", "aab"]
    # All sequences of up to 12 steps: together, they have almost all of the mass.
    test = ["".join(x) for n in range(12) for x in itertools.product("ab", repeat=n)]

    surprises = score(train, test)

    lengths = np.array([len(x) + 1 for x in test])
    assert 0.9 < np.exp(-surprises * lengths).sum() <= 1


def test_points_of_unequal_lengths_are_compared():
    train = [np.linspace(0, 1, n) for n in (5, 10, 20)]
    test = [np.linspace(0, 1, 7), np.linspace(1, 0, 7)]

    for values in detectors.score_points(train, test).values():
        assert values[0] < values[1]

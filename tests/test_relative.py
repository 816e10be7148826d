"""Level and scale of each sequence, taken out of its targets and put back."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_seqembed._data.sequences import Sequences
from sklearn_seqembed._features.numeric import NumericFeatures
from sklearn_seqembed._features.relative import RelativeTargets
from sklearn_seqembed._network.reader import LEAST_OWN_SPREAD

NAN = float("nan")


def _sequences(arrays):
    offsets = np.cumsum([0, *map(len, arrays)])
    return Sequences.from_offsets((np.concatenate(arrays),), offsets)


@pytest.fixture
def walks():
    """Random walks of two features, and the three steps that come next."""
    rng = np.random.default_rng(0)
    walks = [
        np.cumsum(rng.normal(size=(n, 2)), axis=0) for n in rng.integers(8, 20, 30)
    ]
    return _sequences([w[:-3] for w in walks]), _sequences([w[-3:] for w in walks])


def _levels(sources, targets, option="auto"):
    features = NumericFeatures("standard").fit(targets)
    return RelativeTargets(features).fit(sources, targets, option)


def test_walks_go_on_from_their_last_values(walks):
    sources, targets = walks

    levels = _levels(sources, targets)

    assert_array_equal(levels.columns, [0, 1])
    for i, (level, scale) in enumerate(levels.of(sources)):
        own = levels.target_features.encode(sources.rows(i))
        assert_allclose(level, own[-1], rtol=1e-5)
        assert_allclose(scale, own.std(axis=0) + LEAST_OWN_SPREAD, rtol=1e-4)


def test_noise_has_no_level():
    rng = np.random.default_rng(0)
    sources, targets = (_sequences(list(rng.normal(size=(30, 9, 2)))) for _ in "ab")

    levels = _levels(sources, targets)

    assert_array_equal(levels.columns, [-1, -1])
    assert_array_equal(levels.of(sources)[:, 0], np.zeros((30, 2)))
    assert_array_equal(levels.of(sources)[:, 1], np.ones((30, 2)))


def test_a_single_target_finds_its_feature(walks):
    sources, targets = walks
    second = Sequences((targets.blocks[0][:, 1:],), targets.starts, targets.lengths)

    assert_array_equal(_levels(sources, second).columns, [1])


@pytest.mark.parametrize(("option", "expected"), [(True, [0, 1]), (False, [-1, -1])])
def test_the_user_has_the_last_word(walks, option, expected):
    assert_array_equal(_levels(*walks, option).columns, expected)


def test_the_last_observed_value_is_the_level(walks):
    sources, targets = walks
    levels = _levels(sources, targets)
    gaps = np.array([[1.0, 2.0], [3.0, NAN], [NAN, NAN]])

    found = levels.of(_sequences([gaps]))

    expected = levels.target_features.encode(np.array([[3.0, 2.0]]))
    assert_allclose(found[0, 0], expected[0], rtol=1e-5)
    assert np.isfinite(found).all()


def test_sequences_without_numbers_have_no_level(walks):
    _, targets = walks
    nothing = Sequences((), targets.starts, targets.lengths)

    levels = _levels(nothing, targets)

    assert_array_equal(levels.columns, [-1, -1])
    assert levels.of(nothing).shape == (30, 2, 2)

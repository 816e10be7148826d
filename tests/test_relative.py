"""Location and scale of targets, computed from the sequence they continue."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_seqembed._data.sequences import Sequences
from sklearn_seqembed._features.numeric import NumericFeatures
from sklearn_seqembed._features.relative import RelativeTargets

NAN = float("nan")
OFFSET = 0.25


def _sequences(arrays):
    offsets = np.cumsum([0, *map(len, arrays)])
    return Sequences.from_offsets((np.concatenate(arrays),), offsets)


@pytest.fixture
def walks():
    """Random walks of two features, and the next three steps of each."""
    rng = np.random.default_rng(0)
    walks = [
        np.cumsum(rng.normal(size=(n, 2)), axis=0) for n in rng.integers(8, 20, 30)
    ]
    return _sequences([w[:-3] for w in walks]), _sequences([w[-3:] for w in walks])


def _fit(sources, targets, option="auto"):
    features = NumericFeatures("standard").fit(targets)
    return RelativeTargets(features, OFFSET).fit(sources, targets, option)


def test_walks_continue_from_their_last_values(walks):
    sources, targets = walks

    relative = _fit(sources, targets)

    assert_array_equal(relative.columns, [0, 1])
    assert relative.is_forecast and relative.relative_features == (0, 1)
    for i, (location, scale) in enumerate(relative.compute_location_scale(sources)):
        scaled = relative.target_features.encode(sources.rows(i))
        assert_allclose(location, scaled[-1], rtol=1e-5)
        assert_allclose(scale, scaled.std(axis=0) + OFFSET, rtol=1e-4)


def test_noise_has_location_0_and_scale_1():
    rng = np.random.default_rng(0)
    sources, targets = (_sequences(list(rng.normal(size=(30, 9, 2)))) for _ in "ab")

    relative = _fit(sources, targets)

    assert_array_equal(relative.columns, [-1, -1])
    location_scale = relative.compute_location_scale(sources)
    assert not relative.is_forecast and relative.relative_features == ()
    assert_array_equal(location_scale[:, 0], np.zeros((30, 2)))
    assert_array_equal(location_scale[:, 1], np.ones((30, 2)))


def test_a_single_target_continues_the_closest_feature(walks):
    sources, targets = walks
    second = Sequences((targets.blocks[0][:, 1:],), targets.starts, targets.lengths)

    assert_array_equal(_fit(sources, second).columns, [1])


@pytest.mark.parametrize(("option", "expected"), [(True, [0, 1]), (False, [-1, -1])])
def test_the_option_overrides_the_comparison(walks, option, expected):
    assert_array_equal(_fit(*walks, option).columns, expected)


def test_the_location_is_the_last_observed_value(walks):
    sources, targets = walks
    relative = _fit(sources, targets)
    gaps = np.array([[1.0, 2.0], [3.0, NAN], [NAN, NAN]])

    ((location, scale),) = relative.compute_location_scale(_sequences([gaps]))

    expected = relative.target_features.encode(np.array([[3.0, 2.0]]))
    assert_allclose(location, expected[0], rtol=1e-5)
    # Half the difference of 1 and 3, in scaled units, and 0 for a single value.
    half = 1 / relative.target_features.scaler_.scale_[0]
    assert_allclose(scale, [half + OFFSET, OFFSET], rtol=1e-5)


def test_sequences_without_numbers_have_location_0_and_scale_1(walks):
    _, targets = walks
    empty = Sequences((), targets.starts, targets.lengths)

    relative = _fit(empty, targets)

    assert_array_equal(relative.columns, [-1, -1])
    expected = np.tile([[[0.0], [1.0]]], (30, 1, 2))
    assert_array_equal(relative.compute_location_scale(empty), expected)

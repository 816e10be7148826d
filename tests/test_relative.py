"""Location and scale of targets, computed from the sequence they continue."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_seqembed import LSTMSequenceEmbedder
from sklearn_seqembed._data.sequences import Sequences
from sklearn_seqembed._features.encoder import MAX_RELATIVE, FeatureEncoder
from sklearn_seqembed._features.numeric import NumericFeatures
from sklearn_seqembed._features.relative import RelativeTargets, measure_sources
from sklearn_seqembed._features.vocabulary import CategoricalFeatures

NAN = float("nan")


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
    return RelativeTargets(features).fit(sources, targets, option)


def test_walks_continue_from_their_last_values(walks):
    sources, targets = walks

    relative = _fit(sources, targets)

    assert_array_equal(relative.columns, [0, 1])
    assert relative.is_forecast and relative.relative_features == (0, 1)
    for i, (location, scale) in enumerate(relative.compute_location_scale(sources)):
        scaled = relative.target_features.encode(sources.rows(i))
        assert_allclose(location, scaled[-1], rtol=1e-5)
        assert_allclose(scale, scaled.std(axis=0), rtol=1e-4)


def test_noise_has_no_location():
    rng = np.random.default_rng(0)
    sources, targets = (_sequences(list(rng.normal(size=(30, 9, 2)))) for _ in "ab")

    relative = _fit(sources, targets)

    assert_array_equal(relative.columns, [-1, -1])
    assert not relative.is_forecast and relative.relative_features == ()
    assert relative.compute_location_scale(sources) is None


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
    # Half the difference of 1 and 3, in scaled units; a single value has no scale.
    half = 1 / relative.target_features.scaler_.scale_[0]
    assert_allclose(scale, [half, 1], rtol=1e-5)


def test_sequences_without_numbers_have_no_location(walks):
    _, targets = walks
    empty = Sequences((), targets.starts, targets.lengths)

    relative = _fit(empty, targets)

    assert_array_equal(relative.columns, [-1, -1])
    assert relative.compute_location_scale(empty) is None


def test_a_sequence_that_does_not_vary_has_the_scale_of_its_kind():
    flat, steps = np.full((30, 6, 1), 0.1), np.full((30, 2, 1), 0.1 + 0.5)
    rising = np.linspace(0, 1, 8).reshape(1, 8, 1)
    sources = _sequences([*flat, *np.repeat(rising[:, :6], 30, axis=0)])
    targets = _sequences([*steps, *np.repeat(rising[:, 6:], 30, axis=0)])

    relative = _fit(sources, targets, True)

    _, scale = relative.compute_location_scale(sources).transpose(1, 0, 2)
    unit = relative.target_features.scaler_.scale_[0]
    assert_allclose(scale[:30], 0.5 / unit)  # each change is 0.5
    assert_allclose(scale[30:], rising[0, :6].std() / unit)


def test_values_far_below_the_common_scale_keep_their_precision():
    values = np.array([1.0, 2.0, 4.0, 3.0, 5.0])
    sizes = 10.0 ** np.arange(-3, 7)
    sources = _sequences([size * values[:, None] for size in sizes])

    features = NumericFeatures("standard").fit(sources)
    encoder = FeatureEncoder()
    encoder.numeric, encoder.categorical = features, CategoricalFeatures().fit(sources)
    encoded = encoder.encode(sources, (), measure_sources(features, sources, (0,)))

    n = len(sizes)
    numeric, _ = encoded.take(np.arange(n), np.zeros(n, int), sources.lengths, 5)
    expected = (values - 5) / values.std()
    assert_allclose(numeric[:, :, 0], np.tile(expected, (n, 1)), rtol=1e-5)


def test_targets_after_almost_constant_sequences_are_bounded(walks):
    sources, targets = walks
    relative = _fit(sources, targets)
    features = FeatureEncoder()
    features.numeric = relative.target_features
    features.categorical = CategoricalFeatures().fit(targets)
    location_scale = relative.compute_location_scale(sources)
    location_scale[3, 1] = 1e-9

    encoded = features.encode(targets, (), location_scale)

    numeric, _ = encoded.take(np.array([3]), np.array([0]), np.array([3]), 3)
    assert set(np.abs(numeric).ravel()) == {MAX_RELATIVE}


def test_sequences_that_vary_little_have_low_weights(walks):
    sources, targets = walks
    relative = _fit(sources, targets)
    relative.mean_scale = np.array([2.0, 4.0])

    weights = relative.weigh(np.array([[[5.0, 5.0], [2.0, 0.04]]]))

    assert_allclose(weights, [[0.5, 1 / (1 + 100**2)]])
    assert _fit(sources, targets, False).weigh(None) is None


@pytest.fixture(scope="module")
def seasons():
    """Seasonal series whose levels differ by a factor of a million."""
    rng = np.random.default_rng(0)
    levels = np.geomspace(1e-3, 1e3, 60)[rng.permutation(60), None]
    phases = rng.uniform(0, 2 * np.pi, size=(60, 1))
    season = np.sin(2 * np.pi * np.arange(30) / 6 + phases)
    return levels, levels * (1 + 0.3 * season)


@pytest.mark.parametrize("objective", ["forecast", "composite"])
def test_an_embedder_forecasts_small_series_as_well_as_large_ones(objective, seasons):
    levels, X = seasons
    embedder = LSTMSequenceEmbedder(
        16, objective=objective, horizon=6, max_epochs=60, lr=0.01, random_state=0
    ).fit(list(X[:, :24]))

    forecasts = np.array(embedder.forecast(list(X[:, :24])))

    errors = np.abs(forecasts - X[:, 24:]).mean(axis=1) / levels[:, 0]
    small = levels[:, 0] < 1
    assert errors[small].mean() < 0.1
    of_small, of_large = errors[small].mean(), errors[~small].mean()
    assert max(of_small, of_large) < max(2 * min(of_small, of_large), 1e-3)
    assert embedder.score(list(X)) > 0.8


def test_the_location_of_a_forecast_can_be_switched_off(seasons):
    _, X = seasons
    embedder = LSTMSequenceEmbedder(
        8, objective="forecast", horizon=6, max_epochs=1, instance_norm=False
    ).fit(list(X))

    # Almost all series lie close to the common mean, to which the forecasts tend.
    assert np.ptp(embedder.forecast(list(X[:, :24]))) < 0.5 * np.ptp(X)


def test_partial_fit_keeps_how_forecasts_are_relative(seasons):
    _, X = seasons
    embedder = LSTMSequenceEmbedder(8, objective="forecast", horizon=6)
    embedder.partial_fit(list(X[:30]))
    before = embedder._relative

    embedder.partial_fit(list(1e6 * X[30:]))

    assert embedder._relative is before
    assert embedder.fit(list(X))._relative is not before

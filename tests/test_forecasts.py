"""Forecasts that start from ridge regression, and their intervals."""

import pickle
import warnings

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge

from sklearn_seqembed import (
    LSTMSequenceEmbedder,
    LSTMSequencePredictor,
    _base,
    _intervals,
)
from sklearn_seqembed._data.sequences import Sequences
from sklearn_seqembed._data.windows import Windows, take_last
from sklearn_seqembed._network.linear_forecast import ForecastShape, LinearForecast
from sklearn_seqembed._network.ridge import Moments, fit_forecast
from sklearn_seqembed._training import callbacks
from sklearn_seqembed._training.error_quantiles import ErrorQuantiles
from sklearn_seqembed._training.linear_forecasts import measure_network_forecasts
from sklearn_seqembed._training.plan import split_pairs
from sklearn_seqembed.datasets import make_windows
from sklearn_seqembed.exceptions import SequenceReadingWarning


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def _simulate(n_steps, rng, noise=1.0):
    """Simulate an autoregressive series with a period of about 12 steps."""
    series = np.zeros(n_steps)
    for t in range(2, n_steps):
        series[t] = 1.7 * series[t - 1] - 0.95 * series[t - 2] + noise * rng.normal()
    return series


def _predictor(**options):
    return LSTMSequencePredictor(
        **({"n_components": 16, "random_state": 0, "max_epochs": 0} | options)
    )


def _fit_map(X, y, n_features=1, columns=(0,), n_components=50, **options):
    moments = Moments(len(X), X.shape[1], y.shape[1])
    moments.add(np.arange(len(X)), X, y, np.ones(len(X)))
    return fit_forecast(moments, n_features, columns, n_components, **options)


# The closed form


def test_map_is_that_of_ridge_regression(rng):
    X = rng.normal(size=(60, 5))
    y = X @ rng.normal(size=(5, 3)) + rng.normal(size=(60, 3))

    fitted = _fit_map(X, y)

    penalties = 10.0 ** np.arange(-6, 1.5, 0.5) * np.square(X).sum() / 5
    found = fitted.encoding @ fitted.decoding
    expected = [Ridge(a, fit_intercept=False).fit(X, y).coef_.T for a in penalties]
    assert min(np.abs(found - weights).max() for weights in expected) < 1e-8


def test_linear_process_is_recovered(rng):
    X = rng.normal(size=(60, 10))
    y = X @ rng.normal(size=(10, 4))

    fitted = _fit_map(X, y)

    np.testing.assert_allclose(X @ fitted.encoding @ fitted.decoding, y, atol=1e-3)
    assert fitted.unexplained < 1e-6


def test_fewer_components_keep_the_largest_part_of_the_forecasts(rng):
    X = rng.normal(size=(200, 6))
    strong, weak = rng.normal(size=(6, 1)), 0.01 * rng.normal(size=(6, 1))
    y = X @ np.hstack([strong, weak, -strong])

    fitted = _fit_map(X, y, n_components=1)

    predicted = X @ fitted.encoding @ fitted.decoding
    assert np.square(predicted - y).sum() < 1e-3 * np.square(y).sum()


def test_reduced_map_is_that_of_fewer_components(rng):
    X = rng.normal(size=(200, 6))
    y = X @ rng.normal(size=(6, 4))

    reduced = _fit_map(X, y).reduce(2)

    expected = _fit_map(X, y, n_components=2)
    np.testing.assert_allclose(
        reduced.encoding @ reduced.decoding,
        expected.encoding @ expected.decoding,
        atol=1e-10,
    )


def test_components_have_variance_one(rng):
    X = rng.normal(size=(500, 6))
    y = X @ rng.normal(size=(6, 4))

    fitted = _fit_map(X, y, n_components=9)

    np.testing.assert_allclose((X @ fitted.encoding).var(axis=0), 1, rtol=0.05)


def test_features_are_read_only_if_they_help(rng):
    X = rng.normal(size=(400, 2, 2))  # two lags of two features
    own = X[:, -1, :]
    y = own + 0.5 * rng.normal(size=own.shape)
    mixed = own[:, ::-1]

    apart = _fit_map(X.reshape(400, -1), y, 2, (0, 1))
    together = _fit_map(X.reshape(400, -1), mixed, 2, (0, 1))

    weights = apart.encoding @ apart.decoding  # rows: lags of both features
    assert np.abs([weights[[0, 2], 1], weights[[1, 3], 0]]).max() < 1e-12
    assert (together.encoding @ together.decoding)[3, 0] > 0.9


def test_held_out_error_is_estimated(rng):
    X = rng.normal(size=(2000, 5))
    y = X @ rng.normal(size=(5, 2))
    y += y.std() * rng.normal(size=y.shape)  # half of the variance

    assert _fit_map(X, y).unexplained == pytest.approx(0.5, abs=0.05)


def test_module_reads_the_last_steps_relative_to_the_last_value():
    module = LinearForecast(1, 2, ForecastShape(3, 2, (0,)))
    numeric = torch.tensor([[[9.0], [1.0], [np.nan], [5.0]], [[2.0], [4.0], [0], [0]]])

    values = module.read(numeric, torch.tensor([4, 2]))

    scale = np.std([9, 1, 5])
    expected = [[-4 / scale, -2 / scale, 0], [-2, -2, 0]]  # interpolated; repeated
    np.testing.assert_allclose(values, expected, rtol=1e-6)


# The predictor


def test_forecasts_are_not_worse_than_ridge_on_later_steps(rng):
    series = _simulate(3000, rng) + 5 * rng.normal(size=3000).cumsum()
    X, y = make_windows(series[:2000], 20, 6)
    X_test, y_test = make_windows(series[2000:], 20, 6)

    predictor = _predictor(max_epochs="auto").fit(X, y)

    changes, last = X - X[:, -1:], X_test[:, -1:]
    ridge = Ridge(1.0).fit(changes[..., 0], (y - X[:, -1:])[..., 0])
    expected = ridge.predict((X_test - last)[..., 0])[..., None] + last
    error = np.square(predictor.predict(X_test) - y_test).mean()
    assert error < 1.01 * np.square(expected - y_test).mean()


def test_forecast_depends_on_the_vector_alone(rng):
    X, y = make_windows(_simulate(200, rng), 20, 6)
    predictor = _predictor().fit(X, y)

    vectors = predictor.transform(X)

    values = predictor.decoder_(torch.from_numpy(vectors), 6).values.detach().numpy()
    scale, last = X.std(axis=1, keepdims=True), X[:, -1:]
    np.testing.assert_allclose(values * scale + last, predictor.predict(X), rtol=1e-3)


def test_forecasts_of_a_part_do_not_depend_on_the_others(rng):
    X, y = make_windows(_simulate(200, rng), 20, 6)
    predictor = _predictor().fit(X, y)

    np.testing.assert_allclose(
        predictor.predict(X[:3]), predictor.predict(X)[:3], rtol=1e-5
    )


def test_training_is_skipped_with_few_windows(rng, capsys):
    X, y = make_windows(_simulate(100, rng), 20, 6)

    predictor = _predictor(max_epochs="auto", verbose=1).fit(X, y)

    assert predictor.n_iter_ == 0
    assert "at least 300 windows are needed" in capsys.readouterr().out


def test_useless_training_leaves_the_linear_forecast(rng):
    X, y = make_windows(_simulate(400, rng), 20, 2)
    start = _predictor().fit(X, y)

    predictor = _predictor(
        max_epochs=2, early_stopping=True, validation_fraction=0.2
    ).fit(X, y)

    assert predictor.n_iter_ == 2
    np.testing.assert_array_equal(predictor.predict(X), start.predict(X))


def test_training_is_kept_where_the_closed_form_fails(rng):
    X = rng.choice([-1.0, 1.0], size=(600, 4, 1)) * rng.uniform(0.5, 1, (600, 1, 1))
    X = X.cumsum(axis=1)
    y = X[:, -1:] + 3 * np.abs(X[:, :1] - X[:, -1:]) / X.std(axis=1, keepdims=True)

    predictor = _predictor(max_epochs=20, early_stopping=True, instance_norm=True).fit(
        X, y
    )

    assert predictor.encoder_.is_trained
    assert predictor.score(X, y) > _predictor(instance_norm=True).fit(X, y).score(X, y)


@pytest.mark.parametrize(("n_iter_no_change", "n_epochs"), [(1, 1), ("auto", 31)])
def test_patience_with_a_linear_map(n_iter_no_change, n_epochs, rng):
    X, y = make_windows(_simulate(300, rng), 12, 5)
    predictor = _predictor(
        max_epochs="auto",
        n_iter_no_change=n_iter_no_change,
        lr=1e-12,  # no epoch changes the loss
        instance_norm=True,
    )

    assert predictor.fit(X, y).n_iter_ == n_epochs  # all of 250 batches, 8 an epoch


def test_better_cells_have_a_higher_weight(rng):
    X = rng.choice([-1.0, 1.0], size=(600, 4, 1)) * rng.uniform(0.5, 1, (600, 1, 1))
    X = X.cumsum(axis=1)
    y = X[:, -1:] + 3 * np.abs(X[:, :1] - X[:, -1:]) / X.std(axis=1, keepdims=True)
    options = {"max_epochs": 30, "instance_norm": True}

    chosen = _predictor(early_stopping=True, **options).fit(X, y)
    equal = _predictor(**options).fit(X, y)

    assert chosen.encoder_.linear.share == 1
    assert equal.encoder_.linear.share == 0.5


def test_forecasts_are_the_mean_of_both(rng):
    X, y = make_windows(_simulate(200, rng), 20, 6)
    predictor = _predictor(max_epochs=1).fit(X, y)
    share = predictor.encoder_.linear.share
    share.fill_(0.5)
    mean = predictor.predict(X)

    found = []
    for weight in (0.0, 1.0):
        share.fill_(weight)
        found.append(predictor.predict(X))

    np.testing.assert_allclose(mean, np.mean(found, axis=0), rtol=1e-4, atol=1e-4)
    start = _predictor(n_components=8).fit(X, y)
    np.testing.assert_allclose(found[0], start.predict(X), rtol=1e-4, atol=1e-4)


def test_trained_cells_have_half_of_the_components(rng):
    X, y = make_windows(_simulate(200, rng), 20, 6)

    start, trained = (_predictor(max_epochs=n).fit(X, y).encoder_ for n in (0, 1))

    assert start.linear.is_fixed.all()
    assert trained.linear.is_fixed.tolist() == [True] * 8 + [False] * 8


def test_used_cells_leave_the_map_of_all_sequences(rng):
    X = rng.choice([-1.0, 1.0], size=(600, 4, 1)) * rng.uniform(0.5, 1, (600, 1, 1))
    X = X.cumsum(axis=1)
    y = X[:, -1:] + 3 * np.abs(X[:, :1] - X[:, -1:]) / X.std(axis=1, keepdims=True)
    options = {"instance_norm": True}

    trained = _predictor(max_epochs=20, early_stopping=True, **options).fit(X, y)

    start = _predictor(n_components=8, **options).fit(X, y)
    expected = start.encoder_.linear.encoding @ start.encoder_.linear.decoding
    found = trained.encoder_.linear.encoding @ trained.encoder_.linear.decoding
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("continuing", ["partial_fit", "warm_start"])
def test_continuing_from_a_linear_forecast_does_not_spoil_it(continuing, rng):
    X, y = make_windows(_simulate(400, rng, noise=0.3), 24, 6)
    predictor = _predictor(instance_norm=True, warm_start=True).fit(X, y)
    before = predictor.score(X, y)

    if continuing == "partial_fit":
        predictor.partial_fit(X, y)
    else:
        predictor.set_params(max_epochs=1).fit(X, y)

    linear = predictor.encoder_.linear
    assert linear.is_fixed.tolist() == [True] * 8 + [False] * 8
    assert linear.share in (0, 0.5)
    assert predictor.score(X, y) > before - 0.02


def test_bad_cells_are_not_used_without_validation(rng):
    X, y = make_windows(_simulate(400, rng, noise=0.3), 24, 6)
    options = {"n_components": 8, "instance_norm": True}

    bad = _predictor(**options | {"n_components": 16}, max_epochs=1, lr=1e-9).fit(X, y)

    assert bad.encoder_.linear.share == 0
    np.testing.assert_allclose(
        np.array(bad.predict(X)),
        np.array(_predictor(**options).fit(X, y).predict(X)),
        atol=1e-3,
    )


def test_a_feature_that_was_never_observed_leaves_the_others(rng):
    x = np.column_stack([_simulate(300, rng), np.full(300, np.nan)])
    X, y = make_windows(x, 20, 6)

    predictor = _predictor().fit(X, y)

    assert predictor.encoder_.linear is not None
    lower, upper = predictor.predict_interval(X, coverage=0.8)
    assert np.isfinite(lower[0][:, 0]).all() and (lower[0] < upper[0])[:, 0].all()
    assert np.isinf(upper[0][:, 1]).all()


def test_bounds_of_a_rarely_observed_step_are_infinite(rng):
    X, y = make_windows(_simulate(300, rng), 20, 6)
    y = np.array(y)
    y[3:, 2] = np.nan

    lower, upper = _predictor().fit(X, y).predict_interval(X)

    assert np.isinf(lower).all(axis=0).ravel().tolist() == [i == 2 for i in range(6)]
    np.testing.assert_array_equal(np.isinf(upper), np.isinf(lower))


def test_last_sequences_are_held_out(rng, monkeypatch):
    X, y = make_windows(_simulate(100, rng), 20, 6)
    found = []

    def spy(*args):
        found.extend(split_pairs(*args))
        return found

    monkeypatch.setattr(_base, "split_pairs", spy)
    _predictor(early_stopping=True, max_epochs=1).fit(X, y)

    training, validation = (pairs.sources.sequences.starts for pairs in found)
    assert (len(training), len(validation)) == (67, 8)
    assert training.max() < validation.min()


def test_without_a_linear_map_the_cells_alone_are_trained(rng):
    X, y = make_windows(_simulate(100, rng), 20, 6)

    predictor = _predictor(linear_map=False, max_epochs=1).fit(X, y)

    assert predictor.encoder_.linear is None


@pytest.mark.parametrize(
    "options", [{"instance_norm": False}, {"decoding": "autoregressive"}], ids=str
)
def test_other_predictions_have_no_linear_map(options, rng):
    X, y = make_windows(_simulate(100, rng), 20, 6)

    assert _predictor(**options).fit(X, y).encoder_.linear is None


def test_partial_fit_and_warm_start_continue_from_the_linear_forecast(rng):
    X, y = make_windows(_simulate(200, rng), 20, 6)
    predictor = _predictor().partial_fit(X, y)
    encoding = predictor.encoder_.linear.encoding.clone()

    predictor.partial_fit(X, y)
    predictor.set_params(warm_start=True, max_epochs=2).fit(X, y)

    assert torch.equal(predictor.encoder_.linear.encoding, encoding)
    assert predictor.encoder_.is_trained


def test_warm_start_refuses_another_linear_map(rng):
    X, y = make_windows(_simulate(100, rng), 20, 6)
    predictor = _predictor(warm_start=True, max_epochs=1).fit(X, y)

    with pytest.raises(ValueError, match="linear_map=True, but now it is False"):
        predictor.set_params(linear_map=False).fit(X, y)


# Long series


def test_one_long_series_is_learned_from_windows(rng):
    series = _simulate(400, rng)

    predictor = _predictor().fit([series[:388]], [series[388:]])

    (forecast,) = predictor.predict([series])
    assert forecast.shape == (12,)
    # Only the end of a sequence is read.
    np.testing.assert_allclose(
        predictor.predict([series[-60:]])[0], forecast, rtol=1e-4, atol=1e-5
    )


def test_embedder_forecasts_one_series_like_the_predictor(rng):
    series = _simulate(300, rng) + 50

    embedder = LSTMSequenceEmbedder(objective="forecast", horizon=6, random_state=0)
    predictor = _predictor(max_epochs="auto", n_components=128)

    np.testing.assert_allclose(
        np.ravel(embedder.fit([series]).forecast([series])[0]),
        predictor.fit([series[:-6]], [series[-6:]]).predict([series])[0],
        rtol=1e-3,
    )


def test_score_of_the_embedder_holds_back_the_end_of_a_series(rng):
    t = np.arange(300)
    series = np.sin(t / 3) + 0.01 * rng.normal(size=300)
    embedder = LSTMSequenceEmbedder(objective="forecast", horizon=6, random_state=0)

    assert embedder.fit([series]).score([series]) > 0.95
    assert embedder.score_samples([series]).shape == (1,)


def test_short_series_are_not_cut_into_windows(rng):
    x = _simulate(30, rng)

    assert _predictor(max_epochs=1).fit([x[:20]], [x[20:]]).encoder_ is not None
    assert len(_predictor(max_epochs=1).fit([x[:20]], [x[20:]]).predict([x])[0]) == 10


@pytest.mark.parametrize("position", [-1, 0], ids=["last of X", "first of y"])
def test_an_outlier_at_the_cut_does_not_matter(position, rng):
    series = _simulate(300, rng)
    x, y = series[:290].copy(), series[290:].copy()
    (x if position else y)[position] = 1e4

    assert _predictor().fit([x], [y]).encoder_.linear is not None


def test_a_target_far_from_a_long_series_is_no_forecast(rng):
    series = _simulate(300, rng)
    predictor = _predictor(max_epochs=1)

    with pytest.warns(SequenceReadingWarning, match="not read as the continuation of"):
        predictor.fit([series[:290]], [series[290:] + 1e4])
    assert predictor.encoder_.linear is None


def test_later_series_must_be_as_long_as_the_windows(rng):
    series = _simulate(200, rng)
    predictor = _predictor().partial_fit([series[:190]], [series[190:]])

    with pytest.raises(ValueError, match="Series 0 has 20 time steps with its target"):
        predictor.partial_fit([series[:10]], [series[10:20]])


def test_short_series_are_read_with_a_warning(rng):
    series = _simulate(300, rng)
    predictor = _predictor().fit([series[:290]], [series[290:]])
    n_steps = predictor.encoder_.linear.n_used_lags

    assert 2 <= n_steps <= 37  # an eighth of the series
    assert len(predictor.predict([series[-n_steps:]])[0]) == 10
    with pytest.warns(SequenceReadingWarning, match="Sequence 1 of X has 1 time step"):
        predictor.predict([series, series[-1:]])


def test_windows_cover_the_end_of_each_series():
    values = np.arange(20.0)[:, None]
    sequences = Sequences.from_offsets((values,), [0, 12, 20])

    windows = Windows(lookback=3, horizon=2, max_steps=30)
    past, future = windows.split(windows.cut(sequences, "LSTMSequencePredictor"))

    assert [past.rows(i)[-1, 0] for i in range(len(past))] == [3, 5, 7, 9, 15, 17][-6:]
    assert future.rows(len(future) - 1)[:, 0].tolist() == [18, 19]
    assert take_last(sequences, 10).lengths.tolist() == [10, 8]


# Intervals


def test_quantiles_have_the_coverage_exactly():
    errors = np.arange(1.0, 10.0)[:, None, None]  # 9 errors

    quantiles = ErrorQuantiles(errors)

    assert quantiles.compute(0.8)[0, 0] == 8
    assert quantiles.compute(0.9)[0, 0] == 9


def test_quantiles_of_few_errors_are_infinite():
    errors = np.arange(1.0, 10.0)[:, None, None].repeat(2, axis=2)
    errors[1:, :, 1] = np.nan

    np.testing.assert_array_equal(ErrorQuantiles(errors).compute(0.8), [[8, np.inf]])


def test_too_high_a_coverage_is_refused():
    with pytest.raises(ValueError, match="at least 19 held-out forecasts, but fit had"):
        ErrorQuantiles(np.ones((9, 1, 1))).compute(0.95)


def test_many_errors_are_reduced_to_their_quantiles(rng):
    errors = np.abs(rng.normal(size=(5000, 2, 1)))
    errors[:1000, 1] = np.nan  # missing targets

    found = ErrorQuantiles(errors).compute(0.9)

    np.testing.assert_allclose(found, 1.645, rtol=0.05)


@pytest.mark.parametrize("coverage", [0.8, 0.95])
def test_intervals_cover_as_many_values_as_they_should(coverage, rng):
    series = _simulate(3000, rng)
    X, y = make_windows(series[:1500], 20, 6)
    X_test, y_test = make_windows(series[1500:], 20, 6)

    predictor = _predictor().fit(X, y)
    lower, upper = predictor.predict_interval(X_test, coverage)

    found = ((lower <= y_test) & (y_test <= upper)).mean(axis=(0, 2))
    np.testing.assert_allclose(found, coverage, atol=0.06)
    np.testing.assert_allclose(
        (lower + upper) / 2, predictor.predict(X_test), rtol=1e-3
    )
    assert ((upper - lower)[:, -1] > (upper - lower)[:, 0]).all()  # later is harder


def test_intervals_of_a_trained_network_come_from_its_validation_set(rng):
    X, y = make_windows(_simulate(1500, rng), 20, 2)

    predictor = _predictor(
        linear_map=False, max_epochs=5, early_stopping=True, n_components=8
    ).fit(X, y)
    lower, upper = predictor.predict_interval(X, 0.8)

    assert 0.7 < ((lower <= y) & (y <= upper)).mean() < 0.9


def test_intervals_come_from_a_map_without_the_held_out_sequences(rng, monkeypatch):
    X, y = make_windows(_simulate(300, rng), 12, 5)
    maps = []

    def spy(net, *args):
        linear = net.module_.encoder.linear
        maps.append(linear.encoding @ linear.decoding)
        return measure_network_forecasts(net, *args)

    monkeypatch.setattr(_intervals, "MIN_HELD_OUT", 10)
    monkeypatch.setattr(_intervals, "measure_network_forecasts", spy)
    monkeypatch.setattr(callbacks, "MIN_FORECAST_IMPROVEMENT", -99.0)  # always used
    options = {"max_epochs": 1, "early_stopping": True, "instance_norm": True}
    linear = _predictor(**options).fit(X, y).encoder_.linear

    assert len(maps) == 1
    assert not torch.allclose(maps[0], linear.encoding @ linear.decoding)


def test_intervals_without_held_out_sequences_are_those_of_the_linear_map(rng):
    X, y = make_windows(_simulate(200, rng), 20, 6)
    trained, start = _predictor(max_epochs=1).fit(X, y), _predictor().fit(X, y)

    widths = [
        np.subtract(*predictor.predict_interval(X, 0.8))
        for predictor in (trained, start)
    ]

    np.testing.assert_allclose(*widths, rtol=1e-3)


def test_intervals_have_the_container_of_y(rng):
    series = _simulate(100, rng)
    X, y = make_windows(series, 20, 6)
    predictor = _predictor().fit(list(X), [list(row[:, 0]) for row in y])

    lower, upper = predictor.predict_interval(list(X[:2]), 0.8)

    assert isinstance(lower, list) and len(upper) == 2 and upper[0].shape == (6,)


def test_intervals_survive_pickling(rng):
    X, y = make_windows(_simulate(100, rng), 20, 6)
    predictor = _predictor().fit(X, y)

    copied = pickle.loads(pickle.dumps(predictor))

    np.testing.assert_array_equal(
        copied.predict_interval(X, 0.8), predictor.predict_interval(X, 0.8)
    )


def test_intervals_need_held_out_sequences(rng):
    X, y = make_windows(_simulate(100, rng), 20, 6)
    predictor = _predictor(max_epochs=1, linear_map=False).fit(X, y)

    with pytest.raises(ValueError, match="fit held out none. Set early_stopping=True"):
        predictor.predict_interval(X)


def test_intervals_need_numbers_of_equal_lengths(rng):
    words = _predictor().fit(["ab", "ba"], ["b", "a"])
    ragged = _predictor().fit(
        [rng.normal(size=5)] * 4, [rng.normal(size=n) for n in (1, 2, 3, 4)]
    )

    with pytest.raises(
        ValueError, match="y has 1 categorical feature. Use predict_top"
    ):
        words.predict_interval(["ab"])
    with pytest.raises(ValueError, match="those of fit have 1 to 4 time steps"):
        ragged.predict_interval([rng.normal(size=5)])


@pytest.mark.parametrize("coverage", [0, 1, 1.5, -0.1])
def test_coverage_must_be_a_probability(coverage, rng):
    X, y = make_windows(_simulate(100, rng), 20, 6)

    with pytest.raises(ValueError, match="coverage == "):
        _predictor().fit(X, y).predict_interval(X, coverage)


@pytest.mark.parametrize("n_series", [5, 12])
def test_similar_series_are_forecast_relative_to_their_last_values(n_series):
    rng = np.random.default_rng(0)
    steps = np.arange(120)
    base = 0.1 * steps + np.sin(2 * np.pi * steps / 12)
    series = [base + 0.1 * rng.normal(size=120) for _ in range(n_series)]
    predictor = LSTMSequencePredictor(16, random_state=0)

    predictor.fit([x[:96] for x in series], [x[96:108] for x in series])

    assert predictor.instance_norm_.all()
    predicted = predictor.predict([x[:108] for x in series])
    errors = [
        np.abs(a - b[108:]).mean() for a, b in zip(predicted, series, strict=True)
    ]
    assert np.mean(errors) < 0.2


def test_intervals_remain_when_training_continues():
    series = np.sin(np.arange(150) / 3) + np.arange(150) / 50
    X, y = make_windows(series, 12, 2)
    predictor = LSTMSequencePredictor(8, random_state=0).partial_fit(X, y)
    before = predictor.predict_interval(X[:3])

    predictor.partial_fit(X, y)

    after = predictor.predict_interval(X[:3])
    widths = after[1] - after[0]
    assert widths == pytest.approx(before[1] - before[0], rel=1e-5)


def test_targets_that_are_the_ends_of_x_warn():
    rng = np.random.default_rng(0)
    X = [rng.normal(size=n) for n in range(20, 60)]
    predictor = LSTMSequencePredictor(max_epochs=0, random_state=0)

    with pytest.warns(SequenceReadingWarning, match="equal to the last time steps"):
        predictor.fit(X, [x[-5:] for x in X])


@pytest.mark.parametrize("n_different", [1, 40])
def test_targets_that_differ_from_the_ends_of_x_do_not_warn(n_different):
    rng = np.random.default_rng(0)
    X = [rng.normal(size=n) for n in range(20, 60)]
    y = [x[-5:] + (i < n_different) for i, x in enumerate(X)]

    with warnings.catch_warnings():
        warnings.simplefilter("error", SequenceReadingWarning)
        LSTMSequencePredictor(max_epochs=0, random_state=0).fit(X, y)

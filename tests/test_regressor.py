"""LSTMSequenceRegressor: numbers, losses, several targets, errors."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_val_score
from sklearn.multioutput import MultiOutputRegressor

from sklearn_seqembed import LSTMSequencePredictor, LSTMSequenceRegressor
from sklearn_seqembed.exceptions import SequenceReadingWarning


def _make_levels(n_samples=80, seed=0):
    """Make noisy sequences, and the level and the spread of each."""
    rng = np.random.default_rng(seed)
    levels, spreads = rng.normal(50, 20, n_samples), rng.uniform(1, 5, n_samples)
    X = [
        level + spread * rng.normal(size=rng.integers(20, 40))
        for level, spread in zip(levels, spreads, strict=True)
    ]
    return X, levels, spreads


def _regressor(**parameters):
    return LSTMSequenceRegressor(**{"n_components": 24, "random_state": 0} | parameters)


def test_numbers_are_predicted_in_the_units_of_the_user():
    X, levels, _ = _make_levels()
    X_test, expected, _ = _make_levels(seed=1)

    regressor = _regressor().fit(X, levels)

    assert regressor.predict(X_test).shape == (80,)
    assert regressor.score(X_test, expected) > 0.98
    assert np.abs(regressor.predict(X_test) - expected).mean() < 2


def test_several_targets_keep_their_own_scale():
    X, levels, spreads = _make_levels()
    y = np.column_stack([1000 * levels, spreads / 1000])

    regressor = _regressor(n_components=160).fit(X, y)

    assert regressor.predict(X).shape == (80, 2)
    regressors = [_regressor(n_components=160).fit(X, column) for column in y.T]
    alone = [each.predict(X) for each in regressors]
    assert_allclose(regressor.predict(X)[:, 0], alone[0], rtol=0.02)
    assert regressor.score(X, y) > 0.6


def test_absolute_errors_are_not_dominated_by_outliers():
    X, levels, _ = _make_levels(120)
    rng = np.random.default_rng(0)
    y = levels + 1e4 * (rng.random(120) < 0.1)
    X_test, expected, _ = _make_levels(seed=1)

    errors = {
        loss: np.abs(_regressor(loss=loss).fit(X, y).predict(X_test) - expected).mean()
        for loss in ("squared_error", "absolute_error")
    }

    assert errors["absolute_error"] < 20
    assert errors["squared_error"] > 200


def test_predictions_are_those_of_ridge_regression_on_the_vectors():
    X, levels, _ = _make_levels()
    regressor = _regressor().fit(X, levels)
    vectors = regressor.transform(X)
    vectors = (vectors - vectors.mean(axis=0)) / vectors.std(axis=0)

    found = [
        Ridge(alpha).fit(vectors, levels).predict(vectors)
        for alpha in (3000, 300, 100, 30, 10, 3, 1)
    ]

    difference = np.abs(np.array(found) - regressor.predict(X)).max(axis=1)
    assert difference.min() < 0.05


def test_the_remaining_time_of_events_is_learned():
    rng = np.random.default_rng(0)
    durations = {"short": 1.0, "long": 9.0}
    X = [list(rng.choice(list(durations), rng.integers(1, 6))) for _ in range(200)]
    y = [durations[events[-1]] for events in X]

    regressor = _regressor().fit(X[:100], y[:100])

    assert regressor.score(X[100:], y[100:]) > 0.95


def test_scikit_learn_scores_it_as_a_regressor():
    X, levels, spreads = _make_levels()

    assert cross_val_score(_regressor(), X, levels, cv=3).min() > 0.9
    array = np.stack([x[:20] for x in X])
    both = MultiOutputRegressor(_regressor()).fit(array, np.c_[levels, spreads])
    assert both.predict(array).shape == (80, 2)


@pytest.mark.parametrize(
    ("y", "match"),
    [
        (None, "requires y to be passed"),
        (["1.5"] * 6, r"y\[0\] is '1.5', but .* expects numbers. For classes, use"),
        ([1.0, np.inf] * 3, r"y\[1\] is inf: Input y contains infinity"),
        ([1.0, np.nan] * 3, "Input y contains NaN"),
        ([1.0] * 5, "X has 6 sequences, y has 5"),
        (np.zeros((6, 2, 2)), "y has 3 dimensions, .* use LSTMSequencePredictor"),
    ],
)
def test_bad_numbers_are_refused(y, match):
    X = [np.arange(4.0) + i for i in range(6)]

    with pytest.raises(ValueError, match=match):
        _regressor().fit(X, y)


def test_other_objects_are_no_numbers():
    X = [np.arange(4.0) + i for i in range(6)]

    with pytest.raises(TypeError, match=r"y\[1\] is a dict, but .* expects numbers"):
        _regressor().fit(X, [1.0, {"a": 1}] * 3)


def test_bools_warn_that_they_are_read_as_numbers():
    X, levels, _ = _make_levels(20)

    with pytest.warns(SequenceReadingWarning, match="bools, read as numbers"):
        regressor = _regressor().fit(X, levels > 50)

    assert regressor.predict(X).dtype == np.float64


def test_series_with_missing_values_are_refused():
    X, levels, _ = _make_levels(20)
    y = pd.Series(levels, dtype="Float64")
    y[3] = pd.NA

    with pytest.raises(ValueError, match=r"y\[3\] is missing: Input y contains NaN"):
        _regressor().fit(X, y)


LABELS = {
    "strings": (["up", "down"] * 10, "2 distinct strings, read as sequences of char"),
    "bools": ([True, False] * 10, "2 distinct bools, read as numbers"),
    "whole numbers": ([0, 1] * 10, "2 distinct whole numbers, read as numbers"),
}


@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.parametrize(
    "convert",
    [list, np.array, pd.Series, pl.Series, pa.array, lambda y: list(np.array(y))],
)
def test_the_predictor_warns_that_y_may_hold_classes(kind, convert):
    y, match = LABELS[kind]
    X = [np.arange(5.0) + i for i in range(20)]
    predictor = LSTMSequencePredictor(4, max_epochs=0, random_state=0)

    with pytest.warns(SequenceReadingWarning, match=match):
        predictor.fit(X, convert(y))


@pytest.mark.filterwarnings("error::sklearn_seqembed.exceptions.SequenceReadingWarning")
@pytest.mark.parametrize(
    ("y", "categorical_targets"),
    [
        (["up", "down"] * 10, [0]),
        ([0, 1] * 10, None),
        ([0, 1] * 10, [0]),
        ([0.0, 1.0] * 10, "from_dtype"),
        (list(range(20)), "from_dtype"),
        ([f"word{i}" for i in range(20)], "from_dtype"),
        ([["up"], ["down"]] * 10, "from_dtype"),
        (pd.Series([3, 7] * 10, dtype="category"), "from_dtype"),
    ],
)
def test_the_predictor_does_not_warn_where_y_is_clear(y, categorical_targets):
    X = [np.arange(5.0) + i for i in range(20)]
    predictor = LSTMSequencePredictor(
        4, max_epochs=0, random_state=0, categorical_targets=categorical_targets
    )

    predictor.fit(X, y)


@pytest.mark.parametrize("convert", [np.asarray, pd.Series])
def test_times_are_refused(convert):
    X, _, _ = _make_levels(20)
    y = convert(np.datetime64("2020-01-01") + np.arange(20))

    with pytest.raises(TypeError, match="y holds dates or times, but .* Pass the time"):
        _regressor().fit(X, y)

"""A y of two dimensions: several targets, or the time steps of a forecast."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import r2_score
from sklearn.model_selection import cross_val_predict

from sklearn_seqembed import LSTMSequencePredictor
from sklearn_seqembed.datasets import make_windows
from sklearn_seqembed.exceptions import SequenceReadingWarning

SIZES = np.array([1000.0, 0.1, 1.0])


def _predictor(**parameters):
    defaults = {"n_components": 32, "max_epochs": 2, "random_state": 0}
    return LSTMSequencePredictor(**defaults | parameters)


@pytest.fixture(scope="module")
def targets():
    """Sequences of two features, and three functions of them of different sizes."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 12, 2)).cumsum(axis=1)
    y = np.stack([X[:, -1, 0], X[:, :, 1].mean(axis=1), X[:, 3, 0] - X[:, 5, 1]], 1)
    return X, 5 * SIZES + y * SIZES


@pytest.fixture(scope="module")
def trained(targets):
    return _predictor(n_components=64, max_epochs=100).fit(*targets)


def test_each_column_is_learned_at_its_own_scale(targets, trained):
    X, y = targets

    predicted = trained.predict(X)

    scores = r2_score(y, predicted, multioutput="raw_values")
    assert (scores > 0.95).all()
    assert trained.score(X, y) == pytest.approx(scores.mean(), rel=1e-4)
    assert_allclose(trained.target_scaler_.mean_, y.mean(axis=0))


def test_columns_are_read_like_one_step_of_several_features(targets):
    X, y = targets

    columns = _predictor().fit(X, y)
    step = _predictor().fit(X, y[:, None, :])

    assert_array_equal(columns.predict(X), step.predict(X)[:, 0])
    assert columns.train_score_ == step.train_score_
    assert_array_equal(columns.is_categorical_target_, [False] * 3)
    assert columns.max_length_ == 1


@pytest.mark.parametrize(
    "make",
    [
        np.float32,
        lambda y: (1000 * y).astype(np.int64),
        np.asfortranarray,
        lambda y: y[::-1][::-1],
        lambda y: pd.DataFrame(y, columns=list("abc")),
        lambda y: pl.DataFrame(y, schema=list("abc")),
        lambda y: pa.table({"a": y[:, 0], "b": y[:, 1], "c": y[:, 2]}),
    ],
    ids=["float32", "integers", "fortran", "view", "pandas", "polars", "arrow"],
)
def test_predictions_have_the_container_of_y(targets, make):
    X, y = targets
    made = make(y)

    predicted = _predictor().fit(X, made).predict(X[:7])

    assert type(predicted) is type(made)
    assert predicted.shape == (7, 3)
    if not isinstance(made, np.ndarray):
        assert list(
            predicted.columns
            if made.shape and not isinstance(made, pa.Table)
            else predicted.column_names
        ) == list("abc")
    expected = _predictor().fit(X, np.asarray(y)).predict(X[:7])
    scale = 1000 if getattr(made, "dtype", None) == np.int64 else 1
    found = np.asarray(predicted, dtype=float) / scale
    assert_allclose(found, expected, rtol=0.02, atol=0.02)


def test_missing_targets_are_ignored(targets):
    X, y = targets
    gaps = y.copy()
    gaps[::3, 1] = np.nan

    predictor = _predictor().fit(X, gaps)

    assert np.isfinite(predictor.predict(X)).all()
    predicted = predictor.predict(X)
    observed = ~np.isnan(gaps[:, 1])
    expected = [
        r2_score(y[:, 0], predicted[:, 0]),
        r2_score(gaps[observed, 1], predicted[observed, 1]),
        r2_score(y[:, 2], predicted[:, 2]),
    ]
    assert predictor.score(X, gaps) == pytest.approx(np.mean(expected), abs=1e-4)


def test_later_calls_read_the_columns_alike(targets):
    X, y = targets

    predictor = _predictor().partial_fit(X[:200], y[:200]).partial_fit(X[200:], y[200:])
    warm = _predictor(warm_start=True).fit(X, y).fit(X, y)

    for fitted in (predictor, warm):
        assert fitted.predict(X).shape == (300, 3)
        for wrong in (y[:, :2], y[:, 0], list(y), y[:, :, None]):
            with pytest.raises(ValueError, match="fitted on 3 targets"):
                fitted.score(X, wrong)


def test_cross_validation_predicts_columns(targets):
    X, y = targets

    assert cross_val_predict(_predictor(), X, y, cv=2).shape == y.shape


@pytest.mark.parametrize("instance_norm", ["auto", True, False])
def test_a_forecast_stays_a_sequence(instance_norm):
    X, y = make_windows(np.random.default_rng(0).normal(size=200).cumsum(), 12, 4)

    flat = _predictor(instance_norm=instance_norm).fit(X, y[:, :, 0])
    steps = _predictor(instance_norm=instance_norm).fit(X, y)

    assert flat.target_scaler_.n_features_in_ == 1
    assert_array_equal(flat.predict(X), steps.predict(X)[:, :, 0])


def test_columns_of_tokens_stay_a_sequence(targets):
    X, y = targets
    tokens = (y > y.mean(axis=0)).astype(int)

    predictor = _predictor(categorical_targets=[0]).fit(X, tokens)

    assert predictor.is_categorical_target_.tolist() == [True]
    assert predictor.predict(X).shape == (300, 3)


def test_a_first_column_that_continues_X_does_not_make_a_forecast_of_others():
    X = 100 + np.random.default_rng(0).normal(size=(200, 12, 1)).cumsum(axis=1)
    last = X[:, -1, 0]
    y = np.stack([last, 1e6 * (1 + X.mean(axis=(1, 2)))], axis=1)

    assert _predictor().fit(X, y).target_scaler_.n_features_in_ == 2


def test_steps_of_very_different_spread_warn():
    X = np.random.default_rng(0).normal(size=(200, 12, 1)).cumsum(axis=1)
    y = np.stack([X[:, -1, 0], 1e-5 * X[:, 0, 0]], axis=1)

    with pytest.warns(SequenceReadingWarning, match=r"2 time steps.*\[:, None, :\]"):
        _predictor().fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error", SequenceReadingWarning)
        _predictor().fit(X, y[:, None, :])


def test_features_of_other_forms_have_their_own_scales(targets):
    X, y = targets
    frame = pd.DataFrame({name: [[v] for v in y[:, k]] for k, name in enumerate("abc")})
    scaled = X * [1e6, 1e-3]

    for sequences in (X, scaled):
        predictor = _predictor(n_components=64, max_epochs=100).fit(sequences, frame)
        predicted = predictor.predict(sequences)
        found = np.stack([np.concatenate(predicted[name].tolist()) for name in "abc"])
        assert (r2_score(y, found.T, multioutput="raw_values") > 0.95).all()


@pytest.mark.parametrize("make", [np.ndarray.tolist, list], ids=["lists", "arrays"])
def test_a_list_of_targets_of_different_sizes_warns_with_the_way_out(targets, make):
    X, y = targets

    with pytest.warns(
        SequenceReadingWarning, match=r"pass them as an array of shape \(300, 3\)"
    ):
        _predictor().fit(X, make(y))


@pytest.mark.parametrize("steps", ["similar", "growing", "many"])
def test_a_list_of_sequences_of_equal_lengths_does_not_warn(targets, steps):
    X, y = targets
    noise = np.random.default_rng(0).normal(size=(300, 30))
    y = {
        "similar": noise[:, :3],
        "growing": noise[:, :3] * [1, 5, 25],
        "many": noise * np.geomspace(1, 1e3, 30),
    }[steps]

    with warnings.catch_warnings():
        warnings.simplefilter("error", SequenceReadingWarning)
        _predictor().fit(X, list(y))


LISTS = {
    "a list": list,
    "a pandas Series": lambda y: pd.Series(y.tolist()),
    "a polars Series": lambda y: pl.Series(y.tolist()),
    "a polars array": lambda y: pl.Series(y.tolist(), dtype=pl.Array(pl.Float64, 3)),
    "an Arrow array": lambda y: pa.array(y.tolist()),
    "a frame": lambda y: pd.DataFrame({"y": y.tolist()}),
    "a table of Arrow": lambda y: pa.table({"y": y.tolist()}),
}


@pytest.mark.parametrize("make", LISTS.values(), ids=LISTS)
def test_lists_of_targets_with_different_scales_warn(make):
    rng = np.random.default_rng(0)
    X = list(rng.normal(size=(40, 6, 1)))
    y = rng.normal(size=(40, 3)) * [1000, 0.1, 1]

    with pytest.warns(SequenceReadingWarning, match=r"of shape \(40, 3\)\.$"):
        _predictor(max_epochs=0).fit(X, make(y))
    with warnings.catch_warnings():
        warnings.simplefilter("error", SequenceReadingWarning)
        _predictor(max_epochs=0).fit(X, y)
        _predictor(max_epochs=0).fit(X, make(y / [1000, 0.1, 1]))

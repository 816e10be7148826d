"""Targets in another order than the sequences warn, and others are read in silence."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import cross_val_score, train_test_split

from sklearn_seqembed import (
    LSTMSequenceClassifier,
    LSTMSequencePredictor,
    LSTMSequenceRegressor,
    describe,
    sequences_from_long,
)
from sklearn_seqembed.exceptions import SequenceReadingWarning

RNG = np.random.default_rng(0)
LOG = pd.DataFrame(
    {"id": np.repeat([f"p{i}" for i in range(30)], 6), "v": RNG.normal(size=180)}
)
X = sequences_from_long(LOG, by="id")[0]
Y = pd.Series(RNG.normal(size=30), index=X.index)
SHUFFLED = Y.sample(frac=1, random_state=0)
OPTIONS = {"n_components": 4, "max_epochs": 0, "random_state": 0}
ESTIMATORS = {
    "regressor": (LSTMSequenceRegressor(**OPTIONS), lambda y: y),
    "classifier": (LSTMSequenceClassifier(**OPTIONS), lambda y: y > 0),
    "predictor": (LSTMSequencePredictor(**OPTIONS), lambda y: y),
}
MATCH = r"that of X in another order; .* pass y\.loc\[X\.index\]\.$"


@pytest.mark.parametrize(
    ("estimator", "convert"), ESTIMATORS.values(), ids=ESTIMATORS.keys()
)
def test_targets_in_another_order_warn_in_fit_and_score(estimator, convert):
    with warnings.catch_warnings():
        warnings.simplefilter("error", SequenceReadingWarning)
        estimator.fit(X, convert(Y)).score(X, convert(Y))
    for method in (estimator.fit, estimator.score):
        with pytest.warns(SequenceReadingWarning, match=MATCH):
            method(X, convert(SHUFFLED))
    with pytest.warns(SequenceReadingWarning, match=MATCH):
        notes = describe(X, convert(SHUFFLED), estimator=estimator).notes
    assert any("pass y.loc[X.index]" in note for note in notes)


def _fit(X, y):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        LSTMSequenceRegressor(**OPTIONS).fit(X, y)
    return [str(w.message) for w in caught if w.category is SequenceReadingWarning]


OTHER_ORDERS = {
    "frame": (X, SHUFFLED.to_frame()),
    "Series": (X["v"], SHUFFLED),
    "positions": (X.reset_index(drop=True), Y.reset_index(drop=True)[::-1]),
    "integers": (X.set_axis(range(100, 130)), Y.set_axis(range(129, 99, -1))),
    "repeated": (X.set_axis(list("abc") * 10), Y.set_axis(list("aabbcc") * 5)),
    "levels": (
        X.set_axis(pd.MultiIndex.from_product([list("abc"), range(10)])),
        Y.set_axis(pd.MultiIndex.from_product([list("cba"), range(10)])),
    ),
}


@pytest.mark.parametrize(("X", "y"), OTHER_ORDERS.values(), ids=OTHER_ORDERS)
def test_labels_in_another_order_warn(X, y):
    (message,) = _fit(X, y)

    assert "holds the labels of that of X in another order" in message
    assert ("pass y.loc[X.index]" in message) == X.index.is_unique


@pytest.mark.parametrize(
    "index", [[f"q{i}" for i in range(30)], [f"p{i}" for i in range(28, 58)]]
)
def test_labels_of_other_sequences_warn(index):
    (message,) = _fit(X, Y.set_axis(index))

    assert "has almost no label in common with that of X, such as 'p0'" in message


DAYS = pd.date_range("2025-01-01", periods=31)
OTHERS = {
    "by default": (X, Y.reset_index(drop=True)),
    "X by default": (X.reset_index(drop=True), SHUFFLED),
    "array": (X, SHUFFLED.to_numpy()),
    "list": (list(X["v"]), SHUFFLED),
    "part of positions": (X, Y.set_axis(RNG.permutation(150)[:30])),
    "integers": (X.set_axis(range(1000, 1030)), Y.set_axis(np.arange(30) * 3)),
    "texts of integers": (X.set_axis(list(map(str, range(30)))), Y.set_axis(range(30))),
    "the day after": (X.set_axis(DAYS[:-1]), Y.set_axis(DAYS[1:])),
    "other dtype": (X, Y.set_axis(X.index.astype("string[pyarrow]"))),
    "categories": (X, Y.set_axis(X.index.astype("category"))),
    "most in common": (X, Y.set_axis([*X.index[:-1], "other"])),
}


@pytest.mark.parametrize(("X", "y"), OTHERS.values(), ids=OTHERS)
def test_other_labels_are_read_in_silence(X, y):
    assert not _fit(X, y)


def test_folds_of_positions_are_read_in_silence():
    regressor, y = LSTMSequenceRegressor(**OPTIONS), Y.reset_index(drop=True)

    with warnings.catch_warnings():
        warnings.simplefilter("error", SequenceReadingWarning)
        cross_val_score(regressor, X, y, cv=3, error_score="raise")
        train, test, y_train, y_test = train_test_split(X, y, random_state=0)
        regressor.fit(train, y_train).score(test, y_test)

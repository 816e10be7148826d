"""Values after fit that are far outside the range of fit."""

import warnings

import numpy as np
import pandas as pd
import pytest
from small_fits import small_embedder

from sklearn_seqembed import LSTMSequenceRegressor, load
from sklearn_seqembed.exceptions import SequenceReadingWarning

RNG = np.random.default_rng(0)
X = [RNG.normal(1013, 5, size=(12, 1)) for _ in range(20)]
TWO = [
    pd.DataFrame({"volt": RNG.normal(3.7, 0.1, 12), "temp": RNG.normal(25, 5, 12)})
    for _ in range(20)
]

pytestmark = pytest.mark.filterwarnings("ignore:The network explains only")


@pytest.fixture(scope="module")
def embedder():
    return small_embedder(max_epochs=1).fit(X)


def _replace(x, value):
    x = x.copy()
    x[4] = value
    return x


@pytest.mark.parametrize("mark", [-999, 0, -1, 1e20, 99999])
@pytest.mark.parametrize("method", ["transform", "score_samples", "score"])
def test_a_single_mark_warns(embedder, method, mark):
    match = f"^X holds {mark:.6g}, read as a number, but those of fit were between"
    match = match.replace("+", r"\+")
    with pytest.warns(SequenceReadingWarning, match=match):
        getattr(embedder, method)([*X[:3], _replace(X[0], mark)])


def test_values_in_another_unit_warn(embedder):
    match = "^X holds values between 1.* but those of fit were between .* unit"
    with pytest.warns(SequenceReadingWarning, match=match):
        embedder.transform([100 * x for x in X[:2]])


def test_features_in_another_order_warn():
    arrays = [x.to_numpy() for x in TWO]
    embedder = small_embedder(max_epochs=1).fit(arrays)

    with pytest.warns(SequenceReadingWarning, match="^Feature 0 of X holds values"):
        embedder.transform([x[:, ::-1] for x in arrays])


def test_a_column_is_named_and_a_predictor_warns(embedder):
    regressor = LSTMSequenceRegressor(n_components=4, max_epochs=0, random_state=0)
    regressor.fit(TWO, np.arange(20.0))
    new = TWO[0].assign(temp=1.8 * TWO[0]["temp"] + 32)

    with pytest.warns(SequenceReadingWarning, match="^Column 'temp' of X"):
        regressor.predict([new])


@pytest.mark.parametrize(
    "X_new",
    [
        X[:3],
        [x + 8 for x in X],  # a trend
        [_replace(X[0], 1100.0)],  # a single outlier, which is no mark
        [_replace(X[0], np.nan)],
        [_replace(x, 1200.0 * np.ones((4, 1))[0]) for x in X],
    ],
    ids=["same", "trend", "outlier", "missing", "outliers"],
)
def test_other_values_are_read_in_silence(embedder, X_new):
    with warnings.catch_warnings():
        warnings.simplefilter("error", SequenceReadingWarning)
        embedder.transform(X_new)


def test_marks_within_the_range_of_fit_are_read_in_silence():
    embedder = small_embedder(max_epochs=1).fit([x - 1013 for x in X])
    with warnings.catch_warnings():
        warnings.simplefilter("error", SequenceReadingWarning)
        embedder.transform([_replace(X[0] - 1013, -1)])
        embedder.transform([_replace(X[0] - 1013, 0)])


def test_a_constant_feature_says_nothing_about_other_values():
    embedder = small_embedder(max_epochs=1).fit([np.c_[x, np.ones(12)] for x in X])
    with warnings.catch_warnings():
        warnings.simplefilter("error", SequenceReadingWarning)
        embedder.transform([np.c_[X[0], np.zeros(12)]])


def test_the_ranges_are_saved(embedder, tmp_path):
    embedder.save(tmp_path / "e.safetensors")

    loaded = load(tmp_path / "e.safetensors")

    with pytest.warns(SequenceReadingWarning, match="^X holds -999, read as"):
        loaded.transform([_replace(X[0], -999)])


def test_sequences_of_other_lengths_are_scored_with_a_warning(embedder):
    match = "X has sequences of 5 time steps, but those of fit had 12 time steps"
    with pytest.warns(UserWarning, match=match):
        embedder.score_samples([x[:5] for x in X[:3]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        embedder.score_samples([X[0], X[1][:5]])

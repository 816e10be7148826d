"""Estimators fitted to every kind of data, for tests of saving."""

import numpy as np
import pandas as pd
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
)

from sklearn_seqembed import (
    LSTMSequenceClassifier,
    LSTMSequenceEmbedder,
    LSTMSequencePredictor,
    LSTMSequenceRegressor,
)

RNG = np.random.default_rng(0)
NUMBERS = [RNG.normal(size=(n, 2)).cumsum(axis=0) for n in RNG.integers(5, 20, size=30)]
WORDS = ["".join(RNG.choice(list("abc"), size=n)) for n in RNG.integers(3, 9, size=40)]
TOKENS = [list(word) for word in WORDS]
SERIES = np.sin(np.arange(200) / 5) + RNG.normal(size=200) / 10

LABELS = ["a", "b", "c"] * 10


def make_frame(library="pandas"):
    """Return a frame of a numeric and a categorical feature."""
    values = [RNG.normal(size=len(word)).tolist() for word in WORDS]
    frame = pd.DataFrame({"value": values, "token": TOKENS})
    if library == "polars":
        import polars as pl

        return pl.from_pandas(frame)
    if library == "pyarrow":
        import pyarrow as pa

        return pa.table(frame)
    if library == "arrow dtypes":
        return frame.convert_dtypes(dtype_backend="pyarrow")
    return frame


def make_times():
    """Return a frame of times with a zone, and events."""
    times = [
        list(pd.date_range("2020", periods=len(word), tz="Europe/Berlin"))
        for word in WORDS
    ]
    return pd.DataFrame({"time": times, "event": TOKENS})


def _embedder(**params):
    defaults = {"n_components": 4, "max_epochs": 1, "random_state": 0}
    return LSTMSequenceEmbedder(**defaults | params)


def _predictor(**params):
    defaults = {"n_components": 4, "max_epochs": 1, "random_state": 0}
    return LSTMSequencePredictor(**defaults | params)


# An estimator and what it is fitted to.
CASES = {
    "arrays": lambda: (_embedder(), NUMBERS),
    "gaps": lambda: (_embedder(), [np.where(x > 2, np.nan, x) for x in NUMBERS]),
    "2-D": lambda: (_embedder(), RNG.normal(size=(30, 12))),
    "3-D": lambda: (_embedder(), RNG.normal(size=(30, 12, 2)).astype(np.float32)),
    "strings": lambda: (_embedder(), WORDS),
    "tokens": lambda: (_embedder(max_categories=2), TOKENS),
    "integers": lambda: (
        _embedder(categorical_features=[0]),
        [RNG.integers(0, 5, size=(n, 1)) for n in range(3, 30)],
    ),
    "dicts": lambda: (_embedder(), [{"u": x[:, 0], "v": x[:, 1]} for x in NUMBERS]),
    "Series": lambda: (_embedder(), pd.Series(WORDS, dtype="str")),
    "Series of objects": lambda: (_embedder(), pd.Series(WORDS, dtype=object)),
    "categorical Series": lambda: (_embedder(), pd.Series(WORDS, dtype="category")),
    "pandas": lambda: (_embedder(), make_frame()),
    "arrow dtypes": lambda: (_embedder(), make_frame("arrow dtypes")),
    "polars": lambda: (_embedder(), make_frame("polars")),
    "pyarrow": lambda: (_embedder(), make_frame("pyarrow")),
    "times": lambda: (_embedder(), make_times()),
    "wide frame": lambda: (
        _embedder(),
        pd.DataFrame(RNG.normal(size=(20, 6)), columns=list("abcdef")),
    ),
    "min-max": lambda: (_embedder(scaler=MinMaxScaler()), NUMBERS),
    "max-abs": lambda: (_embedder(scaler=MaxAbsScaler()), NUMBERS),
    "robust": lambda: (_embedder(scaler=RobustScaler()), NUMBERS),
    "power": lambda: (_embedder(scaler=PowerTransformer()), NUMBERS),
    "quantiles": lambda: (
        _embedder(scaler=QuantileTransformer(n_quantiles=9)),
        NUMBERS,
    ),
    "bins": lambda: (
        _embedder(scaler=KBinsDiscretizer(n_bins=4, encode="ordinal")),
        NUMBERS,
    ),
    "identity": lambda: (_embedder(scaler=FunctionTransformer()), NUMBERS),
    "no scaler": lambda: (_embedder(scaler=None), NUMBERS),
    "textbook": lambda: (
        _embedder(
            linear_map=False,
            bidirectional=False,
            cell="gru",
            decoder_inputs="vector",
            early_stopping=True,
        ),
        NUMBERS,
    ),
    "forecast": lambda: (_embedder(objective="forecast", horizon=2), NUMBERS),
    "composite": lambda: (_embedder(objective="composite", horizon=2), NUMBERS),
    "random state": lambda: (
        _embedder(random_state=np.random.RandomState(3)),
        NUMBERS,
    ),
    "translation": lambda: (
        _predictor(categorical_targets=[0]),
        WORDS,
        [word[::-1] for word in WORDS],
    ),
    "shared vocabulary": lambda: (
        _predictor(shared_vocabulary=True, categorical_targets=[0]),
        WORDS,
        WORDS,
    ),
    "numbers to numbers": lambda: (_predictor(), NUMBERS, [x[:3] for x in NUMBERS]),
    "long series": lambda: (_predictor(), [SERIES[:-12]], [SERIES[-12:]]),
    "classes": lambda: (LSTMSequenceClassifier(n_components=4), NUMBERS, LABELS),
    "bools": lambda: (
        LSTMSequenceClassifier(n_components=4, max_epochs=1),
        WORDS,
        [True, False] * 20,
    ),
    "regression": lambda: (
        LSTMSequenceRegressor(n_components=4),
        NUMBERS,
        [x[0] for x in NUMBERS],
    ),
}

METHODS = (
    *("transform", "predict", "predict_proba", "predict_interval", "predict_top"),
    *("score_samples", "reconstruct", "forecast"),
)


def fit_case(name):
    """Fit the estimator of a case; return it and X."""
    estimator, *data = CASES[name]()
    return estimator.fit(*data), data[0]


def results_of(estimator, X):
    """Return the results of all methods that an estimator has for its kind of data."""
    results = {}
    for name in METHODS:
        if hasattr(estimator, name):
            try:
                results[name] = getattr(estimator, name)(X)
            except (AttributeError, ValueError) as exc:  # it has none for such data
                results[name] = str(exc)
    return results

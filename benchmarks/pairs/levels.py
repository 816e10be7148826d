"""Are forecasts of small series as good as those of large ones?

Generated monthly series have a season, a slope and noise that are proportional to their
level. The natural logarithm of the level has a standard deviation of 1.5 over the
series, so the largest are thousands of times as large as the smallest. From 36 months,
12 are forecast, for other series than those of the training. The test series are
divided into quarters by their level.

`LSTMSequencePredictor` has all defaults, as has `LSTMSequenceEmbedder` except for its
objective, the forecast. The baselines are the last year repeated,
ridge regression of the raw values, and ridge regression of values relative to the last
value and the standard deviation of each series, as in the predictor. The error is the
mean absolute error divided by the level. Targets: the error of the smallest quarter is
at most 1.2 times that of the largest, and below that of the last year.
"""

import numpy as np
from sklearn.linear_model import RidgeCV

from sklearn_seqembed import LSTMSequenceEmbedder

from ..formatting import average_seeds, make_table
from ..runner import add_parameters, add_seeds, judge, show_progress
from .fitting import fit_predictor

LOOKBACK, HORIZON, YEAR = 36, 12, 12
N_TRAIN, N_TEST = 400, 400
SPREAD = 1.5  # standard deviation of the log level
PENALTIES = np.logspace(-3, 4, 8)

LARGEST_RATIO = 1.2

QUARTERS = "smallest quarter", "second", "third", "largest quarter"
COLUMNS = {"method": "", **dict.fromkeys(QUARTERS, ".4f"), "ratio": ".2f"}


def add_arguments(parser):
    """Add the options of this program."""
    add_seeds(parser, default=(0,))
    add_parameters(parser)


def run(options):
    """Evaluate all methods on each quarter of the series."""
    n_train = 60 if options.quick else N_TRAIN
    results = []
    for seed in options.seeds:
        X, y, _ = draw_series(n_train, seed)
        X_test, y_test, levels = draw_series(N_TEST, 1000 + seed)
        predictor, figures = fit_predictor(X[..., None], y[..., None], seed, options)
        forecasts = {
            "ours": predictor.predict(X_test[..., None])[..., 0],
            "embedder": forecast_by_embedder(X, y, X_test, seed, options),
            "last year": X_test[:, -YEAR:],
            "ridge": RidgeCV(PENALTIES).fit(X, y).predict(X_test),
            "ridge, relative": forecast_relatively(X, y, X_test),
        }
        for method, predicted in forecasts.items():
            result = {"method": method, "seed": seed}
            result |= figures if method == "ours" else {}
            results.append(result | evaluate(predicted, y_test, levels))
            show_progress(str(results[-1]))
    rows = average_seeds(results, list(COLUMNS)[1:], key="method")
    title = f"Mean absolute error / level, {n_train} series for training"
    return {
        "tables": {"levels": make_table(title, COLUMNS, rows)},
        "targets": judge_errors(results),
        "results": results,
    }


def draw_series(n_series, seed):
    """Draw series: past (n, LOOKBACK), future (n, HORIZON) and levels (n,)."""
    rng = np.random.default_rng(seed)
    levels = np.exp(SPREAD * rng.normal(size=n_series))
    months = np.arange(LOOKBACK + HORIZON)
    phases = rng.uniform(0, 2 * np.pi, size=(2, n_series, 1))
    season = 0.3 * np.sin(2 * np.pi * months / YEAR + phases[0])
    season += 0.15 * np.sin(4 * np.pi * months / YEAR + phases[1])
    slopes = rng.normal(scale=0.01, size=(n_series, 1))
    noise = rng.normal(scale=0.05, size=season.shape)
    series = levels[:, None] * (1 + season + slopes * months + noise)
    return series[:, :LOOKBACK], series[:, LOOKBACK:], levels


def forecast_by_embedder(X, y, X_test, seed, options):
    """Forecast by an embedder that was fitted on whole series."""
    quick = {"max_epochs": 2} if options.quick else {}
    embedder = LSTMSequenceEmbedder(
        objective="forecast", horizon=HORIZON, random_state=seed, **quick
    )
    embedder.fit(np.concatenate([X, y], axis=1)[..., None])
    return embedder.forecast(X_test[..., None])[..., 0]


def forecast_relatively(X, y, X_test):
    """Forecast by ridge regression of values relative to each series."""

    def measure(X):
        return X[:, -1:], X.std(axis=1, keepdims=True)

    last, scale = measure(X)
    model = RidgeCV(PENALTIES).fit((X - last) / scale, (y - last) / scale)
    last, scale = measure(X_test)
    return model.predict((X_test - last) / scale) * scale + last


def evaluate(predicted, true, levels):
    """Return the error of each quarter, and the smallest's divided by the largest's."""
    errors = np.abs(predicted - true).mean(axis=1) / levels
    quarters = np.array_split(np.argsort(levels), len(QUARTERS))
    means = [float(errors[quarter].mean()) for quarter in quarters]
    figures = dict(zip(QUARTERS, means, strict=True))
    return figures | {"ratio": means[0] / means[-1]}


def judge_errors(results):
    """Judge whether the smallest series are forecast as well as the largest."""
    ours = [r for r in results if r["method"] in ("ours", "embedder")]
    naive = {r["seed"]: r for r in results if r["method"] == "last year"}
    ratio = max(result["ratio"] for result in ours)
    smallest = QUARTERS[0]
    gain = max(result[smallest] / naive[result["seed"]][smallest] for result in ours)
    return [
        judge(
            "levels: relative error of the smallest / of the largest quarter",
            f"at most {LARGEST_RATIO}",
            f"{ratio:.2f}",
            ratio <= LARGEST_RATIO,
        ),
        judge(
            "levels: error of the smallest quarter: ours / last year",
            "below 1",
            f"{gain:.2f}",
            gain < 1,
        ),
    ]

"""How accurate are forecasts of one short monthly series?

Needs `forecasting/airline.csv`: the number of airline passengers in 144 months. From
all earlier months, twelve months are forecast: the last ones, and those after twelve
earlier starts, from the 72nd month on, four months apart, on which the defaults were
chosen. Each figure is a mean absolute error in thousands.

`LSTMSequencePredictor` and `LSTMSequenceEmbedder` have all defaults and read one
sequence, the months before. The baselines are the last year, the last year times its
growth, and ridge regression of twelve months on the 24 before them, whose penalty is
chosen by leave-one-out. Intervals are those of the predictor, over all starts.
"""

import numpy as np
from sklearn.linear_model import RidgeCV

from sklearn_seqembed import LSTMSequenceEmbedder, LSTMSequencePredictor
from sklearn_seqembed.datasets import make_windows

from ..datasets import load_table
from ..formatting import make_table
from ..runner import add_seeds

YEAR = 12
EARLIER_STARTS = range(72, 121, 4)
PENALTIES = np.logspace(-3, 6, 30)
COVERAGES = 0.8, 0.95


def add_arguments(parser):
    """Add the options of this program."""
    add_seeds(parser)


def run(options):
    """Evaluate all methods from all starts."""
    series = load_table("forecasting/airline.csv").iloc[:, -1].to_numpy(float)
    last = len(series) - YEAR
    starts = [*EARLIER_STARTS, last][-2 if options.quick else 0 :]
    methods = {
        "ours, predictor": forecast_with_predictor,
        "ours, embedder": forecast_with_embedder,
    }
    errors = {}
    for name, method in methods.items():
        for seed in options.seeds:
            errors[f"{name}, seed {seed}"] = [
                measure(series, start, method(series[:start], seed)) for start in starts
            ]
    for name, method in BASELINES.items():
        errors[name] = [measure(series, s, method(series[:s])) for s in starts]
    results = [
        {"method": name, "last year": found[-1], "earlier": float(np.mean(found[:-1]))}
        for name, found in errors.items()
    ]
    intervals = [measure_intervals(series, starts, coverage) for coverage in COVERAGES]
    tables = {
        "airline": make_table(
            "Mean absolute error, in thousands",
            {"method": "", "last year": ".1f", "earlier": ".1f"},
            results,
        ),
        "airline-intervals": make_table(
            "Prediction intervals",
            {"coverage": ".0%", "measured": ".0%", "width": ".0f"},
            intervals,
        ),
    }
    return {"tables": tables, "results": results, "intervals": intervals}


def measure(series, start, forecast):
    """Return the mean absolute error of a forecast."""
    return float(np.abs(forecast - series[start : start + YEAR]).mean())


def fit_predictor(past, seed=0):
    """Fit a predictor to a pair: the last year, and the months before it."""
    predictor = LSTMSequencePredictor(random_state=seed)
    return predictor.fit([past[:-YEAR]], [past[-YEAR:]])


def forecast_with_predictor(past, seed):
    """Forecast a year with the predictor."""
    return fit_predictor(past, seed).predict([past])[0]


def forecast_with_embedder(past, seed):
    """Forecast a year with the embedder."""
    embedder = LSTMSequenceEmbedder(
        objective="forecast", horizon=YEAR, random_state=seed
    )
    return np.ravel(embedder.fit([past]).forecast([past])[0])


def forecast_linearly(past):
    """Forecast a year by ridge regression on the two years before."""
    X, y = make_windows(past, 2 * YEAR, YEAR)
    ridge = RidgeCV(PENALTIES).fit(X[..., 0], y[..., 0])
    return ridge.predict(past[None, -2 * YEAR :])[0]


def grow(past):
    """Multiply the last year by its growth."""
    year = past[-YEAR:]
    return year * year.sum() / past[-2 * YEAR : -YEAR].sum()


BASELINES = {
    "ridge": forecast_linearly,
    "last year": lambda past: past[-YEAR:],
    "last year with growth": grow,
}


def measure_intervals(series, starts, coverage):
    """Return the measured coverage and the mean width of the predictor's intervals."""
    inside, widths = [], []
    for start in starts:
        past, true = series[:start], series[start : start + YEAR]
        lower, upper = (
            np.ravel(bound[0])
            for bound in fit_predictor(past).predict_interval([past], coverage)
        )
        inside.append((lower <= true) & (true <= upper))
        widths.append(upper - lower)
    return {
        "coverage": coverage,
        "measured": float(np.mean(inside)),
        "width": float(np.mean(widths)),
    }

"""How accurate are forecasts of ETTh1, evaluated as in the literature?

Needs `forecasting/ETTh1.csv.gz`: seven features of an electricity transformer by the
hour. Of its 20 months of 30 days, the first 12 are for training and the last 4 for
testing. The 4 months between them, which others use for early stopping, only select the
penalty of a linear model. Features are standardized by the training part. From 96 or
336 hours (--lookback), all seven features are forecast over 96 to 720 hours, starting
at every hour of the test part.

`LSTMSequencePredictor` has all defaults. Each feature of a window is a separate
sequence, so that one network learns from all of them. With --together, a window is one
sequence of seven features. The baselines are the last value, the last day repeated, and
ridge regression of the changes since the last value on the changes in the window, with
the same weights for all features (NLinear [1]_ in closed form). Published errors for a
lookback of 96 hours are added [2]_ [3]_. "Linear map" is the predictor without
training. The column "training adds" is by how much the trained network lowers its mean
squared error, and the intervals are those of the first seed.

References
----------
.. [1] Zeng, A. et al. (2023). Are Transformers Effective for Time Series Forecasting?
       AAAI. arXiv:2205.13504.
.. [2] Lin, S. et al. (2023). SegRNN: Segment Recurrent Neural Network for Long-Term
       Time Series Forecasting. arXiv:2308.11200; figures of its repository's README.
.. [3] Sun, C. et al. (2024). TEST: Text Prototype Aligned Embedding to Activate LLM's
       Ability for Time Series. ICLR. arXiv:2308.08241, table 9: the plain LSTM.
"""

import argparse

import numpy as np
from sklearn.linear_model import Ridge

from sklearn_seqembed.datasets import make_windows

from ..datasets import load_table
from ..formatting import make_table
from ..runner import add_parameters, add_seeds, show_progress
from .fitting import fit_predictor

LOOKBACKS = 96, 336
HORIZONS = 96, 192, 336, 720
DAY = 24
MONTH = 30 * DAY
PARTS = {"train": 12 * MONTH, "between": 4 * MONTH, "test": 4 * MONTH}  # hours

COVERAGES = 0.8, 0.95

LINEAR_MAP = "ours, linear map"

PENALTIES = np.logspace(0, 6, 7)

# Published mean squared and mean absolute errors, by horizon, from 96 hours.
PUBLISHED = {
    "SegRNN": ((0.368, 0.395), (0.408, 0.419), (0.444, 0.440), (0.446, 0.457)),
    "iTransformer": ((0.386, 0.405), (0.441, 0.436), (0.487, 0.458), (0.503, 0.491)),
    "PatchTST": ((0.414, 0.419), (0.460, 0.445), (0.501, 0.466), (0.500, 0.488)),
    "DLinear": ((0.386, 0.400), (0.437, 0.432), (0.481, 0.459), (0.519, 0.516)),
    "plain LSTM": ((1.044, 0.773), (1.217, 0.832), (1.259, 0.841), (1.271, 0.838)),
}


def add_arguments(parser):
    """Add the options of this program."""
    add_seeds(parser)
    add_parameters(parser)
    parser.add_argument("--lookback", type=int, nargs="+", default=list(LOOKBACKS))
    parser.add_argument("--horizons", type=int, nargs="+", default=list(HORIZONS))
    parser.add_argument(
        "--stride", type=int, default=1, help="hours between training windows"
    )
    parser.add_argument(
        "--together", action="store_true", help="all features in one sequence"
    )


def run(options):
    """Evaluate all methods over all lookbacks and horizons."""
    results = []
    for lookback in options.lookback:
        parts = read_parts(lookback)
        for horizon in options.horizons:
            found = run_horizon(parts, lookback, horizon, options)
            results += [{"lookback": lookback, "horizon": horizon} | r for r in found]
            show_progress(str([{**r, "lookback": lookback} for r in found]))
    tables = {}
    for lookback in options.lookback:
        of_lookback = [r for r in results if r["lookback"] == lookback]
        found = tabulate(of_lookback)
        found["forecasting-intervals"] = tabulate_intervals(of_lookback)
        for name, table in found.items():
            tables[name if lookback == LOOKBACKS[0] else f"{name}-{lookback}"] = table
    return {"tables": tables, "results": results}


def run_horizon(parts, lookback, horizon, options):
    """Evaluate all methods over one horizon."""
    stride = 50 if options.quick else options.stride
    together = {
        name: make_windows(
            part, lookback, horizon, stride=stride if name == "train" else 1
        )
        for name, part in parts.items()
    }
    apart = {name: tuple(map(split_features, pair)) for name, pair in together.items()}
    X, y = apart["test"]
    forecasts = {
        "last value": repeat_last(X, horizon, 1),
        "last day": repeat_last(X, horizon, DAY),
        "ridge (NLinear)": forecast_linearly(apart),
    }
    results = [
        {"method": name, **evaluate(predicted, y)}
        for name, predicted in forecasts.items()
    ]
    results += run_ours(together if options.together else apart, options)
    if horizon in HORIZONS and lookback == LOOKBACKS[0]:
        i = HORIZONS.index(horizon)
        results += [
            {"method": f"{name}, p.", "errors": errors[i]}
            for name, errors in PUBLISHED.items()
        ]
    return results


def run_ours(windows, options):
    """Evaluate the predictor, without training and with each seed."""
    X, y = windows["test"]
    untrained = argparse.Namespace(**vars(options))
    untrained.parameters = options.parameters | {"max_epochs": 0}
    seeds = [(LINEAR_MAP, options.seeds[0], untrained)]
    seeds += [(f"ours, seed {seed}", seed, options) for seed in options.seeds]
    results = []
    for name, seed, chosen in seeds:
        predictor, figures = fit_predictor(*windows["train"], seed, chosen)
        result = {"method": name, **figures, **evaluate(predictor.predict(X), y)}
        linear = results[0] if results else result
        result["training adds"] = linear["errors"][0] - result["errors"][0]
        if len(results) == 1 and predictor.early_stopping_:
            result["intervals"] = measure_intervals(predictor, X, y)
        results.append(result)
    return results


def measure_intervals(predictor, X, y):
    """Return, for each coverage, the measured coverage and the mean width."""
    found = {}
    for coverage in COVERAGES:
        lower, upper = predictor.predict_interval(X, coverage)
        is_inside = (lower <= y) & (y <= upper)
        found[f"{coverage:.0%}"] = (
            float(is_inside.mean()),
            float((upper - lower).mean()),
        )
    return found


def read_parts(lookback):
    """Return the parts of the standardized series, float32 of shape (n_timesteps, 7).

    Each part starts with the last `lookback` hours of the one before it, from which its
    first forecast is made.
    """
    series = load_table("forecasting/ETTh1.csv.gz").drop(columns="date").to_numpy()
    train = series[: PARTS["train"]]
    series = ((series - train.mean(axis=0)) / train.std(axis=0)).astype(np.float32)
    parts, start = {}, 0
    for name, n_hours in PARTS.items():
        parts[name] = series[max(0, start - lookback) : start + n_hours]
        start += n_hours
    return parts


def split_features(windows):
    """Make each feature of each window a sequence.

    Turns (n_windows, n_timesteps, n_features) into (n_windows * n_features,
    n_timesteps, 1); the features of a window are contiguous.
    """
    return windows.transpose(0, 2, 1).reshape(-1, windows.shape[1], 1)


def evaluate(predicted, true):
    """Return "errors", MSE and MAE over all windows, hours and features."""
    error = predicted - true
    return {"errors": [float(np.square(error).mean()), float(np.abs(error).mean())]}


def repeat_last(X, horizon, period):
    """Repeat the last `period` hours of each window up to the horizon."""
    return X[:, -period:][:, np.arange(horizon) % period]


def forecast_linearly(windows):
    """Forecast the test part by ridge regression of changes since the last value.

    `windows` are those of single features.
    """

    def predict(ridge, X):
        last = X[:, -1:]
        return ridge.predict((X - last)[..., 0])[..., np.newaxis] + last

    X, y = windows["train"]
    changes, y_changes = ((part - X[:, -1:])[..., 0] for part in (X, y))
    models = [Ridge(penalty).fit(changes, y_changes) for penalty in PENALTIES]
    X, y = windows["between"]
    best = min(models, key=lambda model: evaluate(predict(model, X), y)["errors"])
    return predict(best, windows["test"][0])


def tabulate(results):
    """Return tables of errors ("MSE / MAE") and of seconds, one column per horizon."""
    errors, seconds, headings = {}, {}, {"method": ""}
    for result in results:
        name, heading = result["method"], f"{result['horizon']} h"
        headings[heading] = ".0f"
        errors.setdefault(name, {"method": name})[heading] = _join(result["errors"])
        if "fit, s" in result:
            seconds.setdefault(name, {"method": name})[heading] = result["fit, s"]
    for name, row in errors.items():
        of_method = [r["errors"] for r in results if r["method"] == name]
        row["mean"] = _join(np.mean(of_method, axis=0))
        gains = [
            result["training adds"]
            for result in results
            if result["method"] == name and "training adds" in result
        ]
        if gains:
            row["training adds"] = f"{np.mean(gains):.3f}"
    columns = dict.fromkeys([*headings, "mean", "training adds"], ">") | {"method": ""}
    return {
        "forecasting": make_table("MSE / MAE", columns, list(errors.values())),
        "forecasting-seconds": make_table(
            "Seconds of fit", headings, list(seconds.values())
        ),
    }


def tabulate_intervals(results):
    """Return a table of measured coverages and mean widths."""
    columns = {"horizon": "d"}
    rows = []
    for result in results:
        if "intervals" not in result:
            continue
        row = {"horizon": result["horizon"]}
        for coverage, (measured, width) in result["intervals"].items():
            row |= {f"{coverage}: coverage": measured, f"{coverage}: width": width}
        rows.append(row)
    for coverage in COVERAGES:
        columns |= {f"{coverage:.0%}: coverage": ".1%", f"{coverage:.0%}: width": ".2f"}
    return make_table("Prediction intervals", columns, rows)


def _join(errors):
    return " / ".join(f"{error:.3f}" for error in errors)

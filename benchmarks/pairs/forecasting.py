"""How accurate are forecasts of ETTh1, evaluated as in the literature?

Needs `forecasting/ETTh1.csv.gz`: seven features of an electricity transformer by the
hour. Of its 20 months of 30 days, the first 12 are for training and the last 4 for
testing. The 4 months between them, which others use for early stopping, only select the
penalty of a linear model. Features are standardized by the training part. From 96
hours, all seven features are forecast over 96 to 720 hours, starting at every hour of
the test part.

`LSTMSequencePredictor` has all defaults. Each feature of a window is a separate
sequence, so that one network learns from all of them. With --together, a window is one
sequence of seven features. The baselines are the last value, the last day repeated, and
ridge regression of the changes since the last value on the changes in the window, with
the same weights for all features (NLinear [1]_ in closed form). Published errors for
the same lookback are added [2]_ [3]_.

References
----------
.. [1] Zeng, A. et al. (2023). Are Transformers Effective for Time Series Forecasting?
       AAAI. arXiv:2205.13504.
.. [2] Lin, S. et al. (2023). SegRNN: Segment Recurrent Neural Network for Long-Term
       Time Series Forecasting. arXiv:2308.11200; figures of its repository's README.
.. [3] Sun, C. et al. (2024). TEST: Text Prototype Aligned Embedding to Activate LLM's
       Ability for Time Series. ICLR. arXiv:2308.08241, table 9: the plain LSTM.
"""

import numpy as np
from sklearn.linear_model import Ridge

from sklearn_seqembed.datasets import make_windows

from ..datasets import load_table
from ..formatting import make_table
from ..runner import add_parameters, add_seeds, show_progress
from .fitting import fit_predictor

LOOKBACK = 96
HORIZONS = 96, 192, 336, 720
DAY = 24
MONTH = 30 * DAY
PARTS = {"train": 12 * MONTH, "between": 4 * MONTH, "test": 4 * MONTH}  # hours

PENALTIES = np.logspace(0, 6, 7)

# Published mean squared and mean absolute errors, by horizon.
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
    parser.add_argument("--horizons", type=int, nargs="+", default=list(HORIZONS))
    parser.add_argument(
        "--stride", type=int, default=1, help="hours between training windows"
    )
    parser.add_argument(
        "--together", action="store_true", help="all features in one sequence"
    )


def run(options):
    """Evaluate all methods over all horizons."""
    stride = 50 if options.quick else options.stride
    parts, results = read_parts(), []
    for horizon in options.horizons:
        together = {
            name: make_windows(
                part, LOOKBACK, horizon, stride=stride if name == "train" else 1
            )
            for name, part in parts.items()
        }
        apart = {
            name: tuple(map(split_features, pair)) for name, pair in together.items()
        }
        X, y = apart["test"]
        forecasts = {
            "last value": repeat_last(X, horizon, 1),
            "last day": repeat_last(X, horizon, DAY),
            "ridge (NLinear)": forecast_linearly(apart),
        }
        for name, predicted in forecasts.items():
            result = {"method": name, "horizon": horizon}
            results.append(result | evaluate(predicted, y))
        windows = together if options.together else apart
        X, y = windows["test"]
        for seed in options.seeds:
            predictor, figures = fit_predictor(*windows["train"], seed, options)
            result = {"method": f"ours, seed {seed}", "horizon": horizon} | figures
            results.append(result | evaluate(predictor.predict(X), y))
            show_progress(str(results[-1]))
        if horizon in HORIZONS:
            i = HORIZONS.index(horizon)
            results += [
                {"method": f"{name}, p.", "horizon": horizon, "errors": errors[i]}
                for name, errors in PUBLISHED.items()
            ]
    return {"tables": tabulate(results), "results": results}


def read_parts():
    """Return the parts of the standardized series, float32 of shape (n_timesteps, 7).

    Each part starts with the last `LOOKBACK` hours of the one before it, from which its
    first forecast is made.
    """
    series = load_table("forecasting/ETTh1.csv.gz").drop(columns="date").to_numpy()
    train = series[: PARTS["train"]]
    series = ((series - train.mean(axis=0)) / train.std(axis=0)).astype(np.float32)
    parts, start = {}, 0
    for name, n_hours in PARTS.items():
        parts[name] = series[max(0, start - LOOKBACK) : start + n_hours]
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
    columns = dict.fromkeys([*headings, "mean"], ">") | {"method": ""}
    return {
        "forecasting": make_table("MSE / MAE", columns, list(errors.values())),
        "forecasting-seconds": make_table(
            "Seconds of fit", headings, list(seconds.values())
        ),
    }


def _join(errors):
    return " / ".join(f"{error:.3f}" for error in errors)

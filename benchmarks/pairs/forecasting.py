"""How far off are forecasts of a transformer's loads? ETTh1, as it is usually judged.

Needs `forecasting/ETTh1.csv.gz` under SEQEMBED_DATA: seven features by the hour. The
first 12 months of 30 days are learned from and the last 4 of 20 are judged; the 4
between them, by which others stop their training, only choose the penalty of a linear
model here. Features have mean 0 and variance 1 over the training part. 96 hours are
read, and all seven features forecast over 96 to 720 hours, from every hour of the test
part: no window is left out.

Ours is `LSTMSequencePredictor` with all defaults. Each feature of a window is a
sequence of its own, so that all of them teach one network. With --together a window is
one sequence of seven features instead.

Beside it stand, run here, the last value, the last day again and again, and ridge
regression of what is above a window's last value on the same of the window, with one
set of weights for all features (NLinear [1]_ in closed form); and as published, with
the same lookback, others' errors [2]_ [3]_.

    python benchmarks/forecasting.py [--horizons 96 720] [--seeds 3] [--stride 2]
        [--set n_components=64] [--together] [--quick]

References
----------
.. [1] Zeng, A. et al. (2023). Are Transformers Effective for Time Series Forecasting?
       AAAI. arXiv:2205.13504.
.. [2] Lin, S. et al. (2023). SegRNN: Segment Recurrent Neural Network for Long-Term
       Time Series Forecasting. arXiv:2308.11200; figures of its repository's README.
.. [3] Sun, C. et al. (2024). TEST: Text Prototype Aligned Embedding to Activate LLM's
       Ability for Time Series. ICLR. arXiv:2308.08241, table 9: the plain LSTM.
"""

import time

import numpy as np
from _data import load_table
from _measure import add_parameters, argument_parser, mean_rows, print_table, write_json
from sklearn.linear_model import Ridge

from sklearn_seqembed import LSTMSequencePredictor
from sklearn_seqembed.datasets import make_windows

LOOKBACK = 96
HORIZONS = 96, 192, 336, 720
DAY = 24

# Hours of the parts, one after the other.
MONTH = 30 * DAY
PARTS = {"train": 12 * MONTH, "between": 4 * MONTH, "test": 4 * MONTH}

PENALTIES = np.logspace(0, 6, 7)

# Mean squared and mean absolute errors as published, by horizon.
PUBLISHED = {
    "SegRNN": ((0.368, 0.395), (0.408, 0.419), (0.444, 0.440), (0.446, 0.457)),
    "iTransformer": ((0.386, 0.405), (0.441, 0.436), (0.487, 0.458), (0.503, 0.491)),
    "PatchTST": ((0.414, 0.419), (0.460, 0.445), (0.501, 0.466), (0.500, 0.488)),
    "DLinear": ((0.386, 0.400), (0.437, 0.432), (0.481, 0.459), (0.519, 0.516)),
    "plain LSTM": ((1.044, 0.773), (1.217, 0.832), (1.259, 0.841), (1.271, 0.838)),
}

FIGURES = ("MSE", "MAE", "epochs", "seconds")


def read_parts():
    """Return the parts of the series, each after the first with what comes before it.

    Returns
    -------
    parts : dict of str to float32 ndarray of shape (n_timesteps, 7)
        In units of the training part's mean and spread. The first forecast of a part is
        made from the last `LOOKBACK` hours of the part before.
    """
    series = load_table("forecasting/ETTh1.csv.gz").drop(columns="date").to_numpy()
    train = series[: PARTS["train"]]
    series = ((series - train.mean(axis=0)) / train.std(axis=0)).astype(np.float32)
    parts, start = {}, 0
    for name, n_hours in PARTS.items():
        parts[name] = series[max(0, start - LOOKBACK) : start + n_hours]
        start += n_hours
    return parts


def one_by_one(windows):
    """Make each feature of each window a sequence of its own.

    Parameters
    ----------
    windows : ndarray of shape (n_windows, n_timesteps, n_features)
        The windows.

    Returns
    -------
    sequences : ndarray of shape (n_windows * n_features, n_timesteps, 1)
        The features of a window stand one after another.
    """
    n_timesteps = windows.shape[1]
    return windows.transpose(0, 2, 1).reshape(-1, n_timesteps, 1)


def judge(predicted, true):
    """Return errors over all windows, hours and features.

    Parameters
    ----------
    predicted, true : ndarray of shape (n_windows, horizon, n_features)
        Forecasts and what came.

    Returns
    -------
    figures : dict
        "MSE" and "MAE".
    """
    error = predicted - true
    return {"MSE": float(np.square(error).mean()), "MAE": float(np.abs(error).mean())}


def repeat_last(X, horizon, period):
    """Repeat the last `period` hours of windows as often as the horizon takes."""
    n_times = -(-horizon // period)
    return np.tile(X[:, -period:], (1, n_times, 1))[:, :horizon]


def forecast_linearly(windows, horizon):
    """Forecast by ridge regression of what is above the last value, on itself.

    Parameters
    ----------
    windows : dict of str to tuple of ndarray
        X and y by the names of `PARTS`.
    horizon : int
        Hours to forecast.

    Returns
    -------
    predicted : ndarray of shape (n_windows, horizon, n_features)
        Of the test part.
    """
    X_train, y_train = (one_by_one(part)[..., 0] for part in windows["train"])
    last = X_train[:, -1:]
    best = np.inf
    for penalty in PENALTIES:
        ridge = Ridge(penalty).fit(X_train - last, y_train - last)
        error = judge(_apply(ridge, windows["between"][0]), windows["between"][1])
        if error["MSE"] < best:
            best, chosen = error["MSE"], ridge
    return _apply(chosen, windows["test"][0])


def _apply(ridge, X):
    n_windows, _, n_features = X.shape
    flat = one_by_one(X)[..., 0]
    last = flat[:, -1:]
    predicted = ridge.predict(flat - last) + last
    return predicted.reshape(n_windows, n_features, -1).transpose(0, 2, 1)


def forecast(windows, seed, parameters, together):
    """Fit ours on the training part, and forecast the test part.

    Parameters
    ----------
    windows : dict of str to tuple of ndarray
        X and y by the names of `PARTS`.
    seed : int
        Seed of network and batches.
    parameters : dict
        Parameters that are not to be their defaults.
    together : bool
        Whether all features of a window are one sequence.

    Returns
    -------
    predicted : ndarray of shape (n_windows, horizon, n_features)
        Of the test part.
    spent : dict
        Seconds of `fit`, and epochs.
    """
    predictor = LSTMSequencePredictor(**({"random_state": seed} | parameters))
    X, y = windows["train"]
    X_test, y_test = windows["test"]
    if not together:
        X, y, X_test = one_by_one(X), one_by_one(y), one_by_one(X_test)
    start = time.perf_counter()
    predictor.fit(X, y)
    spent = {"seconds": time.perf_counter() - start, "epochs": predictor.n_iter_}
    predicted = predictor.predict(X_test)
    if not together:
        n_windows, horizon, n_features = y_test.shape
        predicted = predicted.reshape(n_windows, n_features, horizon)
        predicted = predicted.transpose(0, 2, 1)
    return predicted, spent


def add_means(results):
    """Add to results those of the mean over horizons, of each contender and seed.

    Parameters
    ----------
    results : list of dict
        With "contender", "horizon" and, of ours, "seed".

    Returns
    -------
    results : list of dict
        These, and the means, whose horizon is "mean".
    """
    groups = {}
    for result in results:
        key = result["contender"], result.get("seed")
        groups.setdefault(key, []).append(result)
    means = []
    for group in groups.values():
        mean = {
            name: group[0][name] for name in ("contender", "seed") if name in group[0]
        }
        mean["horizon"] = "mean"
        for name in FIGURES:
            if name in group[0]:
                mean[name] = float(np.mean([result[name] for result in group]))
        means.append(mean)
    return results + means


def main():
    """Judge all contenders over all horizons, print a table each and write JSON."""
    parser = argument_parser(__doc__, seeds=True)
    parser.add_argument("--horizons", type=int, nargs="+", default=list(HORIZONS))
    parser.add_argument(
        "--stride", type=int, default=1, help="hours between training windows"
    )
    parser.add_argument(
        "--together", action="store_true", help="all features of a window at once"
    )
    add_parameters(parser)
    args = parser.parse_args()
    parameters, stride = dict(args.set), args.stride
    if args.quick:
        parameters = {"max_epochs": 1, "n_components": 16} | parameters
        stride = 50
    parts = read_parts()
    results = []
    for horizon in args.horizons:
        windows = {
            name: make_windows(
                part, LOOKBACK, horizon, stride=stride if name == "train" else 1
            )
            for name, part in parts.items()
        }
        X, y = windows["test"]
        print(f"{horizon} hours: {len(windows['train'][0])} windows, {len(X)} to judge")
        forecasts = {
            "last value": repeat_last(X, horizon, 1),
            "last day": repeat_last(X, horizon, DAY),
            "ridge": forecast_linearly(windows, horizon),
        }
        of_horizon = [
            {"contender": name, "horizon": horizon} | judge(predicted, y)
            for name, predicted in forecasts.items()
        ]
        for seed in range(args.seeds):
            predicted, spent = forecast(windows, seed, parameters, args.together)
            of_horizon.append(
                {"contender": "ours", "seed": seed, "horizon": horizon}
                | judge(predicted, y)
                | spent
            )
            print(of_horizon[-1], flush=True)
        if horizon in HORIZONS:
            place = HORIZONS.index(horizon)
            of_horizon += [
                {"contender": f"{name}, published", "horizon": horizon}
                | dict(zip(("MSE", "MAE"), figures[place], strict=True))
                for name, figures in PUBLISHED.items()
            ]
        results += of_horizon
    results = add_means(results)
    for horizon in [*args.horizons, "mean"]:
        print(f"\nHorizon: {horizon}")
        rows = [result for result in results if result["horizon"] == horizon]
        print_table(
            mean_rows(rows, FIGURES), dict.fromkeys(["contender", *FIGURES], "")
        )
    write_json(
        "forecasting",
        {"quick": args.quick, "parameters": parameters, "results": results},
    )


if __name__ == "__main__":
    main()

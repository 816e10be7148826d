"""How warm is the oil tomorrow? Regression on windows of different lengths.

Needs `forecasting/ETTh1.csv.gz`: seven features of an electricity transformer by the
hour, the last of which is the temperature of its oil. Windows of 12 to 96 hours end at
random hours, and the target is the mean oil temperature of the 24 hours after a window,
in degrees Celsius. Training windows are from the first 12 months of 30 days, test
windows from the 4 months after them, and later months are not used. A window contains
the oil temperature alone or all features.

The embedder is fitted without targets. Ridge regression on its vectors is compared with
the last value, with the mean of the last day, and with gradient boosting and ridge
regression on features computed by hand. The program also measures how well the mean,
standard deviation and last value of each feature, and the length, can be read off the
vectors by linear regression.
"""

import statistics

import numpy as np
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression, Ridge, RidgeCV
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_seqembed import LSTMSequenceEmbedder

from ..datasets import load_table
from ..formatting import average_seeds, make_table
from ..runner import add_seeds, judge, show_progress
from ..timing import timed

DAY = 24
MONTH = 30 * DAY
N_HOURS = 12 * MONTH, 4 * MONTH  # training and test part
N_WINDOWS = 4000, 1000
SHORTEST, LONGEST = 12, 96

# Columns that a window contains; the last one is the oil temperature.
VARIANTS = {"oil temperature": slice(-1, None), "all features": slice(None)}

DEFAULTS = "all defaults"
SETTINGS = {
    DEFAULTS: {},
    "untrained": {"max_epochs": 0},
    "untrained, instance_norm=False": {"max_epochs": 0, "instance_norm": False},
}
PENALTIES = np.logspace(-3, 5, 17)
RIDGES = {"Ridge()": Ridge(), "RidgeCV": RidgeCV(PENALTIES)}

# Targets: the error of the first contender relative to that of the second, and the
# lowest R2 of all defaults.
OURS, LAST_VALUE = f"vectors, {DEFAULTS}, Ridge()", "last value"
RATIO_TARGET = 1
R2_TARGET = 0.99

COLUMNS = {
    "contender": "",
    **dict.fromkeys(VARIANTS, ".2f"),
    **{f"{name}, fit, s": ".0f" for name in VARIANTS},
}
READ = ("mean", "std", "last value", "length")
READ_COLUMNS = {"vectors": "", **dict.fromkeys(READ, ".4f")}

add_arguments = add_seeds


def run(options):
    """Evaluate all contenders, and read properties of windows off the vectors."""
    parts, errors, readings = read_parts(), [], []
    for seed in options.seeds:
        windows = draw_windows(parts, seed, options.quick)
        y = [targets for _, targets in windows]
        for variant, columns in VARIANTS.items():
            X = [[x[:, columns] for x in sequences] for sequences, _ in windows]
            errors += evaluate_baselines(X, y, variant, seed)
            for setting in SETTINGS:
                made = evaluate_vectors(X, y, variant, setting, seed, options.quick)
                errors += made[0]
                readings.append(made[1])
                show_progress(f"seed {seed}: {variant}, {setting}")
    rows = average_seeds(errors, list(COLUMNS)[1:])
    read_rows = average_seeds(readings, READ, key="vectors")
    return {
        "tables": {
            "temperature": make_table("Mean absolute error, °C", COLUMNS, rows),
            "temperature-read": make_table(
                "R2 of linear regression on vectors", READ_COLUMNS, read_rows
            ),
        },
        "targets": judge_targets(errors, readings),
        "results": errors + readings,
    }


def read_parts():
    """Return the training and the test part, arrays of shape (n_hours, 7)."""
    series = load_table("forecasting/ETTh1.csv.gz").drop(columns="date").to_numpy()
    return np.split(series[: sum(N_HOURS)], [N_HOURS[0]])


def draw_windows(parts, seed, quick):
    """Draw windows from the training and from the test part."""
    rng = np.random.default_rng(seed)
    return [
        cut_windows(part, n_windows // 40 if quick else n_windows, rng)
        for part, n_windows in zip(parts, N_WINDOWS, strict=True)
    ]


def cut_windows(series, n_windows, rng):
    """Cut windows of random lengths that end at random hours.

    Parameters
    ----------
    series : ndarray of shape (n_hours, n_features)
        Windows and the days after them are within the series.
    n_windows : int
        Number of windows.
    rng : numpy.random.Generator
        Draws lengths and ends.

    Returns
    -------
    X : list of ndarray of shape (n_hours_i, n_features)
        The windows.
    y : ndarray of shape (n_windows,)
        Mean of the last feature in the day after each window.
    """
    lengths = rng.integers(SHORTEST, LONGEST, size=n_windows, endpoint=True)
    ends = rng.integers(lengths, len(series) - DAY, endpoint=True)
    X = [series[end - n : end] for end, n in zip(ends, lengths, strict=True)]
    y = np.array([series[end : end + DAY, -1].mean() for end in ends])
    return X, y


def describe(X):
    """Return features of windows by name, arrays with one row per window."""
    half_day = DAY // 2
    described = {
        "mean": [x.mean(axis=0) for x in X],
        "std": [x.std(axis=0) for x in X],
        "last value": [x[-1] for x in X],
        "minimum": [x.min(axis=0) for x in X],
        "maximum": [x.max(axis=0) for x in X],
        "change": [x[-1] - x[0] for x in X],
        "mean of the last half day": [x[-half_day:].mean(axis=0) for x in X],
        "length": [[len(x)] for x in X],
    }
    return {name: np.array(values, dtype=float) for name, values in described.items()}


def evaluate_baselines(X, y, variant, seed):
    """Return the errors of the methods that use no vectors."""
    train, test = (np.hstack(list(describe(part).values())) for part in X)
    models = {
        "by hand, HistGradientBoostingRegressor": HistGradientBoostingRegressor(
            random_state=seed
        ),
        "by hand, RidgeCV": make_pipeline(StandardScaler(), RidgeCV(PENALTIES)),
    }
    predictions = {
        LAST_VALUE: [x[-1, -1] for x in X[1]],
        "mean of the last day": [x[-DAY:, -1].mean() for x in X[1]],
    } | {name: model.fit(train, y[0]).predict(test) for name, model in models.items()}
    return [
        {"contender": name, "seed": seed, variant: mean_absolute_error(y[1], predicted)}
        for name, predicted in predictions.items()
    ]


def evaluate_vectors(X, y, variant, setting, seed, quick):
    """Return the errors of ridge regression on vectors, and what they contain."""
    embedder = LSTMSequenceEmbedder(random_state=seed, **SETTINGS[setting])
    if quick and setting == DEFAULTS:
        embedder.set_params(max_epochs=2)
    seconds, _ = timed(embedder.fit, X[0])
    train, test = map(embedder.transform, X)
    errors = []
    for name, ridge in RIDGES.items():
        predicted = clone(ridge).fit(train, y[0]).predict(test)
        errors.append(
            {
                "contender": f"vectors, {setting}, {name}",
                "seed": seed,
                variant: mean_absolute_error(y[1], predicted),
                f"{variant}, fit, s": seconds,
            }
        )
    reading = {
        "vectors": f"{variant}, {setting}",
        "variant": variant,
        "setting": setting,
        "seed": seed,
        "epochs": embedder.n_iter_,
        "instance_norm": embedder.instance_norm_,
    }
    return errors, reading | read_off((train, test), X)


def read_off(vectors, X):
    """Return how well properties of test windows are read off, as R2.

    The R2 of a property is averaged over features.
    """
    train, test = map(describe, X)
    return {
        name: r2_score(
            test[name],
            LinearRegression().fit(vectors[0], train[name]).predict(vectors[1]),
        )
        for name in READ
    }


def judge_targets(errors, readings):
    """Compare errors with those of the last value, and judge the lowest R2."""
    verdicts = []
    for variant in VARIANTS:
        ours, last = (
            statistics.fmean(
                result[variant]
                for result in errors
                if result["contender"] == contender and variant in result
            )
            for contender in (OURS, LAST_VALUE)
        )
        verdicts.append(
            judge(
                "temperature: mean absolute error, ridge on vectors / last value, "
                f"{variant}",
                f"at most {RATIO_TARGET:g}",
                f"{ours / last:.3f}",
                ours <= RATIO_TARGET * last,
            )
        )
    found = {
        (name, reading["variant"]): min(
            each[name] for each in readings if each["vectors"] == reading["vectors"]
        )
        for reading in readings
        if reading["setting"] == DEFAULTS
        for name in READ
    }
    name, variant = min(found, key=found.get)
    verdicts.append(
        judge(
            f"temperature: R2 of {', '.join(READ)}",
            f"at least {R2_TARGET:g}",
            f"lowest {found[name, variant]:.4f} ({name}, {variant})",
            found[name, variant] >= R2_TARGET,
        )
    )
    return verdicts

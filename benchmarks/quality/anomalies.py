"""Which sequences are unusual? Scores of sequences without labels.

Needs `anomaly/*.csv.gz`, `classification/*.npz` and `process/*.csv.gz`. Three groups of
cases are evaluated; all methods learn from normal sequences only:

- "series": days and half days of two long series with labels. The windows are divided
  into five blocks of time. Those of one block are tested, and the normal ones of the
  other blocks are for training. A window is an anomaly if at least half of it is.
- "classes": one class of a classification set against the others. Training sequences
  are those of the class in the training part, if there are at least 10, and the test
  part is tested, at most 500 sequences. Results are averaged over the classes of a set.
- "logs": the activities of cases of two process logs. 70 % of the cases are for
  training, and the others are tested together with a copy of each. In every other copy
  two different activities are swapped, in the others half of the case is shuffled.

`score_samples` with all defaults is compared with methods that read the sequences
themselves, of unequal lengths resampled to the median length; with the isolation forest
and the local outlier factor of scikit-learn on the vectors; with the matrix profile of
stumpy for series, the distance of each window to the nearest one in the normal parts
of the other blocks; and with n-grams for logs. These predict each activity and the end
from the previous one (bigrams, add-one smoothing) or the previous three (4-grams,
Witten-Bell smoothing).

The score was chosen on nine other classification sets (Plane, ArrowHead, Lightning7,
BasicMotions, Libras, GesturePebbleZ1, ECG5000, SonyAIBORobotSurface1 and Coffee) and on
surnames of six languages. In these trials, series and logs were looked at as well: see
"Anomaly scores" on the recipe page.
"""

import itertools
import statistics

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from sklearn_seqembed import LSTMSequenceEmbedder

from ..datasets import load_labels, load_sequences, load_table
from ..formatting import make_table
from ..runner import add_seeds, judge, show_progress
from .detectors import (
    score_counts,
    score_nearest_subsequences,
    score_ngrams,
    score_points,
    score_vectors,
)

OURS = "score_samples, all defaults"
GROUPS = ("series", "classes", "logs")
FIGURES = {"AUC": roc_auc_score, "precision": average_precision_score}

SETS = (
    "CBF",
    "ECG200",
    "GunPoint",
    "ItalyPowerDemand",
    "JapaneseVowels",
    "NATOPS",
    "OSULeaf",
    "SyntheticControl",
    "Trace",
    "TwoPatterns",
)
MIN_TRAINING = 10
MAX_TEST = 500

# Time steps of a window of each series.
SERIES = {
    "nyc_taxi": {"days": 48, "half days": 24},
    "machine_temperature_system_failure": {"days": 288, "half days": 144},
}
N_BLOCKS = 5

# Columns of a case, an activity and a time.
LOGS = {
    "Helpdesk": ("Case ID", "Activity", "Complete Timestamp"),
    "Sepsis": ("case:concept:name", "concept:name", "time:timestamp"),
}
TRAINING_FRACTION = 0.7

COLUMNS = {"method": ""} | {
    f"{group}, {figure}": ".3f" for group in GROUPS for figure in FIGURES
}
CASE_COLUMNS = {"case": "", "ours, AUC": ".3f", "ours, precision": ".3f"} | {
    "best other": "",
    "best other, AUC": ".3f",
}


def add_arguments(parser):
    """Add the options --seeds and --groups."""
    add_seeds(parser)
    parser.add_argument("--groups", nargs="+", choices=GROUPS, default=GROUPS)


def run(options):
    """Evaluate all methods on the cases of all groups."""
    readers = {"series": read_series, "classes": read_classes, "logs": read_logs}
    results = []
    for seed in options.seeds:
        for group in options.groups:
            for case, parts in readers[group](seed, options.quick):
                found = evaluate_case(group, parts, seed, options.quick)
                results += [
                    row | {"group": group, "case": case, "seed": seed} for row in found
                ]
                show_progress(f"seed {seed}: {group}, {case}")
    rows = average_cases(results)
    return {
        "tables": {
            "anomalies": make_table(
                "Mean over cases: area under the ROC curve, average precision",
                COLUMNS,
                rows,
            ),
            "anomalies-cases": make_table("Cases", CASE_COLUMNS, list_cases(results)),
        },
        "targets": judge_targets(rows, options.groups),
        "results": results,
    }


def read_series(seed, quick):
    """Yield the windows of each series: name, and a list of blocks."""
    for name, sizes in SERIES.items():
        table = load_table(f"anomaly/nab_{name}.csv.gz")
        values = table["value"].to_numpy(dtype=float)
        is_unusual = table["in_anomaly_window"].to_numpy(dtype=bool)
        for unit, size in sizes.items():
            if quick and unit == "days":
                continue
            blocks = cut_blocks(values, is_unusual, size)
            yield f"{name.split('_')[0]}, {unit}", blocks


def cut_blocks(values, is_unusual, size):
    """Cut a series into windows, and divide these into blocks.

    Parameters
    ----------
    values : ndarray of shape (n_timesteps,)
        The series.
    is_unusual : bool ndarray of shape (n_timesteps,)
        Which time steps are anomalies.
    size : int
        Time steps of a window.

    Returns
    -------
    blocks : list of (train, test, y)
        For each block the normal windows of the other blocks, its own windows, and
        which of these are anomalies.
    """
    n_windows = len(values) // size
    windows = values[: n_windows * size].reshape(n_windows, size)
    fractions = is_unusual[: n_windows * size].reshape(n_windows, size).mean(axis=1)
    blocks = []
    for tested in np.array_split(np.arange(n_windows), N_BLOCKS):
        is_train = fractions == 0
        is_train[tested] = False
        blocks.append(
            (list(windows[is_train]), list(windows[tested]), fractions[tested] >= 0.5)
        )
    return blocks


def read_classes(seed, quick):
    """Yield the sequences of each set: name, and a list of parts for its classes."""
    for name in SETS[: 2 if quick else None]:
        X, X_test = load_sequences(name), load_sequences(name, "test")
        y, y_test = load_labels(name), load_labels(name, "test")
        order = np.random.default_rng(seed).permutation(len(X_test))[:MAX_TEST]
        X_test, y_test = [X_test[i] for i in order], y_test[order]
        parts = []
        for label in np.unique(y):
            train = [x for x, own in zip(X, y, strict=True) if own == label]
            if len(train) >= MIN_TRAINING:
                parts.append((train, X_test, y_test != label))
        yield name, parts


def read_logs(seed, quick):
    """Yield the cases of each log: name, and a list of one part."""
    for name, (case, activity, time) in LOGS.items():
        table = load_table(f"process/{name}.csv.gz")
        table = table.assign(time=to_times(table[time]))
        table = table.sort_values("time", kind="stable")
        cases = [list(x) for _, x in table.groupby(case)[activity]]
        rng = np.random.default_rng(seed)
        order = rng.permutation(len(cases))
        n_train = int(TRAINING_FRACTION * len(cases))
        train = [cases[i] for i in order[:n_train]]
        tested = [cases[i] for i in order[n_train:]]
        tested = [x for x in tested if len(x) >= 3 and len(set(x)) > 1]
        if quick:
            train, tested = train[:100], tested[:100]
        disturbances = itertools.cycle((swap, shuffle))
        changed = [f(x, rng) for f, x in zip(disturbances, tested, strict=False)]
        y = np.repeat([False, True], len(tested))
        yield name, [(train, tested + changed, y)]


def to_times(column):
    """Convert a column of texts to times."""
    import pandas as pd

    return pd.to_datetime(column, utc=True, format="mixed")


def swap(activities, rng):
    """Swap two different activities of a case."""
    found = list(activities)
    while found == activities:
        i, j = rng.choice(len(found), size=2, replace=False)
        found[i], found[j] = found[j], found[i]
    return found


def shuffle(activities, rng):
    """Shuffle half of a case, at least three activities in a row."""
    n_shuffled = max(3, len(activities) // 2)
    found = list(activities)
    while found == activities:
        start = rng.integers(len(activities) - n_shuffled + 1)
        order = start + rng.permutation(n_shuffled)
        found = list(activities)
        found[start : start + n_shuffled] = [activities[i] for i in order]
    return found


def evaluate_case(group, parts, seed, quick):
    """Return the figures of each method, a list of dict."""
    scored = [score_part(group, *part[:2], seed, quick) for part in parts]
    labels = [y for _, _, y in parts]
    if group == "series":  # blocks are parts of one series
        labels = [np.concatenate(labels)]
        scored = [
            {name: np.concatenate([s[name] for s in scored]) for name in scored[0]}
        ]
    return [
        {"method": name}
        | {
            figure: statistics.fmean(
                function(y, scores[name])
                for y, scores in zip(labels, scored, strict=True)
            )
            for figure, function in FIGURES.items()
        }
        for name in scored[0]
    ]


def score_part(group, train, test, seed, quick):
    """Return by method how unusual each sequence of `test` is, given those of `train`.

    Returns
    -------
    scores : dict of str to ndarray of shape (len(test),)
        High values are unusual.
    """
    embedder = LSTMSequenceEmbedder(random_state=seed)
    if quick and group == "logs":
        embedder.set_params(max_epochs=2)
    embedder.fit(train)
    scores = {OURS: -embedder.score_samples(test)}
    if group == "logs":
        scores |= score_counts(train, test) | score_ngrams(train, test)
    else:
        scores |= score_points(train, test)
    if group == "series":
        scores |= score_nearest_subsequences(train, test)
    return scores | score_vectors(embedder.transform(train), embedder.transform(test))


def average_cases(results):
    """Return one row per method: the means over the cases of each group."""
    rows = []
    for method in dict.fromkeys(result["method"] for result in results):
        row = {"method": method}
        for group in GROUPS:
            own = [r for r in results if (r["method"], r["group"]) == (method, group)]
            for figure in FIGURES if own else ():
                row[f"{group}, {figure}"] = statistics.fmean(r[figure] for r in own)
        rows.append(row)
    return rows


def list_cases(results):
    """Return one row per case: our figures, and the best other method."""
    rows = []
    for case in dict.fromkeys(result["case"] for result in results):
        areas = {}
        for result in results:
            if result["case"] == case:
                areas.setdefault(result["method"], []).append(
                    [result[figure] for figure in FIGURES]
                )
        means = {method: np.mean(values, axis=0) for method, values in areas.items()}
        ours = means.pop(OURS)
        best = max(means, key=lambda method: means[method][0])
        rows.append(
            {
                "case": case,
                "ours, AUC": ours[0],
                "ours, precision": ours[1],
                "best other": best,
                "best other, AUC": means[best][0],
            }
        )
    return rows


def judge_targets(rows, groups):
    """Compare our means with those of the best other method of each group."""
    verdicts = []
    for group in groups:
        for figure in FIGURES:
            column = f"{group}, {figure}"
            found = {row["method"]: row[column] for row in rows if column in row}
            ours = found.pop(OURS)
            best = max(found, key=found.get)
            verdicts.append(
                judge(
                    f"anomalies: {column}, score_samples",
                    f"at least {found[best]:.3f} ({best})",
                    f"{ours:.3f}",
                    ours >= found[best],
                )
            )
    return verdicts

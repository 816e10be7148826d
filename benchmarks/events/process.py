"""What happens next in a process, and how long will it take?

Needs `process/Helpdesk.csv.gz` and `process/Sepsis.csv.gz`, and the five published
folds of cases [1]_. Each case is cut after each of its events. From such a prefix,
`LSTMSequenceClassifier` predicts the next activity, or the end of the case, and
`LSTMSequenceRegressor` the remaining time, both with all defaults, and also without
training (`max_epochs=0`) or with `loss="absolute_error"`. A prefix has the activity,
the resource, other attributes that are categories, and the times of its events.

The baselines are the most frequent activity; counts of what follows the last five
activities, or fewer of them if those did not occur; logistic regression on frozen
vectors of `LSTMSequenceEmbedder`, which is fitted to the training cases, but whose
network is not trained, since that would take ten minutes; the median remaining time;
and ridge regression of it on the number of events of each activity and the time since
the first event. Published figures for the same folds are added [1]_.

References
----------
.. [1] https://github.com/cjtkoenig/pbpm_transformer_benchmark, revision 67d2e03
       (January 2026).
"""

import gzip
import json
from collections import Counter, defaultdict

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_seqembed import (
    LSTMSequenceClassifier,
    LSTMSequenceEmbedder,
    LSTMSequenceRegressor,
)

from ..datasets import load_table, require_data_folder
from ..formatting import make_table
from ..runner import add_parameters, show_progress
from ..timing import timed

# Names of the columns of case, activity and time, and further attributes. Those that
# are derived from whole cases, such as their variant, are left out.
LOGS = {
    "Helpdesk": (
        ("Case ID", "Activity", "Complete Timestamp"),
        (
            *("Resource", "product", "seriousness_2", "service_level"),
            *("service_type", "support_section", "workgroup", "responsible_section"),
        ),
    ),
    "Sepsis": (
        ("case:concept:name", "concept:name", "time:timestamp"),
        ("org:group", "Diagnose"),
    ),
}
END = "[end]"
N_FOLDS = 5
LONGEST_SUFFIX = 5
SECONDS_PER_DAY = 86_400

# Accuracy of the next activity, and mean absolute error of the remaining time in days.
PUBLISHED = {
    "ProcessTransformer, p.": {"Helpdesk": (0.8303, 6.85), "Sepsis": (0.4934, 38.0)},
    "LSTM of activities, p.": {"Helpdesk": (0.8392, None), "Sepsis": (0.6288, None)},
    "shared LSTM, p.": {"Helpdesk": (0.8520, None), "Sepsis": (0.6097, None)},
    "specialised LSTM, p.": {"Helpdesk": (0.8515, None), "Sepsis": (0.6427, None)},
}


# Parameters of our estimators.
VARIANTS = {"ours, untrained": {"max_epochs": 0}, "ours": {}}


def add_arguments(parser):
    """Add the options of this program."""
    add_parameters(parser)
    parser.add_argument(
        "--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS)
    )
    parser.add_argument("--logs", nargs="+", choices=LOGS, default=list(LOGS))
    parser.add_argument(
        "--folds", type=int, nargs="+", default=list(range(N_FOLDS)), metavar="FOLD"
    )


def run(options):
    """Evaluate all contenders on all folds of all logs."""
    results = []
    for log in options.logs:
        cases, held_out = read_log(log)
        for fold in options.folds[:1] if options.quick else options.folds:
            is_test = cases.index.isin(held_out[fold])
            parts = [cases[~is_test], cases[is_test]]
            if options.quick:
                parts = [part[:100] for part in parts]
            for result in evaluate_fold(*parts, options):
                results.append({"log": log, "fold": fold} | result)
                show_progress(str(results[-1]))
    return {"tables": tabulate(results), "results": results}


def read_log(name):
    """Read a log.

    Returns
    -------
    cases : DataFrame
        One row per case, a list in each cell: the column "activity", further
        categories, and "time".
    held_out : list of list of str
        Cases of the test part of each fold.
    """
    (case, activity, time), attributes = LOGS[name]
    events = load_table(f"process/{name}.csv.gz")
    table = pd.DataFrame(
        {"case": events[case].astype(str), "activity": events[activity]}
        | {attribute: events[attribute] for attribute in attributes}
    )
    times = pd.to_datetime(events[time], utc=True, format="mixed")
    table["time"] = times.dt.tz_localize(None)
    table = table.astype(object).where(table.notna(), None)
    # Events at the same time stay in the order of the log.
    table = table.sort_values("time", kind="stable")
    path = require_data_folder() / "process" / f"{name}_folds.json.gz"
    with gzip.open(path) as file:
        folds = json.load(file)["folds"]
    held_out = [folds[f"fold_{fold}"]["val_case_ids"] for fold in range(N_FOLDS)]
    return table.groupby("case", sort=False).agg(list), held_out


def cut_prefixes(cases):
    """Cut each case after each of its events.

    Returns
    -------
    prefixes : DataFrame
        One row per prefix.
    activities : ndarray of shape (n_prefixes,)
        Next activity, or `END`.
    days : ndarray of shape (n_prefixes,)
        Time from the last event of the prefix to that of the case.
    """
    prefixes, activities, days = [], [], []
    for case in cases.to_dict("records"):
        n_events, last = len(case["time"]), case["time"][-1]
        for stop in range(1, n_events + 1):
            prefixes.append({name: cell[:stop] for name, cell in case.items()})
            is_last = stop == n_events
            activities.append(END if is_last else case["activity"][stop])
            elapsed = last - case["time"][stop - 1]
            days.append(elapsed.total_seconds() / SECONDS_PER_DAY)
    return pd.DataFrame(prefixes), np.array(activities), np.array(days)


def evaluate_fold(train, test, options):
    """Yield the figures of each contender."""
    X, y, days = cut_prefixes(train)
    X_test, y_test, days_test = cut_prefixes(test)

    def classified(contender, predict):
        seconds, predicted = timed(predict)
        accuracy = float(np.mean(predicted == y_test))
        return {"contender": contender, "accuracy": accuracy, "seconds": seconds}

    def regressed(contender, predict):
        seconds, predicted = timed(predict)
        error = float(np.abs(predicted - days_test).mean())
        return {"contender": contender, "error, days": error, "seconds": seconds}

    def fit_and_predict(estimator, target, **parameters):
        estimator.set_params(random_state=0, **parameters | options.parameters)
        return lambda: estimator.fit(X, target).predict(X_test)

    activities = X["activity"], X_test["activity"]
    yield classified("most frequent", lambda: Counter(y).most_common(1)[0][0])
    yield classified("counts of the last 5", lambda: predict_by_counts(*activities, y))
    yield classified(
        "frozen vectors, untrained", lambda: predict_from_vectors(train, X, y, X_test)
    )
    yield regressed("median", lambda: np.median(days))
    yield regressed("ridge on counts", lambda: predict_by_ridge(X, days, X_test))
    for name, parameters in VARIANTS.items():
        if name not in options.variants:
            continue
        classifier, regressor = LSTMSequenceClassifier(), LSTMSequenceRegressor()
        yield classified(name, fit_and_predict(classifier, y, **parameters))
        yield regressed(name, fit_and_predict(regressor, days, **parameters))
        parameters = parameters | {"loss": "absolute_error"}
        yield regressed(
            f"{name}, absolute error", fit_and_predict(regressor, days, **parameters)
        )


def predict_by_counts(prefixes, new, y):
    """Predict what most often followed the longest known suffix of activities."""
    counts = defaultdict(Counter)
    for prefix, following in zip(prefixes, y, strict=True):
        for n in range(LONGEST_SUFFIX + 1):
            counts[tuple(prefix[-n:] if n else ())][following] += 1

    def predict(prefix):
        suffixes = (tuple(prefix[-n:]) for n in range(LONGEST_SUFFIX, 0, -1))
        known = next((suffix for suffix in suffixes if suffix in counts), ())
        return counts[known].most_common(1)[0][0]

    return np.array([predict(prefix) for prefix in new])


def predict_by_ridge(X, days, X_test):
    """Predict the remaining time from counts of activities and the elapsed time."""
    columns = make_column_transformer(
        (CountVectorizer(analyzer=list), "activity"),
        (FunctionTransformer(measure_elapsed), "time"),
    )
    model = make_pipeline(columns, StandardScaler(with_mean=False), Ridge())
    return model.fit(X, days).predict(X_test)


def measure_elapsed(times):
    """Return the days from the first to the last time of each list: (n_prefixes, 1)."""
    elapsed = [(own[-1] - own[0]).total_seconds() for own in times]
    return np.array(elapsed)[:, None] / SECONDS_PER_DAY


def predict_from_vectors(cases, X, y, X_test):
    """Predict by logistic regression on vectors that were learned without y."""
    embedder = LSTMSequenceEmbedder(random_state=0, max_epochs=0)
    vectors = embedder.fit(cases.reset_index(drop=True)).transform(X)
    classifier = make_pipeline(
        StandardScaler(), LogisticRegression(C=0.1, max_iter=300)
    )
    return classifier.fit(vectors, y).predict(embedder.transform(X_test))


def tabulate(results):
    """Return tables of means over the folds, with a column for each log."""
    table = pd.DataFrame(results)
    logs = list(dict.fromkeys(table["log"]))
    tables = {}
    for name, title, column, fmt in (
        ("process-next", "Accuracy of the next activity", "accuracy", ".4f"),
        ("process-time", "Remaining time", "error, days", ".2f"),
    ):
        rows = []
        found = table[table[column].notna()]
        for contender in dict.fromkeys(found["contender"]):
            own = found[found["contender"] == contender].groupby("log")
            row = {"contender": contender}
            for log, mean in own[[column, "seconds"]].mean().iterrows():
                row[log] = mean[column]
                row[f"{log}, s"] = mean["seconds"]
            rows.append(row)
        for contender, figures in PUBLISHED.items():
            place = 0 if column == "accuracy" else 1
            chosen = {log: figures[log][place] for log in logs}
            if all(value is not None for value in chosen.values()):
                rows.append({"contender": contender} | chosen)
        columns = {"contender": ""}
        columns |= dict.fromkeys(logs, fmt)
        columns |= {f"{log}, s": ".0f" for log in logs}
        tables[name] = make_table(title, columns, rows)
    return tables

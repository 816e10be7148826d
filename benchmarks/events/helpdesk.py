"""What happens next, and how much is left? Vectors of prefixes, and aggregates.

Needs `events/helpdesk_events.csv.gz`. Each ticket is cut after each of its events but
the last. Gradient boosting predicts the next activity and the number of remaining
events from vectors, manual aggregates, or both. The embedder is fitted on prefixes of
training tickets, without the events that follow. The baseline is the most frequent
continuation of the last activity.
"""

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.ensemble import HistGradientBoostingClassifier as Classifier
from sklearn.ensemble import HistGradientBoostingRegressor as Regressor
from sklearn.metrics import accuracy_score, mean_absolute_error

from sklearn_seqembed import LSTMSequenceEmbedder

from ..datasets import PARTS
from ..formatting import average_seeds, make_table
from ..runner import add_seeds
from ..timing import timed
from .logs import HELPDESK_CATEGORIES, aggregate, read_prefixes, to_events

COLUMNS = {
    "contender": "",
    "accuracy": ".3f",
    "error, events": ".3f",
    "score": ".3f",
    "fit, s": ".0f",
}

add_arguments = add_seeds


def run(options):
    """Evaluate the last activity, and all contenders of each seed."""
    parts = [read_prefixes(part, options.quick) for part in PARTS]
    targets = [make_targets(*part) for part in parts]
    prefixes = [prefixes for prefixes, _ in parts]
    n_train, n_test = map(len, prefixes)
    events = to_events(pd.concat(prefixes, ignore_index=True))
    aggregates = aggregate(events, HELPDESK_CATEGORIES, ()).to_numpy(dtype=float)
    aggregates = aggregates[:n_train], aggregates[n_train:]
    jobs = [
        delayed(evaluate_seed)(prefixes, targets, aggregates, seed, options.quick)
        for seed in options.seeds
    ]
    results = [evaluate_last(*targets)] + sum(Parallel(n_jobs=2)(jobs), [])
    rows = average_seeds(results, list(COLUMNS)[1:])
    title = f"{n_train:,} prefixes for training, {n_test:,} for testing"
    return {
        "tables": {"helpdesk": make_table(title, COLUMNS, rows)},
        "results": results,
    }


def make_targets(prefixes, continuations):
    """Return the last activity of each prefix, the next, and the number that remain."""
    return pd.DataFrame(
        {
            "last": [activities[-1] for activities in prefixes["activity"]],
            "next": [activities[0] for activities in continuations],
            "remaining": [len(activities) for activities in continuations],
        }
    )


def evaluate(contender, X, targets, seed):
    """Fit classifier and regressor on the training part, and test them."""
    train, test = targets
    # Rare activities have too few cases for a stratified validation part, and without
    # strong regularization their trees make all others diverge.
    classifier = Classifier(
        l2_regularization=100, early_stopping=False, random_state=seed
    )
    regressor = Regressor(
        loss="absolute_error", early_stopping=False, random_state=seed
    )
    predicted = classifier.fit(X[0], train["next"]).predict(X[1])
    remaining = regressor.fit(X[0], train["remaining"]).predict(X[1])
    return {
        "contender": contender,
        "seed": seed,
        "accuracy": accuracy_score(test["next"], predicted),
        "error, events": mean_absolute_error(test["remaining"], remaining),
    }


def evaluate_last(train, test):
    """Predict what follows the last activity most often, and the median remainder."""

    def predict(column, statistic):
        found = train.groupby("last")[column].agg(statistic)
        # After activities that are last in no training prefix: that of all prefixes.
        return test["last"].map(found).fillna(statistic(train[column]))

    predicted = predict("next", lambda activities: activities.mode()[0])
    remaining = predict("remaining", pd.Series.median)
    return {
        "contender": "most frequent after the last activity",
        "accuracy": accuracy_score(test["next"], predicted),
        "error, events": mean_absolute_error(test["remaining"], remaining),
    }


def evaluate_seed(prefixes, targets, aggregates, seed, quick):
    """Evaluate aggregates, vectors and both."""
    embedder = LSTMSequenceEmbedder(random_state=seed)
    if quick:
        embedder.set_params(max_epochs=2, hidden_size=16)
    seconds, _ = timed(embedder.fit, prefixes[0])
    fitted = {"fit, s": seconds, "score": embedder.score(prefixes[1])}
    vectors = list(map(embedder.transform, prefixes))
    both = list(map(np.hstack, zip(vectors, aggregates, strict=True)))
    return [
        evaluate("aggregates", aggregates, targets, seed),
        evaluate("vectors", vectors, targets, seed) | fitted,
        evaluate("both", both, targets, seed),
    ]

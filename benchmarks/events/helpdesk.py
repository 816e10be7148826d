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
from .logs import HELPDESK_CATEGORIES, aggregate, cut_prefixes, read_helpdesk, to_events

COLUMNS = {
    "contender": "",
    "accuracy": ".3f",
    "error, events": ".3f",
    "score": ".3f",
    "fit, s": ".0f",
}


def add_arguments(parser):
    """Add the options of this program."""
    add_seeds(parser)


def run(options):
    """Evaluate the last activity, and all contenders of each seed."""
    parts, aggregates = read_prefixes(options.quick)
    jobs = [
        delayed(evaluate_seed)(parts, aggregates, seed, options.quick)
        for seed in options.seeds
    ]
    results = [evaluate_last(parts)] + sum(Parallel(n_jobs=2)(jobs), [])
    rows = average_seeds(results, list(COLUMNS)[1:])
    n_train, n_test = (len(prefixes) for prefixes, _, _ in parts)
    title = f"{n_train:,} prefixes for training, {n_test:,} for testing"
    return {
        "tables": {"helpdesk": make_table(title, COLUMNS, rows)},
        "results": results,
    }


def read_prefixes(quick=False):
    """Return (prefixes, next activities, remaining events) and aggregates by part."""
    frames = [read_helpdesk(part) for part in PARTS]
    parts = [cut_prefixes(frame.iloc[:: 20 if quick else 1]) for frame in frames]
    both = pd.concat([prefixes for prefixes, _, _ in parts], ignore_index=True)
    made = aggregate(to_events(both), HELPDESK_CATEGORIES, ()).to_numpy(dtype=float)
    n_train = len(parts[0][0])
    return parts, [made[:n_train], made[n_train:]]


def evaluate(contender, X, parts, seed):
    """Fit classifier and regressor on the training part, and test them."""
    (_, y_train, remaining_train), (_, y_test, remaining_test) = parts
    # Rare activities have too few cases for a stratified validation part, and without
    # strong regularization their trees make all others diverge.
    classifier = Classifier(
        l2_regularization=100, early_stopping=False, random_state=seed
    )
    regressor = Regressor(
        loss="absolute_error", early_stopping=False, random_state=seed
    )
    predicted = classifier.fit(X[0], y_train).predict(X[1])
    remaining = regressor.fit(X[0], remaining_train).predict(X[1])
    return {
        "contender": contender,
        "seed": seed,
        "accuracy": accuracy_score(y_test, predicted),
        "error, events": mean_absolute_error(remaining_test, remaining),
    }


def evaluate_last(parts):
    """Predict what follows the last activity most often, and the median remainder."""
    train, test = (
        pd.DataFrame(
            {
                "last": [activities[-1] for activities in prefixes["activity"]],
                "next": following,
                "remaining": remaining,
            }
        )
        for prefixes, following, remaining in parts
    )
    groups = train.groupby("last")
    most_frequent = groups["next"].agg(lambda column: column.mode()[0])
    predicted = test["last"].map(most_frequent).fillna(train["next"].mode()[0])
    median = test["last"].map(groups["remaining"].median())
    median = median.fillna(train["remaining"].median())
    return {
        "contender": "most frequent after the last activity",
        "accuracy": accuracy_score(test["next"], predicted),
        "error, events": mean_absolute_error(test["remaining"], median),
    }


def evaluate_seed(parts, aggregates, seed, quick):
    """Evaluate aggregates, vectors and both."""
    embedder = LSTMSequenceEmbedder(random_state=seed)
    if quick:
        embedder.set_params(max_epochs=2, hidden_size=16)
    seconds, _ = timed(embedder.fit, parts[0][0])
    fitted = {"fit, s": seconds, "score": embedder.score(parts[1][0])}
    vectors = [embedder.transform(prefixes) for prefixes, _, _ in parts]
    both = [np.hstack(pair) for pair in zip(vectors, aggregates, strict=True)]
    return [
        evaluate("aggregates", aggregates, parts, seed),
        evaluate("vectors", vectors, parts, seed) | fitted,
        evaluate("both", both, parts, seed),
    ]

"""What comes next, and how much more? Vectors of tickets' beginnings beside aggregates.

Needs `events/helpdesk_events.csv.gz` under SEQEMBED_DATA. Each ticket is cut after each
of its events but the last. Gradient boosting names the next activity and the number of
events to come, from vectors, aggregates, or both. The embedder is fitted on beginnings
of training tickets, without what comes next. Beside them stands what follows the last
activity most often.

    python benchmarks/helpdesk.py [--seeds 3] [--quick]
"""

import time

import numpy as np
import pandas as pd
from _events import (
    HELPDESK_CATEGORIES,
    aggregate,
    cut_prefixes,
    read_helpdesk,
    to_events,
)
from _measure import argument_parser, mean_rows, print_table, write_json
from joblib import Parallel, delayed
from sklearn.ensemble import HistGradientBoostingClassifier as Classifier
from sklearn.ensemble import HistGradientBoostingRegressor as Regressor
from sklearn.metrics import accuracy_score, mean_absolute_error

from sklearn_seqembed import LSTMSequenceEmbedder

FIGURES = ("accuracy", "error", "score", "seconds")


def read_prefixes(quick=False):
    """Return the beginnings of training and of test tickets, and aggregates of both.

    Returns
    -------
    parts : list of tuple
        (prefixes, next activities, remaining events) of each part.
    aggregates : list of ndarray
        Of each part, the same columns.
    """
    frames = [read_helpdesk(part) for part in ("train", "test")]
    parts = [cut_prefixes(frame.iloc[:: 20 if quick else 1]) for frame in frames]
    both = pd.concat([prefixes for prefixes, _, _ in parts], ignore_index=True)
    made = aggregate(to_events(both), HELPDESK_CATEGORIES, ()).to_numpy(dtype=float)
    n_train = len(parts[0][0])
    return parts, [made[:n_train], made[n_train:]]


def judge(contender, X, parts, seed):
    """Fit classifier and regressor on the training part, and judge on the test part."""
    (_, y_train, remaining_train), (_, y_test, remaining_test) = parts
    # Rare activities have too few cases for a stratified part to stop early on, and
    # without much regularisation their trees let all others diverge.
    classifier = Classifier(
        l2_regularization=100, early_stopping=False, random_state=seed
    )
    regressor = Regressor(
        loss="absolute_error", early_stopping=False, random_state=seed
    )
    said = classifier.fit(X[0], y_train).predict(X[1])
    remaining = regressor.fit(X[0], remaining_train).predict(X[1])
    return {
        "contender": contender,
        "seed": seed,
        "accuracy": accuracy_score(y_test, said),
        "error": mean_absolute_error(remaining_test, remaining),
    }


def judge_last(parts):
    """Say what follows the last activity most often, and its median of what remains."""
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
    said = test["last"].map(most_frequent).fillna(train["next"].mode()[0])
    median = test["last"].map(groups["remaining"].median())
    median = median.fillna(train["remaining"].median())
    return {
        "contender": "last activity",
        "accuracy": accuracy_score(test["next"], said),
        "error": mean_absolute_error(test["remaining"], median),
    }


def judge_seed(parts, aggregates, seed, quick):
    """Judge vectors, aggregates and both."""
    embedder = LSTMSequenceEmbedder(random_state=seed)
    if quick:
        embedder.set_params(max_epochs=2, hidden_size=16)
    start = time.perf_counter()
    embedder.fit(parts[0][0])
    fitted = {"seconds": time.perf_counter() - start}
    fitted["score"] = embedder.score(parts[1][0])
    vectors = [embedder.transform(prefixes) for prefixes, _, _ in parts]
    both = [np.hstack(pair) for pair in zip(vectors, aggregates, strict=True)]
    return [
        judge("aggregates", aggregates, parts, seed),
        judge("vectors", vectors, parts, seed) | fitted,
        judge("both", both, parts, seed),
    ]


def main():
    """Run all seeds, print a table and write JSON."""
    args = argument_parser(__doc__, seeds=True).parse_args()
    parts, aggregates = read_prefixes(args.quick)
    n_train, n_test = (len(prefixes) for prefixes, _, _ in parts)
    print(f"{n_train} beginnings to learn from, {n_test} to judge")
    jobs = [
        delayed(judge_seed)(parts, aggregates, seed, args.quick)
        for seed in range(args.seeds)
    ]
    results = [judge_last(parts)] + sum(Parallel(n_jobs=2)(jobs), [])
    print_table(mean_rows(results, FIGURES), dict.fromkeys(["contender", *FIGURES], ""))
    write_json("helpdesk", {"quick": args.quick, "results": results})


if __name__ == "__main__":
    main()

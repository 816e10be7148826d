"""Who returns to the emergency room? Vectors of events beside aggregates made by hand.

Needs `events/sepsis_*.csv.gz` under SEQEMBED_DATA. Of each of 1,050 cases all events
before the patient's release are read. Gradient boosting gets vectors, aggregates, or
both, in repeated stratified cross-validation; the embedder is fitted in each training
part, without labels. Then the same with what is known of a patient besides events: one
frame holds these columns and the sequences, and a ColumnTransformer takes each to its
transformer.

    python benchmarks/sepsis.py [--seeds 3] [--quick]
"""

import time

import numpy as np
from _events import LABORATORY, aggregate, corrected_error, read_sepsis, to_frame
from _measure import argument_parser, print_table, write_json
from joblib import Parallel, delayed
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import OneHotEncoder

from sklearn_seqembed import LSTMSequenceEmbedder

CATEGORIES = ["activity", "group"]
FEATURES = [*CATEGORIES, *LABORATORY, "timestamp"]
N_FOLDS = 5

# What each contender gets.
CONTENDERS = {
    "aggregates": ("aggregates",),
    "vectors": ("vectors",),
    "both": ("vectors", "aggregates"),
    "static": ("static",),
    "static, aggregates": ("static", "aggregates"),
    "static, vectors": ("static", "vectors"),
    "static, both": ("static", "vectors", "aggregates"),
}


def make_columns(frame, embedder):
    """Take columns of sequences to the embedder, and others to what suits them."""
    rest = [name for name in frame if name not in (*FEATURES, "diagnose")]
    rare = OneHotEncoder(
        min_frequency=10, handle_unknown="infrequent_if_exist", sparse_output=False
    )
    return ColumnTransformer(
        [
            ("vectors", embedder, FEATURES),
            ("diagnose", rare, ["diagnose"]),
            ("rest", "passthrough", rest),
        ]
    )


def judge_fold(frame, aggregates, y, train, test, seed, quick):
    """Area under the ROC curve of each contender in one fold."""
    embedder = LSTMSequenceEmbedder(random_state=seed)
    if quick:
        embedder.set_params(max_epochs=2)
    columns = make_columns(frame, embedder)
    start = time.perf_counter()
    columns.fit(frame.iloc[train])
    seconds = time.perf_counter() - start
    made = columns.transform(frame).astype(float)
    parts = {
        "vectors": made[:, columns.output_indices_["vectors"]],
        "static": np.delete(made, columns.output_indices_["vectors"], axis=1),
        "aggregates": aggregates,
    }
    areas = {}
    for contender, names in CONTENDERS.items():
        X = np.hstack([parts[name] for name in names])
        classifier = HistGradientBoostingClassifier(random_state=seed)
        classifier.fit(X[train], y[train])
        probabilities = classifier.predict_proba(X[test])[:, 1]
        areas[contender] = roc_auc_score(y[test], probabilities)
    embedder = columns.named_transformers_["vectors"]
    score = embedder.score(frame[FEATURES].iloc[test])
    return areas | {"seed": seed, "seconds": seconds, "score": score}


def area_rows(results):
    """Compare mean areas with those of aggregates alone, fold by fold.

    Parameters
    ----------
    results : list of dict
        Of :func:`judge_fold`.

    Returns
    -------
    rows : list of dict
        A row of the table for each contender; the error is that of the difference.
        Those with static columns are compared with aggregates and static columns.
    """
    rows = []
    for name in CONTENDERS:
        beside = "static, aggregates" if "static" in name else "aggregates"
        areas = np.array([result[name] for result in results])
        apart = areas - [result[beside] for result in results]
        row = {"contender": name, "AUC": areas.mean(), "over aggregates": apart.mean()}
        error = corrected_error(apart, 1 / (N_FOLDS - 1))
        rows.append(row | {"standard error": error})
    return rows


COLUMNS = {
    "contender": "",
    "AUC": ".3f",
    "over aggregates": "+.3f",
    "standard error": ".3f",
}


def main():
    """Run all folds, print a table and write JSON."""
    args = argument_parser(__doc__, seeds=True).parse_args()
    events, cases = read_sepsis()
    frame = to_frame(events, FEATURES)
    aggregates = aggregate(events, CATEGORIES, LABORATORY).to_numpy(dtype=float)
    y = cases.pop("returns").loc[frame.index].to_numpy()
    frame = frame.join(cases)
    jobs = []
    for seed in range(args.seeds):
        folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=seed)
        jobs += [
            delayed(judge_fold)(frame, aggregates, y, train, test, seed, args.quick)
            for train, test in folds.split(frame, y)
        ]
    results = Parallel(n_jobs=2)(jobs)
    rows = area_rows(results)
    print_table(rows, COLUMNS)
    for name in ("score", "seconds"):
        print(f"mean {name}: {np.mean([result[name] for result in results]):.3f}")
    write_json("sepsis", {"quick": args.quick, "table": rows, "results": results})


if __name__ == "__main__":
    main()

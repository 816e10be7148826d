"""Who returns to the emergency room? Vectors of events beside aggregates made by hand.

Needs `events/sepsis_*.csv.gz` under SEQEMBED_DATA. Of each of 1,050 cases all events
before the patient's release are read. Gradient boosting gets vectors, aggregates, or
both, in repeated stratified cross-validation; the embedder is fitted in each training
part, without labels. What is known of a patient besides events is left out.

    python benchmarks/sepsis.py [--seeds 3] [--quick]
"""

import argparse
import time

import numpy as np
from _events import LABORATORY, aggregate, corrected_error, read_sepsis, to_frame
from _measure import write_json
from joblib import Parallel, delayed
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from sklearn_seqembed import LSTMSequenceEmbedder

CATEGORIES = ["activity", "group"]
FEATURES = [*CATEGORIES, *LABORATORY, "timestamp"]
N_FOLDS = 5


def judge_fold(frame, aggregates, y, train, test, seed, quick):
    """Area under the ROC curve of each contender in one fold."""
    embedder = LSTMSequenceEmbedder(random_state=seed)
    if quick:
        embedder.set_params(max_epochs=2)
    start = time.perf_counter()
    embedder.fit(frame.iloc[train])
    seconds = time.perf_counter() - start
    vectors = embedder.transform(frame)
    contenders = {
        "vectors": vectors,
        "aggregates": aggregates,
        "both": np.hstack([vectors, aggregates]),
    }
    areas = {}
    for name, X in contenders.items():
        classifier = HistGradientBoostingClassifier(random_state=seed)
        classifier.fit(X[train], y[train])
        areas[name] = roc_auc_score(y[test], classifier.predict_proba(X[test])[:, 1])
    return areas | {
        "seed": seed,
        "seconds": seconds,
        "score": embedder.score(frame.iloc[test]),
    }


def show(results):
    """Print mean areas and paired differences, with their corrected standard errors."""
    print("| contender | AUC | over aggregates | standard error |\n|---|---|---|---|")
    for name in ("aggregates", "vectors", "both"):
        areas = np.array([result[name] for result in results])
        apart = areas - [result["aggregates"] for result in results]
        error = corrected_error(apart, 1 / (N_FOLDS - 1))
        print(f"| {name} | {areas.mean():.3f} | {apart.mean():+.3f} | {error:.3f} |")
    for name in ("score", "seconds"):
        print(f"mean {name}: {np.mean([result[name] for result in results]):.3f}")


def main():
    """Run all folds, print a table and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="a trial of some seconds")
    args = parser.parse_args()
    events, returns = read_sepsis()
    frame = to_frame(events, FEATURES)
    aggregates = aggregate(events, CATEGORIES, LABORATORY).to_numpy(dtype=float)
    y = returns.loc[frame.index].to_numpy()
    jobs = []
    for seed in range(args.seeds):
        folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=seed)
        jobs += [
            delayed(judge_fold)(frame, aggregates, y, train, test, seed, args.quick)
            for train, test in folds.split(frame, y)
        ]
    results = Parallel(n_jobs=2)(jobs)
    show(results)
    write_json("sepsis", {"quick": args.quick, "results": results})


if __name__ == "__main__":
    main()

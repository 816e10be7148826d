"""Which patients return to the emergency room? Vectors of events and aggregates.

Needs `events/sepsis_*.csv.gz`. For each of 1,050 cases, the events before the patient's
release are read: activity, group, three laboratory values and time. Gradient boosting
receives vectors, manual aggregates, or both, in repeated stratified cross-validation.
The embedder is fitted in each training part, without labels. The same is repeated with
the static columns of a patient: one frame contains these and the sequences, and a
ColumnTransformer passes each column to its transformer.
"""

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import OneHotEncoder

from sklearn_seqembed import LSTMSequenceEmbedder

from ..formatting import make_table
from ..runner import add_seeds
from ..timing import timed
from .logs import LABORATORY, aggregate, corrected_error, read_sepsis, to_frame

CATEGORIES = ["activity", "group"]
FEATURES = [*CATEGORIES, *LABORATORY, "timestamp"]
N_FOLDS = 5

# Columns that each classifier receives.
CONTENDERS = {
    "aggregates": ("aggregates",),
    "vectors": ("vectors",),
    "both": ("vectors", "aggregates"),
    "static": ("static",),
    "static, aggregates": ("static", "aggregates"),
    "static, vectors": ("static", "vectors"),
    "static, both": ("static", "vectors", "aggregates"),
}
COLUMNS = {
    "columns": "",
    "AUC": ".3f",
    "minus aggregates": "+.3f",
    "standard error": ".3f",
}
FIT_COLUMNS = {"score": ".3f", "fit, s": ".0f"}

add_arguments = add_seeds


def run(options):
    """Cross-validate all contenders, once per seed."""
    events, cases = read_sepsis()
    frame = to_frame(events, FEATURES)
    aggregates = aggregate(events, CATEGORIES, LABORATORY).to_numpy(dtype=float)
    y = cases.pop("returns").loc[frame.index].to_numpy()
    frame = frame.join(cases)
    jobs = []
    for seed in options.seeds:
        folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=seed)
        jobs += [
            delayed(evaluate_fold)(frame, aggregates, y, *fold, seed, options.quick)
            for fold in folds.split(frame, y)
        ]
    results = Parallel(n_jobs=2)(jobs)
    means = pd.DataFrame(results)[list(FIT_COLUMNS)].mean().to_dict()
    return {
        "tables": {
            "sepsis": make_table(
                "Area under the ROC curve", COLUMNS, compare_areas(results)
            ),
            "sepsis-fits": make_table("Mean over folds", FIT_COLUMNS, [means]),
        },
        "results": results,
    }


def evaluate_fold(frame, aggregates, y, train, test, seed, quick):
    """Return the area under the ROC curve of each contender in one fold."""
    embedder = LSTMSequenceEmbedder(random_state=seed)
    if quick:
        embedder.set_params(max_epochs=2)
    rare = OneHotEncoder(
        min_frequency=10, handle_unknown="infrequent_if_exist", sparse_output=False
    )
    transformer = ColumnTransformer(
        [("vectors", embedder, FEATURES), ("diagnose", rare, ["diagnose"])],
        remainder="passthrough",
    )
    seconds, _ = timed(transformer.fit, frame.iloc[train])
    made = transformer.transform(frame).astype(float)
    vectors = transformer.output_indices_["vectors"]
    parts = {
        "vectors": made[:, vectors],
        "static": np.delete(made, vectors, axis=1),
        "aggregates": aggregates,
    }
    areas = {}
    for contender, names in CONTENDERS.items():
        X = np.hstack([parts[name] for name in names])
        classifier = HistGradientBoostingClassifier(random_state=seed)
        classifier.fit(X[train], y[train])
        probabilities = classifier.predict_proba(X[test])[:, 1]
        areas[contender] = roc_auc_score(y[test], probabilities)
    embedder = transformer.named_transformers_["vectors"]
    score = embedder.score(frame[FEATURES].iloc[test])
    return areas | {"seed": seed, "fit, s": seconds, "score": score}


def compare_areas(results):
    """Compare mean areas with those of aggregates, fold by fold.

    Contenders with static columns are compared with static columns and aggregates.
    """
    rows = []
    for name in CONTENDERS:
        baseline = "static, aggregates" if "static" in name else "aggregates"
        areas = np.array([result[name] for result in results])
        differences = areas - [result[baseline] for result in results]
        row = {"columns": name, "AUC": areas.mean()}
        if name not in (baseline, "static"):
            error = corrected_error(differences, 1 / (N_FOLDS - 1))
            row |= {"minus aggregates": differences.mean(), "standard error": error}
        rows.append(row)
    return rows

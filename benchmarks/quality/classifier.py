"""Is a classifier of sequences as good as vectors and another classifier?

On 23 classification sets of the UCR and UEA archives, `LSTMSequenceClassifier` with all
defaults is compared with classifiers on the vectors of `LSTMSequenceEmbedder`: the
support vector machines and the ridge classifier of the benchmark `classification`. The
sets have too few sequences for the classifier to be trained by default. With
--train, it also has `early_stopping=True`: it is trained, and the result is used if it
reduces the loss of the sequences that are held out.
"""

import time

import numpy as np
from sklearn.linear_model import RidgeClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_seqembed import LSTMSequenceClassifier, LSTMSequenceEmbedder

from ..datasets import PARTS, load_labels, load_sequences
from ..formatting import make_table
from ..runner import add_seeds, show_progress
from .classification import QUICK_SETS
from .evaluation import RIDGE_ALPHAS, build_svm, fit_svm_and_width
from .summary import MULTIVARIATE, SETS

COLUMNS = {
    "set": "",
    "classifier": ".3f",
    "vectors, SVM": ".3f",
    "vectors, SVM, width": ".3f",
    "vectors, ridge": ".3f",
    "classifier, CPU s": ".1f",
}


def add_arguments(parser):
    """Add the options of this program."""
    add_seeds(parser)
    parser.add_argument("--train", action="store_true", help="also with training")
    parser.add_argument("--sets", nargs="+", choices=SETS, metavar="NAME")


def run(options):
    """Evaluate all sets."""
    names = options.sets or (QUICK_SETS if options.quick else SETS)
    rows = []
    for name in names:
        found = [evaluate_set(name, seed, options.train) for seed in options.seeds]
        means = {
            column: float(np.mean([result[column] for result in found]))
            for column in found[0]
        }
        rows.append({"set": name} | means)
        show_progress(str(rows[-1]))
    columns, means = dict(COLUMNS), []
    if options.train:
        columns["with training"] = ".3f"
    for label, chosen in (
        ("mean, univariate", [r for r in rows if r["set"] not in MULTIVARIATE]),
        ("mean, multivariate", [r for r in rows if r["set"] in MULTIVARIATE]),
    ):
        if chosen:
            row = {c: np.mean([r[c] for r in chosen]) for c in list(columns)[1:]}
            means.append({"set": label} | row)
    return {
        "tables": {
            "classifier": make_table("Accuracy on the test parts", columns, rows),
            "classifier-means": make_table("Mean accuracy", columns, means),
        },
        "results": rows,
    }


def evaluate_set(name, seed, with_training):
    """Return the accuracies of one set and seed, and CPU seconds of `fit`."""
    (X, X_test), (y, y_test) = (
        [load(name, part) for part in PARTS] for load in (load_sequences, load_labels)
    )
    started = time.process_time()
    classifier = LSTMSequenceClassifier(random_state=seed).fit(X, y)
    found = {"classifier, CPU s": time.process_time() - started}
    found["classifier"] = classifier.score(X_test, y_test)
    if with_training:
        trained = LSTMSequenceClassifier(random_state=seed, early_stopping=True)
        found["with training"] = trained.fit(X, y).score(X_test, y_test)
    embedder = LSTMSequenceEmbedder(random_state=seed).fit(X)
    train, test = embedder.transform(X), embedder.transform(X_test)
    ridge = make_pipeline(StandardScaler(), RidgeClassifierCV(RIDGE_ALPHAS))
    return found | {
        "vectors, SVM": build_svm(y).fit(train, y).score(test, y_test),
        "vectors, SVM, width": fit_svm_and_width(train, y).score(test, y_test),
        "vectors, ridge": ridge.fit(train, y).score(test, y_test),
    }

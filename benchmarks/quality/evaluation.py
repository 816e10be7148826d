"""Evaluate vectors by classifiers and clustering.

The protocol is that of the T-Loss and TS2Vec papers: vectors are made without classes,
and an RBF support vector machine fitted to the training vectors predicts the classes of
the test vectors. The papers leave the width of the kernel at scikit-learn's default,
which is too narrow for some vectors of hundreds of components. The width of a second
SVM is therefore cross-validated too. Linear classifiers, the nearest neighbor and
k-means are added.
"""

import numpy as np
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression, RidgeClassifierCV
from sklearn.metrics import normalized_mutual_info_score
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

GRID = {"C": [10.0**exponent for exponent in range(-2, 4)]}
# Factors for the default gamma, the inverse of the squared width.
GAMMA_FACTORS = np.array([1.0, 0.1, 0.01])
N_FOLDS = 5
# With fewer sequences, folds would be too small, and C is the largest of the grid.
MINIMUM_SEQUENCES = 50
MINIMUM_PER_CLASS = 5

# Limits SVMs that hardly converge; the published limit is 100 times as large.
SVM_ITERATIONS = 100_000
LOGISTIC_ITERATIONS = 2_000

N_CLUSTERINGS = 5
N_INIT = 10

RIDGE_ALPHAS = np.logspace(-3, 3, 10)


def evaluate(train, y_train, test, y_test, standardize):
    """Evaluate vectors by four classifiers and a clustering.

    Parameters
    ----------
    train, test : ndarray of shape (n_samples, length)
        Vectors of both parts.
    y_train, y_test : ndarray of shape (n_samples,)
        Their classes.
    standardize : bool
        Whether all methods receive standardized components, not only the linear
        classifier.

    Returns
    -------
    figures : dict of str to float
        Test accuracies "svm", "svm_width", "logistic" and "neighbor", and "nmi".
    """
    scaler = StandardScaler().fit(train)
    scaled = scaler.transform(train), scaler.transform(test)
    train, test = scaled if standardize else (train, test)
    logistic = LogisticRegression(max_iter=LOGISTIC_ITERATIONS)
    neighbor = KNeighborsClassifier(n_neighbors=1)
    return {
        "svm": build_svm(y_train).fit(train, y_train).score(test, y_test),
        "svm_width": fit_svm_and_width(train, y_train).score(test, y_test),
        "logistic": logistic.fit(scaled[0], y_train).score(scaled[1], y_test),
        "neighbor": neighbor.fit(train, y_train).score(test, y_test),
        "nmi": score_clusters(train, test, y_test, len(np.unique(y_train))),
    }


def build_svm(y_train):
    """Build the SVM; C is cross-validated if there is enough data."""
    svm = SVC(C=max(GRID["C"]), gamma="scale", max_iter=SVM_ITERATIONS)
    return svm if _has_few(y_train) else GridSearchCV(svm, GRID, cv=N_FOLDS)


def fit_svm_and_width(train, y_train):
    """Fit the SVM with a cross-validated gamma, and C as in `build_svm`."""
    svm = SVC(C=max(GRID["C"]), max_iter=SVM_ITERATIONS)
    scale = 1 / (train.shape[1] * (train.var() or 1.0))  # gamma="scale"
    grid = {"gamma": scale * GAMMA_FACTORS}
    if not _has_few(y_train):
        return GridSearchCV(svm, grid | GRID, cv=N_FOLDS).fit(train, y_train)
    smallest_class = np.unique(y_train, return_counts=True)[1].min()
    n_folds = max(2, min(N_FOLDS, smallest_class))
    return GridSearchCV(svm, grid, cv=n_folds).fit(train, y_train)


def _has_few(y_train):
    n_per_class = len(y_train) // len(np.unique(y_train))
    return len(y_train) < MINIMUM_SEQUENCES or n_per_class < MINIMUM_PER_CLASS


def score_clusters(train, test, y_test, n_clusters):
    """Return normalized mutual information of test clusters and classes, in [0, 1].

    Clusters are fitted to the training part; the mean over seeds is returned.
    """
    scores = []
    for seed in range(N_CLUSTERINGS):
        clusterer = KMeans(n_clusters, n_init=N_INIT, random_state=seed).fit(train)
        scores.append(normalized_mutual_info_score(y_test, clusterer.predict(test)))
    return float(np.mean(scores))


def evaluate_by_ridge(train, y_train, test, y_test):
    """Return the test accuracy of the classifier that MiniRocket's authors use.

    Components are divided by their standard deviations, and the penalty is chosen by
    leave-one-out cross-validation.
    """
    classifier = make_pipeline(
        StandardScaler(with_mean=False), RidgeClassifierCV(alphas=RIDGE_ALPHAS)
    )
    return classifier.fit(train, y_train).score(test, y_test)

"""How good are vectors for classifiers and for clustering?

The protocol is that of the T-Loss and TS2Vec papers: vectors are made without classes,
and an RBF support vector machine on the training vectors names the classes of the test
vectors. Beside it judge a linear classifier, the nearest neighbour, and k-means.
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
N_FOLDS = 5
# Below these there is too little for folds, and C is the largest.
LEAST_SEQUENCES = 50
LEAST_A_CLASS = 5

# A bound against SVMs that hardly converge; the published one is 100 times as large.
SVM_ITERATIONS = 100_000
LOGISTIC_ITERATIONS = 2_000

N_CLUSTERINGS = 5
N_INIT = 10

RIDGE_ALPHAS = np.logspace(-3, 3, 10)


def judge(train, y_train, test, y_test, standardise):
    """Judge vectors by three classifiers and a clustering.

    Parameters
    ----------
    train, test : ndarray of shape (n_samples, length)
        The vectors of both parts.
    y_train, y_test : ndarray of shape (n_samples,)
        Their classes.
    standardise : bool
        Whether all judges see each number of the vector with mean 0 and variance 1 over
        the training part; else only the linear classifier does.

    Returns
    -------
    figures : dict of str to float
        Accuracies on the test part by "svm", "logistic" and "neighbour", and "nmi".
    """
    scaler = StandardScaler().fit(train)
    scaled = scaler.transform(train), scaler.transform(test)
    train, test = scaled if standardise else (train, test)
    logistic = LogisticRegression(max_iter=LOGISTIC_ITERATIONS)
    neighbour = KNeighborsClassifier(n_neighbors=1)
    return {
        "svm": build_svm(y_train).fit(train, y_train).score(test, y_test),
        "logistic": logistic.fit(scaled[0], y_train).score(scaled[1], y_test),
        "neighbour": neighbour.fit(train, y_train).score(test, y_test),
        "nmi": clustering_score(train, test, y_test, len(np.unique(y_train))),
    }


def build_svm(y_train):
    """Build the support vector machine, its C by cross-validation where that can be.

    Parameters
    ----------
    y_train : ndarray of shape (n_samples,)
        Classes of the training part.

    Returns
    -------
    classifier : estimator
        Not fitted.
    """
    svm = SVC(C=max(GRID["C"]), gamma="scale", max_iter=SVM_ITERATIONS)
    n_a_class = len(y_train) // len(np.unique(y_train))
    if len(y_train) < LEAST_SEQUENCES or n_a_class < LEAST_A_CLASS:
        return svm
    return GridSearchCV(svm, GRID, cv=N_FOLDS)


def clustering_score(train, test, y_test, n_clusters):
    """Return how much clusters, learned from the training part, tell of the classes.

    Parameters
    ----------
    train, test : ndarray of shape (n_samples, length)
        The vectors of both parts.
    y_test : ndarray of shape (n_samples,)
        Classes of the test part.
    n_clusters : int
        Number of clusters.

    Returns
    -------
    nmi : float
        Normalised mutual information on the test part, in [0, 1], mean over seeds.
    """
    scores = []
    for seed in range(N_CLUSTERINGS):
        clusterer = KMeans(n_clusters, n_init=N_INIT, random_state=seed).fit(train)
        scores.append(normalized_mutual_info_score(y_test, clusterer.predict(test)))
    return float(np.mean(scores))


def judge_by_ridge(train, y_train, test, y_test):
    """Judge as the authors of MiniRocket do, for many features of little weight.

    Parameters
    ----------
    train, test : ndarray of shape (n_samples, length)
        The vectors of both parts.
    y_train, y_test : ndarray of shape (n_samples,)
        Their classes.

    Returns
    -------
    accuracy : float
        On the test part.
    """
    classifier = make_pipeline(
        StandardScaler(with_mean=False), RidgeClassifierCV(alphas=RIDGE_ALPHAS)
    )
    return classifier.fit(train, y_train).score(test, y_test)

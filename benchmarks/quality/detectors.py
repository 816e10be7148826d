"""Plain methods that find unusual sequences, for the program `anomalies`.

Each function returns a dict: by method, an array that is high for unusual sequences.

References
----------
.. [1] Yeh, C.-C. M. et al. (2016). Matrix Profile I: All Pairs Similarity Joins for
       Time Series. ICDM.
.. [2] Witten, I. H. and Bell, T. C. (1991). The zero-frequency problem. IEEE
       Transactions on Information Theory 37(4).
"""

from collections import Counter

import numpy as np
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors

N_NEIGHBORS = 20
EXPLAINED = 0.95
START, END = "<start>", "<end>"


def resample(X, n_points):
    """Interpolate sequences at the same number of points: (n_samples, ·)."""
    rows = []
    for x in X:
        x = np.reshape(x, (len(x), -1))
        places = np.linspace(0, len(x) - 1, n_points)
        columns = [np.interp(places, np.arange(len(x)), column) for column in x.T]
        rows.append(np.ravel(columns))
    return np.array(rows)


def score_points(train, test):
    """Compare sequences point by point, each feature standardized."""
    n_features = np.reshape(train[0], (len(train[0]), -1)).shape[1]
    n_points = int(np.median([len(x) for x in train]))
    train, test = (resample(X, n_points) for X in (train, test))
    scale = train.reshape(len(train), n_features, n_points).std(axis=(0, 2))
    scale = np.repeat(np.where(scale > 0, scale, 1), n_points)
    train, test = train / scale, test / scale
    pca = PCA(EXPLAINED, svd_solver="full").fit(train)
    left = test - pca.inverse_transform(pca.transform(test))
    neighbors = NearestNeighbors(n_neighbors=1).fit(train)
    return {
        "distance to the mean": np.square(test - train.mean(axis=0)).mean(axis=1),
        "distance to the nearest": neighbors.kneighbors(test)[0][:, 0],
        "error of PCA, 95 %": np.square(left).mean(axis=1),
    }


def score_vectors(train, test):
    """Apply the detectors of scikit-learn to vectors."""
    forest = IsolationForest(random_state=0).fit(train)
    n_neighbors = min(N_NEIGHBORS, len(train) - 1)
    factor = LocalOutlierFactor(n_neighbors=n_neighbors, novelty=True).fit(train)
    return {
        "isolation forest on vectors": -forest.score_samples(test),
        "local outlier factor on vectors": -factor.score_samples(test),
    }


def score_nearest_subsequences(train, test):
    """Compute the matrix profile [1]_ of test windows in the training windows.

    It is the distance to the nearest subsequence of the training windows, which are
    joined, so a subsequence may begin anywhere. Subsequences are standardized.
    """
    import stumpy

    series = np.concatenate(train)
    profile = [np.min(stumpy.mass(x, series)) for x in test]
    return {"matrix profile": np.array(profile, dtype=float)}


def score_counts(train, test):
    """Compute the distance to the mean of the counts of all categories."""
    categories = sorted({category for x in train for category in x})
    train, test = (
        np.array([[x.count(category) for category in categories] for x in X], float)
        for X in (train, test)
    )
    return {"distance to the mean": np.square(test - train.mean(axis=0)).mean(axis=1)}


def score_ngrams(train, test):
    """Compute the mean surprise of the categories of a sequence, and of its end."""
    return {
        "bigrams": score_bigrams(train, test),
        "4-grams": score_backed_off(train, test, order=4),
    }


def list_ngrams(x, order):
    """List the n-grams that end with each category of a sequence, or with its end."""
    padded = [START] * (order - 1) + list(x) + [END]
    return [tuple(padded[i : i + order]) for i in range(len(x) + 1)]


def score_bigrams(train, test):
    """Predict categories from the previous one, with add-one smoothing."""
    pairs = Counter(pair for x in train for pair in list_ngrams(x, 2))
    before = Counter(first for x in train for first, _ in list_ngrams(x, 2))
    n_classes = len({category for x in train for category in x}) + 1
    return np.array(
        [
            -np.mean(
                [
                    np.log((pairs[pair] + 1) / (before[pair[0]] + n_classes))
                    for pair in list_ngrams(x, 2)
                ]
            )
            for x in test
        ]
    )


def score_backed_off(train, test, order):
    """Predict categories from the previous ones, with Witten-Bell smoothing [2]_."""
    n_classes = len({category for x in train for category in x}) + 1
    counts = Counter(
        ngram[-n:]
        for x in train
        for ngram in list_ngrams(x, order)
        for n in range(1, order + 1)
    )
    totals, kinds = Counter(), Counter()
    for ngram, count in counts.items():
        totals[ngram[:-1]] += count
        kinds[ngram[:-1]] += 1

    def estimate(ngram):
        probability = 1 / n_classes
        for n in range(1, order + 1):
            last = ngram[-n:]
            context = last[:-1]
            if totals[context]:
                weight = kinds[context] * probability
                total = totals[context] + kinds[context]
                probability = (counts[last] + weight) / total
        return probability

    return np.array(
        [
            -np.mean([np.log(estimate(ngram)) for ngram in list_ngrams(x, order)])
            for x in test
        ]
    )

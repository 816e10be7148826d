"""
Semi-supervised learning: few labels among many sequences
=========================================================

You have thousands of sequences, but labels for only a few. Do the others help?

An embedder needs no labels, so it can be fitted to all sequences. A classifier then
learns from the vectors of those that have labels.
:class:`~sklearn.frozen.FrozenEstimator` keeps the embedder from being fitted again.
We compare the vectors with mean and standard deviation over time, on recordings of nine
speakers of which 9 to 90 are labeled.
"""

# %%
# Recordings and labels
# ---------------------

import matplotlib.pyplot as plt
import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier
from sktime.datasets import load_japanese_vowels

from sklearn_seqembed import LSTMSequenceEmbedder


def load(split):
    """Load one part as a list of arrays (n_timesteps, 12), and the speakers."""
    frame, speakers = load_japanese_vowels(
        split, return_X_y=True, return_type="nested_univ"
    )
    X = [np.column_stack([cell.to_numpy() for cell in row]) for row in frame.to_numpy()]
    return X, speakers.astype(int)


X, y = load("TRAIN")
X_test, y_test = load("TEST")
print(f"{len(X)} recordings, of {min(map(len, X))} to {max(map(len, X))} time steps")

figure, axis = plt.subplots(figsize=(7, 3.2), layout="constrained")
for speaker, color in ((1, "C0"), (2, "C1"), (3, "C2")):
    for i in np.flatnonzero(y == speaker)[:4]:
        axis.plot(X[i][:, 0], color)
    axis.plot([], [], color, label=f"speaker {speaker}")
axis.set(
    xlabel="time step",
    ylabel="first of 12 features",
    title="Four recordings of each of three speakers",
)
axis.legend()
plt.show()
# sphinx_gallery_thumbnail_number = 2

# %%
# Fit the embedder to all recordings, once
# ----------------------------------------
# The pipelines below do not fit it again, whatever labels they get. They accept lists
# of sequences of any lengths.

embedder = LSTMSequenceEmbedder(random_state=0).fit(X)


def summarize(X):
    """Describe sequences by mean and standard deviation over time."""
    return np.array([np.r_[x.mean(axis=0), x.std(axis=0)] for x in X])


methods = {
    "vectors": FrozenEstimator(embedder),
    "mean and std over time": FunctionTransformer(summarize),
}

# %%
# Learn from few labels
# ---------------------
# For each number of labels, the same number of recordings of each speaker is drawn,
# five times.

PER_SPEAKER = (1, 2, 3, 5, 10)
accuracies = {name: [] for name in methods}
for n in PER_SPEAKER:
    for name, transformer in methods.items():
        found = []
        for seed in range(5):
            rng = np.random.default_rng(seed)
            chosen = np.concatenate(
                [rng.permutation(np.flatnonzero(y == k))[:n] for k in np.unique(y)]
            )
            model = make_pipeline(transformer, StandardScaler(), LogisticRegression())
            model.fit([X[i] for i in chosen], y[chosen])
            found.append(model.score(X_test, y_test))
        accuracies[name].append(np.mean(found))
    row = ", ".join(f"{name} {values[-1]:.3f}" for name, values in accuracies.items())
    print(f"{9 * n:3} labels: {row}")

# %%
# Use the unlabeled recordings, too
# ---------------------------------
# Scikit-learn's semi-supervised methods read -1 as "no label".
# :class:`~sklearn.semi_supervised.SelfTrainingClassifier` works on vectors: the
# recordings that a classifier is sure of become labeled, and it is fitted again.

self_trained = []
vectors, test_vectors = embedder.transform(X), embedder.transform(X_test)
for n in PER_SPEAKER:
    found = []
    for seed in range(5):
        rng = np.random.default_rng(seed)  # the same recordings as above
        partly = np.full(len(y), -1)
        for k in np.unique(y):
            chosen = rng.permutation(np.flatnonzero(y == k))[:n]
            partly[chosen] = k
        classifier = make_pipeline(StandardScaler(), LogisticRegression())
        model = SelfTrainingClassifier(classifier, threshold=0.9).fit(vectors, partly)
        found.append(model.score(test_vectors, y_test))
    self_trained.append(np.mean(found))
    print(f"{9 * n:3} labels: self-training {self_trained[-1]:.3f}")

# %%
# Compare
# -------

figure, axis = plt.subplots(figsize=(7, 4), layout="constrained")
labels = 9 * np.array(PER_SPEAKER)
for name, values in accuracies.items():
    axis.plot(labels, values, "o-", label=f"{name}, logistic regression")
axis.plot(labels, self_trained, "s--", label="vectors, self-training")
axis.set(
    xlabel="number of labels",
    ylabel="accuracy on new recordings",
    title="Accuracy by number of labels",
)
axis.legend(loc="lower right")
axis.grid(alpha=0.3)
plt.show()

# %%
# With few labels, the vectors gain the most over simple statistics. Self-training gains
# a little more where each speaker has five labels or more. With fewer, the classifier
# is sure of wrong speakers, and learns from its own errors. To learn vectors and labels
# together, use :class:`~sklearn_seqembed.LSTMSequenceClassifier`.

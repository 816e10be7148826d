"""
Gesture recognition: classify sequences of different lengths
============================================================

How do you classify movements that were recorded by a smartwatch, if no two recordings
have the same length?

:class:`~sklearn_seqembed.LSTMSequenceClassifier` is fitted on a list of arrays. An
embedder in a pipeline with any classifier is an alternative. We compare both with plain
features, on clips of shoulder exercises of people whom the models have not seen.
"""

# %%
# The data
# --------
# The package seglearn contains recordings of ten people who did seven physiotherapy
# exercises with either arm (Burns et al., 2018). Acceleration and rotation are measured
# along three axes. We keep ten time steps per second, and cut two clips of 2 to 6
# seconds from each recording, at random positions.

import matplotlib.pyplot as plt
import numpy as np
from seglearn.datasets import load_watch
from sklearn.metrics import ConfusionMatrixDisplay, accuracy_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from sklearn_seqembed import LSTMSequenceClassifier, LSTMSequenceEmbedder

watch = load_watch()
rng = np.random.default_rng(0)
X, exercises, people = [], [], []
for recording, k, person in zip(watch["X"], watch["y"], watch["subject"], strict=True):
    slower = recording[::5]  # 50 to 10 time steps per second
    for _ in range(2):
        length = rng.integers(20, 61)
        start = rng.integers(len(slower) - length + 1)
        X.append(slower[start : start + length])
        exercises.append(watch["y_labels"][k])
        people.append(person)
y, people = np.array(exercises), np.array(people)
lengths = [len(x) for x in X]
print(f"{len(X)} clips of {min(lengths)} to {max(lengths)} time steps, 6 features")

# %%
# The acceleration along one axis, in one clip of each exercise:

NAMES = {
    "PEN": "pendulum",
    "ABD": "abduction",
    "FEL": "forward elevation",
    "IR": "internal rotation",
    "ER": "external rotation",
    "TRAP": "trapezius extension",
    "ROW": "upright row",
}
fig, ax = plt.subplots(figsize=(7, 4.5), layout="constrained")
for i, label in enumerate(NAMES):
    clip = X[np.flatnonzero(y == label)[6]][:, 0]
    ax.plot(np.arange(len(clip)) / 10, (clip - clip.mean()) / np.ptp(clip) - 1.2 * i)
ax.set_yticks(-1.2 * np.arange(len(NAMES)), NAMES.values())
ax.set(xlabel="seconds", title="Different lengths")
plt.show()

# %%
# Compare classifiers on unseen people
# ------------------------------------
# Clips of the same person resemble each other. ``GroupKFold`` therefore puts all clips
# of a person into the same fold, so that each person is classified by a model that was
# fitted to other people. There are two baselines: mean and standard deviation of each
# feature over time, and the nearest neighbor among clips that are resampled to the same
# length.


def summarize(X):
    """Describe sequences by mean and standard deviation over time."""
    return np.array([np.r_[x.mean(axis=0), x.std(axis=0)] for x in X])


def resample(X, length=50):
    """Interpolate all sequences to the same number of time steps."""
    positions = [np.linspace(0, len(x) - 1, length) for x in X]
    return np.array(
        [
            np.ravel([np.interp(p, np.arange(len(x)), feature) for feature in x.T])
            for p, x in zip(positions, X, strict=True)
        ]
    )


models = {
    "resampled, 1-nearest neighbor": make_pipeline(
        FunctionTransformer(resample),
        StandardScaler(),
        KNeighborsClassifier(n_neighbors=1),
    ),
    "mean and std over time, SVM": make_pipeline(
        FunctionTransformer(summarize), StandardScaler(), SVC()
    ),
    "LSTMSequenceEmbedder, SVM": make_pipeline(
        LSTMSequenceEmbedder(max_epochs=0, random_state=0), StandardScaler(), SVC()
    ),
    "LSTMSequenceClassifier": LSTMSequenceClassifier(random_state=0),
}
predictions = {
    name: cross_val_predict(model, X, y, groups=people, cv=GroupKFold(3))
    for name, model in models.items()
}
scores = {name: accuracy_score(y, found) for name, found in predictions.items()}
for name, score in scores.items():
    print(f"{name:30} accuracy {score:.3f}")
print(f"{'always the same exercise':30} accuracy {1 / 7:.3f}")

# %%
# ``max_epochs=0`` skips the training of LSTM cells, to keep this example fast. The
# vectors then contain principal components and features of random filters. The
# classifier skips it by itself if it has fewer than 2,000 sequences.
#
# See what is confused
# --------------------

fig, ax = plt.subplots(figsize=(6.4, 5.4), layout="constrained")
ConfusionMatrixDisplay.from_predictions(
    y,
    predictions["LSTMSequenceClassifier"],
    labels=list(NAMES),
    cmap="Blues",
    colorbar=False,
    ax=ax,
)
ax.set_title("Exercises of unseen people: LSTMSequenceClassifier")
plt.show()

# %%
# Mean and standard deviation are a strong baseline, because the mean acceleration shows
# how the watch is tilted. The vectors and the classifier also capture how the movement
# proceeds, and are better by nine points. Resampled clips are compared step by step,
# although they begin at any moment of a movement; their accuracy is the lowest. The
# remaining errors are between movements that look alike from the wrist: raising the arm
# sideways or forwards, and turning it inwards or outwards.
#
# What to remember
# ----------------
# - Pass a list of arrays of any lengths. No padding, resampling or windowing is needed.
# - For classes, begin with :class:`~sklearn_seqembed.LSTMSequenceClassifier`. Use the
#   embedder if you want other classifiers, or the vectors for other purposes, too.
# - Split by person if you will classify movements of new people.
# - MiniRocket with a ridge classifier is about as accurate on the sets of the
#   benchmarks, if sequences have equal lengths. See :ref:`worth`.

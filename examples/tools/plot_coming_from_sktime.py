"""
Coming from sktime, aeon or tslearn: classify sequences
=======================================================

How is the same classification written in another library, and here?

For each of these libraries, a few lines of it are followed by ours, on the same data.
All of them run on this page, and the table at the end contains all accuracies. For
Keras and UMAP, see :ref:`sphx_glr_auto_examples_tools_plot_coming_from_keras.py`.
"""

# %%
# Data: one array per sequence
# ----------------------------
# BasicMotions contains recordings of a smartwatch: six features while a person walks,
# runs, stands or plays badminton. In sktime and aeon, the axes are (cases, channels,
# time points). Here and in tslearn, features are last. We keep every fourth time step,
# so that the page is built quickly, and shorten every second sequence, to have
# different lengths.

from importlib.metadata import version
from unittest.mock import patch

import matplotlib.pyplot as plt
import numba
import numpy as np
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC
from sktime.classification.feature_based import SummaryClassifier
from sktime.datasets import load_basic_motions

from sklearn_seqembed import LSTMSequenceClassifier, LSTMSequenceEmbedder


def load(split):
    """Load cases of sktime, sequences of different lengths, and classes."""
    cases, y = load_basic_motions(split, return_X_y=True, return_type="numpy3D")
    cases = cases[:, :, ::4]
    return cases, [x.T[:15] if i % 2 else x.T for i, x in enumerate(cases)], y


cases, X, y = load("train")
cases_test, X_test, y_test = load("test")

fig, axes = plt.subplots(2, 2, figsize=(7, 4.2), sharex=True, layout="constrained")
for ax, motion in zip(axes.flat, np.unique(y), strict=True):
    ax.plot(cases[y == motion][0].T)
    ax.set_title(motion, fontsize="medium")
fig.suptitle("The six features of one recording of each motion")
fig.supxlabel("time step")
plt.show()
print("sktime, aeon:", cases.shape, " here:", len(X), "arrays,", X[0].shape, X[1].shape)

# %%
# sktime: statistics and a random forest
# --------------------------------------
# ``SummaryClassifier`` of sktime fits a random forest to statistics over time, such as
# mean, standard deviation and quantiles. It requires equal lengths.

forest = SummaryClassifier(random_state=0).fit(cases, y)
correct = forest.predict(cases_test) == y_test
accuracies = {("sktime", "SummaryClassifier", "equal"): correct.mean()}

# %%
# Ours, on the same cases. The axes are swapped:

swapped, swapped_test = cases.transpose(0, 2, 1), cases_test.transpose(0, 2, 1)
classifier = LSTMSequenceClassifier(random_state=0).fit(swapped, y)
accuracies["ours", "LSTMSequenceClassifier", "equal"] = classifier.score(
    swapped_test, y_test
)

# %%
# aeon: MiniRocket
# ----------------
# MiniRocket of aeon fits a linear classifier to many random convolutions. aeon and
# tslearn compile their functions with numba, which takes about a minute of CPU time.
# Without compiling them, a few short sequences are classified sooner. Your own programs
# need only the two lines that import the classes. For the same reason, we use 1,000
# convolutions instead of 10,000.

with patch.object(numba.config, "DISABLE_JIT", True):
    from aeon.classification.convolution_based import MiniRocketClassifier
    from tslearn.neighbors import KNeighborsTimeSeriesClassifier
    from tslearn.utils import to_time_series_dataset

rocket = MiniRocketClassifier(n_kernels=1000, random_state=0).fit(cases, y)
accuracies["aeon", "MiniRocketClassifier", "equal"] = rocket.score(cases_test, y_test)

# %%
# Ours, also as a transformation that is followed by a classifier:

pipeline = make_pipeline(LSTMSequenceEmbedder(max_epochs=0, random_state=0), SVC())
accuracies["ours", "LSTMSequenceEmbedder, SVC", "equal"] = pipeline.fit(
    swapped, y
).score(swapped_test, y_test)

# %%
# tslearn: nearest neighbors
# --------------------------
# tslearn pads sequences with NaN and compares them by dynamic time warping:

padded, padded_test = to_time_series_dataset(X), to_time_series_dataset(X_test)
warping = KNeighborsTimeSeriesClassifier(n_neighbors=1, metric="dtw").fit(padded, y)
accuracies["tslearn", "1 nearest neighbor, DTW", "different"] = warping.score(
    padded_test, y_test
)

# %%
# Ours compares vectors by scikit-learn's nearest neighbors. Final time steps that are
# NaN are padding here, too, so the datasets of tslearn can be passed as they are:

neighbor = make_pipeline(
    LSTMSequenceEmbedder(max_epochs=0, random_state=0),
    KNeighborsClassifier(n_neighbors=1),
)
accuracies["ours", "LSTMSequenceEmbedder, 1-NN", "different"] = neighbor.fit(
    padded, y
).score(padded_test, y_test)
embedder = neighbor[0]
same = np.allclose(embedder.transform(padded), embedder.transform(X), atol=1e-5)
print("padded arrays and lists give the same vectors:", same)

# %%
# Accuracies
# ----------
# Mean and standard deviation over time are a plain baseline:


def summarize(X):
    """Describe sequences by mean and standard deviation over time."""
    return np.array([np.r_[x.mean(axis=0), x.std(axis=0)] for x in X])


plain = make_pipeline(FunctionTransformer(summarize), StandardScaler(), SVC())
accuracies["plain", "mean and std, SVC", "different"] = plain.fit(X, y).score(
    X_test, y_test
)

print(f"{'library':15}{'classifier':28}{'lengths':11}accuracy")
for (library, name, lengths), accuracy in accuracies.items():
    if library in ("sktime", "aeon", "tslearn"):
        library += f" {version(library)}"
    print(f"{library:15}{name:28}{lengths:11}{accuracy:8.3f}")

# %%
# These motions are easy to distinguish, also by mean and standard deviation, and the
# page is about how to write the same thing. Dynamic time warping does not scale the
# features, and it suffers because we leave out time steps: with all 100 of them, its
# accuracy is 0.925, and that of MiniRocket with 10,000 convolutions is 1. The
# differences on 23 other datasets are in :ref:`worth`.
#
# What to remember
# ----------------
# - Swap the last two axes of the cases of sktime and aeon. Pass those of tslearn as
#   they are.
# - Sequences of different lengths need no padding: pass a list of arrays.
# - The embedder is a transformer. Any classifier of scikit-learn can follow it.

"""
Coming from Keras, sktime, aeon, tslearn or UMAP
================================================

How is the same task written in another library, and here?

For each library, a few lines of it are followed by ours, on the same data. Ours and
those of sktime run on this page. The code of the other libraries was run once with the
versions that are named, but their results are not compared here: see the benchmarks for
comparisons with Keras and MiniRocket.
"""

# %%
# Data: one array per sequence
# ----------------------------
# BasicMotions contains recordings of a smartwatch: six features while a person walks,
# runs, stands or plays badminton. In sktime and aeon, the axes are (cases, channels,
# time points). Here, features are last. We shorten every second sequence, to have
# different lengths.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.manifold import TSNE
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC
from sktime.classification.feature_based import SummaryClassifier
from sktime.datasets import load_basic_motions

from sklearn_seqembed import LSTMSequenceClassifier, LSTMSequenceEmbedder

cases, y = load_basic_motions("train", return_X_y=True, return_type="numpy3D")
cases_test, y_test = load_basic_motions("test", return_X_y=True, return_type="numpy3D")


def to_sequences(cases):
    """Transpose cases of sktime, and shorten every second one to 60 time steps."""
    return [x.T[:60] if i % 2 else x.T for i, x in enumerate(cases)]


X, X_test = to_sequences(cases), to_sequences(cases_test)
print("sktime:", cases.shape, "ours:", len(X), "arrays,", X[0].shape, X[1].shape)

embedder = LSTMSequenceEmbedder(max_epochs=0, random_state=0).fit(X)
xy = TSNE(random_state=0, perplexity=15).fit_transform(embedder.transform(X + X_test))
fig, ax = plt.subplots(figsize=(6, 4.2), layout="constrained")
for motion in np.unique(y):
    ax.scatter(*xy[np.r_[y, y_test] == motion].T, s=18, label=motion)
ax.set(xlabel="t-SNE 1", ylabel="t-SNE 2", xticks=[], yticks=[])
ax.set_title("Map of all recordings")
ax.legend(title="motion")
plt.show()

# %%
# UMAP: a map of sequences
# ------------------------
# UMAP and t-SNE need vectors of equal length. With UMAP alone, sequences are cut or
# resampled, and flattened (tried with umap-learn 0.5.12):
#
# .. code-block:: python
#
#     flat = np.array([x[:60].ravel() for x in X])
#     xy = umap.UMAP(random_state=0).fit_transform(flat)
#
# Here, the embedder comes before UMAP or, as in the figure above, before t-SNE:
#
# .. code-block:: python
#
#     model = make_pipeline(LSTMSequenceEmbedder(), umap.UMAP(random_state=0))
#     xy = model.fit_transform(X)
#
# sktime: a classifier
# --------------------
# ``SummaryClassifier`` of sktime fits a random forest to statistics over time, such as
# mean, standard deviation and quantiles. It receives equal lengths here.

forest = SummaryClassifier(random_state=0).fit(cases, y)
accuracies = {
    "sktime, SummaryClassifier, full length": np.mean(
        forest.predict(cases_test) == y_test
    )
}

# %%
# Ours, on sequences of different lengths, and mean and standard deviation as a plain
# baseline:


def summarize(X):
    """Describe sequences by mean and standard deviation over time."""
    return np.array([np.r_[x.mean(axis=0), x.std(axis=0)] for x in X])


models = {
    "mean and std over time, SVM": make_pipeline(
        FunctionTransformer(summarize), StandardScaler(), SVC()
    ),
    "LSTMSequenceEmbedder, SVM": make_pipeline(
        LSTMSequenceEmbedder(max_epochs=0, random_state=0), SVC()
    ),
    "LSTMSequenceClassifier": LSTMSequenceClassifier(random_state=0),
}
for name, model in models.items():
    accuracies[name] = model.fit(X, y).score(X_test, y_test)
for name, accuracy in accuracies.items():
    print(f"{name:40} accuracy {accuracy:.3f}")

# %%
# All classifiers are right about all test recordings, also the plain baseline: these
# motions are easy to distinguish, and the page is about how to write the same thing.
# The differences on 23 other datasets are in :ref:`worth`.
#
# aeon: MiniRocket
# ----------------
# aeon has the axes of sktime (tried with aeon 1.6.0). MiniRocket is a strong method if
# all sequences have the same length:
#
# .. code-block:: python
#
#     from aeon.classification.convolution_based import MiniRocketClassifier
#
#     model = MiniRocketClassifier(random_state=0)
#     model.fit(cases, y)  # (cases, channels, time points)
#
# Here, transpose the cases, or pass a list of transposed arrays:

model = LSTMSequenceClassifier(random_state=0).fit(cases.transpose(0, 2, 1), y)
print("full length:", model.score(cases_test.transpose(0, 2, 1), y_test))

# %%
# tslearn: nearest neighbors
# --------------------------
# tslearn pads sequences with NaN and compares them by dynamic time warping (tried with
# tslearn 0.10.0):
#
# .. code-block:: python
#
#     from tslearn.neighbors import KNeighborsTimeSeriesClassifier
#     from tslearn.utils import to_time_series_dataset
#
#     model = KNeighborsTimeSeriesClassifier(n_neighbors=1, metric="dtw")
#     model.fit(to_time_series_dataset(X), y)
#
# Here, scikit-learn's nearest neighbors compare vectors. The axes of tslearn are ours,
# and final time steps that are NaN are padding here, too, so its datasets can be passed
# as they are.

padded = np.full((len(X), 100, 6), np.nan)  # as to_time_series_dataset returns it
for row, x in zip(padded, X, strict=True):
    row[: len(x)] = x
same = np.allclose(embedder.transform(padded), embedder.transform(X), atol=1e-5)
print("padded arrays give the same vectors:", same)

# %%
# Keras: an LSTM autoencoder
# --------------------------
# The network of many tutorials, with padding and a mask (tried with Keras 3.15.1):
#
# .. code-block:: python
#
#     padded = keras.utils.pad_sequences(X, dtype="float32", padding="post")
#     inputs = keras.Input(padded.shape[1:])
#     encoded = layers.LSTM(64)(layers.Masking()(inputs))
#     repeated = layers.RepeatVector(padded.shape[1])(encoded)
#     decoded = layers.LSTM(64, return_sequences=True)(repeated)
#     outputs = layers.Dense(padded.shape[2])(decoded)
#     autoencoder = keras.Model(inputs, outputs)
#     autoencoder.compile("adam", "mse")
#     autoencoder.fit(padded, padded, epochs=100)
#     vectors = keras.Model(inputs, encoded).predict(padded)
#
# It learns to decode the padding, too, and does not scale the features. Ours ignores
# the padding, scales the features, and accepts strings, events and missing values in
# the same way:

vectors = LSTMSequenceEmbedder(n_components=64, max_epochs=10, random_state=0)
print(vectors.fit_transform(X).shape)

# %%
# What to remember
# ----------------
# - Transpose the cases of sktime and aeon. Pass those of tslearn as they are.
# - Replace preprocessing, padding, masks and the network of Keras by one estimator.
# - Place the embedder before UMAP, t-SNE, k-means or nearest neighbors.

"""
Coming from Keras or UMAP: vectors and maps of sequences
========================================================

How do you compute and map vectors with other libraries, and with this one?

A few lines of UMAP and of Keras are followed by ours, on the same data. All of them run
on this page. For classifiers of sktime, aeon and tslearn, see
:ref:`sphx_glr_auto_examples_tools_plot_coming_from_sktime.py`.
"""

# %%
# UMAP: a map of sequences
# ------------------------
# UMAP needs vectors of equal length. With UMAP alone, sequences are cut or resampled,
# and flattened. Here, the embedder precedes it in a pipeline.
#
# The data are recordings of a smartwatch: six features while a person walks, runs,
# stands or plays badminton. We keep every fourth time step, so that the page is built
# quickly, and shorten every second sequence, to have different lengths. UMAP compiles
# its functions with numba, which takes longer than a map of 80 short sequences without
# compiling. Your own programs need only ``import umap``, and no ``n_epochs``.

import os
import tempfile
from importlib.metadata import version
from unittest.mock import patch

import matplotlib.pyplot as plt
import numba
import numpy as np
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from sktime.datasets import load_basic_motions

from sklearn_seqembed import LSTMSequenceEmbedder

with patch.object(numba.config, "DISABLE_JIT", True):
    import umap


def load(split):
    """Load sequences of different lengths, and their classes."""
    cases, y = load_basic_motions(split, return_X_y=True, return_type="numpy3D")
    return [x.T[: 60 if i % 2 else 100 : 4] for i, x in enumerate(cases)], y


X, y = load("train")
X_test, y_test = load("test")
motions = np.r_[y, y_test]


def make_umap():
    """Make a UMAP of few epochs; n_jobs=1 is what it needs for a random_state."""
    return umap.UMAP(random_state=0, n_jobs=1, n_epochs=50)


flat = np.array([x[:15].ravel() for x in X + X_test])
embedder = LSTMSequenceEmbedder(max_epochs=0, random_state=0)
maps = {
    "UMAP of sequences, cut and flattened": make_umap().fit_transform(flat),
    "LSTMSequenceEmbedder, then UMAP": make_pipeline(
        embedder, make_umap()
    ).fit_transform(X + X_test),
}

fig, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
for ax, (name, xy) in zip(axes, maps.items(), strict=True):
    for motion in np.unique(motions):
        ax.scatter(*xy[motions == motion].T, s=18, label=motion)
    ax.set(xlabel="UMAP 1", ylabel="UMAP 2", xticks=[], yticks=[], title=name)
fig.legend(*ax.get_legend_handles_labels(), title="motion", loc="outside right center")
plt.show()

# %%
# How many recordings have the same motion as their nearest neighbor in each map?

for name, xy in maps.items():
    neighbors = KNeighborsClassifier(n_neighbors=1).fit(xy, motions).kneighbors()[1]
    print(f"{name:40}{np.mean(motions[neighbors[:, 0]] == motions):.3f}")
print("umap-learn", version("umap-learn"))

# %%
# Keras: an LSTM autoencoder
# --------------------------
# The network of many tutorials, with padding and a mask. Keras uses torch here, as we
# do. It writes its settings into a folder, which we delete.

with (
    tempfile.TemporaryDirectory() as folder,
    patch.dict(os.environ, KERAS_BACKEND="torch", KERAS_HOME=folder),
):
    import keras
    from keras import layers

keras.utils.set_random_seed(0)
padded, padded_test = (
    keras.utils.pad_sequences(x, maxlen=25, dtype="float32", padding="post")
    for x in (X, X_test)
)
inputs = keras.Input(padded.shape[1:])
encoded = layers.LSTM(64)(layers.Masking()(inputs))
repeated = layers.RepeatVector(padded.shape[1])(encoded)
decoded = layers.LSTM(64, return_sequences=True)(repeated)
outputs = layers.Dense(padded.shape[2])(decoded)
autoencoder = keras.Model(inputs, outputs)
autoencoder.compile("adam", "mse")
losses = autoencoder.fit(padded, padded, epochs=30, verbose=0).history["loss"]
encoder = keras.Model(inputs, encoded)
vectors = {
    "Keras, 30 epochs": (
        encoder.predict(padded, verbose=0),
        encoder.predict(padded_test, verbose=0),
    )
}
print(f"Keras {keras.__version__}: loss {losses[0]:.2f} in the first epoch,", end=" ")
print(f"{losses[-1]:.2f} in the last")

# %%
# It learns to decode the padding, too, and does not scale the features. Ours ignores
# the padding, scales the features, and accepts strings, events and missing values in
# the same way. By default, it has a closed-form start that needs no epoch:

for epochs in (0, 30):
    model = LSTMSequenceEmbedder(n_components=64, max_epochs=epochs, random_state=0)
    vectors[f"ours, {epochs} epochs"] = model.fit_transform(X), model.transform(X_test)
vectors["ours, default size"] = embedder.fit_transform(X), embedder.transform(X_test)

# %%
# Which vectors tell motions apart?
# ---------------------------------
# Classifiers are fitted to the vectors of the training set. Baselines are the flattened
# sequences, and the mean and standard deviation of each feature.


def summarize(X):
    """Describe sequences by mean and standard deviation over time."""
    return np.array([np.r_[x.mean(axis=0), x.std(axis=0)] for x in X])


vectors["flattened, cut to 15 steps"] = flat[: len(X)], flat[len(X) :]
vectors["mean and std over time"] = summarize(X), summarize(X_test)

classifiers = {"1-NN": KNeighborsClassifier(n_neighbors=1), "SVC": SVC()}
print(f"{'accuracy':28}{'size':>4}", *(f"{name:>8}" for name in classifiers))
for name, (train, test) in vectors.items():
    scores = [c.fit(train, y).score(test, y_test) for c in classifiers.values()]
    print(f"{name:28}{train.shape[1]:4}", *(f"{score:8.3f}" for score in scores))

# %%
# With 64 components, the vectors of Keras are better than ours, trained or not. With
# our default of 320 components and no training, ours are better than those of Keras.
# Means and standard deviations are the best of all on these few recordings. For
# comparisons on 23 other datasets, see :ref:`worth`.
#
# What to remember
# ----------------
# - Replace preprocessing, padding, masks and the network of Keras by one estimator.
# - Place the embedder before UMAP, t-SNE, k-means or nearest neighbors.

"""
A first embedding: who is speaking?
===================================

How do recordings of different lengths get in front of an ordinary classifier?

An ``LSTMSequenceEmbedder`` turns each recording into one vector of fixed length. After
it comes whatever scikit-learn has to offer. We tell nine speakers apart by how they say
one Japanese vowel, and compare with the plain way out: the mean over time of each
feature.
"""

# %%
# The data
# --------
# Each recording is an array with one row a time step and 12 columns, which describe the
# sound at that moment. The recordings differ in length. A list of arrays is all that
# the embedder needs.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.manifold import TSNE
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC
from sktime.datasets import load_japanese_vowels

from sklearn_seqembed import LSTMSequenceEmbedder


def load(split):
    """Load one part of the data as a list of arrays and their speakers."""
    frames, speakers = load_japanese_vowels(split=split, return_type="df-list")
    return [frame.to_numpy() for frame in frames], speakers


X_train, y_train = load("train")
X_test, y_test = load("test")
lengths = [len(x) for x in X_train]
print(f"{len(X_train)} recordings to train on, {len(X_test)} to test on")
print(f"{min(lengths)} to {max(lengths)} time steps of {X_train[0].shape[1]} features")

# %%
# One pipeline
# ------------
# The embedder is a transformer like any other. It needs no labels, scales the features
# inside, and gives the numbers of its vectors balanced scales, which an SVM likes.

model = make_pipeline(LSTMSequenceEmbedder(max_epochs=60, random_state=0), SVC())
model.fit(X_train, y_train)
print(f"accuracy with the embedder: {model.score(X_test, y_test):.3f}")

# %%
# Did the network learn something?
# --------------------------------
# ``score`` says which share of the recordings the vectors explain: 1 is a perfect copy,
# 0 is no better than the mean of each feature. On the test part no label and no
# recording was seen before.

embedder = model[0]
vectors = embedder.transform(X_test)
print(f"vectors: {vectors.shape}")
print(f"explained share, training part: {embedder.train_score_:.2f}")
print(f"explained share, test part: {embedder.score(X_test):.2f}")

# %%
# The plain baseline
# ------------------
# The mean over time of each feature is also one vector a recording, with 12 numbers. It
# forgets the order of the time steps. Everything after it stays the same.


def mean_over_time(X):
    """Average each sequence over its time steps."""
    return np.array([x.mean(axis=0) for x in X])


baseline = make_pipeline(FunctionTransformer(mean_over_time), StandardScaler(), SVC())
baseline.fit(X_train, y_train)
print(f"accuracy with the mean over time: {baseline.score(X_test, y_test):.3f}")

# %%
# A map of the recordings
# -----------------------
# Both kinds of vectors of the test part, laid out in the plane by t-SNE.

fig, axes = plt.subplots(1, 2, figsize=(9.5, 4.2), layout="constrained")
panels = {
    "Mean over time (12 numbers)": StandardScaler().fit_transform(
        mean_over_time(X_test)
    ),
    "LSTM vectors (320 numbers)": vectors,
}
for ax, (title, points) in zip(axes, panels.items(), strict=True):
    xy = TSNE(random_state=0).fit_transform(points)
    for k, speaker in enumerate(np.unique(y_test)):
        ax.scatter(*xy[y_test == speaker].T, s=14, color=f"C{k}", label=speaker)
    ax.set(title=title, xlabel="t-SNE 1", ylabel="t-SNE 2", xticks=[], yticks=[])
fig.legend(
    *axes[0].get_legend_handles_labels(), title="speaker", loc="outside right center"
)
plt.show()

# %%
# In both maps the recordings of a speaker mostly lie together, though the embedder was
# never told who speaks. Only who is near whom counts in such a map: distances between
# groups mean little.
#
# What to remember
# ----------------
# - The embedder takes a list of arrays of any lengths, and stands in a ``Pipeline`` in
#   front of any estimator.
# - Look at ``score`` first: a vector that explains little cannot help much.
# - Compare with the mean over time. It is strong here, because a voice has a sound of
#   its own in every moment. The LSTM vectors add how that sound moves, and gain a
#   little.
# - ``max_epochs`` is low here to save time. By default the embedder trains for longer.

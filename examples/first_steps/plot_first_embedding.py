"""
A first embedding of time series: who is speaking?
==================================================

How can an ordinary classifier use recordings of different lengths?

:class:`~sklearn_seqembed.LSTMSequenceEmbedder` encodes each recording as a vector of
fixed length, and any scikit-learn estimator can learn from such vectors. In this
example, we identify nine speakers by recordings of two Japanese vowels. We compare the
embedder with a plain baseline, the mean of each feature over time.
"""

# %%
# The data
# --------
# Each recording is an array with one row per time step and 12 columns, which describe
# the sound at that moment. The recordings differ in length, so we keep them in a list.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.manifold import TSNE
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC
from sktime.datasets import load_japanese_vowels

from sklearn_seqembed import LSTMSequenceEmbedder


def load(split):
    """Load the training or test set as a list of arrays and an array of speakers."""
    frames, speakers = load_japanese_vowels(split=split, return_type="df-list")
    return [frame.to_numpy() for frame in frames], speakers


X_train, y_train = load("train")
X_test, y_test = load("test")
lengths = [len(x) for x in X_train]
print(f"{len(X_train)} training recordings, {len(X_test)} test recordings")
print(f"{min(lengths)} to {max(lengths)} time steps, {X_train[0].shape[1]} features")

# %%
# Build a pipeline
# ----------------
# The embedder is a transformer like any other. It needs no labels and scales the
# features itself. By default it also balances the scales of the vector's components, so
# that an SVM can use them directly.

model = make_pipeline(LSTMSequenceEmbedder(random_state=0), SVC())
model.fit(X_train, y_train)
print(f"accuracy of the embedder: {model.score(X_test, y_test):.3f}")

# %%
# Check what the vectors represent
# --------------------------------
# ``score`` reconstructs the recordings from their vectors and returns the explained
# fraction: 1 for a perfect reconstruction, 0 for one that is no better than the mean of
# each feature. The embedder has seen no recording of the test set.

embedder = model[0]
vectors = embedder.transform(X_test)
print(f"shape of the embedding: {vectors.shape}")
print(f"explained fraction, training set: {embedder.train_score_:.2f}")
print(f"explained fraction, test set: {embedder.score(X_test):.2f}")

# %%
# Compare with a plain baseline
# -----------------------------
# The mean of each feature over time is also a vector of fixed length, here with 12
# components. It ignores the order of the time steps. The classifier is the same.


def mean_over_time(X):
    """Average each feature over the time steps of each sequence."""
    return np.array([x.mean(axis=0) for x in X])


baseline = make_pipeline(FunctionTransformer(mean_over_time), StandardScaler(), SVC())
baseline.fit(X_train, y_train)
print(f"accuracy of the mean over time: {baseline.score(X_test, y_test):.3f}")

# %%
# Draw a map of the recordings
# ----------------------------
# We project both kinds of vectors onto the plane with t-SNE.

fig, axes = plt.subplots(1, 2, figsize=(9.5, 4.2), layout="constrained")
panels = {
    "Mean over time (12 components)": StandardScaler().fit_transform(
        mean_over_time(X_test)
    ),
    "LSTM embedding (320 components)": vectors,
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
# In both maps, most recordings of the same speaker form a group, although neither
# method uses the labels. Only neighborhoods are meaningful in a t-SNE map; the
# distances between groups are not.
#
# What to remember
# ----------------
# - The embedder takes a list of arrays of any lengths. In a ``Pipeline``, it can
#   precede any estimator.
# - Look at ``score`` first. A vector that explains little of a sequence is unlikely to
#   be useful.
# - Compare with the mean over time. It is a strong baseline here, because a voice can
#   be recognized from its average sound. The embedding also captures how the sound
#   changes, which improves the accuracy a little.

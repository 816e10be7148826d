"""
Anomaly detection among sequences
=================================

How do you find unusual sequences if you have only normal ones to learn from?

Fit an embedder to normal sequences. ``score_samples`` measures how far the random
features of a sequence are from those of the normal ones, and how far the sequence
itself is from the most similar ones: a low score means unusual. In this example, we
learn one kind of hand movement and detect another kind. We compare with two plain
baselines that use distances between curves.
"""

# %%
# The data
# --------
# Each of the 200 curves is the position of a hand over 150 time steps. In half of them,
# the person draws a prop from the hip, points it and puts it back. In the other half,
# the person only points. The first kind is normal here, and the second kind is to be
# detected. The training set contains no curve of the second kind.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.neighbors import NearestNeighbors
from sktime.datasets import load_gunpoint

from sklearn_seqembed import LSTMSequenceEmbedder

X, kind = load_gunpoint(return_type="numpy3D")
X = X[:, 0]  # (n_samples, n_features, n_timesteps) to (n_samples, n_timesteps)
X_train, X_normal = train_test_split(X[kind == "1"], test_size=0.4, random_state=0)
X_unusual = X[kind == "2"]
X_test = np.concatenate([X_normal, X_unusual])
is_unusual = np.repeat([False, True], [len(X_normal), len(X_unusual)])
print(f"training set: {len(X_train)} normal curves")
print(f"test set: {len(X_normal)} normal and {len(X_unusual)} unusual curves")

kinds = {
    "normal": ("C0", np.flatnonzero(~is_unusual)),
    "unusual": ("C3", np.flatnonzero(is_unusual)),
}
fig, axes = plt.subplots(1, 2, figsize=(9, 3.2), sharey=True, layout="constrained")
for ax, (name, (color, rows)) in zip(axes, kinds.items(), strict=True):
    ax.plot(X_test[rows].T, color=color, lw=0.5, alpha=0.5)
    ax.set(xlabel="time step", title=f"{name} curves".capitalize())
axes[0].set_ylabel("position of the hand (scaled)")
plt.show()

# %%
# A normal curve has a shoulder before it rises and another one after it falls, when the
# hand is at the hip. The unusual curves dip after their fall.

# %%
# Learn normal curves
# -------------------
# The vectors of both kinds can be decoded to curves, so the error of the reconstruction
# alone does not tell them apart.

embedder = LSTMSequenceEmbedder(random_state=0)
embedder.fit(X_train)
print(f"explained fraction, normal curves: {embedder.score(X_normal):.2f}")
print(f"explained fraction, unusual curves: {embedder.score(X_unusual):.2f}")

# %%
# Compare three anomaly scores
# ----------------------------
# The first baseline is the distance to the mean of the normal curves. The second is the
# distance to the nearest normal curve, which requires keeping the training set.

neighbors = NearestNeighbors(n_neighbors=1).fit(X_train)
anomaly_scores = {
    "minus score_samples": -embedder.score_samples(X_test),
    "distance to the mean curve": np.mean((X_test - X_train.mean(axis=0)) ** 2, axis=1),
    "distance to the nearest curve": neighbors.kneighbors(X_test)[0][:, 0],
}
for name, values in anomaly_scores.items():
    print(f"ROC AUC, {name}: {roc_auc_score(is_unusual, values):.2f}")

# %%
# Plot the scores
# ---------------
# The scores of all test curves; higher ones are more unusual.

# sphinx_gallery_thumbnail_number = 2
fig, axes = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
shown = list(anomaly_scores)[::2]
for ax, title in zip(axes, shown, strict=True):
    values = anomaly_scores[title]
    bins = np.linspace(values.min(), values.max(), 25)
    for name, (color, rows) in kinds.items():
        ax.hist(values[rows], bins, color=color, alpha=0.6, label=name)
    ax.set(xlabel="score", title=title.capitalize())
axes[0].set_ylabel("number of curves")
axes[0].legend()
plt.show()

# %%
# Nearly all unusual curves lie to the right of the normal ones in the left panel. The
# distances to the nearest curve overlap more, since they also contain what varies among
# normal curves, such as the time of the movement.
#
# What to remember
# ----------------
# - Fit on normal sequences, then sort new ones by ``score_samples``. Low means unusual.
# - The embedder needs neither labels nor equal lengths, and keeps means of the
#   sequences, but none of them. Both baselines need equal lengths.
# - Here the distance to the mean curve is much worse, and the distance to the nearest
#   curve is worse. Try both if your sequences have equal lengths.
# - With its defaults, the embedder also describes a sequence by random features. With
#   at most 128 components it does not, and the score detects less.

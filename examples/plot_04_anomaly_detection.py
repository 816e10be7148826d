"""
Anomaly detection with score_samples
====================================

How do you find unusual sequences if you have only normal ones to learn from?

Train an embedder on normal sequences. It reconstructs similar sequences well and others
less well, and ``score_samples`` measures the difference: a low score means unusual. In
this example, we learn one kind of hand movement and detect another kind. We compare
with two plain baselines that use distances between curves.
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

# %%
# Learn normal curves
# -------------------
# By default, training also uses mixtures of two sequences. This teaches the network
# curves that are not normal, so we restrict the augmentation to shifts in time.

embedder = LSTMSequenceEmbedder(
    n_components=32, augmentation="shift", max_epochs=200, random_state=0
)
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
    "LSTM, minus score_samples": -embedder.score_samples(X_test),
    "distance to the mean curve": np.mean((X_test - X_train.mean(axis=0)) ** 2, axis=1),
    "distance to the nearest curve": neighbors.kneighbors(X_test)[0][:, 0],
}
for name, values in anomaly_scores.items():
    print(f"ROC AUC, {name}: {roc_auc_score(is_unusual, values):.2f}")

# %%
# Plot reconstructions and scores
# -------------------------------
# The upper panels show the first normal and the first unusual curve of the test set.
# The lower panel shows the scores of all test curves.

reconstructed = embedder.reconstruct(X_test)
scores = embedder.score_samples(X_test)
fig, axes = plt.subplot_mosaic(
    [["normal", "unusual"], ["scores", "scores"]],
    figsize=(9, 6),
    height_ratios=[1.2, 1],
    layout="constrained",
)
bins = np.geomspace(-scores.max(), -scores.min(), 25)
for name, color, rows in (
    ("normal", "C0", np.flatnonzero(~is_unusual)),
    ("unusual", "C3", np.flatnonzero(is_unusual)),
):
    k = rows[0]
    steps = np.arange(X.shape[1])
    ax = axes[name]
    ax.plot(steps, X_test[k], "k", lw=1, label="curve")
    ax.plot(steps, reconstructed[k], color=color, label="reconstruction")
    ax.fill_between(steps, X_test[k], reconstructed[k], color=color, alpha=0.25)
    ax.set(xlabel="time step", title=f"{name} curve, score {scores[k]:.3f}")
    ax.set_ylim(-1.5, 2.5)
    ax.legend(fontsize="small")
    axes["scores"].hist(-scores[rows], bins, color=color, alpha=0.6, label=name)
axes["normal"].set_ylabel("position of the hand (scaled)")
axes["scores"].set_xscale("log")
axes["scores"].set(
    xlabel="minus score_samples (higher is more unusual)", ylabel="number of curves"
)
axes["scores"].legend()
plt.show()

# %%
# A normal curve has a shoulder before it rises and another one after it falls, when the
# hand is at the hip. The unusual curve dips after its fall, but its reconstruction has
# a shoulder there, because the network has learned nothing else. In the lower panel,
# most unusual curves lie to the right of the normal ones, with some overlap.
#
# What to remember
# ----------------
# - Fit on normal sequences, then sort new ones by ``score_samples``. Low means unusual.
# - The embedder needs neither labels nor equal lengths. Both baselines need equal
#   lengths.
# - Here the distance to the mean curve is much worse, and the distance to the nearest
#   curve is a little worse. Try both if your sequences have equal lengths.
# - With too few components the network reconstructs nothing well. With too many it may
#   reconstruct unusual sequences too. If you know some unusual sequences, use them to
#   compare a few values of ``n_components``.

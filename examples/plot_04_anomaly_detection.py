"""
Anomaly detection by score_samples
==================================

How are unusual sequences found when there are only normal ones to learn from?

An embedder that was trained on normal sequences recreates those well, and others less
well. ``score_samples`` says how well: low means unusual. We learn one kind of hand
movement, and find those of another kind. Two plain baselines need no training.
"""

# %%
# The data
# --------
# Each of the 200 curves is the position of a hand over 150 time steps. In half of them
# the hand takes a prop from the hip, points and puts it back. In the others it only
# points. The first kind is normal here, and the second kind is what we want to find. No
# curve of the second kind is used in training.

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
print(f"{len(X_train)} normal curves to learn from")
print(f"{len(X_normal)} normal and {len(X_unusual)} unusual curves to tell apart")

# %%
# Learn what is normal
# --------------------
# By default sequences are also mixed in training, which teaches the network curves that
# are not among the normal ones. Here it shall know nothing else, so they are shifted
# alone.

embedder = LSTMSequenceEmbedder(
    n_components=32, augmentation="shift", max_epochs=200, random_state=0
)
embedder.fit(X_train)
print(f"explained share, normal: {embedder.score(X_normal):.2f}")
print(f"explained share, unusual: {embedder.score(X_unusual):.2f}")

# %%
# Three ways to say how unusual a curve is
# ----------------------------------------
# The first baseline is the distance to the mean of the normal curves. The second is the
# distance to the most similar normal curve. It keeps all curves that it has seen.

neighbor = NearestNeighbors(n_neighbors=1).fit(X_train)
unusualness = {
    "LSTM, minus score_samples": -embedder.score_samples(X_test),
    "distance to the mean curve": np.mean((X_test - X_train.mean(axis=0)) ** 2, axis=1),
    "distance to the nearest curve": neighbor.kneighbors(X_test)[0][:, 0],
}
auc = {name: roc_auc_score(is_unusual, v) for name, v in unusualness.items()}
for name, value in auc.items():
    print(f"ROC AUC, {name}: {value:.2f}")

# %%
# What the network sees
# ---------------------
# The first normal and the first unusual curve of the test part. Below them are the
# scores of all curves.

recreated = embedder.reconstruct(X_test)
scores = embedder.score_samples(X_test)
fig, axes = plt.subplot_mosaic(
    [["normal", "unusual"], ["scores", "scores"]],
    figsize=(9, 6),
    height_ratios=[1.2, 1],
    layout="constrained",
)
for name, color, rows in (
    ("normal", "C0", np.flatnonzero(~is_unusual)),
    ("unusual", "C3", np.flatnonzero(is_unusual)),
):
    k = rows[0]
    steps = np.arange(X.shape[1])
    axes[name].plot(steps, X_test[k], "k", lw=1, label="curve")
    axes[name].plot(steps, recreated[k], color=color, label="recreated")
    axes[name].fill_between(steps, X_test[k], recreated[k], color=color, alpha=0.25)
    axes[name].set(xlabel="time step", title=f"{name}, score {scores[k]:.3f}")
    axes[name].set_ylim(-1.5, 2.5)
    axes[name].legend(fontsize="small")
    bins = np.geomspace(-scores.max(), -scores.min(), 25)
    axes["scores"].hist(-scores[rows], bins, color=color, alpha=0.6, label=name)
axes["normal"].set_ylabel("position of the hand (scaled)")
axes["scores"].set_xscale("log")
axes["scores"].set(xlabel="minus score_samples (unusual on the right)", ylabel="curves")
axes["scores"].legend()
plt.show()

# %%
# Normal curves have a shoulder beside the rise and the fall, where the hand is at the
# hip. After the fall of the unusual curve the network draws such a shoulder, because it
# knows nothing else, while the curve itself dips. Below, most unusual curves lie to the
# right of the normal ones, and some overlap remains.
#
# What to remember
# ----------------
# - Fit on normal sequences, then sort by ``score_samples``: low means unusual.
# - It asks for no labels and no equal lengths. Both baselines ask for equal lengths.
# - The distance to the mean curve does much worse here, the distance to the nearest
#   curve a little worse. Try them too where they can be used.
# - A vector that is too short recreates nothing well, and one that is too long may
#   recreate unusual sequences too. Where some of them are known, try a few lengths.

"""
What does an embedding retain, and what does it lose?
=====================================================

A vector cannot retain every detail of a sequence. Which differences does it represent,
and which ones does it lose first?

We answer each question with generated data and one figure.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.decomposition import PCA

from sklearn_seqembed import LSTMSequenceEmbedder

rng = np.random.default_rng(0)

# %%
# Shapes and their positions
# --------------------------
# A vector combines two kinds of numbers. The final states represent where in the
# sequence something occurs. Random features, which summarize the sequence over time,
# represent what occurs anywhere in it. We generate curves that contain a hump or a
# sawtooth at any position, and look at which curves are close to each other. A vector
# of 128 components consists of final states; with `random_features=319`, all but one of
# 320 components are for random features. The baseline is the principal components of
# the curves themselves, which have equal lengths. ``max_epochs=0`` leaves out the
# training of LSTM cells, to save time.


def curve(shape, position):
    """Add a shape of 20 time steps to a curve of 120 time steps of noise."""
    x = 0.1 * rng.normal(size=120)
    steps = np.linspace(0, 1, 20)
    hump, sawtooth = np.sin(np.pi * steps), 2 * (steps * 4 % 1) - 1
    x[position : position + 20] += 2 * (hump if shape == "hump" else sawtooth)
    return x


shapes = np.repeat(["hump", "sawtooth"], 60)
positions = np.tile(np.arange(60) * 100 // 60, 2)
X = np.array([curve(*pair) for pair in zip(shapes, positions, strict=True)])
embedders = {
    "PCA of the curves": PCA(100),
    "Final states": LSTMSequenceEmbedder(128, max_epochs=0, random_state=0),
    "Random features": LSTMSequenceEmbedder(
        random_features=319, max_epochs=0, random_state=0
    ),
}
parts = {name: embedder.fit_transform(X) for name, embedder in embedders.items()}

fig, axes = plt.subplots(1, 3, figsize=(10, 3.4), layout="constrained")
for k, i in enumerate((10, 40, 70)):
    axes[0].plot(X[i] + 4 * k, color="C0" if shapes[i] == "hump" else "C1")
axes[0].set(title="Three of the curves", xlabel="time step", yticks=[])
for ax, part in zip(axes[1:], ("Final states", "Random features"), strict=True):
    xy = PCA(2).fit_transform(parts[part])
    for shape, marker in (("hump", "o"), ("sawtooth", "^")):
        dots = ax.scatter(
            *xy[shapes == shape].T,
            c=positions[shapes == shape],
            marker=marker,
            label=shape,
        )
    ax.set(title=part, xlabel="first PC", ylabel="second PC", xticks=[], yticks=[])
axes[2].legend(loc="center")  # no points are there
fig.colorbar(dots, ax=axes[2], label="position of the shape")
plt.show()

for part, components in parts.items():
    means = np.array([components[shapes == shape].mean(axis=0) for shape in shapes])
    fraction = means.var(axis=0).sum() / components.var(axis=0).sum()
    print(f"{part + ':':18} the shape explains {fraction:3.0%} of the variance")

# %%
# Among the random features, the shape matters most. The position is visible within
# each group, but has little effect. Among the final states, the position matters most:
# moving a hump changes the vector more than replacing it with a sawtooth. In this, they
# resemble the principal components of the curves.

# %%
# Small details
# -------------
# The network minimizes squared errors, so large movements come first. We generate slow
# waves with a random phase, and add a small fast wave with a random frequency to each.
# Then we reconstruct unseen waves from 4 and from 32 components, and compare with as
# many principal components of the waves.

t = np.linspace(0, 1, 100)


def wave(phase, frequency):
    """Return the sum of a slow wave, a small fast wave and noise."""
    slow, fast = np.sin(2 * np.pi * (t + phase)), np.sin(2 * np.pi * frequency * t)
    return slow + 0.4 * fast + 0.1 * rng.normal(size=len(t))


waves = np.array(
    [wave(*pair) for pair in zip(rng.random(100), rng.uniform(4, 8, 100), strict=True)]
)
waves_train, waves_test = waves[:80], waves[80:]


def explained_by_pca(n_components):
    """Return the explained fraction of the unseen waves."""
    pca = PCA(n_components).fit(waves_train)
    decoded = pca.inverse_transform(pca.transform(waves_test))
    return 1 - np.mean((decoded - waves_test) ** 2) / np.var(waves_test)


fig, axes = plt.subplots(1, 2, figsize=(8, 3.2), sharey=True, layout="constrained")
for ax, n_components in zip(axes, (4, 32), strict=True):
    embedder = LSTMSequenceEmbedder(n_components, max_epochs=20, random_state=0)
    embedder.fit(waves_train)
    explained = embedder.score(waves_test)
    ax.plot(waves_test[0], color="0.7", label="unseen wave")
    ax.plot(embedder.reconstruct(waves_test)[0], label="reconstruction")
    ax.set(
        title=f"{n_components} components, explained fraction {explained:.2f}",
        xlabel="time step",
    )
    print(
        f"explained fraction with {n_components:2} components: {explained:.2f}, "
        f"PCA {explained_by_pca(n_components):.2f}"
    )
axes[0].set_ylabel("value")
fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=2)
plt.show()

# %%
# With 4 components, the reconstruction follows the slow wave, and the fast wave is
# missing. With 32 components, it follows the fast wave as well. PCA explains as much,
# but needs equal lengths.
#
# What to remember
# ----------------
# - The final states represent where something occurs, and the random features
#   represent what occurs. By default, the vector has both.
# - Large movements take few components. Small details take more.
# - If details matter to you, look at ``score`` and at some reconstructions before you
#   rely on the vector.

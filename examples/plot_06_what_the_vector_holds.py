"""
What does the vector hold, and what does it lose?
=================================================

A vector cannot hold everything. What does it tell apart, and what goes first?

Two questions, each with data made for it and one picture.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.decomposition import PCA

from sklearn_seqembed import LSTMSequenceEmbedder

rng = np.random.default_rng(0)

# %%
# What it holds: where, and what anywhere
# ---------------------------------------
# The vector joins two kinds of states. Last states know what comes where in the
# sequence. States that are pooled over time know what comes anywhere in it. We take
# curves with one of two shapes, a hump or a sawtooth, at any place, and look at which
# curves lie near each other by either kind.


def curve(shape, place):
    """Draw one shape of 20 steps into a quiet curve of 120."""
    x = 0.1 * rng.normal(size=120)
    steps = np.linspace(0, 1, 20)
    hump, sawtooth = np.sin(np.pi * steps), 2 * (steps * 4 % 1) - 1
    x[place : place + 20] += 2 * (hump if shape == "hump" else sawtooth)
    return x


shapes = np.repeat(["hump", "sawtooth"], 60)
places = np.tile(np.arange(60) * 100 // 60, 2)
X = np.array([curve(*pair) for pair in zip(shapes, places, strict=True)])
embedder = LSTMSequenceEmbedder(max_epochs=40, random_state=0).fit(X)
vectors = embedder.transform(X)
kinds = {"last states": vectors[:, :128], "pooled states": vectors[:, 128:]}

fig, axes = plt.subplots(1, 3, figsize=(10, 3.2), layout="constrained")
for k, i in enumerate((10, 40, 70)):
    axes[0].plot(X[i] + 4 * k, color="C0" if shapes[i] == "hump" else "C1")
axes[0].set(title="Three of the curves", xlabel="time step", yticks=[])
for ax, (kind, numbers) in zip(axes[1:], kinds.items(), strict=True):
    xy = PCA(2).fit_transform(numbers)
    for shape, marker in (("hump", "o"), ("sawtooth", "^")):
        dots = ax.scatter(
            *xy[shapes == shape].T,
            c=places[shapes == shape],
            marker=marker,
            label=shape,
        )
    ax.set(title=f"By the {kind}", xticks=[], yticks=[])
axes[1].legend(fontsize="small")
fig.colorbar(dots, ax=axes[2], label="place of the shape")
plt.show()

for kind, numbers in kinds.items():
    centres = np.array([numbers[shapes == shape].mean(axis=0) for shape in shapes])
    share = centres.var(axis=0).sum() / numbers.var(axis=0).sum()
    print(f"{kind}: {share:.0%} of what varies is which shape it is")

# %%
# Both kinds keep the shapes apart. In pooled states which shape it is counts for most;
# where it is still shows within each group, but moves a curve little. In last states
# the place of a hump moves it as far as another shape would.

# %%
# What it loses: detail that is small beside the rest
# ---------------------------------------------------
# Training minimises squared errors, so large movements come first. Here a slow wave
# starts anywhere, and a small quick one of any speed lies on it. Four numbers give back
# a rough slow wave. With 32 it is there; the quick one is not, it would need a longer
# training, and the noise never will be.

t = np.linspace(0, 1, 100)


def wave(phase, speed):
    """Draw a slow wave with a small quick one on it, and noise."""
    slow, quick = np.sin(2 * np.pi * (t + phase)), np.sin(2 * np.pi * speed * t)
    return slow + 0.4 * quick + 0.1 * rng.normal(size=len(t))


waves = np.array(
    [wave(*pair) for pair in zip(rng.random(100), rng.uniform(4, 8, 100), strict=True)]
)
fig, axes = plt.subplots(1, 2, figsize=(8, 2.8), sharey=True, layout="constrained")
for ax, n_components in zip(axes, (4, 32), strict=True):
    embedder = LSTMSequenceEmbedder(n_components, max_epochs=80, random_state=0)
    embedder.fit(waves[:80])
    ax.plot(waves[80], color="0.7", label="unseen wave")
    ax.plot(embedder.reconstruct(waves[80:])[0], label="played back")
    explained = embedder.score(waves[80:])
    ax.set(
        title=f"{n_components} numbers: {explained:.0%} explained", xlabel="time step"
    )
    print(f"{n_components} numbers: explained share {explained:.2f}")
axes[0].legend(fontsize="small", loc="lower left")
plt.show()

# %%
# What to remember
# ----------------
# - Last states tell what comes where, pooled states what comes anywhere. The vector has
#   both.
# - Large movements come first, small detail last, noise never.
# - Look at ``score`` and at what is played back, before you trust a vector with detail.

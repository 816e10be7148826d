"""
Time series of unequal lengths, with missing values
===================================================

What should you do if sequences differ in length and have missing values?

Pass them as they are: a list of arrays with NaN for missing values. The network ignores
missing values in the training loss. ``reconstruct`` returns a value for every time step
and so fills the gaps. How well it does depends on the number of components. In this
example, we hide some known values, then compare the values filled in by embedders with
few and many components, and by linear interpolation, with the truth.
"""

# %%
# Sequences with gaps
# -------------------
# We generate sequences with three features and 20 to 60 time steps. From each feature
# of each sequence, we remove 2 to 14 consecutive values, and keep them for comparison.

import matplotlib.pyplot as plt
import numpy as np

from sklearn_seqembed import LSTMSequenceEmbedder
from sklearn_seqembed.datasets import make_sequences

rng = np.random.default_rng(0)
truth, _ = make_sequences(400, n_features=3, lengths=(20, 60), random_state=0)


def cut_gaps(x):
    """Return a copy with one gap per feature, and the gap length at each value."""
    x, sizes = x.copy(), np.zeros(x.shape, dtype=int)
    for feature in range(x.shape[1]):
        size = rng.integers(2, 15)
        start = rng.integers(1, len(x) - size)
        x[start : start + size, feature] = np.nan
        sizes[start : start + size, feature] = size
    return x, sizes


X, gap_sizes = zip(*[cut_gaps(x) for x in truth], strict=True)
n_train = 300
X_train, X_test = list(X[:n_train]), list(X[n_train:])
missing = np.isnan(np.concatenate(X)).mean()
print(f"{missing:.0%} of all values are missing")

# %%
# Fit and fill
# ------------
# The network never sees the hidden values, neither in ``fit`` nor in ``reconstruct``.
# We try three numbers of components, of which 320 is the default. With so many, trained
# LSTM cells change little, so we save their training with ``max_epochs=0``.

embedders = {
    "4 components": LSTMSequenceEmbedder(4, max_epochs=30, random_state=0),
    "32 components": LSTMSequenceEmbedder(32, max_epochs=10, random_state=0),
    "320 components": LSTMSequenceEmbedder(320, max_epochs=0, random_state=0),
}
filled = {
    name: embedder.fit(X_train).reconstruct(X_test)
    for name, embedder in embedders.items()
}
for name, embedder in embedders.items():
    print(f"{name}, explained fraction: {embedder.score(X_test):.3f}")

# %%
# The baseline: linear interpolation
# ----------------------------------


def interpolate(x):
    """Fill the gaps of each feature by linear interpolation."""
    x, steps = x.copy(), np.arange(len(x))
    for column in x.T:
        gap = np.isnan(column)
        column[gap] = np.interp(steps[gap], steps[~gap], column[~gap])
    return x


filled["linear interpolation"] = [interpolate(x) for x in X_test]

# %%
# Compare with the truth
# ----------------------
# We divide the errors by the standard deviation of each feature. An error of 1 is the
# error of filling the gaps with the mean. The rows with components are embedders.

sizes = np.concatenate(gap_sizes[n_train:])
true = np.concatenate(truth[n_train:])
scale = true.std(axis=0)


def gap_error(guess, within):
    """Return the root mean squared error over the selected hidden values."""
    error = (np.concatenate(guess) - true) / scale
    return np.sqrt(np.mean(error[within] ** 2))


ranges = [(2, 4), (5, 7), (8, 10), (11, 14)]
errors = {
    name: [gap_error(guess, (sizes >= low) & (sizes <= high)) for low, high in ranges]
    for name, guess in filled.items()
}
print(f"{'time steps of a gap':20}", *(f"{f'{a} to {b}':>8}" for a, b in ranges))
for name, values in errors.items():
    print(f"{name:20}", *(f"{value:8.2f}" for value in values))

# %%
# One gap and all gaps
# --------------------
# The left panel shows the gap of the first feature in which linear interpolation has
# its largest error. The right panel shows the error for each length of the gaps.

interpolation_errors = [
    np.sum((a - b)[:, 0] ** 2)
    for a, b in zip(filled["linear interpolation"], truth[n_train:], strict=True)
]
k = int(np.argmax(interpolation_errors))
observed, known = X_test[k][:, 0], truth[n_train + k][:, 0]
steps = np.arange(len(observed))
gap = steps[np.isnan(observed)]
around_gap = np.arange(gap[0] - 1, gap[-1] + 2)
colors = dict(zip(filled, ("C0", "C2", "C3", "C1"), strict=True))

fig, (left, right) = plt.subplots(1, 2, figsize=(9.5, 4.2), layout="constrained")
left.axvspan(gap[0] - 0.5, gap[-1] + 0.5, color="0.93", label="gap")
left.plot(steps, observed, "k.", label="observed")
left.plot(gap, known[gap], "o", mfc="none", color="0.4", ms=4, label="hidden")
for name in ("4 components", "linear interpolation"):
    values = filled[name][k][around_gap, 0]
    left.plot(around_gap, values, color=colors[name], label=name)
left.set(xlabel="time step", ylabel="first feature", title="One gap")
left.set_xticks(steps[::5])
left.legend(fontsize="small")
for name, values in errors.items():
    # Two lines coincide. The narrow dashed one is drawn on top of the wide one.
    width, zorder = (4, 1) if name == "linear interpolation" else (1.5, 2)
    right.plot(
        [f"{a} to {b}" for a, b in ranges],
        values,
        "--" if name == "320 components" else "-",
        color=colors[name],
        linewidth=width,
        zorder=zorder,
        label=name,
    )
right.set(
    xlabel="length of the gap (time steps)",
    ylabel="RMSE (standard deviations)",
    title="All gaps",
)
right.set_ylim(0)
right.legend()
plt.show()

# %%
# On the left, the line misses a rise and a fall that four components roughly recover.
# On the right, the error of linear interpolation grows with the length of the gap,
# while that of four components hardly does. With 320 components, the error is that of
# linear interpolation: the closed form from which training starts reads interpolated
# values in place of the missing ones, and so many components store them as they are.
# Few components cannot store everything, and represent instead what sequences have in
# common, such as how the features depend on each other.
#
# The explained fraction is the highest for 320 components, because it compares observed
# values only. It says nothing about gaps.

# %%
# Decode lengths from the vectors
# -------------------------------
# ``reconstruct`` receives the sequences and keeps their lengths. ``inverse_transform``
# receives only the vectors, so the network has to predict the lengths as well. We
# compare the predicted lengths with a constant guess, the mean length.

embedder = embedders["4 components"]
decoded = embedder.inverse_transform(embedder.transform(X_test))
lengths = np.array([len(x) for x in X_test])
mean_length = np.mean([len(x) for x in X_train])
length_errors = np.abs(np.array([len(x) for x in decoded]) - lengths)
print(f"mean error of the predicted lengths: {length_errors.mean():.1f} time steps")
print(f"mean error of the mean length: {np.abs(mean_length - lengths).mean():.1f}")

# %%
# For numeric features, one component is the length if there are at least four, so the
# decoded lengths are exact.
#
# What to remember
# ----------------
# - Pass sequences of different lengths as a list of arrays, with NaN for missing
#   values.
# - To fill gaps, choose few components. With the default, 320, gaps are filled as by
#   linear interpolation.
# - ``score`` does not judge gaps. Hide known values and measure the error, as here, for
#   several numbers of components.
# - ``reconstruct`` returns smoothed values for the observed time steps as well. To
#   change the missing values only, call ``np.where(np.isnan(x), reconstructed, x)`` on
#   each sequence.

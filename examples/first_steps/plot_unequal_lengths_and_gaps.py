"""
Time series of unequal lengths, with missing values
===================================================

What should you do if sequences differ in length and have missing values?

Pass them as they are: a list of arrays with NaN for missing values. The network ignores
missing values, both as inputs and in the training loss. ``reconstruct`` returns a value
for every time step and so fills the gaps. In this example, we hide some known values,
then compare the values filled in by the network and by linear interpolation with the
truth.
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

embedder = LSTMSequenceEmbedder(n_components=32, max_epochs=80, random_state=0)
embedder.fit(X_train)
filled = embedder.reconstruct(X_test)
print("all vectors are finite:", np.isfinite(embedder.transform(X_test)).all())
print("lengths are kept:", [len(x) for x in filled] == [len(x) for x in X_test])

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


interpolated = [interpolate(x) for x in X_test]

# %%
# Compare with the truth
# ----------------------
# We divide the errors by the standard deviation of each feature. An error of 1 is the
# error of filling the gaps with the mean.

sizes = np.concatenate(gap_sizes[n_train:])
true = np.concatenate(truth[n_train:])
scale = true.std(axis=0)


def gap_error(guess, within):
    """Return the root mean squared error over the selected hidden values."""
    error = (np.concatenate(guess) - true) / scale
    return np.sqrt(np.mean(error[within] ** 2))


ranges = [(2, 4), (5, 7), (8, 10), (11, 14)]
errors = {"linear interpolation": [], "LSTM": []}
for low, high in ranges:
    within = (sizes >= low) & (sizes <= high)
    errors["linear interpolation"].append(gap_error(interpolated, within))
    errors["LSTM"].append(gap_error(filled, within))
    print(f"gaps of {low:2} to {high:2} time steps:", end=" ")
    print(", ".join(f"{name} {values[-1]:.2f}" for name, values in errors.items()))

# %%
# One gap and all gaps
# --------------------
# The left panel shows the gap of the first feature in which linear interpolation has
# its largest error. The right panel shows the error for each length of the gaps.

interpolation_errors = [
    np.sum((a - b)[:, 0] ** 2)
    for a, b in zip(interpolated, truth[n_train:], strict=True)
]
k = int(np.argmax(interpolation_errors))
observed, guess, line, known = (
    part[k][:, 0] for part in (X_test, filled, interpolated, truth[n_train:])
)
steps = np.arange(len(observed))
gap = steps[np.isnan(observed)]
around_gap = np.arange(gap[0] - 1, gap[-1] + 2)

fig, (left, right) = plt.subplots(1, 2, figsize=(9.5, 4.2), layout="constrained")
left.axvspan(gap[0] - 0.5, gap[-1] + 0.5, color="0.93", label="gap")
left.plot(steps, observed, "k.", label="observed")
left.plot(gap, known[gap], "o", mfc="none", color="0.4", ms=4, label="hidden")
left.plot(around_gap, line[around_gap], "C1--", label="linear interpolation")
left.plot(steps, guess, "C0", label="LSTM")
left.set(xlabel="time step", ylabel="first feature", title="One gap")
left.set_xticks(steps[::5])
left.set_ylim(-2.1, 3.4)
left.legend(ncols=2, fontsize="small", loc="upper center")
for (name, values), style in zip(errors.items(), ("C1s--", "C0o-"), strict=True):
    right.plot([f"{a} to {b}" for a, b in ranges], values, style, label=name)
right.set(
    xlabel="length of the gap (time steps)",
    ylabel="RMSE (standard deviations)",
    title="All gaps",
)
right.set_ylim(0)
right.legend()
plt.show()

# %%
# On the left, the line misses a rise and a fall that the network roughly recovers. On
# the right, linear interpolation is better for the shortest gaps. Its error grows with
# the length of the gap, while that of the network does not.

# %%
# Decode lengths from the vectors
# -------------------------------
# ``reconstruct`` receives the sequences and keeps their lengths. ``inverse_transform``
# receives only the vectors, so the network has to predict the lengths as well. We
# compare the predicted lengths with a constant guess, the mean length.

decoded = embedder.inverse_transform(embedder.transform(X_test))
lengths = np.array([len(x) for x in X_test])
mean_length = np.mean([len(x) for x in X_train])
length_errors = np.abs(np.array([len(x) for x in decoded]) - lengths)
print(f"mean error of the predicted lengths: {length_errors.mean():.1f} time steps")
print(f"mean error of the mean length: {np.abs(mean_length - lengths).mean():.1f}")

# %%
# What to remember
# ----------------
# - Pass sequences of different lengths as a list of arrays, with NaN for missing
#   values.
# - Use linear interpolation for short gaps. For long gaps the network is better,
#   because it has learned from other sequences and can use the other features.
# - ``reconstruct`` returns smoothed values for the observed time steps as well. To
#   change the missing values only, call ``np.where(np.isnan(x), reconstructed, x)`` on
#   each sequence.
# - ``inverse_transform`` predicts lengths. They are close to the true ones, but not
#   always equal.

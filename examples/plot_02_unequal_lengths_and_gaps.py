"""
Unequal lengths and gaps
========================

What if sequences have different lengths, and values are missing inside them?

Pass them as they are: a list of arrays, with NaN where a value is missing. Missing
values are neither read nor counted in training. ``reconstruct`` gives a value for every
time step, so it fills the gaps. We hide values that we know, and compare what is filled
in with the truth and with straight lines across the gaps.
"""

# %%
# Sequences with holes
# --------------------
# The sequences are generated, so that the truth is known. They have three features and
# 20 to 60 time steps. Into every feature of every sequence we cut one gap of 2 to 14
# time steps.

import matplotlib.pyplot as plt
import numpy as np

from sklearn_seqembed import LSTMSequenceEmbedder
from sklearn_seqembed.datasets import make_sequences

rng = np.random.default_rng(0)
truth, _ = make_sequences(400, n_features=3, lengths=(20, 60), random_state=0)


def cut_gaps(x):
    """Return a copy with one gap a feature, and the length of each gap."""
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
# The network never sees the true values behind the gaps, neither in training nor later.

embedder = LSTMSequenceEmbedder(n_components=32, max_epochs=80, random_state=0)
embedder.fit(X_train)
filled = embedder.reconstruct(X_test)
print("finite vectors:", np.isfinite(embedder.transform(X_test)).all())
print("same lengths:", [len(x) for x in filled] == [len(x) for x in X_test])

# %%
# The baseline: straight lines
# ----------------------------


def interpolate(x):
    """Fill the gaps of each feature by a straight line."""
    x, steps = x.copy(), np.arange(len(x))
    for column in x.T:
        gap = np.isnan(column)
        column[gap] = np.interp(steps[gap], steps[~gap], column[~gap])
    return x


lines = [interpolate(x) for x in X_test]

# %%
# Against the truth
# -----------------
# Errors are divided by the standard deviation of each feature, so 1 is as bad as to
# fill in the mean.

sizes = np.concatenate(gap_sizes[n_train:])
true = np.concatenate(truth[n_train:])
scale = true.std(axis=0)


def gap_error(guess, within):
    """Root mean squared error over the hidden values of some gaps."""
    error = (np.concatenate(guess) - true) / scale
    return np.sqrt(np.mean(error[within] ** 2))


ranges = [(2, 4), (5, 7), (8, 10), (11, 14)]
errors = []
for low, high in ranges:
    within = (sizes >= low) & (sizes <= high)
    errors.append([gap_error(lines, within), gap_error(filled, within)])
    print(
        f"gaps of {low:2} to {high:2} steps: lines {errors[-1][0]:.2f}, "
        f"LSTM {errors[-1][1]:.2f}"
    )

# %%
# One sequence, and all gaps
# --------------------------
# On the left is the gap of the first feature in which the straight line goes wrong
# most.

line_errors = [
    np.sum((a - b)[:, 0] ** 2) for a, b in zip(lines, truth[n_train:], strict=True)
]
k = int(np.argmax(line_errors))
seen, guess, line, known = (
    part[k][:, 0] for part in (X_test, filled, lines, truth[n_train:])
)
steps = np.arange(len(seen))
gap = steps[np.isnan(seen)]
beside = np.arange(gap[0] - 1, gap[-1] + 2)

fig, (left, right) = plt.subplots(1, 2, figsize=(9.5, 4.2), layout="constrained")
left.axvspan(gap[0] - 0.5, gap[-1] + 0.5, color="0.93", label="gap")
left.plot(steps, seen, "k.", label="seen")
left.plot(gap, known[gap], "o", mfc="none", color="0.4", ms=4, label="hidden truth")
left.plot(beside, line[beside], "C1--", label="straight line")
left.plot(steps, guess, "C0", label="LSTM")
left.set(xlabel="time step", ylabel="first feature", title="One gap")
left.set_ylim(-2.1, 3.4)
left.legend(ncols=2, fontsize="small", loc="upper center")
for name, style, column in (("straight lines", "C1s--", 0), ("LSTM", "C0o-", 1)):
    values = [row[column] for row in errors]
    right.plot([f"{a} to {b}" for a, b in ranges], values, style, label=name)
right.set(
    xlabel="length of the gap (time steps)",
    ylabel="error (standard deviations)",
    title="All gaps",
)
right.set_ylim(0)
right.legend()
plt.show()

# %%
# On the left the line runs straight past a rise and a fall that the network fills in,
# roughly. On the right lines are better for the shortest gaps. They get worse as gaps
# grow, and the network does not.

# %%
# Lengths come back too
# ---------------------
# ``reconstruct`` keeps the lengths of what it gets. ``inverse_transform`` gets nothing
# but vectors. How long each sequence is, the network has to read from the vector.

decoded = embedder.inverse_transform(embedder.transform(X_test))
difference = [abs(len(a) - len(b)) for a, b in zip(decoded, X_test, strict=True)]
mean_length = np.mean([len(x) for x in X_train])
guess = [abs(mean_length - len(x)) for x in X_test]
print(f"lengths are off by {np.mean(difference):.1f} steps on average")
print(f"always guessing the mean length: {np.mean(guess):.1f} steps")

# %%
# What to remember
# ----------------
# - Pass sequences of different lengths as a list of arrays, with NaN where a value is
#   missing.
# - Across short gaps straight lines are better. Across long ones the network is, and
#   its error hardly grows: it knows from other sequences and other features how such a
#   sequence goes on.
# - ``reconstruct`` gives smoothed values for what was seen, too. To fill the gaps
#   alone, write ``np.where(np.isnan(x), reconstructed, x)`` for each sequence.
# - ``inverse_transform`` finds lengths by itself. They are close, but not exact.

"""
Time series regression: predict a number from sensor data
=========================================================

How do you predict a number from sensor readings of different lengths?

:class:`~sklearn_seqembed.LSTMSequenceRegressor` does so directly. An embedder with a
ridge regression is an alternative. We predict how fast a person exercises from a few
seconds of a smartwatch's data, and compare with plain features and with a method that
was made for this very task.
"""

# %%
# The data
# --------
# The package seglearn contains 140 recordings of ten people. In each recording, an
# exercise is repeated 20 times (Burns et al., 2018), so a twentieth of its duration is
# the average time of one repetition. This is the target. The models get only one clip
# of 5 to 12 seconds of each recording, with ten time steps per second. The length of a
# clip is random, so it does not reveal the target.

import matplotlib.pyplot as plt
import numpy as np
from seglearn.datasets import load_watch
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import RidgeCV
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_seqembed import LSTMSequenceEmbedder, LSTMSequenceRegressor

watch = load_watch()
rng = np.random.default_rng(0)
X = []
for recording in watch["X"]:
    slower = recording[::5]  # 50 to 10 time steps per second
    length = rng.integers(50, 121)
    start = rng.integers(len(slower) - length + 1)
    X.append(slower[start : start + length])
y = np.array([len(recording) / 50 / 20 for recording in watch["X"]])
lengths = [len(x) for x in X]
print(f"{len(X)} clips of {min(lengths)} to {max(lengths)} time steps, 6 features")
print(f"{y.min():.1f} to {y.max():.1f} seconds per repetition")

# %%
# The rotation of a fast, a medium and a slow exercise:

fig, ax = plt.subplots(figsize=(7, 3.8), layout="constrained")
for row, i in enumerate(np.argsort(y)[[5, 70, 134]]):
    rotation = X[i][:, 5]
    curve = (rotation - rotation.mean()) / np.ptp(rotation) - 1.2 * row
    ax.plot(np.arange(len(curve)) / 10, curve)
    ax.text(-0.4, curve[0], f"{y[i]:.1f} s", ha="right", va="center", fontsize="large")
ax.set(
    xlabel="seconds",
    xlim=(-1.8, 12.5),
    yticks=[],
    title="How long does one repetition take?",
)
plt.show()

# %%
# Compare models on unseen people
# -------------------------------
# The plain features are mean, standard deviation and last value of each feature. The
# method made for this task finds the delay at which a clip is most similar to itself,
# that is, the maximum of its autocorrelation between 0.7 and 3.2 seconds. The error is
# the mean absolute error.


def summarize(X):
    """Describe sequences by mean, standard deviation and last value."""
    return np.array([np.r_[x.mean(axis=0), x.std(axis=0), x[-1]] for x in X])


def find_periods(X):
    """Find the delay, in seconds, with the largest autocorrelation."""
    delays = np.arange(7, 33)
    periods = []
    for x in X:
        z = StandardScaler().fit_transform(x)
        periods.append(delays[np.argmax([(z[d:] * z[:-d]).sum() for d in delays])] / 10)
    return np.array(periods)[:, np.newaxis]


def count_steps(X):
    """Return the number of time steps of each sequence."""
    return np.array([[len(x)] for x in X])


ridge = RidgeCV(np.logspace(-3, 3, 7))
models = {
    "mean of training set": make_pipeline(
        FunctionTransformer(count_steps), DummyRegressor()
    ),
    "length of clip, ridge": make_pipeline(FunctionTransformer(count_steps), ridge),
    "mean, std, last, ridge": make_pipeline(
        FunctionTransformer(summarize), StandardScaler(), ridge
    ),
    "embedder, ridge": make_pipeline(
        LSTMSequenceEmbedder(max_epochs=0, random_state=0), StandardScaler(), ridge
    ),
    "LSTMSequenceRegressor": LSTMSequenceRegressor(random_state=0),
    "autocorrelation, ridge": make_pipeline(FunctionTransformer(find_periods), ridge),
}
predictions = {}
print(f"{'':22} {'error, s':>9} {'R²':>6}")
for name, model in models.items():
    predicted = cross_val_predict(
        model, X, y, groups=watch["subject"], cv=GroupKFold(3)
    )
    predictions[name] = predicted
    error, r2 = mean_absolute_error(y, predicted), r2_score(y, predicted)
    print(f"{name:22} {error:9.3f} {r2:6.2f}")

# %%
# Plot predictions
# ----------------

fig, axes = plt.subplots(
    1, 3, figsize=(9.5, 3.6), sharex=True, sharey=True, layout="constrained"
)
shown = [
    "mean, std, last, ridge",
    "LSTMSequenceRegressor",
    "autocorrelation, ridge",
]
for ax, name in zip(axes, shown, strict=True):
    ax.plot([0.9, 2.7], [0.9, 2.7], color="0.7", lw=1)
    ax.plot(y, predictions[name], "o", ms=4, alpha=0.6)
    ax.set(title=name, xlabel="true seconds per repetition", xlim=(0.8, 2.8))
axes[0].set(ylabel="predicted seconds", ylim=(0.8, 2.8))
plt.show()

# %%
# Means and standard deviations say hardly anything about the pace. The regressor was
# not told that a period matters, and found most of it. Embedder and ridge regression
# are about as good, because the regressor uses the same vectors and the same kind of
# regression as long as it has fewer than 2,000 sequences. The autocorrelation, which
# computes a period by design, is still better, although not for every clip.
#
# What to remember
# ----------------
# - X is a list of arrays of any lengths, y an array of numbers.
# - Use :class:`~sklearn_seqembed.LSTMSequenceRegressor` if you do not know which
#   features matter. If you do, compute them, and compare.
# - Check what the length alone predicts. It can give the target away.

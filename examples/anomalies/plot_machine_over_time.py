"""
Anomaly detection in the time series of a machine
=================================================

When did a machine behave unusually, if every single measurement is in its usual range?

In this example, we cut the measurements of a machine into windows that overlap, train
an embedder on windows from a time without faults, and average the scores of the windows
that cover a time step. We compare the result with the distance to the nearest normal
window, and with the deviation of single values.
"""

# %%
# A simulated machine
# -------------------
# The machine works in cycles of 45 to 55 time steps. Its load rises, ripples, and
# falls, and its temperature follows the load. Three faults occur late in the series: a
# worn tool makes the ripple faster, a sticking valve delays the rise of the load, and a
# blocked fan slows down the cooling. No fault leaves the usual range of values.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors

from sklearn_seqembed import LSTMSequenceEmbedder
from sklearn_seqembed.datasets import average_windows, make_windows

rng = np.random.default_rng(0)
FAULTS = {"worn tool": (50, 54), "sticking valve": (62, 66), "blocked fan": (74, 78)}
N_CYCLES = 84


def find_fault(cycle):
    for name, (first, end) in FAULTS.items():
        if first <= cycle < end:
            return name
    return None


loads, faults = [], []
for cycle in range(N_CYCLES):
    fault = find_fault(cycle)
    n_steps = rng.integers(45, 56)
    times = np.arange(n_steps) / n_steps
    rise = 2.5 if fault == "sticking valve" else 8.0
    load = np.clip(np.minimum(rise * times, 8 * (1 - times)), 0, 1)
    n_ripples = 12 if fault == "worn tool" else 6
    load += 0.1 * load * np.sin(2 * np.pi * n_ripples * times)
    loads.append(load)
    faults += [fault] * n_steps

load = np.concatenate(loads)
temperature = [0.5]
for value, fault in zip(load[1:], faults[1:], strict=True):
    heats = value > temperature[-1]
    rate = 0.04 if fault == "blocked fan" and not heats else 0.1
    temperature.append(temperature[-1] + rate * (value - temperature[-1]))
series = np.column_stack([load, temperature]) + 0.03 * rng.normal(size=(len(load), 2))
is_fault = np.array([fault is not None for fault in faults])
print(f"{len(series)} time steps, {is_fault.sum()} of them with a fault")

# %%
# Score windows, then time steps
# ------------------------------
# A window covers about one cycle and may begin at any of its steps. The first half of
# the series has no faults, and is used for training.

LOOKBACK, STRIDE = 50, 10
windows, _ = make_windows(series, LOOKBACK, horizon=0, stride=STRIDE)
n_train = len(series) // 2
X_train = windows[: (n_train - LOOKBACK) // STRIDE]
embedder = LSTMSequenceEmbedder(random_state=0).fit(X_train)


def score_steps(values):
    return average_windows(values, LOOKBACK, stride=STRIDE, n_timesteps=len(series))


flat = windows.reshape(len(windows), -1)
nearest = NearestNeighbors(n_neighbors=1).fit(flat[: len(X_train)])
scale = series[:n_train].std(axis=0)
deviations = np.abs(series - series[:n_train].mean(axis=0)) / scale
anomaly_scores = {
    "minus score_samples": score_steps(-embedder.score_samples(windows)),
    "distance to the nearest window": score_steps(nearest.kneighbors(flat)[0][:, 0]),
    "largest deviation of a value": deviations.max(axis=1),
}
is_tested = np.arange(len(series)) >= n_train
is_tested &= ~np.isnan(anomaly_scores["minus score_samples"])
for name, values in anomaly_scores.items():
    area = roc_auc_score(is_fault[is_tested], values[is_tested])
    print(f"ROC AUC of time steps, {name}: {area:.2f}")

# %%
# Plot the scores over time
# -------------------------
# Faults are shaded.

steps = np.arange(len(series))
fig, axes = plt.subplots(4, sharex=True, figsize=(9, 7), layout="constrained")
axes[0].plot(steps, series, lw=0.7, label=["load", "temperature"])
axes[0].legend(loc="lower left", ncols=2, fontsize="small")
for ax, (name, values) in zip(axes[1:], anomaly_scores.items(), strict=True):
    ax.plot(steps, values, lw=0.8, color="k")
    ax.set_title(name, fontsize="medium", loc="left")
for ax in axes:
    for name, (first, end) in FAULTS.items():
        start, stop = (sum(map(len, loads[:cycle])) for cycle in (first, end))
        ax.axvspan(start, stop, color="C3", alpha=0.2, lw=0)
        if ax is axes[0]:
            ax.set_title("measurements", fontsize="medium", loc="left")
            ax.text((start + stop) / 2, 1.35, name, ha="center", fontsize="small")
axes[0].set_ylim(-0.2, 1.6)
axes[-1].set(xlim=(n_train, len(series)), xlabel="time step")
plt.show()

# %%
# The values of single time steps show no fault, since each of them also occurs in
# normal cycles. Both scores of windows find all three faults. Against the worn tool and
# the blocked fan, the distance to the nearest window hardly rises above its largest
# normal values, because a window that begins at another step of the cycle is as far
# away.
#
# What to remember
# ----------------
# - ``make_windows(..., horizon=0)`` cuts a series into windows, and ``average_windows``
#   turns the scores of windows into scores of time steps.
# - The score of a time step rises as soon as a window that contains it has a fault, so
#   it is blurred by about the length of a window. Shorter windows are more precise, but
#   see less of a cycle.
# - The embedder keeps means and a covariance matrix. The distance to the nearest
#   window needs all training windows.

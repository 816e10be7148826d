"""
Next steps of a sequence
========================

How does a sequence go on?

With ``objective="forecast"`` the network learns to continue sequences rather than to
copy them. We read a day's demand for electric power up to six in the evening, and ask
for the rest of the day. Three baselines do the same.
"""

# %%
# The data
# --------
# The demand for electric power in Italy, hour by hour, one row a day. Each day is
# scaled to mean 0 and standard deviation 1. The last six hours are what we want to
# know. (The data comes scaled, by all 24 hours. In practice the future is not known, so
# scale by what is. Here it helps all methods alike.)

import matplotlib.pyplot as plt
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import train_test_split
from sktime.datasets import load_italy_power_demand, load_solar

from sklearn_seqembed import LSTMSequenceEmbedder

days, _ = load_italy_power_demand(return_type="numpy3D")
days = days[:, 0]  # (n_samples, n_features, n_timesteps) to (n_samples, n_timesteps)
days_train, days_test = train_test_split(days, test_size=0.3, random_state=0)
horizon = 6
past, future = days_test[:, :-horizon], days_test[:, -horizon:]
print(f"{len(days_train)} days to learn from, {len(days_test)} to test on")
print(f"{past.shape[1]} hours are read, {horizon} hours are wanted")

# %%
# Learn to continue
# -----------------
# ``horizon`` steps at the end of each training day are held back: the network reads the
# hours before them and has to tell what comes. ``forecast`` reads all that it gets, and
# gives the next steps. ``score`` holds steps back by itself, so it takes whole days.

embedder = LSTMSequenceEmbedder(
    n_components=32,
    objective="forecast",
    horizon=horizon,
    max_epochs=80,
    random_state=0,
)
embedder.fit(list(days_train))
forecast = np.array(embedder.forecast(list(past)))
print(f"forecast: {forecast.shape}")
print(f"explained share of the last hours: {embedder.score(list(days_test)):.2f}")

# %%
# Plain baselines
# ---------------
# The last value again, the mean of each hour, and a linear model from all hours read to
# all hours wanted.


def error(guess, truth):
    """Root mean squared error."""
    return float(np.sqrt(np.mean((guess - truth) ** 2)))


past_train, future_train = days_train[:, :-horizon], days_train[:, -horizon:]
linear = RidgeCV().fit(past_train, future_train)
guesses = {
    "last value": np.repeat(past[:, -1:], horizon, axis=1),
    "mean of the hour": np.tile(future_train.mean(axis=0), (len(past), 1)),
    "linear model": linear.predict(past),
    "LSTM": forecast,
}
errors = {name: error(guess, future) for name, guess in guesses.items()}
for name, value in errors.items():
    print(f"error, {name}: {value:.2f}")

# %%
# Two days, and all of them
# -------------------------
# On the left are the test days whose evenings lie lowest and highest. On the right is
# the error of each hour, over all test days.

fig, (left, right) = plt.subplots(1, 2, figsize=(9.5, 4.2), layout="constrained")
hours = np.arange(days.shape[1])
order = np.argsort(future.mean(axis=1))
for k, color in ((order[0], "C0"), (order[-1], "C3")):
    left.plot(hours, days_test[k], color=color, alpha=0.5)
    left.plot(hours[-horizon:], forecast[k], "o", color=color, ms=5)
left.plot([], [], "0.5", label="demand")
left.plot([], [], "o", color="0.5", ms=5, label="LSTM forecast")
left.axvline(hours[-horizon] - 0.5, color="0.5", ls=":")
left.set(xlabel="hour", ylabel="demand (scaled)", title="Two days")
left.set_ylim(top=2.8)
left.legend(loc="upper left", ncols=2)
for (name, guess), style in zip(
    guesses.items(), ("C2^:", "C4v:", "C1s--", "C0o-"), strict=True
):
    by_hour = np.sqrt(np.mean((guess - future) ** 2, axis=0))
    right.plot(hours[-horizon:], by_hour, style, label=name)
right.set(xlabel="hour", ylabel="root mean squared error", title="All test days")
right.set_ylim(0, 1.5)
right.legend(ncols=2, loc="upper left")
plt.show()

# %%
# The two days start unlike each other, and the network tells their evenings apart. It
# does not catch every turn. Over all days it is about as good as the linear model, and
# both are far ahead of the other two.

# %%
# One long series
# ---------------
# A long series becomes many sequences by ``sliding_window_view``. Each window holds
# what is read and what is held back. The stored solar power of Great Britain has a
# value each half hour, over six days. We read a day and ask for the six hours after it.

series = load_solar(api_version=None).to_numpy()
read, ahead, n_train = 48, 12, 4 * 48
windows = sliding_window_view(series[:n_train], read + ahead)
solar = LSTMSequenceEmbedder(
    n_components=32, objective="forecast", horizon=ahead, max_epochs=60, random_state=0
)
solar.fit(list(windows))

unseen = sliding_window_view(series[n_train - read :], read + ahead)
guess, truth = np.array(solar.forecast(list(unseen[:, :read]))), unseen[:, read:]
print(f"{len(windows)} windows of {windows.shape[1]} steps to learn from")
print(f"error, LSTM: {error(guess, truth):.3f}")
print(f"error, the same time yesterday: {error(unseen[:, :ahead], truth):.3f}")
print(f"error, last value: {error(unseen[:, [read - 1]], truth):.3f}")

# %%
# The network is far ahead of the last value, but not of the same time yesterday, which
# needs no training at all: the sun rises at about the same time each day, and four days
# are little to learn from.
#
# What to remember
# ----------------
# - ``objective="forecast"`` trains the network to continue, and ``forecast`` gives the
#   next ``horizon`` steps after what it reads. ``horizon`` may also be a share of each
#   sequence's length.
# - Fit on sequences that contain their future. Pass ``forecast`` what comes before.
# - Many sequences make a good forecaster. For one short series with a steady period,
#   try first to repeat the last period.
# - Always try a linear model where lengths are equal. It is quick, and hard to beat.
# - ``objective="composite"`` trains for both, to recreate and to continue. The vector
#   then serves ``reconstruct`` and ``forecast``.

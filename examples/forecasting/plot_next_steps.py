"""
Forecasting the next steps of time series
=========================================

How does a sequence continue?

With ``objective="forecast"``, the network learns to continue sequences instead of
reconstructing them. In this example, we encode a day's electricity demand until six in
the evening and forecast the rest of the day. We compare with three plain baselines.
"""

# %%
# The data
# --------
# Each row is the hourly electricity demand in Italy on one day, scaled to mean 0 and
# standard deviation 1. The last six hours are to be forecast. The dataset was scaled
# with all 24 hours, including those to be forecast, which helps all methods alike. In
# practice, scale with known values only.

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
print(f"{len(days_train)} training days, {len(days_test)} test days")
print(f"{past.shape[1]} hours are known, {horizon} hours are forecast")

# %%
# Learn to forecast
# -----------------
# In training, the network encodes each day without its last ``horizon`` steps and
# learns to predict these steps. ``forecast`` encodes the whole of each sequence it
# receives and returns the steps after it. ``score`` takes whole days and holds back the
# last steps itself.

embedder = LSTMSequenceEmbedder(
    n_components=32,
    objective="forecast",
    horizon=horizon,
    max_epochs=40,
    random_state=0,
)
embedder.fit(list(days_train))
forecast = np.array(embedder.forecast(list(past)))
print(f"shape of the forecast: {forecast.shape}")
print(f"explained fraction of the last hours: {embedder.score(list(days_test)):.2f}")

# %%
# Compare with plain baselines
# ----------------------------
# The baselines repeat the last value, predict the mean of each hour, or predict all
# missing hours from all known ones with a linear model.


def rmse(predicted, true):
    """Return the root mean squared error."""
    return float(np.sqrt(np.mean((predicted - true) ** 2)))


past_train, future_train = days_train[:, :-horizon], days_train[:, -horizon:]
linear = RidgeCV().fit(past_train, future_train)
forecasts = {
    "last value": np.repeat(past[:, -1:], horizon, axis=1),
    "mean of the hour": np.tile(future_train.mean(axis=0), (len(past), 1)),
    "linear model": linear.predict(past),
    "LSTM": forecast,
}
for name, predicted in forecasts.items():
    print(f"RMSE, {name}: {rmse(predicted, future):.2f}")

# %%
# Plot two days and the errors of all days
# ----------------------------------------
# The left panel shows the two test days with the lowest and the highest demand in the
# evening. The right panel shows the error for each hour over all test days.

fig, (left, right) = plt.subplots(1, 2, figsize=(9.5, 4.2), layout="constrained")
hours = np.arange(days.shape[1])
order = np.argsort(future.mean(axis=1))
for k, color in ((order[0], "C0"), (order[-1], "C3")):
    left.plot(hours, days_test[k], color=color, alpha=0.5)
    left.plot(hours[-horizon:], forecast[k], "o", color=color, ms=5)
left.plot([], [], "0.5", label="demand")
left.plot([], [], "o", color="0.5", ms=5, label="LSTM forecast")
left.axvline(hours[-horizon] - 0.5, color="0.5", ls=":")
left.set(xlabel="hour of the day", ylabel="demand (scaled)", title="Two test days")
left.set_ylim(top=2.8)
left.legend(loc="upper left", ncols=2)
for (name, predicted), style in zip(
    forecasts.items(), ("C2^:", "C4v:", "C1s--", "C0o-"), strict=True
):
    by_hour = np.sqrt(np.mean((predicted - future) ** 2, axis=0))
    right.plot(hours[-horizon:], by_hour, style, label=name)
right.set(xlabel="hour of the day", ylabel="RMSE", title="All test days")
right.set_ylim(0, 1.5)
right.legend(ncols=2, loc="upper left")
plt.show()

# %%
# The two days differ from the morning on, and so do the forecasts for their evenings,
# although the network does not predict every turn. Over all days, its error is larger
# than that of the linear model, mainly in the first hours. Both are far better than the
# other two baselines.

# %%
# Learn from one long series
# --------------------------
# ``sliding_window_view`` cuts a long series into many sequences. Each of them contains
# the known steps and the steps to be forecast. The dataset is the solar power of Great
# Britain in half-hour steps over six days. We encode one day and forecast the next six
# hours.

series = load_solar(api_version=None).to_numpy()
lookback, horizon, n_train = 48, 12, 4 * 48
windows = sliding_window_view(series[:n_train], lookback + horizon)
solar = LSTMSequenceEmbedder(
    n_components=32,
    objective="forecast",
    horizon=horizon,
    max_epochs=30,
    random_state=0,
)
solar.fit(list(windows))

unseen = sliding_window_view(series[n_train - lookback :], lookback + horizon)
past, future = unseen[:, :lookback], unseen[:, lookback:]
forecast = np.array(solar.forecast(list(past)))
print(f"{len(windows)} training windows of {windows.shape[1]} time steps")
print(f"RMSE, LSTM: {rmse(forecast, future):.3f}")
print(f"RMSE, same time yesterday: {rmse(past[:, :horizon], future):.3f}")
print(f"RMSE, last value: {rmse(past[:, [-1]], future):.3f}")

# %%
# The network is far better than the last value, but not better than the value at the
# same time on the day before, which needs no training. The sun rises at about the same
# time each day, and four days are too few to learn more.
#
# What to remember
# ----------------
# - Set ``objective="forecast"`` to train the network to continue sequences.
#   ``forecast`` returns the next ``horizon`` steps. ``horizon`` can also be a fraction
#   of the length of each sequence.
# - Fit on sequences that include the steps to be forecast. Pass only the known steps to
#   ``forecast``.
# - The network needs many sequences. For one short series with a steady period, try
#   first to repeat the last period.
# - If all lengths are equal, always try a linear model. It is fast and hard to beat.
# - Set ``objective="composite"`` to train for both reconstruction and forecast. The
#   same vector then serves ``reconstruct`` and ``forecast``.

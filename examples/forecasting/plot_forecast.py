"""
Forecasting two years of a monthly time series
==============================================

How many airline passengers are to be expected in each month of the next two years, and
how certain is that?

:class:`~sklearn_seqembed.LSTMSequencePredictor` predicts numbers as well as characters.
In this example, it learns from one long series, and forecasts its last two years with
prediction intervals. We compare with three baselines: the values of the last year, the
same values with growth, and a linear model.
"""

# %%
# The data
# --------
# The series is the monthly number of airline passengers, in thousands, over twelve
# years. There is a peak each summer, and both the level and the peaks grow from year to
# year. We hold out the last two years before anything else.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import RidgeCV
from sktime.datasets import load_airline

from sklearn_seqembed import LSTMSequencePredictor
from sklearn_seqembed.datasets import make_windows

airline = load_airline()
series = airline.to_numpy()
months = airline.index.to_timestamp()
horizon, lookback = 24, 24
past, future = series[:-horizon], series[-horizon:]
print(f"{len(past)} training months, {len(future)} test months")

# %%
# Fit the predictor
# -----------------
# X and y are lists with one sequence each: the series without its last two years, and
# these two years. ``fit`` cuts the series into windows and starts from a ridge
# regression of the changes since the last value of each window. The forecasts are
# relative to the standard deviation of the window, so that a growing series is forecast
# in proportion. With ``verbose=1`` it says whether the LSTM was trained.


def forecast_with_predictor(past):
    """Forecast two years, with bounds that should contain 80 % of the months."""
    predictor = LSTMSequencePredictor(random_state=0)
    predictor.fit([past[:-horizon]], [past[-horizon:]])
    lower, upper = predictor.predict_interval([past], coverage=0.8)
    return predictor.predict([past])[0], lower[0], upper[0]


LSTMSequencePredictor(random_state=0, verbose=1).fit(
    [past[:-horizon]], [past[-horizon:]]
)
forecast, lower, upper = forecast_with_predictor(past)
print("first year, forecast:", *np.round(forecast[:12]).astype(int))
print("first year, true:    ", *future[:12].astype(int))

# %%
# Ten years of months are too little to train a network on: the closed form is all
# that is used here. The LSTM is trained on longer series, and is kept if it makes the
# forecasts of held-out windows better.
#
# Compare with plain baselines
# ----------------------------
# The first baseline repeats the values of the last year. The second multiplies them by
# the growth from the year before to the last year, once for each year. The third is a
# ridge regression of the raw values on windows of two years, which ``make_windows``
# cuts.


def forecast_with_baselines(past):
    """Forecast two years with each baseline."""
    year, before = past[-12:], past[-24:-12]
    growth = year.sum() / before.sum()
    X, y = make_windows(past, lookback, horizon)
    linear = RidgeCV(np.logspace(-3, 6, 30)).fit(X[:, :, 0], y[:, :, 0])
    return {
        "last year": np.tile(year, 2),
        "last year with growth": np.concatenate([year * growth, year * growth**2]),
        "linear model": linear.predict(past[None, -lookback:])[0],
    }


forecasts = forecast_with_baselines(past) | {"predictor": forecast}
errors = {name: np.abs(values - future) for name, values in forecasts.items()}
print("mean absolute error")
for name, error in errors.items():
    print(
        f"{name:21}: {error.mean():4.1f} thousand passengers, "
        f"{np.mean(error / future):.0%}"
    )

# %%
# Plot the forecasts
# ------------------

fig, (left, right) = plt.subplots(
    1, 2, figsize=(10, 4.2), layout="constrained", width_ratios=(3, 2)
)
styles = {
    "last year": "C4:",
    "last year with growth": "C2--",
    "linear model": "C1-",
    "predictor": "C0o-",
}
left.plot(months[-60:], series[-60:], "0.6", lw=3, label="true")
for name, values in forecasts.items():
    left.plot(months[-horizon:], values, styles[name], ms=4, label=name)
left.fill_between(
    months[-horizon:], lower, upper, color="C0", alpha=0.15, lw=0, label="80 % interval"
)
left.axvline(months[-horizon], color="0.5", ls=":")
left.set(ylabel="passengers (thousands)", title="The last five years")
left.legend(loc="upper left", fontsize="small")
bars = right.barh(
    list(errors), [e.mean() for e in errors.values()], color=["C4", "C2", "C1", "C0"]
)
right.bar_label(bars, fmt="%.0f", padding=3)
right.set(xlabel="mean absolute error (thousands)", title="All 24 months")
right.set_xlim(0, 1.15 * max(e.mean() for e in errors.values()))
plt.show()

# %%
# The predictor forecasts the summers and their growth; the linear model is almost as
# good. The last year before the forecast was a weak one: it grew much less than the two
# years to be forecast, which is why its growth misleads.
#
# Check whether this is luck
# --------------------------
# Two years are a single trial, so we repeat it from earlier months, each time with all
# months before.

trials, inside = [], []
for start in range(100, len(series) - horizon + 1, 4):
    past, future = series[:start], series[start : start + horizon]
    forecast, lower, upper = forecast_with_predictor(past)
    forecasts = forecast_with_baselines(past) | {"predictor": forecast}
    trials.append([np.abs(values - future).mean() for values in forecasts.values()])
    inside.append((lower <= future) & (future <= upper))
print(f"mean absolute error over {len(trials)} starts")
for name, error in zip(forecasts, np.mean(trials, axis=0), strict=True):
    print(f"{name:21}: {error:4.1f} thousand passengers")
print(f"months within their 80 % intervals: {np.mean(inside):.0%}")

# %%
# The intervals are cautious here: their width comes from windows that were left out of
# the fit, a fifth at a time, and with so few of them the remaining ones forecast much
# worse than all of them do.
#
# What to remember
# ----------------
# - One long series is enough: pass a list with the series, and its end as the target.
# - Split a series by time first. ``predict`` takes the whole past and returns values in
#   the units of y.
# - ``predict_interval`` gives bounds for each time step.
# - One forecast is one trial. Before you trust it, try more starting months, and
#   compare with a linear model.

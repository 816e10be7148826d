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
# The forecast
# ------------
# The series is the monthly number of airline passengers, in thousands, over twelve
# years. There is a peak each summer, and both the level and the peaks grow from year to
# year. We hold out the last two years before anything else.
#
# X and y are lists with one sequence each: the series without its last two years, and
# these two years. ``fit`` cuts the series into windows and starts from a ridge
# regression of the changes since the last value of each window. The forecasts are
# relative to the standard deviation of the window, so that a growing series is forecast
# in proportion.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import RidgeCV
from sktime.datasets import load_airline

from sklearn_seqembed import LSTMSequencePredictor
from sklearn_seqembed.datasets import make_windows
from sklearn_seqembed.displays import ForecastDisplay

airline = load_airline()
series = airline.to_numpy()
months = airline.index.to_timestamp()
horizon, lookback = 24, 24
past, future = series[:-horizon], series[-horizon:]

predictor = LSTMSequencePredictor(random_state=0)
predictor.fit([past[:-horizon]], [past[-horizon:]])
display = ForecastDisplay.from_estimator(
    predictor, [past], [future], coverage=0.8, n_past=36, times=months
)
display.figure_.suptitle("Airline passengers: forecast of two years")
plt.ylabel("passengers (thousands)")
plt.show()

# %%
# The predictor forecasts the summers and their growth. Ten years of months are too
# little to train a network on, so that only the closed form is used here; with
# ``verbose=1``, ``fit`` says so. The LSTM is trained on longer series, and is kept if
# it makes the forecasts of held-out windows better.
#
# Compare with plain baselines
# ----------------------------
# The first baseline repeats the values of the last year. The second multiplies them by
# the growth from the year before to the last year, once for each year. The third is a
# ridge regression of the raw values on windows of two years, which ``make_windows``
# cuts.
#
# Two years are a single trial, and may be luck. We therefore repeat it from earlier
# months, each time with all months before. Errors are in thousands of passengers.


def forecast_with_predictor(past):
    """Forecast two years, with bounds that should contain 80% of the months."""
    predictor = LSTMSequencePredictor(random_state=0)
    predictor.fit([past[:-horizon]], [past[-horizon:]])
    lower, upper = predictor.predict_interval([past], coverage=0.8)
    return predictor.predict([past])[0], lower[0], upper[0]


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


errors, inside = [], []
for start in range(100, len(series) - horizon + 1, 4):
    past, future = series[:start], series[start : start + horizon]
    forecast, lower, upper = forecast_with_predictor(past)
    forecasts = forecast_with_baselines(past) | {"predictor": forecast}
    errors.append([np.abs(values - future).mean() for values in forecasts.values()])
    inside.append((lower <= future) & (future <= upper))
print(f"{'mean absolute error':22}{'last trial':>11}{f'{len(errors)} trials':>11}")
for name, last, mean in zip(
    forecasts, errors[-1], np.mean(errors, axis=0), strict=True
):
    print(f"{name:22}{last:11.1f}{mean:11.1f}")
print(f"months within their 80% intervals: {np.mean(inside):.0%}")

# %%
# The last trial is that of the figure. The last year before it was a weak one: it grew
# much less than the two years to be forecast, which is why its growth misleads.
#
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

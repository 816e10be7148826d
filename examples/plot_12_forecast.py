"""
Two years ahead
===============

How many passengers will fly in each month of the next two years?

``LSTMSequencePredictor`` predicts numbers as well as characters. We cut one long series
into pairs of what was and what came next, learn from them, and forecast the last two
years in passengers. Last year's values, the same with growth, and a linear model do
it too.
"""

# %%
# The data
# --------
# Passengers of airlines, in thousands a month, over twelve years. The summers are
# high, all rises from year to year, and the summers rise most. The last two years are
# kept apart before anything is cut.

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
print(f"{len(series)} months, {len(past)} to learn from, {len(future)} to forecast")

# %%
# Windows
# -------
# ``make_windows`` cuts a series into pairs: two years that are read, and the two years
# after them. The next pair begins one month later.

X, y = make_windows(past, lookback, horizon)
print(f"X: {X.shape}, y: {y.shape}")

# %%
# Fit
# ---
# A year enters the network as one step, and leaves it as one step: the season then
# stands in the same place each time. ``instance_norm`` makes the network learn how far
# the next values lie from the last one, measured in the spread of the months that were
# read. So it can forecast a level that it has never met.


def make_predictor(seed=0):
    """Make the same predictor, but for the seed."""
    return LSTMSequencePredictor(
        n_components=64,
        patch_size=12,
        target_patch_size=12,
        instance_norm=True,
        max_epochs=60,
        random_state=seed,
    )


predictor = make_predictor().fit(X, y)
recent = past[-lookback:].reshape(1, lookback, 1)
forecast = predictor.predict(recent)
print(f"forecast: {forecast.shape}")
print("first year:", *np.round(forecast[0, :12, 0]).astype(int))
print("true:      ", *future[:12].astype(int))

# %%
# Plain baselines
# ---------------
# Last year's values, twice. Last year's values, risen each year as much as the last
# year was above the one before. And a linear model from the same windows.


def repeat_year(read):
    """Give the last year again, for both years."""
    return np.tile(read[:, -12:], 2)


def grow_year(read):
    """Give the last year again, and let it grow as it did."""
    year = read[:, -12:]
    growth = year.sum(axis=1, keepdims=True) / read[:, -24:-12].sum(
        axis=1, keepdims=True
    )
    return np.hstack([year * growth, year * growth**2])


def guess_all(predictor, X, y, read):
    """Forecast in all ways what comes after the windows read."""
    linear = RidgeCV(np.logspace(-3, 6, 30)).fit(X[:, :, 0], y[:, :, 0])
    return {
        "last year": repeat_year(read[:, :, 0]),
        "last year, growing": grow_year(read[:, :, 0]),
        "linear model": linear.predict(read[:, :, 0]),
        "LSTM": predictor.predict(read)[:, :, 0],
    }


guesses = guess_all(predictor, X, y, recent)
errors = {name: np.abs(guess[0] - future) for name, guess in guesses.items()}
for name, error in errors.items():
    print(
        f"{name:18}: {error.mean():4.1f} thousand passengers off, "
        f"{np.mean(error / future):.0%}"
    )

# %%
# The two years
# -------------

fig, (left, right) = plt.subplots(
    1, 2, figsize=(10, 4.2), layout="constrained", width_ratios=(2, 1)
)
styles = {
    "last year": "C4:",
    "last year, growing": "C2--",
    "linear model": "C1-",
    "LSTM": "C0o-",
}
left.plot(months[-60:], series[-60:], "0.6", lw=3, label="true")
for name, guess in guesses.items():
    left.plot(months[-horizon:], guess[0], styles[name], ms=4, label=name)
left.axvline(months[-horizon], color="0.5", ls=":")
left.set(ylabel="passengers (thousands)", title="Five years, two of them forecast")
left.legend(loc="upper left", fontsize="small")
bars = right.barh(
    list(errors), [e.mean() for e in errors.values()], color=["C4", "C2", "C1", "C0"]
)
right.bar_label(bars, fmt="%.0f", padding=3)
right.set(xlabel="mean error (thousand passengers)", title="All 24 months")
right.set_xlim(0, 1.15 * max(e.mean() for e in errors.values()))
plt.show()

# %%
# The network follows the summers, and sees them grow. The linear model is close behind.
# The last year before was a weak one: it grew by 3.4 %, far less than the two years
# that came.
#
# Is that luck?
# -------------
# Another seed gives another network, and another error. Besides, we tried patches of
# other sizes too, and show the best one. So these errors flatter the network.

by_seed = [
    np.abs(make_predictor(seed).fit(X, y).predict(recent)[0, :, 0] - future).mean()
    for seed in range(3)
]
print("LSTM, by seed:", ", ".join(f"{error:.1f}" for error in by_seed))
years = series.reshape(-1, 12).sum(axis=1)
growth = years[1:] / years[:-1] - 1
print("growth of the last three years:", ", ".join(f"{g:.1%}" for g in growth[-3:]))

# %%
# And two years are one trial. So we do it again two years earlier: we learn from the
# first eight years, and forecast from each month since, as far as the series goes. What
# is read moves on with the months. What is learned does not.

X, y = make_windows(series[:96], lookback, horizon)
unseen, truth = make_windows(series[96 - lookback :], lookback, horizon)
print(f"{len(X)} windows to learn from, {len(unseen)} to test on")
earlier = guess_all(make_predictor().fit(X, y), X, y, unseen)
for name, guess in earlier.items():
    error = np.abs(guess - truth[:, :, 0]).mean()
    print(f"{name:18}: {error:4.1f} thousand passengers off")

# %%
# Now the linear model is the best one, and the network loses to plain growth too. It
# has a third fewer windows to learn from. One series of twelve years is little for a
# network.
#
# What to remember
# ----------------
# - Split a series by time first, then cut each part by ``make_windows``.
# - ``predict`` gives numbers in the units of y, of shape (n_windows, horizon,
#   n_features).
# - Where a season is known, let one period be one patch.
# - One forecast is one trial. Try more seeds and more starting months before you trust
#   one, and try a linear model.

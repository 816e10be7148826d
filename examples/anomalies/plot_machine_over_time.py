"""
Anomaly detection in the time series of a machine
=================================================

When was a machine out of its routine, if every single measurement is in its usual
range?

In this example, we cut the vibration of a ventilation unit into windows of one day,
train an embedder on days that are known to be normal, and turn the scores of windows
into scores of time steps. We compare the result with the distance to the nearest normal
window, and with the deviation of single values.
"""

# %%
# A month of a ventilation unit
# -----------------------------
# The package skchange ships the vibration of a ventilation unit over 30 days, measured
# every ten minutes by the company Soundsensing. The unit usually runs twice a day and
# stands still at night. From 25 March to 2 April it did not: its morning run is missing
# or very short. The package has no labels, so we label these days ourselves, from
# the figure below.
#
# Ten measurements are missing. ``asfreq`` inserts them as NaN, which the embedder
# accepts. It is fitted to the last ten days, on which the unit followed its routine.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from skchange.datasets import load_hvac_system_data
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors

from sklearn_seqembed import LSTMSequenceEmbedder
from sklearn_seqembed.datasets import average_windows, make_windows
from sklearn_seqembed.displays import AnomalyDisplay

unit = load_hvac_system_data(as_frame=True)["frame"].loc[0]
vibration = unit["vibration"].asfreq("10min").rename("Vibration")
times = vibration.index
is_unusual = (times >= "2023-03-25") & (times < "2023-04-03")

LOOKBACK, STRIDE = 144, 3  # windows of a day, which start every half hour
windows, _ = make_windows(vibration, LOOKBACK, horizon=0, stride=STRIDE)
starts = times[: len(windows) * STRIDE : STRIDE]
is_train = starts >= "2023-04-07"
embedder = LSTMSequenceEmbedder(random_state=0).fit(list(windows[is_train]))

# %%
# The scores over time
# --------------------
# ``score_samples`` scores each window, and ``average_windows`` the time steps that it
# covers; with a minus, high scores are unusual. The threshold is the highest score of
# four days, 3 to 6 April, on which the unit followed its routine, and which were not
# used for training. The days that we labeled as unusual are shaded.


def score_steps(values):
    """Average the scores of all windows that cover a time step."""
    return average_windows(values, LOOKBACK, stride=STRIDE, n_timesteps=len(times))


scores = score_steps(-embedder.score_samples(list(windows)))
is_calibration = (times >= "2023-04-03") & (times < "2023-04-07")
threshold = np.max(scores[is_calibration])
display = AnomalyDisplay.from_scores(
    vibration, scores, threshold=threshold, spans=is_unusual
)
display.figure_.suptitle("Vibration of a ventilation unit and its anomaly scores")
plt.show()

# %%
# The scores rise when windows contain a morning without its run, and fall when the
# routine is back. All nine days are above the threshold. So is the first day, which we
# had overlooked: its second run began at 16:00 instead of 14:40.
#
# The score of a window belongs to all of its day, so alarms begin and end some hours
# too early or too late.

# %%
# Compare with plain baselines
# ----------------------------
# The first baseline is the distance of each window to the nearest training window, and
# the second the deviation of each measurement from the mean, in standard deviations.
# All are judged on the days that were used neither for training nor for the threshold.

flat = np.nan_to_num(windows[:, :, 0])
nearest = NearestNeighbors(n_neighbors=1).fit(flat[is_train])
normal = vibration[times >= "2023-04-07"]
deviations = np.abs(vibration - normal.mean()) / normal.std()
anomaly_scores = {
    "minus score_samples": scores,
    "distance to the nearest window": score_steps(nearest.kneighbors(flat)[0][:, 0]),
    "deviation of a measurement": deviations.to_numpy(),
}
is_tested = (times < "2023-04-03") & vibration.notna().to_numpy()
print(f"{'ROC AUC':32}time steps  days")
days = times.normalize()
for name, values in anomaly_scores.items():
    tested = pd.DataFrame({"score": values, "unusual": is_unusual})[is_tested]
    by_day = tested.groupby(days[is_tested]).max()
    areas = [roc_auc_score(x["unusual"], x["score"]) for x in (tested, by_day)]
    print(f"{name:32}{areas[0]:10.3f}{areas[1]:6.2f}")

# %%
# The deviation of single measurements shows nothing: an unusual day has no unusual
# measurements, only fewer large ones. Both scores of windows find the unusual days. The
# distance to the nearest window is as good here, and simpler: it is a good choice if
# all windows have the same length and the training windows may be kept. The embedder
# keeps none of them.
#
# What to remember
# ----------------
# - ``make_windows(..., horizon=0)`` cuts a series into windows, and ``average_windows``
#   turns the scores of windows into scores of time steps.
# - Choose windows about as long as one cycle of the machine. Shorter ones are more
#   precise in time, but do not see that a part of the cycle is missing.
# - Take the threshold from normal days that were not used for training.

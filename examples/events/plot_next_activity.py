"""
Predict the next event of a ticket, order or patient, with probabilities
========================================================================

A case is open: what happens next, how sure is that, and how long will it take?

Tickets, orders and stays in hospital leave a log with one row per event. Each open case
is a sequence of events, and its next event is a class, whatever the case is. In this
example, the cases are patients with COVID-19, whose condition improves or deteriorates
until they leave the hospital or die.
:class:`~sklearn_seqembed.LSTMSequenceClassifier` predicts probabilities for the next
state, and :class:`~sklearn_seqembed.LSTMSequenceRegressor` the remaining days. We
compare them with counts of what followed the last states, and with a regression on the
last state and the age.
"""

# %%
# A log of hospital stays
# -----------------------
# The package pymsm contains the states of 2,675 patients who came to hospitals in
# Israel in spring 2020 (Roimi et al., 2021). Its table has one row per patient: the
# state on arrival, and for each change the new state and the days that have passed. We
# convert it to one row per event, and end each stay when the patient leaves the
# hospital for the first time. (``pip install --no-deps pymsm`` installs the package
# without the old versions of others that it requires, but that its data do not need.)

from importlib.resources import files

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sklearn_seqembed import (
    LSTMSequenceClassifier,
    LSTMSequenceRegressor,
    sequences_from_long,
)

# In the table, 1 and 6 are two ways of leaving.
STATES = {2: "mild", 3: "moderate", 4: "severe", 5: "died", 1: "left", 6: "left"}
table = pd.read_csv(
    files("pymsm") / "datasets" / "covid_hosp_data.csv", parse_dates=["first_date"]
)
table["age"] = table["age_group"].str.extract(r"(\d+)", expand=False).astype(int)
log = pd.wide_to_long(table.assign(time0=0), ["type", "time"], i="id", j="step")
log = log.sort_index().reset_index()
log = log[log["type"] > 0]  # there are columns for eleven changes, but most have fewer
log["state"] = log["type"].map(STATES)
log["day"] = log.groupby("id")["time"].cumsum()
has_left = log["state"] == "left"
log = log[has_left.groupby(log["id"]).cumsum() - has_left == 0]
log["time"] = log["first_date"] + pd.to_timedelta(log["day"], "D")
print(log[["id", "time", "state", "age", "sex"]].head(8).to_string(index=False))

# %%
# The stays of 24 patients with three or more events: a line that ends without a dot is
# a stay that was not over when the record ended.

COLORS = {"mild": "C0", "moderate": "C1", "severe": "C3", "left": "0.6", "died": "k"}
n_events = log.groupby("id").size()
patients = n_events[n_events >= 3].sample(24, random_state=1).index
row = pd.Series(range(24), index=patients)
shown = log[log["id"].isin(patients)]
record_ends = table.set_index("id")["current_time"]
stops = shown.groupby("id")["day"].shift(-1).fillna(shown["id"].map(record_ends))
figure, axis = plt.subplots(figsize=(8, 4.5), layout="constrained")
for state, color in COLORS.items():
    events = shown[shown["state"] == state]
    y, start, stop = row[events["id"]], events["day"], stops[events.index]
    if state in ("left", "died"):
        axis.plot(start, y, "o", color=color, label=state, zorder=3)
    else:
        axis.hlines(y, start, stop, color=color, lw=4, label=state)
axis.set(xlabel="days since arrival", ylabel="patient", yticks=[])
axis.set_title("Stays in hospital: 24 patients")
figure.legend(loc="outside right center")
plt.show()

# %%
# One row per prefix
# ------------------
# ``sequences_from_long`` cuts each stay after each of its events. A prefix is a row of
# lists, and its target is the next state, or "end" after the last event. We leave out
# the latter: nothing follows after a stay, and what follows in an open stay is not
# known yet. All prefixes of a patient belong to the same part, so that no test case is
# known in part.

X, y, _ = sequences_from_long(
    log[["id", "time", "state", "age", "sex"]],
    by="id",
    time="time",
    target="state",
    end="end",
)
last_states = np.array([states[-1] for states in X["state"]])
X_open = X[(y == "end").to_numpy() & ~np.isin(last_states, ["left", "died"])]
X, y = X[(y != "end").to_numpy()], y[y != "end"].to_numpy()
test_patients = np.random.default_rng(0).permutation(table["id"])[:800]
is_test = X.index.isin(test_patients)
X_train, y_train, X_test, y_test = X[~is_test], y[~is_test], X[is_test], y[is_test]
print(f"{len(X_train)} prefixes for training, {len(X_test)} for testing")
print(f"{len(X_open)} open stays")
for prefix, following in zip(X["state"][8:11], y[8:11], strict=True):
    print(" ".join(prefix), "->", following)

# %%
# Predict the next event
# ----------------------
# The classifier reads categories, numbers and times as they are. ``max_epochs=0`` skips
# the training of LSTM cells, to keep this example fast: logistic regression then
# predicts from vectors and from the last events.

classifier = LSTMSequenceClassifier(n_components=128, max_epochs=0, random_state=0).fit(
    X_train, y_train
)
classes = classifier.classes_


def end_prefixes(X, n):
    """Join the last n events of each prefix; "" if there are fewer."""
    events = [["arrival", *states] for states in X["state"]]
    return [" ".join(e[len(e) - n :]) if len(e) >= n else "" for e in events]


def count_followers(n_last):
    """Return how often each class followed the last events, in training.

    Frequencies after n events are averaged with those after n - 1 events, which have
    the weight of five prefixes.
    """
    found = np.full((len(X_test), len(classes)), 1 / len(classes))
    for n in range(n_last + 1):
        ends, test_ends = end_prefixes(X_train, n), np.array(end_prefixes(X_test, n))
        table = pd.crosstab(np.array(ends), y_train)[classes]
        counts = table.reindex(test_ends, fill_value=0).to_numpy()
        counts = np.where((n == 0) | (test_ends != "")[:, None], counts, 0)
        found = (counts + 5 * found) / (counts.sum(axis=1, keepdims=True) + 5)
    return found


def last_values(X):
    """Return the last state and the age of each prefix."""
    return X[["state", "age"]].map(lambda values: values[-1])


regression = make_pipeline(
    make_column_transformer((OneHotEncoder(), ["state"]), (StandardScaler(), ["age"])),
    LogisticRegression(max_iter=1000),
).fit(last_values(X_train), y_train)
contenders = {
    "most frequent": count_followers(0),
    "counts after the last event": count_followers(1),
    "counts after the last 5 events": count_followers(5),
    "regression on last state, age": regression.predict_proba(last_values(X_test)),
    "LSTMSequenceClassifier": classifier.predict_proba(X_test),
}
print(f"{'':30}  accuracy  cross-entropy")
for name, probabilities in contenders.items():
    accuracy = np.mean(classes[probabilities.argmax(axis=1)] == y_test)
    loss = log_loss(y_test, probabilities, labels=classes)
    print(f"{name:30}  {accuracy:8.3f}  {loss:13.3f}")

# %%
# The most likely next event rarely depends on more than the last state, so the
# accuracies of all but the first contender hardly differ; the regression has the
# highest. The probabilities differ more: the classifier has the lowest cross-entropy,
# and the regression comes close. Both use the age, which the counts do
# not. In a cross-validation with four folds, the classifier has a lower cross-entropy
# than the counts in each fold, and than the regression in three. With the training of
# the LSTM (``max_epochs="auto"``), both figures are the same, because it does not lower
# the loss of held-out sequences, and is then left out.
#
# Are the probabilities right?
# ----------------------------
# Of all prefixes for which the classifier predicts death with a probability of 5%,
# about 5% should be followed by death. We group the test prefixes by this probability,
# and compare its mean with what happened:

probability = contenders["LSTMSequenceClassifier"][:, list(classes).index("died")]
calibration = pd.DataFrame({"predicted": probability, "died": y_test == "died"})
groups = pd.cut(probability, [0, 0.02, 0.1, 0.3, 1])
calibration = calibration.groupby(groups, observed=True).mean()
calibration["prefixes"] = groups.value_counts()
print(calibration.round(3).to_string())

# %%
# Open cases
# ----------
# The next event of four stays that were not over when the record ended. (The
# predictions are those right after the last event. They do not take into account that
# nothing has happened since.)

print(X_open["state"][-4:].to_string())
predictions = classifier.predict_proba(X_open)[-4:]
print(pd.DataFrame(predictions, X_open.index[-4:], classes).round(2).to_string())

# %%
# The same state has different consequences at a different age. We take a stay from the
# test patients, and predict the next event after each of its events, as if the patient
# were 40 or 80 years old.

stay = X_test[[len(states) == 6 for states in X_test["state"]]].index[0]
prefixes = X_test.loc[[stay]]
figure, axes = plt.subplots(1, 2, figsize=(10, 3.2), sharey=True, layout="constrained")
for axis, age in zip(axes, (40, 80), strict=True):
    aged = prefixes.assign(age=[[age] * len(states) for states in prefixes["state"]])
    found = classifier.predict_proba(aged)
    image = axis.imshow(found.T, vmin=0, vmax=1, cmap="Blues", aspect="auto")
    axis.set(title=f"Next event at the age of {age}", xlabel="last event")
    axis.set_xticks(range(len(aged)), prefixes["state"].iloc[-1])
    axis.set_yticks(range(len(classes)), classes)
axes[0].set_ylabel("next event")
figure.colorbar(image, ax=axes, label="probability")
plt.show()

# %%
# The remaining time
# ------------------
# With ``loss="absolute_error"`` the regressor predicts the median, on which a few very
# long cases have no influence. We leave out open stays, because their length is not
# known. Long stays are open more often, so the predictions for new patients are
# somewhat too short.

ends = log[log["state"].isin(["left", "died"])].set_index("id")["time"]


def remaining_days(X):
    """Select prefixes of stays that are over; return them and the days to the end."""
    X = X[X.index.isin(ends.index)]
    now = pd.to_datetime([times[-1] for times in X["time"]])
    return X, (ends.loc[X.index] - now).dt.days.to_numpy()


X_closed, days = remaining_days(X_train)
X_closed_test, test_days = remaining_days(X_test)
regressor = LSTMSequenceRegressor(
    n_components=64, loss="absolute_error", max_epochs=0, random_state=0
).fit(X_closed, days)
medians = pd.Series(days).groupby(last_values(X_closed)["state"].to_numpy()).median()
for name, found in (
    ("median of all", np.median(days)),
    ("median after the last state", medians[last_values(X_closed_test)["state"]]),
    ("LSTMSequenceRegressor", regressor.predict(X_closed_test)),
):
    error = np.abs(np.asarray(found) - test_days).mean()
    print(f"{name:30}  {error:.2f} days of error")

# %%
# A log of your own
# -----------------
# A log of tickets in a CSV file needs only two lines, with the names of its columns::
#
#     log = pd.read_csv("log.csv", parse_dates=["time"])
#     X, y, keys = sequences_from_long(
#         log, by="ticket", time="time", target="activity", end="end"
#     )
#
# On the public Helpdesk log, counts of what followed the last five activities predict
# 83.8% of the next activities, the classifier 85.8% without training of LSTM cells
# (``max_epochs=0``), and an LSTM published for this task 85.2%. See
# :doc:`/guide/processes` for these and other figures.
#
# What to remember
# ----------------
# - ``sequences_from_long`` with ``target`` cuts a log into prefixes, and ``end`` adds
#   the end of a case as a class. For cross-validation, pass ``groups=keys``.
# - The classifier reads events, other attributes and times as they are, and predicts
#   probabilities.
# - Counts of what followed the last event are a good baseline. If the attributes of a
#   case matter, a regression on them and on the last event is a better one.

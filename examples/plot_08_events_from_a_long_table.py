"""
Events from a long table
========================

How does a table with one row an event become one vector a patient?

Events come at irregular times, are of several kinds, and few of them carry a value.
One line of pandas or polars makes a frame with one row a patient, whose cells are
lists. The embedder takes that frame as it is: categories, numbers with gaps, and times.
We tell two kinds of patients apart, and compare with simple counts and means.
"""

# %%
# A long table
# ------------
# A small generator makes up the events of 240 patients of two kinds. Some move, by and
# by, from the emergency room to the clinic, and come back sooner and sooner. Others
# move the other way, and come back later and later. But half of all events are in any
# ward, and wards, tests and values are equally frequent in both kinds.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import polars as pl
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_seqembed import LSTMSequenceEmbedder
from sklearn_seqembed.metrics import token_match_score

rng = np.random.default_rng(0)
N_PATIENTS = 240
kind = np.arange(N_PATIENTS) % 2
WARDS = ("emergency", "surgery", "clinic")
TESTS = ("lactate", "glucose", "pressure")


def make_events(patient):
    """Make one patient's events, as a frame with one row an event."""
    n = rng.integers(6, 15)
    days = rng.exponential(np.geomspace(20, 5, n))
    stage = np.minimum(np.arange(n) * 3 // n, 2)
    if kind[patient]:
        days, stage = days[::-1], stage[::-1]
    # Every other event is in any ward.
    ward = np.where(rng.random(n) < 0.5, rng.integers(3, size=n), stage)
    test = np.where(rng.random(n) < 0.3, rng.integers(3, size=n), ward)
    value = 5 + 2.0 * (test == 0) - stage + rng.normal(0, 0.7, n)
    value[rng.random(n) < 0.4] = np.nan
    return pd.DataFrame(
        {
            "patient": f"p{patient:03}",
            "time": pd.Timestamp("2024-01-01")
            + pd.to_timedelta(np.round(np.cumsum(days) * 24), "h"),
            "ward": np.take(WARDS, ward),
            "test": np.take(TESTS, test),
            "value": value.round(1),
        }
    )


events = pd.concat([make_events(patient) for patient in range(N_PATIENTS)])
events = events.sample(frac=1, random_state=0, ignore_index=True)  # in no order
print(events.head().to_string(index=False))
print(f"{len(events)} events, {events['value'].isna().mean():.0%} without a value")

# %%
# One row a patient
# -----------------
# Sort by time, group by patient, collect lists: that is all. ``groupby`` moves the key
# to the index, where it is no feature.

X = events.sort_values("time").groupby("patient").agg(list)
print(X.head(3).to_string(max_colwidth=24))

# %%
# In polars the key is a column, and has to be dropped. What comes back from the
# embedder is then a frame of polars.

X_polars = (
    pl.from_pandas(events)
    .sort("time")
    .group_by("patient", maintain_order=True)
    .agg(pl.all())
    .sort("patient")
    .drop("patient")
)
print(X_polars.head(3))

# %%
# Fit
# ---
# Strings are categories. NaN is a missing value: not read, not counted. Of a time the
# network reads how long ago the event before was, and how long ago the first one; so
# sampling need not be regular, and the date itself plays no part.

train, test = X.iloc[:160], X.iloc[160:]
embedder = LSTMSequenceEmbedder(
    n_components=96, hidden_size=96, max_epochs=60, lr=0.01, random_state=0
)
embedder.fit(train)
print("categories:", [None if c is None else list(c) for c in embedder.categories_])
print(f"explained of 80 patients kept out: {embedder.score(test):.2f}")

# %%
# DecoderOutput back
# -----------
# ``reconstruct`` returns a frame like X, with the same index. Values stand where none
# was measured, too. Times are counted from the patient's own first event.

back = embedder.reconstruct(test)
print(back.head(3).to_string(max_colwidth=24))
for column in ("ward", "test"):
    share = token_match_score(test[[column]], back[[column]])
    frequent = events[column].value_counts(normalize=True).iloc[0]
    print(f"{column}: {share:.0%} come back; always the most frequent: {frequent:.0%}")

# %%
# ``inverse_transform`` gets the vectors alone. They do not hold the date, so times are
# durations since the first event.

played = embedder.inverse_transform(embedder.transform(test))
print(played.head(3).to_string(max_colwidth=24))

# %%
# Two kinds of patients
# ---------------------
# The baseline has what one would aggregate first: how many events and days, the share
# of each ward and test, and mean, smallest and largest value. A second baseline knows
# the first and the last ward and test, too: so much one has to think of.


def aggregate(events):
    """Make one row of simple numbers a patient."""
    by_patient = events.groupby("patient")
    span = by_patient["time"].max() - by_patient["time"].min()
    numbers = by_patient["value"].agg(["mean", "min", "max"])
    numbers["n_events"] = by_patient.size()
    numbers["days"] = span.dt.total_seconds() / 86400
    for column in ("ward", "test"):
        shares = pd.crosstab(events["patient"], events[column], normalize="index")
        numbers = numbers.join(shares)
    return numbers.fillna(numbers.mean())


def add_ends(numbers, events):
    """Add the first and the last ward and test of each patient."""
    by_patient = events.sort_values("time").groupby("patient")[["ward", "test"]]
    ends = by_patient.first().join(by_patient.last(), lsuffix="_first", rsuffix="_last")
    return numbers.join(pd.get_dummies(ends, dtype=float))


y = kind
numbers = aggregate(events)
classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
embedded = make_pipeline(
    LSTMSequenceEmbedder(
        n_components=96, hidden_size=96, max_epochs=20, lr=0.01, random_state=0
    ),
    StandardScaler(),
    LogisticRegression(max_iter=1000),
)
scores = {
    "aggregates": cross_val_score(classifier, numbers, y, cv=3),
    "and ends": cross_val_score(classifier, add_ends(numbers, events), y, cv=3),
    "vectors": cross_val_score(embedded, X, y, cv=3),
}
for name, score in scores.items():
    print(f"{name:10}: {score.mean():.2f} of the patients are told apart rightly")

# %%
# One patient, and all
# --------------------

patient = test.index[0]
seen, found = test.loc[patient], back.loc[patient]
fig, (left, right) = plt.subplots(
    1, 2, figsize=(9.5, 4), width_ratios=(2, 1), layout="constrained"
)
for cell, style, label in ((seen, "ko", "as it was"), (found, "C0x", "recreated")):
    place = [WARDS.index(ward) for ward in cell["ward"]]
    left.plot(cell["time"], place, style, mfc="none", ms=8, label=label)
left.set_yticks(range(3), WARDS)
left.set(title=f"Wards of {patient}", ylim=(-0.5, 2.9))
left.tick_params(axis="x", rotation=30)
left.legend(ncols=2, loc="upper center", fontsize="small")
right.bar(list(scores), [s.mean() for s in scores.values()], color=["C1", "C1", "C0"])
right.axhline(0.5, color="0.5", ls="--", lw=1)
right.set(ylim=(0, 1), ylabel="accuracy", title="Which kind of patient?")
plt.show()

# %%
# What to remember
# ----------------
# - ``df.sort_values("time").groupby("patient").agg(list)`` makes X of a long table.
# - Times, categories and numbers with gaps stand in one frame. Nothing is binned,
#   filled in or encoded before.
# - Counts and means do not know in which order events came. Where they tell what is
#   asked, as they often do, they are the simpler way.

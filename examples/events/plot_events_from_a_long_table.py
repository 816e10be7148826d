"""
Events from a long table
========================

How do you encode each patient as a vector, given a table with one row per event?

Events occur at irregular times and are of several kinds, and only some of them have a
numeric value. :func:`~sklearn_seqembed.sequences_from_long` collects the events of each
patient, from pandas or polars: this makes a frame with one row per patient, whose cells
are lists. The embedder accepts this frame, including categories, missing numbers and
times. In this example, we classify two groups of patients and compare with simple
aggregates.
"""

# %%
# A long table
# ------------
# We generate the events of 240 patients from two groups. Patients of the first group
# move from the emergency room to the clinic, and their visits become more frequent.
# Patients of the second group move the other way, and their visits become less
# frequent. Half of all events take place in a random ward, and wards, tests and values
# have the same distribution in both groups.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import polars as pl
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_seqembed import LSTMSequenceEmbedder, sequences_from_long
from sklearn_seqembed.metrics import token_match_score

rng = np.random.default_rng(0)
N_PATIENTS = 240
group = np.arange(N_PATIENTS) % 2
WARDS = ("emergency", "surgery", "clinic")
TESTS = ("lactate", "glucose", "pressure")


def make_events(patient):
    """Generate a frame with one row for each event of a patient."""
    n = rng.integers(6, 15)
    days = rng.exponential(np.geomspace(20, 5, n))
    stage = np.minimum(np.arange(n) * 3 // n, 2)
    if group[patient]:
        days, stage = days[::-1], stage[::-1]
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
events = events.sample(frac=1, random_state=0, ignore_index=True)  # shuffle the rows
print(events.head().to_string(index=False))
print(f"{len(events)} events, {events['value'].isna().mean():.0%} without a value")

number = events["patient"].str[1:].astype(int)
days = events["time"] - events.groupby("patient")["time"].transform("min")
fig, axes = plt.subplots(1, 2, figsize=(9.5, 3.4), sharey=True, layout="constrained")
for k, ax in enumerate(axes):
    for ward in WARDS:
        shown = (number < 20) & (number % 2 == k) & (events["ward"] == ward)
        elapsed = days[shown] / pd.Timedelta("1D")
        ax.scatter(elapsed, number[shown] // 2, s=24, label=ward)
    ax.set(xlabel="days since the first event", title=f"Group {k + 1}: ten patients")
axes[0].set(ylabel="patient", yticks=[])
fig.legend(*axes[0].get_legend_handles_labels(), loc="outside right center")
plt.show()

# %%
# One row per patient
# -------------------
# The events of each patient are sorted by time. The rows are in the order of the
# patients, which are also the index, and are not a feature. Labels in any other order
# can be selected by it.

X, patients = sequences_from_long(events, by="patient", time="time")
print(X.head(3).to_string(max_colwidth=24))
y = pd.Series(group, index=[f"p{i:03}" for i in range(N_PATIENTS)]).loc[patients]

# %%
# The function gives the same lists for polars, and the embedder then returns polars
# frames.

X_polars, _ = sequences_from_long(pl.from_pandas(events), by="patient", time="time")
print(X_polars.head(3))

# %%
# Fit the embedder
# ----------------
# Strings are categories. NaN is a missing value, which is neither used as an input nor
# counted in the loss. For each event, the network uses the time since the previous
# event and the time since the first one. The intervals between events may therefore
# differ, and the date itself has no effect.

train, test = X.iloc[:160], X.iloc[160:]
embedder = LSTMSequenceEmbedder(
    n_components=96, hidden_size=96, max_epochs=30, lr=0.01, random_state=0
)
embedder.fit(train)
print("categories:", [None if c is None else list(c) for c in embedder.categories_])
print(f"explained fraction, 80 unseen patients: {embedder.score(test):.2f}")

# %%
# Reconstruct the events
# ----------------------
# ``reconstruct`` returns a frame like X, with the same index. It includes a value for
# every event, even if none was measured. Times are counted from the patient's first
# event, whose date is known.

reconstructed = embedder.reconstruct(test)
print(reconstructed.head(3).to_string(max_colwidth=24))
for column in ("ward", "test"):
    correct = token_match_score(test[[column]], reconstructed[[column]])
    most_frequent = events[column].value_counts(normalize=True).iloc[0]
    print(
        f"{column}: {correct:.0%} correct; "
        f"always predicting the most frequent: {most_frequent:.0%}"
    )

# %%
# ``inverse_transform`` receives only the vectors, which do not contain the date. It
# returns times as durations since the first event.

decoded = embedder.inverse_transform(embedder.transform(test))
print(*decoded["time"].iloc[0][:4], sep=", ")

# %%
# Classify the patients
# ---------------------
# The first baseline uses common aggregates: the number of events and days, the fraction
# of each ward and test, and the mean, minimum and maximum of the values. The second
# baseline adds the first and the last ward and test of each patient. These help here,
# but you have to think of them first.


def aggregate(events):
    """Compute aggregates of the events of each patient."""
    by_patient = events.groupby("patient")
    span = by_patient["time"].max() - by_patient["time"].min()
    features = by_patient["value"].agg(["mean", "min", "max"])
    features["n_events"] = by_patient.size()
    features["days"] = span.dt.total_seconds() / 86400
    for column in ("ward", "test"):
        fractions = pd.crosstab(events["patient"], events[column], normalize="index")
        features = features.join(fractions)
    return features.fillna(features.mean())


def first_and_last(events):
    """Encode the first and the last ward and test of each patient."""
    by_patient = events.sort_values("time").groupby("patient")[["ward", "test"]]
    ends = by_patient.first().join(by_patient.last(), lsuffix="_first", rsuffix="_last")
    return pd.get_dummies(ends, dtype=float)


aggregates = aggregate(events)
classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
model = make_pipeline(
    LSTMSequenceEmbedder(
        n_components=96, hidden_size=96, max_epochs=8, lr=0.01, random_state=0
    ),
    classifier,
)
with_ends = aggregates.join(first_and_last(events))
scores = {
    "aggregates": cross_val_score(classifier, aggregates, y, cv=3).mean(),
    "aggregates,\nfirst and last": cross_val_score(
        classifier, with_ends, y, cv=3
    ).mean(),
    "embedding": cross_val_score(model, X, y, cv=3).mean(),
}
for name, score in scores.items():
    print(f"accuracy of {name.replace(chr(10), ' ')}: {score:.2f}")

# %%
# Plot one patient and the accuracies
# -----------------------------------

patient = test.index[0]
fig, (left, right) = plt.subplots(
    1, 2, figsize=(9.5, 4), width_ratios=(3, 2), layout="constrained"
)
for row, style, label in (
    (test.loc[patient], "ko", "original"),
    (reconstructed.loc[patient], "C0x", "reconstruction"),
):
    ward = [WARDS.index(ward) for ward in row["ward"]]
    left.plot(row["time"], ward, style, mfc="none", ms=8, label=label)
left.set_yticks(range(3), WARDS)
left.set(title=f"Wards of patient {patient}", ylim=(-0.5, 2.9))
left.tick_params(axis="x", rotation=30)
left.legend(ncols=2, loc="upper center", fontsize="small")
right.bar(list(scores), list(scores.values()), color=["C1", "C1", "C0"])
right.axhline(0.5, color="0.5", ls="--", lw=1, label="chance level")
right.legend(loc="upper left", fontsize="small")
right.set(ylim=(0, 1), ylabel="accuracy", title="Classification into two groups")
plt.show()

# %%
# The reconstruction is approximate, in its times as well: about two out of three wards
# are correct over all test patients. In the classification, the aggregates are little
# better than chance, because the groups differ in the order of their events. The first
# and the last ward and test help, but the embedding is best.
#
# What to remember
# ----------------
# - ``sequences_from_long(events, by="patient", time="time")`` makes one row per
#   patient.
# - One frame can contain times, categories and numbers with missing values. You do not
#   have to bin, impute or encode them first.
# - Aggregates ignore the order of the events. They are simpler, and often sufficient.

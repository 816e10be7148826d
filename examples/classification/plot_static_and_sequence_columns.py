"""
Combining static columns and sequences
======================================

What should you do if patients have static features, such as age, as well as events?

Keep them in one frame whose columns contain either single numbers or lists. A
``ColumnTransformer`` passes each column to a suitable transformer, and the whole
pipeline can be tuned with a grid search. In this example, we measure which columns help
a classifier, and see which inputs the embedder rejects.
"""

# %%
# The data
# --------
# We generate 240 patients. The risk of a patient increases with age and with the slope
# of the measured values. The mean of the values has no effect. (If the events are in a
# table of their own, with one row per event, ``X, keys = sequences_from_long(events,
# by="patient", time="time")`` and ``X.join(patients)`` make such a frame.)

import textwrap

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_seqembed import LSTMSequenceEmbedder

rng = np.random.default_rng(0)
N_PATIENTS = 240


def make_patient():
    """Generate the age, wards and values of a patient."""
    n = rng.integers(5, 13)
    slope = rng.normal(0, 1.5)
    value = 10 + slope * np.linspace(-1, 1, n) + rng.normal(0, 0.7, n)
    value[rng.random(n) < 0.2] = np.nan
    value[0] = 10 - slope
    return {
        "age": rng.normal(60, 12),
        "ward": rng.choice(["emergency", "surgery", "clinic"], n).tolist(),
        "value": value.round(1).tolist(),
        "slope": slope,
    }


patients = pd.DataFrame([make_patient() for _ in range(N_PATIENTS)])
risk = (patients["age"] - 60) / 12 + patients["slope"] / 1.5
y = (risk + rng.normal(0, 0.5, N_PATIENTS) > 0).to_numpy()
X = patients.drop(columns="slope")  # not observed
print(X.head(3).to_string(max_colwidth=45))

fig, axes = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
for risky, color, label in ((False, "C0", "low risk"), (True, "C3", "high risk")):
    for values in X["value"][y == risky][:10]:
        axes[0].plot(values, color, marker=".", lw=0.8)
    axes[1].hist(X["age"][y == risky], range(20, 105, 5), color=color, alpha=0.6)
    axes[0].plot([], [], color, label=label)
axes[0].set(xlabel="event", ylabel="value", title="Values of 20 patients")
axes[0].legend()
axes[1].set(xlabel="age", ylabel="number of patients", title="Ages of all patients")
plt.show()

# %%
# Combine transformers
# --------------------
# The embedder receives the columns of lists. Each column is a feature, and all lists in
# one row must have the same length.

columns = ColumnTransformer(
    [
        (
            "events",
            LSTMSequenceEmbedder(
                n_components=8, hidden_size=64, max_epochs=6, lr=0.01, random_state=0
            ),
            ["ward", "value"],
        ),
        ("static", StandardScaler(), ["age"]),
    ]
)

# %%
# After ``set_output``, the result is a frame with the index of X. Its column names show
# which transformer each column comes from.

vectors = columns.set_output(transform="pandas").fit_transform(X)
print(vectors.iloc[:3, [0, 1, -1]].round(2).to_string())
print(vectors.shape)

# %%
# Tune the pipeline
# -----------------
# In the grid, the name of a parameter of the embedder begins with the names of the
# steps that contain it. In each fold, the embedder is fitted on the training rows only.

classifier = LogisticRegression(max_iter=1000)
model = Pipeline([("columns", columns), ("classify", classifier)])
grid = {"columns__events__n_components": [8, 32]}
search = GridSearchCV(model, grid, cv=3).fit(X, y)
for params, score in zip(
    search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True
):
    print(f"{params}: {score:.2f}")

# %%
# Compare the columns
# -------------------
# We fit the same pipeline without the age, and then without the events. The last
# baseline uses the age and the mean of the values, which needs no sequence model.

embedder = search.best_estimator_["columns"].transformers[0][1]
events_only = Pipeline([("events", embedder), ("classify", classifier)])
static = Pipeline([("scale", StandardScaler()), ("classify", classifier)])
means = pd.DataFrame({"age": X["age"], "mean": X["value"].map(np.nanmean)})
scores = {
    "age and events": search.best_score_,
    "events only": cross_val_score(events_only, X[["ward", "value"]], y, cv=3).mean(),
    "age only": cross_val_score(static, X[["age"]], y, cv=3).mean(),
    "age and mean value": cross_val_score(static, means, y, cv=3).mean(),
}
for name, score in scores.items():
    print(f"{name:18}: {score:.2f}")

fig, ax = plt.subplots(figsize=(7, 3), layout="constrained")
bars = ax.barh(list(scores), list(scores.values()), color=["C0", "C0", "C1", "C1"])
ax.bar_label(bars, fmt="%.2f", padding=3)
ax.axvline(max(y.mean(), 1 - y.mean()), color="0.5", ls="--", lw=1)
ax.invert_yaxis()
ax.set(
    xlim=(0, 1),
    xlabel="accuracy (dashed: always predicting the larger class)",
    title="Accuracy by columns",
)
plt.show()

# %%
# The events and the age both help, and together they are best. Adding the mean value to
# the age hardly helps, because the risk depends on the slope of the values.

# %%
# Inputs that are rejected
# ------------------------
# An age is not a sequence, and the embedder does not guess that it should be repeated
# at every time step.


def print_error(function, X):
    """Print the error that a function raises for X."""
    try:
        function(X)
    except (TypeError, ValueError) as error:
        print(textwrap.fill(f"{type(error).__name__}: {error}", 88), "\n")


print_error(LSTMSequenceEmbedder().fit, X)

# %%
# A column of strings is rejected for the same reason. Encode a static category with
# ``OneHotEncoder``.

X_sex = X[["ward"]].assign(sex=np.where(rng.random(N_PATIENTS) < 0.5, "female", "male"))
print_error(LSTMSequenceEmbedder().fit, X_sex)

# %%
# A fitted embedder requires the same columns in the same order. The
# ``ColumnTransformer`` selects columns by name, so it accepts any order.

embedder = search.best_estimator_["columns"].named_transformers_["events"]
print_error(embedder.transform, X[["value", "ward"]])
print(search.predict(X[["value", "ward", "age"]])[:5])

# %%
# What to remember
# ----------------
# - Use a ``ColumnTransformer`` to pass columns of lists to the embedder, and other
#   columns to other transformers. It concatenates the results.
# - If there are few rows, use a small ``n_components``, so that the vector does not
#   outweigh the static columns. A grid search finds a good value.
# - A slope can also be computed by hand, if you know that it matters.

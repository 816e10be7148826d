"""
Combine static columns and sequences: patients with an age and a history
========================================================================

What should you do if patients have static features, such as age, as well as events?

Keep them in one frame whose columns contain either single values or lists. A
``ColumnTransformer`` passes each column to a suitable transformer, and the whole
pipeline can be tuned with a grid search. In this example, we predict from the first
five days in hospital whether a patient will die there. We measure which columns help,
compare with the last state alone, and see which inputs the embedder rejects.
"""

# %%
# The data
# --------
# The package pymsm contains the states of 2,675 patients with COVID-19 who came to
# hospitals in Israel in spring 2020, with their age and sex (Roimi et al., 2021). We
# keep those who were still in the hospital on the fifth day, and whose stay was over
# when the record ended. Each row has the states on five days as a list. (``pip install
# --no-deps pymsm`` installs the package without the old versions of others that it
# requires, but that its data do not need.)

import textwrap
from importlib.resources import files

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sklearn_seqembed import LSTMSequenceEmbedder

N_DAYS = 5
STATES = {2: "mild", 3: "moderate", 4: "severe", 5: "died", 1: "left", 6: "left"}
patients = pd.read_csv(files("pymsm") / "datasets" / "covid_hosp_data.csv")
patients["age"] = patients["age_group"].str.extract(r"(\d+)", expand=False).astype(int)
log = pd.wide_to_long(patients.assign(time0=0), ["type", "time"], i="id", j="step")
log = log[log["type"] > 0].sort_index()  # one row per change of the state
log["state"] = log["type"].map(STATES)
log["day"] = log.groupby("id")["time"].cumsum()
has_ended = log["state"].isin(["left", "died"])
outcome = log[has_ended].groupby("id")["state"].first()

daily = log.groupby(["id", "day"])["state"].last().unstack()
daily = daily.reindex(columns=range(N_DAYS)).ffill(
    axis=1
)  # a state lasts until changed
is_there = ~daily.isin(["left", "died"]).any(axis=1)
X = patients.set_index("id")[["age", "sex"]]
X["state"] = daily.to_numpy().tolist()
X = X[is_there & X.index.isin(outcome.index)]
y = (outcome[X.index] == "died").to_numpy()
print(X.head(3).to_string())
print(f"{len(X)} patients, of whom {y.sum()} died")

last_state = X["state"].str[-1].rename("last state")
fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
ages = pd.cut(X["age"], [0, 50, 60, 70, 80, 120], right=False)
names = ["<50", "50s", "60s", "70s", "80+"]
died = pd.Series(y, X.index).groupby([last_state, ages], observed=False).mean()
for state, color in (("severe", "C3"), ("moderate", "C1"), ("mild", "C0")):
    ax.plot(names, died[state], color=color, marker="o", label=state)
ax.set(xlabel="age", ylabel="fraction of patients", title="Deaths by age and state")
ax.legend(title="state on the\nfifth day")
plt.show()

# %%
# Combine transformers
# --------------------
# The embedder receives the column of lists. There may be several: each is a feature,
# and all lists in one row must have the same length. (If the events are in a table of
# their own, with one row per event, ``X, keys = sequences_from_long(events,
# by="patient", time="time")`` and ``X.join(patients)`` make such a frame.)

embedder = LSTMSequenceEmbedder(n_components=16, max_epochs=0, random_state=0)
columns = ColumnTransformer(
    [
        ("states", embedder, ["state"]),
        ("age", "passthrough", ["age"]),
        ("sex", OneHotEncoder(drop="if_binary", sparse_output=False), ["sex"]),
    ]
)

# %%
# After ``set_output``, the result is a frame with the index of X. Its column names show
# which transformer each column comes from.

vectors = columns.set_output(transform="pandas").fit_transform(X)
print(vectors.iloc[:3, [0, 1, -2, -1]].round(2).to_string())
print(vectors.shape)

# %%
# Compare the columns
# -------------------
# We fit the same pipeline to all columns, without the static ones, and without the
# states. The plain baseline is the state on the last day, which needs no sequence
# model. Only one in nine patients dies, so that accuracy says little. The area under
# the ROC curve is the probability that of two patients, of whom one died, that one has
# the higher predicted risk; 0.5 is the chance level.

folds = StratifiedKFold(5, shuffle=True, random_state=0)


def make_model(*names):
    """Make a classifier that uses the named transformers."""
    last = ("last state", OneHotEncoder(sparse_output=False), ["last state"])
    chosen = [t for t in (*columns.transformers, last) if t[0] in names]
    return Pipeline(
        [
            ("columns", ColumnTransformer(chosen)),
            ("scale", StandardScaler()),
            ("classify", LogisticRegression(max_iter=1000)),
        ]
    )


models = {
    "age and sex": make_model("age", "sex"),
    "states of five days": make_model("states"),
    "age, sex and states": make_model("age", "sex", "states"),
    "last state": make_model("last state"),
    "age, sex and last state": make_model("age", "sex", "last state"),
}
X_last = X.join(last_state)
scores = {
    name: cross_val_score(model, X_last, y, cv=folds, scoring="roc_auc")
    for name, model in models.items()
}
for name, score in scores.items():
    print(f"{name:24} {score.mean():.3f} ± {score.std():.3f}")

fig, ax = plt.subplots(figsize=(7, 3), layout="constrained")
means = [score.mean() for score in scores.values()]
bars = ax.barh(list(scores), means, color=["C0", "C0", "C0", "C1", "C1"])
ax.bar_label(bars, fmt="%.3f", padding=3)
ax.invert_yaxis()
ax.set(
    xlim=(0.5, 1),
    xlabel="area under the ROC curve (orange: no sequence model)",
    title="AUC by columns used",
)
plt.show()

# %%
# Static columns and states are about equally useful, and together they are much better
# than either. But no sequence model is needed here: the last state with age and sex is
# slightly better than the vector of all five states. 86% of these patients are in the
# same state on all five days, so the earlier ones say little else.
#
# Tune the pipeline
# -----------------
# In the grid, the name of a parameter of the embedder begins with the names of the
# steps that contain it. In each fold, the embedder is fitted on the training rows only.

grid = {"columns__states__n_components": [4, 16]}
search = GridSearchCV(
    models["age, sex and states"], grid, cv=folds, scoring="roc_auc"
).fit(X, y)
for params, score in zip(
    search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True
):
    print(f"{params}: {score:.3f}")

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


print_error(LSTMSequenceEmbedder().fit, X[["age", "state"]])

# %%
# A column of strings is rejected for the same reason. Encode a static category with
# ``OneHotEncoder``.

print_error(LSTMSequenceEmbedder().fit, X[["state", "sex"]])

# %%
# A fitted embedder requires the same columns in the same order. The
# ``ColumnTransformer`` selects columns by name, so it accepts any order.

X_two = X[["state"]].assign(day=[np.arange(N_DAYS)] * len(X))
embedder.fit(X_two)
print_error(embedder.transform, X_two[["day", "state"]])
print(search.predict_proba(X[["state", "sex", "age"]])[:3, 1].round(3))

# %%
# What to remember
# ----------------
# - Use a ``ColumnTransformer`` to pass columns of lists to the embedder, and other
#   columns to other transformers. It concatenates the results.
# - Scale the vectors together with the static columns, and let a grid search find a
#   good value of ``n_components``.
# - Compare with the last value of each sequence. If all that matters is how things are
#   now, you need no sequence model.

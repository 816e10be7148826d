"""
Static columns beside sequences
===============================

What if each patient has an age as well as events?

One frame may have columns of both kinds: single numbers and lists. A
``ColumnTransformer`` sends each to a transformer of its own, and the whole stands in a
pipeline under a grid search. We ask which columns help, and look at what is refused.
"""

# %%
# One frame
# ---------
# 240 made-up patients. Their risk hangs on two things: whether they are old, and
# whether their values rise along the stay. The mean of the values says nothing.

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
    """Make one row: an age, wards and values."""
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
X = patients.drop(columns="slope")  # hidden
print(X.head(3).to_string(max_colwidth=45))

# %%
# One transformer a kind of column
# --------------------------------
# The embedder gets the columns of lists. All cells of one row have equally many steps,
# and each column is one feature.

columns = ColumnTransformer(
    [
        (
            "events",
            LSTMSequenceEmbedder(
                n_components=8, hidden_size=64, max_epochs=25, lr=0.01, random_state=0
            ),
            ["ward", "value"],
        ),
        ("static", StandardScaler(), ["age"]),
    ]
)

# %%
# ``set_output`` makes the vectors a frame, with the index of X and names that say where
# each column comes from.

vectors = columns.set_output(transform="pandas").fit_transform(X)
print(vectors.iloc[:3, [0, 1, -1]].round(2).to_string())
print(vectors.shape)

# %%
# Under a grid search
# -------------------
# Parameters of the embedder are reached through the names of the steps. It is fitted
# anew in each fold, on the training rows alone.

classifier = LogisticRegression(max_iter=1000)
model = Pipeline([("columns", columns), ("classify", classifier)])
grid = {"columns__events__n_components": [8, 32]}
search = GridSearchCV(model, grid, cv=3).fit(X, y)
for params, score in zip(
    search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True
):
    print(f"{params}: {score:.2f}")

# %%
# Which columns help?
# -------------------
# The same pipeline without the age, and without the events. The last bar has the age
# and the mean of the values: what one has without a sequence model.

best = search.best_estimator_
without_age = Pipeline(
    [("events", best["columns"].transformers[0][1]), ("classify", best["classify"])]
)
means = pd.DataFrame({"age": X["age"], "mean": X["value"].map(np.nanmean)})
plain = Pipeline([("scale", StandardScaler()), ("classify", best["classify"])])
scores = {
    "age and events": search.best_score_,
    "events alone": cross_val_score(without_age, X[["ward", "value"]], y, cv=3).mean(),
    "age alone": cross_val_score(plain, X[["age"]], y, cv=3).mean(),
    "age and mean value": cross_val_score(plain, means, y, cv=3).mean(),
}
for name, score in scores.items():
    print(f"{name:18}: {score:.2f}")

fig, ax = plt.subplots(figsize=(7, 3), layout="constrained")
bars = ax.barh(list(scores), list(scores.values()), color=["C0", "C0", "C1", "C1"])
ax.bar_label(bars, fmt="%.2f", padding=3)
ax.axvline(max(y.mean(), 1 - y.mean()), color="0.5", ls="--", lw=1)
ax.invert_yaxis()
ax.set(xlim=(0, 1), xlabel="accuracy (dashed: always the larger class)")
plt.show()

# %%
# What is refused, and why
# ------------------------
# An age is no sequence. The embedder does not guess that it should stand at every step.


def show_refusal(call, X):
    """Print with which words X is refused."""
    try:
        call(X)
    except (TypeError, ValueError) as refusal:
        print(textwrap.fill(f"{type(refusal).__name__}: {refusal}", 88), "\n")


show_refusal(LSTMSequenceEmbedder().fit, X)

# %%
# A column of words is a column of sequences, too: each string is the sequence of its
# characters. So a static category goes to a ``OneHotEncoder``. Beside the wards the
# lengths would not fit:

X_sex = X[["ward"]].assign(sex=np.where(rng.random(N_PATIENTS) < 0.5, "female", "male"))
show_refusal(LSTMSequenceEmbedder().fit, X_sex)

# %%
# What was fitted on some columns wants these columns again, in their order. The
# ``ColumnTransformer`` picks them by name, and does not mind.

events = search.best_estimator_["columns"].named_transformers_["events"]
show_refusal(events.transform, X[["value", "ward"]])
print(search.predict(X[["value", "ward", "age"]])[:5])

# %%
# What to remember
# ----------------
# - ``ColumnTransformer`` gives columns of lists to the embedder, and others to whatever
#   suits them. Their vectors stand side by side.
# - Few numbers (``n_components``) suit few rows, where static columns are to be heard
#   beside them. A grid search says how many.
# - A slope could be taken by hand as well, if one knew that it matters.

"""
Tuning with GridSearchCV
========================

How are the parameters of the embedder and of the classifier chosen together?

Just as for any scikit-learn transformer: a ``Pipeline`` in ``GridSearchCV``, on a plain
list of arrays. Without labels the embedder can be tuned alone, by its own ``score``.
"""

# %%
# Sequences that an average cannot tell apart
# -------------------------------------------
# All sequences pass through the same four levels. The six classes differ only in the
# order in which they do. The classes share their mean over time, up to noise.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from sklearn_seqembed import LSTMSequenceEmbedder
from sklearn_seqembed.datasets import make_sequences

X, y = make_sequences(
    240, n_features=2, n_classes=6, lengths=(20, 40), noise=0.4, random_state=0
)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.5, stratify=y, random_state=0
)
print(
    type(X_train).__name__, "of", len(X_train), "arrays, the first:", X_train[0].shape
)

# %%
# Embedder and classifier together
# --------------------------------
# With ``n_jobs=2`` two candidates are tried at a time, each in a process of its own and
# on one thread.

model = Pipeline(
    [
        ("embed", LSTMSequenceEmbedder(max_epochs=15, random_state=0)),
        ("classify", SVC()),
    ]
)
grid = {"embed__n_components": [16, 32, 64], "classify__C": [1, 10]}
search = GridSearchCV(model, grid, cv=2, n_jobs=2).fit(X_train, y_train)
print("best parameters:", search.best_params_)
print(f"accuracy on the test part: {search.score(X_test, y_test):.2f}")

# %%
# The same search for the plain baseline, the mean over time of each feature.


def mean_over_time(X):
    """Average each sequence over its time steps."""
    return np.array([x.mean(axis=0) for x in X])


baseline = make_pipeline(FunctionTransformer(mean_over_time), StandardScaler(), SVC())
baseline_search = GridSearchCV(baseline, {"svc__C": [1, 10]}, cv=2)
baseline_search.fit(X_train, y_train)
print(f"mean over time: {baseline_search.score(X_test, y_test):.2f}")
print(f"guessing: {1 / 6:.2f}")

# %%
# Without labels
# --------------
# ``score`` needs no ``y``: it is the share of the sequences that their vectors explain.
# So ``GridSearchCV`` can tune the embedder alone.

alone = GridSearchCV(
    LSTMSequenceEmbedder(max_epochs=15, random_state=0),
    {"n_components": [16, 32, 64]},
    cv=2,
    n_jobs=2,
)
alone.fit(X_train)
print("best n_components:", alone.best_params_["n_components"])
for n, share in zip([16, 32, 64], alone.cv_results_["mean_test_score"], strict=True):
    print(f"{n:2} components explain {share:.2f} of unseen sequences")

# %%
# Both searches in one picture
# ----------------------------

results = search.cv_results_
fig, ax = plt.subplots(figsize=(8, 3.8), layout="constrained")
for C, style in ((1, "C0o-"), (10, "C0s--")):
    picked = np.array(results["param_classify__C"] == C)
    ax.errorbar(
        np.array(results["param_embed__n_components"][picked], dtype=int),
        results["mean_test_score"][picked],
        results["std_test_score"][picked],
        fmt=style,
        capsize=3,
        label=f"accuracy, C={C}",
    )
ax.errorbar(
    [16, 32, 64],
    alone.cv_results_["mean_test_score"],
    alone.cv_results_["std_test_score"],
    fmt="C1^-",
    capsize=3,
    label="explained share",
)
ax.axhline(baseline_search.best_score_, color="0.5", ls=":", label="mean over time")
ax.set_xscale("log", base=2)
ax.set_xticks([16, 32, 64], ["16", "32", "64"])
ax.set(xlabel="n_components", ylabel="mean over two folds", ylim=(0, 1.03))
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()

# %%
# Vectors of 16 numbers are too short by both measures, and the longest of the three are
# best: the search ends at its edge, so try longer ones. ``C`` matters less. The classes
# need the order of the steps, so the mean over time is about as good as guessing.
#
# What to remember
# ----------------
# - ``embed__n_components`` names a parameter of the step ``embed``, as in any pipeline.
# - The list is cut into folds as it is. No padding, no wrapper.
# - Each candidate trains its own network. Search with a small ``max_epochs``, then
#   train the best one for longer.
# - Without labels let ``score`` choose. It always favours vectors that hold more, so
#   stop where it no longer grows much.

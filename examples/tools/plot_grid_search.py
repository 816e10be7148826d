"""
Tuning the embedder with GridSearchCV
=====================================

How do you tune the parameters of the embedder and of the classifier together?

The same way as with any scikit-learn transformer: pass a ``Pipeline`` to
``GridSearchCV``, and fit it on a list of arrays. If there are no labels, tune the
embedder alone with its own ``score``.
"""

# %%
# Sequences that differ only in their order
# -----------------------------------------
# Every sequence visits the same four plateaus. The six classes visit them in different
# orders, so the mean over time is the same for all classes, up to noise.

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
print(f"{len(X_train)} training sequences, {len(X_test)} test sequences")
print("shape of the first sequence:", X_train[0].shape)

# %%
# Tune embedder and classifier together
# -------------------------------------
# ``n_jobs=2`` evaluates two candidates in parallel. Each runs in a separate process
# with one thread.

model = Pipeline(
    [
        ("embed", LSTMSequenceEmbedder(max_epochs=15, random_state=0)),
        ("classify", SVC()),
    ]
)
grid = {"embed__n_components": [16, 32, 64], "classify__C": [1, 10]}
search = GridSearchCV(model, grid, cv=2, n_jobs=2).fit(X_train, y_train)
print("best parameters:", search.best_params_)
print(f"test accuracy: {search.score(X_test, y_test):.2f}")

# %%
# We run the same search for the plain baseline, the mean of each feature over time.


def mean_over_time(X):
    """Average each feature over the time steps of each sequence."""
    return np.array([x.mean(axis=0) for x in X])


baseline = make_pipeline(FunctionTransformer(mean_over_time), StandardScaler(), SVC())
baseline_search = GridSearchCV(baseline, {"svc__C": [1, 10]}, cv=2)
baseline_search.fit(X_train, y_train)
print(f"test accuracy, mean over time: {baseline_search.score(X_test, y_test):.2f}")
print(f"chance level: {1 / 6:.2f}")

# %%
# Tune without labels
# -------------------
# ``score`` needs no ``y``: it returns the fraction of the sequences' variance that the
# vectors explain. ``GridSearchCV`` can therefore tune the embedder alone.

unsupervised = GridSearchCV(
    LSTMSequenceEmbedder(max_epochs=15, random_state=0),
    {"n_components": [16, 32, 64]},
    cv=2,
    n_jobs=2,
)
unsupervised.fit(X_train)
explained = unsupervised.cv_results_["mean_test_score"]
print("best n_components:", unsupervised.best_params_["n_components"])
for n_components, value in zip([16, 32, 64], explained, strict=True):
    print(f"explained fraction with {n_components} components: {value:.2f}")

# %%
# Plot both searches
# ------------------

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
    explained,
    unsupervised.cv_results_["std_test_score"],
    fmt="C1^-",
    capsize=3,
    label="explained fraction",
)
ax.axhline(
    baseline_search.best_score_, color="0.5", ls=":", label="accuracy, mean over time"
)
ax.set_xscale("log", base=2)
ax.set_xticks([16, 32, 64], ["16", "32", "64"])
ax.set(xlabel="n_components", ylabel="mean score over two folds", ylim=(0, 1.03))
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()

# %%
# By both measures, 16 components are too few and 64 are best. The best value lies at
# the edge of the grid, so larger values are worth trying. ``C`` matters less. The
# classes differ only in the order of the time steps, so the mean over time is close to
# chance.
#
# What to remember
# ----------------
# - Set a parameter of the pipeline step ``embed`` as ``embed__<parameter>``, as in any
#   pipeline.
# - ``GridSearchCV`` splits a list of arrays into folds without padding or a wrapper.
# - Each candidate trains a network. Search with a small ``max_epochs``, then train the
#   best candidate for longer.
# - Without labels, select by ``score``. It tends to grow with the number of components,
#   so stop where it no longer grows much.

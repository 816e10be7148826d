"""
Search with Ray Tune, and stop bad candidates early
===================================================

Which learning rate and batch size are best, judging by only a few epochs?

A search of scikit-learn trains each candidate to the end before it compares them. Ray
Tune runs candidates side by side, on one machine or on a cluster, reads a score after
each epoch, and stops those that fall behind. `partial_fit` trains for one epoch at a
time. This page needs the extra ``ray``.
"""

# %%
# A candidate reports its score after each epoch
# ----------------------------------------------
# The score is the explained fraction of sequences that were not used in training. We
# train without the linear map, from which training starts by default, so that there is
# more to learn.

import logging
import os
import tempfile

import matplotlib.pyplot as plt
import ray
from ray import tune
from ray.tune.schedulers import ASHAScheduler
from sklearn.model_selection import train_test_split

from sklearn_seqembed import LSTMSequenceEmbedder
from sklearn_seqembed.datasets import make_sequences

X, _ = make_sequences(300, n_features=2, lengths=(20, 40), random_state=0)
X_train, X_valid = train_test_split(X, test_size=0.3, random_state=0)
N_EPOCHS = 8


def train(candidate):
    """Train one candidate in a process of Ray, and report its scores."""
    embedder = LSTMSequenceEmbedder(
        n_components=16, linear_map=False, random_state=0, **candidate
    )
    for _ in range(N_EPOCHS):
        embedder.partial_fit(X_train)
        tune.report({"score": embedder.score(X_valid)})


# %%
# The search
# ----------
# ``ASHAScheduler`` lets a candidate go on after 1, 2 and 4 epochs only if it is in the
# better half of those that have got that far. The first ones have few others to be
# compared with, so the learning rate that seems best comes first.

grid = {"lr": [0.01, 0.003, 0.001], "batch_size": [16, 64]}
os.environ["RAY_AIR_NEW_OUTPUT"] = "0"  # else verbose=0 prints settings and paths
ray.init(
    num_cpus=2,
    include_dashboard=False,
    log_to_driver=False,
    logging_level=logging.ERROR,
)
with tempfile.TemporaryDirectory() as folder:
    tuner = tune.Tuner(
        train,
        param_space={name: tune.grid_search(values) for name, values in grid.items()},
        tune_config=tune.TuneConfig(
            metric="score",
            mode="max",
            reuse_actors=True,  # starting a process takes longer than training here
            scheduler=ASHAScheduler(max_t=N_EPOCHS, grace_period=1, reduction_factor=2),
        ),
        run_config=tune.RunConfig(
            storage_path=folder, verbose=0, log_to_file=False, callbacks=[]
        ),
    )
    results = tuner.fit()
    histories = [
        (result.config, result.metrics_dataframe["score"]) for result in results
    ]
    best = results.get_best_result()
ray.shutdown()

# %%
# What was found
# --------------
# Each point is the score after an epoch. A candidate that was stopped has fewer points,
# and a single one if it was stopped after its first epoch.

n_epochs = sum(len(scores) for _, scores in histories)
n_stopped = sum(len(scores) < N_EPOCHS for _, scores in histories)
print(f"Best: {best.config}, explained fraction {best.metrics['score']:.3f}")
print(f"Epochs: {n_epochs} instead of {len(histories) * N_EPOCHS}")

fig, ax = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
for config, scores in histories:
    is_best = config == best.config
    ax.plot(
        range(1, len(scores) + 1),
        scores,
        marker="o",
        markersize=4,
        color="C0" if is_best else "0.6",
        zorder=3 if is_best else 2,
        label="best candidate" if is_best else None,
    )
ax.set(xlabel="epoch", ylabel="explained fraction of held-out sequences")
ax.set_title(f"{n_stopped} of {len(histories)} candidates were stopped early")
ax.legend()
plt.show()

# %%
# What to remember
# ----------------
# - Train with `partial_fit` and report a score after each epoch, so that a scheduler
#   can stop a candidate.
# - Stopping saves most of the epochs, but a candidate that learns slowly at first may
#   be stopped even if it would be the best in the end. A longer ``grace_period`` makes
#   this less likely.
# - Ray takes some seconds to start its processes. It pays off if candidates train for
#   minutes, or on a cluster.

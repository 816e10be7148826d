"""
Log the training with TensorBoard and MLflow
============================================

How do you follow a training while it runs, and compare several of them afterwards?

Estimators accept the callbacks of skorch, which log to TensorBoard, MLflow, Weights &
Biases and others. We train the embedder three times, log the losses to TensorBoard, and
read the logs again to plot them. The code for MLflow is shown as well.
"""

# %%
# Three runs in one folder
# ------------------------
# We embed the names of cities and islands from the database of time zones, which every
# Python can list, letter by letter. Each run has a folder of its own below one common
# folder. ``early_stopping=True`` holds out a tenth of the names, whose loss is logged
# as ``valid_loss``.

import tempfile
import zoneinfo
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import train_test_split
from skorch.callbacks import TensorBoard
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.utils.tensorboard import SummaryWriter

from sklearn_seqembed import LSTMSequenceEmbedder

zones = [
    zone
    for zone in zoneinfo.available_timezones()
    if "/" in zone and "Etc/" not in zone
]
names = sorted({zone.rpartition("/")[2].lower() for zone in zones})
X, X_test = train_test_split(names, test_size=0.2, random_state=0)
print(f"{len(X)} names for training, {len(X_test)} for the test:", *X_test[:5])

folder = tempfile.TemporaryDirectory()
logs = Path(folder.name)
embedders = {}
for lr in (0.003, 0.01, 0.03):
    name = f"lr={lr}"
    logger = TensorBoard(SummaryWriter(logs / name))
    embedders[name] = LSTMSequenceEmbedder(
        n_components=64,
        hidden_size=64,
        max_epochs=15,
        lr=lr,
        early_stopping=True,
        callbacks=[logger],
        random_state=0,
    ).fit(X)

# %%
# Read the logs
# -------------
# ``tensorboard --logdir FOLDER`` shows the runs in a browser. A program can read them
# as well:


def read_losses(run, name):
    """Read epochs and losses of a run."""
    events = EventAccumulator(str(logs / run)).Reload().Scalars(f"Loss/{name}")
    return [event.step for event in events], [event.value for event in events]


fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
for color, run in enumerate(embedders):
    ax.plot(*read_losses(run, "train_loss"), f"C{color}--")
    ax.plot(*read_losses(run, "valid_loss"), f"C{color}-", label=run)
ax.set(
    xlabel="epoch",
    xticks=range(1, 16, 2),
    ylabel="loss",
    title="Loss of held-out sequences (solid) and in training (dashed)",
)
ax.legend()
plt.show()

# %%
# Compare the runs
# ----------------
# The lowest logged loss of held-out names, and the explained fraction of new names. The
# baseline is a network that is not trained.

print(f"{'':14} epochs  lowest valid_loss  explained, test")
for run, embedder in embedders.items():
    epochs, losses = read_losses(run, "valid_loss")
    print(
        f"{run:14} {len(epochs):6} {min(losses):18.4f} {embedder.score(X_test):16.3f}"
    )
closed = LSTMSequenceEmbedder(
    n_components=64, hidden_size=64, max_epochs=0, random_state=0
).fit(X)
print(f"{'no training':14} {0:6} {'':>18} {closed.score(X_test):16.3f}")

# %%
# With the largest learning rate, the losses fall fastest in the first two epochs, and
# fluctuate afterwards. The rate in between ends with the lowest held-out loss, but the
# differences are small. 400 names are few, so that new names are explained only to a
# small part. Still, this is better than without training, where decoding a vector is
# worse than predicting the frequencies of the letters, whose explained fraction is 0.
#
# Log to MLflow
# -------------
# MLflow also records parameters and models. This code was run with mlflow-skinny 3.17
# and a SQLite file; with a server, set its address as ``tracking_uri``. MLflow is not
# needed to build this page, so the code is only shown:
#
# .. code-block:: python
#
#     import mlflow
#     from skorch.callbacks import MlflowLogger
#
#     client = mlflow.MlflowClient(tracking_uri="sqlite:///runs.db")
#     experiment = client.create_experiment("embeddings")
#     run = client.create_run(experiment, run_name="lr=0.01")
#     logger = MlflowLogger(run, client, create_artifact=False)
#     embedder = LSTMSequenceEmbedder(lr=0.01, callbacks=[logger]).fit(X)
#
#     client.log_param(run.info.run_id, "lr", 0.01)
#     client.get_metric_history(run.info.run_id, "valid_loss")
#
# What to remember
# ----------------
# - A logger is an item of the list ``callbacks``. All estimators accept it.
# - ``valid_loss`` exists only if sequences are held out, by ``early_stopping=True``.
# - Remove callbacks by ``set_params(callbacks=None)`` before you save the estimator.
# - Losses are also in ``history_``, without any logger. See :doc:`/guide/callbacks`.

logged = read_losses("lr=0.01", "valid_loss")[1]
in_history = [epoch["valid_loss"] for epoch in embedders["lr=0.01"].history_]
print("history_ and log agree:", np.allclose(logged, in_history))
folder.cleanup()

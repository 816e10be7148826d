"""
Log the training with TensorBoard and MLflow
============================================

How do you follow a training while it runs, and compare several of them afterwards?

Estimators accept the callbacks of skorch, which log to TensorBoard, MLflow, Weights &
Biases and others. We train the embedder three times, log the losses to TensorBoard and
to MLflow, and read both logs again.
"""

# %%
# Three runs in one folder
# ------------------------
# We embed the names of cities and islands from the database of time zones, which every
# Python can list, letter by letter. For TensorBoard, each run has a folder of its own
# below one common folder. MLflow keeps all runs in one SQLite file there; with a
# server, set its address as ``tracking_uri``. ``early_stopping=True`` holds out a tenth
# of the names, whose loss is logged as ``valid_loss``.

import logging
import os
import tempfile
import zoneinfo
from importlib.metadata import version
from pathlib import Path
from unittest.mock import patch

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import train_test_split
from skorch.callbacks import MlflowLogger, TensorBoard
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.utils.tensorboard import SummaryWriter

from sklearn_seqembed import LSTMSequenceEmbedder

# MLflow reads this variable when it is imported, and then reports no usage.
with patch.dict(os.environ, MLFLOW_DISABLE_TELEMETRY="true"):
    import mlflow
# It would report each table that it creates in the new file.
logging.getLogger("mlflow.store.db.utils").setLevel(logging.WARNING)

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
client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{logs / 'runs.db'}")
experiment = client.create_experiment("names", artifact_location=logs.as_uri())
embedders, runs = {}, {}
for lr in (0.003, 0.01, 0.03):
    name = f"lr={lr}"
    runs[name] = client.create_run(experiment, run_name=name)
    client.log_param(runs[name].info.run_id, "lr", lr)
    loggers = [
        TensorBoard(SummaryWriter(logs / name)),
        MlflowLogger(runs[name], client, create_artifact=False),
    ]
    embedders[name] = LSTMSequenceEmbedder(
        n_components=64,
        hidden_size=64,
        max_epochs=15,
        lr=lr,
        early_stopping=True,
        callbacks=loggers,
        random_state=0,
    ).fit(X)

# %%
# Read the logs of TensorBoard
# ----------------------------
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
# Read the logs of MLflow
# -----------------------
# ``mlflow ui --backend-store-uri sqlite:///runs.db`` shows the runs in a browser. A
# program can search for them, for example for the one whose last held-out loss is the
# lowest:

for run in client.search_runs([experiment], order_by=["metrics.valid_loss"]):
    print(
        f"{run.info.run_name:10} parameters {run.data.params}, "
        f"last valid_loss {run.data.metrics['valid_loss']:.4f}"
    )

# %%
# Both logs contain what ``history_`` contains. TensorBoard stores losses in single
# precision, so that the table has its largest relative difference from ``history_``,
# over all epochs of a run:

versions = version("tensorboard"), version("mlflow-skinny")
print(f"{'':10} epochs  TensorBoard {versions[0]}  MLflow {versions[1]}")
for name, embedder in embedders.items():
    in_history = [epoch["valid_loss"] for epoch in embedder.history_]
    in_tensorboard = read_losses(name, "valid_loss")[1]
    metrics = client.get_metric_history(runs[name].info.run_id, "valid_loss")
    in_mlflow = [metric.value for metric in sorted(metrics, key=lambda m: m.step)]
    differences = [
        np.max(np.abs(np.divide(logged, in_history) - 1))
        for logged in (in_tensorboard, in_mlflow)
    ]
    print(f"{name:10} {len(in_mlflow):6} {differences[0]:19.0e} {differences[1]:14.0e}")
folder.cleanup()

# %%
# What to remember
# ----------------
# - A logger is an item of the list ``callbacks``. All estimators accept it.
# - ``valid_loss`` exists only if sequences are held out, by ``early_stopping=True``.
# - With MLflow, log the parameters that you compare, and ``create_artifact=False`` if
#   you do not need a copy of the network for each run.
# - Remove callbacks by ``set_params(callbacks=None)`` before you save the estimator.
# - Losses are also in ``history_``, without any logger. See :doc:`/guide/callbacks`.

"""The skorch net: the training step, and interrupts."""

import numpy as np
import torch
from torch import nn

from sklearn_seqembed._training.closed_forms import ClosedFormNet
from sklearn_seqembed._training.devices import autocast, to_device
from sklearn_seqembed._training.pieces import (
    find_edges,
    join_outputs,
    split_batch,
    take_rows,
)
from sklearn_seqembed._training.threads import several_threads
from sklearn_seqembed._training.workers import current_workers

# Operations of the recurrent product of one time step for each thread of a training. On
# a machine with much other work, two threads took 1.35 times as long as one with twice
# as many operations (1,024 cells and batches of 128), and 2.4 times as long with half
# as many (512 cells).
LEAST_OPERATIONS = 500_000_000


class SequenceNet(ClosedFormNet):
    """A skorch net over a `SequenceDataset` or `PairDataset`.

    Attributes
    ----------
    compute_dtype : torch.dtype
        Dtype of matrix products in training; weights are float32.
    interrupts : Interrupts or None
        Ctrl-C during a training; None before and after it.
    interrupted_ : bool
        Whether Ctrl-C ended the last training.
    failed_ : bool
        Whether a loss that is not finite ended the last training.
    weight_decay : float
        Weight decay of the optimizer.
    moments_ : dict of str to (dict of ndarray)
        For a net without an optimizer, the moments of the optimizer with which it was
        saved, for each parameter.
    """

    interrupts = None
    interrupted_ = False
    compute_dtype = torch.float32
    weight_decay = 0.0
    moments_ = {}

    def initialize_optimizer(self, *args, **kwargs):
        """Build the optimizer, unless the net is only for inference."""
        if self.optimizer is None:
            return self
        return super().initialize_optimizer(*args, **kwargs)

    @property
    def failed_(self):
        """Whether a loss that is not finite ended the last training."""
        callback = dict(self.callbacks_).get("seqembed_finite")  # not after a pickle
        return callback is not None and callback.failed_

    def __getstate__(self):
        """Leave out callbacks, which may hold open files, and what training needs.

        Copies leave them out as well.
        """
        return super().__getstate__() | {
            "callbacks": None,
            "callbacks_": [],
            "train_split": None,  # it refers to the validation data
            "interrupts": None,
        }

    def partial_fit(self, X, y=None, classes=None, **fit_params):
        """Continue training as skorch does, but keep only whole epochs in `history`."""
        self.interrupted_ = False
        self._n_before = len(self.history)
        super().partial_fit(X, y, classes, **fit_params)
        del self.history[self._count_finished() :]
        for row in self.history[self._n_before :]:
            # They take 215 bytes per batch. skorch's Checkpoint reads the last one.
            del row.get("batches", [])[:-1]
        return self

    def _count_finished(self):
        """Return the number of finished epochs."""
        # skorch records "dur" last, so the row of an interrupted epoch lacks it.
        return sum("dur" in row for row in self.history)

    def on_train_end(self, net, X=None, y=None, **kwargs):
        """Let callbacks that load the best weights do so before the last steps.

        skorch calls this method before those of the callbacks. The last steps, such as
        the projection to vectors, would be lost if earlier weights were loaded after
        them. If no epoch was finished, there are no weights to load.
        """
        if not self.history:
            # skorch's TrainEndCheckpoint formats the names of its files with the last
            # epoch and batch. `partial_fit` removes the row, which is not finished.
            self.history.new_epoch()
            self.history.record("epoch", 0)
        if not self.history[-1].get("batches"):  # of a file, which has only epochs
            self.history[-1]["batches"] = []
            self.history.new_batch()
        loading = [item for item in self.callbacks_ if _loads_best(item[1])]
        if self._count_finished() == self._n_before:
            for _, callback in loading:
                callback.load_best = False
        names = [name for name, _ in self.callbacks_]
        place = names.index("seqembed_best") + 1
        before, after = self.callbacks_[:place], self.callbacks_[place:]
        after = [item for item in after if not _loads_best(item[1])]
        self.callbacks_ = [*before, *loading, *after]

    def fit_loop(self, X, y=None, epochs=None, **fit_params):
        """Train as skorch does, and note whether Ctrl-C ended the training.

        Callbacks also stop training by a KeyboardInterrupt, which skorch catches.
        """
        try:
            return super().fit_loop(X, y, epochs, **fit_params)
        except KeyboardInterrupt:
            self.interrupted_ = self.interrupts.happened
            raise
        finally:
            self.interrupts.end_training()

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params):
        """Run all batches as skorch does, but without waiting for an accelerator.

        Reading a loss from an accelerator waits until all its work is done. It would
        then be idle while the next batch is gathered, so its losses are read only at
        the end of the epoch.
        """
        if iterator is None:
            return
        n_batches = 0
        with several_threads(self.count_useful_threads()):
            for batch in iterator:
                self.notify("on_batch_begin", batch=batch, training=training)
                step = step_fn(batch, **fit_params)
                loss = step["loss"].detach()
                loss = loss.item() if loss.device.type == "cpu" else loss
                self.history.record_batch(f"{prefix}_loss", loss)
                size = len(batch[0]["lengths"])
                self.history.record_batch(f"{prefix}_batch_size", size)
                self.notify("on_batch_end", batch=batch, training=training, **step)
                n_batches += 1
        self.history.record(f"{prefix}_batch_count", n_batches)
        for row in self.history[-1]["batches"]:
            if f"{prefix}_loss" in row:
                row[f"{prefix}_loss"] = float(row[f"{prefix}_loss"])

    def train_step_single(self, batch, **fit_params):
        """Compute the gradients of a batch, piece by piece if it is large.

        With several workers, the output is that of the share of this process.
        """
        self._set_training(True)
        workers = current_workers.get()
        if workers is None:
            return self._compute_gradients(batch)
        step = self._compute_share(self._compute_gradients, batch, workers)
        loss = workers.add_up(step["loss"], self.module_.parameters())
        return step | {"loss": loss}

    def _compute_gradients(self, batch):
        losses, outputs = [], []
        for inputs, targets in self._split(batch):
            with autocast(self.compute_dtype, self.device):
                outputs.append(self.infer(inputs))
            loss = self.get_loss(outputs[-1], targets)
            loss.backward()
            losses.append(loss.detach())
        return {"loss": sum(losses), "y_pred": join_outputs(outputs)}

    def validation_step(self, batch, **fit_params):
        """Compute the loss of a batch, of which each worker computes its share."""
        workers = current_workers.get()
        if workers is None:
            return super().validation_step(batch, **fit_params)
        step = self._compute_share(super().validation_step, batch, workers)
        return step | {"loss": workers.add_up(step["loss"])}

    def _compute_share(self, compute, batch, workers):
        """Call a function with the share of a batch, unless it is empty."""
        if workers.rank < len(batch[0]["lengths"]):
            return compute(take_rows(batch, workers.share, self.module__patch_size))
        return {"loss": torch.zeros((), device=self.device), "y_pred": None}

    def _split(self, batch):
        """Yield the pieces of a batch. On an accelerator it is not split."""
        inputs, patch_size = batch[0], self.module__patch_size
        edges = [0, len(inputs["lengths"])]
        if torch.device(self.device).type == "cpu":
            edges = find_edges(inputs, patch_size, self.module_.n_states)
        return split_batch(batch, edges, patch_size)

    def get_loss(self, y_pred, y_true, X=None, training=False):
        """Compute the loss. The targets may be on any device."""
        targets = to_device(y_true, self.device)
        return self.criterion_(
            y_pred, targets, self.compute_cross_entropies(y_pred, targets)
        )

    def count_useful_threads(self):
        """Return how many threads shorten the training on a CPU."""
        layers = [m for m in self.module_.modules() if isinstance(m, nn.RNNBase)]
        n_weights = max((m.weight_hh_l0.numel() for m in layers), default=0)
        return max(1, 2 * self.batch_size * n_weights // LEAST_OPERATIONS)

    def compute_loss(self, dataset):
        """Compute the mean loss over a dataset, as `valid_loss` in the history."""
        losses, sizes = [], []
        with several_threads(self.count_useful_threads()):
            for batch in self.get_iterator(dataset, training=False):
                losses.append(self.validation_step(batch)["loss"].item())
                sizes.append(len(batch[0]["lengths"]))
        return float(np.average(losses, weights=sizes))

    def infer(self, x, **fit_params):
        """Run the module. The inputs may be on any device."""
        return self.module_(**to_device(x, self.device))

    def _set_training(self, training=True):
        # Between two training batches this would take time and change nothing. Before
        # inference it is needed, because the user may have called train().
        if not (training and self.module_.training):
            super()._set_training(training)


def _loads_best(callback):
    """Return whether a callback of the user loads weights at the end of a training."""
    return bool(getattr(callback, "load_best", False))

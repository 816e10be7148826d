"""The skorch net: what one batch does, in training and after it."""

import math
import signal
import threading
from contextlib import contextmanager

import numpy as np
import torch
from skorch import NeuralNet

from sklearn_seqembed._network.decoder import DecoderOutput
from sklearn_seqembed._network.generation import decode_greedily, search_beam
from sklearn_seqembed._training.dataset import split_batch
from sklearn_seqembed._training.devices import (
    computing_in,
    keep_freed_memory,
    to_device,
)

# States of the sequences that are learned from together on a CPU, at most. Each costs
# about 80 bytes until its gradient is known. Memory beyond 64 MiB goes back to the
# operating system after each batch and comes again page by page: that took up to a
# third of the time of a batch.
TRAINING_STATES = 820_000
LEAST_TRAINING_SEQUENCES = 4

# Hypotheses that are said together, and log probabilities that are looked at together.
SAID_TOGETHER = 1024
SCORES_TOGETHER = 2**23


class SequenceNet(NeuralNet):
    """A skorch net over `SequenceDataset`.

    Attributes
    ----------
    compute_dtype : torch.dtype
        Dtype of the products while it learns; weights are in float32.
    interrupted_ : bool
        Whether the last training was ended by Ctrl-C.
    failed_ : bool
        Whether it was ended by a loss that is not finite.
    """

    interrupted_ = False
    compute_dtype = torch.float32

    @property
    def failed_(self):
        """Whether the last training met a loss that is not finite."""
        return dict(self.callbacks_)["seqembed_finite"].failed_

    def partial_fit(self, X, y=None, classes=None, **fit_params):
        """Train on, as skorch does; keep whole epochs and their losses in `history`."""
        self.interrupted_ = False
        n_epochs = len(self.history)
        with self._noting_interrupts():
            super().partial_fit(X, y, classes, **fit_params)
        # Ctrl-C leaves a row without "dur", which is recorded when an epoch ends.
        n_finished = sum("dur" in row for row in self.history)
        del self.history[n_finished:]
        for row in self.history[n_epochs:]:
            row.pop("batches", None)  # 215 bytes a batch
        return self

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params):
        """Run all batches, as skorch does, but do not wait for an accelerator.

        To look at a loss is to wait for it: an accelerator would stand still while the
        next batch is gathered. There losses are looked at when the epoch is over.
        """
        if iterator is None:
            return
        n_batches = 0
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
        """Add up the gradients of a batch, piece by piece where it is large."""
        self._set_training(True)
        losses, outputs = [], []
        pieces = split_batch(batch, self._edges(batch), self.module__patch_size)
        for inputs, targets in pieces:
            with computing_in(self.compute_dtype, self.device):
                outputs.append(self.infer(inputs))
            loss = self.get_loss(outputs[-1], targets)
            loss.backward()
            losses.append(loss.detach())
        return {"loss": sum(losses), "y_pred": _join(outputs)}

    def get_loss(self, y_pred, y_true, X=None, training=False):
        """Compare what the module gives with targets that lie anywhere."""
        targets = to_device(y_true, self.device)
        surprisals = self._surprisals(y_pred, targets)
        return self.criterion_(y_pred, targets, surprisals)

    def _surprisals(self, outputs, targets):
        """Give the surprisals (N, L, K) of the targets' classes, by part."""
        return {
            part: self.module_.decoders[part].heads.surprisals(
                played.scores, targets[part]["classes"]
            )
            for part, played in outputs.items()
        }

    def infer(self, x, **fit_params):
        """Run the module on inputs that lie anywhere."""
        return self.module_(**to_device(x, self.device))

    def _set_training(self, training=True):
        # From batch to batch of training nothing changes, and to walk through all
        # modules takes long. After it a user may have turned one of them.
        if not (training and self.module_.training):
            super()._set_training(training)

    def _edges(self, batch):
        """Say where a batch is cut: in pieces that the memory kept can hold.

        Returns
        -------
        list of int
            First sequence of each piece, and the end.
        """
        n_samples, n_steps, _ = batch[0]["numeric"].shape
        horizons = batch[0]["horizons"].numpy()
        n_steps = max(n_steps, horizons.max())
        most = n_samples * n_steps // self.module__patch_size * self.module_.n_states
        if most <= TRAINING_STATES or torch.device(self.device).type != "cpu":
            return [0, n_samples]
        # What is forecast may be longer than what is read.
        lengths = np.maximum(batch[0]["lengths"].numpy(), horizons)
        n_patches = -(-lengths // self.module__patch_size)
        states = np.cumsum(n_patches) * self.module_.n_states
        n_pieces = -(-int(states[-1]) // TRAINING_STATES)
        n_pieces = min(n_pieces, max(1, n_samples // LEAST_TRAINING_SEQUENCES))
        cuts = np.searchsorted(states, states[-1] * np.arange(1, n_pieces) / n_pieces)
        return [0, *np.unique(cuts[cuts > 0]).tolist(), n_samples]

    @contextmanager
    def _noting_interrupts(self):
        """Tell Ctrl-C from callbacks that stop training: both raise the same error."""
        before = signal.getsignal(signal.SIGINT)

        def note(number, frame):
            self.interrupted_ = True
            return before(number, frame)

        # Python hands signals to the main thread alone.
        main = threading.current_thread() is threading.main_thread()
        if not (main and callable(before)):
            yield
            return
        signal.signal(signal.SIGINT, note)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def encode(self, dataset):
        """Return the vectors of a dataset, float32 of shape (n_samples, C)."""
        vectors = np.empty((len(dataset), self.module__n_components), np.float32)
        for indices, inputs, _ in self._inference(dataset, decodes=False):
            inputs.pop("horizons")
            vectors[indices] = self.module_.encoder(**inputs).cpu().numpy()
        return vectors

    def calibrate(self, dataset):
        """Learn from some sequences how much what is read beside the values varies.

        Parameters
        ----------
        dataset : SequenceDataset
            These sequences, without augmentation.
        """
        self.module_.encoder.reader.calibrate(
            (inputs["numeric"], inputs["lengths"])
            for _, inputs, _ in self._inference(dataset, decodes=False)
        )

    def fit_projection(self, dataset):
        """Learn from some sequences how their states are joined to vectors.

        Parameters
        ----------
        dataset : SequenceDataset
            These sequences, without augmentation. Of a single one nothing is learned.
        """
        encoder = self.module_.encoder
        if not (encoder.reservoir or encoder.projection.balanced):
            return
        last = np.empty((len(dataset), encoder.projection.n_final), np.float32)
        n_pooled = encoder.projection.n_reservoir_features
        pooled = np.empty((len(dataset), n_pooled), np.float32)
        for indices, inputs, _ in self._inference(dataset, decodes=False):
            inputs.pop("horizons")
            states = encoder.states(**inputs)
            last[indices] = states[0].cpu().numpy()
            if n_pooled:
                pooled[indices] = states[1].cpu().numpy()
        encoder.projection.fit(last, pooled)

    def predict_parts(self, dataset):
        """Encode and decode a dataset, batch by batch.

        Yields
        ------
        indices : int ndarray of shape (N,)
            Sequences of the batch.
        outputs : dict of str to (values, surprisals)
            By part: decoded values (N, L, F), in scaled units, and the surprisals
            (N, L, K) of the targets' classes.
        targets : dict of str to (dict of tensor)
            As :meth:`SequenceDataset.batch` gives them.
        """
        for indices, inputs, targets in self._inference(dataset, decodes=True):
            outputs = self.module_(**inputs)
            surprisals = self._surprisals(outputs, to_device(targets, self._where))
            judged = {
                part: (played.values.cpu(), surprisals[part].cpu())
                for part, played in outputs.items()
            }
            yield indices, judged, targets

    def decode(self, vectors, part, n_steps, lengths=None):
        """Play vectors back.

        Returns
        -------
        values : float32 tensor of shape (N, n_steps, F)
            On the CPU. After `lengths` steps, where they are given, without meaning.
        ends : float32 tensor of shape (N, n_steps)
            Logits of the end.
        classes : int64 tensor of shape (N, n_steps, K)
            The likeliest classes.
        """
        self._set_training(False)
        keep_freed_memory()
        vectors = to_device(torch.from_numpy(vectors), self._where)
        if lengths is not None:
            lengths = to_device(torch.from_numpy(lengths), self._where)
        decoder = self.module_.decoders[part]
        with torch.inference_mode():
            values, ends, scores = decoder(vectors, n_steps, lengths)
            classes = decoder.heads.most_likely(scores)
        return values.cpu(), ends.cpu(), classes.cpu()

    def decode_greedily(self, vectors, longest, shortest=1, lengths=None):
        """Say the sequences of vectors step by step, the likeliest step each time.

        Parameters
        ----------
        vectors : float32 ndarray of shape (n_samples, C)
            The vectors.
        longest, shortest : int
            Most and fewest steps.
        lengths : int64 ndarray of shape (n_samples,), default=None
            Steps of each sequence; None lets the network decide.

        Returns
        -------
        values : float32 ndarray of shape (n_samples, longest, F)
            In scaled units.
        classes : int64 ndarray of shape (n_samples, longest, K)
            Indices of categories.
        lengths : int64 ndarray of shape (n_samples,)
            Steps of each sequence.
        """
        found = []
        for rows in _chunks(len(vectors), SAID_TOGETHER):
            told = lengths
            if told is not None:
                told = to_device(torch.from_numpy(lengths[rows]), self._where)
            found.append(
                self._generate(decode_greedily, vectors[rows], longest, shortest, told)
            )
        return tuple(map(np.concatenate, zip(*found, strict=True)))

    def search_beams(self, vectors, longest, shortest, beam_size, length_penalty):
        """Look for the likeliest sequences of vectors, as :func:`search_beam` does.

        Returns
        -------
        classes : int64 ndarray of shape (n_samples, beam_size, longest)
            Indices of categories.
        lengths : int64 ndarray of shape (n_samples, beam_size)
            Steps of each.
        log_probabilities : float32 ndarray of shape (n_samples, beam_size)
            Natural logarithms.
        """
        (n_classes,) = self.module_.decoders["prediction"].heads.n_classes
        size = min(
            SAID_TOGETHER // beam_size, SCORES_TOGETHER // n_classes // beam_size
        )
        found = [
            self._generate(
                search_beam, vectors[rows], longest, shortest, beam_size, length_penalty
            )
            for rows in _chunks(len(vectors), max(1, size))
        ]
        return tuple(map(np.concatenate, zip(*found, strict=True)))

    def _generate(self, function, vectors, *args):
        self._set_training(False)
        keep_freed_memory()
        vectors = to_device(torch.from_numpy(vectors), self._where)
        with torch.inference_mode():
            last = self.module_.encoder.projection.final_states(vectors)
            found = function(self.module_.decoders["prediction"], last, *args)
        return [tensor.cpu().numpy() for tensor in found]

    def inference_costs(self, decodes):
        """Values of a step, cells of a patch, and whether to keep their memory.

        A decoder has as many cells as both directions of the encoder together, and gets
        last states and position at each patch. What it plays back needs no pooled ones.
        """
        encoder = self.module_.encoder
        n_cells, pooled = encoder.n_forward, encoder.reservoir
        n_values = self.module__n_features + encoder.embedding.width
        if pooled and not decodes:
            n_values = max(n_values, self.module__n_features + pooled.embedding.width)
        if decodes:
            scores = [sum(d.heads.widths) for d in self.module_.decoders.values()]
            n_values += max(scores)
        if pooled and not decodes:  # these cells read smaller patches, and more of them
            by_patch = encoder.patch_size / pooled.patch_size
            n_cells = max(n_cells, math.ceil(pooled.n_cells * by_patch))
        if decodes:
            calls = [decoder.cells for decoder in self.module_.decoders.values()]
            n_cells = max(n_cells, *(max(c.hidden_size, c.input_size) for c in calls))
        return n_values, n_cells, self._where.type == "cpu"

    def _inference(self, dataset, decodes):
        """Yield indices, inputs and targets of each batch, without gradients."""
        self._set_training(False)
        keep_freed_memory()
        for indices in dataset.inference_batches(*self.inference_costs(decodes)):
            inputs, targets = dataset.batch(indices)
            with torch.inference_mode():
                yield indices, to_device(inputs, self._where), targets

    @property
    def _where(self):
        # Not self.device: a net opened where that device is missing lies elsewhere.
        return next(self.module_.parameters()).device


def _chunks(n_samples, size):
    """Cut so many samples into slices."""
    return [slice(start, start + size) for start in range(0, n_samples, size)]


def _join(pieces):
    """Put the outputs of a batch's pieces together again."""
    if len(pieces) == 1:
        return pieces[0]
    joined = {}
    for part in pieces[0]:
        n_steps = max(piece[part].ends.shape[1] for piece in pieces)
        padded = [_lengthen(piece[part], n_steps) for piece in pieces]
        joined[part] = DecoderOutput(*map(torch.cat, zip(*padded, strict=True)))
    return joined


def _lengthen(played, n_steps):
    """Pad the outputs of a piece to as many steps as the longest has, with zeros."""
    n_missing = n_steps - played.ends.shape[1]
    # torch before 2.13 does not pad a tensor without features.
    return tuple(
        torch.cat([x, x.new_zeros((len(x), n_missing, *x.shape[2:]))], dim=1)
        for x in played
    )

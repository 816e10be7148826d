"""Inference with a trained network: encoding, decoding, generation."""

import math
from contextlib import contextmanager, nullcontext

import numpy as np
import torch
from skorch import NeuralNet

from sklearn_seqembed._network.generation import decode_greedily, search_beam
from sklearn_seqembed._training.devices import keep_freed_memory, to_device
from sklearn_seqembed._training.threads import count_threads, mapped

# Upper bounds on the hypotheses that are decoded in one call, and on the log
# probabilities of their next tokens (32 MiB of float32). They limit memory and were not
# tuned.
DECODED_HYPOTHESES = 1024
DECODED_LOGITS = 2**23

# With several threads, batches are cut into pieces until there are so many per thread,
# but not into pieces of fewer sequences or states (cells times patches).
PIECES_PER_THREAD = 2
LEAST_PIECE_SEQUENCES = 32
LEAST_PIECE_STATES = 200_000


class InferenceNet(NeuralNet):
    """A skorch net that encodes and decodes in batches, without gradients."""

    def encode(self, dataset):
        """Encode a dataset: float32 vectors of shape (n_samples, C)."""
        vectors = np.empty((len(dataset), self.module__n_components), np.float32)
        self._read(dataset, self.module_.encoder, vectors)
        return vectors

    def measure_distances(self, dataset):
        """Measure how far sequences are from the training sequences.

        Returns
        -------
        float32 ndarray of shape (n_samples, 2)
            Result of :meth:`Encoder.distances`.
        """
        distances = np.empty((len(dataset), 2), np.float32)
        self._read(dataset, self.module_.encoder.distances, distances)
        return distances

    def _read(self, dataset, function, results):
        """Fill an array with what a function of the encoder returns for each batch."""

        def compute(inputs, _):
            inputs.pop("horizons")  # only decoders need them
            return self._run(function, **inputs).cpu().numpy()

        with self._computed(compute, dataset) as batches:
            for indices, found in batches:
                results[indices] = found

    def predict_labels(self, dataset):
        """Predict the numbers or the class of each sequence of a dataset.

        Returns
        -------
        values : float32 ndarray of shape (n_samples, F)
            Numbers in scaled units.
        log_probabilities : float32 ndarray of shape (n_samples, n_classes) or None
            Log probabilities of the classes 1, 2, ..., if there are any.
        """
        head = self.module_.decoders["prediction"]
        values = np.empty((len(dataset), head.n_targets), np.float32)
        log_probabilities = None
        if head.heads.n_classes:
            shape = len(dataset), head.heads.n_classes[0]
            log_probabilities = np.empty(shape, np.float32)

        def compute(inputs, _):
            output = self._run(self.module_, **inputs)["prediction"]
            found = None
            if log_probabilities is not None:
                (found,) = self._run(head.heads.log_probabilities, output.logits[:, 0])
                found = found.cpu().numpy()
            return output.values[:, 0].cpu().numpy(), found

        with self._computed(compute, dataset) as batches:
            for indices, (found_values, found) in batches:
                values[indices] = found_values
                if found is not None:
                    log_probabilities[indices] = found
        return values, log_probabilities

    def predict_parts(self, dataset):
        """Encode and decode a dataset, batch by batch.

        Close the generator, by `contextlib.closing` for example, to end its threads
        also after an error.

        Yields
        ------
        indices : int ndarray of shape (N,)
            Sequences of the batch.
        outputs : dict of str to (values, cross_entropies)
            For each part, decoded values (N, L, F) in scaled units, and cross-entropies
            (N, L, K) of the targets' classes.
        targets : dict of str to (dict of tensor)
            The targets of the batch: see :meth:`SequenceDataset.batch`.
        """

        def compute(inputs, targets):
            on_device = to_device(targets, self._module_device)
            outputs = self._run(self.module_, **inputs)
            cross_entropies = self._run(
                self.compute_cross_entropies, outputs, on_device
            )
            on_cpu = {
                part: (output.values.cpu(), cross_entropies[part].cpu())
                for part, output in outputs.items()
            }
            return on_cpu, targets

        with self._computed(compute, dataset, decodes=True) as batches:
            for indices, (outputs, targets) in batches:
                yield indices, outputs, targets

    def compute_cross_entropies(self, outputs, targets):
        """Compute the cross-entropies (N, L, K) of the true classes for each part."""
        return {
            part: self.module_.decoders[part].heads.cross_entropies(
                output.logits, targets[part]["classes"]
            )
            for part, output in outputs.items()
        }

    def decode(self, vectors, part, n_steps, lengths=None):
        """Decode vectors, all steps at once.

        Parameters
        ----------
        vectors : float32 ndarray of shape (N, C)
            The vectors.
        part : str
            Name of the decoder.
        n_steps : int
            Number of time steps to decode.
        lengths : int64 ndarray of shape (N,), default=None
            Number of time steps that are needed of each sequence. None if all are
            needed.

        Returns
        -------
        values : float32 tensor of shape (N, n_steps, F)
            Values in scaled units, on the CPU. Arbitrary after `lengths` steps.
        ends : float32 tensor of shape (N, n_steps)
            Logits of the end.
        classes : int64 tensor of shape (N, n_steps, K)
            The most likely classes.
        """
        self._set_training(False)
        keep_freed_memory()
        vectors = to_device(torch.from_numpy(vectors), self._module_device)
        if lengths is not None:
            lengths = to_device(torch.from_numpy(lengths), self._module_device)
        decoder = self.module_.decoders[part]
        values, ends, logits = self._run(decoder, vectors, n_steps, lengths)
        classes = self._run(decoder.heads.most_likely, logits)
        return values.cpu(), ends.cpu(), classes.cpu()

    def decode_greedily(self, vectors, longest, shortest=1, lengths=None):
        """Decode vectors autoregressively, choosing the most likely step each time.

        Parameters
        ----------
        vectors : float32 ndarray of shape (n_samples, C)
            The vectors.
        longest, shortest : int
            Largest and smallest number of time steps.
        lengths : int64 ndarray of shape (n_samples,), default=None
            Number of time steps of each sequence. None lets the network choose it.

        Returns
        -------
        values : float32 ndarray of shape (n_samples, longest, F)
            Values in scaled units.
        classes : int64 ndarray of shape (n_samples, longest, K)
            Indices of categories.
        lengths : int64 ndarray of shape (n_samples,)
            Number of time steps of each sequence.
        """

        def compute(rows):
            given = lengths
            if given is not None:
                given = torch.from_numpy(lengths[rows])
                given = to_device(given, self._module_device)
            return self._generate(
                decode_greedily, vectors[rows], longest, shortest, given
            )

        return self._concatenate(
            compute, _make_slices(len(vectors), DECODED_HYPOTHESES)
        )

    def search_beams(self, vectors, longest, shortest, beam_size, length_penalty):
        """Search for the most likely sequences by :func:`generation.search_beam`.

        Returns
        -------
        classes : int64 ndarray of shape (n_samples, beam_size, longest)
            Indices of categories.
        lengths : int64 ndarray of shape (n_samples, beam_size)
            Number of time steps of each hypothesis.
        log_probabilities : float32 ndarray of shape (n_samples, beam_size)
            Natural logarithm of the probability of each hypothesis.
        """
        (n_classes,) = self.module_.decoders["prediction"].heads.n_classes
        # Each of `beam_size` hypotheses per sequence has `n_classes` log probabilities.
        size = min(DECODED_HYPOTHESES, DECODED_LOGITS // n_classes) // beam_size

        def compute(rows):
            return self._generate(
                search_beam, vectors[rows], longest, shortest, beam_size, length_penalty
            )

        return self._concatenate(compute, _make_slices(len(vectors), max(1, size)))

    def _concatenate(self, compute, slices):
        """Concatenate the arrays that a function returns for each slice."""
        self._set_training(False)
        keep_freed_memory()
        with self._mapped(compute, slices) as results:
            return tuple(map(np.concatenate, zip(*results, strict=True)))

    def _generate(self, function, vectors, *args):
        """Call a function of `_network/generation.py` on the vectors' final states."""
        vectors = to_device(torch.from_numpy(vectors), self._module_device)
        projection = self.module_.encoder.projection
        states = self._run(projection.final_states, vectors)
        decoder = self.module_.decoders["prediction"]
        results = self._run(function, decoder, states, *args)
        return [tensor.cpu().numpy() for tensor in results]

    def inference_costs(self, decodes):
        """Return the arguments of `iter_inference_batches` that bound a batch.

        Parameters
        ----------
        decodes : bool
            Whether the batch is also decoded. The reservoir is then not computed.

        Returns
        -------
        n_values : int
            Number of values per time step: inputs, and logits of categories.
        n_cells : int
            Number of cells, or inputs if there are more, of the widest recurrent layer.
            A decoder reads final states and a position for each patch.
        keeps_memory : bool
            Whether to make batches so small that the C library can keep their memory.
        """
        encoder = self.module_.encoder
        n_cells, random_features = encoder.n_forward, encoder.random_features
        n_values = self.module__n_features + encoder.embedding.width
        if decodes:
            decoders = self.module_.decoders.values()
            n_values += max(decoder.heads.width for decoder in decoders)
            for decoder in decoders:
                cells = getattr(decoder, "cells", None)  # a linear head has none
                if cells is not None:
                    n_cells = max(n_cells, cells.hidden_size, cells.input_size)
                    random_features = None  # decoders do not need them
        if random_features is not None:
            reservoir = random_features.reservoir
            width = self.module__n_features + reservoir.embedding.width
            n_values = max(n_values, width)
            # Sizes are counted per patch of the encoder, which holds several patches of
            # the reservoir.
            n_patches = encoder.patch_size / reservoir.patch_size
            n_cells = max(n_cells, math.ceil(reservoir.n_cells * n_patches))
        return n_values, n_cells, self._is_on_cpu

    @contextmanager
    def _computed(self, function, dataset, decodes=False):
        """Compute the batches of a dataset, in several threads on a CPU.

        Parameters
        ----------
        function : callable
            Function of the inputs and targets of a batch.
        dataset : SequenceDataset or PairDataset
            The sequences.
        decodes : bool, default=False
            Whether the batches are also decoded.

        Yields
        ------
        iterator
            Indices and results of the function, for each batch, to be used in the with
            block.
        """
        self._set_training(False)
        keep_freed_memory()

        def compute(indices):
            inputs, targets = dataset.batch(indices)
            return indices, function(to_device(inputs, self._module_device), targets)

        with self._mapped(compute, self._choose_batches(dataset, decodes)) as results:
            yield results

    def _choose_batches(self, dataset, decodes):
        """Return the indices of each batch, so that each thread has some.

        Batches to decode are not cut: how sums over their steps are rounded depends on
        the padding, and so on the batch.
        """
        costs = self.inference_costs(decodes)
        batches = list(dataset.iter_inference_batches(*costs))
        n_threads = count_threads()
        if decodes or n_threads == 1 or not self._is_on_cpu:
            return batches
        n_pieces = -(-PIECES_PER_THREAD * n_threads // len(batches))
        _, n_cells, _ = costs
        pieces = []
        for indices in batches:
            n_patches = -(-dataset.lengths[indices] // dataset.patch_size)
            n_states = int(n_patches.sum()) * n_cells
            most = min(
                len(indices) // LEAST_PIECE_SEQUENCES, n_states // LEAST_PIECE_STATES
            )
            pieces += np.array_split(indices, max(1, min(n_pieces, most)))
        return pieces

    def _mapped(self, function, items):
        """Map as `mapped` does; an accelerator computes one item after the other."""
        if self._is_on_cpu:
            return mapped(function, items)
        return nullcontext(map(function, items))

    def _iter_batches(self, dataset):
        """Yield indices, inputs and targets of each batch, which is not decoded."""
        self._set_training(False)
        keep_freed_memory()
        costs = self.inference_costs(decodes=False)
        for indices in dataset.iter_inference_batches(*costs):
            inputs, targets = dataset.batch(indices)
            yield indices, to_device(inputs, self._module_device), targets

    @staticmethod
    def _run(function, *args, **kwargs):
        """Call a function without gradients.

        The mode is left before anything is yielded. A generator that yields within a
        block would leave gradients switched off while the traceback of an error that
        its caller raised is alive, as the last one is in a notebook. torch's
        inference_mode is not used, because nothing can restore it from outside.
        """
        with torch.no_grad():
            return function(*args, **kwargs)

    @property
    def _module_device(self):
        # Not self.device: a loaded net may have been fitted on another device.
        return next(self.module_.parameters()).device

    @property
    def _is_on_cpu(self):
        return self._module_device.type == "cpu"


def _make_slices(n_samples, size):
    """Cut `n_samples` samples into slices of at most `size`."""
    return [slice(start, start + size) for start in range(0, n_samples, size)]

"""Splitting of a large training batch into pieces whose freed memory is kept.

Each piece has its own backward pass. The gradients add up to those of the whole batch.
"""

import numpy as np
import torch

from sklearn_seqembed._network.decoder import DecoderOutput
from sklearn_seqembed._training.batching import round_up_length

# Upper bound on the states (cells times patches) of a piece on a CPU. A state takes
# about 80 bytes until its gradient is computed. Memory beyond 64 MiB is returned to the
# system after each batch and requested again page by page. Pieces of this size took
# 110 ms instead of 154 ms for a batch of 500 steps, and 215 ms instead of 283 ms for
# 2,000 steps (benchmarks/README.md, "Trials").
TRAINING_STATES = 820_000

# Lower bound on the sequences of a piece, so that matrix products are not too small. It
# was not tuned.
LEAST_TRAINING_SEQUENCES = 4


def find_edges(inputs, patch_size, n_states):
    """Choose where a batch is split.

    Parameters
    ----------
    inputs : dict of tensor
        Inputs of the batch, the longest sequence first.
    patch_size : int
        Time steps of a patch.
    n_states : int
        States of all trained cells per patch.

    Returns
    -------
    list of int
        First sequence of each piece, and the number of sequences.
    """
    n_samples, n_steps, _ = inputs["numeric"].shape
    horizons = inputs["horizons"].numpy()
    n_steps = max(n_steps, horizons.max())
    if n_samples * n_steps // patch_size * n_states <= TRAINING_STATES:
        return [0, n_samples]
    # The forecast may be longer than the steps that are read.
    lengths = np.maximum(inputs["lengths"].numpy(), horizons)
    states = np.cumsum(-(-lengths // patch_size)) * n_states
    n_pieces = -(-int(states[-1]) // TRAINING_STATES)
    n_pieces = min(n_pieces, max(1, n_samples // LEAST_TRAINING_SEQUENCES))
    cuts = np.searchsorted(states, states[-1] * np.arange(1, n_pieces) / n_pieces)
    return [0, *np.unique(cuts[cuts > 0]).tolist(), n_samples]


def split_batch(batch, edges, patch_size):
    """Split a batch into pieces, each as long as its own longest sequence.

    Parameters
    ----------
    batch : tuple of (inputs, targets)
        A batch of :meth:`SequenceDataset.batch`.
    edges : list of int
        First sequence of each piece, and the number of sequences.
    patch_size : int
        Lengths of pieces are multiples of it.

    Yields
    ------
    inputs, targets
        Inputs and targets of a piece.
    """
    if len(edges) == 2:
        yield batch
        return
    for start, stop in zip(edges[:-1], edges[1:], strict=True):
        yield take_rows(batch, slice(start, stop), patch_size)


def take_rows(batch, rows, patch_size):
    """Take some sequences of a batch, with as many steps as the longest one has.

    Parameters
    ----------
    batch : tuple of (inputs, targets)
        A batch of :meth:`SequenceDataset.batch`.
    rows : slice
        The sequences, at least one.
    patch_size : int
        The number of steps is a multiple of it.

    Returns
    -------
    inputs, targets
        Inputs and targets, whose weights in the loss are those in the batch.
    """
    inputs, targets = batch
    piece = {name: value[rows] for name, value in inputs.items()}
    n_read = round_up_length(piece["lengths"].max(), patch_size)
    n_ahead = int(piece["horizons"].max())
    for name in ("numeric", "categories"):
        piece[name] = piece[name][:, :n_read]
    for name in ("true_values", "true_classes"):
        if name in piece:  # the decoder reads as many steps as its targets have
            piece[name] = piece[name][:, :n_ahead]
    parts = {}
    for part, target in targets.items():
        # The network decodes at least one step, even if all horizons are 0.
        n_steps = n_read if part == "reconstruction" else max(1, n_ahead)
        parts[part] = {
            name: values[rows] if values.ndim == 1 else values[rows, :n_steps]
            for name, values in target.items()
        }
    return piece, parts


def join_outputs(pieces):
    """Join the decoder outputs of the pieces of a batch, padded with zeros."""
    if len(pieces) == 1:
        return pieces[0]
    joined = {}
    for part in pieces[0]:
        n_steps = max(piece[part].ends.shape[1] for piece in pieces)
        tensors = zip(*(piece[part] for piece in pieces), strict=True)
        joined[part] = DecoderOutput(
            *(torch.cat([_pad_steps(x, n_steps) for x in same]) for same in tensors)
        )
    return joined


def _pad_steps(x, n_steps):
    """Pad x (N, L) or (N, L, ·) with zeros to `n_steps` steps."""
    # torch before 2.13 cannot pad a tensor without features by functional.pad.
    padding = x.new_zeros(x.shape[0], n_steps - x.shape[1], *x.shape[2:])
    return torch.cat([x, padding], dim=1)

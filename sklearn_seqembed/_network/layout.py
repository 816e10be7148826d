"""The patches of a batch that are computed, and their order in memory.

A dense LSTM call computes the same number of patches for all sequences of a batch, even
for those that have ended. Packed sequences avoid this, but they run step by step and
are many times slower (pytorch issue 149194). As a compromise, the batch is cut along
time into a few dense segments, each with fewer sequences than the one before.
"""

from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from torch.nn import functional

from sklearn_seqembed._network.exact import as_exact
from sklearn_seqembed._network.patches import count_patches
from sklearn_seqembed._network.recurrent import select_sequences
from sklearn_seqembed._network.tracing import can_be_read, is_traced, run_cells

# Cost of one more segment, as the number of products (cells times cells times patches
# of one sequence) that take the same time. Measured on a CPU: a training call of oneDNN
# takes at least .3 ms, as long as 20 patches of 128 cells or 300 of 32.
SEGMENT_COST = 330_000

# The same without gradients. Products are then cheaper, so a call costs as much as a
# larger number of them. The factor of about 2 is an estimate and was not tuned.
INFERENCE_SEGMENT_COST = 600_000


class Segment(NamedTuple):
    """Patches from `first` up to `stop` of the first `n_sequences` of a batch."""

    first: int
    stop: int
    n_sequences: int

    @property
    def n_steps(self):
        """Number of patches of each sequence."""
        return self.stop - self.first

    @property
    def n_rows(self):
        """Number of patches, over all sequences."""
        return self.n_steps * self.n_sequences


class Layout:
    """All patches of a batch, stored as dense segments.

    A tensor in this layout has shape (R, ·). Its rows are ordered by segment, then by
    patch, then by sequence.

    Parameters
    ----------
    n_patches : int64 tensor of shape (N,)
        Number of patches of each sequence. On a CPU, a batch sorted by decreasing
        length is cut into segments. Any other batch is one segment.
    max_patches : int
        Number of patches per sequence to compute on an accelerator, or if the network
        is traced, at least as many as the longest sequence has. Otherwise it is read
        from `n_patches`.
    n_cells : int
        Cells of a layer, which determine how much time one more segment saves.
    """

    def __init__(self, n_patches, max_patches, n_cells):
        self.n_patches = n_patches
        self.n_sequences = n_patches.shape[0]
        self._ended = {}  # results of `_find_ended`
        if can_be_read(n_patches):
            lengths = n_patches.numpy()
            self.is_full = lengths.min() == lengths.max()  # no sequence ends early
            self.segments = _choose_segments(lengths, n_cells)
        else:
            # A traced network must be right for all lengths.
            self.is_full = False
            self.segments = [Segment(0, max_patches, self.n_sequences)]

    @classmethod
    def of_steps(cls, lengths, n_steps, patch_size, n_cells):
        """Make the layout of sequences that are padded to `n_steps` time steps."""
        n_patches = count_patches(n_steps, patch_size)
        return cls(count_patches(lengths, patch_size), n_patches, n_cells)

    @property
    def longest(self):
        """Number of patches that are computed for the longest sequence."""
        return self.segments[-1].stop

    @property
    def n_rows(self):
        """Number R of patches that are computed, over all sequences."""
        return sum(segment.n_rows for segment in self.segments)

    def run(self, cells, x, state=None):
        """Run recurrent cells over x (R, D) and return their states (R, H)."""
        outputs = []
        for segment, part in self._split(x):  # (P, N, D) of the segment
            if state is not None:
                state = select_sequences(state, slice(segment.n_sequences))
            states, state = run_cells(cells, part, state)
            outputs.append(states.flatten(0, 1))
        return _concatenate(outputs)

    def flatten(self, x):
        """Bring x (N, P, ·) into this layout (R, ·)."""
        if len(self.segments) == 1:
            return x[:, : self.longest].transpose(0, 1).flatten(0, 1)
        patches, sequences = self._origins
        return x.flatten(0, 1).index_select(0, sequences * x.shape[1] + patches)

    def unflatten(self, x, n_patches):
        """Bring x (R, ·) back to (N, n_patches, ·).

        Entries after the end of a sequence are arbitrary.
        """
        if len(self.segments) == 1:
            x = x.reshape(self.longest, self.n_sequences, -1)  # (P, N, ·)
            n_missing = n_patches - self.longest
            if n_missing:
                x = functional.pad(x, (0, 0, 0, 0, 0, n_missing))
            return x.transpose(0, 1)
        patches = torch.arange(n_patches, device=x.device)
        patches = torch.minimum(patches, self.n_patches[:, None] - 1)  # (N, n_patches)
        sequences = torch.arange(self.n_sequences, device=x.device)[:, None]
        rows = self._first_rows[patches] + sequences
        x = x.index_select(0, rows.flatten())
        return x.reshape(self.n_sequences, n_patches, -1)

    def repeat_vectors(self, x):
        """Repeat the vector of each sequence, x (N, ·), at all its patches: (R, ·)."""
        return _concatenate(
            [
                x[:n_sequences].expand(stop - first, -1, -1).flatten(0, 1)
                for first, stop, n_sequences in self.segments
            ]
        )

    def repeat_positions(self, x):
        """Repeat the vector of each position, x (P, ·), for all sequences: (R, ·)."""
        return _concatenate(
            [
                x[first:stop, None].expand(-1, n_sequences, -1).flatten(0, 1)
                for first, stop, n_sequences in self.segments
            ]
        )

    def reverse(self, x):
        """Reverse each sequence of x (R, ·) within its own length."""
        if self.is_full:
            x = x.reshape(self.longest, self.n_sequences, -1)
            return x.flip(0).flatten(0, 1)
        patches, sequences = self._origins
        mirrored = (self.n_patches[sequences] - 1 - patches).clamp(min=0)
        return x.index_select(0, self._first_rows[mirrored] + sequences)

    def take_last(self, x):
        """Take the last patch of each sequence from x (R, ·): (N, ·)."""
        if self.is_full:
            return x[-self.n_sequences :]
        sequences = torch.arange(self.n_sequences, device=x.device)
        return x.index_select(0, self._first_rows[self.n_patches - 1] + sequences)

    def mean(self, x):
        """Average x (R, ·) over the patches of each sequence: (N, ·)."""
        if is_traced():  # other libraries add one term after the other
            total = self._reduce(as_exact(x), torch.sum, 0.0).to(x.dtype)
        else:
            total = self._reduce(x, torch.sum, 0.0)
        return total / self.n_patches[:, None]

    def max(self, x):
        """Take the maximum of x (R, ·) over the patches of each sequence: (N, ·)."""
        return self._reduce(x, torch.amax, -torch.inf)

    def min(self, x):
        """Take the minimum of x (R, ·) over the patches of each sequence: (N, ·)."""
        return self._reduce(x, torch.amin, torch.inf)

    def _reduce(self, x, function, neutral):
        """Reduce x (R, ·) over patches by a torch function: (N, ·).

        Values of `neutral` do not change the result of the function.
        """
        parts = []
        for segment, part in self._split(x):  # (P, N, ·) of the segment
            if not self.is_full:
                part = part.masked_fill(self._find_ended(segment), neutral)
            if len(self.segments) == 1:
                return function(part, dim=0)
            n_ended = self.n_sequences - segment.n_sequences
            part = function(part, dim=0)
            parts.append(functional.pad(part, (0, 0, 0, n_ended), value=neutral))
        return function(torch.stack(parts), dim=0)

    def _find_ended(self, segment):
        """Return which patches are after the end of a sequence: bool (P, N, 1)."""
        if segment.first not in self._ended:
            device = self.n_patches.device
            patches = torch.arange(segment.first, segment.stop, device=device)
            ended = patches[:, None] >= self.n_patches[: segment.n_sequences]
            self._ended[segment.first] = ended[:, :, None]
        return self._ended[segment.first]

    def _split(self, x):
        """Split x (R, ·) into pairs of a segment and its patches (P, N, ·)."""
        parts = [x]
        if len(self.segments) > 1:
            parts = x.split([segment.n_rows for segment in self.segments])
        return [
            (segment, part.unflatten(0, (segment.n_steps, segment.n_sequences)))
            for segment, part in zip(self.segments, parts, strict=True)
        ]

    @cached_property
    def _origins(self):
        """Patch and sequence that each row belongs to, two tensors of shape (R,)."""
        patches, sequences, device = [], [], self.n_patches.device
        for segment in self.segments:
            shape = segment.n_steps, segment.n_sequences
            own = torch.arange(segment.first, segment.stop, device=device)
            patches.append(own[:, None].expand(shape).flatten())
            own = torch.arange(segment.n_sequences, device=device)
            sequences.append(own.expand(shape).flatten())
        return torch.cat(patches), torch.cat(sequences)

    @cached_property
    def _first_rows(self):
        """Row of each patch of the first sequence, shape (P,)."""
        rows, start = [], 0
        for segment in self.segments:
            steps = torch.arange(segment.n_steps, device=self.n_patches.device)
            rows.append(start + steps * segment.n_sequences)
            start += segment.n_rows
        return torch.cat(rows)


def _choose_segments(lengths, n_cells):
    """Choose segments for sequences of these lengths, in patches."""
    longest = int(lengths.max())
    if lengths.min() == longest or (np.diff(lengths) > 0).any():
        return [Segment(0, longest, len(lengths))]
    # Number of sequences that have a patch 0, a patch 1, ...
    counts = np.searchsorted(-lengths, -np.arange(longest))
    cost = SEGMENT_COST if torch.is_grad_enabled() else INFERENCE_SEGMENT_COST
    return _cut(counts, 0, longest, cost / n_cells**2)


def _cut(counts, first, stop, cost):
    """Cut a range of patches recursively, wherever that saves more than it costs.

    Parameters
    ----------
    counts : int ndarray of shape (P,)
        Number of sequences that have each patch, in decreasing order.
    first, stop : int
        Range of patches.
    cost : float
        Cost of a segment, in patches of one sequence.

    Returns
    -------
    list of Segment
        The segments, in order of time.
    """
    cuts = np.arange(first + 1, stop)
    saved = (stop - cuts) * (counts[first] - counts[cuts])
    if saved.max(initial=0) <= cost:
        return [Segment(first, stop, int(counts[first]))]
    best = int(cuts[saved.argmax()])
    return _cut(counts, first, best, cost) + _cut(counts, best, stop, cost)


def _concatenate(parts):
    """Concatenate the rows of segments, without a copy if there is only one."""
    return parts[0] if len(parts) == 1 else torch.cat(parts)

"""Which patches of a batch are computed: no more than there are, in dense blocks.

A dense LSTM call computes as many patches for each sequence of a batch, but sequences
end at different ones. Packed sequences stop each in time, step by step, and are many
times slower (pytorch issue 149194). In between lies a cut of the batch into a few dense
blocks, one behind the other in time, each with fewer sequences than the one before.
"""

from functools import cached_property

import numpy as np
import torch

# What one more block costs, in products (cells times cells times patches) that might be
# computed in the same time instead. A training call of oneDNN takes about .3 ms at any
# size: as long as 20 patches of 128 cells, or 300 of 32.
BLOCK_PRODUCTS = 330_000
INFERENCE_BLOCK_PRODUCTS = 600_000

# Added to a variance over time before its root.
LEAST_VARIANCE = 1e-4


class Layout:
    """Dense blocks that hold all patches of a batch.

    A tensor in this layout has shape (R, ·): the rows of the blocks, one block behind
    the other, in each its patches in order, in each patch its sequences in order.

    Parameters
    ----------
    n_patches : int64 tensor of shape (N,)
        Number of patches of each sequence. They are cut into blocks where the longest
        come first, on a CPU; else all are computed as far as the longest.
    stop : int
        Number of patches to compute on an accelerator, at least as many as the longest
        sequence has. On a CPU that has a look at the lengths.
    n_cells : int
        Cells of a layer: they weigh what is saved against the cost of a block.
    """

    def __init__(self, n_patches, stop, n_cells):
        self.n_patches = n_patches
        self.n_samples = len(n_patches)
        self.is_full = False  # whether all sequences end with the last patch
        self.blocks = [(0, stop, self.n_samples)]
        if n_patches.device.type != "cpu":
            return  # to look at lengths would be to wait for an accelerator
        lengths = n_patches.numpy()
        stop = int(lengths.max())
        self.is_full = int(lengths.min()) == stop
        self.blocks = [(0, stop, self.n_samples)]
        if not self.is_full and (np.diff(lengths) <= 0).all():
            # How many sequences have a patch 0, a patch 1, ...
            counts = np.searchsorted(-lengths, -np.arange(stop))
            learns = torch.is_grad_enabled()
            cost = BLOCK_PRODUCTS if learns else INFERENCE_BLOCK_PRODUCTS
            self.blocks = _cut(counts, 0, stop, cost / n_cells**2)

    @property
    def stop(self):
        """Number of patches that are computed for the longest sequence."""
        return self.blocks[-1][1]

    @property
    def n_rows(self):
        """Number of patches that are computed, over all sequences."""
        return sum((stop - first) * width for first, stop, width in self.blocks)

    def run(self, cells, x, state=None):
        """Run recurrent cells over x (R, ·), from a start state: states (R, H)."""
        outputs, row = [], 0
        for first, stop, width in self.blocks:
            size = (stop - first) * width
            block = x[row : row + size].reshape(stop - first, width, -1)
            if state is not None and len(self.blocks) > 1:
                state = _narrow(state, width)
            states, state = cells(block, state)
            outputs.append(states.flatten(0, 1))
            row += size
        return outputs[0] if len(outputs) == 1 else torch.cat(outputs)

    def lay(self, x):
        """Bring x (N, P, ·) into this layout."""
        if len(self.blocks) == 1:
            return x[:, : self.stop].transpose(0, 1).flatten(0, 1)
        patches, samples = self._places
        return x.flatten(0, 1).index_select(0, samples * x.shape[1] + patches)

    def repeat(self, x):
        """Repeat x (N, ·) at all patches, as (R, ·)."""
        parts = [
            x[:width].expand(stop - first, -1, -1).flatten(0, 1)
            for first, stop, width in self.blocks
        ]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def at_each_patch(self, x):
        """Give x (P, ·) to all sequences, as (R, ·)."""
        parts = [
            x[first:stop, None].expand(-1, width, -1).flatten(0, 1)
            for first, stop, width in self.blocks
        ]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def turn(self, x):
        """Reverse each sequence of x (R, ·) within its own length."""
        if self.is_full:
            return x.reshape(self.stop, self.n_samples, -1).flip(0).flatten(0, 1)
        patches, samples = self._places
        mirrored = (self.n_patches[samples] - 1 - patches).clamp(min=0)
        return x.index_select(0, self._first_rows[mirrored] + samples)

    def last(self, x):
        """Take each sequence's last patch of x (R, ·): (N, ·)."""
        if self.is_full:
            return x[-self.n_samples :]
        samples = torch.arange(self.n_samples, device=x.device)
        return x.index_select(0, self._first_rows[self.n_patches - 1] + samples)

    def pool(self, x, how):
        """Pool x (R, ·) over each sequence's patches: (N, ·) for each way of `how`.

        Parameters
        ----------
        x : tensor of shape (R, ·)
            Numbers in this layout.
        how : sequence of {"mean", "max", "min", "std", "ppv"}
            Ways to pool; "ppv" is the proportion of positive values.

        Returns
        -------
        tensor of shape (N, n_ways, ·)
            What is pooled.
        """
        return torch.stack([getattr(self, f"_{way}")(x) for way in how], dim=1)

    def _mean(self, x):
        return self._reduce(x, "sum", 0.0) / self.n_patches[:, None]

    def _std(self, x):
        variance = self._mean(x.square()) - self._mean(x).square()
        # The root's slope at 0 is infinite.
        return (variance.clamp(min=0) + LEAST_VARIANCE).sqrt()

    def _ppv(self, x):
        return self._mean((x > 0).to(x.dtype))

    def _max(self, x):
        return self._reduce(x, "amax", -torch.inf)

    def _min(self, x):
        return self._reduce(x, "amin", torch.inf)

    def _reduce(self, x, name, neutral):
        """Reduce x (R, ·) over each sequence's patches by a function of torch."""
        parts, row = [], 0
        for first, stop, width in self.blocks:
            size = (stop - first) * width
            block = x[row : row + size].reshape(stop - first, width, -1)
            if not self.is_full:
                patches = torch.arange(first, stop, device=x.device)[:, None]
                over = patches >= self.n_patches[:width]  # (P, N)
                block = block.masked_fill(over[:, :, None], neutral)
            part = getattr(block, name)(dim=0)
            surplus = self.n_samples - width
            if surplus:
                pad = torch.nn.functional.pad
                part = pad(part, (0, 0, 0, surplus), value=neutral)
            parts.append(part)
            row += size
        if len(parts) == 1:
            return parts[0]
        return getattr(torch.stack(parts), name)(dim=0)

    def spread(self, x, n_patches):
        """Bring x (R, ·) back to (N, n_patches, ·).

        What stands after a sequence's end is of no meaning.
        """
        if len(self.blocks) == 1:
            x = x.reshape(self.stop, self.n_samples, -1)
            surplus = n_patches - self.stop
            if surplus:
                x = torch.nn.functional.pad(x, (0, 0, 0, 0, 0, surplus))
            return x.transpose(0, 1)
        patches = torch.arange(n_patches, device=x.device)
        samples = torch.arange(self.n_samples, device=x.device)[:, None]
        patches = torch.minimum(patches, self.n_patches[:, None] - 1)  # (N, P)
        rows = self._first_rows[patches] + samples
        spread = x.index_select(0, rows.flatten())
        return spread.reshape(self.n_samples, n_patches, -1)

    @cached_property
    def _places(self):
        """Patch and sequence of each row, two of shape (R,)."""
        device = self.n_patches.device
        patches, samples = [], []
        for first, stop, width in self.blocks:
            in_block = torch.arange((stop - first) * width, device=device)
            patches.append(first + in_block // width)
            samples.append(in_block % width)
        return torch.cat(patches), torch.cat(samples)

    @cached_property
    def _first_rows(self):
        """Row of each patch of the first sequence, shape (stop,)."""
        device = self.n_patches.device
        rows, row = [], 0
        for first, stop, width in self.blocks:
            end = row + (stop - first) * width
            rows.append(torch.arange(row, end, width, device=device))
            row = end
        return torch.cat(rows)


def _cut(counts, first, stop, cost):
    """Cut patches `first` to `stop` where that saves more than a block costs.

    Parameters
    ----------
    counts : int ndarray of shape (P,)
        Number of sequences that have each patch, falling.
    first, stop : int
        The patches.
    cost : float
        Cost of a block, in patches of one sequence.

    Returns
    -------
    list of tuple (first, stop, width)
        The blocks; width is a number of sequences.
    """
    places = np.arange(first + 1, stop)
    saved = (stop - places) * (counts[first] - counts[places])
    if saved.max(initial=0) <= cost:
        return [(first, stop, int(counts[first]))]
    place = int(places[saved.argmax()])
    return _cut(counts, first, place, cost) + _cut(counts, place, stop, cost)


def _narrow(state, width):
    """Keep the first `width` sequences of the state of LSTM or GRU cells."""
    if isinstance(state, tuple):
        return tuple(part[:, :width].contiguous() for part in state)
    return state[:, :width].contiguous()

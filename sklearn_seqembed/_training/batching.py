"""Which sequences come together: batches of few lengths, the longest first."""

import math

import numpy as np
import torch

# A training batch is put together from so many groups of about equal lengths: shorter,
# middling and longer ones. A single group learns worse than batches drawn wholly at
# random (benchmarks/padding.py), and with more a batch took longer in trials.
GROUPS = 3
# Batches whose sequences are sorted by length to make the groups.
POOL_BATCHES = 32

# States (cells times patches), values and sequences that enter the network together
# outside training, at most: they bound its memory.
INFERENCE_STATES = 2**23
INFERENCE_VALUES = 2**21
INFERENCE_SEQUENCES = 1024

# States of one recurrent call on a CPU. With over 2 million the C library gives memory
# back after each call and gets it again page by page, which took a third longer. With
# fewer sequences than this, matrix products would be too small.
KEPT_STATES = 1_800_000
LEAST_KEPT_SEQUENCES = 8


class TrainingBatches:
    """Iterate over random batches of few lengths, anew each epoch.

    Sequences are shuffled, and within pools of about `POOL_BATCHES` batches sorted by
    about their length and cut into groups. Each batch is then put together from
    `GROUPS` of these, drawn at random from all pools: a group of shorter sequences, of
    middling ones, of longer ones. Every sequence comes once an epoch, the longest of a
    batch first, and batches differ by at most one in size. Where all lengths are equal,
    batches are simply random.

    Parameters
    ----------
    dataset : SequenceDataset
        The sequences.
    batch_size : int
        Largest number of sequences of a batch.
    """

    def __init__(self, dataset, batch_size):
        self.dataset = dataset
        self.batch_size = batch_size

    def __len__(self):
        return -(-len(self.dataset) // self.batch_size)

    def __iter__(self):
        order = torch.randperm(len(self.dataset)).numpy()
        batches = np.array_split(order, len(self))
        if np.ptp(self.dataset.lengths):
            batches = self._regroup(batches)
        for k in torch.randperm(len(batches)).tolist():
            yield self.dataset.batch(batches[k])

    def _regroup(self, batches):
        """Put batches together anew, each of shorter and of longer sequences."""
        n_patches = -(-self.dataset.lengths // self.dataset.patch_size)
        groups = [[] for _ in range(GROUPS)]  # the shortest, ..., the longest
        n_pools = -(-len(batches) // POOL_BATCHES)
        edges = [len(batches) * k // n_pools for k in range(n_pools + 1)]
        for start, stop in zip(edges[:-1], edges[1:], strict=True):
            pool = batches[start:stop]
            members = np.concatenate(pool)
            members = members[np.argsort(n_patches[members], kind="stable")]
            # Neighbours come to other groups each epoch, else each would keep company.
            chance = torch.rand(len(members)).numpy() * (len(pool[0]) / GROUPS)
            members = members[np.argsort(np.arange(len(members)) + chance)]
            parts = zip(*(np.array_split(batch, GROUPS) for batch in pool), strict=True)
            for place, like in enumerate(parts):
                cuts = np.cumsum([len(part) for part in like])
                *cut, members = np.split(members, cuts)
                groups[place] += cut
        # Of these kinds all but one have groups of one size: a batch keeps its size.
        shuffled = [[kind[k] for k in torch.randperm(len(kind))] for kind in groups]
        mixed = [np.concatenate(parts) for parts in zip(*shuffled, strict=True)]
        # By length, so that patches of any size are in order too.
        lengths = self.dataset.lengths
        return [batch[np.argsort(-lengths[batch], kind="stable")] for batch in mixed]


class OrderedBatches:
    """Iterate over batches in order of length, the longest first, without chance.

    Parameters
    ----------
    dataset : SequenceDataset
        The sequences.
    batch_size : int
        Largest number of sequences of a batch.
    """

    def __init__(self, dataset, batch_size):
        self.dataset = dataset
        self.batch_size = batch_size

    def __len__(self):
        return -(-len(self.dataset) // self.batch_size)

    def __iter__(self):
        order = np.argsort(-self.dataset.lengths, kind="stable")
        for indices in np.array_split(order, len(self)):
            yield self.dataset.batch(indices)


def inference_batches(lengths, patch_size, n_values, n_cells, keep):
    """Yield indices of sequences of similar lengths, as many as are good together.

    Parameters
    ----------
    lengths : int64 ndarray of shape (n_samples,)
        Time steps of each sequence.
    patch_size, n_values, n_cells : int
        Time steps of a patch, values of a step, cells of a layer and direction.
    keep : bool
        Whether the C library is to keep the memory of a recurrent call for the next.
    """
    order = np.argsort(-lengths, kind="stable")
    while len(order):
        n_steps = padded_length(lengths[order[0]], patch_size)
        n_states = n_steps // patch_size * n_cells  # of the longest sequence left
        batch_size = min(
            INFERENCE_SEQUENCES,
            INFERENCE_STATES // n_states,
            INFERENCE_VALUES // (n_steps * n_values),
        )
        if keep:
            fitting = max(LEAST_KEPT_SEQUENCES, KEPT_STATES // n_states)
            batch_size = min(batch_size, fitting)
        n_batches = -(-len(order) // max(1, batch_size))
        size = -(-len(order) // n_batches)  # rather two halves than all and a rest
        yield order[:size]
        order = order[size:]


def padded_length(length, patch_size):
    """Round a number of steps up to one of few, so that tensors have few shapes.

    On an accelerator every new shape may cost once; on a CPU, what is added is not
    computed by the cells. Up to 64 patches nothing is rounded; above, the grid
    has 32 to 64 numbers an octave, so that at most 1 / 32 of the patches, 1 % on
    average, are added.

    Parameters
    ----------
    length : int
        Number of time steps, at least 1.
    patch_size : int
        Number of time steps of a patch.

    Returns
    -------
    int
        A number of steps, a multiple of `patch_size`.
    """
    n_patches = -(-int(length) // patch_size)
    grid = 2 ** max(0, math.ceil(math.log2(n_patches)) - 6)
    return -(-n_patches // grid) * grid * patch_size

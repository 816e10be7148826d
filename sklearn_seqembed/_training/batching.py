"""Choice of the sequences of each batch: similar lengths, the longest first."""

import math

import numpy as np
import torch

from sklearn_seqembed._training.streamed import StreamedDataset

# Groups of similar lengths in a training batch. Compared with random batches, one group
# lowers the explained fraction by .015 on JapaneseVowels, and two groups lower it by
# .005 on PLAID. A batch of four groups takes 5 to 20 % longer than one of three
# (benchmarks/README.md, "Trials").
GROUPS = 3

# Number of batches whose sequences are sorted by length together. With more batches,
# the lengths within a group would be more similar. With fewer, the sequences of a batch
# would be more random. It was not tuned.
POOL_BATCHES = 32

# Upper bounds on the states (cells times patches), values and sequences of a batch
# outside training. They limit memory, to 32 MiB of float32 for one tensor of states and
# 8 MiB for the values, and were not tuned.
INFERENCE_STATES = 2**23
INFERENCE_VALUES = 2**21
INFERENCE_SEQUENCES = 1024

# Upper bound on the states of one recurrent call where the C library can keep freed
# memory. Above two million states it returns the memory to the system after each call
# and requests it again page by page, which took a third longer. One million was 3 to
# 6 % slower. With fewer sequences than the second constant, matrix products would be
# too small (benchmarks/README.md, "Trials").
KEPT_STATES = 1_800_000
LEAST_KEPT_SEQUENCES = 8


class _Batches:
    """Iterate over the batches of a dataset, as skorch's iterators do.

    The sizes of batches differ by at most one.

    Parameters
    ----------
    dataset : SequenceDataset or PairDataset
        The sequences.
    batch_size : int
        Largest number of sequences in a batch.
    """

    def __init__(self, dataset, batch_size):
        self.dataset = dataset
        self.batch_size = batch_size

    def __len__(self):
        return -(-len(self.dataset) // self.batch_size)


class TrainingBatches(_Batches):
    """Iterate over random batches of similar lengths, different ones in each epoch.

    Sequences are shuffled into pools of about `POOL_BATCHES` batches. Within a pool
    they are sorted by length, with some jitter, and cut into groups. Each batch
    consists of one group of short, one of medium and one of long sequences, drawn at
    random from all pools. Its longest sequence comes first. If all lengths are equal,
    batches are random.

    Parameters
    ----------
    dataset : SequenceDataset, PairDataset or StreamedDataset
        The sequences, with a random generator. Those of a stream are shuffled within
        its buffers.
    batch_size : int
        Largest number of sequences in a batch.
    """

    def __iter__(self):
        if isinstance(self.dataset, StreamedDataset):
            for buffer in self.dataset.iter_buffers(self.batch_size):
                yield from TrainingBatches(buffer, self.batch_size)
            return
        order = self._permute(len(self.dataset)).numpy()
        batches = np.array_split(order, len(self))
        if np.ptp(self.dataset.lengths):
            batches = self._regroup(batches)
        for k in self._permute(len(batches)).tolist():
            yield self.dataset.batch(batches[k])

    def _regroup(self, batches):
        """Exchange sequences between batches, so that each has `GROUPS` groups."""
        groups = [[] for _ in range(GROUPS)]  # lists of short, ..., long groups
        n_pools = -(-len(batches) // POOL_BATCHES)
        edges = [len(batches) * k // n_pools for k in range(n_pools + 1)]
        for start, stop in zip(edges[:-1], edges[1:], strict=True):
            pool = batches[start:stop]
            members = self._sort_roughly(np.concatenate(pool), len(pool[0]))
            # Groups are as large as the thirds of these batches, to keep batch sizes.
            parts = zip(*(np.array_split(batch, GROUPS) for batch in pool), strict=True)
            for groups_of_length, same in zip(groups, parts, strict=True):
                cuts = np.cumsum([len(part) for part in same])
                *new_groups, members = np.split(members, cuts)
                groups_of_length += new_groups
        # All groups of a kind (short, medium or long) have the same size, except in one
        # kind. Sizes of batches therefore hardly change.
        shuffled = [[kind[k] for k in self._permute(len(kind))] for kind in groups]
        mixed = [np.concatenate(parts) for parts in zip(*shuffled, strict=True)]
        # Sorted by time steps, not by patches: patches of the reservoir are smaller.
        lengths = self.dataset.lengths
        return [batch[np.argsort(-lengths[batch], kind="stable")] for batch in mixed]

    def _sort_roughly(self, members, batch_size):
        """Sort sequences by length, then displace each at random by up to one group.

        Otherwise the same sequences would be in one group in every epoch.
        """
        n_patches = -(-self.dataset.lengths[members] // self.dataset.patch_size)
        members = members[np.argsort(n_patches, kind="stable")]
        draws = torch.rand(len(members), generator=self.dataset.generator).numpy()
        jitter = draws * (batch_size / GROUPS)
        return members[np.argsort(np.arange(len(members)) + jitter)]

    def _permute(self, n):
        return torch.randperm(n, generator=self.dataset.generator)


class OrderedBatches(_Batches):
    """Iterate over batches in order of length, the longest sequences first.

    Parameters
    ----------
    dataset : SequenceDataset or PairDataset
        The sequences.
    batch_size : int
        Largest number of sequences in a batch.
    """

    def __iter__(self):
        order = np.argsort(-self.dataset.lengths, kind="stable")
        for indices in np.array_split(order, len(self)):
            yield self.dataset.batch(indices)


def iter_inference_batches(lengths, patch_size, n_values, n_cells, keeps_memory):
    """Yield batches of sequences of similar lengths, as large as memory allows.

    Parameters
    ----------
    lengths : int64 ndarray of shape (n_samples,)
        Number of time steps of each sequence.
    patch_size, n_values, n_cells : int
        Numbers of time steps per patch, of values per time step, and of cells per layer
        and direction.
    keeps_memory : bool
        Whether to make batches so small that the C library can keep their memory.

    Yields
    ------
    indices : int64 ndarray
        Sequences of a batch, the longest first.
    """
    order = np.argsort(-lengths, kind="stable")
    while len(order):
        n_steps = round_up_length(lengths[order[0]], patch_size)
        n_states = n_steps // patch_size * n_cells  # of the longest sequence left
        batch_size = min(
            INFERENCE_SEQUENCES,
            INFERENCE_STATES // n_states,
            INFERENCE_VALUES // (n_steps * n_values),
        )
        if keeps_memory:
            n_fitting = max(LEAST_KEPT_SEQUENCES, KEPT_STATES // n_states)
            batch_size = min(batch_size, n_fitting)
        n_batches = -(-len(order) // max(1, batch_size))
        size = -(-len(order) // n_batches)  # equal sizes, instead of a small last batch
        yield order[:size]
        order = order[size:]


def round_up_length(length, patch_size):
    """Round a number of time steps up, so that tensors have few different shapes.

    An accelerator may need extra time for each new shape. On a CPU the cells skip the
    added steps. Up to 64 patches, a length is only rounded to whole patches. Larger
    lengths are rounded to one of 32 values per factor of two, which adds at most 1 / 32
    of the patches, and 1 % on average.

    Parameters
    ----------
    length : int
        Number of time steps, at least 1.
    patch_size : int
        Number of time steps of a patch.

    Returns
    -------
    int
        Number of time steps, a multiple of `patch_size`.
    """
    n_patches = -(-int(length) // patch_size)
    grid = 2 ** max(0, math.ceil(math.log2(n_patches)) - 6)
    return -(-n_patches // grid) * grid * patch_size

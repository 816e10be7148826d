"""Choice of the sequences of a batch: few different lengths, the longest first."""

import math

import numpy as np
import torch

# Groups of about equal lengths that make up a training batch. One group per batch loses
# .015 of the explained fraction on JapaneseVowels against random batches, two lose .005
# on PLAID, and a batch of four takes 5 to 20 % longer than one of three
# (benchmarks/README.md, "Trials").
GROUPS = 3

# Number of batches whose sequences are sorted by length together. More would make the
# lengths within a group more alike, fewer would mix the batches more. It was not tuned.
POOL_BATCHES = 32

# Upper bounds on the states (cells times patches), values and sequences of a batch
# outside training. They limit memory, to 32 MiB of float32 for one tensor of states and
# 8 MiB for the values, and were not tuned.
INFERENCE_STATES = 2**23
INFERENCE_VALUES = 2**21
INFERENCE_SEQUENCES = 1024

# Upper bound on the states of one recurrent call where freed memory is kept. Above two
# million the C library returns memory to the system after each call and fetches it
# again page by page, which took a third longer; one million was 3 to 6 % slower. Matrix
# products of fewer sequences than the second bound would be too small
# (benchmarks/README.md, "Trials").
KEPT_STATES = 1_800_000
LEAST_KEPT_SEQUENCES = 8


class _Batches:
    """Iterate over the batches of a dataset, as skorch's iterators do.

    Batches differ by at most one in size.

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
    """Iterate over random batches of few lengths, different ones in each epoch.

    Sequences are shuffled into pools of about `POOL_BATCHES` batches. Within a pool
    they are sorted by length, with some jitter, and cut into groups. Each batch is one
    group of short, one of medium and one of long sequences, drawn at random from all
    pools, the longest sequence first. If all lengths are equal, batches are random.

    Parameters
    ----------
    dataset : SequenceDataset or PairDataset
        The sequences.
    batch_size : int
        Largest number of sequences in a batch.
    """

    def __iter__(self):
        order = torch.randperm(len(self.dataset)).numpy()
        batches = np.array_split(order, len(self))
        if np.ptp(self.dataset.lengths):
            batches = self._regroup(batches)
        for k in torch.randperm(len(batches)).tolist():
            yield self.dataset.batch(batches[k])

    def _regroup(self, batches):
        """Exchange sequences between batches, so that each consists of `GROUPS`."""
        groups = [[] for _ in range(GROUPS)]  # lists of short, ..., long groups
        n_pools = -(-len(batches) // POOL_BATCHES)
        edges = [len(batches) * k // n_pools for k in range(n_pools + 1)]
        for start, stop in zip(edges[:-1], edges[1:], strict=True):
            pool = batches[start:stop]
            members = self._sort_roughly(np.concatenate(pool), len(pool[0]))
            # Cut groups of the sizes that thirds of these batches have.
            parts = zip(*(np.array_split(batch, GROUPS) for batch in pool), strict=True)
            for groups_of_length, same in zip(groups, parts, strict=True):
                cuts = np.cumsum([len(part) for part in same])
                *new_groups, members = np.split(members, cuts)
                groups_of_length += new_groups
        # Groups of a kind have one size, except in one kind: batch sizes hardly change.
        shuffled = [[kind[k] for k in torch.randperm(len(kind))] for kind in groups]
        mixed = [np.concatenate(parts) for parts in zip(*shuffled, strict=True)]
        # Sorted by steps, not patches: cells may read patches of another size, too.
        lengths = self.dataset.lengths
        return [batch[np.argsort(-lengths[batch], kind="stable")] for batch in mixed]

    def _sort_roughly(self, members, batch_size):
        """Sort sequences by length, each displaced by up to a group at random.

        Without that jitter the same sequences would share a batch in every epoch.
        """
        n_patches = -(-self.dataset.lengths[members] // self.dataset.patch_size)
        members = members[np.argsort(n_patches, kind="stable")]
        jitter = torch.rand(len(members)).numpy() * (batch_size / GROUPS)
        return members[np.argsort(np.arange(len(members)) + jitter)]


class OrderedBatches(_Batches):
    """Iterate over batches in order of length, the longest first, not at random.

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
        Time steps of a patch, values of a time step, cells of a layer and direction.
    keeps_memory : bool
        Whether batches are so small that the C library can keep their memory.

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
        size = -(-len(order) // n_batches)  # two halves, not one full batch and a rest
        yield order[:size]
        order = order[size:]


def round_up_length(length, patch_size):
    """Round a number of time steps up, so that tensors take few different shapes.

    An accelerator may need extra time for every new shape; on a CPU the cells skip the
    added steps. Up to 64 patches nothing is added. Above, a length is rounded to one of
    32 to 64 values per factor of two, which adds at most 1 / 32 of the patches, and 1 %
    on average.

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

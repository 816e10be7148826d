"""The internal form of all sequences: blocks of time steps, and where each begins."""

import numpy as np

# Values looked at together when a whole X is scanned: bounds the memory of a scan.
CHUNK_VALUES = 2**20


class Sequences:
    """Sequences of any lengths over shared blocks of time steps.

    Sequence i is the rows `starts[i]` to `starts[i] + lengths[i]` of every block. A
    selection of sequences, or of a part of each, shares the blocks: nothing is copied.

    Parameters
    ----------
    blocks : tuple of ndarray of shape (total_steps, k)
        The values, all time steps one after another. Each block has a dtype of its
        own; side by side they hold `n_features` columns.
    starts : int64 ndarray of shape (n_samples,)
        Row at which each sequence begins.
    lengths : int64 ndarray of shape (n_samples,)
        Number of time steps of each sequence, at least 1.
    """

    def __init__(self, blocks, starts, lengths):
        self.blocks = blocks
        self.starts = starts
        self.lengths = lengths

    @classmethod
    def from_offsets(cls, blocks, offsets):
        """Take contiguous sequences, i at rows `offsets[i]` to `offsets[i + 1]`."""
        offsets = np.asarray(offsets, dtype=np.int64)
        return cls(blocks, offsets[:-1], np.diff(offsets))

    def __len__(self):
        return len(self.lengths)

    def __getitem__(self, indices):
        return Sequences(self.blocks, self.starts[indices], self.lengths[indices])

    @property
    def n_features(self):
        """Number of features, over all blocks."""
        return sum(block.shape[1] for block in self.blocks)

    @property
    def n_steps(self):
        """Number of time steps of all sequences together."""
        return int(self.lengths.sum())

    def take(self, rows):
        """Gather rows of the blocks: shape of `rows` + (n_features,)."""
        parts = [np.take(block, rows, axis=0) for block in self.blocks]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)

    def rows(self, i):
        """Return the values of sequence i, shape (lengths[i], n_features)."""
        return self.span(self.starts[i], self.starts[i] + self.lengths[i])

    def iter_chunks(self):
        """Yield all time steps, in order, in arrays of about `CHUNK_VALUES` values.

        Yields
        ------
        chunk : ndarray of shape (n_chunk_steps, n_features)
            Some time steps; a view where the sequences lie one behind the other.
        """
        size = max(1, CHUNK_VALUES // self.n_features)
        ends = self.starts + self.lengths
        if np.array_equal(self.starts[1:], ends[:-1]):
            for start in range(self.starts[0], ends[-1], size):
                yield self.span(start, min(start + size, ends[-1]))
            return
        cuts = np.searchsorted(
            np.cumsum(self.lengths), np.arange(size, self.n_steps, size)
        )
        for part in np.split(np.arange(len(self)), np.unique(cuts + 1)):
            if len(part):
                starts, lengths = self.starts[part], self.lengths[part]
                before = np.cumsum(lengths) - lengths
                rows = np.arange(lengths.sum()) + np.repeat(starts - before, lengths)
                yield self.take(rows)

    def span(self, start, stop):
        """Return rows `start` to `stop` of the blocks: a view where there is one."""
        parts = [block[start:stop] for block in self.blocks]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)

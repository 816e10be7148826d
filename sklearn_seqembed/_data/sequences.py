"""Internal form of all sequences: blocks of time steps, and the first row of each."""

from typing import NamedTuple

import numpy as np

# Number of values that are processed at a time when all of X is scanned. It limits the
# memory of a scan.
CHUNK_VALUES = 2**20


class CategoricalFeature(NamedTuple):
    """One categorical feature at all time steps.

    Attributes
    ----------
    codes : int32 ndarray of shape (total_steps,)
        Index into `categories` at each time step, -1 where missing.
    categories : ndarray of shape (n_categories,)
        The distinct values, sorted; strings have dtype object.
    """

    codes: np.ndarray
    categories: np.ndarray


class CategoryCounts(NamedTuple):
    """How often the categories of a feature occur.

    Attributes
    ----------
    categories : ndarray of shape (n_categories,)
        The distinct values, sorted.
    counts : int64 ndarray of shape (n_categories,)
        Number of time steps with each of them.
    """

    categories: np.ndarray
    counts: np.ndarray


class Sequences:
    """Sequences of any lengths over shared blocks of time steps.

    Sequence i consists of the rows `starts[i]` to `starts[i] + lengths[i]` of every
    block. A selection of sequences, or of parts of them, shares the blocks: nothing is
    copied.

    Parameters
    ----------
    blocks : tuple of ndarray of shape (total_steps, k)
        Numeric values of all time steps. Blocks may differ in dtype; together they have
        `n_numeric` columns.
    starts : int64 ndarray of shape (n_samples,)
        Row at which each sequence begins.
    lengths : int64 ndarray of shape (n_samples,)
        Number of time steps of each sequence, at least 1.
    categorical : tuple of CategoricalFeature, default=()
        The categorical features, over the same time steps.
    """

    def __init__(self, blocks, starts, lengths, categorical=()):
        self.blocks = blocks
        self.starts = starts
        self.lengths = lengths
        self.categorical = categorical

    @classmethod
    def from_offsets(cls, blocks, offsets, categorical=()):
        """Create contiguous sequences: i has rows `offsets[i]` to `offsets[i + 1]`."""
        offsets = np.asarray(offsets, dtype=np.int64)
        return cls(blocks, offsets[:-1], np.diff(offsets), categorical)

    def __len__(self):
        return len(self.lengths)

    def __getitem__(self, indices):
        return self.cut(self.starts[indices], self.lengths[indices])

    def cut(self, starts, lengths):
        """Select other ranges of the same time steps."""
        return Sequences(self.blocks, starts, lengths, self.categorical)

    @property
    def n_represented(self):
        """Number of sequences that these stand for: more if they are a sample."""
        return len(self)

    @property
    def shortest(self):
        """Number of time steps of the shortest sequence."""
        return int(self.lengths.min())

    @property
    def longest(self):
        """Number of time steps of the longest sequence."""
        return int(self.lengths.max())

    @property
    def n_numeric(self):
        """Number of numeric features, over all blocks."""
        return sum(block.shape[1] for block in self.blocks)

    @property
    def n_features(self):
        """Number of features, numeric and categorical."""
        return self.n_numeric + len(self.categorical)

    @property
    def n_steps(self):
        """Number of time steps of all sequences together."""
        return int(self.lengths.sum())

    def take(self, rows):
        """Gather numeric values in an array of shape ``(*rows.shape, n_numeric)``."""
        parts = [np.take(block, rows, axis=0) for block in self.blocks]
        return _join_features(parts, np.shape(rows))

    def take_codes(self, rows):
        """Gather int32 codes in an array of shape ``(*rows.shape, n_categorical)``."""
        codes = [feature.codes[rows] for feature in self.categorical]
        return np.stack(codes, axis=-1) if codes else np.empty((*rows.shape, 0), "i4")

    def rows(self, i):
        """Return the numeric values of sequence i, shape (lengths[i], n_numeric)."""
        return self.span(self.starts[i], self.starts[i] + self.lengths[i])

    def is_observed(self, i):
        """Return whether sequence i has any observed value."""
        rows = slice(self.starts[i], self.starts[i] + self.lengths[i])
        return bool(
            any((feature.codes[rows] >= 0).any() for feature in self.categorical)
            or any(not np.isnan(block[rows]).all() for block in self.blocks)
        )

    def iter_chunks(self):
        """Yield all numeric values, in order, in arrays of about `CHUNK_VALUES` values.

        Yields
        ------
        chunk : ndarray of shape (n_chunk_steps, n_numeric)
            Some time steps. A view if the sequences are contiguous and in one block.
        """
        for rows in self._iter_rows(self.n_numeric):
            is_span = isinstance(rows, slice)
            yield self.span(rows.start, rows.stop) if is_span else self.take(rows)

    def iter_code_chunks(self):
        """Yield the codes of all time steps in chunks as :meth:`iter_chunks` does."""
        for rows in self._iter_rows(len(self.categorical)):
            if isinstance(rows, slice):
                rows = np.arange(rows.start, rows.stop)
            yield self.take_codes(rows)

    def count_categories(self):
        """Count the categories of each categorical feature.

        Returns
        -------
        list of CategoryCounts
            One for each feature.
        """
        return [
            CategoryCounts(
                feature.categories,
                sum(
                    np.bincount(codes[codes >= 0], minlength=len(feature.categories))
                    for codes in map(feature.codes.__getitem__, self._iter_rows(1))
                ),
            )
            for feature in self.categorical
        ]

    def codes_of(self, k):
        """Return the codes of categorical feature k at all time steps, in order."""
        codes = self.categorical[k].codes
        return np.concatenate([codes[rows] for rows in self._iter_rows(1)])

    def _iter_rows(self, width):
        """Yield the rows of all time steps, in order; slices if they are contiguous."""
        size = max(1, CHUNK_VALUES // max(1, width))
        ends = self.starts + self.lengths
        if np.array_equal(self.starts[1:], ends[:-1]):
            for start in range(self.starts[0], ends[-1], size):
                yield slice(start, min(start + size, ends[-1]))
            return
        cuts = np.searchsorted(
            np.cumsum(self.lengths), np.arange(size, self.n_steps, size)
        )
        for part in np.split(np.arange(len(self)), np.unique(cuts + 1)):
            if len(part):
                starts, lengths = self.starts[part], self.lengths[part]
                before = np.cumsum(lengths) - lengths
                yield np.arange(lengths.sum()) + np.repeat(starts - before, lengths)

    def span(self, start, stop):
        """Return rows `start` to `stop` of the blocks: a view if there is one block."""
        parts = [block[start:stop] for block in self.blocks]
        return _join_features(parts, (stop - start,))


def _join_features(parts, shape):
    """Join numeric features along the last axis; without any, its length is 0."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return np.empty((*shape, 0), np.float32)
    return np.concatenate(parts, axis=-1)

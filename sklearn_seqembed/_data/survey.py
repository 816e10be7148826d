"""One pass over a stream: its checks, its categories, and a sample of its sequences."""

import numpy as np

from sklearn_seqembed._data.read_ahead import read_ahead
from sklearn_seqembed._data.sequences import CategoryCounts, Sequences

# Largest number of sequences of a sample, and of their values (64 MiB of float32). They
# limit memory. `fit` reads no more than 5,000 sequences for anything but training and
# validation.
SAMPLE_SEQUENCES = 2**15
SAMPLE_VALUES = 2**24


class SampledSequences(Sequences):
    """A random sample of the sequences of a stream, and what is known of all of them.

    Parameters
    ----------
    sample : Sequences
        The sample, in the order of the stream; all sequences if they are few.
    table : pyarrow Table
        The same as the stream stores them.
    stream : SequenceStream
        All sequences.
    positions : int64 ndarray of shape (n_samples,)
        Numbers of the sampled sequences.
    tally : Tally
        What was counted in the stream.
    """

    def __init__(self, sample, table, stream, positions, tally):
        super().__init__(
            sample.blocks, sample.starts, sample.lengths, sample.categorical
        )
        self.table = table
        self.stream = stream
        self.positions = positions
        self.tally = tally

    @property
    def n_represented(self):
        """Number of sequences of the stream."""
        return self.tally.n_sequences

    @property
    def shortest(self):
        """Number of time steps of the shortest sequence of the stream."""
        return self.tally.shortest

    @property
    def longest(self):
        """Number of time steps of the longest sequence of the stream."""
        return self.tally.longest

    def count_categories(self):
        """Count the categories of all sequences of the stream."""
        return self.tally.count_categories()


class Tally:
    """Numbers of sequences, time steps and categories, chunk by chunk.

    Attributes
    ----------
    n_sequences : int
        Number of sequences.
    shortest, longest : int
        Number of time steps of the shortest and of the longest one.
    checksum : int
        Sum of those of the chunks.
    """

    def __init__(self):
        self.n_sequences, self.shortest, self.longest = 0, np.inf, 0
        self.checksum = 0
        self._counts = None

    def add(self, chunk, sequences):
        """Count the sequences of a chunk."""
        self.checksum += chunk.checksum()
        self.n_sequences += len(sequences)
        self.shortest = min(self.shortest, sequences.shortest)
        self.longest = max(self.longest, sequences.longest)
        found = sequences.count_categories()
        if self._counts is None:
            self._counts = [{} for _ in found]
        for counts, (categories, added) in zip(self._counts, found, strict=True):
            present = np.flatnonzero(added)
            names, numbers = categories[present].tolist(), added[present].tolist()
            for name, number in zip(names, numbers, strict=True):
                counts[name] = counts.get(name, 0) + number

    def count_categories(self):
        """Return the counts of each categorical feature, as `Sequences` does."""
        counted = []
        for counts in self._counts:
            names = sorted(counts)
            is_text = any(isinstance(name, str) for name in names)
            categories = np.empty(len(names), dtype=object) if is_text else names
            if is_text:
                categories[:] = names
            numbers = np.array([counts[name] for name in names], dtype=np.int64)
            counted.append(CategoryCounts(np.asarray(categories), numbers))
        return counted


def survey(stream, check):
    """Check all sequences of a stream, count them, and draw a sample.

    Parameters
    ----------
    stream : SequenceStream
        The stream.
    check : callable
        Reads and validates a pyarrow Table, and returns `Sequences`. It learns the
        features from the first table, and compares the others with it.

    Returns
    -------
    SampledSequences
        The sample, which does not depend on the parameter `random_state`.

    Raises
    ------
    ValueError
        If the stream has no sequences, or a part of it cannot be read or is invalid.
    """
    tally, sample = Tally(), _Sample()
    for chunk in read_ahead(stream.iter_chunks()):
        with chunk.naming():
            sequences = check(chunk.table)
        tally.add(chunk, sequences)
        sample.add(chunk, sequences)
    table, positions = sample.finish()
    return SampledSequences(check(table), table, stream, positions, tally)


class _Sample:
    """The sequences with the smallest of random keys, which are a random sample."""

    def __init__(self):
        self.random = np.random.default_rng(0)
        self.tables, self.keys, self.positions, self.n_values = [], [], [], []
        self.largest_key = 1.0

    def add(self, chunk, sequences):
        """Draw keys of some sequences, and keep those with small ones."""
        keys = self.random.random(len(sequences))
        kept = np.flatnonzero(keys < self.largest_key)
        self.tables.append(chunk.table.take(kept))
        self.keys.append(keys[kept])
        self.positions.append(chunk.positions[kept])
        self.n_values.append(sequences.lengths[kept] * sequences.n_features)
        n_kept = sum(map(len, self.keys))
        n_values = sum(map(np.sum, self.n_values))
        if n_kept > 2 * SAMPLE_SEQUENCES or n_values > 2 * SAMPLE_VALUES:
            self._shrink()

    def _shrink(self):
        """Drop the sequences with the largest keys beyond the limits."""
        import pyarrow as pa

        keys, positions, n_values = map(
            np.concatenate, (self.keys, self.positions, self.n_values)
        )
        order = np.argsort(keys, kind="stable")
        is_small = np.cumsum(n_values[order]) <= SAMPLE_VALUES
        n_kept = max(1, min(SAMPLE_SEQUENCES, int(is_small.sum())))
        if n_kept < len(order):
            self.largest_key = keys[order[n_kept]]
        kept = np.sort(order[:n_kept])
        self.tables = [pa.concat_tables(self.tables).take(kept)]
        self.keys, self.positions, self.n_values = (
            [values[kept]] for values in (keys, positions, n_values)
        )

    def finish(self):
        """Return a pyarrow Table of the sample, and its positions."""
        self._shrink()
        return self.tables[0], self.positions[0]

"""Training data that are read anew in each epoch, a buffer at a time."""

import contextlib

import numpy as np
import torch

from sklearn_seqembed._data.arrow_types import is_list, is_string
from sklearn_seqembed._data.messages import count
from sklearn_seqembed._data.read_ahead import read_ahead

# Largest number of sequences that are shuffled together, and of their values: 128 MiB
# of float64. Two such buffers are in memory at a time. They were not tuned.
BUFFER_SEQUENCES = 2**17
BUFFER_VALUES = 2**24

REMEDY = (
    "Do not write to the files while they are read. Sort the result of a query (sort "
    "in polars, ORDER BY in duckdb), or write it to Parquet files first."
)


class StreamedDataset(torch.utils.data.Dataset):
    """Sequences of a stream to train on.

    Row groups are read in a random order, and the sequences of a buffer are shuffled.

    Parameters
    ----------
    stream : SequenceStream
        All sequences.
    n_sequences : int
        Their number.
    checksum : int
        Sum of the checksums of their chunks.
    held_out : int64 ndarray
        Positions of the sequences that are held out for validation, sorted.
    fraction : float
        Fraction of the sequences to train on, in (0, 1]. They are evenly spaced.
    make_dataset : callable
        Returns a dataset of some of the sequences, a pyarrow Table.
    generator : torch.Generator
        Generator of random orders, on the CPU.
    """

    def __init__(
        self,
        stream,
        n_sequences,
        checksum,
        held_out,
        fraction,
        make_dataset,
        generator,
    ):
        self.stream = stream
        self.checksum = checksum
        self.held_out = held_out
        self.fraction = fraction
        self.make_dataset = make_dataset
        self.generator = generator
        self.n_used = self._count_used(n_sequences)
        if not self.n_used:
            self.fraction = 1.0
            self.n_used = self._count_used(n_sequences)

    def __len__(self):
        return self.n_used

    def _count_used(self, n_sequences):
        n_spaced = int(np.floor(n_sequences * self.fraction))
        return n_spaced - int(self._is_spaced(self.held_out).sum())

    def _is_spaced(self, positions):
        """Return which sequences are in the fraction to train on."""
        before = np.floor(positions * self.fraction)
        return np.floor((positions + 1) * self.fraction) > before

    def iter_buffers(self, batch_size):
        """Yield datasets of sequences that are shuffled together.

        Parameters
        ----------
        batch_size : int
            The number of sequences of all datasets but the last one is a multiple of
            it, so that an epoch has as many batches as without buffers.

        Yields
        ------
        SequenceDataset
            Some of the sequences.

        Raises
        ------
        ValueError
            If the source has not the same sequences as before, in the same order.
        """
        n_read = 0
        # The thread draws the order of the row groups before it returns the first
        # buffer, so that random numbers do not depend on its speed.
        with contextlib.closing(read_ahead(self._iter_tables(batch_size))) as tables:
            for table in tables:
                n_read += table.num_rows
                if n_read > len(self):
                    break
                yield self.make_dataset(table)
        if n_read != len(self):
            raise ValueError(
                f"X changed during fit: {count(len(self), 'sequence')} were expected "
                f"in an epoch, but {'more' if n_read > len(self) else n_read} were "
                f"read. {REMEDY}"
            )

    def _iter_tables(self, batch_size):
        """Yield the sequences of each buffer."""
        import pyarrow as pa

        tables, n_rows, n_values, checksum = [], 0, 0, 0
        for chunk in self.stream.iter_chunks(self._permute):
            checksum += chunk.checksum()
            is_used = self._is_spaced(chunk.positions)
            is_used &= ~np.isin(chunk.positions, self.held_out)
            table = chunk.table if is_used.all() else chunk.table.filter(is_used)
            tables.append(table)
            n_rows += table.num_rows
            n_values += _count_values(table)
            is_full = n_rows >= BUFFER_SEQUENCES or n_values >= BUFFER_VALUES
            if is_full and n_rows >= batch_size:
                joined = pa.concat_tables(tables)
                n_complete = n_rows - n_rows % batch_size
                yield joined.slice(0, n_complete)
                rest = joined.slice(n_complete)
                tables, n_rows, n_values = [rest], rest.num_rows, _count_values(rest)
        if n_rows:
            yield pa.concat_tables(tables)
        if checksum != self.checksum:
            raise ValueError(
                "X changed during fit: other sequences were read, or the same ones in "
                f"another order. {REMEDY}"
            )

    def _permute(self, n):
        return torch.randperm(n, generator=self.generator).tolist()


def _count_values(table):
    """Return the number of values of a table of sequences."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column, n_steps = table.column(0), table.num_rows
    if is_list(column.type):
        n_steps = pc.sum(pc.list_value_length(column)).as_py() or 0
    elif is_string(column.type):
        lengths = pc.utf8_length(column.cast(pa.large_string()))
        n_steps = pc.sum(lengths).as_py() or 0
    return n_steps * table.num_columns

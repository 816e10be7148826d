"""Some sequences of a stream: where they are stored, and their checksum."""

import contextlib
import zlib
from typing import NamedTuple

import numpy as np

from sklearn_seqembed._data.arrow_types import is_list, is_string
from sklearn_seqembed._data.messages import count

# Large odd numbers, by which the bits of others are spread.
CHECKSUM_FACTORS = 0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9


class Chunk(NamedTuple):
    """Some sequences of a stream.

    Attributes
    ----------
    table : pyarrow Table
        The features, with one row per sequence.
    kept : pyarrow Table
        The other columns.
    positions : int64 ndarray of shape (n_rows,)
        Numbers of the sequences, in the order in which the source stores them.
    place : str
        Part of the source that holds them.
    first : int
        Number of rows of this part before the chunk.
    remedy : str, default=""
        A sentence for errors, that says how to find the place more exactly.
    """

    table: object
    kept: object
    positions: np.ndarray
    place: str
    first: int
    remedy: str = ""

    def naming(self):
        """Return a context that names the place of the chunk in errors.

        Returns
        -------
        context manager
            For a block that reads the sequences.
        """
        n_rows = self.table.num_rows
        where = f"In {self.place}, {count(n_rows, 'row')} from row {self.first} on"
        if self.first is None:  # the sequences of a long table
            ends = self.kept.take([0, n_rows - 1]).to_pylist()
            first, last = (show_key(tuple(row.values())) for row in ends)
            where = f"In the sequences {first} to {last}, which ends in {self.place}"
        return _naming(where, self.remedy)

    def checksum(self):
        """Compute a number that changes if sequences do, or if they are exchanged.

        Returns
        -------
        int
            Sum over the sequences, modulo 2**64. It depends on their positions, their
            lengths and their first values of the first feature.
        """
        lengths, values = _list_first_values(self.table.column(0))
        position, length, value = (
            np.asarray(numbers).astype(np.uint64) * np.uint64(factor)
            for numbers, factor in zip(
                (self.positions + 1, lengths, values), CHECKSUM_FACTORS, strict=True
            )
        )
        mixed = (position ^ length ^ value) * np.uint64(CHECKSUM_FACTORS[0])
        mixed ^= mixed >> np.uint64(29)
        return int(mixed.sum(dtype=np.uint64))


def show_key(key):
    """Write the key of a sequence, a tuple of the values of one or more columns."""
    return repr(key[0] if len(key) == 1 else key)


@contextlib.contextmanager
def _naming(where, remedy):
    """Say where the sequences are that an error is about."""
    try:
        yield
    except (TypeError, ValueError) as exc:
        kind = TypeError if isinstance(exc, TypeError) else ValueError
        message = f"{where}, counted from there: {exc} {remedy}"
        raise kind(message.rstrip()) from exc


def _list_first_values(column):
    """Return the length and the first value of each sequence, as integers."""
    import pyarrow as pa
    import pyarrow.compute as pc

    lengths = np.ones(len(column), dtype=np.int64)
    if is_list(column.type):
        lengths = pc.list_value_length(column).to_numpy()
        column = pc.list_element(column, 0)
    elif is_string(column.type):
        column = column.cast(pa.large_string())
        lengths = pc.utf8_length(column).to_numpy()
    try:
        values = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
        return lengths, np.nan_to_num(values).view(np.uint64)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        # Not the hash of Python, which differs between processes.
        values = [zlib.crc32(repr(value).encode()) for value in column.to_pylist()]
        return lengths, np.array(values, dtype=np.uint64)

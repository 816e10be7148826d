"""Sequences that are read from storage, some at a time, as often as needed."""

import contextlib
import glob
import itertools
import os
import zlib
from typing import NamedTuple

import numpy as np

from sklearn_seqembed._data.arrow_types import is_list, is_string
from sklearn_seqembed._data.long_frames import sequences_from_long
from sklearn_seqembed._data.messages import count
from sklearn_seqembed._data.read_ahead import read_ahead
from sklearn_seqembed._data.refusals import list_classes
from sklearn_seqembed._data.stream_sources import find_source, naming, reading

# Numbers of sequences, or of events, that are read at a time. They limit memory, and
# were not tuned.
CHUNK_SEQUENCES = 2**12
CHUNK_EVENTS = 2**16

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
    """

    table: object
    kept: object
    positions: np.ndarray
    place: str
    first: int

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
            first, last = (_show(tuple(row.values())) for row in ends)
            where = f"In the sequences {first} to {last}, which ends in {self.place}"
        return naming(where)

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


class SequenceStream:
    """Sequences in storage, as :func:`scan_sequences` returns them.

    Parameters
    ----------
    source : object
        One of the sources in `stream_sources.py`.
    columns : list of str or None
        Features; None for all columns but the keys.
    by : list of str or None
        Columns that identify the sequences of a long table, else None.
    time : str or None
        Column by which a long table is sorted.
    keep : list of str
        Columns that are no features.

    Attributes
    ----------
    columns : list of str
        Names of the features.
    keep : list of str
        Names of the columns that are handed back with the vectors.
    """

    def __init__(self, source, columns=None, by=None, time=None, keep=()):
        self._source = source
        self._by, self._time = by, time
        self.keep = list(keep) + [name for name in by or () if name not in keep]
        names = source.schema.names
        for name in [*(columns or ()), *self.keep, *([time] if time else ())]:
            if name not in names:
                raise ValueError(f"There is no column {name!r}: there are {names}.")
        self._is_given = columns is not None
        if columns is None:
            columns = [name for name in names if name not in self.keep]
        self.columns = list(columns)
        if by is None:
            self._check_types()

    def __repr__(self):
        return f"SequenceStream(columns={self.columns}, keep={self.keep})"

    def iter_chunks(self, permute=None):
        """Yield all sequences.

        Parameters
        ----------
        permute : callable, default=None
            Returns the order in which to read so many row groups. It is used if the
            source has row groups, and if each row is a sequence. None keeps the order.

        Yields
        ------
        Chunk
            Some of the sequences.

        Raises
        ------
        ValueError
            If there are none, or a part of the source cannot be read.
        """
        is_empty = True
        for chunk in self._assemble() if self._by else self._iter_lists(permute):
            yield chunk
            is_empty = False
        if is_empty:
            raise ValueError("X has no rows, expected at least one sequence.")

    def _check_types(self):
        """Raise an error if some columns are sequences and others are not."""
        schema = self._source.schema
        types = {name: schema.field(name).type for name in self.columns}
        lists = [name for name, found in types.items() if is_list(found)]
        texts = [name for name, found in types.items() if is_string(found)]
        single = [name for name in types if name not in lists and name not in texts]
        if lists and single:
            raise TypeError(
                f"Column {lists[0]!r} holds sequences, but column {single[0]!r} holds "
                f"single values. Pass scan_sequences(X, columns={lists}), and with it "
                f"keep={single} to have these next to the vectors."
            )
        if texts and single:
            raise TypeError(
                f"Column {texts[0]!r} holds text, but column {single[0]!r} holds "
                "single values. If each row is an event, pass scan_sequences(X, "
                "by=...), with the column that identifies a sequence. If each text is "
                "a sequence of characters, pass scan_sequences(X, "
                f"columns={texts}, keep={single})."
            )

    def _read_columns(self):
        time = [self._time] if self._time else []
        return list(dict.fromkeys([*self.columns, *self.keep, *time]))

    def _iter_lists(self, permute):
        """Yield sequences whose features are lists."""
        for chunk in self._iter_rows(permute):
            rows = chunk.table
            yield chunk._replace(
                table=rows.select(self.columns), kept=rows.select(self.keep)
            )

    def _iter_rows(self, permute=None):
        """Yield the rows of all parts."""
        columns = self._read_columns()
        parts = self._source.list_parts(
            columns,
            CHUNK_SEQUENCES if self._by is None else CHUNK_EVENTS,
            is_given=self._is_given,
        )
        sizes = [part.n_rows for part in parts]
        order, starts = range(len(parts)), None
        if None not in sizes:
            starts = np.cumsum([0, *sizes])
            if permute is not None:
                order = permute(len(parts))
        position = 0
        for k in order:
            part, first = parts[k], 0
            position = position if starts is None else int(starts[k])
            tables = part.read()
            while True:
                with reading(part.place):
                    table = next(tables, None)
                if table is None:
                    break
                n_rows = table.num_rows
                if n_rows:
                    positions = np.arange(position, position + n_rows)
                    yield Chunk(table, None, positions, part.place, first)
                position, first = position + n_rows, first + n_rows

    def _assemble(self):
        """Yield the sequences of a long table whose rows are sorted by key."""
        import pyarrow as pa

        rest, position, last = None, 0, None
        for chunk in self._iter_rows():
            with chunk.naming():
                last = self._check_order(chunk.table, last)
            table = chunk.table
            if rest is not None:
                table = pa.concat_tables([rest, table])
            n_complete = self._count_complete(table)
            rest = table.slice(n_complete)
            if n_complete:
                yield self._collect(table.slice(0, n_complete), chunk, position)
                position += int(self._is_new(table).sum()) - 1
        if rest is not None:
            yield self._collect(rest, chunk, position)

    def _collect(self, table, chunk, position):
        """Collect the events of sequences, the first of which is number `position`."""
        import pyarrow as pa

        by = self._by
        with chunk.naming():
            frame, keys = sequences_from_long(
                table, by=by, time=self._time, columns=self.columns
            )
        chunk = chunk._replace(first=None)
        positions = np.arange(position, position + frame.num_rows)
        return chunk._replace(
            table=frame,
            kept=pa.table({name: keys[name] for name in by}),
            positions=positions,
        )

    def _count_complete(self, table):
        """Count the rows before those of the last sequence, which may continue."""
        return int(np.flatnonzero(self._is_new(table))[-1])

    def _is_new(self, table):
        """Return whether each row has another key than the row before."""
        import pyarrow.compute as pc

        is_new = np.zeros(table.num_rows, dtype=bool)
        is_new[0] = True
        for name in self._by:
            values = table[name].combine_chunks()
            differs = pc.not_equal(values[1:], values[:-1])
            is_new[1:] |= differs.fill_null(True).to_numpy(zero_copy_only=False)
        return is_new

    def _check_order(self, table, last):
        """Raise an error if keys are not ascending; return the last key."""
        heads = np.flatnonzero(self._is_new(table))
        rows = table.select(self._by).take(heads).to_pylist()
        keys = [tuple(row[name] for name in self._by) for row in rows]
        for head, key in zip(heads, keys, strict=True):
            if None in key:
                raise ValueError(
                    f"Row {head} has no value in {self._by[key.index(None)]!r} (by). "
                    "Leave out rows without a key."
                )
            if last is not None and key < last:
                raise ValueError(
                    f"Row {head} has the key {_show(key)} after {_show(last)}: the "
                    "rows of a long table that is read in parts must be sorted by key. "
                    f"Sort it by {self._by}, or read it at once with "
                    "sequences_from_long."
                )
            last = key
        return last


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


def _show(key):
    return repr(key[0] if len(key) == 1 else key)


def scan_sequences(source, *, columns=None, by=None, time=None, keep=None):
    """Describe sequences in storage, which are read some at a time.

    The result can be passed to `fit`, `partial_fit`, `transform`, `transform_batches`,
    `score` and `score_samples` of :class:`LSTMSequenceEmbedder`. Data that do not fit
    into memory are thus read from Parquet files, or from a query, as often as needed.
    Before that, only the names and types of the columns are read.

    Parameters
    ----------
    source : path, list of paths, pyarrow Dataset, LazyFrame or duckdb relation
        A Parquet file, or a folder of such files, or an object that reads data in
        parts. Each row is a sequence whose columns are lists, or, with `by`, an event.
    columns : str or list of str, default=None
        Columns that are features. By default, all but those in `by` and `keep`.
    by : str or list of str, default=None
        Column, or columns, that identify a sequence, if each row is an event. Rows must
        be sorted by them. By default, each row is a sequence.
    time : str, default=None
        With `by`, column by which the events of each sequence are sorted, as in
        :func:`sequences_from_long`.
    keep : str or list of str, default=None
        Columns that are no features, but are handed back next to the vectors by
        `transform_batches`. Those of `by` always are.

    Returns
    -------
    SequenceStream
        What estimators read. Its attributes are `columns` and `keep`.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If there is no such column, or a file is damaged.
    TypeError
        If `source` is of another type.

    See Also
    --------
    sequences_from_long : Convert a long table that fits into memory, sorted or not.

    Examples
    --------
    >>> import os, tempfile
    >>> import pandas as pd
    >>> from sklearn_seqembed import LSTMSequenceEmbedder, scan_sequences
    >>> visits = pd.DataFrame({"patient": [1, 1, 2, 2], "pulse": [60, 65, 80, 82]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     visits.to_parquet(os.path.join(folder, "visits.parquet"))
    ...     stream = scan_sequences(folder, by="patient", columns="pulse")
    ...     embedder = LSTMSequenceEmbedder(2, random_state=0).fit(stream)
    ...     vectors = embedder.transform_batches(stream).read_all()
    >>> vectors.column_names
    ['patient', 'lstmsequenceembedder0', 'lstmsequenceembedder1']
    """
    names = {
        name: [value] if isinstance(value, str) else value and list(value)
        for name, value in (("columns", columns), ("by", by), ("keep", keep))
    }
    if time is not None and by is None:
        raise ValueError(
            f"time={time!r} sorts the events of a sequence, but by is None, so that "
            "each row is a sequence. Pass by, the column that identifies a sequence."
        )
    for name, value in names.items():
        if value == [] or (value and len(set(value)) < len(value)):
            raise ValueError(
                f"{name} is {value}, expected the names of one or more different "
                "columns."
            )
    if time is not None and time in names["by"]:
        raise ValueError(
            f"Column {time!r} cannot be both the time and in by, which identifies a "
            "sequence."
        )
    if by is not None and keep is not None:
        raise ValueError(
            "keep is for tables with one row per sequence. With by, its columns are "
            "handed back; join others to them."
        )
    found = find_source(_open_paths(source))
    if found is None:
        raise TypeError(
            f"source is of type {list_classes(source)[0].removeprefix('builtins.')}, "
            "expected a path of Parquet files, a pyarrow Dataset, a polars LazyFrame "
            "or a duckdb relation. Pass sequences in memory to the estimator itself."
        )
    return SequenceStream(
        found, names["columns"], names["by"], time, names["keep"] or ()
    )


def _open_paths(source):
    """Open paths as a pyarrow Dataset."""
    paths = source if isinstance(source, list) else [source]
    if not paths or not all(
        isinstance(p, str) or hasattr(p, "__fspath__") for p in paths
    ):
        return source
    import pyarrow.dataset as ds

    paths = [str(path) for path in paths]
    for path in paths:
        if "://" not in path and not os.path.exists(path):
            remedy = ""
            if glob.has_magic(path):
                remedy = " Pass the folder, or sorted(glob.glob(...)): patterns are "
                remedy += "not expanded."
            raise FileNotFoundError(f"There is no file or folder {path!r}.{remedy}")
    with reading(paths[0]):
        return ds.dataset(paths if isinstance(source, list) else paths[0])


def as_stream(X):
    """Return the stream of an argument, or None if X is in memory.

    Parameters
    ----------
    X : object
        A `SequenceStream`, a pyarrow Dataset, a polars LazyFrame, a duckdb relation, or
        anything else.

    Returns
    -------
    SequenceStream or None
        The stream.
    """
    if isinstance(X, SequenceStream):
        return X
    source = find_source(X)
    return None if source is None else SequenceStream(source)


def map_parts(function, X):
    """Call a function with each part of an argument.

    Parameters
    ----------
    function : callable
        Function of sequences in memory.
    X : object
        Sequences in memory, which are one part, or a stream.

    Yields
    ------
    result : object
        What the function returned.
    """
    stream = as_stream(X)
    if stream is None:
        yield function(X)
        return
    with contextlib.closing(read_ahead(stream.iter_chunks())) as chunks:
        for chunk in chunks:
            with chunk.naming():
                result = function(chunk.table)
            yield result


def read_vectors(X, names, encode):
    """Return vectors in batches, next to the columns that a stream keeps.

    Parameters
    ----------
    X : object
        Sequences in memory, or a stream.
    names : list of str
        Names of the components.
    encode : callable
        Returns the vectors of sequences in memory.

    Returns
    -------
    pyarrow RecordBatchReader
        The columns that are kept, and one per component.
    """
    import pyarrow as pa

    batches = _iter_vectors(X, names, encode)
    first = next(batches)
    batches = itertools.chain([first], (batch.cast(first.schema) for batch in batches))
    return pa.RecordBatchReader.from_batches(first.schema, batches)


def _iter_vectors(X, names, encode):
    """Yield the batches of :func:`read_vectors`.

    Yields
    ------
    pyarrow RecordBatch
        The columns that are kept, and one per component.
    """
    import pyarrow as pa

    stream = as_stream(X)
    if stream is None:
        vectors = encode(X)
        yield pa.RecordBatch.from_arrays(list(vectors.T), names)
        return
    for name in set(stream.keep) & set(names):
        raise ValueError(
            f"Column {name!r}, which is kept, has the name of a component. Rename it."
        )
    with contextlib.closing(read_ahead(stream.iter_chunks())) as chunks:
        for chunk in chunks:
            with chunk.naming():
                vectors = encode(chunk.table)
            kept = [column.combine_chunks() for column in chunk.kept.columns]
            yield pa.RecordBatch.from_arrays(
                [*kept, *map(pa.array, vectors.T)], [*stream.keep, *names]
            )

"""Sequences that are read from storage, some at a time, as often as needed."""

import contextlib
import glob
import os

import numpy as np

from sklearn_seqembed._data.arrow_types import is_list, is_string
from sklearn_seqembed._data.chunks import Chunk
from sklearn_seqembed._data.messages import warning_once
from sklearn_seqembed._data.read_ahead import read_ahead
from sklearn_seqembed._data.refusals import list_classes
from sklearn_seqembed._data.sorted_events import assemble_events
from sklearn_seqembed._data.stream_sources import find_source, reading

# Largest numbers of sequences, or of events, that are read at a time, to limit memory.
# `transform` sorts the sequences of a part by length, and computes those of similar
# lengths together: with 2**12 sequences it reached .82 of its speed in memory.
CHUNK_SEQUENCES = 2**14
CHUNK_EVENTS = 2**18


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
        else:
            self._check_keys()

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
        if self._by is None:
            chunks = self._iter_lists(permute)
        else:
            chunks = assemble_events(
                self._iter_rows(), self._by, self._time, self.columns
            )
        for chunk in chunks:
            yield chunk
            is_empty = False
        if is_empty:
            raise ValueError("X has no rows, expected at least one sequence.")

    def _check_types(self):
        """Raise an error if some columns are sequences and others are not."""
        schema = self._source.schema
        types = {name: schema.field(name).type for name in self.columns}
        # The first file may hold no values.
        types = {name: found for name, found in types.items() if str(found) != "null"}
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

    def _check_keys(self):
        """Raise an error if keys are not values that can be sorted."""
        import pyarrow as pa

        schema = self._source.schema
        for name in self._by:
            found = schema.field(name).type
            if pa.types.is_nested(found):
                raise TypeError(
                    f"Column {name!r} (by) holds {found}, expected values that can be "
                    "sorted, such as numbers, text or times."
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
                with reading(part.place, part.remedy):
                    table = next(tables, None)
                if table is None:
                    break
                n_rows = table.num_rows
                if n_rows:
                    positions = np.arange(position, position + n_rows)
                    yield Chunk(table, None, positions, part.place, first, part.remedy)
                position, first = position + n_rows, first + n_rows


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
    warned = set()
    with contextlib.closing(read_ahead(stream.iter_chunks())) as chunks:
        for chunk in chunks:
            with chunk.naming(), warning_once(warned):
                result = function(chunk.table)
            yield result

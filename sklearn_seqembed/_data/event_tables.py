"""Access to the columns and rows of a long table, in which each row is an event."""

from typing import NamedTuple

import narwhals.stable.v2 as nw
import numpy as np

from sklearn_seqembed._data.arrow import as_series
from sklearn_seqembed._data.arrow_types import is_number, is_string
from sklearn_seqembed._data.frames import join_columns
from sklearn_seqembed._data.levels import refuse_column_levels
from sklearn_seqembed._data.messages import count
from sklearn_seqembed._data.native_frames import (
    column_names,
    exports_table,
    frame_library,
)

# At most this many columns are listed in a message.
MAX_LISTED = 10


class EventTable(NamedTuple):
    """A long table of any library.

    Attributes
    ----------
    frame : pandas or polars DataFrame or pyarrow Table
        The table.
    library : {"pandas", "polars", "pyarrow"}
        Its library.
    """

    frame: object
    library: str

    @classmethod
    def read(cls, frame, names):
        """Recognize a frame and check that it has rows and the columns that are used.

        Parameters
        ----------
        frame : object
            The argument of the user.
        names : dict of str to list
            Names of columns for each parameter that has some.
        """
        _check_pyarrow()
        frame = _as_eager(frame)
        library = frame_library(frame)
        if library == "pandas":
            refuse_column_levels(frame, "frame", has_cells=True)
            frame = _move_levels_to_columns(frame, sum(names.values(), []))
        _check_columns(column_names(frame), names)
        if not len(frame):
            raise ValueError("frame has no rows, expected one row per event.")
        return cls(frame, library)

    def other_columns(self, by):
        """Return the names of all columns but those that identify a sequence."""
        names = [name for name in column_names(self.frame) if name not in by]
        if not names:
            raise ValueError(
                f"frame has no columns besides those in by: {by}. Pass a frame with at "
                "least one column that is a feature."
            )
        _check_columns(names, {"columns": names})
        return names

    def first(self, n):
        """Return a table of the first n rows."""
        if self.library == "pyarrow":
            return self._replace(frame=self.frame.slice(0, n))
        return self._replace(frame=self.frame.head(n))

    def iter_times(self, by):
        """Yield name and Arrow array of each column of times that is not in `by`."""
        import pyarrow as pa

        for name in column_names(self.frame):
            if name in by or column_names(self.frame).count(name) > 1:
                continue
            try:
                found = self.first(1).arrow(name).type
                if pa.types.is_timestamp(found) or pa.types.is_date(found):
                    yield name, self.arrow(name)
            except TypeError:  # of values that are refused if they become features
                continue

    def arrow(self, name):
        """Return a column as an Arrow array; NaN remains NaN."""
        import pyarrow as pa

        column = self.frame[name]
        try:
            if self.library == "pandas":
                array = _export_series(column)
            else:
                array = column.to_arrow() if self.library == "polars" else column
        except Exception as exc:  # each library has errors of its own
            raise TypeError(
                f"Column {name!r} of frame, of dtype {column.dtype}, cannot be "
                "converted to Arrow: its values must all be numbers, bools, strings "
                "or times. Convert them, or leave the column out of columns."
            ) from exc
        if isinstance(array, pa.ChunkedArray):
            array = _join_chunks(array)
        return array

    def features(self, name):
        """Return a column as an Arrow array that can be the values of lists."""
        import pyarrow as pa

        array = self.arrow(name)
        if pa.types.is_dictionary(array.type) and not is_string(array.type):
            array = array.dictionary_decode()
        is_time = pa.types.is_temporal(array.type)
        if not (is_time or is_number(array.type) or is_string(array.type)):
            raise TypeError(
                f"Column {name!r} of frame holds values of type {array.type}, expected "
                "numbers, bools, strings or times, one per event. Convert them, or "
                "leave the column out of columns."
            )
        # 32-bit offsets could overflow when strings are repeated.
        return array.cast(pa.large_string()) if _is_text(array.type) else array

    def check_complete(self, name, parameter):
        """Raise an error if a column has missing values."""
        missing = np.flatnonzero(self._is_missing(name))
        if len(missing):
            field = f"pyarrow.compute.field({name!r})"
            line = {
                "pandas": f"frame.dropna(subset=[{name!r}])",
                "polars": f"frame.drop_nulls({name!r}).drop_nans({name!r})",
                "pyarrow": f"frame.filter(~{field}.is_null(nan_is_null=True))",
            }[self.library]
            if self.library == "polars" and not self.frame[name].dtype.is_float():
                line = f"frame.drop_nulls({name!r})"
            raise ValueError(
                f"Column {name!r} of frame ({parameter}) is missing in "
                f"{count(len(missing), 'row')}, the first of which is row {missing[0]} "
                f"(counted from 0). Fill it in, or drop these rows: {line}."
            )

    def _is_missing(self, name):
        if self.library == "pandas":
            return self.frame[name].isna().to_numpy()
        return self.arrow(name).is_null(nan_is_null=True).to_numpy(zero_copy_only=False)

    def codes(self, names):
        """Number the sequences in the order of their keys, and return those of rows.

        Parameters
        ----------
        names : list
            The columns that identify a sequence.

        Returns
        -------
        codes : ndarray of int, of shape (n_rows,)
            From 0 to the number of sequences - 1.
        """
        if self.library == "pandas":
            return self.frame.groupby(names, observed=True).ngroup().to_numpy()
        codes, n_codes = _rank(self.arrow(names[0]), names[0])
        for name in names[1:]:
            import pyarrow as pa

            others, n_others = _rank(self.arrow(name), name)
            codes = codes.astype(np.int64) * n_others + others
            codes, n_codes = _rank(pa.array(codes), name)
        return codes

    def take(self, names, rows):
        """Return rows of one column (a name) or of several (a list)."""
        part = self.frame[names] if self.library != "pyarrow" else None
        if self.library == "pandas":
            return part.iloc[rows].reset_index(drop=True)
        if self.library == "polars":
            return part[rows]
        several = isinstance(names, list)
        part = self.frame.select(names) if several else self.frame[names]
        return part.take(rows)

    def build(self, arrays, index):
        """Build a frame of the same library from Arrow arrays of lists.

        Parameters
        ----------
        arrays : dict
            Names and arrays of the columns.
        index : pandas Index or None
            Row index of a pandas frame.
        """
        columns = [as_series(array, self.library, index) for array in arrays.values()]
        if self.library == "polars":  # Arrow does not keep an Enum, for example
            import polars as pl

            columns = [
                column.cast(pl.List(self.frame[name].dtype))
                for name, column in zip(arrays, columns, strict=True)
            ]
        return join_columns(columns, arrays, self.library)

    def series(self, array, name):
        """Convert an Arrow array of single values to a Series of the library."""
        if self.library == "pandas":
            return array.to_pandas().rename(name)
        import pyarrow as pa

        if self.library == "pyarrow":
            return pa.chunked_array([array])
        import polars as pl

        return pl.from_arrow(pa.table({name: array})).to_series()


def _check_pyarrow():
    """Raise an error that names the extra if pyarrow is not installed."""
    try:
        import pyarrow  # noqa: F401
    except ImportError as exc:
        raise ImportError(
            "sequences_from_long needs pyarrow: pip install "
            "sklearn-seqembed[dataframe]. Without it, pandas can group the events: "
            "frame.sort_values(time, kind='stable').groupby(by).agg(list)."
        ) from exc


def _as_eager(frame):
    """Return the frame of pandas, polars or pyarrow that the user's object stands for.

    A lazy frame is collected; any other table that can be exported to Arrow, such as a
    duckdb relation, becomes a pyarrow Table.
    """
    frame = nw.to_native(frame, pass_through=True)
    if nw.dependencies.is_polars_lazyframe(frame):
        frame = frame.collect()
    if frame_library(frame) is not None:
        return frame
    if not exports_table(frame):
        raise TypeError(
            "frame must be a DataFrame of pandas or polars, a pyarrow Table or a "
            f"duckdb relation, with one row per event, got {type(frame).__name__}."
        )
    import pyarrow as pa

    return pa.table(frame)


def _move_levels_to_columns(frame, names):
    """Make columns of the levels of the row index that are named by the user."""
    levels = [
        level
        for level in frame.index.names
        if level is not None and level in names and level not in frame.columns
    ]
    if levels:
        frame = frame.reset_index(level=levels)
    if set(frame.index.names) & set(frame.columns):
        # pandas refuses names that are those of a column and of a level.
        frame = frame.reset_index(drop=True)
    return frame


def _check_columns(existing, names):
    """Check the names of columns that each parameter holds."""
    for parameter, wanted in names.items():
        for i, name in enumerate(wanted):
            found = existing.count(name)
            if not found:
                listed = ", ".join(map(repr, existing[:MAX_LISTED]))
                more = ", ..." if len(existing) > MAX_LISTED else ""
                raise ValueError(
                    f"{parameter} names {name!r}, which is not a column of frame. Its "
                    f"columns are {listed}{more}."
                )
            if found > 1:
                raise ValueError(
                    f"frame has several columns {name!r} ({parameter}). Rename them: "
                    "each column needs a name of its own."
                )
            if name in wanted[:i]:
                raise ValueError(f"{parameter} names {name!r} twice.")


def _export_series(column):
    """Convert a pandas Series to Arrow without making missing values of NaN."""
    import pyarrow as pa

    is_numpy = isinstance(column.dtype, np.dtype)
    if is_numpy and column.dtype.kind in "biuf":
        return pa.array(column.to_numpy())
    return pa.array(column, from_pandas=True)


def _join_chunks(column):
    """Join the chunks of a column, of which there may be none."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries()
    elif pa.types.is_string(column.type):
        column = column.cast(pa.large_string())  # together they may exceed 2 GB
    if column.num_chunks == 1:
        return column.chunk(0)
    return pa.concat_arrays(column.chunks)


def _is_text(arrow_type):
    import pyarrow as pa

    types = pa.types
    return any(
        has_type(arrow_type)
        for has_type in (types.is_string, types.is_large_string, types.is_string_view)
    )


def _rank(keys, name):
    """Return the rank of each key among the distinct ones, and their number."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        if not pa.types.is_dictionary(keys.type):
            keys = keys.dictionary_encode()
        positions = keys.indices.to_numpy()
        # The categories of an Enum are in order, and some may not occur.
        is_used = np.zeros(len(keys.dictionary), dtype=bool)
        is_used[positions] = True
        if keys.type.ordered:
            order = np.arange(len(is_used))
        else:
            order = pc.sort_indices(keys.dictionary).to_numpy()
    except pa.ArrowException as exc:
        raise TypeError(
            f"Column {name!r} of frame (by), of type {keys.type}, cannot identify "
            "sequences. Convert it to strings or integers."
        ) from exc
    ranks = np.empty(len(is_used), dtype=np.int64)
    ranks[order] = np.cumsum(is_used[order]) - 1
    return ranks[positions], int(is_used.sum())

"""Frames of sequences: each row is a sequence, each column a feature."""

from dataclasses import dataclass, replace

import narwhals.stable.v2 as nw
import numpy as np

from sklearn_seqembed._data.code_lines import frame_expression
from sklearn_seqembed._data.columns import (
    build_cells,
    is_sequence_column,
    is_text_column,
    parse_cells,
)
from sklearn_seqembed._data.container import Container
from sklearn_seqembed._data.long_tables import suggest_split
from sklearn_seqembed._data.messages import count, name_row
from sklearn_seqembed._data.native_frames import (
    column_names,
    frame_library,
    index_of,
    iter_columns,
)
from sklearn_seqembed._data.parsed import ParsedSequences

# A frame of at least this many columns may be wide, with a column per time step.
MIN_WIDE_COLUMNS = 5


@dataclass(frozen=True)
class FrameContainer(Container):
    """A frame in which each row is a sequence and each column a feature.

    Parameters
    ----------
    library : {"pandas", "polars", "pyarrow"}, default="pandas"
        Library of the frame.
    columns : tuple, default=()
        Names of the columns.
    cells : tuple of CellFormat, default=()
        Form of the cells of each column.
    """

    library: str = "pandas"
    columns: tuple = ()
    cells: tuple = ()

    is_frame = True

    @classmethod
    def read(cls, X, locator):
        """Parse a frame of sequences column by column.

        Parameters
        ----------
        X : pandas or polars DataFrame or pyarrow Table
            Its cells are lists, arrays, Series or strings.
        locator : Locator
            How messages name the sequences.

        Returns
        -------
        parsed : ParsedSequences
            One block per column, a view of Arrow's memory where possible.

        Raises
        ------
        ValueError
            If the cells of a row differ in length, or one is missing or empty.
        TypeError
            If a cell is not a sequence of single values.
        """
        library = frame_library(X)
        locator = replace(locator, index=index_of(X))
        names, blocks, cells, lengths = [], [], [], None
        table = _as_arrow_table(X) if library == "polars" else X
        for name, column in iter_columns(table):
            if name in names:
                raise ValueError(
                    f"{locator.argument} has several columns {name!r}. Rename them: "
                    "each feature needs a name of its own."
                )
            place = replace(locator, column=name)
            block, found, cell = parse_cells(column, place)
            if lengths is not None and not np.array_equal(lengths, found):
                _refuse_text(table, locator.argument)
                _refuse_lengths(names[0], lengths, name, found, locator, X)
            lengths = found
            names.append(name)
            blocks.append(block)
            cells.append(cell)
        container = cls(
            index=locator.index,
            library=library,
            columns=tuple(names),
            cells=tuple(cells),
        )
        return ParsedSequences.from_contiguous(blocks, lengths, container, locator, X)

    def splits_strings(self, feature):
        """Return whether each cell of a column is a string of characters."""
        return self.cells[feature].is_text

    def build(self, values):
        """Build a frame of the same columns."""
        features = values.features([cell.dtype for cell in self.cells])
        columns = [
            build_cells(feature, values.lengths, kind, cell, self.library, self.index)
            for feature, kind, cell in zip(
                features, values.kinds, self.cells, strict=True
            )
        ]
        return join_columns(columns, self.columns, self.library)


def has_cells_of_sequences(X, locator):
    """Return whether the cells of a frame are sequences.

    Parameters
    ----------
    X : pandas or polars DataFrame or pyarrow Table
        The frame that the user passed, or the Arrow table exported from it.
    locator : Locator
        Name of the argument.

    Raises
    ------
    TypeError
        If some columns hold sequences and others do not.
    """
    is_pandas = nw.dependencies.is_pandas_dataframe(X)
    if is_pandas and not any(dtype.kind in "OU" for dtype in X.dtypes):
        return False  # fast, even for thousands of columns of numbers
    is_sequence = {
        column: is_sequence_column(cells) for column, cells in iter_columns(X)
    }
    sequences = [column for column, found in is_sequence.items() if found]
    scalars = [column for column, found in is_sequence.items() if found is False]
    if sequences and scalars:
        is_text = all(
            is_text_column(cells)
            for column, cells in iter_columns(X)
            if is_sequence[column]
        )
        name = locator.argument
        remedy = suggest_split(X, locator) if is_text and name != "y" else ""
        _refuse_single_values(sequences[0], scalars[0], name, remedy)
    return bool(sequences)


def _refuse_single_values(sequences, scalars, name, other_remedy=""):
    """Raise an error for a frame with a column of sequences and one without."""
    raise TypeError(
        f"Column {sequences!r} of {name} holds sequences, but column {scalars!r} holds "
        "single values (a string is the sequence of its characters). Pass only the "
        f"columns of sequences, and the others to {_other_estimator(name)}."
        f"{other_remedy}"
    )


def _other_estimator(name):
    """Name what encodes or predicts columns that are not sequences."""
    if name == "y":
        return "another estimator"
    return "a transformer of their own in sklearn.compose.ColumnTransformer"


def _refuse_text(X, name):
    """Raise an error if strings and lists, which differ in length, are mixed."""
    texts = {column: is_text_column(cells) for column, cells in iter_columns(X)}
    if len(set(texts.values())) == 2:
        lists, strings = (
            next(column for column, is_text in texts.items() if is_text == wanted)
            for wanted in (False, True)
        )
        _refuse_single_values(lists, strings, name)


def join_columns(columns, names, library):
    """Join Series, or Arrow arrays, in a frame of their library."""
    if library == "pandas":
        import pandas as pd

        frame = pd.concat(columns, axis=1)
        frame.columns = list(names)
        return frame
    if library == "polars":
        import polars as pl

        pairs = zip(names, columns, strict=True)
        return pl.DataFrame([column.alias(name) for name, column in pairs])
    import pyarrow as pa

    return pa.Table.from_arrays(columns, names=list(names))


def _as_arrow_table(X):
    try:
        import pyarrow as pa
    except ImportError as exc:
        raise ImportError(
            "Reading a polars frame of sequences needs pyarrow: pip install "
            "sklearn-seqembed[dataframe]."
        ) from exc
    return pa.table(X)


def _refuse_lengths(first, lengths, name, found, locator, table):
    """Raise an error for a row whose cells have different numbers of time steps."""
    i = int(np.flatnonzero(lengths != found)[0])
    rule = "All columns of a row must have equal lengths"
    remedy = f"{rule}, with None or NaN where a value is missing."
    if all(is_text_column(cells) for _, cells in iter_columns(table)):
        argument = locator.argument
        remedy = (
            f"A string is the sequence of its characters. {rule}: pass texts of other "
            f"lengths, such as labels, to {_other_estimator(argument)}."
        )
        if argument != "y":
            remedy += suggest_split(table, locator)
        if len(column_names(table)) >= MIN_WIDE_COLUMNS:
            frame, _ = frame_expression(argument, locator.source)
            remedy += f" If each column is a time step, pass {frame}.to_numpy()."
    raise ValueError(
        f"{locator.argument} has {count(lengths[i], 'time step')} in column {first!r}, "
        f"but {found[i]} in column {name!r}, at {name_row(i, locator.index)}. {remedy}"
    )

"""Tables: 2-D arrays and frames of numbers, in which each column is a time step."""

import numbers
from dataclasses import dataclass, replace

import narwhals.stable.v2 as nw
import numpy as np
from sklearn.utils import check_array

from sklearn_seqembed._data.arrays import pad, refuse_dtype
from sklearn_seqembed._data.arrow_types import is_number
from sklearn_seqembed._data.container import Container, float_dtype
from sklearn_seqembed._data.lists import refuse_single_values
from sklearn_seqembed._data.long_tables import suggest_split
from sklearn_seqembed._data.native_frames import (
    column_names,
    frame_library,
    index_of,
    iter_columns,
)
from sklearn_seqembed._data.parsed import (
    FeatureBlock,
    ParsedSequences,
    is_missing,
    parse_values,
)


@dataclass(frozen=True)
class TableContainer(Container):
    """A 2-D array (n_samples, n_timesteps) of univariate sequences of equal lengths.

    scikit-learn calls its columns features.

    Parameters
    ----------
    n_steps : int, default=0
        Number of columns.
    """

    n_steps: int = 0

    is_table = True

    @classmethod
    def read(cls, X, locator, estimator_name=None):
        """Parse each row as a univariate sequence.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_timesteps)
            Numbers or strings.
        locator : Locator
            How messages name the sequences.
        estimator_name : str, default=None
            Name of the estimator in messages of scikit-learn.

        Returns
        -------
        parsed : ParsedSequences
            One feature; a view of X if it holds numbers.
        """
        _refuse_other_types(X, locator.argument)
        _check_shape(X, locator.argument)
        if isinstance(X, np.ndarray) and X.dtype == object:
            for j, column in enumerate(X.T):
                _refuse_cells(column, j, locator.argument, allow_strings=True)
            # numpy cannot convert pandas' NA and NaT.
            X = np.where(np.frompyfunc(is_missing, 1, 1)(X).astype(bool), None, X)
        if not _holds_strings(X):
            X = _check_numbers(X, locator, estimator_name)
        container = cls(float_dtype(X.dtype), n_steps=X.shape[1])
        return _parse_table(X, container, locator)

    def build(self, values):
        """Build a 2-D array that is padded at the end, with NaN or None."""
        return pad(values.matrix(self.dtype), values.lengths)[:, :, 0]


@dataclass(frozen=True)
class NumberFrameContainer(TableContainer):
    """A frame in which each row is a univariate sequence and each column a time step.

    Parameters
    ----------
    library : {"pandas", "polars", "pyarrow"}, default="pandas"
        Library of the frame.
    columns : tuple, default=()
        Names of the columns.
    """

    library: str = "pandas"
    columns: tuple = ()

    @classmethod
    def read(cls, X, locator, estimator_name=None):
        """Parse each row as a univariate sequence of numbers."""
        _check_shape(X, locator.argument)
        _refuse_other_columns(X, locator)
        table = _check_numbers(X, locator, estimator_name)
        container = cls(
            dtype=float_dtype(table.dtype),
            index=index_of(X),
            n_steps=table.shape[1],
            library=frame_library(X),
            columns=column_names(X),
        )
        return _parse_table(table, container, locator)._replace(frame=X)

    def build(self, values):
        """Build a frame with the same columns, or an array if their number differs."""
        table = super().build(values)
        # A later call of partial_fit may have had sequences of other lengths.
        if len(self.columns) != table.shape[1]:
            return table
        if self.library == "pandas":
            import pandas as pd

            return pd.DataFrame(table, columns=list(self.columns), index=self.index)
        if self.library == "polars":
            import polars as pl

            return pl.DataFrame(table, schema=list(self.columns), orient="row")
        import pyarrow as pa

        return pa.Table.from_arrays(list(map(pa.array, table.T)), list(self.columns))

    def without_names(self):
        """Return a container for a 2-D array, whose time steps have no names."""
        return TableContainer(self.dtype)

    def first_columns(self, n_steps):
        """Return a container for a frame of only the first time steps."""
        return replace(self, columns=self.columns[:n_steps])


def _check_numbers(X, locator, estimator_name=None):
    """Convert a table to a 2-D array of numbers with scikit-learn's `check_array`."""
    # The message of refuse_dtype names the argument.
    is_frame = nw.dependencies.is_pandas_dataframe(X)
    if is_frame and any(dtype.kind == "O" for dtype in X.dtypes):
        X = X.where(X.notna(), np.nan)  # NaT and NA are no numbers
    for array in (column for _, column in iter_columns(X)) if is_frame else [X]:
        if getattr(getattr(array, "dtype", None), "kind", None) == "c":
            refuse_dtype(array, locator.argument)
    try:
        table = check_array(
            X,
            dtype="numeric",
            ensure_all_finite=False,
            estimator=estimator_name,
            input_name=locator.argument,
        )
    except OverflowError:  # an integer too large for float64
        table = np.asarray(X, dtype=object)
    if table.dtype.kind == "O":  # decimals, or missing values that are not NaN
        lengths = np.full(len(table), table.shape[1])
        block = parse_values(table.ravel().tolist(), lengths, locator)
        table = np.asarray(block.values, dtype=np.float64).reshape(table.shape)
    refuse_dtype(table, locator.argument)
    return table


def _check_shape(X, name):
    """Raise an error for arrays that are not tables, or have no rows or columns."""
    n_dimensions = getattr(X, "ndim", 2)
    if n_dimensions == 0:
        found = "string" if _holds_strings(X) else "value"
        refuse_single_values(f"a single {found}", name)
    if n_dimensions == 1:
        refuse_single_values(f"a 1-D array of shape {X.shape}", name)
    if n_dimensions > 3:
        raise ValueError(
            f"{name} has {n_dimensions} dimensions, expected at most 3: (n_samples, "
            "n_timesteps, n_features)."
        )
    shape = getattr(X, "shape", ())
    if 0 in shape:
        missing = "feature(s)" if shape[0] else "sample(s)"
        raise ValueError(
            f"{name} is empty: 0 {missing} (shape={shape}) while a minimum of 1 is "
            "required. Pass at least one sequence of at least one time step."
        )


def _refuse_cells(cells, column, name, allow_strings=False):
    """Raise an error for cells of a table that do not hold numbers.

    Parameters
    ----------
    cells : iterable
        The cells of one column.
    column : object
        Name of the column.
    name : str
        Name of the table.
    allow_strings : bool, default=False
        Whether strings are accepted, as the tokens of an array.
    """
    for i, cell in enumerate(cells):
        is_string = isinstance(cell, (str, bytes))
        if is_string and allow_strings and isinstance(cell, str):
            continue
        place = f"Column {column!r} of {name}, row {i},"
        if is_string:
            raise TypeError(
                f"{place} holds a string, expected a number. Convert that column, or "
                "leave it out."
            )
        if isinstance(cell, (complex, np.complexfloating)):
            raise ValueError(
                f"Complex data not supported: {place} holds {cell}. Pass the real and "
                "the imaginary part as two features."
            )
        if np.ndim(cell):
            raise TypeError(
                f"{place} holds a sequence ({type(cell).__name__}), but each column "
                "must hold numbers, one per time step. Pass a list with one array of "
                "shape (n_timesteps, n_features) per row."
            )
        if not isinstance(cell, (numbers.Number, np.generic)) and not is_missing(cell):
            raise TypeError(
                # scikit-learn's estimator checks match some of these words.
                f"{place} holds a value of type {type(cell).__name__}, but each value "
                "of this argument must be a string (in an array of tokens) or a "
                "number. Convert that column, or leave it out."
            )


def _parse_table(X, container, locator):
    """Parse a 2-D array as one feature."""
    lengths = np.full(len(X), X.shape[1])
    if X.dtype.kind in "OUT":
        block = parse_values(X.ravel().tolist(), lengths, locator)
    else:
        kind = "bool" if X.dtype.kind == "b" else "numeric"
        block = FeatureBlock(kind, np.ascontiguousarray(X).reshape(-1, 1))
    return ParsedSequences.from_contiguous([block], lengths, container, locator)


def _holds_strings(X):
    if not isinstance(X, np.ndarray) or X.dtype.kind not in "OUT":
        return False
    return X.dtype.kind != "O" or any(isinstance(value, str) for value in X.flat)


def _refuse_other_types(X, name):
    """Raise an error for objects that are not array-like, or hold bytes or times."""
    is_array_like = any(
        hasattr(X, attribute) for attribute in ("shape", "__array__", "__dataframe__")
    )
    if not is_array_like:
        raise TypeError(
            f"{name} is of type {type(X).__name__}, expected sequences: a list of "
            "arrays, of strings or of lists, an array, or a frame."
        )
    if isinstance(X, np.ndarray) and X.dtype.kind in "SMmV":
        refuse_dtype(X, name)


def _refuse_other_columns(X, locator):
    """Raise an error for columns without numbers, even if numpy could convert them."""
    name = locator.argument
    for column, dtype, cells in _other_columns(X):
        found = (
            f"Column {column!r} of {name} holds values of {dtype}, expected numbers."
        )
        if any(word in str(dtype).lower() for word in ("date", "time", "durat")):
            raise TypeError(
                f"{found} Convert it, for example to seconds since the first step, or "
                f"leave it out.{suggest_split(X, locator)}"
            )
        if str(dtype) == "category":
            raise TypeError(
                f"{found} Convert it to numbers, or pass one list per row with the "
                f"categories of all time steps.{suggest_split(X, locator)}"
            )
        _refuse_cells(cells, column, name)


def _other_columns(X):
    """Yield name, dtype and cells of each column whose dtype is not numeric."""
    if nw.dependencies.is_pandas_dataframe(X):
        # pandas counts durations as numbers.
        for options in ({"exclude": ["number", "bool"]}, {"include": ["timedelta"]}):
            for name, column in X.select_dtypes(**options).items():
                yield name, column.dtype, column
    elif nw.dependencies.is_pyarrow_table(X):
        for name, column in iter_columns(X):
            if not is_number(column.type):
                yield name, column.type, column.to_pylist()
    else:
        for name, column in iter_columns(X):
            if not column.dtype.is_numeric():
                yield name, column.dtype, column

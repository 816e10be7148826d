"""The kind of container that X was, and the way back into it."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from sklearn_seqembed._data.factorize import as_objects, values_of
from sklearn_seqembed._data.frame_containers import (
    build_column,
    build_frame,
    build_lists,
    build_objects,
)
from sklearn_seqembed._data.pieces import join_characters, split
from sklearn_seqembed._data.timestamps import decode_times

# Cells of a Series that are joined at once, and need not be objects of Python.
ARROW_FORMS = ("arrow", "string")


class Cell(NamedTuple):
    """What one sequence was, within its container.

    Attributes
    ----------
    form : {"2d", "1d", "string", "list", "tuples", "lists", "array", "arrow"}
        An array of the shape (n_timesteps, n_features) or (n_timesteps,); a string of
        characters; a list of values; a list of steps that are tuples or lists; in a
        frame a 1-D array, or a list of Arrow's.
    dtype : dtype, default=float64
        Floating dtype of numbers.
    like : object, default=None
        Arrow's type, pandas' dtype of a column of strings, or the time zone of times.
    """

    form: str
    dtype: np.dtype = np.dtype(np.float64)
    like: object = None


@dataclass(frozen=True)
class Container:
    """The kind of container that X was, to give results back in.

    Parameters
    ----------
    form : {"list", "object", "3d", "2d", "pandas", "polars", "pyarrow", "arrow", \
            "pandas series", "polars series", "pandas frame", "polars frame", \
            "arrow table"}
        Outer container. "object" is a 1-D array of arrays; a torch tensor is the form
        of its shape, a frame of numbers is named by its library. "arrow" is a pyarrow
        array of lists or strings. A Series holds such, or any sequences in pandas;
        the last three have one row a sequence and one column a feature.
    dtype : dtype
        Floating dtype of the numbers.
    kinds : tuple of {"numeric", "number", "string", "bool", "datetime"}
        What each feature holds; "number" is numbers as categories.
    cells : tuple of Cell
        What one sequence was: of each column in a frame of sequences, else one Cell.
    columns : list of str, default=None
        Column names of a frame.
    index : pandas Index, default=None
        Row index of a pandas frame or Series.
    n_steps : int, default=0
        Least number of steps of a 3-D array, padding included.
    origins : tuple of ndarray of shape (n_samples,), default=()
        For each column of times, the first time of each row.
    """

    form: str
    dtype: np.dtype
    kinds: tuple = ("numeric",)
    cells: tuple = (Cell("2d"),)
    columns: object = None
    index: object = None
    n_steps: int = 0
    origins: tuple = ()

    @property
    def is_table(self):
        """Whether each time step was a column (2-D arrays and frames)."""
        return self.form in ("2d", "pandas", "polars", "pyarrow")

    @property
    def is_frame(self):
        """Whether each feature was a column, and each of its cells a sequence."""
        return self.form in ("pandas frame", "polars frame", "arrow table")

    def build(self, sequences):
        """Put sequences into a container of this kind.

        Parameters
        ----------
        sequences : Sequences
            In the user's units, one behind the other from row 0. The code -1 is a
            category that is unknown.

        Returns
        -------
        list, ndarray, frame, Series or pyarrow Array or Table
            The same sequences; an array is padded at the end with NaN, or with None
            where it holds objects. Unknown is None among strings and bools, NaN among
            numbers, and U+FFFD in a string of characters.
        """
        lengths = sequences.lengths
        if self.is_frame:
            columns = [
                build_column(values, lengths, kind, cell, self)
                for values, kind, cell in zip(
                    self._features(sequences), self.kinds, self.cells, strict=True
                )
            ]
            return build_frame(columns, self)
        is_series = self.form in ("pandas series", "polars series")
        if self.form == "arrow" or (is_series and self.cells[0].form in ARROW_FORMS):
            return build_lists(self._matrix(sequences), lengths, self)
        if self.form == "list":
            return self._items(sequences)
        if self.form == "object":
            return as_objects(self._items(sequences))
        if is_series:
            return build_objects(self._items(sequences), self)
        padded = _pad(self._matrix(sequences), lengths, self.n_steps)
        return padded if self.form == "3d" else self._table(padded[:, :, 0])

    def without_rows(self):
        """Return the same kind for other rows, without index and padding of X."""
        return replace(self, index=None, n_steps=0, origins=())

    def without_names(self):
        """Return the same kind for other time steps: a table becomes a 2-D array."""
        if self.is_frame:
            return self  # its columns are no time steps
        form = "2d" if self.columns else self.form
        return replace(self, form=form, columns=None, n_steps=0)

    def _table(self, table):
        # partial_fit may have met other lengths than the columns of the first frame
        if self.columns is None or len(self.columns) != table.shape[1]:
            return table
        if self.form == "pandas":
            import pandas as pd

            return pd.DataFrame(table, columns=self.columns, index=self.index)
        if self.form == "pyarrow":
            import pyarrow as pa

            return pa.Table.from_arrays(list(map(pa.array, table.T)), self.columns)
        import polars as pl

        return pl.DataFrame(table, schema=self.columns, orient="row")

    def _items(self, sequences):
        """Make one object of each sequence."""
        form = self.cells[0].form
        if form == "2d":
            return split(self._matrix(sequences), sequences.lengths)
        if form in ("tuples", "lists"):
            columns = [values.tolist() for values in self._features(sequences)]
            steps = list(zip(*columns, strict=True))
            steps = steps if form == "tuples" else list(map(list, steps))
            return split(steps, sequences.lengths)
        (values,) = self._features(sequences)
        if form == "string":
            return join_characters(values, sequences.lengths)
        return split(values.tolist() if form == "list" else values, sequences.lengths)

    def _matrix(self, sequences):
        """Put all features side by side: (n_steps, n_features) of a common dtype."""
        kinds = set(self.kinds)
        if kinds == {"numeric"}:
            values = sequences.span(0, sequences.n_steps)
            return values.astype(self.dtype, copy=False)
        features = self._features(sequences)
        if kinds == {"bool"} or kinds <= {"numeric", "number"}:
            return np.stack(features, axis=1)
        return np.stack([values.astype(object) for values in features], axis=1)

    def _features(self, sequences):
        """Give the values of each feature over all steps, in the user's order."""
        numeric = sequences.span(0, sequences.n_steps)
        categories, origins = iter(sequences.categorical), iter(self.origins)
        features, column = [], 0
        for i, kind in enumerate(self.kinds):
            if kind == "numeric":
                dtype = self.cells[i].dtype if self.is_frame else self.dtype
                features.append(numeric[:, column].astype(dtype, copy=False))
                column += 1
            elif kind == "datetime":
                since_first, origin = numeric[:, column + 1], next(origins, None)
                features.append(decode_times(since_first, sequences.lengths, origin))
                column += 2
            else:
                features.append(values_of(next(categories), kind))
        return features


def _pad(values, lengths, n_steps):
    """Make an array (n_samples, n_timesteps, n_features), missing at the ends."""
    n_steps = max(n_steps, int(lengths.max()))
    if (lengths < n_steps).any() and values.dtype.kind in "biu":
        values = values.astype(object if values.dtype.kind == "b" else np.float64)
    missing = None if values.dtype == object else np.nan
    shape = len(lengths), n_steps, values.shape[1]
    if (lengths == n_steps).all():
        return values.reshape(shape).copy()
    padded = np.full(shape, missing, dtype=values.dtype)
    padded[np.arange(n_steps) < lengths[:, None]] = values
    return padded

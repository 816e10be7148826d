"""Lists of sequences, and 1-D object arrays and pandas Series that hold sequences."""

import numbers
from dataclasses import dataclass, replace

import narwhals.stable.v2 as nw
import numpy as np

from sklearn_seqembed._data.columns import build_series, dtype_of_strings
from sklearn_seqembed._data.container import Container
from sklearn_seqembed._data.factorize import as_objects
from sklearn_seqembed._data.foreign import convert_items
from sklearn_seqembed._data.items import build_items, parse_items
from sklearn_seqembed._data.named_items import build_named, list_names, parse_named
from sklearn_seqembed._data.native_frames import index_of
from sklearn_seqembed._data.parsed import ParsedSequences, is_missing


@dataclass(frozen=True)
class ListContainer(Container):
    """A list, 1-D object array or pandas Series with one Python object per sequence.

    Parameters
    ----------
    outer : {"list", "array", "series"}, default="list"
        The object that holds the sequences.
    item : str, default="2d"
        Form of one sequence. "2d" or "1d": an array of shape (n_timesteps, n_features)
        or (n_timesteps,). "string": a string of characters. "list": a list of values.
        "tuples" or "lists": a list of time steps that are tuples or lists. "pandas",
        "polars" or "pyarrow": a frame of one row per time step. "dict": a dict with a
        list for each feature. "records": a list of time steps that are dicts.
    series_dtype : pandas dtype or "category", default=None
        Dtype of a Series of strings.
    columns : tuple, default=None
        Names of the features of frames, dicts and records.
    cells : tuple of CellFormat, default=()
        Form of the values of each of these features.
    item_indexes : list of pandas Index, default=None
        Row labels of each pandas frame.
    """

    outer: str = "list"
    item: str = "2d"
    series_dtype: object = None
    columns: tuple = None
    cells: tuple = ()
    item_indexes: list = None

    @classmethod
    def read(cls, X, locator):
        """Parse each item of X as one sequence.

        Parameters
        ----------
        X : list, tuple, 1-D object or string array, or pandas Series
            Items are arrays, tensors, Series or lists of numbers or strings; strings;
            lists of time steps; or frames, dicts of lists and lists of dicts, whose
            features have names.
        locator : Locator
            How messages name the sequences.

        Returns
        -------
        parsed : ParsedSequences
            Numbers are copied once, into one block of their common dtype.
        """
        locator.check_not_empty(len(X))
        outer, items, index, series_dtype = "array", X, None, None
        if isinstance(X, (list, tuple)):
            outer = "list"
            if all(isinstance(item, numbers.Number) or is_missing(item) for item in X):
                refuse_single_values(f"a list of {len(X)} numbers", locator.argument)
        elif isinstance(X, np.ndarray):
            items = X.tolist() if X.dtype.kind in "UT" else list(X)
        else:
            outer, items = "series", X.astype(object).tolist()
            index, series_dtype = X.index, dtype_of_strings(X.dtype)
        items = convert_items(items, locator)
        item, columns = list_names(items, locator)
        cells, item_indexes = (), None
        if columns is None:
            blocks, lengths, item = parse_items(items, locator)
        else:
            (blocks, lengths, _), cells = parse_named(items, item, columns, locator)
            item_indexes = list(map(index_of, items)) if item == "pandas" else None
        dtype = blocks[0].dtype if len(blocks) == 1 else np.dtype(np.float64)
        container = cls(
            dtype,
            index,
            outer=outer,
            item=item,
            series_dtype=series_dtype,
            columns=columns,
            cells=cells,
            item_indexes=item_indexes,
        )
        return ParsedSequences.from_contiguous(blocks, lengths, container, locator)

    def build(self, values):
        """Build a list, array or Series of sequences in the form of the items of X."""
        if self.columns is None:
            items = build_items(values, self.item, self.dtype)
        else:
            items = build_named(
                values, self.item, self.columns, self.cells, self.item_indexes
            )
        if self.outer == "list":
            return items
        if self.outer == "array":
            return as_objects(items)
        dtype = self.series_dtype if self.item == "string" else object
        return build_series(items, self.index, dtype)

    def splits_strings(self, feature):
        """Return whether strings of a feature were split into characters."""
        if self.columns is None:
            return self.item == "string"
        return self.cells[feature].is_text

    @property
    def feature_names(self):
        """Names of the features if all are strings, else None."""
        if self.columns and all(isinstance(name, str) for name in self.columns):
            return self.columns
        return None

    @property
    def item_names(self):
        """Names of the features, also those that are not strings, else None."""
        return self.columns

    def reorder(self, columns):
        """Return the same container with its columns in another order."""
        cells = tuple(self.cells[self.columns.index(name)] for name in columns)
        return replace(self, columns=columns, cells=cells)

    def without_rows(self):
        """Return the same container without the row labels of X."""
        return replace(self, index=None, item_indexes=None)

    def without_names(self):
        """Return a container for other time steps, without the labels of those of X."""
        return replace(self, item_indexes=None)


def is_series_of_objects(X):
    """Return whether X is a pandas Series of strings or other Python objects."""
    if not nw.dependencies.is_pandas_series(X) or not len(X):
        return False
    return X.dtype == object or isinstance(X.iloc[0], str)


def refuse_single_values(found, name):
    """Raise an error for values that are not arranged in sequences."""
    raise ValueError(
        f"Expected sequences, got {found}. Reshape your data: [{name}] if "
        f"it is one univariate sequence, numpy.reshape({name}, (-1, 1)) if each value "
        "is a sequence of one step."
    )

"""Lists of sequences, and 1-D object arrays and pandas Series that hold sequences."""

import numbers
from dataclasses import dataclass
from itertools import chain

import narwhals.stable.v2 as nw
import numpy as np

from sklearn_seqembed._data.container import Container
from sklearn_seqembed._data.factorize import as_objects
from sklearn_seqembed._data.foreign import convert_items
from sklearn_seqembed._data.items import build_items, parse_items
from sklearn_seqembed._data.parsed import ParsedSequences


@dataclass(frozen=True)
class ListContainer(Container):
    """A list, 1-D object array or pandas Series with one Python object per sequence.

    Parameters
    ----------
    outer : {"list", "array", "series"}, default="list"
        The object that holds the sequences.
    item : {"2d", "1d", "string", "list", "tuples", "lists"}, default="2d"
        Form of one sequence: an array of shape (n_timesteps, n_features) or
        (n_timesteps,), a string of characters, a list of values, or a list of time
        steps that are tuples or lists.
    series_dtype : pandas dtype, default=None
        Dtype of a Series of strings.
    """

    outer: str = "list"
    item: str = "2d"
    series_dtype: object = None

    @classmethod
    def read(cls, X, locator):
        """Parse each item of X as one sequence.

        Parameters
        ----------
        X : list, tuple, 1-D object or string array, or pandas Series
            Items are arrays, tensors, Series or lists of numbers or strings; strings;
            lists of time steps; or frames.
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
        elif isinstance(X, np.ndarray):
            items = X.tolist() if X.dtype.kind in "UT" else list(X)
        else:
            outer, items = "series", X.astype(object).tolist()
            index, series_dtype = X.index, X.dtype
        items = convert_items(items, locator)
        blocks, lengths, item = parse_items(items, locator)
        dtype = blocks[0].dtype if len(blocks) == 1 else np.dtype(np.float64)
        container = cls(dtype, index, outer, item, series_dtype)
        return ParsedSequences.from_contiguous(blocks, lengths, container, locator)

    def build(self, values):
        """Build a list, array or Series of sequences in the form of the items of X."""
        items = build_items(values, self.item, self.dtype)
        if self.outer == "list":
            return items
        if self.outer == "array":
            return as_objects(items)
        dtype = self.series_dtype if self.item == "string" else object
        return build_series(items, self.index, dtype)


def build_series(items, index, dtype=object):
    """Build a pandas Series of Python objects.

    Parameters
    ----------
    items : list
        The sequences.
    index : pandas Index or None
        Row index.
    dtype : pandas dtype, default=object
        Dtype of a Series of strings. If it is categorical, its categories are those of
        `items`.
    """
    import pandas as pd

    if isinstance(dtype, pd.CategoricalDtype):
        dtype = "category"
    items = as_objects(items) if dtype is object else items
    return pd.Series(items, index=index, dtype=dtype)


def as_table(X, locator):
    """Convert lists of numbers to a 2-D array, or return None if lengths differ."""
    locator.check_not_empty(len(X))
    if all(isinstance(item, numbers.Number) for item in X):
        refuse_single_values(f"a list of {len(X)} numbers", locator.argument)
    if not all(isinstance(item, (list, tuple)) for item in X):
        return None
    n_steps = {len(item) for item in X}
    if len(n_steps) > 1 or 0 in n_steps or not _is_number(X[0][0]):
        return None
    try:
        array = np.asarray(X)
    except ValueError:  # the items hold lists of several lengths
        return None
    if array.ndim > 2 or array.dtype.kind not in "iufO":
        return None  # bools are categories, unless they are mixed with numbers
    if array.dtype.kind != "O":
        return array
    types = set(map(type, chain.from_iterable(X))) - {type(None)}
    if types <= {bool, np.bool_} or not all(map(_is_number_type, types)):
        return None
    return array.astype(np.float64)


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


def _is_number(value):
    return value is None or _is_number_type(type(value))


def _is_number_type(t):
    return issubclass(t, (numbers.Real, np.bool_))

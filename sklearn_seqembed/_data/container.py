"""Base class of the containers in which sequences are passed and returned.

The containers themselves are in `lists.py`, `arrays.py`, `tables.py`, `frames.py` and
`arrow.py`. Each has a class method `read`, which parses the user's container, and a
method `build`, which returns results in a container of the same kind.
"""

from dataclasses import dataclass, replace

import numpy as np

# Replaces an infrequent category, whose name is lost, in a string of characters.
UNKNOWN_CHARACTER = "\ufffd"


@dataclass(frozen=True)
class Container:
    """Description of a container, used to return results in one of the same kind.

    Parameters
    ----------
    dtype : dtype, default=float64
        Floating dtype of numbers that are returned.
    index : pandas Index, default=None
        Row index of a pandas frame or Series.
    dims : tuple of str, default=None
        Names of the axes of a DataArray of xarray. In a list of DataArrays the first
        one is None.

    Attributes
    ----------
    is_table : bool
        Whether each column is a time step, as in 2-D arrays and frames of numbers.
    is_frame : bool
        Whether each column is a feature, and each cell holds one sequence of it.
    columns : list or None
        Names of the columns of a frame.
    n_steps : int or None
        Number of time steps of every sequence, including padding, in a 3-D array or a
        table.
    """

    dtype: np.dtype = np.dtype(np.float64)
    index: object = None
    dims: tuple = None

    is_table = False
    is_frame = False
    columns = None
    n_steps = None

    @property
    def feature_names(self):
        """Names of the features: the columns of a frame of sequences, else None."""
        return self.columns if self.is_frame else None

    @property
    def item_names(self):
        """Names of the features, also those that are not strings, else None."""
        return self.feature_names

    def splits_strings(self, feature):
        """Return whether strings of a feature were split into characters."""
        return False

    def build(self, values):
        """Put sequences into a container of this kind.

        Parameters
        ----------
        values : UserValues
            The values of all sequences.

        Returns
        -------
        list, ndarray, frame, Series or pyarrow Array or Table
            The sequences.
        """
        raise NotImplementedError

    def without_rows(self):
        """Return the same container without the row index of X."""
        return replace(self, index=None)

    def without_names(self):
        """Return a container for other time steps, without the names of those of X."""
        return self


def float_dtype(dtype):
    """Return the dtype of results: that of X if it is floating, else float64."""
    return dtype if dtype.kind == "f" else np.dtype(np.float64)


def split_steps(values, lengths):
    """Split values of all time steps, an array, list or string, by sequence."""
    ends = np.cumsum(lengths).tolist()
    sizes = lengths.tolist()
    return [values[end - n : end] for end, n in zip(ends, sizes, strict=True)]


def join_characters(values, lengths):
    """Join each sequence of characters to a string; None is an infrequent character."""
    values = [UNKNOWN_CHARACTER if value is None else value for value in values]
    return split_steps("".join(values), lengths)

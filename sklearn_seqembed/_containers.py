"""The kind of container that X was, and the way back into it."""

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Container:
    """The kind of container that X was, to give results back in.

    Parameters
    ----------
    form : {"list", "object", "3d", "2d", "pandas", "polars", "arrow", \
            "pandas series", "polars series"}
        Outer container. "object" is a 1-D array of arrays; a torch tensor is the form
        of its shape, a frame of numbers is named by its library. "arrow" is a pyarrow
        array of lists, the last two are Series of Arrow lists.
    dtype : dtype
        Floating dtype of the values.
    flat : bool, default=False
        Whether the sequences of a list are 1-D arrays, or numbers in Arrow's lists.
    columns : list of str, default=None
        Column names of a frame.
    index : pandas Index, default=None
        Row index of a pandas frame or Series.
    n_steps : int, default=0
        Least number of steps of a 3-D array, padding included.
    large : bool, default=False
        Whether Arrow's lists have offsets of 64 bits.
    """

    form: str
    dtype: np.dtype
    flat: bool = False
    columns: object = None
    index: object = None
    n_steps: int = 0
    large: bool = False

    @property
    def is_table(self):
        """Whether each time step was a column (2-D arrays and frames)."""
        return self.form in ("2d", "pandas", "polars")

    def build(self, sequences):
        """Put sequences into a container of this kind.

        Parameters
        ----------
        arrays : list of ndarray of shape (n_timesteps_i, n_features)
            The sequences.

        Returns
        -------
        list, ndarray, frame, Series or pyarrow Array
            The same sequences; a 3-D array is padded at the end with NaN.
        """
        arrays = [
            sequences.rows(i).astype(self.dtype, copy=False)
            for i in range(len(sequences))
        ]
        if self.flat:
            arrays = [array[:, 0] for array in arrays]
        if self.form == "list":
            return arrays
        if self.form == "object":
            out = np.empty(len(arrays), dtype=object)
            for i, array in enumerate(arrays):  # out[:] = arrays would make it 2-D
                out[i] = array
            return out
        if self.form in ("arrow", "pandas series", "polars series"):
            return self._arrow(arrays)
        padded = self._pad(arrays)
        if self.form == "3d":
            return padded
        table = padded[:, :, 0]
        # partial_fit may have met other lengths than the columns of the first frame
        if self.columns is None or len(self.columns) != table.shape[1]:
            return table
        if self.form == "pandas":
            import pandas as pd

            return pd.DataFrame(table, columns=self.columns, index=self.index)
        import polars as pl

        return pl.DataFrame(table, schema=self.columns, orient="row")

    def _pad(self, arrays):
        n_steps = max(self.n_steps, *map(len, arrays))
        shape = len(arrays), n_steps, arrays[0].shape[1]
        padded = np.full(shape, np.nan, dtype=self.dtype)
        for row, array in zip(padded, arrays, strict=True):
            row[: len(array)] = array
        return padded

    def _arrow(self, arrays):
        """Join sequences to one Arrow array of lists, in a Series where X was one."""
        import pyarrow as pa

        values = pa.array(np.concatenate(arrays).ravel())
        if not self.flat:
            values = pa.FixedSizeListArray.from_arrays(values, arrays[0].shape[1])
        offsets = np.cumsum([0] + [len(array) for array in arrays])
        # Chunks of X may have held more steps together than 32 bits can count.
        kind, dtype = pa.ListArray, np.int32
        if self.large or offsets[-1] > np.iinfo(np.int32).max:
            kind, dtype = pa.LargeListArray, np.int64
        lists = kind.from_arrays(pa.array(offsets.astype(dtype)), values)
        if self.form == "pandas series":
            import pandas as pd

            return pd.Series(pd.arrays.ArrowExtensionArray(lists), index=self.index)
        if self.form == "polars series":
            import polars as pl

            return pl.Series(lists)
        return lists

    def without_rows(self):
        """Return the same kind for other rows, without index and padding of X."""
        return replace(self, index=None, n_steps=0)

    def without_names(self):
        """Return the same kind for other time steps: a frame becomes a 2-D array."""
        form = "2d" if self.columns else self.form
        return replace(self, form=form, columns=None, n_steps=0)

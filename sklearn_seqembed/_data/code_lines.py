"""Lines of code in messages, which convert what the user passed to what is meant."""

import numpy as np

from sklearn_seqembed._data.data_arrays import is_data_array
from sklearn_seqembed._data.native_frames import exports_table, frame_library


def split_line(name, source, column, columns=None, time=None):
    """Write the line that splits a long table into sequences.

    Parameters
    ----------
    name : str
        Name of the table.
    source : object
        The table as the user passed it.
    column : int
        Position of the column that identifies the sequences.
    columns : tuple, default=None
        Names of the columns of a frame.
    time : object, default=None
        Name of the column of times, if it is known.
    """
    if columns is None:
        name = _array(name, source)
        rest = f"numpy.delete({name}[{name}[:, {column}] == i], {column}, axis=1)"
        if column == 0:
            rest = f"{name}[{name}[:, 0] == i][:, 1:]"
        return f"[{rest} for i in numpy.unique({name}[:, {column}])]"
    native = source.to_native() if hasattr(source, "to_native") else source
    if frame_library(native) is None and not exports_table(native):
        name, _ = frame_expression(name, source)
    return call_line(name, columns[column], time)


def call_line(name, by, time=None):
    """Write the call that makes one row per sequence of a long table.

    Parameters
    ----------
    name : str
        Name of the table.
    by : object
        Name, or names, of the columns that identify a sequence.
    time : object, default=None
        Name of the column of times, if it is known.
    """
    option = "" if time is None else f", time={time!r}"
    return f"sklearn_seqembed.sequences_from_long({name}, by={by!r}{option})[0]"


def transpose_line(name, source, is_list):
    """Write the line that moves the axis of features to the end.

    Parameters
    ----------
    name : str
        Name of the sequences.
    source : object
        The sequences as the user passed them.
    is_list : bool
        Whether there is one array for each sequence, instead of one 3-D array.
    """
    if not is_list:
        if is_data_array(source):
            first, middle, last = map(repr, source.dims)
            return f"{name}.transpose({first}, {last}, {middle})"
        if hasattr(source, "permute"):
            return f"{name}.permute(0, 2, 1)"
        return f"{_array(name, source)}.transpose(0, 2, 1)"
    if getattr(source, "is_nested", False):
        return f"[x.T for x in {name}.unbind()]"
    is_iterable = isinstance(source, (list, tuple, np.ndarray)) or hasattr(
        source, "iloc"
    )
    if is_iterable and all(hasattr(x, "T") for x in source):
        return f"[x.T for x in {name}]"
    for method in ("to_pylist", "to_list"):
        if hasattr(source, method):
            name = f"{name}.{method}()"
            break
    return f"[numpy.transpose(x) for x in {name}]"


def _array(name, source):
    """Write how to get an array, whose masked values remain masked."""
    if getattr(source, "requires_grad", False):
        return f"{name}.detach()"
    is_array = isinstance(source, np.ndarray) and not isinstance(source, np.matrix)
    return name if is_array or hasattr(source, "detach") else f"numpy.asarray({name})"


def frame_expression(name, source):
    """Write how to get a frame of pandas or polars, and return its library.

    Parameters
    ----------
    name : str
        Name of the frame.
    source : object
        The frame as the user passed it.
    """
    if hasattr(source, "to_native"):
        return frame_expression(f"{name}.to_native()", source.to_native())
    library = frame_library(source)
    if library in ("pandas", "polars"):
        return name, library
    if hasattr(source, "df"):  # duckdb
        return f"{name}.df()", "pandas"
    return f"{name}.to_pandas()", "pandas"

"""pandas frames whose rows or columns have labels of several levels."""

import narwhals.stable.v2 as nw
import numpy as np

from sklearn_seqembed._data.code_lines import call_line
from sklearn_seqembed._data.column_names import describe_names, is_time_name
from sklearn_seqembed._data.messages import plain


def refuse_column_levels(X, name, has_cells):
    """Raise an error if columns have a level of features besides one of time steps.

    Parameters
    ----------
    X : pandas DataFrame or other frame
        The frame that the user passed.
    name : str
        Name of the argument.
    has_cells : bool
        Whether its cells hold sequences.
    """
    if not nw.dependencies.is_pandas_dataframe(X) or X.columns.nlevels == 1:
        return
    levels = [X.columns.unique(level) for level in range(X.columns.nlevels)]
    features = [
        i
        for i, values in enumerate(levels)
        if len(values) > 1 and describe_names(list(values)) != "times"
    ]
    if not has_cells and not features:
        return  # each column is a time step, as in a frame of one level
    join = f"['_'.join(map(str, names)) for names in {name}.columns]"
    remedy = f"Join their names: {name}.set_axis({join}, axis=1)."
    single = [i for i, values in enumerate(levels) if len(values) == 1]
    if has_cells and len(single) == len(levels) - 1:
        remedy = f"Remove that level: {name}.droplevel({single[0]}, axis=1)."
    elif not has_cells and len(levels) == 2:
        level = features[0]
        remedy = (
            f"Pass a 3-D array: numpy.stack([{name}.xs(key, axis=1, level={level}) for "
            f"key in {name}.columns.unique({level})], axis=2)."
        )
    raise ValueError(
        f"{name} has columns of {len(levels)} levels, {plain(X.columns[0])!r} for "
        f"example, expected one name per column. {remedy}"
    )


def refuse_row_levels(X, name):
    """Raise an error if a frame of numbers holds one time step of a sequence per row.

    Such a frame has an index of two or more levels, one of which is the time. A wide
    frame, in which each row is a sequence, may have such an index, too, but its columns
    are named by times or numbers.
    """
    if not nw.dependencies.is_pandas_dataframe(X) or X.index.nlevels == 1:
        return
    if describe_names(list(X.columns)) == "times" or not has_times_in_rows(X):
        return
    raise ValueError(
        f"{name} has a row index of {X.index.nlevels} levels, one of which seems to be "
        "the time: its rows seem to be time steps, but each row of a frame of numbers "
        f"is read as a sequence. Pass {split_levels(X, name)}, or "
        f"{name}.reset_index(drop=True) if each row is a sequence."
    )


def refuse_stacked_series(X, name):
    """Raise an error for a Series of numbers with a row index of several levels."""
    if not nw.dependencies.is_pandas_series(X) or X.index.nlevels == 1:
        return
    if X.dtype.kind in "biuf" and not hasattr(X.dtype, "pyarrow_dtype"):
        raise ValueError(
            f"{name} is a Series of numbers with a row index of {X.index.nlevels} "
            "levels, but each item of a Series must be a sequence. Pass "
            f"{groupby_levels(X, name)}."
        )


def has_times_in_rows(X):
    """Return whether a level of the row index is the time within groups of rows."""
    return _find_times(X)[0] is not None


def split_levels(X, name):
    """Write the line that makes one sequence of the rows of a frame with levels."""
    names, (levels, time) = X.index.names, _split_levels(X)
    has_names = all(isinstance(level, str) for level in names)
    if not has_names or set(names) & set(X.columns):
        return groupby_levels(X, name)
    by = [names[level] for level in levels]
    return call_line(name, by[0] if len(by) == 1 else by, names[time])


def groupby_levels(X, name):
    """Write the line that splits rows by all levels but the time, or the last one."""
    levels, time = _split_levels(X)
    level = levels[0] if len(levels) == 1 else levels
    is_sorted = _find_times(X)[1]
    rows = name if is_sorted else f"{name}.sort_index(level={time})"
    return f"[group for _, group in {rows}.groupby(level={level})]"


def _split_levels(X):
    """Return the levels that identify sequences, and the one that is the time."""
    time = _find_times(X)[0]
    time = X.index.nlevels - 1 if time is None else time
    return [level for level in range(X.index.nlevels) if level != time], time


def _find_times(X):
    """Find the level of a row index that is the time within groups of rows.

    Returns
    -------
    level : int or None
        A level that increases within the groups of the other levels. It need not be
        sorted if it holds dates, or its name is a word of time.
    is_sorted : bool
        Whether it increases.
    """
    index = X.index
    is_named = [is_time_name(str(name)) for name in index.names]
    kinds = [_kind_of_level(index.get_level_values(i)) for i in range(index.nlevels)]
    # Dates come first, then names, then the last level.
    levels = [i for i, kind in enumerate(kinds) if kind]
    levels.sort(key=lambda i: (kinds[i] == "time", is_named[i], i), reverse=True)
    for level in levels:
        _, ranks = np.unique(index.get_level_values(level), return_inverse=True)
        codes = index.droplevel(level).factorize()[0]
        order = np.argsort(codes, kind="stable")
        is_same = np.diff(codes[order]) == 0
        if is_same.any() and (np.diff(ranks[order])[is_same] > 0).all():
            return level, True
        if (
            is_same.any()
            and index.is_unique
            and (kinds[level] == "time" or is_named[level])
        ):
            return level, False
    return None, True


def _kind_of_level(values):
    """Return "time", "number", or None for other labels."""
    if values.dtype.kind in "Mm" or "period" in str(values.dtype):
        return "time"
    if values.dtype.kind == "O" and values.inferred_type in ("date", "datetime"):
        return "time"
    return "number" if values.dtype.kind in "iuf" else None

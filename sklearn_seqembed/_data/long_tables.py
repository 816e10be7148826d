"""Tables with one row per time step, which have to be split into sequences.

A column of such a table says to which sequence a row belongs, and another one is the
time, which increases within each sequence.
"""

import math
import re

import numpy as np

from sklearn_seqembed._data.code_lines import split_line
from sklearn_seqembed._data.column_names import is_time_name
from sklearn_seqembed._data.native_frames import column_names, iter_columns

# At most this many rows of a table are searched for an identifier.
MAX_ROWS = 20_000
# A table is long only if the order of its rows would arise by chance less often.
MAX_CHANCE = 1e-4
# Names of columns that identify a sequence.
_IDENTIFIER = re.compile(
    r"(?:^|[_\W])id$|^case\b|"
    r"^(?:key|user|customer|client|patient|subject|session|device)$"
)


def find_identifiers(values):
    """Find the columns of a long table that may say to which sequence a row belongs.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_columns)
        The table.

    Returns
    -------
    columns : list of int
        Columns of integers, each of which occurs in several rows, such that another
        column, the time, increases within the rows of each, or decreases.
    """
    values = values[:: math.ceil(len(values) / MAX_ROWS)]
    n_rows, n_columns = values.shape
    with np.errstate(invalid="ignore", over="ignore"):
        is_integer = (values == np.floor(values.astype(np.float64))).all(axis=0)
    least = math.log(n_columns**2 / MAX_CHANCE)
    found = []
    for column in np.flatnonzero(is_integer):
        identifiers, codes = np.unique(values[:, column], return_inverse=True)
        if not 2 <= len(identifiers) <= n_rows / 2:
            continue
        order = np.argsort(codes, kind="stable")
        is_same = np.diff(codes[order]) == 0
        steps = np.diff(values[order].astype(np.float64), axis=0)[is_same]
        is_ordered = (steps >= 0).all(axis=0) | (steps <= 0).all(axis=0)
        for other in np.flatnonzero(is_ordered):
            is_later = steps[:, other] != 0
            if other == column or 2 * is_later.sum() < len(is_later):
                continue
            # The logarithm of the number of orders of the rows of each identifier, in
            # only one of which, except for ties, the time increases.
            is_new = ~is_same
            is_new[is_same] = is_later
            ties = np.bincount(np.cumsum(is_new))
            if _log_orders(np.bincount(codes)) - _log_orders(ties) > least:
                found.append(int(column))
                break
    return found


def _log_orders(counts):
    return sum(math.lgamma(n + 1) for n in counts.tolist())


def is_identifier_name(name):
    """Return whether the name of a column is usual for what identifies something."""
    return isinstance(name, str) and bool(_IDENTIFIER.search(name.lower()))


def choose_identifier(candidates, columns, values):
    """Choose the column by which to split a long table; None if there is none.

    If there is a row for each pair of identifier and time, their roles can be
    exchanged. The identifier usually comes first, and its name is not a word of time.

    Parameters
    ----------
    candidates : list of int
        What :func:`find_identifiers` returned.
    columns : tuple or None
        Names of all columns.
    values : ndarray of shape (n_rows, n_columns)
        The table. A column whose values do not repeat identifies rows, not sequences.
    """
    if columns is None or not all(isinstance(column, str) for column in columns):
        return candidates[0] if candidates else None
    named = [
        i
        for i, name in enumerate(columns)
        if is_identifier_name(name) and _repeats(values[:, i])
    ]
    if named:
        return named[0]
    others = [i for i in candidates if not is_time_name(columns[i])]
    return next(iter(others + candidates), None)


def _repeats(values):
    """Return whether values occur twice on average, and differ."""
    return 2 <= len(np.unique(values)) <= len(values) / 2


def suggest_split(X, locator):
    """Say how to pass a frame if it is a long table, or one sequence.

    Parameters
    ----------
    X : pandas or polars DataFrame or pyarrow Table
        A frame that cannot be read.
    locator : Locator
        Name of the argument, and what the user passed.

    Returns
    -------
    remedy : str
        A sentence that follows an error message and begins with a space, or "" if the
        frame is neither.
    """
    name, columns = locator.argument, column_names(X)
    ranks = [_rank(column) for _, column in iter_columns(X)]
    values = np.column_stack(ranks)
    candidates = find_identifiers(values)
    for i, column in enumerate(columns):
        if is_identifier_name(column) and _repeats(ranks[i]):
            candidates.append(i)
    found = choose_identifier(candidates, columns, values) if candidates else None
    times = [i for i, (_, x) in enumerate(iter_columns(X)) if _holds_times(x)]
    if found is not None:
        time = columns[times[0]] if len(times) == 1 and times[0] != found else None
        line = split_line(name, locator.source, found, columns, time)
        return f" If {name} is a long table, with one row per time step, pass {line}."
    if any(len(ranks[i]) > 1 and (np.diff(ranks[i]) > 0).all() for i in times):
        return f" If {name} is one sequence, pass [{name}]."
    return ""


def _holds_times(column):
    return np.asarray(column[:1]).dtype.kind == "M"


def _rank(column):
    """Convert values to numbers whose order is that of numbers, times or texts."""
    values = np.asarray(column[:: math.ceil(max(1, len(column)) / MAX_ROWS)])
    if values.dtype.kind in "biuf":
        return values.astype(np.float64)
    if values.dtype.kind in "mM":
        return values.view(np.int64).astype(np.float64)
    texts = list(map(str, values.tolist()))  # of strings, or of any other objects
    return np.unique(texts, return_inverse=True)[1].astype(np.float64)

"""Warnings about long tables whose columns may play other roles than those given."""

from typing import NamedTuple

import numpy as np

from sklearn_seqembed._data.column_names import is_time_name
from sklearn_seqembed._data.event_tables import MAX_LISTED, EventTable
from sklearn_seqembed._data.identifiers import MAX_RANGE, MIN_STEPS
from sklearn_seqembed._data.long_tables import is_identifier_name
from sklearn_seqembed._data.messages import count, warn_reading

# From so many events on, at least this fraction of which are alone in their sequence,
# `by` may be a column that identifies events.
MIN_EVENTS = 20
MIN_ALONE = 0.95
# A column is searched for repeated values if there are none in so many first rows.
N_FIRST = 1000
# Integers between these are dates, YYYYMMDD, if their months and days exist.
DATES = (1900_01_01, 2100_12_31)
# Integers between these are seconds since 1970, of times from 1990 to 2099; those that
# are a thousand times larger are milliseconds.
SECONDS = (631_152_000, 4_102_444_800)


class EventRoles(NamedTuple):
    """A long table, its sequences, and the roles of its columns.

    Attributes
    ----------
    table : EventTable
        The events.
    names : dict of str to list
        Names of columns for each parameter that has some.
    features : list
        Names of the columns that become features.
    order : ndarray of int, of shape (n_events,)
        Rows of the table, one sequence after the other.
    sizes : ndarray of int, of shape (n_sequences,)
        Number of events of each sequence.
    """

    table: EventTable
    names: dict
    features: list
    order: np.ndarray
    sizes: np.ndarray


def warn_about_events(roles, may_be_single):
    """Warn of columns that may play other roles.

    Parameters
    ----------
    roles : EventRoles
        The table and its columns.
    may_be_single : bool
        If True, do not warn of sequences that have only one event.
    """
    if not may_be_single and _warn_about_single_events(roles):
        return
    if "columns" not in roles.names:
        _warn_about_identifiers(roles)
    if "time" in roles.names:
        _warn_about_numbers(roles)
    else:
        _warn_about_order(roles)


def view_times(array):
    """Return an Arrow array of dates or times as numbers, NaN where missing."""
    import pyarrow as pa

    is_short = array.type.bit_width == 32
    array = array.view(pa.int32() if is_short else pa.int64())
    return array.to_numpy(zero_copy_only=False)


def _warn_about_single_events(roles):
    """Warn if nearly all sequences have one event; return whether they do."""
    n_events, sizes = len(roles.order), roles.sizes
    if n_events < MIN_EVENTS or (sizes == 1).sum() < MIN_ALONE * n_events:
        return False
    by = roles.names["by"]
    warn_reading(
        f"by={by if len(by) > 1 else by[0]!r} was read as what identifies a sequence, "
        f"so {n_events} events are {count(len(sizes), 'sequence')}, nearly all of one "
        "time step; if it identifies the events, pass a column whose values repeat, "
        "such as that of a customer or a case."
    )
    return True


def _warn_about_identifiers(roles):
    """Warn of features, of all columns, that are distinct in every row."""
    others = roles.names.get("time", []) + roles.names.get("target", [])
    if len(roles.order) < MIN_STEPS or len(roles.sizes) < 2 or len(roles.features) < 2:
        return
    found = [
        name
        for name in roles.features
        if name not in others and _is_distinct(roles.table, name)
    ]
    if not found:
        return
    kept = [name for name in roles.features if name not in found]
    line = f"columns={kept}"
    if not 0 < len(kept) <= MAX_LISTED:
        line = "name the others in columns"
    more = f", as in {count(len(found) - 1, 'other column')}" if found[1:] else ""
    warn_reading(
        f"Column {found[0]!r} of frame was read as a feature, but no value occurs in "
        f"two rows{more}; if it identifies the rows, leave it out: {line}."
    )


def _is_distinct(table, name):
    """Return whether a column of integers or texts has a distinct value in each row."""
    import pyarrow as pa
    import pyarrow.compute as pc

    array = table.first(N_FIRST).arrow(name)
    is_integer = pa.types.is_integer(array.type)
    is_float = pa.types.is_floating(array.type) or pa.types.is_decimal(array.type)
    is_other = pa.types.is_temporal(array.type) or pa.types.is_nested(array.type)
    if is_float or is_other or len(array.unique()) < len(array):
        return False
    array = table.arrow(name)
    if is_integer and not is_identifier_name(name):
        ends = pc.min_max(array).as_py()
        is_time = isinstance(name, str) and is_time_name(name)
        if is_time or ends["max"] - ends["min"] >= MAX_RANGE * len(array):
            return False
    return len(array.unique()) == len(array)


def _warn_about_numbers(roles):
    """Warn of integers that are sorted as times, but look like dates or Unix times."""
    (time,) = roles.names["time"]
    if time not in roles.features:
        return  # their order is that of time
    import pyarrow as pa

    array = roles.table.arrow(time)
    if not pa.types.is_integer(array.type):
        return
    found = _find_unit(array.to_numpy(zero_copy_only=False))
    if found is not None:
        meaning, option = found
        warn_reading(
            f"Column {time!r} of frame (time) was read as numbers, but all of them "
            f"look like {meaning}; if they are, convert them by "
            f"pandas.to_datetime(..., {option}), so that they are read as times."
        )


def _find_unit(values):
    """Return what integers count, and the option that says so; None if unknown."""
    lowest, highest = int(values.min()), int(values.max())
    if DATES[0] <= lowest and highest <= DATES[1]:
        months, days = values // 100 % 100, values % 100
        is_date = (months >= 1) & (months <= 12) & (days >= 1) & (days <= 31)
        return ("dates such as 20250131", "format='%Y%m%d'") if is_date.all() else None
    for factor, unit, noun in ((1, "s", "seconds"), (1000, "ms", "milliseconds")):
        if SECONDS[0] * factor <= lowest and highest <= SECONDS[1] * factor:
            return f"{noun} since 1970", f"unit={unit!r}"
    return None


def _warn_about_order(roles):
    """Warn if a column of times goes back within sequences, and no other is in order.

    Columns of times that do not change within sequences, such as a date of birth, say
    nothing about their order.
    """
    is_same = np.ones(len(roles.order), dtype=bool)
    is_same[np.cumsum(roles.sizes) - 1] = False
    is_same = is_same[:-1]
    first = None
    for name, array in roles.table.iter_times(roles.names["by"]):
        times = view_times(array)[roles.order]
        before, after = times[:-1], times[1:]
        if ((after < before) & is_same).any():
            first = name if first is None else first
        elif ((after > before) & is_same).any():
            return
    if first is not None:
        warn_reading(
            "The events of each sequence were read in the order of the rows of frame, "
            f"in which column {first!r} goes back in time; if they are to be in order "
            f"of time, pass time={first!r}."
        )

"""Labeled spans of a series: masks, pairs of positions, or pairs of dates."""

import datetime

import numpy as np

from sklearn_seqembed._data.messages import count
from sklearn_seqembed._displays.times import as_times, is_time


def check_length(values, name, n_steps):
    """Return one value per time step as an array, or raise an error.

    Parameters
    ----------
    values : array-like
        What the user passed.
    name : str
        Its name in messages.
    n_steps : int
        Number of time steps of the series.

    Returns
    -------
    ndarray of shape (n_steps,)
        The values.
    """
    values = np.asarray(values)
    if values.shape != (n_steps,):
        raise ValueError(
            f"{name} has shape {values.shape}, but series has "
            f"{count(n_steps, 'time step')}. Pass one value for each."
        )
    return values


def check_spans(spans, n_steps, times=None, zone=None):
    """Return spans as pairs of positions.

    Parameters
    ----------
    spans : array-like of shape (n_spans, 2) or (n_steps,), or None
        Pairs of integers, the first time step of a span and the one after the last;
        pairs of dates, the first and the last one; or a mask.
    n_steps : int
        Number of time steps of the series.
    times : ndarray of shape (n_steps,), default=None
        Time of each step.
    zone : datetime.tzinfo, default=None
        Their time zone, if they have one. Dates without any are read as dates of it.

    Returns
    -------
    list of (int, int) or None
        First time step, and the one after the last, of each span.
    """
    if spans is None:
        return None
    array = np.asarray(spans)
    if not array.size:
        return []
    is_binary = array.dtype.kind in "biuf" and bool(np.isin(array, (0, 1)).all())
    if array.ndim == 1 and is_binary:
        mask = check_length(array, "spans", n_steps).astype(np.int8)
        edges = np.flatnonzero(np.diff(mask, prepend=0, append=0))
        return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]
    is_pairs = array.ndim == 2 and array.shape[1] == 2
    if is_pairs and array.dtype.kind in "MO" and times is not None and is_time(times):
        return _find_dates(array, times, zone)
    if not is_pairs or array.dtype.kind not in "iu":
        found = f"an array of shape {array.shape} and dtype {array.dtype}"
        if array.shape == (n_steps,) and not is_binary:
            found += " with other values"
        raise ValueError(
            "spans must be pairs of integers (first time step, the one after the "
            "last), pairs of dates if the times are dates (convert text with "
            "pandas.to_datetime), or a mask of shape "
            f"({n_steps},) of bools or of 0 and 1, got {found}."
        )
    for start, stop in array.tolist():
        if not 0 <= start < stop <= n_steps:
            raise ValueError(
                f"spans holds ({start}, {stop}), but the series has the time steps 0 "
                f"to {n_steps - 1}, and a span must have at least one."
            )
    return [tuple(pair) for pair in array.tolist()]


def _find_dates(pairs, times, zone):
    """Return the positions of pairs of dates."""
    found = []
    for pair in pairs:
        first, last = as_times([_convert_zone(value, zone) for value in pair])
        if type(pair[1]) is datetime.date:  # the whole day
            last = last + np.timedelta64(1, "D") - np.timedelta64(1, "us")
        inside = np.flatnonzero((times >= first) & (times <= last))
        if not len(inside):
            raise ValueError(
                f"spans holds ({pair[0]}, {pair[1]}), but no time step is between "
                f"these dates. The series begins at {times[0]} and ends at {times[-1]}."
            )
        found.append((int(inside[0]), int(inside[-1]) + 1))
    return found


def _convert_zone(value, zone):
    """Convert a time that has a zone to another one."""
    if getattr(value, "tzinfo", None) is None:
        return value
    if zone is None:
        raise ValueError(
            f"spans holds {value}, a time with a zone, but those of the series have "
            "none. Give both a zone, or remove it from spans, for example by "
            "value.tz_localize(None) in pandas."
        )
    return value.astimezone(zone)

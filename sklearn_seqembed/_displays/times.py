"""Times of time steps and of samples, as numpy and matplotlib need them."""

import datetime

import numpy as np

SECONDS = {"days": 86400.0, "hours": 3600.0, "seconds": 1.0}


def is_missing(value):
    """Return whether a single value is None, NaN, NaT or NA."""
    if value is None:
        return True
    try:
        return bool(value != value)
    except TypeError:  # pandas.NA is neither true nor false
        return True


def is_time(values):
    """Return whether an array holds dates or times."""
    return np.asarray(values).dtype.kind == "M"


def as_times(values):
    """Return dates, times or periods as an array of datetime64.

    Times with a time zone become local times, and times of several zones those of UTC.

    Parameters
    ----------
    values : array-like of shape (n,)
        Objects of pandas, polars, numpy or Python. None, NaN and NaT are missing.

    Returns
    -------
    times : ndarray of shape (n,) and dtype datetime64
        The times; NaT where missing.

    Raises
    ------
    TypeError, ValueError
        If a value is no time.
    """
    dtype = getattr(values, "dtype", None)
    if isinstance(dtype, np.dtype) and dtype.kind == "M":
        return np.asarray(values)
    array = np.asarray(values, dtype=object)
    if array.size and all(isinstance(value, np.datetime64) for value in array):
        return array.astype("datetime64[us]")
    values = [None if is_missing(value) else value for value in array.tolist()]
    values = [v.to_timestamp() if hasattr(v, "to_timestamp") else v for v in values]
    zones = {str(value.tzinfo) for value in values if _has_zone(value)}
    times = np.full(array.shape, "NaT", dtype="datetime64[us]")
    for i, value in enumerate(values):
        if _has_zone(value):
            if len(zones) > 1:
                value = value - value.utcoffset()
            value = value.replace(tzinfo=None)
        if value is not None:
            times[i] = np.datetime64(value, "us")
    return times


def find_zone(values):
    """Return the time zone in which :func:`as_times` gives times, None without one.

    Parameters
    ----------
    values : array-like of shape (n,)
        Dates, times or numbers.
    """
    array = np.asarray(values, dtype=object)
    if array.ndim != 1:
        return None
    values = array.tolist()
    zones = {str(v.tzinfo): v.tzinfo for v in values if _has_zone(v)}
    return datetime.UTC if len(zones) > 1 else next(iter(zones.values()), None)


def check_times(values, name):
    """Return the times of an axis: numbers or datetime64.

    Parameters
    ----------
    values : array-like
        What the user passed.
    name : str
        Its name in messages.

    Returns
    -------
    times : ndarray
        The times.

    Raises
    ------
    TypeError
        If they are neither dates nor numbers.
    """
    array = np.asarray(values)
    if array.dtype.kind in "iuf" or is_time(array):
        return array
    found = array.dtype if array.dtype.kind != "O" else type(array.flat[0]).__name__
    refusal = TypeError(
        f"{name} holds values of type {found}, expected dates or numbers. Convert "
        "strings with pandas.to_datetime, for example."
    )
    if array.dtype.kind != "O" or array.ndim != 1:
        raise refusal
    try:
        times = as_times(values)
    except (TypeError, ValueError) as exc:
        raise refusal from exc
    if np.isnat(times).all():
        raise refusal
    return times


def _has_zone(value):
    return getattr(value, "tzinfo", None) is not None


def choose_unit(seconds):
    """Return the unit in which durations are drawn, and the seconds of one.

    Parameters
    ----------
    seconds : ndarray
        Durations, NaN where missing.

    Returns
    -------
    unit : {"days", "hours", "seconds"}
        The largest one of which the longest duration has two.
    n_seconds : float
        Seconds of one unit.
    """
    known = np.abs(seconds[~np.isnan(seconds)])
    longest = known.max() if len(known) else 0.0
    for unit, n_seconds in SECONDS.items():
        if longest >= 2 * n_seconds:
            return unit, n_seconds
    return "seconds", 1.0


def make_date_axis(minticks=3, maxticks=7):
    """Return a locator and a formatter of dates that does not repeat what they share.

    Parameters
    ----------
    minticks, maxticks : int
        Number of ticks.

    Returns
    -------
    locator : AutoDateLocator
        For the ticks of an axis or of a color bar.
    formatter : ConciseDateFormatter
        Days have their month, because the ticks may belong to two.
    """
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=minticks, maxticks=maxticks)
    formatter = ConciseDateFormatter(locator)
    # Year, month, day, hour, minute, second: what ticks show, what they show where the
    # smaller unit begins again, and what is at the end of the axis.
    formatter.formats[2] = "%d %b"
    formatter.zero_formats[2:4] = ["%d %b", "%d %b"]
    formatter.offset_formats[2:] = ["%Y", "%d %b %Y", "%d %b %Y", "%d %b %Y %H:%M"]
    return locator, formatter


def format_dates(ax):
    """Label dates on the x axis."""
    locator, formatter = make_date_axis()
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(formatter)

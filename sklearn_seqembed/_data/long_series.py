"""Validation of long series, which are cut into windows."""

import numbers
import warnings
from collections.abc import Mapping
from contextlib import suppress

import narwhals.stable.v2 as nw
import numpy as np

from sklearn_seqembed._data.arrays import as_array
from sklearn_seqembed._data.foreign import as_records, convert_foreign, convert_steps
from sklearn_seqembed._data.levels import groupby_levels, has_times_in_rows
from sklearn_seqembed._data.messages import count, warn_reading
from sklearn_seqembed._data.parsed import is_missing
from sklearn_seqembed._data.texts import MAX_TEXTS, are_times

# Steps of an index that are so many times longer than the median step are gaps, unless
# there are more than this fraction of them, such as weekends between business days.
MAX_IRREGULARITY = 1.5
MAX_GAPS = 0.1
# If at least so many dates, and this fraction of them, are those of the row before,
# rows of several series may be mixed. Hours that repeat when clocks are set back are
# fewer.
MIN_REPEATED = 3
MIN_REPEATED_FRACTION = 0.01


def check_series(series):
    """Convert one long series to an array of shape (n_timesteps, n_features).

    Parameters
    ----------
    series : array-like of shape (n_timesteps,) or (n_timesteps, n_features)
        What the user passed.

    Returns
    -------
    ndarray of shape (n_timesteps, n_features)
        The series, in which missing numbers are NaN; a view where possible.

    Raises
    ------
    ValueError
        If it holds several series or times, or cannot be converted.
    """
    _refuse_several(series)
    _refuse_times(series)
    series = _as_series(series)
    if series.ndim not in (1, 2):
        raise ValueError(
            f"series has {count(series.ndim, 'dimension')}, expected (n_timesteps,) or "
            "(n_timesteps, n_features). Cut one series at a time."
        )
    return series[:, None] if series.ndim == 1 else series


def _refuse_several(series):
    """Raise an error for a frame or Series with several series one after the other."""
    is_pandas = hasattr(series, "iloc") and series.index.nlevels > 1
    if is_pandas and has_times_in_rows(series):
        raise ValueError(
            f"series has a row index of {series.index.nlevels} levels, one of which "
            "seems to be the time, so it holds several series. Cut one at a time: for "
            f"each of {groupby_levels(series, 'series')}."
        )


def _refuse_times(series):
    """Raise an error for a frame with a column of times, or rows that go back in time.

    As an array, it would hold large numbers, or objects that cannot be read.
    """
    frame = nw.from_native(series, eager_only=True, pass_through=True)
    if isinstance(frame, nw.DataFrame):
        _refuse_columns_of_times(frame, is_pandas=hasattr(series, "iloc"))
    index = getattr(series, "index", None)
    if not hasattr(series, "iloc") or index.nlevels > 1:
        return
    is_dated = str(index.dtype).startswith(("datetime", "period"))
    is_ordered = index.is_monotonic_increasing
    if not is_ordered and (is_dated or _goes_back(index)):
        raise ValueError(
            "The index of series goes back in time. Pass series.sort_index() if it is "
            "one series; otherwise cut one series at a time."
        )
    if is_dated and len(index) > 2:
        _warn_about_dates(index)
    elif index.inferred_type == "integer" and not (
        is_ordered or index.is_monotonic_decreasing or not index.is_unique
    ):
        warn_reading(
            "series was read in the order of its rows, but its index of integers is "
            "not in order; if that is the order of time, pass series.sort_index()."
        )


def _refuse_columns_of_times(frame, is_pandas):
    """Raise an error for a frame with a column of times, which may be texts."""
    for name, dtype in frame.schema.items():
        is_time = dtype in (nw.Datetime, nw.Date)
        is_text = dtype in (nw.String, nw.Categorical, nw.Enum, nw.Object)
        if is_time or (is_text and are_times(_some_values(frame[name]))):
            remedy = "set_index" if is_pandas else "drop"
            raise ValueError(
                f"Column {name!r} of series holds times, which cannot be in an array "
                "of windows. Sort the rows by them, and pass "
                f"series.{remedy}({name!r})."
            )


def _some_values(column):
    """Return some values of a column of narwhals, evenly spaced, as an array."""
    step = max(1, len(column) // MAX_TEXTS)
    return np.array(column[::step].to_list() or [None], dtype=object)


def _goes_back(index):
    """Return whether texts in an index are dates that are not in order."""
    import pandas as pd

    if index.inferred_type not in ("string", "categorical"):
        return False
    texts = index.to_numpy(dtype=object)
    if not are_times(texts) or not any(mark in texts[0] for mark in "-/."):
        return False  # hours of a clock begin again every day
    orders = []
    for dayfirst in (False, True):
        with warnings.catch_warnings(), suppress(ValueError, TypeError):
            warnings.simplefilter("ignore")  # of formats that are guessed
            times = pd.to_datetime(texts, dayfirst=dayfirst)
            orders.append(times.is_monotonic_increasing)
    return bool(orders) and not any(orders)


def _warn_about_dates(index):
    """Warn of dates that are missing or repeated in an index."""
    if hasattr(index, "to_timestamp"):  # a PeriodIndex
        index = index.to_timestamp()
    times = index.tz_convert(None) if index.tz is not None else index
    steps = np.diff(times.to_numpy())
    n_repeated = int((steps == np.timedelta64(0)).sum())
    if n_repeated >= max(MIN_REPEATED, MIN_REPEATED_FRACTION * len(steps)):
        warn_reading(
            f"The index of series repeats {count(n_repeated, 'date')}, and rows were "
            "read as consecutive time steps; if they belong to several series, cut one "
            "series at a time."
        )
    typical = np.median(steps)
    # Months and years have different lengths.
    n_longer = int((steps > MAX_IRREGULARITY * typical).sum())
    if 0 < n_longer <= MAX_GAPS * len(steps) and typical > np.timedelta64(0):
        warn_reading(
            f"The index of series has {count(n_longer, 'gap')} of more than its usual "
            "step, and rows were read as consecutive time steps; if rows are "
            "missing, insert them, for example by series.asfreq."
        )


def _as_series(series):
    """Convert a series to an array, in which missing numbers are NaN."""
    expected = "an array of shape (n_timesteps,) or (n_timesteps, n_features)"
    series = as_records(convert_foreign(series, "series", expected))
    if isinstance(series, (list, tuple)) and any(
        isinstance(x, Mapping) for x in series
    ):
        series = _order_values(series)
    series = as_array(convert_steps(series, "series"))
    try:
        array = np.asarray(series)
        if array.dtype.kind == "O" and array.ndim == 1:
            steps = [np.asarray(step) for step in array]
            if any(step.ndim for step in steps):  # lists in the cells of a Series
                array = np.asarray(steps)
        elif array.dtype.kind in "US" and isinstance(series, (list, tuple)):
            values = np.asarray(series, dtype=object)
            if not all(isinstance(value, str) for value in values.flat):
                array = values  # numpy would convert numbers to strings
    except (ValueError, TypeError) as exc:
        raise ValueError(
            f"series cannot be converted to {expected}: its time steps differ in their "
            "number of features. Cut one series at a time."
        ) from exc
    if array.dtype.kind != "O" or array.ndim not in (1, 2):
        return array
    # pandas' NA, for example; missing strings remain None.
    missing = np.frompyfunc(is_missing, 1, 1)(array).astype(bool)
    is_number = all(isinstance(v, numbers.Real) for v in array[~missing])
    array = np.where(missing, None, array)
    if not is_number:
        return array
    try:
        return array.astype(np.float64)
    except OverflowError:
        raise ValueError(
            "series holds an integer that is too large for float64. Replace it by NaN "
            "to have it treated as missing."
        ) from None


def _order_values(records):
    """Return the values of each time step, a dict, in the order of the first one."""
    names = list(records[0]) if isinstance(records[0], Mapping) else []
    for step, record in enumerate(records):
        if not isinstance(record, Mapping) or set(record) != set(names):
            found = list(record) if isinstance(record, Mapping) else repr(record)
            first = names or repr(records[0])
            raise ValueError(
                f"series holds {found} at time step {step}, but {first} at time step "
                "0. Give every time step the same keys, with None where a value is "
                "missing."
            )
    return [[record[name] for name in names] for record in records]

"""Recognizing values that stand for missing ones: -999, "nan" or 1970-01-01."""

import numpy as np

from sklearn_seqembed._data.messages import count, warn_reading

# Common marks, which are the lowest or the highest values of a feature.
MARKS = (
    *(-1, -9, -99, -888, -999, -9999, -99999, -999.9, -9999.9, -32768, -(2**31)),
    *(999, 9999, 99999, 999.9, 9999.9, 32767, 65535, 1e20, 1e30, 9.96921e36),
)
# Texts that stand for missing values or padding.
TEXT_MARKS = (
    *("nan", "NaN", "NAN", "NaT", "None", "null", "NULL", "Null", "<NA>", "N/A", "n/a"),
    *("#N/A", "<pad>", "<PAD>", "[PAD]", "<pad/>"),
)
# Below this size a mark may be a measurement, unless no other value is negative and the
# others have at least so many values, and are as large as this.
MIN_SIZE = 99
MIN_OTHERS = 4
MIN_LARGEST = 9
# Others are in a range of at most this fraction of the distance from a positive mark.
MAX_RANGE = 0.5
# Zeros may be missing values if there are at most this fraction of them, and the range
# of all others is at most the second fraction of their distance from zero.
MAX_ZEROS = 0.05
MAX_RANGE_OF_ZEROS = 0.2
# Dates that stand for missing ones or for an open end, if all others are farther away.
# The first ones are the beginning of counts of days or seconds: midnight.
FIRST_DATES = ("1900-01-01", "1970-01-01")
LAST_DATES = ("2099-12-31", "9999-12-31")
MIN_DISTANCE = np.timedelta64(5 * 365, "D")
# A mark occurs at least so often, and in at most this fraction of all values.
MIN_COUNT = 2
MAX_FRACTION = 0.95


def find_mark(parsed):
    """Explain a number or a date far from all others, or a category such as "nan".

    Parameters
    ----------
    parsed : ParsedSequences
        The sequences.

    Returns
    -------
    message : str or None
        None if there is neither.
    """
    found = []
    for what, block, column in _iter_features(parsed):
        if block.kind == "string":
            mark = _find_text_in(block.values.categories)
            if mark is not None:
                found.append(_explain_text(what, mark))
        elif block.kind == "datetime":
            message = _explain_date(what, block.values)
            if message is not None:
                found.append(message)
        else:
            values = _observed(block.values[:, column], parsed)
            mark = _find_any(values)
            if mark is not None:
                found.append(_explain(what, values, mark))
    if not found:
        return None
    if len(found) == 1:
        return found[0]
    return f"{found[0]} The same holds for {count(len(found) - 1, 'other feature')}."


def warn_about_marks_in_targets(targets):
    """Warn of a number far from all others in the y of a regressor.

    Parameters
    ----------
    targets : float ndarray of shape (n_samples, n_targets)
        The targets.
    """
    for column, values in enumerate(targets.T):
        mark = _find_any(values)
        if mark is not None:
            what = "y" if targets.shape[1] == 1 else f"Column {column} of y"
            warn_reading(_explain(what, values, mark, "leave out these sequences"))
            return


def _iter_features(parsed):
    """Yield name, block and column of each feature in which there may be marks."""
    feature = 0
    for block in parsed.blocks:
        columns = ()
        if block.kind == "numeric":
            columns = np.flatnonzero(_may_hold_marks(block.values))
        elif block.kind in ("string", "datetime"):
            columns = (0,)
        for column in columns:
            yield parsed.describe_feature(feature + column), block, column
        feature += block.width


def _may_hold_marks(values):
    """Return for each column whether its lowest or its highest value is a mark."""
    marks = np.array((0, *MARKS), dtype=np.float64)
    marks = np.append(marks, marks.astype(np.float32))
    lowest, highest = np.fmin.reduce(values), np.fmax.reduce(values)
    return np.isin(lowest.astype(np.float64), marks) | np.isin(
        highest.astype(np.float64), marks
    )


def _observed(column, parsed):
    """Return the values of a column that are not missing, without padding."""
    if len(column) > parsed.lengths.sum():
        n_steps = len(column) // len(parsed.lengths)
        column = column.reshape(-1, n_steps)
        column = column[np.arange(n_steps) < parsed.lengths[:, None]]
    return column[~np.isnan(column)] if column.dtype.kind == "f" else column


def _explain_date(what, times):
    """Explain a date that is far from all others, None if there is none."""
    if not isinstance(times, np.ndarray) or times.dtype.kind != "M":
        return None
    ends = {np.fmin.reduce(times), np.fmax.reduce(times)}
    for date in (*FIRST_DATES, *LAST_DATES):
        mark = np.datetime64(date)
        # Ends may be the last moment of the day.
        if not any(_is_date(end, mark) for end in ends):
            continue
        is_mark = _is_date(times, mark)
        others = times[~is_mark & ~np.isnat(times)]
        if len(others) and (abs(others - mark) > MIN_DISTANCE).all():
            fraction = is_mark.sum() / (is_mark.sum() + len(others))
            first, last = others.min().astype("M8[D]"), others.max().astype("M8[D]")
            return (
                f"{what} was read as times, of which {max(fraction, 0.001):.1%} are "
                f"{date} and all others are between {first} and {last}; if {date} "
                "stands for missing times, replace it by NaT."
            )
    return None


def _is_date(times, mark):
    """Return whether times are a date that may stand for missing ones."""
    is_first = str(mark) in FIRST_DATES
    return times == mark if is_first else times.astype("M8[D]") == mark


def _find_any(values):
    """Return the mark, or the zero, among the values of a feature, else None."""
    mark = _find_in(values)
    return 0 if mark is None and _has_odd_zeros(values) else mark


def _has_odd_zeros(values):
    """Return whether a few values are zeros, and all others far from them."""
    is_zero = values == 0
    if not MIN_COUNT <= is_zero.sum() <= MAX_ZEROS * len(values):
        return False
    others = values[~is_zero]
    lowest, highest = float(others.min()), float(others.max())
    distance = max(lowest, -highest)  # negative if others have both signs
    if highest - lowest > MAX_RANGE_OF_ZEROS * distance:
        return False
    return len(np.unique(others)) >= MIN_OTHERS


def _find_in(values):
    """Return the mark among the values of a feature, None if there is none."""
    if not len(values):
        return None
    ends = np.array([values.min(), values.max()])
    for mark in MARKS:
        if not _equals(ends, mark).any():
            continue
        is_mark = _equals(values, mark)
        n_marks = int(is_mark.sum())
        if not MIN_COUNT <= n_marks <= MAX_FRACTION * len(values):
            continue
        others = values[~is_mark]
        lowest, highest = float(others.min()), float(others.max())
        if lowest < mark < highest:
            continue
        is_unlike = lowest >= 0 and highest >= MIN_LARGEST
        if mark < 0 and is_unlike and len(np.unique(others)) >= MIN_OTHERS:
            return mark
        distance = min(abs(mark - lowest), abs(mark - highest))
        largest_range = distance if mark < 0 else MAX_RANGE * distance
        if abs(mark) >= MIN_SIZE and highest - lowest <= largest_range:
            return mark
    return None


def _equals(values, mark):
    with np.errstate(over="ignore"):  # of marks that float16 cannot represent
        return values == mark


def _explain(what, values, mark, remedy="replace it by NaN"):
    others = values[~_equals(values, mark)]
    fraction = 1 - len(others) / len(values)
    written = f"{mark:g}" if mark >= 1e20 else str(mark)
    return (
        f"{what} was read as numbers, of which {max(fraction, 0.001):.1%} are "
        f"{written} and all others are between {others.min():.4g} and "
        f"{others.max():.4g}; if {written} stands for missing values or padding, "
        f"{remedy}."
    )


def _find_text_in(categories):
    """Return the first category that stands for missing ones, None if there is none."""
    if len(categories) < 2:
        return None
    names = set(categories.tolist())
    return next((mark for mark in TEXT_MARKS if mark in names), None)


def _explain_text(what, mark):
    return (
        f"{what} was read as categories, one of which is {mark!r}; if it stands for "
        "missing values, replace it by None, and if it is padding, cut it off."
    )

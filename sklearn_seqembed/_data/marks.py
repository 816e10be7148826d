"""Recognizing numbers that stand for missing values, such as -999."""

import numpy as np

from sklearn_seqembed._data.messages import count

# Common marks, which are the lowest or the highest values of a feature.
MARKS = (
    *(-1, -9, -99, -888, -999, -9999, -99999, -999.9, -9999.9, -32768, -(2**31)),
    *(999, 9999, 99999, 999.9, 9999.9, 32767, 65535, 1e20, 1e30, 9.96921e36),
)
# Below this size a mark may be a measurement, unless no other value is negative and the
# others have at least so many values, and are as large as this.
MIN_SIZE = 99
MIN_OTHERS = 4
MIN_LARGEST = 9
# Others are in a range of at most this fraction of the distance from a positive mark.
MAX_RANGE = 0.5
# A mark occurs at least so often, and in at most this fraction of all values.
MIN_COUNT = 2
MAX_FRACTION = 0.95


def find_mark(parsed):
    """Explain a number that occurs repeatedly and is far from all others.

    Parameters
    ----------
    parsed : ParsedSequences
        The sequences.

    Returns
    -------
    message : str or None
        None if there is no such number.
    """
    feature, found = 0, []
    for block in parsed.blocks:
        if block.kind == "numeric":
            for position in np.flatnonzero(_may_hold_marks(block.values)):
                values = _observed(block.values[:, position], parsed)
                mark = _find_in(values)
                if mark is not None:
                    what = parsed.describe_feature(feature + position)
                    found.append(_explain(what, values, mark))
        feature += block.width
    if not found:
        return None
    if len(found) == 1:
        return found[0]
    return f"{found[0]} The same holds for {count(len(found) - 1, 'other feature')}."


def _may_hold_marks(values):
    """Return for each column whether its lowest or its highest value is a mark."""
    marks = np.array(MARKS, dtype=np.float64)
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


def _find_in(values):
    """Return the mark among the values of a feature, None if there is none."""
    for mark in MARKS:
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


def _explain(what, values, mark):
    others = values[~_equals(values, mark)]
    fraction = 1 - len(others) / len(values)
    written = f"{mark:g}" if mark >= 1e20 else str(mark)
    return (
        f"{what} was read as numbers, of which {max(fraction, 0.001):.1%} are "
        f"{written} and all others are between {others.min():.4g} and "
        f"{others.max():.4g}; if {written} stands for missing values or padding, "
        "replace it by NaN."
    )

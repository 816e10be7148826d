"""Recognizing values after `fit` that have another unit, or stand for missing ones."""

import numpy as np

from sklearn_seqembed._data.marks import MARKS
from sklearn_seqembed._data.messages import warn_reading

# Values are far from those of fit if they are outside their range by at least this
# fraction of its width. If more than the second fraction of a feature is far away, it
# is another one or has another unit: trends and single outliers are not so many.
MIN_DISTANCE = 1.0
MAX_FAR = 0.5
# Distant numbers that may stand for missing values, even if there is only one of them.
DISTANT_MARKS = np.array((0.0, *MARKS))


def measure_ranges(parsed):
    """Return the lowest and the highest value of each numeric feature.

    Parameters
    ----------
    parsed : ParsedSequences
        The sequences of `fit`.

    Returns
    -------
    float64 ndarray of shape (2, n_numeric_features)
        NaN where all values are missing.
    """
    columns = [
        (np.fmin.reduce(block.values), np.fmax.reduce(block.values))
        for block in _numeric_blocks(parsed)
    ]
    if not columns:
        return np.empty((2, 0))
    return np.concatenate(columns, axis=1).astype(np.float64)


def warn_about_ranges(parsed, ranges):
    """Warn of features whose values are far outside the range that they had in `fit`.

    Parameters
    ----------
    parsed : ParsedSequences
        Sequences that are passed after `fit`.
    ranges : ndarray of shape (2, n_numeric_features)
        What :func:`measure_ranges` returned in `fit`.
    """
    found = measure_ranges(parsed)
    if found.shape != ranges.shape:
        return
    margin = MIN_DISTANCE * (ranges[1] - ranges[0])
    lowest, highest = ranges[0] - margin, ranges[1] + margin
    # Nothing is known about features that were constant or missing.
    is_far = (margin > 0) & ((found[0] < lowest) | (found[1] > highest))
    if not is_far.any():
        return
    position = 0
    for feature, column in _numeric_columns(parsed):
        if is_far[position]:
            message = _explain(
                parsed.describe_feature(feature),
                column[~np.isnan(column)].astype(np.float64),
                ranges[:, position],
                (lowest[position], highest[position]),
            )
            if message is not None:
                warn_reading(message)
                return
        position += 1


def _explain(what, values, known, limits):
    """Return what a feature may hold instead of values as in fit, or None."""
    is_far = (values < limits[0]) | (values > limits[1])
    in_fit = f"those of fit were between {known[0]:.4g} and {known[1]:.4g}"
    marks = np.append(DISTANT_MARKS, DISTANT_MARKS.astype(np.float32))
    is_mark = is_far & np.isin(values, marks)
    if is_mark.any():
        written = f"{values[is_mark][0]:.6g}"
        return (
            f"{what} holds {written}, read as a number, but {in_fit}; if {written} "
            "stands for missing values or padding, replace it by NaN."
        )
    if is_far.mean() > MAX_FAR:
        return (
            f"{what} holds values between {values.min():.4g} and {values.max():.4g}, "
            f"but {in_fit}; if their unit or the order of the features is another one, "
            "pass X as in fit."
        )
    return None


def _numeric_blocks(parsed):
    return [block for block in parsed.blocks if block.kind == "numeric"]


def _numeric_columns(parsed):
    """Yield position and values of each numeric feature."""
    feature = 0
    for block in parsed.blocks:
        if block.kind == "numeric":
            for k, column in enumerate(block.values.T):
                yield feature + k, column
        feature += block.width

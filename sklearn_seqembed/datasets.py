"""Generated sequences with known classes, and windows of long series."""

import math
from itertools import islice, permutations

import numpy as np

from sklearn_seqembed._data.long_series import check_series
from sklearn_seqembed._data.messages import count, warn_user
from sklearn_seqembed._data.scalars import check_integer, check_real, check_seed

__all__ = ["average_windows", "make_sequences", "make_windows"]

# Values of the plateaus of every sequence, symmetric about 0. Their order is the class,
# so four plateaus give 24 classes.
PLATEAUS = np.array([-1.5, -0.5, 0.5, 1.5])

# A larger fraction of a series after its last window is not left over by chance.
MAX_REST = 0.1


def make_sequences(
    n_samples=100,
    *,
    n_features=1,
    n_classes=2,
    lengths=(20, 40),
    noise=0.1,
    missing=0.0,
    random_state=None,
):
    """Generate sequences of unequal lengths whose classes differ only in order.

    Each sequence moves smoothly between the same four plateaus, and their order is its
    class. All classes have the same mean over time, up to noise, and nearly the same
    standard deviation, so only a vector that represents order can distinguish them.
    Lengths are independent of the class.

    Parameters
    ----------
    n_samples : int, default=100
        Number of sequences, at least 1.
    n_features : int, default=1
        Number of features, at least 1. All but the first are copies of the first,
        delayed by a fraction of the sequence, with wrap-around, and multiplied by a
        power of 2. Each has noise of its own.
    n_classes : int, default=2
        Number of classes, from 1 to 24. They are assigned to sequences in turn.
    lengths : int or tuple of (int, int), default=(20, 40)
        Number of time steps, at least 1, or its smallest and largest value; each
        length is drawn uniformly.
    noise : float, default=0.1
        Standard deviation of Gaussian noise. Neighboring plateaus differ by 1.
    missing : float, default=0.0
        Fraction of the values, in [0, 1), that is NaN. Each sequence keeps at least one
        value.
    random_state : int, RandomState instance or None, default=None
        Seed of lengths, noise and missing values. Pass an int for reproducible results.

    Returns
    -------
    X : list of float64 ndarray of shape (n_timesteps_i, n_features)
        The sequences.
    y : int64 ndarray of shape (n_samples,)
        Class of each sequence, 0 to `n_classes` - 1.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    Examples
    --------
    >>> from sklearn_seqembed.datasets import make_sequences
    >>> X, y = make_sequences(4, lengths=(5, 9), n_features=2, random_state=0)
    >>> [x.shape for x in X]
    [(9, 2), (9, 2), (6, 2), (5, 2)]
    >>> y
    array([0, 1, 0, 1])
    """
    low, high = (lengths, lengths) if np.ndim(lengths) == 0 else lengths
    n_samples = check_integer(n_samples, "n_samples", 1)
    n_features = check_integer(n_features, "n_features", 1)
    n_classes = check_integer(n_classes, "n_classes", 1, math.factorial(len(PLATEAUS)))
    low = check_integer(low, "lengths (lowest)", 1)
    high = check_integer(high, "lengths (highest)", low)
    check_real(noise, "noise")
    check_real(missing, "missing", max_val=1, include_boundaries="left")
    rng = check_seed(random_state)
    orders = list(islice(permutations(PLATEAUS), n_classes))
    y = np.arange(n_samples) % n_classes
    delays = np.arange(n_features) / (2 * n_features)
    factors = 2.0 ** np.arange(n_features)
    X = []
    for label in y:
        n_timesteps = rng.randint(low, high + 1)
        times = (np.arange(n_timesteps) + 0.5) / n_timesteps
        x = _interpolate(orders[label], (times[:, None] - delays) % 1)
        x = (x + noise * rng.normal(size=x.shape)) * factors
        is_missing = rng.uniform(size=x.shape) < missing
        is_missing.flat[rng.randint(x.size)] = False
        x[is_missing] = np.nan
        X.append(x)
    return X, y


def make_windows(series, lookback, horizon, *, stride=1):
    """Cut a long series into pairs of a window and the time steps that follow it.

    Parameters
    ----------
    series : array-like of shape (n_timesteps,) or (n_timesteps, n_features)
        The series, in order of time: an array, a tensor, a Series or a frame, or a list
        of time steps, which may be dicts or named tuples. Masked values and pandas' NA
        are missing. All columns of a frame become features, so leave out labels.
    lookback : int
        Number of time steps of each window, at least 1.
    horizon : int
        Number of time steps to predict after it; 0 if only the windows are needed.
    stride : int, default=1
        Number of time steps between the starts of two windows, at least 1.

    Returns
    -------
    X : ndarray of shape (n_windows, lookback, n_features)
        The windows, a read-only view of the series, or of a copy in which missing
        values are NaN.
    y : ndarray of shape (n_windows, horizon, n_features)
        The time steps after each window, also a view. To predict only some features,
        select them: ``y[:, :, [0]]``.

    Raises
    ------
    ValueError
        If the series is shorter than one window, a parameter is out of range, a column
        holds times, an index of dates is not in order, or a pandas row index of several
        levels shows that there are several series. Dates may be written as text.

    Warns
    -----
    SequenceReadingWarning
        If dates in the index are missing or repeated, or an index of integers is not in
        order.

    See Also
    --------
    average_windows : From scores of windows to scores of time steps.

    Notes
    -----
    Estimators treat time steps at the end of a 3-D array as padding if all features
    are missing. If the series has missing values, pass ``list(X)`` and ``list(y)``,
    and remove windows without any observed value: `fit` raises an error for them.

    Split the series by time before cutting it into windows, so that windows from both
    sides of the split do not overlap.

    To cut one row per event into sequences, see
    :func:`sklearn_seqembed.sequences_from_long`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_seqembed.datasets import make_windows
    >>> X, y = make_windows(np.arange(10), lookback=4, horizon=2, stride=2)
    >>> X[:, :, 0]
    array([[0, 1, 2, 3],
           [2, 3, 4, 5],
           [4, 5, 6, 7]])
    >>> y[:, :, 0]
    array([[4, 5],
           [6, 7],
           [8, 9]])
    """
    lookback = check_integer(lookback, "lookback", 1)
    horizon = check_integer(horizon, "horizon", 0)
    stride = check_integer(stride, "stride", 1)
    series = check_series(series)
    size = lookback + horizon
    if len(series) < size:
        raise ValueError(
            f"series has {count(len(series), 'time step')}, but one window and its "
            f"horizon take {size}: lookback={lookback}, horizon={horizon}. "
            "Lower one of them."
        )
    windows = np.lib.stride_tricks.sliding_window_view(series, size, axis=0)
    windows = windows[::stride].transpose(0, 2, 1)
    return windows[:, :lookback], windows[:, lookback:]


def average_windows(values, lookback, *, stride=1, n_timesteps=None):
    """Average the values of all windows that cover a time step, for each time step.

    Use it to find out when a long series is unusual: cut it with :func:`make_windows`,
    and pass the scores of the windows.

    Parameters
    ----------
    values : array-like of shape (n_windows,)
        One number for each window, in order of time, as `score_samples` returns them. A
        window whose value is NaN is left out.
    lookback : int
        Number of time steps of each window, as in :func:`make_windows`.
    stride : int, default=1
        Number of time steps between the starts of two windows.
    n_timesteps : int, default=None
        Number of time steps of the series. By default, it ends with the last window.
        Pass it to give the averages the index of the series:
        ``pandas.Series(averages, index=series.index)``.

    Returns
    -------
    averages : float64 ndarray of shape (n_timesteps,)
        Mean value of the windows that contain each time step. NaN where there are none:
        at the end of a series, after the last window, and between windows if `stride`
        is larger than `lookback`. Use functions that ignore NaN, such as
        ``numpy.nanargmin``, or drop these time steps.

    Raises
    ------
    ValueError
        If `values` is not one-dimensional or is infinite, a parameter is out of range,
        or the windows are longer than the series.

    Warns
    -----
    UserWarning
        If the windows end long before the series does, as they would if they had been
        cut with a `stride` that was not passed.

    See Also
    --------
    make_windows : Cut a series into windows.

    Notes
    -----
    Up to `stride` - 1 time steps after the last window are in no window. If windows
    were cut with a `horizon`, neither are the time steps of the last horizon.

    Examples
    --------
    >>> from sklearn_seqembed.datasets import average_windows
    >>> average_windows([-1.0, -3.0, -8.0], lookback=4, stride=2)
    array([-1. , -1. , -2. , -2. , -5.5, -5.5, -8. , -8. ])
    """
    lookback = check_integer(lookback, "lookback", 1)
    stride = check_integer(stride, "stride", 1)
    values = _check_window_values(values)
    needed = stride * (len(values) - 1) + lookback
    if n_timesteps is None:
        n_timesteps = needed
    n_timesteps = check_integer(n_timesteps, "n_timesteps", 1)
    if n_timesteps < needed:
        raise ValueError(
            f"{count(len(values), 'window')} of lookback={lookback} with "
            f"stride={stride} take {count(needed, 'time step')}, but "
            f"n_timesteps={n_timesteps}. Pass the numbers with which the windows were "
            "cut."
        )
    _warn_about_rest(needed, n_timesteps, lookback, stride)
    sums, counts = np.zeros(n_timesteps), np.zeros(n_timesteps)
    is_known = ~np.isnan(values)
    values = np.where(is_known, values, 0)
    for first in range(lookback):  # this step of each window
        steps = slice(first, first + stride * (len(values) - 1) + 1, stride)
        sums[steps] += values
        counts[steps] += is_known
    return np.divide(sums, counts, where=counts > 0, out=np.full(n_timesteps, np.nan))


def _warn_about_rest(needed, n_timesteps, lookback, stride):
    """Warn of more time steps after the last window than other windows would take."""
    n_left = n_timesteps - needed
    if n_left > lookback + stride and n_left > MAX_REST * n_timesteps:
        warn_user(
            f"The last window ends {count(n_left, 'time step')} before the series "
            f"does, whose averages are NaN: with stride={stride}, the windows cover "
            f"{needed} of n_timesteps={n_timesteps}. Pass the stride with which they "
            "were cut."
        )


def _check_window_values(values):
    """Return the values of windows as a float64 array, or raise an error."""
    try:
        values = np.asarray(values, dtype=np.float64)
    except (ValueError, TypeError) as exc:
        raise ValueError(
            "values must be one number per window, but they cannot be converted to "
            "numbers. Pass what score_samples returns."
        ) from exc
    if values.ndim != 1 or not len(values):
        raise ValueError(
            f"values has shape {values.shape}, expected (n_windows,), at least one "
            "window. Pass what score_samples returns."
        )
    if np.isinf(values).any():
        raise ValueError(
            f"values[{np.flatnonzero(np.isinf(values))[0]}] is infinite. Replace it by "
            "NaN to leave the window out."
        )
    return values


def _interpolate(plateaus, times):
    """Interpolate between plateaus, a quarter of the time each, back to the first."""
    quarters = times * len(plateaus)
    current = np.floor(quarters).astype(int) % len(plateaus)
    plateaus = np.asarray(plateaus)
    # Each quarter is flat in its first half and moves to the next one in its second.
    blend = np.clip((quarters % 1) * 2 - 1, 0, 1)
    blend = (1 - np.cos(np.pi * blend)) / 2
    following = plateaus[(current + 1) % len(plateaus)]
    return plateaus[current] * (1 - blend) + following * blend

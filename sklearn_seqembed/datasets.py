"""Generated sequences whose answer is known, and windows of long series."""

import math
import numbers
from itertools import islice, permutations

import numpy as np
from sklearn.utils import check_random_state, check_scalar

__all__ = ["make_sequences", "make_windows"]

# Levels that every sequence passes through; the class is their order.
LEVELS = np.array([-1.5, -0.5, 0.5, 1.5])


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
    """Generate ragged sequences of classes that differ in order alone.

    Each sequence passes smoothly through the same four levels, at a speed that its
    length sets; its class is the order in which it does. The mean over time is the
    same for all classes, up to noise, and the spread nearly so: a vector that holds
    the order tells them apart, an average does not. The length is independent of the
    class.

    Parameters
    ----------
    n_samples : int, default=100
        Number of sequences, at least 1.
    n_features : int, default=1
        Number of features, at least 1. Each is the first one, later by a share of
        the sequence (what runs out at the end comes in at the start) and scaled by a
        factor of its own.
    n_classes : int, default=2
        Number of classes, 1 to 24, in turn.
    lengths : int or tuple of (int, int), default=(20, 40)
        Number of time steps, or its lowest and highest value, at least 1; drawn
        uniformly.
    noise : float, default=0.1
        Standard deviation of Gaussian noise; the levels lie 1 apart.
    missing : float, default=0.0
        Share in [0, 1) of the values that is NaN. At least one value of each sequence
        is left.
    random_state : int, RandomState instance or None, default=None
        Seeds all draws.

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
    check_scalar(n_samples, "n_samples", numbers.Integral, min_val=1)
    check_scalar(n_features, "n_features", numbers.Integral, min_val=1)
    check_scalar(
        n_classes,
        "n_classes",
        numbers.Integral,
        min_val=1,
        max_val=math.factorial(len(LEVELS)),
    )
    check_scalar(low, "lengths (lowest)", numbers.Integral, min_val=1)
    check_scalar(high, "lengths (highest)", numbers.Integral, min_val=low)
    check_scalar(noise, "noise", numbers.Real, min_val=0)
    check_scalar(
        missing,
        "missing",
        numbers.Real,
        min_val=0,
        max_val=1,
        include_boundaries="left",
    )
    rng = check_random_state(random_state)
    orders = list(islice(permutations(LEVELS), n_classes))
    y = np.arange(n_samples) % n_classes
    delays = np.arange(n_features) / (2 * n_features)
    factors = 2.0 ** np.arange(n_features)
    X = []
    for label in y:
        n_timesteps = rng.randint(low, high + 1)
        times = (np.arange(n_timesteps) + 0.5) / n_timesteps
        x = _pass_through(orders[label], (times[:, None] - delays) % 1)
        x = (x + noise * rng.normal(size=x.shape)) * factors
        holes = rng.uniform(size=x.shape) < missing
        holes.flat[rng.randint(x.size)] = False
        x[holes] = np.nan
        X.append(x)
    return X, y


def make_windows(series, lookback, horizon, *, stride=1):
    """Cut a long series into pairs of what was and what came next.

    Parameters
    ----------
    series : array-like of shape (n_timesteps,) or (n_timesteps, n_features)
        The series, in order of time. It is not changed.
    lookback : int
        Time steps that are read, at least 1.
    horizon : int
        Time steps after them that are to be predicted, at least 1.
    stride : int, default=1
        Time steps from the start of one window to the start of the next, at least 1.

    Returns
    -------
    X : ndarray of shape (n_windows, lookback, n_features)
        What is read. Windows overlap in memory: a read-only view of the series.
    y : ndarray of shape (n_windows, horizon, n_features)
        What comes next, likewise. To predict some features only, select them:
        ``y[:, :, [0]]``.

    Raises
    ------
    ValueError
        If the series is shorter than one window, or a parameter is out of range.

    Notes
    -----
    In a 3-D array, time steps at the end that are wholly missing are read as padding.
    Where the series has gaps, pass ``list(X)`` and ``list(y)``, and leave out windows
    in which nothing is observed: `fit` refuses them.

    Split the series by time first and cut each part: windows that overlap must not lie
    on both sides of a split.

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
    for name, value in (("lookback", lookback), ("horizon", horizon)):
        check_scalar(value, name, numbers.Integral, min_val=1)
    check_scalar(stride, "stride", numbers.Integral, min_val=1)
    series = np.asarray(series)
    if series.ndim not in (1, 2):
        raise ValueError(
            f"series has {series.ndim} dimensions, expected (n_timesteps,) or "
            "(n_timesteps, n_features). Cut one series at a time."
        )
    if series.ndim == 1:
        series = series[:, None]
    size = lookback + horizon
    if len(series) < size:
        raise ValueError(
            f"series has {len(series)} time steps, but one window takes {size}: "
            f"lookback={lookback} and horizon={horizon}. Lower one of them."
        )
    windows = np.lib.stride_tricks.sliding_window_view(series, size, axis=0)
    windows = windows[::stride].transpose(0, 2, 1)
    return windows[:, :lookback], windows[:, lookback:]


def _pass_through(levels, times):
    """Run through the levels, a quarter of the time each, on a closed smooth path."""
    quarters = times * len(levels)
    at = np.floor(quarters).astype(int) % len(levels)
    levels = np.asarray(levels)
    # Half of each quarter stays on its level, half leads to the next one.
    blend = np.clip((quarters % 1) * 2 - 1, 0, 1)
    blend = (1 - np.cos(np.pi * blend)) / 2
    return levels[at] * (1 - blend) + levels[(at + 1) % len(levels)] * blend

"""Conversion of the times of time steps to two numeric features, and back.

A network needs to know how much time has passed, since the previous step and since the
first one. The logarithm gives seconds and months comparable weight.
"""

import numpy as np

from sklearn_seqembed._data.messages import find_step

# Times are read as counts of microseconds.
TIME_DTYPE = np.dtype("M8[us]")
_MICROSECONDS = 1e6  # per second
# Above this many seconds (three years) the float64 logarithm cannot represent
# microseconds.
_LONG = 1e8


def encode_times(times, lengths, locator):
    """Convert times to two features.

    Parameters
    ----------
    times : ndarray of shape (total_steps,) and dtype datetime64[us]
        Time of each step, NaT where missing.
    lengths : int64 ndarray of shape (n_samples,)
        Number of time steps of each sequence.
    locator : Locator
        How messages name the sequences.

    Returns
    -------
    features : float64 ndarray of shape (total_steps, 2)
        log1p of the seconds since the previous step that has a time, and since the
        first one; NaN where the time is missing.
    origins : ndarray of shape (n_samples,) and dtype datetime64[us]
        The first time of each sequence.

    Raises
    ------
    ValueError
        If the times of a sequence are not in order.
    """
    observed = np.flatnonzero(~np.isnat(times))
    owners = np.repeat(np.arange(len(lengths)), lengths)[observed]
    elapsed = times[observed].view(np.int64)
    is_first = np.diff(owners, prepend=-1) != 0
    origins = np.full(len(lengths), "NaT", dtype=TIME_DTYPE)
    origins[owners[is_first]] = times[observed[is_first]]
    since_previous = np.diff(elapsed, prepend=elapsed[:1])
    since_previous[is_first] = 0
    if (since_previous < 0).any():
        k = int(np.flatnonzero(since_previous < 0)[0])
        _refuse_order(times, observed[k - 1], observed[k], lengths, locator)
    since_first = elapsed - origins[owners].view(np.int64)
    features = np.full((len(times), 2), np.nan)
    features[observed, 0] = np.log1p(since_previous / _MICROSECONDS)
    features[observed, 1] = np.log1p(since_first / _MICROSECONDS)
    return features, origins


def decode_times(since_first, lengths, origins=None):
    """Convert the second feature to times, in order within each sequence.

    Parameters
    ----------
    since_first : ndarray of shape (total_steps,)
        log1p of the seconds since the first step, NaN where missing.
    lengths : int64 ndarray of shape (n_samples,)
        Number of time steps of each sequence.
    origins : ndarray of shape (n_samples,), default=None
        The first time of each sequence, if known.

    Returns
    -------
    times : ndarray of shape (total_steps,)
        datetime64[us] if the origins are given, else timedelta64[us] since the first
        step.
    """
    seconds = np.expm1(np.asarray(since_first, dtype=np.float64))
    cuts = np.cumsum(lengths)[:-1]
    # No time is earlier than a previous one, or than the first step.
    parts = [np.fmax.accumulate(part) for part in np.split(seconds, cuts)]
    ordered = np.fmax(np.concatenate(parts), 0.0)
    is_missing = np.isnan(seconds)
    # Round long times to milliseconds, so that whole seconds are restored exactly.
    resolution = np.where(ordered < _LONG, 1.0, 1e3)
    rounded = np.rint(ordered * _MICROSECONDS / resolution) * resolution
    elapsed = np.where(is_missing, 0.0, rounded).astype(np.int64).view("m8[us]")
    elapsed[is_missing] = "NaT"
    return elapsed if origins is None else np.repeat(origins, lengths) + elapsed


def _refuse_order(times, before, after, lengths, locator):
    i, step = find_step(after, lengths)
    raise ValueError(
        f"{locator.sequence(i)} goes back in time at time step {step}: {times[after]} "
        f"comes after {times[before]}. Sort the long table by time before grouping: "
        f"pass time={locator.column!r} to sklearn_seqembed.sequences_from_long, or use "
        f"df.sort_values({locator.column!r}) in pandas, df.sort({locator.column!r}) in "
        "polars."
    )

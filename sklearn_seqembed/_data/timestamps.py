"""Times of the steps of a sequence <-> two numbers a step.

What matters to a sequence is how much time passed: since the step before, and since
the first. The logarithm lets seconds and months stand side by side.
"""

import numpy as np

from sklearn_seqembed._data.messages import locate

# Times are read as so many parts of a second.
STAMP = np.dtype("M8[us]")
_SECOND = 1e6
# So many seconds are told apart by microseconds, but hardly more.
_LONG = 1e8


def encode_times(stamps, lengths, place):
    """Turn times into two features.

    Parameters
    ----------
    stamps : ndarray of shape (total_steps,) and dtype datetime64[us]
        Time of each step, NaT where missing.
    lengths : int64 ndarray of shape (n_samples,)
        Number of time steps of each sequence.
    place : Place
        How messages call a sequence.

    Returns
    -------
    features : float64 ndarray of shape (total_steps, 2)
        log1p of the seconds since the last step that has a time, and since the first
        one; NaN where the time is missing.
    origins : ndarray of shape (n_samples,) and dtype datetime64[us]
        The first time of each sequence.

    Raises
    ------
    ValueError
        If the times of a sequence are not in order.
    """
    observed = np.flatnonzero(~np.isnat(stamps))
    owners = np.repeat(np.arange(len(lengths)), lengths)[observed]
    times = stamps[observed].view(np.int64)
    is_first = np.diff(owners, prepend=-1) != 0
    origins = np.full(len(lengths), "NaT", dtype=STAMP)
    origins[owners[is_first]] = stamps[observed[is_first]]
    since_previous = np.diff(times, prepend=times[:1])
    since_previous[is_first] = 0
    if (since_previous < 0).any():
        k = int(np.flatnonzero(since_previous < 0)[0])
        _refuse_order(stamps, observed[k - 1], observed[k], lengths, place)
    since_first = times - origins[owners].view(np.int64)
    features = np.full((len(stamps), 2), np.nan)
    features[observed, 0] = np.log1p(since_previous / _SECOND)
    features[observed, 1] = np.log1p(since_first / _SECOND)
    return features, origins


def decode_times(since_first, lengths, origins=None):
    """Turn the second feature back into times, in order within each sequence.

    Parameters
    ----------
    since_first : ndarray of shape (total_steps,)
        log1p of seconds, NaN where missing.
    lengths : int64 ndarray of shape (n_samples,)
        Number of time steps of each sequence.
    origins : ndarray of shape (n_samples,), default=None
        The first time of each sequence, where it is known.

    Returns
    -------
    times : ndarray of shape (total_steps,)
        datetime64[us] where there are origins, else timedelta64[us] since the first.
    """
    seconds = np.expm1(np.asarray(since_first, dtype=np.float64))
    cuts = np.cumsum(lengths)[:-1]
    parts = [np.fmax.accumulate(part) for part in np.split(seconds, cuts)]
    ordered = np.fmax(np.concatenate(parts), 0.0)
    is_missing = np.isnan(seconds)
    # Of more than three years the logarithm has lost the microseconds: rounded, whole
    # seconds come back whole.
    grain = np.where(ordered < _LONG, 1.0, 1e3)
    whole = np.rint(ordered * _SECOND / grain) * grain
    elapsed = np.where(is_missing, 0.0, whole).astype(np.int64).view("m8[us]")
    elapsed[is_missing] = "NaT"
    return elapsed if origins is None else np.repeat(origins, lengths) + elapsed


def _refuse_order(stamps, before, after, lengths, place):
    i, step = locate(after, lengths)
    raise ValueError(
        f"{place(i)} goes back in time at time step {step}: {stamps[after]} stands "
        f"behind {stamps[before]}. Sort the long table by time before grouping: "
        f"df.sort_values({place.column!r}) in pandas, df.sort({place.column!r}) in "
        "polars."
    )

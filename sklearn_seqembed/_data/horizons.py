"""Number of time steps at the end of each sequence that are held back as a target."""

import numbers

import numpy as np

from sklearn_seqembed._data.messages import count, warn_user


def count_horizons(lengths, horizon):
    """Return the number of time steps to forecast for each sequence.

    Parameters
    ----------
    lengths : int ndarray of shape (n_samples,)
        Number of time steps of each sequence.
    horizon : int or float
        A number of time steps, or a fraction of each sequence's length.

    Returns
    -------
    horizons : int64 ndarray of shape (n_samples,)
        At least 1.
    """
    if isinstance(horizon, numbers.Integral):
        return np.full(len(lengths), horizon, dtype=np.int64)
    return np.maximum(1, np.round(lengths * horizon)).astype(np.int64)


def check_horizons(lengths, horizons, horizon):
    """Raise an error if the parameter `horizon` leaves no time step to read."""
    if (horizons >= lengths).any():
        i = int(np.flatnonzero(horizons >= lengths)[0])
        raise ValueError(
            f"X[{i}] has {count(lengths[i], 'time step')}, of which "
            f"horizon={horizon!r} holds back {horizons[i]}: none is left to read. "
            "Lower horizon, or drop short sequences."
        )


def check_held_back(sequences, horizons, horizon):
    """Warn about sequences whose held-back steps are all missing.

    Raise an error if no sequence has an observed value in these steps.
    """
    ends = sequences.starts + sequences.lengths
    held_back = sequences.cut(ends - horizons, horizons)
    n_empty = sum(not held_back.is_observed(i) for i in range(len(held_back)))
    if not n_empty:
        return
    found = (
        f"{n_empty} of {len(sequences)} sequences have no observed value in the "
        f"last steps, which horizon={horizon!r} holds back"
    )
    if n_empty == len(sequences):
        raise ValueError(
            f"{found}: there is nothing to learn a forecast from. Cut off missing "
            "steps at the ends, or increase horizon."
        )
    warn_user(
        f"{found}: no forecast is learned from them. If these steps are padding, pass "
        "a list of arrays that end where the sequences do."
    )

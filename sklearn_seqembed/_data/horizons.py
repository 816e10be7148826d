"""How many steps at its end are held back of each sequence, to be forecast."""

import numbers
import warnings

import numpy as np


def count_horizons(lengths, horizon):
    """Return the number of steps to forecast for sequences of these lengths.

    Parameters
    ----------
    lengths : int ndarray of shape (n_samples,)
        Numbers of time steps.
    horizon : int or float
        A number of steps, or a share of the length.

    Returns
    -------
    horizons : int64 ndarray of shape (n_samples,)
        At least 1.
    """
    if isinstance(horizon, numbers.Integral):
        return np.full(len(lengths), horizon, dtype=np.int64)
    return np.maximum(1, np.round(lengths * horizon)).astype(np.int64)


def check_horizons(lengths, horizons, horizon):
    """Refuse sequences of which nothing is left to read; `horizon` is the parameter."""
    if (horizons >= lengths).any():
        i = int(np.flatnonzero(horizons >= lengths)[0])
        raise ValueError(
            f"X[{i}] has {lengths[i]} time steps, of which horizon={horizon!r} holds "
            f"back {horizons[i]}: none is left to read. Lower horizon, or drop "
            "sequences that are so short."
        )


def check_held_back(sequences, horizons, horizon):
    """Refuse to learn forecasts where nothing that is held back is observed."""
    ends = sequences.starts + sequences.lengths
    held_back = sequences.cut(ends - horizons, horizons)
    n_empty = sum(not held_back.is_observed(i) for i in range(len(held_back)))
    if not n_empty:
        return
    what = (
        f"{n_empty} of {len(sequences)} sequences have no observed value in the "
        f"last steps, which horizon={horizon!r} holds back"
    )
    if n_empty == len(sequences):
        raise ValueError(
            f"{what}: there is nothing to learn to forecast. Cut off missing steps "
            "at the ends, or raise horizon."
        )
    warnings.warn(
        f"{what}: they teach no forecast. If these steps are padding, pass a list "
        "of arrays that end where the sequences do.",
        UserWarning,
        stacklevel=6,
    )

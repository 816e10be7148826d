"""Windows of a few long series, as pairs of past and future."""

import numpy as np

from sklearn_seqembed._data.messages import count
from sklearn_seqembed._data.sequences import Sequences


def join_pairs(sources, targets):
    """Append to each sequence the target that continues it.

    Parameters
    ----------
    sources, targets : Sequences
        Pairs with the same numeric features.

    Returns
    -------
    Sequences
        The continued sequences.
    """
    rows = []
    for i in range(len(sources)):
        rows += [sources.rows(i), targets.rows(i)]
    lengths = sources.lengths + targets.lengths
    return Sequences.from_offsets((np.concatenate(rows),), np.cumsum([0, *lengths]))


def cut_windows(sequences, lookback, horizon, max_steps):
    """Cut sequences into all windows of past steps and of the steps that follow.

    Nothing is copied.

    Parameters
    ----------
    sequences : Sequences
        Each has at least `lookback` + `horizon` time steps.
    lookback, horizon : int
        Number of past and of future time steps.
    max_steps : int
        Upper bound on the time steps of all windows together. If all of them have more,
        windows start at every second, third, ... step; the last one is always included.

    Returns
    -------
    past, future : Sequences
        The windows, in order.
    """
    length = lookback + horizon
    counts = sequences.lengths - length + 1
    stride = max(1, -(-int(counts.sum()) * length // max_steps))
    starts = np.concatenate(
        [
            start + np.arange((count - 1) % stride, count, stride)
            for start, count in zip(sequences.starts, counts, strict=True)
        ]
    )
    past = sequences.cut(starts, np.full(len(starts), lookback))
    return past, sequences.cut(starts + lookback, np.full(len(starts), horizon))


def check_windowed(lengths, n_steps, estimator_name):
    """Raise an error if a series is too short for the windows of the first `fit`."""
    if (lengths < n_steps).any():
        i = int(np.flatnonzero(lengths < n_steps)[0])
        raise ValueError(
            f"Series {i} has {count(lengths[i], 'time step')} with its target, but "
            f"{estimator_name} was fitted on windows of {n_steps}. Pass longer series, "
            "or call fit with warm_start=False."
        )


def take_last(sequences, n_steps):
    """Return the last `n_steps` time steps of each sequence; all of a shorter one."""
    lengths = np.minimum(sequences.lengths, n_steps)
    return sequences.cut(sequences.starts + sequences.lengths - lengths, lengths)

"""Windows of a few long series, as pairs of past and future."""

from typing import NamedTuple

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


class Windows(NamedTuple):
    """All windows of past time steps and of those that follow, of a few long series.

    Attributes
    ----------
    lookback, horizon : int
        Number of past and of future time steps.
    max_steps : int
        Upper bound on the time steps of all windows together. If all of them have more,
        windows start at every second, third, ... step; the last one is always included.
    """

    lookback: int
    horizon: int
    max_steps: int

    @property
    def length(self):
        """Number of time steps of a window."""
        return self.lookback + self.horizon

    def cut(self, sequences, estimator_name):
        """Cut sequences into windows, in order. Nothing is copied.

        Parameters
        ----------
        sequences : Sequences
            Past and future of each series.
        estimator_name : str
            For the error that is raised if one is shorter than a window.

        Returns
        -------
        Sequences
            The windows.
        """
        lengths = sequences.lengths
        if (lengths < self.length).any():
            i = int(np.flatnonzero(lengths < self.length)[0])
            raise ValueError(
                f"Series {i} has {count(lengths[i], 'time step')} with its target, but "
                f"{estimator_name} was fitted on windows of {self.length}. Pass longer "
                "series, or call fit with warm_start=False."
            )
        counts = lengths - self.length + 1
        stride = max(1, -(-int(counts.sum()) * self.length // self.max_steps))
        starts = np.concatenate(
            [
                start + np.arange((n - 1) % stride, n, stride)
                for start, n in zip(sequences.starts, counts, strict=True)
            ]
        )
        return sequences.cut(starts, np.full(len(starts), self.length))

    def split(self, windows):
        """Split windows into past and future."""
        n_windows = len(windows)
        past = windows.cut(windows.starts, np.full(n_windows, self.lookback))
        starts = windows.starts + self.lookback
        return past, windows.cut(starts, np.full(n_windows, self.horizon))


def take_last(sequences, n_steps):
    """Return the last `n_steps` time steps of each sequence; all of a shorter one."""
    lengths = np.minimum(sequences.lengths, n_steps)
    return sequences.cut(sequences.starts + sequences.lengths - lengths, lengths)

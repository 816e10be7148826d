"""How messages call a sequence and a feature of X."""

from dataclasses import dataclass

import numpy as np

NOT_OBSERVED = (
    "{name} has no observed value: all of it is missing. Drop this sequence, or give "
    "it at least one value."
)


@dataclass(frozen=True)
class Place:
    """Name the sequences of a list, or the cells of one column of a frame.

    Parameters
    ----------
    column : object, default=None
        Name of the column, None where X is no frame.
    index : pandas Index, default=None
        Row labels of a pandas frame.
    """

    column: object = None
    index: object = None

    def __call__(self, i):
        """Name sequence i, such that a verb may follow."""
        if self.column is None:
            return f"X[{i}]"
        return f"Column {self.column!r} of X, {self.other(i)},"

    def other(self, i):
        """Name sequence i where the column was named just before."""
        return f"X[{i}]" if self.column is None else name_row(i, self.index)

    @property
    def takes_times(self):
        """Whether dates and times are read: where a column says what they belong to."""
        return self.column is not None

    @property
    def whole(self):
        """Name everything together."""
        return "X" if self.column is None else f"Column {self.column!r} of X"


def name_row(i, index=None):
    """Name a row by its position and, in pandas, its label."""
    if index is None:
        return f"row {i}"
    label = index[i].item() if isinstance(index[i], np.generic) else index[i]
    return f"row {i} (index {label!r})"


def name_feature(feature, names=None):
    """Name a feature by its position and, in a frame, its name."""
    return f"feature {feature}" + ("" if names is None else f" ({names[feature]!r})")


def locate(position, lengths):
    """Find the sequence and the time step that a row of a block belongs to."""
    ends = np.cumsum(lengths)
    i = int(np.searchsorted(ends, position, side="right"))
    return i, int(position - ends[i] + lengths[i])


def refuse_empty():
    """Refuse an X without sequences."""
    raise ValueError("X is empty: it holds 0 sequences. Pass at least one sequence.")


def check_lengths(lengths, place):
    """Refuse sequences without a time step."""
    if lengths.all():
        return
    i = int(np.flatnonzero(lengths == 0)[0])
    raise ValueError(
        f"{place(i)} has no time steps. Drop empty sequences, or give each at least "
        "one time step."
    )

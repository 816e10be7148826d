"""What belongs to all sequences together, cut into one piece for each."""

import numpy as np

from sklearn_seqembed._data.factorize import UNKNOWN_CHARACTER


def split(values, lengths):
    """Cut values, an array, a list or a string, after so many steps each."""
    ends = np.cumsum(lengths).tolist()
    sizes = lengths.tolist()
    return [values[end - n : end] for end, n in zip(ends, sizes, strict=True)]


def join_characters(values, lengths):
    """Make strings of characters; None is one that is unknown."""
    values = [UNKNOWN_CHARACTER if value is None else value for value in values]
    return split("".join(values), lengths)

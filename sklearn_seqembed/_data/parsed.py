"""What the readers of all forms of X hand over to the door."""

from typing import NamedTuple

import numpy as np

from sklearn_seqembed._data.container import Container
from sklearn_seqembed._data.messages import Place


class Reading(NamedTuple):
    """X as its reader understood it, before anything is compared with fit.

    Attributes
    ----------
    parts : list of Part
        The features.
    starts, lengths : int64 ndarray of shape (n_samples,)
        First row and number of time steps of each sequence.
    container : Container
        The kind that X was, still without the kinds of its features.
    frame : object, default=None
        X itself where its columns are features with names.
    """

    parts: list
    starts: np.ndarray
    lengths: np.ndarray
    container: Container
    frame: object = None

    @property
    def n_features(self):
        """Number of the user's features."""
        return sum(part.width for part in self.parts)

    @property
    def names(self):
        """Names of the features, in a frame of sequences."""
        return None if self.frame is None else self.container.columns

    def place(self, feature):
        """Give the words in which messages call the sequences of a feature."""
        if self.frame is None:
            return Place()
        return Place(self.container.columns[feature], self.container.index)


def contiguous(parts, lengths, container, frame=None):
    """Make a reading of sequences that lie one behind the other."""
    return Reading(parts, np.cumsum(lengths) - lengths, lengths, container, frame)

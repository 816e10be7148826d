"""Warnings of this package."""

__all__ = ["SequenceReadingWarning"]


class SequenceReadingWarning(UserWarning):
    """Data can be read as sequences in two ways, and one of them was chosen.

    The message says how the data was read, and how to pass it if it is meant otherwise.
    Nothing is wrong if it was read as intended. The usual filters apply::

        import warnings
        from sklearn_seqembed.exceptions import SequenceReadingWarning

        warnings.simplefilter("error", SequenceReadingWarning)  # or "ignore"
    """

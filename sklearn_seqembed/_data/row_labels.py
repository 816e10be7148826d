"""Recognizing targets that are in another order than the sequences."""

from collections import Counter

import numpy as np

from sklearn_seqembed._data.messages import warn_reading

# At most this fraction of the labels of y are labels of X, too, if both are of
# different rows. Sequences and the windows after them may share more.
MAX_SHARED = 0.1
# Integers below so many times their number may be positions in a table, of which there
# are a few in a fold of a cross-validation. They tell nothing about other labels.
MAX_POSITION = 20


def warn_about_order(X, y):
    """Warn if the row labels of y are those of X in another order, or of other rows.

    There is no warning if X or y has no index. If one of them has the default index of
    pandas, there is a warning only if the other holds the same labels in another order.

    Parameters
    ----------
    X, y : object
        What the user passed.
    """
    if not (hasattr(X, "iloc") and hasattr(y, "iloc")):
        return
    labels, others = X.index, y.index
    if len(labels) != len(others) or labels.equals(others):
        return
    if labels.tolist() == others.tolist():  # of other dtypes
        return
    if _are_same(labels, others):
        remedy = "bring them into the same order"
        if labels.is_unique:
            remedy = "pass y.loc[X.index]"
        warn_reading(
            "y was read in the order of its rows, but its index holds the labels of "
            f"that of X in another order; if the labels tell which rows belong "
            f"together, {remedy}."
        )
    elif _are_of_others(labels, others):
        warn_reading(
            "y was read in the order of its rows, but its index has almost no label in "
            f"common with that of X, such as {labels[0]!r} and {others[0]!r}; if y "
            "belongs to other sequences, select and sort both by the same labels."
        )


def _are_same(labels, others):
    """Return whether two indexes of equal length hold the same labels."""
    if labels.is_unique and others.is_unique:
        return bool(others.isin(labels).all())
    if labels.is_unique or others.is_unique:
        return False
    return Counter(labels) == Counter(others)


def _are_of_others(labels, others):
    """Return whether two indexes of the same kind have almost no label in common."""
    kind = labels.inferred_type
    if kind != others.inferred_type or kind not in ("string", "integer"):
        return False
    if kind == "integer" and (_may_be_positions(labels) or _may_be_positions(others)):
        return False
    return others.isin(labels).mean() <= MAX_SHARED


def _may_be_positions(labels):
    values = np.asarray(labels)
    return 0 <= values.min() and values.max() < MAX_POSITION * len(values)

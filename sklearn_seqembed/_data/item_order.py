"""Recognizing time steps that are not in the order of the dates in their index."""

import numpy as np

from sklearn_seqembed._data.lists import ListContainer
from sklearn_seqembed._data.messages import count

# Some of these items are looked at first, since most lists do not hold pandas objects.
N_FIRST = 10


def find_unordered_items(parsed):
    """Explain frames or Series in a list whose dates go back in time.

    Parameters
    ----------
    parsed : ParsedSequences
        The sequences.

    Returns
    -------
    message : str or None
        None if there are none.
    """
    if not isinstance(parsed.container, ListContainer):
        return None
    is_unordered = [_goes_back(index) for index in _list_indexes(parsed)]
    n_unordered = sum(is_unordered)
    if not n_unordered:
        return None
    name, i = parsed.locator.argument, int(np.argmax(is_unordered))
    others = n_unordered - 1
    more = f", as does that of {count(others, 'other item')}" if others else ""
    return (
        f"{name}[{i}] was read in the order of its rows, but its index goes back in "
        f"time{more}; if its time steps are to be in order of time, sort it: "
        "x.sort_index()."
    )


def _list_indexes(parsed):
    """Return the row labels of the items that are pandas objects."""
    if parsed.container.item_indexes is not None:
        return parsed.container.item_indexes
    items = parsed.locator.source
    if not isinstance(items, (list, tuple)):
        return []
    if not any(hasattr(item, "iloc") for item in items[:N_FIRST]):
        return []
    return [item.index for item in items if hasattr(item, "iloc")]


def _goes_back(index):
    dtype = str(getattr(index, "dtype", ""))
    is_dated = dtype.startswith(("datetime", "period"))
    return is_dated and not index.is_monotonic_increasing

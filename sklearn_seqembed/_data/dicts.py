"""Sequences that are dicts of features, or lists of time steps that are dicts."""

from collections.abc import Mapping

from sklearn_seqembed._data.messages import count

_GIVE_ALL = "Give every time step all features, NaN or None where a value is missing."


def hold_dicts(items):
    """Return whether some items are dicts, or lists of time steps that are dicts."""
    if any(issubclass(t, Mapping) for t in set(map(type, items))):
        return True
    lists = (x for x in items if isinstance(x, (list, tuple)) and len(x))
    return isinstance(next(lists, [None])[0], Mapping)


def make_frames(items, locator):
    """Convert each sequence to a pandas frame, with one column for each key.

    Parameters
    ----------
    items : list or tuple
        Dicts with the values of all time steps of each feature, or lists with one dict
        for each time step.
    locator : Locator
        How messages name them.

    Returns
    -------
    frames : list of pandas DataFrame
        All have the columns of the first one, in its order.
    """
    try:
        import pandas as pd
    except ImportError as exc:
        raise ImportError(
            f"Reading dicts in {locator.argument} needs pandas: pip install pandas."
        ) from exc
    are_steps = isinstance(items[0], (list, tuple))
    keys, frames = None, []
    for i, item in enumerate(items):
        name = locator.sequence(i)
        found = _check_steps(item, name) if are_steps else _check_dict(item, name)
        keys = found if keys is None else keys
        if set(found) != set(keys):
            raise ValueError(
                f"{name} has the keys {found}, but {locator.row(0)} has {keys}. "
                f"{_GIVE_ALL}"
            )
        frames.append(pd.DataFrame(item, columns=keys))
    return frames


def _check_dict(item, name):
    """Check the values of each feature of one sequence, and return the keys."""
    if not isinstance(item, Mapping) or not item:
        raise TypeError(
            f"{name} is {_describe(item)}, expected a dict with a list of values for "
            "each feature, like other sequences."
        )
    for key, values in item.items():
        if isinstance(values, (str, bytes)) or not hasattr(values, "__len__"):
            raise TypeError(
                f"{name} is a dict with the single value {values!r} for {key!r}, "
                "expected a list with the values of all time steps. If each dict is "
                "one time step, pass lists of dicts."
            )
    first, *others = item
    for key in others:
        if len(item[key]) != len(item[first]):
            raise ValueError(
                f"{name} has {count(len(item[first]), 'time step')} of {first!r}, but "
                f"{len(item[key])} of {key!r}. {_GIVE_ALL}"
            )
    return list(item)


def _check_steps(item, name):
    """Check the time steps of one sequence, which are dicts, and return the keys."""
    if not isinstance(item, (list, tuple)) or not item:
        raise TypeError(
            f"{name} is {_describe(item)}, expected a list with a dict for each time "
            "step, like other sequences."
        )
    for step, values in enumerate(item):
        if not isinstance(values, Mapping) or set(values) != set(item[0]):
            found = list(values) if isinstance(values, Mapping) else repr(values)
            raise ValueError(
                f"{name} has {found} at time step {step}, but the keys "
                f"{list(item[0])} at time step 0. {_GIVE_ALL}"
            )
    return list(item[0])


def _describe(item):
    is_empty = isinstance(item, (list, tuple, Mapping)) and not item
    return "empty" if is_empty else f"of type {type(item).__name__}"

"""Objects of other libraries: converted where that is cheap and exact, else refused.

They are recognized by the names of their classes and by their methods, so that their
libraries need not be imported.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from sklearn_seqembed._data.arrays import as_array
from sklearn_seqembed._data.conversions import CONVERSIONS
from sklearn_seqembed._data.data_arrays import align_dimensions
from sklearn_seqembed._data.parsed import types_of_values
from sklearn_seqembed._data.refusals import (
    REMEDIES,
    SEQUENCES,
    TIME_STEPS,
    find_remedy,
    list_classes,
    may_have_reader,
    refusal,
)

# The types of most arguments, and of most items, all of which have readers.
_OWN_TYPES = {list, tuple, np.ndarray}
_ITEM_TYPES = _OWN_TYPES | {str}


def convert_foreign(X, name="X", expected=SEQUENCES):
    """Convert an object of another library to one that has a reader, or refuse it.

    Parameters
    ----------
    X : object
        An argument, or one sequence in it.
    name : str, default="X"
        Its name in error messages.
    expected : str, default="sequences: ..."
        What it should be, for error messages.

    Returns
    -------
    X : object
        The same object if it needs no conversion.

    Raises
    ------
    TypeError
        If the user has to convert the object.
    """
    if type(X) not in _OWN_TYPES:
        X = _convert(X, name, expected)
    if getattr(getattr(X, "dtype", None), "names", None) is not None:
        raise TypeError(
            f"{name} is a structured array with the fields {list(X.dtype.names)}, "
            f"expected {expected}. Make each field a feature: for each sequence, pass "
            "the array of shape (n_timesteps, n_features) that "
            "numpy.lib.recfunctions.structured_to_unstructured returns."
        )
    return X


def _convert(X, name, expected):
    """Convert an object of another library or of a class of the user."""
    if list_classes(X)[0].startswith("narwhals.") and hasattr(X, "to_native"):
        return convert_foreign(X.to_native(), name, expected)
    for key in list_classes(X):
        if key in REMEDIES:
            raise refusal(X, name, expected, REMEDIES[key])
        if key in CONVERSIONS:
            return CONVERSIONS[key](X, name, expected)
    remedy = find_remedy(X)
    if remedy is not None:
        raise refusal(X, name, expected, remedy)
    if isinstance(X, Sequence) and not may_have_reader(X):
        return list(X)  # a deque, for example
    return _call_protocol(X, name, expected) if _is_only_array(X) else X


def convert_items(items, locator):
    """Convert each sequence in a list as `convert_foreign` does.

    Parameters
    ----------
    items : list or tuple
        The sequences.
    locator : Locator
        How messages name them.

    Returns
    -------
    items : list or tuple
        The same object if nothing has to be converted.
    """
    if set(map(type, items)) <= _ITEM_TYPES and not any(map(_is_special, items)):
        return items
    items = align_dimensions(items, locator)
    return [_convert_item(item, locator.sequence(i)) for i, item in enumerate(items)]


def _is_special(item):
    """Return whether an array, a list or a tuple has to be converted or refused."""
    if type(item) is np.ndarray:
        return item.dtype.names is not None
    return _are_named_rows(item) or _are_named_tuples(item) or _is_group(item)


def _convert_item(item, name):
    if isinstance(item, (str, bytes, Mapping)):
        return item  # these are accepted, or refused, together with all others
    if _are_named_rows(item) or _are_named_tuples(item):
        return as_records(item)
    if _has_fields(item) and any(map(_has_length, item)):
        return item._asdict()
    if _is_group(item):
        raise TypeError(
            f"{name} is a pair of a key and a table, as groupby yields them, expected "
            f"{TIME_STEPS}. Pass the tables only, without the columns of the keys: "
            f"[group.drop({_drop_argument(item[1])}) for _, group in groups]."
        )
    return convert_foreign(item, name, TIME_STEPS)


def _drop_argument(table):
    return "columns=keys" if hasattr(table, "iloc") else "keys"


def as_records(steps):
    """Convert named tuples, and rows of pandas frames, to dicts.

    Features are then matched by their names, as those of frames are.

    Parameters
    ----------
    steps : list or tuple
        Time steps.

    Returns
    -------
    steps : list or tuple
        The same object if the first time step is neither.
    """
    if _are_named_rows(steps):
        return list(map(dict, steps))
    if _are_named_tuples(steps):
        return [step._asdict() if _has_fields(step) else step for step in steps]
    return steps


def _is_group(item):
    """Return whether an item is a pair that a loop over groups of a frame yields."""
    if not isinstance(item, tuple) or len(item) != 2:
        return False
    is_table = [hasattr(x, "iloc") or hasattr(x, "get_columns") for x in item]
    return is_table == [False, True]


def _are_named_rows(steps):
    """Return whether time steps are rows of a pandas frame with names of columns."""
    if not isinstance(steps, (list, tuple)) or not len(steps):
        return False
    first = steps[0]
    if not hasattr(first, "iloc") or first.ndim != 1 or not len(first):
        return False
    return all(isinstance(name, str) for name in first.index)


def _are_named_tuples(steps):
    return isinstance(steps, (list, tuple)) and len(steps) and _has_fields(steps[0])


def _has_fields(step):
    """Return whether a time step is a named tuple."""
    return isinstance(step, tuple) and hasattr(step, "_fields")


def _has_length(value):
    return hasattr(value, "__len__") and not isinstance(value, str)


def holds_tensors(steps):
    """Return whether a list or a tuple holds tensors or masked values.

    They may be time steps, or values of time steps that are lists or tuples.
    """
    if not isinstance(steps, (list, tuple)):
        return False
    return any(map(_is_tensor_or_masked, types_of_values(steps)))


def convert_steps(steps, name="X"):
    """Convert tensors and masked values in a list or a tuple, which may be nested.

    numpy would ignore their masks, or fail to convert them.

    Parameters
    ----------
    steps : object
        The time steps of a sequence.
    name : str, default="X"
        Name of the sequence in error messages.
    """
    if isinstance(steps, (list, tuple)):
        kind = tuple if isinstance(steps, tuple) else list
        return kind(convert_steps(part, name) for part in steps)
    if not _is_tensor_or_masked(type(steps)):
        return steps
    array = as_array(convert_foreign(steps, name, TIME_STEPS))
    return array if array.ndim else array.item()


def _is_tensor_or_masked(t):
    return issubclass(t, np.ma.MaskedArray) or hasattr(t, "detach")


def _is_only_array(X):
    """Return whether numpy's protocol for arrays is the only way to read an object."""
    return hasattr(X, "__array__") and not any(
        hasattr(X, attribute)
        for attribute in ("shape", "columns", "__arrow_c_array__", "__arrow_c_stream__")
    )


def _call_protocol(X, name, expected):
    """Convert an object by numpy's protocol for arrays."""
    try:
        return np.asarray(X)
    except Exception as exc:  # __array__ is the user's code: it may raise anything
        remedy = "numpy.asarray({name}) fails: " + f"{type(exc).__name__}."
        raise refusal(X, name, expected, remedy) from exc

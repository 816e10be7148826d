"""Validation of vocabularies that the user gives in the parameter `categories`."""

import numbers

import numpy as np

from sklearn_seqembed._data.messages import count


def check_categories(option, kinds, name, argument):
    """Validate a parameter that lists the categories of each feature.

    Parameters
    ----------
    option : "auto" or list of (array-like or None)
        Value of the parameter.
    kinds : tuple of str
        Kind of each feature, as in :class:`Schema`.
    name : str
        Name of the parameter.
    argument : str
        Name of the sequences, "X" or "y".

    Returns
    -------
    given : list of (ndarray or None)
        For each categorical feature its categories, None if they are to be learned.
    """
    types = {"string": str, "bool": (bool, np.bool_), "number": numbers.Real}
    if isinstance(option, str) and option == "auto":
        return [None for kind in kinds if kind in types]
    n_features = count(len(kinds), "feature")
    if not isinstance(option, (list, tuple)) or len(option) != len(kinds):
        raise ValueError(
            f"{name} must be 'auto' or a list with the categories of each feature, "
            f"None for numeric ones, got {option!r} for the {n_features} of {argument}."
        )
    given = []
    for i, (values, kind) in enumerate(zip(option, kinds, strict=True)):
        if kind not in types:
            if values is not None:
                raise ValueError(
                    f"{name}[{i}] must be None, because feature {i} of {argument} is "
                    f"not categorical, got {values!r}."
                )
            continue
        if values is None:
            given.append(None)
            continue
        if isinstance(values, (str, bytes)) or not hasattr(values, "__len__"):
            raise TypeError(
                f"{name}[{i}] must be a list or an array of categories, got {values!r}."
            )
        values = [v.item() if isinstance(v, np.generic) else v for v in values]
        wrong = [v for v in values if not isinstance(v, types[kind]) or v != v]
        if wrong or not values or len(set(values)) < len(values):
            raise ValueError(
                f"{name}[{i}] must hold distinct {kind}s, at least one, as feature {i} "
                f"of {argument} does, got {wrong[0] if wrong else values!r}."
            )
        array = np.array(values)
        given.append(array.astype(object) if kind == "string" else array)
    return given

"""Which features are categories: what X holds, what the user says, what fit saw."""

import numbers

import numpy as np

from sklearn_seqembed._data.factorize import factorize_numbers, nothing_observed
from sklearn_seqembed._data.messages import name_feature
from sklearn_seqembed._data.values import Part

# What a feature held, in words.
_WORDS = {
    "numeric": "numbers",
    "number": "numbers",
    "category": "categories",
    "bool": "bools",
    "string": "strings",
    "datetime": "dates and times",
}

_CATEGORICAL = ("string", "bool", "number")


def listed_features(option, parts, names, is_table):
    """Read `categorical_features` as a mask.

    Parameters
    ----------
    option : "from_dtype", None or array-like
        Names, indices, or a boolean mask.
    parts : list of Part
        The features.
    names : list of str or None
        Their names, in a frame.
    is_table : bool
        Whether X is a table of scalars. Its bools are numbers: scikit-learn's own
        estimators read them so, and its checks pass such tables.

    Returns
    -------
    is_listed : bool ndarray of shape (n_features,)
        Whether a feature's values are categories.

    Raises
    ------
    ValueError
        If a name or an index is none of X, or a mask has another length.
    """
    kinds = [part.kind for part in parts for _ in range(part.width)]
    if isinstance(option, str) and option == "from_dtype":
        categorical = ("string",) if is_table else ("string", "bool", "category")
        return np.array([kind in categorical for kind in kinds])
    is_listed = np.zeros(len(kinds), dtype=bool)
    if option is None:
        return is_listed
    values = None if isinstance(option, str) else np.asarray(option)
    if values is None or values.ndim != 1 or values.dtype.kind not in "biuOUTf":
        raise ValueError(
            f"categorical_features == {option!r}, must be 'from_dtype', None, or an "
            "array-like of names, of indices, or a boolean mask."
        )
    if values.dtype.kind == "b":
        if len(values) != len(kinds):
            raise ValueError(
                f"categorical_features is a mask of shape {values.shape}, expected "
                f"({len(kinds)},): one value for each feature."
            )
        return values
    for value in values.tolist():
        is_listed[_position(value, len(kinds), names)] = True
    return is_listed


def _position(value, n_features, names):
    """Find the feature that a name or an index of `categorical_features` means."""
    if isinstance(value, str):
        if names is None:
            raise ValueError(
                f"categorical_features lists the name {value!r}, but X is no frame of "
                "sequences: its features have no names. List their indices instead."
            )
        if value not in names:
            raise ValueError(
                f"categorical_features lists {value!r}, which is not in X. Its columns "
                f"are {list(names)}."
            )
        return list(names).index(value)
    if not isinstance(value, numbers.Integral) or not 0 <= value < n_features:
        raise ValueError(
            f"categorical_features lists {value!r}: indices must be integers in [0, "
            f"{n_features - 1}], for X has {n_features} feature(s)."
        )
    return value


def kinds_of(parts, is_listed):
    """Say what each feature is, one word a feature.

    Parameters
    ----------
    parts : list of Part
        The features.
    is_listed : bool ndarray of shape (n_features,)
        Whether the values of a feature are to be categories.

    Returns
    -------
    kinds : tuple of {"numeric", "string", "bool", "number", "datetime"}
        "number" is numbers as categories.
    """
    each = [part for part in parts for _ in range(part.width)]
    return tuple(map(_kind_of, each, is_listed))


def _kind_of(part, is_listed):
    if is_listed:
        return "number" if part.kind in ("numeric", "category") else part.kind
    # Strings that are all missing may stand for anything.
    is_nothing = part.kind == "string" and _nothing_in(part)
    return "numeric" if part.is_number or is_nothing else part.kind


def is_categorical(kinds):
    """Mask of the features that are categories."""
    return np.array([kind in _CATEGORICAL for kind in kinds])


def settle(reading, kinds, is_listed=None):
    """Turn each feature into what it is to be.

    Parameters
    ----------
    reading : Reading
        X as it was read.
    kinds : tuple of str
        What each feature is to be.
    is_listed : bool ndarray of shape (n_features,), default=None
        At fit, what `categorical_features` says; None means later than fit.

    Returns
    -------
    blocks : tuple of ndarray
        The numeric features.
    categories : tuple of CategoricalFeature
        The categorical ones.

    Raises
    ------
    TypeError
        If a feature holds strings that are no categories, or another kind than in fit.
    """
    blocks, categories, feature = [], [], 0
    for part in _split_parts(reading.parts, kinds):
        kind = kinds[feature]
        found = _settle_one(part, kind)
        is_other = is_listed is not None and is_listed[feature] != (
            kind in _CATEGORICAL
        )
        if found is None or is_other:
            _refuse(part, kind, feature, reading, at_fit=is_listed is not None)
        (categories if kind in _CATEGORICAL else blocks).append(found)
        feature += part.width
    return tuple(blocks), tuple(categories)


def _split_parts(parts, kinds):
    """Let stand alone what is no number; numbers side by side stay so, as views."""
    stands_alone = np.array([kind != "numeric" for kind in kinds])
    found, first = [], 0
    for part in parts:
        alone = stands_alone[first : first + part.width]
        first += part.width
        if part.width == 1 or not alone.any():
            found.append(part)
            continue
        # Cut on both sides of every feature that stands alone.
        cuts = np.flatnonzero(alone[1:] | alone[:-1]) + 1
        found += [Part(part.kind, v) for v in np.split(part.values, cuts, axis=1)]
    return found


def _settle_one(part, kind):
    """Give a block, or CategoricalFeature, or None if the part cannot be that."""
    if kind == "numeric" and part.is_number:
        return part.values
    if kind == "number" and part.is_number:
        return factorize_numbers(part.values[:, 0])
    if part.kind == kind == "bool":
        categories = factorize_numbers(part.values[:, 0])
        return categories._replace(categories=categories.categories.astype(bool))
    if part.kind == kind:
        return part.values
    return _nothing(part, kind) if _nothing_in(part) else None


def _nothing_in(part):
    """Whether all is missing, which every kind of feature may be."""
    if part.kind == "string":
        return not len(part.values.categories)
    return part.values.dtype.kind == "f" and bool(np.isnan(part.values).all())


def _nothing(part, kind):
    """Give as many steps of another kind, all missing."""
    n_steps = len(part.values.codes if part.kind == "string" else part.values)
    if kind in _CATEGORICAL:
        return nothing_observed(n_steps)
    return np.full((n_steps, 2 if kind == "datetime" else 1), np.nan)


def _refuse(part, kind, feature, reading, at_fit):
    """Say which feature is not what it must be, and where that is seen."""
    row, value = _first_observed(part)
    # Between sequences there may be padding.
    i = int(np.searchsorted(reading.starts, row, side="right")) - 1
    where = f"{value}time step {row - reading.starts[i]}"
    if reading.names is None:  # a place in a frame names the column
        where += f", {name_feature(feature)}"
    found = f"{reading.place(feature)(i)} holds {_WORDS[part.kind]} ({where}), "
    if not at_fit:
        raise TypeError(
            f"{found}expected {_WORDS[kind]} as in fit. Convert them, or fit again."
        )
    if part.kind == "datetime":
        raise TypeError(
            f"{found}which cannot be categories. Take that feature out of "
            "categorical_features, or convert it to strings."
        )
    raise TypeError(
        f"{found}expected numbers: categorical_features does not list that "
        "feature. List it, set categorical_features='from_dtype', or leave it out."
    )


def _first_observed(part):
    """Find the first row that holds a value, and tell it."""
    if part.kind == "string":
        row = int(np.argmax(part.values.codes >= 0))
        return row, f"{part.values.categories[part.values.codes[row]]!r} at "
    row = int(np.argmax(~np.isnan(part.values[:, 0].astype(np.float64))))
    if part.kind == "datetime":
        return row, ""  # what is left of it is the time since the first
    return row, f"{part.values[row, 0].item()!r} at "

"""Which features are categories: what X holds, what the user says, what fit saw."""

import numbers

import numpy as np

from sklearn_seqembed._categories import factorize_numbers, nothing_observed
from sklearn_seqembed._places import locate, name_feature
from sklearn_seqembed._values import Part

# What a feature held, in words.
_WORDS = {
    "numeric": "numbers",
    "number": "numbers",
    "bool": "bools",
    "string": "strings",
    "datetime": "dates and times",
}


def split_parts(parts, stands_alone):
    """Take parts apart in which some of several features are no numbers.

    Parameters
    ----------
    parts : list of Part
        The features.
    stands_alone : bool ndarray of shape (n_features,)
        Whether a feature is a category, or times.

    Returns
    -------
    parts : list of Part
        The same features; numbers side by side stay so, as views.
    """
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
        categorical = ("string",) if is_table else ("string", "bool")
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

    Returns
    -------
    kinds : tuple of {"numeric", "string", "bool", "number", "datetime"}
        "number" is numbers as categories.
    """
    kinds = [part.kind for part in parts for _ in range(part.width)]
    as_categories = {"numeric": "number", "datetime": "datetime"}
    return tuple(
        as_categories.get(kind, kind) if listed else _unlisted(kind)
        for kind, listed in zip(kinds, is_listed, strict=True)
    )


def _unlisted(kind):
    return "numeric" if kind == "bool" else kind


def settle(parts, kinds, lengths, place_of, names, is_listed=None):
    """Turn each feature into what fit says that it is.

    Parameters
    ----------
    parts : list of Part
        The features of X, as `split_parts` gives them.
    kinds : tuple of str
        What each feature is to be.
    lengths : int64 ndarray of shape (n_samples,)
        Number of time steps of each sequence.
    place_of : callable
        Gives the Place of a feature.
    names : list of str or None
        Names of the features.
    is_listed : bool ndarray, default=None
        At fit, what `categorical_features` says; None means later than fit.

    Returns
    -------
    blocks : tuple of ndarray
        The numeric features.
    categories : tuple of Categories
        The categorical ones.

    Raises
    ------
    TypeError
        If a feature holds strings that are no categories, or another kind than in fit.
    """
    blocks, categories, feature = [], [], 0
    for part in parts:
        kind = kinds[feature]
        if is_listed is not None and is_listed[feature] != (kind in _CATEGORICAL):
            _refuse(part, kind, feature, lengths, place_of, names, listed=is_listed)
        found = _settle_one(part, kind, int(lengths.sum()))
        if found is None:
            _refuse(part, kind, feature, lengths, place_of, names, listed=is_listed)
        (categories if kind in _CATEGORICAL else blocks).append(found)
        feature += part.width
    return tuple(blocks), tuple(categories)


_CATEGORICAL = ("string", "bool", "number")


def is_categorical(kinds):
    """Mask of the features that are categories."""
    return np.array([kind in _CATEGORICAL for kind in kinds])


def _settle_one(part, kind, n_steps):
    """Give a block, or Categories, or None if the part cannot be that."""
    is_number = part.kind in ("numeric", "bool")
    if part.kind == kind == "datetime":
        return part.values
    if kind == "datetime" and _nothing_in(part):
        return np.full((n_steps, 2), np.nan)
    if kind == "numeric" and is_number:
        return part.values
    if part.kind == kind == "string":
        return part.values
    if kind == "bool" and part.kind == "bool":
        return _factorize_bools(part.values[:, 0])
    if kind in ("bool", "string") and _nothing_in(part):
        return nothing_observed(n_steps)
    if kind == "number" and is_number:
        return factorize_numbers(part.values[:, 0])
    return None


def _nothing_in(part):
    """Whether all is missing, which every kind of feature may be."""
    return part.kind == "numeric" and bool(np.isnan(part.values).all())


def _factorize_bools(values):
    categories = factorize_numbers(values)
    return categories._replace(levels=categories.levels.astype(bool))


def _refuse(part, kind, feature, lengths, place_of, names, listed):
    """Say which feature is not what it must be, and where that is seen."""
    position, value = _first_observed(part)
    i, step = locate(position, lengths)
    where = f"time step {step}"
    if names is None:  # a place in a frame names the column
        where += f", {name_feature(feature)}"
    found = f"{place_of(feature)(i)} holds {_WORDS[part.kind]} ({value!r} at {where}), "
    if listed is None:
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
    if part.kind == "string":
        position = int(np.argmax(part.values.codes >= 0))
        return position, str(part.values.levels[part.values.codes[position]])
    values = part.values[:, 0]
    position = int(np.argmax(~np.isnan(values.astype(np.float64))))
    return position, values[position].item()

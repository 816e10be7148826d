"""Choice of the categorical features, and conversion of features to their kinds."""

import numbers

import numpy as np

from sklearn_seqembed._data.factorize import factorize_numbers, make_missing
from sklearn_seqembed._data.messages import count, name_feature, name_option
from sklearn_seqembed._data.parsed import FeatureBlock
from sklearn_seqembed._data.schema import CATEGORICAL_KINDS
from sklearn_seqembed._data.timestamps import TIME_DTYPE, encode_times

# How messages name the values of a feature.
_KIND_NAMES = {
    "numeric": "numbers",
    "number": "numbers",
    "bool": "bools",
    "string": "strings",
    "datetime": "dates and times",
}


def list_categorical(option, parsed):
    """Convert `categorical_features` to a mask.

    Parameters
    ----------
    option : "from_dtype", None or array-like
        Array-likes are names, indices, or a boolean mask.
    parsed : ParsedSequences
        The features. Bools in a table are numbers, as in scikit-learn's own estimators;
        its estimator checks pass tables of bools.

    Returns
    -------
    is_listed : bool ndarray of shape (n_features,)
        Whether a feature is to be categorical.

    Raises
    ------
    ValueError
        If a name or an index is not in X, or a mask has another length.
    """
    kinds = [block.kind for block in parsed.blocks for _ in range(block.width)]
    if isinstance(option, str) and option == "from_dtype":
        is_table = parsed.container.is_table
        categorical = ("string",) if is_table else CATEGORICAL_KINDS
        return np.array([kind in categorical for kind in kinds])
    is_listed = np.zeros(len(kinds), dtype=bool)
    if option is None:
        return is_listed
    name = name_option(parsed.locator.argument)
    try:
        values = None if isinstance(option, str) else np.asarray(option)
    except ValueError:  # ragged
        values = None
    if values is None or values.ndim != 1 or values.dtype.kind not in "biuOUTf":
        raise ValueError(
            f"{name} == {option!r}, must be 'from_dtype', None, or an array-like of "
            "names, of indices, or a boolean mask."
        )
    if values.dtype.kind == "b":
        if len(values) != len(kinds):
            raise ValueError(
                f"{name} is a mask of shape {values.shape}, expected ({len(kinds)},): "
                "one value for each feature."
            )
        return values
    for value in values.tolist():
        is_listed[_find_feature(value, name, len(kinds), parsed)] = True
    return is_listed


def _find_feature(value, option_name, n_features, parsed):
    """Find the position of the feature that a name or an index refers to."""
    argument, names = parsed.locator.argument, parsed.container.feature_names
    if isinstance(value, str):
        if names is None:
            raise ValueError(
                f"{option_name} lists the name {value!r}, but {argument} is not a "
                "frame of sequences: its features have no names. List their indices "
                "instead."
            )
        if value not in names:
            raise ValueError(
                f"{option_name} lists {value!r}, which is not in {argument}. Its "
                f"columns are {list(names)}."
            )
        return names.index(value)
    if not isinstance(value, numbers.Integral) or not 0 <= value < n_features:
        raise ValueError(
            f"{option_name} lists {value!r}: indices must be integers in [0, "
            f"{n_features - 1}], because {argument} has {count(n_features, 'feature')}."
        )
    return value


def choose_kinds(blocks, is_listed):
    """Choose the kind of each feature at fit.

    Parameters
    ----------
    blocks : list of FeatureBlock
        The features.
    is_listed : bool ndarray of shape (n_features,)
        Whether a feature is to be categorical.

    Returns
    -------
    kinds : tuple of {"numeric", "number", "string", "bool", "datetime"}
        One kind per feature; "number" stands for numbers that are categories.
    """
    each = [block for block in blocks for _ in range(block.width)]
    return tuple(map(_choose_kind, each, is_listed))


def _choose_kind(block, is_listed):
    if is_listed:
        return "number" if block.kind == "numeric" else block.kind
    # A column of strings without any observed value may as well be one of numbers.
    is_unknown = block.kind == "string" and block.is_all_missing
    return "numeric" if block.is_number or is_unknown else block.kind


def convert_features(parsed, kinds, is_listed=None):
    """Convert each feature to its kind.

    Parameters
    ----------
    parsed : ParsedSequences
        The sequences.
    kinds : tuple of str
        The kind that each feature is to have.
    is_listed : bool ndarray of shape (n_features,), default=None
        At fit, whether a feature is to be categorical; None after fit.

    Returns
    -------
    blocks : tuple of ndarray
        The numeric features; times are two columns each.
    categorical : tuple of CategoricalFeature
        The categorical features.
    origins : tuple of ndarray of shape (n_samples,)
        For each feature of times, the first time of each sequence.

    Raises
    ------
    TypeError
        If a feature that is not to be categorical holds strings, or a feature holds
        values of another kind than in fit.
    """
    numeric, categorical, origins, feature = [], [], [], 0
    for block in _separate(parsed.blocks, kinds):
        kind = kinds[feature]
        is_categorical = kind in CATEGORICAL_KINDS
        converted = _convert(block, kind)
        differs = is_listed is not None and is_listed[feature] != is_categorical
        if converted is None or differs:
            _refuse(block, kind, feature, parsed, is_fit=is_listed is not None)
        if kind == "datetime":
            locator = parsed.locate(feature)
            converted, origin = encode_times(converted, parsed.lengths, locator)
            origins.append(origin)
        (categorical if is_categorical else numeric).append(converted)
        feature += block.width
    return tuple(numeric), tuple(categorical), tuple(origins)


def _separate(blocks, kinds):
    """Split blocks so that each feature that is not numeric is a block of its own."""
    is_other = np.array([kind != "numeric" for kind in kinds])
    separated, first = [], 0
    for block in blocks:
        others = is_other[first : first + block.width]
        first += block.width
        if block.width == 1 or not others.any():
            separated.append(block)
            continue
        # Cut on both sides of each of these features.
        cuts = np.flatnonzero(others[1:] | others[:-1]) + 1
        pieces = np.split(block.values, cuts, axis=1)
        separated += [FeatureBlock(block.kind, piece) for piece in pieces]
    return separated


def _convert(block, kind):
    """Convert a block to a kind, or return None if it holds other values."""
    if kind == "numeric" and block.is_number:
        return block.values
    if kind == "number" and block.is_number:
        return factorize_numbers(block.values[:, 0])
    if block.kind == kind == "bool":
        feature = factorize_numbers(block.values[:, 0])
        return feature._replace(categories=feature.categories.astype(bool))
    if block.kind == kind:
        return block.values
    return _make_missing(block, kind) if block.is_all_missing else None


def _make_missing(block, kind):
    """Make the same number of missing values of another kind."""
    n_steps = len(block.values.codes if block.kind == "string" else block.values)
    if kind in CATEGORICAL_KINDS:
        return make_missing(n_steps)
    if kind == "datetime":
        return np.full(n_steps, "NaT", dtype=TIME_DTYPE)
    return np.full((n_steps, 1), np.nan)


def _refuse(block, kind, feature, parsed, is_fit):
    """Raise an error for a feature of another kind than expected."""
    row, value = _first_observed(block)
    # `starts`, not `lengths`, because there may be padding between the sequences.
    i = int(np.searchsorted(parsed.starts, row, side="right")) - 1
    where = f"{value!r} at time step {row - parsed.starts[i]}"
    if not parsed.container.is_frame:  # in a frame the locator names the column
        where += f", {name_feature(feature)}"
    name = parsed.locate(feature).sequence(i)
    found = f"{name} holds {_KIND_NAMES[block.kind]} ({where}), "
    if not is_fit:
        raise TypeError(
            f"{found}expected {_KIND_NAMES[kind]} as in fit. Convert them, or fit "
            "again."
        )
    option = name_option(parsed.locator.argument)
    if block.kind == "datetime":
        raise TypeError(
            f"{found}which cannot be categories. Remove that feature from {option}, or "
            "convert it to strings."
        )
    raise TypeError(
        f"{found}expected numbers: {option} does not list that feature. List it, set "
        f"{option}='from_dtype', or drop that feature."
    )


def _first_observed(block):
    """Return the first row with an observed value, and this value."""
    if block.kind == "string":
        row = int(np.argmax(block.values.codes >= 0))
        return row, block.values.categories[block.values.codes[row]]
    if block.kind == "datetime":
        row = int(np.argmax(~np.isnat(block.values)))
        return row, str(block.values[row])
    row = int(np.argmax(~np.isnan(block.values[:, 0].astype(np.float64))))
    return row, block.values[row, 0].item()

"""Values <-> codes: strings, bools and numbers as categories."""

import numpy as np

from sklearn_seqembed._data.sequences import CategoricalFeature

# What stands for a category that is unknown, in a string of characters.
UNKNOWN_CHARACTER = "\ufffd"


def factorize_strings(values):
    """Turn strings into codes; everything else counts as missing.

    Parameters
    ----------
    values : sequence of str and missing values
        The values of all time steps, hashable.

    Returns
    -------
    categories : Categories
        The empty string is a category of its own.
    """
    distinct = set(values)
    levels = sorted({str(value) for value in distinct if isinstance(value, str)})
    code_of = {level: code for code, level in enumerate(levels)}
    # NaN equals nothing, but a dict finds the very object that it holds.
    code_of.update((v, -1) for v in distinct if not isinstance(v, str))
    codes = np.fromiter(map(code_of.__getitem__, values), np.int32, len(values))
    return CategoricalFeature(codes, as_objects(levels))


def factorize_characters(strings):
    """Turn all characters of strings into codes, one after another.

    A character is a code point: an accent of its own is one of its own.
    """
    # Half of a surrogate pair, alone, is no text, but Python's strings may hold it.
    encoded = "".join(strings).encode("utf-32-le", "surrogatepass")
    points = np.frombuffer(encoded, dtype="<u4")
    # Unicode is small: a table of all of it is quicker than to sort what is used.
    code_of = np.zeros(0x110000, dtype=np.int32)
    code_of[points] = 1
    used = np.flatnonzero(code_of)
    code_of[used] = np.arange(len(used))
    return CategoricalFeature(
        code_of[points], as_objects([chr(point) for point in used])
    )


def factorize_numbers(values):
    """Turn numbers or bools (total_steps,) into codes, NaN is missing."""
    is_missing = np.isnan(values) if values.dtype.kind == "f" else None
    if is_missing is None or not is_missing.any():
        levels, codes = np.unique(values, return_inverse=True)
        return CategoricalFeature(codes.astype(np.int32), levels)
    levels, observed = np.unique(values[~is_missing], return_inverse=True)
    codes = np.full(len(values), -1, dtype=np.int32)
    codes[~is_missing] = observed
    return CategoricalFeature(codes, levels)


def nothing_observed(n_steps):
    """Categories of steps that are all missing."""
    return CategoricalFeature(np.full(n_steps, -1, dtype=np.int32), as_objects([]))


def values_of(categories, kind):
    """Turn codes back into values; -1 is a category that is unknown.

    Parameters
    ----------
    categories : Categories
        Codes and levels.
    kind : {"string", "bool", "number"}
        What the levels are.

    Returns
    -------
    values : ndarray of shape (total_steps,)
        Unknown is None among strings (dtype object) and bools (of dtype object only
        then), NaN among numbers.
    """
    codes, levels = categories
    # Appended, what stands for unknown is what -1 picks.
    if kind == "string":
        return np.append(levels.astype(object), None)[codes]
    if not (codes < 0).any():
        return levels[codes]
    if kind == "bool":
        return np.append(levels.astype(object), None)[codes]
    return np.append(levels, np.nan)[codes]


def as_objects(items):
    """Make a 1-D array of dtype object, whatever the items are."""
    out = np.empty(len(items), dtype=object)
    for i, item in enumerate(items):  # out[:] = items would look into the items
        out[i] = item
    return out

"""Conversion of categories (strings, bools or numbers) to integer codes and back."""

import numpy as np

from sklearn_seqembed._data.sequences import CategoricalFeature


def factorize_strings(values):
    """Convert strings to codes; all other values are missing.

    Parameters
    ----------
    values : sequence of str and missing values
        The values of all time steps; each must be hashable.

    Returns
    -------
    feature : CategoricalFeature
        The empty string is a category like any other.
    """
    distinct = set(values)
    categories = sorted({str(value) for value in distinct if isinstance(value, str)})
    code_of = {category: code for code, category in enumerate(categories)}
    # NaN does not equal itself, but a dict compares the identity of keys first.
    code_of.update((v, -1) for v in distinct if not isinstance(v, str))
    codes = np.fromiter(map(code_of.__getitem__, values), np.int32, len(values))
    return CategoricalFeature(codes, as_objects(categories))


def factorize_characters(strings):
    """Convert the characters of all strings, one string after another, to codes.

    A character is a Unicode code point: a combining accent is a character of its own.
    """
    # A Python string may hold half of a surrogate pair, which is not valid text.
    encoded = "".join(strings).encode("utf-32-le", "surrogatepass")
    points = np.frombuffer(encoded, dtype="<u4")
    # A table of all code points is small, and faster than sorting those that occur.
    code_of = np.zeros(0x110000, dtype=np.int32)
    code_of[points] = 1
    used = np.flatnonzero(code_of)
    code_of[used] = np.arange(len(used))
    return CategoricalFeature(
        code_of[points], as_objects([chr(point) for point in used])
    )


def factorize_numbers(values):
    """Convert numbers or bools of shape (total_steps,) to codes; NaN is missing."""
    is_missing = np.isnan(values) if values.dtype.kind == "f" else None
    if is_missing is None or not is_missing.any():
        categories, codes = np.unique(values, return_inverse=True)
        return CategoricalFeature(codes.astype(np.int32), categories)
    categories, observed = np.unique(values[~is_missing], return_inverse=True)
    codes = np.full(len(values), -1, dtype=np.int32)
    codes[~is_missing] = observed
    return CategoricalFeature(codes, categories)


def make_missing(n_steps):
    """Make a categorical feature that is missing at every time step."""
    return CategoricalFeature(np.full(n_steps, -1, dtype=np.int32), as_objects([]))


def decode_categories(feature, kind):
    """Convert codes to values; -1 is an infrequent category.

    Parameters
    ----------
    feature : CategoricalFeature
        Codes and categories.
    kind : {"string", "bool", "number"}
        Kind of the categories.

    Returns
    -------
    values : ndarray of shape (total_steps,)
        An infrequent category is None among strings and bools, NaN among numbers. The
        dtype is object for strings, and for bools if one is infrequent.
    """
    codes, categories = feature
    if kind == "string" or (codes < 0).any():
        replacement = np.nan if kind == "number" else None
        values = categories if kind == "number" else categories.astype(object)
        categories = np.append(values, replacement)  # the code -1 selects it
    return categories[codes]


def as_objects(items):
    """Make a 1-D array of dtype object, even if the items are sequences."""
    out = np.empty(len(items), dtype=object)
    for i, item in enumerate(items):  # out[:] = items would unpack them
        out[i] = item
    return out

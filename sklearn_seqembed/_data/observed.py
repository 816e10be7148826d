"""What every X must have: finite values, and something observed in each sequence."""

import numpy as np

from sklearn_seqembed._data.messages import NOT_OBSERVED, name_feature


def check_values(sequences, kinds, names):
    """Refuse infinite values, and sequences in which everything is missing.

    Parameters
    ----------
    sequences : Sequences
        Values, in the order of X.
    kinds : tuple of str
        What each feature holds.
    names : list of str or None
        Names of the features.
    """
    has_category = _has_category(sequences)
    if sequences.blocks:
        if all(block.dtype.kind != "f" for block in sequences.blocks):
            return
        n_missing = _count_missing(sequences, kinds, names)
        is_empty = (n_missing == sequences.lengths) & ~has_category
    else:
        is_empty = ~has_category
    if is_empty.any():
        i = int(np.flatnonzero(is_empty)[0])
        raise ValueError(NOT_OBSERVED.format(name=f"X[{i}]"))


def _has_category(sequences):
    """Whether any category of each sequence is observed."""
    found = np.zeros(len(sequences), dtype=bool)
    for feature in sequences.categorical:
        # Padding between sequences is missing, and changes nothing.
        found |= np.logical_or.reduceat(feature.codes >= 0, sequences.starts)
    return found


def _count_missing(sequences, kinds, names):
    """Count the steps of each sequence in which all numbers are missing."""
    position = 0  # time steps before this chunk, counted over the sequences
    empty = np.zeros(len(sequences), dtype=np.int64)
    ends = np.cumsum(sequences.lengths)
    for chunk in sequences.iter_chunks():
        # A sum is finite only if all values are, and far quicker than looking at each.
        # Halves would overflow.
        dtype = np.float32 if chunk.dtype == np.float16 else None
        with np.errstate(invalid="ignore", over="ignore"):
            suspicious = not np.isfinite(chunk.sum(dtype=dtype))
        if suspicious:
            if np.isinf(chunk).any():
                row, column = np.argwhere(np.isinf(chunk))[0]
                feature = _feature_of(int(column), kinds)
                _refuse_infinite(ends, position + row, name_feature(feature, names))
            rows = np.flatnonzero(np.isnan(chunk).all(axis=1))
            owners = np.searchsorted(ends, position + rows, side="right")
            empty += np.bincount(owners, minlength=len(sequences))
        position += len(chunk)
    return empty


def _feature_of(column, kinds):
    """Find the user's feature that a numeric column belongs to."""
    n_columns = {"numeric": 1, "datetime": 2}
    widths = [n_columns.get(kind, 0) for kind in kinds]
    return int(np.searchsorted(np.cumsum(widths), column, side="right"))


def _refuse_infinite(ends, row, feature):
    i = int(np.searchsorted(ends, row, side="right"))
    step = int(row - (ends[i - 1] if i else 0))
    raise ValueError(
        f"X[{i}] is infinite at time step {step}, {feature}. Replace it by NaN to have "
        "it treated as missing."
    )

"""Recognizing features that identify sequences or time steps."""

import numpy as np

# Values identify at least so many sequences if, in at least this fraction of them,
# they occur in no other sequence.
MIN_IDENTIFIED = 10
MIN_DISTINCT = 0.95
# Values that never occur twice identify at least so many time steps. Integers may have
# gaps between them, but their range is less than so many times their number.
MIN_STEPS = 50
MAX_RANGE = 3


def find_identifier(parsed):
    """Explain a feature that identifies sequences or time steps, next to others.

    Parameters
    ----------
    parsed : ParsedSequences
        The sequences.

    Returns
    -------
    message : str or None
        None if there is no such feature.
    """
    if parsed.locator.argument == "y" or parsed.n_features < 2:
        return None
    # Values of single time steps are not constant features.
    if np.median(parsed.lengths) < 2:
        return None
    feature = 0
    for block in parsed.blocks:
        columns = ()
        if block.kind in ("numeric", "number"):
            columns = block.values.T
        elif block.kind == "string":
            columns = (block.values.codes,)
        for column in columns:
            found = _explain(column, block, parsed)
            if found is not None:
                what = parsed.describe_feature(feature)
                return f"{what} was read as a feature, but {found}, leave it out."
            feature += 1
        feature += block.width - len(columns)
    return None


def _explain(column, block, parsed):
    """Return what a feature may identify, in a part of a sentence, or None."""
    is_text = block.kind == "string"
    what = "a category" if is_text else "an integer"
    if _identifies_sequences(column, parsed.starts, parsed.lengths):
        return (
            f"it is {what} that does not change within a sequence, and that almost no "
            "two sequences share; if it identifies the sequences"
        )
    if is_text and _identifies_steps(block.values, parsed):
        return "none of its categories occurs twice; if it identifies the time steps"
    if not is_text and _numbers_steps(column, parsed.lengths):
        return (
            "it is an integer that no two time steps share; if it identifies them, and "
            "is not part of what happened"
        )
    return None


def _identifies_sequences(column, starts, lengths):
    """Return whether values are constant in each sequence, and then distinct."""
    first = column[starts]
    # Also False if any is missing, which is -1 in codes.
    if len(first) < MIN_IDENTIFIED or not (first == np.round(first)).all():
        return False
    if len(np.unique(first)) < MIN_DISTINCT * len(first):
        return False
    return all(
        (column[start : start + length] == value).all()
        for start, length, value in zip(starts, lengths, first, strict=True)
    )


def _identifies_steps(feature, parsed):
    """Return whether each category occurs once."""
    n_steps = int(parsed.lengths.sum())
    return n_steps >= MIN_STEPS and len(feature.categories) == n_steps


def _numbers_steps(column, lengths):
    """Return whether the time steps of all sequences are numbered, in any order."""
    n_steps = int(lengths.sum())
    if n_steps < MIN_STEPS or len(lengths) < MIN_IDENTIFIED:
        return False
    if len(column) != n_steps:  # padding
        return False
    # Distinct integers have at least this range. Also False if any is missing.
    if not n_steps - 1 <= column.max() - column.min() < MAX_RANGE * n_steps:
        return False
    is_integer = bool((column == np.round(column)).all())
    return is_integer and len(np.unique(column)) == n_steps

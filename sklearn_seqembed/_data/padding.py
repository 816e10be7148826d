"""Recognizing padding that is read as time steps, and gaps that are read as padding."""

import numpy as np

from sklearn_seqembed._data.arrays import ArrayContainer
from sklearn_seqembed._data.lists import ListContainer
from sklearn_seqembed._data.messages import count, warn_reading

# At least the first fraction of the sequences of an array are padded, if any, and at
# most the second fraction of the time steps of zeros are elsewhere.
MIN_PADDED = 0.1
MAX_ELSEWHERE = 0.05

# Where all sequences are padded, where padding comes first, and in lists, most
# sequences are padded, and at least so many.
MIN_PADDED_MOST = 0.5
MIN_SEQUENCES = 5

# There, values next to padding are not much smaller than others: sequences that arrive
# at zero, such as sums that begin there, are not padded. They are compared by the
# median of their fractions of the root mean square of their sequence.
MIN_JUMP = 0.3

# Constants other than zero that may be padding, if all other values are not negative.
CONSTANTS = (-1, -9, -99, -999)


def find_padding(parsed):
    """Explain zeros at an end, or missing time steps at the start, of equal lengths.

    Parameters
    ----------
    parsed : ParsedSequences
        Sequences that were passed in one array, or that have equal lengths.

    Returns
    -------
    message : str or None
        None unless the zeros or the missing values look like padding: sequences have
        different numbers of them, and there are few elsewhere.
    """
    container, name = parsed.container, parsed.locator.argument
    is_array = isinstance(container, ArrayContainer) or container.is_table
    values = _stack(parsed, is_array)
    if values is None:
        return None
    read = f"{name} was read as {count(len(values[0]), 'sequence')}, but "
    n_padded = _count_zeros([x[:, ::-1] for x in values], is_array)
    if n_padded:
        remedy = "replace them by NaN, or pass a list of arrays"
        return (
            f"{read}{n_padded} of them end with time steps of zeros; if these are "
            f"padding, {remedy if is_array else 'cut them off'}."
        )
    n_padded = _count_zeros(values, may_be_few=False)
    if n_padded:
        remedy = "pass a list of arrays without them"
        return (
            f"{read}{n_padded} of them begin with time steps of zeros; if these are "
            f"padding, {remedy if is_array else 'cut them off'}."
        )
    if not isinstance(container, ArrayContainer) or container.is_table:
        return None
    missing = np.all([np.isnan(x).all(axis=2) for x in values], axis=0)
    n_padded = _count_padded(missing)
    if n_padded:
        return (
            f"{read}{n_padded} of them begin with missing time steps; if these are "
            "padding, move it to the end, or pass a list of arrays."
        )
    n_cut = _count_cut(missing, parsed.lengths)
    if n_cut:
        return (
            f"{read}{n_cut} of them end with missing time steps, which were read as "
            f"padding; if these are values that are missing, pass list({name}), which "
            "keeps them."
        )
    return None


def find_constant_padding(parsed):
    """Explain a negative constant at an end of equal lengths, whose others are not.

    Parameters
    ----------
    parsed : ParsedSequences
        Sequences that were passed in one array, or that have equal lengths.

    Returns
    -------
    message : str or None
        None unless the constant looks like padding: see :func:`find_padding`.
    """
    container, name = parsed.container, parsed.locator.argument
    is_array = isinstance(container, ArrayContainer) or container.is_table
    values = _stack(parsed, is_array)
    constant = None if values is None else _find_constant(values)
    if constant is None:
        return None
    for where, steps in (("end", [x[:, ::-1] for x in values]), ("begin", values)):
        n_padded = _count_constant(steps, constant, may_be_few=where == "end")
        if n_padded:
            remedy = "replace it by NaN, or pass a list of arrays without it"
            if where == "begin":
                remedy = "pass a list of arrays without it"
            return (
                f"{name} was read as {count(len(values[0]), 'sequence')}, but "
                f"{n_padded} of them {where} with time steps of {constant}, and no "
                f"other value is negative; if {constant} is padding, "
                f"{remedy if is_array else 'cut it off'}."
            )
    return None


def warn_about_padding(parsed):
    """Warn of missing time steps at the end if no sequence of `fit` had any.

    Parameters
    ----------
    parsed : ParsedSequences
        Sequences that were passed after `fit`, whose sequences had equal lengths.
    """
    container, name = parsed.container, parsed.locator.argument
    if not isinstance(container, ArrayContainer):
        return
    n_cut = int((parsed.lengths < container.n_steps).sum())
    if n_cut:
        warn_reading(
            f"{name} was read as {count(len(parsed.lengths), 'sequence')}, but {n_cut} "
            "of them end with missing time steps, which were read as padding, while "
            "all sequences of fit had the same length; if these are values that are "
            f"missing, pass list({name}), which keeps them."
        )


def _count_cut(missing, lengths):
    """Count the sequences that end with gaps, 0 if these are rather padding.

    They may be gaps if few sequences have them, or if they are not longer than gaps
    elsewhere.

    Parameters
    ----------
    missing : bool ndarray of shape (n_samples, n_timesteps)
        Whether all features of a time step are missing.
    lengths : int64 ndarray of shape (n_samples,)
        The lengths without missing time steps at the end.
    """
    n_steps = missing.shape[1]
    n_last = n_steps - lengths
    n_cut = int((n_last > 0).sum())
    if n_cut < MIN_PADDED * len(lengths):
        return n_cut
    is_elsewhere = missing & (np.arange(n_steps) < lengths[:, None])
    if not is_elsewhere.any():
        return 0
    # Numbers of missing time steps in a row, from their first to their last ones.
    edges = np.diff(np.pad(is_elsewhere.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    longest = (np.nonzero(edges < 0)[1] - np.nonzero(edges > 0)[1]).max()
    return n_cut if n_last.max() <= longest else 0


def _stack(parsed, is_array):
    """Return blocks of shape (n_samples, n_timesteps, k).

    None if they are not all numeric or of one length, or may be single targets.
    """
    is_target = parsed.locator.argument == "y" and parsed.container.is_table
    if is_target or not all(block.kind == "numeric" for block in parsed.blocks):
        return None
    n_samples = len(parsed.lengths)
    if is_array:
        n_steps = parsed.container.n_steps
    else:
        n_steps = int(parsed.lengths[0])
        if (
            not isinstance(parsed.container, ListContainer)
            or (parsed.lengths != n_steps).any()
        ):
            return None
    return [block.values.reshape(n_samples, n_steps, -1) for block in parsed.blocks]


def _count_zeros(values, may_be_few):
    """Count the sequences that begin with zeros, 0 if these are not padding.

    Parameters
    ----------
    values : list of ndarray of shape (n_samples, n_timesteps, k)
        The features.
    may_be_few : bool
        Whether a few padded sequences suffice, if one of them is not padded.
    """
    # Most data end here. All other time steps are not read.
    if np.all([(x[:, 0] == 0).all(axis=1) for x in values], axis=0).sum() < 2:
        return 0
    zeros = np.all([(x == 0).all(axis=2) for x in values], axis=0)
    n_padded = _count_padded(zeros) if may_be_few else 0
    if n_padded:
        return n_padded
    n_padded = _count_padded(zeros, MIN_PADDED_MOST, may_be_all=True)
    if n_padded < MIN_SEQUENCES or _measure_jumps(values, zeros) < MIN_JUMP:
        return 0
    return n_padded


def _find_constant(values):
    """Return the one of `CONSTANTS` that is the only negative value, else None."""
    lowest = min(float(np.fmin.reduce(x, axis=None)) for x in values)
    if lowest not in CONSTANTS:
        return None
    is_only = all(((x >= 0) | (x == lowest) | np.isnan(x)).all() for x in values)
    return int(lowest) if is_only else None


def _count_constant(values, constant, may_be_few):
    """Count the sequences that begin with a constant, 0 if it is not padding."""
    is_padding = np.all([(x == constant).all(axis=2) for x in values], axis=0)
    n_padded = _count_padded(is_padding) if may_be_few else 0
    if not n_padded:
        n_padded = _count_padded(is_padding, MIN_PADDED_MOST, may_be_all=True)
        n_padded = n_padded if n_padded >= MIN_SEQUENCES else 0
    return n_padded


def _count_padded(is_padding, least=MIN_PADDED, may_be_all=False):
    """Count the sequences that begin with padding, 0 if it does not look like that.

    Parameters
    ----------
    is_padding : bool ndarray of shape (n_samples, n_timesteps)
        Whether a time step may be padding.
    least : float, default=MIN_PADDED
        Least fraction of padded sequences.
    may_be_all : bool, default=False
        Whether the longest sequence may be padded, too.
    """
    n_steps = _count_first(is_padding)
    n_padded = int((n_steps > 0).sum())
    n_found = int(is_padding.sum())
    is_elsewhere = n_found - n_steps.sum() > MAX_ELSEWHERE * n_found
    is_plain = n_padded < 2 or n_padded < least * len(n_steps) or is_elsewhere
    is_plain |= not may_be_all and n_steps.min() > 0
    # Sequences have different lengths.
    return 0 if is_plain or len(np.unique(n_steps)) < 3 else n_padded


def _count_first(is_padding):
    """Count the time steps before the first that is not padding, 0 if all may be."""
    return np.where(is_padding.all(axis=1), 0, (~is_padding).argmax(axis=1))


def _measure_jumps(values, zeros):
    """Return how large values next to padding are, relative to their sequence."""
    n_steps = _count_first(zeros)
    padded = np.flatnonzero(n_steps)
    first, squares = 0.0, 0.0
    for x in values:
        known = np.nan_to_num(x[padded].astype(np.float64))
        first = first + (known[np.arange(len(padded)), n_steps[padded]] ** 2).sum(1)
        squares = squares + (known**2).sum(axis=(1, 2))
    counted = zeros.shape[1] - n_steps[padded]
    return float(np.median(np.sqrt(first * counted / squares)))

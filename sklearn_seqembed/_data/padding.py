"""Recognizing padding other than missing values at the end."""

import numpy as np

from sklearn_seqembed._data.arrays import ArrayContainer
from sklearn_seqembed._data.messages import count

# At least the first fraction of the sequences of an array are padded, if any, and at
# most the second fraction of the time steps of zeros are elsewhere.
MIN_PADDED = 0.1
MAX_ELSEWHERE = 0.05


def find_padding(parsed):
    """Explain zeros at the end, or missing time steps at the start, of an array.

    Parameters
    ----------
    parsed : ParsedSequences
        Sequences that were passed in one array.

    Returns
    -------
    message : str or None
        None unless the zeros or the missing values look like padding: sequences have
        different numbers of them, and there are few elsewhere.
    """
    container, name = parsed.container, parsed.locator.argument
    is_array = isinstance(container, ArrayContainer) or container.is_table
    is_target = name == "y" and container.is_table  # columns may be single targets
    if (
        not is_array
        or is_target
        or not all(block.kind == "numeric" for block in parsed.blocks)
    ):
        return None
    n_samples, n_steps = len(parsed.lengths), container.n_steps
    values = [block.values.reshape(n_samples, n_steps, -1) for block in parsed.blocks]
    read = f"{name} was read as {count(n_samples, 'sequence')}, but "
    zeros = np.all([(x == 0).all(axis=2) for x in values], axis=0)
    n_padded = _count_padded(zeros[:, ::-1])
    if n_padded:
        return (
            f"{read}{n_padded} of them end with time steps of zeros; if these are "
            "padding, replace them by NaN, or pass a list of arrays."
        )
    missing = np.all([np.isnan(x).all(axis=2) for x in values], axis=0)
    n_padded = 0 if container.is_table else _count_padded(missing)
    if n_padded:
        return (
            f"{read}{n_padded} of them begin with missing time steps; if these are "
            "padding, move it to the end, or pass a list of arrays."
        )
    return None


def _count_padded(is_padding):
    """Count the sequences that begin with padding, 0 if it does not look like that.

    Parameters
    ----------
    is_padding : bool ndarray of shape (n_samples, n_timesteps)
        Whether a time step may be padding.
    """
    n_steps = np.where(is_padding.all(axis=1), 0, (~is_padding).argmax(axis=1))
    n_padded = int((n_steps > 0).sum())
    n_found = int(is_padding.sum())
    is_elsewhere = n_found - n_steps.sum() > MAX_ELSEWHERE * n_found
    is_plain = n_padded < 2 or n_padded < MIN_PADDED * len(n_steps) or is_elsewhere
    # The longest sequence is not padded, and the others have different lengths.
    return 0 if is_plain or n_steps.min() or len(np.unique(n_steps)) < 3 else n_padded

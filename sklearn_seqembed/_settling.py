"""What is settled before a training: every "auto", and what is held out."""

import numpy as np

from sklearn_seqembed import _auto


def set_chosen(estimator, chosen):
    """Set what a network is built with: what the user gave, or what was chosen.

    Parameters
    ----------
    estimator : estimator
        For each name its attribute `name_` is set.
    chosen : dict
        What stands in for "auto", by the names of parameters.
    """
    for name, value in chosen.items():
        given = getattr(estimator, name)
        value = value if isinstance(given, str) and given == "auto" else given
        if isinstance(value, np.generic):
            value = value.item()  # torch takes no int of numpy
        setattr(estimator, f"{name}_", value)


def kept(estimator, name):
    """Give a parameter, or what was chosen for it when the network was built."""
    value = getattr(estimator, name)
    is_auto = isinstance(value, str) and value == "auto"
    return getattr(estimator, f"{name}_") if is_auto else value


def settle_training(estimator, n_samples, has_categories, partial, keep_auto):
    """Settle what may differ from one training to the next.

    Sets `early_stopping_`, `batch_size_` and `max_epochs_`.

    Parameters
    ----------
    estimator : estimator
        Its parameters are read, these attributes are set.
    n_samples : int
        Number of sequences.
    has_categories : bool
        Whether any of what is learned is categorical.
    partial : bool
        Whether there is one pass, without validation.
    keep_auto : bool
        Whether what was chosen before stays.
    """
    estimator.early_stopping_ = estimator.early_stopping and not partial
    if isinstance(estimator.early_stopping, str):
        enough = _auto.choose_early_stopping(n_samples)
        estimator.early_stopping_ = enough and not partial
    if estimator.early_stopping_ and n_samples < 2:
        raise ValueError(
            "early_stopping=True holds out sequences, but X has 1 sequence. Set "
            "early_stopping=False, or pass at least 2 sequences."
        )
    n_train = n_samples - _count_held_out(estimator, n_samples)
    if estimator.batch_size != "auto":
        estimator.batch_size_ = int(estimator.batch_size)
    elif not keep_auto:
        estimator.batch_size_ = _auto.choose_batch_size(n_train, has_categories)
    estimator.max_epochs_ = estimator.max_epochs
    if partial:
        estimator.max_epochs_ = 1
    elif estimator.max_epochs == "auto":
        n_batches = -(-n_train // estimator.batch_size_)
        estimator.max_epochs_ = _auto.choose_max_epochs(n_batches, has_categories)


def split(estimator, n_samples, rng):
    """Choose training and validation sequences; None for no validation."""
    n_held_out = _count_held_out(estimator, n_samples)
    if not n_held_out:
        return np.arange(n_samples), None
    order = rng.permutation(n_samples)
    return np.sort(order[n_held_out:]), np.sort(order[:n_held_out])


def _count_held_out(estimator, n_samples):
    if not estimator.early_stopping_:
        return 0
    share = round(n_samples * estimator.validation_fraction)
    return min(n_samples - 1, max(1, share))

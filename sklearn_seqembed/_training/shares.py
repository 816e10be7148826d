"""How much trained cells count next to a closed form: their share in the prediction.

Of two predictions, a weighted mean is often better than either [1]_. Held-out sequences
decide on the weight, and whether trained cells are used at all.

References
----------
.. [1] Breiman, L. (1996). Stacked Regressions. Machine Learning 24.
"""

from typing import NamedTuple

import numpy as np

# Shares of the trained cells that are compared with none, and the share if no sequences
# were held out.
SHARES = (0.25, 0.5, 0.75, 1.0)
SHARE_WITHOUT_VALIDATION = 0.5

# Trained cells are used if they reduce the mean loss of held-out sequences by at least
# so many standard errors of the reduction.
MIN_STANDARD_ERRORS = 2.0

# Maximum number of blocks of successive sequences that are held out of each class.
N_BLOCKS = 10

# Classes with fewer sequences than blocks start at different positions, so that about
# the right number of them is held out in total.
GOLDEN_RATIO = 0.618034


class ChosenShare(NamedTuple):
    """Share of the trained cells in the prediction.

    Attributes
    ----------
    share : float
        From 0 to 1.
    closed_form_loss, lowest_loss : float
        Mean loss of the closed form on held-out sequences, and the lowest one with any
        share that was compared.
    """

    share: float
    closed_form_loss: float
    lowest_loss: float

    def describe(self):
        """Tell in a sentence whether training helped."""
        before, after = f"{self.closed_form_loss:.4g}", f"{self.lowest_loss:.4g}"
        if not self.share:
            return (
                f"It did not reduce the validation loss of the linear layer, {before}, "
                "noticeably, and its result is not used."
            )
        return (
            f"With a weight of {self.share:.2f}, its predictions reduce the validation "
            f"loss of the linear layer from {before} to {after}."
        )


def choose_share(net, dataset, absolute=False):
    """Choose the share of the trained cells by held-out sequences.

    Parameters
    ----------
    net : SequenceNet
        A net whose module is a :class:`SequenceToLabel`.
    dataset : PairDataset
        Held-out sequences and their targets of one time step.
    absolute : bool, default=False
        Whether the errors of numbers are absolute instead of squared.

    Returns
    -------
    ChosenShare
        The share, 0 if the trained cells do not help noticeably.
    """
    predictions = []
    for share in (0.0, 1.0):
        net.module_.share.fill_(share)
        values, log_probabilities = net.predict_labels(dataset)
        predictions.append(values if log_probabilities is None else log_probabilities)
    targets = read_labels(dataset.pairs.targets)
    closed_form, trained = predictions
    losses = {
        share: _compute_losses(
            (1 - share) * closed_form + share * trained, targets, absolute
        )
        for share in (0.0, *SHARES)
    }
    best = min(SHARES, key=lambda share: losses[share].mean())
    reductions = losses[0.0] - losses[best]
    error = reductions.std() / np.sqrt(len(reductions))
    helps = reductions.mean() > MIN_STANDARD_ERRORS * error
    means = float(losses[0.0].mean()), float(losses[best].mean())
    return ChosenShare(best if helps else 0.0, *means)


def _compute_losses(outputs, targets, absolute):
    """Return the loss of each sequence: a cross-entropy in nats, or a mean error."""
    if targets.ndim == 2:
        errors = outputs - targets
        return (np.abs(errors) if absolute else np.square(errors)).mean(axis=1)
    outputs = outputs.astype(np.float64)
    totals = np.logaddexp.reduce(outputs, axis=1)
    return totals - outputs[np.arange(len(outputs)), targets - 1]


def read_labels(targets):
    """Read encoded targets of one time step.

    Parameters
    ----------
    targets : EncodedSequences
        Sequences of one time step, with one categorical feature or F numeric ones.

    Returns
    -------
    ndarray
        Classes (n_samples,), from 1 on, or numbers (n_samples, F) in scaled units.
    """
    n_samples = len(targets)
    first, lengths = np.zeros(n_samples, np.int64), np.ones(n_samples, np.int64)
    values, classes = targets.take(np.arange(n_samples), first, lengths, 1)
    return classes[:, 0, 0] if classes.shape[2] else values[:, 0]


def hold_out_blocks(groups, fraction):
    """Choose blocks of successive sequences of each group to hold out.

    Parameters
    ----------
    groups : ndarray of shape (n_samples,)
        Group of each sequence.
    fraction : float
        Fraction of each group to hold out, in (0, 1).

    Returns
    -------
    bool ndarray of shape (n_samples,)
        Which sequences to hold out.
    """
    is_held_out = np.empty(len(groups), dtype=bool)
    for i, group in enumerate(np.unique(groups)):
        members = np.flatnonzero(groups == group)
        n_blocks = min(N_BLOCKS, len(members) * fraction)
        places = (np.arange(len(members)) + 0.5) * n_blocks / len(members)
        is_held_out[members] = (places + i * GOLDEN_RATIO) % 1 < fraction
    return is_held_out

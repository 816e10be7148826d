"""How long a network is trained, in batches of which size, and on which sequences."""

from typing import NamedTuple

import numpy as np

from sklearn_seqembed import _auto
from sklearn_seqembed._data.messages import count

# `train_score_` is computed on at most this many sequences, and on at most this
# fraction of the training data for each epoch of training. A training step costs about
# three times as much as a prediction, so scoring takes about 1 % of the time of `fit`.
MAX_SCORED_SEQUENCES = 1000
SCORED_FRACTION = 0.03
MIN_SCORED_SEQUENCES = 32

# Maximum number of sequences from which the scales of the network's inputs, and those
# of the components, are estimated. They limit the time and were not tuned.
N_CALIBRATION_SEQUENCES = 256
N_PROJECTION_SEQUENCES = 2000

# The same for the linear map. The number of their values is limited as well.
N_LINEAR_SEQUENCES = 5000


class TrainingPlan(NamedTuple):
    """What is settled before training starts.

    Attributes
    ----------
    n_held_out : int
        Number of sequences that are held out for validation; 0 without early stopping.
    batch_size : int
        Number of sequences of a batch.
    max_epochs : int
        Largest number of epochs.
    n_iter_no_change : int
        Number of epochs without a lower validation loss after which training stops.
    fraction : float
        Fraction of the other sequences to train on, in (0, 1].
    warning : str or None
        Warning that the time of training is limited, if it is.
    """

    n_held_out: int
    batch_size: int
    max_epochs: int
    n_iter_no_change: int
    fraction: float = 1.0
    warning: str | None = None


def plan_training(
    n_samples,
    cost,
    *,
    n_in_memory,
    has_categories,
    is_forecast,
    has_dropout,
    predicts_label,
    may_be_useless,
    early_stopping,
    validation_fraction,
    batch_size,
    max_epochs,
    n_iter_no_change,
):
    """Choose what is "auto" from the data.

    Parameters
    ----------
    n_samples : int
        Number of sequences.
    cost : EpochCost
        What an epoch over all sequences computes.
    n_in_memory : int
        Number of sequences from which those for validation are held out: fewer than
        `n_samples` if these are read from a stream.
    has_categories : bool
        Whether a feature has more than two categories.
    is_forecast : bool
        Whether cells are trained next to a linear forecast.
    has_dropout : bool
        Whether states of the decoder of such a forecast are zeroed at random.
    predicts_label : bool
        Whether the targets are classes or numbers, not sequences.
    may_be_useless : bool
        Whether training starts from a closed form, on which it may not improve.
    early_stopping, validation_fraction, batch_size, max_epochs, n_iter_no_change
        Parameters of the estimator.

    Returns
    -------
    TrainingPlan
        The plan.
    """
    resolve, n_held_out = _auto.resolve, 0
    chosen = _auto.choose_early_stopping(n_samples, may_be_useless)
    if resolve(early_stopping, chosen):
        if n_samples < 2:
            raise ValueError(
                "early_stopping=True holds out sequences, but X has 1 sequence. Set "
                "early_stopping=False, or pass at least 2 sequences."
            )
        n_held_out = round(n_in_memory * validation_fraction)
        n_held_out = min(n_in_memory - 1, max(1, n_held_out))
    n_train = n_samples - n_held_out
    chosen = _auto.choose_batch_size(n_train, has_categories, is_forecast)
    batch_size = int(resolve(batch_size, chosen))
    n_batches = -(-n_train // batch_size)
    trains_longer = has_categories and not predicts_label
    chosen = _auto.choose_max_epochs(n_batches, trains_longer, is_forecast, has_dropout)
    n_epochs = resolve(max_epochs, chosen)
    patience = _auto.choose_n_iter_no_change(n_batches, may_be_useless)
    plan = TrainingPlan(
        n_held_out, batch_size, n_epochs, int(resolve(n_iter_no_change, patience))
    )
    if max_epochs != "auto":
        return plan
    n_epochs, fraction = _auto.limit_epochs(chosen, cost)
    if n_epochs == chosen and fraction == 1:
        return plan
    trained = f"{count(n_epochs, 'epoch')} instead of {chosen}"
    if fraction < 1:
        trained = f"one epoch on {fraction:.0%} of the sequences"
    warning = (
        f"X is large: max_epochs='auto' trains for {trained}, so that it takes at most "
        "about ten minutes. Set max_epochs to choose the number of epochs yourself."
    )
    return plan._replace(max_epochs=n_epochs, fraction=fraction, warning=warning)


def split_indices(n_samples, plan, rng, n_gap=None):
    """Choose the pairs for training and validation.

    Parameters
    ----------
    n_samples : int
        Number of pairs.
    plan : TrainingPlan
        The plan.
    rng : RandomState
        Random numbers.
    n_gap : int, default=None
        None holds out random pairs. Otherwise the pairs are windows in the order of
        time, and the last ones are held out: successive windows overlap, so random ones
        would be almost known. As many windows before them are not used at all.

    Returns
    -------
    training, validation : int ndarray
        Indices of the pairs to train on, and of those that are held out: none without
        early stopping.
    """
    training, validation = np.arange(n_samples), np.arange(0)
    n_held_out = plan.n_held_out
    if n_held_out and n_gap is None:
        order = rng.permutation(n_samples)
        training = np.sort(order[n_held_out:])
        validation = np.sort(order[:n_held_out])
    elif n_held_out:
        first = n_samples - n_held_out
        training = np.arange(max(1, first - n_gap))
        validation = np.arange(first, n_samples)
    if plan.fraction < 1:
        n_trained = max(1, int(plan.fraction * len(training)))
        training = training[np.sort(rng.permutation(len(training))[:n_trained])]
    return training, validation


def split_pairs(pairs, plan, rng, n_gap=None):
    """Split pairs for training and validation.

    Parameters
    ----------
    pairs : Pairs
        Encoded pairs.
    plan, rng, n_gap
        As for :func:`split_indices`.

    Returns
    -------
    training : Pairs
        The pairs to train on.
    validation : Pairs or None
        The pairs that are held out; None without early stopping.
    """
    training, validation = split_indices(len(pairs), plan, rng, n_gap)
    return (
        pairs if len(training) == len(pairs) else pairs[training],
        pairs[validation] if len(validation) else None,
    )


def count_scored(n_samples, n_epochs):
    """Return on how many sequences `train_score_` is computed.

    Parameters
    ----------
    n_samples : int
        Number of sequences.
    n_epochs : int
        Number of epochs of the training.
    """
    # Without training, a fit reads more sequences than are scored.
    fraction = SCORED_FRACTION * n_epochs if n_epochs else 1.0
    n_scored = int(fraction * n_samples)
    return max(MIN_SCORED_SEQUENCES, min(n_scored, MAX_SCORED_SEQUENCES))

"""Targets of a batch, and the weight of each value in the loss."""

import numpy as np
import torch

# Weight of the end of a sequence relative to all its values. The loss of an end is up
# to log(longest length) in nats, that of the values at most about 1. This weight
# prevents ends from dominating the loss. It was not tuned.
END_WEIGHT = 0.1


def make_targets(values, lengths, classes=None, *, by_step=False, end_weight=None):
    """Make the targets of a batch, with a weight for each value.

    Parameters
    ----------
    values : float32 ndarray of shape (N, L, F)
        Scaled values, NaN where missing.
    lengths : int64 ndarray of shape (N,)
        Number of time steps of each sequence.
    classes : int64 ndarray of shape (N, L, K), default=None
        Indices of categories, 0 where missing. None if there are none.
    by_step : bool, default=False
        Whether all observed values of the batch have equal weight. With False, all
        sequences have equal weight.
    end_weight : float, default=None
        Weight of the end of a sequence relative to one observed value. With None, the
        ends of the batch have a total weight of `END_WEIGHT`.

    Returns
    -------
    dict of tensor
        `values` (N, L, F), 0 where missing; `classes` (N, L, K); `weights` and
        `class_weights`, which broadcast to these shapes and are 0 where nothing is
        observed; `end_weights` (N,); `lengths` (N,). The weights of the values of a
        sequence sum to 1 / number of sequences with an observed value. With `by_step`
        they are equal for all observed values, and those of the batch sum to 1.
    """
    n_samples, n_steps, n_features = values.shape
    if lengths.min() == n_steps:
        inside = np.ones((n_samples, 1), dtype=bool)  # broadcasts over all steps
    else:
        inside = np.arange(n_steps) < lengths[:, None]  # (N, L)
    if has_missing(values):
        observed = ~np.isnan(values) & inside[:, :, None]  # (N, L, F)
        counts = observed.sum(axis=(1, 2))
        values = np.where(observed, values, np.float32(0))
    else:
        observed = inside[:, :, None]  # (N, L, 1)
        counts = lengths * n_features
    if classes is None:
        classes = np.empty((n_samples, n_steps, 0), dtype=np.int64)
    observed_classes = (classes > 0) & inside[:, :, None]  # (N, L, K)
    if classes.shape[2]:
        counts = counts + observed_classes.sum(axis=(1, 2))
    if by_step:
        divisors = np.full_like(counts, counts.sum())  # (N,)
    else:
        divisors = counts * np.count_nonzero(counts)
    divisors = np.maximum(divisors, 1)
    if end_weight is None:
        end_weights = np.full(n_samples, END_WEIGHT / n_samples)
    else:
        end_weights = end_weight / divisors
    divisors = divisors[:, None, None]
    class_weights = (observed_classes / divisors).astype(np.float32)
    return {
        "values": torch.from_numpy(values),
        "weights": torch.from_numpy((observed / divisors).astype(np.float32)),
        "classes": torch.from_numpy(classes),
        "class_weights": torch.from_numpy(class_weights),
        "end_weights": torch.from_numpy(end_weights.astype(np.float32)),
        "lengths": torch.from_numpy(lengths),
    }


def has_missing(values):
    """Return whether any value is NaN; much faster than a check of each value."""
    flat = values.ravel()
    with np.errstate(over="ignore"):  # squares of finite values never sum to NaN
        return np.isnan(np.dot(flat, flat))

"""The loss: what is minimized, and over which time steps.

References
----------
.. [1] Chen, Z. et al. (2018). GradNorm: Gradient Normalization for Adaptive Loss
       Balancing in Deep Multitask Networks. arXiv:1711.02257.
"""

import torch
from torch import nn
from torch.nn import functional


class SequenceLoss(nn.Module):
    """Weighted mean deviance of a batch.

    The deviance of a numeric value is its squared error in scaled units. For a category
    it is the cross-entropy (negative log probability) divided by the mean cross-entropy
    under the class frequencies. The best constant prediction thus has a loss of 1 for
    features of both kinds. GradNorm [1]_ compares losses in the same way, but also
    adapts their weights, which are constant here.

    The weights come with the targets (:func:`make_targets`). They are 0 where a value
    is missing or padding, and let either all sequences or all values count equally. If
    lengths differ, the decoder also learns where a sequence ends: the negative log
    likelihood of the true end is added, with its own weight. The parts of an objective
    count equally.

    Parameters
    ----------
    learn_ends : bool, default=True
        Whether ends are learned.
    class_scales : tuple of float, default=()
        Factor for the cross-entropies of each categorical feature.
    absolute : bool, default=False
        Whether numeric values have absolute instead of squared errors.
    """

    def __init__(self, learn_ends=True, class_scales=(), absolute=False):
        super().__init__()
        self.learn_ends = learn_ends
        self.class_scales = class_scales
        self.absolute = absolute

    def forward(self, outputs, targets, cross_entropies=None):
        """Return the loss of a batch, or what a piece of it contributes, as a scalar.

        Parameters
        ----------
        outputs : dict of str to DecoderOutput
            Output of the decoder of each part.
        targets : dict of str to (dict of tensor)
            Targets of each part: see :meth:`SequenceDataset.batch`.
        cross_entropies : dict of str to tensor of shape (N, L, K), default=None
            Cross-entropies of the targets' classes for each part, if there are any.
        """
        losses = []
        for part, output in outputs.items():
            target = targets[part]
            loss = weighted_errors(output.values, target, self.absolute).sum()
            if self.class_scales:
                scales = output.values.new_tensor(self.class_scales)  # (K,)
                loss = (
                    loss
                    + (cross_entropies[part] * target["class_weights"] * scales).sum()
                )
            if part != "forecast" and self.learn_ends:
                end_loss = _compute_end_loss(output.ends, target["lengths"])  # (N,)
                loss = loss + (end_loss * target["end_weights"]).sum()
            losses.append(loss)
        return sum(losses) / len(losses)


def weighted_errors(values, target, absolute=False):
    """Compute squared or absolute errors, multiplied by their weights in the loss.

    Parameters
    ----------
    values : tensor of shape (N, L, F)
        Decoded values.
    target : dict of tensor
        Targets of one part: see :meth:`SequenceDataset.batch`.
    absolute : bool, default=False
        Whether the errors are absolute instead of squared.

    Returns
    -------
    float32 tensor of shape (N, L, F)
        Weighted errors. Their sum is the loss of the batch.
    """
    # float32, even if the network computes in bfloat16.
    errors = values.float() - target["values"]
    return (errors.abs() if absolute else errors.square()) * target["weights"]


def sum_squared_errors(values, target):
    """Add up the squared errors of the observed numbers of each sequence.

    Parameters
    ----------
    values, target
        As for :func:`weighted_errors`.

    Returns
    -------
    sums : float32 tensor of shape (N,)
        Squared errors, which do not depend on other sequences in the batch.
    counts : int64 tensor of shape (N,)
        Number of observed numbers.
    """
    observed = (target["weights"] > 0).expand_as(values)
    errors = torch.where(observed, values - target["values"], 0.0).square()
    return errors.sum(dim=(1, 2)), observed.sum(dim=(1, 2))


def end_log_likelihood(ends):
    """Compute the log probability that a sequence ends with each step.

    Parameters
    ----------
    ends : tensor of shape (N, L)
        Logit of the hazard: the probability that the sequence ends with this step,
        given that it has not ended before.

    Returns
    -------
    tensor of shape (N, L)
        Log probability of ending with this step and not before.
    """
    survival = functional.logsigmoid(-ends).cumsum(dim=1)  # beyond each step
    before = functional.pad(survival[:, :-1], (1, 0))
    return functional.logsigmoid(ends) + before


def _compute_end_loss(ends, lengths):
    """Compute the negative log likelihood (N,) that sequences end where they do."""
    likelihood = end_log_likelihood(ends.float())  # (N, L)
    return -torch.take_along_dim(likelihood, lengths[:, None] - 1, dim=1)[:, 0]

"""What is minimised, over which time steps."""

import torch
from torch import nn


class SequenceLoss(nn.Module):
    """Mean over sequences of each sequence's own mean deviance.

    That is the squared error of a number, in scaled units, and the surprisal of a
    category, which is divided by what it is at first, when only frequencies are known
    (as GradNorm [1]_ compares losses, though its weights do not change): so 1 is what
    the best constant has, for features of either kind.

    Only observed values within a sequence's length count, each sequence as much as any
    other: the weights that come with the targets say so. Where lengths differ,
    what is played back also has to end where the sequence ends: minus the log
    likelihood of the end, by a hazard at each step, is added with a weight of its own.
    Parts count equally.

    Parameters
    ----------
    learn_ends : bool, default=True
        Whether ends are learned.
    class_scales : tuple of float, default=()
        What the surprisals of each categorical feature are multiplied by.

    References
    ----------
    .. [1] Chen, Z. et al. (2018). GradNorm: Gradient Normalization for Adaptive Loss
           Balancing in Deep Multitask Networks. arXiv:1711.02257.
    """

    def __init__(self, learn_ends=True, class_scales=()):
        super().__init__()
        self.learn_ends = learn_ends
        self.class_scales = class_scales

    def forward(self, outputs, targets, surprisals=None):
        """Return the loss of a batch, a scalar, or what a piece of it adds to that.

        Parameters
        ----------
        outputs : dict of str to DecoderOutput
            By part, as :class:`EncoderDecoder` returns them.
        targets : dict of str to (dict of tensor)
            By part, as :meth:`SequenceDataset.batch` gives them.
        surprisals : dict of str to tensor of shape (N, L, K), default=None
            By part, of the targets' classes, where there are categorical features.
        """
        losses = []
        for part, played in outputs.items():
            target = targets[part]
            losses.append(weighted_errors(played.values, target).sum())
            if self.class_scales:
                scales = played.values.new_tensor(self.class_scales)
                scaled = surprisals[part] * target["class_weights"] * scales
                losses[-1] = losses[-1] + scaled.sum()
            if part != "forecast" and self.learn_ends:
                end = _end_loss(played.ends, target["lengths"])  # (N, 1)
                end = (end[:, 0] * target["end_weights"]).sum()
                losses[-1] = losses[-1] + end
        return sum(losses) / len(losses)


def weighted_errors(output, target):
    """Squared errors, each as much as it counts.

    Parameters
    ----------
    output : tensor of shape (N, L, F)
        What the network gives.
    target : dict of tensor
        Targets of one part, as :meth:`SequenceDataset.batch` gives them.

    Returns
    -------
    float32 tensor of shape (N, L, F)
        Their sum over a batch is its loss.
    """
    # In float32 where the network computes in less.
    return (output.float() - target["values"]).square() * target["weights"]


def mean_errors(output, target, surprisals, class_scales):
    """Mean deviance of each sequence over its observed values.

    Parameters
    ----------
    output, target
        As of :func:`weighted_errors`.
    surprisals : tensor of shape (N, L, K)
        Of the target's classes.
    class_scales : tuple of float
        What they are multiplied by.

    Returns
    -------
    float32 tensor of shape (N,)
        NaN where nothing is observed. Not changed by the company of a sequence.
    """
    observed = (target["weights"] > 0).expand_as(output)
    errors = torch.where(observed, output - target["values"], 0.0).square()
    known = target["class_weights"] > 0
    scaled = torch.where(known, surprisals * surprisals.new_tensor(class_scales), 0.0)
    count = observed.sum(dim=(1, 2)) + known.sum(dim=(1, 2))
    return (errors.sum(dim=(1, 2)) + scaled.sum(dim=(1, 2))) / count


def end_log_likelihood(ends):
    """Log probability that a sequence ends with each step.

    Parameters
    ----------
    ends : tensor of shape (N, L)
        Logit of the hazard at each step.

    Returns
    -------
    tensor of shape (N, L)
        Log of: it ends here, and did not end before.
    """
    survived = nn.functional.logsigmoid(-ends).cumsum(dim=1)
    before = nn.functional.pad(survived[:, :-1], (1, 0))
    return nn.functional.logsigmoid(ends) + before


def _end_loss(ends, lengths):
    likelihood = end_log_likelihood(ends.float())
    return -torch.take_along_dim(likelihood, lengths[:, None] - 1, dim=1)

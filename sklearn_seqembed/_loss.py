"""What is minimised, over which time steps."""

import torch
from torch import nn

# Weight of the end of a sequence beside its values. A sequence's end costs up to
# log(longest length) nats, its values at most about 1 in scaled units.
END_WEIGHT = 0.1


class SequenceLoss(nn.Module):
    """Mean over sequences of each sequence's own mean squared error, in scaled units.

    Only observed values within a sequence's length count, each sequence as much as any
    other: the weights that come with the targets say so. Where lengths differ, the
    reconstruction also has to end where the sequence ends: minus the log likelihood of
    the end, by a hazard at each step, is added with the weight `END_WEIGHT`. Parts
    count equally.

    Parameters
    ----------
    learn_ends : bool, default=True
        Whether the end of the reconstruction is learned.
    """

    def __init__(self, learn_ends=True):
        super().__init__()
        self.learn_ends = learn_ends

    def forward(self, outputs, targets, share=1.0):
        """Return the loss of a batch, a scalar, or what a piece of it adds to that.

        Parameters
        ----------
        outputs : dict of str to (values, ends)
            By part, as :class:`EncoderDecoder` returns them.
        targets : dict of str to (dict of tensor)
            By part, as :meth:`SequenceDataset.batch` gives them.
        share : float, default=1.0
            Share of the batch's sequences that are in this piece.
        """
        losses = []
        for part, (values, ends) in outputs.items():
            target = targets[part]
            losses.append(weighted_errors(values, **target).sum())
            if part == "reconstruction" and self.learn_ends:
                end = _end_loss(ends, target["lengths"]).mean()
                losses[-1] = losses[-1] + share * END_WEIGHT * end
        return sum(losses) / len(losses)


def weighted_errors(output, values, weights, lengths):
    """Squared errors, each as much as it counts.

    Parameters
    ----------
    output : tensor of shape (N, L, F)
        What the network gives.
    values, weights, lengths : tensor
        Targets of one part, as :meth:`SequenceDataset.batch` gives them.

    Returns
    -------
    float32 tensor of shape (N, L, F)
        Their sum over a batch is its loss.
    """
    # In float32 where the network computes in less.
    return (output.float() - values).square() * weights


def mean_errors(output, values, weights, lengths):
    """Mean squared error of each sequence over its observed values.

    Parameters
    ----------
    output, values, weights, lengths : tensor
        As of :func:`weighted_errors`.

    Returns
    -------
    float32 tensor of shape (N,)
        NaN where nothing is observed. Not changed by the company of a sequence.
    """
    observed = (weights > 0).expand_as(values)
    errors = torch.where(observed, output - values, 0.0).square()
    return errors.sum(dim=(1, 2)) / observed.sum(dim=(1, 2))


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

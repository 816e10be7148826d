"""What is minimised, over which time steps."""

import torch
from torch import nn

# Weight of the end of a sequence beside its values. A sequence's end costs up to
# log(longest length) nats, its values at most about 1 in scaled units.
END_WEIGHT = 0.1


class SequenceLoss(nn.Module):
    """Mean over sequences of each sequence's own mean squared error, in scaled units.

    Only observed values within a sequence's length count, each sequence as much as any
    other. Where lengths differ, the reconstruction also has to end where the sequence
    ends: minus the log likelihood of the end, by a hazard at each step, is added with
    the weight `END_WEIGHT`. Parts count equally.

    Parameters
    ----------
    learn_ends : bool, default=True
        Whether the end of the reconstruction is learned.
    """

    def __init__(self, learn_ends=True):
        super().__init__()
        self.learn_ends = learn_ends

    def forward(self, outputs, targets):
        """Return the loss of a batch, a scalar.

        Parameters
        ----------
        outputs : dict of str to (values, ends)
            By part, as :class:`EncoderDecoder` returns them.
        targets : dict of str to (dict of tensor)
            By part, `values` of shape (N, L, F), NaN where missing, and `lengths`.
        """
        losses = []
        for part, (values, ends) in outputs.items():
            target, lengths = targets[part]["values"], targets[part]["lengths"]
            losses.append(_nanmean(sequence_errors(values, target, lengths)))
            if part == "reconstruction" and self.learn_ends:
                losses[-1] = losses[-1] + END_WEIGHT * _end_loss(ends, lengths).mean()
        return sum(losses) / len(losses)


def sequence_errors(values, target, lengths):
    """Mean squared error of each sequence over its observed values.

    Parameters
    ----------
    values, target : float32 tensor of shape (N, L, F)
        Output and truth; NaN in `target` is missing.
    lengths : int64 tensor of shape (N,)
        Steps of each sequence that count.

    Returns
    -------
    tensor of shape (N,)
        NaN where nothing is observed.
    """
    inside = torch.arange(target.shape[1], device=target.device) < lengths[:, None]
    observed = ~torch.isnan(target) & inside[:, :, None]  # (N, L, F)
    # Not NaN * 0: that would be NaN, in the gradient too.
    errors = torch.where(observed, values - target.nan_to_num(), 0.0).square()
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
    likelihood = end_log_likelihood(ends)
    return -torch.take_along_dim(likelihood, lengths[:, None] - 1, dim=1)


def _nanmean(errors):
    """Mean over the sequences with an error; 0 where a batch has none."""
    known = ~torch.isnan(errors)
    return torch.where(known, errors, 0.0).sum() / known.sum().clamp(min=1)

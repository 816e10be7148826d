"""Numbers into categories: how likely each is, and which one is likeliest.

Axes as in `_network/encoder_decoder.py`.
"""

import torch
from torch import nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

# A feature with more classes has an adaptive softmax: its frequent classes come first,
# and rarer ones are looked at only where they occur.
FULL_CLASSES = 2000

# Numbers that lead to it, and the classes at which its clusters end.
ADAPTIVE_WIDTH = 64
CUTOFFS = (1000, 10_000)

# Log probabilities that are computed together where the likeliest class is looked for.
TOGETHER = 2**23

# Those of rare classes that are held together while a batch is learned: 256 MiB. More
# are computed piece by piece, and once more on the way back.
LEARNED_TOGETHER = 2**26


class CategoryHeads(nn.Module):
    """A softmax for each categorical feature; with many classes an adaptive one [1]_.

    Parameters
    ----------
    n_classes : tuple of int
        Number of classes of each feature, which are sorted by falling frequency.

    Attributes
    ----------
    widths : list of int
        Numbers of a step that each softmax gets.

    References
    ----------
    .. [1] Grave, E. et al. (2017). Efficient softmax approximation for GPUs.
           arXiv:1609.04309.
    """

    def __init__(self, n_classes):
        super().__init__()
        self.n_classes = tuple(n_classes)
        self.widths = [
            ADAPTIVE_WIDTH if n > FULL_CLASSES else max(1, n) for n in n_classes
        ]
        self.adaptive = nn.ModuleDict(
            {
                str(k): nn.AdaptiveLogSoftmaxWithLoss(
                    ADAPTIVE_WIDTH, n, [cut for cut in CUTOFFS if cut < n]
                )
                for k, n in enumerate(n_classes)
                if n > FULL_CLASSES
            }
        )

    def surprisals(self, scores, classes):
        """Minus the log probability of given classes, in nats.

        Parameters
        ----------
        scores : tensor of shape (N, L, sum of widths)
            What the decoder gives.
        classes : int64 tensor of shape (N, L, K)
            The classes, from 1 on. What is missing, 0, has no meaning here.

        Returns
        -------
        float32 tensor of shape (N, L, K)
            The surprisals.
        """
        if not self.widths:
            return classes.float()
        found = []
        for k, part in enumerate(self._split(scores)):
            target = (classes[:, :, k].flatten() - 1).clamp(min=0)
            if str(k) in self.adaptive:
                surprisal = _adaptive_surprisals(self.adaptive[str(k)], part, target)
            else:
                surprisal = functional.cross_entropy(part, target, reduction="none")
            found.append(surprisal.reshape(classes.shape[:2]))
        return torch.stack(found, dim=2)

    def most_likely(self, scores):
        """Find the likeliest class of each step and feature: int64 (N, L, K)."""
        if not self.widths:
            return scores.new_empty((*scores.shape[:2], 0), dtype=torch.int64)
        found = []
        for k, part in enumerate(self._split(scores)):
            if str(k) in self.adaptive:
                adaptive = self.adaptive[str(k)]
                pieces = part.split(max(1, TOGETHER // adaptive.n_classes))
                likeliest = torch.cat([adaptive.predict(piece) for piece in pieces])
            else:
                likeliest = part.argmax(dim=1)
            found.append(likeliest.reshape(scores.shape[:2]) + 1)
        return torch.stack(found, dim=2)

    def log_probabilities(self, scores):
        """Log probabilities of all classes of each feature, for one step.

        Parameters
        ----------
        scores : tensor of shape (N, sum of widths)
            What the decoder gives.

        Returns
        -------
        list of float32 tensor of shape (N, n_classes)
            One a feature; class 1 comes first.
        """
        parts = self._split(scores[:, None])
        return [
            self.adaptive[str(k)].log_prob(part)
            if str(k) in self.adaptive
            else part.log_softmax(dim=1)
            for k, part in enumerate(parts)
        ]

    def _split(self, scores):
        """Split scores by features, each (N * L, ·), in float32."""
        return scores.flatten(0, 1).float().split(self.widths, dim=1)


def _adaptive_surprisals(adaptive, scores, target):
    """Surprisals (N * L,) of an adaptive softmax, in bounded memory."""

    def compute(scores, target):
        return -adaptive(scores, target).output

    n_rare_classes = adaptive.n_classes - adaptive.cutoffs[-2]
    n_rare = len(target)
    if target.device.type == "cpu":  # elsewhere a look would be waiting
        n_rare = int((target >= adaptive.cutoffs[-2]).sum())
    n_pieces = -(-n_rare * n_rare_classes // LEARNED_TOGETHER)
    if n_pieces <= 1:
        return compute(scores, target)
    size = -(-len(target) // n_pieces)
    pieces = zip(scores.split(size), target.split(size), strict=True)
    return torch.cat(
        [checkpoint(compute, *piece, use_reentrant=False) for piece in pieces]
    )

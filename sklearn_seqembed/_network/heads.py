"""Categorical features as outputs: a softmax for each, or a logit if it is binary."""

import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from sklearn_seqembed._network.categories import group_features, select_features
from sklearn_seqembed._network.initial import build_adaptive_softmax

# A feature with more classes gets an adaptive softmax, which computes the logits of
# rare classes only where they occur. 2000 is roughly the number of classes up to which
# a full softmax is affordable; it was not tuned.
FULL_SOFTMAX_CLASSES = 2000

# Number of inputs of an adaptive softmax, and the classes at which its clusters end.
# They were not tuned.
ADAPTIVE_SIZE = 64
ADAPTIVE_CUTOFFS = (1000, 10_000)

# Number of classes whose logits are computed in training for each cluster of rare
# classes, besides the true ones. It was not tuned.
SAMPLED_CLASSES = 1000

# Log probabilities computed at once outside training: 32 MiB.
PREDICTED_LOGITS = 2**23


class CategoryHeads(nn.Module):
    """A softmax for each categorical feature, adaptive if it has many classes [1]_.

    In training, the normalization over a large cluster of rare classes is estimated
    from a random sample of them [2]_. A binary feature, one with at most two classes,
    has a single logit, that of its second class. Features with the same number of
    classes are computed together.

    Parameters
    ----------
    n_classes : tuple of int
        Number of classes of each feature. Classes are sorted by decreasing frequency.

    Attributes
    ----------
    width : int
        Number of logits of one time step, over all features.
    generator : torch.Generator or None
        Generator of the random samples; None is torch's default.

    References
    ----------
    .. [1] Grave, E. et al. (2017). Efficient softmax approximation for GPUs.
           arXiv:1609.04309.
    .. [2] Jean, S. et al. (2015). On Using Very Large Target Vocabulary for Neural
           Machine Translation. arXiv:1412.2007.
    """

    def __init__(self, n_classes):
        super().__init__()
        self.generator = None
        self.n_classes = tuple(n_classes)
        self.groups = group_features(n_classes)
        self.adaptive = nn.ModuleDict(
            {
                str(k): build_adaptive_softmax(
                    ADAPTIVE_SIZE, n, [cut for cut in ADAPTIVE_CUTOFFS if cut < n]
                )
                for k, n in enumerate(n_classes)
                if n > FULL_SOFTMAX_CLASSES
            }
        )
        self.widths = []  # number of logits of each group
        for n, features in self.groups.items():
            size = 1 if n == 2 else n
            size = ADAPTIVE_SIZE if str(features[0]) in self.adaptive else size
            self.widths.append(size * len(features))
        self.width = sum(self.widths)
        # Where the features are among those of all groups, one group after the other.
        self.places = np.argsort([k for group in self.groups.values() for k in group])

    def cross_entropies(self, logits, classes):
        """Compute the cross-entropies (negative log probabilities) of classes, in nats.

        Parameters
        ----------
        logits : tensor of shape (N, L, width)
            Scores from the decoder.
        classes : int64 tensor of shape (N, L, K)
            Classes. The cross-entropy of a missing one is arbitrary.

        Returns
        -------
        float32 tensor of shape (N, L, K)
            The cross-entropies.
        """
        if not self.groups:
            return classes.float()
        return self._map(self._cross_entropies, logits, classes)

    def _cross_entropies(self, features, logits, classes):
        """Compute the cross-entropies (N, L, ·) of a group from logits (N, L, ·, ·)."""
        if logits.shape[3] == 1:  # binary
            logits = self._binary(logits)
            return functional.softplus(torch.where(classes == 2, -logits, logits))
        targets = (classes - 1).clamp(min=0)
        if str(features[0]) in self.adaptive:
            found = [
                self._adaptive_cross_entropies(
                    k, logits[:, :, j].flatten(0, 1), targets[:, :, j].flatten()
                )
                for j, k in enumerate(features)
            ]
            found = torch.stack(found, dim=1)  # (N * L, ·)
        else:
            found = functional.cross_entropy(
                logits.flatten(0, 2), targets.flatten(), reduction="none"
            )
        return found.reshape(classes.shape)

    def _adaptive_cross_entropies(self, k, logits, targets):
        """Compute the cross-entropies (N * L,) of a feature with many classes."""
        adaptive = self.adaptive[str(k)]
        if self.training:
            return _sampled_cross_entropies(adaptive, logits, targets, self.generator)
        size = max(1, PREDICTED_LOGITS // adaptive.n_classes)
        pieces = zip(logits.split(size), targets.split(size), strict=True)
        return torch.cat([-adaptive(*piece).output for piece in pieces])

    def most_likely(self, logits):
        """Return the most likely class of each step and feature: int64 (N, L, K)."""
        if not self.groups:
            return logits.new_empty((*logits.shape[:2], 0), dtype=torch.int64)
        return self._map(self._most_likely, logits)

    def _most_likely(self, features, logits, classes):
        """Return the most likely classes (N, L, ·) of one group."""
        if logits.shape[3] == 1:  # binary
            return (self._binary(logits) > 0).long() + 1
        if str(features[0]) not in self.adaptive:
            return logits.argmax(dim=3) + 1
        found = []
        for j, k in enumerate(features):
            adaptive = self.adaptive[str(k)]
            size = max(1, PREDICTED_LOGITS // adaptive.n_classes)
            pieces = logits[:, :, j].flatten(0, 1).split(size)
            found.append(torch.cat([adaptive.predict(piece) for piece in pieces]))
        return torch.stack(found, dim=1).reshape(logits.shape[:3]) + 1

    def log_probabilities(self, logits):
        """Compute the log probabilities of all classes for one time step.

        Parameters
        ----------
        logits : tensor of shape (N, width)
            Scores from the decoder.

        Returns
        -------
        list of float32 tensor of shape (N, n_classes)
            One tensor per feature. Its first column is class 1.
        """
        found = []
        for features, part in self._split(logits[:, None]):
            if part.shape[3] == 1:  # binary
                part = self._binary(part)[..., None]
                part = torch.cat([torch.zeros_like(part), part], dim=3)
            for j, k in enumerate(features):
                own = part[:, 0, j]  # (N, ·)
                if str(k) in self.adaptive:
                    found.append(self.adaptive[str(k)].log_prob(own))
                else:
                    n = max(1, self.n_classes[k])
                    found.append(own.log_softmax(dim=1)[:, :n])
        return [found[place] for place in self.places]

    def _map(self, function, logits, classes=None):
        """Apply a function to each group, and join its results: (N, L, K)."""
        found = []
        for features, part in self._split(logits):
            chosen = None if classes is None else select_features(classes, features)
            found.append(function(features, part, chosen))
        found = torch.cat(found, dim=2)
        return found if len(self.groups) == 1 else found[:, :, self.places]

    def _split(self, logits):
        """Split logits (N, L, width) into pairs of a group and its (N, L, ·, ·)."""
        parts = logits.float().split(self.widths, dim=2)
        return [
            (features, part.unflatten(2, (len(features), -1)))
            for features, part in zip(self.groups.values(), parts, strict=True)
        ]

    def _binary(self, logits):
        """Return logits (N, L, ·) of second classes; -inf where there is only one."""
        is_single = [self.n_classes[k] < 2 for k in self.groups[2]]
        is_single = torch.tensor(is_single, device=logits.device)
        return logits[..., 0].masked_fill(is_single, -torch.inf)


def _sampled_cross_entropies(adaptive, logits, target, generator):
    """Estimate the cross-entropies (N * L,) of an adaptive softmax.

    They are those that :class:`torch.nn.AdaptiveLogSoftmaxWithLoss` computes, except
    that the normalization over a cluster of more than `SAMPLED_CLASSES` classes is
    estimated from that many uniformly drawn ones.
    """
    first_of_cluster = adaptive.cutoffs[:-1]
    edges = torch.tensor(first_of_cluster, device=target.device)
    cluster = torch.bucketize(target, edges, right=True)  # 0 is that of frequent ones
    in_head = torch.where(cluster == 0, target, adaptive.shortlist_size + cluster - 1)
    cross_entropies = functional.cross_entropy(
        adaptive.head(logits), in_head, reduction="none"
    )
    for i, tail in enumerate(adaptive.tail):
        rows = torch.nonzero(cluster == i + 1)[:, 0]
        within = _sampled_softmax(
            tail, logits[rows], target[rows] - first_of_cluster[i], generator
        )
        cross_entropies = cross_entropies.index_add(0, rows, within)
    return cross_entropies


def _sampled_softmax(tail, logits, target, generator):
    """Estimate the cross-entropies (M,) of classes within one cluster."""
    project, output = tail
    x, n_classes = project(logits), output.out_features  # (M, ·)
    if n_classes <= SAMPLED_CLASSES:
        return functional.cross_entropy(output(x), target, reduction="none")
    sample = torch.randint(
        n_classes, (SAMPLED_CLASSES,), generator=generator, device=target.device
    )
    others = x @ output.weight[sample].T  # (M, SAMPLED_CLASSES)
    others = others.masked_fill(sample == target[:, None], -torch.inf)
    # Each one drawn stands for this many of the classes other than the true one.
    weight = (n_classes - 1) / SAMPLED_CLASSES
    true = (x * output.weight[target]).sum(dim=1)  # (M,)
    normalization = torch.logaddexp(true, others.logsumexp(dim=1) + math.log(weight))
    return normalization - true

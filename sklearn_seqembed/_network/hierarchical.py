"""A softmax over many classes that computes few logits in training."""

import torch
from torch import nn
from torch.nn import functional

from sklearn_seqembed._network.initial import build_linear

# Number of frequent classes that are in no cluster, and of classes in each cluster. Of
# four combinations with the number of inputs in `heads`, which were tried on German
# words, this one decoded the most words correctly.
SHORTLIST_SIZE = 250
CLUSTER_SIZE = 500

# Log probabilities computed at once for a prediction: 32 MiB.
PREDICTED_LOGITS = 2**23


class HierarchicalSoftmax(nn.Module):
    """Probabilities of frequent classes, and of rare ones within their clusters [1]_.

    A first softmax is over the `SHORTLIST_SIZE` most frequent classes and over clusters
    of `CLUSTER_SIZE` rarer ones. A second softmax is over the classes of one cluster.
    The probability of a rare class is the product of both, so that learning it needs
    the logits of only one cluster. There are more clusters than usual in
    :class:`torch.nn.AdaptiveLogSoftmaxWithLoss`, and they have equally many classes.

    Parameters
    ----------
    n_inputs : int
        Number of inputs.
    n_classes : int
        Number of classes, more than `SHORTLIST_SIZE`, sorted by decreasing frequency.

    References
    ----------
    .. [1] Goodman, J. (2001). Classes for Fast Maximum Entropy Training.
           arXiv:cs/0108006.
    """

    def __init__(self, n_inputs, n_classes):
        super().__init__()
        self.n_classes = n_classes
        self.n_frequent = SHORTLIST_SIZE
        n_rare = n_classes - self.n_frequent
        # The last cluster may have fewer classes than the others.
        sizes = [CLUSTER_SIZE] * (n_rare // CLUSTER_SIZE)
        if n_rare % CLUSTER_SIZE:
            sizes.append(n_rare % CLUSTER_SIZE)
        self.first = build_linear(n_inputs, self.n_frequent + len(sizes), bias=False)
        # Layers of their own, because a batch then has gradients only for the clusters
        # that occur in it.
        self.second = nn.ModuleList(
            build_linear(n_inputs, size, bias=False) for size in sizes
        )

    def cross_entropies(self, x, classes):
        """Compute the cross-entropies of one class for each row.

        Parameters
        ----------
        x : float32 tensor of shape (M, n_inputs)
            Inputs.
        classes : int64 tensor of shape (M,)
            Classes, from 0.

        Returns
        -------
        float32 tensor of shape (M,)
            Negative log probabilities.
        """
        rare = classes - self.n_frequent  # negative if frequent
        clusters = rare.div(CLUSTER_SIZE, rounding_mode="floor").clamp(min=-1)
        found = functional.cross_entropy(
            self.first(x),
            torch.where(rare < 0, classes, self.n_frequent + clusters),
            reduction="none",
        )
        order = torch.argsort(clusters)
        n_frequent, *counts = torch.bincount(
            clusters + 1, minlength=len(self.second) + 1
        ).tolist()
        if n_frequent == len(x):
            return found
        order = order[n_frequent:]  # of the rows with rare classes
        within = [
            functional.cross_entropy(cluster(rows), own, reduction="none")
            for cluster, rows, own in zip(
                self.second,
                x[order].split(counts),
                (rare[order] % CLUSTER_SIZE).split(counts),
                strict=True,
            )
            if len(own)
        ]
        return found.index_add(0, order, torch.cat(within))

    def log_probabilities(self, x):
        """Compute the log probabilities (M, n_classes) of all classes."""
        first = self.first(x).log_softmax(dim=1)
        frequent, rest = first.split([self.n_frequent, len(self.second)], dim=1)
        within = [
            cluster(x).log_softmax(dim=1) + own
            for cluster, own in zip(self.second, rest.split(1, dim=1), strict=True)
        ]
        return torch.cat([frequent, *within], dim=1)

    def most_likely(self, x):
        """Return the most likely class (M,) of each row, from 0."""
        found = self.first(x).argmax(dim=1)
        # No class is more likely than its cluster.
        rows = torch.nonzero(found >= self.n_frequent)[:, 0]
        pieces = rows.split(max(1, PREDICTED_LOGITS // self.n_classes))
        for piece in pieces:
            found[piece] = self.log_probabilities(x[piece]).argmax(dim=1)
        return found

"""Categorical features as outputs: a softmax for each, or a logit if it is binary."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from sklearn_seqembed._network.categories import group_features, select_features
from sklearn_seqembed._network.hierarchical import HierarchicalSoftmax

# A feature with more classes gets a hierarchical softmax, which computes the logits of
# rare classes only for a few of them. 2000 is roughly the number of classes up to which
# a full softmax is affordable; it was not tuned.
FULL_SOFTMAX_CLASSES = 2000

# Number of inputs of a hierarchical softmax, chosen together with the constants of
# :mod:`sklearn_seqembed._network.hierarchical`.
HIERARCHICAL_SIZE = 32


class CategoryHeads(nn.Module):
    """A softmax for each categorical feature, hierarchical if it has many classes.

    A binary feature, one with at most two classes, has a single logit, that of its
    second class. Features with the same number of classes are computed together.

    Parameters
    ----------
    n_classes : tuple of int
        Number of classes of each feature. Classes are sorted by decreasing frequency.

    Attributes
    ----------
    width : int
        Number of logits of one time step, over all features.
    """

    def __init__(self, n_classes):
        super().__init__()
        self.n_classes = tuple(n_classes)
        self.groups = group_features(n_classes)
        self.hierarchical = nn.ModuleDict(
            {
                str(k): HierarchicalSoftmax(HIERARCHICAL_SIZE, n)
                for k, n in enumerate(n_classes)
                if n > FULL_SOFTMAX_CLASSES
            }
        )
        self.widths = []  # number of logits of each group
        for n, features in self.groups.items():
            size = 1 if n == 2 else n
            size = HIERARCHICAL_SIZE if str(features[0]) in self.hierarchical else size
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
        if str(features[0]) in self.hierarchical:
            found = [
                self.hierarchical[str(k)].cross_entropies(
                    logits[:, :, j].flatten(0, 1), targets[:, :, j].flatten()
                )
                for j, k in enumerate(features)
            ]
            found = torch.stack(found, dim=1)  # (N * L, ·)
        else:
            found = functional.cross_entropy(
                logits.flatten(0, 2), targets.flatten(), reduction="none"
            )
        return found.reshape(classes.shape)

    def most_likely(self, logits):
        """Return the most likely class of each step and feature: int64 (N, L, K)."""
        if not self.groups:
            return logits.new_empty((*logits.shape[:2], 0), dtype=torch.int64)
        return self._map(self._most_likely, logits)

    def _most_likely(self, features, logits, classes):
        """Return the most likely classes (N, L, ·) of one group."""
        if logits.shape[3] == 1:  # binary
            return (self._binary(logits) > 0).long() + 1
        if str(features[0]) not in self.hierarchical:
            return logits.argmax(dim=3) + 1
        found = [
            self.hierarchical[str(k)].most_likely(logits[:, :, j].flatten(0, 1))
            for j, k in enumerate(features)
        ]
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
                if str(k) in self.hierarchical:
                    found.append(self.hierarchical[str(k)].log_probabilities(own))
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

"""Categorical features: embeddings for the input, a softmax for the output.

A binary feature, one with at most two classes, is a number for the input and a logit
for the output, so that hundreds of them take no more time than as many numbers.
"""

import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from sklearn_seqembed._network.initial import build_adaptive_softmax, build_embedding

# Upper bound on the length of a category's embedding. Longer ones changed nothing in
# trials.
MAX_EMBEDDING_SIZE = 64

# A feature with more classes gets an adaptive softmax, which computes the logits of
# rare classes only where they occur. 2000 is roughly the number of classes up to which
# a full softmax is affordable; it was not tuned.
FULL_SOFTMAX_CLASSES = 2000

# Number of inputs of an adaptive softmax, and the classes at which its clusters end.
# They were not tuned.
ADAPTIVE_SIZE = 64
ADAPTIVE_CUTOFFS = (1000, 10_000)

# Lower bound on the standard deviation by which a binary feature is divided, that of
# one which is true at 1 % of the time steps. It was not tuned.
MIN_BINARY_STD = 0.1

# Log probabilities computed at once in the search for the most likely class: 32 MiB.
PREDICTED_LOGITS = 2**23

# Number of classes whose logits are computed in training for each cluster of rare
# classes, besides the true ones. It was not tuned.
SAMPLED_CLASSES = 1000


def find_binary(n_classes):
    """Split the positions of features into those of binary and of other features."""
    positions = range(len(n_classes))
    binary = [k for k in positions if n_classes[k] <= 2]
    return binary, [k for k in positions if n_classes[k] > 2]


class CategoryEmbedding(nn.Module):
    """A learned vector for each category of each feature [1]_.

    A binary feature is a single number instead, standardized as numeric features are.
    A vector would not tell more: the cells that read it multiply it by weights.

    Parameters
    ----------
    n_classes : tuple of int
        Number of classes of each categorical feature.
    size : int, default=None
        Length of each vector. None applies :func:`choose_embedding_size`.

    Attributes
    ----------
    width : int
        Number of values of one time step, over all features.

    References
    ----------
    .. [1] Guo, C. and Berkhahn, F. (2016). Entity Embeddings of Categorical Variables.
           arXiv:1604.06737.
    """

    def __init__(self, n_classes, size=None):
        super().__init__()
        self.n_classes = tuple(n_classes)
        self.binary, self.others = find_binary(n_classes)
        # Index 0 is a missing category. Its vector is 0 and is not trained.
        self.tables = nn.ModuleList(
            build_embedding(
                n_classes[k] + 1, size or choose_embedding_size(n_classes[k])
            )
            for k in self.others
        )
        self.width = sum(table.embedding_dim for table in self.tables)
        self.width += len(self.binary)
        missing = torch.tensor([-1.0 * (n_classes[k] < 2) for k in self.binary])
        self.register_buffer("binary_missing", missing, persistent=False)
        # Mean and standard deviation over time of "the class is 2", set by `calibrate`.
        self.register_buffer("binary_mean", torch.full((len(self.binary),), 0.5))
        self.register_buffer("binary_std", torch.full((len(self.binary),), 0.5))

    def calibrate(self, frequencies):
        """Standardize binary features by the frequencies of their classes.

        Parameters
        ----------
        frequencies : sequence of ndarray of shape (n_classes,)
            Fraction of the time steps with each class, for each feature.
        """
        rare = [float(frequencies[k][1:].sum()) for k in self.binary]
        mean = self.binary_mean.new_tensor(rare)
        self.binary_mean.copy_(mean)
        std = (mean * (1 - mean)).clamp(min=0).sqrt()
        self.binary_std.copy_(std.clamp(min=MIN_BINARY_STD))

    def forward(self, categories):
        """Return the values (N, L, width) of classes (N, L, K)."""
        vectors = [
            table(categories[:, :, k])
            for k, table in zip(self.others, self.tables, strict=True)
        ]
        if self.binary:
            vectors.append(self._standardize(_select(categories, self.binary)))
        return torch.cat(vectors, dim=2)

    def _standardize(self, classes):
        """Turn classes (N, L, B) into numbers.

        A missing value is 0, between the two classes; if there is only one, it is -1
        and the class is 0.
        """
        values = (classes == 2).to(self.binary_mean.dtype)
        values = (values - self.binary_mean) / self.binary_std
        return torch.where(classes == 0, self.binary_missing, values)


def choose_embedding_size(n_classes):
    """Apply the rule of thumb of fastai's tabular learner, with a lower maximum."""
    return min(MAX_EMBEDDING_SIZE, round(1.6 * n_classes**0.56)) or 1


class CategoryHeads(nn.Module):
    """A softmax for each categorical feature, adaptive if it has many classes [1]_.

    In training, the normalization over a large cluster of rare classes is estimated
    from a random sample of them [2]_. A binary feature has a single logit, that of its
    second class.

    Parameters
    ----------
    n_classes : tuple of int
        Number of classes of each feature. Classes are sorted by decreasing frequency.

    Attributes
    ----------
    width : int
        Number of logits of one time step, over all features. Those of binary features
        come last.
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
        self.binary, self.others = find_binary(n_classes)
        self.order = [*self.others, *self.binary]  # of the logits
        self.widths = [
            ADAPTIVE_SIZE if n_classes[k] > FULL_SOFTMAX_CLASSES else n_classes[k]
            for k in self.others
        ]
        self.width = sum(self.widths) + len(self.binary)
        self.adaptive = nn.ModuleDict(
            {
                str(k): build_adaptive_softmax(
                    ADAPTIVE_SIZE, n, [cut for cut in ADAPTIVE_CUTOFFS if cut < n]
                )
                for k, n in enumerate(n_classes)
                if n > FULL_SOFTMAX_CLASSES
            }
        )

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
        parts, binary = self._split(logits)
        found = []
        for k, part in zip(self.others, parts, strict=True):  # (N * L, ·)
            target = (classes[:, :, k].flatten() - 1).clamp(min=0)  # (N * L,)
            if str(k) in self.adaptive:
                cross_entropy = self._adaptive_cross_entropies(k, part, target)
            else:
                cross_entropy = functional.cross_entropy(part, target, reduction="none")
            found.append(cross_entropy.reshape(*classes.shape[:2], 1))
        is_second = _select(classes, self.binary) == 2  # (N, L, B)
        found.append(functional.softplus(torch.where(is_second, -binary, binary)))
        return self._restore_order(torch.cat(found, dim=2))  # (N, L, K)

    def _adaptive_cross_entropies(self, k, logits, target):
        """Compute the cross-entropies (N * L,) of a feature with many classes."""
        adaptive = self.adaptive[str(k)]
        if self.training:
            return _sampled_cross_entropies(adaptive, logits, target, self.generator)
        size = max(1, PREDICTED_LOGITS // adaptive.n_classes)
        pieces = zip(logits.split(size), target.split(size), strict=True)
        return torch.cat([-adaptive(*piece).output for piece in pieces])

    def most_likely(self, logits):
        """Return the most likely class of each step and feature: int64 (N, L, K)."""
        parts, binary = self._split(logits)
        found = []
        for k, part in zip(self.others, parts, strict=True):  # (N * L, ·)
            if str(k) in self.adaptive:
                adaptive = self.adaptive[str(k)]
                pieces = part.split(max(1, PREDICTED_LOGITS // adaptive.n_classes))
                best = torch.cat([adaptive.predict(piece) for piece in pieces])
            else:
                best = part.argmax(dim=1)
            found.append(best.reshape(*logits.shape[:2], 1) + 1)
        found.append((binary > 0).long() + 1)
        return self._restore_order(torch.cat(found, dim=2))  # (N, L, K)

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
        parts, binary = self._split(logits[:, None])
        found = {
            k: self.adaptive[str(k)].log_prob(part)
            if str(k) in self.adaptive
            else part.log_softmax(dim=1)
            for k, part in zip(self.others, parts, strict=True)
        }
        for k, logit in zip(self.binary, binary[:, 0].unbind(dim=1), strict=True):
            both = torch.stack([torch.zeros_like(logit), logit], dim=1)
            found[k] = both[:, : max(1, self.n_classes[k])].log_softmax(dim=1)
        return [found[k] for k in range(len(self.n_classes))]

    def _split(self, logits):
        """Split logits (N, L, width) by feature.

        Returns
        -------
        parts : sequence of float32 tensor of shape (N * L, ·)
            One tensor for each feature that is not binary.
        binary : float32 tensor of shape (N, L, B)
            Logits of the binary features, -inf for a class that does not exist.
        """
        logits = logits.float()
        n_others = sum(self.widths)
        parts = logits[:, :, :n_others].flatten(0, 1).split(self.widths, dim=1)
        is_single = [self.n_classes[k] < 2 for k in self.binary]
        binary = logits[:, :, n_others:]
        if any(is_single):
            is_single = torch.tensor(is_single, device=logits.device)
            binary = binary.masked_fill(is_single, -torch.inf)
        return (parts if self.widths else ()), binary

    def _restore_order(self, x):
        """Bring the last axis of x (N, L, K) from `order` to that of the features."""
        is_ordered = self.order == sorted(self.order)
        return x if is_ordered else x[:, :, np.argsort(self.order)]


def _select(classes, features):
    """Select features of classes (N, L, K), without a copy if they are all."""
    return classes if len(features) == classes.shape[2] else classes[:, :, features]


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

"""Categorical features: embeddings for the input, a softmax for the output."""

import torch
from torch import nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

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

# Log probabilities computed at once in the search for the most likely class: 32 MiB.
PREDICTED_LOGITS = 2**23

# Log probabilities of rare classes held for one training batch: 256 MiB. If a batch
# needs more, they are computed in pieces, and each piece again in the backward pass.
TRAINED_LOGITS = 2**26


class CategoryEmbedding(nn.Module):
    """A learned vector for each category of each feature [1]_.

    Parameters
    ----------
    n_classes : tuple of int
        Number of classes of each categorical feature.
    size : int, default=None
        Length of each vector. None applies :func:`choose_embedding_size`.

    Attributes
    ----------
    width : int
        Total length of the vectors of one time step, over all features.

    References
    ----------
    .. [1] Guo, C. and Berkhahn, F. (2016). Entity Embeddings of Categorical Variables.
           arXiv:1604.06737.
    """

    def __init__(self, n_classes, size=None):
        super().__init__()
        # Index 0 is a missing category. Its vector is 0 and is not trained.
        self.tables = nn.ModuleList(
            build_embedding(n + 1, size or choose_embedding_size(n)) for n in n_classes
        )
        self.width = sum(table.embedding_dim for table in self.tables)

    def forward(self, categories):
        """Return the vectors (N, L, width) of classes (N, L, K)."""
        columns = categories.unbind(dim=2)
        vectors = [t(c) for t, c in zip(self.tables, columns, strict=True)]
        return torch.cat(vectors, dim=2)


def choose_embedding_size(n_classes):
    """Apply the rule of thumb of fastai's tabular learner, with a lower maximum."""
    return min(MAX_EMBEDDING_SIZE, round(1.6 * n_classes**0.56)) or 1


class CategoryHeads(nn.Module):
    """A softmax for each categorical feature, adaptive if it has many classes [1]_.

    Parameters
    ----------
    n_classes : tuple of int
        Number of classes of each feature. Classes are sorted by decreasing frequency.

    Attributes
    ----------
    widths : list of int
        Number of logits that the softmax of each feature receives at each time step.

    References
    ----------
    .. [1] Grave, E. et al. (2017). Efficient softmax approximation for GPUs.
           arXiv:1609.04309.
    """

    def __init__(self, n_classes):
        super().__init__()
        self.n_classes = tuple(n_classes)
        self.widths = [
            ADAPTIVE_SIZE if n > FULL_SOFTMAX_CLASSES else max(1, n) for n in n_classes
        ]
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
        logits : tensor of shape (N, L, sum of widths)
            Scores from the decoder.
        classes : int64 tensor of shape (N, L, K)
            Classes. The cross-entropy of a missing one is arbitrary.

        Returns
        -------
        float32 tensor of shape (N, L, K)
            The cross-entropies.
        """
        if not self.widths:
            return classes.float()
        cross_entropies = []
        for k, part in enumerate(self._split(logits)):  # (N * L, ·)
            target = (classes[:, :, k].flatten() - 1).clamp(min=0)  # (N * L,)
            if str(k) in self.adaptive:
                cross_entropy = _adaptive_cross_entropies(
                    self.adaptive[str(k)], part, target
                )
            else:
                cross_entropy = functional.cross_entropy(part, target, reduction="none")
            cross_entropies.append(cross_entropy.reshape(classes.shape[:2]))
        return torch.stack(cross_entropies, dim=2)  # (N, L, K)

    def most_likely(self, logits):
        """Return the most likely class of each step and feature: int64 (N, L, K)."""
        if not self.widths:
            return logits.new_empty((*logits.shape[:2], 0), dtype=torch.int64)
        classes = []
        for k, part in enumerate(self._split(logits)):  # (N * L, ·)
            if str(k) in self.adaptive:
                adaptive = self.adaptive[str(k)]
                pieces = part.split(max(1, PREDICTED_LOGITS // adaptive.n_classes))
                best = torch.cat([adaptive.predict(piece) for piece in pieces])
            else:
                best = part.argmax(dim=1)
            classes.append(best.reshape(logits.shape[:2]) + 1)
        return torch.stack(classes, dim=2)  # (N, L, K)

    def log_probabilities(self, logits):
        """Compute the log probabilities of all classes for one time step.

        Parameters
        ----------
        logits : tensor of shape (N, sum of widths)
            Scores from the decoder.

        Returns
        -------
        list of float32 tensor of shape (N, n_classes)
            One tensor per feature. Its first column is class 1.
        """
        parts = self._split(logits[:, None])
        return [
            self.adaptive[str(k)].log_prob(part)
            if str(k) in self.adaptive
            else part.log_softmax(dim=1)
            for k, part in enumerate(parts)
        ]

    def _split(self, logits):
        """Split logits (N, L, ·) by feature: float32 tensors of shape (N * L, ·)."""
        return logits.flatten(0, 1).float().split(self.widths, dim=1)


def _adaptive_cross_entropies(adaptive, logits, target):
    """Compute the cross-entropies (N * L,) of an adaptive softmax in bounded memory."""

    def compute(logits, target):
        return -adaptive(logits, target).output

    # Only the last cluster is counted, because it is by far the largest.
    first_rare = adaptive.cutoffs[-2]
    n_logits = int((target >= first_rare).sum()) * (adaptive.n_classes - first_rare)
    n_pieces = -(-n_logits // TRAINED_LOGITS)
    if n_pieces <= 1:
        return compute(logits, target)
    size = -(-len(target) // n_pieces)
    pieces = zip(logits.split(size), target.split(size), strict=True)
    return torch.cat(
        [
            checkpoint(compute, *piece, use_reentrant=False, preserve_rng_state=False)
            for piece in pieces
        ]
    )

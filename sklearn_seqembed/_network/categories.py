"""Categorical features as inputs: embeddings, and numbers for binary features."""

import torch
from torch import nn

from sklearn_seqembed._network.initial import build_embedding

# Upper bound on the length of a category's embedding. Longer ones changed nothing in
# trials.
MAX_EMBEDDING_SIZE = 64

# Upper bound on the total length of the embeddings of all features at one time step,
# unless each would have fewer than two values. Hundreds of features would otherwise
# have more inputs than the cells can read in reasonable time. It was not tuned.
MAX_TOTAL_SIZE = 1024

# Lower bound on the standard deviation by which a binary feature is divided, that of
# one which is true at 1 % of the time steps. It was not tuned.
MIN_BINARY_STD = 0.1


class CategoryEmbedding(nn.Module):
    """A learned vector for each category of each feature [1]_.

    A binary feature, one with at most two classes, is a single number instead, which is
    standardized as numeric features are. A vector would not tell more, because the
    cells that read it multiply it by weights. Features with the same number of classes
    are looked up in one table, so that hundreds of them need few operations.

    Parameters
    ----------
    n_classes : tuple of int
        Number of classes of each categorical feature.
    size : int, default=None
        Length of each vector. None applies :func:`choose_embedding_size`. Vectors are
        shorter if their total length would exceed `MAX_TOTAL_SIZE`.

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
        groups = group_features(n_classes)
        self.binary = groups.pop(2, [])
        self.groups = groups
        limit = max(2, MAX_TOTAL_SIZE // max(1, sum(map(len, groups.values()))))
        # Each feature has a row for every class, after one for missing values. The
        # vector of the latter is 0 and is not trained.
        self.tables = nn.ModuleList(
            build_embedding(
                len(features) * (n + 1), min(limit, size or choose_embedding_size(n))
            )
            for n, features in groups.items()
        )
        with torch.no_grad():
            for n, table in zip(groups, self.tables, strict=True):
                table.weight[:: n + 1] = 0
        self.width = len(self.binary) + sum(
            len(features) * table.embedding_dim
            for features, table in zip(groups.values(), self.tables, strict=True)
        )
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
        values = []
        groups = zip(self.groups.items(), self.tables, strict=True)
        for (n, features), table in groups:
            classes = select_features(categories, features)  # (N, L, ·)
            first = torch.arange(len(features), device=classes.device) * (n + 1)
            vectors = table(classes + first)  # (N, L, ·, size)
            vectors = vectors.masked_fill((classes == 0)[..., None], 0.0)
            values.append(vectors.flatten(2))
        if self.binary:
            classes = select_features(categories, self.binary)
            values.append(self._standardize(classes))
        return torch.cat(values, dim=2)

    def _standardize(self, classes):
        """Turn classes (N, L, ·) of binary features into numbers.

        A missing value is 0, between the two classes; if there is only one, it is -1
        and the class is 0.
        """
        values = (classes == 2).to(self.binary_mean.dtype)
        values = (values - self.binary_mean) / self.binary_std
        missing = [-1.0 if self.n_classes[k] < 2 else 0.0 for k in self.binary]
        return torch.where(classes == 0, values.new_tensor(missing), values)


def choose_embedding_size(n_classes):
    """Apply the rule of thumb of fastai's tabular learner, with a lower maximum."""
    return min(MAX_EMBEDDING_SIZE, round(1.6 * n_classes**0.56)) or 1


def group_features(n_classes):
    """Group features with the same number of classes, which are computed together.

    Parameters
    ----------
    n_classes : tuple of int
        Number of classes of each feature.

    Returns
    -------
    groups : dict of int to list of int
        Positions of the features with each number of classes. The key 2 is that of all
        binary features, which may have fewer.
    """
    groups = {}
    for k, n in enumerate(n_classes):
        groups.setdefault(max(2, n), []).append(k)
    return groups


def select_features(classes, features):
    """Select features of classes (N, L, K), without a copy if they are all."""
    is_all = features == list(range(classes.shape[2]))
    return classes if is_all else classes[:, :, features]

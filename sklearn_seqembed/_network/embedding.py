"""Categories into numbers: what enters the cells of each.

Axes as in `_network/encoder_decoder.py`.
"""

import torch
from torch import nn

# Numbers of a category at most. In trials more of them changed nothing.
MAX_WIDTH = 64


class CategoryEmbedding(nn.Module):
    """Numbers for each category of each feature, learned with the cells [1]_.

    Parameters
    ----------
    n_classes : tuple of int
        Number of classes of each categorical feature.
    width : int, default=None
        Numbers of a category. None leaves it to :func:`embedding_width`.

    Attributes
    ----------
    width : int
        Numbers of a step, of all features together.

    References
    ----------
    .. [1] Guo, C. and Berkhahn, F. (2016). Entity Embeddings of Categorical Variables.
           arXiv:1604.06737.
    """

    def __init__(self, n_classes, width=None):
        super().__init__()
        # 0 is missing: its numbers are 0 and stay so.
        self.tables = nn.ModuleList(
            nn.Embedding(n + 1, width or embedding_width(n), padding_idx=0)
            for n in n_classes
        )
        self.width = sum(table.embedding_dim for table in self.tables)

    def forward(self, categories):
        """Embed indices (N, L, K): (N, L, width)."""
        columns = categories.unbind(dim=2)
        parts = [t(c) for t, c in zip(self.tables, columns, strict=True)]
        return torch.cat(parts, dim=2)


def embedding_width(n_classes):
    """Numbers of a category by the rule of fastai's tabular learner, up to 64."""
    return min(MAX_WIDTH, round(1.6 * n_classes**0.56)) or 1

"""Pooled states: what comes anywhere in a sequence, told by cells that never learn.

Axes as in `_network/encoder_decoder.py`.

References
----------
.. [1] Jaeger, H. (2001). The "echo state" approach to analysing and training recurrent
       neural networks. GMD Report 148.
.. [2] Dempster, A., Schmidt, D. F. and Webb, G. I. (2021). MiniRocket: A Very Fast
       (Almost) Deterministic Transform for Time Series Classification. KDD.
"""

import torch
from torch import nn

from sklearn_seqembed._network.embedding import CategoryEmbedding
from sklearn_seqembed._network.reader import patch_width, to_patches
from sklearn_seqembed._network.recurrent import RecurrentLayer

# What is read, by cells of its own for each.
READINGS = ("values", "differences")

# Numbers that stand for a category here, and their size. They do not learn to tell
# categories apart, so there are more of them than of learned ones.
CODE_WIDTH = 64
CODE_SCALE = 0.35

# The start's input weights times this. Many cells start with small ones, as is good
# for learning; cells that stay as they are had better bend what they read.
INPUT_GAIN = 2.0


class Reservoir(nn.Module):
    """States of random cells that read small patches, pooled over time.

    The cells stay as they started [1]_: there are many of them, and what they pool
    tells sequences apart about as well as when they are trained, at a fraction of the
    time. Nor are they trained in MiniRocket [2]_, whose kernels they stand for here.

    Parameters
    ----------
    reader : Reader
        Says how many numbers are read a step.
    n_cells : int
        Cells a direction and reading.
    bidirectional : bool
        Read each sequence backward too.
    cell : {"lstm", "gru"}
        Kind of memory cell.
    patch_size : int
        Time steps that enter together.
    pooling : tuple of {"mean", "max", "min", "std", "ppv"}
        How states are pooled over time.
    n_classes : tuple of int, default=()
        Of categorical features. They are embedded at random, too: what is learned for
        the last states would change what these cells read from batch to batch.
    """

    def __init__(
        self,
        reader,
        n_cells,
        *,
        bidirectional,
        cell,
        patch_size,
        pooling,
        n_classes=(),
    ):
        super().__init__()
        self.embedding = CategoryEmbedding(n_classes, CODE_WIDTH)
        self.n_cells, self.patch_size, self.pooling = n_cells, patch_size, pooling
        self.n_states = len(READINGS) * (1 + bidirectional) * n_cells * len(pooling)
        self.layers = nn.ModuleList(
            RecurrentLayer(
                patch_width(
                    getattr(reader, f"n_{reading}") + self.embedding.width, patch_size
                ),
                n_cells,
                n_cells * bidirectional,
                cell,
            )
            for reading in READINGS
        )
        with torch.no_grad():
            for name, weights in self.named_parameters():
                if "weight_ih" in name:
                    weights.mul_(INPUT_GAIN)
                elif name.startswith("embedding"):
                    weights.mul_(CODE_SCALE)
        self.requires_grad_(False)

    def forward(self, readings, layout):
        """Read a batch.

        Parameters
        ----------
        readings : Readings
            With differences.
        layout : Layout
            Of patches of this size.

        Returns
        -------
        float32 tensor of shape (N, n_states)
            The pooled states.
        """
        pooled = []
        for reading, layer in zip(READINGS, self.layers, strict=True):
            patches = to_patches(
                getattr(readings, reading),
                readings.ended,
                self.patch_size,
                repeat=reading == "values",
            )
            for states in layer(layout.lay(patches), layout):
                pooled.append(layout.pool(states, self.pooling).flatten(1))
        return torch.cat(pooled, dim=1)

"""A reservoir: random recurrent cells that are not trained, summarized over time.

Its features describe values that occur anywhere in a sequence.

References
----------
.. [1] Jaeger, H. (2001). The "echo state" approach to analysing and training recurrent
       neural networks. GMD Report 148.
.. [2] Dempster, A., Schmidt, D. F. and Webb, G. I. (2021). MiniRocket: A Very Fast
       (Almost) Deterministic Transform for Time Series Classification. KDD.
       arXiv:2012.08791.
"""

import math

import torch
from torch import nn

from sklearn_seqembed._network.categories import CategoryEmbedding
from sklearn_seqembed._network.patches import count_patch_inputs, join_steps
from sklearn_seqembed._network.recurrent import RecurrentLayer

# Statistics of the states over time; "ppv" is the proportion of positive values, as in
# MiniRocket [2]_. See the recipe page for the trials.
STATISTICS = ("mean", "max", "min", "std", "ppv")

# Added to a variance over time before its square root is taken. It bounds the slope of
# the root, which mattered while these cells were trained. It was not tuned.
VARIANCE_OFFSET = 1e-4

# The threshold of "ppv" is soft: a state counts in part if it is within half of this
# around 0. Otherwise a state that is 0 up to rounding errors would count either way,
# and vectors that another library computes would differ by thousandths. Accuracies do
# not depend on it (benchmarks/README.md, `onnx_files`).
SIGN_WIDTH = 1e-3

# Length and scale of the random vector of each category. A long vector with small
# entries keeps categories distinct without saturating the cells. See "Categories" on
# the recipe page for the trials.
EMBEDDING_SIZE = 64
EMBEDDING_SCALE = 0.35

# Factor for the initial input weights. Without it they are as small as training needs;
# larger ones drive the cells into their nonlinear range. See the recipe page for the
# trials.
INPUT_GAIN = 2.0


class Reservoir(nn.Module):
    """Random cells that read small patches, and statistics of their states over time.

    The cells keep their initial weights [1]_, as the kernels of MiniRocket [2]_ do.
    Training them would hardly improve a classifier, and would take most of the time of
    a fit (see the recipe page). Without training, many cells are affordable.

    Parameters
    ----------
    reader : InputReader
        Reader that provides the inputs. One layer of cells reads its values, the other
        reads their differences from step to step.
    n_cells : int
        Cells per direction and layer.
    bidirectional : bool
        Also read each sequence backward.
    cell : {"lstm", "gru"}
        Type of cell.
    patch_size : int
        Time steps in a patch.
    n_classes : tuple of int, default=()
        Number of classes of each categorical feature. The reservoir has its own random
        vectors for them, because learned ones would change during training.

    Attributes
    ----------
    n_outputs : int
        Number of features that describe a sequence.
    """

    def __init__(
        self, reader, n_cells, *, bidirectional, cell, patch_size, n_classes=()
    ):
        super().__init__()
        self.n_cells, self.patch_size = n_cells, patch_size
        self.n_outputs = 2 * (1 + bidirectional) * n_cells * len(STATISTICS)
        self.embedding = CategoryEmbedding(n_classes, EMBEDDING_SIZE)
        self.value_layer, self.difference_layer = (
            RecurrentLayer(
                count_patch_inputs(n_step_inputs + self.embedding.width, patch_size),
                n_cells,
                n_cells * bidirectional,
                cell,
            )
            for n_step_inputs in (reader.n_values, reader.n_signals)
        )
        with torch.no_grad():
            for name, weights in self.named_parameters():
                if "weight_ih" in name:
                    weights.mul_(INPUT_GAIN)
            for table in self.embedding.tables:
                # Shorter vectors, of many features, have the same mean square length.
                ratio = EMBEDDING_SIZE / table.embedding_dim
                table.weight.mul_(EMBEDDING_SCALE * math.sqrt(ratio))
        self.requires_grad_(False)

    def forward(self, inputs, layout):
        """Compute the features of each sequence of a batch.

        Parameters
        ----------
        inputs : EncoderInputs
            Inputs with differences.
        layout : Layout
            Layout for patches of `patch_size`.

        Returns
        -------
        float32 tensor of shape (N, n_outputs)
            The statistics of each cell.
        """
        values = join_steps(inputs.values, inputs.is_padding, self.patch_size)
        differences = join_steps(
            inputs.differences, inputs.is_padding, self.patch_size, repeat_last=False
        )
        states = [
            *self.value_layer(layout.flatten(values), layout),
            *self.difference_layer(layout.flatten(differences), layout),
        ]  # each (R, H)
        return torch.cat([summarize(x, layout).flatten(1) for x in states], dim=1)


def summarize(states, layout):
    """Compute the `STATISTICS` of states (R, H) over each sequence: (N, 5, H)."""
    mean = layout.mean(states)  # (N, H)
    variance = layout.mean(states.square()) - mean.square()
    std = (variance.clamp(min=0) + VARIANCE_OFFSET).sqrt()
    positive = layout.mean((states / SIGN_WIDTH + 0.5).clamp(0, 1))
    return torch.stack(
        [mean, layout.max(states), layout.min(states), std, positive], dim=1
    )

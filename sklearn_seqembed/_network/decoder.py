"""The decoder: from a vector to the steps of a sequence.

Axes as in `_network/encoder_decoder.py`.
"""

import math
from typing import NamedTuple

import torch
from torch import nn

from sklearn_seqembed._network.categories import CategoryHeads
from sklearn_seqembed._network.layout import Layout
from sklearn_seqembed._network.recurrent import recurrent

# Periods, in patches, of the sine and cosine pairs that tell the decoder where it is:
# 4, 8, ... 8192. The longest leaves 8192 patches apart, and more are counted by cells.
POSITION_PERIODS = 2.0 ** torch.arange(2, 14)


class DecoderOutput(NamedTuple):
    """What a decoder gives at each step.

    Attributes
    ----------
    values : float32 tensor of shape (N, L, F)
        Values in scaled units.
    ends : float32 tensor of shape (N, L)
        Logit that the sequence ends with this step, given that it has come so far.
    scores : float32 tensor of shape (N, L, ·)
        What the `heads` turn into categories.
    """

    values: torch.Tensor
    ends: torch.Tensor
    scores: torch.Tensor


class Decoder(nn.Module):
    """Play vectors back as sequences, in one call, without feedback.

    Parameters
    ----------
    n_features : int
        Number of numeric features F.
    projection : VectorProjection
        What makes the vectors: their last states are all that is played back.
    hidden_size : int
        Number of cells a layer.
    num_layers : int, default=1
        Stacked recurrent layers.
    dropout : float, default=0.0
        Probability of zeroing a value between layers.
    cell : {"lstm", "gru"}, default="lstm"
        Kind of memory cell.
    patch_size : int, default=1
        Time steps that leave together.
    inputs : {"vector", "vector_position"}, default="vector_position"
        What enters at each patch: the vector's last states, or these and the position
        of the patch. With the position they also set the start state.
    n_classes : tuple of int, default=()
        Number of classes of each categorical feature.
    """

    def __init__(
        self,
        n_features,
        projection,
        hidden_size,
        *,
        num_layers=1,
        dropout=0.0,
        cell="lstm",
        patch_size=1,
        inputs="vector_position",
        n_classes=(),
    ):
        super().__init__()
        self.patch_size = patch_size
        self.n_features = n_features
        self.projection = projection
        self.positions = inputs == "vector_position"
        width = projection.n_last + 2 * len(POSITION_PERIODS) * self.positions
        self.cells = recurrent(
            cell, width, hidden_size, num_layers=num_layers, dropout=dropout
        )
        if self.positions:
            n_states = 2 if cell == "lstm" else 1
            self.start = nn.Linear(
                projection.n_last, n_states * num_layers * hidden_size
            )
        self.heads = CategoryHeads(n_classes)
        # Each step leaves F values, scores of categories, and the logit of the end.
        self.width = n_features + sum(self.heads.widths) + 1
        self.output = nn.Linear(hidden_size, patch_size * self.width)

    def forward(self, vectors, n_steps, lengths=None, layout=None):
        """Decode `n_steps` steps of each vector.

        Parameters
        ----------
        vectors : float32 tensor of shape (N, C)
            One vector a sequence.
        n_steps : int
            Number of time steps to decode.
        lengths : int64 tensor of shape (N,), default=None
            Time steps of each sequence that matter, at most `n_steps`: what is given
            after them has no meaning. None for all.
        layout : Layout, default=None
            That of an encoder with equal cells and patches: its lengths then count.

        Returns
        -------
        DecoderOutput
            Values, ends and scores of `n_steps` steps.
        """
        last = self.projection.final_states(vectors)
        return self.decode_states(last, n_steps, lengths, layout)

    def decode_states(self, last, n_steps, lengths=None, layout=None):
        """Decode last states (N, ·), as :meth:`forward` does vectors."""
        n_patches = -(-n_steps // self.patch_size)
        layout = layout or self._layout(last, n_patches, lengths)
        x = layout.repeat(last)  # (R, n_last)
        start = None
        if self.positions:
            positions = layout.at_each_patch(_positions(n_patches, last))
            x = torch.cat([x, positions], dim=1)  # (R, D)
            start = self._start(last)
        states = layout.run(self.cells, x, start)  # (R, H)
        patches = layout.spread(self.output(states), n_patches)
        steps = patches.reshape(len(last), -1, self.width)
        steps = steps[:, :n_steps]  # (N, n_steps, F + · + 1)
        n_values = self.n_features
        return DecoderOutput(
            steps[:, :, :n_values], steps[:, :, -1], steps[:, :, n_values:-1]
        )

    def _layout(self, last, n_patches, lengths):
        if lengths is None:
            counts = torch.full((len(last),), n_patches, device=last.device)
        else:
            counts = -(-lengths // self.patch_size)
        return Layout(counts, n_patches, self.cells.hidden_size)

    def _start(self, last):
        layers = self.cells.num_layers, self.cells.hidden_size
        states = self.start(last).reshape(len(last), -1, *layers)
        states = [state.transpose(0, 1).contiguous() for state in states.unbind(1)]
        return tuple(states) if len(states) == 2 else states[0]


def _positions(n_patches, like):
    """Sines and cosines of the position of each patch, shape (P, D)."""
    steps = torch.arange(n_patches, device=like.device, dtype=torch.float32)
    angles = steps[:, None] * (2 * math.pi / POSITION_PERIODS.to(like.device))
    return torch.cat([angles.sin(), angles.cos()], dim=1).to(like.dtype)

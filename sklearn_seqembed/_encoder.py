"""The encoder: from the steps of a sequence to a vector.

Axes as in `_network.py`.
"""

import math

import torch
from torch import nn

from sklearn_seqembed._cells import RecurrentLayer
from sklearn_seqembed._inputs import Reader, to_patches
from sklearn_seqembed._layout import Layout
from sklearn_seqembed._vectors import VectorScaling

# Encoders whose states are pooled: one reads values, one their differences.
POOLED_READINGS = ("values", "differences")


class Encoder(nn.Module):
    """Read padded sequences, give one vector each.

    Missing values are filled with the feature's last observed value in the sequence
    (the next one where none came before, 0 where there is none at all). Nothing after a
    sequence's end can reach its vector.

    The vector joins two kinds of states: those of both directions of cells at their
    last patch, which tell what comes where, and states pooled over time of cells that
    read smaller patches, which tell what comes anywhere.

    Parameters
    ----------
    n_features : int
        Number of numeric features F.
    n_components : int
        Length C of the vector.
    hidden_size : int, default=None
        Cells a layer and direction; a linear layer then leads to the last states'
        share of the vector. With None they are cells: the larger half forward, the
        rest backward.
    num_layers : int, default=1
        Stacked recurrent layers, before the last states.
    bidirectional : bool, default=True
        Read each sequence backward too.
    dropout : float, default=0.0
        Probability of zeroing a value between layers.
    cell : {"lstm", "gru"}, default="lstm"
        Kind of memory cell.
    patch_size : int, default=1
        Time steps that enter together.
    missing_indicator, instance_norm : bool, default=False
        As of :class:`Reader`.
    pooling : tuple of {"mean", "max", "min", "std"}, default=()
        How states are pooled over time.
    pooled_share : float, default=0.0
        Share of the vector that pooled states make up, at most: they come in groups of
        equal size, one for each way to pool, direction and reading.
    pooled_patch_size : int, default=1
        Time steps that enter together where states are pooled.
    vector_scaling : bool, default=False
        Whether vectors can be scaled: see :class:`VectorScaling`.
    """

    def __init__(
        self,
        n_features,
        n_components,
        *,
        hidden_size=None,
        num_layers=1,
        bidirectional=True,
        dropout=0.0,
        cell="lstm",
        patch_size=1,
        missing_indicator=False,
        instance_norm=False,
        pooling=(),
        pooled_share=0.0,
        pooled_patch_size=1,
        vector_scaling=False,
    ):
        super().__init__()
        self.patch_size, self.pooled_patch_size = patch_size, pooled_patch_size
        self.pooling = pooling
        n_groups = len(POOLED_READINGS) * len(pooling) * (1 + bidirectional)
        self.n_pooled_cells = int(n_components * pooled_share / max(1, n_groups) + 1e-9)
        self.n_pooled = self.n_pooled_cells * n_groups  # numbers of the vector
        n_last = n_components - self.n_pooled
        self.reader = Reader(
            n_features,
            missing_indicator=missing_indicator,
            instance_norm=instance_norm,
            differences=self.n_pooled > 0,
            repeat_end=max(patch_size, pooled_patch_size * (self.n_pooled > 0)) > 1,
        )
        n_forward = hidden_size or (math.ceil(n_last / 2) if bidirectional else n_last)
        n_backward = (hidden_size or n_last // 2) if bidirectional else 0
        self.n_forward = n_forward  # cells of the wider direction
        self.n_cells = n_forward + n_backward
        width = _patch_width(self.reader.n_values + self.reader.n_scales, patch_size)
        widths = [width] + [self.n_cells] * (num_layers - 1)
        self.layers = nn.ModuleList(
            RecurrentLayer(width, n_forward, n_backward, cell) for width in widths
        )
        self.dropout = nn.Dropout(dropout)
        self.to_vector = (
            nn.Identity() if hidden_size is None else nn.Linear(self.n_cells, n_last)
        )
        readings = POOLED_READINGS if self.n_pooled else ()
        self.pooled_layers = nn.ModuleList(
            RecurrentLayer(
                _patch_width(getattr(self.reader, f"n_{reading}"), pooled_patch_size),
                self.n_pooled_cells,
                self.n_pooled_cells * bidirectional,
                cell,
            )
            for reading in readings
        )
        self.scaling = VectorScaling(n_components) if vector_scaling else None

    def layout(self, numeric, lengths):
        """Say which patches of a batch are computed, as a :class:`Layout`."""
        return _layout(numeric, lengths, self.patch_size, self.n_cells)

    def forward(self, numeric, categories, lengths, layout=None):
        """Encode a batch.

        Parameters
        ----------
        numeric : float32 tensor of shape (N, L, F)
            Scaled values, NaN where missing. What stands after a sequence's end is
            not read.
        categories : int64 tensor of shape (N, L, K)
            Vocabulary indices of the categorical features. K is 0 for an encoder of
            numeric features.
        lengths : int64 tensor of shape (N,)
            Number of time steps of each sequence, at least 1.
        layout : Layout, default=None
            What :meth:`layout` gives for this batch, if it is there already.

        Returns
        -------
        float32 tensor of shape (N, C)
            The vectors.
        """
        states = self.states(numeric, categories, lengths, layout)
        return states if self.scaling is None else self.scaling(states)

    def states(self, numeric, categories, lengths, layout=None):
        """Encode a batch, as :meth:`forward` does, without the scaling of vectors."""
        if categories.shape[-1]:
            raise ValueError(
                f"categories has {categories.shape[-1]} features, but this encoder "
                "was fitted on numeric features alone. Pass shape (N, L, 0)."
            )
        layout = layout or self.layout(numeric, lengths)
        readings = self.reader(numeric, lengths)
        states = [self._last_states(readings, layout)]
        if self.n_pooled:
            layout = _layout(
                numeric, lengths, self.pooled_patch_size, self.n_pooled_cells
            )
            for reading, layer in zip(POOLED_READINGS, self.pooled_layers, strict=True):
                patches = to_patches(
                    getattr(readings, reading),
                    readings.ended,
                    self.pooled_patch_size,
                    repeat=reading == "values",
                )
                for direction in layer(layout.lay(patches), layout):
                    states.append(layout.pool(direction, self.pooling).flatten(1))
        return states[0] if len(states) == 1 else torch.cat(states, dim=1)

    def _last_states(self, readings, layout):
        """States of all directions at their last patch, led to their share (N, ·)."""
        x = readings.values
        if readings.scales is not None:
            scales = readings.scales[:, None].expand(-1, x.shape[1], -1)
            x = torch.cat([x, scales], dim=2)
        x = layout.lay(to_patches(x, readings.ended, self.patch_size))  # (R, D)
        states = self.layers[0](x, layout)  # one or two of (R, ·)
        for layer in self.layers[1:]:
            x = torch.cat([states[0], *map(layout.turn, states[1:])], dim=1)
            states = layer(self.dropout(x), layout)
        last = [layout.last(s) for s in states]
        return self.to_vector(last[0] if len(last) == 1 else torch.cat(last, dim=1))


def _patch_width(n_numbers, patch_size):
    """Numbers of a patch; with several steps, one more each says if it has ended."""
    return (n_numbers + (patch_size > 1)) * patch_size


def _layout(numeric, lengths, patch_size, n_cells):
    n_patches = -(-numeric.shape[1] // patch_size)
    return Layout(-(-lengths // patch_size), n_patches, n_cells)

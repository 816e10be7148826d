"""The encoder: from the steps of a sequence to a vector.

Axes as in `_network/encoder_decoder.py`.
"""

import math

import torch
from torch import nn

from sklearn_seqembed._network.embedding import CategoryEmbedding
from sklearn_seqembed._network.layout import Layout
from sklearn_seqembed._network.reader import Reader, patch_width, to_patches
from sklearn_seqembed._network.recurrent import RecurrentLayer
from sklearn_seqembed._network.reservoir import Reservoir
from sklearn_seqembed._network.vector import VectorProjection


class Encoder(nn.Module):
    """Read padded sequences, give one vector each.

    Missing values are filled with the feature's last observed value in the sequence
    (the next one where none came before, 0 where there is none at all). Nothing after a
    sequence's end can reach its vector.

    The vector joins two kinds of states: those of both directions of cells at their
    last patch, which tell what comes where and are all that is decoded, and pooled ones
    (:class:`Reservoir`), which tell what comes anywhere.

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
    reservoir_fraction : float, default=0.0
        Share of the vector that pooled states make up, at most.
    reservoir_size, reservoir_patch_size : int, default=1
        `n_cells` and `patch_size` of :class:`Reservoir`.
    pooling : tuple of str, default=()
        As of :class:`Reservoir`.
    vector_scaling : {"balanced", None}, default=None
        Whether :class:`VectorProjection` balances the numbers.
    n_classes : tuple of int, default=()
        Number of classes of each categorical feature.
    relative : tuple of int, default=()
        As of :class:`Reader`.
    reverse : bool, default=False
        Let the forward direction read from the end to the start, as Sutskever et al.
        (2014) do, by patches: what comes first is then read last.
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
        reservoir_fraction=0.0,
        reservoir_size=1,
        reservoir_patch_size=1,
        pooling=(),
        vector_scaling=None,
        n_classes=(),
        relative=(),
        reverse=False,
    ):
        super().__init__()
        self.patch_size = patch_size
        self.reverse = reverse
        self.embedding = CategoryEmbedding(n_classes)
        n_pooled = min(int(n_components * reservoir_fraction + 1e-9), n_components - 1)
        self.reader = Reader(
            n_features,
            missing_indicator=missing_indicator,
            instance_norm=instance_norm,
            repeat_end=patch_size > 1 or (n_pooled and reservoir_patch_size > 1),
            relative=relative,
        )
        self.reservoir = None
        if n_pooled:
            self.reservoir = Reservoir(
                self.reader,
                reservoir_size,
                bidirectional=bidirectional,
                cell=cell,
                patch_size=reservoir_patch_size,
                pooling=pooling,
                n_classes=n_classes,
            )
        n_states = self.reservoir.n_states if n_pooled else 0
        n_pooled = min(n_pooled, n_states)
        n_last = n_components - n_pooled
        balanced = vector_scaling == "balanced"
        self.projection = VectorProjection(
            n_last, n_states, n_pooled, balanced=balanced
        )
        n_forward = hidden_size or (math.ceil(n_last / 2) if bidirectional else n_last)
        n_backward = (hidden_size or n_last // 2) if bidirectional else 0
        self.n_forward = n_forward  # cells of the wider direction
        self.n_cells = n_forward + n_backward
        n_numbers = self.reader.n_values + self.reader.n_scales + self.embedding.width
        width = patch_width(n_numbers, patch_size)
        widths = [width] + [self.n_cells] * (num_layers - 1)
        self.layers = nn.ModuleList(
            RecurrentLayer(width, n_forward, n_backward, cell) for width in widths
        )
        self.dropout = nn.Dropout(dropout)
        self.to_vector = (
            nn.Identity() if hidden_size is None else nn.Linear(self.n_cells, n_last)
        )

    def layout(self, numeric, lengths):
        """Say which patches of a batch are computed, as a :class:`Layout`."""
        return _layout(numeric, lengths, self.patch_size, self.n_cells)

    def forward(self, numeric, categories, lengths):
        """Encode a batch.

        Parameters
        ----------
        numeric : float32 tensor of shape (N, L, F)
            Scaled values, NaN where missing. What stands after a sequence's end is
            not read.
        categories : int64 tensor of shape (N, L, K)
            Indices of the categorical features' categories: 0 is missing, 1 the most
            frequent one. What stands after a sequence's end is not read.
        lengths : int64 tensor of shape (N,)
            Number of time steps of each sequence, at least 1.

        Returns
        -------
        float32 tensor of shape (N, C)
            The vectors.
        """
        return self.projection(*self.states(numeric, categories, lengths))

    def states(self, numeric, categories, lengths):
        """Encode a batch; return last states (N, ·), and pooled ones (N, ·) or None."""
        last = self.final_states(numeric, categories, lengths)
        if self.reservoir is None:
            return last, None
        embedded = _embed(self.reservoir.embedding, categories, lengths)
        readings = self.reader(numeric, lengths, embedded, differences=True)
        layout = _layout(
            numeric, lengths, self.reservoir.patch_size, self.reservoir.n_cells
        )
        return last, self.reservoir(readings, layout)

    def final_states(self, numeric, categories, lengths, layout=None):
        """Encode a batch as far as the decoder needs it.

        Parameters
        ----------
        numeric, categories, lengths
            As of :meth:`forward`.
        layout : Layout, default=None
            What :meth:`layout` gives for this batch, if it is there already.

        Returns
        -------
        float32 tensor of shape (N, n_last)
            States of all directions at their last patch, led to their share.
        """
        if categories.shape[-1] != len(self.embedding.tables):
            raise ValueError(
                f"categories has {categories.shape[-1]} features, but this encoder "
                f"was fitted on {len(self.embedding.tables)} categorical ones. Pass "
                f"shape (N, L, {len(self.embedding.tables)})."
            )
        layout = layout or self.layout(numeric, lengths)
        embedded = _embed(self.embedding, categories, lengths)
        readings = self.reader(numeric, lengths, embedded)
        x = readings.values
        if readings.scales is not None:
            scales = readings.scales[:, None].expand(-1, x.shape[1], -1)
            x = torch.cat([x, scales], dim=2)
        x = layout.lay(to_patches(x, readings.ended, self.patch_size))  # (R, D)
        x = layout.turn(x) if self.reverse else x
        states = self.layers[0](x, layout)  # one or two of (R, ·)
        for layer in self.layers[1:]:
            x = torch.cat([states[0], *map(layout.turn, states[1:])], dim=1)
            states = layer(self.dropout(x), layout)
        last = [layout.last(s) for s in states]
        return self.to_vector(last[0] if len(last) == 1 else torch.cat(last, dim=1))


def _embed(embedding, categories, lengths):
    """Embed what stands before the end of each sequence: (N, L, ·), or None."""
    if not embedding.width:
        return None
    ended = torch.arange(categories.shape[1], device=lengths.device) >= lengths[:, None]
    return embedding(categories.masked_fill(ended[:, :, None], 0))


def _layout(numeric, lengths, patch_size, n_cells):
    n_patches = -(-numeric.shape[1] // patch_size)
    return Layout(-(-lengths // patch_size), n_patches, n_cells)

"""The network: an encoder, the decoders, and the two together.

Axes: N sequences of a batch, L time steps of the longest of them, F numeric features,
K categorical features, P patches (steps that enter together), D numbers that enter a
patch, H memory cells (forward and backward together), C components of the vector.
Batches come and go as (N, L, ·). Between the two, all patches that are computed stand
one below the other, R rows: see :class:`Layout`.

References
----------
.. [1] Cho, K. et al. (2014). Learning Phrase Representations using RNN
       Encoder-Decoder for Statistical Machine Translation. arXiv:1406.1078.
.. [2] Sutskever, I., Vinyals, O. and Le, Q. V. (2014). Sequence to Sequence Learning
       with Neural Networks. arXiv:1409.3215.
.. [3] Srivastava, N., Mansimov, E. and Salakhutdinov, R. (2015). Unsupervised Learning
       of Video Representations using LSTMs. arXiv:1502.04681.
.. [4] Lin, S. et al. (2023). SegRNN: Segment Recurrent Neural Network for Long-Term
       Time Series Forecasting. arXiv:2308.11200.
"""

import math

import torch
from torch import nn

from sklearn_seqembed._layout import Layout
from sklearn_seqembed._patches import to_patches

CELLS = {"lstm": nn.LSTM, "gru": nn.GRU}

# Periods, in patches, of the sine and cosine pairs that tell the decoder where it is:
# 4, 8, ... 8192. The longest leaves 8192 patches apart, and more are counted by cells.
POSITION_PERIODS = 2.0 ** torch.arange(2, 14)


class Encoder(nn.Module):
    """Read padded sequences, give one vector each.

    Missing values are filled with the feature's last observed value in the sequence
    (the next one where none came before, 0 where there is none at all). The states of
    both directions at their last patch make the vector, so that nothing after a
    sequence's end can reach it.

    Parameters
    ----------
    n_features : int
        Number of numeric features F.
    n_components : int
        Length C of the vector. Without `hidden_size` the number of cells: ceil(C / 2)
        forward, the rest backward.
    hidden_size : int, default=None
        Cells a layer and direction; a linear layer then leads to the vector.
    num_layers : int, default=1
        Stacked recurrent layers.
    bidirectional : bool, default=True
        Read each sequence backward too.
    dropout : float, default=0.0
        Probability of zeroing a value between layers.
    cell : {"lstm", "gru"}, default="lstm"
        Kind of memory cell.
    patch_size : int, default=1
        Time steps that enter together.
    missing_indicator : bool, default=False
        Feed beside each value whether it was missing.
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
    ):
        super().__init__()
        self.patch_size = patch_size
        self.missing_indicator = missing_indicator
        n_forward = hidden_size or (
            math.ceil(n_components / 2) if bidirectional else n_components
        )
        n_backward = (hidden_size or n_components // 2) if bidirectional else 0
        self.n_forward = n_forward  # cells of the wider direction
        self.n_cells = n_forward + n_backward
        # With patches, one more input a step says whether the sequence has ended.
        width = n_features * (1 + missing_indicator) + (patch_size > 1)
        widths = [width * patch_size] + [self.n_cells] * (num_layers - 1)
        self.layers = nn.ModuleList(
            RecurrentLayer(width, n_forward, n_backward, cell) for width in widths
        )
        self.dropout = nn.Dropout(dropout)
        self.to_vector = (
            nn.Identity()
            if hidden_size is None
            else nn.Linear(self.n_cells, n_components)
        )

    def layout(self, numeric, lengths):
        """Say which patches of a batch are computed, as a :class:`Layout`."""
        n_patches = -(-numeric.shape[1] // self.patch_size)
        return Layout(-(-lengths // self.patch_size), n_patches, self.n_cells)

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
        if categories.shape[-1]:
            raise ValueError(
                f"categories has {categories.shape[-1]} features, but this encoder "
                "was fitted on numeric features alone. Pass shape (N, L, 0)."
            )
        layout = layout or self.layout(numeric, lengths)
        patches = to_patches(numeric, lengths, self.patch_size, self.missing_indicator)
        x = layout.lay(patches)  # (R, D)
        states = self.layers[0](x, layout)  # one or two of (R, ·)
        for layer in self.layers[1:]:
            x = torch.cat([states[0], *map(layout.turn, states[1:])], dim=1)
            states = layer(self.dropout(x), layout)
        last = [layout.last(s) for s in states]
        return self.to_vector(last[0] if len(last) == 1 else torch.cat(last, dim=1))


class RecurrentLayer(nn.Module):
    """One layer of cells that reads forward and, with `n_backward`, backward.

    The two directions are dense calls: those take the fused route of oneDNN and cuDNN,
    packed sequences do not (pytorch issue 149194). Patches come first, then sequences:
    the order of these routes, which copy any other.

    Parameters
    ----------
    width : int
        Numbers that enter a patch.
    n_forward : int
        Cells of the forward direction.
    n_backward : int
        Cells of the backward direction, 0 for none.
    cell : {"lstm", "gru"}
        Kind of memory cell.
    """

    def __init__(self, width, n_forward, n_backward, cell):
        super().__init__()
        self.forward_cells = _recurrent(cell, width, n_forward)
        self.backward_cells = (
            _recurrent(cell, width, n_backward) if n_backward else None
        )

    def forward(self, x, layout):
        """Return the states (R, ·) of each direction, in its reading order."""
        states = [layout.run(self.forward_cells, x)]
        if self.backward_cells is not None:
            states.append(layout.run(self.backward_cells, layout.turn(x)))
        return states


class Decoder(nn.Module):
    """Play vectors back as sequences, in one call, without feedback.

    Parameters
    ----------
    n_features : int
        Number of numeric features F.
    n_components : int
        Length C of the vector.
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
        What enters at each patch: the vector, or the vector beside its position. With
        the position the vector also sets the start state.
    """

    def __init__(
        self,
        n_features,
        n_components,
        hidden_size,
        *,
        num_layers=1,
        dropout=0.0,
        cell="lstm",
        patch_size=1,
        inputs="vector_position",
    ):
        super().__init__()
        self.patch_size = patch_size
        self.n_features = n_features
        self.positions = inputs == "vector_position"
        width = n_components + 2 * len(POSITION_PERIODS) * self.positions
        self.cells = _recurrent(
            cell, width, hidden_size, num_layers=num_layers, dropout=dropout
        )
        if self.positions:
            n_states = 2 if cell == "lstm" else 1
            self.start = nn.Linear(n_components, n_states * num_layers * hidden_size)
        # Each step leaves F values and the logit of being the last.
        self.output = nn.Linear(hidden_size, patch_size * (n_features + 1))

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
        values : float32 tensor of shape (N, n_steps, F)
            Values in scaled units.
        ends : float32 tensor of shape (N, n_steps)
            Logit that the sequence ends with this step, given that it has come so far.
        """
        n_patches = -(-n_steps // self.patch_size)
        layout = layout or self._layout(vectors, n_patches, lengths)
        x = layout.repeat(vectors)  # (R, C)
        start = None
        if self.positions:
            positions = layout.at_each_patch(_positions(n_patches, vectors))
            x = torch.cat([x, positions], dim=1)  # (R, D)
            start = self._start(vectors)
        states = layout.run(self.cells, x, start)  # (R, H)
        patches = layout.spread(self.output(states), n_patches)
        steps = patches.reshape(len(vectors), -1, self.n_features + 1)
        steps = steps[:, :n_steps]  # (N, n_steps, F + 1)
        return steps[:, :, :-1], steps[:, :, -1]

    def _layout(self, vectors, n_patches, lengths):
        if lengths is None:
            counts = torch.full((len(vectors),), n_patches, device=vectors.device)
        else:
            counts = -(-lengths // self.patch_size)
        return Layout(counts, n_patches, self.cells.hidden_size)

    def _start(self, vectors):
        layers = self.cells.num_layers, self.cells.hidden_size
        states = self.start(vectors).reshape(len(vectors), -1, *layers)
        states = [state.transpose(0, 1).contiguous() for state in states.unbind(1)]
        return tuple(states) if len(states) == 2 else states[0]


class EncoderDecoder(nn.Module):
    """An encoder, and one decoder for each part of the objective.

    Parameters
    ----------
    n_features : int
        Number of numeric features F.
    n_components : int
        Length C of the vector.
    parts : tuple of {"reconstruction", "forecast"}
        What is decoded from the vector: the steps that were read, the steps that come
        after them [3]_, or both.
    hidden_size, num_layers, bidirectional, dropout, cell, patch_size
        As of :class:`Encoder`. The decoder has as many cells as the encoder.
    missing_indicator : bool, default=False
        As of :class:`Encoder`.
    decoder_inputs : {"vector", "vector_position"}, default="vector_position"
        `inputs` of :class:`Decoder`.
    """

    def __init__(
        self,
        n_features,
        n_components,
        parts=("reconstruction",),
        *,
        hidden_size=None,
        num_layers=1,
        bidirectional=True,
        dropout=0.0,
        cell="lstm",
        patch_size=1,
        missing_indicator=False,
        decoder_inputs="vector_position",
    ):
        super().__init__()
        shared = {
            "num_layers": num_layers,
            "dropout": dropout,
            "cell": cell,
            "patch_size": patch_size,
        }
        self.encoder = Encoder(
            n_features,
            n_components,
            hidden_size=hidden_size,
            bidirectional=bidirectional,
            missing_indicator=missing_indicator,
            **shared,
        )
        n_cells = self.encoder.n_cells
        self.decoders = nn.ModuleDict(
            {
                part: Decoder(
                    n_features, n_components, n_cells, inputs=decoder_inputs, **shared
                )
                for part in parts
            }
        )
        cells = (m for m in self.modules() if isinstance(m, nn.RNNBase))
        # Numbers that all cells of all layers together hold at a time.
        self.n_states = sum(m.hidden_size * m.num_layers for m in cells)

    def forward(self, numeric, categories, lengths, horizons):
        """Encode a batch and decode each part from its vectors.

        Parameters
        ----------
        numeric, categories, lengths
            As of :meth:`Encoder.forward`.
        horizons : int64 tensor of shape (N,)
            Number of steps to forecast, read only where "forecast" is a part. On the
            CPU: the longest is looked at here.

        Returns
        -------
        dict of str to (values, ends)
            What :meth:`Decoder.forward` gives, by part.
        """
        layout = self.encoder.layout(numeric, lengths)
        vectors = self.encoder(numeric, categories, lengths, layout)  # (N, C)
        outputs = {}
        for part, decoder in self.decoders.items():
            if part == "reconstruction":
                n_steps = numeric.shape[1]
                outputs[part] = decoder(vectors, n_steps, lengths, layout)
            else:
                outputs[part] = decoder(vectors, max(1, int(horizons.max())))
        return outputs


def _recurrent(cell, width, n_cells, *, num_layers=1, dropout=0.0):
    """Build recurrent layers that start as Keras starts them.

    Input weights are Xavier-uniform, recurrent weights orthogonal a gate, biases 0 and
    the forget gate's 1: torch's own start is the same small range for all of them.
    """
    # torch warns about dropout that has no second layer to stand before.
    dropout = dropout if num_layers > 1 else 0.0
    cells = CELLS[cell](width, n_cells, num_layers, dropout=dropout)
    for name, weights in cells.named_parameters():
        if name.startswith("weight_ih"):
            for gate in weights.data.split(n_cells):
                nn.init.xavier_uniform_(gate)
        elif name.startswith("weight_hh"):
            for gate in weights.data.split(n_cells):
                nn.init.orthogonal_(gate)
        else:
            nn.init.zeros_(weights)
            if cell == "lstm" and name.startswith("bias_ih"):
                nn.init.ones_(weights.data[n_cells : 2 * n_cells])  # gates i, f, g, o
    return cells


def _positions(n_patches, like):
    """Sines and cosines of the position of each patch, shape (P, D)."""
    steps = torch.arange(n_patches, device=like.device, dtype=torch.float32)
    angles = steps[:, None] * (2 * math.pi / POSITION_PERIODS.to(like.device))
    return torch.cat([angles.sin(), angles.cos()], dim=1).to(like.dtype)

"""The parallel decoder: it computes all time steps at once, without feedback.

References
----------
.. [1] Vaswani, A. et al. (2017). Attention Is All You Need. arXiv:1706.03762.
       (Sine and cosine pairs as positions.)
.. [2] Lin, S. et al. (2023). SegRNN: Segment Recurrent Neural Network for Long-Term
       Time Series Forecasting. arXiv:2308.11200.
"""

import math
from typing import NamedTuple

import torch
from torch import nn

from sklearn_seqembed._network.dropout import Dropout
from sklearn_seqembed._network.heads import CategoryHeads
from sklearn_seqembed._network.initial import build_linear, zero_weights
from sklearn_seqembed._network.layout import Layout
from sklearn_seqembed._network.patches import count_patches
from sklearn_seqembed._network.recurrent import (
    InitialState,
    build_recurrent,
    step_from_each,
)

# Periods, in patches, of the sine and cosine pairs [1]_ that encode a position: 4, 8,
# ..., 8192. Positions are distinct up to the longest period, which is more than the
# 1000 patches that automatic patch sizes allow. Other periods were not tried.
POSITION_PERIODS = 2.0 ** torch.arange(2, 14)


class DecoderOutput(NamedTuple):
    """Output of a decoder at each time step.

    Attributes
    ----------
    values : float32 tensor of shape (N, L, F)
        Values of numeric features, in scaled units.
    ends : float32 tensor of shape (N, L)
        Logit that the sequence ends with this step, given that it has not ended before.
    logits : float32 tensor of shape (N, L, ·)
        Input of the decoder's :class:`CategoryHeads`.
    """

    values: torch.Tensor
    ends: torch.Tensor
    logits: torch.Tensor


class Decoder(nn.Module):
    """Decode vectors into sequences, all time steps in one call.

    Parameters
    ----------
    n_features : int
        Number of numeric features F.
    projection : VectorProjection
        Projection of the encoder, which recovers final states from vectors. Only the
        encoder registers it as a submodule.
    hidden_size : int
        Number H of cells per layer.
    inverts : Encoder, default=None
        Encoder with a linear map that is inverted, with whose result that of the cells
        is combined. It is not registered as a submodule.
    num_layers : int, default=1
        Number of stacked recurrent layers.
    dropout : float, default=0.0
        Probability of zeroing a value between layers.
    cell : {"lstm", "gru"}, default="lstm"
        Type of cell.
    patch_size : int, default=1
        Time steps in a patch.
    output_dropout : float, default=0.0
        Probability of zeroing a state before the output layer.
    inputs : {"vector", "vector_position", "position"}, default="vector_position"
        What the cells read for each patch: the final states, or the final states and
        the position of the patch. With positions, the final states also determine the
        initial state. With "position" they determine only that, and each patch is
        decoded by a single step from it [2]_.
    n_classes : tuple of int, default=()
        Number of classes of each categorical feature.
    """

    def __init__(
        self,
        n_features,
        projection,
        hidden_size,
        *,
        inverts=None,
        num_layers=1,
        dropout=0.0,
        output_dropout=0.0,
        cell="lstm",
        patch_size=1,
        inputs="vector_position",
        n_classes=(),
    ):
        super().__init__()
        self.patch_size, self.n_features = patch_size, n_features
        # This avoids registering a submodule, so that the state_dict of the network has
        # its weights only once. Copies of the network still share it.
        object.__setattr__(self, "projection", projection)
        object.__setattr__(self, "inverts", inverts)
        self.has_positions = inputs != "vector"
        self.is_stepwise = inputs != "position"
        n_inputs = projection.n_final * self.is_stepwise
        n_inputs += 2 * len(POSITION_PERIODS) * self.has_positions
        self.cells = build_recurrent(
            cell, n_inputs, hidden_size, num_layers=num_layers, dropout=dropout
        )
        if self.has_positions:
            self.initial_state = InitialState(projection.n_final, cell, self.cells)
        self.output_dropout = Dropout(output_dropout)
        self.heads = CategoryHeads(n_classes)
        # Output of a step: F values, logits of categories, and the logit of the end.
        self.width = n_features + self.heads.width + 1
        self.output = build_linear(hidden_size, patch_size * self.width)
        if inverts is not None and inverts.linear.is_corrected:
            zero_weights(self.output)

    def forward(self, vectors, n_steps, lengths=None):
        """Decode `n_steps` time steps from each vector.

        Parameters
        ----------
        vectors : float32 tensor of shape (N, C)
            The vectors.
        n_steps : int
            Number of time steps to decode.
        lengths : int64 tensor of shape (N,), default=None
            Number of time steps that are needed of each sequence, at most `n_steps`.
            The output at later steps is arbitrary. None if all are needed.

        Returns
        -------
        DecoderOutput
            Output at `n_steps` time steps.
        """
        return self.decode_states(
            self.projection.final_states(vectors), n_steps, lengths
        )

    def decode_states(self, final_states, n_steps, lengths=None, layout=None):
        """Decode `n_steps` time steps from final states.

        Parameters
        ----------
        final_states : float32 tensor of shape (N, n_final)
            Final states of the encoder.
        n_steps, lengths
            As for :meth:`forward`.
        layout : Layout, default=None
            Layout of the batch in an encoder with the same number of cells and the same
            patch size.

        Returns
        -------
        DecoderOutput
            Output at `n_steps` time steps.
        """
        if self.inverts is None:
            return self._run_cells(final_states, n_steps, lengths, layout)
        values, ends = self.inverts.linear.decode(final_states, lengths, n_steps)
        if self.inverts.skips_cells:
            return DecoderOutput(values, ends, values[:, :, :0])
        if not self.inverts.linear.is_corrected:
            # The cells decode what the cells of the encoder have read.
            is_fixed = self.inverts.linear.is_fixed
            final_states = final_states.masked_fill(is_fixed, 0.0)
        found = self._run_cells(final_states, n_steps, lengths, layout)
        values = self.inverts.linear.combine(values, found.values)
        return DecoderOutput(values, ends + found.ends, found.logits)

    def _run_cells(self, final_states, n_steps, lengths, layout):
        """Decode by the cells alone."""
        n_patches = count_patches(n_steps, self.patch_size)
        if not self.is_stepwise:
            positions = encode_positions(n_patches, final_states)  # (P, ·)
            initial = self.initial_state(final_states)
            states = step_from_each(self.cells, positions, initial)  # (N, P, H)
            return self._make_output(states, n_steps)
        layout = layout or self._make_layout(final_states, n_steps, lengths)
        x = layout.repeat_vectors(final_states)  # (R, n_final)
        initial = None
        if self.has_positions:
            positions = encode_positions(n_patches, final_states)  # (P, ·)
            x = torch.cat([x, layout.repeat_positions(positions)], dim=1)  # (R, D)
            initial = self.initial_state(final_states)
        states = layout.run(self.cells, x, initial)  # (R, H)
        return self._make_output(states, n_steps, layout)

    def _make_output(self, states, n_steps, layout=None):
        """Compute the output from states, (R, H) with a layout, otherwise (N, P, H)."""
        n_patches = count_patches(n_steps, self.patch_size)
        patches = self.output(self.output_dropout(states))
        if layout is not None:
            patches = layout.unflatten(patches, n_patches)
        shape = n_patches * self.patch_size, self.width
        steps = patches.flatten(1).unflatten(1, shape)  # from (N, P, ·)
        steps = steps[:, :n_steps]  # (N, n_steps, F + · + 1)
        n_values = self.n_features
        return DecoderOutput(
            steps[:, :, :n_values], steps[:, :, -1], steps[:, :, n_values:-1]
        )

    def _make_layout(self, final_states, n_steps, lengths):
        if lengths is None:
            lengths = torch.full(
                (final_states.shape[0],), n_steps, device=final_states.device
            )
        return Layout.of_steps(
            lengths, n_steps, self.patch_size, self.cells.hidden_size
        )


def encode_positions(n_patches, like):
    """Return sines and cosines of each patch's position [1]_, shape (P, ·)."""
    steps = torch.arange(n_patches, device=like.device, dtype=torch.float32)
    angles = steps[:, None] * (2 * math.pi / POSITION_PERIODS.to(like.device))
    return torch.cat([angles.sin(), angles.cos()], dim=1).to(like.dtype)

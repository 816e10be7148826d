"""The encoder: from the time steps of a sequence to its vector.

References
----------
.. [1] Sutskever, I., Vinyals, O. and Le, Q. V. (2014). Sequence to Sequence Learning
       with Neural Networks. arXiv:1409.3215.
"""

import torch
from torch import nn

from sklearn_seqembed._network.categories import CategoryEmbedding
from sklearn_seqembed._network.dropout import Dropout
from sklearn_seqembed._network.initial import build_linear
from sklearn_seqembed._network.layout import Layout
from sklearn_seqembed._network.patches import count_patch_inputs, join_steps
from sklearn_seqembed._network.reader import InputReader
from sklearn_seqembed._network.recurrent import RecurrentLayer
from sklearn_seqembed._network.reservoir import Reservoir
from sklearn_seqembed._network.vector import VectorProjection


class Encoder(nn.Module):
    """Encode each sequence of a padded batch as one vector.

    A vector has two parts. The final states of trained cells reflect the order of
    values, and are all that a decoder needs. The features of a :class:`Reservoir`
    reflect values that occur anywhere in the sequence. Padding does not affect either.

    A missing value is replaced by the last observed value of its feature in the
    sequence. If there is none before it, it is replaced by the next one, or by 0 if the
    feature is never observed.

    Parameters
    ----------
    n_features : int
        Number of numeric features F.
    n_components : int
        Length C of the vector.
    hidden_size : int, default=None
        Cells per layer and direction. A linear layer then maps their last states to the
        final states. With None there is no linear layer, and each final state comes
        from one cell: half of the cells, rounded up, read forward, the others backward.
    num_layers : int, default=1
        Number of stacked recurrent layers, not counting the reservoir.
    bidirectional : bool, default=True
        Also read each sequence backward.
    dropout : float, default=0.0
        Probability of zeroing a value between layers.
    cell : {"lstm", "gru"}, default="lstm"
        Type of cell.
    patch_size : int, default=1
        Time steps in a patch.
    missing_indicator, instance_norm : bool, default=False
        Passed to :class:`InputReader`.
    reservoir_fraction : float, default=0.0
        Fraction of the components that are taken from the reservoir, rounded down. At
        least one component is a final state.
    reservoir_size, reservoir_patch_size : int, default=1
        Passed to :class:`Reservoir` as `n_cells` and `patch_size`.
    vector_scaling : {"balanced", None}, default=None
        Whether :class:`VectorProjection` balances the components.
    n_classes : tuple of int, default=()
        Number of classes of each categorical feature.
    reverse : bool, default=False
        Reverse the order of the patches of each sequence, so that the forward direction
        reads the start of the sequence last [1]_.
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
        vector_scaling=None,
        n_classes=(),
        reverse=False,
    ):
        super().__init__()
        self.patch_size, self.reverse = patch_size, reverse
        self.embedding = CategoryEmbedding(n_classes)
        # 1e-9 compensates for rounding: .29 * 100 is slightly less than 29.
        n_reservoir = int(n_components * reservoir_fraction + 1e-9)
        n_reservoir = min(n_reservoir, n_components - 1)
        largest_patch = max(patch_size, reservoir_patch_size if n_reservoir else 1)
        self.reader = InputReader(
            n_features,
            missing_indicator=missing_indicator,
            instance_norm=instance_norm,
            repeat_last=largest_patch > 1,
        )
        self.reservoir, n_outputs = None, 0
        if n_reservoir:
            self.reservoir = Reservoir(
                self.reader,
                reservoir_size,
                bidirectional=bidirectional,
                cell=cell,
                patch_size=reservoir_patch_size,
                n_classes=n_classes,
            )
            n_outputs = self.reservoir.n_outputs
        n_reservoir = min(n_reservoir, n_outputs)
        n_final = n_components - n_reservoir
        self.projection = VectorProjection(
            n_final, n_outputs, n_reservoir, balanced=vector_scaling == "balanced"
        )
        # Without hidden_size, each trained cell yields one final state.
        n_forward = hidden_size or (n_final - n_final // 2 * bidirectional)
        n_backward = (hidden_size or n_final // 2) * bidirectional
        self.n_forward, self.n_cells = n_forward, n_forward + n_backward
        n_step_inputs = (
            self.reader.n_values + self.reader.n_log_scales + self.embedding.width
        )
        n_inputs = count_patch_inputs(n_step_inputs, patch_size)
        self.layers = nn.ModuleList(
            RecurrentLayer(n, n_forward, n_backward, cell)
            for n in [n_inputs] + [self.n_cells] * (num_layers - 1)
        )
        self.dropout = Dropout(dropout)
        self.to_vector = nn.Identity()
        if hidden_size is not None:
            self.to_vector = build_linear(self.n_cells, n_final)

    def make_layout(self, numeric, lengths):
        """Choose which patches of a batch are computed."""
        n_steps = numeric.shape[1]
        return Layout.of_steps(lengths, n_steps, self.patch_size, self.n_cells)

    def forward(self, numeric, categories, lengths):
        """Encode a batch.

        Parameters
        ----------
        numeric : float32 tensor of shape (N, L, F)
            Scaled values, NaN where missing. Values after the end of a sequence are
            ignored.
        categories : int64 tensor of shape (N, L, K)
            Indices of categories: 0 is missing, 1 the most frequent one. Indices after
            the end of a sequence are ignored.
        lengths : int64 tensor of shape (N,)
            Number of time steps of each sequence, at least 1.

        Returns
        -------
        float32 tensor of shape (N, C)
            The vectors.
        """
        return self.projection(*self.states(numeric, categories, lengths))

    def states(self, numeric, categories, lengths):
        """Compute everything that :attr:`projection` combines.

        Parameters
        ----------
        numeric, categories, lengths
            As for :meth:`forward`.

        Returns
        -------
        final_states : float32 tensor of shape (N, n_final)
            Final states of the trained cells.
        features : float32 tensor of shape (N, n_outputs) or None
            Features of the reservoir, if there is one.
        """
        final_states = self.final_states(numeric, categories, lengths)
        if self.reservoir is None:
            return final_states, None
        embedded = _embed(self.reservoir.embedding, categories, lengths)
        inputs = self.reader(numeric, lengths, embedded, with_differences=True)
        layout = Layout.of_steps(
            lengths, numeric.shape[1], self.reservoir.patch_size, self.reservoir.n_cells
        )
        return final_states, self.reservoir(inputs, layout)

    def final_states(self, numeric, categories, lengths, layout=None):
        """Compute the part of the vectors that a decoder needs.

        Parameters
        ----------
        numeric, categories, lengths
            As for :meth:`forward`.
        layout : Layout, default=None
            Result of :meth:`make_layout` for this batch, if the caller has it already.

        Returns
        -------
        float32 tensor of shape (N, n_final)
            Final states of all directions, after the linear layer if there is one.
        """
        n_categorical = len(self.embedding.n_classes)
        if categories.shape[-1] != n_categorical:
            raise ValueError(
                f"categories has shape {tuple(categories.shape)}, expected (N, L, "
                f"{n_categorical}): one code per time step and categorical feature."
            )
        layout = layout or self.make_layout(numeric, lengths)
        embedded = _embed(self.embedding, categories, lengths)
        inputs = self.reader(numeric, lengths, embedded)
        x = inputs.values  # (N, L, ·)
        if inputs.log_scales is not None:
            log_scales = inputs.log_scales[:, None].expand(-1, x.shape[1], -1)
            x = torch.cat([x, log_scales], dim=2)  # (N, L, ·)
        x = join_steps(x, inputs.is_padding, self.patch_size)  # (N, P, D)
        x = layout.flatten(x)  # (R, D)
        x = layout.reverse(x) if self.reverse else x
        states = self.layers[0](x, layout)  # (R, H) of each direction
        for layer in self.layers[1:]:
            # The next layer reads both directions in order of time.
            x = torch.cat(
                [states[0], *map(layout.reverse, states[1:])], dim=1
            )  # (R, H)
            states = layer(self.dropout(x), layout)
        last = torch.cat([layout.take_last(x) for x in states], dim=1)  # (N, H)
        return self.to_vector(last)  # (N, n_final)


def _embed(embedding, categories, lengths):
    """Embed categories, with 0 for padding: (N, L, ·), or None without categories."""
    if not embedding.width:
        return None
    steps = torch.arange(categories.shape[1], device=lengths.device)
    is_padding = steps >= lengths[:, None]
    return embedding(categories.masked_fill(is_padding[:, :, None], 0))

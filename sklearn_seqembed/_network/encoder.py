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
from sklearn_seqembed._network.initial import build_linear, zero_weights
from sklearn_seqembed._network.layout import Layout
from sklearn_seqembed._network.linear import LinearMap
from sklearn_seqembed._network.linear_forecast import LinearForecast
from sklearn_seqembed._network.nearest import NearestMean
from sklearn_seqembed._network.patches import count_patch_inputs, join_steps
from sklearn_seqembed._network.random_features import RandomFeatures
from sklearn_seqembed._network.reader import InputReader
from sklearn_seqembed._network.recurrent import RecurrentLayer
from sklearn_seqembed._network.resampling import may_hold
from sklearn_seqembed._network.tracing import is_traced
from sklearn_seqembed._network.vector import VectorProjection


class Encoder(nn.Module):
    """Encode each sequence of a padded batch as one vector.

    A vector has two parts. The final states reflect the order of values, and are all
    that a decoder needs. :class:`RandomFeatures` reflect patterns that occur anywhere
    in the sequence. Padding does not affect either.

    Final states come from trained cells. With a :class:`LinearMap` they are its
    components, and the cells add a correction that is 0 before training. With a
    :class:`LinearForecast`, half are its components, and the others come from the
    cells.

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
    embedding_dropout : float, default=0.0
        Probability of zeroing a value of a category that the cells read.
    cell : {"lstm", "gru"}, default="lstm"
        Type of cell.
    patch_size : int, default=1
        Time steps in a patch.
    missing_indicator, instance_norm : bool, default=False
        Passed to :class:`InputReader`.
    n_random : int, default=0
        Number of components that come from random features, less than `n_components`.
    random_options : dict, default=None
        Parameters of :class:`RandomFeatures`.
    n_points : int, default=0
        Number of points that a :class:`LinearMap` reads; 0 for none.
    forecast_shape : ForecastShape, default=None
        Sizes of a :class:`LinearForecast`; None for none.
    n_compared_points : int, default=0
        Number of points of a :class:`NearestMean`; 0 for none.
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
        embedding_dropout=0.0,
        cell="lstm",
        patch_size=1,
        missing_indicator=False,
        instance_norm=False,
        n_random=0,
        random_options=None,
        n_points=0,
        forecast_shape=None,
        n_compared_points=0,
        n_classes=(),
        reverse=False,
    ):
        super().__init__()
        self.patch_size, self.reverse = patch_size, reverse
        self.embedding = CategoryEmbedding(n_classes)
        options = random_options or {}
        patch_sizes = [patch_size, *options.get("patch_sizes", ())]
        self.reader = InputReader(
            n_features,
            missing_indicator=missing_indicator,
            instance_norm=instance_norm,
            repeat_last=max(patch_sizes) > 1,
        )
        self.random_features, n_random_features = None, 0
        if n_random:
            self.random_features = RandomFeatures(
                self.reader,
                bidirectional=bidirectional,
                cell=cell,
                n_classes=n_classes,
                **options,
            )
            n_random_features = self.random_features.n_outputs
        n_random = min(n_random, n_random_features)
        n_final = n_components - n_random
        self.linear = None
        if n_points:
            self.linear = LinearMap(n_features, n_final, n_points)
        elif forecast_shape is not None:
            self.linear = LinearForecast(n_features, n_final, forecast_shape)
        self.projection = VectorProjection(
            n_final,
            self.random_features,
            n_random,
            standardize=bool(n_random) and self.linear is None,
        )
        self.nearest_mean = None
        if n_compared_points:
            self.nearest_mean = NearestMean(n_features, n_compared_points)
        # Whether the cells have been trained; if not, a linear map does without them.
        self.register_buffer("is_trained", torch.tensor(False))
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
        self.embedding_dropout = Dropout(embedding_dropout)
        self.to_vector = nn.Identity()
        if hidden_size is not None or self.linear is not None:
            self.to_vector = build_linear(self.n_cells, n_final)
        if self.linear is not None and self.linear.is_corrected:
            zero_weights(self.to_vector)

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

    def distances(self, numeric, categories, lengths):
        """Compute how far each sequence of a batch is from the training sequences.

        Parameters
        ----------
        numeric, categories, lengths
            As for :meth:`forward`.

        Returns
        -------
        float32 tensor of shape (N, 2)
            Results of :meth:`VectorProjection.distances` and of :class:`NearestMean`,
            or 0 without one.
        """
        states = self.states(numeric, categories, lengths)
        distances = self.projection.distances(*states)
        deviations = torch.zeros_like(distances)
        if self.nearest_mean is not None:
            deviations = self.nearest_mean(numeric, lengths)
        return torch.stack([distances, deviations], dim=1)

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
            Random features, if there are any.
        """
        final_states = self.final_states(numeric, categories, lengths)
        if self.random_features is None:
            return final_states, None
        inputs = self.read_for_random_features(numeric, categories, lengths)
        return final_states, self.random_features(inputs, categories, lengths)

    def read_for_random_features(self, numeric, categories, lengths):
        """Return the inputs of :attr:`random_features` for a batch."""
        embedding = self.random_features.reservoir.embedding
        embedded = _embed(embedding, categories, lengths)
        return self.reader(numeric, lengths, embedded, for_random_features=True)

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
            Final states of all directions, after the linear layer if there is one,
            added to the components of the linear map if there is one.
        """
        n_categorical = len(self.embedding.n_classes)
        if categories.shape[-1] != n_categorical:
            raise ValueError(
                f"categories has shape {tuple(categories.shape)}, expected (N, L, "
                f"{n_categorical}): one code per time step and categorical feature."
            )
        if self.linear is not None:
            components = self.linear.encode(numeric, lengths)
            if self.skips_cells:
                return components
            found = self._run_cells(numeric, categories, lengths, layout)
            # A length is exact, and is decoded from its component.
            is_fixed = self.linear.is_fixed
            if is_traced() and not self.training:  # they could not be skipped
                is_fixed = is_fixed | ~self.is_trained
            return components + found.masked_fill(is_fixed, 0.0)
        return self._run_cells(numeric, categories, lengths, layout)

    @property
    def skips_cells(self):
        """Whether the cells are not computed, because they would add nothing."""
        if self.linear is None or self.training:
            return False
        # A copy for export has no layers if they are not trained.
        return not (len(self.layers) and may_hold(self.is_trained))

    def _run_cells(self, numeric, categories, lengths, layout):
        """Return the final states of the cells."""
        layout = layout or self.make_layout(numeric, lengths)
        embedded = _embed(self.embedding, categories, lengths)
        if embedded is not None:
            embedded = self.embedding_dropout(embedded)
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

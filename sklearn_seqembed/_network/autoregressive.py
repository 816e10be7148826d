"""The autoregressive decoder: it decodes each time step given the previous ones.

References
----------
.. [1] Cho, K. et al. (2014). Learning Phrase Representations using RNN
       Encoder-Decoder for Statistical Machine Translation. arXiv:1406.1078.
.. [2] Williams, R. J. and Zipser, D. (1989). A Learning Algorithm for Continually
       Running Fully Recurrent Neural Networks. Neural Computation 1(2). (Teacher
       forcing.)
.. [3] Bengio, S. et al. (2015). Scheduled Sampling for Sequence Prediction with
       Recurrent Neural Networks. arXiv:1506.03099.
.. [4] Duckworth, D. et al. (2019). Parallel Scheduled Sampling. arXiv:1906.04331.
"""

import torch
from torch import nn
from torch.nn import functional

from sklearn_seqembed._network.categories import CategoryEmbedding
from sklearn_seqembed._network.decoder import DecoderOutput
from sklearn_seqembed._network.dropout import Dropout
from sklearn_seqembed._network.heads import CategoryHeads
from sklearn_seqembed._network.initial import build_linear
from sklearn_seqembed._network.layout import Layout
from sklearn_seqembed._network.recurrent import InitialState, build_recurrent


class AutoregressiveDecoder(nn.Module):
    """Decode final states into sequences, one time step at a time [1]_.

    At each step the cells read the previous step and the final states. The final states
    also determine the initial state. In training, the cells read the true previous step
    (teacher forcing [2]_), so all steps are computed in one call.

    Parameters
    ----------
    n_features : int
        Number of numeric features F.
    n_final : int
        Number of final states.
    hidden_size : int
        Number H of cells per layer.
    num_layers : int, default=1
        Number of stacked recurrent layers.
    dropout : float, default=0.0
        Probability of zeroing a value: in the embeddings, between layers, and in the
        states that the output layer reads.
    cell : {"lstm", "gru"}, default="lstm"
        Type of cell.
    n_classes : tuple of int, default=()
        Number of classes of each categorical feature.
    missing_indicator : bool, default=False
        For each numeric feature of the previous step, add an indicator that is 1 if the
        value is missing.
    shared_embedding : CategoryEmbedding, default=None
        Embedding of the encoder, used for the categories of the previous step. Only the
        encoder registers it as a submodule. None builds a separate embedding.

    Attributes
    ----------
    sampling : float
        In training, the probability that a true previous step is replaced by the
        decoder's own prediction [3]_. The cells run twice: first to predict all steps,
        then to read the mixture of true and predicted steps [4]_.
    generator : torch.Generator or None
        Generator of the random numbers of `sampling`; None is torch's default.
    """

    def __init__(
        self,
        n_features,
        n_final,
        hidden_size,
        *,
        num_layers=1,
        dropout=0.0,
        cell="lstm",
        n_classes=(),
        missing_indicator=False,
        shared_embedding=None,
    ):
        super().__init__()
        self.n_features = n_features
        self.missing_indicator = missing_indicator
        self.sampling = 0.0
        if shared_embedding is None:
            self.embedding = CategoryEmbedding(n_classes)
        else:
            # This avoids registering a submodule, so that the state_dict of the network
            # has its weights only once. Copies of the network still share it.
            object.__setattr__(self, "embedding", shared_embedding)
        # One more input indicates the first step, which has no previous step.
        self.n_previous = (
            n_features * (1 + missing_indicator) + self.embedding.width + 1
        )
        n_inputs = self.n_previous + n_final
        self.cells = build_recurrent(
            cell, n_inputs, hidden_size, num_layers=num_layers, dropout=dropout
        )
        self.dropout = Dropout(dropout)
        self.generator = None
        self.initial_state = InitialState(n_final, cell, self.cells)
        self.heads = CategoryHeads(n_classes)
        # Output of a step: F values, logits of categories, and the logit of the end.
        self.width = n_features + self.heads.width + 1
        self.output = build_linear(hidden_size, self.width)

    def decode_states(self, final_states, lengths, values, classes):
        """Decode every time step given the true steps before it.

        Parameters
        ----------
        final_states : tensor of shape (N, n_final)
            Final states of the encoder.
        lengths : int64 tensor of shape (N,)
            Number of time steps of each true sequence.
        values : float32 tensor of shape (N, L, F)
            True values in scaled units, NaN where missing.
        classes : int64 tensor of shape (N, L, K)
            True classes, 0 where missing.

        Returns
        -------
        DecoderOutput
            Output at each step. The logit that the sequence ends with a step is
            computed after the cells have read that step.
        """
        output = self._decode_given(final_states, lengths, values, classes)
        if not (self.training and self.sampling):
            return output
        with torch.no_grad():
            likely = self.heads.most_likely(output.logits)  # (N, L, K)
            random = torch.rand(
                values.shape[:2], generator=self.generator, device=values.device
            )
            replaced = (random < self.sampling)[:, :, None]  # (N, L, 1)
            values = torch.where(replaced & ~values.isnan(), output.values, values)
            classes = torch.where(replaced & (classes > 0), likely, classes)
        return self._decode_given(final_states, lengths, values, classes)

    def _decode_given(self, final_states, lengths, values, classes):
        """Decode every time step given the steps before it, true or sampled."""
        n_steps = values.shape[1]
        previous = self._read(values, classes)  # (N, L, ·)
        previous = functional.pad(previous, (0, 1, 1, 0))  # (N, L + 1, n_previous)
        previous[:, 0, -1] = 1.0
        # The layout skips padding only if sequences are sorted by length.
        order = torch.argsort(lengths, descending=True, stable=True)
        layout = Layout(lengths[order] + 1, n_steps + 1, self.cells.hidden_size)
        final = final_states[order]
        previous = layout.flatten(previous[order])  # (R, n_previous)
        x = torch.cat([previous, layout.repeat_vectors(final)], dim=1)  # (R, D)
        states = layout.run(self.cells, x, self.initial_state(final))  # (R, H)
        steps = self.output(self.dropout(states))  # (R, F + · + 1)
        steps = layout.unflatten(steps, n_steps + 1)[torch.argsort(order)]
        n_values = self.n_features
        return DecoderOutput(
            steps[:, :-1, :n_values], steps[:, 1:, -1], steps[:, :-1, n_values:-1]
        )

    def step(self, final_states, state, values=None, classes=None):
        """Decode one time step.

        Parameters
        ----------
        final_states : tensor of shape (N, n_final)
            Final states of the encoder.
        state : tensor or tuple of tensor of shape (layers, N, H)
            State after the previous step. For the first step, pass
            `initial_state(final_states)`.
        values : tensor of shape (N, F), default=None
            Values of the previous step. None for the first step.
        classes : int64 tensor of shape (N, K), default=None
            Classes of the previous step. None for the first step.

        Returns
        -------
        values : tensor of shape (N, F)
            Values in scaled units.
        logits : tensor of shape (N, ·)
            Input of :attr:`heads`.
        ends : tensor of shape (N,)
            Logit that the sequence ended with the previous step.
        state : tensor or tuple of tensor
            State after this step.
        """
        if values is None:
            previous = final_states.new_zeros(len(final_states), self.n_previous)
            previous[:, -1] = 1.0
        else:
            previous = self._read(values[:, None], classes[:, None])[:, 0]  # (N, ·)
            previous = functional.pad(previous, (0, 1))  # (N, n_previous)
        x = torch.cat([previous, final_states], dim=1)  # (N, D)
        states, state = self.cells(x[None], state)  # (1, N, H)
        step = self.output(states[0])  # (N, F + · + 1)
        n_values = self.n_features
        return step[:, :n_values], step[:, n_values:-1], step[:, -1], state

    def _read(self, values, classes):
        """Turn values (N, L, F) and classes (N, L, K) into inputs (N, L, ·)."""
        inputs = []
        if self.n_features:
            inputs.append(values.nan_to_num())
            if self.missing_indicator:
                inputs.append(values.isnan().to(values.dtype))
        if self.embedding.width:
            inputs.append(self.dropout(self.embedding(classes)))
        return torch.cat(inputs, dim=2)

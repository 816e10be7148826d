"""The decoder that reads what it said: from a vector to tokens, one after another.

Axes as in `_network/encoder_decoder.py`.

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

from sklearn_seqembed._network.categories import CategoryHeads
from sklearn_seqembed._network.decoder import DecoderOutput
from sklearn_seqembed._network.embedding import CategoryEmbedding
from sklearn_seqembed._network.layout import Layout
from sklearn_seqembed._network.recurrent import recurrent


class AutoregressiveDecoder(nn.Module):
    """Say a sequence step by step, each step given those before it [1]_.

    The vector enters at every step, beside the step before, and sets the start state.
    In training the true step before enters [2]_, so that all steps are one call.

    Parameters
    ----------
    n_features : int
        Number of numeric features F.
    n_last : int
        Numbers of the vector.
    hidden_size : int
        Number of cells a layer.
    num_layers : int, default=1
        Stacked recurrent layers.
    dropout : float, default=0.0
        Probability of zeroing a value of what enters, of what leaves, and between
        layers.
    cell : {"lstm", "gru"}, default="lstm"
        Kind of memory cell.
    n_classes : tuple of int, default=()
        Number of classes of each categorical feature.
    missing_indicator : bool, default=False
        Read 1 or 0 beside each number of the step before, by whether it was missing.
    embedding : CategoryEmbedding, default=None
        What stands for the categories of the step before; None for one of its own.

    Attributes
    ----------
    sampling : float
        Share of steps at which what the decoder itself says enters in training, in
        place of the truth [3]_, by two calls [4]_.
    """

    def __init__(
        self,
        n_features,
        n_last,
        hidden_size,
        *,
        num_layers=1,
        dropout=0.0,
        cell="lstm",
        n_classes=(),
        missing_indicator=False,
        embedding=None,
    ):
        super().__init__()
        self.n_features = n_features
        self.missing_indicator = missing_indicator
        self.sampling = 0.0
        self.embedding = embedding or CategoryEmbedding(n_classes)
        width = n_features * (1 + missing_indicator) + self.embedding.width + n_last + 1
        self.cells = recurrent(
            cell, width, hidden_size, num_layers=num_layers, dropout=dropout
        )
        self.dropout = nn.Dropout(dropout)
        self.n_start = 2 if cell == "lstm" else 1
        self.start = nn.Linear(n_last, self.n_start * num_layers * hidden_size)
        self.heads = CategoryHeads(n_classes)
        self.width = n_features + sum(self.heads.widths) + 1
        self.output = nn.Linear(hidden_size, self.width)

    def decode_states(self, last, lengths, values, classes):
        """Say sequences whose steps are known (N, L, ·): each step after the true ones.

        Parameters
        ----------
        last : tensor of shape (N, n_last)
            Last states.
        lengths : int64 tensor of shape (N,)
            Steps of each sequence.
        values : float32 tensor of shape (N, L, F)
            Scaled values, NaN where missing.
        classes : int64 tensor of shape (N, L, K)
            Indices of categories, 0 where missing.

        Returns
        -------
        DecoderOutput
            Of each step; `ends` of a step are said when it has been said.
        """
        played = self._play(last, lengths, values, classes)
        if not (self.training and self.sampling):
            return played
        with torch.no_grad():
            said, said_classes = self.choose(played.values, played.scores)
            own = torch.rand(values.shape[:2], device=last.device) < self.sampling
            values = torch.where(own[:, :, None] & ~values.isnan(), said, values)
            replaces = own[:, :, None] & (classes > 0)
            classes = torch.where(replaces, said_classes, classes)
        return self._play(last, lengths, values, classes)

    def _play(self, last, lengths, values, classes):
        n_steps = max(values.shape[1], classes.shape[1])
        before = self._read(values, classes)  # (N, L, ·)
        before = nn.functional.pad(before, (0, 1, 1, 0))  # (N, L + 1, · + 1)
        before[:, 0, -1] = 1.0  # nothing was said yet
        order = torch.argsort(lengths, descending=True, stable=True)
        layout = Layout(lengths[order] + 1, n_steps + 1, self.cells.hidden_size)
        last = last[order]
        x = torch.cat([layout.lay(before[order]), layout.repeat(last)], dim=1)
        states = layout.run(self.cells, x, self.initial_state(last))  # (R, H)
        outputs = self.output(self.dropout(states))
        outputs = layout.spread(outputs, n_steps + 1)[torch.argsort(order)]
        said, ends = outputs[:, :-1], outputs[:, 1:, -1]
        n_values = self.n_features
        return DecoderOutput(said[:, :, :n_values], ends, said[:, :, n_values:-1])

    def initial_state(self, last):
        """Give the state (layers, N, H) of all cells before the first step."""
        layers = self.cells.num_layers, self.cells.hidden_size
        states = self.start(last).reshape(len(last), -1, *layers)
        states = [state.transpose(0, 1).contiguous() for state in states.unbind(1)]
        return tuple(states) if len(states) == 2 else states[0]

    def step(self, last, state, values=None, classes=None):
        """Say one step.

        Parameters
        ----------
        last : tensor of shape (N, n_last)
            Last states.
        state : tensor or tuple of tensor of shape (layers, N, H)
            The state after the step before.
        values, classes : tensor of shape (N, F) and (N, K), default=None
            The step before; None for the first step.

        Returns
        -------
        values : tensor of shape (N, F)
            Scaled values.
        scores : tensor of shape (N, ·)
            What the `heads` turn into categories.
        ends : tensor of shape (N,)
            Logit that the sequence has ended with the step before.
        state : tensor or tuple of tensor
            The state after this step.
        """
        if values is None:
            width = self.cells.input_size - last.shape[1] - 1
            before = last.new_zeros(len(last), width + 1)
            before[:, -1] = 1.0
        else:
            before = self._read(values[:, None], classes[:, None])[:, 0]
            before = nn.functional.pad(before, (0, 1))
        x = torch.cat([before, last], dim=1)
        states, state = self.cells(x[None], state)
        outputs = self.output(states[0])
        n_values = self.n_features
        return outputs[:, :n_values], outputs[:, n_values:-1], outputs[:, -1], state

    def choose(self, values, scores):
        """Give the likeliest step: values as they are, classes (N, L, K)."""
        return values, self.heads.most_likely(scores)

    def _read(self, values, classes):
        """Lay side by side what is read of steps (N, L, ·)."""
        parts = []
        if self.n_features:
            parts.append(values.nan_to_num())
            if self.missing_indicator:
                parts.append(values.isnan().to(values.dtype))
        if self.embedding.width:
            parts.append(self.dropout(self.embedding(classes)))
        return torch.cat(parts, dim=2)

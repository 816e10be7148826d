"""Recurrent cells: their initial weights and states, and reading in both directions."""

import torch
from torch import nn
from torch.nn import functional

from sklearn_seqembed._network.dropout import Dropout
from sklearn_seqembed._network.initial import build_cells, build_linear
from sklearn_seqembed._network.tracing import run_cells


class RecurrentLayer(nn.Module):
    """One layer of cells that reads forward and, with `n_backward`, backward too.

    Each direction runs on dense tensors whose first axis is time and whose second is
    the sequence. The fused kernels of oneDNN and cuDNN read these without a copy, but
    are not used for packed sequences (pytorch issue 149194).

    Parameters
    ----------
    n_inputs : int
        Number D of values that the cells read for each patch.
    n_forward : int
        Cells of the forward direction.
    n_backward : int
        Cells of the backward direction, 0 for none.
    cell : {"lstm", "gru"}
        Type of cell.
    """

    def __init__(self, n_inputs, n_forward, n_backward, cell):
        super().__init__()
        self.forward_cells = build_cells(cell, n_inputs, n_forward)
        self.backward_cells = None
        if n_backward:
            self.backward_cells = build_cells(cell, n_inputs, n_backward)

    def forward(self, x, layout):
        """Return the states (R, H) of each direction, in the order they were read."""
        states = [layout.run(self.forward_cells, x)]
        if self.backward_cells is not None:
            states.append(layout.run(self.backward_cells, layout.reverse(x)))
        return states


class StackedCells(nn.Module):
    """Layers of recurrent cells, each of which reads the states of the one before.

    It is called as the multi-layer modules of torch are, whose dropout draws from
    torch's default generator.

    Parameters
    ----------
    cell : {"lstm", "gru"}
        Type of cell.
    n_inputs : int
        Number of values that the first layer reads.
    n_cells : int
        Cells per layer.
    num_layers : int
        Number of layers.
    dropout : float
        Probability of zeroing a value between layers.
    """

    def __init__(self, cell, n_inputs, n_cells, num_layers, dropout):
        super().__init__()
        self.input_size, self.hidden_size = n_inputs, n_cells
        self.num_layers = num_layers
        self.layers = nn.ModuleList(
            build_cells(cell, n, n_cells)
            for n in [n_inputs] + [n_cells] * (num_layers - 1)
        )
        self.dropout = Dropout(dropout)

    def forward(self, x, state=None):
        """Return the states of the last layer, and the last state of all layers.

        The latter is None if the cells are traced.
        """
        last = []
        for k, layer in enumerate(self.layers):
            if k:
                x = self.dropout(x)
            own = None if state is None else select_layer(state, k)
            x, own = run_cells(layer, x, own)
            last.append(own)
        if last[0] is None:
            return x, None
        if isinstance(last[0], torch.Tensor):
            return x, torch.cat(last)
        return x, tuple(map(torch.cat, zip(*last, strict=True)))


class InitialState(nn.Module):
    """Initial state of recurrent cells as a linear function of a vector.

    Parameters
    ----------
    n_inputs : int
        Length of the vector.
    cell : {"lstm", "gru"}
        Type of cell.
    cells : torch.nn.LSTM, torch.nn.GRU or StackedCells
        The cells.
    """

    def __init__(self, n_inputs, cell, cells):
        super().__init__()
        self.is_lstm = cell == "lstm"  # has hidden state and memory
        self.shape = (1 + self.is_lstm, cells.num_layers, cells.hidden_size)
        self.linear = build_linear(
            n_inputs, self.shape[0] * self.shape[1] * self.shape[2]
        )

    def forward(self, x):
        """Return the state as the cells take it: one or two tensors (layers, N, H)."""
        states = self.linear(x).unflatten(1, self.shape)  # (N, 1 or 2, layers, H)
        states = states.permute(1, 2, 0, 3).contiguous()  # (1 or 2, layers, N, H)
        return tuple(states) if self.is_lstm else states[0]


def build_recurrent(cell, n_inputs, n_cells, *, num_layers=1, dropout=0.0):
    """Build one layer of recurrent cells, or a stack of several."""
    if num_layers > 1:
        return StackedCells(cell, n_inputs, n_cells, num_layers, dropout)
    return build_cells(cell, n_inputs, n_cells)


def step_from_each(cells, x, state):
    """Let recurrent cells read each of several inputs from the same initial state.

    The gates are sums of a part of the input and a part of the state, each of which is
    computed only once.

    Parameters
    ----------
    cells : torch.nn.LSTM, torch.nn.GRU or StackedCells
        The cells.
    x : tensor of shape (P, D)
        The inputs, which are the same for all sequences.
    state : tensor or tuple of tensor of shape (layers, N, H)
        The initial states.

    Returns
    -------
    tensor of shape (N, P, H)
        States of the last layer after the step.
    """
    is_lstm = not isinstance(state, torch.Tensor)
    hidden = state[0] if is_lstm else state  # (layers, N, H)
    if isinstance(cells, StackedCells):
        n_sequences, n_inputs = hidden.shape[1], len(x)
        rows = torch.arange(n_sequences, device=x.device).repeat_interleave(n_inputs)
        inputs = x.repeat(n_sequences, 1)[None]  # (1, N * P, D)
        states, _ = cells(inputs, select_sequences(state, rows))
        return states[0].unflatten(0, (n_sequences, n_inputs))
    hidden = hidden[0]  # (N, H)
    from_x = functional.linear(x, cells.weight_ih_l0, cells.bias_ih_l0)  # (P, ·)
    from_state = functional.linear(hidden, cells.weight_hh_l0, cells.bias_hh_l0)
    from_state = from_state[:, None]  # (N, 1, ·)
    if is_lstm:
        memory = state[1][0][:, None]
        read, forget, new, show = (from_x + from_state).chunk(4, dim=2)
        memory = forget.sigmoid() * memory + read.sigmoid() * new.tanh()
        return show.sigmoid() * memory.tanh()
    reset, keep, new = from_x.chunk(3, dim=1)
    reset_state, keep_state, new_state = from_state.chunk(3, dim=2)
    new = (new + (reset + reset_state).sigmoid() * new_state).tanh()
    return torch.lerp(new, hidden[:, None], (keep + keep_state).sigmoid())


def select_layer(state, k):
    """Select the state (1, N, H) of one layer; shapes as in `select_sequences`."""
    if isinstance(state, torch.Tensor):
        return state[k : k + 1]
    return tuple(part[k : k + 1] for part in state)


def select_sequences(state, index):
    """Select sequences from the state of recurrent cells.

    Parameters
    ----------
    state : tensor or tuple of tensor of shape (layers, N, H)
        State of GRU cells, or both states of LSTM cells.
    index : slice or int64 tensor
        The sequences.

    Returns
    -------
    tensor or tuple of tensor
        Their state.
    """
    if isinstance(state, torch.Tensor):
        return state[:, index].contiguous()
    return tuple(part[:, index].contiguous() for part in state)

"""Recurrent cells: their initial weights and states, and reading in both directions."""

import torch
from torch import nn

CELLS = {"lstm": nn.LSTM, "gru": nn.GRU}


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
        self.forward_cells = build_recurrent(cell, n_inputs, n_forward)
        self.backward_cells = None
        if n_backward:
            self.backward_cells = build_recurrent(cell, n_inputs, n_backward)

    def forward(self, x, layout):
        """Return the states (R, H) of each direction, in the order they were read."""
        states = [layout.run(self.forward_cells, x)]
        if self.backward_cells is not None:
            states.append(layout.run(self.backward_cells, layout.reverse(x)))
        return states


class InitialState(nn.Module):
    """Initial state of recurrent cells as a linear function of a vector.

    Parameters
    ----------
    n_inputs : int
        Length of the vector.
    cells : torch.nn.LSTM or torch.nn.GRU
        The cells.
    """

    def __init__(self, n_inputs, cells):
        super().__init__()
        self.is_lstm = isinstance(cells, nn.LSTM)  # has hidden state and memory
        self.shape = (1 + self.is_lstm, cells.num_layers, cells.hidden_size)
        self.linear = nn.Linear(n_inputs, self.shape[0] * self.shape[1] * self.shape[2])

    def forward(self, x):
        """Return the state as the cells take it: one or two tensors (layers, N, H)."""
        states = self.linear(x).unflatten(1, self.shape)  # (N, 1 or 2, layers, H)
        states = states.permute(1, 2, 0, 3).contiguous()  # (1 or 2, layers, N, H)
        return tuple(states) if self.is_lstm else states[0]


def build_recurrent(cell, n_inputs, n_cells, *, num_layers=1, dropout=0.0):
    """Build recurrent layers with the initial weights that Keras uses.

    Input weights are Xavier-uniform, recurrent weights are orthogonal for each gate,
    biases are 0, except for the forget gate of an LSTM, where they are 1. By default,
    torch draws all of them from the same small uniform range.
    """
    # torch warns about dropout if there is no second layer.
    dropout = dropout if num_layers > 1 else 0.0
    cells = CELLS[cell](n_inputs, n_cells, num_layers, dropout=dropout)
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

"""Recurrent cells: how they start, and how they read in both directions."""

from torch import nn

CELLS = {"lstm": nn.LSTM, "gru": nn.GRU}


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
        self.forward_cells = recurrent(cell, width, n_forward)
        self.backward_cells = recurrent(cell, width, n_backward) if n_backward else None

    def forward(self, x, layout):
        """Return the states (R, ·) of each direction, in its reading order."""
        states = [layout.run(self.forward_cells, x)]
        if self.backward_cells is not None:
            states.append(layout.run(self.backward_cells, layout.turn(x)))
        return states


def recurrent(cell, width, n_cells, *, num_layers=1, dropout=0.0):
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

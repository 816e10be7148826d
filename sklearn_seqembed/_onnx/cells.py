"""Random cells whose states have the right sign even where they are tiny.

A feature of the reservoir is the fraction of time steps at which a state is positive.
ONNX Runtime's LSTM computes its gates with an absolute error of 3e-8, which is more
than a state whose gates are closed, after a jump in the sequence. Its sign would then
be a matter of chance, and a vector would change by some thousandths of the spread. Here
the gates are computed by an exponential function, whose relative error is small.
"""

import torch
from torch import nn

from sklearn_seqembed._network.patches import join_steps
from sklearn_seqembed._network.reservoir import summarize


class PreciseReservoir(nn.Module):
    """A :class:`Reservoir` of LSTM cells whose layers and directions run together.

    Parameters
    ----------
    reservoir : Reservoir
        The reservoir, whose result :meth:`forward` returns.
    """

    def __init__(self, reservoir):
        super().__init__()
        self.embedding, self.patch_size = reservoir.embedding, reservoir.patch_size
        self.n_cells, self.n_outputs = reservoir.n_cells, reservoir.n_outputs
        layers = reservoir.value_layer, reservoir.difference_layer
        self.n_directions = 1 + (layers[0].backward_cells is not None)
        # The gates are i, f, o and g; the first three have the opposite sign.
        inputs, biases, recurrent = [], [], []
        for layer in layers:
            cells = [layer.forward_cells, layer.backward_cells][: self.n_directions]
            inputs.append([_reorder(c.weight_ih_l0).T for c in cells])
            biases += [_reorder(c.bias_ih_l0 + c.bias_hh_l0) for c in cells]
            recurrent += [_reorder(c.weight_hh_l0).T for c in cells]
        self.register_buffer("value_weights", torch.cat(inputs[0], dim=1))
        self.register_buffer("difference_weights", torch.cat(inputs[1], dim=1))
        self.register_buffer("biases", torch.stack(biases)[:, None])  # (G, 1, 4 * H)
        self.register_buffer("recurrent", torch.stack(recurrent))  # (G, H, 4 * H)

    def forward(self, inputs, layout):
        """Compute the features of each sequence of a batch."""
        values = join_steps(inputs.values, inputs.is_padding, self.patch_size)
        differences = join_steps(
            inputs.differences, inputs.is_padding, self.patch_size, repeat_last=False
        )
        read = [
            *self._project(values, self.value_weights, layout),
            *self._project(differences, self.difference_weights, layout),
        ]
        read = torch.stack(read, dim=1) + self.biases  # (P, G, N, 4 * H)
        states = self._run(read).transpose(1, 2)  # (P, N, G, H)
        groups = states.shape[2:]
        features = summarize(states.flatten(2).flatten(0, 1), layout)  # (N, 5, G * H)
        features = features.unflatten(2, groups).transpose(1, 2)
        return features.flatten(1)

    def _project(self, x, weights, layout):
        """Return what the gates of each direction read, a list of (P, N, 4 * H)."""
        shape = layout.longest, layout.n_sequences
        read = layout.flatten(x) @ weights
        parts = list(read.split(4 * self.n_cells, dim=1))
        parts[1:] = map(layout.reverse, parts[1:])
        return [part.unflatten(0, shape) for part in parts]

    def _run(self, read):
        """Run the cells over what their gates read, (P, G, N, 4 * H)."""
        # Older versions of torch, which cannot write these files, may not have it.
        from torch._higher_order_ops.scan import scan

        state = read.new_zeros(read.shape[1], read.shape[2], self.n_cells)
        recurrent, n_cells = self.recurrent, self.n_cells

        def step(before, own):
            hidden, memory = before
            gates = own + hidden @ recurrent  # (G, N, 4 * H)
            opened = (1 + gates[..., : 3 * n_cells].exp()).reciprocal()
            enters, stays, leaves = opened.split(n_cells, dim=-1)
            memory = stays * memory + enters * gates[..., 3 * n_cells :].tanh()
            hidden = leaves * memory.tanh()
            return (hidden, memory), hidden.clone()

        return scan(step, (state, state.clone()), read)[1]  # (P, G, N, H)


def _reorder(weights):
    """Bring gates from torch's order into that of :class:`PreciseReservoir`."""
    enters, stays, candidate, leaves = weights.detach().chunk(4)
    return torch.cat([-enters, -stays, -leaves, candidate])

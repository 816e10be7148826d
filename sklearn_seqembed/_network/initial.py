"""Layers whose initial weights come from a random generator of our own.

The constructors of torch draw initial weights from a default generator that all threads
of a process share.
"""

import math
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import nn

# Generator of the initial weights of all layers that are built in the current context.
# None is torch's default generator. A context variable, because the generator is no
# property of a network, whose arguments skorch keeps.
weight_generator = ContextVar("weight_generator", default=None)

# "random", or "empty" for weights that are not initialized, because those of a file
# replace them. "meta" weights have no memory at all, only shapes.
weight_content = ContextVar("weight_content", default="random")

CELLS = {"lstm": nn.LSTM, "gru": nn.GRU}


@contextmanager
def initial_weights(content):
    """Set what layers that are built in the block contain: see `weight_content`."""
    token = weight_content.set(content)
    try:
        yield
    finally:
        weight_content.reset(token)


def build_linear(n_inputs, n_outputs, *, bias=True):
    """Build a linear layer with the initial weights that torch uses."""
    layer = _build_empty(nn.Linear, n_inputs, n_outputs, bias=bias)
    initialize_linear(layer)
    return layer


def initialize_linear(layer):
    """Draw the initial weights of a linear layer as torch does."""
    if weight_content.get() != "random":
        return
    generator = weight_generator.get()
    nn.init.kaiming_uniform_(layer.weight, a=math.sqrt(5), generator=generator)
    if layer.bias is not None:
        bound = 1 / math.sqrt(layer.in_features)
        nn.init.uniform_(layer.bias, -bound, bound, generator=generator)


def zero_weights(layer):
    """Set the weights of a linear layer to 0, so that its outputs are 0."""
    with torch.no_grad():
        layer.weight.zero_()
        layer.bias.zero_()


def build_embedding(n_vectors, size):
    """Build an embedding with the initial weights that torch uses; vector 0 is 0."""
    device = "meta" if weight_content.get() == "meta" else "cpu"
    weights = torch.empty(n_vectors, size, dtype=torch.float32, device=device)
    # Unlike the constructor, this draws no weights.
    layer = nn.Embedding.from_pretrained(weights, freeze=False, padding_idx=0)
    if weight_content.get() != "random":
        return layer
    nn.init.normal_(layer.weight, generator=weight_generator.get())
    with torch.no_grad():
        layer.weight[0].zero_()
    return layer


def build_cells(cell, n_inputs, n_cells):
    """Build one layer of recurrent cells with the initial weights that Keras uses.

    Input weights are Xavier-uniform, recurrent weights are orthogonal for each gate,
    biases are 0, except for the forget gate of an LSTM, where they are 1. By default,
    torch draws all of them from the same small uniform range.

    Parameters
    ----------
    cell : {"lstm", "gru"}
        Type of cell.
    n_inputs, n_cells : int
        Number of values that the cells read, and of cells.
    """
    cells = _build_empty(CELLS[cell], n_inputs, n_cells)
    if weight_content.get() != "random":
        return cells
    generator = weight_generator.get()
    # Only so that a seed gives the weights that it gave when torch drew its own first.
    bound = 1 / math.sqrt(n_cells)
    for weights in cells.parameters():
        nn.init.uniform_(weights, -bound, bound, generator=generator)
    for name, weights in cells.named_parameters():
        if name.startswith("weight_ih"):
            for gate in weights.data.split(n_cells):
                nn.init.xavier_uniform_(gate, generator=generator)
        elif name.startswith("weight_hh"):
            for gate in weights.data.split(n_cells):
                nn.init.orthogonal_(gate, generator=generator)
        else:
            nn.init.zeros_(weights)
            if cell == "lstm" and name.startswith("bias_ih"):
                nn.init.ones_(weights.data[n_cells : 2 * n_cells])  # gates i, f, g, o
    return cells


def _build_empty(module, *args, **kwargs):
    """Build a module without drawing its weights, which are then arbitrary."""
    layer = module(*args, **kwargs, device="meta")
    if weight_content.get() == "meta":
        return layer
    # Not `to_empty`, which imports compilers of torch for a second.
    for name, weights in list(layer.named_parameters()):
        empty = torch.empty(weights.shape, dtype=weights.dtype, device="cpu")
        setattr(layer, name, nn.Parameter(empty, weights.requires_grad))
    return layer

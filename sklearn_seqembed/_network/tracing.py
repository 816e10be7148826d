"""Networks that torch records, for torch.export, torch.compile or ONNX.

A recorded network must be right for other batches than the one it is recorded with. It
may not read values of tensors or fix numbers of sequences and steps, so the steps that
some batches can do without are always included.
"""

import torch
from torch import nn


def is_traced():
    """Return whether torch records operations instead of only computing them."""
    return torch.compiler.is_compiling()


def can_be_read(x):
    """Return whether the values of a tensor can be read without a loss of time.

    To read those on an accelerator, the CPU would have to wait for all queued work. If
    the network is traced, there are none yet.
    """
    return x.device.type == "cpu" and not is_traced()


def run_cells(cells, x, state=None):
    """Run recurrent cells over x (P, N, D).

    Parameters
    ----------
    cells : torch.nn.LSTM, torch.nn.GRU or StackedCells
        The cells.
    x : float32 tensor of shape (P, N, D)
        Inputs.
    state : tensor or tuple of tensor of shape (layers, N, H), default=None
        Initial state, None for zeros.

    Returns
    -------
    states : float32 tensor of shape (P, N, H)
        States after each patch.
    last : tensor, tuple of tensor or None
        The last state. It is None if the cells are traced.
    """
    if not (is_traced() and isinstance(cells, nn.RNNBase)):
        return cells(x, state)
    weights = [
        getattr(cells, f"{name}_l0")
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    ]
    if state is None:
        state = x.new_zeros(1, x.shape[1], cells.hidden_size)
        state = (state, state) if isinstance(cells, nn.LSTM) else state
    if isinstance(cells, nn.LSTM):
        return run_lstm(x, *state, *weights), None
    return run_gru(x, state, *weights), None


# Recorded as they are, LSTM and GRU become one copy of their operations for each step
# of the example. An operation of our own remains one, for any number of steps.
@torch.library.custom_op("sklearn_seqembed::lstm", mutates_args=())
def run_lstm(
    x: torch.Tensor,
    hidden: torch.Tensor,
    memory: torch.Tensor,
    weight_ih: torch.Tensor,
    weight_hh: torch.Tensor,
    bias_ih: torch.Tensor,
    bias_hh: torch.Tensor,
) -> torch.Tensor:
    """Run one layer of LSTM cells over x (P, N, D): states (P, N, H)."""
    weights = [weight_ih, weight_hh, bias_ih, bias_hh]
    return torch.lstm(x, (hidden, memory), weights, True, 1, 0.0, False, False, False)[
        0
    ]


@torch.library.custom_op("sklearn_seqembed::gru", mutates_args=())
def run_gru(
    x: torch.Tensor,
    hidden: torch.Tensor,
    weight_ih: torch.Tensor,
    weight_hh: torch.Tensor,
    bias_ih: torch.Tensor,
    bias_hh: torch.Tensor,
) -> torch.Tensor:
    """Run one layer of GRU cells over x (P, N, D): states (P, N, H)."""
    weights = [weight_ih, weight_hh, bias_ih, bias_hh]
    return torch.gru(x, hidden, weights, True, 1, 0.0, False, False, False)[0]


@run_lstm.register_fake
def _(x, hidden, memory, weight_ih, weight_hh, bias_ih, bias_hh):
    return x.new_empty(x.shape[0], x.shape[1], weight_hh.shape[1])


@run_gru.register_fake
def _(x, hidden, weight_ih, weight_hh, bias_ih, bias_hh):
    return x.new_empty(x.shape[0], x.shape[1], weight_hh.shape[1])

"""What a user of torch writes at best: the textbook network in a loop over batches.

Tensors are ready before the clock starts. Nothing is checked, scaled, logged, clipped
or validated.
"""

import contextlib
import ctypes
import functools
import time

import torch
from _cases import make_X
from _data import unexplained
from torch import nn

LEARNING_RATE = 1e-3

# Of glibc's malloc.h.
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4


class Network(nn.Module):
    """LSTM, the vector repeated, LSTM, a linear layer.

    Parameters
    ----------
    n_features : int
        Features of a time step.
    cells : int
        Memory cells of encoder and decoder.
    """

    def __init__(self, n_features, cells):
        super().__init__()
        self.encoder = nn.LSTM(n_features, cells, batch_first=True)
        self.decoder = nn.LSTM(cells, cells, batch_first=True)
        self.output = nn.Linear(cells, n_features)

    def forward(self, x, last=None):
        """Recreate sequences.

        Parameters
        ----------
        x : float32 tensor of shape (N, L, F)
            The sequences.
        last : int64 tensor of shape (N, 1, 1), default=None
            Last time step of each, where lengths differ.

        Returns
        -------
        float32 tensor of shape (N, L, F)
            The sequences recreated.
        """
        states, (final, _) = self.encoder(x)  # (N, L, H), (1, N, H)
        vectors = final[0] if last is None else _at(states, last)  # (N, H)
        repeated = vectors[:, None].expand(-1, x.shape[1], -1)  # (N, L, H)
        return self.output(self.decoder(repeated)[0])


def _at(states, last):
    return torch.take_along_dim(states, last, dim=1).squeeze(1)


def fit(case, epochs):
    """Time the training of a new network on ready-made tensors.

    Parameters
    ----------
    case : Case
        The case.
    epochs : int
        Passes over the sequences.

    Returns
    -------
    seconds : float
        Duration of the loop.
    """
    train = _train_padded if case.ragged else _train_equal
    data = _padded_batches(case) if case.ragged else torch.from_numpy(make_X(case))
    torch.manual_seed(0)
    started = time.perf_counter()
    network = Network(case.n_features, case.cells)
    optimizer = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE, fused=True)
    for _ in range(epochs):
        train(network, optimizer, data, case.batch_size)
    return time.perf_counter() - started


def _train_equal(network, optimizer, x, batch_size):
    """Pass once over one tensor (N, L, F), in random batches."""
    for indices in torch.randperm(len(x)).split(batch_size):
        batch = x[indices]
        _step(optimizer, nn.functional.mse_loss(network(batch), batch))


def _train_padded(network, optimizer, batches, batch_size):
    """Pass once over ready-made batches, in random order."""
    for i in torch.randperm(len(batches)).tolist():
        x, mask, last, n_values = batches[i]
        squares = (network(x, last) - x).square()
        _step(optimizer, (squares * mask).sum() / n_values)


def _step(optimizer, loss):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


@functools.lru_cache(maxsize=1)
def _padded_batches(case):
    """Sort sequences by length, and pad each batch to its own longest."""
    X = sorted(make_X(case), key=len)
    batches = []
    for start in range(0, len(X), case.batch_size):
        arrays = [torch.from_numpy(x) for x in X[start : start + case.batch_size]]
        lengths = torch.tensor([len(array) for array in arrays])
        x = nn.utils.rnn.pad_sequence(arrays, batch_first=True)
        mask = torch.arange(x.shape[1]) < lengths[:, None]  # (N, L)
        n_values = int(lengths.sum()) * x.shape[2]
        last = (lengths - 1)[:, None, None]
        batches.append((x, mask[:, :, None].float(), last, n_values))
    return batches


def reach_like_keras(x, weights, cells, batch_size, epochs):
    """Train as Keras trains its network, and tell the training error.

    The twin of the network in `keras_textbook`, several times faster on long
    sequences: same start, batches, padding, loss and steps of Adam.

    Parameters
    ----------
    x : float32 ndarray of shape (N, L, F)
        Standardised sequences, zeros in front of those that are shorter.
    weights : float32 ndarray of shape (N, L)
        1 at true time steps, 0 at padding.
    cells, batch_size, epochs : int
        Of network and training.

    Returns
    -------
    error : float
        Mean squared error over true time steps over their variance.
    """
    _keep_freed_memory()
    torch.manual_seed(0)
    x, weights = torch.from_numpy(x), torch.from_numpy(weights)[:, :, None]
    network = Network(x.shape[2], cells)
    _start_like_keras(network)
    trained = [p for p in network.parameters() if p.requires_grad]
    # Keras' own epsilon is ten times torch's.
    optimizer = torch.optim.Adam(trained, lr=LEARNING_RATE, eps=1e-7)
    for _ in range(epochs):
        for indices in torch.randperm(len(x)).split(batch_size):
            batch = x[indices]
            squares = (network(batch) - batch).square() * weights[indices]
            _step(optimizer, squares.mean())
    with torch.inference_mode():
        predicted = torch.cat([network(batch) for batch in x.split(batch_size)])
    true = weights[:, :, 0].bool().numpy()
    return unexplained(predicted.numpy()[true], x.numpy()[true])


def _keep_freed_memory():
    """Make glibc give no memory back, which takes long where sequences are long.

    For the twin alone, whose time does not count; a user's loop does not do that.
    """
    with contextlib.suppress(AttributeError):  # another C library
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)


def _start_like_keras(network):
    """Draw the weights from Keras' distributions, and leave one bias a gate."""
    for layer in (network.encoder, network.decoder):
        nn.init.xavier_uniform_(layer.weight_ih_l0)
        nn.init.orthogonal_(layer.weight_hh_l0)
        for bias in (layer.bias_ih_l0, layer.bias_hh_l0):
            nn.init.zeros_(bias)
        forget = slice(layer.hidden_size, 2 * layer.hidden_size)  # gates i, f, g, o
        nn.init.ones_(layer.bias_ih_l0.data[forget])
        layer.bias_hh_l0.requires_grad_(False)  # torch's second bias would count twice
    nn.init.xavier_uniform_(network.output.weight)
    nn.init.zeros_(network.output.bias)

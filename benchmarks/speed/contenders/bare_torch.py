"""The textbook network in a plain PyTorch loop, as an experienced user would write it.

Tensors are prepared before the clock starts. Nothing is validated, scaled, logged or
clipped.
"""

import contextlib
import ctypes
import functools

import torch
from torch import nn

from ...datasets import unexplained_fraction
from ...timing import seconds_per_call, timed
from ..cases import make_X

LEARNING_RATE = 1e-3

# From malloc.h of glibc.
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4


class Network(nn.Module):
    """LSTM, repeated vector, LSTM, linear layer."""

    def __init__(self, n_features, cells):
        super().__init__()
        self.encoder = nn.LSTM(n_features, cells, batch_first=True)
        self.decoder = nn.LSTM(cells, cells, batch_first=True)
        self.output = nn.Linear(cells, n_features)

    def forward(self, x, last=None):
        """Reconstruct sequences.

        Parameters
        ----------
        x : float32 tensor of shape (N, L, F)
            Sequences.
        last : int64 tensor of shape (N, 1, 1), default=None
            Index of the last time step of each, if lengths differ.

        Returns
        -------
        float32 tensor of shape (N, L, F)
            Reconstructions.
        """
        states, (final, _) = self.encoder(x)  # (N, L, H), (1, N, H)
        vectors = final[0]  # (N, H)
        if last is not None:
            vectors = torch.take_along_dim(states, last, dim=1).squeeze(1)
        repeated = vectors[:, None].expand(-1, x.shape[1], -1)  # (N, L, H)
        return self.output(self.decoder(repeated)[0])


def fit(case, epochs, device="cpu", precision="float32"):
    """Time the training of a new network on prepared tensors."""
    data = _prepare(case, device)
    train_epoch = _train_padded if case.ragged else _train_equal
    dtype = getattr(torch, precision)
    torch.manual_seed(0)

    def train():
        network = Network(case.n_features, case.cells).to(device)
        adam = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE, fused=True)
        with torch.autocast(device, dtype, enabled=precision != "float32"):
            for _ in range(epochs):
                train_epoch(network, adam, data, case.batch_size)
        synchronize(device)

    seconds, _ = timed(train)
    return seconds


def encode(case, device="cpu", precision="float32"):
    """Time the encoder of an untrained network on prepared tensors, and return them."""
    data, dtype = _prepare(case, device), getattr(torch, precision)
    network = Network(case.n_features, case.cells).to(device).eval()

    def run():
        with (
            torch.inference_mode(),
            torch.autocast(device, dtype, enabled=precision != "float32"),
        ):
            parts = data if case.ragged else data.split(case.batch_size)
            for part in parts:
                network.encoder(part[0] if case.ragged else part)[1][0].cpu()
        synchronize(device)

    return seconds_per_call(run)


def synchronize(device):
    """Wait until a GPU has computed everything that it was given."""
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize()


def _prepare(case, device):
    """Return the data of a case on a device."""
    if case.ragged:
        return [
            (x.to(device), mask.to(device), last.to(device), n_values)
            for x, mask, last, n_values in _pad_batches(case)
        ]
    return torch.from_numpy(make_X(case)).to(device)


def _train_equal(network, optimizer, x, batch_size):
    """Train one epoch on a tensor of shape (N, L, F), in random batches."""
    for indices in torch.randperm(len(x)).split(batch_size):
        batch = x[indices]
        _step(optimizer, nn.functional.mse_loss(network(batch), batch))


def _train_padded(network, optimizer, batches, batch_size):
    """Train one epoch on prepared batches, in random order."""
    for i in torch.randperm(len(batches)).tolist():
        x, mask, last, n_values = batches[i]
        squares = (network(x, last) - x).square()
        _step(optimizer, (squares * mask).sum() / n_values)


def _step(optimizer, loss):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


@functools.lru_cache(maxsize=1)
def _pad_batches(case):
    """Sort sequences by length and pad each batch to its longest sequence."""
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


def train_like_keras(x, weights, cells, batch_size, epochs):
    """Train as `keras_autoencoder` does and return the training error.

    Same initial weights, batches, padding, loss and Adam steps as Keras, several times
    faster on long sequences.

    Parameters
    ----------
    x : float32 ndarray of shape (N, L, F)
        Standardized sequences, padded in front with zeros.
    weights : float32 ndarray of shape (N, L)
        1 at true time steps, 0 at padding.
    cells, batch_size, epochs : int
        Of network and training.

    Returns
    -------
    error : float
        Unexplained fraction of the variance over true time steps.
    """
    _keep_freed_memory()
    torch.manual_seed(0)
    x, weights = torch.from_numpy(x), torch.from_numpy(weights)[:, :, None]
    network = Network(x.shape[2], cells)
    _initialize_like_keras(network)
    trained = [p for p in network.parameters() if p.requires_grad]
    # Keras' epsilon is ten times torch's.
    optimizer = torch.optim.Adam(trained, lr=LEARNING_RATE, eps=1e-7)
    for _ in range(epochs):
        for indices in torch.randperm(len(x)).split(batch_size):
            batch = x[indices]
            squares = (network(batch) - batch).square() * weights[indices]
            _step(optimizer, squares.mean())
    with torch.inference_mode():
        predicted = torch.cat([network(batch) for batch in x.split(batch_size)])
    true = weights[:, :, 0].bool().numpy()
    return unexplained_fraction(predicted.numpy()[true], x.numpy()[true])


def _keep_freed_memory():
    """Make glibc keep freed memory, since returning it is slow for long sequences.

    Only for `train_like_keras`, which is not timed; a user's loop does not do this.
    """
    with contextlib.suppress(AttributeError):  # other C libraries
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)


def _initialize_like_keras(network):
    """Draw weights from Keras' distributions, and use one bias per gate."""
    for layer in (network.encoder, network.decoder):
        nn.init.xavier_uniform_(layer.weight_ih_l0)
        nn.init.orthogonal_(layer.weight_hh_l0)
        for bias in (layer.bias_ih_l0, layer.bias_hh_l0):
            nn.init.zeros_(bias)
        forget = slice(layer.hidden_size, 2 * layer.hidden_size)  # gates i, f, g, o
        nn.init.ones_(layer.bias_ih_l0.data[forget])
        layer.bias_hh_l0.requires_grad_(False)  # torch's second bias is redundant
    nn.init.xavier_uniform_(network.output.weight)
    nn.init.zeros_(network.output.bias)

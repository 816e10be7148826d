"""From `Sequences` to padded batches of similar lengths, the longest first.

Padding stands at the end of a batch's rows and repeats the last step of a sequence.
Nobody reads it: the encoder takes its state at each sequence's own last step, and the
loss counts only steps within the lengths.
"""

import math

import numpy as np
import torch

from sklearn_seqembed._blocks import Sequences

# Encoded values of X that are kept: 64 MiB of float32. Larger X is encoded batch by
# batch, anew each epoch.
KEPT_VALUES = 2**24

# Batches among which sequences are sorted by length, and how much chance has a say in
# it: as if each were up to e ** JITTER times longer or shorter than it is. Batches of
# equal lengths learn worse, wholly random ones take longer: benchmarks/padding.py.
POOL_BATCHES = 16
JITTER = 0.4

# Largest shift in time, as a share of a sequence's length, and the largest share of it
# that is cut off at the start.
MAX_SHIFT = 0.1
MAX_CROP = 0.3

# States (cells times patches), values and sequences that enter the network together
# outside training, at most: they bound its memory.
INFERENCE_STATES = 2**23
INFERENCE_VALUES = 2**21
INFERENCE_SEQUENCES = 1024

# States that stay in the caches of a CPU, about: 1024 sequences of 100 steps ran at two
# thirds of the speed of 100. With fewer sequences than this, matrix products would be
# too small.
CACHED_STATES = 2**20
LEAST_CACHED_SEQUENCES = 64

# States of the sequences that are learned from together on a CPU, at most. Each costs
# about 80 bytes until its gradient is known. Memory beyond 64 MiB goes back to the
# operating system after each batch and comes again page by page: that took up to a
# third of the time of a batch.
TRAINING_STATES = 820_000
LEAST_TRAINING_SEQUENCES = 4


def encode_ahead(sequences, encode):
    """Encode all time steps at once where they may be kept.

    Parameters
    ----------
    sequences : Sequences
        The sequences.
    encode : callable
        Turns time steps (n_steps, n_features) into encoded ones.

    Returns
    -------
    sequences : Sequences
        Encoded sequences, or the same where they are too large to keep.
    encode : callable or None
        What is left to do batch by batch.
    """
    if sequences.n_steps * sequences.n_features > KEPT_VALUES:
        return sequences, encode
    chunks = [encode(chunk) for chunk in sequences.iter_chunks()]
    block = chunks[0] if len(chunks) == 1 else np.concatenate(chunks)
    offsets = np.concatenate([[0], np.cumsum(sequences.lengths)])
    return Sequences.from_offsets((block,), offsets), None


class SequenceDataset(torch.utils.data.Dataset):
    """Encoded sequences, cut into the part that is read and the part held back.

    Parameters
    ----------
    sequences : Sequences
        The sequences, or what :func:`encode_ahead` made of them.
    encode : callable or None
        Turns time steps into encoded ones. None where that is done already.
    patch_size : int
        Lengths of batches are multiples of it.
    parts : tuple of {"reconstruction", "forecast"}
        What the network has to give back.
    horizons : int64 ndarray of shape (n_samples,), default=None
        Steps at the end of each sequence that are held back to be forecast. None
        holds back nothing.
    read_whole : float, default=0.0
        Share of the sequences, drawn anew for each batch, of which nothing is held
        back: they are read and recreated whole, and forecast nothing.
    augment : bool, default=False
        Whether to vary the sequences at random: each is shifted in time by up to
        `MAX_SHIFT` of its length, the steps shifted in repeating its first or last
        one. Where steps are held back nothing may be made up: there up to `MAX_CROP`
        of what is read is cut off at its start, so that the network learns to
        forecast from the end of a sequence, at any length.
    """

    def __init__(
        self,
        sequences,
        encode,
        patch_size,
        parts,
        *,
        horizons=None,
        read_whole=0.0,
        augment=False,
    ):
        self.sequences = sequences
        self.encode = encode
        self.patch_size = patch_size
        self.parts = parts
        self.horizons = (
            np.zeros(len(sequences), dtype=np.int64) if horizons is None else horizons
        )
        self.lengths = sequences.lengths - self.horizons  # of the part that is read
        self.read_whole = read_whole
        self.augment = augment

    def __len__(self):
        return len(self.sequences)

    def inference_batches(self, n_cells, cached):
        """Yield indices of sequences that may enter together outside training."""
        return inference_batches(
            self.lengths, self.patch_size, self.sequences.n_features, n_cells, cached
        )

    def batch(self, indices):
        """Gather one padded batch.

        Parameters
        ----------
        indices : int ndarray of shape (N,)
            Sequences of the batch.

        Returns
        -------
        inputs : dict of tensor
            Arguments of :meth:`EncoderDecoder.forward`.
        targets : dict of (dict of tensor)
            For each part what :func:`masked_targets` gives.
        """
        lengths, horizons = self.sequences.lengths[indices], self.horizons[indices]
        if self.read_whole:
            whole = torch.rand(len(indices)).numpy() < self.read_whole
            horizons = np.where(whole, 0, horizons)
        lengths, first = self._vary(lengths - horizons, crop=horizons > 0)
        if self.augment or self.read_whole:
            order = np.argsort(-lengths, kind="stable")  # the longest first again
            indices, lengths, first, horizons = (
                values[order] for values in (indices, lengths, first, horizons)
            )
        n_steps = padded_length(lengths.max(), self.patch_size)
        numeric = self._take(indices, first, lengths, n_steps)
        inputs = {
            "numeric": torch.from_numpy(numeric),
            "categories": torch.empty((*numeric.shape[:2], 0), dtype=torch.int64),
            "lengths": torch.from_numpy(lengths),
            "horizons": torch.from_numpy(horizons),
        }
        targets = {}
        if "reconstruction" in self.parts:
            targets["reconstruction"] = masked_targets(numeric, lengths)
        if "forecast" in self.parts:
            n_steps = max(1, horizons.max())  # none may be held back
            held_back = self._take(indices, first + lengths, horizons, n_steps)
            targets["forecast"] = masked_targets(held_back, horizons)
        return inputs, targets

    def _vary(self, lengths, crop):
        """Draw lengths and first steps (N,), by torch's generator as all chance."""
        if not self.augment:
            return lengths, np.zeros_like(lengths)
        largest = np.round(np.where(crop, MAX_CROP, MAX_SHIFT) * lengths)
        largest = np.minimum(largest, lengths - 1)
        lowest = np.where(crop, 0, -largest)
        draws = torch.rand(len(lengths), dtype=torch.float64).numpy()
        first = np.floor(lowest + draws * (largest - lowest + 1)).astype(np.int64)
        return np.where(crop, lengths - first, lengths), first

    def _take(self, indices, first, lengths, n_steps):
        """Gather `lengths` steps of the sequences `indices` from step `first` on.

        Returns
        -------
        float32 ndarray of shape (N, n_steps, F)
            Encoded time steps. What lies before, behind or after repeats the first or
            last step.
        """
        starts, whole = self.sequences.starts[indices], self.sequences.lengths[indices]
        shape = len(starts), n_steps, -1
        is_whole = lengths.min() == n_steps and not first.any()
        if is_whole and (np.diff(starts) == n_steps).all():
            # They lie one behind the other: a view, but of what users' callbacks get.
            values = self.sequences.span(starts[0], starts[-1] + n_steps)
            values = values.copy() if self.parts else values
        else:
            steps = np.minimum(np.arange(n_steps), lengths[:, None] - 1)
            steps = np.clip(first[:, None] + steps, 0, whole[:, None] - 1)
            values = self.sequences.take((starts[:, None] + steps).ravel())
        if self.encode is not None:
            values = self.encode(values)
        return values.reshape(shape)


def masked_targets(values, lengths):
    """Say what is to be given back, and how much each value of it counts.

    Parameters
    ----------
    values : float32 ndarray of shape (N, L, F)
        Scaled values, NaN where missing.
    lengths : int64 ndarray of shape (N,)
        Steps of each sequence that count.

    Returns
    -------
    dict of tensor
        `values` (N, L, F), 0 where missing; `weights`, which broadcast to that shape:
        0 where nothing is observed, else such that those of a sequence sum to 1 over
        the number of sequences with an observed value; `lengths` (N,).
    """
    n_samples, n_steps, n_features = values.shape
    inside = np.arange(n_steps) < lengths[:, None]  # (N, L)
    # Quicker than a look at each value: the squares of finite values sum to no NaN.
    flat = values.ravel()
    with np.errstate(over="ignore"):
        has_gaps = np.isnan(np.dot(flat, flat))
    if has_gaps:
        observed = ~np.isnan(values) & inside[:, :, None]  # (N, L, F)
        counts = observed.sum(axis=(1, 2))
        values = np.where(observed, values, np.float32(0))
    else:
        observed = inside[:, :, None]  # (N, L, 1)
        counts = lengths * n_features
    shares = counts * np.count_nonzero(counts)  # (N,)
    weights = observed / np.maximum(shares, 1)[:, None, None]
    return {
        "values": torch.from_numpy(values),
        "weights": torch.from_numpy(weights.astype(np.float32)),
        "lengths": torch.from_numpy(lengths),
    }


def split_batch(batch, size):
    """Cut a batch into pieces of about equal size.

    Parameters
    ----------
    batch : tuple of (inputs, targets)
        As :meth:`SequenceDataset.batch` gives it.
    size : int
        Largest number of sequences of a piece.

    Yields
    ------
    inputs, targets
        As of the batch.
    share : float
        Share of the batch's sequences that are in the piece.
    """
    inputs, targets = batch
    n_samples = len(inputs["lengths"])
    n_pieces = -(-n_samples // size)
    if n_pieces == 1:
        yield inputs, targets, 1.0
        return
    edges = [n_samples * k // n_pieces for k in range(n_pieces + 1)]
    for start, stop in zip(edges[:-1], edges[1:], strict=True):
        rows = slice(start, stop)
        piece = {name: value[rows] for name, value in inputs.items()}
        parts = {
            part: {name: value[rows] for name, value in target.items()}
            for part, target in targets.items()
        }
        if "forecast" in parts:
            # The network forecasts as many steps as the longest horizon asks for.
            longest = max(1, int(piece["horizons"].max()))
            for name in ("values", "weights"):
                parts["forecast"][name] = parts["forecast"][name][:, :longest]
        yield piece, parts, (stop - start) / n_samples


class TrainingBatches:
    """Iterate over random batches of similar lengths, anew each epoch.

    Sequences are shuffled, then sorted by about their length within pools of
    `POOL_BATCHES` batches, and the batches are shuffled. Every sequence comes once an
    epoch, the longest of a batch first, and batches differ by at most one in size.

    Parameters
    ----------
    dataset : SequenceDataset
        The sequences.
    batch_size : int
        Largest number of sequences of a batch.
    """

    def __init__(self, dataset, batch_size):
        self.dataset = dataset
        self.batch_size = batch_size

    def __len__(self):
        return -(-len(self.dataset) // self.batch_size)

    def __iter__(self):
        order = torch.randperm(len(self.dataset)).numpy()
        batches = np.array_split(order, len(self))
        if np.ptp(self.dataset.lengths):
            batches = self._sort_pools(batches)
        for k in torch.randperm(len(batches)).tolist():
            yield self.dataset.batch(batches[k])

    def _sort_pools(self, batches):
        """Sort by about the length within each pool, exactly within each batch."""
        n_patches = -(-self.dataset.lengths // self.dataset.patch_size)
        by_length = []
        for start in range(0, len(batches), POOL_BATCHES):
            pool = batches[start : start + POOL_BATCHES]
            cuts = np.cumsum([len(batch) for batch in pool])[:-1]
            pool = np.concatenate(pool)
            chance = JITTER * (2 * torch.rand(len(pool)).numpy() - 1)
            pool = pool[np.argsort(np.log(n_patches[pool]) + chance)]
            by_length += [
                batch[np.argsort(-n_patches[batch], kind="stable")]
                for batch in np.split(pool, cuts)
            ]
        return by_length


class OrderedBatches:
    """Iterate over batches in order of length, the longest first, without chance.

    Parameters
    ----------
    dataset : SequenceDataset
        The sequences.
    batch_size : int
        Largest number of sequences of a batch.
    """

    def __init__(self, dataset, batch_size):
        self.dataset = dataset
        self.batch_size = batch_size

    def __len__(self):
        return -(-len(self.dataset) // self.batch_size)

    def __iter__(self):
        for indices in batches_by_length(self.dataset.lengths, self.batch_size):
            yield self.dataset.batch(indices)


def batches_by_length(lengths, batch_size):
    """Yield indices, the longest sequences first, `batch_size` at most together."""
    order = np.argsort(-lengths, kind="stable")
    yield from np.array_split(order, -(-len(order) // batch_size))


def inference_batches(lengths, patch_size, n_features, n_cells, cached):
    """Yield indices of sequences of similar lengths, as many as are good together.

    Parameters
    ----------
    lengths : int64 ndarray of shape (n_samples,)
        Time steps of each sequence.
    patch_size, n_features, n_cells : int
        Time steps of a patch, values of a step, cells of a layer.
    cached : bool
        Whether the caches of a CPU are to hold the states, not its memory alone.
    """
    n_steps = padded_length(lengths.max(), patch_size)
    n_states = n_steps // patch_size * n_cells  # of one sequence
    batch_size = min(
        INFERENCE_SEQUENCES,
        INFERENCE_STATES // n_states,
        INFERENCE_VALUES // (n_steps * n_features),
    )
    if cached:
        fitting = max(LEAST_CACHED_SEQUENCES, CACHED_STATES // n_states)
        batch_size = min(batch_size, fitting)
    yield from batches_by_length(lengths, max(1, batch_size))


def padded_length(length, patch_size):
    """Round a number of steps up to one of few, so that batches have few shapes.

    Every new shape may cost once. Up to 64 patches nothing is rounded; above, the grid
    has 32 to 64 numbers an octave, so that at most 1 / 32 of the patches, 1 % on
    average, are added.

    Parameters
    ----------
    length : int
        Number of time steps, at least 1.
    patch_size : int
        Number of time steps of a patch.

    Returns
    -------
    int
        A number of steps, a multiple of `patch_size`.
    """
    n_patches = -(-int(length) // patch_size)
    grid = 2 ** max(0, math.ceil(math.log2(n_patches)) - 6)
    return -(-n_patches // grid) * grid * patch_size

"""What a batch holds: padded inputs and what is to be given back.

Padding stands at the end of a batch's rows and repeats the last step of a sequence.
Nobody reads it: the encoder takes its state at each sequence's own last step, and the
loss counts only steps within the lengths.
"""

import numpy as np
import torch

from sklearn_seqembed._training.batching import inference_batches, padded_length

# Largest shift in time, as a share of a sequence's length, and the largest share of it
# that is cut off at the start.
MAX_SHIFT = 0.1
MAX_CROP = 0.3

# Largest share that another sequence has in one that is mixed.
MAX_MIX = 0.5

# Weight of the end of a sequence beside its values, where these are numbers. An end
# costs up to log(longest length) nats, values at most about 1 in scaled units.
END_WEIGHT = 0.1


class SequenceDataset(torch.utils.data.Dataset):
    """Encoded sequences, cut into the part that is read and the part held back.

    Parameters
    ----------
    sequences : EncodedSequences
        The sequences.
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
    augmentation : tuple of {"shift", "mix"}, default=()
        How to vary the sequences at random. "shift": each is shifted in time by up to
        `MAX_SHIFT` of its length, the steps shifted in repeating its first or last
        one. Where steps are held back nothing may be made up: there up to `MAX_CROP`
        of what is read is cut off at its start, so that the network learns to
        forecast from the end of a sequence, at any length. "mix": another of the
        batch, without gaps, is laid over each, with a share of up to `MAX_MIX`, its
        last step standing in where it has ended, and as large a share of the steps
        take its categories; not where a forecast is learned.
    """

    def __init__(
        self,
        sequences,
        patch_size,
        parts,
        *,
        horizons=None,
        read_whole=0.0,
        augmentation=(),
    ):
        self.sequences = sequences
        self.patch_size = patch_size
        self.parts = parts
        self.horizons = (
            np.zeros(len(sequences), dtype=np.int64) if horizons is None else horizons
        )
        self.lengths = sequences.lengths - self.horizons  # of the part that is read
        self.read_whole = read_whole
        self.shifts = "shift" in augmentation
        self.mixes = "mix" in augmentation and "forecast" not in parts

    def __len__(self):
        return len(self.sequences)

    def inference_batches(self, n_values, n_cells, keep):
        """Yield indices of sequences that may enter together outside training."""
        # What is forecast may be longer than what is read.
        lengths = np.maximum(self.lengths, self.horizons)
        for indices in inference_batches(
            lengths, self.patch_size, n_values, n_cells, keep
        ):
            yield indices[np.argsort(-self.lengths[indices], kind="stable")]

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
        if self.shifts or self.read_whole:
            order = np.argsort(-lengths, kind="stable")  # the longest first again
            indices, lengths, first, horizons = (
                values[order] for values in (indices, lengths, first, horizons)
            )
        n_steps = padded_length(lengths.max(), self.patch_size)
        numeric, categories = self._take(indices, first, lengths, n_steps)
        if self.mixes:
            numeric, categories = _mix(numeric, categories, lengths)
        inputs = {
            "numeric": torch.from_numpy(numeric),
            "categories": torch.from_numpy(categories),
            "lengths": torch.from_numpy(lengths),
            "horizons": torch.from_numpy(horizons),
        }
        targets = {}
        if "reconstruction" in self.parts:
            targets["reconstruction"] = masked_targets(numeric, lengths, categories)
        if "forecast" in self.parts:
            n_steps = max(1, horizons.max())  # none may be held back
            values, classes = self._take(indices, first + lengths, horizons, n_steps)
            targets["forecast"] = masked_targets(values, horizons, classes)
        return inputs, targets

    def _vary(self, lengths, crop):
        """Draw lengths and first steps (N,), by torch's generator as all chance."""
        if not self.shifts:
            return lengths, np.zeros_like(lengths)
        # A category that is repeated is made up; a number is hardly.
        max_shift = 0 if self.sequences.lookups else MAX_SHIFT
        largest = np.round(np.where(crop, MAX_CROP, max_shift) * lengths)
        largest = np.minimum(largest, lengths - 1)
        lowest = np.where(crop, 0, -largest)
        draws = torch.rand(len(lengths), dtype=torch.float64).numpy()
        first = np.floor(lowest + draws * (largest - lowest + 1)).astype(np.int64)
        return np.where(crop, lengths - first, lengths), first

    def _take(self, indices, first, lengths, n_steps):
        # Users' callbacks get what is learned from: no view of what is kept.
        is_kept = bool(self.parts)
        return self.sequences.take(indices, first, lengths, n_steps, copy=is_kept)


def _mix(numeric, categories, lengths):
    """Lay others of a batch over its sequences, at random (mixup) [1]_.

    Categories cannot lie between two others: of the steps, the other's share takes its
    categories instead, as parts of an image are cut and pasted in CutMix [2]_.

    Parameters
    ----------
    numeric : float32 ndarray of shape (N, L, F)
        Encoded values.
    categories : int64 ndarray of shape (N, L, K)
        Indices of categories. A missing one replaces none.
    lengths : int64 ndarray of shape (N,)
        Steps of each sequence.

    References
    ----------
    .. [1] Zhang, H. et al. (2018). mixup: Beyond Empirical Risk Minimization. ICLR.
    .. [2] Yun, S. et al. (2019). CutMix: Regularization Strategy to Train Strong
           Classifiers with Localizable Features. ICCV.
    """
    partners = torch.randperm(len(numeric)).numpy()
    shares = MAX_MIX * torch.rand(len(numeric), 1, 1, dtype=torch.float32).numpy()
    if categories.shape[2]:
        steps = np.arange(categories.shape[1])
        takes = torch.rand(categories.shape[:2]).numpy() < shares[:, :, 0]
        takes &= steps < lengths[partners, None]
        takes = takes[:, :, None] & (categories[partners] > 0)
        categories = np.where(takes, categories[partners], categories)
    if _has_gaps(numeric):
        # Where gaps of the partner begin and end, steps would be made up.
        has_gaps = np.isnan(numeric).any(axis=(1, 2))
        partners = np.where(has_gaps[partners], np.arange(len(numeric)), partners)
    return numeric + shares * (numeric[partners] - numeric), categories


def _has_gaps(values):
    # Quicker than a look at each value: the squares of finite values sum to no NaN.
    flat = values.ravel()
    with np.errstate(over="ignore"):
        return np.isnan(np.dot(flat, flat))


def masked_targets(values, lengths, classes=None, *, by_step=False, end_weight=None):
    """Say what is to be given back, and how much each value of it counts.

    Parameters
    ----------
    values : float32 ndarray of shape (N, L, F)
        Scaled values, NaN where missing.
    lengths : int64 ndarray of shape (N,)
        Steps of each sequence that count.
    classes : int64 ndarray of shape (N, L, K), default=None
        Indices of categories, 0 where missing. None where there are none.
    by_step : bool, default=False
        Whether every observed value counts as much as any other, else every sequence.
    end_weight : float, default=None
        How much the end of a sequence counts beside one observed value; None counts
        all ends together as `END_WEIGHT`.

    Returns
    -------
    dict of tensor
        `values` (N, L, F), 0 where missing, and `classes` (N, L, K); `weights` and
        `class_weights`, which broadcast to these shapes: 0 where nothing is observed,
        else such that those of a sequence sum to 1 over the number of sequences with
        an observed value, or those of all to 1; `end_weights` (N,); `lengths` (N,).
    """
    n_samples, n_steps, n_features = values.shape
    if lengths.min() == n_steps:
        inside = np.ones((n_samples, 1), dtype=bool)  # stands for all steps
    else:
        inside = np.arange(n_steps) < lengths[:, None]  # (N, L)
    if _has_gaps(values):
        observed = ~np.isnan(values) & inside[:, :, None]  # (N, L, F)
        counts = observed.sum(axis=(1, 2))
        values = np.where(observed, values, np.float32(0))
    else:
        observed = inside[:, :, None]  # (N, L, 1)
        counts = lengths * n_features
    if classes is None:
        classes = np.empty((n_samples, n_steps, 0), dtype=np.int64)
    known = (classes > 0) & inside[:, :, None]  # (N, L, K)
    if classes.shape[2]:
        counts = counts + known.sum(axis=(1, 2))
    shares = counts * np.count_nonzero(counts)  # (N,)
    shares = np.full_like(counts, counts.sum()) if by_step else shares
    shares = np.maximum(shares, 1)
    end_weights = np.full(n_samples, END_WEIGHT / n_samples)
    if end_weight is not None:
        end_weights = end_weight / shares
    shares = shares[:, None, None]
    return {
        "values": torch.from_numpy(values),
        "weights": torch.from_numpy((observed / shares).astype(np.float32)),
        "classes": torch.from_numpy(classes),
        "class_weights": torch.from_numpy((known / shares).astype(np.float32)),
        "end_weights": torch.from_numpy(end_weights.astype(np.float32)),
        "lengths": torch.from_numpy(lengths),
    }


def split_batch(batch, edges, patch_size):
    """Cut a batch into pieces, each as long as its own longest sequence asks for.

    Parameters
    ----------
    batch : tuple of (inputs, targets)
        As :meth:`SequenceDataset.batch` gives it.
    edges : list of int
        First sequence of each piece, and the end.
    patch_size : int
        Lengths of pieces are multiples of it.

    Yields
    ------
    inputs, targets
        As of the batch.
    """
    inputs, targets = batch
    if len(edges) == 2:
        yield inputs, targets
        return
    for start, stop in zip(edges[:-1], edges[1:], strict=True):
        rows = slice(start, stop)
        piece = {name: value[rows] for name, value in inputs.items()}
        longest = padded_length(piece["lengths"].max(), patch_size)
        for name in ("numeric", "categories"):
            piece[name] = piece[name][:, :longest]
        for name in ("true_values", "true_classes"):
            if name in piece:  # what a decoder reads goes as far as the targets do
                piece[name] = piece[name][:, : int(piece["horizons"].max())]
        parts = {}
        for part, target in targets.items():
            # The network forecasts as many steps as the longest horizon asks for.
            n_steps = longest if part == "reconstruction" else piece["horizons"].max()
            n_steps = max(1, int(n_steps))
            parts[part] = {
                name: values[rows] if values.ndim == 1 else values[rows, :n_steps]
                for name, values in target.items()
            }
        yield piece, parts

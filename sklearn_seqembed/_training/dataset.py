"""Padded batches of sequences, with augmentation and steps held back for forecasts.

Padding follows the end of each sequence and repeats its last step. It has no effect,
because the encoder uses the states at the last step of each sequence, and the loss
counts only steps before padding.
"""

import numpy as np
import torch

from sklearn_seqembed._network.closed_form import MAX_MIX, MAX_SHIFT
from sklearn_seqembed._training.batching import iter_inference_batches, round_up_length
from sklearn_seqembed._training.targets import has_missing, make_targets

# Largest fraction of a sequence that is cut off at its start, which replaces the shift
# where a forecast is learned. It was not tuned.
MAX_CROP = 0.3


class SequenceDataset(torch.utils.data.Dataset):
    """Encoded sequences, each split into steps to read and steps that are held back.

    Parameters
    ----------
    sequences : EncodedSequences
        The sequences.
    patch_size : int
        Lengths of batches are multiples of it.
    parts : tuple of {"reconstruction", "forecast"}
        Parts of the objective for which batches contain targets.
    horizons : int64 ndarray of shape (n_samples,), default=None
        Number of steps at the end of each sequence that are held back as the target of
        the forecast. None holds back nothing.
    forecast_targets : EncodedSequences, default=None
        The same sequences, encoded as the targets of forecasts. None for `sequences`.
    read_whole : float, default=0.0
        Probability, for each sequence of a batch, that none of its steps are held back.
        It is then reconstructed, but not forecast.
    augmentation : tuple of {"shift", "mix"}, default=()
        Random variations of the sequences.

        - "shift" shifts each sequence in time by up to `MAX_SHIFT` of its length and
          repeats its first or last step. If steps are held back, it cuts off up to
          `MAX_CROP` of the start instead. The network thus learns to forecast from
          sequences of any length, and no repeated step precedes the target.
        - "mix" averages each sequence with another one of the batch, whose weight is at
          most `MAX_MIX`, and whose last step is repeated after its end. Categories are
          replaced by those of the other sequence, at a fraction of the steps that is
          equal to the weight. Other sequences with missing values are not used. Nothing
          is mixed if a forecast is one of the parts.
    generator : torch.Generator, default=None
        Generator of random batches and variations, on the CPU. Only training needs it.
    """

    def __init__(
        self,
        sequences,
        patch_size,
        parts,
        *,
        horizons=None,
        forecast_targets=None,
        read_whole=0.0,
        augmentation=(),
        generator=None,
    ):
        self.sequences = sequences
        self.patch_size = patch_size
        self.parts = parts
        self.horizons = (
            np.zeros(len(sequences), dtype=np.int64) if horizons is None else horizons
        )
        self.lengths = sequences.lengths - self.horizons  # of the part that is read
        self.forecast_targets = (
            sequences if forecast_targets is None else forecast_targets
        )
        self.read_whole = read_whole
        self.shifts = "shift" in augmentation
        self.mixes = "mix" in augmentation and "forecast" not in parts
        self.generator = generator

    def __len__(self):
        return len(self.sequences)

    def iter_inference_batches(self, n_values, n_cells, keeps_memory):
        """Yield batches for inference: :func:`batching.iter_inference_batches`."""
        # The forecast may be longer than the steps that are read.
        lengths = np.maximum(self.lengths, self.horizons)
        for indices in iter_inference_batches(
            lengths, self.patch_size, n_values, n_cells, keeps_memory
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
            For each part the targets that :func:`make_targets` returns.
        """
        lengths, horizons = self.sequences.lengths[indices], self.horizons[indices]
        if self.read_whole:
            draws = torch.rand(len(indices), generator=self.generator)
            is_whole = draws.numpy() < self.read_whole
            horizons = np.where(is_whole, 0, horizons)
        lengths, first = self._draw_spans(lengths - horizons, crop=horizons > 0)
        if self.shifts or self.read_whole:
            order = np.argsort(-lengths, kind="stable")  # the longest first again
            indices, lengths, first, horizons = (
                values[order] for values in (indices, lengths, first, horizons)
            )
        n_steps = round_up_length(lengths.max(), self.patch_size)
        numeric, categories = self._take(
            self.sequences, indices, first, lengths, n_steps
        )
        if self.mixes:
            numeric, categories = _mix(numeric, categories, lengths, self.generator)
        inputs = {
            "numeric": torch.from_numpy(numeric),
            "categories": torch.from_numpy(categories),
            "lengths": torch.from_numpy(lengths),
            "horizons": torch.from_numpy(horizons),
        }
        targets = {}
        if "reconstruction" in self.parts:
            targets["reconstruction"] = make_targets(numeric, lengths, categories)
        if "forecast" in self.parts:
            n_steps = max(1, horizons.max())  # all horizons may be 0
            values, classes = self._take(
                self.forecast_targets, indices, first + lengths, horizons, n_steps
            )
            targets["forecast"] = make_targets(values, horizons, classes)
        return inputs, targets

    def _draw_spans(self, lengths, crop):
        """Draw the number of steps to read, and the first of them, both (N,)."""
        if not self.shifts:
            return lengths, np.zeros_like(lengths)
        # Repeating a number hardly changes a sequence, but repeating a category does.
        max_shift = 0 if self.sequences.lookups else MAX_SHIFT
        largest = np.round(np.where(crop, MAX_CROP, max_shift) * lengths)
        largest = np.minimum(largest, lengths - 1)
        lowest = np.where(crop, 0, -largest)
        draws = torch.rand(
            len(lengths), dtype=torch.float64, generator=self.generator
        ).numpy()
        first = np.floor(lowest + draws * (largest - lowest + 1)).astype(np.int64)
        return np.where(crop, lengths - first, lengths), first

    def _take(self, sequences, indices, first, lengths, n_steps):
        # Batches with targets are copied, because the user's callbacks may change them.
        copy = bool(self.parts)
        return sequences.take(indices, first, lengths, n_steps, copy=copy)


def _mix(numeric, categories, lengths, generator):
    """Mix sequences of a batch at random (mixup [1]_).

    Categories cannot be averaged. At a fraction of the steps they are replaced by those
    of the other sequence, as CutMix replaces a part of an image by that of another
    [2]_.

    Parameters
    ----------
    numeric : float32 ndarray of shape (N, L, F)
        Encoded values.
    categories : int64 ndarray of shape (N, L, K)
        Indices of categories. Missing ones do not replace others.
    lengths : int64 ndarray of shape (N,)
        Number of time steps of each sequence.
    generator : torch.Generator
        Generator of the random numbers.

    References
    ----------
    .. [1] Zhang, H. et al. (2018). mixup: Beyond Empirical Risk Minimization. ICLR.
    .. [2] Yun, S. et al. (2019). CutMix: Regularization Strategy to Train Strong
           Classifiers with Localizable Features. ICCV.
    """
    n_samples = len(numeric)
    others = torch.randperm(n_samples, generator=generator).numpy()
    draws = torch.rand(n_samples, 1, 1, dtype=torch.float32, generator=generator)
    weights = MAX_MIX * draws.numpy()
    if categories.shape[2]:
        steps = np.arange(categories.shape[1])
        draws = torch.rand(categories.shape[:2], generator=generator)
        replaces = draws.numpy() < weights[:, :, 0]
        replaces &= steps < lengths[others, None]
        replaces = replaces[:, :, None] & (categories[others] > 0)
        categories = np.where(replaces, categories[others], categories)
    if has_missing(numeric):
        # The mixture would jump where values of the other sequence are missing.
        is_gappy = np.isnan(numeric).any(axis=(1, 2))
        others = np.where(is_gappy[others], np.arange(len(numeric)), others)
    return numeric + weights * (numeric[others] - numeric), categories

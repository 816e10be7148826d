"""Pairs of sequences: what is read and what is to be said, side by side."""

import numpy as np
import torch

from sklearn_seqembed._training.batching import inference_batches, padded_length
from sklearn_seqembed._training.dataset import masked_targets


class Pairs:
    """Sequences, the targets that belong to them, and the levels of these.

    Parameters
    ----------
    sources, targets : Sequences or EncodedSequences
        As many of both.
    levels : float32 ndarray of shape (n_samples, 2, F), default=None
        Of targets that are encoded what :meth:`RelativeTargets.of` gives.
    """

    def __init__(self, sources, targets, levels=None):
        self.sources = sources
        self.targets = targets
        self.levels = levels

    def __len__(self):
        return len(self.sources)

    def __getitem__(self, indices):
        levels = None if self.levels is None else self.levels[indices]
        return Pairs(self.sources[indices], self.targets[indices], levels)


class PairDataset(torch.utils.data.Dataset):
    """Encoded pairs of sequences in padded batches.

    Parameters
    ----------
    pairs : Pairs
        Of encoded sequences.
    patch_size : int
        Of the sources: lengths of batches are multiples of it.
    feeds_back : bool
        Whether the decoder reads what it is to say.
    """

    def __init__(self, pairs, patch_size, feeds_back):
        self.pairs = pairs
        self.patch_size = patch_size
        self.feeds_back = feeds_back
        self.lengths = pairs.sources.lengths
        self.horizons = pairs.targets.lengths

    def __len__(self):
        return len(self.pairs)

    def inference_batches(self, n_values, n_cells, keep):
        """Yield indices of pairs that may enter together outside training."""
        lengths = np.maximum(self.lengths, self.horizons * self.patch_size)
        for indices in inference_batches(
            lengths, self.patch_size, n_values, n_cells, keep
        ):
            yield indices[np.argsort(-self.lengths[indices], kind="stable")]

    def batch(self, indices):
        """Gather one padded batch.

        Parameters
        ----------
        indices : int ndarray of shape (N,)
            Pairs of the batch, the longest source first.

        Returns
        -------
        inputs : dict of tensor
            Arguments of :meth:`SequenceToSequence.forward`.
        targets : dict of (dict of tensor)
            Under "prediction" what :func:`masked_targets` gives.
        """
        lengths, horizons = self.lengths[indices], self.horizons[indices]
        first = np.zeros_like(lengths)
        n_steps = padded_length(lengths.max(), self.patch_size)
        sources, targets = self.pairs.sources, self.pairs.targets
        numeric, categories = sources.take(indices, first, lengths, n_steps)
        n_steps = int(horizons.max())
        values, classes = targets.take(indices, first, horizons, n_steps)
        inputs = {
            "numeric": torch.from_numpy(numeric),
            "categories": torch.from_numpy(categories),
            "lengths": torch.from_numpy(lengths),
            "horizons": torch.from_numpy(horizons),
            "location_scale": torch.from_numpy(self.pairs.levels[indices]),
        }
        if self.feeds_back:
            inputs["true_values"] = torch.from_numpy(values)
            inputs["true_classes"] = torch.from_numpy(classes)
        # Said one after another, tokens and the end are parts of one likelihood.
        is_likelihood = self.feeds_back and classes.shape[2] > 0
        found = masked_targets(
            values,
            horizons,
            classes,
            by_step=True,
            end_weight=1.0 if is_likelihood else None,
        )
        return inputs, {"prediction": found}

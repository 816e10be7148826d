"""Padded batches of pairs: sequences, and the targets to predict from them."""

import numpy as np
import torch

from sklearn_seqembed._training.batching import iter_inference_batches, round_up_length
from sklearn_seqembed._training.targets import make_targets


class Pairs:
    """Sequences and their targets.

    Parameters
    ----------
    sources, targets : Sequences or EncodedSequences
        The sequences, and a target for each of them.
    weights : float32 ndarray of shape (n_samples, F), default=None
        Weights of the numbers of each target in the loss; None if they are equal.
    """

    def __init__(self, sources, targets, weights=None):
        self.sources = sources
        self.targets = targets
        self.weights = weights

    def __len__(self):
        return len(self.sources)

    def __getitem__(self, indices):
        weights = None if self.weights is None else self.weights[indices]
        return Pairs(self.sources[indices], self.targets[indices], weights)


class PairDataset(torch.utils.data.Dataset):
    """Encoded pairs of sequences in padded batches.

    Parameters
    ----------
    pairs : Pairs
        Pairs of encoded sequences.
    patch_size : int
        Patch size of the sources. Lengths of batches are multiples of it.
    feeds_back : bool
        Whether the decoder reads the targets (teacher forcing).
    generator : torch.Generator, default=None
        Generator of random batches, on the CPU. Only training needs it.
    """

    def __init__(self, pairs, patch_size, feeds_back, generator=None):
        self.pairs = pairs
        self.patch_size = patch_size
        self.feeds_back = feeds_back
        self.generator = generator
        self.lengths = pairs.sources.lengths
        self.horizons = pairs.targets.lengths

    def __len__(self):
        return len(self.pairs)

    def iter_inference_batches(self, n_values, n_cells, keeps_memory):
        """Yield batches for inference: :func:`batching.iter_inference_batches`."""
        # An autoregressive decoder computes every step, the encoder only every patch. A
        # step of the target thus takes as much memory as a patch of the source.
        lengths = np.maximum(self.lengths, self.horizons * self.patch_size)
        for indices in iter_inference_batches(
            lengths, self.patch_size, n_values, n_cells, keeps_memory
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
            The targets that :func:`make_targets` returns, under the key "prediction".
        """
        lengths, horizons = self.lengths[indices], self.horizons[indices]
        first = np.zeros_like(lengths)
        sources, targets = self.pairs.sources, self.pairs.targets
        n_steps = round_up_length(lengths.max(), self.patch_size)
        numeric, categories = sources.take(indices, first, lengths, n_steps)
        n_steps = int(horizons.max())
        values, classes = targets.take(indices, first, horizons, n_steps)
        inputs = {
            "numeric": torch.from_numpy(numeric),
            "categories": torch.from_numpy(categories),
            "lengths": torch.from_numpy(lengths),
            "horizons": torch.from_numpy(horizons),
        }
        if self.feeds_back:
            inputs["true_values"] = torch.from_numpy(values)
            inputs["true_classes"] = torch.from_numpy(classes)
        # In autoregressive decoding the end counts like any other token, because the
        # likelihood of a sequence is the product over its tokens and its end.
        end_is_token = self.feeds_back and classes.shape[2] > 0
        prediction = make_targets(
            values,
            horizons,
            classes,
            by_step=True,
            end_weight=1.0 if end_is_token else None,
        )
        if self.pairs.weights is not None:
            weights = torch.from_numpy(self.pairs.weights[indices])  # (N, F)
            prediction["weights"] = prediction["weights"] * weights[:, None]
        return inputs, {"prediction": prediction}

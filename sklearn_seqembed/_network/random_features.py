"""Features of random cells, convolutions or n-grams, and statistics of the values."""

from typing import NamedTuple

import torch
from torch import nn

from sklearn_seqembed._network.convolutions import RandomConvolutions
from sklearn_seqembed._network.layout import Layout
from sklearn_seqembed._network.ngrams import CategoryNgrams
from sklearn_seqembed._network.patches import average_steps, count_patches
from sklearn_seqembed._network.reservoir import Reservoir

# Variances of all features of the convolutions, and of all n-grams, relative to that of
# all features of the reservoir. See "Random features" and "Categories" on the recipe
# page for the trials.
CONVOLUTION_WEIGHT = 0.5
NGRAM_WEIGHT = 1.0


class Block(NamedTuple):
    """Features of one kind.

    Attributes
    ----------
    size : int
        Number of features.
    weight : float
        Relative variance of all of them together.
    standardize : bool
        Whether each of them gets the same variance.
    """

    size: int
    weight: float
    standardize: bool


class RandomFeatures(nn.Module):
    """Describe a sequence by functions that need no training.

    The features are mean, standard deviation and last value of each numeric feature and
    the length; statistics over time of a :class:`Reservoir`; and, if features are
    categorical, :class:`CategoryNgrams`, otherwise :class:`RandomConvolutions`.

    Parameters
    ----------
    reader : InputReader
        Reader that provides the inputs.
    n_cells : int
        Number of random cells per direction and layer.
    bidirectional : bool, default=True
        Whether the cells also read each sequence backward.
    cell : {"lstm", "gru"}, default="lstm"
        Type of cell.
    patch_sizes : tuple of (int, int), default=(1, 1)
        Time steps that the cells, and the convolutions, read as one.
    length : int, default=1
        Typical number of time steps, from which dilations are derived.
    n_classes : tuple of int, default=()
        Number of classes of each categorical feature.

    Attributes
    ----------
    n_statistics : int
        Number of statistics, the first features.
    n_outputs : int
        Number of features that describe a sequence.
    """

    def __init__(
        self,
        reader,
        n_cells,
        *,
        bidirectional=True,
        cell="lstm",
        patch_sizes=(1, 1),
        length=1,
        n_classes=(),
    ):
        super().__init__()
        cell_patch_size, self.convolution_patch_size = patch_sizes
        self.reservoir = Reservoir(
            reader,
            n_cells,
            bidirectional=bidirectional,
            cell=cell,
            patch_size=cell_patch_size,
            n_classes=n_classes,
        )
        self.convolutions = self.ngrams = None
        if n_classes:
            self.ngrams = CategoryNgrams()
        else:
            n_patches = -(-length // self.convolution_patch_size)
            self.convolutions = RandomConvolutions(reader.n_signals, n_patches)
        self.n_statistics = reader.n_statistics

    @property
    def n_outputs(self):
        """Number of features that describe a sequence."""
        return self.n_statistics + sum(block.size for block in self.blocks)

    @property
    def blocks(self):
        """Kinds of features after the statistics: tuple of :class:`Block`."""
        reservoir = Block(self.reservoir.n_outputs, 1.0, standardize=True)
        if self.ngrams is not None:
            # With equal variances, rare n-grams would dominate.
            others = Block(self.ngrams.n_outputs, NGRAM_WEIGHT, standardize=False)
        else:
            n_outputs = self.convolutions.n_outputs
            others = Block(n_outputs, CONVOLUTION_WEIGHT, standardize=True)
        return reservoir, others

    def calibrate(self, inputs, lengths):
        """Choose the thresholds of the convolutions from a batch."""
        if self.convolutions is not None:
            self.convolutions.calibrate(*self._average(inputs, lengths))

    def forward(self, inputs, categories, lengths):
        """Compute the features of a batch.

        Parameters
        ----------
        inputs : EncoderInputs
            Inputs for random features.
        categories : int64 tensor of shape (N, L, K)
            Indices of categories, which `inputs` contain as random vectors.
        lengths : int64 tensor of shape (N,)
            Number of time steps of each sequence.

        Returns
        -------
        float32 tensor of shape (N, n_outputs)
            The features.
        """
        layout = Layout.of_steps(
            lengths,
            inputs.values.shape[1],
            self.reservoir.patch_size,
            self.reservoir.n_cells,
        )
        features = [inputs.statistics, self.reservoir(inputs, layout)]
        if self.ngrams is not None:
            features.append(self.ngrams(categories, lengths))
        else:
            features.append(self.convolutions(*self._average(inputs, lengths)))
        return torch.cat(features, dim=1)

    def _average(self, inputs, lengths):
        """Return the patches that the convolutions read, and their numbers."""
        patch_size = self.convolution_patch_size
        n_patches = count_patches(lengths, patch_size)
        return average_steps(inputs.signals, patch_size), n_patches

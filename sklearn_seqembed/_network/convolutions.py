"""Random convolutions, summarized over time.

References
----------
.. [1] Dempster, A., Schmidt, D. F. and Webb, G. I. (2021). MiniRocket: A Very Fast
       (Almost) Deterministic Transform for Time Series Classification. KDD.
       arXiv:2012.08791.
"""

import itertools
import math

import torch
from torch import nn
from torch.nn import functional

from sklearn_seqembed._network.initial import weight_content, weight_generator
from sklearn_seqembed._network.resampling import may_hold
from sklearn_seqembed._network.tracing import can_be_read, is_traced

# Kernels as in MiniRocket [1]_: all that have three weights of 2 and six of -1.
KERNEL_SIZE = 9
N_LARGE_WEIGHTS = 3
N_KERNELS = math.comb(KERNEL_SIZE, N_LARGE_WEIGHTS)

# Number of thresholds per kernel, over all dilations; together 2016 features. In
# MiniRocket there are 119. See "Random features" on the recipe page for the trials.
N_THRESHOLDS = 24

# Number of dilations per factor of two, and largest number of channels of a kernel.
DILATIONS_PER_OCTAVE = 2
MAX_CHANNELS = 9

# Thresholds are soft: over this fraction of the standard deviation of an output, a time
# step counts in part. A feature is then a continuous function of the sequence, so
# that rounding errors have no effect.
SOFTNESS = 0.1
MIN_OUTPUT_STD = 1e-3

# Number of outputs that are computed at once: 2 MiB of float32, so that they stay in
# the cache of a processor.
OUTPUTS_AT_ONCE = 2**19

# Number of sequences and of their outputs from which the thresholds are estimated.
N_THRESHOLD_SEQUENCES = 64
MAX_THRESHOLD_OUTPUTS = 2**14
CALIBRATION_OUTPUTS = 2**23


class RandomConvolutions(nn.Module):
    """Fractions of time steps at which convolutions exceed thresholds [1]_.

    The kernels see short patterns, at any position and at several time scales. Each
    reads a random subset of the channels. Thresholds are quantiles of the outputs of
    some training sequences.

    Parameters
    ----------
    n_channels : int
        Number of channels.
    length : int
        Typical number of patches, from which the dilations are derived.

    Attributes
    ----------
    n_outputs : int
        Number of features that describe a sequence.
    """

    def __init__(self, n_channels, length):
        super().__init__()
        self.dilations = choose_dilations(length)
        n_dilations = len(self.dilations)
        # Thresholds of each dilation; the first dilations have one more.
        self.n_thresholds = [
            len(range(k, N_THRESHOLDS, n_dilations)) for k in range(n_dilations)
        ]
        self.n_outputs = N_KERNELS * N_THRESHOLDS
        weights = torch.full((N_KERNELS, 1, KERNEL_SIZE), -1.0, dtype=torch.float32)
        large = itertools.combinations(range(KERNEL_SIZE), N_LARGE_WEIGHTS)
        for kernel, places in zip(weights, large, strict=True):
            kernel[0, list(places)] = 2.0
        masks = [_choose_channels(n_channels) for _ in self.dilations]
        self.register_buffer("weights", weights)
        self.register_buffer("masks", torch.stack(masks))
        self.register_buffer("thresholds", torch.zeros(N_KERNELS, N_THRESHOLDS))
        self.register_buffer("slopes", torch.ones(n_dilations, N_KERNELS))

    @torch.no_grad()
    def calibrate(self, patches, n_patches):
        """Choose the thresholds.

        Parameters
        ----------
        patches : float32 tensor of shape (N, P, n_channels)
            Some training sequences.
        n_patches : int64 tensor of shape (N,)
            Number of patches of each.
        """
        n_fitting = CALIBRATION_OUTPUTS // self._count_values(patches)
        n_sequences = max(1, min(N_THRESHOLD_SEQUENCES, n_fitting))
        step = -(-len(patches) // n_sequences)
        patches, n_patches = patches[::step], n_patches[::step]
        inside = torch.arange(patches.shape[1], device=patches.device)
        inside = inside < n_patches[:, None]  # (N, P)
        # As in MiniRocket, quantiles form a low-discrepancy sequence.
        ratio = (math.sqrt(5) - 1) / 2
        levels = torch.arange(1, N_KERNELS * N_THRESHOLDS + 1, dtype=torch.float64)
        levels = (
            (levels * ratio % 1).reshape(N_THRESHOLDS, N_KERNELS).T
        )  # as thresholds
        first = 0
        for k, count in enumerate(self.n_thresholds):
            outputs = self._convolve(patches, k, 1.0)[:, inside]  # (kernels, ·)
            stride = -(-outputs.shape[1] // MAX_THRESHOLD_OUTPUTS)
            outputs = outputs[:, ::stride].cpu().double().sort(dim=1).values
            places = levels[:, first : first + count] * (outputs.shape[1] - 1)
            below = outputs.gather(1, places.floor().long())
            above = outputs.gather(1, places.ceil().long())
            chosen = below + (above - below) * places.frac()
            self.thresholds[:, first : first + count] = chosen.to(self.thresholds)
            std = outputs.std(dim=1, correction=0).clamp(min=MIN_OUTPUT_STD)
            self.slopes[k] = (1 / (SOFTNESS * std)).to(self.slopes)
            first += count

    def forward(self, patches, n_patches):
        """Compute the features of each sequence of a batch.

        Parameters
        ----------
        patches : float32 tensor of shape (N, P, n_channels)
            The sequences. Values after their end are ignored.
        n_patches : int64 tensor of shape (N,)
            Number of patches of each sequence, at least 1.

        Returns
        -------
        float32 tensor of shape (N, n_outputs)
            The features, in [0, 1].
        """
        if is_traced():  # the number of sequences is not known
            return self._summarize_at_once(patches, n_patches)
        size = max(1, OUTPUTS_AT_ONCE // self._count_values(patches))
        found = []
        for start in range(0, len(patches), size):
            some = slice(start, start + size)
            longest = patches.shape[1]
            if can_be_read(n_patches):
                longest = int(n_patches[some].max())
            found.append(self._summarize(patches[some, :longest], n_patches[some]))
        return torch.cat(found)

    @staticmethod
    def _count_values(patches):
        """Return how many values a convolution of a sequence reads or yields."""
        _, n_patches, n_channels = patches.shape
        return n_patches * max(N_KERNELS, KERNEL_SIZE * n_channels)

    def _summarize(self, patches, n_patches):
        is_padding = torch.arange(patches.shape[1], device=patches.device)
        is_padding = is_padding >= n_patches[:, None]  # (N, P)
        is_ragged = may_hold(is_padding)
        x = patches.masked_fill(is_padding[:, :, None], 0.0)
        counts, first = [], 0
        for k, count in enumerate(self.n_thresholds):
            slopes = self.slopes[k][:, None]  # (kernels, 1)
            outputs = self._convolve(x, k, slopes)  # (kernels, N, P)
            if is_ragged:
                outputs.masked_fill_(is_padding, -torch.inf)
            shifts = 0.5 - self.thresholds[:, first : first + count] * slopes
            counts += [
                (outputs + shift[:, None, None]).clamp_(0, 1).sum(dim=2)
                for shift in shifts.unbind(dim=1)
            ]
            first += count
        return (torch.cat(counts) / n_patches).T

    def _summarize_at_once(self, patches, n_patches):
        """Compute what :meth:`forward` returns by few operations, for a recording."""
        is_padding = torch.arange(patches.shape[1], device=patches.device)
        is_padding = (is_padding >= n_patches[:, None])[:, None]  # (N, 1, P)
        x = patches.transpose(1, 2).masked_fill(is_padding, 0.0)  # (N, channels, P)
        counts, first = [], 0
        for k, count in enumerate(self.n_thresholds):
            dilation, slopes = self.dilations[k], self.slopes[k][:, None]
            weights = self.weights * (self.masks[k] * slopes)[:, :, None]
            padding = dilation * (KERNEL_SIZE // 2)
            outputs = functional.conv1d(x, weights, padding=padding, dilation=dilation)
            outputs = outputs.masked_fill(is_padding, -torch.inf)  # (N, kernels, P)
            shifts = 0.5 - self.thresholds[:, first : first + count] * slopes
            outputs = outputs[:, :, None] + shifts[:, :, None]  # (N, kernels, count, P)
            counts.append(outputs.clamp(0, 1).sum(dim=3))
            first += count
        counts = torch.cat(counts, dim=2).transpose(1, 2).flatten(1)
        return counts / n_patches[:, None]

    def _convolve(self, x, k, factors):
        """Convolve x (N, P, channels), scaled by factors: (kernels, N, P)."""
        dilation, n_patches = self.dilations[k], x.shape[1]
        masks = self.masks[k] * factors  # (kernels, channels)
        weights = self.weights * masks[:, :, None]  # (kernels, channels, 9)
        padding = dilation * (KERNEL_SIZE // 2)
        x = functional.pad(x.permute(2, 0, 1), (padding, padding))  # (channels, N, ·)
        # A matrix product: convolutions of few channels are up to eight times slower.
        read = torch.stack(
            [
                x[:, :, start : start + n_patches]
                for start in range(0, KERNEL_SIZE * dilation, dilation)
            ],
            dim=1,
        )  # (channels, 9, N, P)
        outputs = weights.flatten(1) @ read.flatten(0, 1).flatten(1)
        return outputs.unflatten(1, read.shape[2:])


def choose_dilations(length):
    """Choose dilations from 1 to the largest at which a kernel fits into a sequence."""
    largest = math.log2(max(1, (length - 1) / (KERNEL_SIZE - 1)))
    n = int(largest * DILATIONS_PER_OCTAVE) + 1
    exponents = [largest * k / max(1, n - 1) for k in range(n)]
    return sorted({int(2**exponent) for exponent in exponents})


def _choose_channels(n_channels):
    """Choose a random subset of channels for each kernel: 0 or 1 (kernels, channels).

    Small subsets are as frequent as large ones.
    """
    if weight_content.get() != "random":
        return torch.empty(N_KERNELS, n_channels, dtype=torch.float32)
    generator = weight_generator.get()
    most = math.log2(min(n_channels, MAX_CHANNELS) + 1)
    draws = torch.rand(N_KERNELS, generator=generator, dtype=torch.float32)
    sizes = 2 ** (most * draws)
    ranks = torch.rand(N_KERNELS, n_channels, generator=generator, dtype=torch.float32)
    ranks = ranks.argsort(dim=1).argsort(dim=1)
    return (ranks < sizes.long()[:, None]).float()

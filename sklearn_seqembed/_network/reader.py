"""What enters the encoder: what it reads at each step, laid side by side in patches.

Axes as in `_network/encoder_decoder.py`.
"""

from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

# Added to a sequence's own spread, in scaled units and times 1 and its level, before it
# divides: what does not vary shall not be blown up to its rounding errors in float32.
LEAST_SPREAD = 1e-6

# Added to the spread of a sequence, in scaled units, where its values are read less the
# last of them and over that spread: what hardly varies is not blown up.
LEAST_OWN_SPREAD = 0.1

# As much as this the standardised numbers that are read vary at least.
LEAST_DEVIATION = 1e-4

# A sequence's own scale counts as at most so many deviations off the mean of all.
LARGEST_SCALE = 3.0


class Readings(NamedTuple):
    """What is read of a batch.

    Attributes
    ----------
    values : float32 tensor of shape (N, L, ·)
        Values without gaps; beside them whether each was missing, each sequence's
        values in its own scale, and embedded categories, where there are these.
    ended : bool tensor of shape (N, L)
        Whether the sequence has ended before this step.
    scales : float32 tensor of shape (N, F) or None
        Logarithm of each sequence's own spread.
    differences : float32 tensor of shape (N, L, ·) or None
        Differences of each step from the one before, 0 at the first.
    """

    values: torch.Tensor
    ended: torch.Tensor
    scales: torch.Tensor | None
    differences: torch.Tensor | None


class Reader(nn.Module):
    """Fill gaps, and say what is read beside the values.

    Parameters
    ----------
    n_features : int
        Number of numeric features F.
    missing_indicator : bool, default=False
        Read 1 or 0 beside each value, by whether it was missing.
    instance_norm : bool, default=False
        Read each sequence a second time, scaled by its own mean and spread, and how
        large that spread is.
    repeat_end : bool, default=False
        Let the last step stand in for those after the end: a patch may reach over it.
    relative : tuple of int, default=()
        Features that are read less their last observed value in the sequence, over
        their spread in it, and in no other way: of two sequences that differ in level
        or scale alone the same is read (Kim et al., 2022; Lin et al., 2023).
    """

    def __init__(
        self,
        n_features,
        *,
        missing_indicator=False,
        instance_norm=False,
        repeat_end=False,
        relative=(),
    ):
        super().__init__()
        self.relative = bool(relative)
        is_relative = torch.zeros(n_features, dtype=torch.bool)
        is_relative[list(relative)] = True
        self.register_buffer("is_relative", is_relative)
        self.missing_indicator = missing_indicator
        self.instance_norm = instance_norm
        self.repeat_end = repeat_end
        # Numbers of a step, but those that stand for its categories.
        self.n_values = n_features * (1 + missing_indicator + instance_norm)
        self.n_scales = n_features * instance_norm
        self.n_differences = n_features * (1 + instance_norm)
        # Set by `calibrate`: what is read shall vary about as much as the values do.
        self.register_buffer("scale_mean", torch.zeros(self.n_scales))
        self.register_buffer("scale_spread", torch.ones(self.n_scales))
        self.register_buffer("difference_spread", torch.ones(self.n_differences))

    def forward(self, numeric, lengths, embedded=None, *, differences=False):
        """Read a batch.

        Parameters
        ----------
        numeric : float32 tensor of shape (N, L, F)
            Scaled values, NaN where missing.
        lengths : int64 tensor of shape (N,)
            Number of time steps of each sequence, at least 1.
        embedded : float32 tensor of shape (N, L, n_embedded), default=None
            Numbers that stand for categories, None for none.
        differences : bool, default=False
            Whether to read differences from step to step, too.

        Returns
        -------
        Readings
            What is read. What stands after a sequence's end has no meaning, but for
            `ended`, and what `repeat_end` promises.
        """
        numeric, unknown, ended = self._fill_steps(numeric, lengths)
        if self.relative:
            own = _less_the_last(numeric, unknown, lengths)
            numeric = torch.where(self.is_relative, own, numeric)
        values, steps, scales, apart = [numeric], [numeric], None, None
        if self.missing_indicator:
            values.append(unknown.expand_as(numeric).to(numeric.dtype))
        if self.instance_norm:
            own, logarithms, varies = _in_own_scale(numeric, unknown)
            values.append(own)
            steps.append(own)
            scales = (logarithms - self.scale_mean) / self.scale_spread
            # What is flat or not observed has no scale to speak of: the logarithm of
            # next to nothing shall not drown all else that is read.
            scales = scales.clamp(-LARGEST_SCALE, LARGEST_SCALE)
            scales = torch.where(varies, scales, 0.0)
        if embedded is not None:
            embedded = self._repeat_end(embedded, lengths, ended)
            values.append(embedded)
        if differences:
            apart = [_differences(_join(steps)) / self.difference_spread]
            # What stands for a category has a size of its own.
            apart += [] if embedded is None else [_differences(embedded)]
            apart = _join(apart)
        return Readings(_join(values), ended, scales, apart)

    def _fill_steps(self, numeric, lengths):
        """Fill what is missing; say what is unknown, (N, L, 1 or F), or has ended."""
        steps = torch.arange(numeric.shape[1], device=numeric.device)
        ended = steps >= lengths[:, None]  # (N, L)
        # A sum is NaN if a value is, and much quicker than a look at each.
        has_gaps = _may_be(torch.isnan(numeric.sum()))
        numeric = self._repeat_end(numeric, lengths, ended)
        unknown = ended[:, :, None]
        if has_gaps:
            unknown = unknown | torch.isnan(numeric)
            numeric = _fill(numeric, unknown)
        return numeric, unknown, ended

    def _repeat_end(self, x, lengths, ended):
        """Let the last step of x (N, L, ·) stand in for those that have no meaning."""
        if not (self.repeat_end and x.shape[2] and _may_be(ended)):
            return x
        steps = torch.arange(x.shape[1], device=x.device)
        return _take_steps(x, torch.minimum(steps, lengths[:, None] - 1))

    @torch.no_grad()
    def calibrate(self, batches):
        """Learn from batches (numeric, lengths) how much scales and differences vary.

        Before it, they are read as they are.
        """
        count, total, squares, logarithms = 0, 0.0, 0.0, []
        for numeric, lengths in batches:
            readings = self(numeric, lengths, differences=True)
            inside = readings.differences[~readings.ended].cpu().double()
            count += len(inside)
            total = total + inside.sum(dim=0)
            squares = squares + inside.square().sum(dim=0)
            if self.instance_norm:
                numeric, unknown, _ = self._fill_steps(numeric, lengths)
                _, scales, varies = _in_own_scale(numeric, unknown)
                scales = torch.where(varies, scales, torch.nan)
                logarithms.append(scales.cpu().double())
        variance = squares / count - (total / count).square()
        self.difference_spread.copy_(_or_one(variance.clamp(min=0).sqrt()))
        if self.instance_norm:
            logarithms = torch.cat(logarithms)
            mean = logarithms.nanmean(dim=0)
            variance = (logarithms - mean).square().nanmean(dim=0)
            self.scale_mean.copy_(mean.nan_to_num())
            self.scale_spread.copy_(_or_one(variance.nan_to_num().sqrt()))


def patch_width(n_numbers, patch_size):
    """Numbers of a patch that :func:`to_patches` lays of so many numbers a step."""
    return (n_numbers + (patch_size > 1)) * patch_size


def to_patches(x, ended, patch_size, *, repeat=True):
    """Lay `patch_size` steps side by side.

    Parameters
    ----------
    x : float32 tensor of shape (N, L, ·)
        What is read at each step.
    ended : bool tensor of shape (N, L)
        Whether the sequence has ended before this step.
    patch_size : int
        Time steps of a patch.
    repeat : bool, default=True
        Whether a last patch that reaches beyond step L is filled by the last step, or
        else by 0, which is the difference of steps that are repeated.

    Returns
    -------
    float32 tensor of shape (N, P, D)
        The patches. With more than one step each, 1 or 0 beside a step says whether
        the sequence has ended. Patches that lie after its end have no meaning.
    """
    if patch_size == 1:
        return x
    x = torch.cat([x, ended[:, :, None].to(x.dtype)], dim=2)
    surplus = -x.shape[1] % patch_size
    if surplus:
        last = x[:, -1:] if repeat else torch.zeros_like(x[:, -1:])
        last = torch.cat([last[:, :, :-1], torch.ones_like(last[:, :, -1:])], dim=2)
        x = torch.cat([x, last.expand(-1, surplus, -1)], dim=1)
    return x.reshape(len(x), -1, patch_size * x.shape[2])


def _in_own_scale(numeric, unknown):
    """Scale each sequence by its own mean and spread (Kim et al., 2022, RevIN).

    Returns
    -------
    own : float32 tensor of shape (N, L, F)
        The values, with mean 0 and variance 1 over the known ones.
    logarithms : float32 tensor of shape (N, F)
        Logarithm of the spread of each sequence.
    varies : bool tensor of shape (N, F)
        Whether it varies by more than rounding errors.
    """
    count = (~unknown).sum(dim=1).clamp(min=1)  # (N, 1 or F)
    mean = torch.where(unknown, 0.0, numeric).sum(dim=1) / count
    apart = numeric - mean[:, None]
    variance = torch.where(unknown, 0.0, apart).square().sum(dim=1) / count
    floor = LEAST_SPREAD * (1 + mean.abs())
    deviation = variance.sqrt()
    spread = deviation + floor
    return apart / spread[:, None], spread.log(), deviation > floor


def _less_the_last(numeric, unknown, lengths):
    """Read each sequence of (N, L, F) from its last value on, over its spread."""
    last = _take_steps(numeric, lengths[:, None] - 1)  # (N, 1, F)
    count = (~unknown).sum(dim=1, keepdim=True).clamp(min=1)
    mean = torch.where(unknown, 0.0, numeric).sum(dim=1, keepdim=True) / count
    apart = torch.where(unknown, 0.0, numeric - mean).square()
    spread = (apart.sum(dim=1, keepdim=True) / count).sqrt()
    return (numeric - last) / (spread + LEAST_OWN_SPREAD)


def _or_one(spread):
    """Put 1 where a spread is next to none."""
    return torch.where(spread > LEAST_DEVIATION, spread, 1.0)


def _differences(x):
    """Differences of each step of x (N, L, ·) from the one before, 0 at the first."""
    return functional.pad(x.diff(dim=1), (0, 0, 1, 0))


def _join(parts):
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=2)


def _take_steps(x, index):
    """Gather steps `index` (N, Q) of each sequence of x (N, L, ·): (N, Q, ·)."""
    first = torch.arange(len(x), device=x.device)[:, None] * x.shape[1]
    # Whole rows: an element-wise gather is several times slower.
    taken = x.flatten(0, 1).index_select(0, (first + index).flatten())
    return taken.reshape(*index.shape, -1)


def _may_be(mask):
    """Tell whether a mask holds anywhere; True without a look on an accelerator.

    A look there would make the CPU wait for all that was asked of the accelerator.
    """
    return mask.device.type != "cpu" or bool(mask.any())


def _fill(numeric, missing):
    """Replace missing values by the feature's last observed one, else its next one."""
    steps = torch.arange(numeric.shape[1], device=numeric.device)[None, :, None]
    last = torch.where(missing, -1, steps).cummax(dim=1).values  # (N, L, F)
    first = missing.to(torch.uint8).argmin(dim=1, keepdim=True)  # (N, 1, F)
    filled = torch.take_along_dim(numeric, torch.where(last < 0, first, last), dim=1)
    return torch.where(missing.all(dim=1, keepdim=True), 0.0, filled)

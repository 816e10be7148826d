"""Inputs of the encoder at each time step: values with gaps filled, and derived inputs.

References
----------
.. [1] Kim, T. et al. (2022). Reversible Instance Normalization for Accurate Time-Series
       Forecasting against Distribution Shift. ICLR.
"""

from typing import NamedTuple

import torch
from torch import nn

from sklearn_seqembed._network.exact import choose_dtype
from sklearn_seqembed._network.resampling import find_observed, may_hold, take_steps
from sklearn_seqembed._network.tracing import is_traced

# Added, times 1 + |mean| in scaled units, to the standard deviation by which a sequence
# is divided, so that the rounding errors of a constant sequence are not amplified. See
# "Inputs" on the recipe page for a comparison with 1e-4.
STD_OFFSET = 1e-6

# An input with a smaller standard deviation is not standardized, because it contains
# little but rounding errors. It was not tuned.
MIN_CALIBRATED_STD = 1e-4

# Bound on the standardized log scale of a sequence. Nearly constant sequences have
# extreme log scales, which would dominate the other inputs. It was not tuned.
MAX_LOG_SCALE = 3.0


class EncoderInputs(NamedTuple):
    """Inputs of the encoder for one batch.

    Attributes
    ----------
    values : float32 tensor of shape (N, L, ·)
        Numeric features without missing values. Depending on the parameters, they are
        followed by indicators of missing values, by the features normalized within each
        sequence, and by the embeddings of categories.
    is_padding : bool tensor of shape (N, L)
        Whether the sequence has ended before this step.
    log_scales : float32 tensor of shape (N, F) or None
        Logarithm of each sequence's own standard deviation, standardized.
    signals : float32 tensor of shape (N, L, ·)
        The numeric features of `values`, and those normalized within each sequence.
    differences : float32 tensor of shape (N, L, ·) or None
        Differences of signals and embeddings from the step before, 0 at the first step.
    statistics : float32 tensor of shape (N, 3 * F + 1) or None
        Mean, standard deviation and last value of each feature, and the length.
    """

    values: torch.Tensor
    is_padding: torch.Tensor
    log_scales: torch.Tensor | None
    signals: torch.Tensor
    differences: torch.Tensor | None
    statistics: torch.Tensor | None


class InputReader(nn.Module):
    """Fill missing values and derive the inputs of the encoder.

    Parameters
    ----------
    n_features : int
        Number of numeric features F.
    missing_indicator : bool, default=False
        For each feature, add an indicator that is 1 where the value is missing.
    instance_norm : bool, default=False
        Add each feature a second time, normalized by its mean and standard deviation
        within the sequence [1]_, and the logarithm of that standard deviation.
    repeat_last : bool, default=False
        Replace padding by copies of the last step, for patches that extend beyond it.
    """

    def __init__(
        self,
        n_features,
        *,
        missing_indicator=False,
        instance_norm=False,
        repeat_last=False,
    ):
        super().__init__()
        self.n_features = n_features
        self.missing_indicator = missing_indicator
        self.instance_norm = instance_norm
        self.repeat_last = repeat_last
        # Inputs per time step, embeddings of categories not counted.
        self.n_values = n_features * (1 + missing_indicator + instance_norm)
        self.n_log_scales = n_features * instance_norm
        self.n_signals = n_features * (1 + instance_norm)
        self.n_statistics = 3 * n_features + 1
        # Set by `calibrate`, so that all inputs vary about as much as the values.
        self.register_buffer("log_scale_mean", torch.zeros(self.n_log_scales))
        self.register_buffer("log_scale_std", torch.ones(self.n_log_scales))
        self.register_buffer("difference_std", torch.ones(self.n_signals))

    def forward(self, numeric, lengths, embedded=None, *, for_random_features=False):
        """Derive the inputs of a batch.

        Parameters
        ----------
        numeric : float32 tensor of shape (N, L, F)
            Scaled values, NaN where missing.
        lengths : int64 tensor of shape (N,)
            Number of time steps of each sequence, at least 1.
        embedded : float32 tensor of shape (N, L, ·), default=None
            Embedded categories, if there are any.
        for_random_features : bool, default=False
            Whether to compute differences and statistics.

        Returns
        -------
        EncoderInputs
            The inputs. Values and differences after the end of a sequence are
            arbitrary unless `repeat_last` defines them.
        """
        numeric, is_missing, is_padding, marks = self._fill_steps(numeric, lengths)
        values, signals, log_scales = [numeric], [numeric], None
        differences = statistics = None
        if self.missing_indicator:
            values.append(marks.expand_as(numeric).to(numeric.dtype))
        if self.instance_norm:
            normalized, log_scales, varies = normalize(numeric, is_missing)
            values.append(normalized)
            signals.append(normalized)
            log_scales = (log_scales - self.log_scale_mean) / self.log_scale_std
            log_scales = log_scales.clamp(-MAX_LOG_SCALE, MAX_LOG_SCALE)
            # A constant or unobserved sequence has no scale.
            log_scales = torch.where(varies, log_scales, 0.0)
        if embedded is not None:
            embedded = self._repeat_last_step(embedded, lengths, is_padding)
            values.append(embedded)
        signals = torch.cat(signals, dim=2)
        if for_random_features:
            statistics = compute_statistics(numeric, is_missing, lengths)
            differences = [subtract_previous(signals) / self.difference_std]
            if embedded is not None:  # their scale is chosen, not calibrated
                differences.append(subtract_previous(embedded))
            differences = torch.cat(differences, dim=2)  # (N, L, ·)
        return EncoderInputs(
            torch.cat(values, dim=2),
            is_padding,
            log_scales,
            signals,
            differences,
            statistics,
        )

    def _fill_steps(self, numeric, lengths):
        """Fill missing values, and padding if `repeat_last` is set.

        Returns
        -------
        numeric : float32 tensor of shape (N, L, F)
            Values without NaN before the end of each sequence.
        is_missing : bool tensor of shape (N, L, F or 1)
            Whether a value is missing or padding.
        is_padding : bool tensor of shape (N, L)
            Whether the sequence has ended before this step.
        marks : bool tensor of shape (N, L, F or 1)
            Whether a value is missing. Padding that repeats the last step is marked as
            that step is, because the number of repeated steps depends on the batch.
        """
        steps = torch.arange(numeric.shape[1], device=numeric.device)
        is_padding = steps >= lengths[:, None]  # (N, L)
        # The sum is NaN if any value is, and takes much less time than testing each.
        has_missing = may_hold(torch.isnan(numeric.sum()))
        numeric = self._repeat_last_step(numeric, lengths, is_padding)
        is_missing = is_padding[:, :, None]
        marks = torch.zeros_like(is_missing)
        if has_missing:
            marks = torch.isnan(numeric)  # (N, L, F)
            is_missing = is_missing | marks
            numeric = fill_missing(numeric, is_missing)
        return numeric, is_missing, is_padding, marks

    def _repeat_last_step(self, x, lengths, is_padding):
        """Replace the padding of x (N, L, ·) by copies of the last step, if needed."""
        if not (self.repeat_last and x.shape[2] and may_hold(is_padding)):
            return x
        steps = torch.arange(x.shape[1], device=x.device)
        return take_steps(x, torch.minimum(steps, lengths[:, None] - 1))

    @torch.no_grad()
    def calibrate(self, batches):
        """Learn how much differences and log scales vary, to standardize them.

        Call it only once: it assumes that the differences are not standardized yet.

        Parameters
        ----------
        batches : iterable of (numeric, lengths)
            Batches of sequences, as :meth:`forward` takes them.
        """
        count, total, squares, log_scales = 0, 0.0, 0.0, []
        for numeric, lengths in batches:
            inputs = self(numeric, lengths, for_random_features=True)
            differences = inputs.differences[~inputs.is_padding].cpu().double()
            count += len(differences)
            total = total + differences.sum(dim=0)
            squares = squares + differences.square().sum(dim=0)
            if self.instance_norm:
                numeric, is_missing, *_ = self._fill_steps(numeric, lengths)
                _, scales, varies = normalize(numeric, is_missing)
                scales = torch.where(varies, scales, torch.nan)
                log_scales.append(scales.cpu().double())
        variance = squares / count - (total / count).square()
        self.difference_std.copy_(_replace_tiny(variance.clamp(min=0).sqrt()))
        if self.instance_norm:
            log_scales = torch.cat(log_scales)  # (n_samples, F)
            mean = log_scales.nanmean(dim=0)
            variance = (log_scales - mean).square().nanmean(dim=0)
            self.log_scale_mean.copy_(mean.nan_to_num())
            self.log_scale_std.copy_(_replace_tiny(variance.nan_to_num().sqrt()))


def fill_missing(numeric, is_missing):
    """Replace missing values by the last observed one, else by the next one, else by 0.

    Parameters
    ----------
    numeric : float32 tensor of shape (N, L, F)
        Values.
    is_missing : bool tensor of shape (N, L, F)
        Whether a value is to be replaced.

    Returns
    -------
    float32 tensor of shape (N, L, F)
        The filled values.
    """
    if is_traced():
        last, first = find_observed(is_missing)
        first = first[:, :1].clamp(max=numeric.shape[1] - 1)  # (N, 1, F)
    else:
        steps = torch.arange(numeric.shape[1], device=numeric.device)[None, :, None]
        last = torch.where(is_missing, -1, steps).cummax(dim=1).values  # (N, L, F)
        first = is_missing.to(torch.uint8).argmin(dim=1, keepdim=True)  # (N, 1, F)
    filled = numeric.gather(1, torch.where(last < 0, first, last))
    return torch.where(is_missing.all(dim=1, keepdim=True), 0.0, filled)


def normalize(numeric, is_missing):
    """Normalize each sequence by its own mean and standard deviation [1]_.

    Returns
    -------
    normalized : float32 tensor of shape (N, L, F)
        Values with mean 0 and variance 1 over the observed steps; 0 if the sequence
        is constant.
    log_scales : float32 tensor of shape (N, F)
        Logarithm of each standard deviation.
    varies : bool tensor of shape (N, F)
        Whether the sequence varies by more than rounding errors.
    """
    mean, std, deviations = _compute_moments(numeric, is_missing)
    offset = STD_OFFSET * (1 + mean.abs())
    scale = std + offset  # (N, 1, F)
    return deviations / scale, scale.log()[:, 0], (std > offset)[:, 0]


def compute_statistics(numeric, is_missing, lengths):
    """Compute the statistics of :class:`EncoderInputs`: (N, 3 * F + 1).

    Parameters
    ----------
    numeric : float32 tensor of shape (N, L, F)
        Values without NaN.
    is_missing : bool tensor of shape (N, L, F or 1)
        Whether a value is missing or padding.
    lengths : int64 tensor of shape (N,)
        Number of time steps of each sequence.
    """
    mean, std, _ = _compute_moments(numeric, is_missing)
    last = take_steps(numeric, lengths[:, None] - 1)
    columns = [mean[:, 0], std[:, 0], last[:, 0], lengths[:, None].to(numeric.dtype)]
    return torch.cat(columns, dim=1)


def subtract_previous(x):
    """Return the difference of each step of x (N, L, ·) from the step before."""
    return x.diff(dim=1, prepend=x[:, :1])  # 0 at the first step


def _compute_moments(numeric, is_missing):
    """Compute mean and standard deviation over observed steps, and the deviations.

    The rounding of a sum depends on the batch, and the deviations of a sequence that
    hardly varies would consist of it. The first value is therefore subtracted before
    the sum, which makes the deviations of a constant sequence exactly 0.

    Returns
    -------
    mean, std : float32 tensor of shape (N, 1, F)
        Mean and standard deviation of each sequence.
    deviations : float32 tensor of shape (N, L, F)
        Differences from the mean.
    """
    count = (~is_missing).sum(dim=1, keepdim=True).clamp(min=1)  # (N, 1, F or 1)
    options = {"dim": 1, "keepdim": True, "dtype": choose_dtype(numeric.device)}
    first = numeric[:, :1]
    deviations = numeric - first
    total = torch.where(is_missing, 0.0, deviations).sum(**options)
    mean = (total / count).to(numeric.dtype)
    deviations = deviations - mean
    squares = torch.where(is_missing, 0.0, deviations).square().sum(**options)
    std = (squares / count).sqrt().to(numeric.dtype)
    return first + mean, std, deviations


def _replace_tiny(std):
    """Replace the standard deviations of almost constant inputs by 1."""
    return torch.where(std > MIN_CALIBRATED_STD, std, 1.0)

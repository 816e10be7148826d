"""From raw values, as a user passes them to an ONNX file, to what the encoder reads."""

from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from sklearn_seqembed._features.encoder import MAX_RELATIVE
from sklearn_seqembed._network.resampling import find_observed
from sklearn_seqembed._onnx.scalers import ScalerGraph, clip


class GraphInputs(NamedTuple):
    """Inputs of the encoder, and what else can be computed from raw values.

    Attributes
    ----------
    numeric : float32 tensor of shape (N, L, F)
        Scaled values, NaN where missing.
    categories : int64 tensor of shape (N, L, K)
        Indices of categories.
    lengths : int64 tensor of shape (N,)
        Number of time steps that are read.
    raw : float64 tensor of shape (N, L, F)
        Values in the user's units, NaN where missing and after the end.
    n_unknown : int64 tensor of shape (N,)
        Number of values that are categories which `fit` never met.
    """

    numeric: torch.Tensor
    categories: torch.Tensor
    lengths: torch.Tensor
    raw: torch.Tensor
    n_unknown: torch.Tensor


class InputGraph(nn.Module):
    """Scale numbers, fill in the end of sequences, and resolve unknown categories.

    Parameters
    ----------
    estimator : BaseSequenceEstimator
        The fitted estimator.
    relative : tuple of int, default=()
        Features that the network reads relative to their last value.
    """

    def __init__(self, estimator, relative=()):
        super().__init__()
        kinds = estimator._schema.kinds
        self.kinds = [kind for kind in kinds if kind in ("numeric", "datetime")]
        self.n_numeric = len(self.kinds) + self.kinds.count("datetime")
        scaler = estimator.scaler_ if self.n_numeric else None
        self.scaler = ScalerGraph(scaler, "scaler")
        self.lookback = estimator._windows and estimator._windows.lookback
        self.relative = relative
        vocabularies = estimator._features.categorical.vocabularies
        unknown = [
            v.infrequent_index if v.handle_unknown == "infrequent_if_exist" else 0
            for v in vocabularies
        ]
        self.register_buffer("unknown", torch.tensor(unknown, dtype=torch.int64))

    def forward(self, values, times, codes, lengths):
        """Prepare a batch.

        Parameters
        ----------
        values : float tensor of shape (N, L, ·) or None
            Numbers in the user's units.
        times : float64 tensor of shape (N, L, ·) or None
            Times in seconds.
        codes : int64 tensor of shape (N, L, K) or None
            Indices of categories, 0 where missing and -1 where unknown.
        lengths : int64 tensor of shape (N,)
            Number of time steps of each sequence.

        Returns
        -------
        GraphInputs
            The inputs of the encoder.
        """
        some = next(x for x in (values, times, codes) if x is not None)
        n_sequences, n_steps = some.shape[:2]
        steps = torch.arange(n_steps, device=some.device)
        is_padding = (steps >= lengths[:, None])[:, :, None]  # (N, L, 1)
        raw = self._join(values, times, is_padding, (n_sequences, n_steps))
        categories = some.new_zeros((n_sequences, n_steps, 0), dtype=torch.int64)
        n_unknown = torch.zeros_like(lengths)
        if codes is not None:
            is_unknown = (codes < 0) & ~is_padding
            n_unknown = is_unknown.to(torch.int64).sum(dim=(1, 2))
            categories = torch.where(is_unknown, self.unknown, codes)
            categories = categories.masked_fill(is_padding, 0)
        if self.lookback:
            first = (lengths - self.lookback).clamp(min=0)
            taken = first[:, None] + torch.arange(self.lookback, device=some.device)
            lengths = lengths.clamp(max=self.lookback)
            # Later steps are padding, whose value does not matter.
            taken = taken.clamp(max=n_steps - 1)[:, :, None]  # (N, lookback, 1)
            raw = raw.gather(1, taken.expand(-1, -1, raw.shape[2]))
        numeric = self._scale(raw, lengths)
        return GraphInputs(numeric, categories, lengths, raw, n_unknown)

    def _join(self, values, times, is_padding, shape):
        """Return all numeric features (N, L, F), NaN after the end of sequences."""
        if not self.n_numeric:
            return torch.zeros((*shape, 0), dtype=torch.float32)
        if times is None:
            return values.masked_fill(is_padding, torch.nan)
        times = times.masked_fill(is_padding, torch.nan)
        elapsed = iter(zip(*_elapse(times), strict=True))
        columns = iter(() if values is None else values.double().unbind(2))
        found = []
        for kind in self.kinds:
            found += [next(columns)] if kind == "numeric" else next(elapsed)
        return torch.stack(found, dim=2).masked_fill(is_padding, torch.nan)

    def _scale(self, raw, lengths):
        """Return scaled values as float32, 0 after the end of sequences."""
        steps = torch.arange(raw.shape[1], device=raw.device)
        is_padding = (steps >= lengths[:, None])[:, :, None]
        if self.relative:
            scaled = self.scaler(raw.double())
            location, scale = measure(scaled, is_padding)
            is_relative = np.isin(np.arange(self.n_numeric), self.relative)
            is_relative = torch.as_tensor(is_relative)
            varies = scale > 0
            location = torch.where(is_relative, location, 0.0)
            scale = torch.where(is_relative & varies, scale, 1.0)
            changed = clip((scaled - location) / scale, -MAX_RELATIVE, MAX_RELATIVE)
            is_relative = (location != 0) | (scale != 1)
            scaled = torch.where(is_relative, changed, scaled)
        else:
            scaled = self.scaler(raw)
        return scaled.to(torch.float32).masked_fill(is_padding, 0.0)


def measure(values, is_padding):
    """Return last observed value and standard deviation of values (N, L, F).

    It is `measure` of :mod:`sklearn_seqembed._features.relative`: both have shape
    (N, 1, F) here, and are 0 if nothing is observed.
    """
    is_missing = values.isnan() | is_padding
    count = (~is_missing).to(values.dtype).sum(dim=1, keepdim=True).clamp(min=1)
    steps = torch.arange(values.shape[1], device=values.device)[None, :, None]
    place = torch.where(is_missing, 0, steps).amax(dim=1, keepdim=True)
    last = values.gather(1, place)
    last = torch.where(is_missing.gather(1, place), 0.0, last)
    deviations = torch.where(is_missing, 0.0, values - last)
    mean = deviations.sum(dim=1, keepdim=True) / count
    deviations = torch.where(is_missing, 0.0, deviations - mean)
    return last, (deviations.square().sum(dim=1, keepdim=True) / count).sqrt()


def _elapse(times):
    """Return log1p of the seconds since the previous and since the first time.

    Parameters
    ----------
    times : float64 tensor of shape (N, L, T)
        Times in seconds, NaN where missing.

    Returns
    -------
    since_previous, since_first : list of float64 tensor of shape (N, L)
        One for each feature.
    """
    is_missing = times.isnan()
    known = times.nan_to_num(0.0)
    before, after = find_observed(is_missing)
    first = known.gather(1, after[:, :1].clamp(max=times.shape[1] - 1))
    # The last observed step before each step; the first one for those before it.
    earlier = torch.cat([torch.full_like(before[:, :1], -1), before[:, :-1]], dim=1)
    previous = known.gather(1, earlier.clamp(min=0))
    previous = torch.where(earlier < 0, known, previous)
    found = []
    for since in (known - previous, known - first):
        since = (1 + since).log().masked_fill(is_missing, torch.nan)
        found.append(list(since.unbind(2)))
    return found

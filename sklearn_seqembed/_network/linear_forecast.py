"""A linear map from the last time steps of a sequence to those that follow it.

It is fitted in closed form, by :mod:`sklearn_seqembed._network.ridge`. The network
starts from it, and its cells are trained on what it leaves.
"""

from typing import NamedTuple

import torch
from torch import nn

from sklearn_seqembed._network.resampling import interpolate_missing, take_steps


class ForecastShape(NamedTuple):
    """Sizes of a :class:`LinearForecast`, and the features that it continues.

    Attributes
    ----------
    n_lags : int
        Number of time steps that are read.
    horizon : int
        Number of time steps that are forecast.
    columns : tuple of int
        For each feature of the forecast, the feature of the sequence that it continues.
    """

    n_lags: int
    horizon: int
    columns: tuple


class LinearForecast(nn.Module):
    """Map the end of a sequence to components, and these to the following steps.

    Features that are continued are read relative to their last value, in units of their
    standard deviation, and the forecast is in the same units. There is no intercept, so
    that a sequence that does not change is continued by its last value. Together, both
    maps are a ridge regression, as in NLinear [1]_; if there are fewer components than
    lags or steps, it has reduced rank [2]_.

    Missing values are interpolated. A sequence that is shorter than the lags is
    continued to the left by its first value.

    Parameters
    ----------
    n_features : int
        Number of numeric features F of the sequences.
    n_components : int
        Number C of components.
    shape : ForecastShape
        Lags, horizon and continued features.

    Attributes
    ----------
    unexplained : float64 tensor of shape ()
        Estimate of the fraction of the changes since the last value that the forecasts
        of new sequences leave unexplained; NaN before :meth:`load`.

    References
    ----------
    .. [1] Zeng, A. et al. (2023). Are Transformers Effective for Time Series
           Forecasting? AAAI. arXiv:2205.13504.
    .. [2] Izenman, A. J. (1975). Reduced-rank regression for the multivariate linear
           model. Journal of Multivariate Analysis 5(2).
    """

    def __init__(self, n_features, n_components, shape):
        super().__init__()
        self.shape = ForecastShape(*shape)
        n_lags, horizon, columns = self.shape
        is_relative = torch.zeros(n_features, dtype=torch.bool)
        is_relative[list(columns)] = True
        self.register_buffer("is_relative", is_relative)
        self.register_buffer("encoding", torch.zeros(n_lags * n_features, n_components))
        n_outputs = horizon * len(columns)
        self.register_buffer("decoding", torch.zeros(n_components, n_outputs))
        self.register_buffer("unexplained", torch.tensor(torch.nan))

    def load(self, fitted):
        """Take over what :func:`ridge.fit_forecast` returned."""
        for name in ("encoding", "decoding", "unexplained"):
            value = torch.as_tensor(getattr(fitted, name), dtype=torch.float32)
            getattr(self, name).copy_(value)

    def read(self, numeric, lengths):
        """Return the values that are mapped linearly: (N, n_lags * F).

        Parameters
        ----------
        numeric : float32 tensor of shape (N, L, F)
            Scaled values, NaN where missing. Values after the end are ignored.
        lengths : int64 tensor of shape (N,)
            Number of time steps of each sequence.
        """
        steps = torch.arange(numeric.shape[1], device=numeric.device)
        is_padding = (steps >= lengths[:, None])[:, :, None]
        is_missing = is_padding | numeric.isnan()  # (N, L, F)
        # After the last observed value, that value is repeated.
        filled = interpolate_missing(numeric, is_missing)
        last = filled[:, -1:]
        changes = filled - last
        count = (~is_missing).sum(dim=1, keepdim=True).clamp(min=1)
        mean = changes.masked_fill(is_missing, 0.0).sum(dim=1, keepdim=True) / count
        squares = (changes - mean).masked_fill(is_missing, 0.0).square()
        scale = (squares.sum(dim=1, keepdim=True) / count).sqrt()
        scale = torch.where(scale > 0, scale, 1.0)
        values = torch.where(self.is_relative, changes / scale, filled)
        lags = torch.arange(-self.shape.n_lags, 0, device=numeric.device)
        taken = (lengths[:, None] + lags).clamp(min=0)
        return take_steps(values, taken).flatten(1)

    @property
    def n_used_lags(self):
        """Number of the last time steps on which forecasts depend."""
        steps = self.encoding.unflatten(0, (self.shape.n_lags, -1))
        is_used = steps.flatten(1).any(dim=1).tolist()
        return self.shape.n_lags - is_used.index(True) if any(is_used) else 0

    @property
    def is_length(self):
        """Which components are the length of a sequence: none."""
        return self.encoding.new_zeros(self.encoding.shape[1], dtype=torch.bool)

    def encode(self, numeric, lengths):
        """Map a batch to components: float32 tensor of shape (N, C)."""
        return self.read(numeric, lengths) @ self.encoding

    def decode(self, components, lengths, n_steps):
        """Decode components (N, C).

        Parameters
        ----------
        components : float32 tensor of shape (N, C)
            The components.
        lengths : int64 tensor of shape (N,) or None
            Ignored: forecasts do not depend on how many steps are needed.
        n_steps : int
            Number of time steps of the result. Those after the horizon are 0, which is
            the last value of the sequence.

        Returns
        -------
        values : float32 tensor of shape (N, n_steps, F)
            Values relative to the sequence.
        ends : float32 tensor of shape (N, n_steps)
            Logits of the end: zeros.
        """
        _, horizon, columns = self.shape
        found = components @ self.decoding
        values = found.unflatten(1, (horizon, len(columns)))[:, :n_steps]
        values = nn.functional.pad(values, (0, 0, 0, n_steps - values.shape[1]))
        return values, values.new_zeros(values.shape[:2])

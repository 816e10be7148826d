"""A linear map from the last time steps of a sequence to those that follow it.

It is fitted in closed form, by :mod:`sklearn_seqembed._network.ridge`. Cells that are
trained forecast on their own, and the forecasts of both are averaged.
"""

from typing import NamedTuple

import torch
from torch import nn

from sklearn_seqembed._network.resampling import interpolate_missing, take_steps

# Weights of the cells that are compared on held-out sequences. The first one is used
# unless another lowers the loss noticeably: the best weights for some months are not
# those for the next.
SHARES = (0.5, 0.75, 1.0)


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

    Cells that are trained learn the targets, not the residuals of the map: the mean of
    two different forecasts is often better than both [3]_, and cells that were trained
    on the residuals hardly lowered the error of later forecasts. The map then has the
    first half of the components, and the cells have the others.

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
    share : float32 tensor of shape ()
        Weight of the forecasts of trained cells. That of the map is 1 less this.

    References
    ----------
    .. [1] Zeng, A. et al. (2023). Are Transformers Effective for Time Series
           Forecasting? AAAI. arXiv:2205.13504.
    .. [2] Izenman, A. J. (1975). Reduced-rank regression for the multivariate linear
           model. Journal of Multivariate Analysis 5(2).
    .. [3] Timmermann, A. (2006). Forecast Combinations. Handbook of Economic
           Forecasting 1.
    """

    # The cells do not correct the map, so their output need not start at 0.
    is_corrected = False

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
        self.register_buffer("share", torch.tensor(SHARES[0]))

    def load(self, fitted, shares=False):
        """Take over what :func:`ridge.fit_forecast` returned.

        If the map `shares` the components, the second half is left to the cells.
        """
        n_linear = len(self.decoding)
        if shares:
            n_linear = -(-n_linear // 2)
            fitted = fitted.reduce(n_linear)
        self.encoding.zero_()[:, :n_linear] = torch.from_numpy(fitted.encoding)
        self.decoding.zero_()[:n_linear] = torch.from_numpy(fitted.decoding)
        self.unexplained.fill_(fitted.unexplained)

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
        """Number of the last time steps on which the linear forecast depends."""
        steps = self.encoding.unflatten(0, (self.shape.n_lags, -1))
        is_used = steps.flatten(1).any(dim=1).tolist()
        return self.shape.n_lags - is_used.index(True) if any(is_used) else 0

    @property
    def is_fixed(self):
        """Which components the cells do not change: bool tensor of shape (C,)."""
        return (self.encoding != 0).any(dim=0)

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

    def combine(self, values, found):
        """Combine values of the map and of the cells, both (N, n_steps, F).

        In training, the result is that of the cells, which learn the targets.
        """
        return found if self.training else torch.lerp(values, found, self.share)

"""Scalers of scikit-learn as torch modules that the exporter records."""

import numpy as np
import torch
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    PowerTransformer,
    RobustScaler,
    StandardScaler,
)
from torch import nn

SUPPORTED = (
    "StandardScaler, MinMaxScaler, MaxAbsScaler, RobustScaler and PowerTransformer, "
    "pipelines of them, and None"
)


class ScalerGraph(nn.Module):
    """Scale values as a fitted transformer does, in the dtype of the values.

    Parameters
    ----------
    scaler : transformer or None
        The fitted transformer.
    name : str
        Name of the estimator's parameter that holds it, for the error message.

    Raises
    ------
    NotImplementedError
        If the transformer is not one of those that are supported.
    """

    def __init__(self, scaler, name):
        super().__init__()
        self.steps = nn.ModuleList(_list_steps(scaler, name))

    def forward(self, values):
        """Scale values (..., F)."""
        for step in self.steps:
            values = step(values)
        return values

    def invert(self, values):
        """Return scaled values (..., F) in the user's units."""
        for step in reversed(self.steps):
            values = step.invert(values)
        return values


def _list_steps(scaler, name):
    """Return the operations of a fitted transformer, in order."""
    kind = type(scaler)
    if scaler is None or scaler == "passthrough":
        return []
    if kind is Pipeline:
        return [step for _, part in scaler.steps for step in _list_steps(part, name)]
    if kind is StandardScaler:
        return [
            _Affine(
                shift=scaler.mean_ if scaler.with_mean else None,
                divisor=scaler.scale_ if scaler.with_std else None,
            )
        ]
    if kind is RobustScaler:
        return [_Affine(shift=scaler.center_, divisor=scaler.scale_)]
    if kind is MaxAbsScaler and not getattr(scaler, "clip", False):
        return [_Affine(divisor=scaler.scale_)]
    if kind is MinMaxScaler:
        limits = scaler.feature_range if scaler.clip else None
        return [_MinMax(scaler.scale_, scaler.min_, limits)]
    if kind is FunctionTransformer and scaler.func is None is scaler.inverse_func:
        return []
    if kind is PowerTransformer:
        steps = [_Power(scaler.lambdas_, scaler.method)]
        if scaler.standardize:
            inner = scaler._scaler
            steps.append(_Affine(shift=inner.mean_, divisor=inner.scale_))
        return steps
    raise NotImplementedError(
        f"{name}={scaler!r} cannot be written to an ONNX file, which supports "
        f"{SUPPORTED}. Fit with one of these, or scale the sequences yourself, before "
        f"fit and before the ONNX file, and fit with {name}=None."
    )


class _Affine(nn.Module):
    """Subtract `shift`, then divide by `divisor`; None leaves values as they are."""

    def __init__(self, shift=None, divisor=None):
        super().__init__()
        self.register_buffer("shift", _as_float64(shift))
        self.register_buffer("divisor", _as_float64(divisor))

    def forward(self, values):
        if self.shift is not None:
            values = values - self.shift.to(values.dtype)
        if self.divisor is not None:
            values = values / self.divisor.to(values.dtype)
        return values

    def invert(self, values):
        if self.divisor is not None:
            values = values * self.divisor.to(values.dtype)
        if self.shift is not None:
            values = values + self.shift.to(values.dtype)
        return values


class _MinMax(nn.Module):
    """Multiply by `factor`, add `offset`, and clip to `limits` if there are any."""

    def __init__(self, factor, offset, limits):
        super().__init__()
        self.register_buffer("factor", _as_float64(factor))
        self.register_buffer("offset", _as_float64(offset))
        self.limits = limits

    def forward(self, values):
        values = values * self.factor.to(values.dtype) + self.offset.to(values.dtype)
        if self.limits is not None:
            values = clip(values, *self.limits)
        return values

    def invert(self, values):
        return (values - self.offset.to(values.dtype)) / self.factor.to(values.dtype)


class _Power(nn.Module):
    """The power transforms of Yeo and Johnson, and of Box and Cox."""

    def __init__(self, exponents, method):
        super().__init__()
        self.exponents, self.method = np.asarray(exponents, np.float64), method

    def forward(self, values):
        return self._map(values, self._transform)

    def invert(self, values):
        return self._map(values, self._invert)

    def _map(self, values, function):
        columns = [
            function(column.double(), float(exponent))
            for column, exponent in zip(values.unbind(-1), self.exponents, strict=True)
        ]
        return torch.stack(columns, dim=-1).to(values.dtype)

    def _transform(self, x, exponent):
        if self.method == "box-cox":
            return _raise_power(x, exponent)
        # Each branch gets values for which it is defined.
        positive = _raise_power(1 + x.clamp(min=0), exponent)
        negative = -_raise_power(1 - x.clamp(max=0), 2 - exponent)
        return _keep_missing(x, torch.where(x >= 0, positive, negative))

    def _invert(self, x, exponent):
        if self.method == "box-cox":
            return _take_root(x, exponent)
        positive = _take_root(x.clamp(min=0), exponent) - 1
        negative = 1 - _take_root(-x.clamp(max=0), 2 - exponent)
        return torch.where(x >= 0, positive, negative)


def _raise_power(x, exponent):
    """Return (x ** exponent - 1) / exponent, or its limit, the logarithm."""
    if abs(exponent) < np.spacing(1.0):
        return x.log()
    return (x.pow(exponent) - 1) / exponent


def _take_root(x, exponent):
    """Invert :func:`_raise_power`."""
    if abs(exponent) < np.spacing(1.0):
        return x.exp()
    return (x * exponent + 1).pow(1 / exponent)


def clip(values, lowest, highest):
    """Limit values, but keep NaN, which Clip of ONNX may replace."""
    return _keep_missing(values, values.nan_to_num(0.0).clamp(lowest, highest))


def _keep_missing(values, found):
    return torch.where(values.isnan(), torch.nan, found)


def _as_float64(values):
    return None if values is None else torch.as_tensor(values, dtype=torch.float64)

"""Sequences of any length as a fixed number of points, and back."""

import torch

from sklearn_seqembed._network.exact import choose_dtype
from sklearn_seqembed._network.tracing import can_be_read, is_traced


def interpolate_missing(numeric, is_missing):
    """Replace missing values by linear interpolation between observed ones.

    Before the first observed value of a feature and after its last one, that value is
    repeated. A feature that is never observed in a sequence is 0.

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
    n_steps = numeric.shape[1]
    steps = torch.arange(n_steps, device=numeric.device)[None, :, None]
    if is_traced():
        before, after = find_observed(is_missing)
    else:
        before = torch.where(is_missing, -1, steps).cummax(dim=1).values  # (N, L, F)
        after = torch.where(is_missing, n_steps, steps)
        after = after.flip(1).cummin(dim=1).values.flip(1)
    has_before, has_after = before >= 0, after < n_steps
    before = torch.where(has_before, before, after).clamp(max=n_steps - 1)
    after = torch.where(has_after, after, before)
    left = numeric.gather(1, before)
    right = numeric.gather(1, after)
    weights = (steps - before) / (after - before).clamp(min=1)
    filled = torch.lerp(left, right, weights.to(numeric.dtype))
    return torch.where(is_missing.all(dim=1, keepdim=True), 0.0, filled)


def find_observed(is_missing):
    """Find the observed steps before and after each step.

    Cumulative maxima and minima find them faster, but ONNX has none.

    Parameters
    ----------
    is_missing : bool tensor of shape (N, L, F)
        Whether a value is missing.

    Returns
    -------
    before, after : int64 tensor of shape (N, L, F)
        The last observed step up to each step, -1 if there is none, and the first one
        from each step on, L if there is none.
    """
    n_sequences, n_steps, n_features = is_missing.shape
    steps = torch.arange(n_steps, device=is_missing.device)[None, :, None]
    n_observed = (~is_missing).to(torch.int64).cumsum(dim=1)
    # The step of the first, second, ... observed value; place 0 takes the others.
    places = torch.full(
        (n_sequences, n_steps + 2, n_features), n_steps, device=is_missing.device
    )
    places = places.scatter(
        1, n_observed.masked_fill(is_missing, 0), steps.expand_as(n_observed)
    )
    places = torch.cat([torch.full_like(places[:, :1], -1), places[:, 1:]], dim=1)
    before = places.gather(1, n_observed)
    return before, places.gather(1, n_observed + is_missing.to(torch.int64))


def read_points(numeric, lengths, n_points):
    """Resample sequences with missing values to the same number of points.

    Parameters
    ----------
    numeric : float32 tensor of shape (N, L, F)
        Values, NaN where missing. Values after the end of a sequence are ignored.
    lengths : int64 tensor of shape (N,)
        Number of time steps of each sequence.
    n_points : int
        Number of points.

    Returns
    -------
    float32 tensor of shape (N, n_points * F)
        The points, as :func:`to_points` returns them.
    """
    if may_hold(torch.isnan(numeric.sum())):  # NaN if any value is
        steps = torch.arange(numeric.shape[1], device=numeric.device)
        is_missing = (steps >= lengths[:, None])[:, :, None] | numeric.isnan()
        numeric = interpolate_missing(numeric, is_missing)
    return to_points(numeric, lengths, n_points).flatten(1)


def to_points(x, lengths, n_points):
    """Resample each sequence to the same number of points.

    The points are evenly spaced from the first to the last step, and their values are
    interpolated linearly. If a sequence has more than twice as many steps, each point
    is instead the mean of its share of the steps.

    Parameters
    ----------
    x : float32 tensor of shape (N, L, F)
        Sequences without missing values. Values after their end are ignored.
    lengths : int64 tensor of shape (N,)
        Number of time steps of each sequence.
    n_points : int
        Number of points.

    Returns
    -------
    float32 tensor of shape (N, n_points, F)
        The points.
    """
    if not is_traced() and x.shape[1] == n_points:
        if not may_hold(lengths != n_points):
            return x
    points = torch.arange(n_points, device=x.device, dtype=choose_dtype(x.device))
    places = points * (lengths[:, None] - 1) / max(1, n_points - 1)  # (N, n_points)
    found = _interpolate(x, places, lengths)
    is_long = lengths > 2 * n_points
    if may_hold(is_long):
        averages = _average(x, lengths, n_points)
        found = torch.where(is_long[:, None, None], averages, found)
    return found


def from_points(points, lengths, n_steps):
    """Resample points to the time steps of each sequence: (N, n_steps, F).

    It reverses :func:`to_points` as far as that is possible. Values after the end of a
    sequence are arbitrary.

    Parameters
    ----------
    points : float32 tensor of shape (N, n_points, F)
        The points.
    lengths : int64 tensor of shape (N,)
        Number of time steps of each sequence.
    n_steps : int
        Number of time steps of the result.
    """
    n_points = points.shape[1]
    if not is_traced() and n_points == n_steps:
        if not may_hold(lengths != n_steps):
            return points
    dtype = choose_dtype(points.device)
    steps = torch.arange(n_steps, device=points.device, dtype=dtype)
    ends = (lengths[:, None] - 1).clamp(min=1)
    places = steps * (n_points - 1) / ends
    averaged = (steps + 0.5) * n_points / lengths[:, None] - 0.5
    places = torch.where((lengths > 2 * n_points)[:, None], averaged, places)
    n_available = torch.full_like(lengths, n_points)
    return _interpolate(points, places, n_available)


def _interpolate(x, places, lengths):
    """Interpolate x (N, L, F) at positions (N, Q): (N, Q, F)."""
    last = lengths[:, None] - 1
    places = torch.minimum(places.clamp(min=0), last.to(places.dtype))
    before = places.long()
    weights = (places - before).to(x.dtype)[:, :, None]  # (N, Q, 1)
    after = torch.minimum(before + 1, last)
    return torch.lerp(take_steps(x, before), take_steps(x, after), weights)


def _average(x, lengths, n_points):
    """Average the steps of x (N, L, F) that belong to each point: (N, n_points, F)."""
    steps = torch.arange(x.shape[1], device=x.device)
    bins = (steps * n_points).div(lengths[:, None], rounding_mode="floor")  # (N, L)
    is_padding = steps >= lengths[:, None]
    # Padding goes to one more bin, which is dropped.
    bins = bins.masked_fill(is_padding, n_points)[:, :, None].expand_as(x)
    found = x.new_zeros(x.shape[0], n_points + 1, x.shape[2])
    if is_traced():  # ONNX has no means of scattered values
        sums = found.scatter_add(1, bins, x)
        counts = found.scatter_add(1, bins, torch.ones_like(x))
        return (sums / counts.clamp(min=1))[:, :-1]
    found = found.scatter_reduce(1, bins, x, reduce="mean", include_self=False)
    return found[:, :-1]


def take_steps(x, steps):
    """Take the time steps with these indices (N, Q) from x (N, L, ·): (N, Q, ·)."""
    first = torch.arange(x.shape[0], device=x.device)[:, None] * x.shape[1]
    # Selecting whole rows is several times faster than an element-wise gather.
    taken = x.flatten(0, 1).index_select(0, (first + steps).flatten())
    return taken.reshape(*steps.shape, -1)


def may_hold(condition):
    """Return whether a bool tensor has a True entry, or True if it is not to be read.

    The result only decides whether a step that would change nothing is skipped.
    """
    return not can_be_read(condition) or bool(condition.any())

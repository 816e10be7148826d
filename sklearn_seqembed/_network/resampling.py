"""Sequences of any length as a fixed number of points, and back."""

import torch


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
    before = torch.where(is_missing, -1, steps).cummax(dim=1).values  # (N, L, F)
    after = torch.where(is_missing, n_steps, steps)
    after = after.flip(1).cummin(dim=1).values.flip(1)
    has_before, has_after = before >= 0, after < n_steps
    before = torch.where(has_before, before, after).clamp(max=n_steps - 1)
    after = torch.where(has_after, after, before)
    left = torch.take_along_dim(numeric, before, dim=1)
    right = torch.take_along_dim(numeric, after, dim=1)
    weights = (steps - before) / (after - before).clamp(min=1)
    filled = torch.lerp(left, right, weights.to(numeric.dtype))
    return torch.where(is_missing.all(dim=1, keepdim=True), 0.0, filled)


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
    if x.shape[1] == n_points and not may_hold(lengths != n_points):
        return x
    points = _count(n_points, x.device)
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
    if n_points == n_steps and not may_hold(lengths != n_steps):
        return points
    steps = _count(n_steps, points.device)
    ends = (lengths[:, None] - 1).clamp(min=1)
    places = steps * (n_points - 1) / ends
    averaged = (steps + 0.5) * n_points / lengths[:, None] - 0.5
    places = torch.where((lengths > 2 * n_points)[:, None], averaged, places)
    n_available = torch.full_like(lengths, n_points)
    return _interpolate(points, places, n_available)


def _count(n, device):
    """Return 0, 1, ..., n - 1 with as many digits as the device has."""
    dtype = torch.float32 if torch.device(device).type == "mps" else torch.float64
    return torch.arange(n, device=device, dtype=dtype)


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
    shape = (len(x), n_points + 1, x.shape[2])
    found = x.new_zeros(shape).scatter_reduce(
        1, bins, x, reduce="mean", include_self=False
    )
    return found[:, :-1]


def take_steps(x, steps):
    """Take the time steps with these indices (N, Q) from x (N, L, ·): (N, Q, ·)."""
    first = torch.arange(len(x), device=x.device)[:, None] * x.shape[1]
    # Selecting whole rows is several times faster than an element-wise gather.
    taken = x.flatten(0, 1).index_select(0, (first + steps).flatten())
    return taken.reshape(*steps.shape, -1)


def may_hold(condition):
    """Return whether a bool tensor has a True entry, or True on an accelerator.

    There, the CPU would have to wait for all queued work to read the tensor. The result
    only decides whether a step that would change nothing is skipped.
    """
    return condition.device.type != "cpu" or bool(condition.any())

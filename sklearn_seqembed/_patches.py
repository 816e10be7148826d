"""What enters the encoder: time steps laid side by side, and what stands in for gaps.

Axes as in `_network.py`.
"""

import torch


def to_patches(numeric, lengths, patch_size, missing_indicator):
    """Fill what is missing or has ended, and lay `patch_size` steps side by side.

    Parameters
    ----------
    numeric : float32 tensor of shape (N, L, F)
        Scaled values, NaN where missing.
    lengths : int64 tensor of shape (N,)
        Number of time steps of each sequence, at least 1.
    patch_size : int
        Time steps of a patch.
    missing_indicator : bool
        Whether 1 or 0 enters beside each value, by whether it was missing.

    Returns
    -------
    float32 tensor of shape (N, P, D)
        The patches. With more than one step each, 1 or 0 beside a step says whether
        the sequence has ended. Patches that lie after its end have no meaning.
    """
    n_samples, n_steps, _ = numeric.shape
    n_patches = -(-n_steps // patch_size)
    # A sum is NaN if a value is, and much quicker than a look at each.
    has_gaps = _may_be(torch.isnan(numeric.sum()))
    if patch_size == 1 and not (has_gaps or missing_indicator):
        return numeric
    steps = torch.arange(n_patches * patch_size, device=numeric.device)
    ended = steps >= lengths[:, None]  # (N, L)
    if patch_size > 1 and _may_be(ended):
        # A patch may reach over the end: the last step is repeated there.
        index = torch.minimum(steps, lengths[:, None] - 1)  # (N, L)
        numeric = _take_steps(numeric, index)
    unknown = ended[:, :, None]  # (N, L, 1), with gaps (N, L, F)
    if has_gaps:
        unknown = unknown | torch.isnan(numeric)
        numeric = _fill(numeric, unknown)
    inputs = [numeric]
    if missing_indicator:
        inputs.append(unknown.expand_as(numeric).to(numeric.dtype))
    if patch_size > 1:
        inputs.append(ended[:, :, None].to(numeric.dtype))
    x = numeric if len(inputs) == 1 else torch.cat(inputs, dim=2)
    return x.reshape(n_samples, n_patches, -1)


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

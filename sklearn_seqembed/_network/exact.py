"""Sums and products in double precision, where single precision is not enough.

The result of a sum depends on the order of its terms, which differs between batches and
between libraries. A vector must not depend on either by more than the rounding of its
own components.
"""

import torch


def choose_dtype(device):
    """Return the floating dtype with the most digits that a device has.

    Parameters
    ----------
    device : torch.device or str
        The device.

    Returns
    -------
    torch.dtype
        float64, or float32 on Apple's devices.
    """
    return torch.float32 if torch.device(device).type == "mps" else torch.float64


def as_exact(x):
    """Convert a tensor to the dtype with the most digits that its device has."""
    return x.to(choose_dtype(x.device))

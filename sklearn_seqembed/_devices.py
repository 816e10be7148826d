"""Where to compute, and with which seed: torch's global state, used and restored."""

from contextlib import contextmanager

import torch


def resolve_device(device):
    """Return the torch device that `device` names; "auto" is CUDA, else MPS, else CPU.

    Parameters
    ----------
    device : str or torch.device
        "auto" or what `torch.device` takes.

    Returns
    -------
    str
        Name of the device.

    Raises
    ------
    ValueError
        If there is no such device.
    """
    if device != "auto":
        try:
            return str(torch.empty(0, device=device).device)
        except (RuntimeError, AssertionError) as exc:  # torch raises both
            raise ValueError(
                f"device={device!r} cannot be used here ({exc}). Use 'auto' or 'cpu'."
            ) from exc
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


@contextmanager
def seeded(seed, device):
    """Seed torch inside the block, and leave its generators as they were outside."""
    kind = torch.device(device).type
    devices = [torch.device(device)] if kind == "cuda" else []
    with torch.random.fork_rng(devices):
        torch.manual_seed(seed)
        yield

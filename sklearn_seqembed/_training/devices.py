"""Devices, precision and memory."""

from contextlib import nullcontext

import torch


def resolve_device(device):
    """Return the name of a torch device. "auto" is CUDA, else MPS, else the CPU.

    Parameters
    ----------
    device : str or torch.device
        "auto", or any argument of `torch.device`.

    Returns
    -------
    str
        Name of the device.

    Raises
    ------
    TypeError
        If `device` is neither a string nor a torch.device.
    ValueError
        If the device does not exist, or stores no values.
    """
    if not isinstance(device, (str, torch.device)):
        raise TypeError(
            f"device must be 'auto', the name of a device or a torch.device, got "
            f"{device!r}. The name of the first GPU, for example, is 'cuda:0'."
        )
    if device != "auto":
        try:
            values = torch.empty(1, device=device)
            values.cpu()  # the device "meta" has no values to copy
            return str(values.device)
        except (RuntimeError, AssertionError) as exc:  # torch raises both
            raise ValueError(
                f"device={str(device)!r} cannot be used here. Use 'auto' or 'cpu'."
            ) from exc
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def resolve_precision(precision, device):
    """Return the dtype of matrix products in training.

    Parameters
    ----------
    precision : {"auto", "float32", "bfloat16"}
        "auto" is bfloat16 on CUDA devices that support it for LSTMs, else float32.
    device : str
        Name of the device.

    Returns
    -------
    torch.dtype
        `torch.float32` or `torch.bfloat16`.

    Raises
    ------
    ValueError
        If `precision` is "bfloat16" and the device cannot compute in it.
    """
    if precision == "float32":
        return torch.float32
    if precision == "auto" and torch.device(device).type != "cuda":
        return torch.float32
    problem = _find_bfloat16_problem(device)
    if problem is None:
        return torch.bfloat16
    if precision == "bfloat16":
        raise ValueError(
            f"precision='bfloat16' cannot be used on device={device!r} ({problem}). "
            "Use 'auto' or 'float32'."
        )
    return torch.float32


def _find_bfloat16_problem(device):
    """Train a few cells in bfloat16, and return the problem, or None.

    No flag indicates whether a device, its driver and cuDNN (9.13 or later) support it.
    """
    try:
        cells = torch.nn.LSTM(1, 8, device=device)
        with autocast(torch.bfloat16, device):
            states, _ = cells(torch.zeros(2, 2, 1, device=device))
        states.float().sum().backward()
    except (RuntimeError, AssertionError) as exc:  # torch raises both
        return exc
    if torch.device(device).type == "cuda":
        with torch.cuda.device(device):  # the function checks the current device
            if not torch.cuda.is_bf16_supported(including_emulation=False):
                return "it would be emulated"
    return None


def autocast(dtype, device):
    """Compute matrix products in `dtype` within a with block; weights stay float32.

    With float32, torch's own settings apply; by default, cuDNN's LSTMs use TF32.
    """
    kind = torch.device(device).type
    if dtype == torch.float32 and not torch.is_autocast_enabled(kind):
        return nullcontext()
    return torch.autocast(kind, dtype, enabled=dtype != torch.float32)


def to_device(tensors, device):
    """Copy a tensor, or all tensors of nested dicts, to a device.

    `horizons` stay where they are, because only the CPU reads them. Copies to CUDA use
    pinned memory, as torch's data loaders can do, so that the CPU gathers the next
    batch without waiting for them.
    """
    if isinstance(tensors, dict):
        return {
            name: value if name == "horizons" else to_device(value, device)
            for name, value in tensors.items()
        }
    if torch.device(device).type == "cuda" and tensors.device.type == "cpu":
        return tensors.pin_memory().to(device, non_blocking=True)
    return tensors.to(device)


def keep_freed_memory():
    """Make the C library keep up to 64 MiB of freed memory for the next batch.

    The GNU C library returns the memory of a large tensor to the system when it is
    freed, and requests it again page by page for the next one. After a block of up to
    32 MiB has been freed, it keeps blocks of that size, so it is enough to free one
    here. This reduced the time of a batch of 100 steps and 32 cells from 12.5 to 6.9 ms
    (benchmarks/README.md, "Trials"). With other C libraries it has no effect.
    """
    torch.empty(2**25 - 2**16, dtype=torch.uint8)

"""Where to compute, and with which seed: torch's global state, used and restored."""

import threading
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


def resolve_precision(precision, device):
    """Return the dtype that products are computed in while a network learns.

    Parameters
    ----------
    precision : {"auto", "float32", "bfloat16"}
        "auto" is bfloat16 on CUDA devices that compute LSTMs in it, else float32.
    device : str
        Name of the device.

    Returns
    -------
    torch.dtype
        `torch.float32` or `torch.bfloat16`.

    Raises
    ------
    ValueError
        If bfloat16 is asked for and the device cannot compute in it.
    """
    if precision == "float32":
        return torch.float32
    if precision == "auto" and torch.device(device).type != "cuda":
        return torch.float32
    problem = _bfloat16_problem(device)
    if problem is None:
        return torch.bfloat16
    if precision == "bfloat16":
        raise ValueError(
            f"precision='bfloat16' cannot be used on device={device!r} ({problem}). "
            "Use 'auto' or 'float32'."
        )
    return torch.float32


def _bfloat16_problem(device):
    """Learn with some cells: what goes wrong, or None.

    No flag says whether a device, its driver and cuDNN (from 9.13 on) can do it.
    """
    try:
        cells = torch.nn.LSTM(1, 8, device=device)
        with computing_in(torch.bfloat16, device):
            states, _ = cells(torch.zeros(2, 2, 1, device=device))
        states.float().sum().backward()
    except (RuntimeError, AssertionError) as exc:  # torch raises both
        return exc
    if torch.device(device).type == "cuda":
        with torch.cuda.device(device):  # the question is about the current device
            if not torch.cuda.is_bf16_supported(including_emulation=False):
                return "it would be emulated"
    return None


def computing_in(dtype, device):
    """Compute products in `dtype` in a with-block; weights and sums stay in float32.

    float32 means torch's own settings: by default cuDNN's LSTMs use TF32.
    """
    kind = torch.device(device).type
    return torch.autocast(kind, dtype, enabled=dtype != torch.float32)


def to_device(tensors, device):
    """Bring a tensor, or all tensors of nested dicts, to a device.

    What is called `horizons` stays where it is: the CPU alone looks at it. On CUDA the
    copies are made from pinned memory and nobody waits for them, so that the next batch
    is gathered while the last one is learned.
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

    The GNU C library gives the memory of large tensors back to the operating system
    each time, and gets it again page by page, until it has seen a block of up to 32 MiB
    being freed; from then on it keeps such blocks. Elsewhere nothing happens.
    """
    torch.empty(2**25 - 2**16, dtype=torch.uint8)


# Torch's generators belong to the whole process: fits in threads wait for each other.
_LOCK = threading.RLock()


@contextmanager
def seeded(seed, device):
    """Seed torch inside the block, and leave its generators as they were outside.

    Only the generators of the CPU and of `device` are touched. Blocks in several
    threads run one after the other, each with its own seed.
    """
    device = torch.device(device)
    with _LOCK, torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.default_generator.manual_seed(seed)
        if device.type == "cuda":
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        elif device.type == "mps":
            state = torch.mps.get_rng_state()
            torch.mps.manual_seed(seed)
        try:
            yield
        finally:
            if device.type == "mps":
                torch.mps.set_rng_state(state)

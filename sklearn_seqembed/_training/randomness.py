"""Random numbers from generators of our own.

All threads of a process share torch's default generators. Numbers drawn from these
would depend on what other threads draw, and change what the user draws next.
"""

import torch
from torch.overrides import TorchFunctionMode

# Functions of torch.nn.init and methods of tensors that accept a generator.
_RANDOM_FUNCTIONS = frozenset(
    {
        "uniform_",
        "normal_",
        "trunc_normal_",
        "kaiming_uniform_",
        "kaiming_normal_",
        "xavier_uniform_",
        "xavier_normal_",
    }
)


class Generators:
    """The random generators of one fit.

    Parameters
    ----------
    seed : int
        Seed of all generators.
    device : str
        Device of the network.

    Attributes
    ----------
    cpu : torch.Generator
        Generator of initial weights, batches and augmentation.
    device : torch.Generator
        Generator of random numbers on the device: that of the CPU if it is the device.
    """

    def __init__(self, seed, device):
        self.cpu = self.device = torch.Generator().manual_seed(seed)
        if torch.device(device).type != "cpu":
            self.device = torch.Generator(device).manual_seed(seed)


class InitialWeights(TorchFunctionMode):
    """Draw the initial weights of modules that are built in a with block.

    The modules of torch take no generator, but all of them draw their weights by a few
    functions that do. The mode is active in the current thread only.

    Parameters
    ----------
    generator : torch.Generator
        Generator on the CPU.
    """

    def __init__(self, generator):
        super().__init__()
        self.generator = generator
        self._is_active = False

    def __enter__(self):
        super().__enter__()
        self._is_active = True
        return self

    def __exit__(self, *error):
        self.close()

    def close(self):
        """Leave the mode, unless this has been done."""
        if self._is_active:
            super().__exit__(None, None, None)
            self._is_active = False

    def __torch_function__(self, func, types, args=(), kwargs=None):
        """Call a function of torch, with the generator if it draws numbers."""
        kwargs = dict(kwargs or {})
        if getattr(func, "__name__", "") in _RANDOM_FUNCTIONS:
            kwargs["generator"] = self.generator
        return func(*args, **kwargs)


def set_generator(module, generator):
    """Let all parts of a module draw from a generator; None is torch's default.

    Parameters
    ----------
    module : torch.nn.Module
        Its submodules that draw random numbers have an attribute `generator`.
    generator : torch.Generator or None
        Generator on the device of the module.
    """
    for part in module.modules():
        if hasattr(part, "generator"):
            part.generator = generator

"""Random numbers from generators of our own.

All threads of a process share torch's default generators. Numbers drawn from these
would depend on what other threads draw, and change what the user draws next.
"""

import torch


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

"""Dropout with a random generator of its own."""

import torch
from torch import nn


class Dropout(nn.Module):
    """Zero values at random in training, as :class:`torch.nn.Dropout` does.

    Parameters
    ----------
    p : float
        Probability of zeroing a value.

    Attributes
    ----------
    generator : torch.Generator or None
        Generator of the random numbers; None is torch's default.
    """

    def __init__(self, p):
        super().__init__()
        self.p = p
        self.generator = None

    def forward(self, x):
        """Zero values of x, and divide the others by the probability to keep them."""
        if not (self.training and self.p):
            return x
        keeps = torch.empty_like(x).bernoulli_(1 - self.p, generator=self.generator)
        return x * keeps / (1 - self.p)

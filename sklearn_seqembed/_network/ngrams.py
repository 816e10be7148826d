"""Hashed counts of n-grams of categories.

References
----------
.. [1] Weinberger, K. et al. (2009). Feature Hashing for Large Scale Multitask Learning.
       ICML. arXiv:0902.2206.
.. [2] Steele, G. L., Lea, D. and Flood, C. H. (2014). Fast Splittable Pseudorandom
       Number Generators. OOPSLA.
"""

import torch
from torch import nn
from torch.nn import functional

# Number of time steps of the longest n-grams, and number of counts. See "Categories" on
# the recipe page for the trials.
MAX_N = 2
N_COUNTS = 2048

# Marks the places before and after a sequence. Categories are 1, 2, ..., and missing
# ones are 0.
BOUNDARY = -1

# Odd multipliers of a hash function, as 64-bit integers: those of SplitMix64 [2]_.
MULTIPLIERS = (
    0x9E3779B97F4A7C15 - 2**64,
    0xBF58476D1CE4E5B9 - 2**64,
    0x94D049BB133111EB - 2**64,
)


class CategoryNgrams(nn.Module):
    """Count n-grams of categories, with a hash function instead of a vocabulary [1]_.

    An n-gram is the categories of one feature at 1 to `MAX_N` successive time steps,
    where the places before and after a sequence count as steps. Each n-gram has a place
    among the counts and a sign. The counts of a sequence are divided by their norm.

    Attributes
    ----------
    n_outputs : int
        Number of features that describe a sequence.
    """

    n_outputs = N_COUNTS

    def forward(self, categories, lengths):
        """Compute the features of each sequence of a batch.

        Parameters
        ----------
        categories : int64 tensor of shape (N, L, K)
            Indices of categories. Those after the end of a sequence are ignored.
        lengths : int64 tensor of shape (N,)
            Number of time steps of each sequence.

        Returns
        -------
        float32 tensor of shape (N, n_outputs)
            The features.
        """
        n_sequences, n_steps, n_features = categories.shape
        steps = torch.arange(-1, n_steps + 1, device=categories.device)
        # One place more before the first step, and one after the last.
        codes = functional.pad(categories, (0, 0, 1, 1), value=BOUNDARY)
        codes = codes.masked_fill((steps >= lengths[:, None])[:, :, None], BOUNDARY)
        features = torch.arange(n_features, device=codes.device)
        hashed = features.expand(n_sequences, n_steps + 2, n_features)
        shape = n_sequences, self.n_outputs
        counts = torch.zeros(shape, dtype=torch.float32, device=codes.device)
        for n in range(1, MAX_N + 1):
            # n-grams that start at each place: those of n - 1 steps, and one more.
            n_places = n_steps + 3 - n
            hashed = mix_bits(hashed[:, :n_places] + mix_bits(codes[:, n - 1 :]))
            # All but single markers, and what lies behind the marker of the end.
            first = steps[:n_places]
            valid = first + n - 1 <= lengths[:, None]  # (N, n_places)
            if n == 1:
                valid = valid & (first >= 0) & (first < lengths[:, None])
            signs = (1 - 2 * (hashed & 1)) * valid[:, :, None]
            places = (hashed >> 1) % self.n_outputs
            counts.scatter_add_(1, places.flatten(1), signs.flatten(1).to(counts.dtype))
        return counts / counts.norm(dim=1, keepdim=True).clamp(min=1)


def mix_bits(x):
    """Return pseudorandom 64-bit integers, one for each integer of x."""
    for multiplier, shift in zip(MULTIPLIERS, (30, 27, 31), strict=True):
        x = x * multiplier
        x = x ^ (x >> shift)
    return x

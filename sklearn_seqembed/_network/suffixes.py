"""Hashed features of the last events of a sequence, for linear models of its target.

References
----------
.. [1] Chen, S. F. and Goodman, J. (1999). An empirical study of smoothing techniques
       for language modeling. Computer Speech and Language 13(4).
.. [2] Weinberger, K. et al. (2009). Feature Hashing for Large Scale Multitask Learning.
       ICML. arXiv:0902.2206.
"""

from itertools import combinations, product

import torch
from torch import nn

from sklearn_seqembed._network.ngrams import BOUNDARY, mix_bits
from sklearn_seqembed._network.resampling import find_observed
from sklearn_seqembed._network.tracing import is_traced

# Number of categories of the longest suffix, and number of hashed features. See
# "Classes" on the recipe page for the trials.
MAX_SUFFIX = 5
N_HASHED = 2**15

# Kinds of features, which are hashed together with what they describe.
SUFFIX, COUNT, PAIR, VALUE = range(4)

# Pairs are made of the first features only, to limit their number. It was not tuned.
MAX_PAIRED = 12


class SuffixFeatures(nn.Module):
    """Describe how a sequence of events ends, and what occurred in it.

    A linear model of these features resembles a model that counts what follows the last
    events, and backs off from long to short suffixes [1]_. For each categorical feature
    they are

    - the last 1 to `MAX_SUFFIX` categories, where the place before the first time step
      counts as one;
    - the logarithm of 1 + the number of time steps of each category;
    - the pairs of the last categories of two features;
    - the last observed value of each numeric feature, separately for each last
      category.

    Features have no vocabulary, but a hashed position among `N_HASHED` [2]_.
    """

    n_outputs = N_HASHED

    def forward(self, numeric, categories, lengths):
        """Compute the features of each sequence of a batch, in sparse form.

        Parameters
        ----------
        numeric : float32 tensor of shape (N, L, F)
            Scaled values, NaN where missing.
        categories : int64 tensor of shape (N, L, K)
            Indices of categories, 0 where missing.
        lengths : int64 tensor of shape (N,)
            Number of time steps of each sequence.

        Returns
        -------
        positions : int64 tensor of shape (N, M)
            Positions of features, in [0, N_HASHED).
        values : float32 tensor of shape (N, M)
            Their values. Those at the same position add up.
        """
        is_padding = (
            torch.arange(categories.shape[1], device=lengths.device)
            >= (lengths[:, None])
        )
        last = _take_last(categories, lengths)  # (N, K)
        parts = [
            _list_suffixes(categories, lengths),
            _count_categories(categories, is_padding),
        ]
        n_paired = min(last.shape[1], MAX_PAIRED)
        if n_paired > 1:
            parts.append(_list_pairs(last[:, :n_paired]))
        if numeric.shape[2]:
            values = _take_last_observed(numeric, is_padding)
            parts.append(_list_values(last[:, :n_paired], values))
        hashes, values = (torch.cat(part, dim=1) for part in zip(*parts, strict=True))
        return hashes % self.n_outputs, values


def _hash(*integers):
    """Hash integers, or tensors of integers that broadcast, in this order."""
    hashed = torch.zeros((), dtype=torch.int64)
    for integer in integers:
        hashed = mix_bits(hashed + mix_bits(torch.as_tensor(integer) + 1))
    return hashed


def _take_last(categories, lengths):
    """Return the categories of the last time step: (N, K)."""
    index = (lengths - 1)[:, None, None].expand(-1, 1, categories.shape[2])
    return categories.gather(1, index)[:, 0]


def _list_suffixes(categories, lengths):
    """Return hashes and values, both (N, K * MAX_SUFFIX), of the last categories."""
    n_features = categories.shape[2]
    hashed = _hash(SUFFIX, torch.arange(n_features, device=lengths.device))
    hashes, values = [], []
    for n in range(1, MAX_SUFFIX + 1):
        step = lengths - n
        category = _take_last(categories, step.clamp(min=0) + 1)
        category = category.masked_fill(step[:, None] < 0, BOUNDARY)
        hashed = mix_bits(hashed + mix_bits(category + 1))
        hashes.append(hashed)
        values.append((step >= -1).float()[:, None].expand(-1, n_features))
    return torch.cat(hashes, dim=1), torch.cat(values, dim=1)


def _count_categories(categories, is_padding):
    """Return hashes and values, both (N, L * K), of the number of each category.

    The first of equal categories, once sorted, stands for all of them; the others have
    the value 0.
    """
    n_steps, n_features = categories.shape[1:]
    found = categories.masked_fill(is_padding[:, :, None], 0).sort(dim=1).values
    is_first = found[:, 1:] != found[:, :-1]
    is_first = torch.cat([torch.ones_like(found[:, :1], dtype=torch.bool), is_first], 1)
    steps = torch.arange(n_steps, device=found.device)[:, None]
    # The start of the next run of equal categories.
    if is_traced():
        _, following = find_observed(~is_first)
    else:
        starts = torch.where(is_first, steps, n_steps)
        following = starts.flip(1).cummin(dim=1).values.flip(1)
    following = torch.cat(
        [following[:, 1:], torch.full_like(following[:, :1], n_steps)], dim=1
    )
    counts = (following - steps).float().log1p() * (is_first & (found > 0))
    features = torch.arange(n_features, device=found.device)
    return _hash(COUNT, features, found).flatten(1), counts.flatten(1)


def _list_pairs(last):
    """Return hashes and values, both (N, ·), of pairs of the categories (N, K)."""
    hashes = [
        _hash(PAIR, i, j, last[:, i], last[:, j])
        for i, j in combinations(range(last.shape[1]), 2)
    ]
    hashes = torch.stack(hashes, dim=1)
    return hashes, torch.ones(hashes.shape, device=hashes.device)


def _take_last_observed(numeric, is_padding):
    """Return the last observed value of each feature, 0 without any: (N, F)."""
    steps = torch.arange(numeric.shape[1], device=numeric.device)[:, None]
    is_observed = ~(numeric.isnan() | is_padding[:, :, None])
    index = torch.where(is_observed, steps, 0).amax(dim=1, keepdim=True)
    return numeric.gather(1, index)[:, 0].nan_to_num(0.0)


def _list_values(last, values):
    """Return hashes and values, both (N, ·), of values (N, F) by categories (N, K)."""
    hashes, repeated = [], []
    for i, j in product(range(last.shape[1]), range(values.shape[1])):
        hashes.append(_hash(VALUE, i, j, last[:, i]))
        repeated.append(values[:, j])
    return torch.stack(hashes, dim=1), torch.stack(repeated, dim=1)

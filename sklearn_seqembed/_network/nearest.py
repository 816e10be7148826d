"""How far a sequence is from the most similar training sequences, point by point.

References
----------
.. [1] Ramaswamy, S., Rastogi, R. and Shim, K. (2000). Efficient algorithms for mining
       outliers from large data sets. SIGMOD.
.. [2] Fukunaga, K. and Hostetler, L. (1975). The estimation of the gradient of a
       density function, with applications in pattern recognition. IEEE Transactions on
       Information Theory 21(1).
"""

import numpy as np
import torch
from sklearn.neighbors import NearestNeighbors
from torch import nn

from sklearn_seqembed._network.resampling import read_points

# Number of similar training sequences that are averaged, so that no single one is kept.
# See "Anomaly scores" on the recipe page for the trials.
N_AVERAGED = 3

# Upper bound on the number of means, which limits memory and time. It was not tuned.
MAX_MEANS = 512


class NearestMean(nn.Module):
    """Compare sequences, resampled to the same number of points, with local means.

    A local mean is that of a training sequence and of the two that are most similar to
    it. It is one step of mean shift [2]_, which removes part of the noise. The
    deviation from the nearest mean is then a measure of how unusual a sequence is, like
    the distance to the nearest neighbors [1]_.

    Parameters
    ----------
    n_features : int
        Number of numeric features F.
    n_points : int
        Number of points P.
    """

    def __init__(self, n_features, n_points):
        super().__init__()
        self.n_points = n_points
        self.register_buffer("means", torch.zeros(0, n_points * n_features))
        self.register_buffer("variance", torch.tensor(1.0))

    def _load_from_state_dict(self, state_dict, prefix, *args):
        found = state_dict.get(prefix + "means")
        if found is not None:  # their number depends on the data
            self.means = self.means.new_zeros(found.shape)
        super()._load_from_state_dict(state_dict, prefix, *args)

    def read(self, numeric, lengths):
        """Resample sequences: float32 tensor of shape (N, P * F).

        Parameters
        ----------
        numeric : float32 tensor of shape (N, L, F)
            Scaled values, NaN where missing.
        lengths : int64 tensor of shape (N,)
            Number of time steps of each sequence.
        """
        return read_points(numeric, lengths, self.n_points)

    def forward(self, numeric, lengths):
        """Compute the deviation of each sequence from the nearest mean.

        Parameters
        ----------
        numeric, lengths
            As for :meth:`read`.

        Returns
        -------
        float32 tensor of shape (N,)
            Mean squared deviation, relative to the variance of the training sequences.
            It is 0 before :meth:`fit`.
        """
        if not len(self.means):
            return numeric.new_zeros(len(numeric))
        points = self.read(numeric, lengths)
        # Without matrix products: their rounding depends on the other sequences.
        mode = "donot_use_mm_for_euclid_dist"
        distances = torch.cdist(points, self.means, compute_mode=mode)
        nearest = distances.amin(dim=1).square()
        return nearest / (points.shape[1] * self.variance)

    def fit(self, points):
        """Learn the means of at most `MAX_MEANS` training sequences.

        Parameters
        ----------
        points : float64 ndarray of shape (n_samples, P * F)
            Result of :meth:`read` for some training sequences.
        """
        n_averaged = min(N_AVERAGED, len(points))
        n_means = min(MAX_MEANS, len(points))
        chosen = np.linspace(0, len(points) - 1, n_means).astype(int)
        neighbors = NearestNeighbors(n_neighbors=n_averaged, algorithm="brute")
        nearest = neighbors.fit(points).kneighbors(points[chosen])[1]
        means = points[nearest].mean(axis=1)
        variance = points.var(axis=0).mean() or 1.0
        self.means = torch.as_tensor(means).to(self.means)
        self.variance.fill_(variance)

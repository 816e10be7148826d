"""How far the vector of a sequence is from the vectors of the training sequences.

References
----------
.. [1] Mahalanobis, P. C. (1936). On the generalized distance in statistics. Proceedings
       of the National Institute of Sciences of India 2(1).
.. [2] Ledoit, O. and Wolf, M. (2004). A well-conditioned estimator for
       large-dimensional covariance matrices. Journal of Multivariate Analysis 88(2).
.. [3] Tipping, M. E. and Bishop, C. M. (1999). Probabilistic Principal Component
       Analysis. Journal of the Royal Statistical Society B 61(3).
"""

import numpy as np
import torch
from scipy.linalg import cholesky, solve_triangular
from sklearn.covariance import ledoit_wolf_shrinkage
from torch import nn


class VectorGaussian(nn.Module):
    """Gaussian distribution of vectors, and of the features that they leave out.

    The covariance matrix is shrunk towards a multiple of the identity [2]_, so a few
    sequences suffice. Vectors are principal components of many features. As in
    probabilistic PCA [3]_, the features have the same variance in all directions that
    the vectors leave out. If there are fewer sequences than components, they do not
    vary there at all, and the variance is only that of the shrinkage.

    Only the mean and a factor of the inverse covariance matrix are kept.

    Parameters
    ----------
    n_components : int
        Length C of a vector.
    n_varying : int, default=None
        Number of directions in which vectors may vary; None for `n_components`.
    """

    def __init__(self, n_components, n_varying=None):
        super().__init__()
        self.n_varying = n_varying or n_components
        self.register_buffer("mean", torch.zeros(n_components))
        self.register_buffer("whitening", torch.zeros(n_components, n_components))
        self.register_buffer("left_out_precision", torch.tensor(0.0))

    def forward(self, vectors, left_out):
        """Compute squared Mahalanobis distances from the mean [1]_.

        Parameters
        ----------
        vectors : float32 tensor of shape (N, C)
            The vectors.
        left_out : float32 tensor of shape (N,)
            Squared norm of what each vector leaves out of the features.

        Returns
        -------
        float32 tensor of shape (N,)
            Squared distances divided by `n_varying`. They are 0 before :meth:`fit`, and
            if all training sequences have the same vector.
        """
        whitened = (vectors - self.mean) @ self.whitening
        distances = whitened.square().sum(dim=1) + left_out * self.left_out_precision
        return distances / self.n_varying

    def fit(self, vectors, left_out=0.0, n_left_out=0):
        """Learn from some training sequences.

        Parameters
        ----------
        vectors : float64 ndarray of shape (n_samples, C)
            Their vectors.
        left_out : float, default=0.0
            Mean squared norm of what the vectors leave out of the features.
        n_left_out : int, default=0
            Number of directions in which the features vary beyond the vectors.
        """
        mean = vectors.mean(axis=0)
        centered = vectors - mean
        variance = np.square(centered).mean()
        if not variance:
            return
        shrinkage = ledoit_wolf_shrinkage(centered, assume_centered=True)
        # For two sequences, the estimated shrinkage is 0.
        shrinkage = max(shrinkage, 1 / len(vectors))
        identity = np.eye(len(mean))
        covariance = (1 - shrinkage) * centered.T @ centered / len(vectors)
        covariance += shrinkage * variance * identity
        factor = cholesky(covariance, lower=True)
        whitening = solve_triangular(factor, identity, lower=True).T
        left_out_variance = left_out / n_left_out if n_left_out > 0 else 0.0
        left_out_variance = (1 - shrinkage) * left_out_variance + shrinkage * variance
        self.mean.copy_(torch.as_tensor(mean))
        self.whitening.copy_(torch.as_tensor(whitening))
        self.left_out_precision.fill_(1 / left_out_variance)

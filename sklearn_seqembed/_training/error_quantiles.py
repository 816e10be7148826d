"""Quantiles of the errors of held-out forecasts, for prediction intervals.

References
----------
.. [1] Lei, J. et al. (2018). Distribution-Free Predictive Inference for Regression.
       Journal of the American Statistical Association 113(523).
.. [2] Barber, R. F. et al. (2021). Predictive Inference with the Jackknife+. Annals of
       Statistics 49(1).
"""

import math

import numpy as np

# Number of errors that are kept for each step; more are reduced to their quantiles.
MAX_ERRORS = 500


class ErrorQuantiles:
    """Quantiles of absolute errors, for each time step and feature of a forecast.

    The forecast plus and minus the quantile of a level is an interval of that coverage
    (split conformal prediction [1]_), provided that errors of new forecasts are
    distributed like those of the held-out ones. Each error is divided by the scale of
    its sequence, and the quantile is multiplied by that of the new one. If the
    sequences were held out in folds, the forecasts are those of a model that was fitted
    to all of them, as in the jackknife [2]_.

    Parameters
    ----------
    errors : float32 ndarray of shape (n_samples, n_steps, n_features)
        Absolute errors, NaN where nothing was observed.
    """

    def __init__(self, errors):
        self.counts = (~np.isnan(errors)).sum(axis=0)  # (n_steps, n_features)
        errors = np.sort(errors, axis=0)  # missing ones come last
        if len(errors) > MAX_ERRORS:
            # Rounded up, so that intervals become wider.
            levels = np.linspace(0, 1, MAX_ERRORS)[:, None, None]
            ranks = np.ceil(levels * np.maximum(self.counts - 1, 0)).astype(int)
            errors = np.take_along_axis(errors, ranks, axis=0)
        self.errors = errors

    def compute(self, coverage):
        """Return the quantile of each time step: (n_steps, n_features).

        It is infinite where too few errors were observed for this coverage.

        Parameters
        ----------
        coverage : float
            Level, in (0, 1).

        Raises
        ------
        ValueError
            If there are too few errors at every time step of every feature.
        """
        most = int(self.counts.max())
        needed = math.ceil(coverage / (1 - coverage) - 1e-9)
        if most < needed:
            raise ValueError(
                f"coverage={coverage:g} needs the errors of at least {needed} held-out "
                f"forecasts, but fit had {most}. Lower coverage, or fit with more "
                "sequences."
            )
        # The rank, from 1, that has the coverage exactly, also with few errors.
        ranks = np.ceil((self.counts + 1) * coverage - 1e-9)
        last = np.clip(self.counts, 1, len(self.errors)) - 1
        share = (ranks - 1) / np.maximum(self.counts - 1, 1)
        taken = np.clip(np.ceil(share * last - 1e-9).astype(int), 0, last)
        found = np.take_along_axis(self.errors, taken[None], axis=0)[0]
        return np.where(self.counts < needed, np.inf, found)

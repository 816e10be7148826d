"""Scaling of numeric features to float32, and back to the user's units."""

import numpy as np
from sklearn.base import clone
from sklearn.preprocessing import StandardScaler

# Approximate number of time steps, spread over the first chunk of X, on which `fit`
# tests the inverse of a scaler. A few steps are enough to detect a wrong inverse.
INVERTED_STEPS = 10_000

# In that test a feature counts as constant if its variance is below this fraction of
# its mean square: its deviations may then be rounding errors (1e-7 in float32).
ROUNDING = 1e-6

# numpy is slow on short rows, so rows are joined until they have about this many
# values. This reduced the time for 100,000 steps of 12 features from 2.7 ms to 1.05 ms
# (benchmarks/README.md, "Trials").
JOINED_VALUES = 512


class NumericFeatures:
    """Scale numeric features over all time steps; NaN stays NaN.

    Parameters
    ----------
    scaler : "standard", transformer or None
        A scikit-learn transformer that keeps the number of features and has
        `inverse_transform`; it is cloned. "standard" is a `StandardScaler`.
    seed : int, default=None
        Seed for a scaler that draws random numbers and has no seed of its own.
    name : str, default="X"
        Name of the sequences in error messages.
    scaler_name : str, default="scaler"
        Name of the parameter `scaler` in error messages.

    Attributes
    ----------
    scaler_ : transformer or None
        The fitted clone.
    missing_indicator_ : bool
        Whether any value was missing in the sequences passed to `fit`.
    n_features : int
        Number of numeric features.
    """

    def __init__(self, scaler, seed=None, *, name="X", scaler_name="scaler"):
        self.scaler = scaler
        self.seed = seed
        self.name = name
        self.scaler_name = scaler_name

    def fit(self, sequences):
        """Learn the scale of each feature from all time steps of `sequences`."""
        self.missing_indicator_, self.scaler_ = False, None
        self.n_features = sequences.n_numeric
        if not sequences.n_numeric:
            return self
        n_missing, is_chunk_empty = 0, False
        for chunk in sequences.iter_chunks():
            missing = np.isnan(chunk).sum(axis=0)
            n_missing += missing.sum()
            is_chunk_empty = is_chunk_empty or (missing == len(chunk)).any()
        self.missing_indicator_ = bool(n_missing)
        self.scaler_ = self._make_scaler()
        if self.scaler_ is None:
            return self
        # partial_fit bounds the memory, but scikit-learn's running moments become NaN
        # after a chunk in which a feature is never observed.
        with np.errstate(invalid="ignore"):  # a feature may be missing everywhere
            if hasattr(self.scaler_, "partial_fit") and not is_chunk_empty:
                for chunk in sequences.iter_chunks():
                    self._run_scaler("partial_fit", chunk.copy())  # may be a view of X
            else:
                self._run_scaler("fit", np.concatenate(list(sequences.iter_chunks())))
        self._check_inverse(next(sequences.iter_chunks()))
        return self

    def _make_scaler(self):
        """Return an unfitted clone of the scaler, or None."""
        scaler = self.scaler
        if scaler is None:
            return None
        if isinstance(scaler, str):
            if scaler != "standard":
                raise ValueError(
                    f"{self.scaler_name} must be 'standard', a scikit-learn "
                    f"transformer or None, got {scaler!r}."
                )
            scaler = StandardScaler()
        elif isinstance(scaler, type) or not hasattr(scaler, "inverse_transform"):
            raise ValueError(
                f"{self.scaler_name}={scaler!r} has no inverse_transform, which is "
                "needed to return values in your units. Pass an instance of a "
                "transformer that has it, such as StandardScaler(), or "
                f"{self.scaler_name}=None."
            )
        scaler = clone(scaler)
        seeds = {
            name: self.seed
            for name, value in scaler.get_params().items()
            if value is None and name.rpartition("__")[2] == "random_state"
        }
        scaler.set_params(**seeds)
        if hasattr(scaler, "set_output"):  # overrides a global "pandas" output
            scaler.set_output(transform="default")
        return scaler

    def _check_inverse(self, values):
        """Raise an error if the scaler does not restore some of these time steps."""
        head = values[:: max(1, len(values) // INVERTED_STEPS)].astype(np.float64)
        scaled = self._call_scaler("transform", head)
        observed = ~np.isnan(head)
        with np.errstate(all="ignore"):  # overflow raises below
            back = self._call_scaler("inverse_transform", scaled)
            error = (np.where(observed, back - head, 0) ** 2).sum(axis=0)
            spread = (np.where(observed, head - _mean(head), 0) ** 2).sum(axis=0)
            rounding = ROUNDING * np.nansum(head**2, axis=0)
        # Some loss is acceptable (clipping, bins), but not more than if the mean
        # replaced every value. Features that are constant here are not tested.
        lost = (spread > rounding) & (error > spread)
        if lost.any() or not np.isfinite(error).all():
            raise ValueError(
                f"{self.scaler_name}={self.scaler!r} does not restore the values of "
                f"{self.name}: its inverse_transform returns "
                f"{back[observed][0]:.3g} where {self.name} has "
                f"{head[observed][0]:.3g}. Choose a transformer with an inverse (a "
                f"FunctionTransformer needs inverse_func), or divide {self.name} by a "
                "constant if its values are huge."
            )

    def _run_scaler(self, method, values):
        """Call a method of the scaler, and name the scaler if it refuses the values."""
        try:
            return getattr(self.scaler_, method)(values)
        except ValueError as exc:
            raise ValueError(
                f"{self.scaler_name}={self.scaler!r} cannot scale {self.name}: "
                f"{str(exc).rstrip('.')}. Choose another transformer, or "
                f"{self.scaler_name}=None."
            ) from exc

    def _call_scaler(self, method, values):
        """Call a method of the scaler, which must return as many finite numbers."""
        found = np.asarray(self._run_scaler(method, values.copy()))
        if found.shape != values.shape:
            problem = (
                f"turns an array of shape {values.shape} into one of {found.shape}, "
                "expected the same shape"
            )
        elif found.dtype.kind not in "biuf":
            problem = f"returns values of {found.dtype}, expected numbers"
        elif np.isinf(found).any():
            problem = "returns infinite values"
        else:
            return found
        scaler = f"{self.scaler_name}={self.scaler!r}"
        if method != "transform":
            scaler = f"The {method} of {scaler}"
        raise ValueError(
            f"{scaler} {problem}. Choose a transformer that returns a finite number "
            f"for each value of {self.name}, or {self.scaler_name}=None."
        )

    def moments(self, sequences):
        """Compute the mean and standard deviation over time of each sequence.

        Returns
        -------
        means, spreads : float64 ndarray of shape (n_samples, n_features)
            In scaled units; NaN where a feature is never observed.
        """
        moments = np.full((2, len(sequences), sequences.n_numeric), np.nan)
        for i in range(len(sequences)):
            values = self.encode(sequences.rows(i)).astype(np.float64)
            observed = ~np.isnan(values)
            moments[0, i] = _mean(values)
            deviations = np.where(observed, values - moments[0, i], 0)
            moments[1, i] = np.sqrt(_mean(np.where(observed, deviations**2, np.nan)))
            moments[:, i, ~observed.any(axis=0)] = np.nan
        return moments

    def mean_variance(self, sequences):
        """Average the variance of scaled values over the features that vary."""
        values = np.concatenate(list(map(self.encode, sequences.iter_chunks())))
        with np.errstate(invalid="ignore"):
            variances = _mean((values - _mean(values)) ** 2)
        varies = variances > 0
        return float(variances[varies].mean()) if varies.any() else 1.0

    def encode(self, values):
        """Scale time steps: (n_steps, n_features) of any dtype to float32.

        Raises
        ------
        ValueError
            If a scaled value is too large for float32.
        """
        values = self.scale(values)
        with np.errstate(over="ignore", invalid="ignore"):
            encoded = np.ascontiguousarray(values, dtype=np.float32)
            # A quick test: squares have a finite sum only if all values are finite.
            flat = encoded.ravel()
            may_be_infinite = not np.isfinite(np.dot(flat, flat))
        if may_be_infinite and np.isinf(encoded).any():
            self._raise_too_large(values)
        return encoded

    def scale(self, values):
        """Scale time steps (n_steps, n_features) without changing their precision."""
        if not values.shape[1]:
            return values
        if self.scaler == "standard" and values.dtype in (np.float32, np.float64):
            return _standardize(values, self.scaler_.mean_, self.scaler_.scale_)
        # `values` may be a view of X, and a scaler may work in place.
        if getattr(self.scaler_, "copy", None) is not True:
            values = values.copy()
        return values if self.scaler_ is None else self.scaler_.transform(values)

    def _raise_too_large(self, values):
        remedy = "Replace values far outside the range seen in fit by NaN"
        if self.scaler_ is None:
            remedy = f"Use {self.scaler_name}='standard'"
        raise ValueError(
            f"{self.name} has values too large for float32, up to "
            f"{np.nanmax(np.abs(values)):.3g} after scaling by {self.scaler!r}. "
            f"{remedy}, or divide {self.name} by a constant."
        )

    def decode(self, values):
        """Return scaled time steps (n_steps, n_features) in the user's units."""
        values = np.asarray(values, dtype=np.float64)
        if self.scaler_ is None:
            return values
        return np.asarray(self.scaler_.inverse_transform(values))


def _standardize(values, mean, scale):
    """Transform as StandardScaler does, but without validating the values again.

    Its validation takes as long as the network needs for a short sequence.
    """
    n_joined = max(1, JOINED_VALUES // values.shape[1])
    n_first = len(values) - len(values) % n_joined
    mean, scale = mean.astype(values.dtype), scale.astype(values.dtype)
    scaled = np.empty(values.shape, values.dtype)
    joined = scaled[:n_first].reshape(-1, n_joined * len(mean))
    rows = values[:n_first].reshape(joined.shape)
    np.subtract(rows, np.tile(mean, n_joined), out=joined)
    joined /= np.tile(scale, n_joined)
    np.subtract(values[n_first:], mean, out=scaled[n_first:])
    scaled[n_first:] /= scale
    return scaled


def _mean(values):
    """Average the observed values of each column; 0 if there are none."""
    observed = ~np.isnan(values)
    total = np.where(observed, values, 0).sum(axis=0)
    return total / np.maximum(observed.sum(axis=0), 1)

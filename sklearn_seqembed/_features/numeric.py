"""Features as the network sees them: numbers scaled to float32, and the way back."""

import numpy as np
from sklearn.base import clone
from sklearn.preprocessing import StandardScaler


class NumericFeatures:
    """Scale numeric features over all time steps, NaN kept as missing.

    Parameters
    ----------
    scaler : "standard", transformer or None
        A scikit-learn transformer that keeps the number of features and has
        `inverse_transform`; it is cloned. "standard" is a `StandardScaler`.
    seed : int, default=None
        Seeds a scaler that draws at random and has no seed of its own.
    argument : {"X", "y"}, default="X"
        How messages name the sequences.

    Attributes
    ----------
    scaler_ : transformer or None
        The fitted clone.
    missing_indicator_ : bool
        Whether a value was missing in the sequences of `fit`.
    n_features : int
        Number of numeric features.
    """

    def __init__(self, scaler, seed=None, argument="X"):
        self.scaler = scaler
        self.seed = seed
        self.argument = argument

    def fit(self, sequences):
        """Learn the scale of each feature from all time steps of `sequences`."""
        self.missing_indicator_, self.scaler_ = False, None
        self.n_features = sequences.n_numeric
        if not sequences.n_numeric:
            return self
        n_missing, gappy = 0, False
        for chunk in sequences.iter_chunks():
            missing = np.isnan(chunk).sum(axis=0)
            n_missing += missing.sum()
            gappy = gappy or (missing == len(chunk)).any()
        self.missing_indicator_ = bool(n_missing)
        self.scaler_ = _make_scaler(self.scaler, self.seed, self._scaler_name)
        if self.scaler_ is None:
            return self
        # In bounded memory where that can be: scikit-learn's running moments become NaN
        # at a chunk in which a feature is never observed.
        with np.errstate(invalid="ignore"):  # a feature may be missing altogether
            if hasattr(self.scaler_, "partial_fit") and not gappy:
                for chunk in sequences.iter_chunks():
                    self.scaler_.partial_fit(chunk.copy())  # may be a view of X
            else:
                self.scaler_.fit(np.concatenate(list(sequences.iter_chunks())))
        self._check_way_back(next(sequences.iter_chunks()))
        return self

    @property
    def _scaler_name(self):
        return "target_scaler" if self.argument == "y" else "scaler"

    def _check_way_back(self, values):
        """Refuse a scaler that does not bring time steps back, by some of them."""
        head = values[:: max(1, len(values) // 10_000)].astype(np.float64)
        shape = np.shape(self.scaler_.transform(head.copy()))
        if shape != head.shape:
            raise ValueError(
                f"{self._scaler_name}={self.scaler!r} turns {head.shape[1]} features "
                f"into {shape[1:]}, expected as many as it gets. Choose a "
                "transformer that keeps the number of features, or "
                f"{self._scaler_name}=None."
            )
        observed = ~np.isnan(head)
        with np.errstate(all="ignore"):  # what overflows is refused below
            back = self.decode(self.scaler_.transform(head.copy()))
            apart = (np.where(observed, back - head, 0) ** 2).sum(axis=0)
            spread = (np.where(observed, head - _mean(head), 0) ** 2).sum(axis=0)
            rounding = 1e-6 * np.nansum(head**2, axis=0)
        # Some loss is fine (clipping, bins), but not more than the mean would lose.
        # Values that do not vary here say nothing about it: they may be all 0.
        lost = (spread > rounding) & (apart > spread)
        if lost.any() or not np.isfinite(apart).all():
            raise ValueError(
                f"{self._scaler_name}={self.scaler!r} does not bring values of "
                f"{self.argument} back: its inverse_transform gives "
                f"{back[observed][0]:.3g} where {self.argument} has "
                f"{head[observed][0]:.3g}. Choose a transformer with an inverse (a "
                "FunctionTransformer needs inverse_func), or divide X by a constant "
                "if its values are huge."
            )

    def moments(self, sequences):
        """Mean and standard deviation of each sequence over time, in scaled units.

        Returns
        -------
        means, spreads : float64 ndarray of shape (n_samples, n_features)
            NaN where a feature is not observed.
        """
        moments = np.full((2, len(sequences), sequences.n_numeric), np.nan)
        for i in range(len(sequences)):
            values = self.encode(sequences.rows(i)).astype(np.float64)
            observed = ~np.isnan(values)
            moments[0, i] = _mean(values)
            apart = np.where(observed, values - moments[0, i], 0)
            moments[1, i] = np.sqrt(_mean(np.where(observed, apart**2, np.nan)))
            moments[:, i, ~observed.any(axis=0)] = np.nan
        return moments

    def mean_variance(self, sequences):
        """Mean, over the features that vary, of the variance of scaled values."""
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
        if not values.shape[1]:
            return values.astype(np.float32)
        if self.scaler == "standard" and values.dtype in (np.float32, np.float64):
            values = _standardise(values, self.scaler_.mean_, self.scaler_.scale_)
        else:
            # Values may be a view of X, and a scaler may work in place or return them.
            if getattr(self.scaler_, "copy", None) is not True:
                values = values.copy()
            if self.scaler_ is not None:
                values = self.scaler_.transform(values)
        with np.errstate(over="ignore", invalid="ignore"):
            encoded = np.ascontiguousarray(values, dtype=np.float32)
            # Squares sum to a finite number only if all are finite: one quick look.
            flat = encoded.ravel()
            suspicious = not np.isfinite(np.dot(flat, flat))
        if suspicious and np.isinf(encoded).any():
            mend = "Replace what lies far outside the values of fit by NaN"
            if self.scaler_ is None:
                mend = f"Use {self._scaler_name}='standard'"
            raise ValueError(
                f"{self.argument} has values too large for float32, up to "
                f"{np.nanmax(np.abs(values)):.3g} after scaling by {self.scaler!r}. "
                f"{mend}, or divide X by a constant."
            )
        return encoded

    def decode(self, values):
        """Bring scaled time steps (n_steps, n_features) back to the user's units."""
        values = np.asarray(values, dtype=np.float64)
        if self.scaler_ is None:
            return values
        return np.asarray(self.scaler_.inverse_transform(values))


def _standardise(values, mean, scale):
    """Do what StandardScaler does, on values that are checked already.

    Its own checks take as long as a short sequence does in the network. And numpy is
    slow with short rows: many are taken as one.
    """
    n_joined = max(1, 512 // values.shape[1])
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
    """Mean of each column over its observed values, 0 where there is none."""
    observed = ~np.isnan(values)
    total = np.where(observed, values, 0).sum(axis=0)
    return total / np.maximum(observed.sum(axis=0), 1)


def _make_scaler(scaler, seed, name):
    """Return an unfitted scaler of our own, or None."""
    if scaler is None:
        return None
    if isinstance(scaler, str):
        if scaler != "standard":
            raise ValueError(
                f"{name} must be 'standard', a scikit-learn transformer or None, got "
                f"{scaler!r}."
            )
        scaler = StandardScaler()
    elif isinstance(scaler, type) or not hasattr(scaler, "inverse_transform"):
        raise ValueError(
            f"{name}={scaler!r} has no inverse_transform, which brings reconstructed "
            "values back to your units. Choose an instance of a transformer that has "
            f"it, StandardScaler() for example, or {name}=None."
        )
    scaler = clone(scaler)
    seeds = {
        name: seed
        for name, value in scaler.get_params().items()
        if value is None and name.rpartition("__")[2] == "random_state"
    }
    scaler.set_params(**seeds)
    if hasattr(scaler, "set_output"):  # a global "pandas" output is not for us
        scaler.set_output(transform="default")
    return scaler

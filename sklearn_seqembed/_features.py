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

    Attributes
    ----------
    scaler_ : transformer or None
        The fitted clone.
    missing_indicator_ : bool
        Whether a value was missing in the sequences of `fit`.
    """

    def __init__(self, scaler):
        self.scaler = scaler

    def fit(self, sequences):
        """Learn the scale of each feature from all time steps of `sequences`."""
        n_missing, gappy = 0, False
        for chunk in sequences.iter_chunks():
            missing = np.isnan(chunk).sum(axis=0)
            n_missing += missing.sum()
            gappy = gappy or (missing == len(chunk)).any()
        self.missing_indicator_ = bool(n_missing)
        self.scaler_ = _make_scaler(self.scaler)
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
        head = next(sequences.iter_chunks())[:100].copy()
        shape = np.shape(self.scaler_.transform(head.copy()))
        if shape != head.shape:
            raise ValueError(
                f"scaler={self.scaler!r} turns {head.shape[1]} features into "
                f"{shape[1:]}, expected as many as it gets. Choose a transformer that "
                "keeps the number of features, or scaler=None."
            )
        with np.errstate(all="ignore"):
            back = self.decode(self.scaler_.transform(head.copy()))
        if not np.isfinite(back[~np.isnan(head)]).all():
            raise ValueError(
                f"scaler={self.scaler!r} does not bring values of X back: they became "
                f"NaN or infinite (largest of the first: {np.nanmax(np.abs(head)):.3g})"
                ". Divide X by a constant, or choose another scaler."
            )
        return self

    def encode(self, values):
        """Scale time steps: (n_steps, n_features) of any dtype to float32.

        Raises
        ------
        ValueError
            If a scaled value is too large for float32.
        """
        if self.scaler_ is not None:
            # A copy: values may be a view of X, and a scaler may work in place.
            values = np.asarray(self.scaler_.transform(values.copy()))
        with np.errstate(over="ignore"):
            encoded = values.astype(np.float32)
        with np.errstate(invalid="ignore"):
            overflow = np.isinf(encoded).any()
        if overflow:
            mend = "Replace what lies far outside the values of fit by NaN"
            if self.scaler_ is None:
                mend = "Use scaler='standard'"
            raise ValueError(
                f"X has values too large for float32, up to "
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


def _make_scaler(scaler):
    """Return an unfitted scaler of our own, or None."""
    if scaler is None:
        return None
    if isinstance(scaler, str):
        if scaler != "standard":
            raise ValueError(
                f"scaler must be 'standard', a scikit-learn transformer or None, got "
                f"{scaler!r}."
            )
        scaler = StandardScaler()
    elif isinstance(scaler, type) or not hasattr(scaler, "inverse_transform"):
        raise ValueError(
            f"scaler={scaler!r} has no inverse_transform, which brings reconstructed "
            "values back to your units. Choose an instance of a transformer that has "
            "it, StandardScaler() for example, or scaler=None."
        )
    scaler = clone(scaler)
    if hasattr(scaler, "set_output"):  # a global "pandas" output is not for us
        scaler.set_output(transform="default")
    return scaler

"""Validation of vectors that are to be decoded."""

import narwhals.stable.v2 as nw
import numpy as np
from sklearn.utils import check_array

from sklearn_seqembed._data.arrays import as_array
from sklearn_seqembed._data.foreign import convert_foreign, convert_steps
from sklearn_seqembed._data.messages import count
from sklearn_seqembed._data.native_frames import column_names, frame_library


def check_vectors(X, names, estimator_name):
    """Convert vectors to an array.

    Parameters
    ----------
    X : array-like or frame of shape (n_samples, n_components)
        What the user passed.
    names : sequence of str
        Names of the components of the fitted estimator. If X is a frame with columns of
        these names, they may be in any order.
    estimator_name : str
        Its name, for error messages.

    Returns
    -------
    vectors : float32 ndarray of shape (n_samples, n_components)
        The vectors.

    Raises
    ------
    ValueError
        If the shape is another one, or a component is missing or infinite.
    TypeError
        If X does not hold numbers.
    """
    n_components = len(names)
    expected = f"vectors: an array of numbers, of shape (n_samples, {n_components})"
    converted = convert_foreign(X, "X", expected)
    if frame_library(converted) and set(column_names(converted)) == set(names):
        converted = nw.from_native(converted).select(list(names)).to_native()
    converted = as_array(convert_steps(converted))
    try:
        dtype = getattr(converted, "dtype", None) or np.asarray(converted).dtype
        if getattr(dtype, "kind", "f") in "bmMSU":
            raise TypeError(f"{dtype} are no numbers")
        with np.errstate(over="ignore"):  # refused below
            vectors = check_array(
                converted,
                dtype=np.float32,
                ensure_all_finite=False,
                ensure_2d=False,
                allow_nd=True,
                ensure_min_samples=0,
                ensure_min_features=0,
            )
    except (ValueError, TypeError, OverflowError) as exc:
        raise TypeError(
            f"X, of type {type(X).__name__}, cannot be converted to {expected}. Pass "
            "what transform returned."
        ) from exc
    if vectors.ndim != 2 or not len(vectors):
        raise ValueError(
            f"X has the shape {vectors.shape}, expected {expected}. Pass what "
            "transform returned."
        )
    if vectors.shape[1] != n_components:
        raise ValueError(
            f"X has vectors of {count(vectors.shape[1], 'component')}, but this "
            f"{estimator_name} was fitted with n_components={n_components}. Pass "
            "vectors that its transform returned."
        )
    is_finite = np.isfinite(vectors)
    if not is_finite.all():
        i, component = np.argwhere(~is_finite)[0]
        value = vectors[i, component]
        raise ValueError(
            f"X[{i}] is {'NaN' if np.isnan(value) else 'infinite'} at component "
            f"{component}. Pass vectors of finite numbers of float32."
        )
    return vectors

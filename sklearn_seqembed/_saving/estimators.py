"""The state of an estimator: its parameters, and what `fit` learned as plain values."""

import warnings
from importlib.metadata import version

import numpy as np

from sklearn_seqembed._saving.exceptions import OtherVersionsWarning
from sklearn_seqembed._saving.nets import describe_net, rebuild_net
from sklearn_seqembed._saving.plain import Reader, Writer

VERSIONS = {
    name: version(name)
    for name in ("sklearn-seqembed", "scikit-learn", "skorch", "torch")
}


def pack_estimator(estimator):
    """Return the state of an estimator for pickle, joblib and skops.

    Parameters
    ----------
    estimator : BaseSequenceEstimator
        It may be fitted or not.

    Returns
    -------
    dict
        The parameters as they are; under "_versions" those of the libraries; under
        "_fitted" the other attributes as plain values and arrays, if there are any.
    """
    params, fitted = split_attributes(estimator)
    state = params | {"_versions": dict(VERSIONS)}
    if fitted:
        state["_fitted"] = Writer().write(describe_attributes(fitted))
    return state


def unpack_estimator(cls, state):
    """Return the attributes of an estimator of a class from its state."""
    params = dict(state)
    written, fitted = params.pop("_versions", None), params.pop("_fitted", None)
    if written is None:
        raise ValueError(
            f"This {cls.__name__} was written by a development version of "
            "sklearn-seqembed, whose files can no longer be opened. Fit it again."
        )
    warn_about_versions(cls.__name__, written)
    if fitted is None:
        return params
    return params | rebuild_attributes(Reader().read(fitted))


def split_attributes(estimator):
    """Split the attributes of an estimator into parameters and others."""
    names = estimator.get_params(deep=False).keys()
    attributes = dict(vars(estimator))
    params = {name: attributes.pop(name) for name in names if name in attributes}
    return params, attributes


def describe_attributes(fitted, *, with_moments=True):
    """Return fitted attributes with a description in the place of the net."""
    fitted = dict(fitted)
    if "net_" in fitted:
        fitted["net_"] = describe_net(fitted["net_"], with_moments=with_moments)
        fitted["history_"] = _as_columns(fitted["history_"])
    return fitted


def rebuild_attributes(fitted):
    """Return fitted attributes with the net that is described in its place."""
    if "net_" in fitted:
        history, net = _as_rows(fitted["history_"]), rebuild_net(fitted["net_"])
        net.history.extend(dict(row) for row in history)
        fitted = fitted | {"net_": net, "history_": history}
    return fitted


def _as_columns(history):
    """Convert a history to one array for each key, which is a fifth of its size."""
    keys = list(history[0]) if history else []
    if any(list(row) != keys for row in history):
        return history
    columns = {key: np.array([row[key] for row in history]) for key in keys}
    is_plain = all(column.dtype.kind in "bif" for column in columns.values())
    return columns if is_plain else history


def _as_rows(columns):
    """Convert the result of :func:`_as_columns` to a history."""
    if isinstance(columns, list):
        return columns
    values = [column.tolist() for column in columns.values()]
    return [dict(zip(columns, row, strict=True)) for row in zip(*values, strict=True)]


def warn_about_versions(name, written):
    """Warn if an estimator was written with other versions of its libraries.

    Builds of the same version, such as 2.9.1+cpu, are the same.
    """
    differing = {
        library: found
        for library, found in written.items()
        if library in VERSIONS and _public(found) != _public(VERSIONS[library])
    }
    if differing:
        warnings.warn(
            OtherVersionsWarning(
                estimator_name=name, written=differing, present=VERSIONS
            ),
            stacklevel=4,
        )


def _public(found):
    return str(found).partition("+")[0]

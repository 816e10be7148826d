"""The state of an estimator: its parameters, and what `fit` learned as plain values."""

import warnings
from importlib.metadata import version

from sklearn_seqembed._saving.exceptions import DamagedFileError, OtherVersionsWarning
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
    return params | rebuild_attributes(cls, Reader().read(fitted))


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
    return fitted


def rebuild_attributes(cls, fitted):
    """Return fitted attributes with the net that is described in its place."""
    for name in fitted:
        found = getattr(cls, name, None)
        if callable(found) or isinstance(found, property):
            raise DamagedFileError(f"{cls.__name__}.{name} is not an attribute of a fit")
    if "net_" in fitted:
        fitted = fitted | {"net_": rebuild_net(fitted["net_"])}
    return fitted


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

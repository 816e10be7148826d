"""Versions of the libraries on which a saved estimator depends."""

import warnings
from importlib.metadata import version

from sklearn_seqembed._saving.exceptions import OtherVersionsWarning

# Results may depend on the versions of the first ones, but not on those of the others.
COMPARED = "sklearn-seqembed", "scikit-learn", "skorch", "torch"
VERSIONS = {
    name: version(name) for name in (*COMPARED, "numpy", "scipy", "safetensors")
}


def warn_about_versions(name, written, stacklevel=4):
    """Warn if an estimator was written with other versions of its libraries.

    Builds of the same version, such as 2.9.1+cpu, are the same.

    Parameters
    ----------
    name : str
        Class of the estimator.
    written : dict of str to str
        The versions.
    stacklevel : int, default=4
        As in :func:`warnings.warn`.
    """
    differing = {
        library: found
        for library, found in written.items()
        if library in COMPARED and _public(found) != _public(VERSIONS[library])
    }
    if differing:
        warning = OtherVersionsWarning(
            estimator_name=name, written=differing, present=VERSIONS
        )
        warnings.warn(warning, stacklevel=stacklevel)


def _public(found):
    return str(found).partition("+")[0]

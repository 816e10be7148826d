"""The state of an estimator: its parameters, and what `fit` learned as plain values."""

import os

import numpy as np

from sklearn_seqembed._saving.classes import FITTED_ATTRIBUTES, check_fitted
from sklearn_seqembed._saving.exceptions import DamagedFileError
from sklearn_seqembed._saving.files import (
    explaining_damage,
    read_sections,
    write_sections,
)
from sklearn_seqembed._saving.nets import describe_net, rebuild_net
from sklearn_seqembed._saving.plain import CannotSaveError, Reader, Writer
from sklearn_seqembed._saving.versions import VERSIONS, warn_about_versions

CONTENT = "estimator"

# What scikit-learn's callbacks set on an estimator while it is fitted.
FIT_ATTRIBUTES = (
    "_callback_fit_ctx",
    "_parent_callback_ctx",
    "_skl_callbacks_to_teardown",
)


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
    attributes = params
    if fitted is not None:
        attributes = params | rebuild_attributes(Reader().read(fitted))
    for name in attributes:  # of a crafted skops file
        found = getattr(cls, name, None)
        if callable(found) or isinstance(found, property):
            raise ValueError(f"{cls.__name__} cannot have the attribute {name!r}.")
    return attributes


def write_estimator(estimator, path, *, with_moments):
    """Write a fitted estimator to a file.

    Parameters
    ----------
    estimator : BaseSequenceEstimator
        The estimator.
    path : str or path-like
        The file. It is replaced in one step after everything is written.
    with_moments : bool
        Whether to keep the moments of the optimizer.

    Raises
    ------
    TypeError
        If a parameter or attribute cannot be stored in such a file.
    OSError
        If the file cannot be written.
    """
    name = type(estimator).__name__
    if name not in FITTED_ATTRIBUTES:
        raise TypeError(
            f"{name} cannot be saved in a safetensors file, only the estimators of "
            "sklearn_seqembed themselves can. Use joblib.dump."
        )
    params, fitted = split_attributes(estimator)
    if "_skl_callbacks" in fitted:
        raise TypeError(
            f"The callbacks of this {name} cannot be saved in a safetensors file. "
            "Remove them, set_callbacks() without arguments, or use joblib.dump."
        )
    fitted = describe_attributes(fitted, with_moments=with_moments)
    try:
        check_fitted(name, fitted)
    except ValueError as exc:  # an attribute would be lost
        raise TypeError(
            f"{exc}, which cannot be saved in a safetensors file. Delete it, or use "
            "joblib.dump."
        ) from exc
    tensors = {}
    writer = Writer(tensors)
    try:
        sections = {"params": writer.write(params), "fitted": writer.write(fitted)}
    except CannotSaveError as exc:
        raise TypeError(_explain(exc, name)) from exc
    write_sections(path, CONTENT, {"class": name} | sections, tensors)


def read_estimator(path, classes):
    """Read an estimator from a file, without running anything that the file says.

    Parameters
    ----------
    path : str or path-like
        The file.
    classes : dict of str to type
        Classes of estimators.

    Returns
    -------
    BaseSequenceEstimator
        The estimator.

    Raises
    ------
    ValueError
        If the file is no such file, or damaged, or of a later format.
    """
    path = os.fspath(path)  # not in the block: another object is no damaged file
    with explaining_damage(path):
        names = "class", "params", "fitted"
        sections, tensors = read_sections(path, CONTENT, names)
        name = sections["class"]
        if name not in classes:
            raise DamagedFileError(f"there is no estimator {name!r}")
        estimator, reader = classes[name](), Reader(tensors)
        params = reader.read(sections["params"])
        if params.keys() != estimator.get_params(deep=False).keys():
            raise DamagedFileError(f"its parameters are not those of {name}")
        fitted = reader.read(sections["fitted"])
        if extra := sorted(tensors.keys() - reader.used):
            raise DamagedFileError(f"there is an unexpected tensor {extra[0]!r}")
        check_fitted(name, fitted)
        tensors.clear()  # they are copied to the network
        vars(estimator).update(params | rebuild_attributes(fitted))
    warn_about_versions(name, sections["versions"])
    return estimator


def split_attributes(estimator):
    """Split the attributes of an estimator into parameters and others."""
    names = estimator.get_params(deep=False).keys()
    attributes = dict(vars(estimator))
    for name in FIT_ATTRIBUTES:
        attributes.pop(name, None)
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


def _explain(error, name):
    """Say what cannot be saved, and what to do instead."""
    found = f"{type(error.value).__module__}.{type(error.value).__qualname__}"
    if error.path[0] == "callbacks":
        return (
            f"The callbacks of this {name} cannot be saved in a safetensors file. "
            "Remove them, set_params(callbacks=None), or use joblib.dump."
        )
    if "scaler" in error.path[0] or "scaler" in error.path[-1]:
        return (
            f"The scaler of this {name} is a {found}, which cannot be saved in a "
            "safetensors file. Use joblib.dump, or fit with a scaler of "
            "sklearn.preprocessing whose state is arrays and numbers."
        )
    if "columns" in error.path:
        return (
            f"A column name of this {name} is a {found}, which cannot be saved in a "
            "safetensors file. Use joblib.dump, or fit with strings as names: "
            "X.columns = X.columns.astype(str)."
        )
    remedy = " or pass a list instead" if error.path[0].endswith("categories") else ""
    return (
        f"{'.'.join(error.path)} of this {name} is a {found}, which cannot be saved in "
        f"a safetensors file. Use joblib.dump{remedy}."
    )

"""Safetensors files of fitted estimators: writing without gaps, reading without code.

A file has one tensor for each array. Its metadata are strings:

- "format" and "format_version";
- "class", the class of the estimator;
- "versions", those of the libraries that wrote it, as JSON;
- "params" and "fitted", the parameters and fitted attributes as JSON (see `plain.py`);
- "sha256", a checksum of all metadata and tensors.
"""

import hashlib
import json
import os
import secrets
import stat
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from sklearn_seqembed._saving.classes import check_fitted
from sklearn_seqembed._saving.estimators import (
    VERSIONS,
    describe_attributes,
    rebuild_attributes,
    split_attributes,
    warn_about_versions,
)
from sklearn_seqembed._saving.exceptions import DamagedFileError
from sklearn_seqembed._saving.plain import CannotSaveError, Reader, Writer

FORMAT = "sklearn_seqembed"
FORMAT_VERSION = 1
KEYS = {"format", "format_version", "class", "versions", "params", "fitted", "sha256"}

# safetensors does not open files with more metadata (100 MB).
MAX_METADATA = 99_000_000


def write_file(estimator, path, *, with_moments):
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
    params, fitted = split_attributes(estimator)
    fitted = describe_attributes(fitted, with_moments=with_moments)
    tensors, name = {}, type(estimator).__name__
    check_fitted(name, fitted)  # that no attribute is lost
    writer = Writer(tensors)
    try:
        params, fitted = writer.write(params), writer.write(fitted)
    except CannotSaveError as exc:
        raise TypeError(_explain(exc, name)) from exc
    metadata = {
        "format": FORMAT,
        "format_version": str(FORMAT_VERSION),
        "class": name,
        "versions": json.dumps(VERSIONS),
        "params": json.dumps(params, allow_nan=False),
        "fitted": json.dumps(fitted, allow_nan=False),
    }
    if sum(map(len, metadata.values())) > MAX_METADATA:
        raise TypeError(
            f"The vocabularies of this {name} take more than {MAX_METADATA} bytes, too "
            "much for a safetensors file. Use joblib.dump, or fit with max_categories."
        )
    metadata["sha256"] = _compute_checksum(metadata, sorted(tensors.items()))
    _replace(path, lambda temporary: save_file(tensors, temporary, metadata))


def read_file(path, classes):
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
    path = Path(path)
    try:
        with safe_open(path, framework="np") as file:
            metadata = file.metadata() or {}
            _check_format(metadata)
            names = sorted(file.keys())
            tensors = {name: file.get_tensor(name) for name in names}
        if metadata["sha256"] != _compute_checksum(metadata, tensors.items()):
            raise DamagedFileError("its checksum does not match its content")
        return _build_estimator(metadata, tensors, classes)
    except SafetensorError as exc:
        raise DamagedFileError(f"{path} is not a safetensors file: {exc}") from exc
    except DamagedFileError as exc:
        raise DamagedFileError(f"{path} cannot be opened: {exc}.") from exc
    except OSError:
        raise  # there is no such file, or it may not be read
    except (Exception, RecursionError) as exc:  # whatever a crafted file leads to
        raise DamagedFileError(
            f"{path} cannot be opened: its content is not that of an estimator "
            f"({type(exc).__name__}: {exc})."
        ) from exc


def _check_format(metadata):
    if metadata.get("format") != FORMAT:
        raise DamagedFileError("it was not written by the method save of an estimator")
    found = metadata.get("format_version", "")
    if not found.isdecimal() or int(found) > FORMAT_VERSION:
        raise DamagedFileError(
            f"its format has version {found!r}, this version of sklearn-seqembed "
            f"({VERSIONS['sklearn-seqembed']}) reads up to {FORMAT_VERSION}: install a "
            "later one"
        )
    if missing := sorted(KEYS ^ metadata.keys()):
        raise DamagedFileError(f"its metadata have other keys than expected: {missing}")


def _build_estimator(metadata, tensors, classes):
    name = metadata["class"]
    if name not in classes:
        raise DamagedFileError(f"there is no estimator {name!r}")
    cls, reader = classes[name], Reader(tensors)
    params = reader.read(json.loads(metadata["params"]))
    estimator = cls()
    if params.keys() != estimator.get_params(deep=False).keys():
        raise DamagedFileError("its parameters are not those of " + name)
    fitted = reader.read(json.loads(metadata["fitted"]))
    if extra := sorted(tensors.keys() - reader.used):
        raise DamagedFileError(f"there is an unexpected tensor {extra[0]!r}")
    check_fitted(name, fitted)
    tensors.clear()  # they are copied to the network
    vars(estimator).update(params | rebuild_attributes(fitted))
    warn_about_versions(name, json.loads(metadata["versions"]))
    return estimator


def _compute_checksum(metadata, tensors):
    """Compute a checksum of metadata, except itself, and of tensors in order of name."""
    digest = hashlib.sha256()
    for key in sorted(metadata.keys() - {"sha256"}):
        _add(digest, key.encode(), metadata[key].encode())
    for name, array in tensors:
        _add(digest, name.encode(), f"{array.dtype.str}{array.shape}".encode())
        digest.update(memoryview(array.reshape(-1)).cast("B") if array.size else b"")
    return digest.hexdigest()


def _add(digest, *parts):
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)


def _explain(error, name):
    """Say what cannot be saved, and what to do instead."""
    parameter, kind = error.path[0], type(error.value)
    if parameter == "callbacks":
        return (
            f"The callbacks of this {name} cannot be saved. Remove them, "
            "set_params(callbacks=None), or use joblib.dump."
        )
    found = f"{kind.__module__}.{kind.__qualname__}"
    if "scaler" in parameter or "scaler" in error.path[-1]:
        return (
            f"The scaler of this {name} is a {found}, which cannot be saved in a "
            "safetensors file. Use joblib.dump, or fit with a scaler of "
            "sklearn.preprocessing whose state is arrays and numbers."
        )
    return (
        f"{'.'.join(error.path)} of this {name} is a {found}, which cannot be saved in "
        "a safetensors file. Use joblib.dump."
    )


def _replace(path, write):
    """Write a file next to another one, and replace that in one step.

    Parameters
    ----------
    path : str or path-like
        The file to replace. A symbolic link is kept.
    write : callable
        Writes the file whose path it gets.
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        # With the permissions that a new file gets, or those of the present one.
        descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
        os.close(descriptor)
        if target.exists():
            temporary.chmod(stat.S_IMODE(target.stat().st_mode))
        try:
            write(temporary)
        except SafetensorError as exc:
            raise OSError(f"{path} was not written: {exc}.") from exc
        _synchronize(temporary)
        os.replace(temporary, target)
        _synchronize(target.parent)  # the new name, too
    finally:
        temporary.unlink(missing_ok=True)


def _synchronize(path):
    """Wait until a file or directory is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""Safetensors files: written in one step, read without running anything.

A file has one tensor for each array. Its metadata are strings:

- "format", what the file holds, and "format_version";
- "versions", those of the libraries that wrote it, as JSON;
- sections of plain values as JSON (see `plain.py`);
- "sha256", a checksum of all metadata and tensors.
"""

import errno
import hashlib
import json
import os
import secrets
import stat
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from sklearn_seqembed._saving.exceptions import DamagedFileError
from sklearn_seqembed._saving.versions import VERSIONS

FORMAT_VERSION = 1
COMMON_KEYS = {"format", "format_version", "versions", "sha256"}

# safetensors does not open files with more metadata (100 MB).
MAX_METADATA = 99_000_000


def write_sections(path, content, sections, tensors):
    """Write plain values and arrays to a file.

    Parameters
    ----------
    path : str or path-like
        The file. It is replaced in one step after everything is written.
    content : str
        What the file holds.
    sections : dict of str to object
        Plain values.
    tensors : dict of str to ndarray
        The arrays.

    Raises
    ------
    TypeError
        If the plain values are too long for such a file.
    OSError
        If the file cannot be written.
    """
    metadata = {
        "format": f"sklearn_seqembed {content}",
        "format_version": str(FORMAT_VERSION),
        "versions": json.dumps(VERSIONS),
    }
    for name, values in sections.items():
        metadata[name] = json.dumps(values, allow_nan=False)
    if sum(map(len, metadata.values())) > MAX_METADATA:
        raise TypeError(
            f"The categories take more than {MAX_METADATA} bytes, too much for a "
            "safetensors file. Use joblib.dump, or fit with max_categories."
        )
    metadata["sha256"] = _compute_checksum(metadata, sorted(tensors.items()))
    replace_file(path, lambda temporary: save_file(tensors, temporary, metadata))


def read_sections(path, content, names):
    """Read what :func:`write_sections` wrote.

    Parameters
    ----------
    path : str or path-like
        The file.
    content : str
        What the file must hold.
    names : tuple of str
        The sections that it must have.

    Returns
    -------
    sections : dict of str to object
        Plain values, also those of "versions".
    tensors : dict of str to ndarray
        The arrays.

    Raises
    ------
    DamagedFileError
        If the file is not of this kind, or damaged, or of a later format.
    """
    with safe_open(Path(path), framework="np") as file:
        metadata = file.metadata() or {}
        _check_metadata(metadata, content, names)
        tensors = {name: file.get_tensor(name) for name in sorted(file.keys())}
    if metadata["sha256"] != _compute_checksum(metadata, tensors.items()):
        raise DamagedFileError("its checksum does not match its content")
    sections = {name: json.loads(metadata[name]) for name in (*names, "versions")}
    versions = sections["versions"]
    if not isinstance(versions, dict):
        raise DamagedFileError("it does not say which versions wrote it")
    return sections, tensors


@contextmanager
def explaining_damage(path):
    """Convert all errors that a damaged or crafted file leads to, except of the disk.

    Raises
    ------
    ValueError
        With the path and what is wrong.
    """
    try:
        yield
    except SafetensorError as exc:
        raise ValueError(
            f"{path} is not a safetensors file: {exc}. Open files of joblib, pickle or "
            "skops with the library that wrote them."
        ) from exc
    except DamagedFileError as exc:
        raise ValueError(f"{path} cannot be opened: {exc}.") from exc
    except OSError:
        raise  # there is no such file, or it may not be read
    except Exception as exc:  # a crafted file can lead to any error
        raise ValueError(
            f"{path} cannot be opened: its content is not what it should be "
            f"({type(exc).__name__}: {exc})."
        ) from exc


def _check_metadata(metadata, content, names):
    if metadata.get("format") != f"sklearn_seqembed {content}":
        raise DamagedFileError(f"it is not the file of an sklearn_seqembed {content}")
    found = metadata.get("format_version", "")
    if not (found.isdecimal() and len(found) < 9 and int(found) <= FORMAT_VERSION):
        raise DamagedFileError(
            f"its format has version {found!r}, but sklearn-seqembed "
            f"{VERSIONS['sklearn-seqembed']} reads up to {FORMAT_VERSION}: install a "
            "later one"
        )
    if wrong := sorted((COMMON_KEYS | set(names)) ^ metadata.keys()):
        raise DamagedFileError(f"its metadata lack {wrong[0]!r}, or should not have it")


def _compute_checksum(metadata, tensors):
    """Compute a checksum of metadata, and of tensors in the order of their names."""
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


def replace_file(path, write):
    """Write a file next to another one, and replace that in one step.

    Parameters
    ----------
    path : str or path-like
        The file to replace. A symbolic link is kept.
    write : callable
        Writes the file whose path it gets.
    """
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        message = "The folder does not exist, create it before saving"
        raise FileNotFoundError(errno.ENOENT, message, str(target.parent))
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        # With the permissions of the present file, or those that a new one gets.
        descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
        os.close(descriptor)
        mode = (target if target.exists() else temporary).stat().st_mode
        try:
            write(temporary)
        except SafetensorError as exc:
            raise OSError(f"{path} was not written: {exc}.") from exc
        temporary.chmod(stat.S_IMODE(mode))  # safetensors may replace the file
        _synchronize(temporary)
        os.replace(temporary, target)
        if os.name == "posix":
            _synchronize(target.parent)  # the new name, too
    finally:
        temporary.unlink(missing_ok=True)


def _synchronize(path):
    """Wait until a file or directory is on the disk."""
    # Windows synchronizes only what is open for writing.
    descriptor = os.open(path, os.O_RDONLY if os.path.isdir(path) else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

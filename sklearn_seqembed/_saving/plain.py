"""Conversion of the objects of a fitted estimator to plain values, and back.

Plain values are None, bools, numbers, strings, lists, and dicts with strings as keys.
Anything else becomes a dict with one key that starts with "$", or has the form
``{"$class": name, "id": number, "state": attributes}``. An object that occurs several
times is written once; later places refer to its number.

The values go to a pickle, in which numeric arrays are arrays, or to JSON, in which they
are names of tensors.
"""

import numpy as np

from sklearn_seqembed._saving.classes import CLASSES, get_attributes, make_instance
from sklearn_seqembed._saving.values import build, describe

# Characters by which an array of strings may exceed 100 times its strings (40 MB).
MAX_PADDING = 10_000_000

# Kinds of numpy dtypes that safetensors stores.
TENSOR_KINDS = "biuf"


class CannotSaveError(Exception):
    """An object cannot be converted to plain values.

    Parameters
    ----------
    path : tuple of str
        Where it is: attributes from the estimator on.
    value : object
        The object.
    """

    def __init__(self, path, value):
        super().__init__(f"{'.'.join(path)} is a {type(value).__name__}")
        self.path, self.value = path, value


class Writer:
    """Convert objects to plain values.

    Parameters
    ----------
    tensors : dict of str to ndarray, default=None
        Takes the numeric arrays. With None they stay in the values, and objects of
        unknown classes as well, which pickle then handles.
    """

    def __init__(self, tensors=None):
        self.tensors = tensors
        self._numbers = {}
        self._kept = []  # so that the id of an object is not used for another one

    def write(self, value, path=()):
        """Convert an object.

        Parameters
        ----------
        value : object
            The object.
        path : tuple of str, default=()
            Where it is. Names of tensors and errors contain it.

        Raises
        ------
        CannotSaveError
            If the object, or one that it contains, is of an unknown class.
        """
        if value is None or type(value) in (bool, int, str):
            return value
        if type(value) is float:
            is_json = self.tensors is None or np.isfinite(value)
            return value if is_json else {"$float": repr(value)}
        if type(value) is list:
            return self._write_items(value, path)
        if type(value) is tuple:
            return {"$tuple": self._write_items(value, path)}
        if type(value) is dict:
            return self._write_dict(value, path)
        if isinstance(value, np.generic):
            return {"$scalar": [value.dtype.str, self._write_scalar(value, path)]}
        if type(value) is np.ndarray:
            return self._write_shared(value, path, self._write_array)
        if type(value) in CLASSES.values():
            return self._write_shared(value, path, self._write_instance)
        description = describe(value)
        if description is not None:
            content = self.write(description.content, path)
            return {"$value": [description.kind, content]}
        if self.tensors is None:
            return {"$object": value}
        raise CannotSaveError(path, value)

    def _write_items(self, items, path):
        return [self.write(item, (*path, str(i))) for i, item in enumerate(items)]

    def _write_dict(self, value, path):
        if all(type(key) is str and not key.startswith("$") for key in value):
            return {key: self.write(v, (*path, key)) for key, v in value.items()}
        pairs = [
            [self.write(key, path), self.write(item, (*path, str(key)))]
            for key, item in value.items()
        ]
        return {"$dict": pairs}

    def _write_scalar(self, value, path):
        if value.dtype.kind in "mM":
            return int(value.astype(np.int64))
        if value.dtype.kind not in "biufU":
            raise CannotSaveError(path, value)
        return self.write(value.item(), path)

    def _write_shared(self, value, path, write):
        """Write an object the first time, and its number afterwards."""
        if id(value) in self._numbers:
            return {"$ref": self._numbers[id(value)]}
        number = self._numbers[id(value)] = len(self._numbers)
        self._kept.append(value)
        return write(value, path) | {"id": number}

    def _write_instance(self, value, path):
        state = get_attributes(value)
        return {
            "$class": type(value).__name__,
            "state": {key: self.write(v, (*path, key)) for key, v in state.items()},
        }

    def _write_array(self, array, path):
        kind, dtype = array.dtype.kind, array.dtype.str
        if kind in "mM":
            return self._write_tensor(array.view(np.int64), path) | {"dtype": dtype}
        if kind in TENSOR_KINDS:
            return self._write_tensor(array, path)
        if kind not in "OUT":
            raise CannotSaveError(path, array)
        values = self._write_items(array.ravel().tolist(), path)
        if kind == "U" and self.tensors is not None:
            try:
                check_width(values)
            except ValueError as exc:
                raise CannotSaveError(path, array) from exc
        dtype = "object" if kind == "O" else "str" if kind == "U" else "StringDType"
        return {"$array": values, "shape": list(array.shape), "dtype": dtype}

    def _write_tensor(self, array, path):
        native = array.astype(array.dtype.newbyteorder("="), copy=False)
        if self.tensors is None:
            return {"$tensor": native}
        name = ".".join(path)
        self.tensors[name] = np.ascontiguousarray(native).reshape(native.shape)
        return {"$tensor": [name, native.dtype.name, list(native.shape)]}


class Reader:
    """Convert plain values to objects, the inverse of :class:`Writer`.

    Parameters
    ----------
    tensors : dict of str to ndarray, default=None
        The tensors of a file. None if the values hold arrays.

    Attributes
    ----------
    used : set of str
        Names of the tensors that have been read.
    """

    def __init__(self, tensors=None):
        self.tensors = tensors
        self.used = set()
        self._objects = {}
        self._readers = {
            "$float": lambda content: float(content),
            "$tuple": lambda content: tuple(map(self.read, content)),
            "$dict": lambda content: {
                self.read(key): self.read(value) for key, value in content
            },
            "$scalar": self._read_scalar,
            "$value": lambda content: build(content[0], self.read(content[1])),
            "$ref": lambda number: self._objects[number],
        }

    def read(self, value):
        """Convert plain values to an object.

        Raises
        ------
        ValueError, TypeError, KeyError
            If the values are not of the form that :class:`Writer` returns.
        """
        if isinstance(value, list):
            return [self.read(item) for item in value]
        if not isinstance(value, dict):
            return value
        (tag, *rest), content = value or ("",), next(iter(value.values()), None)
        if not str(tag).startswith("$"):
            return {key: self.read(item) for key, item in value.items()}
        if tag == "$object" and self.tensors is None:
            return content
        if not rest and tag in self._readers:
            return self._readers[tag](content)
        found = self._read_object(tag, content, value)
        self._objects[value["id"]] = found
        return found

    def _read_object(self, tag, content, value):
        if tag == "$class":
            state = {key: self.read(item) for key, item in value["state"].items()}
            return make_instance(content, state)
        if tag == "$tensor":
            array = self._read_tensor(content)
            return (
                array.view(_times_dtype(value["dtype"])) if "dtype" in value else array
            )
        if tag == "$array":
            return self._read_array(content, value["shape"], value["dtype"])
        raise ValueError(f"unknown kind of value {tag!r}")

    def _read_tensor(self, content):
        if self.tensors is None:
            return np.asarray(content)  # it is the array
        name, *expected = content
        if name not in self.tensors:
            raise ValueError(f"the tensor {name!r} is missing")
        array = self.tensors[name]
        if [array.dtype.name, list(array.shape)] != expected:
            raise ValueError(
                f"the tensor {name!r} has dtype and shape {array.dtype.name}, "
                f"{array.shape}, expected {expected}"
            )
        self.used.add(name)
        return array

    def _read_array(self, content, shape, name):
        """Return an array of strings or objects."""
        if name == "object":
            array = np.empty(len(content), dtype=object)
            array[:] = [self.read(item) for item in content]
            return array.reshape(shape)
        if not all(isinstance(item, str) for item in content):
            raise ValueError(f"an array of {name} holds other values")
        if name == "StringDType":
            return np.array(content, dtype=np.dtypes.StringDType()).reshape(shape)
        check_width(content)
        return np.array(content, dtype=np.str_).reshape(shape)

    def _read_scalar(self, content):
        name, value = content
        dtype, value = build("dtype", name), self.read(value)
        if dtype.kind == "U":
            return np.str_(value)
        if not isinstance(value, (bool, int, float)):
            raise ValueError(f"a number of dtype {name!r} is of another type")
        return np.array(value).astype(dtype)[()]


def check_width(strings):
    """Raise an error if an array of strings would be much larger than the strings.

    numpy gives each string as much memory as the longest one.
    """
    lengths = [len(item) for item in strings]
    if max(lengths, default=0) * len(strings) > 100 * sum(lengths) + MAX_PADDING:
        raise ValueError("one of many strings is much longer than the others")


def _times_dtype(name):
    dtype = build("dtype", name)
    if dtype.kind not in "mM":
        raise ValueError(f"unexpected dtype {name!r}")
    return dtype

"""Objects become plain values and arrays, and the same objects again."""

import datetime
import json
import zoneinfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from sklearn.preprocessing import StandardScaler

from sklearn_seqembed._data.windows import Windows
from sklearn_seqembed._saving.classes import get_attributes, make_instance
from sklearn_seqembed._saving.plain import CannotSaveError, Reader, Writer, check_width
from sklearn_seqembed._saving.values import build, describe

VALUES = {
    "none": None,
    "numbers": [1, 2.5, True, -(10**30)],
    "special floats": (float("inf"), -float("inf")),
    "string": 'quotes "and" \ud800 surrogates',
    "nested": {"a": [(1, "b"), {"c": ()}]},
    "other keys": {1: "a", "$b": 2, (1, 2): 3},
    "float scalar": np.float32(0.1),
    "integer scalar": np.int64(2**40),
    "bool scalar": np.bool_(True),
    "string scalar": np.str_("abc"),
    "time scalar": np.datetime64("2020-01-01T00:00", "m"),
    "dtype": np.dtype("<f4"),
    "objects": np.dtype("O"),
    "device": torch.device("cuda:1"),
    "zone": zoneinfo.ZoneInfo("Europe/Berlin"),
    "offset": datetime.timezone(datetime.timedelta(hours=-3)),
    "windows": Windows(4, 2, 100),
    "string dtype": pd.StringDtype("python"),
    "string dtype of Arrow": pd.StringDtype("pyarrow", na_value=np.nan),
    "Arrow dtype": pd.ArrowDtype(pa.list_(pa.int8())),
    "Arrow list": pa.list_(pa.field("item", pa.float32(), nullable=False)),
    "large list": pa.large_list(pa.large_string()),
    "list view": pa.list_view(pa.bool_()),
    "fixed list": pa.list_(pa.int64(), 3),
    "dictionary": pa.list_(pa.dictionary(pa.int32(), pa.string(), ordered=True)),
    "timestamp": pa.list_(pa.timestamp("us", tz="UTC")),
    "date": pa.list_(pa.date32()),
    "decimal": pa.list_(pa.decimal128(5, 2)),
}

ARRAYS = {
    "floats": np.arange(6.0).reshape(2, 3),
    "zero-dimensional": np.array(3, dtype=np.uint64),
    "empty": np.empty((0, 4), dtype=np.float32),
    "big-endian": np.arange(3, dtype=">i4"),
    "strided": np.arange(10)[::2],
    "bools": np.array([True, False]),
    "strings": np.array([["a", "bcd"], ["", "e"]]),
    "objects": np.array(["a", 1, None, 2.5], dtype=object),
    "arrays": np.array([np.arange(2), np.arange(3)], dtype=object),
    "times": np.array(["2020-01-01", "NaT"], dtype="datetime64[D]"),
    "durations": np.array([1, 2], dtype="timedelta64[ms]"),
}


def through_json(value):
    """Write a value as for a file, and read it again."""
    tensors = {}
    plain = json.loads(json.dumps(Writer(tensors).write(value, ("value",))))
    return Reader(tensors).read(plain)


def through_pickle(value):
    """Write a value as for a pickle, and read it again."""
    return Reader().read(Writer().write(value))


@pytest.mark.parametrize("through", [through_json, through_pickle])
@pytest.mark.parametrize("name", VALUES)
def test_values_are_equal_afterwards(name, through):
    value = VALUES[name]

    found = through(value)

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("through", [through_json, through_pickle])
@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_are_equal_afterwards(name, through):
    array = ARRAYS[name]

    found = through(array)

    assert found.dtype == array.dtype.newbyteorder("=")
    assert found.shape == array.shape
    np.testing.assert_equal(found.tolist(), array.tolist())


def test_not_a_number_is_kept():
    assert np.isnan(through_json(float("nan")))
    assert np.isnan(through_json(np.float64("nan")))


@pytest.mark.skipif(not hasattr(np.dtypes, "StringDType"), reason="needs numpy 2")
def test_variable_strings_are_kept():
    array = np.array(["a", "bcd"], dtype=np.dtypes.StringDType())

    found = through_json(array)

    assert found.dtype == array.dtype
    assert found.tolist() == array.tolist()


def test_random_numbers_continue():
    state = np.random.RandomState(3)
    state.normal(size=5)

    found = through_json(state)

    np.testing.assert_array_equal(found.normal(size=4), state.normal(size=4))


def test_a_shared_object_is_written_once():
    array = np.arange(3)
    scaler = StandardScaler().fit(np.arange(6.0).reshape(3, 2))

    first, second, same, other = through_json([array, array, scaler, scaler])

    assert first is second
    assert same is other


@pytest.mark.parametrize(
    "value",
    [object(), {1, 2}, np.arange(3, dtype=complex), np.complex64(1), b"bytes"],
    ids=lambda value: type(value).__name__,
)
def test_other_objects_are_refused(value):
    with pytest.raises(CannotSaveError, match="value.a is a "):
        Writer({}).write({"a": value}, ("value",))


def test_one_long_string_among_many_is_refused():
    check_width(["a" * 1000] * 100)
    with pytest.raises(ValueError, match="much longer"):
        check_width(["a" * 10**6, *[""] * 1000])
    with pytest.raises(CannotSaveError):
        Writer({}).write(np.array(["a" * 10**5, *[""] * 1000]), ("value",))


@pytest.mark.parametrize(
    ("plain", "expected"),
    [
        ({"$other": 1, "id": 0}, "unknown kind of value '.other'"),
        ({"$class": "Popen", "state": {}, "id": 0}, "unknown class 'Popen'"),
        ({"$value": ["code", "1"]}, "unknown kind of value 'code'"),
        ({"$value": ["dtype", "c16"]}, "unexpected dtype 'c16'"),
        ({"$value": ["arrow", ["system", "ls"]]}, "unknown Arrow type 'system'"),
        ({"$value": ["zone", "../etc/passwd"]}, "unexpected time zone"),
        ({"$value": ["zone", "No/Where"]}, "there is no time zone"),
        ({"$scalar": ["<f8", []]}, "is of another type"),
        ({"$tensor": ["x", "float64", [2]], "id": 0}, "the tensor 'x' is missing"),
        (
            {"$tensor": ["t", "float64", [2]], "dtype": "<f8", "id": 0},
            "unexpected dtype '<f8'",
        ),
        (
            {"$array": ["a", 1], "shape": [2], "dtype": "str", "id": 0},
            "an array of str holds other values",
        ),
    ],
)
def test_other_plain_values_are_refused(plain, expected):
    with pytest.raises(ValueError, match=expected):
        Reader({"t": np.zeros(2)}).read(plain)


@pytest.mark.parametrize(
    ("name", "attributes", "expected"),
    [
        ("Windows", {"lookback": 1, "horizon": 2}, "other attributes .*max_steps"),
        (
            "Windows",
            {"lookback": "1", "horizon": 2, "max_steps": 3},
            "Windows.lookback is of type str",
        ),
        ("StandardScaler", {"fit": 1}, "cannot have the attribute 'fit'"),
    ],
)
def test_other_attributes_are_refused(name, attributes, expected):
    with pytest.raises(ValueError, match=expected):
        make_instance(name, attributes)


def test_an_attribute_that_is_not_listed_is_an_error():
    model = make_instance("ErrorQuantiles", dict.fromkeys(("counts", "errors"), ARRAY))
    model.other = 1

    with pytest.raises(TypeError, match=r"ErrorQuantiles has other .*\['other'\]"):
        get_attributes(model)


ARRAY = np.zeros(2)


def test_zones_of_pytz_become_those_of_the_standard_library():
    class Zone(datetime.tzinfo):
        zone = "Europe/Berlin"

    Zone.__module__ = "pytz.tzfile"

    assert build(*describe(Zone())) == zoneinfo.ZoneInfo("Europe/Berlin")


def test_other_zones_are_not_described():
    class Zone(datetime.tzinfo):
        pass

    assert describe(Zone()) is None
    assert describe(pa.struct([("a", pa.int8())])) is None

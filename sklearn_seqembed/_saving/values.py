"""Description of values of other libraries by plain values: dtypes, zones, devices.

Each kind of value has a name, a function that recognizes and describes it, and one that
builds it again. The latter run no code from a file: they only look up names.
"""

import datetime
import re
import zoneinfo
from typing import NamedTuple

import narwhals.stable.v2 as nw
import numpy as np
import torch

# Arrow types without parameters, by the name of the function of pyarrow.
ARROW_TYPES = (
    *("null", "bool_", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32"),
    *("uint64", "float16", "float32", "float64", "string", "large_string"),
    *("string_view", "date32", "date64"),
)
ARROW_LISTS = "list_", "large_list", "list_view", "large_list_view"
ARROW_DECIMALS = "decimal32", "decimal64", "decimal128", "decimal256"


class Description(NamedTuple):
    """What a value of another library is described by.

    Attributes
    ----------
    kind : str
        A key of `BUILDERS`.
    content : object
        Plain values, arrays, or values that have a description of their own.
    """

    kind: str
    content: object


def describe(value):
    """Describe a value, None if it is of an unknown type.

    Parameters
    ----------
    value : object
        Any object.

    Returns
    -------
    Description or None
        What :func:`build` needs.
    """
    if isinstance(value, np.dtype):
        return Description("dtype", value.str)
    if isinstance(value, torch.device):
        return Description("device", str(value))
    if isinstance(value, np.random.RandomState):
        state = value.get_state(legacy=False)
        is_usual = state["bit_generator"] == "MT19937"
        return Description("random_state", state) if is_usual else None
    if isinstance(value, datetime.tzinfo):
        return _describe_zone(value)
    if _is_pandas_dtype(value):
        return _describe_pandas_dtype(value)
    if _is_arrow_type(value):
        return _describe_arrow_type(value)
    return None


def build(kind, content):
    """Build a value from its description.

    Raises
    ------
    ValueError
        If there is no such kind of value.
    """
    if kind not in BUILDERS:
        raise ValueError(f"unknown kind of value {kind!r}")
    return BUILDERS[kind](content)


def _build_dtype(name):
    # numpy would compile the text of a dtype with a shape.
    if not re.fullmatch(r"[<>=|]?([biuf]\d{1,2}|U\d{1,9}|O|[mM]8(\[\w{1,4}\])?)", name):
        raise ValueError(f"unexpected dtype {name!r}")
    return np.dtype(name)


def _build_zone(name):
    # Other names would import modules, or be other files.
    if not re.fullmatch(r"[\w+-]{1,30}(/[\w+-]{1,30}){0,3}", name):
        raise ValueError(f"unexpected time zone {name!r}")
    try:
        return zoneinfo.ZoneInfo(name)
    except (OSError, zoneinfo.ZoneInfoNotFoundError) as exc:
        raise ValueError(f"there is no time zone {name!r}") from exc


def build_random_state(content):
    """Build a RandomState from its state, which numpy itself does not check."""
    key, position = content["state"]["key"], content["state"]["pos"]
    is_valid = key.dtype == np.uint32 and key.shape == (624,) and 0 <= position <= 624
    if content["bit_generator"] != "MT19937" or not is_valid:
        raise ValueError("the state of random numbers is not one of RandomState")
    state = np.random.RandomState(0)
    state.set_state(content)
    return state


def _describe_zone(zone):
    if isinstance(zone, zoneinfo.ZoneInfo) and zone.key:
        return Description("zone", zone.key)
    if isinstance(zone, datetime.timezone):
        return Description("utc_offset", zone.utcoffset(None).total_seconds())
    if type(zone).__module__.partition(".")[0] == "pytz" and zone.zone:
        return Description("zone", zone.zone)  # the same zone of the standard library
    return None


def _build_offset(seconds):
    return datetime.timezone(datetime.timedelta(seconds=float(seconds)))


def _is_pandas_dtype(value):
    pandas = nw.dependencies.get_pandas()
    return pandas is not None and isinstance(
        value, (pandas.StringDtype, pandas.ArrowDtype)
    )


def _describe_pandas_dtype(dtype):
    if hasattr(dtype, "pyarrow_dtype"):
        return Description("pandas_arrow", dtype.pyarrow_dtype)
    is_nan = isinstance(getattr(dtype, "na_value", None), float)
    return Description("pandas_string", [dtype.storage, is_nan])


def _build_pandas_arrow(arrow_type):
    import pandas as pd

    return pd.ArrowDtype(arrow_type)


def _build_pandas_string(content):
    import pandas as pd

    storage, is_nan = content
    # Strings with NaN came with pandas 2.3.
    return (
        pd.StringDtype(storage, na_value=np.nan) if is_nan else pd.StringDtype(storage)
    )


def _is_arrow_type(value):
    pyarrow = nw.dependencies.get_pyarrow()
    return pyarrow is not None and isinstance(value, pyarrow.DataType)


def _describe_arrow_type(arrow_type):
    """Describe an Arrow type as [name, parameter, ...]."""
    import pyarrow as pa

    for name in ARROW_TYPES:
        if hasattr(pa, name) and arrow_type == getattr(pa, name)():
            return Description("arrow", [name])
    types = pa.types
    if types.is_timestamp(arrow_type):
        return Description("arrow", ["timestamp", arrow_type.unit, arrow_type.tz])
    if types.is_dictionary(arrow_type):
        parts = arrow_type.index_type, arrow_type.value_type, arrow_type.ordered
        return Description("arrow", ["dictionary", *parts])
    if types.is_fixed_size_list(arrow_type):
        field = arrow_type.value_field
        content = ["list_", field.name, field.nullable, field.type]
        return Description("arrow", [*content, arrow_type.list_size])
    for name in ARROW_LISTS:
        if getattr(types, f"is_{name.rstrip('_')}")(arrow_type):
            field = arrow_type.value_field
            return Description("arrow", [name, field.name, field.nullable, field.type])
    for name in ARROW_DECIMALS:
        if hasattr(pa, name) and getattr(types, f"is_{name}")(arrow_type):
            content = [name, arrow_type.precision, arrow_type.scale]
            return Description("arrow", content)
    return None


def _build_arrow_type(content):
    import pyarrow as pa

    name, *parameters = content
    if name in (*ARROW_TYPES, *ARROW_DECIMALS, "timestamp", "dictionary"):
        return getattr(pa, name)(*parameters)
    if name not in ARROW_LISTS:
        raise ValueError(f"unknown Arrow type {name!r}")
    field_name, nullable, value_type, *size = parameters
    field = pa.field(field_name, value_type, nullable)
    return getattr(pa, name)(field, *size)


BUILDERS = {
    "dtype": _build_dtype,
    "device": torch.device,
    "random_state": build_random_state,
    "zone": _build_zone,
    "utc_offset": _build_offset,
    "pandas_arrow": _build_pandas_arrow,
    "pandas_string": _build_pandas_string,
    "arrow": _build_arrow_type,
}

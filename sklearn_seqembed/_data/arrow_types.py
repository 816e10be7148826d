"""Arrow types that can be read."""


def holds_sequences(arrow_type):
    """Return whether values of an Arrow type are sequences: lists or strings.

    Maps and tensors count as sequences, too, so that they are refused as such.
    """
    import pyarrow as pa

    is_tensor = isinstance(arrow_type, pa.FixedShapeTensorType)
    is_other = is_tensor or pa.types.is_map(arrow_type)
    return is_list(arrow_type) or is_string(arrow_type) or is_other


def is_list(arrow_type):
    """Return whether an Arrow type is a list of any kind."""
    import pyarrow as pa

    types = pa.types
    return any(
        has_type(arrow_type)
        for has_type in (
            types.is_list,
            types.is_large_list,
            types.is_fixed_size_list,
            types.is_list_view,
            types.is_large_list_view,
        )
    )


def is_number(arrow_type):
    """Return whether values of an Arrow type are numbers or bools, or all null."""
    import pyarrow as pa

    types = pa.types
    return any(
        has_type(arrow_type)
        for has_type in (
            types.is_integer,
            types.is_floating,
            types.is_boolean,
            types.is_decimal,  # databases return literals such as 1.5 in this type
            types.is_null,  # the type of lists in which all values are missing
        )
    )


def is_string(arrow_type):
    """Return whether values of an Arrow type are strings, dictionaries included."""
    import pyarrow as pa

    if pa.types.is_dictionary(arrow_type):
        arrow_type = arrow_type.value_type
    return (
        pa.types.is_string(arrow_type)
        or pa.types.is_large_string(arrow_type)
        or pa.types.is_string_view(arrow_type)
    )


def without_metadata(arrow_type):
    """Return an Arrow type without the metadata of its fields.

    polars keeps there the categories of an Enum, even those that do not occur.
    """
    import pyarrow as pa

    if not is_list(arrow_type):
        return arrow_type
    field = arrow_type.value_field.remove_metadata()
    field = field.with_type(without_metadata(arrow_type.value_type))
    types = pa.types
    if types.is_fixed_size_list(arrow_type):
        return pa.list_(field, arrow_type.list_size)
    for has_type, build in (
        (types.is_list, pa.list_),
        (types.is_large_list, pa.large_list),
        (types.is_list_view, pa.list_view),
        (types.is_large_list_view, pa.large_list_view),
    ):
        if has_type(arrow_type):
            return build(field)
    return arrow_type


def check_type(column, locator, nested):
    """Raise an error unless a column holds strings, or lists of supported values."""
    import pyarrow as pa

    arrow_type, depth = column.type, 0
    while depth < 2 and is_list(arrow_type):
        arrow_type, depth = arrow_type.value_type, depth + 1
    if depth == 2 and not nested:
        raise TypeError(
            f"{locator.whole} holds lists of lists ({column.type}, row 0), but each "
            "cell must hold one value per time step. Make a column of each feature."
        )
    if pa.types.is_duration(arrow_type):
        raise TypeError(
            f"{locator.whole} holds {column.type}, expected lists of numbers. Convert "
            "durations to seconds: dt.total_seconds()."
        )
    if is_number(arrow_type) and not depth:
        raise ValueError(
            f"Expected sequences, got an Arrow array of {len(column)} numbers. Pass "
            f"[{locator.argument}] if it is one univariate sequence."
        )
    is_time = pa.types.is_timestamp(arrow_type) or pa.types.is_date(arrow_type)
    if (
        is_number(arrow_type)
        or (is_string(arrow_type) and depth < 2)
        or (is_time and depth == 1 and locator.accepts_times)
    ):
        return
    remedy = _find_remedy(column.type, arrow_type, locator.argument)
    raise TypeError(
        f"{locator.whole} holds {column.type}, expected lists of numbers, list<double> "
        f"for example, of strings, or of time steps that are lists of numbers. {remedy}"
    )


def _find_remedy(arrow_type, value_type, name):
    """Return how to convert Arrow data of a type that is not read."""
    import pyarrow as pa

    types = pa.types
    if types.is_map(arrow_type):
        return (
            "Maps have no order: pass their values, [[value for _, value in pairs] for "
            f"pairs in {name}.to_pylist()] for example."
        )
    if isinstance(value_type, pa.BaseExtensionType):
        return "Pass the storage of this extension type, if it is one of these types."
    if types.is_run_end_encoded(value_type):
        return "Decode the runs: pyarrow.compute.run_end_decode."
    if types.is_struct(value_type):
        return "Make a column, or a list, of each field."
    if types.is_binary(value_type) or types.is_large_binary(value_type):
        return "Cast bytes to strings: pyarrow.string()."
    return "Convert the values to one of these types."

"""Arrow types that can be read."""


def holds_sequences(arrow_type):
    """Return whether values of an Arrow type are sequences: lists or strings."""
    return is_list(arrow_type) or is_string(arrow_type)


def is_list(arrow_type):
    """Return whether an Arrow type is a list of any kind."""
    import pyarrow as pa

    return (
        pa.types.is_list(arrow_type)
        or pa.types.is_large_list(arrow_type)
        or pa.types.is_fixed_size_list(arrow_type)
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
    raise TypeError(
        f"{locator.whole} holds {column.type}, expected lists of numbers, list<double> "
        "for example, of strings, or of time steps that are lists of numbers. Convert "
        "the values to one of these types."
    )

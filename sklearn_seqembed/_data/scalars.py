"""Validation of single numbers that users pass: parameters, sizes and seeds."""

import math
import numbers
import reprlib

import numpy as np
from sklearn.utils import check_random_state, check_scalar

# Larger integers do not fit into 64 bits. `sys.maxsize`, which stands for no limit in
# the code of many users, does.
MAX_INTEGER = 2**63 - 1


def check_integer(value, name, min_val, max_val=MAX_INTEGER):
    """Check that a value is an integer within bounds; bools are not.

    Parameters
    ----------
    value : object
        What the user passed.
    name : str
        Name of the parameter.
    min_val, max_val : int
        Bounds.

    Returns
    -------
    int
        The value. Integers of numpy could overflow in later calculations.

    Raises
    ------
    TypeError
        If it is no integer.
    ValueError
        If it is out of bounds.
    """
    _refuse_other_numbers(value, name)
    check_scalar(value, name, numbers.Integral, min_val=min_val)
    if value > max_val:
        # The digits of a larger integer may fill a page.
        found = f" == {value}," if value <= MAX_INTEGER else ""
        raise ValueError(f"{name}{found} must be <= {max_val}.")
    return int(value)


def check_real(value, name, max_val=None, include_boundaries="both"):
    """Raise an error unless a value is a finite number, at least 0, and not a bool.

    Parameters
    ----------
    value : object
        What the user passed.
    name : str
        Name of the parameter.
    max_val : float, default=None
        Upper bound.
    include_boundaries : {"left", "right", "both", "neither"}, default="both"
        Whether 0 and `max_val` are allowed.
    """
    _refuse_other_numbers(value, name)
    if isinstance(value, numbers.Real):
        try:
            is_finite = math.isfinite(value)
        except OverflowError:
            raise ValueError(f"{name} is too large for a float.") from None
        if not is_finite:
            raise ValueError(f"{name} == {value}, must be finite.")
    check_scalar(
        value,
        name,
        numbers.Real,
        min_val=0,
        max_val=max_val,
        include_boundaries=include_boundaries,
    )


def check_seed(random_state, name="random_state"):
    """Return a RandomState as scikit-learn does, with a message that names its seed.

    Parameters
    ----------
    random_state : int, RandomState instance or None
        What the user passed.
    name : str, default="random_state"
        Name of the parameter.

    Returns
    -------
    RandomState
        The generator.
    """
    try:
        return check_random_state(random_state)
    except (ValueError, TypeError, OverflowError) as exc:
        raise ValueError(
            f"{name} must be None, an integer from 0 to 2**32 - 1 or a "
            f"numpy.random.RandomState, got {reprlib.repr(random_state)}."
        ) from exc


def as_plain_number(value):
    """Convert any integer to int, any other number to float; keep everything else."""
    if isinstance(value, numbers.Integral):
        return int(value)
    return float(value) if isinstance(value, numbers.Real) else value


def _refuse_other_numbers(value, name):
    # Python counts bools as integers, and numpy durations.
    if isinstance(value, (bool, np.bool_, np.timedelta64)):
        raise TypeError(
            f"{name} must be a number, not a {type(value).__name__}, got {value!r}."
        )

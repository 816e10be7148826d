"""What each parameter of an estimator may be."""

import math
import numbers

import numpy as np
from sklearn.utils import check_scalar

# What is decoded from the vector, by objective (Srivastava et al. 2015).
PARTS = {
    "reconstruction": ("reconstruction",),
    "forecast": ("forecast",),
    "composite": ("reconstruction", "forecast"),
}


# Whole numbers with their lowest value, shares with the bounds that they may reach,
# options with all of their values. "auto" and None are allowed where they are listed.
COUNTS = {
    "n_components": 1,
    "hidden_size": 1,
    "num_layers": 1,
    "patch_size": 1,
    "reservoir_size": 1,
    "reservoir_patch_size": 1,
    "max_epochs": 0,
    "batch_size": 1,
    "n_iter_no_change": 1,
    "verbose": 0,
    "max_categories": 1,
    "target_patch_size": 1,
    "max_length": 1,
    "beam_size": 1,
}
SHARES = {
    "dropout": "left",
    "reservoir_fraction": "left",
    "validation_fraction": "neither",
    "scheduled_sampling": "left",
}
OPTIONS = {
    "cell": ("lstm", "gru"),
    "bidirectional": (True, False),
    "instance_norm": ("auto", True, False),
    "vector_scaling": ("balanced", None),
    "decoder_inputs": ("vector", "vector_position"),
    "lr_schedule": ("onecycle", None),
    "objective": tuple(PARTS),
    "early_stopping": ("auto", True, False),
    "warm_start": (True, False),
    "precision": ("auto", "float32", "bfloat16"),
    "handle_unknown": ("infrequent_if_exist", "ignore", "error"),
    "decoding": ("auto", "autoregressive", "parallel"),
    "reverse_source": (True, False),
    "shared_vocabulary": (True, False),
}
# Of these one or several may be chosen.
CHOICES = {
    "pooling": ("mean", "max", "min", "std", "ppv"),
    "augmentation": ("shift", "mix"),
}
AUTO = (
    "patch_size",
    "hidden_size",
    "reservoir_fraction",
    "reservoir_size",
    "reservoir_patch_size",
    "max_epochs",
    "batch_size",
    "horizon",
    "target_patch_size",
)


def as_options(value):
    """Give a choice of one or several options, or None for none, as a tuple."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


def check_parameters(estimator):
    """Refuse parameters that are out of range, naming value and bound.

    Parameters
    ----------
    estimator : estimator
        Its parameters are looked at.

    Raises
    ------
    TypeError
        If a parameter is of another kind.
    ValueError
        If a parameter is out of range, or not one of its options.
    """
    given = estimator.get_params(deep=False)
    for name in AUTO:
        if isinstance(given.get(name), str):
            if given[name] != "auto":
                raise ValueError(
                    f"{name} must be 'auto' or a number, got {given[name]!r}."
                )
            del given[name]
    for name in ("hidden_size", "min_frequency", "max_categories", "max_length"):
        if name in given and given[name] is None:
            del given[name]
    for name in COUNTS.keys() & given:
        check_scalar(given[name], name, numbers.Integral, min_val=COUNTS[name])
    for name in SHARES.keys() & given:
        _check_real(given[name], name, max_val=1, include_boundaries=SHARES[name])
    _check_real(given["lr"], "lr", include_boundaries="neither")
    for name in {"weight_decay", "length_penalty"} & given.keys():
        _check_real(given[name], name)
    for name in ("horizon", "min_frequency"):  # a number of them, or a share
        if isinstance(given.get(name), numbers.Integral):
            check_scalar(given[name], name, numbers.Integral, min_val=1)
        elif name in given:
            _check_real(given[name], name, max_val=1, include_boundaries="neither")
    for name in OPTIONS.keys() & given:
        _check_option(given[name], name, OPTIONS[name])
    for name in CHOICES.keys() & given:
        if not (name == "augmentation" and given[name] is None):
            _check_choice(given[name], name, CHOICES[name])
    if not _are_callbacks(given["callbacks"]):
        raise TypeError(
            "callbacks must be a list of skorch callbacks or None, got "
            f"{given['callbacks']!r}."
        )


def _check_real(value, name, **bounds):
    check_scalar(value, name, numbers.Real, min_val=0, **bounds)
    if not math.isfinite(value):  # NaN passes every comparison
        raise ValueError(f"{name} == {value}, must be finite.")


def _check_choice(value, name, allowed):
    options = as_options(value) if isinstance(value, (str, tuple, list)) else ()
    known = all(isinstance(option, str) and option in allowed for option in options)
    if not (options and known) or len(set(options)) < len(options):
        none = {
            "pooling": "For no pooled states, set reservoir_fraction=0.",
            "augmentation": "For no augmentation, set None.",
        }
        raise ValueError(
            f"{name} must be one of {', '.join(map(repr, allowed))}, or a tuple of "
            f"some of them, got {value!r}. {none[name]}"
        )


def _are_callbacks(callbacks):
    """Tell a list of skorch callbacks, each alone or in a tuple (name, callback)."""
    if not isinstance(callbacks, (list, tuple, type(None))):
        return False
    items = [item[-1] if isinstance(item, tuple) else item for item in callbacks or ()]
    return all(hasattr(item, "initialize") for item in items)


def _check_option(value, name, allowed):
    # By identity or equality of one type, for 1 == True and numpy strings are strings.
    value = bool(value) if isinstance(value, np.bool_) else value
    if not any(
        value is option or (isinstance(value, str) and value == option)
        for option in allowed
    ):
        *most, last = map(repr, allowed)
        raise ValueError(f"{name} must be {', '.join(most)} or {last}, got {value!r}.")

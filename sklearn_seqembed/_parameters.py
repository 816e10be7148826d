"""The parameters of the estimators: their groups, and the values they may take."""

import numbers

import numpy as np

from sklearn_seqembed._data.scalars import (
    MAX_INTEGER,
    check_integer,
    check_real,
    check_seed,
)

# In the order of the signatures. The class pages of the documentation show the groups.
PARAMETER_GROUPS = {
    "Common": (
        "n_components",
        "max_epochs",
        "verbose",
        "random_state",
        "device",
        "objective",
        "loss",
    ),
    "Data": (
        "horizon",
        "scaler",
        "target_scaler",
        "categorical_features",
        "categorical_targets",
        "categories",
        "target_categories",
        "min_frequency",
        "max_categories",
        "handle_unknown",
        "shared_vocabulary",
        "instance_norm",
    ),
    "Network": (
        "hidden_size",
        "num_layers",
        "bidirectional",
        "reverse_source",
        "dropout",
        "cell",
        "patch_size",
        "linear_map",
        "random_features",
        "decoder_inputs",
        "decoding",
        "target_patch_size",
        "max_length",
        "beam_size",
        "length_penalty",
    ),
    "Training": (
        "augmentation",
        "scheduled_sampling",
        "batch_size",
        "lr",
        "lr_schedule",
        "weight_decay",
        "precision",
        "early_stopping",
        "validation_fraction",
        "n_iter_no_change",
        "warm_start",
        "callbacks",
    ),
}

# Parts that each objective decodes from the vector (Srivastava et al. 2015).
PARTS = {
    "reconstruction": ("reconstruction",),
    "forecast": ("forecast",),
    "composite": ("reconstruction", "forecast"),
}

# Integers with their minimum, fractions in [0, 1) ("left") or (0, 1) ("neither"), and
# options with all of their values. "auto" and None are also allowed for the parameters
# in `AUTO` and `OPTIONAL`.
COUNTS = {
    "n_components": 1,
    "hidden_size": 1,
    "num_layers": 1,
    "patch_size": 1,
    "random_features": 0,
    "max_epochs": 0,
    "batch_size": 1,
    "n_iter_no_change": 1,
    "verbose": 0,
    "max_categories": 1,
    "target_patch_size": 1,
    "max_length": 1,
    "beam_size": 1,
}
# Sizes of arrays, far above any that a network can be trained with: an error is better
# than memory or time that never suffices.
MAX_SIZE = 1_000_000
LARGEST = {
    "n_components": MAX_SIZE,
    "hidden_size": MAX_SIZE,
    "num_layers": 1000,
    "patch_size": MAX_SIZE,
    "random_features": MAX_SIZE,
    "target_patch_size": MAX_SIZE,
    "max_length": MAX_SIZE,
    "beam_size": MAX_SIZE,
}
FRACTIONS = {
    "dropout": "left",
    "validation_fraction": "neither",
    "scheduled_sampling": "left",
}
COUNTS_OR_FRACTIONS = ("horizon", "min_frequency")
OPTIONS = {
    "cell": ("lstm", "gru"),
    "bidirectional": (True, False),
    "instance_norm": ("auto", True, False),
    "linear_map": (True, False),
    "decoder_inputs": ("vector", "vector_position"),
    "lr_schedule": ("onecycle", None),
    "objective": tuple(PARTS),
    "loss": ("squared_error", "absolute_error"),
    "early_stopping": ("auto", True, False),
    "warm_start": (True, False),
    "precision": ("auto", "float32", "bfloat16"),
    "handle_unknown": ("infrequent_if_exist", "ignore", "error"),
    "decoding": ("auto", "autoregressive", "parallel"),
    "reverse_source": (True, False),
    "shared_vocabulary": (True, False),
}
AUGMENTATIONS = ("shift", "mix")
AUTO = (
    "patch_size",
    "hidden_size",
    "random_features",
    "max_epochs",
    "batch_size",
    "n_iter_no_change",
    "horizon",
    "target_patch_size",
)
OPTIONAL = ("hidden_size", "min_frequency", "max_categories", "max_length")


def as_options(value):
    """Return one option, several options or None as a tuple."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


def check_parameters(estimator):
    """Raise an error if a parameter is invalid.

    Parameters
    ----------
    estimator : estimator
        The estimator. Parameters that are checked elsewhere, such as the scaler, are
        skipped.

    Raises
    ------
    TypeError
        If a parameter is of the wrong type.
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
    for name in OPTIONAL:
        if name in given and given[name] is None:
            del given[name]
    for name in COUNTS.keys() & given:
        if name == "verbose" and isinstance(given[name], (bool, np.bool_)):
            continue  # as in scikit-learn
        largest = LARGEST.get(name, MAX_INTEGER)
        check_integer(given[name], name, COUNTS[name], largest)
    for name in FRACTIONS.keys() & given:
        check_real(given[name], name, max_val=1, include_boundaries=FRACTIONS[name])
    check_real(given["lr"], "lr", include_boundaries="neither")
    for name in {"weight_decay", "length_penalty"} & given.keys():
        check_real(given[name], name)
    for name in COUNTS_OR_FRACTIONS:
        if isinstance(given.get(name), numbers.Integral):
            check_integer(given[name], name, 1)
        elif name in given:
            check_real(given[name], name, max_val=1, include_boundaries="neither")
    n_random = given.get("random_features", 0)
    if n_random and n_random >= given["n_components"]:
        raise ValueError(
            f"random_features={n_random!r} must be less than n_components="
            f"{given['n_components']!r}: a vector needs at least one final state."
        )
    check_seed(given["random_state"])
    for name in OPTIONS.keys() & given:
        _check_option(given[name], name, OPTIONS[name])
    if given.get("augmentation") is not None:
        _check_augmentation(given["augmentation"])
    _check_callbacks(given["callbacks"])


def _check_option(value, name, allowed):
    # Other values than strings are compared by identity, because 1 == True.
    value = bool(value) if isinstance(value, np.bool_) else value
    if not any(
        value is option or (isinstance(value, str) and value == option)
        for option in allowed
    ):
        *most, last = map(repr, allowed)
        raise ValueError(f"{name} must be {', '.join(most)} or {last}, got {value!r}.")


def _check_augmentation(value):
    options = as_options(value) if isinstance(value, (str, tuple, list)) else ()
    is_known = [isinstance(x, str) and x in AUGMENTATIONS for x in options]
    if not options or not all(is_known) or len(set(options)) < len(options):
        names = ", ".join(map(repr, AUGMENTATIONS))
        raise ValueError(
            f"augmentation must be one of {names}, or a tuple of them without "
            f"repetitions, got {value!r}. For no augmentation, set None."
        )


def _check_callbacks(callbacks):
    """Check that callbacks is None or a list of callbacks or (name, callback)."""
    is_list = isinstance(callbacks, (list, tuple, type(None)))
    items = callbacks if is_list and callbacks else ()
    items = [item[-1] if isinstance(item, (tuple, list)) else item for item in items]
    for item in items:
        if hasattr(item, "on_fit_task_end"):
            raise TypeError(
                f"{item!r} is a callback of scikit-learn: pass it to set_callbacks. "
                "The parameter callbacks is for those of skorch."
            )
    if not is_list or not all(hasattr(item, "initialize") for item in items):
        raise TypeError(
            f"callbacks must be a list of skorch callbacks or None, got {callbacks!r}."
        )

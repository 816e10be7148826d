"""What `fit` has chosen before it trains, and its first line of output."""

import numpy as np

from sklearn_seqembed._data.messages import count
from sklearn_seqembed._training.devices import resolve_device

# Parameters that may be "auto", in the order of the report. The fitted attribute has
# the same name with an underscore, except for the last two.
AUTO_PARAMETERS = (
    "patch_size",
    "target_patch_size",
    "decoding",
    "hidden_size",
    "random_features",
    "instance_norm",
    "horizon",
    "batch_size",
    "max_epochs",
    "early_stopping",
    "n_iter_no_change",
    "device",
)


def list_choices(estimator, plan, estimate):
    """List the values that a fit uses for parameters that may be "auto".

    Parameters
    ----------
    estimator : BaseSequenceEstimator
        The estimator, after the steps that precede the network.
    plan : TrainingPlan
        How long to train.
    estimate : FitEstimate
        Whether there is anything to train.

    Returns
    -------
    choices : dict of str to object
        Values by the names of the parameters, as plain Python values.
    """
    choices = {
        name: as_plain(getattr(estimator, f"{name}_"))
        for name in AUTO_PARAMETERS[:-2]
        if hasattr(estimator, name) and hasattr(estimator, f"{name}_")
    }
    if not np.size(choices.get("instance_norm", 1)):
        del choices["instance_norm"]  # a predictor without numeric targets
    if getattr(estimator, "objective", None) == "reconstruction":
        del choices["horizon"]  # it is not used
    choices["max_epochs"] = estimate.max_epochs
    choices["n_iter_no_change"] = plan.n_iter_no_change
    has_map = estimator._n_points > 0 or estimator._forecast_shape is not None
    choices["linear_map"] = has_map
    choices["device"] = str(resolve_device(estimator.device))
    return choices


def as_plain(value):
    """Convert numbers and arrays of numpy to Python numbers and lists."""
    return value.tolist() if hasattr(value, "tolist") else value


def write_headline(estimator, prepared, estimate):
    """Write in one line what is fitted to what, and how long it takes.

    Parameters
    ----------
    estimator : BaseSequenceEstimator
        The estimator, after the steps that precede the network.
    prepared : Prepared
        The data, and how long to train.
    estimate : FitEstimate
        How long the fit takes.

    Returns
    -------
    str
        A line without a full stop.
    """
    parts = [describe_sequences(prepared.read.sources)]
    if prepared.read.sources is not prepared.pairs.sources:
        parts.append(f"cut into {_count_large(len(prepared.pairs), 'window')}")
    parts.append(describe_network(estimator, prepared.plan, estimate))
    parts.append(format_duration(estimate.seconds))
    return "; ".join(parts)


def describe_sequences(sequences):
    """Tell the number of sequences, their lengths and their features."""
    shortest, longest = sequences.shortest, sequences.longest
    lengths = _count_large(shortest, "time step")
    if shortest < longest:
        lengths = f"{shortest:,} to {_count_large(longest, 'time step')}"
    numbers, categories = sequences.n_numeric, len(sequences.categorical)
    features = [count(numbers, "number")] if numbers else []
    if categories:
        features.append("1 category" if categories == 1 else f"{categories} categories")
    return (
        f"{_count_large(sequences.n_represented, 'sequence')} of {lengths}, each with "
        f"{' and '.join(features)}"
    )


def describe_network(estimator, plan, estimate):
    """Tell the sizes of the network, and how long it is trained."""
    patch = count(estimator.patch_size_, "step")
    if not estimate.max_epochs:
        what = "closed form" if estimator._has_linear_map else "random weights"
        return f"{what} without training, patches of {patch}"
    n_cells = estimator.hidden_size_
    if n_cells is None:
        n_cells = -(-int(estimator.n_components) // (1 + bool(estimator.bidirectional)))
    cells = f"{n_cells} {estimator.cell.upper()} cells"
    if estimator.bidirectional:
        cells += " per direction"
    n_epochs = count(estimate.max_epochs, "epoch")
    if plan.n_held_out:
        n_epochs = f"up to {n_epochs}"
    return f"{cells}, patches of {patch}, {n_epochs} in batches of {plan.batch_size}"


def format_duration(seconds):
    """Write an estimated duration, with as many digits as it deserves."""
    if seconds < 1:
        return "less than a second"
    return f"about {_round_duration(seconds)}"


def format_measured(seconds):
    """Write a measured duration."""
    if seconds < 10:
        return f"{max(seconds, 0.1):.1f} seconds"
    return _round_duration(seconds)


def _round_duration(seconds):
    if seconds < 1.5:
        return "1 second"
    if seconds < 90:
        digits = seconds if seconds < 10 else 5 * round(seconds / 5)
        return f"{round(digits)} seconds"
    minutes = seconds / 60
    if minutes < 90:
        return count(round(minutes), "minute")
    return f"{minutes / 60:.1f} hours"


def _count_large(n, noun):
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"

"""What "auto" means: values that depend on the data, decided here and nowhere else."""

import numpy as np

# Batches in a whole training, one after the other. Where there are categories, which
# are learned one by one, so many are the least, and every sequence is seen
# `EPOCHS_OF_CATEGORIES` times, or as often as the most allow.
UPDATES = 1500
EPOCHS_OF_CATEGORIES = 40
MOST_UPDATES_OF_CATEGORIES = 6000

# Largest batches, and with categories.
LARGEST_BATCH = 64
LARGEST_BATCH_OF_CATEGORIES = 128

# Cells a direction where there are categories: the more sequences, the more can be
# learned. Of numbers last states are cells themselves: a linear layer between them and
# the vector changed little.
LEAST_CELLS_OF_CATEGORIES = 64
MOST_CELLS_OF_CATEGORIES = 256

# Every sequence is seen at least so often, however many there are.
MIN_EPOCHS = 5

# Patches that a sequence of median length is cut into.
PATCHES = 20

# Patches that it is cut into for a forecast, which then comes in patches of this size:
# windows of a series are many and alike, and of finer patches too much was learned by
# heart.
FORECAST_PATCHES = 4

# Share of the vector for pooled states, and numbers that stay for last states however
# short the vector is: a sequence is recreated from these alone.
POOLED_SHARE = 0.6
LEAST_LAST_STATES = 32
POOLED_SHARE_OF_CATEGORIES = 0.8
LEAST_LAST_STATES_OF_CATEGORIES = 64

# Cells a direction and reading whose states are pooled, and how many there are where
# they have more than a few features to read.
POOLED_CELLS = 64
POOLED_CELLS_OF_MANY = 128
FEW_FEATURES = 4

# Patches that a sequence is cut into where states are pooled over time.
POOLED_PATCHES = 240

# Sequences are read in their own scale too where means differ by more than this, or
# the logarithms of spreads do, in units of the spread over all of them.
LEAST_DIFFERENCE = 0.05

# Patches that the longest sequence is cut into at most: over more an LSTM forgets, and
# a single outlier would cost all the others' time and memory.
MAX_PATCHES = 1000

# Number of sequences from which some are held out to stop by, as in scikit-learn's
# HistGradientBoosting.
EARLY_STOPPING_SAMPLES = 10_000

# Share of a sequence's length that is held back to be forecast.
HORIZON = 0.1


def choose_network(n_components, lengths, n_features, has_categories, means, spreads):
    """Choose all that is "auto" of a network.

    Parameters
    ----------
    n_components : int
        Length of the vector.
    lengths : int ndarray of shape (n_samples,)
        Numbers of time steps.
    n_features : int
        Number of features, numeric and categorical.
    has_categories : bool
        Whether any is categorical.
    means, spreads : ndarray of shape (n_some, n_features)
        As for :func:`choose_instance_norm`.

    Returns
    -------
    chosen : dict
        Values by the names of parameters.
    """
    return {
        "hidden_size": choose_hidden_size(len(lengths), has_categories),
        "patch_size": choose_patch_size(lengths),
        "reservoir_fraction": choose_reservoir_fraction(n_components, has_categories),
        "reservoir_size": choose_reservoir_size(n_features, has_categories),
        "reservoir_patch_size": choose_patch_size(lengths, POOLED_PATCHES),
        "instance_norm": choose_instance_norm(means, spreads),
    }


def choose_pair_network(
    lengths, target_lengths, categorical_targets, is_forecast=False
):
    """Choose all that is "auto" of a network that turns sequences into others.

    Parameters
    ----------
    lengths, target_lengths : int ndarray of shape (n_samples,)
        Numbers of time steps.
    categorical_targets : bool
        Whether any feature of the targets is categorical: such are said one after
        another, numbers all at once.
    is_forecast : bool, default=False
        Whether the targets are a forecast of the sequences.

    Returns
    -------
    chosen : dict
        Values by the names of parameters.
    """
    patch_size = choose_patch_size(lengths)
    target_patch_size = choose_patch_size(target_lengths)
    if is_forecast and not categorical_targets:
        patch_size = choose_patch_size(lengths, FORECAST_PATCHES)
        target_patch_size = min(patch_size, int(np.max(target_lengths)))
    return {
        "patch_size": patch_size,
        "target_patch_size": target_patch_size,
        "decoding": "autoregressive" if categorical_targets else "parallel",
    }


def choose_patch_size(lengths, n_patches=PATCHES):
    """Cut a median sequence into so many, the longest into `MAX_PATCHES` at most."""
    least = -(-int(np.max(lengths)) // MAX_PATCHES)
    return max(1, least, round(float(np.median(lengths)) / n_patches))


def choose_reservoir_fraction(n_components, has_categories=False):
    """Take a fixed share of the vector, but leave so many numbers to last states."""
    share, least = POOLED_SHARE, LEAST_LAST_STATES
    if has_categories:
        share, least = POOLED_SHARE_OF_CATEGORIES, LEAST_LAST_STATES_OF_CATEGORIES
    left = max(0, n_components - least)
    return min(share, left / n_components)


def choose_hidden_size(n_samples, has_categories):
    """Take cells beside the vector's numbers only where there are categories.

    About twice the square root of the number of sequences, as a power of 2.
    """
    if not has_categories:
        return None
    bounds = LEAST_CELLS_OF_CATEGORIES, MOST_CELLS_OF_CATEGORIES
    return int(np.clip(2 ** round(np.log2(2 * np.sqrt(n_samples))), *bounds))


def choose_reservoir_size(n_features, has_categories=False):
    """Take `POOLED_CELLS`, or more where many numbers come together."""
    is_narrow = n_features <= FEW_FEATURES and not has_categories
    return POOLED_CELLS if is_narrow else POOLED_CELLS_OF_MANY


def choose_instance_norm(means, spreads):
    """Read sequences in their own scale unless they come in one scale already.

    Parameters
    ----------
    means, spreads : ndarray of shape (n_samples, n_features)
        Of some sequences over time, in scaled units; NaN where nothing is observed.
    """
    varies = spreads > 0  # False where nothing is observed
    logarithms = np.log(np.where(varies, spreads, 1))
    return any(
        np.std(x[known]) > LEAST_DIFFERENCE
        for numbers, where in ((means, ~np.isnan(means)), (logarithms, varies))
        for x, known in zip(numbers.T, where.T, strict=True)
        if known.any()
    )


def choose_batch_size(n_samples, has_categories=False):
    """Take an eighth of the sequences, at least 16: enough batches an epoch."""
    largest = LARGEST_BATCH_OF_CATEGORIES if has_categories else LARGEST_BATCH
    return int(np.clip(2 ** round(np.log2(n_samples / 8)), 16, largest))


def choose_max_epochs(n_batches, has_categories=False):
    """Spread `UPDATES` batches over epochs; see each sequence `MIN_EPOCHS` times."""
    updates = UPDATES
    if has_categories:
        most = MOST_UPDATES_OF_CATEGORIES
        updates = min(max(UPDATES, EPOCHS_OF_CATEGORIES * n_batches), most)
    return max(MIN_EPOCHS, -(-updates // n_batches))


def choose_early_stopping(n_samples):
    """Hold sequences out only where enough are left."""
    return n_samples >= EARLY_STOPPING_SAMPLES

"""The meaning of "auto": every value that is chosen from the data is chosen here."""

import numpy as np

# Batches of one training run. Twice as many changed accuracies by no more than chance:
# see the recipe page.
N_UPDATES = 1500

# Categories are learned one by one. With categorical features each sequence is used
# for this many epochs, but a run has no more than this many batches.
N_EPOCHS_CATEGORICAL = 40
MAX_UPDATES_CATEGORICAL = 6000

# Every sequence is used at least this many times, however many sequences there are.
MIN_EPOCHS = 5

# Largest batches, without and with categorical features.
MAX_BATCH_SIZE = 64
MAX_BATCH_SIZE_CATEGORICAL = 128

# Cells per direction with categorical features: larger data sets can train more of
# them. With numbers alone the final states are components themselves; a linear layer
# between states and components made hardly any difference.
MIN_CELLS_CATEGORICAL = 64
MAX_CELLS_CATEGORICAL = 256

# Patches that a sequence of median length is cut into.
N_PATCHES = 20

# The same for forecasts, which are decoded in patches of the same size. Windows of one
# series are many and alike: with finer patches the network overfitted.
N_PATCHES_FORECAST = 4

# Fraction of the components taken from the reservoir, and the number of components
# reserved for the final states in short vectors: only these are decoded.
RESERVOIR_FRACTION = 0.6
MIN_FINAL_STATES = 32
RESERVOIR_FRACTION_CATEGORICAL = 0.8
MIN_FINAL_STATES_CATEGORICAL = 64

# Reservoir cells per direction and input, and their number with more than
# `FEW_FEATURES` features or with categories.
RESERVOIR_SIZE = 64
RESERVOIR_SIZE_MANY_FEATURES = 128
FEW_FEATURES = 4

# Patches that a sequence of median length is cut into for the reservoir.
N_RESERVOIR_PATCHES = 240

# Sequences are also read in their own scale if their means differ by more than this,
# or the logarithms of their standard deviations do, in units of the standard deviation
# over all sequences.
MIN_DIFFERENCE = 0.05

# Largest number of patches of the longest sequence. LSTMs forget over longer
# distances, and one long outlier would cost time and memory for all sequences.
MAX_PATCHES = 1000

# Number of sequences from which on some are held out for early stopping, the rule of
# scikit-learn's HistGradientBoosting estimators.
MIN_SAMPLES_EARLY_STOPPING = 10_000

# Fraction of each sequence that is held back as the target of a forecast.
HORIZON = 0.1


def resolve(given, chosen):
    """Return the value of a parameter, or `chosen` where it is "auto"."""
    value = chosen if isinstance(given, str) and given == "auto" else given
    # torch does not accept numpy integers as sizes.
    return value.item() if isinstance(value, np.generic) else value


def choose_patch_size(lengths, n_patches=N_PATCHES):
    """Cut a median sequence into `n_patches`, the longest into at most `MAX_PATCHES`.

    Parameters
    ----------
    lengths : int ndarray of shape (n_samples,)
        Number of time steps of each sequence.
    n_patches : int, default=N_PATCHES
        Number of patches of a sequence of median length.

    Returns
    -------
    patch_size : int
        Time steps per patch, at least 1.
    """
    smallest = -(-int(np.max(lengths)) // MAX_PATCHES)
    return max(1, smallest, round(float(np.median(lengths)) / n_patches))


def choose_pair_patch_sizes(lengths, target_lengths, *, is_forecast):
    """Choose the patch sizes of sequences and of their targets.

    Parameters
    ----------
    lengths, target_lengths : int ndarray of shape (n_samples,)
        Number of time steps of each sequence and of each target.
    is_forecast : bool
        Whether the targets are numeric and continue the sequences.

    Returns
    -------
    patch_size, target_patch_size : int
        Time steps per patch. Forecasts use the same large patches for both.
    """
    if not is_forecast:
        return choose_patch_size(lengths), choose_patch_size(target_lengths)
    patch_size = choose_patch_size(lengths, N_PATCHES_FORECAST)
    return patch_size, min(patch_size, int(np.max(target_lengths)))


def choose_reservoir_fraction(n_components, has_categories=False):
    """Use a fixed fraction of the vector, but keep a minimum of final states."""
    fraction, n_final = RESERVOIR_FRACTION, MIN_FINAL_STATES
    if has_categories:
        fraction, n_final = RESERVOIR_FRACTION_CATEGORICAL, MIN_FINAL_STATES_CATEGORICAL
    return min(fraction, max(0, n_components - n_final) / n_components)


def choose_reservoir_size(n_features, has_categories=False):
    """Use `RESERVOIR_SIZE` cells, and more for many features."""
    is_narrow = n_features <= FEW_FEATURES and not has_categories
    return RESERVOIR_SIZE if is_narrow else RESERVOIR_SIZE_MANY_FEATURES


def choose_hidden_size(n_samples, has_categories):
    """Return the number of cells per direction, or None for the components themselves.

    With categorical features this is about twice the square root of the number of
    sequences, rounded to a power of 2.
    """
    if not has_categories:
        return None
    bounds = MIN_CELLS_CATEGORICAL, MAX_CELLS_CATEGORICAL
    return int(np.clip(2 ** round(np.log2(2 * np.sqrt(n_samples))), *bounds))


def choose_instance_norm(means, deviations):
    """Read sequences in their own scale unless all of them have about the same one.

    Parameters
    ----------
    means, deviations : ndarray of shape (n_samples, n_features)
        Mean and standard deviation over time of some sequences, in scaled units; NaN
        where nothing is observed.

    Returns
    -------
    instance_norm : bool
        Whether means or deviations differ.
    """
    varies = deviations > 0  # False where nothing is observed
    logarithms = np.log(np.where(varies, deviations, 1))
    return any(
        np.std(x[known]) > MIN_DIFFERENCE
        for statistics, is_known in ((means, ~np.isnan(means)), (logarithms, varies))
        for x, known in zip(statistics.T, is_known.T, strict=True)
        if known.any()
    )


def choose_batch_size(n_samples, has_categories=False):
    """Use an eighth of the sequences, at least 16, for several batches per epoch."""
    largest = MAX_BATCH_SIZE_CATEGORICAL if has_categories else MAX_BATCH_SIZE
    return int(np.clip(2 ** round(np.log2(n_samples / 8)), 16, largest))


def choose_max_epochs(n_batches, has_categories=False):
    """Spread `N_UPDATES` batches over epochs of `n_batches`, at least `MIN_EPOCHS`."""
    n_updates = N_UPDATES
    if has_categories:
        n_updates = max(N_UPDATES, N_EPOCHS_CATEGORICAL * n_batches)
        n_updates = min(n_updates, MAX_UPDATES_CATEGORICAL)
    return max(MIN_EPOCHS, -(-n_updates // n_batches))


def choose_early_stopping(n_samples):
    """Hold sequences out only where enough remain for training."""
    return n_samples >= MIN_SAMPLES_EARLY_STOPPING

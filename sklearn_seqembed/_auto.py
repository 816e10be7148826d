"""Choose the values of parameters that are "auto" from the data."""

from typing import NamedTuple

import numpy as np

# Number of batches of a training run. Doubling it changed accuracies by no more than
# chance: see the recipe page.
N_UPDATES = 1500

# The same for cells that forecast next to a linear forecast. With more batches, or
# smaller ones, they overfitted: windows of one series are numerous and similar. Cells
# of the predictor, whose states are dropped out at random, do so later. See
# `forecasting` in benchmarks/README.md. With many sequences they are trained on more
# batches, but for no more than `MIN_EPOCHS` epochs.
N_UPDATES_FORECAST = 250
N_UPDATES_FORECAST_DROPOUT = 500

# With categorical features training takes longer, because each category is learned
# separately: at least this many epochs, unless they have more than this many batches.
N_EPOCHS_CATEGORICAL = 40
MAX_UPDATES_CATEGORICAL = 6000

# Minimum number of epochs, even for very large datasets, unless they take too long.
MIN_EPOCHS = 5

# Maximum time of a training with all defaults, in seconds on one core, and the time
# that an epoch is estimated to take for each patch, number and category. They were
# measured on one core of a server, with the default number of components
# (docs/development/recipe.rst). Only very large datasets reach the limit.
MAX_SECONDS = 500
SECONDS_PER_PATCH = 45e-6
SECONDS_PER_VALUE = 0.4e-6
SECONDS_PER_TOKEN = 60e-6

# Maximum batch size, without and with categorical features, and with a linear forecast.
MAX_BATCH_SIZE = 64
MAX_BATCH_SIZE_CATEGORICAL = 128
MAX_BATCH_SIZE_FORECAST = 512

# Bounds on the number of cells per direction with categorical features; it grows with
# the number of sequences. Without categorical features the final states are the
# components: a linear layer in between made hardly any difference.
MIN_CELLS_CATEGORICAL = 64
MAX_CELLS_CATEGORICAL = 256

# Number of patches of a sequence of median length.
N_PATCHES = 20

# The same for forecasts, which are decoded in patches of the same size. With more
# patches the network overfitted: windows of one series are numerous and similar.
N_PATCHES_FORECAST = 4

# Maximum number of components that are final states, without and with categorical
# features. The others come from random features.
MAX_FINAL_STATES = 128
MAX_FINAL_STATES_CATEGORICAL = 64

# Maximum number of values to which a sequence is resampled for the linear map, over all
# features, and of the values of all sequences to which the map is fitted (64 MiB of
# float64, of which a fit needs several copies). They limit time and memory. Up to
# MIN_LINEAR_SEQUENCES sequences are used even if they then have fewer points. None of
# them was tuned.
MAX_POINT_VALUES = 2**15
LINEAR_VALUES = 2**23
MIN_LINEAR_SEQUENCES = 1024

# Maximum number of points at which sequences are compared with the training sequences
# one by one, and of their values over all features, so that up to 512 means take 2 MiB.
# See "Anomaly scores" on the recipe page.
MAX_COMPARED_POINTS = 128
MAX_COMPARED_VALUES = 1024

# Maximum number of values that a linear forecast reads, and of the products of these
# with each other and with the values of a forecast that are summed for each fold (32
# MiB of float64, of which a fit needs up to ten). They were not tuned.
MAX_LAG_VALUES = 1024
MAX_FORECAST_MOMENTS = 2**22

# At most so many long series are cut into windows. Their past is an eighth of a series,
# but at most so long, or one more than twice the horizon: 25 months, combined with the
# last 13 of them, forecast the earlier years of `airline` better than 24 with 12. The
# windows have at most so many time steps together. The other values were not tuned.
MAX_SERIES = 4
LOOKBACKS = 8
MAX_LOOKBACK = 512
MAX_WINDOW_STEPS = 2**22

# Number of cells per direction next to a linear map, and of those of the predictor,
# which learn forecasts on their own.
CORRECTION_CELLS = 64
FORECAST_CELLS = 128

# Number of reservoir cells per direction and input; the larger number is for more than
# `FEW_FEATURES` features and for categorical features.
RESERVOIR_SIZE = 64
RESERVOIR_SIZE_MANY_FEATURES = 128
FEW_FEATURES = 4

# Number of patches of a sequence of median length that random cells and random
# convolutions read.
N_RESERVOIR_PATCHES = 240
N_CONVOLUTION_PATCHES = 500

# Each sequence is also read standardized by its own mean and standard deviation if, for
# any feature, the means of the sequences or the logarithms of their standard deviations
# have a standard deviation over the sequences that is larger than this. Means are in
# scaled units.
MIN_DIFFERENCE = 0.05

# Maximum number of time steps of a patch. The cells have weights for each of them, and
# with 50,000 a batch took 10 s, most of it for the weights
# (docs/development/recipe.rst).
MAX_PATCH_SIZE = 1000

# Maximum number of patches of all but the longest sequences. LSTMs forget over longer
# distances. The quantile keeps a few very long sequences from making the patches of all
# others so large that they consist of one or two; it was not tuned.
MAX_PATCHES = 1000
LENGTH_QUANTILE = 0.95

# Maximum number of patches of the longest sequence, which limits the memory of a
# training batch. It was not tuned.
MAX_PATCHES_LONGEST = 20_000

# Minimum number of sequences for early stopping, as in scikit-learn's
# HistGradientBoosting estimators.
MIN_SAMPLES_EARLY_STOPPING = 10_000

# Where training starts from a closed form: minimum number of sequences for training,
# and the unexplained fraction below which nothing is left to learn. With 0.001, the
# fits of the 23 sets of `classification` took 283 instead of 156 s, and the explained
# fractions were the same. The former was not tuned.
MIN_TRAINED_SEQUENCES = 50
NEGLIGIBLE_FRACTION = 0.01

# Maximum number of trained cells per direction of a classifier or regressor. With 256,
# they overfitted surnames more (docs/development/recipe.rst, "Classes and numbers").
MAX_TRAINED_CELLS = 128

# Minimum number of sequences for training with one class or number per sequence, which
# tells less than a whole sequence does. The linear layer is fitted to so many sequences
# that their vectors have at most `HEAD_VALUES` values (128 MiB of float64).
MIN_TRAINED_LABELS = 2000
HEAD_VALUES = 2**24

# Number of epochs without a lower validation loss after which training stops, as in
# scikit-learn's multi-layer perceptron, and about so many batches if training starts
# from a closed form: see "Training" on the recipe page.
N_ITER_NO_CHANGE = 10
PATIENCE_BATCHES = 500

# Fraction of each sequence that is held back as the target of a forecast.
HORIZON = 0.1


def resolve(given, chosen):
    """Return `given`, the value of a parameter, or `chosen` if it is "auto"."""
    value = chosen if isinstance(given, str) and given == "auto" else given
    # torch does not accept numpy integers as sizes.
    return value.item() if isinstance(value, np.generic) else value


def choose_patch_size(lengths, n_patches=N_PATCHES):
    """Choose the number of time steps per patch.

    Almost all sequences have at most `MAX_PATCHES` patches, and none has more than
    `MAX_PATCHES_LONGEST`.

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
    longest = int(np.max(lengths))
    most = float(np.quantile(lengths, LENGTH_QUANTILE, method="higher"))
    smallest = max(-(-most // MAX_PATCHES), -(-longest // MAX_PATCHES_LONGEST))
    typical = round(float(np.median(lengths)) / n_patches)
    return int(max(1, smallest, min(typical, MAX_PATCH_SIZE)))


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


def choose_random_features(n_components, has_categories=False):
    """Choose the number of components that come from random features."""
    n_final = MAX_FINAL_STATES_CATEGORICAL if has_categories else MAX_FINAL_STATES
    return max(0, n_components - n_final)


def choose_random_cells(n_features, has_categories=False):
    """Choose the number of random cells per direction and input."""
    is_narrow = n_features <= FEW_FEATURES and not has_categories
    return RESERVOIR_SIZE if is_narrow else RESERVOIR_SIZE_MANY_FEATURES


def choose_points(lengths, n_features):
    """Choose the number of points to which a linear map resamples sequences.

    Most sequences have at most as many time steps, so that nothing of them is lost,
    unless they have very many values.
    """
    most = int(np.quantile(lengths, LENGTH_QUANTILE, method="higher"))
    n_sequences = min(len(lengths), MIN_LINEAR_SEQUENCES)
    n_values = min(MAX_POINT_VALUES, LINEAR_VALUES // n_sequences)
    return max(1, min(most, n_values // n_features))


def choose_compared_points(lengths, n_features):
    """Choose the number of points at which sequences are compared one by one."""
    typical = min(int(np.median(lengths)), MAX_COMPARED_POINTS)
    return max(1, min(typical, MAX_COMPARED_VALUES // n_features))


def choose_lags(lengths, n_features, n_targets):
    """Choose the number of time steps that a linear forecast reads.

    Most sequences have at most as many, unless they have very many values.

    Parameters
    ----------
    lengths : int ndarray of shape (n_samples,)
        Number of time steps of each sequence.
    n_features : int
        Number of features of the sequences.
    n_targets : int
        Number of values of a forecast.
    """
    most = int(np.quantile(lengths, LENGTH_QUANTILE, method="higher"))
    # The solution of n (n + n_targets) = MAX_FORECAST_MOMENTS.
    n_values = (np.sqrt(n_targets**2 + 4 * MAX_FORECAST_MOMENTS) - n_targets) / 2
    return max(1, min(most, int(min(n_values, MAX_LAG_VALUES)) // n_features))


def choose_lookback(shortest, horizon):
    """Choose the length of the windows of past steps that long series are cut into.

    Parameters
    ----------
    shortest : int
        Number of time steps before the horizon of the shortest series.
    horizon : int
        Number of time steps to forecast.

    Returns
    -------
    lookback : int or None
        More than twice the horizon, and more for long series. None if they are too
        short to be cut into windows.
    """
    lookback = max(2 * horizon + 1, min(shortest // LOOKBACKS, MAX_LOOKBACK))
    return lookback if shortest >= lookback + horizon else None


def choose_hidden_size(n_samples, has_categories, has_linear_map=False):
    """Choose the number of encoder cells per direction.

    With categorical features it is about twice the square root of the number of
    sequences, rounded to a power of 2. Without them it is None: the final states are
    the components. Cells that correct a linear map need no more than a fixed number.
    """
    if has_linear_map:
        return CORRECTION_CELLS
    if not has_categories:
        return None
    bounds = MIN_CELLS_CATEGORICAL, MAX_CELLS_CATEGORICAL
    return int(np.clip(2 ** round(np.log2(2 * np.sqrt(n_samples))), *bounds))


def choose_instance_norm(means, deviations):
    """Choose whether each sequence is also read standardized by its own mean.

    Parameters
    ----------
    means, deviations : ndarray of shape (n_samples, n_features)
        Mean and standard deviation over time of some sequences, in scaled units; NaN
        where no value is observed.

    Returns
    -------
    instance_norm : bool
        Whether means or standard deviations differ between sequences.
    """
    varies = deviations > 0  # False where no value is observed
    logarithms = np.log(np.where(varies, deviations, 1))
    return any(
        np.std(x[known]) > MIN_DIFFERENCE
        for statistics, is_known in ((means, ~np.isnan(means)), (logarithms, varies))
        for x, known in zip(statistics.T, is_known.T, strict=True)
        if known.any()
    )


def choose_batch_size(n_samples, has_categories=False, is_forecast=False):
    """Choose a batch size of about an eighth of the sequences, at least 16."""
    largest = MAX_BATCH_SIZE_CATEGORICAL if has_categories else MAX_BATCH_SIZE
    largest = MAX_BATCH_SIZE_FORECAST if is_forecast else largest
    return int(np.clip(2 ** round(np.log2(n_samples / 8)), 16, largest))


def choose_max_epochs(
    n_batches, has_categories=False, is_forecast=False, has_dropout=False
):
    """Choose the number of epochs that have about `N_UPDATES` batches together.

    Forecasts next to a linear one need fewer; with dropout of the decoder's states, and
    many sequences, up to twice as many.
    """
    if is_forecast:
        n_epochs = max(1, round(N_UPDATES_FORECAST / n_batches))
        if has_dropout:
            n_longer = round(N_UPDATES_FORECAST_DROPOUT / n_batches)
            n_epochs = max(n_epochs, min(MIN_EPOCHS, n_longer))
        return n_epochs
    n_updates = N_UPDATES
    if has_categories:
        n_updates = max(N_UPDATES, N_EPOCHS_CATEGORICAL * n_batches)
        n_updates = min(n_updates, MAX_UPDATES_CATEGORICAL)
    return max(MIN_EPOCHS, -(-n_updates // n_batches))


def choose_n_iter_no_change(n_batches, may_be_useless=False):
    """Choose the number of epochs without a lower loss after which training stops.

    Parameters
    ----------
    n_batches : int
        Number of batches of an epoch.
    may_be_useless : bool, default=False
        Whether training starts from a closed form, on which it may not improve.
    """
    return -(-PATIENCE_BATCHES // n_batches) if may_be_useless else N_ITER_NO_CHANGE


class EpochCost(NamedTuple):
    """What an epoch of training computes, from which its time is estimated.

    Attributes
    ----------
    n_patches : int
        Patches of all sequences.
    n_values : int
        Numbers of all time steps.
    n_tokens : int
        Categories of all time steps.
    """

    n_patches: int
    n_values: int
    n_tokens: int

    @property
    def seconds(self):
        """Estimated time on one core."""
        return (
            SECONDS_PER_PATCH * self.n_patches
            + SECONDS_PER_VALUE * self.n_values
            + SECONDS_PER_TOKEN * self.n_tokens
        )


def limit_epochs(n_epochs, cost):
    """Limit the number of epochs to an estimated training time of `MAX_SECONDS`.

    Parameters
    ----------
    n_epochs : int
        Number of epochs without a limit.
    cost : EpochCost
        Cost of one epoch over all sequences.

    Returns
    -------
    n_epochs : int
        At least 1.
    fraction : float
        Fraction of the sequences to train on, in (0, 1]. Less than 1 only if a single
        epoch over all of them would take too long.
    """
    n_affordable = MAX_SECONDS / cost.seconds
    if n_affordable >= 1:
        return min(n_epochs, int(n_affordable)), 1.0
    return 1, n_affordable


def choose_early_stopping(n_samples, may_be_useless=False):
    """Choose early stopping only if enough sequences remain for training.

    Fewer are required if training starts from a closed form and is only worthwhile if
    it reduces the loss of held-out sequences.
    """
    least = MIN_TRAINED_SEQUENCES if may_be_useless else MIN_SAMPLES_EARLY_STOPPING
    return n_samples >= least


def find_reason_not_to_train(
    n_samples, unexplained, horizon=1, *, predicts_label=False
):
    """Return why training cannot improve on a closed form, None if it may.

    Parameters
    ----------
    n_samples : int
        Number of training sequences.
    unexplained : float
        Fraction of the variance of held-out sequences that the closed form leaves
        unexplained; NaN for too few sequences.
    horizon : int, default=1
        Number of time steps of a forecast. Successive windows of a series overlap, so
        that the held-out ones are as many trials as their number divided by it.
    predicts_label : bool, default=False
        Whether the target is a class or some numbers, not a sequence.
    """
    closed_form, least = "linear map", MIN_TRAINED_SEQUENCES * horizon
    if predicts_label:
        closed_form, least = "linear layer", MIN_TRAINED_LABELS
    if n_samples < least:
        return (
            f"at least {least} {'windows' if horizon > 1 else 'sequences'} are needed "
            f"to tell whether training helps, but X has {n_samples}"
        )
    if unexplained <= NEGLIGIBLE_FRACTION:
        return (
            f"the {closed_form} leaves {unexplained:.2%} of the "
            f"{'deviance' if predicts_label else 'variance'} of held-out sequences "
            "unexplained"
        )
    return None

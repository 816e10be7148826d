"""Whether targets continue the sequences, or are something else.

Targets that continue a feature are forecasts: see :mod:`relative`.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from sklearn_seqembed._data.messages import count, warn_reading
from sklearn_seqembed._features.encoder import evenly_spaced

# Maximum number of pairs that are compared to decide whether targets continue
# sequences, to limit the time of `fit`. It was not tuned.
COMPARED_PAIRS = 1000

# A target continues a feature if the mean squared difference between its first steps
# and the feature's last values is less than this fraction of the first steps' variance,
# or of the feature's variance over time if that is larger.
# One half means that the last value predicts the first step clearly better than the
# mean does; no other value was tried.
LARGEST_FRACTION = 0.5

# Number of time steps on each side whose medians are compared, so that outliers do not
# matter. It was not tuned.
N_MEDIAN_STEPS = 5

# The columns of a table are not time steps of the feature that the first one continues
# if the root mean square distance of any of them from its last value is larger than
# this many standard deviations of the feature. If the standard deviations of the
# columns differ by a larger factor than the second constant, `fit` warns. They were not
# tuned.
LARGEST_DISTANCE = 10
SURPRISING_RATIO = 1000

# `fit` also warns of a y that is a list of sequences of equal lengths, of at most as
# many time steps as the first constant, if the standard deviations of these time steps
# differ by a larger factor than the second. They were not tuned.
FEW_STEPS = 10
SURPRISING_RATIO_OF_STEPS = 100


def find_continued(sources, targets, option="auto"):
    """Find the feature of the sequences that each feature of the targets continues.

    Parameters
    ----------
    sources, targets, option
        As for :meth:`RelativeTargets.fit`.

    Returns
    -------
    columns : int ndarray of shape (F,)
        For each numeric feature of the targets, the feature that it continues; -1 if
        there is none.
    """
    n_features, n_sources = targets.n_numeric, sources.n_numeric
    continued = np.full(n_features, -1)
    if option is False or not n_features or not n_sources:
        return continued
    some = evenly_spaced(sources, COMPARED_PAIRS)
    last = np.stack([last_observed(sources.rows(i)) for i in some])
    first = np.stack([last_observed(targets.rows(i)[::-1]) for i in some])
    for k in range(n_features):
        # With equal numbers of features, those at the same position are paired.
        columns = [k] if n_features == n_sources else range(n_sources)
        if len(columns) == 1 and np.isnan(first[:, k]).all():
            continued[k] = columns[0]  # nothing was observed that says otherwise
            continue
        errors = [mean_square(first[:, k] - last[:, j]) for j in columns]
        best = int(np.argmin(errors))
        # Series that are similar to each other vary over time only.
        variance = max(
            mean_square(first[:, k] - _mean(first[:, k])),
            _mean_variance(sources, some, columns[best]),
        )
        if option is True or errors[best] < LARGEST_FRACTION * variance:
            continued[k] = columns[best]
    return continued


def _mean_variance(sequences, indices, feature):
    """Return the mean variance over time of a feature of some sequences."""
    variances = []
    for i in indices:
        values = sequences.rows(i)[:, feature].astype(np.float64)
        variances.append(mean_square(values - _mean(values)))
    return np.nanmean(variances) if np.isfinite(variances).any() else np.nan


def continue_sources(sources, targets, option="auto"):
    """Decide whether a few targets continue long series at the same positions.

    Unlike :func:`find_continued`, it compares the first step of a target with all steps
    of the sequences, because a few pairs tell little about the variance between them.
    Medians of a few time steps are compared as well, in case the last value of a
    sequence or the first one of a target is an outlier.

    Parameters
    ----------
    sources, targets, option
        As for :meth:`RelativeTargets.fit`.

    Returns
    -------
    bool
        Whether there is a feature, and every one is continued. If only the values speak
        against it, a warning says so.
    """
    if option is False or not sources.n_numeric == targets.n_numeric > 0:
        return False
    if option is True:
        return True
    for k in range(sources.n_numeric):
        past, future = (
            [pairs.rows(i)[:, k].astype(np.float64) for i in range(len(pairs))]
            for pairs in (sources, targets)
        )
        variance = np.mean([mean_square(row - _mean(row)) for row in past])
        past = [row[~np.isnan(row)] for row in past]
        future = [row[~np.isnan(row)] for row in future]
        if not any(
            _mean_square_gap(past, future, n_steps)
            <= max(LARGEST_FRACTION * variance, _largest_gap(past, n_steps) ** 2)
            for n_steps in (1, N_MEDIAN_STEPS)
        ):
            warn_reading(
                f"y was not read as the continuation of {count(len(sources), 'series')}"
                f", because the first values of its feature {k} are far from the last "
                "ones of X, so windows of X are not used for training; if y continues "
                "X, set instance_norm=True, and otherwise instance_norm=False."
            )
            return False
    return True


def warn_about_contained(sources, targets):
    """Warn that the targets are the ends of the sequences, which are then copied.

    Parameters
    ----------
    sources, targets : Sequences
        All pairs of `fit`.
    """
    if sources.n_numeric != targets.n_numeric or sources.categorical:
        return
    if not (sources.lengths > targets.lengths).all():
        return
    for i in evenly_spaced(sources, COMPARED_PAIRS):
        target = targets.rows(i).astype(np.float64)
        end = sources.rows(i)[-len(target) :].astype(np.float64)
        if not np.array_equal(end, target, equal_nan=True) or np.ptp(target) == 0:
            return
    warn_reading(
        "y was read as what follows X, but it is equal to the last time steps of X, "
        "which a forecast would not know; if y is to be forecast, pass X without them, "
        "for example X[:-12] for 12 time steps."
    )


def _mean_square_gap(past, future, n_steps):
    """Return the mean square difference between medians on both sides of the cut."""
    gaps = [
        np.median(after[:n_steps]) - np.median(before[-n_steps:])
        for before, after in zip(past, future, strict=True)
        if len(before) and len(after)
    ]
    return mean_square(np.array(gaps))


def _largest_gap(rows, n_steps):
    """Return the largest difference between medians of successive steps in series."""
    gaps = [0.0]
    for row in rows:
        if len(row) >= 2 * n_steps:
            medians = np.median(sliding_window_view(row, n_steps), axis=1)
            gaps.append(np.abs(medians[n_steps:] - medians[:-n_steps]).max())
    return max(gaps)


def columns_are_steps(sources, targets, option="auto"):
    """Decide whether the columns of a table are time steps that continue a feature.

    Otherwise they are several targets. Whether the location of a sequence is removed
    from its target is another question, so False is treated like "auto".

    Parameters
    ----------
    sources : Sequences
        The sequences.
    targets : Sequences
        The rows of the table, each a sequence of one numeric feature.
    option : bool or "auto", default="auto"
        As for :meth:`RelativeTargets.fit`.

    Returns
    -------
    bool
        Whether the first column continues a feature and no column is far from it.
    """
    (continued,) = find_continued(sources, targets, option or "auto")
    if continued < 0 or option is True:
        return bool(continued >= 0)
    some = evenly_spaced(sources, COMPARED_PAIRS)
    rows = [sources.rows(i)[:, continued].astype(np.float64) for i in some]
    last = np.array([last_observed(row[:, None])[0] for row in rows])
    values = np.concatenate(rows)
    variance = mean_square(values - _mean(values))
    columns = np.stack([targets.rows(i)[:, 0] for i in some]).astype(np.float64).T
    largest = max(mean_square(column - last) for column in columns)
    if not largest <= LARGEST_DISTANCE**2 * variance:
        return False
    if _compare_spreads(columns) > SURPRISING_RATIO:
        warn_reading(
            f"y was read as {count(len(targets), 'sequence')} of "
            f"{count(len(columns), 'time step')} that continue X, but some of its "
            f"columns vary more than {SURPRISING_RATIO} times as much as others; if "
            "they are different targets, pass numpy.asarray(y)[:, None, :]."
        )
    return True


def warn_about_scales(targets):
    """Warn of sequences whose time steps seem to be different targets.

    Parameters
    ----------
    targets : Sequences
        The items of a list, or the cells of a Series or a frame.
    """
    n_steps = int(targets.lengths[0])
    if (
        targets.n_features > 1
        or not targets.n_numeric
        or not 1 < n_steps <= FEW_STEPS
        or (targets.lengths != n_steps).any()
    ):
        return
    some = evenly_spaced(targets, COMPARED_PAIRS)
    steps = np.stack([targets.rows(i)[:, 0] for i in some]).astype(np.float64).T
    if _compare_spreads(steps) > SURPRISING_RATIO_OF_STEPS:
        warn_reading(
            f"y was read as {count(len(targets), 'sequence')} of "
            f"{count(n_steps, 'time step')} with a common scale, but some time steps "
            f"vary more than {SURPRISING_RATIO_OF_STEPS} times as much as others; if "
            "they are different targets, pass them as an array of shape "
            f"({len(targets)}, {n_steps})."
        )


def _compare_spreads(columns):
    """Return the ratio of the largest to the smallest positive standard deviation."""
    spreads = [np.sqrt(mean_square(c - _mean(c))) for c in columns]
    spreads = [spread for spread in spreads if 0 < spread < np.inf]
    return max(spreads) / min(spreads) if spreads else 1.0


def last_observed(values):
    """Return the last observed value of each feature of (n_timesteps, F)."""
    values = values.astype(np.float64)
    if not np.isnan(values[-1]).any():
        return values[-1]
    observed = ~np.isnan(values)
    steps = len(values) - 1 - observed[::-1].argmax(axis=0)
    return values[steps, np.arange(values.shape[1])]


def _mean(values):
    observed = values[~np.isnan(values)]
    return float(observed.mean()) if len(observed) else np.nan


def mean_square(values):
    observed = values[~np.isnan(values)]
    return float((observed**2).mean()) if len(observed) else np.inf

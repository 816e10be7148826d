"""How long `fit` is going to take: its steps are tried with a few sequences.

Each step that takes noticeable time is run on the network of the fit, with some of the
data, on this machine and with its current number of threads, and the time is multiplied
by what the fit will have to do. Nothing that is learned here is used.
"""

import math
import time
from typing import NamedTuple

import numpy as np
import torch

from sklearn_seqembed._features.encoder import evenly_spaced
from sklearn_seqembed._network.closed_form import count_folds, count_rows
from sklearn_seqembed._training.batching import TrainingBatches
from sklearn_seqembed._training.dataset import SequenceDataset
from sklearn_seqembed._training.devices import resolve_device, resolve_precision
from sklearn_seqembed._training.linear_forecasts import count_fitted_pairs
from sklearn_seqembed._training.linear_heads import count_fits
from sklearn_seqembed._training.plan import (
    N_PROJECTION_SEQUENCES,
    count_scored,
)
from sklearn_seqembed._training.process import (
    ProcessState,
    allowing_gradients,
    flush_denormals,
)
from sklearn_seqembed._training.randomness import Generators, set_generator
from sklearn_seqembed._training.threads import several_threads

# Number of sequences with which steps are tried, and the numbers for the linear map,
# of which is estimated what it leaves unexplained, and for the linear layer, which
# compares penalties only with enough sequences. A part of the time of a projection does
# not depend on the number of sequences, so it is learned from two numbers of them.
N_TRIED = 64
N_TRIED_LINEAR = 500
N_TRIED_HEAD = 250
N_TRIED_PROJECTION = 256

# Training batches are timed, after one that is not, for so many seconds in all, and at
# least one of each length. Single batches may take much longer on a machine that has
# other work.
TIMED_SECONDS = 0.3

# Batches whose longest sequences have these ranks are timed, in order, if the numbers
# of time steps differ by at least this factor. The time of the others is interpolated.
QUANTILES = 0.0, 0.5, 0.9, 1.0
SIMILAR_STEPS = 1.1

# What fraction of the largest number of epochs is expected if training may stop early,
# and starts from random weights or learns labels: see the cases with "early stopping"
# in benchmarks/README.md, "Estimated fit times". Trainings on strings and "pairs of
# noise" start from random weights.
EXPECTED_FRACTION = 0.8


# The benchmark of estimates replaces it by CPU time, on which other programs have
# hardly any effect.
clock = time.perf_counter


class FitEstimate(NamedTuple):
    """How long a fit is going to take.

    Attributes
    ----------
    seconds : float
        Duration of the fit.
    longest : float
        Its duration if training does not stop early.
    max_epochs : int
        Largest number of epochs; 0 if the network will not be trained.
    reason : str or None
        Why it will not be trained, although `max_epochs` is "auto".
    steps : dict of str to float
        Seconds of each step.
    """

    seconds: float
    longest: float
    max_epochs: int
    reason: str | None
    steps: dict


def estimate_fit_time(estimator, prepared, seconds_before, continues=False):
    """Estimate how long a fit takes.

    Parameters
    ----------
    estimator : BaseSequenceEstimator
        The estimator, after the steps that precede the network. It is not changed.
    prepared : Prepared
        The data, and the plan of the training.
    seconds_before : float
        Seconds that these steps took.
    continues : bool, default=False
        Whether the training of a fitted network continues.

    Returns
    -------
    FitEstimate
        The estimate.
    """
    state = ProcessState(is_fit=True)
    try:
        with state, allowing_gradients():
            trial = _Trial(estimator, prepared.pairs, prepared.plan)
            return trial.estimate(seconds_before, continues)
    finally:
        state.restore()


class _Trial:
    """The steps of one fit, tried with a few sequences.

    Parameters
    ----------
    estimator : BaseSequenceEstimator
        As for :func:`estimate_fit_time`.
    pairs : Pairs
        The pairs to train on.
    plan : TrainingPlan
        The plan of the training.
    """

    def __init__(self, estimator, pairs, plan):
        self.estimator = estimator._copy_attributes()
        self.estimator.verbose = 0
        self.pairs, self.plan = pairs, plan
        self.n_samples = pairs.sources.n_represented
        self.steps = {}
        self.n_expected = plan.max_epochs

    def estimate(self, seconds_before, continues):
        """Try all steps, and return the estimate."""
        estimator, plan = self.estimator, self.plan
        self.steps["reading"] = seconds_before
        device = estimator.device_ if continues else resolve_device(estimator.device)
        generators = Generators(0, device)
        self._begin(device, generators.cpu)
        max_epochs, reason = plan.max_epochs, None
        starts_from_closed_form = estimator._has_linear_map and not continues
        if starts_from_closed_form:
            unexplained = self._try_closed_form()
            if estimator._may_be_useless:
                reason = estimator._find_reason_not_to_train(
                    self.n_samples, unexplained
                )
                max_epochs = 0 if reason else max_epochs
        if max_epochs:
            # Labels are learned for longer than what a linear map leaves unexplained.
            stops_soon = starts_from_closed_form and not estimator._predicts_label
            self.n_expected = _expect_epochs(plan, stops_soon)
            self._try_training(generators)
            if plan.n_held_out and starts_from_closed_form:
                self.steps["closed form"] *= 2  # once more, without validation
        self._try_last_steps(max_epochs)
        seconds = longest = sum(self.steps.values())
        if max_epochs:
            training = self.steps["training"] + self.steps.get("validation", 0.0)
            longest += training * (max_epochs / self.n_expected - 1)
        return FitEstimate(seconds, longest, max_epochs, reason, self.steps)

    def _begin(self, device, generator):
        """Encode some pairs, and build the network."""
        estimator = self.estimator
        self.some = self._take(max(N_TRIED, self.plan.batch_size))
        factor = self.n_samples / len(self.some)
        self.encoded = self._time(
            "encoding", factor, estimator._encode_pairs, self.some
        )
        # For steps that take about the same time for every sequence.
        self.few = self.encoded[evenly_spaced(self.encoded.sources, N_TRIED)]
        # Not timed: it takes a twentieth of a second, but longer for the first time.
        self.net = estimator._initialize_net(device, generator)
        # Most of it is the choice of thresholds, which needs no more sequences.
        self._time("calibration", 1, estimator._calibrate, self.net, self.few)

    def _take(self, n_sequences):
        return self.pairs[evenly_spaced(self.pairs.sources, n_sequences)]

    def _time(self, step, factor, function, *args, **kwargs):
        """Call a function, and add `factor` times its duration to a step."""
        began = clock()
        result = function(*args, **kwargs)
        seconds = clock() - began
        self.steps[step] = self.steps.get(step, 0.0) + factor * seconds
        return result

    def _try_closed_form(self):
        """Fit the closed forms, and return what they leave unexplained."""
        estimator, unexplained = self.estimator, math.nan
        if estimator._forecast_shape is not None:
            self._try_linear_forecast()
        elif estimator._n_points:
            unexplained = self._try_linear_map()
        if estimator._predicts_label:
            self._try_projection("closed form")
            return self._try_head()
        return unexplained

    def _try_linear_map(self):
        """Fit principal axes to some sequences, and return what they leave."""
        n_fitted = min(self.n_samples, self.estimator._count_linear_sequences())
        some = self._take(min(n_fitted, N_TRIED_LINEAR))
        factor = _linear_map_work(n_fitted) / _linear_map_work(len(some), 1)
        fitted = self._time(
            "closed form",
            factor,
            self.estimator._fit_linear_map,
            self.net,
            self.estimator._encode_pairs(some),
            0,
            max_folds=1,
        )
        return fitted.unexplained

    def _try_linear_forecast(self):
        """Fit a ridge regression, most of whose time does not depend on the pairs."""
        estimator = self.estimator
        n_features = estimator._features.numeric.n_features
        n_fitted = count_fitted_pairs(estimator._forecast_shape, n_features)
        n_fitted = min(n_fitted, self.n_samples)
        self._time("closed form", 1, estimator._fit_linear_map, self.net, self.few, 0)
        linear = self.net.module_.encoder.linear
        n_inputs, n_targets = len(linear.encoding), linear.decoding.shape[1]
        inputs = np.ones((len(self.few), n_inputs))
        targets = np.ones((len(self.few), n_inputs + n_targets))
        factor = (n_fitted - len(self.few)) / len(self.few)
        self._time("closed form", factor, np.matmul, inputs.T, targets)

    def _try_head(self):
        """Fit the linear layer to some pairs, and return what it leaves."""
        n_fitted = min(self.n_samples, self.estimator._count_head_sequences())
        some = self._take(min(n_fitted, N_TRIED_HEAD))
        head = self.estimator._head()
        work = [n * count_fits(head, n) for n in (n_fitted, len(some))]
        fitted = self._time(
            "closed form",
            work[0] / work[1],
            self.estimator._fit_head,
            self.net,
            self.estimator._encode_pairs(some),
        )
        return fitted.unexplained

    def _try_projection(self, step):
        """Learn the projection of some states to vectors, and that of fewer states."""
        n_fitted = min(self.n_samples, N_PROJECTION_SEQUENCES)
        n_tried = min(n_fitted, N_TRIED_PROJECTION)
        # The first call may take longer than later ones.
        seconds = self._time_projection(self._encode_sources(n_tried))
        if n_tried > N_TRIED:
            fewer = self._time_projection(self.few.sources)
            per_sequence = max(0.0, seconds - fewer) / (n_tried - N_TRIED)
            seconds += (n_fitted - n_tried) * per_sequence
        self.steps[step] = self.steps.get(step, 0.0) + seconds

    def _encode_sources(self, n_sequences):
        return self.estimator._encode_pairs(self._take(n_sequences)).sources

    def _time_projection(self, sources):
        """Return the seconds of learning a projection of the states of sequences."""
        dataset = SequenceDataset(sources, self.estimator.patch_size_, parts=())
        began = clock()
        self.net.fit_projection(dataset)
        return clock() - began

    def _try_training(self, generators):
        """Train on some of the batches that an epoch consists of."""
        estimator, plan, net = self.estimator, self.plan, self.net
        net.compute_dtype = resolve_precision(estimator.precision, net.device)
        net.criterion_.learn_ends = estimator._learns_ends
        net.criterion_.absolute = estimator._absolute_loss
        if estimator._predicts_label:
            net.module_.share.fill_(1.0)
        batches = self._list_batches(generators.cpu)
        n_steps = np.array([self._count_steps(batch) for batch in batches])
        chosen = _choose_batches(n_steps)
        set_generator(net.module_, generators.device)
        flush_denormals()
        seconds = []
        for k in chosen:
            encoded = estimator._encode_pairs(self.pairs[batches[k]])
            dataset = estimator._make_dataset(encoded, generators.cpu)
            least = TIMED_SECONDS / len(chosen)
            seconds.append(_time_batch(net, dataset, least, warm_up=not seconds))
        set_generator(net.module_, None)
        epoch = float(np.interp(n_steps, n_steps[chosen], seconds).sum())
        epoch *= self._count_trained() / sum(map(len, batches))
        if self.n_samples > len(self.pairs):  # a stream is read in each epoch
            epoch += self.steps["reading"]
        self.steps["training"] = self.n_expected * epoch
        self._predict("validation", self.n_expected * plan.n_held_out)

    def _count_trained(self):
        """Return the number of pairs of an epoch."""
        n_left = self.n_samples - self.plan.n_held_out
        return max(1, int(self.plan.fraction * n_left))

    def _list_batches(self, generator):
        """Return the indices of the pairs of each batch of an epoch."""
        n_train = self._count_trained()
        # Of a stream, only some sequences are in memory.
        trained = torch.randperm(len(self.pairs), generator=generator)[:n_train].numpy()
        lengths = self.pairs.sources.lengths[trained]
        indices = _Indices(lengths, self.estimator.patch_size_, generator)
        return [
            trained[batch] for batch in TrainingBatches(indices, self.plan.batch_size)
        ]

    def _count_steps(self, batch):
        """Return the length of the longest source and the longest target of a batch."""
        sides = self.pairs.sources, self.pairs.targets
        return sum(int(side.lengths[batch].max()) for side in sides)

    def _predict(self, step, n_sequences):
        """Predict the targets of a few sequences."""
        if not n_sequences:
            return
        dataset = self.estimator._make_dataset(self.few)

        def predict():
            for _ in self.net.predict_parts(dataset):
                pass

        self._time(step, n_sequences / len(self.few), predict)

    def _try_last_steps(self, max_epochs):
        """Try what follows the training."""
        estimator, n_samples = self.estimator, self.n_samples
        if estimator._predicts_label:
            # Both predictions are compared on all held-out sequences.
            self.net.module_.share.fill_(0.5)
            n_compared = self.plan.n_held_out if max_epochs else 0
            self._predict("choice of the share", n_compared)
        else:
            self._try_projection("projection")
        factor = n_samples / len(self.some)
        self._time("scores", factor, estimator._fit_scores, self.some.sources, False)
        self._predict(
            "train_score_", min(n_samples, count_scored(n_samples, max_epochs))
        )


class _Indices:
    """A dataset whose batches are indices, as a training needs it to form batches."""

    def __init__(self, lengths, patch_size, generator):
        self.lengths, self.patch_size = lengths, patch_size
        self.generator = generator

    def __len__(self):
        return len(self.lengths)

    def batch(self, indices):
        return indices


def _choose_batches(n_steps):
    """Return the batches to time, from short ones to long ones."""
    order = np.argsort(n_steps, kind="stable")
    if n_steps[order[-1]] < SIMILAR_STEPS * n_steps[order[0]]:
        return order[[len(order) // 2]]
    ranks = np.quantile(np.arange(len(order)), QUANTILES, method="nearest")
    chosen = order[ranks.astype(int)]
    return chosen[np.unique(n_steps[chosen], return_index=True)[1]]


def _time_batch(net, dataset, least, warm_up):
    """Repeat a training step for some seconds; return the seconds of one."""
    batch = np.argsort(-dataset.lengths, kind="stable")
    if warm_up:
        net.train_step(dataset.batch(batch))
    seconds = []
    with several_threads(net.count_useful_threads()):
        while sum(seconds) < least:
            began = clock()
            float(net.train_step(dataset.batch(batch))["loss"])
            seconds.append(clock() - began)
    return float(np.mean(seconds))


def _expect_epochs(plan, stops_soon):
    """Return how many epochs to expect if training may stop early.

    Next to a linear map, it ends between the number of epochs without improvement and
    the largest number. Their geometric mean is wrong by the same factor in both cases.
    From random weights, training improves for longer: the learning rate rises at first.
    """
    least, most = plan.n_iter_no_change, plan.max_epochs
    if not plan.n_held_out or least >= most:
        return most
    return (
        math.sqrt(least * most) if stops_soon else max(least, EXPECTED_FRACTION * most)
    )


def _linear_map_work(n_sequences, max_folds=None):
    """Return what the time of fitting a linear map is proportional to."""
    n_folds = min(count_folds(n_sequences), max_folds or math.inf)
    return (n_folds + 1) * count_rows(n_sequences)

"""Base class of all estimators: the steps of `fit` and `transform`."""

import functools
import math
import time
from contextlib import closing
from typing import NamedTuple

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted, validate_data

from sklearn_seqembed import _auto
from sklearn_seqembed._choices import write_headline
from sklearn_seqembed._closed_form import ClosedFormMixin
from sklearn_seqembed._data.checking import (
    parse_sequences,
    refuse_row_of_frame,
    validate_parsed,
)
from sklearn_seqembed._data.messages import count, warn_reading, warn_user
from sklearn_seqembed._data.padding import warn_about_padding
from sklearn_seqembed._data.ranges import measure_ranges, warn_about_ranges
from sklearn_seqembed._data.scalars import as_plain_number, check_seed
from sklearn_seqembed._data.streams import map_parts
from sklearn_seqembed._data.windows import Windows, take_last
from sklearn_seqembed._diagrams import DiagramMixin
from sklearn_seqembed._features.encoder import (
    FeatureEncoder,
    evenly_spaced,
    name_categorical_features,
)
from sklearn_seqembed._features.given_categories import check_categories
from sklearn_seqembed._features.unseen import warn_about_new, warn_about_unseen
from sklearn_seqembed._fit_times import estimate_fit_time
from sklearn_seqembed._parameters import check_parameters
from sklearn_seqembed._saving.checkpoints import CheckpointRecorder, find_checkpoint
from sklearn_seqembed._saving.mixin import SavingMixin
from sklearn_seqembed._saving.nets import copy_for_training
from sklearn_seqembed._scoring import ExplainedTally
from sklearn_seqembed._streaming import StreamingMixin
from sklearn_seqembed._training.dataset import SequenceDataset
from sklearn_seqembed._training.devices import resolve_device, resolve_precision
from sklearn_seqembed._training.fit_tasks import (
    CallbackSupportMixin,
    FitTasks,
    run_with_callbacks,
)
from sklearn_seqembed._training.fitting import build_net, describe_result, train
from sklearn_seqembed._training.linear_forecasts import (
    share_components,
)
from sklearn_seqembed._training.pair_dataset import Pairs
from sklearn_seqembed._training.plan import (
    N_CALIBRATION_SEQUENCES,
    TrainingPlan,
    count_scored,
    plan_training,
    split_pairs,
)
from sklearn_seqembed._training.process import (
    Interrupts,
    ProcessState,
    allowing_gradients,
    is_called_by_search,
    isolated,
)
from sklearn_seqembed._training.randomness import Generators
from sklearn_seqembed._training.user_callbacks import copy_callbacks

# `fit` warns if the network explains less than this fraction of its training data.
MIN_TRAIN_SCORE = 0.05

# Maximum number of training pairs on which a linear forecast is compared with its mean
# with trained cells. It limits the time and was not tuned.
N_COMPARED_PAIRS = 2000

# Ends of the names of entries of a net's history that `history_` omits.
OMITTED = ("_count", "_best", "batches")

# Arguments of the network whose names differ from the parameters that set them.
PARAMETER_OF_ARGUMENT = {
    "parts": "objective",
    "shared_embedding": "shared_vocabulary",
    "reverse": "reverse_source",
    "n_points": "linear_map",
    "forecast_shape": "linear_map",
    "n_random": "random_features",
}


class Prepared(NamedTuple):
    """What `fit` knows before it builds the network.

    Attributes
    ----------
    read : Pairs
        Sequences and targets as they were read.
    pairs : Pairs
        Those to train on: windows, if a few long series were cut.
    plan : TrainingPlan
        How long to train.
    """

    read: Pairs
    pairs: Pairs
    plan: TrainingPlan


class BaseSequenceEstimator(
    ClosedFormMixin,
    DiagramMixin,
    CallbackSupportMixin,
    SavingMixin,
    StreamingMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    BaseEstimator,
):
    """Train an encoder-decoder network on pairs of sequences, and encode with it.

    An encoder maps each source sequence to a vector, and decoders map the vector to a
    target sequence. In reconstruction the target is the source itself.
    :meth:`_fit` and :meth:`transform` define the order of the steps. Each estimator
    implements the following methods, in a section at the end of its class:

    ``_check_data(X, y, reset)``
        Validate X and y, and return `Pairs` of sources and targets.
    ``_cut_windows(pairs, reset)``
        Cut a few long series into windows; return other pairs as they are.
    ``_fit_features(pairs, rng)``
        Fit scalers and vocabularies: the attributes `_features` of the sources and
        `_target_features` of the targets.
    ``_choose_network(pairs)``
        Set the parameters of the network that are "auto".
    ``_prepare_training(pairs)``
        Set attributes that may change between training runs. Raise an error or warn if
        the data or the parameters leave nothing to learn.
    ``_encode_pairs(pairs)``
        Convert the values of pairs to the inputs and targets of the network.
    ``_make_dataset(encoded, generator=None)``
        Return the torch dataset that makes batches of encoded pairs. A dataset for
        training needs a random generator.
    ``_network_params()``
        Return the class of the network and its arguments.
    ``_fit_intervals(net, encoded, validation, fitted, started)``
        Learn from held-out pairs how large errors are; nothing by default. The closed
        form `fitted` was fitted to all pairs, `started` without the held-out ones.
    ``_fit_scores(sequences, continues)``
        Learn what sequences are usual; nothing by default.
    ``_training_params()``
        Return the arguments of `train` that only one estimator has; none by default.
    """

    # Whether the target is one class, or some numbers, and not a sequence.
    _predicts_label = False

    # Whether the decoder zeroes states at random next to a linear forecast.
    _drops_forecast_states = False

    # Windows into which `fit` cut a few long series, None for other data.
    _windows = None

    def __sklearn_is_fitted__(self):
        return hasattr(self, "net_")

    @property
    def encoder_(self):
        """The trained encoder, a torch module that can be used on its own.

        Called as ``encoder_(numeric, categories, lengths)``, it returns vectors of
        shape (N, n_components). `numeric` is float32 of shape (N, L, F), scaled by
        `scaler_`, NaN where missing. `categories` is int64 of shape (N, L, K): 0 where
        missing, otherwise the rank of the category by decreasing frequency, starting
        at 1. The infrequent category is ranked like the others. `lengths` is int64 of
        shape (N,).
        """
        check_is_fitted(self)
        return self.net_.module_.encoder

    @property
    def decoder_(self):
        """The trained decoder, a torch module.

        A parallel decoder is called with vectors (N, n_components) and a number of
        time steps. It returns scaled values (N, n_steps, F); the logit of the
        probability that a step is the last one (N, n_steps); and logits
        (N, n_steps, ·), which its `heads` convert to categories. With
        `objective="composite"` it is the decoder of the reconstruction. An
        autoregressive decoder has the methods `initial_state`, which returns the state
        of its cells before the first step, and `step`, which predicts one step from
        that state and the previous step.
        """
        check_is_fitted(self)
        return next(iter(self.net_.module_.decoders.values()))

    @property
    def device_(self):
        """The device of the network, "cpu" or "cuda" for example."""
        check_is_fitted(self)
        return str(self.net_.device)

    @isolated
    def transform(self, X):
        """Encode each sequence as a vector.

        Parameters
        ----------
        X : list, array, tensor, frame or stream of n_samples sequences
            Sequences in any of the forms that :meth:`fit` accepts, with the same
            features; or those that :func:`scan_sequences` returns.

        Returns
        -------
        vectors : float32 ndarray of shape (n_samples, n_components)
            The vectors, or a frame of them if that was chosen with `set_output`.
        """
        check_is_fitted(self)
        vectors = list(map_parts(self._transform_part, X))
        return vectors[0] if len(vectors) == 1 else np.concatenate(vectors)

    def _transform_part(self, X):
        """Encode sequences in memory."""
        sequences, _ = self._check_X(X, reset=False)
        return self._encode(sequences)

    def _fit(self, X, y=None, *, single_pass=False):
        """Train the network.

        Parameters
        ----------
        X, y : object
            The user's data.
        single_pass : bool, default=False
            Whether to train for one epoch, at a constant learning rate and without
            validation, as `partial_fit` does.
        """
        # Everything is learned in a copy, which replaces the attributes in one step. An
        # error leaves the estimator unchanged, and `transform` in another thread uses
        # either the previous attributes or the new ones.
        fitted, interrupts = self._copy_attributes(), Interrupts()
        learn = functools.partial(fitted._learn, X, y, single_pass, interrupts)
        state = ProcessState(is_fit=True)
        try:
            with state, allowing_gradients():
                if hasattr(self, "_skl_callbacks") and not single_pass:
                    run_with_callbacks(self, learn, FitTasks(self, X, y))
                else:
                    learn()
        finally:
            state.restore()
        self.__dict__ = fitted.__dict__
        self._report_interrupts(interrupts)
        return self

    def _learn(self, X, y, single_pass, interrupts, tasks=None):
        """Set all attributes that `fit` learns; `tasks` are those of scikit-learn."""
        began = time.perf_counter()
        check_parameters(self)
        rng = check_seed(self.random_state)
        continues = hasattr(self, "net_") and (single_pass or self.warm_start)
        recorder, checkpoint = None, find_checkpoint(self.callbacks)
        if checkpoint is not None and not single_pass:
            recorder = CheckpointRecorder(checkpoint, self, rng)
            rng = recorder.rng
        prepared = self._prepare(X, y, rng, single_pass, continues, recorder)
        _, pairs, plan = prepared
        if self.verbose and not single_pass:
            seconds = time.perf_counter() - began
            estimate = estimate_fit_time(self, prepared, seconds, continues)
            self._report(write_headline(self, prepared, estimate))
        encoded = self._encode_pairs(pairs)
        # Before the split, so that fits without validation start from the same weights.
        seed = rng.randint(2**31)
        if pairs.sources.n_represented > len(pairs):  # a stream
            training, validation, streamed = self._split_sample(
                pairs, encoded, plan, rng
            )
        else:
            training, validation = self._split(encoded, plan, rng)
            streamed = None
        if single_pass and continues:  # do not repeat the batches of the last call
            seed = (seed + self.n_iter_) % 2**31
        # A fitted network stays on its device, even if `device` has another value.
        device = self.device_ if continues else resolve_device(self.device)
        generators = Generators(seed, device)
        if continues:
            net = self._copy_net()
        else:
            net = self._build_net(encoded, device, generators.cpu)
        fallback = fitted = started = None
        if not continues:
            self._closed_form = {}
        if self._has_linear_map and not continues:
            fallback = fitted = started = self._fit_closed_form(net, encoded, seed)
            self._closed_form["unexplained"] = float(fallback.unexplained)
            if self._may_be_useless and not single_pass:
                self._skip_useless_training(len(pairs), fallback.unexplained)
        if not (self.early_stopping_ and self.max_epochs_):
            fallback = None
        if fallback is not None:
            # Without the validation sequences, so that their loss can tell whether
            # training helps.
            started = self._fit_closed_form(net, training, seed)
        compared = None
        if self.max_epochs_ and self._forecast_shape:
            some = evenly_spaced(training.sources, N_COMPARED_PAIRS)
            compared = self._make_dataset(training[some])
            if not continues:
                net.module_.encoder.linear.load(started, shares=True)
            elif not net.module_.encoder.is_trained:
                share_components(net, compared)
        if plan.warning and self.max_epochs_:
            warn_user(plan.warning)
        intervals = encoded, validation, fitted, started
        scores = pairs.sources, single_pass and continues
        if tasks is not None:
            tasks.begin(
                self.max_epochs_, lambda net: self._preview(net, intervals, scores)
            )
        self._train(
            net,
            training,
            validation,
            generators,
            interrupts,
            tasks=tasks,
            projected=self._sample_projected(net, encoded, single_pass),
            n_iter_no_change=plan.n_iter_no_change,
            lr_schedule=None if single_pass else self.lr_schedule,
            fallback=fallback,
            compared=compared,
            recorder=recorder,
            streamed=streamed,
        )
        if not (single_pass or self.warm_start):
            # Only continued training needs the moments, which are twice the weights.
            net.optimizer_.state.clear()
        self._set_fitted(net, intervals, scores)
        self._record_used_epoch(net)
        if fallback is not None:
            self._closed_form["loss"] = self._closed_form_loss(net)
            self._report(self._describe_training(net))
        if single_pass:
            self._forget_fit()
        else:
            self._score_training(pairs, rng)
            self.fit_time_ = time.perf_counter() - began
        if tasks is not None:
            tasks.end(vars(self))
        if recorder is not None and not net.interrupted_:
            recorder.finish()

    def _prepare(self, X, y, rng, single_pass=False, continues=False, recorder=None):
        """Take the steps of `fit` that come before the network is built.

        Parameters
        ----------
        X, y : object
            The user's data.
        rng : RandomState
            Random numbers.
        single_pass : bool, default=False
            As in :meth:`_fit`.
        continues : bool, default=False
            Whether the training of a fitted network continues.
        recorder : CheckpointRecorder, default=None
            Checks that the data are those of the checkpoint.

        Returns
        -------
        Prepared
            The data, and how long to train.
        """
        read = self._check_data(X, y, reset=not continues)
        pairs = self._cut_windows(read, reset=not continues)
        if recorder is not None:
            recorder.check_data(pairs)
        if not continues:
            self._fit_features(pairs, rng)
            self._choose_network(pairs)
        self._warn_about_new_categories(pairs, continues)
        self._prepare_training(pairs)
        plan = self._plan_training(pairs, single_pass, continues)
        self._record_lengths(pairs.targets, reset=not continues)
        return Prepared(read, pairs, plan)

    def _warn_about_new_categories(self, pairs, continues):
        """Warn that categories which are not in the vocabulary are read as missing."""
        arguments = [("X", "categories", self._features, pairs.sources)]
        if pairs.targets is not pairs.sources:
            option = "categories" if self.shared_vocabulary else "target_categories"
            arguments.append(("y", option, self._target_features, pairs.targets))
        for name, option, features, sequences in arguments:
            learned = isinstance(getattr(self, option), str)
            if continues or not learned:  # else the vocabulary is what occurs
                warn_about_new(sequences, features.categorical, name, option, continues)

    def _copy_attributes(self):
        """Return an estimator that has the same attributes, which are not copied."""
        copied = object.__new__(type(self))
        # The copy of a dict cannot be interrupted by another thread.
        copied.__dict__ = dict(self.__dict__)
        return copied

    def _report_interrupts(self, interrupts):
        """Warn that Ctrl-C was pressed, or pass the interrupt on to a search.

        A search would score an estimator whose training was cut short as if it were
        complete, and go on.
        """
        if not interrupts.happened:
            return
        if is_called_by_search():
            raise KeyboardInterrupt
        if not self.net_.interrupted_:
            warn_user(
                "Ctrl-C was pressed after the last epoch: the remaining steps of fit "
                "were completed."
            )

    def _check_X(self, X, reset):
        """Validate X as `check_sequences` does, and the names of its columns.

        scikit-learn checks the names between the two steps of `check_sequences`: its
        estimator checks expect its own messages, and expect them first.

        Parameters
        ----------
        X : object
            The sequences passed by the user.
        reset : bool
            Whether X determines the features, as in `fit`. Otherwise it must have the
            features of `fit`.

        Returns
        -------
        sequences : Sequences
            The sequences.
        schema : Schema
            Container and features of X.
        """
        estimator_name = type(self).__name__
        fitted = None if reset else self._schema
        dims = None if reset else fitted.container.dims
        if not reset:
            refuse_row_of_frame(X, fitted)
        parsed = parse_sequences(X, estimator_name=estimator_name, dims=dims)
        if reset or parsed.container.is_table == fitted.is_table:
            # Only column names are checked here; other containers than frames have
            # none, so an array replaces them. The number of features is checked below,
            # where the error message can be more specific.
            columns = np.empty((1, 1)) if parsed.frame is None else parsed.frame
            validate_data(
                self, columns, reset=reset, skip_check_array=True, ensure_2d=False
            )
        sequences, schema = validate_parsed(
            parsed,
            categorical_features=self.categorical_features,
            schema=fitted,
            estimator_name=estimator_name,
        )
        if reset:
            self._schema = schema.without_rows()
            self.n_features_in_ = schema.n_columns
            self.is_categorical_ = schema.is_categorical
            lengths = parsed.lengths
            self._has_equal_lengths = len(lengths) > 1 and not np.ptp(lengths)
            self._ranges = measure_ranges(parsed)
        else:
            # Files of earlier versions do not know this about their training data.
            if getattr(self, "_has_equal_lengths", False):
                warn_about_padding(parsed)
            if hasattr(self, "_ranges"):
                warn_about_ranges(parsed, self._ranges)
        return sequences, schema

    def _fit_source_features(self, sequences, rng, vocabulary_of=None):
        """Fit the scaler and the vocabularies of X."""
        self._features = self._feature_encoder(self.scaler, rng)
        kinds = self._schema.kinds
        categories = check_categories(self.categories, kinds, "categories", "X")
        self._features.fit(sequences, vocabulary_of, categories)
        self.scaler_ = self._features.numeric.scaler_
        is_categorical = self.is_categorical_
        self.categories_ = self._features.list_categories(is_categorical)
        self.infrequent_categories_ = self._features.list_infrequent_categories(
            is_categorical
        )

    def _feature_encoder(self, scaler, rng, **names):
        seed = None if self.random_state is None else rng.randint(2**31)
        limits = map(as_plain_number, (self.min_frequency, self.max_categories))
        return FeatureEncoder(scaler, seed, *limits, self.handle_unknown, **names)

    def _plan_training(self, pairs, single_pass, continues):
        """Set `early_stopping_`, `batch_size_` and `max_epochs_`; return the plan."""
        options = {
            name: getattr(self, name)
            for name in (
                "early_stopping",
                "validation_fraction",
                "batch_size",
                "max_epochs",
                "n_iter_no_change",
            )
        }
        if single_pass:
            options |= {"early_stopping": False, "max_epochs": 1}
        if single_pass and continues:
            # The number of batches of an epoch is constant.
            options["batch_size"] = _auto.resolve(self.batch_size, self.batch_size_)
        plan = plan_training(
            pairs.sources.n_represented,
            self._epoch_cost(pairs),
            n_in_memory=len(pairs),
            has_categories=self._has_categories,
            is_forecast=self._forecast_shape is not None,
            has_dropout=self._drops_forecast_states,
            predicts_label=self._predicts_label,
            may_be_useless=self._may_be_useless and not continues,
            **options,
        )
        self.early_stopping_ = plan.n_held_out > 0
        self.batch_size_, self.max_epochs_ = plan.batch_size, plan.max_epochs
        return plan

    @property
    def _learns_ends(self):
        """Whether training minimizes a loss of the ends of targets as well."""
        # If all targets have the same length, there is no end to predict; a linear map
        # has the length among its components.
        return self._shortest < self._longest and not self._n_points

    def _report(self, message):
        if self.verbose:
            print(f"[{type(self).__name__}] {message}")

    def _epoch_cost(self, pairs):
        """Return what an epoch of training over all pairs computes."""
        sources, targets = pairs.sources, pairs.targets
        n_patches = int((-(-sources.lengths // self.patch_size_)).sum())
        if targets is not sources:
            # Half of the cost of a patch is that of the decoder.
            patch_size = self._target_patch_size
            n_decoded = int((-(-targets.lengths // patch_size)).sum())
            n_patches = (n_patches + n_decoded) // 2
        # Binary features are read as numbers.
        n_classes = self._features.n_classes, self._target_features.n_classes
        n_values = sources.n_numeric + sum(n <= 2 for n in n_classes[0])
        n_tokens = sum(n > 2 for n in n_classes[1])
        factor = sources.n_represented / len(sources)
        return _auto.EpochCost(
            int(n_patches * factor),
            int(sources.n_steps * n_values * factor),
            int(targets.n_steps * n_tokens * factor),
        )

    @property
    def _has_categories(self):
        """Whether a feature has more than two classes; others are like numbers."""
        n_classes = *self._features.n_classes, *self._target_features.n_classes
        return max(n_classes, default=0) > 2

    def _record_lengths(self, targets, reset):
        """Update the shortest and the longest target length since the last reset."""
        if reset:
            self._shortest, self._longest = math.inf, 0
        self._shortest = min(self._shortest, targets.shortest)
        self._longest = max(self._longest, targets.longest)

    def _split(self, encoded, plan, rng):
        """Split pairs for training and validation (None without early stopping)."""
        n_gap = None
        if self._forecast_shape is not None:
            n_gap = self._windows.horizon if self._windows else 0
        return split_pairs(encoded, plan, rng, n_gap)

    def _encode_sources(self, sequences, location_scale=None):
        """Convert X to inputs; errors about unseen categories name the feature."""
        schema = self._schema
        names = name_categorical_features(schema.is_categorical, schema.feature_names)
        if location_scale is None:
            location_scale = self._locate_sources(sequences)
        return self._features.encode(sequences, names, location_scale)

    def _locate_sources(self, sequences):
        """Return location and scale of sequences, None if they are read as they are."""

    def _locate_targets(self, sequences):
        """Return location and scale of the targets of sequences, None without any."""

    def _build_net(self, encoded, device, generator):
        """Build a network, and estimate the scales of its inputs."""
        net = self._initialize_net(device, generator)
        self._calibrate(net, encoded)
        return net

    def _initialize_net(self, device, generator):
        """Build a network with random weights."""
        network, params = self._network_params()
        return build_net(
            network,
            params,
            class_scales=self._target_features.class_scales,
            lr=float(self.lr),
            weight_decay=float(self.weight_decay),
            batch_size=self.batch_size_,
            device=device,
            generator=generator,
        )

    def _calibrate(self, net, encoded):
        """Estimate the scales of the inputs of a network."""
        net.calibrate(
            self._sample(encoded.sources, N_CALIBRATION_SEQUENCES),
            self._features.categorical.frequencies,
        )

    def _copy_net(self):
        """Copy the fitted net to continue its training.

        The fitted net is copied so that it is unchanged if training fails. Raise an
        error if parameters with which the network was built have changed.
        """
        net = copy_for_training(self.net_)
        net.lr, net.batch_size = float(self.lr), self.batch_size_
        net.weight_decay = float(self.weight_decay)
        for group in net.optimizer_.param_groups:
            group["weight_decay"] = net.weight_decay
        built_with = net.get_params(deep=False)
        for name, value in self._network_params()[1].items():
            before = built_with[f"module__{name}"]
            if value != before:
                if PARAMETER_OF_ARGUMENT.get(name) == "linear_map":
                    # The user only chooses whether there is one.
                    before, value = bool(before), bool(value)
                name = PARAMETER_OF_ARGUMENT.get(name, name)
                raise ValueError(
                    f"The network was built with {name}={before!r}, but now it is "
                    f"{value!r}. To continue its training, restore {name}; to train a "
                    "new network, call fit with warm_start=False."
                )
        return net

    def _train(
        self,
        net,
        training,
        validation,
        generators,
        interrupts,
        recorder=None,
        streamed=None,
        **options,
    ):
        """Train a net; `options` are those of `train`.

        `streamed` returns the training data of a stream, of which `training` is a
        sample.
        """
        if recorder is not None:
            recorder.prepare(net, generators, self.max_epochs_)
        net.compute_dtype = resolve_precision(self.precision, net.device)
        net.criterion_.learn_ends = self._learns_ends
        net.criterion_.absolute = self._absolute_loss
        if validation is not None:
            validation = self._make_dataset(validation)
        if streamed is None:
            dataset = self._make_dataset(training, generators.cpu)
        else:
            dataset = streamed(generators.cpu)
        train(
            net,
            dataset,
            validation,
            generator=generators.device,
            interrupts=interrupts,
            max_epochs=self.max_epochs_,
            recorder=recorder,
            callbacks=self.callbacks or (),
            verbose=self.verbose,
            **options,
            **self._training_params(),
        )

    def _training_params(self):
        return {}

    def _describe_training(self, net):
        """Tell why training ended, and whether it improved on the closed form."""
        return describe_result(net, self.history_, self.max_epochs_)

    def _cut_windows(self, pairs, reset):
        return pairs

    def _choose_windows(self, n_series, shortest, horizon):
        """Return the windows into which to cut series, None to leave them as they are.

        Parameters
        ----------
        n_series : int
            Number of numeric series.
        shortest : int
            Number of time steps before the horizon of the shortest one.
        horizon : int
            Number of time steps to forecast.
        """
        if not self.linear_map or n_series > _auto.MAX_SERIES:
            return None
        lookback = _auto.choose_lookback(shortest, horizon)
        if lookback is None:
            return None
        return Windows(lookback, horizon, _auto.MAX_WINDOW_STEPS)

    def _fit_intervals(self, net, encoded, validation, fitted, started):
        """Learn how large errors are; there are intervals only for predictions."""

    def _fit_scores(self, sequences, continues):
        """Learn what `score_samples` needs besides the network; only the embedder."""

    def _warn_about_short(self, sequences):
        """Warn of series with fewer time steps than the forecasts of `fit` read."""
        if self._windows is None:
            return
        n_steps = self.net_.module_.encoder.linear.n_used_lags
        short = np.flatnonzero(sequences.lengths < n_steps)
        if len(short):
            n_found = count(sequences.lengths[short[0]], "time step")
            warn_reading(
                f"Sequence {short[0]} of X has {n_found}, but forecasts read the last "
                f"{n_steps}, so the steps before were set to its first value; pass the "
                "whole series, or at least so many of its last steps."
            )

    def _take_recent(self, sequences):
        """Return the time steps that are read."""
        if self._windows is None:
            return sequences
        return take_last(sequences, self._windows.lookback)

    def _encoder_params(self):
        """Return the arguments of `Encoder` that both estimators pass."""
        hidden_size = _auto.resolve(self.hidden_size, self.hidden_size_)
        return {
            "n_features": self._features.numeric.n_features,
            "n_classes": self._features.n_classes,
            "n_components": int(self.n_components),
            "hidden_size": hidden_size if hidden_size is None else int(hidden_size),
            "num_layers": int(self.num_layers),
            "bidirectional": bool(self.bidirectional),
            "dropout": float(self.dropout),
            "cell": self.cell,
            "patch_size": int(_auto.resolve(self.patch_size, self.patch_size_)),
            "missing_indicator": self._features.numeric.missing_indicator_,
        }

    def _preview(self, net, intervals, scores):
        """Return the attributes of a fit that ended with a net."""
        estimator = self._copy_attributes()
        estimator._set_fitted(net, intervals, scores)
        estimator._forget_fit()
        return vars(estimator)

    def _forget_fit(self):
        """Remove what belongs to an earlier fit, or to earlier weights."""
        for name in ("train_score_", "fit_time_"):
            vars(self).pop(name, None)

    def _set_fitted(self, net, intervals, scores):
        """Set the results of a training, and what `fit` learns after it."""
        self.net_ = net
        self.net_.module_.eval()  # for users who call the encoder themselves
        self.history_ = [
            {k: v for k, v in row.items() if not k.endswith(OMITTED)}
            for row in net.history
        ]
        self.n_iter_ = len(self.history_)
        self._fit_intervals(net, *intervals)
        self._fit_scores(*scores)

    def _score_training(self, pairs, rng):
        """Set `train_score_`, and warn if little was learned."""
        n_scored = count_scored(len(pairs), self.n_iter_)
        scored = np.sort(rng.permutation(len(pairs))[:n_scored])
        self.train_score_ = self._explained_fraction(pairs[scored])
        if self.train_score_ < MIN_TRAIN_SCORE and self.max_epochs_:
            warn_user(
                f"The network explains only {max(0.0, self.train_score_):.1%} of its "
                f"training data after {count(self.n_iter_, 'epoch')}: it predicts "
                "little more than the mean. Increase max_epochs or n_components, or "
                "try another patch_size or lr.",
                ConvergenceWarning,
            )

    def _explained_fraction(self, pairs):
        """Return the explained fraction of the deviance of the targets."""
        tally = ExplainedTally(self._target_features.numeric)
        self._add_explained(tally, pairs)
        return float(np.mean(tally.fractions()))

    def _add_explained(self, tally, pairs):
        """Add the deviances of the targets of some pairs."""
        dataset = self._make_dataset(self._encode_pairs(pairs))
        with closing(self.net_.predict_parts(dataset)) as predictions:
            located = self._locate_targets(pairs.sources)
            tally.add(predictions, pairs.targets, located)

    def _encode(self, sequences):
        """Return the vectors of sequences."""
        categorical = self._features.categorical
        warn_about_unseen(sequences, categorical, self.is_categorical_)
        self._warn_about_short(sequences)
        sequences = self._take_recent(sequences)
        encoded = self._encode_sources(sequences)
        return self.net_.encode(SequenceDataset(encoded, self.patch_size_, parts=()))

    @property
    def _n_features_out(self):
        """Number of components, for get_feature_names_out."""
        return self.net_.module__n_components

    def __copy__(self):
        return self._copy_attributes()

    def __sklearn_clone__(self):
        """Clone as scikit-learn does, but share with the clone what callbacks hold.

        A callback may hold an open file or a connection, which cannot be copied.
        """
        without = self._copy_attributes()
        callbacks = getattr(self, "callbacks", None)
        if isinstance(callbacks, (list, tuple)):
            without.callbacks = None
        # Not clone(without), which would call this method.
        cloned = super(BaseSequenceEstimator, without).__sklearn_clone__()
        if isinstance(callbacks, (list, tuple)):
            cloned.callbacks = copy_callbacks(callbacks)
        return cloned

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

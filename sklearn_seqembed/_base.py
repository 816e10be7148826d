"""What the estimators share: how they are fitted, judged, and asked for vectors."""

import copy
import math
import warnings
from contextlib import contextmanager

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from sklearn_seqembed._data.checking import parse_sequences, validate_parsed
from sklearn_seqembed._features.encoder import (
    FeatureEncoder,
    categorical_names,
    evenly_spaced,
)
from sklearn_seqembed._parameters import check_parameters
from sklearn_seqembed._settling import kept, settle_training, split
from sklearn_seqembed._training.dataset import SequenceDataset
from sklearn_seqembed._training.devices import resolve_device, resolve_precision, seeded
from sklearn_seqembed._training.fitting import build_net, train

# A model that explains less than this share warns.
LEAST_SCORE = 0.05

# It is judged on so many sequences of fit at most, and for each epoch on no more than
# this share of them: that takes 1 % of the time, for to learn is three times the work.
JUDGED_SEQUENCES = 1000
JUDGED_SHARE = 0.03
LEAST_JUDGED_SEQUENCES = 32

# Parameters by the names of arguments of the network, where these differ.
PARAMETERS = {
    "parts": "objective",
    "shared_embedding": "shared_vocabulary",
    "reverse": "reverse_source",
}

# Sequences, at most, that tell how what is read varies, and how the vectors do.
CALIBRATED_SEQUENCES = 256
JOINED_SEQUENCES = 2000


class BaseSequenceEstimator(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator
):
    """Fit an encoder-decoder net on sequences; encode and decode with it."""

    def __sklearn_is_fitted__(self):
        return hasattr(self, "net_")

    @property
    def encoder_(self):
        """The trained encoder, a torch module that needs nothing else.

        Called as ``encoder_(numeric, categories, lengths)`` with float32 values of
        shape (N, L, F), scaled by `scaler_` and NaN where missing, int64 categories of
        shape (N, L, K), ranks by falling frequency from 1 on ("unknown" has a rank
        among them) and 0 where missing, and int64 lengths of shape (N,); gives
        (N, n_components).
        """
        check_is_fitted(self)
        return self.net_.module_.encoder

    @property
    def decoder_(self):
        """The trained decoder, a torch module.

        One that says all steps at once is called with vectors (N, n_components) and a
        number of steps. It gives scaled values (N, n_steps, F), at each step the logit
        of being the last, and the scores (N, n_steps, ·) that its `heads` turn into
        categories; with `objective="composite"` it is that of the reconstruction. One
        that says step by step has `initial_state`, which gives the state of its cells
        before the first step, and `step`, which says a step given that state and the
        step before.
        """
        check_is_fitted(self)
        return next(iter(self.net_.module_.decoders.values()))

    @property
    def device_(self):
        """The device that the network lies on, "cpu" or "cuda" for example."""
        check_is_fitted(self)
        return str(self.net_.device)

    def transform(self, X):
        """Encode each sequence as one vector.

        Parameters
        ----------
        X : list, array, tensor or frame of n_samples sequences
            In any form that :meth:`fit` takes, with the same features.

        Returns
        -------
        vectors : float32 ndarray of shape (n_samples, n_components)
            The vectors; a frame where `set_output` asks for one.
        """
        sequences, _ = self._check_in(X)
        return self._encode(sequences)

    def _fit(self, X, y=None):
        """Train on X: anew, or from the present weights with `warm_start`."""
        with self._unchanged_on_failure():
            return self._fit_checked(X, y)

    def _fit_checked(self, X, y):
        check_parameters(self)
        warm = self.warm_start and hasattr(self, "net_")
        rng = check_random_state(self.random_state)
        data, *containers = self._check_data(X, y, reset=not warm)
        if not warm:
            self._settle(data, *containers, rng=rng)
        self._settle_training(len(data))
        self._check_learnable(data)
        encoded = self._encode_ahead(data)
        train_part, valid_part = split(self, len(data), rng)
        datasets = [
            part if part is None else self._dataset(encoded[part], train)
            for part, train in ((train_part, True), (valid_part, False))
        ]
        # Not the device of fit: a network may have been opened on another one.
        device = self.device_ if warm else resolve_device(self.device)
        with seeded(rng.randint(2**31), device):
            net = self._net(data, None if warm else device)
            trained = encoded[train_part]
            if not warm:
                net.calibrate(self._whole(trained, CALIBRATED_SEQUENCES))
            train(
                net,
                *datasets,
                max_epochs=self.max_epochs_,
                lr_schedule=self.lr_schedule,
                n_iter_no_change=self.n_iter_no_change,
                scheduled_sampling=getattr(self, "scheduled_sampling", 0.0),
                callbacks=self.callbacks or (),
                verbose=self.verbose,
            )
            net.fit_projection(self._whole(trained, JOINED_SEQUENCES))
        self._keep(net)
        self._judge(data, rng)
        return self

    def _partial_fit(self, X, y=None):
        """Pass once over X, at a constant rate, without validation."""
        with self._unchanged_on_failure():
            return self._partial_fit_checked(X, y)

    @contextmanager
    def _unchanged_on_failure(self):
        """Put all attributes back if a fit is refused or fails."""
        before = dict(vars(self))
        try:
            yield
        except BaseException:  # Ctrl-C outside the training loop too
            vars(self).clear()
            vars(self).update(before)
            raise

    def _partial_fit_checked(self, X, y):
        check_parameters(self)
        first = not hasattr(self, "net_")
        rng = check_random_state(self.random_state)
        data, *containers = self._check_data(X, y, reset=first)
        if first:
            self._settle(data, *containers, rng=rng)
        self._settle_training(len(data), partial=True, keep_auto=not first)
        self._check_learnable(data)
        encoded = self._encode_ahead(data)
        dataset = self._dataset(encoded, train=True)
        # Another seed each call, or every pass would draw the same batches.
        seed = (rng.randint(2**31) + (0 if first else self.n_iter_)) % 2**31
        device = resolve_device(self.device) if first else self.device_
        with seeded(seed, device):
            net = self._net(data, device if first else None)
            if first:
                net.calibrate(self._whole(encoded, CALIBRATED_SEQUENCES))
            train(
                net,
                dataset,
                max_epochs=self.max_epochs_,
                scheduled_sampling=getattr(self, "scheduled_sampling", 0.0),
                callbacks=self.callbacks or (),
                verbose=self.verbose,
            )
            # Later calls keep the scales, and so the meaning of numbers.
            if not net.module_.encoder.projection.is_fitted:
                net.fit_projection(self._whole(encoded, JOINED_SEQUENCES))
        self._keep(net)
        vars(self).pop("train_score_", None)  # it was that of other weights
        return self

    def _settle_features(self, sequences, schema, rng, vocabulary_of=None):
        """Learn scale and categories of X, for the life of a network."""
        self._schema = schema.without_rows()
        seed = None if self.random_state is None else rng.randint(2**31)
        self._features = self._feature_encoder(self.scaler, seed)
        self._features.fit(sequences, vocabulary_of)
        self.scaler_ = self._features.numeric.scaler_
        found = self._features, self.is_categorical_
        self.categories_ = FeatureEncoder.by_feature(*found, "categories")
        self.infrequent_categories_ = FeatureEncoder.by_feature(*found, "infrequent")
        self._shortest, self._longest = math.inf, 0

    def _feature_encoder(self, scaler, seed, argument="X"):
        options = self.min_frequency, self.max_categories, self.handle_unknown
        return FeatureEncoder(scaler, seed, *options, argument=argument)

    def _settle_training(self, n_samples, partial=False, keep_auto=False):
        settle_training(self, n_samples, self._has_categories, partial, keep_auto)

    @property
    def _has_categories(self):
        return bool(self._features.n_classes)

    def _encode_sources(self, sequences):
        """Encode X, naming its categorical features in messages."""
        return self._features.encode(sequences, categorical_names(self._schema))

    def _net(self, data, device):
        """Build a net on `device`, or with None check that ours still fits."""
        lengths = self._learned_lengths(data)
        self._shortest = min(self._shortest, int(lengths.min()))
        self._longest = max(self._longest, int(lengths.max()))
        module_params = self._module_params()
        if device is not None:
            net = build_net(
                self._network,
                module_params,
                class_scales=self._learned_features.class_scales,
                lr=self.lr,
                weight_decay=self.weight_decay,
                batch_size=self.batch_size_,
                device=device,
            )
        else:
            # A copy: a training that fails leaves ours as it was.
            net = copy.deepcopy(self.net_)
            net.lr, net.batch_size = self.lr, self.batch_size_
            for group in net.optimizer_.param_groups:
                group["weight_decay"] = self.weight_decay
            for name, value in module_params.items():
                before = getattr(net, f"module__{name}")
                if value != before:
                    name = PARAMETERS.get(name, name)
                    raise ValueError(
                        f"The network was built for {name}={before!r}, now it is "
                        f"{value!r}. To train it on, set {name} back; for a new "
                        "network, call fit with warm_start=False."
                    )
        net.compute_dtype = resolve_precision(self.precision, net.device)
        # What never varies need not be learned.
        net.criterion_.learn_ends = self._shortest < self._longest
        return net

    def _encoder_params(self):
        """Give the arguments of :class:`Encoder` that all networks have."""
        hidden_size = kept(self, "hidden_size")
        return {
            "n_features": self._features.numeric.n_features,
            "n_classes": self._features.n_classes,
            "n_components": int(self.n_components),
            "hidden_size": hidden_size if hidden_size is None else int(hidden_size),
            "num_layers": int(self.num_layers),
            "bidirectional": bool(self.bidirectional),
            "dropout": self.dropout,
            "cell": self.cell,
            "patch_size": int(kept(self, "patch_size")),
            "missing_indicator": self._features.numeric.missing_indicator_,
        }

    def _keep(self, net):
        """Set what is left after training."""
        self.net_ = net
        self.net_.module_.eval()  # for those who take the encoder alone
        self.history_ = [
            {k: v for k, v in row.items() if not k.endswith(("_count", "_best"))}
            for row in net.history
        ]
        self.n_iter_ = len(self.history_)

    def _judge(self, data, rng):
        """Score what was learned from, or some of it, and warn if that is little."""
        affordable = int(JUDGED_SHARE * self.n_iter_ * len(data))
        n_judged = max(LEAST_JUDGED_SEQUENCES, min(affordable, JUDGED_SEQUENCES))
        n_judged = min(n_judged, len(data))
        judged = np.sort(rng.permutation(len(data))[:n_judged])
        self.train_score_ = self._explained(data[judged])
        if self.train_score_ < LEAST_SCORE and self.max_epochs_:
            warnings.warn(
                f"The network explains only {max(0.0, self.train_score_):.1%} of its "
                f"training {self._judged_name} after {self.n_iter_} epoch(s): it gives "
                "back little more than the mean. Raise max_epochs or n_components, or "
                "try another patch_size or lr.",
                ConvergenceWarning,
                stacklevel=5,
            )

    def _check_in(self, X):
        check_is_fitted(self)
        return self._check_X(X, reset=False)

    def _check_X(self, X, reset):
        """Read and validate X; scikit-learn checks the names of columns.

        Parameters
        ----------
        X : list, array, tensor or frame
            The sequences.
        reset : bool
            Whether X determines the features, in fit, or is compared with them.

        Returns
        -------
        sequences : Sequences
            The sequences.
        schema : Schema
            Container and features of X.
        """
        estimator_name = type(self).__name__
        parsed = parse_sequences(X, estimator_name=estimator_name)
        fitted = None if reset else self._schema
        if reset or parsed.container.is_table == fitted.is_table:
            # Sequences without names are represented by an array. The number of
            # features is checked below, because of the way out in the message.
            columns = np.empty((1, 1)) if parsed.frame is None else parsed.frame
            options = {"skip_check_array": True, "ensure_2d": False}
            validate_data(self, columns, reset=reset, **options)
        sequences, schema = validate_parsed(
            parsed,
            categorical_features=self.categorical_features,
            schema=fitted,
            estimator_name=estimator_name,
        )
        if reset:
            self.n_features_in_ = schema.n_columns
            self.is_categorical_ = schema.is_categorical
        return sequences, schema

    def _encode(self, sequences):
        """Read sequences whole, give their vectors."""
        encoded = self._encode_sources(sequences)
        return self.net_.encode(SequenceDataset(encoded, self.patch_size_, parts=()))

    def _whole(self, encoded, n_most):
        """Read sequences whole, so many in equal distances."""
        sequences = self._sources(encoded)
        sequences = sequences[evenly_spaced(sequences, n_most)]
        return SequenceDataset(sequences, self.patch_size_, parts=())

    def _sources(self, encoded):
        """Take what is read from what is learned from."""
        return encoded

    @property
    def _n_features_out(self):
        """Length of the vector, for get_feature_names_out: what fit saw."""
        return self.net_.module__n_components

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

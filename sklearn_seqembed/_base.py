"""What the estimators share: fitting, the way in and the way out."""

import copy
import warnings
from contextlib import contextmanager

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from sklearn_seqembed import _auto
from sklearn_seqembed._batching import inference_batches, padded_length
from sklearn_seqembed._blocks import Sequences
from sklearn_seqembed._dataset import SequenceDataset, encode_ahead
from sklearn_seqembed._devices import resolve_device, resolve_precision, seeded
from sklearn_seqembed._features import NumericFeatures
from sklearn_seqembed._horizons import (
    check_held_back,
    check_horizons,
    count_horizons,
)
from sklearn_seqembed._loss import end_log_likelihood
from sklearn_seqembed._parameters import PARTS, as_options, check_parameters
from sklearn_seqembed._scoring import explained_share
from sklearn_seqembed._sequences import check_sequences
from sklearn_seqembed._training import build_net, train
from sklearn_seqembed._vocabulary import CategoricalFeatures

# A model that explains less than this share warns.
LEAST_SCORE = 0.05

# It is judged on so many sequences of fit at most, and for each epoch on no more than
# this share of them: that takes 1 % of the time, for to learn is three times the work.
JUDGED_SEQUENCES = 1000
JUDGED_SHARE = 0.03
LEAST_JUDGED_SEQUENCES = 32

# Sequences, at most, that tell how what is read varies, and how the vectors do.
CALIBRATED_SEQUENCES = 256
JOINED_SEQUENCES = 2000


class BaseSequenceEstimator(BaseEstimator):
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
        """The trained decoder, a torch module: (N, n_components) and a number of steps.

        Gives scaled values (N, n_steps, F), at each step the logit of being the last,
        and the scores (N, n_steps, ·) that its `heads` turn into categories. With
        `objective="composite"` it is the decoder of the reconstruction.
        """
        check_is_fitted(self)
        return next(iter(self.net_.module_.decoders.values()))

    @property
    def device_(self):
        """The device that the network lies on, "cpu" or "cuda" for example."""
        check_is_fitted(self)
        return str(self.net_.device)

    def _fit(self, X):
        """Train on X: anew, or from the present weights with `warm_start`."""
        with self._unchanged_on_failure():
            return self._fit_checked(X)

    def _fit_checked(self, X):
        check_parameters(self)
        warm = self.warm_start and hasattr(self, "net_")
        rng = check_random_state(self.random_state)
        sequences, container = check_sequences(X, estimator=self, reset=not warm)
        if not warm:
            self._settle(sequences, container, rng)
        self._settle_training(len(sequences))
        self._check_horizons(sequences)
        self._check_held_back(sequences)
        encoded, *encoding = self._encode_ahead(sequences)
        train_part, valid_part = self._split(len(sequences), rng)
        datasets = [
            part if part is None else self._dataset(encoded[part], *encoding, train)
            for part, train in ((train_part, True), (valid_part, False))
        ]
        # Not the device of fit: a network may have been opened on another one.
        device = self.device_ if warm else resolve_device(self.device)
        with seeded(rng.randint(2**31), device):
            net = self._net(sequences, None if warm else device)
            trained = encoded[train_part]
            if not warm:
                net.calibrate(self._whole(trained, *encoding, CALIBRATED_SEQUENCES))
            train(
                net,
                *datasets,
                max_epochs=self.max_epochs_,
                lr_schedule=self.lr_schedule,
                n_iter_no_change=self.n_iter_no_change,
                callbacks=self.callbacks or (),
                verbose=self.verbose,
            )
            net.fit_vectors(self._whole(trained, *encoding, JOINED_SEQUENCES))
        self._keep(net)
        self._judge(sequences, rng)
        return self

    def _partial_fit(self, X):
        """Pass once over X, at a constant rate, without validation."""
        with self._unchanged_on_failure():
            return self._partial_fit_checked(X)

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

    def _partial_fit_checked(self, X):
        check_parameters(self)
        first = not hasattr(self, "net_")
        rng = check_random_state(self.random_state)
        sequences, container = check_sequences(X, estimator=self, reset=first)
        if first:
            self._settle(sequences, container, rng)
        self._settle_training(len(sequences), partial=True, keep_auto=not first)
        self._check_horizons(sequences)
        self._check_held_back(sequences)
        encoded = self._encode_ahead(sequences)
        dataset = self._dataset(*encoded, train=True)
        # Another seed each call, or every pass would draw the same batches.
        seed = (rng.randint(2**31) + (0 if first else self.n_iter_)) % 2**31
        device = resolve_device(self.device) if first else self.device_
        with seeded(seed, device):
            net = self._net(sequences, device if first else None)
            if first:
                net.calibrate(self._whole(*encoded, CALIBRATED_SEQUENCES))
            train(
                net,
                dataset,
                max_epochs=self.max_epochs_,
                callbacks=self.callbacks or (),
                verbose=self.verbose,
            )
            # Later calls keep the scales, and so the meaning of numbers.
            if not net.module_.encoder.joined.is_fitted:
                net.fit_vectors(self._whole(*encoded, JOINED_SEQUENCES))
        self._keep(net)
        vars(self).pop("train_score_", None)  # it was that of other weights
        return self

    def _settle(self, sequences, container, rng):
        """Learn from the data what stays the same for the life of a network."""
        self._container = container.without_rows()
        seed = None if self.random_state is None else rng.randint(2**31)
        self._features = NumericFeatures(self.scaler, seed).fit(sequences)
        self.scaler_ = self._features.scaler_
        self._settle_categories(sequences)
        self._parts = PARTS[self.objective]
        some = sequences[_spaced(len(sequences), JUDGED_SEQUENCES)]
        chosen = _auto.choose_network(
            self.n_components,
            sequences.lengths,
            sequences.n_features,
            self._has_categories,
            *self._features.moments(some),
        )
        for name, value in chosen.items():
            given = getattr(self, name)
            value = value if given == "auto" else given
            if isinstance(value, np.generic):
                value = value.item()  # torch takes no int of numpy
            setattr(self, f"{name}_", value)
        self._shortest, self._longest = np.inf, 0

    def _settle_categories(self, sequences):
        """Learn the vocabularies, and how much a surprisal counts beside an error."""
        self._categories = CategoricalFeatures(
            self.min_frequency, self.max_categories, self.handle_unknown
        ).fit(sequences)
        vocabularies = iter(self._categories.vocabularies)
        found = [next(vocabularies) if is_ else None for is_ in self.is_categorical_]
        self.categories_ = [v if v is None else v.levels for v in found]
        self.infrequent_categories_ = [v if v is None else v.infrequent for v in found]
        # A number's error is 1 at first, if the scaler is the standard one.
        first = 1.0
        if sequences.categories and sequences.n_numeric:
            some = sequences[_spaced(len(sequences), JUDGED_SEQUENCES)]
            first = self._features.mean_variance(some)
        self._class_scales = tuple(
            first / entropy if entropy else 0.0
            for entropy in self._categories.entropies
        )

    @property
    def _has_categories(self):
        return bool(self._categories.vocabularies)

    def _settle_training(self, n_samples, partial=False, keep_auto=False):
        """Settle what may differ from one training to the next."""
        if not (keep_auto and self.horizon == "auto"):
            self.horizon_ = _auto.HORIZON if self.horizon == "auto" else self.horizon
        self.early_stopping_ = self.early_stopping and not partial
        if self.early_stopping == "auto":
            enough = _auto.choose_early_stopping(n_samples)
            self.early_stopping_ = enough and not partial
        if self.early_stopping_ and n_samples < 2:
            raise ValueError(
                "early_stopping=True holds out sequences, but X has 1 sequence. Set "
                "early_stopping=False, or pass at least 2 sequences."
            )
        n_train = n_samples - self._n_held_out(n_samples)
        if self.batch_size != "auto":
            self.batch_size_ = int(self.batch_size)
        elif not keep_auto:
            self.batch_size_ = _auto.choose_batch_size(n_train, self._has_categories)
        self.max_epochs_ = self.max_epochs
        if partial:
            self.max_epochs_ = 1
        elif self.max_epochs == "auto":
            n_batches = -(-n_train // self.batch_size_)
            self.max_epochs_ = _auto.choose_max_epochs(n_batches, self._has_categories)

    def _n_held_out(self, n_samples):
        if not self.early_stopping_:
            return 0
        return min(n_samples - 1, max(1, round(n_samples * self.validation_fraction)))

    def _split(self, n_samples, rng):
        """Choose training and validation sequences; None for no validation."""
        n_held_out = self._n_held_out(n_samples)
        if not n_held_out:
            return np.arange(n_samples), None
        order = rng.permutation(n_samples)
        return np.sort(order[n_held_out:]), np.sort(order[:n_held_out])

    def _encode_ahead(self, sequences):
        """Encode what can be kept: sequences, and what is left to do with them."""
        names = [name for name in self._feature_names() if name is not None]
        lookups = self._categories.lookups(sequences, names)
        return *encode_ahead(sequences, self._features.encode), lookups

    def _feature_names(self):
        """How messages call each categorical feature; None for others."""
        n_features = len(self.is_categorical_)
        names = getattr(self, "feature_names_in_", range(n_features))
        if len(names) != n_features:  # the columns of a table are its time steps
            names = range(n_features)
        return [
            repr(str(name)) if isinstance(name, str) else name if is_ else None
            for name, is_ in zip(names, self.is_categorical_, strict=True)
        ]

    def _dataset(self, sequences, encode, lookups, train=False):
        """Cut what is read from what is held back, as the objective says."""
        forecasts = "forecast" in self._parts
        return SequenceDataset(
            sequences,
            encode,
            self.patch_size_,
            self._parts,
            lookups=lookups,
            horizons=self._horizons(sequences.lengths) if forecasts else None,
            # At transform everything is read: in training half of a batch is, too,
            # or the end of a sequence would never be recreated.
            read_whole=0.5 if train and self._parts == PARTS["composite"] else 0.0,
            augmentation=as_options(self.augmentation) if train else (),
        )

    def _horizons(self, lengths):
        """Return the number of steps to forecast for sequences of these lengths."""
        return count_horizons(lengths, self.horizon_)

    def _check_horizons(self, sequences):
        if "forecast" in self._parts:
            horizons = self._horizons(sequences.lengths)
            check_horizons(sequences.lengths, horizons, self.horizon)

    def _check_held_back(self, sequences):
        may_miss = self._features.missing_indicator_ or self._has_categories
        if "forecast" in self._parts and may_miss:
            horizons = self._horizons(sequences.lengths)
            check_held_back(sequences, horizons, self.horizon)

    def _net(self, sequences, device):
        """Build a net on `device`, or with None check that ours still fits."""
        hidden_size = self._kept("hidden_size")
        module_params = {
            "n_features": sequences.n_numeric,
            "n_classes": self._categories.n_classes,
            "n_components": int(self.n_components),
            "parts": PARTS[self.objective],
            "hidden_size": hidden_size if hidden_size is None else int(hidden_size),
            "num_layers": int(self.num_layers),
            "bidirectional": bool(self.bidirectional),
            "dropout": self.dropout,
            "cell": self.cell,
            "patch_size": int(self._kept("patch_size")),
            "missing_indicator": self._features.missing_indicator_,
            "instance_norm": bool(self._kept("instance_norm")),
            "pooled_share": float(self._kept("pooled_share")),
            "pooled_hidden_size": int(self._kept("pooled_hidden_size")),
            "pooled_patch_size": int(self._kept("pooled_patch_size")),
            "pooling": as_options(self.pooling),
            "vector_scaling": self.vector_scaling,
            "decoder_inputs": self.decoder_inputs,
        }
        self._shortest = min(self._shortest, int(sequences.lengths.min()))
        self._longest = max(self._longest, int(sequences.lengths.max()))
        if device is not None:
            net = build_net(
                module_params,
                class_scales=self._class_scales,
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
                    name = "objective" if name == "parts" else name
                    raise ValueError(
                        f"The network was built for {name}={before!r}, now it is "
                        f"{value!r}. To train it on, set {name} back; for a new "
                        "network, call fit with warm_start=False."
                    )
        net.compute_dtype = resolve_precision(self.precision, net.device)
        # What never varies need not be learned.
        net.criterion_.learn_ends = self._shortest < self._longest
        return net

    def _kept(self, name):
        """Give a parameter, or what was chosen for it when the network was built."""
        value = getattr(self, name)
        return getattr(self, f"{name}_") if value == "auto" else value

    def _keep(self, net):
        """Set what is left after training."""
        self.net_ = net
        self.net_.module_.eval()  # for those who take the encoder alone
        self.history_ = [
            {k: v for k, v in row.items() if not k.endswith(("_count", "_best"))}
            for row in net.history
        ]
        self.n_iter_ = len(self.history_)

    def _judge(self, sequences, rng):
        """Score the training sequences, or some of them, and warn if that is little."""
        affordable = int(JUDGED_SHARE * self.n_iter_ * len(sequences))
        n_judged = max(LEAST_JUDGED_SEQUENCES, min(affordable, JUDGED_SEQUENCES))
        n_judged = min(n_judged, len(sequences))
        judged = np.sort(rng.permutation(len(sequences))[:n_judged])
        self.train_score_ = self._explained(sequences[judged])
        if self.train_score_ < LEAST_SCORE and self.max_epochs_:
            warnings.warn(
                f"The network explains only {max(0.0, self.train_score_):.1%} of its "
                f"training sequences after {self.n_iter_} epoch(s): it gives back "
                "little more than the mean. Raise max_epochs or n_components, or try "
                "another patch_size or lr.",
                ConvergenceWarning,
                stacklevel=5,
            )

    def _explained(self, sequences):
        """Mean over the parts of the explained share."""
        predictions = self.net_.predict_parts(self._judged_dataset(sequences))
        shares = explained_share(predictions, sequences, self._features)
        return float(np.mean(shares))

    def _judged_dataset(self, sequences):
        """Cut sequences as in training, without augmentation."""
        return self._dataset(*self._encode_ahead(sequences))

    def _check_in(self, X):
        check_is_fitted(self)
        return check_sequences(X, estimator=self, reset=False)

    def _encode(self, sequences):
        """Read sequences whole, give their vectors."""
        return self.net_.encode(self._whole(*self._encode_ahead(sequences)))

    def _whole(self, sequences, encode, lookups, n_most=None):
        """Read sequences whole, all of them or so many in equal distances."""
        if n_most is not None:
            sequences = sequences[_spaced(len(sequences), n_most)]
        return SequenceDataset(
            sequences, encode, self.patch_size_, parts=(), lookups=lookups
        )

    def _decode(self, vectors, part, lengths=None):
        """Play vectors back in the user's units; None lets the network decide lengths.

        Returns
        -------
        Sequences
            Numbers in the user's units, and categories of which -1 is unknown.
        """
        n_samples = len(vectors)
        costs = self.net_.inference_costs(decodes=True)
        limits = np.full(n_samples, self._longest) if lengths is None else lengths
        arrays, classes = [None] * n_samples, [None] * n_samples
        for indices in inference_batches(limits, self.patch_size_, *costs):
            n_steps = padded_length(limits[indices].max(), self.patch_size_)
            n_kept = None if lengths is None else lengths[indices]
            played = self.net_.decode(vectors[indices], part, n_steps, n_kept)
            values, ends, found = played
            if n_kept is None:
                n_kept = self._ends(ends)
            rows = np.arange(n_steps) < n_kept[:, None]
            cuts = np.cumsum(n_kept)[:-1]
            values = np.split(self._features.decode(values.numpy()[rows]), cuts)
            found = np.split(found.numpy()[rows], cuts)
            for i, array, indexed in zip(indices, values, found, strict=True):
                arrays[i], classes[i] = array, indexed
        offsets = np.cumsum([0, *map(len, arrays)])
        categories = self._categories.decode(np.concatenate(classes))
        return Sequences.from_offsets((np.concatenate(arrays),), offsets, categories)

    def _ends(self, ends):
        """Choose the most likely length, from the shortest to the longest in fit."""
        likelihood = end_log_likelihood(ends)[:, self._shortest - 1 : self._longest]
        return likelihood.argmax(dim=1).numpy() + self._shortest


def _spaced(n_samples, n_most):
    """Indices of at most `n_most` sequences, in equal distances: no chance needed."""
    return np.unique(np.linspace(0, n_samples - 1, min(n_samples, n_most)).astype(int))

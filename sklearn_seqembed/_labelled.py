"""Base class of the classifier and the regressor."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklearn_seqembed import _auto
from sklearn_seqembed._data.messages import count
from sklearn_seqembed._data.row_labels import warn_about_order
from sklearn_seqembed._features.encoder import evenly_spaced
from sklearn_seqembed._features.unseen import warn_about_unseen
from sklearn_seqembed._network.labels import SequenceToLabel
from sklearn_seqembed._onnx.export import export_labels
from sklearn_seqembed._training.dataset import SequenceDataset
from sklearn_seqembed._training.linear_heads import fit_linear_head
from sklearn_seqembed._training.pair_dataset import PairDataset, Pairs
from sklearn_seqembed._training.plan import N_PROJECTION_SEQUENCES
from sklearn_seqembed._training.process import isolated
from sklearn_seqembed._training.shares import (
    SHARE_WITHOUT_VALIDATION,
    choose_share,
    hold_out_blocks,
    read_labels,
)
from sklearn_seqembed._vectors import BaseVectorEstimator


class BaseLabelEstimator(BaseVectorEstimator):
    """Predict one class, or some numbers, by a closed form and trained cells.

    The closed form is a linear layer after the vector of :class:`LSTMSequenceEmbedder`.
    Each estimator implements, in addition to what `BaseSequenceEstimator` requires of
    all:

    ``_check_targets(y, n_samples)``
        Validate y, and return it as sequences of one time step.
    ``_fit_target_features(targets, rng)``
        Return a fitted `FeatureEncoder` of the targets.
    ``_head()``
        Return how the linear layer is fitted.
    """

    # Parameters of other estimators.
    shared_vocabulary = False
    target_categories = "auto"
    warm_start = False
    augmentation = ("shift", "mix")

    # There is always a closed form: that of the linear layer.
    _has_linear_map = True
    _predicts_label = True
    _guide_page = "labels"
    _target_patch_size = 1

    @property
    def decoder_(self):
        """There is no decoder."""
        raise AttributeError(
            f"{type(self).__name__} has no decoder: the target is a linear function of "
            "the vector. Use LSTMSequenceEmbedder to reconstruct sequences."
        )

    @property
    def trained_share_(self):
        """Weight of the prediction of the trained LSTM, from 0 to 1."""
        check_is_fitted(self)
        return float(self.net_.module_.share)

    def fit(self, X, y):
        """Fit the linear layer, train the network, and combine both if that helps.

        Parameters
        ----------
        X : list, array, tensor or frame of n_samples sequences
            Sequences in any of the forms that :meth:`LSTMSequenceEmbedder.fit` accepts.
        y : list, array, tensor, Series or frame
            The target of each sequence.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter is out of range; if a sequence is empty, infinite or entirely
            missing; if X and y have different numbers of sequences; if a target is
            missing or not of the expected kind; or if the loss becomes NaN.
        TypeError
            If X or y is of an unsupported type, or if it mixes types.
        """
        return self._fit(X, y)

    def save(self, path):
        """Save the fitted estimator in a file that :func:`sklearn_seqembed.load` opens.

        It is a safetensors file, as :meth:`LSTMSequenceEmbedder.save` writes it.

        Parameters
        ----------
        path : str or path-like
            The file, by custom with the extension ".safetensors". It is replaced in one
            step when everything is written. If writing fails, an earlier file is kept.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        TypeError
            If it holds something that such a file cannot store: callbacks, or a scaler
            of another library. The message names it.
        OSError
            If the file cannot be written.
        """
        super().save(path)

    @isolated
    def to_onnx(self, path):
        """Write an ONNX file that predicts targets without this library.

        It takes raw values. :ref:`onnx` shows how to use such a file. It needs the
        extra ``onnx``.

        Parameters
        ----------
        path : str or path-like
            File to write or to replace. Its inputs are those of
            :meth:`LSTMSequenceEmbedder.to_onnx`. The output of a classifier is
            `probabilities`, float32 of shape (N, n_classes), in the order of
            `classes_`; that of a regressor is `numbers`, float64 of shape
            (N, n_targets). If X has categorical features, `n_unknown` is another
            output.

        Raises
        ------
        ImportError
            If the extra ``onnx`` is not installed.
        NotImplementedError
            If the scaler cannot be part of the file.
        """
        check_is_fitted(self)
        export_labels(self, path)

    @isolated
    def _predict_labels(self, X):
        """Return scaled numbers and log probabilities: `predict_labels`."""
        check_is_fitted(self)
        self._check_width(X)
        sequences, _ = self._check_X(X, reset=False)
        warn_about_unseen(sequences, self._features.categorical, self.is_categorical_)
        encoded = self._encode_sources(sequences)
        dataset = SequenceDataset(encoded, self.patch_size_, parts=())
        return self.net_.predict_labels(dataset)

    def _check_width(self, X):
        """Raise an error if X has other columns than a table that was a list in `fit`.

        A list of lists is read as sequences of any lengths, but for scikit-learn it is
        the same as a 2-D array.
        """
        shape = getattr(X, "shape", ())
        if self._list_width and len(shape) == 2 and shape[1] != self._list_width:
            name = type(self).__name__
            raise ValueError(
                f"X has {shape[1]} features, but {name} is expecting "
                f"{self._list_width} features as input: X is a 2-D array, and all "
                f"lists in fit had {self._list_width} numbers. Pass a list of "
                "sequences if they may have any lengths."
            )

    # The methods that BaseSequenceEstimator requires.

    def _check_data(self, X, y, reset):
        sequences, _ = self._check_X(X, reset)  # always True: no fit continues another
        self._list_width = _find_list_width(X)
        targets = self._check_targets(y, len(sequences))
        warn_about_order(X, y)
        return Pairs(sequences, targets)

    def _fit_features(self, pairs, rng):
        self._fit_source_features(pairs.sources, rng)
        self._target_features = self._fit_target_features(pairs.targets, rng)

    def _choose_network(self, pairs):
        self._choose_encoder(pairs.sources, with_linear_map=True)

    def _prepare_training(self, pairs):
        pass

    def _encode_pairs(self, pairs):
        targets = self._target_features.encode(pairs.targets)
        return Pairs(self._encode_sources(pairs.sources), targets)

    def _make_dataset(self, encoded, generator=None):
        return PairDataset(encoded, self.patch_size_, False, generator)

    def _network_params(self):
        is_auto = isinstance(self.hidden_size, str)
        return SequenceToLabel, {
            **self._encoder_params(),
            "max_trained_cells": _auto.MAX_TRAINED_CELLS if is_auto else None,
            "n_targets": self._target_features.numeric.n_features,
            "n_target_classes": self._target_features.n_classes,
        }

    def _split(self, encoded, plan, rng):
        """Hold out some blocks of successive sequences of each class.

        Successive sequences are often related, such as prefixes of one case.
        """
        if not plan.n_held_out:
            return super()._split(encoded, plan, rng)
        groups = self._head().groups(read_labels(encoded.targets))
        is_held_out = hold_out_blocks(groups, plan.n_held_out / len(encoded))
        if is_held_out.all() or not is_held_out.any():
            return super()._split(encoded, plan, rng)
        return (
            encoded[np.flatnonzero(~is_held_out)],
            encoded[np.flatnonzero(is_held_out)],
        )

    def _train(self, net, training, validation, *args, fallback=None, **options):
        """Train the cells, and choose their share in the prediction."""
        if not self.max_epochs_:
            return super()._train(net, training, validation, *args, **options)
        net.module_.share.fill_(1.0)
        held_out = None if validation is None else self._make_dataset(validation)
        # Before the user's callbacks, which may save the finished network.
        options["last_step"] = lambda net: self._combine(net, held_out, fallback)
        return super()._train(net, training, validation, *args, **options)

    def _combine(self, net, held_out, fallback):
        """Choose the share of the trained cells by held-out sequences, if any."""
        module = net.module_
        module.encoder.is_trained.fill_(False)  # the cells have their own encoder
        if held_out is None:
            module.share.fill_(SHARE_WITHOUT_VALIDATION)
            return
        net.chosen_share = choose_share(net, held_out, self._absolute_loss)
        module.share.fill_(0.0)
        self._closed_form["loss"] = net.compute_loss(held_out)  # as in `history_`
        module.share.fill_(net.chosen_share.share)
        if fallback is not None:
            module.load_closed_form(fallback)  # that of all sequences

    def _closed_form_loss(self, net):
        return self._closed_form["loss"]  # `_combine` has set it

    @property
    def _uses_trained_cells(self):
        return self.trained_share_ > 0

    def _describe_training(self, net):
        n_epochs = count(len(self.history_), "epoch")
        return f"Training ended after {n_epochs}. {net.chosen_share.describe()}"

    # How the closed form differs from that of the other estimators.

    @property
    def _has_categories(self):
        return max(self._features.n_classes, default=0) > 2

    def _fit_closed_form(self, net, encoded, seed):
        """Fit the linear map, the projection to vectors, and the linear layer."""
        if self._n_points:
            self._fit_linear_map(net, encoded, seed)
        net.fit_projection(self._sample(encoded.sources, N_PROJECTION_SEQUENCES))
        return self._fit_head(net, encoded)

    def _fit_head(self, net, encoded):
        """Fit the linear layer."""
        some = encoded[evenly_spaced(encoded.sources, self._count_head_sequences())]
        return fit_linear_head(net, self._make_dataset(some), self._head())

    def _count_head_sequences(self):
        """Maximum number of sequences to which the linear layer is fitted."""
        return max(1, _auto.HEAD_VALUES // int(self.n_components))

    def _sample_projected(self, net, encoded, single_pass):
        return None  # the linear layer was fitted to the components


def _find_list_width(X):
    """Return the length of all lists of numbers in a list X, None if it differs."""
    if not isinstance(X, list) or not all(type(x) is list for x in X):
        return None
    widths = {len(x) for x in X}
    is_flat = not any(hasattr(value, "__len__") for x in X for value in x[:1])
    return widths.pop() if is_flat and len(widths) == 1 else None

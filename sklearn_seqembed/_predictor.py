"""LSTMSequencePredictor: predict sequences from sequences."""

from dataclasses import replace

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklearn_seqembed import _auto
from sklearn_seqembed._base import BaseSequenceEstimator
from sklearn_seqembed._data.labels import warn_about_classes
from sklearn_seqembed._data.messages import count
from sklearn_seqembed._data.row_labels import warn_about_order
from sklearn_seqembed._data.scalars import check_integer
from sklearn_seqembed._data.targets import check_targets
from sklearn_seqembed._data.windows import join_pairs
from sklearn_seqembed._features.continuation import (
    columns_are_steps,
    continue_sources,
    warn_about_contained,
    warn_about_scales,
)
from sklearn_seqembed._features.encoder import name_categorical_features
from sklearn_seqembed._features.given_categories import check_categories
from sklearn_seqembed._features.relative import RelativeTargets, measure_sources
from sklearn_seqembed._features.vocabulary import join_categories
from sklearn_seqembed._intervals import PredictIntervalMixin
from sklearn_seqembed._network.encoder_decoder import SequenceToSequence
from sklearn_seqembed._network.linear_forecast import ForecastShape
from sklearn_seqembed._onnx.export import export_predictor
from sklearn_seqembed._parameters import LARGEST, check_parameters
from sklearn_seqembed._scoring import exact_match_fraction, mean_r2
from sklearn_seqembed._shared_docs import insert_shared_docs
from sklearn_seqembed._training.decoding import decode_vectors, restore
from sklearn_seqembed._training.pair_dataset import PairDataset, Pairs
from sklearn_seqembed._training.process import isolated


@insert_shared_docs
class LSTMSequencePredictor(PredictIntervalMixin, BaseSequenceEstimator):
    """Predict sequences from sequences with an encoder-decoder LSTM.

    `fit` trains an LSTM encoder, which encodes each sequence as one vector of fixed
    length, and an LSTM decoder, which decodes the target sequence from it [1]_ [2]_,
    for example the digits of a sum, a sentence in another language, the next values of
    a series or the next events of a case. X and y may have different features, and
    sequences of any lengths. `predict` returns sequences of predicted lengths in the
    same kind of container as y, and `predict_interval` returns prediction intervals of
    numbers [7]_; `transform` returns the vectors, an embedding that is learned from the
    targets.

    Parameters
    ----------
    %(n_components)s
    %(max_epochs)s
        With a linear map, "auto" trains only if there are 50 or more sequences for each
        time step of y, because windows of a series overlap, and if the linear map
        leaves more than 1 % unexplained. The last tenth is held out. The weights of the
        best epoch are used if the mean with the linear map reduces the held-out loss by
        at least 1 %.
    %(verbose)s
    %(random_state)s
    %(device)s
    %(scaler)s
    target_scaler : "standard", transformer or None, default="standard"
        Scaler of the numeric features of y, like `scaler` for X.
    %(categorical_features)s
    categorical_targets : "from_dtype", array-like or None, default="from_dtype"
        Which features of y are categorical, like `categorical_features` for X. For
        example, ``[0]`` treats the numbers of the first feature as categories.
    %(categories)s
    target_categories : "auto" or list, default="auto"
        Categories of each feature of y, like `categories` for X. With
        `shared_vocabulary`, `categories` applies to both.
    %(min_frequency)s
    %(max_categories)s
    %(handle_unknown)s
    shared_vocabulary : bool, default=False
        Whether X and y share one vocabulary and one set of category embeddings.
        Both must have the same number of categorical features, of the same types.
    %(instance_norm)s
        If True, each numeric feature of y is learned relative to a numeric feature of
        X: the last observed value of the latter in the sequence is subtracted, and the
        difference is divided by the standard deviation of the latter [4]_. `predict`
        inverts this.
        If X and y have the same number of numeric features, those at the same position
        are paired; otherwise, a feature of y is paired with the feature of X whose last
        values are closest to its first values. If all features of y are relative, their
        features of X are transformed in the same way, and the scalers have no effect on
        them. "auto" applies to features of y whose first values are much closer to the
        last values of X than to their mean. Ignored if X or y has no numeric features.
    %(hidden_size)s
        "auto" is 128 with a linear map, and otherwise None. The decoder has as many
        cells as all directions of the encoder together.
    %(num_layers)s
    %(bidirectional)s
    reverse_source : bool, default=True
        Whether the forward direction of the encoder reads from the end of a sequence
        to its start [2]_, so that the first time steps are the last ones it reads
        before the target begins. With `bidirectional`, the backward direction then
        reads from the start.
    %(dropout)s
        An "autoregressive" decoder also zeroes values of the embedded categories that
        it reads, and of its states, with this probability. With a linear map, states of
        the decoder are always zeroed with a probability of 0.5 [3]_.
    %(cell)s
    %(patch_size)s
        For forecasts (see `instance_norm`), "auto" uses about 4 patches.
    %(linear_map)s
        It is a ridge regression of the changes since the last value of X [6]_, and is
        used for forecasts: if all targets have the same number of time steps, all
        features of y are relative (`instance_norm`), and decoding is "parallel". The
        components of the vector are then those of the regression. If training is used,
        the second half of them are those of the LSTM instead, which forecasts on its
        own, and predictions are the mean of both forecasts. The LSTM decodes each patch
        by one step from the vector and the position of the patch [3]_. It has the
        weight 0.5, or 0.75 or 1 if that lowers the held-out loss by 1 %. Without
        held-out sequences it is 0 as long as the mean has a higher training loss. The
        penalty of the regression, how many time steps it reads, and whether a feature
        is forecast from its own past or from that of all features are chosen by
        cross-validation. One to four series that are long enough are cut into windows,
        from which the network learns; it then reads only the last time steps of X: one
        more than twice the length of y, or an eighth of X.
    decoding : {"auto", "autoregressive", "parallel"}, default="auto"
        "autoregressive" predicts one time step after another, each given the previous
        ones. In training these are the true ones, so that one call computes all time
        steps. "parallel" predicts all time steps at once from the vector and their
        positions, without feedback [3]_. "auto" is "autoregressive" if y has a
        categorical feature.
    target_patch_size : int or "auto", default="auto"
        Number of time steps of y that a "parallel" decoder outputs as one. "auto" is
        chosen like `patch_size`, and for forecasts is at most `patch_size_`. Ignored by
        "autoregressive" decoding.
    max_length : int or None, default=None
        Maximum number of time steps of a predicted sequence, at least 1. None is the
        length of the longest target in `fit`. If all targets have the same length,
        predictions are never longer.
    beam_size : int, default=1
        Number of hypotheses that `predict` keeps at each step. 1 is greedy decoding;
        larger values need "autoregressive" decoding of a y with one categorical
        feature.
    length_penalty : float, default=1.0
        Exponent, at least 0: hypotheses are ranked by their log-probability divided by
        their length to the power of `length_penalty`. Used only by beam search, also in
        `predict_top`.
    scheduled_sampling : float, default=0.0
        Fraction, in [0, 1), of the time steps at which an "autoregressive" decoder
        reads its own prediction in training instead of the true previous step; it
        increases from 0 during training [5]_. Ignored by "parallel" decoding.
    %(batch_size)s
    %(lr)s
    %(lr_schedule)s
    %(weight_decay)s
    %(precision)s
    %(early_stopping)s
        For "auto" with a linear map, see `max_epochs`. The last sequences are then held
        out, because windows of a series overlap.
    %(validation_fraction)s
    %(n_iter_no_change)s
    %(warm_start)s
    %(callbacks)s

    Attributes
    ----------
    %(net_)s
    encoder_ : torch.nn.Module
        The encoder. Called with scaled float32 values (N, L, F), NaN where missing,
        int64 categories (N, L, K), 0 where missing, and int64 lengths (N,), it returns
        vectors (N, n_components). If all features of y are relative (`instance_norm`),
        so are the values of the features that they continue.
    decoder_ : torch.nn.Module
        The decoder. An "autoregressive" one has a method `step`, which predicts one
        time step given the previous one; a "parallel" one is called with vectors and a
        number of time steps.
    scaler_, target_scaler_ : transformer or None
        The fitted scalers of X and y; None if no feature is numeric.
    is_categorical_, is_categorical_target_ : bool ndarray of shape (n_features,)
        Which features of X and of y are categorical.
    categories_, target_categories_ : list of (ndarray or None)
        Categories of each feature of X and of y by decreasing frequency, without
        infrequent ones; None for numeric features.
    infrequent_categories_ : list of (ndarray or None)
        Infrequent categories of each feature of X, sorted; None if there are none.
    %(history_)s
    %(n_iter_)s
    %(fit_time_)s
    train_score_ : float
        Explained fraction of the deviance of (at most 1000 of) the training targets; an
        "autoregressive" decoder is given the true previous steps. Set by `fit`, removed
        by `partial_fit`.
    hidden_size_, patch_size_, target_patch_size_, decoding_, batch_size_, \
max_epochs_, early_stopping_, max_length_, device_
        The values that were used. `device_` is the current device of the network.
    instance_norm_ : bool ndarray of shape (n_numeric_targets,)
        Which numeric features of y are learned relative to the sequences of X.
    %(n_features_in_)s
    %(feature_names_in_)s

    See Also
    --------
    LSTMSequenceEmbedder : Learn vectors without targets.

    Notes
    -----
    The loss is the mean deviance of all observed values of y: the squared error (with a
    linear map, the absolute error [3]_) of numbers in scaled units, or in standard
    deviations of the sequence to which they are relative (`instance_norm`; sequences
    that vary little have lower weights), and the cross-entropy of categories divided by
    the entropy of their frequencies in `fit`. If the lengths of y differ, the negative
    log-likelihood of the end is added: with the weight of one observed value if y has
    categorical features and decoding is "autoregressive", otherwise with weight 0.1.

    The decoder receives no information about a sequence except its vector. If numbers
    are learned relative to sequences (`instance_norm`), the vector describes how they
    deviate from the last value of X; location and scale are computed from X and are not
    part of the vector. To include them in the embedding, set ``instance_norm=False``.

    If source and target share many names or rare words, or are longer than about 30
    tokens, a model with attention over all time steps of the source is a better choice.

    References
    ----------
    .. [1] Cho, K. et al. (2014). Learning Phrase Representations using RNN
           Encoder-Decoder for Statistical Machine Translation. arXiv:1406.1078.
    .. [2] Sutskever, I., Vinyals, O. and Le, Q. V. (2014). Sequence to Sequence
           Learning with Neural Networks. arXiv:1409.3215.
    .. [3] Lin, S. et al. (2023). SegRNN: Segment Recurrent Neural Network for
           Long-Term Time Series Forecasting. arXiv:2308.11200.
    .. [4] Kim, T. et al. (2022). Reversible Instance Normalization for Accurate
           Time-Series Forecasting against Distribution Shift. ICLR.
    .. [5] Bengio, S. et al. (2015). Scheduled Sampling for Sequence Prediction with
           Recurrent Neural Networks. arXiv:1506.03099.
    .. [6] Zeng, A. et al. (2023). Are Transformers Effective for Time Series
           Forecasting? AAAI. arXiv:2205.13504.
    .. [7] Lei, J. et al. (2018). Distribution-Free Predictive Inference for Regression.
           Journal of the American Statistical Association 113(523).

    Examples
    --------
    >>> from sklearn_seqembed import LSTMSequencePredictor
    >>> X = ["abc", "bca", "cab", "acb"]
    >>> y = ["cba", "acb", "bac", "bca"]
    >>> predictor = LSTMSequencePredictor(max_epochs=60, random_state=0)
    >>> predictor.fit(X, y).predict(["abc", "cab"])
    ['cba', 'bac']
    >>> predictor.transform(X).shape
    (4, 256)
    """

    _drops_forecast_states = True
    _guide_page = "predictor"

    def __init__(
        self,
        n_components=256,
        *,
        max_epochs="auto",
        verbose=0,
        random_state=None,
        device="auto",
        scaler="standard",
        target_scaler="standard",
        categorical_features="from_dtype",
        categorical_targets="from_dtype",
        categories="auto",
        target_categories="auto",
        min_frequency=None,
        max_categories=None,
        handle_unknown="infrequent_if_exist",
        shared_vocabulary=False,
        instance_norm="auto",
        hidden_size="auto",
        num_layers=1,
        bidirectional=True,
        reverse_source=True,
        dropout=0.0,
        cell="lstm",
        patch_size="auto",
        linear_map=True,
        decoding="auto",
        target_patch_size="auto",
        max_length=None,
        beam_size=1,
        length_penalty=1.0,
        scheduled_sampling=0.0,
        batch_size="auto",
        lr=0.003,
        lr_schedule="onecycle",
        weight_decay=0.1,
        precision="auto",
        early_stopping="auto",
        validation_fraction=0.1,
        n_iter_no_change="auto",
        warm_start=False,
        callbacks=None,
    ):
        self.n_components = n_components
        self.max_epochs = max_epochs
        self.verbose = verbose
        self.random_state = random_state
        self.device = device
        self.scaler = scaler
        self.target_scaler = target_scaler
        self.categorical_features = categorical_features
        self.categorical_targets = categorical_targets
        self.categories = categories
        self.target_categories = target_categories
        self.min_frequency = min_frequency
        self.max_categories = max_categories
        self.handle_unknown = handle_unknown
        self.shared_vocabulary = shared_vocabulary
        self.instance_norm = instance_norm
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bidirectional = bidirectional
        self.reverse_source = reverse_source
        self.dropout = dropout
        self.cell = cell
        self.patch_size = patch_size
        self.linear_map = linear_map
        self.decoding = decoding
        self.target_patch_size = target_patch_size
        self.max_length = max_length
        self.beam_size = beam_size
        self.length_penalty = length_penalty
        self.scheduled_sampling = scheduled_sampling
        self.batch_size = batch_size
        self.lr = lr
        self.lr_schedule = lr_schedule
        self.weight_decay = weight_decay
        self.precision = precision
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.warm_start = warm_start
        self.callbacks = callbacks

    def fit(self, X, y):
        """Train the network to predict the targets of sequences.

        Parameters
        ----------
        X : list, array, tensor or frame of n_samples sequences
            Sequences in any of the forms that :meth:`LSTMSequenceEmbedder.fit` accepts.
        y : list, array, tensor or frame of n_samples sequences, or of single values
            The targets, in any of these forms, with lengths and features of their own;
            or numbers of shape (n_samples,), each of which is a sequence of one time
            step. The columns of a 2-D array or frame of numbers (n_samples, n_targets)
            are several targets, each learned at its own scale; they are the time steps
            of a forecast if the first one continues a feature of X, as
            ``instance_norm="auto"`` decides. To decide it yourself, pass a 3-D array
            (n_samples, 1, n_targets) or (n_samples, n_timesteps, 1). A string is a
            sequence of characters. Pass labels as lists of one string, as a categorical
            Series of pandas or polars, or as a frame with one such column. NaN and None
            are missing values: the loss and the scores ignore them. Dates and times
            cannot be predicted.

        Returns
        -------
        self : LSTMSequencePredictor
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter is out of range; if a sequence is empty, infinite or entirely
            missing; if X and y have different numbers of sequences; if features or
            lengths do not match; or if the loss becomes NaN.
        TypeError
            If X or y is of an unsupported type, or if a feature mixes types.
        """
        return self._fit(X, y)

    def partial_fit(self, X, y):
        """Train for one epoch, at a constant learning rate and without validation.

        The first call fits the scalers and the vocabularies and chooses every parameter
        that is "auto"; later calls keep them.

        Parameters
        ----------
        X, y : list, array, tensor or frame
            As for :meth:`fit`.

        Returns
        -------
        self : LSTMSequencePredictor
            The estimator, trained for one more epoch.
        """
        return self._fit(X, y, single_pass=True)

    @isolated
    def predict(self, X):
        """Predict the target of each sequence.

        Parameters
        ----------
        X : list, array, tensor or frame of n_samples sequences
            Sequences in any of the forms that :meth:`fit` accepts, with the same
            features.

        Returns
        -------
        y : list, ndarray or frame
            Predictions in the container and the units of the y passed to `fit`; single
            values are returned as an array of shape (n_samples,). The network predicts
            the lengths, up to `max_length_`. A 3-D array has as many time steps as y
            had, or `max_length`, and is padded at the end with NaN, or with None if it
            holds objects. In a table, in which each column is a time step, all time
            steps are predicted.
        """
        check_is_fitted(self)
        sources, schema = self._check_X(X, reset=False)
        self._check_prediction_parameters()
        vectors = self._encode(sources)
        predicted = self._predict(sources, vectors)
        return self._target_schema.build(predicted, schema.index, self._array_length)

    @isolated
    def predict_top(self, X, k=5):
        """Return the most likely targets of each sequence, found by beam search.

        Parameters
        ----------
        X : list, array, tensor or frame of n_samples sequences
            As for :meth:`predict`.
        k : int, default=5
            Number of candidates, at least 1. The beam search keeps `k` or `beam_size`
            hypotheses, whichever is larger.

        Returns
        -------
        candidates : list of n_samples containers
            At most `k` candidates for each sequence, best first, in the container of
            the y passed to `fit`.
        log_probabilities : list of float ndarray of shape (n_candidates,)
            Natural logarithm of the probability of each candidate given its sequence.
            It includes the probability of the end, unless the candidate has
            `max_length_` time steps or all targets in `fit` have the same length.
            Because candidates are ranked with `length_penalty`, these values may not be
            in descending order.

        Raises
        ------
        ValueError
            If y is not a single categorical feature, or decoding is not
            "autoregressive".
        """
        check_is_fitted(self)
        k = check_integer(k, "k", 1, LARGEST["beam_size"])
        sources, _ = self._check_X(X, reset=False)
        self._check_prediction_parameters()
        self._check_beam("predict_top")
        vectors = self._encode(sources)
        classes, lengths, scores = self._search_beams(vectors, max(k, self.beam_size))
        candidates = []
        for i in range(len(sources)):
            n = min(k, int((lengths[i] > 0).sum()))
            found = self._as_sequences(None, classes[i, :n], lengths[i, :n])
            candidates.append(
                self._target_schema.build(found, n_steps=self._array_length)
            )
        log_probabilities = [
            _limit_sum(row[length > 0][:k].astype(np.float64))
            for row, length in zip(scores, lengths, strict=True)
        ]
        return candidates, log_probabilities

    @isolated
    def score(self, X, y):
        """Return how well the targets of sequences are predicted.

        Parameters
        ----------
        X, y : list, array, tensor or frame
            As for :meth:`fit`.

        Returns
        -------
        score : float
            For numbers, the mean over features of 1 - squared error / squared deviation
            from the mean of y, in the user's units, where the true number of time steps
            is predicted: 1 is perfect, 0 is as good as the mean. For categories, the
            fraction of sequences that are predicted exactly, including their length.
            For a y with both, the mean of the two.
        """
        check_is_fitted(self)
        pairs = self._check_data(X, y, reset=False)
        self._check_prediction_parameters()
        # Only to refuse unseen categories, if that is desired.
        self._encode_targets(pairs.targets, location_scale=None)
        vectors = self._encode(pairs.sources)
        scores = []
        if pairs.targets.n_numeric:
            lengths = pairs.targets.lengths
            predicted = self._predict(pairs.sources, vectors, lengths)
            scores.append(mean_r2(pairs.targets, predicted))
        if self._target_features.n_classes:
            predicted = self._predict(pairs.sources, vectors)
            scores.append(exact_match_fraction(pairs.targets, predicted))
        return float(np.mean(scores))

    @isolated
    def to_onnx(self, path):
        """Write an ONNX file that predicts numeric targets without this library.

        The file does what :meth:`predict` does for numbers that are decoded in
        parallel, as forecasts are. It takes raw values. :ref:`onnx` shows how to use
        such a file. It needs the extra ``onnx``.

        Parameters
        ----------
        path : str or path-like
            File to write or to replace. Its inputs are those of
            :meth:`LSTMSequenceEmbedder.to_onnx`. Its outputs are `predictions` of shape
            (N, n_timesteps, n_targets), float32 or float64 as y in `fit`, in the units
            of y, with NaN after the end of a prediction; `prediction_lengths`, int64 of
            shape (N,); and, if X has categorical features, `n_unknown`.

        Raises
        ------
        ImportError
            If the extra ``onnx`` is not installed.
        NotImplementedError
            If y has categorical features or is decoded step by step, or if a scaler
            cannot be part of the file.
        """
        check_is_fitted(self)
        self._check_prediction_parameters()
        export_predictor(self, path)

    @property
    def max_length_(self):
        """Largest number of time steps of a prediction.

        Returns
        -------
        int
            `max_length`, or the length of the longest target in `fit`.
        """
        check_is_fitted(self)
        return self._longest if self.max_length is None else int(self.max_length)

    @property
    def _array_length(self):
        """Number of time steps of a 3-D array of predictions; None is that of y."""
        return None if self.max_length is None else self._length_bounds()[1]

    def _check_prediction_parameters(self):
        """Check parameters of `predict`, which may have been set after `fit`."""
        check_parameters(self)
        if self.beam_size > 1:
            self._check_beam(f"beam_size={self.beam_size}")

    def _check_beam(self, option):
        features = self._target_features
        is_token = len(features.n_classes) == 1 and not features.numeric.n_features
        decoding = _auto.resolve(self.decoding, self.decoding_)
        if not is_token or decoding != "autoregressive":
            raise ValueError(
                f"{option} needs autoregressive decoding of a y with one categorical "
                f"feature, got {len(features.n_classes)} categorical and "
                f"{count(features.numeric.n_features, 'numeric feature')} and "
                f"decoding={decoding!r}. Use predict with beam_size=1."
            )

    def _predict(self, sources, vectors, lengths=None):
        """Predict targets, in the user's units, of given or of predicted lengths."""
        sources = self._take_recent(sources)
        shortest, longest = self._length_bounds()
        location_scale = self._relative.compute_location_scale(sources)
        if self.decoding_ == "parallel":
            if lengths is not None or shortest == longest:
                shortest = None  # there is no length to predict
            if lengths is None:
                lengths = np.full(len(vectors), longest)
            return decode_vectors(
                self.net_,
                self._target_features,
                vectors,
                "prediction",
                lengths,
                shortest,
                location_scale,
            )
        if self.beam_size > 1 and lengths is None:
            classes, lengths, _ = self._search_beams(vectors, self.beam_size)
            return self._as_sequences(None, classes[:, 0], lengths[:, 0])
        if lengths is not None:
            longest = int(lengths.max())
        values, classes, lengths = self.net_.decode_greedily(
            vectors, longest, shortest, lengths
        )
        values = restore(values, location_scale)
        return self._as_sequences(values, classes, lengths)

    def _length_bounds(self):
        """Return the minimum and the maximum number of time steps of a prediction."""
        longest = self.max_length_
        if self._shortest == self._longest:  # the end was not learned
            longest = min(longest, self._longest)
            return longest, longest
        shortest = self._shortest if self.decoding_ == "parallel" else 1
        return min(shortest, longest), longest

    def _search_beams(self, vectors, beam_size):
        beam_size = int(beam_size)
        shortest, longest = self._length_bounds()
        classes, lengths, log_probabilities = self.net_.search_beams(
            vectors, longest, shortest, beam_size, float(self.length_penalty)
        )
        return classes[..., None], lengths, log_probabilities

    def _as_sequences(self, values, classes, lengths):
        """Turn padded time steps into sequences in the user's units."""
        inside = np.arange(classes.shape[1]) < lengths[:, None]
        features = self._target_features
        n_steps = int(lengths.sum())
        rows = np.empty((n_steps, 0)) if values is None else values[inside]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        return features.decode(features.numeric.decode(rows), classes[inside], offsets)

    def _weigh(self, location_scale):
        """Return the weights of relative errors; windows of a series count equally."""
        weights = self._relative.weigh(location_scale)
        if self._windows is None or weights is None:
            return weights
        return np.ones_like(weights)

    # The methods that BaseSequenceEstimator requires.

    def _check_data(self, X, y, reset):
        sources, _ = self._check_X(X, reset)
        targets, target_schema = check_targets(
            y,
            len(sources),
            categorical_targets=self.categorical_targets,
            schema=None if reset else self._target_schema,
            estimator_name=type(self).__name__,
        )
        warn_about_order(X, y)
        if reset:
            is_default = isinstance(self.categorical_targets, str)
            is_class = target_schema.is_single and target_schema.is_categorical.any()
            if is_default and not is_class:
                warn_about_classes(y)
            if target_schema.may_have_columns:
                is_sequence = columns_are_steps(sources, targets, self.instance_norm)
                target_schema = replace(target_schema, has_columns=not is_sequence)
            elif not target_schema.is_padded:
                warn_about_scales(targets)
            if targets.n_numeric:
                warn_about_contained(sources, targets)
            self._target_schema = target_schema
        return Pairs(sources, self._target_schema.as_features(targets))

    def _cut_windows(self, pairs, reset):
        sources, targets = pairs.sources, pairs.targets
        if reset:
            self._windows = None
            has_categories = sources.categorical or targets.categorical
            has_horizon = targets.lengths.min() == targets.lengths.max()
            if self.decoding != "autoregressive" and has_horizon and not has_categories:
                shortest, horizon = sources.lengths.min(), targets.lengths[0]
                windows = self._choose_windows(len(pairs), int(shortest), int(horizon))
                if windows and continue_sources(sources, targets, self.instance_norm):
                    self._windows = windows
        if self._windows is None:
            return pairs
        joined = join_pairs(sources, targets)
        windows = self._windows.cut(joined, type(self).__name__)
        return Pairs(*self._windows.split(windows))

    def _fit_features(self, pairs, rng):
        joined = None
        if self.shared_vocabulary:
            joined = join_categories(pairs.sources, pairs.targets)
        self._fit_source_features(pairs.sources, rng, vocabulary_of=joined)
        self._target_features = self._feature_encoder(
            self.target_scaler, rng, name="y", scaler_name="target_scaler"
        )
        option, name = self.target_categories, "target_categories"
        if self.shared_vocabulary:
            option, name = self.categories, "categories"
        categories = check_categories(
            option, self._target_schema.sequences.kinds, name, "y"
        )
        self._target_features.fit(pairs.targets, joined, categories)
        self.target_scaler_ = self._target_features.numeric.scaler_
        self.is_categorical_target_ = self._target_schema.is_categorical
        self.target_categories_ = self._target_features.list_categories(
            self.is_categorical_target_
        )
        self._relative = RelativeTargets(self._target_features.numeric)
        # Windows are cut only from series that the targets continue.
        option = self.instance_norm if self._windows is None else True
        self._relative.fit(pairs.sources, pairs.targets, option)
        self.instance_norm_ = self._relative.columns >= 0

    def _choose_network(self, pairs):
        has_categories = bool(self._target_features.n_classes)
        patch_size, target_patch_size = _auto.choose_pair_patch_sizes(
            pairs.sources.lengths,
            pairs.targets.lengths,
            is_forecast=self._relative.is_forecast and not has_categories,
        )
        self.patch_size_ = _auto.resolve(self.patch_size, patch_size)
        self.target_patch_size_ = _auto.resolve(
            self.target_patch_size, target_patch_size
        )
        self.decoding_ = _auto.resolve(
            self.decoding, "autoregressive" if has_categories else "parallel"
        )
        self._forecast_shape = self._choose_forecast_shape(pairs)
        is_linear = self._forecast_shape is not None
        self.hidden_size_ = _auto.resolve(
            self.hidden_size, _auto.FORECAST_CELLS if is_linear else None
        )

    def _choose_forecast_shape(self, pairs):
        """Return the sizes of the linear forecast, None if there is none."""
        lengths, targets = pairs.sources.lengths, pairs.targets
        n_classes = self._features.n_classes, self._target_features.n_classes
        if (
            not self.linear_map
            or self.decoding_ != "parallel"
            or not self._relative.is_forecast
            or any(n_classes)
            or targets.lengths.min() < targets.lengths.max()
        ):
            return None
        horizon, columns = int(targets.lengths[0]), self._relative.columns
        n_lags = _auto.choose_lags(
            lengths, pairs.sources.n_numeric, horizon * len(columns)
        )
        return ForecastShape(n_lags, horizon, tuple(columns.tolist()))

    def _prepare_training(self, pairs):
        self._check_prediction_parameters()

    def _encode_pairs(self, pairs):
        location_scale = self._relative.compute_location_scale(pairs.sources)
        targets = self._encode_targets(pairs.targets, location_scale)
        weights = self._weigh(location_scale)
        return Pairs(self._encode_sources(pairs.sources), targets, weights)

    def _encode_targets(self, sequences, location_scale):
        """Convert y to targets; errors about unseen categories name the feature."""
        schema = self._target_schema
        names = name_categorical_features(schema.is_categorical, schema.feature_names)
        return self._target_features.encode(sequences, names, location_scale)

    def _locate_sources(self, sequences):
        # Tokens may depend on the location of a sequence.
        relative = self._relative.relative_features
        if not relative or self._target_features.n_classes:
            return None
        return measure_sources(self._features.numeric, sequences, relative)

    def _locate_targets(self, sequences):
        return self._relative.compute_location_scale(sequences)

    def _make_dataset(self, encoded, generator=None):
        feeds_back = self.decoding_ == "autoregressive"
        return PairDataset(encoded, self.patch_size_, feeds_back, generator)

    def _network_params(self):
        resolve, features = _auto.resolve, self._target_features
        target_patch_size = resolve(self.target_patch_size, self.target_patch_size_)
        return SequenceToSequence, {
            **self._encoder_params(),
            "reverse": bool(self.reverse_source),
            "n_target_features": features.numeric.n_features,
            "n_target_classes": features.n_classes,
            "decoding": resolve(self.decoding, self.decoding_),
            "target_patch_size": int(target_patch_size),
            "target_missing_indicator": features.numeric.missing_indicator_,
            "shared_embedding": bool(self.shared_vocabulary),
            "forecast_shape": self._forecast_shape if self.linear_map else None,
        }

    @property
    def _target_patch_size(self):
        return 1 if self.decoding_ == "autoregressive" else self.target_patch_size_

    def _training_params(self):
        return {"scheduled_sampling": float(self.scheduled_sampling)}

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags


def _limit_sum(log_probabilities):
    """Correct rounding errors because of which probabilities sum to more than 1."""
    return log_probabilities - max(0.0, np.logaddexp.reduce(log_probabilities))

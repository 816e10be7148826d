"""LSTMSequenceEmbedder: encode sequences as vectors, and decode vectors."""

import os
from contextlib import closing
from functools import update_wrapper
from types import MethodType

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklearn_seqembed import _auto
from sklearn_seqembed._data.horizons import (
    check_held_back,
    check_horizons,
    count_horizons,
)
from sklearn_seqembed._data.messages import count
from sklearn_seqembed._data.scalars import as_plain_number
from sklearn_seqembed._data.streams import as_stream, map_parts
from sklearn_seqembed._data.vectors import check_vectors
from sklearn_seqembed._data.windows import take_last
from sklearn_seqembed._features.category_models import CategoryModels
from sklearn_seqembed._features.relative import RelativeTargets
from sklearn_seqembed._network.encoder_decoder import EncoderDecoder
from sklearn_seqembed._network.linear_forecast import ForecastShape
from sklearn_seqembed._onnx.export import export_decoder, export_vectors
from sklearn_seqembed._parameters import PARTS, as_options
from sklearn_seqembed._scoring import (
    ExplainedTally,
    combine_surprises,
    mean_squared_errors,
    warn_about_lengths,
)
from sklearn_seqembed._shared_docs import insert_shared_docs
from sklearn_seqembed._training.dataset import SequenceDataset
from sklearn_seqembed._training.decoding import decode_vectors
from sklearn_seqembed._training.pair_dataset import Pairs
from sklearn_seqembed._training.process import isolated
from sklearn_seqembed._vectors import BaseVectorEstimator

# Fewer training sequences are not augmented. There is no distribution to learn from
# them, and the network can learn them by heart: without augmentation the largest error
# of the tutorial's sequence, 0.1 to 0.9, is .0005 instead of .0033. It is the smallest
# batch that "auto" chooses.
MIN_AUGMENTED_SEQUENCES = 16


class _needs_decoder:
    """Make a method available only if the objective trains the decoder it needs.

    Unlike scikit-learn's `available_if`, the message of the AttributeError is the
    reason.

    Parameters
    ----------
    part : {"reconstruction", "forecast"}
        What the decoder decodes.
    """

    def __init__(self, part):
        self.part = part

    def __call__(self, method):
        self.method = method
        return update_wrapper(self, method)

    def __get__(self, estimator, owner=None):
        if estimator is None:
            return self.method
        objective = estimator.objective
        parts = PARTS.get(objective, ()) if isinstance(objective, str) else ()
        if hasattr(estimator, "net_"):  # the parameter may have changed since fit
            parts = estimator._parts
        if self.part not in parts:
            raise AttributeError(
                f"{owner.__name__} has no method {self.method.__name__!r} here, "
                f"because objective={objective!r} trains no {self.part}. Use "
                f"objective={self.part!r} or 'composite', and fit again."
            )
        return MethodType(self.method, estimator)


@insert_shared_docs
class LSTMSequenceEmbedder(BaseVectorEstimator):
    """Embed sequences as vectors with an encoder-decoder LSTM.

    An encoder maps each sequence to one vector of fixed length, from which a decoder
    reconstructs the sequence [1]_ [2]_. `transform` returns the vectors, for use with
    any classifier, regressor, clusterer or outlier detector; `inverse_transform`
    decodes vectors. Sequences may differ in length, and may have several features
    and missing values.

    For numeric features, `fit` starts from a solution in closed form: principal
    components of the sequences, and a correction of the decoder by radial basis
    functions. It then trains LSTM cells to reduce what this leaves, if that reduces the
    error of sequences that are held out. Forecasts start from a ridge regression. With
    categorical features, and with `objective="composite"`, the cells are trained from
    random weights.

    A vector combines final states, which are all that the decoder needs, with features
    that help to distinguish sequences and need no training: statistics of the values,
    of random recurrent cells, and of random convolutions or n-grams of categories.

    Parameters
    ----------
    %(n_components)s
        By default, 128 components are for final states and 192 for random features;
        if a feature has more than two categories, 64 and 256. Vectors of up to 128
        components, or 64, consist of final states.
    %(max_epochs)s
        With a linear map, "auto" trains only 50 or more sequences, of which a tenth is
        held out, and only if the linear map leaves more than 1 % of the variance
        unexplained. Training stops after 500 batches without a lower loss of the
        held-out sequences, and its result is used if it reduces that loss by at least
        5 %, or 1 % for forecasts.
    %(verbose)s
        It also prints why there was no training, or why it stopped.
    %(random_state)s
    %(device)s
    objective : {"reconstruction", "forecast", "composite"}, default="reconstruction"
        Target that is decoded from the vector [3]_: the sequence itself, the `horizon`
        time steps that follow it, or both. Features whose forecasts start close to
        their last values are forecast relative to the last value and the standard
        deviation of each sequence, unless `instance_norm` is False. For "forecast", one
        to four long series are cut into windows; then only the last time steps of a
        sequence are read: one more than twice the horizon, or an eighth of a series.
    horizon : int, float or "auto", default="auto"
        Number of time steps at the end of each training sequence that are held back as
        the target of a forecast; a float in (0, 1) is a fraction of the length, at
        least one step. "auto" is a tenth. Ignored if `objective="reconstruction"`. With
        "composite", half of the sequences in each batch are read and reconstructed as a
        whole, as in `reconstruct`, and are not forecast.
    %(scaler)s
    %(categorical_features)s
    %(categories)s
    %(min_frequency)s
    %(max_categories)s
    %(handle_unknown)s
    %(instance_norm)s
        If True, the encoder also reads each sequence standardized by its own mean and
        standard deviation [6]_, and the trained cells also read the logarithm of that
        standard deviation. "auto" is True unless all sequences in
        `fit` have about the same mean and standard deviation.
    %(hidden_size)s
        "auto" is 64 with a linear map. If a feature has more than two categories, it is
        about twice the square root of the number of sequences, a power of 2 from 64 to
        256. Otherwise it is None.
    %(num_layers)s
        Random cells have one layer.
    %(bidirectional)s
    %(dropout)s
        Ignored if `num_layers=1`.
    %(cell)s
    %(patch_size)s
    %(linear_map)s
        With `objective="reconstruction"` they are principal components [11]_. Each
        sequence is resampled to the same number of points, with missing values
        interpolated. If there are at least 4 final states and lengths differ, one of
        them is the length. With `objective="forecast"` and equal horizons, it is a
        ridge regression on the last time steps, as in :class:`LSTMSequencePredictor`.
        With "composite" there is none.
    random_features : int or "auto", default="auto"
        Number of components for random features, less than `n_components`. The mean,
        standard deviation and last value of each numeric feature and the length are the
        first components, as far as they vary, or are reduced to principal components if
        they are more than half. The others are principal components of statistics over
        time of random cells [12]_ and of random convolutions [8]_ or, if features are
        categorical, of hashed n-grams [13]_. They are rotated together with the final
        states, so that all components have about the same variance. Random features
        have 90 % of the variance of a vector, or less if they are few. "auto" is what
        remains after 128 final states, or 64 if a feature has more than two categories.
    decoder_inputs : {"vector", "vector_position"}, default="vector_position"
        Inputs of the decoder at each step: only the final states (as `RepeatVector` in
        Keras tutorials), or the final states and sines and cosines of the position. In
        the latter case the final states also determine the decoder's initial state.
    augmentation : str, tuple of str or None, default=("shift", "mix")
        Random variation of the training sequences, the same for input and target.
        "shift" shifts each sequence in time by up to a tenth of its length; for a
        forecast, it removes up to three tenths of the input at its start instead.
        Sequences with categorical features are not shifted. "mix" interpolates each
        sequence with another one of the batch that has no missing values. The other
        sequence has a weight of up to one half [9]_, which is also the fraction of the
        categories that are taken from it. "mix" is not applied to forecasts.
        Fewer than 16 sequences are not varied. The principal components are computed
        with varied copies as well, whose weight is chosen by cross-validation.
    %(batch_size)s
    %(lr)s
    %(lr_schedule)s
    %(weight_decay)s
    %(precision)s
    %(early_stopping)s
        Training that starts from a linear map is then used only if it reduces the
        validation loss by at least 5 %. For "auto", see `max_epochs`.
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
        vectors (N, n_components).
    decoder_ : torch.nn.Module
        The decoder. Called with vectors, a number of time steps and, if lengths differ,
        int64 lengths (N,), it returns scaled values (N, n_steps, F), logits of the end
        (N, n_steps), and logits (N, n_steps, ·) of categories.
    scaler_ : transformer or None
        The fitted scaler; also None if no feature is numeric.
    %(is_categorical_)s
    categories_ : list of (ndarray or None)
        Categories of each feature by decreasing frequency, without infrequent ones;
        None for numeric features.
    infrequent_categories_ : list of (ndarray or None)
        Infrequent categories of each feature, sorted; None if there are none.
    %(history_)s
    %(n_iter_)s
    %(fit_time_)s
    train_score_ : float
        Result of `score` on at most 1000 of the training sequences. Set by `fit`,
        removed by `partial_fit`.
    patch_size_, hidden_size_, random_features_, instance_norm_, batch_size_, \
max_epochs_, early_stopping_, horizon_, device_
        The values that were used. `max_epochs_` is 0 if the linear map left nothing to
        learn. `device_` is the current device of the network.
    %(n_features_in_)s
    %(feature_names_in_)s

    See Also
    --------
    sklearn.decomposition.PCA : Linear embedding of sequences of equal lengths.

    Notes
    -----
    The loss is the mean deviance of the observed values of a sequence, averaged over
    sequences. The deviance of numbers is the squared error in scaled units (for a
    forecast with a linear map, the absolute error), and that of categories is the
    cross-entropy divided by the entropy of their frequencies in `fit`. The best
    constant prediction has a deviance of 1 for either kind [10]_. If lengths differ in
    `fit`, the negative log-likelihood of the end of the sequence is added with weight
    0.1, so that `inverse_transform` can predict lengths. Patches follow [5]_, the
    optimizer is AdamW [7]_, and the use of the encoder as a general feature extractor
    follows [4]_.

    Up to rounding in float32, the vector of a sequence does not depend on its batch, on
    the order of sequences, or on the other sequences. Results on different devices or
    with different versions of torch may differ.

    If `fit` is interrupted by Ctrl-C, it warns and keeps the best weights so far.
    Within a search of scikit-learn, the interrupt stops the search.

    The network of typical tutorials is obtained by ``patch_size=1, bidirectional=False,
    hidden_size=None, linear_map=False, random_features=0, instance_norm=False,
    decoder_inputs="vector", augmentation=None, lr_schedule=None, weight_decay=0,
    early_stopping=False``.

    References
    ----------
    .. [1] Cho, K. et al. (2014). Learning Phrase Representations using RNN
           Encoder-Decoder for Statistical Machine Translation. arXiv:1406.1078.
    .. [2] Sutskever, I., Vinyals, O. and Le, Q. V. (2014). Sequence to Sequence
           Learning with Neural Networks. arXiv:1409.3215.
    .. [3] Srivastava, N., Mansimov, E. and Salakhutdinov, R. (2015). Unsupervised
           Learning of Video Representations using LSTMs. arXiv:1502.04681.
    .. [4] Malhotra, P. et al. (2017). TimeNet: Pre-trained deep recurrent neural
           network for time series classification. arXiv:1706.08838.
    .. [5] Lin, S. et al. (2023). SegRNN: Segment Recurrent Neural Network for
           Long-Term Time Series Forecasting. arXiv:2308.11200.
    .. [6] Kim, T. et al. (2022). Reversible Instance Normalization for Accurate
           Time-Series Forecasting against Distribution Shift. ICLR.
    .. [7] Loshchilov, I. and Hutter, F. (2019). Decoupled Weight Decay Regularization.
           arXiv:1711.05101.
    .. [8] Dempster, A., Schmidt, D. F. and Webb, G. I. (2021). MiniRocket: A Very Fast
           (Almost) Deterministic Transform for Time Series Classification. KDD.
    .. [9] Zhang, H. et al. (2018). mixup: Beyond Empirical Risk Minimization. ICLR.
    .. [10] Chen, Z. et al. (2018). GradNorm: Gradient Normalization for Adaptive Loss
            Balancing in Deep Multitask Networks. arXiv:1711.02257.
    .. [11] Jolliffe, I. T. (2002). Principal Component Analysis. Springer.
    .. [12] Jaeger, H. (2001). The "echo state" approach to analysing and training
           recurrent neural networks. GMD Report 148.
    .. [13] Weinberger, K. et al. (2009). Feature Hashing for Large Scale Multitask
            Learning. ICML. arXiv:0902.2206.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_seqembed import LSTMSequenceEmbedder
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.normal(size=(length, 2)) for length in (5, 9, 7, 12)]
    >>> embedder = LSTMSequenceEmbedder(n_components=8, max_epochs=20, random_state=0)
    >>> embedder.fit_transform(X).shape
    (4, 8)
    >>> [x.shape for x in embedder.reconstruct(X)]
    [(5, 2), (9, 2), (7, 2), (12, 2)]
    """

    def __init__(
        self,
        n_components=320,
        *,
        max_epochs="auto",
        verbose=0,
        random_state=None,
        device="auto",
        objective="reconstruction",
        horizon="auto",
        scaler="standard",
        categorical_features="from_dtype",
        categories="auto",
        min_frequency=None,
        max_categories=None,
        handle_unknown="infrequent_if_exist",
        instance_norm="auto",
        hidden_size="auto",
        num_layers=1,
        bidirectional=True,
        dropout=0.0,
        cell="lstm",
        patch_size="auto",
        linear_map=True,
        random_features="auto",
        decoder_inputs="vector_position",
        augmentation=("shift", "mix"),
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
        self.objective = objective
        self.horizon = horizon
        self.scaler = scaler
        self.categorical_features = categorical_features
        self.categories = categories
        self.min_frequency = min_frequency
        self.max_categories = max_categories
        self.handle_unknown = handle_unknown
        self.instance_norm = instance_norm
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.cell = cell
        self.patch_size = patch_size
        self.linear_map = linear_map
        self.random_features = random_features
        self.decoder_inputs = decoder_inputs
        self.augmentation = augmentation
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

    def fit(self, X, y=None):
        """Train the network to reconstruct or continue sequences from their vectors.

        Parameters
        ----------
        X : list, array, tensor or frame of n_samples sequences
            One of: a list (tuple, 1-D object array) of arrays of shape (n_timesteps_i,
            n_features) or (n_timesteps_i,), of strings, or of lists of time steps; a
            3-D array (n_samples, n_timesteps, n_features), padded with NaN at the end
            where lengths differ; a 2-D array or a frame of numbers (n_samples,
            n_timesteps), with one feature; a frame whose cells are lists, arrays or
            strings, with one row per sequence and one column per feature; an Arrow
            array of lists or strings. Strings and bools are categories, see
            `categorical_features`. NaN and None, except as padding, are missing values:
            the loss and the scores ignore them.
        y : None
            Ignored in training. Callbacks of scikit-learn can read it.

        Returns
        -------
        self : LSTMSequenceEmbedder
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter is out of range; if a sequence is empty, infinite or entirely
            missing; if features or lengths within X do not match; or if the loss
            becomes NaN.
        TypeError
            If X is of an unsupported type, or if a feature mixes types or holds values
            other than numbers, strings, bools or times.
        """
        return self._fit(X, y)  # only callbacks of scikit-learn read y

    def partial_fit(self, X, y=None):
        """Train for one epoch, at a constant learning rate and without validation.

        The first call fits the scaler, the vocabularies and the linear map, chooses
        every parameter that is "auto", and scales the components; later calls keep all
        of these. Its X should therefore be as large and varied as possible. The
        variance of the final states increases during training, so after many calls it
        is a larger fraction of the total variance than after `fit`. If X has only one
        sequence in the first call, the first call with more sequences scales the
        components.

        Parameters
        ----------
        X : list, array, tensor or frame of n_samples sequences
            As for :meth:`fit`.
        y : None
            Ignored.

        Returns
        -------
        self : LSTMSequenceEmbedder
            The estimator, trained for one more epoch.
        """
        return self._fit(X, single_pass=True)

    @_needs_decoder("reconstruction")
    @isolated
    def inverse_transform(self, X):
        """Decode vectors as sequences of predicted lengths.

        Lengths are between those of the shortest and the longest training sequence.

        Parameters
        ----------
        X : array-like or frame of shape (n_samples, n_components)
            Vectors, as :meth:`transform` returns them.

        Returns
        -------
        sequences : list, ndarray or frame
            Sequences in the units and the kind of container that were passed to `fit`;
            a 2-D array if that was a frame with one column per time step and other
            lengths were passed to `partial_fit`.
        """
        check_is_fitted(self)
        vectors = check_vectors(X, self.get_feature_names_out(), type(self).__name__)
        longest = np.full(len(vectors), self._longest)
        return self._schema.build(
            self._decode(vectors, "reconstruction", longest, self._shortest)
        )

    @_needs_decoder("reconstruction")
    @isolated
    def reconstruct(self, X):
        """Encode and decode sequences; missing values are filled in.

        Parameters
        ----------
        X : list, array, tensor or frame of n_samples sequences
            As for :meth:`transform`.

        Returns
        -------
        sequences : list, ndarray or frame
            Sequences of the same lengths, in the units and the container of X.
        """
        check_is_fitted(self)
        sequences, schema = self._check_X(X, reset=False)
        vectors = self._encode(sequences)
        return schema.build(self._decode(vectors, "reconstruction", sequences.lengths))

    @_needs_decoder("forecast")
    @isolated
    def forecast(self, X):
        """Predict the time steps that follow each sequence.

        Parameters
        ----------
        X : list, array, tensor or frame of n_samples sequences
            As for :meth:`transform`.

        Returns
        -------
        sequences : list, ndarray or frame
            The next `horizon` time steps, or that fraction of the length of each
            sequence, in the units and the container of X; a 2-D array if X is a frame
            with one column per time step.
        """
        check_is_fitted(self)
        sequences, schema = self._check_X(X, reset=False)
        sequences = self._take_recent(sequences)
        vectors = self._encode(sequences)
        lengths = self._count_horizons(sequences)
        location_scale = self._relative.compute_location_scale(sequences)
        predicted = self._decode(
            vectors, "forecast", lengths, location_scale=location_scale
        )
        return schema.without_names().build(predicted)

    @isolated
    def score(self, X, y=None):
        """Return the explained fraction of the deviance of sequences.

        Parameters
        ----------
        X : list, array, tensor or frame of n_samples sequences
            As for :meth:`transform`.
        y : None
            Ignored.

        Returns
        -------
        score : float
            Mean over features of 1 - deviance / deviance of the best constant on X. The
            deviance of numbers is the squared error in the user's units, as in
            :func:`~sklearn.metrics.r2_score`; that of categories is the cross-entropy,
            and the best constant is their frequencies in X. 1 is perfect, 0 is as good
            as the constant. Constant features are left out, and so are missing values
            and categories that `fit` never met (:meth:`score_samples` counts these).
            With `objective="forecast"` the held-back time steps are scored, with
            "composite" the mean of both parts.
        """
        check_is_fitted(self)
        tally = ExplainedTally(self._target_features.numeric)
        for pairs in map_parts(self._check_recent, X):
            self._add_explained(tally, pairs)
        return float(np.mean(tally.fractions()))

    @isolated
    def score_samples(self, X):
        """Return how usual each sequence is: sequences unlike those of `fit` score low.

        Parameters
        ----------
        X : list, array, tensor or frame of n_samples sequences
            As for :meth:`transform`.

        Returns
        -------
        scores : float64 ndarray of shape (n_samples,)
            Minus the sum of three terms, at most 0.

            The first is ``log(1 + d)``. The distance d tells how unusual the random
            features are, or, if there are none, the vector. It is the squared
            Mahalanobis distance from the mean of `fit`, divided by the number of
            components. The covariance matrix is shrunk as in
            :func:`sklearn.covariance.ledoit_wolf`, and what the vector leaves out of
            the random features counts as well.

            The second is ``log(1 + 1000 * e) / 3``, or 0 without numeric features. The
            error e is the mean squared error of the reconstruction in scaled units,
            plus the mean squared deviation from the most similar training sequences.
            For this, sequences are resampled to up to 128 points and compared with
            means of three similar training sequences; the deviation from the nearest
            mean is divided by the variance of `fit`. With `objective="forecast"` the
            error of the reconstruction is replaced by that of the held-back time steps,
            relative to the scale of each sequence, or 0 if all of them are missing;
            with "composite" it is the mean of both.

            The third is minus twice the mean log probability of the observed categories
            and of the end of each categorical feature, summed over two models. One
            predicts a category from up to three previous ones, the other from those
            that follow, by counts of n-grams in `fit` with Witten-Bell smoothing [1]_.
            A category that `fit` never met is as improbable as one of the vocabulary
            that never occurred. If it is read as infrequent, it has the probability of
            these, divided by n + 1, where n is the number of observations of infrequent
            categories in `fit`.

        Notes
        -----
        If `fit` cut a few long series into windows, only the last window of a series is
        scored. To score each window, pass windows.

        `fit` keeps statistics of the training sequences, but none of the sequences: in
        `net_` the mean of their features, a factor of the inverse covariance matrix,
        and means of three sequences each, at most 512; and counts of hashed n-grams.
        All but the counts are computed from at most 2000 of the training sequences.
        `partial_fit` learns them in its first call, together with the components, or in
        each call if there are no random features; n-grams are counted in all calls.

        References
        ----------
        .. [1] Witten, I. H. and Bell, T. C. (1991). The zero-frequency problem:
               Estimating the probabilities of novel events in adaptive text
               compression. IEEE Transactions on Information Theory 37(4).
        """
        check_is_fitted(self)
        return np.concatenate(list(map_parts(self._score_part, X)))

    def _score_part(self, X):
        """Return how usual each of some sequences in memory is."""
        pairs = self._check_recent(X)
        if self.objective == "reconstruction":
            warn_about_lengths(pairs.sources.lengths, self._shortest, self._longest)
        encoded = self._encode_pairs(pairs)
        whole = SequenceDataset(encoded.sources, self.patch_size_, parts=())
        distances, errors = self.net_.measure_distances(whole).T
        if self._features.numeric.n_features:
            parts = self.net_.predict_parts(self._make_dataset(encoded))
            with closing(parts) as predictions:
                errors = errors + mean_squared_errors(predictions, len(pairs))
        surprises = 0.0
        if self._features.n_classes:
            surprises = self._category_models.mean_surprises(pairs.sources)
        return -combine_surprises(distances, errors, surprises)

    @isolated
    def to_onnx(self, path, decoder_path=None):
        """Write ONNX files that encode and decode sequences without this library.

        The first file does what :meth:`transform` does. It takes raw values, and
        contains the scaler, the treatment of missing values and the categories. Batches
        may have any number of sequences and time steps. :ref:`onnx` shows how to use
        it. It needs the extra ``onnx``.

        Parameters
        ----------
        path : str or path-like
            File to write or to replace. Its inputs, as far as X has such features, are

            - `values`, float32 or float64 of shape (N, L, F), as in `fit`: the numeric
              features in your units, NaN where missing;
            - `times`, float64 of shape (N, L, T): times in seconds since any moment,
              NaN where missing;
            - `categories`, string of shape (N, L, K): the features of strings, "" where
              missing (if "" is a category, another string that the file documents);
            - `numeric_categories`, float64 of shape (N, L, M): categories that are
              numbers or bools, NaN where missing;
            - `lengths`, int64 of shape (N,): number of time steps of each sequence.

            Features are in the order of X. After the end of a sequence, values may be
            anything. The outputs are `vectors`, float32 of shape (N, n_components),
            and, if there are categorical features, `n_unknown`, int64 of shape (N,):
            the number of categories that `fit` never met. They are treated as
            `handle_unknown` says; with "error", :meth:`transform` raises an error, but
            the file reads them as missing.
        decoder_path : str or path-like, default=None
            File to write with the decoder. Its inputs are `vectors` and `lengths`, and
            its outputs sequences with as many time steps as `lengths` says: `values`,
            in your units, with NaN after the end, and `categories` and
            `numeric_categories`, with a missing value after the end and instead of
            infrequent categories. None writes no decoder.

        Raises
        ------
        ImportError
            If the extra ``onnx`` is not installed.
        NotImplementedError
            If the scaler cannot be part of the file.
        ValueError
            If a decoder is to be written, but `objective` is "forecast", or both files
            have the same path.
        """
        check_is_fitted(self)
        if decoder_path is not None and os.path.abspath(path) == os.path.abspath(
            decoder_path
        ):
            raise ValueError("path and decoder_path are the same file.")
        if decoder_path is not None and "reconstruction" not in self._parts:
            raise ValueError(
                'decoder_path needs the decoder of objective="reconstruction" or '
                '"composite", but this embedder was fitted with '
                f"objective={self.objective!r}: a forecast depends on the end of the "
                "sequence, not on the vector alone. For forecasts from an ONNX file, "
                "use LSTMSequencePredictor.to_onnx."
            )
        export_vectors(self, path)
        if decoder_path is not None:
            export_decoder(self, decoder_path)

    def _decode(self, vectors, part, lengths, shortest=None, location_scale=None):
        return decode_vectors(
            self.net_, self._features, vectors, part, lengths, shortest, location_scale
        )

    def _check_recent(self, X):
        """Validate X, and return the time steps that are read and held back."""
        pairs = self._check_data(X, None, reset=False)
        self._check_horizons(pairs.sources)
        if self._windows is None:
            return pairs
        recent = take_last(pairs.sources, self._windows.length)
        return Pairs(recent, recent)

    def _split_off_horizons(self, sequences):
        """Split sequences into the time steps to read and those to forecast."""
        horizons = self._count_horizons(sequences)
        n_read = sequences.lengths - horizons
        return (
            sequences.cut(sequences.starts, n_read),
            sequences.cut(sequences.starts + n_read, horizons),
        )

    def _count_horizons(self, sequences):
        """Return the number of time steps to forecast for each sequence."""
        return count_horizons(sequences.lengths, self.horizon_)

    def _check_horizons(self, sequences):
        """Raise an error if a forecast leaves no time step of a sequence to read."""
        if "forecast" in self._parts:
            horizons = self._count_horizons(sequences)
            check_horizons(sequences.lengths, horizons, self.horizon)
            shortest = np.array([sequences.shortest])
            if sequences.n_represented > len(sequences) and (
                count_horizons(shortest, self.horizon_) >= shortest
            ):
                raise ValueError(
                    f"A sequence of X has {count(sequences.shortest, 'time step')}, "
                    f"all of which horizon={self.horizon!r} holds back. Leave out such "
                    "short sequences, or lower horizon."
                )

    # The methods that BaseSequenceEstimator requires. The target of a sequence is the
    # sequence itself; for forecasts the dataset splits off its end.

    def _check_data(self, X, y, reset):
        stream = as_stream(X)
        if stream is None:
            sequences, _ = self._check_X(X, reset)
        else:
            sequences = self._survey(stream, reset)
        if reset:
            self._parts = PARTS[self.objective]
        return Pairs(sequences, sequences)

    def _cut_windows(self, pairs, reset):
        sequences = pairs.sources
        if reset:
            self._windows = None
            horizon = as_plain_number(_auto.resolve(self.horizon, _auto.HORIZON))
            horizons = count_horizons(sequences.lengths, horizon)
            if (
                self._parts == ("forecast",)
                and self.instance_norm is not False
                and not sequences.categorical
                and horizons.min() == horizons.max()
                and len(sequences) == sequences.n_represented
            ):
                horizon = int(horizons[0])
                shortest = int(sequences.lengths.min()) - horizon
                self._windows = self._choose_windows(len(sequences), shortest, horizon)
        if self._windows is None:
            return pairs
        windows = self._windows.cut(sequences, type(self).__name__)
        return Pairs(windows, windows)

    def _fit_features(self, pairs, rng):
        self._fit_source_features(pairs.sources, rng)
        self._target_features = self._features
        self._relative = None

    def _choose_network(self, pairs):
        self._forecast_shape = None
        self._n_compared_points = 0
        if n_features := self._features.numeric.n_features:
            lengths = pairs.sources.lengths
            self._n_compared_points = _auto.choose_compared_points(lengths, n_features)
        self._choose_encoder(
            pairs.sources,
            with_linear_map=self._parts == ("reconstruction",),
        )

    def _prepare_training(self, pairs):
        self.horizon_ = as_plain_number(_auto.resolve(self.horizon, _auto.HORIZON))
        if self._windows is not None:
            self.horizon_ = self._windows.horizon
        self._check_horizons(pairs.sources)
        may_be_missing = (
            self._features.numeric.missing_indicator_ or self._features.n_classes
        )
        if "forecast" in self._parts and may_be_missing:
            horizons = self._count_horizons(pairs.sources)
            check_held_back(pairs.sources, horizons, self.horizon)
        if "forecast" in self._parts and self._relative is None:
            # False switches off only what is read relative to each sequence; otherwise
            # the data tell whether forecasts start where sequences end.
            option = self.instance_norm is not False and "auto"
            if self._windows is not None:
                option = True
            self._relative = RelativeTargets(self._features.numeric)
            self._relative.fit(*self._split_off_horizons(pairs.sources), option)
            self._forecast_shape = self._choose_forecast_shape(pairs.sources)
            if self._forecast_shape is not None:
                self.hidden_size_ = _auto.resolve(
                    self.hidden_size, _auto.CORRECTION_CELLS
                )

    def _choose_forecast_shape(self, sequences):
        """Return the sizes of the linear forecast, None if there is none."""
        horizons, columns = self._count_horizons(sequences), self._relative.columns
        extremes = np.array([sequences.shortest, sequences.longest])
        fewest, most = count_horizons(extremes, self.horizon_)
        if (
            not self.linear_map
            or self._parts != ("forecast",)
            or not self._relative.is_forecast
            or self._features.n_classes
            or fewest < most
        ):
            return None
        lengths, horizon = sequences.lengths - horizons, int(horizons[0])
        n_lags = _auto.choose_lags(lengths, len(columns), horizon * len(columns))
        return ForecastShape(n_lags, horizon, tuple(columns.tolist()))

    def _encode_pairs(self, pairs):
        encoded = self._encode_sources(pairs.sources)
        location_scale = self._locate_targets(pairs.sources)
        if location_scale is None:
            return Pairs(encoded, encoded)
        targets = self._encode_sources(pairs.sources, location_scale)
        # The linear forecast weighs sequences as that of LSTMSequencePredictor does.
        weights = self._relative.weigh(location_scale)
        if self._windows is not None:
            weights = np.ones_like(weights)
        return Pairs(encoded, targets, weights)

    def _locate_targets(self, sequences):
        if "forecast" not in self._parts:
            return None
        read, _ = self._split_off_horizons(sequences)
        return self._relative.compute_location_scale(read)

    def _make_dataset(self, encoded, generator=None):
        sequences, training = encoded.sources, generator is not None
        varies = training and len(sequences) >= MIN_AUGMENTED_SEQUENCES
        forecasts = "forecast" in self._parts
        return SequenceDataset(
            sequences,
            self.patch_size_,
            self._parts,
            horizons=self._count_horizons(sequences) if forecasts else None,
            forecast_targets=encoded.targets,
            # transform reads whole sequences, so with a composite objective training
            # does so for half of each batch. Otherwise the network would never learn to
            # reconstruct the end of a sequence.
            read_whole=0.5 if training and self._parts == PARTS["composite"] else 0.0,
            augmentation=as_options(self.augmentation) if varies else (),
            generator=generator,
        )

    def _fit_scores(self, sequences, continues):
        if not continues:
            self._category_models = CategoryModels(self._features.categorical)
        self._category_models = self._category_models.count(sequences)

    def _network_params(self):
        return EncoderDecoder, {
            **self._encoder_params(),
            "parts": PARTS[self.objective],
            "forecast_shape": self._forecast_shape if self.linear_map else None,
            "n_compared_points": self._n_compared_points,
            "decoder_inputs": self.decoder_inputs,
        }

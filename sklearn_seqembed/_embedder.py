"""LSTMSequenceEmbedder: sequences into vectors, and back."""

import numpy as np
from sklearn.utils import check_array
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from sklearn_seqembed import _auto
from sklearn_seqembed._base import BaseSequenceEstimator
from sklearn_seqembed._data.horizons import (
    check_held_back,
    check_horizons,
    count_horizons,
)
from sklearn_seqembed._features.encoder import evenly_spaced
from sklearn_seqembed._network.encoder_decoder import EncoderDecoder
from sklearn_seqembed._parameters import PARTS, as_options
from sklearn_seqembed._scoring import explained_fraction, mean_deviances
from sklearn_seqembed._settling import kept, set_chosen
from sklearn_seqembed._training.dataset import SequenceDataset
from sklearn_seqembed._training.decoding import decode_vectors

# Sequences, at most, that tell whether they come in one scale.
LOOKED_AT = 1000


def _objective_has(part):
    """Offer a method only where the objective trains the decoder that it needs."""

    def check(estimator):
        parts = PARTS.get(estimator.objective, ())
        if hasattr(estimator, "net_"):  # the parameter may have changed since fit
            parts = estimator._parts
        if part in parts:
            return True
        raise AttributeError(
            f"objective={estimator.objective!r} trains no {part}. Use "
            f"objective={part!r} or 'composite'."
        )

    return check


class LSTMSequenceEmbedder(BaseSequenceEstimator):
    """Embed sequences as vectors by an Encoder-Decoder LSTM.

    `fit` trains an LSTM encoder and an LSTM decoder to recreate each sequence from one
    vector of fixed length [1]_ [2]_. `transform` returns the encoder's vectors, for any
    classifier, regressor, clusterer or detector; `inverse_transform` plays a vector
    back. Sequences may have any lengths, several features and missing values.

    The vector joins two kinds of states. Last states, of cells that are trained, know
    what comes where in the sequence: all of it is recreated from them. Pooled states,
    of many random cells that read finer patches and are not trained, know what comes
    anywhere in it.

    Parameters
    ----------
    n_components : int, default=320
        Length of the vector, at least 1. By default its first 128 numbers are last
        states and the other 192 pooled ones, with categorical features 64 and 256.
    hidden_size : int, None or "auto", default="auto"
        Memory cells a layer and direction, at least 1, for the last states; a linear
        layer then leads to their share of the vector. With None they are memory cells
        themselves: forward gets the larger half, backward the smaller one (none for 1).
        "auto" is None for numbers alone; with categorical features about twice the
        square root of the number of sequences, a power of 2 from 64 to 256.
    num_layers : int, default=1
        Stacked layers of encoder and decoder, at least 1. States that are pooled are
        those of one layer.
    bidirectional : bool, default=True
        Whether the encoder reads each sequence backward too.
    dropout : float, default=0.0
        Probability, in [0, 1), of zeroing a value between stacked layers. No effect
        when `num_layers=1`.
    cell : {"lstm", "gru"}, default="lstm"
        Memory cell: long short-term memory, or the gated recurrent unit of [1]_.
    patch_size : int or "auto", default="auto"
        Time steps that enter and leave the network together as one step [5]_. "auto"
        cuts a sequence of median length into about 20 patches, the longest into 1000
        at most. 1 is the textbook network.
    reservoir_fraction : float or "auto", default="auto"
        Share of the vector, in [0, 1), for the principal components of states pooled
        over time; rounded down, and at most as many as there are pooled states. 0 is
        none. "auto" is .6, but leaves the first 32 numbers to last states however short
        the vector is; with categorical features .8 and 64.
    reservoir_size : int or "auto", default="auto"
        Random cells, at least 1, whose states are pooled: so many for each direction,
        and for each of two readings, values and differences from step to step. "auto"
        is 64, with more than 4 features or a categorical one 128.
    reservoir_patch_size : int or "auto", default="auto"
        Time steps that enter together where states are pooled. "auto" cuts a sequence
        of median length into about 240 patches, the longest into 1000 at most.
    pooling : str or tuple of str, default=("mean", "max", "min", "std", "ppv")
        How these states are pooled over time: in one or more of these five ways. "ppv"
        is the proportion of positive values [8]_.
    instance_norm : bool or "auto", default="auto"
        Whether each sequence is also read in its own scale: less its own mean, over its
        own standard deviation [6]_, and beside the last states how large that is.
        "auto" does unless the sequences of fit all have about one mean and deviation.
    vector_scaling : {"balanced", None}, default="balanced"
        "balanced" gives all last states one variance over the sequences of fit, and
        each pooled number 8/3 of it: of 320 numbers the 192 pooled ones then have four
        fifths of the variance. It can be undone, so the decoder loses nothing. None
        leaves last states as the cells have them, and pooled numbers at variance 1. At
        most 2000 of the sequences are looked at.
    decoder_inputs : {"vector", "vector_position"}, default="vector_position"
        What the decoder sees at each step: the last states alone (the RepeatVector of
        the Keras tutorials), or beside them sines and cosines of the position, the last
        states setting the start state too.
    augmentation : str, tuple of str or None, default=("shift", "mix")
        How sequences are varied at random in training, what is read and what is to be
        recreated alike. "shift" moves each by a time of up to a tenth of its length;
        with a forecast, up to three tenths of what is read are cut off at the start
        instead. "mix" lays another sequence without gaps over each, with a share of up
        to a half [9]_, and takes its categories at as large a share of the steps; not
        with a forecast. Where there are categorical features nothing is shifted.
    lr_schedule : {"onecycle", None}, default="onecycle"
        Rise to `lr` over the first 30 % of the batches of a fit, and fall to nearly 0
        over the others; None holds `lr`.
    scaler : "standard", transformer or None, default="standard"
        Scales the features before they enter. "standard" is a
        :class:`~sklearn.preprocessing.StandardScaler` over all time steps; any
        scikit-learn transformer that keeps the number of features and has
        `inverse_transform` is cloned and fitted on shape (total time steps, numeric
        features).
    categorical_features : "from_dtype", array-like or None, default="from_dtype"
        Which features are categories: "from_dtype" takes strings, bools and pandas'
        categories for such, and numbers for numbers; or names, indices, or a mask of
        shape (n_features,). None takes no feature for one.
    min_frequency : int or float, default=None
        Categories of fewer time steps than this, or than this share in (0, 1) of a
        feature's observed ones, become one, "unknown".
    max_categories : int, default=None
        Number of categories, at least 1, that a feature may have; the rarest become
        "unknown", which counts as one of them.
    handle_unknown : {"infrequent_if_exist", "ignore", "error"}, \
default="infrequent_if_exist"
        What becomes of a category that `fit` has not met, as in
        :class:`~sklearn.preprocessing.OneHotEncoder`: it is "unknown" where some
        categories are so, else missing; or always missing; or refused.
    objective : {"reconstruction", "forecast", "composite"}, default="reconstruction"
        What is decoded from the vector [3]_: the steps that were read, the `horizon`
        steps that follow them, or both.
    horizon : int, float or "auto", default="auto"
        Time steps at the end of each training sequence that are held back for
        "forecast" and "composite": a number, or a share in (0, 1) of its length, at
        least one step. "auto" is a tenth. No effect with "reconstruction". With
        "composite" half of each batch is read and recreated whole, as `reconstruct`
        does, and forecasts nothing.
    max_epochs : int or "auto", default="auto"
        Passes over the training sequences. "auto" makes about 1500 batches, and at
        least 5 passes; with categorical features 40 passes, if that is more, but no
        more than 6000 batches. 0 leaves the network untrained, to compare with.
    batch_size : int or "auto", default="auto"
        Largest number of sequences of a batch. "auto" is about an eighth of them, 16
        to 64, with categorical features up to 128.
    lr : float, default=0.003
        Learning rate of AdamW [7]_, the highest one of the schedule.
    weight_decay : float, default=0.1
        Each batch takes this share, times the learning rate, off every weight, at least
        0: then the optimiser is Adam.
    early_stopping : bool or "auto", default="auto"
        Whether to hold out `validation_fraction` of the sequences, to stop when their
        loss has not fallen for `n_iter_no_change` epochs, and to restore the weights
        of the best epoch. "auto" does from 10,000 sequences on.
    validation_fraction : float, default=0.1
        Share in (0, 1) of the sequences that is held out, at least one sequence.
    n_iter_no_change : int, default=10
        Epochs without a lower validation loss before training stops.
    callbacks : list of skorch callbacks, default=None
        Clones of them run beside the estimator's own. Targets are dicts of tensors,
        so an EpochScoring needs `use_caching=False`.
    warm_start : bool, default=False
        Whether `fit` trains the present network on, with a new schedule, instead of a
        new one. Its scaler and device stay what they were.
    device : str or torch.device, default="auto"
        Where to compute. "auto" is CUDA if there is one, else MPS, else the CPU.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        What `fit` computes products in; weights, losses and `transform` are in float32.
        "bfloat16" can be faster where a processor has instructions for it and the
        network is large, and is less exact. "auto" is "bfloat16" on CUDA devices that
        have them, else "float32": as torch is set, by default with TF32 in cuDNN.
    verbose : int, default=0
        0 is silent, 1 shows a progress bar with loss and time left.
    random_state : int, RandomState instance or None, default=None
        Seeds weights, batches, shifts and the held-out part. An int gives equal results
        for equal fits with the same number of threads on the same device.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; `net_.module_` is the torch module. Holds no training data.
    encoder_ : torch.nn.Module
        Called with scaled float32 values (N, L, F), NaN where missing, int64
        categories (N, L, K), 0 where missing, and int64 lengths (N,), gives vectors
        (N, n_components).
    decoder_ : torch.nn.Module
        Called with vectors and a number of steps, gives scaled values (N, L, F), end
        logits (N, L), and scores (N, L, ·) of categories.
    scaler_ : transformer or None
        The fitted scaler; None too where no feature is numeric.
    is_categorical_ : bool ndarray of shape (n_features,)
        Which features of a time step are categorical.
    categories_ : list of (ndarray or None)
        For each feature of a time step its categories by falling frequency, without
        those that are "unknown"; None for numbers.
    infrequent_categories_ : list of (ndarray or None)
        For each feature the categories that are "unknown", sorted; None without any.
    history_ : list of dict
        For each epoch `epoch`, `train_loss`, `valid_loss` if validated, `dur` in
        seconds.
    n_iter_ : int
        Number of epochs trained.
    train_score_ : float
        `score` of (at most 1000 of) the training sequences. Set by `fit`, taken away
        by `partial_fit`.
    patch_size_, hidden_size_, reservoir_fraction_, reservoir_size_, \
reservoir_patch_size_, instance_norm_, batch_size_, max_epochs_, early_stopping_, \
horizon_, device_
        What was used, where the parameter was "auto" or not. `device_` is where the
        network lies now.
    n_features_in_ : int
        Number of features of each time step; for a 2-D X its number of columns.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, if X was a frame with names.

    See Also
    --------
    sklearn.decomposition.PCA : Linear vectors of sequences of equal lengths.

    Notes
    -----
    Minimised is the mean over sequences of each one's mean deviance over its observed
    values: the squared error of numbers in scaled units, and for categories cross
    entropy, divided by that of their frequencies in `fit`. For either kind 1 is what
    the best constant has [10]_. Where lengths differ in training, the negative log
    likelihood of the end of the sequence is added with weight 0.1, by which
    `inverse_transform` decides on lengths.

    Vectors do not depend on the batch, the order or the company of a sequence, up to
    rounding in float32. Equal results across devices or torch versions are not
    promised.

    Ctrl-C in `fit` keeps the best weights so far, warns, and leaves a fitted estimator.

    The textbook network of the tutorials: ``patch_size=1, bidirectional=False,
    reservoir_fraction=0, instance_norm=False, vector_scaling=None,
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
        hidden_size="auto",
        num_layers=1,
        bidirectional=True,
        dropout=0.0,
        cell="lstm",
        patch_size="auto",
        reservoir_fraction="auto",
        reservoir_size="auto",
        reservoir_patch_size="auto",
        pooling=("mean", "max", "min", "std", "ppv"),
        instance_norm="auto",
        vector_scaling="balanced",
        decoder_inputs="vector_position",
        augmentation=("shift", "mix"),
        lr_schedule="onecycle",
        scaler="standard",
        categorical_features="from_dtype",
        min_frequency=None,
        max_categories=None,
        handle_unknown="infrequent_if_exist",
        objective="reconstruction",
        horizon="auto",
        max_epochs="auto",
        batch_size="auto",
        lr=0.003,
        weight_decay=0.1,
        early_stopping="auto",
        validation_fraction=0.1,
        n_iter_no_change=10,
        callbacks=None,
        warm_start=False,
        device="auto",
        precision="auto",
        verbose=0,
        random_state=None,
    ):
        self.n_components = n_components
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.cell = cell
        self.patch_size = patch_size
        self.reservoir_fraction = reservoir_fraction
        self.reservoir_size = reservoir_size
        self.reservoir_patch_size = reservoir_patch_size
        self.pooling = pooling
        self.instance_norm = instance_norm
        self.vector_scaling = vector_scaling
        self.decoder_inputs = decoder_inputs
        self.augmentation = augmentation
        self.lr_schedule = lr_schedule
        self.scaler = scaler
        self.categorical_features = categorical_features
        self.min_frequency = min_frequency
        self.max_categories = max_categories
        self.handle_unknown = handle_unknown
        self.objective = objective
        self.horizon = horizon
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.lr = lr
        self.weight_decay = weight_decay
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.device = device
        self.precision = precision
        self.verbose = verbose
        self.random_state = random_state

    def fit(self, X, y=None):
        """Train the network to recreate sequences from their vectors.

        Parameters
        ----------
        X : list, array, tensor or frame of n_samples sequences
            A list (tuple, 1-D object array) of arrays of shape (n_timesteps_i,
            n_features) or (n_timesteps_i,), of strings, or of lists of time steps; a
            3-D array (n_samples, n_timesteps, n_features), NaN-padded at the end where
            lengths differ; a 2-D array or a frame of numbers (n_samples, n_timesteps),
            one feature; a frame whose cells are lists, arrays or strings, one row a
            sequence and one column a feature; or an Arrow array of lists or strings.
            Strings and bools are categories, see `categorical_features`. NaN and None
            elsewhere are missing values: neither reconstructed nor counted.
        y : None
            Ignored.

        Returns
        -------
        self : LSTMSequenceEmbedder
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter is out of range, a sequence is empty, infinite or not
            observed at all, features or lengths within X do not fit together, or the
            loss becomes NaN.
        TypeError
            If X is of a kind that is not read, or a feature holds values of several
            kinds, or of one that is neither a number, a string, a bool nor a time.
        """
        return self._fit(X)

    def partial_fit(self, X, y=None):
        """Pass once over X, at a constant learning rate and without validation.

        The first call settles the scaler, all that is "auto", whether missing values
        are marked, and how the numbers of vectors are scaled; these stay. As training
        goes on the states outgrow that scale: after many calls the last states have a
        larger share of the variance than after `fit`. With a single sequence there is
        no scale to learn; the next call with more learns it.

        Parameters
        ----------
        X : list, array, tensor or frame of n_samples sequences
            As for :meth:`fit`.
        y : None
            Ignored.

        Returns
        -------
        self : LSTMSequenceEmbedder
            The estimator, trained one epoch more.
        """
        return self._partial_fit(X)

    @available_if(_objective_has("reconstruction"))
    def inverse_transform(self, X):
        """Play vectors back as sequences whose lengths the network decides.

        Lengths lie between those of the shortest and the longest sequence in training.

        Parameters
        ----------
        X : array-like or frame of shape (n_samples, n_components)
            Vectors, as :meth:`transform` gives them.

        Returns
        -------
        sequences : list, ndarray or frame
            In the kind of container and in the units that `fit` got; a 2-D array where
            the columns of its frame do not fit lengths met by `partial_fit`.
        """
        check_is_fitted(self)
        vectors = check_array(X, dtype=np.float32, input_name="X")
        if vectors.shape[1] != self._n_features_out:
            raise ValueError(
                f"X has vectors of {vectors.shape[1]} numbers, but this "
                f"{type(self).__name__} was fitted with n_components="
                f"{self._n_features_out}. Pass what its transform returns."
            )
        most = np.full(len(vectors), self._longest)
        return self._schema.build(
            self._decode(vectors, "reconstruction", most, self._shortest)
        )

    @available_if(_objective_has("reconstruction"))
    def reconstruct(self, X):
        """Encode and decode sequences; missing values are filled on the way.

        Parameters
        ----------
        X : list, array, tensor or frame of n_samples sequences
            As for :meth:`transform`.

        Returns
        -------
        sequences : list, ndarray or frame
            Of the kind and lengths of X, in its units.
        """
        sequences, schema = self._check_in(X)
        vectors = self._encode(sequences)
        return schema.build(self._decode(vectors, "reconstruction", sequences.lengths))

    @available_if(_objective_has("forecast"))
    def forecast(self, X):
        """Continue each sequence after its last step.

        Parameters
        ----------
        X : list, array, tensor or frame of n_samples sequences
            As for :meth:`transform`.

        Returns
        -------
        sequences : list, ndarray or frame
            The next steps, in the kind and units of X: as many as `horizon`, or that
            share of the sequence's length. For a frame whose columns are time steps a
            2-D array.
        """
        sequences, schema = self._check_in(X)
        vectors = self._encode(sequences)
        lengths = self._horizons(sequences.lengths)
        return schema.without_names().build(self._decode(vectors, "forecast", lengths))

    def score(self, X, y=None):
        """Return the share of the sequences' deviance that is explained.

        Parameters
        ----------
        X : list, array, tensor or frame of n_samples sequences
            As for :meth:`transform`.
        y : None
            Ignored.

        Returns
        -------
        score : float
            Mean over features of 1 - deviance / deviance of the best constant on X. For
            numbers that is squared error against squared deviation from the mean, in
            the user's units; for categories cross entropy against that of X's own
            frequencies. 1 is perfect, 0 is the constant. Constant features are left
            out. With `objective="forecast"` the held-back steps are judged,
            with "composite" both parts equally.
        """
        sequences, _ = self._check_in(X)
        self._check_horizons(sequences)
        return self._explained(sequences)

    def score_samples(self, X):
        """Return how well each sequence is recreated: low means unusual.

        Parameters
        ----------
        X : list, array, tensor or frame of n_samples sequences
            As for :meth:`transform`.

        Returns
        -------
        scores : ndarray of shape (n_samples,)
            Minus the mean deviance over a sequence's own observed values, at most 0:
            squared errors in scaled units, and cross entropy over that of the
            frequencies in `fit`. With `objective="forecast"` over its held-back
            steps (NaN where none of them is observed), with "composite" the mean of
            both parts.
        """
        sequences, _ = self._check_in(X)
        self._check_horizons(sequences)
        dataset = self._dataset(self._encode_ahead(sequences))
        predictions = self.net_.predict_parts(dataset)
        return -mean_deviances(predictions, len(sequences), self._features.class_scales)

    _network = EncoderDecoder
    _judged_name = "sequences"

    def _check_data(self, X, y, reset):
        return self._check_X(X, reset)

    def _settle(self, sequences, schema, rng):
        """Learn from the data what stays the same for the life of a network."""
        self._settle_features(sequences, schema, rng)
        self._parts = PARTS[self.objective]
        some = sequences[evenly_spaced(sequences, LOOKED_AT)]
        chosen = _auto.choose_network(
            self.n_components,
            sequences.lengths,
            sequences.n_features,
            self._has_categories,
            *self._features.numeric.moments(some),
        )
        set_chosen(self, chosen)

    def _settle_training(self, n_samples, partial=False, keep_auto=False):
        if not (keep_auto and self.horizon == "auto"):
            self.horizon_ = _auto.HORIZON if self.horizon == "auto" else self.horizon
        super()._settle_training(n_samples, partial, keep_auto)

    def _check_learnable(self, sequences):
        """Refuse, or warn of, sequences with nothing to read or to forecast."""
        self._check_horizons(sequences)
        may_miss = self._features.numeric.missing_indicator_ or self._has_categories
        if "forecast" in self._parts and may_miss:
            horizons = self._horizons(sequences.lengths)
            check_held_back(sequences, horizons, self.horizon)

    def _encode_ahead(self, sequences):
        return self._encode_sources(sequences)

    def _dataset(self, encoded, train=False):
        """Cut what is read from what is held back, as the objective says."""
        forecasts = "forecast" in self._parts
        return SequenceDataset(
            encoded,
            self.patch_size_,
            self._parts,
            horizons=self._horizons(encoded.lengths) if forecasts else None,
            # At transform everything is read: in training half of a batch is, too,
            # or the end of a sequence would never be recreated.
            read_whole=0.5 if train and self._parts == PARTS["composite"] else 0.0,
            augmentation=as_options(self.augmentation) if train else (),
        )

    def _learned_lengths(self, sequences):
        return sequences.lengths

    @property
    def _learned_features(self):
        return self._features

    def _module_params(self):
        return {
            **self._encoder_params(),
            "instance_norm": bool(kept(self, "instance_norm")),
            "parts": PARTS[self.objective],
            "reservoir_fraction": float(kept(self, "reservoir_fraction")),
            "reservoir_size": int(kept(self, "reservoir_size")),
            "reservoir_patch_size": int(kept(self, "reservoir_patch_size")),
            "pooling": as_options(self.pooling),
            "vector_scaling": self.vector_scaling,
            "decoder_inputs": self.decoder_inputs,
        }

    def _horizons(self, lengths):
        """Return the number of steps to forecast for sequences of these lengths."""
        return count_horizons(lengths, self.horizon_)

    def _check_horizons(self, sequences):
        if "forecast" in self._parts:
            horizons = self._horizons(sequences.lengths)
            check_horizons(sequences.lengths, horizons, self.horizon)

    def _explained(self, sequences):
        """Mean over the parts of the explained share."""
        dataset = self._dataset(self._encode_ahead(sequences))
        predictions = self.net_.predict_parts(dataset)
        numeric = self._features.numeric
        return float(np.mean(explained_fraction(predictions, sequences, numeric)))

    def _decode(self, vectors, part, lengths, shortest=None):
        return decode_vectors(
            self.net_, self._features, vectors, part, lengths, shortest
        )

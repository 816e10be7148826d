"""LSTMSequencePredictor: sequences into other sequences."""

import numbers

import numpy as np
from sklearn.utils import check_scalar
from sklearn.utils.validation import check_is_fitted

from sklearn_seqembed import _auto
from sklearn_seqembed._base import BaseSequenceEstimator
from sklearn_seqembed._data.targets import check_targets
from sklearn_seqembed._features.encoder import (
    FeatureEncoder,
    categorical_names,
    evenly_spaced,
)
from sklearn_seqembed._features.relative import LOOKED_AT, RelativeTargets
from sklearn_seqembed._features.vocabulary import join_categories
from sklearn_seqembed._network.encoder_decoder import SequenceToSequence
from sklearn_seqembed._parameters import check_parameters
from sklearn_seqembed._scoring import exact_match_fraction, explained_fraction, mean_r2
from sklearn_seqembed._settling import kept, set_chosen
from sklearn_seqembed._training.decoding import decode_vectors
from sklearn_seqembed._training.pair_dataset import PairDataset, Pairs


class LSTMSequencePredictor(BaseSequenceEstimator):
    """Predict sequences from sequences by an Encoder-Decoder LSTM.

    `fit` trains an LSTM encoder that reads each sequence into one vector of fixed
    length, and an LSTM decoder that says another sequence from it [1]_ [2]_: a sum its
    digits, a sentence another language, a series its future, a case its next events.
    Both sequences may have any lengths, and each features of its own. `predict` returns
    sequences of the kind of y, whose lengths the network decides; `transform` returns
    the vectors, an embedding learned from a task.

    Parameters
    ----------
    n_components : int, default=256
        Length of the vector, at least 1.
    hidden_size : int or None, default=None
        Memory cells a layer and direction of the encoder, at least 1; a linear layer
        then leads to the vector. With None the vector's numbers are the cells' states:
        forward gets the larger half, backward the smaller one. The decoder has as many
        cells as all directions of the encoder together.
    num_layers : int, default=1
        Stacked layers of encoder and decoder, at least 1.
    bidirectional : bool, default=True
        Whether the encoder reads each sequence backward too.
    reverse_source : bool, default=True
        Whether the forward cells of the encoder read from the end of a sequence to its
        start [2]_: then what comes first is read last, and is nearest to what is said
        first. With `bidirectional` the backward cells then read from the start.
    dropout : float, default=0.0
        Probability, in [0, 1), of zeroing a value between stacked layers; with
        "autoregressive" decoding also one of an embedded category that the decoder
        reads, and one of a state that leaves it.
    cell : {"lstm", "gru"}, default="lstm"
        Memory cell: long short-term memory, or the gated recurrent unit of [1]_.
    patch_size : int or "auto", default="auto"
        Time steps of X that enter the network together as one step [3]_. "auto" cuts a
        sequence of median length into about 20 patches, the longest into 1000 at most;
        into about 4 where y is numbers that go on from X: see `instance_norm`.
    decoding : {"auto", "autoregressive", "parallel"}, default="auto"
        "autoregressive" says one step after another, each given those before it; in
        training the true ones, so that all steps are one call. "parallel" says all
        steps at once from the vector and their positions, without feedback [3]_.
        "auto" is "autoregressive" where y has a categorical feature.
    target_patch_size : int or "auto", default="auto"
        Time steps of y that leave a "parallel" decoder together; "auto" as of
        `patch_size`, and as many as that where y goes on from X. No effect with
        "autoregressive" decoding.
    instance_norm : bool or "auto", default="auto"
        Whether numbers of y are learned relative to each sequence of X: less the last
        observed value of a feature of X, over its spread in that sequence [4]_; both
        are put back by `predict`. A feature of y goes on from the feature of X in its
        place, where there are as many, else from the one whose last values are nearest.
        Where all of y goes on so, these features of X are read likewise. "auto" does so
        where y begins by far closer to the last values of X than to its own mean. No
        effect where X or y has no numbers.
    shared_vocabulary : bool, default=False
        Whether X and y, with as many categorical features of the same kinds, have one
        vocabulary and one table of embeddings; else each has its own.
    scheduled_sampling : float, default=0.0
        Share in [0, 1) of the steps, risen to from 0 over the training, at which an
        "autoregressive" decoder reads what it said itself, not the truth [5]_. No
        effect with "parallel" decoding.
    beam_size : int, default=1
        Hypotheses that `predict` keeps at each step where y is one categorical feature;
        1 takes the likeliest step each time.
    length_penalty : float, default=1.0
        Hypotheses are ranked by their log probability over their length to this power,
        at least 0. No effect with `beam_size=1`, but on `predict_top`.
    max_length : int or None, default=None
        The most time steps that `predict` returns for a sequence, at least 1. None is
        as many as the longest target of fit has. Where all of these have as many, no
        more are said.
    lr_schedule : {"onecycle", None}, default="onecycle"
        Rise to `lr` over the first 30 % of the batches of a fit, and fall to nearly 0
        over the others; None holds `lr`.
    scaler : "standard", transformer or None, default="standard"
        Scales the numeric features of X; as of :class:`LSTMSequenceEmbedder`.
    target_scaler : "standard", transformer or None, default="standard"
        Scales those of y, likewise.
    categorical_features : "from_dtype", array-like or None, default="from_dtype"
        Which features of X are categories; as of :class:`LSTMSequenceEmbedder`.
    categorical_targets : "from_dtype", array-like or None, default="from_dtype"
        Which features of y are categories, likewise. ``[0]`` makes labels of numbers.
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
    max_epochs : int or "auto", default="auto"
        Passes over the training pairs. "auto" makes about 1500 batches, and at least 5
        passes; with a categorical feature 40 passes, if that is more, but no more than
        6000 batches. 0 leaves the network untrained.
    batch_size : int or "auto", default="auto"
        Largest number of pairs of a batch. "auto" is about an eighth of them, 16 to 64,
        with a categorical feature up to 128.
    lr : float, default=0.003
        Learning rate of AdamW, the highest one of the schedule.
    weight_decay : float, default=0.1
        Each batch takes this share, times the learning rate, off every weight, at least
        0: then the optimiser is Adam.
    early_stopping : bool or "auto", default="auto"
        Whether to hold out `validation_fraction` of the pairs, to stop when their loss
        has not fallen for `n_iter_no_change` epochs, and to restore the weights of the
        best epoch. "auto" does from 10,000 pairs on.
    validation_fraction : float, default=0.1
        Share in (0, 1) of the pairs that is held out, at least one pair.
    n_iter_no_change : int, default=10
        Epochs without a lower validation loss before training stops.
    callbacks : list of skorch callbacks, default=None
        Clones of them run beside the estimator's own.
    warm_start : bool, default=False
        Whether `fit` trains the present network on, with a new schedule, instead of a
        new one. Its scalers, vocabularies and device stay what they were.
    device : str or torch.device, default="auto"
        Where to compute. "auto" is CUDA if there is one, else MPS, else the CPU.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        What `fit` computes products in; as of :class:`LSTMSequenceEmbedder`.
    verbose : int, default=0
        0 is silent, 1 shows a progress bar with loss and time left.
    random_state : int, RandomState instance or None, default=None
        Seeds weights, batches and the held-out part. An int gives equal results for
        equal fits with the same number of threads on the same device.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; `net_.module_` is the torch module. Holds no training data.
    encoder_ : torch.nn.Module
        Called with scaled float32 values (N, L, F), NaN where missing, int64
        categories (N, L, K), 0 where missing, and int64 lengths (N,), gives vectors
        (N, n_components).
    decoder_ : torch.nn.Module
        The decoder. One that is "autoregressive" has `step`, which says one step given
        the one before; one that is "parallel" is called with vectors and a number of
        steps.
    scaler_, target_scaler_ : transformer or None
        The fitted scalers of X and y; None where no feature is numeric.
    is_categorical_, is_categorical_target_ : bool ndarray of shape (n_features,)
        Which features of a time step of X and of y are categorical.
    categories_, target_categories_ : list of (ndarray or None)
        For each feature of a time step of X and of y its categories by falling
        frequency, without those that are "unknown"; None for numbers.
    infrequent_categories_ : list of (ndarray or None)
        For each feature of X the categories that are "unknown", sorted; None without
        any.
    history_ : list of dict
        For each epoch `epoch`, `train_loss`, `valid_loss` if validated, `dur` in
        seconds.
    n_iter_ : int
        Number of epochs trained.
    train_score_ : float
        Share of the deviance of (at most 1000 of) the training targets that is
        explained, each step given the true ones before it where decoding is
        "autoregressive". Set by `fit`, taken away by `partial_fit`.
    patch_size_, target_patch_size_, decoding_, batch_size_, max_epochs_, \
early_stopping_, max_length_, device_
        What was used, where the parameter was "auto" or None or not. `device_` is where
        the network lies now.
    instance_norm_ : bool ndarray of shape (n_numeric_targets,)
        Which numeric features of y are learned relative to the sequences of X.
    n_features_in_ : int
        Number of features of each time step of X; for a 2-D X its number of columns.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, if X was a frame with names.

    See Also
    --------
    LSTMSequenceEmbedder : Vectors without targets.

    Notes
    -----
    Minimised is the mean over all observed values of y of their deviance: the squared
    error of numbers in scaled units, and for categories cross entropy over that of
    their frequencies in `fit`. Where the lengths of y differ, the negative log
    likelihood of the end is added: with tokens as much as for one of them, with numbers
    with a weight of 0.1.

    All that the decoder knows of a sequence is its vector. Where numbers are learned
    relative to sequences (`instance_norm`), it says how far they lie from the last
    value of X, and level and scale are taken from X itself: the vector does not hold
    them. For an embedding that must, set ``instance_norm=False``.

    Where source and target share many names or rare words, or are longer than about 30
    tokens, a model with attention over all source steps is the better choice.

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

    def __init__(
        self,
        n_components=256,
        *,
        hidden_size=None,
        num_layers=1,
        bidirectional=True,
        reverse_source=True,
        dropout=0.0,
        cell="lstm",
        patch_size="auto",
        decoding="auto",
        target_patch_size="auto",
        instance_norm="auto",
        shared_vocabulary=False,
        scheduled_sampling=0.0,
        beam_size=1,
        length_penalty=1.0,
        max_length=None,
        lr_schedule="onecycle",
        scaler="standard",
        target_scaler="standard",
        categorical_features="from_dtype",
        categorical_targets="from_dtype",
        min_frequency=None,
        max_categories=None,
        handle_unknown="infrequent_if_exist",
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
        self.reverse_source = reverse_source
        self.dropout = dropout
        self.cell = cell
        self.patch_size = patch_size
        self.decoding = decoding
        self.target_patch_size = target_patch_size
        self.instance_norm = instance_norm
        self.shared_vocabulary = shared_vocabulary
        self.scheduled_sampling = scheduled_sampling
        self.beam_size = beam_size
        self.length_penalty = length_penalty
        self.max_length = max_length
        self.lr_schedule = lr_schedule
        self.scaler = scaler
        self.target_scaler = target_scaler
        self.categorical_features = categorical_features
        self.categorical_targets = categorical_targets
        self.min_frequency = min_frequency
        self.max_categories = max_categories
        self.handle_unknown = handle_unknown
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

    def fit(self, X, y):
        """Train the network to say the targets of sequences.

        Parameters
        ----------
        X : list, array, tensor or frame of n_samples sequences
            In any form that :meth:`LSTMSequenceEmbedder.fit` takes.
        y : list, array, tensor or frame of n_samples sequences, or of single values
            The targets, in any of these forms, with lengths and features of their own;
            or numbers of shape (n_samples,), of which each is a sequence of one step.
            A string is a sequence of characters: a label is a list of one string, or a
            value of a pandas or polars Series of categories, or of a frame of one such
            column. NaN and None are missing, neither learned nor counted. Dates and
            times are not predicted.

        Returns
        -------
        self : LSTMSequencePredictor
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter is out of range, a sequence is empty, infinite or not
            observed at all, X and y differ in their number, features or lengths do not
            fit together, or the loss becomes NaN.
        TypeError
            If X or y is of a kind that is not read, or a feature holds values of
            several kinds.
        """
        return self._fit(X, y)

    def partial_fit(self, X, y):
        """Pass once over X and y, at a constant learning rate, without validation.

        The first call settles the scalers, the vocabularies and all that is "auto";
        these stay.

        Parameters
        ----------
        X, y : list, array, tensor or frame
            As for :meth:`fit`.

        Returns
        -------
        self : LSTMSequencePredictor
            The estimator, trained one epoch more.
        """
        return self._partial_fit(X, y)

    def predict(self, X):
        """Say the sequence that belongs to each of X.

        Parameters
        ----------
        X : list, array, tensor or frame of n_samples sequences
            In any form that :meth:`fit` takes, with the same features.

        Returns
        -------
        y : list, ndarray or frame
            In the kind of container and in the units of the y of `fit`; single values
            as an array (n_samples,). The network decides the lengths, up to
            `max_length`. A 3-D array has as many steps as y had, or as `max_length`,
            and is padded at the end with NaN, or with None where it holds objects. In a
            table, as in X, each column is a time step: all are said.
        """
        sequences, schema = self._check_in(X)
        self._check_saying()
        vectors = self._encode(sequences)
        predicted = self._say(sequences, vectors)
        return self._target_schema.build(predicted, schema.index, self._width)

    def predict_top(self, X, k=5):
        """Return the likeliest sequences for each of X, by a beam search.

        Parameters
        ----------
        X : list, array, tensor or frame of n_samples sequences
            As for :meth:`predict`.
        k : int, default=5
            Number of candidates, at least 1; the beam keeps `beam_size` hypotheses, or
            k if that is more.

        Returns
        -------
        candidates : list of n_samples containers
            For each sequence at most k candidates, the best first, in the kind of
            container of the y of `fit`.
        log_probabilities : list of float ndarray of shape (n_candidates,)
            Natural logarithm of the probability of each candidate given its sequence,
            the end included where another could go on: not at `max_length_` steps, nor
            where all targets of `fit` had as many. The order is by `length_penalty`.

        Raises
        ------
        ValueError
            If y is more than one categorical feature, or is not said step by step.
        """
        check_scalar(k, "k", numbers.Integral, min_val=1)
        sequences, _ = self._check_in(X)
        self._check_saying()
        self._check_beam("predict_top")
        vectors = self._encode(sequences)
        classes, lengths, found = self._search(vectors, max(k, self.beam_size))
        candidates = []
        for i in range(len(sequences)):
            n = min(k, int((lengths[i] > 0).sum()))
            said = self._as_sequences(None, classes[i, :n], lengths[i, :n])
            candidates.append(self._target_schema.build(said, n_steps=self._width))
        probabilities = [
            row[length > 0][:k] for row, length in zip(found, lengths, strict=True)
        ]
        return candidates, probabilities

    def score(self, X, y):
        """Return how well the targets of sequences are predicted.

        Parameters
        ----------
        X, y : list, array, tensor or frame
            As for :meth:`fit`.

        Returns
        -------
        score : float
            For numbers the mean over features of 1 - squared error / squared deviation
            from the mean over all time steps of y, in the user's units, at the true
            number of steps: 1 is perfect, 0 is that mean. For categories the share of
            sequences that are predicted wholly right, their length included. With both
            the mean of the two.
        """
        check_is_fitted(self)
        pairs, _ = self._check_data(X, y, reset=False)
        self._check_saying()
        vectors = self._encode(pairs.sources)
        scores = []
        if pairs.targets.n_numeric:
            said = self._say(pairs.sources, vectors, pairs.targets.lengths)
            scores.append(mean_r2(pairs.targets, said))
        if self._target_features.n_classes:
            predicted = self._say(pairs.sources, vectors)
            scores.append(exact_match_fraction(pairs.targets, predicted))
        return float(np.mean(scores))

    _network = SequenceToSequence
    _judged_name = "targets"

    def _check_data(self, X, y, reset):
        sequences, schema = self._check_X(X, reset)
        targets, target_schema = check_targets(
            y,
            len(sequences),
            categorical_targets=self.categorical_targets,
            schema=None if reset else self._target_schema,
            estimator_name=type(self).__name__,
        )
        if reset:
            self._target_schema = target_schema
        return Pairs(sequences, targets), schema

    def _settle(self, pairs, schema, rng):
        """Learn from the data what stays the same for the life of a network."""
        sources, targets = pairs.sources, pairs.targets
        both = join_categories(sources, targets) if self.shared_vocabulary else None
        self._settle_features(sources, schema, rng, vocabulary_of=both)
        seed = None if self.random_state is None else rng.randint(2**31)
        self._target_features = self._feature_encoder(self.target_scaler, seed, "y")
        self._target_features.fit(targets, vocabulary_of=both)
        self.target_scaler_ = self._target_features.numeric.scaler_
        self.is_categorical_target_ = self._target_schema.is_categorical
        self.target_categories_ = FeatureEncoder.by_feature(
            self._target_features, self.is_categorical_target_, "categories"
        )
        some = evenly_spaced(sources, LOOKED_AT)
        self._levels = RelativeTargets(self._target_features.numeric)
        self._levels.fit(sources[some], targets[some], self.instance_norm)
        chosen = _auto.choose_pair_network(
            sources.lengths,
            targets.lengths,
            bool(self._target_features.n_classes),
            self._levels.is_forecast,
        )
        set_chosen(self, chosen)
        self.instance_norm_ = self._levels.columns >= 0

    def _settle_training(self, n_samples, partial=False, keep_auto=False):
        self._check_saying()
        super()._settle_training(n_samples, partial, keep_auto)

    @property
    def _has_categories(self):
        return bool(self._features.n_classes or self._target_features.n_classes)

    @property
    def max_length_(self):
        """The most time steps that `predict` returns.

        Returns
        -------
        int
            `max_length`, or the length of the longest target of fit.
        """
        check_is_fitted(self)
        return self._longest if self.max_length is None else int(self.max_length)

    @property
    def _width(self):
        """Time steps of a 3-D array of predictions; None for those that y had."""
        return None if self.max_length is None else self._bounds()[1]

    def _check_saying(self):
        """Refuse parameters of `predict`, which may be set after fit, too."""
        check_parameters(self)
        if self.beam_size > 1:
            self._check_beam(f"beam_size={self.beam_size}")

    def _check_beam(self, what):
        features = self._target_features
        is_token = len(features.n_classes) == 1 and not features.numeric.n_features
        if not is_token or kept(self, "decoding") != "autoregressive":
            raise ValueError(
                f"{what} needs a y of one categorical feature that is said step by "
                f"step, got {len(features.n_classes)} categorical and "
                f"{features.numeric.n_features} numeric feature(s) and decoding="
                f"{kept(self, 'decoding')!r}. Use predict with beam_size=1."
            )

    def _check_learnable(self, pairs):
        """Nothing that was read is unlearnable."""

    def _encode_ahead(self, pairs):
        names = categorical_names(self._target_schema)
        targets = self._target_features.encode(pairs.targets, names)
        sources = self._encode_sources(pairs.sources)
        return Pairs(sources, targets, self._levels.of(pairs.sources))

    def _sources(self, encoded):
        return encoded.sources

    def _dataset(self, encoded, train=False):
        feeds_back = self.decoding_ == "autoregressive"
        return PairDataset(encoded, self.patch_size_, feeds_back)

    def _learned_lengths(self, pairs):
        return pairs.targets.lengths

    @property
    def _learned_features(self):
        return self._target_features

    def _module_params(self):
        target = self._target_features
        return {
            **self._encoder_params(),
            "relative": () if target.n_classes else self._levels.relative_features,
            "reverse": bool(self.reverse_source),
            "n_target_features": target.numeric.n_features,
            "n_target_classes": target.n_classes,
            "decoding": kept(self, "decoding"),
            "target_patch_size": int(kept(self, "target_patch_size")),
            "target_missing_indicator": target.numeric.missing_indicator_,
            "shared_embedding": bool(self.shared_vocabulary),
        }

    def _explained(self, pairs):
        """Share of the targets' deviance that is explained, as in training."""
        predictions = self.net_.predict_parts(self._dataset(self._encode_ahead(pairs)))
        numeric = self._target_features.numeric
        return explained_fraction(predictions, pairs.targets, numeric)[0]

    def _say(self, sources, vectors, lengths=None):
        """Say the targets of vectors, in the user's units."""
        shortest, longest = self._bounds()
        levels = self._levels.of(sources)
        if self.decoding_ == "parallel":
            if lengths is not None or shortest == longest:
                shortest = None  # the network need not decide
            most = np.full(len(vectors), longest) if lengths is None else lengths
            features = self._target_features
            return decode_vectors(
                self.net_, features, vectors, "prediction", most, shortest, levels
            )
        if self.beam_size > 1 and lengths is None:
            classes, lengths, _ = self._search(vectors, self.beam_size)
            return self._as_sequences(None, classes[:, 0], lengths[:, 0])
        if lengths is not None:
            longest = int(lengths.max())
        values, classes, lengths = self.net_.decode_greedily(
            vectors, longest, shortest, lengths
        )
        values = values * levels[:, 1:] + levels[:, :1]
        return self._as_sequences(values, classes, lengths)

    def _bounds(self):
        """The fewest and the most steps of what is said."""
        longest = self.max_length_
        if self._shortest == self._longest:  # no other was met, no end was learned
            longest = min(longest, self._longest)
            return longest, longest
        shortest = self._shortest if self.decoding_ == "parallel" else 1
        return min(shortest, longest), longest

    def _search(self, vectors, beam_size):
        shortest, longest = self._bounds()
        classes, lengths, log_probabilities = self.net_.search_beams(
            vectors, longest, shortest, beam_size, self.length_penalty
        )
        return classes[..., None], lengths, log_probabilities

    def _as_sequences(self, values, classes, lengths):
        """Cut padded steps to sequences in the user's units."""
        inside = np.arange(classes.shape[1]) < lengths[:, None]
        features = self._target_features
        n_steps = int(lengths.sum())
        rows = np.empty((n_steps, 0)) if values is None else values[inside]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        return features.decode(features.numeric.decode(rows), classes[inside], offsets)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags

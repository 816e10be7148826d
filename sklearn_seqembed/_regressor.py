"""LSTMSequenceRegressor: predict numbers from each sequence."""

import numpy as np
from sklearn.base import RegressorMixin

from sklearn_seqembed._data.labels import check_numbers
from sklearn_seqembed._data.row_labels import warn_about_order
from sklearn_seqembed._data.sequences import Sequences
from sklearn_seqembed._features.encoder import FeatureEncoder
from sklearn_seqembed._labelled import BaseLabelEstimator
from sklearn_seqembed._shared_docs import insert_shared_docs
from sklearn_seqembed._training.linear_heads import RidgeHead


@insert_shared_docs
class LSTMSequenceRegressor(RegressorMixin, BaseLabelEstimator):
    """Predict numbers from sequences with a linear layer and an LSTM.

    The prediction is a weighted mean of two. The first one is in closed form: the
    vector of an untrained encoder, that of :class:`LSTMSequenceEmbedder`, and ridge
    regression with a cross-validated penalty [1]_. The second one is that of an LSTM
    and a linear layer, which are trained together. Its weight is chosen on sequences
    that are held out [3]_; it is 0 if training does not help.

    If a feature is categorical, the first prediction is also a linear function of how a
    sequence ends, as described for :class:`LSTMSequenceClassifier`.

    Parameters
    ----------
    %(n_components)s
        By default, 128 components are for final states and 192 for random features;
        if a feature has more than two categories, 64 and 256. Vectors of up to 128
        components, or 64, consist of final states.
    %(max_epochs)s
        "auto" trains only 2000 or more sequences, of which a tenth is held out, and
        only if the linear layer leaves more than 1 % of the deviance unexplained.
        Training stops after 500 batches without a lower loss of the held-out sequences.
        Its result is used if, with a weight of 0.25, 0.5, 0.75 or 1, it reduces that
        loss by at least two standard errors.
    %(verbose)s
        It also prints why there was no training, or why it stopped.
    %(random_state)s
    %(device)s
    loss : {"squared_error", "absolute_error"}, default="squared_error"
        Error that is minimized. "squared_error" predicts means. "absolute_error"
        predicts medians, which a few extreme targets do not affect; ridge regression is
        then reweighted iteratively [2]_.
    %(scaler)s
    %(categorical_features)s
    %(categories)s
    %(min_frequency)s
    %(max_categories)s
    %(handle_unknown)s
    %(instance_norm)s
        As for :class:`LSTMSequenceEmbedder`.
    %(hidden_size)s
        "auto" is 64 with a linear map. If a feature has more than two categories, it is
        about twice the square root of the number of sequences, a power of 2 from 64 to
        256. Otherwise it is None.
    %(num_layers)s
        Random cells have one layer.
    %(bidirectional)s
    %(dropout)s
        Final states of the trained LSTM are also zeroed, and the values with which it
        reads categories.
    %(cell)s
    %(patch_size)s
    %(linear_map)s
        The final states are principal components of the sequences, as for
        :class:`LSTMSequenceEmbedder`.
    random_features : int or "auto", default="auto"
        Number of components for random features, less than `n_components`, as for
        :class:`LSTMSequenceEmbedder`.
    %(batch_size)s
    %(lr)s
    %(lr_schedule)s
    %(weight_decay)s
    %(precision)s
    %(early_stopping)s
        For "auto", see also `max_epochs`. Without it, both predictions have a weight of
        0.5 if `max_epochs` is not 0.
    %(validation_fraction)s
    %(n_iter_no_change)s
    %(callbacks)s

    Attributes
    ----------
    %(net_)s
    encoder_ : torch.nn.Module
        The untrained encoder, as that of :class:`LSTMSequenceEmbedder`, whose vectors
        :meth:`transform` returns.
    trained_share_ : float
        Weight of the prediction of the trained LSTM, from 0 to 1.
    scaler_ : transformer or None
        The fitted scaler of X; also None if no feature is numeric.
    %(is_categorical_)s
    categories_, infrequent_categories_ : list of (ndarray or None)
        As for :class:`LSTMSequenceEmbedder`.
    %(history_)s
    %(n_iter_)s
    %(fit_time_)s
    train_score_ : float
        Explained fraction of the deviance of at most 1000 of the training targets:
        squared errors, as in :func:`~sklearn.metrics.r2_score`.
    patch_size_, hidden_size_, random_features_, instance_norm_, batch_size_, \
max_epochs_, early_stopping_, device_
        The values that were used. `max_epochs_` is 0 if the network was not trained.
    %(n_features_in_)s
    %(feature_names_in_)s

    See Also
    --------
    LSTMSequenceEmbedder : Vectors for any other regressor.
    LSTMSequenceClassifier : Classes as targets.
    LSTMSequencePredictor : Sequences as targets.

    References
    ----------
    .. [1] Hastie, T., Tibshirani, R. and Friedman, J. (2009). The Elements of
           Statistical Learning. Springer.
    .. [2] Schlossmacher, E. J. (1973). An Iterative Technique for Absolute Deviations
           Curve Fitting. Journal of the American Statistical Association 68(344).
    .. [3] Breiman, L. (1996). Stacked Regressions. Machine Learning 24.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_seqembed import LSTMSequenceRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.normal(size=length) for length in rng.integers(5, 20, size=100)]
    >>> y = [len(x) for x in X]
    >>> regressor = LSTMSequenceRegressor(n_components=16, random_state=0).fit(X, y)
    >>> regressor.predict(X[:3]).shape
    (3,)
    >>> bool(regressor.score(X, y) > 0.9)
    True
    """

    def __init__(
        self,
        n_components=320,
        *,
        max_epochs="auto",
        verbose=0,
        random_state=None,
        device="auto",
        loss="squared_error",
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
        dropout=0.5,
        cell="lstm",
        patch_size="auto",
        linear_map=True,
        random_features="auto",
        batch_size="auto",
        lr=0.003,
        lr_schedule="onecycle",
        weight_decay=0.1,
        precision="auto",
        early_stopping="auto",
        validation_fraction=0.1,
        n_iter_no_change="auto",
        callbacks=None,
    ):
        self.n_components = n_components
        self.max_epochs = max_epochs
        self.verbose = verbose
        self.random_state = random_state
        self.device = device
        self.loss = loss
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
        self.batch_size = batch_size
        self.lr = lr
        self.lr_schedule = lr_schedule
        self.weight_decay = weight_decay
        self.precision = precision
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.callbacks = callbacks

    def predict(self, X):
        """Predict the numbers of each sequence.

        Parameters
        ----------
        X : list, array, tensor or frame of n_samples sequences
            Sequences in any of the forms that :meth:`fit` accepts, with the same
            features.

        Returns
        -------
        numbers : float64 ndarray of shape (n_samples,) or (n_samples, n_targets)
            The predictions, in the units and the shape of the y passed to `fit`.
        """
        scaled, _ = self._predict_labels(X)
        numbers = self._target_features.numeric.decode(scaled)
        return numbers[:, 0] if self._is_flat else numbers

    def score(self, X, y, sample_weight=None):
        """Return the coefficient of determination of the predicted numbers.

        Parameters
        ----------
        X : list, array, tensor or frame of n_samples sequences
            As for :meth:`predict`.
        y : list, array, tensor, Series or frame
            The true numbers of each sequence.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the sequences.

        Returns
        -------
        score : float
            The coefficient of determination, R²; its mean over several targets.
        """
        warn_about_order(X, y)
        return super().score(X, y, sample_weight)

    @property
    def _absolute_loss(self):
        return self.loss == "absolute_error"

    # The methods that BaseLabelEstimator requires.

    def _check_targets(self, y, n_samples):
        numbers, self._is_flat = check_numbers(y, n_samples, type(self).__name__)
        return Sequences.from_offsets((numbers,), np.arange(n_samples + 1))

    def _fit_target_features(self, targets, rng):
        return FeatureEncoder("standard", name="y").fit(targets)

    def _head(self):
        return RidgeHead(self._absolute_loss)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

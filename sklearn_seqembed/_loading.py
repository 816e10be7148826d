"""The function that opens saved estimators."""

from sklearn_seqembed._classifier import LSTMSequenceClassifier
from sklearn_seqembed._embedder import LSTMSequenceEmbedder
from sklearn_seqembed._predictor import LSTMSequencePredictor
from sklearn_seqembed._regressor import LSTMSequenceRegressor
from sklearn_seqembed._saving.estimators import read_estimator

ESTIMATORS = {
    cls.__name__: cls
    for cls in (
        LSTMSequenceClassifier,
        LSTMSequenceEmbedder,
        LSTMSequencePredictor,
        LSTMSequenceRegressor,
    )
}


def load(path):
    """Load an estimator that was written by its method `save`.

    Nothing in the file is run, so it may come from a stranger. The file is checked as
    a whole: it must have the checksum that it says, and its weights the shapes of the
    network. Whether its weights are good ones, no check can tell.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    estimator : object
        The fitted estimator, of the class that was saved. On the same machine its
        results are equal to those before saving, bit for bit. It is on the same device,
        or on the CPU if this machine does not have it.

    Raises
    ------
    ValueError
        If the file was not written by `save`, is damaged, or was written by a later
        version with another format.
    OSError
        If the file cannot be read.

    Warns
    -----
    InconsistentVersionWarning
        If the file was written with other versions of this package, scikit-learn,
        skorch or torch. Results may then differ slightly.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn_seqembed import LSTMSequenceEmbedder, load
    >>> from sklearn_seqembed.datasets import make_sequences
    >>> X, _ = make_sequences(40, random_state=0)
    >>> embedder = LSTMSequenceEmbedder(n_components=8, random_state=0).fit(X)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "embedder.safetensors"
    ...     embedder.save(path)
    ...     loaded = load(path)
    >>> bool((loaded.transform(X) == embedder.transform(X)).all())
    True
    """
    return read_estimator(path, ESTIMATORS)

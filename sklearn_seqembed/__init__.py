"""Sequence embedding, prediction and classification for scikit-learn."""

from importlib.metadata import version

from sklearn_seqembed._classifier import LSTMSequenceClassifier
from sklearn_seqembed._data.long_frames import sequences_from_long
from sklearn_seqembed._data.streams import scan_sequences
from sklearn_seqembed._description import describe
from sklearn_seqembed._embedder import LSTMSequenceEmbedder
from sklearn_seqembed._loading import load
from sklearn_seqembed._predictor import LSTMSequencePredictor
from sklearn_seqembed._regressor import LSTMSequenceRegressor

__all__ = [
    "LSTMSequenceClassifier",
    "LSTMSequenceEmbedder",
    "LSTMSequencePredictor",
    "LSTMSequenceRegressor",
    "describe",
    "load",
    "scan_sequences",
    "sequences_from_long",
]
__version__ = version("sklearn-seqembed")

"""Sequence embedding and sequence-to-sequence prediction for scikit-learn."""

from importlib.metadata import version

from sklearn_seqembed._embedder import LSTMSequenceEmbedder
from sklearn_seqembed._predictor import LSTMSequencePredictor

__all__ = ["LSTMSequenceEmbedder", "LSTMSequencePredictor"]
__version__ = version("sklearn-seqembed")

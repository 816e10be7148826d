"""Sequences into fixed-length vectors, for scikit-learn."""

from importlib.metadata import version

from sklearn_seqembed._embedder import LSTMSequenceEmbedder

__all__ = ["LSTMSequenceEmbedder"]
__version__ = version("sklearn-seqembed")

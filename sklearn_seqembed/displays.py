"""Plots of fitted estimators and of their results, in the manner of scikit-learn.

They need matplotlib, which is imported when one of them is drawn.
"""

from sklearn_seqembed._displays.anomaly import AnomalyDisplay
from sklearn_seqembed._displays.embedding import EmbeddingDisplay
from sklearn_seqembed._displays.forecast import ForecastDisplay
from sklearn_seqembed._displays.loss import LossDisplay
from sklearn_seqembed._displays.reconstruction import ReconstructionDisplay

__all__ = [
    "AnomalyDisplay",
    "EmbeddingDisplay",
    "ForecastDisplay",
    "LossDisplay",
    "ReconstructionDisplay",
]

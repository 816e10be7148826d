"""Callbacks of this package, for the parameter `callbacks`."""

from sklearn_seqembed._saving.checkpoints import TrainingCheckpoint

__all__ = ["TrainingCheckpoint"]

"""Transformation and training on a cluster with Ray.

They need the extra ``ray``, which is imported when one of them is called.
"""

from sklearn_seqembed._ray.inference import transform
from sklearn_seqembed._ray.training import fit

__all__ = ["fit", "transform"]

"""Base class of estimators whose vectors combine final states and random features."""

import numpy as np

from sklearn_seqembed import _auto
from sklearn_seqembed._base import BaseSequenceEstimator
from sklearn_seqembed._features.encoder import evenly_spaced

# Maximum number of sequences from which `instance_norm` is chosen.
N_INSPECTED_SEQUENCES = 1000


class BaseVectorEstimator(BaseSequenceEstimator):
    """Choose an encoder with a linear map and random features."""

    def _choose_encoder(self, sequences, *, with_linear_map):
        """Set the parameters of the encoder that are "auto".

        Parameters
        ----------
        sequences : Sequences
            The sequences to encode.
        with_linear_map : bool
            Whether there may be a linear map, if the user wants one and all features
            are numeric.
        """
        resolve = _auto.resolve
        lengths, n_features = sequences.lengths, sequences.n_features
        has_categories = self._has_categories
        self._n_points = 0
        is_numeric = n_features and not self._features.n_classes
        if with_linear_map and self.linear_map and is_numeric:
            self._n_points = _auto.choose_points(lengths, n_features)
        chosen = _auto.choose_hidden_size(
            sequences.n_represented, has_categories, self._n_points > 0
        )
        self.hidden_size_ = resolve(self.hidden_size, chosen)
        self.patch_size_ = resolve(self.patch_size, _auto.choose_patch_size(lengths))
        self.random_features_ = resolve(
            self.random_features,
            _auto.choose_random_features(self.n_components, has_categories),
        )
        self._random_options = {
            "n_cells": _auto.choose_random_cells(n_features, has_categories),
            "patch_sizes": tuple(
                _auto.choose_patch_size(lengths, n_patches)
                for n_patches in (
                    _auto.N_RESERVOIR_PATCHES,
                    _auto.N_CONVOLUTION_PATCHES,
                )
            ),
            "length": int(np.median(lengths)),
        }
        some = sequences[evenly_spaced(sequences, N_INSPECTED_SEQUENCES)]
        scales = self._features.numeric.moments(some)
        self.instance_norm_ = resolve(
            self.instance_norm, _auto.choose_instance_norm(*scales)
        )

    def _encoder_params(self):
        n_random = _auto.resolve(self.random_features, self.random_features_)
        instance_norm = _auto.resolve(self.instance_norm, self.instance_norm_)
        return super()._encoder_params() | {
            "instance_norm": bool(instance_norm),
            "n_points": self._n_points if self.linear_map else 0,
            "n_random": int(n_random),
            "random_options": self._random_options,
        }

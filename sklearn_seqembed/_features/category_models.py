"""How surprising the categories of sequences are, over all categorical features."""

import numpy as np

from sklearn_seqembed._features.backoff import BackoffModel


class CategoryModels:
    """Two models of each categorical feature: one reads forward, one backward.

    Together they notice an unusual category from both sides. A category that is not in
    the vocabulary is as probable as one that never occurred. If it is read as
    infrequent, it has the probability of infrequent categories times 1 / (n + 1), where
    n is the number of these that `fit` met: none of them was new after the others.

    Parameters
    ----------
    categorical : CategoricalFeatures
        The vocabularies.
    """

    def __init__(self, categorical):
        self.categorical = categorical
        self.models = [
            (BackoffModel(n), BackoffModel(n, backward=True))
            for n in categorical.n_classes
        ]

    def count(self, sequences):
        """Return models that have also counted the categories of some sequences."""
        counted = CategoryModels(self.categorical)
        counted.models = [
            tuple(model.count(tokens, sequences.lengths) for model in models)
            for models, (tokens, _) in zip(
                self.models, self.categorical.iter_tokens(sequences), strict=True
            )
        ]
        return counted

    def mean_surprises(self, sequences):
        """Compute how surprising the categories of each sequence are.

        Parameters
        ----------
        sequences : Sequences
            The sequences.

        Returns
        -------
        float64 ndarray of shape (n_samples,)
            Negative log probability in nats, added up over both directions and averaged
            over the observed categories and the end of each feature.
        """
        lengths = sequences.lengths
        sums, counts = np.zeros(len(lengths)), np.zeros(len(lengths))
        for models, vocabulary, (tokens, is_merged) in zip(
            self.models,
            self.categorical.vocabularies,
            self.categorical.iter_tokens(sequences),
            strict=True,
        ):
            n_merged = np.add.reduceat(
                is_merged, np.cumsum(lengths) - lengths, dtype=int
            )
            for model in models:
                surprises, n_observed = model.surprises(tokens, lengths)
                sums += surprises + n_merged * np.log(vocabulary.n_infrequent + 1)
            counts += n_observed
        return sums / counts

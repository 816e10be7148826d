"""The network of classifiers and regressors: an encoder and a linear layer.

References
----------
.. [1] Hastie, T., Tibshirani, R. and Friedman, J. (2009). The Elements of Statistical
       Learning. Springer. (Chapter 4: linear classifiers; chapter 3: ridge regression.)
"""

import torch
from torch import nn

from sklearn_seqembed._network.decoder import DecoderOutput
from sklearn_seqembed._network.encoder import Encoder
from sklearn_seqembed._network.heads import CategoryHeads
from sklearn_seqembed._network.initial import build_linear, zero_weights
from sklearn_seqembed._network.suffixes import SuffixFeatures


class LinearHead(nn.Module):
    """Predict numbers or a class from a vector, by a linear function [1]_.

    If sequences have categorical features, :class:`SuffixFeatures` are further inputs,
    whose weights are not trained. All weights are 0 at first.

    Parameters
    ----------
    n_components : int
        Length C of the vector.
    n_targets : int
        Number F of numbers to predict.
    n_classes : tuple of int
        Number of classes, if a class is predicted; else empty.
    reads_events : bool
        Whether sequences have categorical features.
    """

    def __init__(self, n_components, n_targets, n_classes, reads_events):
        super().__init__()
        self.n_targets = n_targets
        self.heads = CategoryHeads(n_classes)
        self.width = n_targets + self.heads.width
        self.dense = build_linear(n_components, self.width)
        zero_weights(self.dense)
        self.suffixes = self.sparse = None
        if reads_events:
            self.suffixes = SuffixFeatures()
            weights = torch.zeros(self.suffixes.n_outputs, self.width)
            # Only fitted in closed form: to train so many weights, most of which a
            # batch does not need, would take a quarter of its time.
            self.sparse = nn.EmbeddingBag.from_pretrained(weights, mode="sum")

    def forward(self, vectors, numeric, categories, lengths):
        """Predict the target of each sequence of a batch.

        Parameters
        ----------
        vectors : float32 tensor of shape (N, C)
            The vectors.
        numeric, categories, lengths
            As for :meth:`Encoder.forward`.

        Returns
        -------
        DecoderOutput
            The prediction as a sequence of one step.
        """
        outputs = self.dense(vectors)
        if self.suffixes is not None:
            positions, values = self.suffixes(numeric, categories, lengths)
            outputs = outputs + self.sparse(positions, per_sample_weights=values)
        outputs = outputs[:, None]
        return DecoderOutput(
            outputs[:, :, : self.n_targets],
            outputs.new_zeros(len(outputs), 1),
            outputs[:, :, self.n_targets :],
        )

    @torch.no_grad()
    def load(self, dense, sparse, bias):
        """Take over weights (C, width) and (n_outputs, width), and a bias (width,)."""
        self.dense.weight.copy_(torch.as_tensor(dense).T)
        self.dense.bias.copy_(torch.as_tensor(bias))
        if self.sparse is not None:
            self.sparse.weight.copy_(torch.as_tensor(sparse))


class SequenceToLabel(nn.Module):
    """An encoder, and a linear layer that predicts numbers or a class.

    Parameters
    ----------
    n_features : int
        Number of numeric features of the sequences.
    n_components : int
        Length C of the vector.
    n_targets : int
        Number of numbers to predict.
    n_target_classes : tuple of int
        Number of classes, if a class is predicted; else empty.
    n_classes : tuple of int, default=()
        Number of classes of each categorical feature of the sequences.
    **encoder_options
        Other parameters of :class:`Encoder`.

    Attributes
    ----------
    n_states : int
        Number of values that are kept per patch of a sequence until the backward pass.
    """

    def __init__(
        self,
        n_features,
        n_components,
        n_targets,
        n_target_classes,
        *,
        n_classes=(),
        **encoder_options,
    ):
        super().__init__()
        self.encoder = Encoder(
            n_features, n_components, n_classes=n_classes, **encoder_options
        )
        head = LinearHead(n_components, n_targets, n_target_classes, bool(n_classes))
        self.decoders = nn.ModuleDict({"prediction": head})
        self.n_states = self.encoder.n_cells

    def forward(self, numeric, categories, lengths, horizons=None):
        """Encode a batch of sequences and predict their targets.

        Parameters
        ----------
        numeric, categories, lengths
            As for :meth:`Encoder.forward`.
        horizons : int64 tensor, default=None
            Ignored; batches of pairs hold the lengths of their targets.

        Returns
        -------
        dict of str to DecoderOutput
            The prediction under the key "prediction".
        """
        vectors = self.encoder(numeric, categories, lengths)
        head = self.decoders["prediction"]
        return {"prediction": head(vectors, numeric, categories, lengths)}

    def load_closed_form(self, fitted):
        """Take over a :class:`HeadFit`."""
        self.load_state_dict(fitted.weights)

"""The network of classifiers and regressors: a closed form and trained cells.

References
----------
.. [1] Hastie, T., Tibshirani, R. and Friedman, J. (2009). The Elements of Statistical
       Learning. Springer. (Chapter 4: linear classifiers; chapter 3: ridge regression.)
"""

import torch
from torch import nn

from sklearn_seqembed._network.decoder import DecoderOutput
from sklearn_seqembed._network.dropout import Dropout
from sklearn_seqembed._network.encoder import Encoder
from sklearn_seqembed._network.heads import CategoryHeads
from sklearn_seqembed._network.initial import build_linear, zero_weights
from sklearn_seqembed._network.resampling import may_hold
from sklearn_seqembed._network.suffixes import SuffixFeatures
from sklearn_seqembed._network.tracing import is_traced


class LinearHead(nn.Module):
    """Predict numbers or a class from a vector, by a linear function [1]_.

    If sequences have categorical features, :class:`SuffixFeatures` are further inputs.
    All weights are 0 at first, and are fitted in closed form.

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
        float32 tensor of shape (N, width)
            Numbers in scaled units, followed by the logits of classes.
        """
        outputs = self.dense(vectors)
        if self.suffixes is None:
            return outputs
        positions, values = self.suffixes(numeric, categories, lengths)
        if is_traced():  # ONNX has no weighted sums of rows of a table
            rows = self.sparse.weight[positions]  # (N, M, width)
            return outputs + (rows * values[:, :, None]).sum(dim=1)
        return outputs + self.sparse(positions, per_sample_weights=values)

    def split(self, outputs):
        """Return outputs (N, width) as the prediction of a sequence of one step."""
        outputs = outputs[:, None]
        return DecoderOutput(
            outputs[:, :, : self.n_targets],
            outputs.new_zeros(outputs.shape[0], 1),
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
    """Predict numbers or a class as a weighted mean of two predictions.

    The first one is in closed form: a linear function of the vector of an encoder that
    is not trained. The second one is a linear function of the final states of cells
    that are trained. They read the sequences on their own and start from random
    weights. If they started from the closed form, which fits the training sequences
    closely, little would be left for them to learn from these.

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
    dropout : float, default=0.0
        Probability of zeroing, in training, a value that the trained cells read of a
        category, a final state, or a value between layers.
    max_trained_cells : int, default=None
        Maximum number of trained cells per direction. None is that of the encoder.
    n_random, random_options, n_points
        Parameters of :class:`Encoder` that do not apply to the trained cells.
    **encoder_options
        Other parameters of :class:`Encoder`.

    Attributes
    ----------
    share : float32 tensor of shape ()
        Weight of the second prediction in the mean, from 0 to 1. In training mode only
        the second one is computed.
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
        dropout=0.0,
        max_trained_cells=None,
        n_random=0,
        random_options=None,
        n_points=0,
        **encoder_options,
    ):
        super().__init__()
        self.encoder = Encoder(
            n_features,
            n_components,
            n_random=n_random,
            random_options=random_options,
            n_points=n_points,
            **encoder_options,
        )
        reads_events = bool(encoder_options.get("n_classes"))
        head = LinearHead(n_components, n_targets, n_target_classes, reads_events)
        self.decoders = nn.ModuleDict({"prediction": head})
        # The optimizer would otherwise let the weights of the closed form decay.
        self.requires_grad_(False)
        n_cells = self.encoder.n_cells
        if max_trained_cells is not None:
            n_directions = 1 + encoder_options.get("bidirectional", True)
            n_cells = min(n_cells, max_trained_cells * n_directions)
        self.n_states = n_cells
        self.trained_encoder = Encoder(
            n_features,
            n_cells,
            dropout=dropout,
            embedding_dropout=dropout,
            **encoder_options | {"hidden_size": None},
        )
        self.dropout = Dropout(dropout)
        self.trained_layer = build_linear(n_cells, head.width)
        self.register_buffer("share", torch.tensor(0.0))

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
        inputs, head = (numeric, categories, lengths), self.decoders["prediction"]
        if self.training:
            return {"prediction": head.split(self._run_trained(*inputs))}
        outputs = 0.0
        if may_hold(self.share < 1):
            closed_form = head(self.encoder(*inputs), *inputs)
            outputs = (1 - self.share) * closed_form
        # A copy for export has no trained encoder if its share is 0.
        if self.trained_encoder is not None and may_hold(self.share > 0):
            outputs = outputs + self.share * self._run_trained(*inputs)
        return {"prediction": head.split(outputs)}

    def _run_trained(self, *inputs):
        """Return the prediction (N, width) of the trained cells."""
        return self.trained_layer(self.dropout(self.trained_encoder(*inputs)))

    def load_closed_form(self, fitted):
        """Take over a :class:`HeadFit`."""
        self.encoder.load_state_dict(fitted.encoder)
        self.decoders.load_state_dict(fitted.decoders)

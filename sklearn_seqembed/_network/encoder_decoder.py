"""The networks: an encoder and one or more decoders.

References
----------
.. [1] Cho, K. et al. (2014). Learning Phrase Representations using RNN
       Encoder-Decoder for Statistical Machine Translation. arXiv:1406.1078.
.. [2] Sutskever, I., Vinyals, O. and Le, Q. V. (2014). Sequence to Sequence Learning
       with Neural Networks. arXiv:1409.3215.
.. [3] Srivastava, N., Mansimov, E. and Salakhutdinov, R. (2015). Unsupervised Learning
       of Video Representations using LSTMs. arXiv:1502.04681.
.. [4] Lin, S. et al. (2023). SegRNN: Segment Recurrent Neural Network for Long-Term
       Time Series Forecasting. arXiv:2308.11200.
"""

from torch import nn

from sklearn_seqembed._network.autoregressive import AutoregressiveDecoder
from sklearn_seqembed._network.decoder import Decoder
from sklearn_seqembed._network.encoder import Encoder

# Probability of zeroing a state of the decoder next to a linear forecast, as in SegRNN
# [4]_. It was not tuned.
FORECAST_DROPOUT = 0.5


class EncoderDecoder(nn.Module):
    """An encoder, and a decoder for each part of the objective.

    Parameters
    ----------
    n_features : int
        Number of numeric features F.
    n_components : int
        Length C of the vector.
    parts : tuple of {"reconstruction", "forecast"}, default=("reconstruction",)
        What is decoded from a vector: the time steps that the encoder has read, those
        that come after them, or both [3]_.
    num_layers, dropout, cell, patch_size
        Passed to :class:`Encoder` and to each decoder, which has as many cells as both
        directions of the encoder.
    decoder_inputs : {"vector", "vector_position"}, default="vector_position"
        Passed to :class:`Decoder` as `inputs`.
    n_classes : tuple of int, default=()
        Number of classes of each categorical feature.
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
        parts=("reconstruction",),
        *,
        num_layers=1,
        dropout=0.0,
        cell="lstm",
        patch_size=1,
        decoder_inputs="vector_position",
        n_classes=(),
        **encoder_options,
    ):
        super().__init__()
        shared = {
            "num_layers": num_layers,
            "dropout": dropout,
            "cell": cell,
            "patch_size": patch_size,
            "n_classes": n_classes,
        }
        self.encoder = Encoder(n_features, n_components, **shared, **encoder_options)
        inverted = None if self.encoder.linear is None else self.encoder
        is_forecast = encoder_options.get("forecast_shape") is not None
        inverted_part = "forecast" if is_forecast else "reconstruction"
        self.decoders = nn.ModuleDict(
            {
                part: Decoder(
                    n_features,
                    self.encoder.projection,
                    self.encoder.n_cells,
                    inverts=inverted if part == inverted_part else None,
                    inputs=decoder_inputs,
                    **shared,
                )
                for part in parts
            }
        )
        self.n_states = _count_states(self, patch_size if n_classes else 0)

    def forward(self, numeric, categories, lengths, horizons):
        """Encode a batch and decode each part from the final states.

        Parameters
        ----------
        numeric, categories, lengths
            As for :meth:`Encoder.forward`.
        horizons : int64 tensor of shape (N,)
            Number of steps to forecast, used only if "forecast" is one of the parts.
            The tensor must be on the CPU, which reads its maximum.

        Returns
        -------
        dict of str to DecoderOutput
            Output of the decoder of each part.
        """
        layout = self.encoder.make_layout(numeric, lengths)
        final = self.encoder.final_states(numeric, categories, lengths, layout)
        outputs = {}
        for part, decoder in self.decoders.items():
            if part == "reconstruction":
                n_steps = numeric.shape[1]
                outputs[part] = decoder.decode_states(final, n_steps, lengths, layout)
            else:
                n_steps = max(1, int(horizons.max()))
                outputs[part] = decoder.decode_states(final, n_steps)
        return outputs

    def load_closed_form(self, fitted):
        """Take over a fitted linear map."""
        self.encoder.linear.load(fitted)


class SequenceToSequence(nn.Module):
    """An encoder, and a decoder that predicts another sequence [1]_ [2]_.

    Parameters
    ----------
    n_features : int
        Number of numeric features of the source sequences.
    n_components : int
        Length C of the vector.
    n_target_features : int
        Number of numeric features F of the target sequences.
    n_target_classes : tuple of int
        Number of classes of each categorical feature of the target sequences.
    decoding : {"autoregressive", "parallel"}
        Use an :class:`AutoregressiveDecoder`, or a :class:`Decoder` [4]_.
    target_patch_size : int, default=1
        Patch size of a parallel decoder.
    target_missing_indicator : bool, default=False
        Passed to :class:`AutoregressiveDecoder` as `missing_indicator`.
    shared_embedding : bool, default=False
        Embed the categories of sources and targets with the same weights.
    num_layers, dropout, cell
        Passed to :class:`Encoder` and to the decoder, which has as many cells as both
        directions of the encoder.
    n_classes : tuple of int, default=()
        Number of classes of each categorical feature of the source sequences.
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
        n_target_features,
        n_target_classes,
        *,
        decoding,
        target_patch_size=1,
        target_missing_indicator=False,
        shared_embedding=False,
        num_layers=1,
        dropout=0.0,
        cell="lstm",
        n_classes=(),
        **encoder_options,
    ):
        super().__init__()
        shared = {"num_layers": num_layers, "dropout": dropout, "cell": cell}
        self.encoder = Encoder(
            n_features, n_components, n_classes=n_classes, **shared, **encoder_options
        )
        shared |= {"n_classes": n_target_classes, "hidden_size": self.encoder.n_cells}
        self.is_autoregressive = decoding == "autoregressive"
        if self.is_autoregressive:
            decoder = AutoregressiveDecoder(
                n_target_features,
                n_components,
                missing_indicator=target_missing_indicator,
                shared_embedding=self.encoder.embedding if shared_embedding else None,
                **shared,
            )
        else:
            options = {}
            if self.encoder.linear is not None:
                options = {
                    "inverts": self.encoder,
                    "inputs": "position",
                    "output_dropout": FORECAST_DROPOUT,
                }
            decoder = Decoder(
                n_target_features,
                self.encoder.projection,
                patch_size=target_patch_size,
                **options,
                **shared,
            )
        self.decoders = nn.ModuleDict({"prediction": decoder})
        self.n_states = _count_states(
            self, target_patch_size if n_target_classes else 0
        )

    def forward(
        self,
        numeric,
        categories,
        lengths,
        horizons,
        true_values=None,
        true_classes=None,
    ):
        """Encode a batch of sources and decode their targets.

        Parameters
        ----------
        numeric, categories, lengths
            As for :meth:`Encoder.forward`.
        horizons : int64 tensor of shape (N,)
            Number of time steps of each target. The tensor must be on the CPU, which
            reads its maximum.
        true_values, true_classes : tensor of shape (N, L, F) and (N, L, K)
            The targets. An autoregressive decoder needs them; a parallel one ignores
            them.

        Returns
        -------
        dict of str to DecoderOutput
            Output of the decoder under the key "prediction".
        """
        final = self.encoder.final_states(numeric, categories, lengths)  # (N, C)
        decoder = self.decoders["prediction"]
        target_lengths = horizons.to(final.device)
        if self.is_autoregressive:
            output = decoder.decode_states(
                final, target_lengths, true_values, true_classes
            )
        else:
            n_steps = max(1, int(horizons.max()))
            output = decoder.decode_states(final, n_steps, target_lengths)
        return {"prediction": output}

    def load_closed_form(self, fitted):
        """Take over a fitted linear map from sequences to their targets."""
        self.encoder.linear.load(fitted)


def _count_states(network, logits_per_patch):
    """Count the values that are kept per patch until the backward pass.

    Parameters
    ----------
    network : EncoderDecoder or SequenceToSequence
        The network.
    logits_per_patch : int
        Number of time steps per patch whose logits of categories are counted, 0 if
        there are no categories.
    """
    n_states = sum(
        cells.hidden_size
        for cells in network.modules()
        if isinstance(cells, nn.RNNBase) and cells.weight_ih_l0.requires_grad
    )
    widths = (decoder.width for decoder in network.decoders.values())
    return n_states + logits_per_patch * sum(widths)

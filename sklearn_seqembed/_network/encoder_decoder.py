"""The network: an encoder, the decoders, and the two together.

Axes: N sequences of a batch, L time steps of the longest of them, F numeric features,
K categorical features, P patches (steps that enter together), D numbers that enter a
patch, H memory cells (forward and backward together), C components of the vector.
Batches come and go as (N, L, ·). Between the two, all patches that are computed stand
one below the other, R rows: see :class:`Layout`.

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


class EncoderDecoder(nn.Module):
    """An encoder, and one decoder for each part of the objective.

    Parameters
    ----------
    n_features : int
        Number of numeric features F.
    n_components : int
        Length C of the vector.
    parts : tuple of {"reconstruction", "forecast"}
        What is decoded from the vector: the steps that were read, the steps that come
        after them [3]_, or both.
    num_layers, dropout, cell, patch_size
        As of :class:`Encoder`, and of each decoder, which has as many cells.
    decoder_inputs : {"vector", "vector_position"}, default="vector_position"
        `inputs` of :class:`Decoder`.
    n_classes : tuple of int, default=()
        Number of classes of each categorical feature.
    **encoder_options
        Others of :class:`Encoder`.
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
        n_cells = self.encoder.n_cells
        self.decoders = nn.ModuleDict(
            {
                part: Decoder(
                    n_features,
                    self.encoder.projection,
                    n_cells,
                    inputs=decoder_inputs,
                    **shared,
                )
                for part in parts
            }
        )
        self.n_states = _count_states(self, patch_size if n_classes else 0)

    def forward(self, numeric, categories, lengths, horizons):
        """Encode a batch, and decode each part from the last states of its vectors.

        Parameters
        ----------
        numeric, categories, lengths
            As of :meth:`Encoder.forward`.
        horizons : int64 tensor of shape (N,)
            Number of steps to forecast, read only where "forecast" is a part. On the
            CPU: the longest is looked at here.

        Returns
        -------
        dict of str to DecoderOutput
            What :meth:`Decoder.forward` gives, by part.
        """
        layout = self.encoder.layout(numeric, lengths)
        last = self.encoder.final_states(numeric, categories, lengths, layout)
        outputs = {}
        for part, decoder in self.decoders.items():
            if part == "reconstruction":
                n_steps = numeric.shape[1]
                outputs[part] = decoder.decode_states(last, n_steps, lengths, layout)
            else:
                outputs[part] = decoder.decode_states(last, max(1, int(horizons.max())))
        return outputs


class SequenceToSequence(nn.Module):
    """An encoder, and a decoder that says another sequence [1]_ [2]_.

    Parameters
    ----------
    n_features : int
        Number of numeric features of what is read.
    n_components : int
        Length C of the vector.
    n_target_features : int
        Number of numeric features F of what is said.
    n_target_classes : tuple of int
        Number of classes of each of its categorical features.
    decoding : {"autoregressive", "parallel"}
        Which decoder: :class:`AutoregressiveDecoder`, or :class:`Decoder` [4]_.
    target_patch_size : int, default=1
        Steps that leave a parallel decoder together.
    target_missing_indicator : bool, default=False
        As of :class:`AutoregressiveDecoder`.
    shared_embedding : bool, default=False
        Whether one table stands for the categories of both sequences.
    num_layers, dropout, cell, n_classes
        As of :class:`Encoder`, and of the decoder, which has as many cells.
    **encoder_options
        Others of :class:`Encoder`.
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
        n_cells = self.encoder.n_cells
        shared["n_classes"] = n_target_classes
        self.feeds_back = decoding == "autoregressive"
        if self.feeds_back:
            decoder = AutoregressiveDecoder(
                n_target_features,
                n_components,
                n_cells,
                missing_indicator=target_missing_indicator,
                embedding=self.encoder.embedding if shared_embedding else None,
                **shared,
            )
        else:
            decoder = Decoder(
                n_target_features,
                self.encoder.projection,
                n_cells,
                patch_size=target_patch_size,
                **shared,
            )
        self.decoders = nn.ModuleDict({"prediction": decoder})
        per_step = target_patch_size if n_target_classes else 0
        self.n_states = _count_states(self, per_step)

    def forward(
        self,
        numeric,
        categories,
        lengths,
        horizons,
        levels,
        true_values=None,
        true_classes=None,
    ):
        """Encode a batch, and say the sequences that belong to it.

        Parameters
        ----------
        numeric, categories, lengths
            As of :meth:`Encoder.forward`.
        horizons : int64 tensor of shape (N,)
            Number of steps to say. On the CPU: the longest is looked at here.
        levels : float32 tensor of shape (N, 2, F)
            What is added to all values of a sequence, and what they are multiplied by
            before.
        true_values, true_classes : tensor of shape (N, L, F) and (N, L, K)
            What is to be said, which a decoder that feeds back reads.

        Returns
        -------
        dict of str to DecoderOutput
            Under "prediction".
        """
        last = self.encoder.final_states(numeric, categories, lengths)
        decoder = self.decoders["prediction"]
        level, scale = levels[:, :1], levels[:, 1:]
        where = horizons.to(last.device)
        if self.feeds_back:
            relative = (true_values - level) / scale
            played = decoder.decode_states(last, where, relative, true_classes)
        else:
            played = decoder.decode_states(last, max(1, int(horizons.max())), where)
        values = played.values * scale + level
        return {"prediction": played._replace(values=values)}


def _count_states(network, scores_per_patch):
    """Count the numbers that all cells that learn together hold for a patch."""
    n_states = sum(
        cells.hidden_size * cells.num_layers
        for cells in network.modules()
        if isinstance(cells, nn.RNNBase) and cells.weight_ih_l0.requires_grad
    )
    # Beside them scores of categories are many.
    widths = (decoder.width for decoder in network.decoders.values())
    return n_states + scores_per_patch * sum(widths)

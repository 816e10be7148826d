"""Networks from raw values to the results of an estimator, to be recorded.

Each has the arguments of one ONNX file and returns a dict of its outputs.
"""

import copy

import numpy as np
import torch
from torch import nn

from sklearn_seqembed._network.loss import end_log_likelihood
from sklearn_seqembed._onnx.inputs import InputGraph, measure
from sklearn_seqembed._onnx.scalers import ScalerGraph


def copy_network(estimator):
    """Copy the fitted network to the CPU, without cells that are not used."""
    network = copy.deepcopy(estimator.net_.module_).cpu().eval()
    encoder = network.encoder
    if encoder.skips_cells:
        encoder.layers = nn.ModuleList()
    if getattr(network, "share", None) == 0:
        network.trained_encoder = None
    return network


class VectorGraph(nn.Module):
    """Raw values in, vectors out: `transform`."""

    def __init__(self, estimator, network):
        super().__init__()
        self.inputs = InputGraph(estimator)
        self.encoder = network.encoder

    def forward(self, lengths, values=None, times=None, codes=None):
        """Return the vectors (N, C), and the number of unknown categories."""
        inputs = self.inputs(values, times, codes, lengths)
        vectors = self.encoder(inputs.numeric, inputs.categories, inputs.lengths)
        return _with_unknown({"vectors": vectors}, codes, inputs)


class DecodingGraph(nn.Module):
    """Vectors and lengths in, sequences in the user's units out.

    Parameters
    ----------
    network : nn.Module
        Copy of the fitted network.
    kinds : list of {"numeric", "datetime"}
        Kinds of the features that are not categorical.
    scaler : ScalerGraph
        Their scaler. A time is two numbers.
    dtype : torch.dtype
        Dtype of numbers.
    """

    def __init__(self, network, kinds, scaler, dtype):
        super().__init__()
        # The decoder shares these with the encoder, which registers them.
        self.projection = network.encoder.projection
        self.linear = network.encoder.linear
        self.decoder = network.decoders["reconstruction"]
        self.scaler, self.dtype = scaler, dtype
        starts = np.cumsum([0, *(1 + (kind == "datetime") for kind in kinds)])
        places = list(zip(kinds, starts, strict=False))
        self.numbers = [int(k) for kind, k in places if kind == "numeric"]
        # The second number of a time is that since the first step.
        self.times = [int(k) + 1 for kind, k in places if kind == "datetime"]

    def forward(self, vectors, lengths, steps):
        """Decode vectors.

        Parameters
        ----------
        vectors : float32 tensor of shape (N, C)
            The vectors.
        lengths : int64 tensor of shape (N,)
            Number of time steps of each sequence.
        steps : int64 tensor of shape (L,)
            0, 1, ..., as many as the longest sequence has.
        """
        values, _, logits = self.decoder(vectors, steps.shape[0], lengths)
        is_padding = (steps >= lengths[:, None])[:, :, None]
        found = {}
        if self.decoder.n_features:
            values = self.scaler.invert(values.double())
            values = values.masked_fill(is_padding, torch.nan)
        if self.numbers:
            found["values"] = values[:, :, self.numbers].to(self.dtype)
        if self.times:
            seconds = values[:, :, self.times].exp() - 1
            found["times"] = torch.where(seconds < 0, 0.0, seconds)
        if self.decoder.heads.n_classes:
            classes = self.decoder.heads.most_likely(logits)
            found["codes"] = classes.masked_fill(is_padding, 0)
        return found


class PredictionGraph(nn.Module):
    """Raw values in, numeric predictions of parallel decoding out: `predict`.

    Parameters
    ----------
    estimator : LSTMSequencePredictor or LSTMSequenceEmbedder
        An estimator that forecasts.
    network : nn.Module
        Copy of its network.
    part : str
        Name of the decoder.
    shortest, longest : int
        Smallest and largest number of time steps. If they differ, the network chooses.
    relative : tuple of int
        Features that the network reads relative to their last value.
    scaler : ScalerGraph
        Scaler of the targets.
    dtype : torch.dtype
        Dtype of the predictions.
    """

    def __init__(
        self, estimator, network, part, shortest, longest, relative, scaler, dtype
    ):
        super().__init__()
        self.inputs = InputGraph(estimator, relative)
        self.encoder, self.decoder = network.encoder, network.decoders[part]
        self.shortest, self.longest = shortest, longest
        self.scaler, self.dtype = scaler, dtype
        columns = estimator._relative.columns
        self.continues = bool((columns >= 0).any())
        self.register_buffer("columns", torch.as_tensor(columns).clamp(min=0))
        self.register_buffer("is_continued", torch.as_tensor(columns >= 0))
        constant = np.asarray(estimator._relative.constant_scale, np.float64)
        self.register_buffer("constant_scale", torch.as_tensor(constant))

    def forward(self, lengths, values=None, times=None, codes=None):
        """Return predictions (N, L, F) in the user's units, and their lengths."""
        inputs = self.inputs(values, times, codes, lengths)
        vectors = self.encoder(inputs.numeric, inputs.categories, inputs.lengths)
        chooses = self.shortest < self.longest
        given = None
        if not chooses:
            given = torch.full_like(lengths, self.longest)
        found, ends, _ = self.decoder(vectors, self.longest, given)
        kept = torch.full_like(lengths, self.longest)
        if chooses:
            likelihood = end_log_likelihood(ends)[:, self.shortest - 1 :]
            kept = likelihood.argmax(dim=1) + self.shortest
        found = found.double()
        if self.continues:
            found = self._restore(found, inputs)
        found = self.scaler.invert(found).to(self.dtype)
        steps = torch.arange(self.longest)
        is_padding = (steps >= kept[:, None])[:, :, None]
        predictions = found.masked_fill(is_padding, torch.nan)
        found = {"predictions": predictions, "prediction_lengths": kept}
        return _with_unknown(found, codes, inputs)

    def _restore(self, found, inputs):
        """Restore location and scale of values that are relative to the sequence."""
        raw = inputs.raw.double()[:, :, self.columns]
        steps = torch.arange(raw.shape[1])
        is_padding = (steps >= inputs.lengths[:, None])[:, :, None]
        location, scale = measure(self.scaler(raw), is_padding)
        scale = torch.where(scale > 0, scale, self.constant_scale)
        location = torch.where(self.is_continued, location, 0.0)
        return found * torch.where(self.is_continued, scale, 1.0) + location


class LabelGraph(nn.Module):
    """Raw values in, probabilities of classes or numbers out."""

    def __init__(self, estimator, network):
        super().__init__()
        self.inputs = InputGraph(estimator)
        self.network = network
        head = network.decoders["prediction"]
        self.heads = head.heads
        if self.heads.n_classes:
            (ranked,) = estimator._target_features.list_categories([True])
            self.register_buffer("order", torch.as_tensor(np.argsort(ranked)))
        else:
            self.scaler = ScalerGraph(estimator._target_features.numeric.scaler_, "y")

    def forward(self, lengths, values=None, times=None, codes=None):
        """Return probabilities (N, n_classes), or numbers (N, n_targets)."""
        inputs = self.inputs(values, times, codes, lengths)
        output = self.network(inputs.numeric, inputs.categories, inputs.lengths)
        output = output["prediction"]
        if self.heads.n_classes:
            (found,) = self.heads.log_probabilities(output.logits[:, 0])
            found = found[:, self.order].softmax(dim=1)
            return _with_unknown({"probabilities": found}, codes, inputs)
        numbers = self.scaler.invert(output.values[:, 0].double())
        return _with_unknown({"numbers": numbers}, codes, inputs)


def _with_unknown(outputs, codes, inputs):
    """Add the number of unknown categories, if there are categorical features."""
    return outputs if codes is None else outputs | {"n_unknown": inputs.n_unknown}

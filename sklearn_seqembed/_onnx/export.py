"""Export of each estimator: its graphs, and the description of their inputs."""

import numpy as np
import torch

from sklearn_seqembed._data.schema import CATEGORICAL_KINDS
from sklearn_seqembed._onnx.categories import CategoryInputs
from sklearn_seqembed._onnx.files import write_model
from sklearn_seqembed._onnx.graphs import (
    DecodingGraph,
    LabelGraph,
    PredictionGraph,
    VectorGraph,
    copy_network,
)
from sklearn_seqembed._onnx.recording import N_SEQUENCES, N_STEPS, record, require_onnx
from sklearn_seqembed._onnx.scalers import ScalerGraph

UNKNOWN = "int64 (N,): how many values of the sequence are categories not seen in fit."


def export_vectors(estimator, path):
    """Write the graph of `transform`."""
    require_onnx()
    network = copy_network(estimator)
    graph = VectorGraph(estimator, network)
    n_components = estimator.net_.module__n_components
    outputs = {"vectors": f"float32 (N, {n_components}): the vectors."}
    _write(estimator, graph, path, "Encode sequences as vectors.", outputs)


def export_decoder(estimator, path):
    """Write the graph that decodes vectors into sequences of given lengths."""
    require_onnx()
    features, schema = estimator._features, estimator._schema
    kinds = [kind for kind in schema.kinds if kind not in CATEGORICAL_KINDS]
    scaler = ScalerGraph(features.numeric.scaler_, "scaler")
    graph = DecodingGraph(copy_network(estimator), kinds, scaler, _dtype(schema))
    n_components = int(estimator.net_.module__n_components)
    inputs = {
        "vectors": torch.zeros(N_SEQUENCES, n_components),
        "lengths": torch.arange(N_STEPS, N_STEPS - N_SEQUENCES, -1),
        "steps": torch.arange(N_STEPS),
    }
    axes = {"vectors": ("batch",), "lengths": ("batch",), "steps": ("n_steps",)}
    texts = {
        "vectors": f"float32 (N, {n_components}): the vectors.",
        "lengths": "int64 (N,): how many time steps to decode from each.",
    }
    outputs = _describe_decoded(schema)
    names = list(outputs) + (["codes"] if features.n_classes else [])
    model = record(graph, inputs, names, axes)
    _count_steps(model)
    categories = _categories(estimator)
    if categories is not None:
        categories.append(model)
        for name, columns in categories.columns.items():
            outputs[name] = _describe_categories(name, len(columns), categories)
    description = _describe(estimator, "Decode vectors as sequences.")
    write_model(model, path, description | {"inputs": texts, "outputs": outputs})


def export_predictor(estimator, path):
    """Write the graph of `predict` of numeric targets that are decoded in parallel."""
    require_onnx()
    features = estimator._target_features
    name = type(estimator).__name__
    if features.n_classes or estimator.decoding_ != "parallel":
        what = "categories are" if features.n_classes else "y is"
        raise NotImplementedError(
            f"{name} cannot be written to an ONNX file if {what} decoded step by step "
            f"(decoding_={estimator.decoding_!r}, "
            f"{len(features.n_classes)} categorical features in y). An ONNX file holds "
            "predictions of numbers with decoding='parallel'. To serve this one, use "
            "predict where torch is installed; if the target is one class per "
            "sequence, fit LSTMSequenceClassifier, which has to_onnx."
        )
    shortest, longest = estimator._length_bounds()
    scaler = ScalerGraph(features.numeric.scaler_, "target_scaler")
    dtype = _dtype(estimator._target_schema.sequences)
    graph = PredictionGraph(
        estimator,
        copy_network(estimator),
        "prediction",
        shortest,
        longest,
        estimator._relative.relative_features,
        scaler,
        dtype,
    )
    outputs = {
        "predictions": f"{_name(dtype)} (N, {longest}, {features.numeric.n_features}): "
        "predicted time steps in the units of y, NaN after the predicted end.",
        "prediction_lengths": "int64 (N,): number of predicted time steps.",
    }
    _write(estimator, graph, path, "Predict the target of each sequence.", outputs)


def export_labels(estimator, path):
    """Write the graph of a classifier or a regressor."""
    require_onnx()
    graph = LabelGraph(estimator, copy_network(estimator))
    more = {}
    if hasattr(estimator, "classes_"):
        n_classes = len(estimator.classes_)
        text = f"float32 (N, {n_classes}): the probability of each class."
        outputs = {"probabilities": text}
        more["classes"] = estimator.classes_.tolist()
    else:
        n_targets = estimator._target_features.numeric.n_features
        outputs = {"numbers": f"float64 (N, {n_targets}): the predictions."}
    purpose = "Predict the target of each sequence."
    _write(estimator, graph, path, purpose, outputs, more)


def _write(estimator, graph, path, purpose, outputs, more=None):
    """Record a graph that reads sequences, and write it."""
    inputs, axes, texts = _make_inputs(estimator)
    categories = _categories(estimator)
    if categories is not None:
        outputs = outputs | {"n_unknown": UNKNOWN}
    model = record(graph, inputs, list(outputs), axes)
    if categories is not None:
        categories.prepend(model)
        for name, columns in categories.columns.items():
            texts[name] = _describe_categories(name, len(columns), categories)
    description = _describe(estimator, purpose) | (more or {})
    write_model(model, path, description | {"inputs": texts, "outputs": outputs})


def _make_inputs(estimator):
    """Return example inputs, names of their axes, and what they are."""
    kinds = estimator._schema.kinds
    shape = N_SEQUENCES, N_STEPS
    inputs, texts = {}, {}
    generator = torch.Generator().manual_seed(0)
    if n := kinds.count("numeric"):
        dtype = _dtype(estimator._schema)
        values = torch.rand((*shape, n), generator=generator, dtype=dtype)
        inputs["values"] = values
        texts["values"] = (
            f"{_name(dtype)} (N, L, {n}): numbers in the units of fit, NaN where "
            "missing; values after the end of a sequence are ignored."
        )
    if n := kinds.count("datetime"):
        steps = torch.arange(N_STEPS, dtype=torch.float64)[None, :, None]
        inputs["times"] = steps.expand(*shape, n).contiguous()
        texts["times"] = (
            f"float64 (N, L, {n}): times in seconds since any moment, NaN where "
            "missing."
        )
    if n := len(estimator._features.n_classes):
        inputs["codes"] = torch.ones((*shape, n), dtype=torch.int64)
    inputs["lengths"] = torch.arange(N_STEPS, N_STEPS - N_SEQUENCES, -1)
    texts["lengths"] = "int64 (N,): number of time steps of each sequence, at least 1."
    axes = dict.fromkeys(inputs, ("batch", "n_steps")) | {"lengths": ("batch",)}
    return inputs, axes, texts


def _categories(estimator):
    """Return the inputs of categorical features, None if there are no such features."""
    kinds = [kind for kind in estimator._schema.kinds if kind in CATEGORICAL_KINDS]
    if not kinds:
        return None
    return CategoryInputs(estimator._features.categorical.vocabularies, kinds)


def _describe_decoded(schema):
    """Describe the outputs of a decoder that are not categories."""
    outputs = {}
    if n := schema.kinds.count("numeric"):
        outputs["values"] = (
            f"{_name(_dtype(schema))} (N, L, {n}): numbers in the units of fit, NaN "
            "after the end of a sequence."
        )
    if n := schema.kinds.count("datetime"):
        outputs["times"] = (
            f"float64 (N, L, {n}): seconds since the first time step, NaN after the "
            "end of a sequence. A time may be slightly earlier than the one before."
        )
    return outputs


def _describe_categories(name, n_features, categories):
    if name == "categories":
        return (
            f"string (N, L, {n_features}): categories, {categories.missing!r} where "
            "missing."
        )
    return (
        f"float64 (N, L, {n_features}): categories that are numbers, or 1 for true and "
        "0 for false, NaN where missing."
    )


def _describe(estimator, purpose):
    """Describe an estimator and its features."""
    kinds = estimator._schema.kinds
    names = estimator._schema.feature_names or range(len(kinds))
    inputs = {"numeric": "values", "datetime": "times", "string": "categories"}
    columns, features = {}, []
    for name, kind in zip(names, kinds, strict=True):
        holder = inputs.get(kind, "numeric_categories")
        column = columns[holder] = columns.get(holder, -1) + 1
        name = name if isinstance(name, int) else str(name)
        features.append({"name": name, "kind": kind, "in": holder, "column": column})
    return {
        "estimator": type(estimator).__name__,
        "purpose": purpose,
        "features": features,
        "handle_unknown": estimator._features.categorical.handle_unknown,
    }


def _count_steps(model):
    """Replace the input `steps` by 0, 1, ..., up to the largest length."""
    from onnx.helper import make_node as make

    nodes = [
        make("ReduceMax", ["lengths"], ["steps_stop"], keepdims=0),
        make("Constant", [], ["steps_start"], value_int=0),
        make("Constant", [], ["steps_step"], value_int=1),
        make("Range", ["steps_start", "steps_stop", "steps_step"], ["steps"]),
    ]
    graph = model.graph
    kept = [value for value in graph.input if value.name != "steps"]
    del graph.input[:]
    graph.input.extend(kept)
    others = list(graph.node)
    del graph.node[:]
    graph.node.extend(nodes + others)


def _dtype(schema):
    """Return the dtype of numbers: float32 if those of fit were, else float64."""
    dtypes = [schema.container.dtype]
    if schema.container.is_frame:
        cells = zip(schema.container.cells, schema.kinds, strict=True)
        dtypes = [cell.dtype for cell, kind in cells if kind == "numeric"]
    is_single = dtypes and np.result_type(*dtypes) == np.float32
    return torch.float32 if is_single else torch.float64


def _name(dtype):
    return str(dtype).removeprefix("torch.")

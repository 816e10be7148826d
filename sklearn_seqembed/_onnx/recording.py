"""Recording of torch modules as ONNX graphs."""

import contextlib
import logging
import warnings

import torch

# Sizes of the batch with which a network is recorded. No other dimension of a network
# is likely to be equal, so none can be mistaken for them.
N_SEQUENCES = 3
N_STEPS = 37

MISSING_EXTRA = (
    "to_onnx needs the packages onnx and onnxscript, and {name} is not installed. "
    "Install them with: pip install 'sklearn-seqembed[onnx]'"
)


def require_onnx():
    """Import the packages that write ONNX files.

    Raises
    ------
    ImportError
        If one of them is not installed.
    """
    try:
        import onnx
        import onnxscript
    except ImportError as exc:
        raise ImportError(MISSING_EXTRA.format(name=exc.name)) from exc
    return onnx, onnxscript


def record(graph, inputs, outputs, axes):
    """Record a torch module as an ONNX model.

    Parameters
    ----------
    graph : nn.Module
        The module; it returns a dict.
    inputs : dict of str to tensor
        Example of its keyword arguments.
    outputs : sequence of str
        Keys of the dict, in order.
    axes : dict of str to tuple of str
        Names of the first dimensions of each input, which are dynamic.

    Returns
    -------
    onnx.ModelProto
        The model.
    """
    require_onnx()
    dynamic = {name: dict(enumerate(axes[name])) for name in inputs}
    with _silenced(), torch.no_grad():
        program = torch.onnx.export(
            graph.eval(),
            kwargs=inputs,
            dynamic_shapes=dynamic,
            input_names=list(inputs),
            output_names=list(outputs),
            custom_translation_table=_translations(),
            dynamo=True,
            optimize=True,
            verbose=False,
        )
        _fold_constants(program.model)
    model = program.model_proto
    _remove_traces(model.graph)
    return model


def _fold_constants(model):
    """Compute what is constant, such as weights whose gates are reordered."""
    from onnxscript import optimizer

    n_bytes = 2**31 - 1
    optimizer.fold_constants(
        model,
        input_size_limit=n_bytes,
        output_size_limit=n_bytes,
        should_fold=_should_fold,
    )
    optimizer.remove_unused_nodes(model)


def _should_fold(node):
    """Return False for weights that are used in float64: the file would hold those."""
    import onnx

    is_cast = node.op_type == "Cast"
    if is_cast and node.attributes["to"].value == onnx.TensorProto.DOUBLE:
        return False
    return None  # as by default


@contextlib.contextmanager
def _silenced():
    """Suppress what the exporter warns of and logs about its progress."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _remove_traces(graph):
    """Remove where in this library each node was recorded: paths of this machine."""
    del graph.metadata_props[:]
    for node in graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
        for attribute in node.attribute:
            if attribute.HasField("g"):
                _remove_traces(attribute.g)
    for value in (*graph.input, *graph.output, *graph.value_info):
        del value.metadata_props[:]


def _translations():
    """Return ONNX functions for the operations of `_network/tracing.py`."""
    ops = torch.ops.sklearn_seqembed
    return {ops.lstm.default: _translate_lstm, ops.gru.default: _translate_gru}


def _translate_lstm(x, hidden, memory, weight_ih, weight_hh, bias_ih, bias_hh):
    from onnxscript import opset18 as op

    order = [0, 3, 1, 2]  # ONNX has the gates i, o, f, c, torch i, f, g, o
    n_cells = weight_hh.shape[1]
    states, _, _ = op.LSTM(
        x,
        *_reorder([weight_ih, weight_hh], [bias_ih, bias_hh], order),
        None,
        hidden,
        memory,
        hidden_size=n_cells,
    )
    return op.Squeeze(states, op.Constant(value_ints=[1]))  # (P, N, H)


def _translate_gru(x, hidden, weight_ih, weight_hh, bias_ih, bias_hh):
    from onnxscript import opset18 as op

    order = [1, 0, 2]  # ONNX has the gates z, r, h, torch r, z, n
    n_cells = weight_hh.shape[1]
    states, _ = op.GRU(
        x,
        *_reorder([weight_ih, weight_hh], [bias_ih, bias_hh], order),
        None,
        hidden,
        hidden_size=n_cells,
        linear_before_reset=1,
    )
    return op.Squeeze(states, op.Constant(value_ints=[1]))  # (P, N, H)


def _reorder(weights, biases, order):
    """Return weights and biases with the gates in another order."""
    from onnxscript import opset18 as op

    n_cells = weights[1].shape[1]
    rows = [gate * n_cells + cell for gate in order for cell in range(n_cells)]

    def reordered(value):
        return op.Gather(value, op.Constant(value_ints=rows), axis=0)

    first = op.Constant(value_ints=[0])
    found = [op.Unsqueeze(reordered(value), first) for value in weights]
    both = op.Concat(*map(reordered, biases), axis=0)
    return [*found, op.Unsqueeze(both, first)]

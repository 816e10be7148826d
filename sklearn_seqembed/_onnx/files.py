"""Writing of ONNX files that describe themselves."""

import json
from importlib.metadata import version

from sklearn_seqembed._saving.files import replace_file

# Larger models need a second file, which to_onnx does not write.
MAX_BYTES = 2**31 - 1

LIBRARY = "sklearn-seqembed"


def write_model(model, path, description):
    """Write a model to one file, in one step.

    Parameters
    ----------
    model : onnx.ModelProto
        The model.
    path : str or path-like
        The file, which is replaced if it exists.
    description : dict
        What the file holds: "estimator", "features", "inputs" and "outputs". Inputs and
        outputs are described by name.

    Raises
    ------
    ValueError
        If the model takes 2 GiB or more.
    """
    import onnx

    model.producer_name, model.producer_version = LIBRARY, version(LIBRARY)
    graph = model.graph
    graph.name = description["estimator"]
    graph.doc_string = description["purpose"]
    for values, texts in (
        (graph.input, description["inputs"]),
        (graph.output, description["outputs"]),
    ):
        for value in values:
            value.doc_string = texts[value.name]
    entries = {"library": f"{LIBRARY} {version(LIBRARY)}"} | description
    onnx.helper.set_model_props(
        model,
        {
            key: value if isinstance(value, str) else json.dumps(value)
            for key, value in entries.items()
        },
    )
    if model.ByteSize() > MAX_BYTES:
        raise ValueError(
            f"The network takes {model.ByteSize() / 2**30:.1f} GiB, but an ONNX file "
            "holds at most 2 GiB. Fit with a smaller n_components or hidden_size."
        )
    onnx.checker.check_model(model)
    content = model.SerializeToString()
    replace_file(path, lambda temporary: temporary.write_bytes(content))

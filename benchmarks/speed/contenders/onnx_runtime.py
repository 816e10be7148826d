"""The encoder in ONNX Runtime: one LSTM node with the same weights.

Everything that can be prepared is prepared before the clock starts: tensors are scaled,
sorted by length if lengths differ, and padded in chunks of the fastest size. Their
first axis is time.
"""

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from ...timing import seconds_per_call
from ..cases import make_X

CHUNK_SIZES = (32, 64, 128, 256, 1024)
OPSET = 17
IR_VERSION = 10

# The gates in ONNX's order i, o, f, c, as rows of torch's i, f, g, o.
GATES = [0, 3, 1, 2]


class Encoder:
    """A session, and the chunks of one case."""

    def __init__(self, case, exported, n_threads):
        self.session = _session(exported["directions"], case.ragged, n_threads)
        X = make_X(case)
        self.X = [
            ((x - exported["mean"]) / exported["scale"]).astype(np.float32) for x in X
        ]
        lengths = np.array([len(x) for x in X])
        self.order = np.argsort(lengths, kind="stable")
        self.ragged = case.ragged
        self._choose_chunks()

    def _choose_chunks(self):
        """Keep the chunks of the fastest size."""
        seconds = {}
        for size in CHUNK_SIZES:
            self.chunks = self._cut(size)
            self.run()  # the first run allocates memory
            seconds[size] = seconds_per_call(self.run)
        self.chunk_size = min(seconds, key=seconds.get)
        self.chunks = self._cut(self.chunk_size)

    def _cut(self, size):
        """Return the inputs of each run of the session."""
        cuts = range(0, len(self.X), size)
        return [self._chunk(self.order[start : start + size]) for start in cuts]

    def _chunk(self, indices):
        lengths = np.array([len(self.X[i]) for i in indices], dtype=np.int32)
        x = np.zeros((lengths.max(), len(indices), self.X[0].shape[1]), np.float32)
        for column, i in enumerate(indices):
            x[: lengths[column], column] = self.X[i]
        return {"x": x, "lengths": lengths} if self.ragged else {"x": x}

    def run(self):
        """Return the vectors of all chunks, in the order of the chunks."""
        return [self.session.run(None, chunk)[0] for chunk in self.chunks]

    def encode(self):
        """Return the vectors in the order of the case, float32 of shape (n, cells)."""
        found = np.concatenate(self.run())
        in_order = np.empty_like(found)
        in_order[self.order] = found
        return in_order


def _session(directions, ragged, n_threads):
    """Build a session of the graph x (L, N, F), lengths (N) -> vectors (N, H)."""
    n_features = directions[0]["weight_ih_l0"].shape[1]
    inputs = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, ("L", "N", n_features))
    ]
    if ragged:
        inputs.append(helper.make_tensor_value_info("lengths", TensorProto.INT32, "N"))
    graph = helper.make_graph(
        _nodes(directions, ragged),
        "encoder",
        inputs,
        [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ("N", "H"))],
        _initializers(directions),
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = n_threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def _nodes(directions, ragged):
    """Return an LSTM and the concatenation of its final states."""
    lstm = helper.make_node(
        "LSTM",
        ["x", "W", "R", "B", "lengths" if ragged else ""],
        ["", "final"],
        hidden_size=directions[0]["weight_hh_l0"].shape[1],
        direction="bidirectional" if len(directions) == 2 else "forward",
    )  # (D, N, H)
    transpose = helper.make_node("Transpose", ["final"], ["first"], perm=[1, 0, 2])
    reshape = helper.make_node("Reshape", ["first", "shape"], ["vectors"])
    return [lstm, transpose, reshape]


def _initializers(directions):
    """Return weights in the order of ONNX, (D, ...), and the shape of the vectors."""
    arrays = {
        "W": [_reordered(cells["weight_ih_l0"]) for cells in directions],
        "R": [_reordered(cells["weight_hh_l0"]) for cells in directions],
        "B": [
            np.concatenate(
                [_reordered(cells["bias_ih_l0"]), _reordered(cells["bias_hh_l0"])]
            )
            for cells in directions
        ],
    }
    initializers = [
        numpy_helper.from_array(np.stack(array), name) for name, array in arrays.items()
    ]
    shape = np.array([0, -1], dtype=np.int64)  # 0 keeps the number of sequences
    return [*initializers, numpy_helper.from_array(shape, "shape")]


def _reordered(weights):
    """Reorder the gates, along the first axis, for ONNX."""
    gates = np.split(weights, 4)
    return np.concatenate([gates[i] for i in GATES])


# Prepared encoders, by `bidirectional`.
_ENCODERS = {}


def prepare(case, bidirectional, exported, n_threads):
    """Build session and chunks of a case; return the fastest chunk size.

    `exported` is the result of `export_encoder` in ours.py.
    """
    _ENCODERS[bidirectional] = Encoder(case, exported, n_threads)
    return _ENCODERS[bidirectional].chunk_size


def transform(bidirectional):
    """Time the session on all chunks of the case last prepared."""
    return seconds_per_call(_ENCODERS[bidirectional].run)


def encode(bidirectional):
    """Return the vectors of the timed runs, float32 of shape (n, cells)."""
    return _ENCODERS[bidirectional].encode()

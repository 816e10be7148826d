"""ONNX files return what the estimators return."""

import doctest
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

from sklearn_seqembed import (
    LSTMSequenceClassifier,
    LSTMSequenceEmbedder,
    LSTMSequencePredictor,
    LSTMSequenceRegressor,
)
from sklearn_seqembed._network.resampling import find_observed
from sklearn_seqembed._onnx import files
from sklearn_seqembed._onnx.scalers import ScalerGraph
from sklearn_seqembed.datasets import make_sequences

onnx = pytest.importorskip("onnx", reason="the extra onnx is not installed")
pytest.importorskip("onnxscript", reason="the extra onnx is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
if tuple(map(int, torch.__version__.split(".")[:2])) < (2, 13):
    pytest.skip("to_onnx is tested with torch 2.13", allow_module_level=True)

# Rounding errors of float32, in units of the spread.
TOLERANCE = 1e-5

NUMBERS, _ = make_sequences(
    60, n_features=2, lengths=(5, 30), missing=0.1, random_state=0
)


def open_file(path):
    """Open a file with one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(
        str(path), options, providers=["CPUExecutionProvider"]
    )


def pad(X, dtype="f8", fill=np.nan):
    """Pad sequences to an array of shape (N, L, F)."""
    X = [np.asarray(x).reshape(len(x), -1) for x in X]
    padded = np.full((len(X), max(map(len, X)), X[0].shape[1]), fill, dtype)
    for row, x in zip(padded, X, strict=True):
        row[: len(x)] = x
    return padded


def count(X):
    return np.array([len(x) for x in X], dtype=np.int64)


def as_inputs(X, fill=np.nan):
    return {"values": pad(X, fill=fill), "lengths": count(X)}


def deviation(found, expected):
    """Return the largest deviation in units of the spread of what is expected."""
    assert found.shape == expected.shape
    assert (np.isnan(found) == np.isnan(expected)).all()
    return np.nanmax(np.abs(found - expected)) / np.nanstd(expected)


@pytest.fixture(scope="module")
def embedder():
    """An embedder with random features and trained cells."""
    return LSTMSequenceEmbedder(
        16, random_features=8, max_epochs=2, random_state=0
    ).fit(NUMBERS)


@pytest.fixture(scope="module")
def path(embedder, tmp_path_factory):
    path = tmp_path_factory.mktemp("onnx") / "vectors.onnx"
    embedder.to_onnx(path)
    return path


@pytest.fixture(scope="module")
def session(path):
    return open_file(path)


LONG = np.resize(np.concatenate(NUMBERS), (5000, 2))


@pytest.mark.parametrize(
    "X",
    [NUMBERS, NUMBERS[:1], [x[:1] for x in NUMBERS], [LONG], [*NUMBERS[:3], LONG]]
    + [[NUMBERS[i % 60] for i in range(1000)]],
    ids=["ragged", "one", "one step", "5,000 steps", "5,000 and few", "1,000"],
)
def test_vectors_are_those_of_transform(embedder, session, X):
    X = [x for x in X if not np.isnan(x).all()]

    (found,) = session.run(None, as_inputs(X))

    # The longest sequence is unlike all others, so that its vector is large.
    expected = embedder.transform(X)
    scale = np.maximum(embedder.transform(NUMBERS).std(), np.abs(expected))
    assert (np.abs(found - expected) < TOLERANCE * scale).all()


@pytest.mark.parametrize("fill", [0.0, np.inf, 1e30])
def test_values_after_the_end_of_a_sequence_are_ignored(session, fill):
    (found,) = session.run(None, as_inputs(NUMBERS, fill))

    assert np.array_equal(found, session.run(None, as_inputs(NUMBERS))[0])


def test_recurrent_cells_are_single_operations(path):
    kinds = [node.op_type for node in onnx.load(path).graph.node]

    # Both directions of the trained cells, and of both layers of random ones.
    assert kinds.count("LSTM") == 6
    assert len(kinds) < 1000


def test_a_file_describes_itself(path):
    model = onnx.load(path)
    entries = {entry.key: entry.value for entry in model.metadata_props}
    inputs = {value.name: value.doc_string for value in model.graph.input}

    assert entries["library"].startswith("sklearn-seqembed ")
    assert entries["estimator"] == "LSTMSequenceEmbedder"
    assert json.loads(entries["features"])[1] == {
        "name": 1,
        "kind": "numeric",
        "in": "values",
        "column": 1,
    }
    assert json.loads(entries["inputs"]) == inputs
    assert inputs["values"].startswith("float64 (N, L, 2): numbers in the units")


def test_a_file_does_not_hold_paths_of_the_machine(path):
    content = path.read_bytes()

    assert b"sklearn_seqembed/" not in content
    assert str(Path(__file__).parent.parent).encode() not in content


def test_a_file_is_used_without_torch_and_this_library(path, embedder, tmp_path):
    np.savez(tmp_path / "inputs.npz", **as_inputs(NUMBERS))
    program = f"""
import sys
for name in ("torch", "sklearn", "sklearn_seqembed", "onnx"):
    sys.modules[name] = None  # an import fails
import numpy as np
import onnxruntime
inputs = dict(np.load({str(tmp_path / "inputs.npz")!r}))
(vectors,) = onnxruntime.InferenceSession({str(path)!r}).run(["vectors"], inputs)
np.save({str(tmp_path / "vectors.npy")!r}, vectors)
"""

    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path)

    found = np.load(tmp_path / "vectors.npy")
    assert deviation(found, embedder.transform(NUMBERS)) < TOLERANCE


def test_two_graphs_need_two_files(embedder, tmp_path):
    path = tmp_path / "vectors.onnx"

    with pytest.raises(ValueError, match="are the same file"):
        embedder.to_onnx(path, path)


def test_a_failed_write_leaves_the_old_file(embedder, path, tmp_path, monkeypatch):
    target = tmp_path / "vectors.onnx"
    target.write_bytes(b"old")

    def fail(*args):
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", fail)
    model = onnx.load(path)
    names = [*model.graph.input, *model.graph.output]
    texts = {value.name: "" for value in names}
    description = {"estimator": "x", "purpose": "", "inputs": texts, "outputs": texts}
    with pytest.raises(OSError, match="disk full"):
        files.write_model(model, target, description)

    assert target.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["vectors.onnx"]


def test_a_model_that_is_too_large_is_refused(path, monkeypatch):
    monkeypatch.setattr(files, "MAX_BYTES", 1000)
    model = onnx.load(path)
    texts = {v.name: "" for v in [*model.graph.input, *model.graph.output]}
    description = {"estimator": "x", "purpose": "", "inputs": texts, "outputs": texts}

    with pytest.raises(ValueError, match="an ONNX file holds at most 2 GiB"):
        files.write_model(model, "unused.onnx", description)


def test_a_missing_package_is_named(embedder, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxscript", None)

    with pytest.raises(ImportError, match=r"sklearn-seqembed\[onnx\]"):
        embedder.to_onnx("unused.onnx")


def test_the_network_of_an_exported_embedder_is_unchanged(embedder, path):
    reservoir = embedder.encoder_.random_features.reservoir

    assert type(reservoir).__name__ == "Reservoir"
    assert len(embedder.encoder_.layers) == 1


# Frames with all kinds of features


def make_frame():
    rng = np.random.default_rng(0)
    lengths = rng.integers(3, 12, 60)
    start = pd.Timestamp("2024-01-01").to_datetime64().astype("M8[us]")
    times = [start + np.sort(rng.integers(0, 10**12, n)) for n in lengths]
    times[0][1] = "NaT"
    amounts = [rng.normal(size=n) * 10 for n in lengths]
    amounts[1][0] = np.nan
    kinds = [rng.choice(["x", "y", "z", ""], n).tolist() for n in lengths]
    kinds[2][1] = None
    flags = [rng.random(n) < 0.3 for n in lengths]
    return pd.DataFrame(
        {"amount": amounts, "time": times, "kind": kinds, "flag": flags}
    )


def as_frame_inputs(frame, missing):
    seconds = [
        np.where(np.isnat(t), np.nan, t.astype("M8[us]").astype(np.int64) / 1e6)
        for t in frame["time"]
    ]
    kinds = [[missing if c is None else c for c in row] for row in frame["kind"]]
    return {
        "values": pad(frame["amount"]),
        "times": pad(seconds),
        "categories": pad(kinds, object, "anything"),
        "numeric_categories": pad(frame["flag"]),
        "lengths": count(frame["amount"]),
    }


@pytest.fixture(scope="module")
def frame():
    return make_frame()


@pytest.fixture(scope="module")
def frame_embedder(frame):
    return LSTMSequenceEmbedder(40, max_epochs=2, random_state=0).fit(frame)


@pytest.fixture(scope="module")
def frame_files(frame_embedder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("onnx")
    frame_embedder.to_onnx(folder / "vectors.onnx", folder / "decoder.onnx")
    return open_file(folder / "vectors.onnx"), open_file(folder / "decoder.onnx")


def test_numbers_times_strings_and_bools_are_read(frame, frame_embedder, frame_files):
    # The empty string is a category here.
    found, n_unknown = frame_files[0].run(None, as_frame_inputs(frame, "\ufffd"))

    assert deviation(found, frame_embedder.transform(frame)) < TOLERANCE
    assert not n_unknown.any()


def test_the_decoder_returns_what_reconstruct_returns(
    frame, frame_embedder, frame_files
):
    decoder = frame_files[1]
    lengths = count(frame["amount"])
    expected = frame_embedder.reconstruct(frame)

    found = decoder.run(
        None, {"vectors": frame_embedder.transform(frame), "lengths": lengths}
    )
    found = dict(zip([o.name for o in decoder.get_outputs()], found, strict=True))

    assert deviation(found["values"], pad(expected["amount"])) < TOLERANCE
    for i, n in enumerate(lengths):
        assert found["categories"][i, :n, 0].tolist() == list(expected["kind"][i])
        assert (found["numeric_categories"][i, :n, 0] == expected["flag"][i]).all()
        assert np.isnan(found["times"][i, n:]).all()
    assert (found["times"][:, 0] >= 0).all()


def test_unknown_categories_are_counted_and_read_as_transform_reads_them(
    frame, frame_embedder, frame_files
):
    other = frame[:5].copy()
    other["kind"] = [["new"] * len(row) for row in other["kind"]]

    inputs = as_frame_inputs(other, "\ufffd")
    found, n_unknown = frame_files[0].run(None, inputs)

    assert n_unknown.tolist() == count(other["kind"]).tolist()
    with pytest.warns(UserWarning, match="No category of feature 2"):
        expected = frame_embedder.transform(other)
    assert deviation(found, expected) < TOLERANCE


# Other estimators


def test_forecasts_of_a_predictor(tmp_path):
    rng = np.random.default_rng(0)
    X = [np.cumsum(rng.normal(size=12)) + 50 for _ in range(200)]
    y = [x[-1] + np.arange(1, 4) * (x[-1] - x[-2]) for x in X]
    X[0][3] = np.nan
    predictor = LSTMSequencePredictor(max_epochs=2, random_state=0).fit(X, y)
    X = [*X[:20], X[0][-5:]]

    predictor.to_onnx(tmp_path / "forecast.onnx")
    session = open_file(tmp_path / "forecast.onnx")
    found, lengths = session.run(None, as_inputs(X))

    assert predictor._forecast_shape is not None
    assert deviation(found, pad(predictor.predict(X))) < TOLERANCE
    assert (lengths == 3).all()


def test_forecasts_of_a_long_series_read_its_last_steps(tmp_path):
    series = np.sin(np.arange(300.0) / 9) + np.arange(300) % 7 / 20
    predictor = LSTMSequencePredictor(max_epochs=0, random_state=0)
    predictor.fit([series[:-8]], [series[-8:]])
    X = [series[:120], series[100:250], series]

    predictor.to_onnx(tmp_path / "forecast.onnx")
    (found,) = open_file(tmp_path / "forecast.onnx").run(["predictions"], as_inputs(X))

    assert predictor._windows.lookback < 120
    assert deviation(found[:, :, 0], np.stack(predictor.predict(X))) < TOLERANCE


def test_gated_recurrent_units_are_read_and_decoded(tmp_path):
    embedder = LSTMSequenceEmbedder(
        4, cell="gru", linear_map=False, random_features=0, max_epochs=2, random_state=0
    ).fit(NUMBERS)
    paths = tmp_path / "vectors.onnx", tmp_path / "decoder.onnx"

    embedder.to_onnx(*paths)
    (vectors,) = open_file(paths[0]).run(["vectors"], as_inputs(NUMBERS))
    inputs = {"vectors": vectors, "lengths": count(NUMBERS)}
    (decoded,) = open_file(paths[1]).run(["values"], inputs)

    assert deviation(vectors, embedder.transform(NUMBERS)) < TOLERANCE
    assert deviation(decoded, pad(embedder.reconstruct(NUMBERS))) < TOLERANCE


def test_predictions_whose_lengths_are_predicted(tmp_path):
    y = [x[: max(1, len(x) // 8)] for x in NUMBERS]
    y = [np.nan_to_num(target) for target in y]
    predictor = LSTMSequencePredictor(
        8, max_epochs=2, instance_norm=False, random_state=0
    ).fit(NUMBERS, y)
    expected = predictor.predict(NUMBERS)

    predictor.to_onnx(tmp_path / "predictor.onnx")
    session = open_file(tmp_path / "predictor.onnx")
    found, lengths = session.run(None, as_inputs(NUMBERS))

    assert lengths.tolist() == count(expected).tolist()
    found = found[:, : lengths.max()]
    assert deviation(found, pad(expected)) < TOLERANCE


def test_probabilities_of_a_classifier_of_strings(tmp_path):
    rng = np.random.default_rng(0)
    X = ["".join(rng.choice(list("abc"), n)) for n in rng.integers(3, 9, 60)]
    y = [str(x.count("a") > x.count("b")) for x in X]
    classifier = LSTMSequenceClassifier(8, max_epochs=0, random_state=0).fit(X, y)

    classifier.to_onnx(tmp_path / "classifier.onnx")
    session = open_file(tmp_path / "classifier.onnx")
    inputs = {"categories": pad([list(x) for x in X], object, ""), "lengths": count(X)}
    found, n_unknown = session.run(None, inputs)

    assert deviation(found, classifier.predict_proba(X)) < TOLERANCE
    assert not n_unknown.any()


def test_numbers_of_a_regressor(tmp_path):
    y = [[len(x), x[-1, 0]] for x in map(np.nan_to_num, NUMBERS)]
    regressor = LSTMSequenceRegressor(8, max_epochs=0, cell="gru", random_state=0)
    regressor.fit(NUMBERS, y)

    regressor.to_onnx(tmp_path / "regressor.onnx")
    session = open_file(tmp_path / "regressor.onnx")
    (found,) = session.run(None, as_inputs(NUMBERS))

    assert deviation(found, regressor.predict(NUMBERS)) < TOLERANCE


# What is refused


def test_token_decoding_is_refused():
    predictor = LSTMSequencePredictor(4, max_epochs=1, random_state=0)
    predictor.fit(["ab", "ba", "aab"], ["b", "a", "bb"])

    with pytest.raises(NotImplementedError, match="decoded step by step"):
        predictor.to_onnx("unused.onnx")


def test_a_decoder_of_forecasts_is_refused():
    X = [np.arange(10.0) + i for i in range(5)]
    embedder = LSTMSequenceEmbedder(
        2, objective="forecast", horizon=2, max_epochs=0, random_state=0
    ).fit(X)

    with pytest.raises(ValueError, match="a forecast depends on the end"):
        embedder.to_onnx("unused.onnx", "other.onnx")


def test_scalers_without_a_formula_are_refused():
    embedder = LSTMSequenceEmbedder(
        4, scaler=QuantileTransformer(n_quantiles=10), max_epochs=0, random_state=0
    ).fit(NUMBERS)

    with pytest.raises(NotImplementedError, match="scale the sequences yourself"):
        embedder.to_onnx("unused.onnx")


@pytest.mark.parametrize(
    "scaler",
    [
        StandardScaler(),
        StandardScaler(with_mean=False),
        MinMaxScaler((-1, 1), clip=True),
        MaxAbsScaler(),
        RobustScaler(),
        PowerTransformer(),
        PowerTransformer("box-cox", standardize=False),
        make_pipeline(FunctionTransformer(), RobustScaler(), MinMaxScaler()),
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_scalers_are_those_of_scikit_learn(scaler, dtype):
    values = np.random.default_rng(0).gamma(2, size=(100, 3)).astype(dtype)
    scaler.fit(values)
    values[3, 1] = np.nan
    values[0] *= 5  # outside the range
    graph = ScalerGraph(scaler, "scaler")

    scaled = graph(torch.from_numpy(values)).numpy()

    assert scaled.dtype == values.dtype
    expected = scaler.transform(values)
    assert np.allclose(scaled, expected, rtol=1e-5, atol=1e-6, equal_nan=True)
    back = graph.invert(torch.from_numpy(expected.astype("f8"))).numpy()
    inverse = scaler.inverse_transform(expected.astype("f8"))
    assert np.allclose(back, inverse, rtol=1e-6, equal_nan=True)


def test_observed_steps_are_found_as_by_a_loop():
    is_missing = torch.tensor([[1, 0, 1, 1, 0, 1], [1] * 6, [0] * 6]).bool()

    before, after = find_observed(is_missing[:, :, None])

    assert before[:, :, 0].tolist() == [[-1, 1, 1, 1, 4, 4], [-1] * 6, [*range(6)]]
    assert after[:, :, 0].tolist() == [[1, 1, 4, 4, 4, 6], [6] * 6, [*range(6)]]


# torch.export and torch.compile


def encode_batch(embedder, X):
    """Return the arguments of `encoder_`."""
    scaled = [embedder.scaler_.transform(x) for x in X]
    numeric = torch.from_numpy(pad(scaled, "f4"))
    return numeric, torch.zeros(*numeric.shape[:2], 0).long(), torch.tensor(count(X))


def test_the_encoder_is_exported_by_torch_for_all_batches(embedder):
    dynamic = torch.export.Dim.DYNAMIC
    program = torch.export.export(
        embedder.encoder_,
        encode_batch(embedder, NUMBERS[:3]),
        dynamic_shapes=(
            {0: dynamic, 1: dynamic},
            {0: dynamic, 1: dynamic},
            {0: dynamic},
        ),
    )

    for X in (NUMBERS, NUMBERS[:1], [NUMBERS[1][:1]]):
        with torch.no_grad():
            found = program.module()(*encode_batch(embedder, X)).numpy()

        spread = embedder.transform(NUMBERS).std()
        assert np.abs(found - embedder.transform(X)).max() < TOLERANCE * spread


def test_the_encoder_is_compiled_by_torch(embedder):
    compiled = torch.compile(embedder.encoder_, backend="eager")

    with torch.no_grad():
        found = compiled(*encode_batch(embedder, NUMBERS)).numpy()

    assert deviation(found, embedder.transform(NUMBERS)) < TOLERANCE


def test_the_code_of_the_page_runs():
    result = doctest.testfile(
        str(Path(__file__).parent.parent / "docs" / "guide" / "onnx.rst"),
        module_relative=False,
        optionflags=doctest.NORMALIZE_WHITESPACE,
        encoding="utf-8",
    )

    assert result.attempted > 0
    assert result.failed == 0

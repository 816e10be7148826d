"""Files of estimators: equal results, and nothing that a file says is run."""

import errno
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import safetensors.numpy
import torch
from safetensors import safe_open
from saved_cases import CASES, NUMBERS, WORDS, fit_case, results_of
from sklearn.exceptions import InconsistentVersionWarning, NotFittedError
from sklearn.preprocessing import FunctionTransformer
from skorch.callbacks import EpochTimer
from small_fits import small_embedder

from sklearn_seqembed import LSTMSequenceEmbedder, load
from sklearn_seqembed._saving.files import _compute_checksum
from sklearn_seqembed._saving.versions import VERSIONS

DATA = Path(__file__).parent / "data"

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


def equal_bits(first, second):
    """Return whether two results are equal, bit for bit."""
    return pickle.dumps(first) == pickle.dumps(second) or repr(first) == repr(second)


@pytest.mark.parametrize("name", CASES)
def test_results_are_equal_before_and_after(name, tmp_path):
    estimator, X = fit_case(name)
    estimator.save(tmp_path / "estimator.safetensors")

    loaded = load(tmp_path / "estimator.safetensors")

    assert type(loaded) is type(estimator)
    assert vars(loaded).keys() == vars(estimator).keys()
    before, after = results_of(estimator, X), results_of(loaded, X)
    assert not isinstance(before["transform"], str)
    for method, expected in before.items():
        assert equal_bits(after[method], expected), method


@pytest.mark.parametrize("name", CASES)
def test_results_are_equal_before_and_after_a_pickle(name):
    estimator, X = fit_case(name)

    opened = pickle.loads(pickle.dumps(estimator))

    before, after = results_of(estimator, X), results_of(opened, X)
    for method, expected in before.items():
        assert equal_bits(after[method], expected), method


def test_parameters_are_equal_before_and_after(tmp_path):
    estimator, _ = fit_case("quantiles")
    estimator.set_params(device="cpu", n_components=np.int64(4), lr=np.float32(0.01))
    estimator.save(tmp_path / "estimator.safetensors")

    loaded = load(tmp_path / "estimator.safetensors")

    before, after = estimator.get_params(), loaded.get_params()
    for name in ("scaler", "lr", "n_components"):
        assert type(after[name]) is type(before[name])
    assert repr(after) == repr(before)


def test_a_random_state_continues(tmp_path):
    estimator, _ = fit_case("random state")
    estimator.save(tmp_path / "estimator.safetensors")

    loaded = load(tmp_path / "estimator.safetensors")

    assert loaded.random_state.randint(2**31) == estimator.random_state.randint(2**31)


def test_set_output_is_kept(tmp_path):
    embedder = small_embedder().fit(NUMBERS).set_output(transform="pandas")
    embedder.save(tmp_path / "embedder.safetensors")

    vectors = load(tmp_path / "embedder.safetensors").transform(NUMBERS)

    assert vectors.equals(embedder.transform(NUMBERS))


@pytest.mark.parametrize("warm_start", [False, True])
def test_training_continues_from_a_file_with_the_optimizer(X, warm_start, tmp_path):
    embedder = small_embedder(warm_start=warm_start)
    train = "fit" if warm_start else "partial_fit"
    getattr(embedder, train)(X)
    embedder.save(tmp_path / "embedder.safetensors", optimizer=True)

    loaded = load(tmp_path / "embedder.safetensors")
    for estimator in (embedder, loaded):
        getattr(estimator, train)(X)

    np.testing.assert_array_equal(loaded.transform(X), embedder.transform(X))
    assert len(loaded.history_) == len(embedder.history_) > 1


def test_the_optimizer_is_left_out_by_default(X, tmp_path):
    embedder = small_embedder().partial_fit(X)
    sizes = []
    for optimizer in (False, True):
        embedder.save(tmp_path / "embedder.safetensors", optimizer=optimizer)
        sizes.append((tmp_path / "embedder.safetensors").stat().st_size)

    trained = sum(w.numel() for w in embedder.net_.module_.parameters()) * 4
    assert 1.5 * trained < sizes[1] - sizes[0] < 3 * trained + 20_000
    load(tmp_path / "embedder.safetensors").partial_fit(X)


def test_an_estimator_that_was_loaded_can_be_saved_again(X, tmp_path):
    embedder = small_embedder().partial_fit(X)
    paths = tmp_path / "first.safetensors", tmp_path / "second.safetensors"
    embedder.save(paths[0], optimizer=True)

    load(paths[0]).save(paths[1], optimizer=True)

    (first, weights), (second, same_weights) = map(read_parts, paths)
    assert first == second
    assert weights.keys() == same_weights.keys()


# Loading.

AUDIT = """
import sys, warnings

import numpy, pandas, polars, pyarrow
from sklearn_seqembed import load

FORBIDDEN = ("compile", "exec", "pickle.find_class", "subprocess", "socket", "marshal",
             "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "ctypes",
             "import", "os.remove", "os.rename", "os.mkdir", "shutil", "code.__new__")
active = False

def check(event, args):
    if not active:
        return
    if event.startswith(FORBIDDEN):
        raise RuntimeError(f"{event} {args}")
    if event == "open" and args[1] not in ("r", "rb"):
        raise RuntimeError(f"{event} {args}")

sys.addaudithook(check)
active = True
for path in sys.argv[1:]:
    load(path)
active = False
print("opened", len(sys.argv) - 1)
"""


def test_opening_files_runs_nothing(tmp_path):
    paths = []
    for i, name in enumerate(CASES):
        paths.append(str(tmp_path / f"{i}.safetensors"))
        fit_case(name)[0].save(paths[-1])

    found = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", AUDIT, *paths],
        capture_output=True,
        text=True,
    )

    assert found.stdout == f"opened {len(paths)}\n", found.stderr[-2000:]


@pytest.mark.parametrize("name", ["embedder", "predictor", "classifier", "regressor"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.InconsistentVersionWarning")
def test_files_of_format_1_open_for_ever(name):
    """Never replace these files: if the format changes, the reader must know both."""
    estimator = load(DATA / f"format_1_{name}.safetensors")

    with np.load(DATA / "format_1.npz") as expected:
        vectors = estimator.transform(WORDS if name == "predictor" else NUMBERS)
        np.testing.assert_allclose(vectors, expected[name], rtol=1e-4, atol=1e-5)


def read_parts(path):
    """Return the metadata and the tensors of a file."""
    with safe_open(path, framework="np") as file:
        return file.metadata(), {name: file.get_tensor(name) for name in file.keys()}


def write_parts(path, metadata, tensors):
    """Write a file with a checksum that matches its content."""
    metadata["sha256"] = _compute_checksum(metadata, sorted(tensors.items()))
    safetensors.numpy.save_file(tensors, path, metadata)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A small file of an embedder of two features."""
    path = tmp_path_factory.mktemp("saved") / "embedder.safetensors"
    fit_case("textbook")[0].save(path)
    return path


def change_section(path, changed, section, change):
    """Change plain values of a file, and its checksum."""
    metadata, tensors = read_parts(path)
    values = json.loads(metadata[section])
    metadata[section] = json.dumps(change(values))
    write_parts(changed, metadata, tensors)


BIAS = "net_.weights.decoders.reconstruction.output.bias"


def _remove(tensors):
    del tensors[BIAS]


def _add(tensors):
    tensors["other"] = np.zeros(3)


def _reshape(tensors):
    tensors[BIAS] = tensors[BIAS][None]


def _convert(tensors):
    tensors[BIAS] = tensors[BIAS].astype(np.float64)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_remove, f"the tensor '{BIAS}' is missing"),
        (_add, "unexpected tensor 'other'"),
        (_reshape, f"'{BIAS}' has dtype and shape float32, .1, "),
        (_convert, f"'{BIAS}' has dtype and shape float64, "),
    ],
    ids=["missing", "extra", "shape", "dtype"],
)
def test_other_tensors_are_refused(saved, tmp_path, change, expected):
    metadata, tensors = read_parts(saved)
    change(tensors)
    write_parts(tmp_path / "changed.safetensors", metadata, tensors)

    with pytest.raises(ValueError, match=expected):
        load(tmp_path / "changed.safetensors")


def test_weights_of_another_network_are_refused(saved, tmp_path):
    def change(fitted):
        fitted["net_"]["arguments"]["n_components"] = 3
        return fitted

    change_section(saved, tmp_path / "changed.safetensors", "fitted", change)

    with pytest.raises(ValueError, match=r"the weights '.*' have shape .*, expected"):
        load(tmp_path / "changed.safetensors")


@pytest.mark.parametrize("size", [10**4, 10**9, 10**30])
def test_a_small_file_cannot_ask_for_much_memory(saved, tmp_path, size):
    import resource

    def change(fitted):
        fitted["net_"]["arguments"] |= {"n_components": size, "hidden_size": size}
        return fitted

    change_section(saved, tmp_path / "changed.safetensors", "fitted", change)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with pytest.raises(ValueError, match="cannot be opened: .* does not suit"):
        load(tmp_path / "changed.safetensors")

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # KiB


@pytest.mark.parametrize(
    ("section", "change", "expected"),
    [
        ("class", lambda name: "Popen", "there is no estimator 'Popen'"),
        ("params", lambda params: params | {"x": 1}, "parameters are not those of"),
        (
            "fitted",
            lambda fitted: fitted | {"transform": 1},
            "unexpected .*'transform'",
        ),
        ("fitted", lambda fitted: fitted | {"n_iter_": "x"}, "n_iter_ is of type str"),
        (
            "fitted",
            lambda fitted: {k: v for k, v in fitted.items() if k != "_schema"},
            "has no attribute '_schema'",
        ),
        (
            "fitted",
            lambda fitted: (
                fitted | {"_schema": {"$class": "Popen", "state": {}, "id": 0}}
            ),
            "unknown class 'Popen'",
        ),
        (
            "fitted",
            lambda fitted: fitted | {"_schema": {"$value": ["os.system", "true"]}},
            "unknown kind of value 'os.system'",
        ),
        ("fitted", lambda fitted: [fitted] * 3, "its content is not what it should be"),
    ],
)
def test_other_values_are_refused(saved, tmp_path, section, change, expected):
    change_section(saved, tmp_path / "changed.safetensors", section, change)

    with pytest.raises(ValueError, match=f"(?s)cannot be opened: .*{expected}"):
        load(tmp_path / "changed.safetensors")


def _pad_strings(params):
    strings = ["x" * 50_000, *[""] * 20_000]
    value = {"$array": strings, "shape": [len(strings)], "dtype": "str", "id": 9999}
    return params | {"categories": value}


@pytest.mark.parametrize(
    "change",
    [
        _pad_strings,
        lambda params: params | {"lr": {"$scalar": ["<U200000000", "a"]}},
        lambda params: params | {"lr": {"$value": ["dtype", "(2,3)f4"]}},
        lambda params: params | {"lr": {"$value": ["zone", "a.b/c"]}},
        lambda params: params | {"lr": {"$value": ["zone", "America"]}},
        lambda params: params | {"lr": {"$value": ["zone", "x" * 300]}},
    ],
)
def test_crafted_parameters_take_no_memory(saved, tmp_path, change):
    import resource

    change_section(saved, tmp_path / "changed.safetensors", "params", change)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    try:
        load(tmp_path / "changed.safetensors")
    except ValueError as exc:
        assert "cannot be opened" in str(exc)

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # KiB


@pytest.mark.parametrize(
    "arguments",
    [
        {"num_layers": 100_000},
        {"num_layers": [[]] * 100_000},
        {"num_layers": {"$array": [10**9], "shape": [1], "dtype": "object", "id": 99}},
        {"parts": ["reconstruction"] * 20_000},
        {"n_components": [[]] * 100_000},
    ],
    ids=["layers", "list", "array", "parts", "components"],
)
def test_crafted_arguments_are_refused(saved, tmp_path, arguments):
    def change(fitted):
        fitted["net_"]["arguments"] |= arguments
        return fitted

    change_section(saved, tmp_path / "changed.safetensors", "fitted", change)

    with pytest.raises(ValueError, match="cannot be opened"):
        load(tmp_path / "changed.safetensors")


def _forget_weights(net, tensors):
    del net["weights"]["decoders.reconstruction.output.bias"], tensors[BIAS]


def _add_weights(net, tensors):
    tensors["other"] = np.zeros(3)
    value = {"$tensor": ["other", "float64", [3]], "id": 9999}
    net["weights"]["other"] = value


def _convert_weights(net, tensors):
    tensors[BIAS] = tensors[BIAS].astype(np.float64)
    net["weights"]["decoders.reconstruction.output.bias"]["$tensor"][1] = "float64"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_forget_weights, "the weights 'decoders.reconstruction.output.bias' are miss"),
        (_add_weights, "there are unexpected weights 'other'"),
        (_convert_weights, "output.bias' are float64, expected float32"),
        (lambda net, _: net.update(network="Other"), "there is no network 'Other'"),
        (lambda net, _: net.update(lr="fast"), "could not convert string to float"),
    ],
    ids=["missing", "extra", "dtype", "network", "rate"],
)
def test_weights_that_are_consistently_changed_are_refused(
    saved, tmp_path, change, expected
):
    metadata, tensors = read_parts(saved)
    fitted = json.loads(metadata["fitted"])
    change(fitted["net_"], tensors)
    metadata["fitted"] = json.dumps(fitted)
    write_parts(tmp_path / "changed.safetensors", metadata, tensors)

    with pytest.raises(ValueError, match=expected):
        load(tmp_path / "changed.safetensors")


def test_moments_of_other_weights_are_refused(X, tmp_path):
    path = tmp_path / "embedder.safetensors"
    small_embedder().partial_fit(X).save(path, optimizer=True)

    def change(fitted):
        moments = fitted["net_"]["moments"]
        first, second = list(moments)[:2]
        moments[first], moments[second] = moments[second], moments[first]
        return fitted

    change_section(path, path, "fitted", change)

    with pytest.raises(ValueError, match="of the weights '.*' has another shape"):
        load(path).partial_fit(X)


@pytest.mark.parametrize("versions", [[], None, 3])
def test_crafted_versions_are_refused(saved, tmp_path, versions):
    path = tmp_path / "changed.safetensors"
    change_section(saved, path, "versions", lambda _: versions)

    with pytest.raises(ValueError, match="does not say which versions wrote it"):
        load(path)


def test_column_names_that_cannot_be_saved_are_named(tmp_path):
    X = pd.DataFrame(np.ones((20, 6)), columns=pd.date_range("2020", periods=6))
    X += np.arange(20)[:, None] % 7
    embedder = small_embedder().fit(X)

    with pytest.raises(TypeError, match=r"X\.columns = X\.columns\.astype\(str\)"):
        embedder.save(tmp_path / "embedder.safetensors")


def test_other_random_generators_are_named(tmp_path):
    embedder = small_embedder().fit(NUMBERS)
    embedder.set_params(random_state=np.random.RandomState(np.random.PCG64(1)))

    with pytest.raises(TypeError, match="random_state of this .* is a .*RandomState"):
        embedder.save(tmp_path / "embedder.safetensors")


def test_a_random_state_that_numpy_would_read_beyond_is_refused(tmp_path):
    fit_case("random state")[0].save(tmp_path / "estimator.safetensors")

    def change(params):
        params["random_state"]["$value"][1]["state"]["pos"] = 10**6
        return params

    path = tmp_path / "estimator.safetensors"
    change_section(path, path, "params", change)

    with pytest.raises(ValueError, match="the state of random numbers is not one"):
        load(path)


def test_files_of_an_accelerator_open_on_the_cpu(saved, tmp_path):
    def change(fitted):
        fitted["net_"]["device"] = "cuda:3"
        return fitted

    change_section(saved, tmp_path / "changed.safetensors", "fitted", change)

    loaded = load(tmp_path / "changed.safetensors")

    if not torch.cuda.is_available():
        assert loaded.device_ == "cpu"
    assert np.isfinite(loaded.transform(NUMBERS)).all()


def test_deeply_nested_values_are_refused(saved, tmp_path):
    metadata, tensors = read_parts(saved)
    metadata["fitted"] = "[" * 100_000 + "]" * 100_000
    write_parts(tmp_path / "changed.safetensors", metadata, tensors)

    with pytest.raises(ValueError, match="cannot be opened"):
        load(tmp_path / "changed.safetensors")


def test_a_later_format_is_refused(saved, tmp_path):
    metadata, tensors = read_parts(saved)
    metadata["format_version"] = "2"
    write_parts(tmp_path / "changed.safetensors", metadata, tensors)

    expected = "its format has version '2', .* reads up to 1: install a later one"
    with pytest.raises(ValueError, match=expected):
        load(tmp_path / "changed.safetensors")


def test_other_files_are_refused(tmp_path):
    safetensors.numpy.save_file({"a": np.zeros(3)}, tmp_path / "other.safetensors")
    (tmp_path / "pickle.safetensors").write_bytes(pickle.dumps(small_embedder()))
    (tmp_path / "empty.safetensors").write_bytes(b"")

    with pytest.raises(ValueError, match="it is not the file of an sklearn_seqembed"):
        load(tmp_path / "other.safetensors")
    for name in ("pickle", "empty"):
        with pytest.raises(ValueError, match="is not a safetensors file.*joblib"):
            load(tmp_path / f"{name}.safetensors")
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none.safetensors")
    with pytest.raises(TypeError, match="not NoneType"):
        load(None)


def test_damaged_files_are_refused(saved, tmp_path):
    content, rng = saved.read_bytes(), np.random.default_rng(0)
    path = tmp_path / "damaged.safetensors"
    for i in range(1000):
        damaged = bytearray(content)
        if i % 4:
            for place in rng.integers(8 * len(content), size=1 + i % 3):
                damaged[place // 8] ^= 1 << place % 8
        else:
            damaged = damaged[: rng.integers(len(content))]
        path.write_bytes(damaged)

        with pytest.raises(ValueError, match=r"damaged\.safetensors"):
            load(path)


def test_other_versions_warn(saved, tmp_path, monkeypatch):
    change_section(
        saved,
        tmp_path / "changed.safetensors",
        "versions",
        lambda versions: versions | {"torch": "2.9.1+cpu", "skorch": "1.3.0"},
    )

    expected = rf"written with skorch 1\.3\.0 \(now {VERSIONS['skorch']}\), torch 2\.9"
    with pytest.warns(InconsistentVersionWarning, match=expected) as record:
        load(tmp_path / "changed.safetensors")
    assert record[0].filename == __file__


# Saving.


def test_an_estimator_that_is_not_fitted_is_not_saved(tmp_path):
    with pytest.raises(NotFittedError):
        small_embedder().save(tmp_path / "embedder.safetensors")

    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        (
            {"scaler": FunctionTransformer(np.sqrt, np.square)},
            "The scaler of this LSTMSequenceEmbedder is a numpy.ufunc"
            ", .* Use joblib.dump, or fit with a scaler of sklearn.preprocessing",
        ),
        ({"callbacks": [EpochTimer()]}, r"callbacks .* set_params\(callbacks=None\)"),
    ],
    ids=["scaler", "callbacks"],
)
def test_what_cannot_be_saved_is_named(params, expected, tmp_path):
    embedder = small_embedder(**params).fit([np.abs(x) for x in NUMBERS])

    with pytest.raises(TypeError, match=expected):
        embedder.save(tmp_path / "embedder.safetensors")

    assert not list(tmp_path.iterdir())


def test_callbacks_of_scikit_learn_are_named(tmp_path):
    callback = pytest.importorskip("sklearn.callback", reason="since version 1.9")
    embedder = small_embedder().set_callbacks(callback.ProgressBar()).fit(NUMBERS)

    with pytest.raises(TypeError, match=r"set_callbacks\(\) without arguments"):
        embedder.save(tmp_path / "embedder.safetensors")

    embedder.set_callbacks().save(tmp_path / "embedder.safetensors")
    load(tmp_path / "embedder.safetensors")


def test_a_subclass_is_not_saved_as_what_it_is_not(tmp_path):
    class OtherEmbedder(LSTMSequenceEmbedder):
        pass

    embedder = OtherEmbedder(n_components=4, max_epochs=1).fit(NUMBERS)

    with pytest.raises(TypeError, match="OtherEmbedder cannot be saved .* joblib"):
        embedder.save(tmp_path / "embedder.safetensors")


def test_an_attribute_that_would_be_lost_is_an_error(tmp_path):
    embedder = small_embedder().fit(NUMBERS)
    embedder.note_ = "mine"

    with pytest.raises(TypeError, match="unexpected attribute 'note_', .* joblib"):
        embedder.save(tmp_path / "embedder.safetensors")


def test_a_full_disk_leaves_the_earlier_file(saved, tmp_path, monkeypatch):
    path = tmp_path / "embedder.safetensors"
    path.write_bytes(saved.read_bytes())

    def fill_disk(tensors, filename, metadata):
        Path(filename).write_bytes(b"x" * 100)
        raise safetensors.SafetensorError("No space left on device")

    monkeypatch.setattr("sklearn_seqembed._saving.files.save_file", fill_disk)
    with pytest.raises(OSError, match="No space left"):
        small_embedder().fit(NUMBERS).save(path)

    assert path.read_bytes() == saved.read_bytes()
    assert list(tmp_path.iterdir()) == [path]


def test_a_kill_leaves_the_earlier_file(saved, tmp_path):
    path = tmp_path / "embedder.safetensors"
    path.write_bytes(saved.read_bytes())
    pid = os.fork()
    if not pid:  # the child dies after writing, before the file is replaced
        os.replace = lambda *args: os.kill(os.getpid(), 9)
        load(saved).save(path)
    assert os.waitpid(pid, 0)[1] == 9

    assert path.read_bytes() == saved.read_bytes()
    load(path)


def test_links_and_permissions_are_kept(tmp_path):
    embedder = small_embedder().fit(NUMBERS)
    path, link = tmp_path / "embedder.safetensors", tmp_path / "link.safetensors"
    embedder.save(path)
    path.chmod(0o600)
    link.symlink_to(path)

    embedder.save(link)

    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_folder_that_does_not_exist_is_an_error(tmp_path):
    with pytest.raises(
        FileNotFoundError, match="folder does not exist.*none'$"
    ) as info:
        small_embedder().fit(NUMBERS).save(tmp_path / "none" / "embedder.safetensors")

    assert info.value.errno == errno.ENOENT

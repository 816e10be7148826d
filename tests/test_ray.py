"""Ray: transformation, searches and training in several processes."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import duckdb
import joblib
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from sklearn.exceptions import NotFittedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV
from skorch.callbacks import Callback
from small_fits import small_embedder

from sklearn_seqembed import (
    LSTMSequenceEmbedder,
    LSTMSequencePredictor,
    scan_sequences,
)
from sklearn_seqembed._ray import training
from sklearn_seqembed._ray.columns import read_features
from sklearn_seqembed._ray.inference import EncodingActor
from sklearn_seqembed.datasets import make_sequences
from sklearn_seqembed.ray import fit, transform

ray = pytest.importorskip("ray", reason="the extra ray is not installed")

pytestmark = [
    # They start about forty groups of processes, which takes ten minutes.
    pytest.mark.skipif(
        not os.environ.get("SEQEMBED_RAY"),
        reason="SEQEMBED_RAY=1 runs the tests of Ray",
    ),
    # Ray's processes belong to the one that starts them, so one process runs all tests.
    pytest.mark.xdist_group("ray"),
    # Ray's own use of what it deprecates.
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ray"),
    pytest.mark.filterwarnings("ignore::FutureWarning:ray"),
]


@pytest.fixture(scope="module", autouse=True)
def cluster():
    """A cluster of this machine alone, with two cores."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        import ray.data
        import ray.train.torch

        # Not one that runs already.
        yield ray.init(
            "local", num_cpus=2, include_dashboard=False, log_to_driver=False
        )
        ray.shutdown()
    assert not find_processes("")


def find_processes(name):
    """Return the ids of Ray's processes of that name that descend from this one."""
    if not Path("/proc").is_dir():
        pytest.skip("processes are found in /proc, which this system lacks")
    parents, titles = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text()
            titles[int(folder.name)] = (folder / "cmdline").read_bytes()
        except OSError:  # it has ended
            continue
        parents[int(folder.name)] = int(stat.rpartition(")")[2].split()[1])

    def descends(pid):
        while pid and pid != os.getpid():
            pid = parents.get(pid)
        return pid == os.getpid()

    start = f"ray::{name}".encode()
    return [p for p, title in titles.items() if title.startswith(start) and descends(p)]


def wait_until(condition, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture
def press_ctrl_c(ctrl_c_raises):
    """Press Ctrl-C once a file exists."""
    threads = []

    def press(path):
        wait_until(path.exists)
        os.kill(os.getpid(), signal.SIGINT)

    def start(path):
        threads.append(threading.Thread(target=press, args=(path,)))
        threads[-1].start()

    yield start
    for thread in threads:
        thread.join()


def make_table(n_samples=60):
    """Make a table with a column of keys, and two of lists."""
    X, _ = make_sequences(n_samples, n_features=2, random_state=0)
    columns = {f"x{k}": [x[:, k].tolist() for x in X] for k in range(2)}
    return pa.table({"key": [f"k{i}" for i in range(n_samples)], **columns})


TABLE = make_table()
LISTS = TABLE.drop(["key"])


@pytest.fixture(scope="module")
def embedder():
    return small_embedder().fit(LISTS)


@pytest.fixture(scope="module")
def dataset(cluster):
    return ray.data.from_arrow(TABLE)


# transform


def test_rows_keep_their_keys_and_vectors_if_a_worker_is_killed(dataset, tmp_path):
    killed = tmp_path / "killed"

    class DyingEmbedder(LSTMSequenceEmbedder):
        def transform(self, X):
            if not killed.exists():
                killed.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return super().transform(X)

    embedder = DyingEmbedder(4, max_epochs=3, random_state=0).fit(LISTS)
    expected = LSTMSequenceEmbedder.transform(embedder, LISTS)

    vectors = transform(embedder, dataset, keep=["key"], n_workers=2, batch_size=8)
    rows = vectors.take_all()

    assert killed.exists()
    check_rows(rows, expected)


@pytest.fixture
def second_node(cluster):
    """A node with two cores on this machine, which is a session of processes."""
    # To this address, `ray.init` of later programs would connect.
    address = Path(cluster.address_info["session_dir"]).parent / "ray_current_cluster"
    before = address.read_text() if address.exists() else None
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block"]
    command += [f"--address={ray.get_runtime_context().gcs_address}", "--num-cpus=2"]
    process = subprocess.Popen(
        command,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: ray.cluster_resources()["CPU"] == 4)
    yield process
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    address.unlink(missing_ok=True)
    if before is not None:
        address.write_text(before)


def test_rows_keep_their_vectors_if_a_node_is_gone(dataset, tmp_path, second_node):
    home = ray.get_runtime_context().get_node_id()

    class WaitingEmbedder(LSTMSequenceEmbedder):
        def transform(self, X):
            if ray.get_runtime_context().get_node_id() == home:
                while not (tmp_path / "second").exists():
                    time.sleep(0.1)
                return super().transform(X)
            (tmp_path / "second").touch()
            time.sleep(600)  # until the node is killed

    def kill_node():
        wait_until((tmp_path / "second").exists)
        os.killpg(second_node.pid, signal.SIGKILL)

    embedder = WaitingEmbedder(4, max_epochs=3, random_state=0).fit(LISTS)
    expected = LSTMSequenceEmbedder.transform(embedder, LISTS)
    killer = threading.Thread(target=kill_node)
    killer.start()

    # A node has two cores, so at least one of the workers is on the second node.
    vectors = transform(
        embedder, dataset, keep=["key"], n_workers=3, batch_size=4, num_cpus=1
    )
    rows = vectors.take_all()

    killer.join()
    assert (tmp_path / "second").exists()
    check_rows(rows, expected)


def check_rows(rows, expected):
    """Check that there is one row for each key, with the expected vector."""
    keys = TABLE["key"].to_pylist()
    assert sorted(row["key"] for row in rows) == sorted(keys)
    found = {row["key"]: row["vector"] for row in rows}
    found = np.stack([found[key] for key in keys])
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_ctrl_c_ends_transform_and_its_workers(dataset, tmp_path, press_ctrl_c):
    started = tmp_path / "started"

    class SlowEmbedder(LSTMSequenceEmbedder):
        def transform(self, X):
            started.touch()
            time.sleep(3)  # Ray lets a worker finish its batch
            return super().transform(X)

    embedder = SlowEmbedder(4, max_epochs=0).fit(LISTS)
    vectors = transform(embedder, dataset, n_workers=2)
    press_ctrl_c(started)

    with pytest.raises(KeyboardInterrupt):
        vectors.materialize()

    wait_until(lambda: not find_processes("MapWorker"))


@pytest.mark.parametrize(
    "options", [{"n_workers": 4}, {"n_workers": 2}, {"num_cpus": 1}, {}]
)
@pytest.mark.filterwarnings("error:.*Ray waits:UserWarning")
def test_what_leads_to_no_warning_ends(options, embedder, dataset):
    rows = transform(embedder, dataset, keep=["key"], **options).take_all()

    check_rows(rows, embedder.transform(LISTS))


@pytest.mark.parametrize(
    "options", [{"n_workers": 2, "num_cpus": 1}, {"n_workers": 3, "num_cpus": 0.5}]
)
def test_too_few_cores_lead_to_a_warning(options, embedder, dataset):
    with pytest.warns(UserWarning, match="the cluster has 2 on 1 node") as caught:
        transform(embedder, dataset, keep=["key"], **options)  # without running it

    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"n_workers": 3}, "3 workers need 3 cores .* the cluster has 2 on 1 node"),
        ({"num_gpus": 1}, "2 workers need 2 GPUs .* but the cluster has 0"),
    ],
)
def test_fit_warns_of_too_few_resources_before_it_waits(options, match, dataset):
    with warnings.catch_warnings(), pytest.raises(UserWarning, match=match):
        warnings.filterwarnings("error", ".*Ray waits")
        fit(small_embedder(), dataset, columns=["x0"], **options)


def test_one_core_is_enough(tmp_path):
    script = """
import warnings
import pyarrow as pa, ray, ray.data
from sklearn_seqembed import LSTMSequenceEmbedder
from sklearn_seqembed.ray import fit, transform
warnings.filterwarnings("error", ".*Ray waits")
ray.init("local", num_cpus=1, include_dashboard=False, log_to_driver=False)
table = pa.table({"x": [[1.0, 2.0, 4.0, 3.0]] * 30 + [[3.0, 1.0]] * 30})
dataset = ray.data.from_arrow(table)
embedder = LSTMSequenceEmbedder(2, max_epochs=1, random_state=0)
fit(embedder, dataset, n_workers=1)
print(len(transform(embedder, dataset).take_all()), "vectors")
"""
    command = [sys.executable, "-W", "ignore", "-c", script]
    result = subprocess.run(command, capture_output=True, text=True, timeout=180)

    assert "60 vectors" in result.stdout, result.stderr


def call_actor(embedder, table, columns, keep=()):
    """Call an actor in this process."""
    n_threads = 1
    return EncodingActor(embedder, columns, list(keep), n_threads)(table)


def test_a_column_of_arrays_is_read_as_a_list_of_arrays():
    X, _ = make_sequences(12, n_features=2, random_state=0)
    equal = np.stack([x[:5] for x in X])
    embedder = small_embedder().fit(X)

    for arrays, dataset in (
        (X, ray.data.from_items([{"x": x, "key": i} for i, x in enumerate(X)])),
        (equal, ray.data.from_numpy(equal)),
        (
            equal,
            ray.data.from_arrow(
                pa.table({"x": pa.FixedShapeTensorArray.from_numpy_ndarray(equal)})
            ),
        ),
    ):
        tables = ray.get(dataset.to_arrow_refs())
        read = read_features(tables, dataset.columns()[:1], named=False)
        np.testing.assert_equal(read, list(arrays))

        vectors = [
            vector
            for table in tables
            for vector in call_actor(embedder, table, table.column_names[:1])["vector"]
        ]
        vectors = np.stack([vector.to_numpy() for vector in vectors])
        expected = embedder.transform(arrays)
        np.testing.assert_allclose(vectors, expected, rtol=1e-4, atol=1e-5)


def test_workers_return_arrays_whatever_set_output_says(embedder):
    pytest.importorskip("pandas")
    copied = small_embedder().fit(LISTS).set_output(transform="pandas")

    found = call_actor(copied, TABLE, ["x0", "x1"], ["key"])

    assert found.column_names == ["key", "vector"]
    expected = embedder.transform(LISTS)
    vectors = found["vector"].combine_chunks().to_numpy_ndarray()
    np.testing.assert_allclose(vectors, expected, rtol=1e-4, atol=1e-5)


def test_an_empty_block_has_no_vectors(embedder):
    found = call_actor(embedder, TABLE.slice(0, 0), ["x0", "x1"], ["key"])

    assert found.schema == call_actor(embedder, TABLE, ["x0", "x1"], ["key"]).schema
    assert len(found) == 0


def test_an_error_in_a_worker_names_a_row_of_the_batch(embedder):
    table = TABLE.slice(7, 3).set_column(1, "x0", pa.array([[1.0], [], [2.0]]))

    message = (
        "Column 'x0' of X, row 1, has no time steps.* X is a batch of 3 rows of the "
        "dataset, the first of which has key='k7'"
    )
    with pytest.raises(ValueError, match=message):
        call_actor(embedder, table, ["x0", "x1"], ["key"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"keep": ["id"]}, r"keep has 'id', but .* are 'key', 'x0', 'x1'\."),
        ({"keep": ["key", "key"]}, "keep names a column twice: 'key', 'key'"),
        ({"columns": []}, "columns is empty"),
        ({"columns": ["x"]}, "columns has 'x', but the dataset has no such column"),
        ({"batch_size": 0}, "batch_size == 0, must be >= 1"),
        ({"n_workers": 0}, "n_workers == 0, must be >= 1"),
    ],
)
def test_invalid_options_are_refused(embedder, dataset, options, message):
    with pytest.raises(ValueError, match=message):
        transform(embedder, dataset, **options)


def test_names_of_columns_must_be_a_list(embedder, dataset):
    with pytest.raises(TypeError, match="keep must be a list or tuple .* got 'key'"):
        transform(embedder, dataset, keep="key")


def test_data_of_another_kind_are_refused(embedder):
    with pytest.raises(TypeError, match=r"dataset is a pyarrow\.lib\.Table, expected"):
        transform(embedder, TABLE)
    with pytest.raises(ValueError, match="The dataset is empty"):
        transform(embedder, ray.data.from_items([]))


def test_columns_must_be_those_of_fit(embedder):
    dataset = ray.data.from_arrow(TABLE.rename_columns(["key", "x0", "y"]))

    with pytest.raises(ValueError, match="fitted on a column 'x1', which the dataset"):
        transform(embedder, dataset)


def test_without_names_in_fit_it_must_be_clear_which_column_is_read(dataset):
    embedder = small_embedder(max_epochs=0).fit(LISTS["x0"])

    with pytest.raises(ValueError, match="it reads one column, but 'x0', 'x1' are"):
        transform(embedder, dataset, keep=["key"])
    with pytest.raises(ValueError, match="All columns of the dataset are in keep"):
        transform(embedder, dataset, keep=["key", "x0", "x1"])


def test_the_column_of_vectors_cannot_be_kept(embedder):
    dataset = ray.data.from_arrow(TABLE.rename_columns(["vector", "x0", "x1"]))

    with pytest.raises(ValueError, match="keep has 'vector', the name of the column"):
        transform(embedder, dataset, keep=["vector"])


def test_an_embedder_must_be_fitted(dataset):
    with pytest.raises(NotFittedError):
        transform(small_embedder(), dataset)


def test_arrays_and_lists_cannot_be_mixed(embedder):
    arrays = pa.FixedShapeTensorArray.from_numpy_ndarray(np.zeros((60, 5)))
    table = TABLE.append_column("array", arrays)

    with pytest.raises(TypeError, match="The column 'array' holds arrays. It must"):
        call_actor(embedder, table, ["x0", "array"])


# Searches


@pytest.fixture
def ray_backend(cluster):
    from ray.util.joblib import register_ray

    register_ray()
    with joblib.parallel_config(backend="ray", n_jobs=2):
        yield


@pytest.mark.parametrize("kind", ["grid", "halving"])
def test_a_search_with_rays_backend_equals_one_with_loky(kind, request):
    X, _ = make_sequences(40, n_features=2, lengths=(4, 9), random_state=0)

    def search():
        if kind == "grid":
            grid = {"n_components": [2, 4]}
            found = GridSearchCV(small_embedder(), grid, cv=2)
        else:
            found = HalvingGridSearchCV(
                small_embedder(),
                {"n_components": [2, 4]},
                resource="max_epochs",
                min_resources=1,
                max_resources=2,
                factor=2,
                cv=2,
                random_state=0,
            )
        return found.fit(X).cv_results_

    with joblib.parallel_config(backend="loky", n_jobs=2):
        expected = search()
    request.getfixturevalue("ray_backend")
    found = search()

    assert found.keys() == expected.keys()
    for name, values in expected.items():
        if name.endswith("_score"):
            np.testing.assert_allclose(found[name], values, rtol=1e-4, atol=1e-5)
        elif not name.endswith("_time"):
            assert list(found[name]) == list(values)


# fit


def test_workers_together_learn_what_one_process_learns(dataset):
    expected = small_embedder(batch_size=7, n_components=6).fit(LISTS)

    embedder = small_embedder(batch_size=7, n_components=6)
    fitted = fit(embedder, dataset, n_workers=2, columns=["x0", "x1"])

    assert fitted is embedder
    assert embedder.get_params() == expected.get_params()
    found, losses = (
        [row["train_loss"] for row in e.history_] for e in (embedder, expected)
    )
    np.testing.assert_allclose(found, losses, rtol=1e-4)
    np.testing.assert_allclose(
        embedder.transform(LISTS), expected.transform(LISTS), rtol=1e-3, atol=1e-4
    )
    assert embedder.train_score_ == pytest.approx(expected.train_score_, abs=0.005)


def make_watched(watcher, **parameters):
    """Return an embedder whose training calls a callback in each worker.

    `fit` takes no callbacks. Ray pickles a class that is defined in a function, while
    it would import one of this module.
    """

    class WatchedEmbedder(LSTMSequenceEmbedder):
        def _train(self, *args, **kwargs):
            self.callbacks = [*self.callbacks, self.watcher]
            super()._train(*args, **kwargs)

    embedder = WatchedEmbedder(4, random_state=0, **parameters)
    embedder.watcher = watcher
    return embedder


def test_a_training_continues_if_a_worker_is_killed(dataset, tmp_path):
    class Killer(Callback):
        """Kill the second worker after the third epoch; note the first of each try."""

        first = None

        def on_epoch_begin(self, net, **kwargs):
            from torch import distributed

            epoch = len(net.history)
            self.first = self.first or epoch
            (tmp_path / str(self.first)).touch()
            if self.first == 1 and epoch == 4 and distributed.get_rank() == 1:
                os.kill(os.getpid(), signal.SIGKILL)

    embedder = make_watched(Killer(), max_epochs=5)
    expected = small_embedder(max_epochs=5).fit(LISTS)

    fit(embedder, dataset, columns=["x0", "x1"], checkpoint_minutes=0)

    # Ray registers a checkpoint some time after its epoch, which takes milliseconds, so
    # the last ones may be lost.
    starts = {path.name for path in tmp_path.iterdir()}
    assert starts in ({"1", "2"}, {"1", "3"}, {"1", "4"})
    assert len(embedder.history_) == 5
    np.testing.assert_allclose(
        embedder.transform(LISTS), expected.transform(LISTS), rtol=1e-3, atol=1e-4
    )


def test_a_training_continues_if_a_node_is_gone(dataset, tmp_path, second_node):
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    home = ray.get_runtime_context().get_node_id()

    class Watcher(Callback):
        """Note each epoch; on the second node, wait after the third one."""

        def on_epoch_begin(self, net, **kwargs):
            epoch = len(net.history)
            is_home = ray.get_runtime_context().get_node_id() == home
            (tmp_path / f"{'home' if is_home else 'second'}-{epoch}").touch()
            if not is_home and epoch == 4:
                time.sleep(600)  # until the node is killed

    @ray.remote(
        num_cpus=1,
        scheduling_strategy=NodeAffinitySchedulingStrategy(home, soft=False),
    )
    def occupy():
        (tmp_path / "occupied").touch()
        while not (tmp_path / "killed").exists():
            time.sleep(0.1)

    def kill_node():
        wait_until((tmp_path / "second-4").exists)
        os.killpg(second_node.pid, signal.SIGKILL)
        (tmp_path / "killed").touch()

    expected = small_embedder(max_epochs=5).fit(LISTS)
    embedder = make_watched(Watcher(), max_epochs=5)
    # With one core left at home, both workers start on the second node.
    occupied = occupy.remote()
    wait_until((tmp_path / "occupied").exists)
    killer = threading.Thread(target=kill_node)
    killer.start()

    fit(embedder, dataset, columns=["x0", "x1"], checkpoint_minutes=0)

    killer.join()
    ray.get(occupied)
    at_home = {int(path.name[5:]) for path in tmp_path.glob("home-*")}
    # The checkpoint of the third epoch may not have been registered in time.
    assert at_home in ({3, 4, 5}, {4, 5})
    assert len(embedder.history_) == 5
    np.testing.assert_allclose(
        embedder.transform(LISTS), expected.transform(LISTS), rtol=1e-3, atol=1e-4
    )


def test_ctrl_c_ends_fit_and_its_workers(dataset, tmp_path, press_ctrl_c):
    class Slow(Callback):
        def on_epoch_begin(self, net, **kwargs):
            (tmp_path / "started").touch()
            time.sleep(600)

    embedder = make_watched(Slow(), max_epochs=5)
    handler = signal.getsignal(signal.SIGINT)
    press_ctrl_c(tmp_path / "started")

    with pytest.raises(KeyboardInterrupt):
        fit(embedder, dataset, columns=["x0", "x1"])

    assert signal.getsignal(signal.SIGINT) is handler
    assert not hasattr(embedder, "net_")
    wait_until(lambda: not find_processes("RayTrainWorker"))


@pytest.mark.parametrize("phase", ["_survey", "_fit_closed_form"])
def test_ctrl_c_before_the_first_epoch_ends_fit_and_its_workers(
    phase, stream, cluster, tmp_path, press_ctrl_c
):
    """In the first pass through a stream, and before the linear map is computed."""

    def wait(self, *args, **kwargs):
        (tmp_path / "started").touch()
        time.sleep(600)

    waiting = type("WaitingEmbedder", (LSTMSequenceEmbedder,), {phase: wait})
    embedder = waiting(4, max_epochs=1, random_state=0)
    press_ctrl_c(tmp_path / "started")

    with pytest.raises(KeyboardInterrupt):
        fit(embedder, stream)

    assert not hasattr(embedder, "net_")
    wait_until(lambda: not find_processes("RayTrainWorker"))


def test_workers_with_gpus_exchange_gradients_by_nccl(dataset, monkeypatch):
    """Simulated: Ray Train chooses nccl and torch's GPU if workers have GPUs."""

    class Stopped(Exception):
        pass

    def stop(trainer):
        trainers.append(trainer)
        raise Stopped

    trainers, chosen = [], []
    monkeypatch.setattr(training, "_run", stop)
    with pytest.warns(UserWarning, match="2 GPUs"), pytest.raises(Stopped):
        fit(small_embedder(), dataset, columns=["x0"], num_gpus=1)

    (trainer,) = trainers
    assert trainer.scaling_config.use_gpu
    assert trainer.scaling_config.resources_per_worker == {"CPU": 1, "GPU": 1}
    assert trainer.backend_config.backend == "nccl"
    device = torch.device("cuda:1")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    monkeypatch.setattr(ray.train.torch, "get_device", lambda: device)
    with trainer.backend_config.train_func_context():  # around the work of a worker
        assert chosen == [device]


@pytest.fixture
def stream(tmp_path):
    """The same sequences in files, read in buffers that the memory of a test holds."""
    folder = tmp_path / "files"
    folder.mkdir()
    for i in range(3):
        part = LISTS.slice(20 * i, 20)
        pq.write_table(part, folder / f"{i}.parquet", row_group_size=7)
    return scan_sequences(folder)


def test_workers_read_a_stream_part_by_part(stream, cluster, monkeypatch):
    expected = small_embedder(batch_size=7, n_components=6).fit(stream)

    embedder = fit(small_embedder(batch_size=7, n_components=6), stream, n_workers=2)

    np.testing.assert_allclose(
        embedder.transform(LISTS), expected.transform(LISTS), rtol=1e-3, atol=1e-4
    )
    assert embedder.feature_names_in_.tolist() == ["x0", "x1"]


def test_workers_train_on_buffers_of_a_stream(tmp_path, cluster):
    """The last batch of 33 sequences in buffers of 32 is smaller than two workers."""
    folder = tmp_path / "files"
    folder.mkdir()
    pq.write_table(LISTS.slice(0, 33), folder / "x.parquet", row_group_size=11)

    class SmallMemory(LSTMSequenceEmbedder):
        def fit(self, X):
            from sklearn_seqembed._data import survey
            from sklearn_seqembed._training import streamed

            limits = survey.SAMPLE_SEQUENCES, streamed.BUFFER_SEQUENCES
            survey.SAMPLE_SEQUENCES, streamed.BUFFER_SEQUENCES = 20, 32
            try:
                return super().fit(X)
            finally:
                survey.SAMPLE_SEQUENCES, streamed.BUFFER_SEQUENCES = limits

    def make_embedder():
        return SmallMemory(
            4, max_epochs=3, batch_size=8, early_stopping=False, random_state=0
        )

    expected = make_embedder().fit(scan_sequences(folder))
    embedder = fit(make_embedder(), scan_sequences(folder), n_workers=2)

    losses = [[row["train_loss"] for row in e.history_] for e in (embedder, expected)]
    np.testing.assert_allclose(*losses, rtol=1e-4)
    np.testing.assert_allclose(
        embedder.transform(LISTS), expected.transform(LISTS), rtol=1e-3, atol=1e-4
    )


def test_streams_that_only_this_process_can_read_are_refused(stream, cluster):
    relation = duckdb.from_arrow(LISTS)

    with pytest.raises(TypeError, match="cannot be sent to the workers.*Parquet"):
        fit(small_embedder(), scan_sequences(relation))
    with pytest.raises(ValueError, match="by scan_sequences"):
        fit(small_embedder(), stream, columns=["x0"])


def test_a_storage_path_keeps_nothing_after_a_complete_fit(dataset, tmp_path):
    folder = tmp_path / "checkpoints"

    fit(
        small_embedder(max_epochs=2),
        dataset,
        columns=["x0"],
        checkpoint_minutes=0,
        storage_path=folder,
    )

    assert not list(folder.rglob("*.ckpt"))


def test_bad_input_is_refused_as_by_fit(dataset):
    table = TABLE.set_column(1, "x0", pa.array([[1.0], []] * 30)).drop(["x1"])

    with pytest.raises(ValueError, match="row 1, has no time steps"):
        fit(small_embedder(), ray.data.from_arrow(table), columns=["x0"])


def test_fit_refuses_what_it_cannot_train(dataset):
    with pytest.raises(TypeError, match="got a LSTMSequencePredictor"):
        fit(LSTMSequencePredictor(), dataset)
    with pytest.raises(ValueError, match="callbacks would be called in each worker"):
        fit(small_embedder(callbacks=[Callback()]), dataset)
    with pytest.raises(ValueError, match="n_workers == 0, must be >= 1"):
        fit(small_embedder(), dataset, n_workers=0)
    with pytest.raises(ValueError, match="columns has 'y', but the dataset has no"):
        fit(small_embedder(), dataset, columns=["y"])

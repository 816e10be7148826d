"""Sequences that are read from storage in parts: Parquet files and queries."""

import gc
import os
import re
import resource
import signal
import threading

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
import torch
from skorch.callbacks import Callback

from sklearn_seqembed import (
    LSTMSequenceClassifier,
    LSTMSequenceEmbedder,
    LSTMSequencePredictor,
    describe,
    load,
    scan_sequences,
    sequences_from_long,
)
from sklearn_seqembed._data import stream_sources, streams, survey
from sklearn_seqembed._data.read_ahead import read_ahead
from sklearn_seqembed._data.stream_sources import Part
from sklearn_seqembed._data.streams import SequenceStream
from sklearn_seqembed._training import streamed
from sklearn_seqembed._training.streamed import StreamedDataset
from sklearn_seqembed.callbacks import TrainingCheckpoint
from sklearn_seqembed.exceptions import SequenceReadingWarning

N_FILES, N_IN_FILE, N_IN_GROUP = 3, 60, 25
N = N_FILES * N_IN_FILE
SMALL = {"n_components": 6, "hidden_size": 4, "batch_size": 16, "random_state": 0}


@pytest.fixture(scope="module")
def table():
    """Sequences of a number and a category, with a number for each of them."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(3, 12, N)
    return pa.table(
        {
            "level": [rng.normal(size=n).cumsum().tolist() for n in lengths],
            "state": [rng.choice(["on", "off", "idle"], n).tolist() for n in lengths],
            "device": [f"d{i:03}" for i in range(N)],
        }
    )


@pytest.fixture
def folder(table, tmp_path):
    """The same in a folder of Parquet files, several row groups each."""
    path = tmp_path / "sequences"
    path.mkdir()
    for i in range(N_FILES):
        part = table.slice(i * N_IN_FILE, N_IN_FILE)
        pq.write_table(part, path / f"part-{i}.parquet", row_group_size=N_IN_GROUP)
    return path


@pytest.fixture
def long_table(table):
    """The events of all sequences, sorted by sequence."""
    lengths = pa.compute.list_value_length(table["level"]).to_numpy()
    return pa.table(
        {
            "device": np.repeat(table["device"].to_numpy(), lengths),
            "minute": np.concatenate([np.arange(n) for n in lengths]),
            "level": table["level"].combine_chunks().flatten(),
            "state": table["state"].combine_chunks().flatten(),
        }
    )


@pytest.fixture
def small_memory(monkeypatch):
    """Sample and buffers that hold only some of the sequences."""
    monkeypatch.setattr(survey, "SAMPLE_SEQUENCES", 64)
    monkeypatch.setattr(streamed, "BUFFER_SEQUENCES", 40)
    monkeypatch.setattr(streams, "CHUNK_SEQUENCES", 10)
    monkeypatch.setattr(streams, "CHUNK_EVENTS", 70)


def _open_sources(folder):
    """The same rows by all kinds of sources, without the column of devices."""
    files = str(folder / "*.parquet")
    columns = ["level", "state"]
    dataset = ds.dataset(folder)
    return {
        "path": scan_sequences(folder, columns=columns),
        "files": scan_sequences(sorted(folder.iterdir()), columns=columns),
        "dataset": dataset.replace_schema(
            pa.schema([dataset.schema.field(name) for name in columns])
        ),
        "lazy": pl.scan_parquet(files).select(columns),
        "relation": duckdb.sql(f"SELECT level, state FROM '{files}' ORDER BY device"),
    }


SOURCES = ["path", "files", "dataset", "lazy", "relation"]


@pytest.mark.parametrize("kind", SOURCES)
def test_few_sequences_give_the_same_embedder_as_in_memory(kind, folder, table):
    source, X = _open_sources(folder)[kind], table.select(["level", "state"])
    embedder = LSTMSequenceEmbedder(**SMALL, max_epochs=2)
    expected = embedder.fit_transform(X)
    score, usual = embedder.score(X), embedder.score_samples(X)

    embedder.fit(source)

    np.testing.assert_array_equal(embedder.transform(X), expected)
    np.testing.assert_allclose(embedder.transform(source), expected, atol=1e-5)
    assert embedder.score(source) == pytest.approx(score, abs=1e-6)
    np.testing.assert_allclose(embedder.score_samples(source), usual, atol=1e-4)


TRAINED = SMALL | {"max_epochs": 40, "early_stopping": False}


@pytest.fixture(scope="module")
def scores_in_memory(table):
    """Explained fractions before and after training in memory."""
    X = table.select(["level", "state"])
    return [
        LSTMSequenceEmbedder(**TRAINED | {"max_epochs": n}).fit(X).score(X)
        for n in (0, TRAINED["max_epochs"])
    ]


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.usefixtures("small_memory")
def test_many_sequences_are_trained_on_in_buffers(
    kind, folder, table, scores_in_memory
):
    """The explained fraction is that of a fit in memory, except for other batches.

    With five seeds, it was .389 to .422 in memory, and lower by .001 to .006 in
    buffers. After 8 epochs it was .06 to .31, with differences of up to .018.
    """
    embedder = LSTMSequenceEmbedder(**TRAINED).fit(_open_sources(folder)[kind])

    untrained, expected = scores_in_memory
    score = embedder.score(table.select(["level", "state"]))
    assert embedder.n_iter_ == 40
    assert score == pytest.approx(expected, abs=0.015)
    assert score > untrained + 0.3


@pytest.mark.usefixtures("small_memory")
def test_equal_seeds_give_equal_networks(folder, table):
    X, stream = table.select(["level"]), scan_sequences(folder, columns="level")
    options = SMALL | {"max_epochs": 2, "early_stopping": True}

    vectors = [
        LSTMSequenceEmbedder(**options | {"random_state": seed})
        .fit(stream)
        .transform(X)
        for seed in (0, 0, 1)
    ]

    np.testing.assert_array_equal(vectors[0], vectors[1])
    assert not np.allclose(vectors[0], vectors[2])


@pytest.mark.usefixtures("small_memory")
def test_categories_outside_the_sample_are_in_the_vocabulary(table, tmp_path):
    states = table["state"].to_pylist()
    states[17] = ["rare", *states[17][1:]]
    X = pa.table({"state": states})
    pq.write_table(X, tmp_path / "x.parquet")
    stream = scan_sequences(tmp_path / "x.parquet")
    in_memory = LSTMSequenceEmbedder(**SMALL, max_epochs=1, handle_unknown="error")
    in_memory.fit(X)

    embedder = LSTMSequenceEmbedder(**SMALL, max_epochs=1, handle_unknown="error")
    embedder.fit(stream)

    assert embedder.categories_[0].tolist() == in_memory.categories_[0].tolist()
    frequencies = [
        estimator._features.categorical.frequencies[0]
        for estimator in (embedder, in_memory)
    ]
    np.testing.assert_array_equal(*frequencies)


@pytest.mark.usefixtures("small_memory")
def test_lengths_outside_the_sample_are_known(tmp_path):
    rng = np.random.default_rng(0)
    X = [rng.normal(size=5) for _ in range(300)]
    X[123], X[222] = rng.normal(size=2), rng.normal(size=9)
    pq.write_table(pa.table({"x": [x.tolist() for x in X]}), tmp_path / "x.parquet")

    embedder = LSTMSequenceEmbedder(**SMALL, max_epochs=1)
    embedder.fit(scan_sequences(tmp_path / "x.parquet"))

    assert (embedder._shortest, embedder._longest) == (2, 9)


def test_long_sequences_are_read_a_few_at_a_time(folder, monkeypatch):
    stream = scan_sequences(folder)
    whole = pa.concat_tables([chunk.table for chunk in stream.iter_chunks()])
    monkeypatch.setattr(stream_sources, "CHUNK_BYTES", 2000)

    chunks = list(stream.iter_chunks())

    assert len(chunks) > N_FILES * 3  # row groups
    assert pa.concat_tables([chunk.table for chunk in chunks]).equals(whole)
    positions = np.concatenate([chunk.positions for chunk in chunks])
    np.testing.assert_array_equal(positions, np.arange(N))


@pytest.mark.usefixtures("small_memory")
def test_an_epoch_reads_each_sequence_once_and_none_that_is_held_out(folder):
    held_out = np.array([0, 7, 30, 179])
    stream = scan_sequences(folder, columns=["level"], keep="device")
    seen, orders = [], set()
    dataset = StreamedDataset(
        scan_sequences(folder, columns=["device"]),
        N,
        checksum(scan_sequences(folder, columns=["device"])),
        held_out,
        1.0,
        lambda table: table["device"].to_pylist(),
        _generator(),
    )
    for _ in range(2):
        buffers = list(dataset.iter_buffers(16))
        assert {len(buffer) % 16 for buffer in buffers[:-1]} == {0}
        seen = sum(buffers, [])
        orders.add(tuple(seen))

    expected = sorted({f"d{i:03}" for i in range(N)} - {f"d{i:03}" for i in held_out})
    assert sorted(seen) == expected
    assert len(dataset) == len(expected)
    assert len(orders) == 2  # another order of row groups
    assert stream.keep == ["device"]


@pytest.mark.parametrize("fraction", [0.5, 0.13, 1e-9])
@pytest.mark.usefixtures("small_memory")
def test_a_fraction_is_evenly_spaced(fraction, folder):
    held_out = np.array([3, 50, 101])
    dataset = StreamedDataset(
        scan_sequences(folder, columns=["device"]),
        N,
        checksum(scan_sequences(folder, columns=["device"])),
        held_out,
        fraction,
        lambda table: table["device"].to_pylist(),
        _generator(),
    )
    if fraction < 1e-3:  # it would leave none
        fraction = 1.0
    seen = sorted(int(name[1:]) for name in sum(dataset.iter_buffers(16), []))
    assert len(seen) == len(dataset)
    assert not set(seen) & set(held_out)
    assert np.diff(seen).max() <= 2 / fraction + 1


def checksum(stream):
    return sum(chunk.checksum() for chunk in stream.iter_chunks())


def _generator():
    return torch.Generator().manual_seed(0)


@pytest.mark.parametrize("in_parts", [False, True])
def test_a_long_table_sorted_by_key_is_assembled(
    in_parts, long_table, tmp_path, request
):
    if in_parts:
        request.getfixturevalue("small_memory")
    path = tmp_path / "long.parquet"
    pq.write_table(long_table, path, row_group_size=100)
    X, keys = sequences_from_long(long_table, by="device", time="minute")
    embedder = LSTMSequenceEmbedder(**SMALL, max_epochs=1)
    stream = scan_sequences(
        path, by="device", time="minute", columns=["minute", "level", "state"]
    )

    embedder.fit(stream)
    vectors = embedder.transform_batches(stream).read_all()

    np.testing.assert_allclose(
        np.column_stack(vectors.columns[1:]), embedder.transform(X), atol=1e-5
    )
    assert vectors["device"].to_pylist() == keys.to_pylist()


@pytest.mark.usefixtures("small_memory")
def test_events_within_a_key_are_sorted_by_time(long_table, tmp_path):
    rng = np.random.default_rng(0)
    keys = long_table["device"].to_numpy(zero_copy_only=False)
    order = np.lexsort((rng.random(len(keys)), keys))
    path = tmp_path / "long.parquet"
    pq.write_table(long_table.take(order), path)
    stream = scan_sequences(path, by="device", time="minute", columns="level")

    tables = [chunk.table for chunk in stream.iter_chunks()]

    expected, _ = sequences_from_long(
        long_table, by="device", time="minute", columns="level"
    )
    assert pa.concat_tables(tables)["level"].to_pylist() == (
        expected["level"].to_pylist()
    )


@pytest.mark.usefixtures("small_memory")
def test_vectors_are_written_to_parquet_row_by_row(folder, table, tmp_path):
    stream = scan_sequences(folder, columns="level", keep="device")
    embedder = LSTMSequenceEmbedder(**SMALL, max_epochs=1).fit(stream)
    target = tmp_path / "vectors.parquet"

    _write_vectors(embedder.transform_batches(stream), target)

    written = pq.read_table(target)
    assert written["device"].to_pylist() == table["device"].to_pylist()
    np.testing.assert_allclose(
        np.column_stack(written.columns[1:]),
        embedder.transform(table.select(["level"])),
        atol=1e-5,
    )
    assert written.schema.field(1).type == pa.float32()


def _write_vectors(batches, path):
    """Write vectors as the guide recommends."""
    with pq.ParquetWriter(path, batches.schema) as writer:
        for batch in batches:
            writer.write_batch(batch)


def test_batches_of_sequences_in_memory_are_their_vectors(table):
    X = table["level"].to_pylist()
    embedder = LSTMSequenceEmbedder(**SMALL, max_epochs=0).fit(X)

    vectors = embedder.transform_batches(X).read_all()

    np.testing.assert_array_equal(
        np.column_stack(vectors.columns), embedder.transform(X)
    )


@pytest.mark.usefixtures("small_memory")
def test_partial_fit_and_warm_start_read_streams(folder, table):
    stream, X = scan_sequences(folder, columns="level"), table.select(["level"])
    embedder = LSTMSequenceEmbedder(**SMALL).partial_fit(stream)
    first = embedder.transform(X)

    embedder.partial_fit(stream)

    assert embedder.n_iter_ == 2
    assert not np.array_equal(embedder.transform(X), first)
    embedder = LSTMSequenceEmbedder(**SMALL, max_epochs=2, warm_start=True)
    assert embedder.fit(stream).fit(stream).n_iter_ == 4


@pytest.mark.usefixtures("small_memory")
def test_an_embedder_of_a_stream_is_saved_and_loaded(folder, tmp_path):
    stream = scan_sequences(folder, columns="level")
    embedder = LSTMSequenceEmbedder(**SMALL, max_epochs=1).fit(stream)

    embedder.save(tmp_path / "embedder.safetensors")

    loaded = load(tmp_path / "embedder.safetensors")
    np.testing.assert_array_equal(loaded.transform(stream), embedder.transform(stream))
    assert set(vars(loaded)) == set(vars(embedder))


@pytest.mark.usefixtures("small_memory")
def test_describe_reports_all_sequences_of_a_stream(folder, capsys):
    stream = scan_sequences(folder, columns=["level", "state"])

    description = describe(stream, estimator=LSTMSequenceEmbedder(**SMALL))

    assert description.n_sequences == N
    assert description.lengths["min"] == 3 and description.lengths["max"] == 11
    assert any("random sample of 64 sequences" in note for note in description.notes)
    assert f"{N} sequences of 3 to 11 time steps" in description.headline
    assert f"Sequences  {N} from a source that is read in parts" in str(description)
    LSTMSequenceEmbedder(**SMALL, max_epochs=1, verbose=1).fit(stream)
    assert f"{N} sequences of 3 to 11 time steps" in capsys.readouterr().out


@pytest.mark.usefixtures("small_memory")
def test_forecasts_are_trained_on_streams(folder, table):
    X = table.select(["level"])
    options = SMALL | {"objective": "forecast", "horizon": 1, "max_epochs": 2}

    embedder = LSTMSequenceEmbedder(**options)
    embedder.fit(scan_sequences(folder, columns="level"))

    assert len(embedder.forecast(X)) == N


# Errors name the file and the row group.


def _damage(path):
    """Overwrite the first page of a file."""
    content = bytearray(path.read_bytes())
    content[4:100] = b"\xff" * 96
    path.write_bytes(content)


def test_a_damaged_file_is_named(folder):
    _damage(folder / "part-1.parquet")

    with pytest.raises(
        ValueError, match=r"part-1.parquet, row group \d cannot be read"
    ):
        LSTMSequenceEmbedder(**SMALL).fit(scan_sequences(folder, columns="level"))


def _query(kind, folder):
    files = str(folder / "*.parquet")
    if kind == "lazy":
        return pl.scan_parquet(files).select("level")
    return duckdb.sql(f"SELECT level FROM '{files}'")


HOW_TO_FIND_THE_FILE = (
    r"pass their folder or paths to scan_sequences, whose errors name"
)


@pytest.mark.parametrize("kind", ["lazy", "relation"])
def test_an_error_of_a_query_says_how_to_find_the_damaged_file(kind, folder):
    query = _query(kind, folder)
    _damage(folder / "part-1.parquet")

    match = rf"^the \w+ cannot be read: .*\. If .* {HOW_TO_FIND_THE_FILE}"
    with pytest.raises(ValueError, match=match):
        LSTMSequenceEmbedder(**SMALL).fit(query)


def test_a_query_of_files_of_which_the_first_is_damaged_says_how_to_find_it(folder):
    path = folder / "part-0.parquet"
    path.write_bytes(path.read_bytes()[:-100])

    with pytest.raises(ValueError, match=HOW_TO_FIND_THE_FILE):  # duckdb opens it
        LSTMSequenceEmbedder(**SMALL).fit(_query("lazy", folder))


@pytest.mark.parametrize("kind", ["lazy", "relation"])
def test_an_error_about_a_row_of_a_query_says_how_to_find_its_file(kind, folder, table):
    levels = [*table["level"].to_pylist()[:4], []]
    pq.write_table(pa.table({"level": levels}), folder / "part-1.parquet")

    match = rf"has no time steps\..* one time step\. If .* {HOW_TO_FIND_THE_FILE}"
    with pytest.raises(ValueError, match=match):
        LSTMSequenceEmbedder(**SMALL).fit(_query(kind, folder))


def test_a_truncated_file_is_named(folder):
    path = folder / "part-1.parquet"
    path.write_bytes(path.read_bytes()[:-100])

    with pytest.raises(ValueError, match=r"part-1.parquet.* cannot be read"):
        LSTMSequenceEmbedder(**SMALL).fit(scan_sequences(folder, columns="level"))


@pytest.mark.usefixtures("small_memory")
def test_a_file_that_is_truncated_while_it_is_read_is_named(folder):
    stream = scan_sequences(folder, columns="level")
    path = folder / "part-2.parquet"

    class Truncate(Callback):
        def on_epoch_end(self, net, **kwargs):
            path.write_bytes(path.read_bytes()[:200])

    embedder = LSTMSequenceEmbedder(
        **SMALL, max_epochs=3, early_stopping=False, callbacks=[Truncate()]
    )

    with pytest.raises(ValueError, match=r"part-2.parquet.* cannot be read"):
        embedder.fit(stream)
    assert not hasattr(embedder, "net_")
    assert _n_threads() == 0


def _n_threads():
    return sum(t.name.startswith("seqembed-read-ahead") for t in threading.enumerate())


@pytest.mark.parametrize(("n_before", "found"), [(N - 5, "more"), (N + 5, str(N))])
@pytest.mark.usefixtures("small_memory")
def test_sources_that_change_during_fit_are_noticed(n_before, found, folder):
    dataset = StreamedDataset(
        scan_sequences(folder, columns=["device"]),
        n_before,
        checksum(scan_sequences(folder, columns=["device"])),
        np.arange(0),
        1.0,
        len,
        _generator(),
    )

    match = f"X changed during fit: {n_before} sequences were expected .* {found} were"
    with pytest.raises(ValueError, match=match):
        list(dataset.iter_buffers(16))
    assert _n_threads() == 0


class _Shuffled:
    """A source of the rows of a table, in another order each time."""

    def __init__(self, table):
        self.table, self.schema = table, table.schema
        self.random = np.random.default_rng(0)

    def list_parts(self, columns, chunk_rows, *, is_given):
        order = self.random.permutation(len(self.table))
        shuffled = self.table.select(columns).take(order)
        return [Part("a query", None, lambda: iter([shuffled]))]


@pytest.mark.parametrize("column", ["level", "state", "device"])
@pytest.mark.usefixtures("small_memory")
def test_a_query_without_a_fixed_order_is_noticed(column, table):
    stream = SequenceStream(_Shuffled(table), [column])
    embedder = LSTMSequenceEmbedder(**SMALL, max_epochs=2)

    with pytest.raises(ValueError, match="in another order. .* Sort the result"):
        embedder.fit(stream)


@pytest.mark.usefixtures("small_memory")
@pytest.mark.usefixtures("ctrl_c_raises")
def test_a_checkpoint_refuses_other_data_outside_the_sample(table, tmp_path):
    levels = table["level"].to_pylist()
    pq.write_table(pa.table({"level": levels}), tmp_path / "x.parquet")

    class Stop(Callback):
        def on_epoch_end(self, net, **kwargs):
            if len(net.history) == 2:
                signal.raise_signal(signal.SIGINT)

    def fit(*callbacks):
        checkpoint = TrainingCheckpoint(tmp_path / "c.ckpt", minutes=0, epochs=1)
        return LSTMSequenceEmbedder(
            **SMALL, max_epochs=4, callbacks=[checkpoint, *callbacks]
        ).fit(scan_sequences(tmp_path / "x.parquet"))

    with pytest.warns(UserWarning):
        fit(Stop())
    stream = scan_sequences(tmp_path / "x.parquet")
    sample = LSTMSequenceEmbedder(**SMALL)._survey(stream, True).positions
    (changed,) = np.setdiff1d(np.arange(N), sample)[:1]
    levels[changed] = [-9 * x for x in levels[changed]]
    pq.write_table(pa.table({"level": levels}), tmp_path / "x.parquet")

    with pytest.raises(ValueError, match="data"):
        fit()


@pytest.mark.parametrize("length", [2, 40])
@pytest.mark.usefixtures("small_memory")
def test_forecasts_consider_lengths_outside_the_sample(length, tmp_path):
    X = [np.arange(20.0) + i for i in range(300)]
    pq.write_table(pa.table({"x": X}), tmp_path / "x.parquet")
    stream = scan_sequences(tmp_path / "x.parquet")
    sample = LSTMSequenceEmbedder(**SMALL)._survey(stream, True).positions
    (changed,) = np.setdiff1d(np.arange(300), sample)[:1]
    X[changed] = np.arange(float(length))
    pq.write_table(pa.table({"x": X}), tmp_path / "x.parquet")
    stream = scan_sequences(tmp_path / "x.parquet")
    embedder = LSTMSequenceEmbedder(
        **SMALL, max_epochs=1, objective="forecast", horizon=3 if length < 3 else 0.25
    )

    if length < 3:
        with pytest.raises(ValueError, match="2 time steps, all of which horizon=3"):
            embedder.fit(stream)
    else:
        assert embedder.fit(stream).encoder_.linear is None  # as in memory
        assert embedder.fit(pa.table({"x": X})).encoder_.linear is None


def test_text_that_is_dictionary_encoded_is_streamed(tmp_path, monkeypatch):
    monkeypatch.setattr(survey, "SAMPLE_SEQUENCES", 20)
    words = pa.array(["abc", "ba", "cab"] * 30).dictionary_encode()
    pq.write_table(pa.table({"word": words}), tmp_path / "x.parquet")

    embedder = LSTMSequenceEmbedder(**SMALL, max_epochs=1)
    embedder.fit(scan_sequences(tmp_path / "x.parquet"))

    assert embedder.categories_[0].tolist() == ["a", "b", "c"]


def test_a_filtered_dataset_is_refused_with_the_way_out(folder):
    dataset = ds.dataset(folder).filter(pa.compute.field("device") != "d000")
    with pytest.raises(ValueError, match="by a query of polars or duckdb"):
        LSTMSequenceEmbedder(**SMALL).fit(scan_sequences(dataset, columns="level"))


@pytest.mark.usefixtures("small_memory")
def test_a_bad_event_is_named_by_its_key(long_table, tmp_path):
    levels = long_table["level"].to_pylist()
    levels[200] = np.inf
    key = long_table["device"][200].as_py()
    changed = long_table.set_column(2, "level", pa.array(levels))
    path = tmp_path / "long.parquet"
    pq.write_table(changed, path, row_group_size=100)

    with pytest.raises(ValueError, match=r"^In the sequences 'd\d+' to 'd\d+'") as info:
        LSTMSequenceEmbedder(**SMALL).fit(
            scan_sequences(path, by="device", columns="level")
        )
    first, last, row = re.search(
        r"'d(\d+)' to 'd(\d+)'.*X\[(\d+)\]", str(info.value)
    ).groups()
    assert int(first) + int(row) == int(key[1:]) <= int(last)


def test_a_partition_with_other_columns_is_named(folder, table):
    other = table.select(["level", "device"]).rename_columns(["height", "device"])
    pq.write_table(other, folder / "part-7.parquet")

    with pytest.raises(ValueError, match=r"part-7.parquet lacks the column 'level'"):
        LSTMSequenceEmbedder(**SMALL).fit(scan_sequences(folder, columns="level"))
    pq.write_table(table.append_column("x", table["level"]), folder / "part-7.parquet")
    with pytest.raises(ValueError, match=r"part-7.parquet has the columns .*'x'"):
        LSTMSequenceEmbedder(**SMALL).fit(scan_sequences(folder, keep="device"))


def test_a_partition_with_another_type_is_named(folder, table):
    texts = pa.table({"level": table["state"]})
    pq.write_table(texts, folder / "part-7.parquet")

    match = r"part-7.parquet has the column 'level' of the type list<element: string>"
    with pytest.raises(ValueError, match=match):
        LSTMSequenceEmbedder(**SMALL).fit(scan_sequences(folder, columns="level"))


def test_types_of_columns_that_are_not_read_may_differ(folder, table):
    other = table.set_column(1, "state", table["level"])
    pq.write_table(other, folder / "part-7.parquet")

    chunks = list(scan_sequences(folder, columns="level").iter_chunks())

    assert sum(chunk.table.num_rows for chunk in chunks) == 2 * N


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([[1, 2, 3], [4, 5]], pa.array([[1.5, 2.0], [0.5, 3.0]])),
        ([[None, None, None], [None, None]], pa.array([[1.5, 2.0], [0.5, 3.0]])),
        ([[0.5, 1.5, 2.5], [4.5, 5.5]], pa.array([[1, 2], [0, 3]])),
        (
            pa.array([[0.5, 1.5, 2.5], [4.5, 5.5]], pa.large_list(pa.float32())),
            pa.array([[0.1, 0.2], [0.3, 0.4]]),
        ),
        ([["a", "b", "a"], ["a", "b"]], pa.array([["a", None], ["c", "a"]])),
    ],
    ids=["integers", "no values", "later integers", "float32", "text"],
)
def test_types_that_differ_between_files_are_merged(first, second, tmp_path):
    levels = [[0.1, 0.2, 0.3], [0.4, 0.5]], [[0.6, 0.7], [0.8, 0.9]]
    tables = [
        pa.table({"level": level, "other": other})
        for level, other in zip(levels, (first, second), strict=True)
    ]
    for i, table in enumerate(tables):
        pq.write_table(table, tmp_path / f"{i}.parquet")
    expected = pa.concat_tables(tables, promote_options="permissive")

    stream = scan_sequences(tmp_path)
    embedder = LSTMSequenceEmbedder(2, max_epochs=0, random_state=0).fit(stream)
    read = pa.concat_tables([chunk.table for chunk in stream.iter_chunks()])

    assert read.to_pylist() == expected.to_pylist()
    assert embedder.transform(stream).shape == (4, 2)


def test_warnings_about_a_stream_are_not_repeated_for_each_part(folder, table):
    embedder = LSTMSequenceEmbedder(**SMALL, max_epochs=0)
    embedder.fit(scan_sequences(folder, columns="state"))
    texts = [
        [word + str(i) for word in row]
        for i, row in enumerate(table["state"].to_pylist())
    ]
    for i in range(3):
        pq.write_table(
            pa.table({"state": texts[i * 60 : i * 60 + 60]}),
            folder / f"part-{i}.parquet",
        )
    stream = scan_sequences(folder)

    for read in (
        embedder.transform,
        lambda X: embedder.transform_batches(X).read_all(),
    ):
        with pytest.warns(SequenceReadingWarning, match="No category of") as caught:
            assert len(read(stream)) == N
        assert len(caught) == 1
        assert caught[0].filename == __file__


@pytest.mark.parametrize("bad", [None, [], [np.inf, 1.0], [None, None]])
def test_a_bad_row_is_named_with_its_row_group(bad, folder, table):
    levels = table["level"].to_pylist()[:N_IN_FILE]
    levels[30] = bad
    changed = pa.table({"level": pa.array(levels, pa.list_(pa.float64()))})
    pq.write_table(changed, folder / "part-1.parquet", row_group_size=N_IN_GROUP)

    match = (
        r"^In .*part-1.parquet, row group 1, 25 rows from row 0 on, counted from "
        r"there: .*\b5\b"
    )
    with pytest.raises(ValueError, match=match):
        LSTMSequenceEmbedder(**SMALL).fit(scan_sequences(folder, columns="level"))


def test_unsorted_keys_are_named(long_table, tmp_path):
    path = tmp_path / "long.parquet"
    pq.write_table(pa.concat_tables([long_table, long_table.slice(0, 1)]), path)

    with pytest.raises(ValueError, match="has the key 'd000' after 'd179': .* sorted"):
        LSTMSequenceEmbedder(**SMALL).fit(scan_sequences(path, by="device"))


def test_columns_of_a_query_may_have_names_like_patterns(table):
    frame = pl.from_arrow(table).rename({"level": "*", "state": "^a$"}).lazy()

    stream = scan_sequences(frame, columns=["*", "^a$"], keep="device")
    (chunk,) = stream.iter_chunks()

    assert chunk.table.column_names == ["*", "^a$"]


def test_a_row_without_a_key_is_named(long_table, tmp_path):
    path = tmp_path / "long.parquet"
    keys = [*long_table["device"].to_pylist()[:-1], None]
    pq.write_table(long_table.set_column(0, "device", pa.array(keys)), path)

    with pytest.raises(ValueError, match=r"no value in 'device' \(by\)"):
        LSTMSequenceEmbedder(**SMALL).fit(scan_sequences(path, by="device"))


def test_a_source_without_rows_is_refused(folder, tmp_path, table):
    pq.write_table(table.slice(0, 0), tmp_path / "empty.parquet")
    stream = scan_sequences(tmp_path / "empty.parquet", columns="level")

    with pytest.raises(ValueError, match="X has no rows"):
        LSTMSequenceEmbedder(**SMALL).fit(stream)
    embedder = LSTMSequenceEmbedder(**SMALL, max_epochs=0)
    embedder.fit(scan_sequences(folder, columns="level"))
    for method in ("transform", "score", "score_samples", "transform_batches"):
        with pytest.raises(ValueError, match="X has no rows"):
            getattr(embedder, method)(stream)


def test_a_dataset_with_single_values_is_refused_with_the_way_out(folder):
    match = r"scan_sequences\(X, columns=\['level', 'state'\]\).*keep=\['device'\]"
    stream = ds.dataset(folder)
    assert pa.types.is_string(stream.schema.field("device").type)
    table = stream.to_table().set_column(2, "device", pa.array(np.arange(N)))
    with pytest.raises(TypeError, match=match):
        LSTMSequenceEmbedder(**SMALL).fit(ds.dataset(table))


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"columns": "x"}, ValueError, "no column 'x': there are"),
        ({"by": "x"}, ValueError, "no column 'x'"),
        ({"keep": ["x"]}, ValueError, "no column 'x'"),
        ({"time": "level"}, ValueError, "Pass by"),
        ({"by": "device", "keep": "state"}, ValueError, "keep is for tables with one"),
        ({"by": []}, ValueError, r"by is \[\], expected"),
        ({"columns": ["level", "level"]}, ValueError, "different columns"),
        ({"by": "device", "time": "device"}, ValueError, "both the time and in by"),
        ({"by": "level"}, TypeError, r"'level' \(by\) holds list<.*can be sorted"),
    ],
)
def test_options_of_scan_sequences_are_checked(options, error, match, folder):
    with pytest.raises(error, match=match):
        scan_sequences(folder, **options)


def test_other_sources_are_refused(table):
    with pytest.raises(TypeError, match="expected a path of Parquet files"):
        scan_sequences(table)
    with pytest.raises(FileNotFoundError, match="no file or folder 'nowhere'"):
        scan_sequences("nowhere")
    with pytest.raises(FileNotFoundError, match=r"patterns are not expanded"):
        scan_sequences("*.parquet")


def test_paths_in_place_of_sequences_are_refused_with_the_way_out(folder):
    for path in (str(folder), folder, "missing.parquet"):
        with pytest.raises(
            TypeError, match=r"pass sklearn_seqembed.scan_sequences\(X\)"
        ):
            LSTMSequenceEmbedder(**SMALL).fit(path)


def test_an_events_table_without_by_is_refused_with_the_way_out(long_table, tmp_path):
    pq.write_table(long_table, tmp_path / "long.parquet")
    with pytest.raises(TypeError, match=r"event, pass scan_sequences\(X, by=...\)"):
        scan_sequences(tmp_path / "long.parquet")


@pytest.mark.parametrize("estimator", [LSTMSequenceClassifier, LSTMSequencePredictor])
def test_other_estimators_say_which_ones_read_streams(estimator, folder, table):
    stream = scan_sequences(folder, columns="level")
    with pytest.raises(TypeError, match="It is read in parts by transform"):
        estimator().fit(stream, table["device"].to_pylist())
    X, y = table.select(["level"]), ["ab"[i % 2] for i in range(N)]
    fitted = LSTMSequenceClassifier(max_epochs=0).fit(X, y)
    np.testing.assert_allclose(fitted.transform(stream), fitted.transform(X), atol=1e-5)
    with pytest.raises(TypeError, match="It is read in parts by transform"):
        fitted.predict(stream)


def test_reading_ahead_passes_errors_and_stops_its_thread():
    closed = []

    def count_up():
        try:
            for i in range(5):
                if i == 3:
                    raise RuntimeError("three")
                yield i
        finally:
            closed.append(True)

    items = read_ahead(count_up())
    assert [next(items), next(items)] == [0, 1]
    items.close()
    assert _n_threads() == 0
    with pytest.raises(RuntimeError, match="three"):
        list(read_ahead(count_up()))
    assert _n_threads() == 0
    assert closed == [True, True]


def test_reading_ahead_stops_after_ctrl_c():
    def items():
        yield 0
        yield 1

    with pytest.raises(KeyboardInterrupt):
        for _ in read_ahead(items()):
            raise KeyboardInterrupt
    assert _n_threads() == 0


@pytest.mark.usefixtures("ctrl_c_raises")
@pytest.mark.parametrize("phase", ["first pass", "first epoch", "second epoch"])
@pytest.mark.usefixtures("small_memory")
def test_ctrl_c_in_any_phase_leaves_no_thread(phase, folder, monkeypatch):
    stream, calls = scan_sequences(folder, columns="level"), []
    n_first = len(list(stream.iter_chunks())) + 1  # the sample is read as well
    n_buffers = 5  # of an epoch: at least 40 sequences each, in multiples of a batch
    n_before = {
        "first pass": 2,
        "first epoch": n_first + 1,
        "second epoch": n_first + n_buffers + 1,
    }[phase]
    original = LSTMSequenceEmbedder._check_X

    def interrupt(*args, **kwargs):
        calls.append(1)
        if len(calls) == n_before + 1:
            signal.raise_signal(signal.SIGINT)
        return original(*args, **kwargs)

    monkeypatch.setattr(LSTMSequenceEmbedder, "_check_X", interrupt)
    embedder = LSTMSequenceEmbedder(**SMALL, max_epochs=5, early_stopping=False)
    if phase == "first pass":
        with pytest.raises(KeyboardInterrupt):
            embedder.fit(stream)
        assert not hasattr(embedder, "net_")
    else:
        with pytest.warns(UserWarning, match="Training was interrupted"):
            embedder.fit(stream)
        assert embedder.n_iter_ == (phase == "second epoch")
    assert len(calls) == n_before + 1
    assert _n_threads() == 0


@pytest.mark.usefixtures("small_memory", "ctrl_c_raises")
def test_ctrl_c_ends_the_writing_of_vectors_at_once(folder, tmp_path, monkeypatch):
    stream, calls = scan_sequences(folder, columns="level"), []
    embedder = LSTMSequenceEmbedder(**SMALL, max_epochs=0).fit(stream)
    n_parts = len(list(stream.iter_chunks()))
    original = LSTMSequenceEmbedder._check_X

    def interrupt(*args, **kwargs):
        calls.append(1)
        if len(calls) == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return original(*args, **kwargs)

    monkeypatch.setattr(LSTMSequenceEmbedder, "_check_X", interrupt)
    with pytest.raises(KeyboardInterrupt):
        _write_vectors(embedder.transform_batches(stream), tmp_path / "x.parquet")

    assert len(calls) <= 4 < n_parts
    gc.collect()
    assert _n_threads() == 0
    monkeypatch.undo()
    assert len(embedder.transform(stream)) == N


def _write_arrow(batches, path):
    with pa.OSFile(str(path), "wb") as file:
        with pa.ipc.new_file(file, batches.schema) as writer:
            for batch in batches:
                writer.write_batch(batch)


@pytest.mark.parametrize("write", [_write_vectors, _write_arrow])
@pytest.mark.usefixtures("small_memory")
def test_a_full_disk_ends_the_writing_of_vectors(write, folder, tmp_path):
    """A file that may not grow stands for a full disk; rows read stay readable."""
    stream = scan_sequences(folder, columns="level", keep="device")
    embedder = LSTMSequenceEmbedder(**SMALL, max_epochs=0).fit(stream)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, limits[1]))
    try:
        with pytest.raises(OSError):
            write(embedder.transform_batches(stream), tmp_path / "x")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    gc.collect()
    assert _n_threads() == 0
    assert len(embedder.transform(stream)) == N
    write(embedder.transform_batches(stream), tmp_path / "x")  # over the rest

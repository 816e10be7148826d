"""Batches: what they contain, how they are composed, and how much they pad."""

import numpy as np
import pytest
import torch

from sklearn_seqembed._data.sequences import Sequences
from sklearn_seqembed._features.encoder import EncodedSequences, encode_ahead
from sklearn_seqembed._network.decoder import DecoderOutput
from sklearn_seqembed._network.layout import Layout
from sklearn_seqembed._training import batching as batching_module
from sklearn_seqembed._training.batching import (
    OrderedBatches,
    TrainingBatches,
    iter_inference_batches,
    round_up_length,
)
from sklearn_seqembed._training.dataset import SequenceDataset
from sklearn_seqembed._training.pieces import find_edges, join_outputs, split_batch
from sklearn_seqembed._training.targets import make_targets

LENGTHS = np.array([3, 9, 1, 4, 12, 7, 2])


def _to_float32(values):
    return values.astype(np.float32)


@pytest.fixture
def ragged():
    """Sequences that together hold the values 0, 1, 2, ..."""
    block = np.arange(LENGTHS.sum(), dtype=float)[:, None]
    return Sequences.from_offsets((block,), np.cumsum([0, *LENGTHS]))


def _dataset(sequences, patch_size=1, parts=("reconstruction",), **options):
    encoded = EncodedSequences(sequences, _to_float32)
    return SequenceDataset(encoded, patch_size, parts, **options)


@pytest.fixture(autouse=True)
def seed():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


@pytest.mark.parametrize("patch_size", [1, 4])
def test_a_batch_without_its_padding_is_the_sequences(ragged, patch_size):
    dataset = _dataset(ragged, patch_size)

    inputs, _ = dataset.batch(np.array([1, 6, 4]))

    for row, n, i in zip(inputs["numeric"], inputs["lengths"], [1, 6, 4], strict=True):
        assert row[:n, 0].tolist() == ragged.rows(i)[:, 0].tolist()
    assert inputs["numeric"].shape[1] % patch_size == 0


def test_encoding_ahead_or_batch_by_batch_gives_equal_batches(ragged, monkeypatch):
    encoded, remaining = encode_ahead(ragged, _to_float32)
    assert remaining is None
    ahead = SequenceDataset(EncodedSequences(encoded), 1, ())

    monkeypatch.setattr("sklearn_seqembed._features.encoder.KEPT_VALUES", 3)
    same, remaining = encode_ahead(ragged, _to_float32)
    assert same is ragged and remaining is _to_float32
    by_batch = SequenceDataset(EncodedSequences(same, remaining), 1, ())

    first, second = (d.batch(np.arange(7))[0] for d in (ahead, by_batch))
    assert torch.equal(first["numeric"], second["numeric"])


def test_the_last_steps_are_held_back_and_not_read(ragged):
    horizons = np.array([1, 3, 0, 2, 2, 1, 1])
    kept = np.array([0, 1, 3, 4, 5, 6])  # sequence 2 has only one step
    dataset = _dataset(
        ragged[kept], parts=("reconstruction", "forecast"), horizons=horizons[kept]
    )

    inputs, targets = dataset.batch(np.arange(6))

    for k, i in enumerate(kept):
        read, held = inputs["lengths"][k], targets["forecast"]["lengths"][k]
        x = inputs["numeric"][k, :read, 0].tolist()
        future = targets["forecast"]["values"][k, :held, 0].tolist()
        assert x + future == ragged.rows(i)[:, 0].tolist()
        assert held == horizons[i]


def test_shifts_move_input_and_target_within_the_sequence(ragged):
    dataset = _dataset(ragged, augmentation=("shift",))
    seen = set()

    for _ in range(100):
        inputs, targets = dataset.batch(np.array([4]))
        assert torch.equal(inputs["numeric"], targets["reconstruction"]["values"])
        seen.add(tuple(inputs["numeric"][0, :, 0].int().tolist()))

    first = int(ragged.rows(4)[0, 0])
    last = first + 11
    steps = np.arange(first, last + 1)
    expected = {
        tuple(np.clip(steps - shift, first, last).tolist()) for shift in range(-1, 2)
    }
    assert seen == expected  # by up to a tenth of 12 steps in both directions


def test_with_a_horizon_starts_are_cut_off_instead_of_shifted(ragged):
    horizons = np.where(LENGTHS > 2, 2, 0)
    dataset = _dataset(
        ragged, parts=("forecast",), horizons=horizons, augmentation=("shift", "mix")
    )
    x = ragged.rows(4)[:, 0].tolist()
    seen = set()

    for _ in range(100):
        inputs, targets = dataset.batch(np.array([4]))
        read = inputs["numeric"][0, : inputs["lengths"][0], 0].tolist()
        assert read == x[len(x) - 2 - len(read) : -2]
        assert targets["forecast"]["values"][0, :, 0].tolist() == x[-2:]
        seen.add(len(read))

    assert seen == {7, 8, 9, 10}  # up to three tenths of 10 are cut off


def test_sequences_of_a_batch_are_mixed_with_weights_up_to_a_half(ragged):
    dataset = _dataset(ragged, augmentation=("mix",))
    indices = np.array([4, 1])  # of 12 and of 9 steps
    x, y = (ragged.rows(i)[:, 0] for i in indices)
    y = np.append(y, [y[-1]] * 3)  # its last step is repeated
    weights = []

    for _ in range(50):
        inputs, targets = dataset.batch(indices)
        mixed = inputs["numeric"].numpy()[:, :, 0]
        assert torch.equal(inputs["numeric"], targets["reconstruction"]["values"])
        assert inputs["lengths"].tolist() == [12, 9]
        for own, other, found, n in ((x, y, mixed[0], 12), (y, x, mixed[1], 9)):
            weight = (found - own)[0] / (other - own)[0]
            expected = (1 - weight) * own + weight * other
            np.testing.assert_allclose(found[:n], expected[:n], rtol=1e-5)
            weights.append(weight)

    # A sequence that is mixed with itself has weight 0.
    assert min(weights) == 0 and 0.4 < max(weights) <= 0.5
    assert np.mean(np.equal(weights, 0)) < 0.8


def test_a_sequence_with_missing_values_is_mixed_into_no_other():
    values = np.array([1, np.nan, 3, 7, 8, 9], dtype=float)[:, None]
    dataset = _dataset(
        Sequences.from_offsets((values,), np.array([0, 3, 6])), augmentation=("mix",)
    )
    first_values = []

    for _ in range(20):
        gappy, complete = dataset.batch(np.arange(2))[0]["numeric"][:, :, 0]
        assert complete.tolist() == [7, 8, 9]
        assert torch.isnan(gappy).tolist() == [False, True, False]
        first_values.append(float(gappy[0]))

    assert len(set(first_values)) > 5  # others are mixed into it


def test_a_batch_of_one_sequence_is_not_mixed(ragged):
    dataset = _dataset(ragged, augmentation=("mix",))

    numeric = dataset.batch(np.array([4]))[0]["numeric"]

    assert numeric[0, :, 0].tolist() == ragged.rows(4)[:, 0].tolist()


@pytest.mark.parametrize("pool_batches", [1, 2, 32])
@pytest.mark.parametrize("batch_size", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("kind", [TrainingBatches, OrderedBatches])
def test_every_sequence_occurs_once_per_epoch(
    ragged, batch_size, kind, pool_batches, monkeypatch
):
    monkeypatch.setattr(batching_module, "POOL_BATCHES", pool_batches)
    batches = kind(_dataset(ragged), batch_size)

    sizes, first_values = [], []
    for inputs, _ in batches:
        sizes.append(len(inputs["lengths"]))
        first_values += inputs["numeric"][:, 0, 0].int().tolist()

    assert sorted(first_values) == ragged.starts.tolist()
    assert len(sizes) == len(batches)
    assert max(sizes) <= batch_size and max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("spread", [0, 1], ids=["equal", "distinct lengths"])
def test_epochs_differ_in_the_composition_of_batches(spread):
    lengths = 100 + spread * np.arange(96)
    firsts = np.cumsum(lengths) - lengths
    block = np.arange(float(lengths.sum()))[:, None]
    sequences = Sequences((block,), firsts, lengths)
    batches = TrainingBatches(_dataset(sequences), 12)

    # Each batch consists of three groups of four sequences of similar lengths.
    epochs = [
        {
            frozenset(x["numeric"][k : k + 4, 0, 0].tolist())
            for x, _ in batches
            for k in (0, 4, 8)
        }
        for _ in range(2)
    ]

    assert len(epochs[0] & epochs[1]) < 12  # of 24


def test_a_batch_has_short_and_long_sequences_but_few_lengths():
    lengths = np.repeat(np.arange(1, 97), 10)  # 30 batches of 32
    block = np.zeros((lengths.sum(), 1), dtype=np.float32)
    sequences = Sequences.from_offsets((block,), np.cumsum([0, *lengths]))
    batches = TrainingBatches(SequenceDataset(EncodedSequences(sequences), 1, ()), 32)

    epochs = [[x["lengths"].numpy() for x, _ in batches] for _ in range(2)]

    for batch in epochs[0]:
        assert batch[0] > 60 and 28 < batch[len(batch) // 2] < 70 and batch[-1] < 38
        assert len(np.unique(batch)) <= 13
    first, second = ({tuple(np.unique(b)) for b in epoch} for epoch in epochs)
    assert len(first & second) < 15


def test_batches_of_skewed_lengths_have_little_padding():
    rng = np.random.default_rng(0)
    lengths = np.maximum(1, rng.lognormal(4, 0.8, size=5000)).astype(int)
    block = np.zeros((lengths.sum(), 1), dtype=np.float32)
    sequences = Sequences.from_offsets((block,), np.cumsum([0, *lengths]))
    dataset = SequenceDataset(EncodedSequences(sequences), 1, ())

    computed = sum(
        Layout(x["lengths"], x["numeric"].shape[1], 64).n_rows
        for x, _ in TrainingBatches(dataset, 32)
    )

    assert 1 <= computed / lengths.sum() < 1.05


def test_inference_batches_bound_their_states(monkeypatch):
    monkeypatch.setattr(batching_module, "INFERENCE_STATES", 24 * 5)

    batches = list(iter_inference_batches(LENGTHS, 2, 3, 5, keeps_memory=False))

    assert sorted(np.concatenate(batches)) == list(range(7))
    assert all(len(b) * -(-LENGTHS[b].max() // 2) <= 24 for b in batches)


def test_inference_batches_bound_their_values(monkeypatch):
    monkeypatch.setattr(batching_module, "INFERENCE_VALUES", 60)

    batches = list(iter_inference_batches(LENGTHS, 1, 2, 4, keeps_memory=False))

    assert max(map(len, batches)) > 1
    assert all(len(b) * LENGTHS[b].max() * 2 <= 60 for b in batches)


def test_inference_batches_of_shorter_sequences_are_larger():
    lengths = np.repeat([1000, 10], 2000)

    batches = list(iter_inference_batches(lengths, 1, 1, 16, keeps_memory=True))

    assert sorted(np.concatenate(batches)) == list(range(4000))
    assert max(len(b) for b in batches if lengths[b].min() == 1000) < 120
    assert max(len(b) for b in batches if lengths[b].max() == 10) > 900


@pytest.mark.parametrize(
    ("n_cells", "size"), [(5, 1024), (40, 450), (400, 45), (4000, 8)]
)
def test_inference_batches_are_as_large_as_kept_memory_allows(n_cells, size):
    lengths = np.full(4096, 100)

    largest, without_bound = (
        max(map(len, iter_inference_batches(lengths, 1, 1, n_cells, keeps_memory)))
        for keeps_memory in (True, False)
    )

    assert largest == pytest.approx(size, rel=0.1)
    assert without_bound >= min(2 * size, 1024)


def test_long_forecasts_bound_inference_batches(ragged, monkeypatch):
    monkeypatch.setattr(batching_module, "INFERENCE_STATES", 5 * 12)
    dataset = _dataset(ragged, parts=("forecast",), horizons=LENGTHS * 9 // 10)

    batches = list(dataset.iter_inference_batches(3, 5, keeps_memory=False))

    assert sorted(np.concatenate(batches)) == list(range(7))
    assert all(len(b) * dataset.horizons[b].max() <= 12 for b in batches)
    assert all((np.diff(dataset.lengths[b]) <= 0).all() for b in batches)


def test_sequences_have_equal_weight_and_missing_values_none():
    values = np.ones((3, 4, 2), dtype=np.float32)
    values[0, 1, 0] = values[2] = np.nan
    lengths = np.array([4, 2, 3])

    targets = make_targets(values, lengths)

    weights = targets["weights"].expand(3, 4, 2)
    expected = np.nan_to_num(values)
    expected[1, 2:] = 0  # padding
    assert torch.equal(targets["values"], torch.from_numpy(expected))
    torch.testing.assert_close(weights.sum(dim=(1, 2)), torch.tensor([0.5, 0.5, 0.0]))
    assert weights[0, 1, 0] == 0
    assert (weights[1, 2:] == 0).all()


def test_weights_do_not_depend_on_missing_values_elsewhere():
    values = np.ones((2, 3, 2), dtype=np.float32)
    lengths = np.array([3, 1])
    gappy = np.concatenate([values, np.full((1, 3, 2), np.nan, np.float32)])

    complete = make_targets(values, lengths)["weights"].expand(2, 3, 2)

    weights = make_targets(gappy, np.array([3, 1, 2]))["weights"]
    torch.testing.assert_close(complete, weights[:2])


def test_huge_values_are_not_missing():
    values = np.full((1, 2, 1), 3e38, dtype=np.float32)
    values[0, 1] *= -1

    targets = make_targets(values, np.array([2]))

    assert targets["values"].flatten().tolist() == values.flatten().tolist()


@pytest.mark.parametrize("patch_size", [1, 4])
def test_pieces_of_a_batch_are_the_batch_with_less_padding(ragged, patch_size):
    inputs, targets = _dataset(ragged, patch_size=patch_size).batch(np.arange(7))

    pieces = list(split_batch((inputs, targets), [0, 2, 4, 7], patch_size))

    assert [len(piece["lengths"]) for piece, _ in pieces] == [2, 2, 3]
    start = 0
    for piece, parts in pieces:
        rows = slice(start, start := start + len(piece["lengths"]))
        n_steps = round_up_length(piece["lengths"].max(), patch_size)
        assert torch.equal(piece["lengths"], inputs["lengths"][rows])
        assert torch.equal(piece["numeric"], inputs["numeric"][rows, :n_steps])
        whole, part = targets["reconstruction"], parts["reconstruction"]
        assert torch.equal(part["values"], whole["values"][rows, :n_steps])
        assert torch.equal(part["weights"], whole["weights"][rows, :n_steps])
        assert not whole["weights"][rows, n_steps:].any()
        assert torch.equal(part["lengths"], whole["lengths"][rows])


def test_pieces_have_equal_numbers_of_steps_and_at_least_four_sequences(
    ragged, monkeypatch
):
    inputs, _ = _dataset(ragged).batch(np.argsort(-LENGTHS))  # 12 9 7 4 3 2 1

    assert find_edges(inputs, 1, n_states=10) == [0, 7]
    monkeypatch.setattr("sklearn_seqembed._training.pieces.TRAINING_STATES", 130)
    assert find_edges(inputs, 1, n_states=10) == [0, 7]  # two of them would have three
    monkeypatch.setattr("sklearn_seqembed._training.pieces.LEAST_TRAINING_SEQUENCES", 1)
    # 38 steps in three pieces: the edges are where 13 and 26 of them are reached.
    assert find_edges(inputs, 1, n_states=10) == [0, 1, 2, 7]


@pytest.mark.parametrize("n_features", [0, 2])
def test_joined_outputs_are_padded_with_zeros(n_features):
    pieces = [
        {
            "prediction": DecoderOutput(
                torch.ones(n, k, n_features), torch.ones(n, k), torch.ones(n, k, 3)
            )
        }
        for n, k in ((1, 4), (2, 3))
    ]

    values, ends, logits = join_outputs(pieces)["prediction"]

    assert values.shape == (3, 4, n_features) and logits.shape == (3, 4, 3)
    assert ends.tolist() == [[1, 1, 1, 1], [1, 1, 1, 0], [1, 1, 1, 0]]
    assert (logits == ends[:, :, None]).all()


@pytest.mark.parametrize("patch_size", [1, 5])
def test_rounded_lengths_are_few_and_close(patch_size):
    lengths = np.arange(1, 5001)

    padded = np.array([round_up_length(n, patch_size) for n in lengths])

    patches = -(-lengths // patch_size)
    assert (padded >= lengths).all() and (padded % patch_size == 0).all()
    assert (padded[patches <= 64] == patches[patches <= 64] * patch_size).all()
    assert (padded / patch_size <= patches * (1 + 1 / 32)).all()
    assert len(np.unique(padded)) < 300

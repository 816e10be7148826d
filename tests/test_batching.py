"""Padded batches: nothing is lost, nothing made up, little padded."""

import numpy as np
import pytest
import torch

from sklearn_seqembed._data.checking import Sequences
from sklearn_seqembed._features.encoder import EncodedSequences, encode_ahead
from sklearn_seqembed._network.layout import Layout
from sklearn_seqembed._training import batching as batching_module
from sklearn_seqembed._training.batching import (
    OrderedBatches,
    TrainingBatches,
    inference_batches,
    padded_length,
)
from sklearn_seqembed._training.dataset import (
    SequenceDataset,
    masked_targets,
    split_batch,
)

LENGTHS = np.array([3, 9, 1, 4, 12, 7, 2])


def _to_float32(values):
    return values.astype(np.float32)


@pytest.fixture
def ragged():
    """Sequences whose values count up through all of them: 0, 1, 2, ..."""
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
def test_unpadding_a_batch_gives_the_sequences_back(ragged, patch_size):
    dataset = _dataset(ragged, patch_size)

    inputs, _ = dataset.batch(np.array([1, 6, 4]))

    for row, n, i in zip(inputs["numeric"], inputs["lengths"], [1, 6, 4], strict=True):
        assert row[:n, 0].tolist() == ragged.rows(i)[:, 0].tolist()
    assert inputs["numeric"].shape[1] % patch_size == 0


def test_encoding_ahead_or_batch_by_batch_gives_equal_batches(ragged, monkeypatch):
    ahead, nothing_left = encode_ahead(ragged, _to_float32)
    monkeypatch.setattr("sklearn_seqembed._features.encoder.KEPT_VALUES", 3)
    same, left = encode_ahead(ragged, _to_float32)

    first = SequenceDataset(EncodedSequences(ahead, nothing_left), 1, ()).batch(
        np.arange(7)
    )[0]
    second = SequenceDataset(EncodedSequences(same, left), 1, ()).batch(np.arange(7))[0]

    assert nothing_left is None and left is _to_float32 and same is ragged
    assert torch.equal(first["numeric"], second["numeric"])


def test_held_back_steps_are_the_last_ones_and_are_not_read(ragged):
    horizons = np.array([1, 3, 0, 2, 2, 1, 1])
    kept = np.array([0, 1, 3, 4, 5, 6])  # sequence 2 has one step only
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


def test_shifts_move_input_and_target_alike_within_the_sequence(ragged):
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
    assert seen == expected  # a tenth of 12 steps, both ways


def test_with_a_horizon_starts_are_cut_off_and_nothing_is_made_up(ragged):
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

    assert seen == {7, 8, 9, 10}  # three tenths of 10 at most are cut off


def test_others_of_the_batch_are_laid_over_sequences_up_to_a_half(ragged):
    dataset = _dataset(ragged, augmentation=("mix",))
    indices = np.array([4, 1])  # of 12 and of 9 steps
    x, y = (ragged.rows(i)[:, 0] for i in indices)
    y = np.append(y, [y[-1]] * 3)  # its last step stands in
    shares = []

    for _ in range(50):
        inputs, targets = dataset.batch(indices)
        mixed = inputs["numeric"].numpy()[:, :, 0]
        assert torch.equal(inputs["numeric"], targets["reconstruction"]["values"])
        assert inputs["lengths"].tolist() == [12, 9]
        for own, other, found, n in ((x, y, mixed[0], 12), (y, x, mixed[1], 9)):
            share = (found - own)[0] / (other - own)[0]
            expected = (1 - share) * own + share * other
            np.testing.assert_allclose(found[:n], expected[:n], rtol=1e-5)
            shares.append(share)

    assert min(shares) == 0 and 0.4 < max(shares) <= 0.5  # 0 where drawn for itself
    assert np.mean(np.equal(shares, 0)) < 0.8


def test_a_sequence_with_gaps_is_laid_over_no_other():
    values = np.array([1, np.nan, 3, 7, 8, 9], dtype=float)[:, None]
    dataset = _dataset(
        Sequences.from_offsets((values,), np.array([0, 3, 6])), augmentation=("mix",)
    )
    own = []

    for _ in range(20):
        with_gap, whole = dataset.batch(np.arange(2))[0]["numeric"][:, :, 0]
        assert whole.tolist() == [7, 8, 9]
        assert torch.isnan(with_gap).tolist() == [False, True, False]
        own.append(float(with_gap[0]))

    assert len(set(own)) > 5  # but another may be laid over it


def test_one_sequence_is_mixed_with_nothing(ragged):
    dataset = _dataset(ragged, augmentation=("mix",))

    numeric = dataset.batch(np.array([4]))[0]["numeric"]

    assert numeric[0, :, 0].tolist() == ragged.rows(4)[:, 0].tolist()


@pytest.mark.parametrize("pool_batches", [1, 2, 32])
@pytest.mark.parametrize("batch_size", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("kind", [TrainingBatches, OrderedBatches])
def test_every_sequence_comes_once_an_epoch(
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
def test_epochs_differ_in_order_and_company(spread):
    lengths = 100 + spread * np.arange(96)
    firsts = np.cumsum(lengths) - lengths
    block = np.arange(float(lengths.sum()))[:, None]
    sequences = Sequences((block,), firsts, lengths)
    batches = TrainingBatches(_dataset(sequences), 12)

    # Each batch is three groups of four of about equal lengths, the longest first.
    epochs = [
        {
            frozenset(x["numeric"][k : k + 4, 0, 0].tolist())
            for x, _ in batches
            for k in (0, 4, 8)
        }
        for _ in range(2)
    ]

    assert len(epochs[0] & epochs[1]) < 12  # of 24


def test_a_batch_is_of_shorter_and_longer_sequences_but_of_few_lengths():
    lengths = np.repeat(np.arange(1, 97), 10)  # 30 batches of 32
    block = np.zeros((lengths.sum(), 1), dtype=np.float32)
    sequences = Sequences.from_offsets((block,), np.cumsum([0, *lengths]))
    batches = TrainingBatches(SequenceDataset(EncodedSequences(sequences), 1, ()), 32)

    epochs = [[x["lengths"].numpy() for x, _ in batches] for _ in range(2)]

    for batch in epochs[0]:
        assert batch[0] > 60 and 28 < batch[len(batch) // 2] < 70 and batch[-1] < 38
        assert len(np.unique(batch)) <= 13
    companies = [{tuple(np.unique(batch)) for batch in epoch} for epoch in epochs]
    assert len(companies[0] & companies[1]) < 15


def test_batches_of_skewed_lengths_hold_little_padding():
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


def test_inference_batches_hold_every_sequence_and_bound_their_states(monkeypatch):
    monkeypatch.setattr(batching_module, "INFERENCE_STATES", 24 * 5)

    batches = list(inference_batches(LENGTHS, 2, 3, 5, keep=False))

    assert sorted(np.concatenate(batches)) == list(range(7))
    assert all(len(b) * -(-LENGTHS[b].max() // 2) <= 24 for b in batches)


def test_inference_batches_bound_their_values(monkeypatch):
    monkeypatch.setattr(batching_module, "INFERENCE_VALUES", 60)

    batches = list(inference_batches(LENGTHS, 1, 2, 4, keep=False))

    assert max(map(len, batches)) > 1
    assert all(len(b) * LENGTHS[b].max() * 2 <= 60 for b in batches)


def test_inference_batches_of_shorter_sequences_are_larger():
    lengths = np.repeat([1000, 10], 2000)

    batches = list(inference_batches(lengths, 1, 1, 16, keep=True))

    assert sorted(np.concatenate(batches)) == list(range(4000))
    assert max(len(b) for b in batches if lengths[b].min() == 1000) < 120
    assert max(len(b) for b in batches if lengths[b].max() == 10) > 900


@pytest.mark.parametrize(
    ("n_cells", "size"), [(5, 1024), (40, 450), (400, 45), (4000, 8)]
)
def test_inference_batches_are_as_large_as_memory_is_kept(n_cells, size):
    lengths = np.full(4096, 100)

    sizes = [len(b) for b in inference_batches(lengths, 1, 1, n_cells, keep=True)]
    unbounded = [len(b) for b in inference_batches(lengths, 1, 1, n_cells, False)]

    assert max(sizes) == pytest.approx(size, rel=0.1)
    assert max(unbounded) >= min(2 * size, 1024)


def test_inference_batches_are_bounded_by_long_forecasts_too(ragged, monkeypatch):
    monkeypatch.setattr(batching_module, "INFERENCE_STATES", 5 * 12)
    dataset = _dataset(ragged, parts=("forecast",), horizons=LENGTHS * 9 // 10)

    batches = list(dataset.inference_batches(3, 5, keep=False))

    assert sorted(np.concatenate(batches)) == list(range(7))
    assert all(len(b) * dataset.horizons[b].max() <= 12 for b in batches)
    assert all((np.diff(dataset.lengths[b]) <= 0).all() for b in batches)


def test_weights_are_equal_a_sequence_and_zero_where_nothing_is_observed():
    values = np.ones((3, 4, 2), dtype=np.float32)
    values[0, 1, 0] = values[2] = np.nan
    lengths = np.array([4, 2, 3])

    targets = masked_targets(values, lengths)

    weights = targets["weights"].expand(3, 4, 2)
    assert torch.isfinite(targets["values"]).all()
    torch.testing.assert_close(weights.sum(dim=(1, 2)), torch.tensor([0.5, 0.5, 0.0]))
    assert weights[0, 1, 0] == 0
    assert (weights[1, 2:] == 0).all()


def test_weights_without_gaps_are_those_with_gaps():
    values = np.ones((2, 3, 2), dtype=np.float32)
    lengths = np.array([3, 1])
    gaps = np.concatenate([values, np.full((1, 3, 2), np.nan, np.float32)])

    plain = masked_targets(values, lengths)["weights"].expand(2, 3, 2)

    with_gaps = masked_targets(gaps, np.array([3, 1, 2]))["weights"]
    torch.testing.assert_close(plain, with_gaps[:2])


def test_huge_values_are_not_taken_for_missing_ones():
    values = np.full((1, 2, 1), 3e38, dtype=np.float32)
    values[0, 1] *= -1

    targets = masked_targets(values, np.array([2]))

    assert targets["values"].flatten().tolist() == values.flatten().tolist()


@pytest.mark.parametrize("patch_size", [1, 4])
def test_pieces_of_a_batch_are_the_batch_without_its_padding(ragged, patch_size):
    inputs, targets = _dataset(ragged, patch_size=patch_size).batch(np.arange(7))

    pieces = list(split_batch((inputs, targets), [0, 2, 4, 7], patch_size))

    assert [len(piece["lengths"]) for piece, _ in pieces] == [2, 2, 3]
    start = 0
    for piece, parts in pieces:
        rows = slice(start, start := start + len(piece["lengths"]))
        n_steps = padded_length(piece["lengths"].max(), patch_size)
        assert torch.equal(piece["lengths"], inputs["lengths"][rows])
        assert torch.equal(piece["numeric"], inputs["numeric"][rows, :n_steps])
        whole, part = targets["reconstruction"], parts["reconstruction"]
        assert torch.equal(part["values"], whole["values"][rows, :n_steps])
        assert torch.equal(part["weights"], whole["weights"][rows, :n_steps])
        assert not whole["weights"][rows, n_steps:].any()
        assert torch.equal(part["lengths"], whole["lengths"][rows])


@pytest.mark.parametrize("patch_size", [1, 5])
def test_padded_lengths_are_few_and_close(patch_size):
    lengths = np.arange(1, 5001)

    padded = np.array([padded_length(n, patch_size) for n in lengths])

    patches = -(-lengths // patch_size)
    assert (padded >= lengths).all() and (padded % patch_size == 0).all()
    assert (padded / patch_size <= patches * (1 + 1 / 32)).all()
    assert len(np.unique(padded)) < 300

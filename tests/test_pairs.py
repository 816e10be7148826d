"""Batches of pairs: sequences and targets, and their pieces."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_seqembed import LSTMSequencePredictor
from sklearn_seqembed._data.sequences import CategoricalFeature, Sequences
from sklearn_seqembed._features.encoder import EncodedSequences
from sklearn_seqembed._training.pair_dataset import PairDataset, Pairs
from sklearn_seqembed._training.pieces import split_batch

LENGTHS, HORIZONS = np.array([5, 4, 2]), np.array([1, 3, 6])


@pytest.fixture
def pairs():
    """Three pairs: tokens 1, 2, ..., and targets of one number and one token."""
    tokens = np.arange(1, 12)
    codes = np.arange(LENGTHS.sum(), dtype=np.int32)
    sources = Sequences.from_offsets(
        (), np.cumsum([0, *LENGTHS]), (CategoricalFeature(codes, tokens),)
    )
    values = np.arange(HORIZONS.sum(), dtype=np.float32)[:, None]
    codes = np.arange(HORIZONS.sum(), dtype=np.int32)
    targets = Sequences.from_offsets(
        (values,), np.cumsum([0, *HORIZONS]), (CategoricalFeature(codes, tokens),)
    )
    lookup = np.append(np.arange(1, 12), 0)
    encoded = [EncodedSequences(part, lookups=[lookup]) for part in (sources, targets)]
    return Pairs(*encoded)


def test_a_batch_holds_both_sequences_of_each_pair(pairs):
    inputs, targets = PairDataset(pairs, 1, feeds_back=True).batch(np.array([0, 2]))

    assert inputs["categories"][0, :, 0].tolist() == [1, 2, 3, 4, 5]
    assert inputs["categories"][1, :2, 0].tolist() == [10, 11]
    assert inputs["horizons"].tolist() == [1, 6]
    assert inputs["true_classes"][1, :, 0].tolist() == [5, 6, 7, 8, 9, 10]
    assert inputs["true_values"][1, :, 0].tolist() == [4, 5, 6, 7, 8, 9]
    assert targets["prediction"]["lengths"].tolist() == [1, 6]
    assert targets["prediction"]["values"][1, :, 0].tolist() == [4, 5, 6, 7, 8, 9]
    assert targets["prediction"]["classes"][0, 0].tolist() == [1]


def test_a_decoder_without_feedback_reads_no_targets(pairs):
    inputs, _ = PairDataset(pairs, 1, feeds_back=False).batch(np.array([0, 2]))

    assert "true_values" not in inputs


def test_all_observed_values_have_equal_weight(pairs):
    _, targets = PairDataset(pairs, 1, feeds_back=True).batch(np.arange(3))

    weights = targets["prediction"]["weights"].expand(3, 6, 1)
    weights = weights + targets["prediction"]["class_weights"]
    assert_allclose(weights[weights > 0], 2 / 20)  # ten steps of two features
    assert weights[0, 1:].sum() == weights[1, 3:].sum() == 0
    # The end counts as another token.
    assert_allclose(targets["prediction"]["end_weights"], 1 / 20)


def test_a_selection_of_pairs_keeps_them_together(pairs):
    some = pairs[np.array([2, 0])]

    assert some.sources.lengths.tolist() == [2, 5]
    assert some.targets.lengths.tolist() == [6, 1]
    assert len(some) == 2


def test_pieces_of_a_batch_are_as_long_as_their_longest_pair(pairs):
    batch = PairDataset(pairs, 1, feeds_back=True).batch(np.arange(3))

    (first, targets), (second, _) = split_batch(batch, [0, 2, 3], 1)

    assert first["categories"].shape == (2, 5, 1)
    assert first["true_classes"].shape == (2, 3, 1)
    assert targets["prediction"]["classes"].shape == (2, 3, 1)
    assert targets["prediction"]["end_weights"].shape == (2,)
    assert second["categories"].shape == (1, 2, 1)
    assert second["true_classes"].shape == (1, 6, 1)
    assert second["categories"].flatten().tolist() == [10, 11]
    assert second["true_classes"].flatten().tolist() == [5, 6, 7, 8, 9, 10]


@pytest.mark.parametrize("decoding", ["autoregressive", "parallel"])
def test_training_in_pieces_has_the_same_losses(decoding, monkeypatch):
    rng = np.random.default_rng(0)
    X = ["".join(rng.choice(list("ab"), n)) for n in rng.integers(1, 9, 30)]
    y = [x[: 1 + len(x) // 2] for x in X]
    options = {"n_components": 8, "max_epochs": 2, "random_state": 0}
    predictor = LSTMSequencePredictor(decoding=decoding, **options)
    whole = predictor.fit(X, y).history_

    monkeypatch.setattr("sklearn_seqembed._training.pieces.TRAINING_STATES", 300)
    split = predictor.fit(X, y).history_

    for a, b in zip(whole, split, strict=True):
        assert a["train_loss"] == pytest.approx(b["train_loss"], rel=1e-4)

"""Categorical features in the network, the loss, the score and the batches."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import d2_log_loss_score, r2_score
from small_fits import small_embedder

from sklearn_seqembed._data.sequences import CategoricalFeature, Sequences
from sklearn_seqembed._features.encoder import EncodedSequences
from sklearn_seqembed._features.numeric import NumericFeatures
from sklearn_seqembed._network import heads as heads_module
from sklearn_seqembed._network import hierarchical as hierarchical_module
from sklearn_seqembed._network.categories import (
    CategoryEmbedding,
    choose_embedding_size,
)
from sklearn_seqembed._network.decoder import DecoderOutput
from sklearn_seqembed._network.encoder import Encoder
from sklearn_seqembed._network.encoder_decoder import EncoderDecoder
from sklearn_seqembed._network.heads import CategoryHeads
from sklearn_seqembed._network.hierarchical import HierarchicalSoftmax
from sklearn_seqembed._network.loss import SequenceLoss, sum_squared_errors
from sklearn_seqembed._scoring import explained_fraction
from sklearn_seqembed._training.dataset import SequenceDataset
from sklearn_seqembed._training.targets import make_targets

NAN = np.nan


# Input


@pytest.mark.parametrize(
    ("n_classes", "size"), [(0, 1), (1, 2), (2, 2), (20, 9), (100, 21), (100_000, 64)]
)
def test_embeddings_grow_with_the_number_of_classes(n_classes, size):
    assert choose_embedding_size(n_classes) == size


def test_each_category_has_a_vector_and_a_missing_one_has_zeros():
    embedding = CategoryEmbedding((3, 4))
    first, second = embedding.tables
    categories = torch.tensor([[[0, 1], [3, 0]]])

    embedded = embedding(categories)
    embedded.sum().backward()

    zeros = torch.zeros(first.embedding_dim), torch.zeros(second.embedding_dim)
    expected = [
        torch.cat([zeros[0], second.weight[1]]),
        torch.cat([first.weight[3], zeros[1]]),
    ]
    assert torch.equal(embedded, torch.stack(expected)[None])
    assert first.weight.grad[:, 0].tolist() == [0, 0, 0, 1]  # none for a missing one


def test_features_with_equally_many_classes_share_a_table():
    embedding = CategoryEmbedding((3, 4, 3))
    shared, single = embedding.tables
    categories = torch.tensor([[[0, 1, 3], [2, 0, 0]]])

    (embedded,) = embedding(categories)
    embedded.sum().backward()

    n = shared.embedding_dim
    zeros = torch.zeros(n)
    assert shared.weight.shape == (8, n)
    assert torch.equal(embedded[:, :n], torch.stack([zeros, shared.weight[2]]))
    assert torch.equal(embedded[:, n : 2 * n], torch.stack([shared.weight[7], zeros]))
    assert torch.equal(embedded[0, 2 * n :], single.weight[1])
    # None for a missing category.
    assert shared.weight.grad[:, 0].tolist() == [0, 0, 1, 0, 0, 0, 0, 1]


def test_hundreds_of_categorical_features_have_short_vectors():
    embedding = CategoryEmbedding((3,) * 256 + (50,) * 100, 64)

    assert embedding.width == 356 * 2
    assert len(embedding.tables) == 2


def test_binary_features_are_standardized_numbers():
    embedding = CategoryEmbedding((2, 3, 1, 2))
    embedding.calibrate([np.array(p) for p in ([0.8, 0.2], [0.5, 0.4, 0.1], [1], [])])
    categories = torch.tensor([[[1, 2, 1, 1], [2, 1, 1, 2], [0, 0, 0, 0]]])

    embedded = embedding(categories)

    n_vector = embedding.tables[0].embedding_dim
    assert embedding.width == n_vector + 3
    vectors = embedding.tables[0].weight[[2, 1, 0]]
    assert torch.equal(embedded[0, :, :n_vector], vectors)
    # Of the first: (0 - .2) / .4 and (1 - .2) / .4. The last never had its class 2.
    expected = [[-0.5, 0, 0], [2, 0, 10], [0, -1, 0]]
    assert_allclose(embedded[0, :, n_vector:].detach(), expected, atol=1e-6)


def test_a_flag_that_is_true_or_missing_is_learned():
    X = [[True, None], [None, True], [True, True], [None, None, True]] * 10

    embedder = small_embedder(max_epochs=60, lr=0.03).fit(X)

    vectors = embedder.transform(X[:4])
    assert np.ptp(vectors, axis=0).max() > 0.1


def test_hundreds_of_flags_are_as_many_inputs_and_outputs():
    X = list(np.random.default_rng(0).random((20, 6, 300)) < 0.1)

    embedder = small_embedder(n_components=40, random_features=20).fit(X)

    encoder = embedder.net_.module_.encoder
    assert (
        encoder.embedding.width
        == encoder.random_features.reservoir.embedding.width
        == 300
    )
    assert embedder.decoder_.heads.width == 300
    assert not list(encoder.embedding.parameters())


def _encoder(**options):
    torch.manual_seed(0)
    options = {
        "n_classes": (4, 3),
        "n_random": 3,
        "random_options": {"n_cells": 4},
    } | options
    return Encoder(2, 6, **options).eval()


@pytest.mark.parametrize("patch_size", [1, 3])
def test_categories_after_the_end_do_not_change_the_vector(patch_size):
    encoder = _encoder(
        patch_size=patch_size,
        random_options={"n_cells": 4, "patch_sizes": (patch_size, patch_size)},
    )
    numeric = torch.randn(2, 7, 2)
    categories = torch.randint(1, 4, (2, 7, 2))
    lengths = torch.tensor([7, 3])
    vectors = encoder(numeric, categories, lengths).detach()

    categories[1, 3:] = 999  # not an index of any category
    numeric[1, 3:] = 1e6

    assert_allclose(vectors, encoder(numeric, categories, lengths).detach())
    alone = encoder(numeric[1:, :3], categories[1:, :3], lengths[1:])
    assert_allclose(vectors[1:], alone.detach(), atol=1e-6)


@pytest.mark.parametrize("n_random", [0, 3])
def test_every_category_of_every_step_changes_the_vector(n_random):
    encoder = _encoder(n_random=n_random)
    numeric, lengths = torch.zeros(1, 5, 2), torch.tensor([5])
    categories = torch.ones(1, 5, 2, dtype=torch.int64)
    before = encoder(numeric, categories, lengths).detach()

    for step in range(5):
        for feature in range(2):
            changed = categories.clone()
            changed[0, step, feature] = 2
            after = encoder(numeric, changed, lengths).detach()
            assert (after - before).abs().max() > 1e-4, (step, feature)


def test_another_number_of_categorical_features_is_refused():
    with pytest.raises(ValueError, match=r"expected \(N, L, 2\): one code per time"):
        _encoder()(
            torch.zeros(1, 2, 2),
            torch.ones(1, 2, 1, dtype=torch.int64),
            torch.tensor([2]),
        )


# Output


def test_cross_entropies_are_negative_log_probabilities():
    heads = CategoryHeads((2, 3, 1, 4, 3))
    logits = torch.randn(2, 5, heads.width)  # of the groups 2 and 1, 3, 4
    classes = [torch.randint(1, n + 1, (2, 5)) for n in heads.n_classes]

    cross_entropies = heads.cross_entropies(logits, torch.stack(classes, dim=2))
    likely = heads.most_likely(logits)

    two, _, three, third, four = logits.split([1, 1, 3, 3, 4], dim=2)
    two = torch.cat([torch.zeros_like(two), two], dim=2)
    for k, scores in ((0, two), (1, three), (3, four), (4, third)):
        probabilities = scores.softmax(dim=2)
        chosen = torch.take_along_dim(probabilities, classes[k][..., None] - 1, dim=2)
        assert_allclose(cross_entropies[:, :, k], -chosen[..., 0].log(), rtol=1e-5)
        assert_array_equal(likely[:, :, k], probabilities.argmax(dim=2) + 1)
    assert not cross_entropies[:, :, 2].any()  # its only class is certain
    assert_array_equal(likely[:, :, 2], 1)
    assert [p.shape for p in heads.log_probabilities(logits[0])] == [
        (5, 2), (5, 3), (5, 1), (5, 4), (5, 3)
    ]  # fmt: skip


@pytest.fixture
def hierarchical(monkeypatch):
    """A softmax over 4 frequent classes and clusters of 5, 5 and 2 rare ones."""
    monkeypatch.setattr(hierarchical_module, "SHORTLIST_SIZE", 4)
    monkeypatch.setattr(hierarchical_module, "CLUSTER_SIZE", 5)
    monkeypatch.setattr(hierarchical_module, "PREDICTED_LOGITS", 40)  # several pieces
    torch.manual_seed(0)
    return HierarchicalSoftmax(8, 16)


def test_hierarchical_softmax_multiplies_probabilities(hierarchical):
    x = 3 * torch.randn(50, 8)

    probabilities = hierarchical.log_probabilities(x).exp()

    first = (x @ hierarchical.first.weight.T).softmax(dim=1)
    weights = [layer.weight for layer in hierarchical.second]
    assert [len(own) for own in weights] == [5, 5, 2]
    expected = [first[:, :4]]
    for cluster, own in zip(first[:, 4:].T, weights, strict=True):
        expected.append(cluster[:, None] * (x @ own.T).softmax(dim=1))
    expected = torch.cat(expected, dim=1)
    torch.testing.assert_close(probabilities, expected)
    torch.testing.assert_close(probabilities.sum(dim=1), torch.ones(50))
    likeliest = hierarchical.most_likely(x)
    assert_array_equal(likeliest, expected.argmax(dim=1))
    assert (likeliest < 4).any() and (likeliest >= 14).any()


@pytest.mark.parametrize("classes", ["all", "frequent", "rare"])
def test_cross_entropies_of_a_hierarchical_softmax(classes, hierarchical):
    first, stop = {"all": (0, 16), "frequent": (0, 4), "rare": (12, 16)}[classes]
    labels = torch.randint(first, stop, (40,))
    x = torch.randn(40, 8, requires_grad=True)
    expected = -hierarchical.log_probabilities(x).gather(1, labels[:, None])[:, 0]
    parameters = [x, *hierarchical.parameters()]
    gradients = torch.autograd.grad(
        expected.sum(), parameters, materialize_grads=True, allow_unused=True
    )

    found = hierarchical.cross_entropies(x, labels)

    torch.testing.assert_close(found, expected)
    found = torch.autograd.grad(
        found.sum(), parameters, materialize_grads=True, allow_unused=True
    )
    for gradient, own in zip(gradients, found, strict=True):
        torch.testing.assert_close(own, gradient)


def test_features_of_many_classes_have_hierarchical_softmaxes(
    monkeypatch, hierarchical
):
    monkeypatch.setattr(heads_module, "FULL_SOFTMAX_CLASSES", 5)
    heads = CategoryHeads((20, 2, 20))
    size = heads_module.HIERARCHICAL_SIZE
    assert heads.width == size + 1 + size
    logits = 3 * torch.randn(2, 6, heads.width)
    classes = torch.stack(
        [torch.randint(1, n + 1, (2, 6)) for n in heads.n_classes], dim=2
    )

    found = heads.cross_entropies(logits, classes)
    likely = heads.most_likely(logits)

    for k, part in ((0, logits[:, :, :size]), (2, logits[:, :, size : 2 * size])):
        table = heads.hierarchical[str(k)].log_probabilities(part.flatten(0, 1))
        table = table.unflatten(0, (2, 6))
        chosen = torch.take_along_dim(-table, classes[:, :, k : k + 1] - 1, dim=2)
        torch.testing.assert_close(found[:, :, k], chosen[:, :, 0])
        assert_array_equal(likely[:, :, k], table.argmax(dim=2) + 1)


def test_a_feature_without_classes_has_no_loss():
    heads = CategoryHeads((0,))
    logits = torch.randn(1, 3, 1)

    assert not heads.cross_entropies(
        logits, torch.zeros(1, 3, 1, dtype=torch.int64)
    ).any()
    assert heads.most_likely(logits).tolist() == [[[1], [1], [1]]]


def test_log_probabilities_of_one_step_belong_to_the_cross_entropies(
    monkeypatch, hierarchical
):
    monkeypatch.setattr(heads_module, "FULL_SOFTMAX_CLASSES", 5)
    heads = CategoryHeads((2, 6))
    logits = torch.randn(4, heads.width)
    classes = torch.tensor([[1, 1], [2, 3], [1, 4], [2, 6]])

    tables = heads.log_probabilities(logits)

    cross_entropies = heads.cross_entropies(logits[:, None], classes[:, None])[:, 0]
    for k, table in enumerate(tables):
        chosen = table.gather(1, classes[:, k, None] - 1)[:, 0]
        torch.testing.assert_close(chosen, -cross_entropies[:, k])


def test_scores_count_as_states_of_a_patch():
    numeric = EncoderDecoder(2, 8)
    mixed = EncoderDecoder(2, 8, n_classes=(30, 4))

    assert mixed.n_states == numeric.n_states + 2 + 30 + 4 + 1


# Loss and score


def test_observed_values_of_a_sequence_have_equal_weights():
    values = np.array([[[1.0], [NAN], [3.0]], [[1.0], [2.0], [3.0]]], dtype=np.float32)
    classes = np.array([[[1, 2], [0, 1], [1, 1]], [[0, 0], [0, 0], [1, 1]]])

    targets = make_targets(values, np.array([3, 2]), classes)

    weights = targets["weights"].expand(2, 3, 1)
    # First 2 numeric values and 5 categories, then 2 numeric values before the end.
    expected = [[1 / 14, 0, 1 / 14], [1 / 4, 1 / 4, 0]]
    assert_allclose(weights[:, :, 0], expected, rtol=1e-6)
    expected = [[[1 / 14] * 2, [0, 1 / 14], [1 / 14] * 2], np.zeros((3, 2))]
    assert_allclose(targets["class_weights"], expected, rtol=1e-6)


def test_cross_entropies_are_scaled_and_added_to_squared_errors():
    values = np.full((2, 2, 1), 2.0, dtype=np.float32)
    classes = np.array([[[1, 1], [2, 0]], [[1, 2], [1, 2]]])
    lengths = np.array([2, 1])
    targets = make_targets(values, lengths, classes)
    cross_entropies = torch.tensor(
        [[[1.0, 3.0], [5.0, 99.0]], [[2.0, 4.0], [99.0, 99.0]]]
    )
    output = DecoderOutput(torch.zeros(2, 2, 1), torch.zeros(2, 2), None)
    scales = (0.5, 0.25)

    loss = SequenceLoss(learn_ends=False, class_scales=scales)(
        {"forecast": output}, {"forecast": targets}, {"forecast": cross_entropies}
    )
    sums, counts = sum_squared_errors(output.values, targets)

    first = (4 + 4 + 0.5 * 1 + 0.25 * 3 + 0.5 * 5) / 5
    second = (4 + 0.5 * 2 + 0.25 * 4) / 3
    assert (sums.tolist(), counts.tolist()) == ([8, 4], [2, 1])
    assert loss.item() == pytest.approx((first + second) / 2)


def _random_codes(rng, shape, n_categories):
    return rng.integers(-1, n_categories, shape).astype(np.int32)


def test_explained_fraction_of_a_category_equals_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    codes = _random_codes(rng, 40, 3)
    categories = np.array(list("abc"), dtype=object)
    numbers = rng.normal(size=(40, 1))
    sequences = Sequences.from_offsets(
        (numbers,), [0, 15, 40], (CategoricalFeature(codes, categories),)
    )
    logits = torch.as_tensor(rng.normal(size=(40, 3)))
    likelihoods = logits.softmax(dim=1).numpy()
    dataset = SequenceDataset(
        EncodedSequences(
            sequences, lambda x: x.astype(np.float32), [np.array([1, 2, 3, 0])]
        ),
        1,
        ("reconstruction",),
    )
    predictions = []
    for i, (start, stop) in enumerate([(0, 15), (15, 40)]):
        _, targets = dataset.batch(np.array([i]))
        chosen = likelihoods[np.arange(start, stop), codes[start:stop]]
        cross_entropies = torch.as_tensor(-np.log(chosen))[None, :, None]
        values = torch.zeros(1, stop - start, 1)
        predictions.append(
            (np.array([i]), {"reconstruction": (values, cross_entropies)}, targets)
        )

    (fraction,) = explained_fraction(
        predictions, sequences, NumericFeatures(None).fit(sequences)
    )

    known = codes >= 0
    judge = d2_log_loss_score(codes[known], likelihoods[known], labels=[0, 1, 2])
    r2 = r2_score(numbers, np.zeros_like(numbers))
    assert fraction == pytest.approx((judge + r2) / 2, rel=1e-6)


# Batches


def test_batches_contain_the_indices_of_categories():
    codes = np.array([0, 1, -1, 2, 0], dtype=np.int32)
    sequences = Sequences.from_offsets(
        (),
        [0, 3, 5],
        (CategoricalFeature(codes, np.array(["a", "b", "c"], dtype=object)),),
    )
    encoded = EncodedSequences(sequences, lookups=[np.array([3, 1, 2, 0])])
    dataset = SequenceDataset(encoded, 2, ("reconstruction",))

    inputs, targets = dataset.batch(np.array([0, 1]))

    assert inputs["numeric"].shape == (2, 4, 0)
    assert inputs["categories"][:, :, 0].tolist() == [[3, 1, 0, 0], [2, 3, 3, 3]]
    assert targets["reconstruction"]["classes"].shape == (2, 4, 1)
    counted = targets["reconstruction"]["class_weights"][:, :, 0] > 0
    assert_array_equal(
        counted, [[True, True, False, False], [True, True, False, False]]
    )


def test_mixing_takes_whole_time_steps_from_another_sequence():
    rng = np.random.default_rng(0)
    codes = np.repeat(np.arange(20), 30).astype(np.int32)
    codes[rng.random(600) < 0.2] = -1
    features = (CategoricalFeature(codes, np.arange(20)),) * 2
    sequences = Sequences.from_offsets((), np.arange(0, 601, 30), features)
    lookup = np.append(np.arange(1, 21), 0)
    dataset = SequenceDataset(
        EncodedSequences(sequences, lookups=[lookup, lookup]),
        1,
        ("reconstruction",),
        augmentation=("shift", "mix"),
    )
    torch.manual_seed(0)

    inputs, targets = dataset.batch(np.arange(20))

    mixed = inputs["categories"].numpy()
    plain = lookup[codes].reshape(20, 30)
    taken = mixed[:, :, 0] != plain
    assert 0.1 < taken.mean() < 0.35  # a quarter on average, less if missing
    assert_array_equal(mixed[:, :, 0], mixed[:, :, 1])  # both features of a step
    assert (mixed[taken] > 0).all()  # a missing category replaces nothing
    for row, own in zip(mixed[:, :, 0], np.arange(1, 21), strict=True):
        assert len(set(row.tolist()) - {0, own}) <= 1  # from a single one
    assert_array_equal(targets["reconstruction"]["classes"], mixed)

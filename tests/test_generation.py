"""Sequences said step by step: greedily and by beams, each judged by a slow way."""

import itertools
import math

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_seqembed._network.autoregressive import AutoregressiveDecoder
from sklearn_seqembed._network.generation import decode_greedily, search_beam

N_CLASSES, LONGEST = 3, 4


@pytest.fixture(autouse=True)
def seed():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


@pytest.fixture(params=["lstm", "gru"])
def decoder(request):
    """An untrained decoder of tokens that is sure of something."""
    decoder = AutoregressiveDecoder(
        0, 5, 8, cell=request.param, num_layers=2, n_classes=(N_CLASSES,)
    )
    with torch.no_grad():
        decoder.output.weight *= 8
    return decoder.eval()


def _log_probability(decoder, vector, tokens, longest):
    """Log probability of a sequence by the decoder's own steps."""
    state, chosen, total = decoder.initial_state(vector), None, 0.0
    values = torch.zeros(1, 0)
    for t in range(len(tokens) + 1):
        before = None if chosen is None else values
        _, scores, ends, state = decoder.step(vector, state, before, chosen)
        end = torch.sigmoid(ends[0]).item()
        if t == len(tokens):
            # Nothing is longer than the longest: it need not say that it ends.
            return total + (math.log(end) if t < longest else 0.0)
        if t > 0:
            total += math.log(1 - end)
        total += scores[0].log_softmax(dim=0)[tokens[t] - 1].item()
        chosen = torch.tensor([[tokens[t]]])
    return total


def _all_sequences(decoder, vector):
    """Rank all sequences there are, the likeliest first."""
    found = []
    for length in range(1, LONGEST + 1):
        for tokens in itertools.product(range(1, N_CLASSES + 1), repeat=length):
            found.append((_log_probability(decoder, vector, tokens, LONGEST), tokens))
    return sorted(found, reverse=True)


def test_probabilities_of_all_sequences_sum_to_one(decoder):
    vector = torch.randn(1, 5)

    total = sum(math.exp(value) for value, _ in _all_sequences(decoder, vector))

    assert total == pytest.approx(1, abs=1e-4)


@torch.inference_mode()
def test_a_wide_beam_finds_the_likeliest_sequences_of_all(decoder):
    vectors = torch.randn(6, 5)

    classes, lengths, found = search_beam(decoder, vectors, LONGEST, 1, 81, 0.0)

    for i in range(6):
        judge = _all_sequences(decoder, vectors[i : i + 1])[:10]
        assert_allclose(found[i, :10], [value for value, _ in judge], atol=1e-4)
        (best, n) = classes[i, 0], lengths[i, 0]
        assert tuple(best[:n].tolist()) == judge[0][1]
        assert not best[n:].any()


@torch.inference_mode()
def test_hypotheses_are_ranked_by_length_too(decoder):
    vectors = torch.randn(4, 5)

    _, lengths, found = search_beam(decoder, vectors, LONGEST, 1, 81, 1.0)

    for i in range(4):
        judge = _all_sequences(decoder, vectors[i : i + 1])
        judge = sorted((value / len(tokens) for value, tokens in judge), reverse=True)
        assert_allclose(found[i, :10] / lengths[i, :10], judge[:10], atol=1e-4)


@torch.inference_mode()
def test_a_narrow_beam_keeps_to_its_size_and_tells_true_probabilities(decoder):
    vectors = torch.randn(5, 5)

    classes, lengths, found = search_beam(decoder, vectors, LONGEST, 1, 2, 1.0)

    assert classes.shape == (5, 2, LONGEST)
    for i, k in itertools.product(range(5), range(2)):
        tokens = classes[i, k, : lengths[i, k]].tolist()
        judge = _log_probability(decoder, vectors[i : i + 1], tokens, LONGEST)
        assert found[i, k].item() == pytest.approx(judge, abs=1e-4)


@torch.inference_mode()
def test_the_company_of_a_sequence_changes_no_beam(decoder):
    vectors = torch.randn(5, 5)

    classes, *_ = search_beam(decoder, vectors, LONGEST, 1, 3, 1.0)

    for i in range(5):
        alone, *_ = search_beam(decoder, vectors[i : i + 1], LONGEST, 1, 3, 1.0)
        assert_array_equal(classes[i], alone[0])


@torch.inference_mode()
def test_greedy_takes_the_likeliest_step_until_the_end(decoder):
    vectors = torch.randn(20, 5)

    _, classes, lengths = decode_greedily(decoder, vectors, LONGEST)

    for i in range(20):
        vector = vectors[i : i + 1]
        state, chosen, said = decoder.initial_state(vector), None, []
        while len(said) < LONGEST:
            before = None if chosen is None else torch.zeros(1, 0)
            _, scores, ends, state = decoder.step(vector, state, before, chosen)
            if said and ends[0] > 0:
                break
            said.append(int(scores[0].argmax()) + 1)
            chosen = torch.tensor([[said[-1]]])
        assert classes[i, : lengths[i], 0].tolist() == said
        assert not classes[i, lengths[i] :].any()
    assert len(np.unique(lengths)) > 1


@torch.inference_mode()
def test_lengths_can_be_told(decoder):
    lengths = torch.tensor([1, 4, 2])

    _, classes, found = decode_greedily(decoder, torch.randn(3, 5), 4, lengths=lengths)

    assert_array_equal(found, lengths)
    assert_array_equal((classes[:, :, 0] > 0).sum(dim=1), lengths)


@torch.inference_mode()
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_teacher_forcing_says_what_steps_say(cell):
    decoder = AutoregressiveDecoder(
        2, 5, 8, cell=cell, num_layers=2, n_classes=(4, 3), missing_indicator=True
    ).eval()
    last, lengths = torch.randn(4, 5), torch.tensor([2, 5, 1, 3])
    values = torch.randn(4, 5, 2)
    values[1, 2, 0] = torch.nan
    classes = torch.randint(0, 4, (4, 5, 2))

    played = decoder.decode_states(last, lengths, values, classes)

    for i in range(4):
        vector = last[i : i + 1]
        state, before, chosen = decoder.initial_state(vector), None, None
        for t in range(int(lengths[i]) + 1):
            said, scores, ends, state = decoder.step(vector, state, before, chosen)
            if t:
                assert_allclose(played.ends[i, t - 1], ends[0], atol=1e-5)
            if t < lengths[i]:
                assert_allclose(played.values[i, t], said[0], atol=1e-5)
                assert_allclose(played.scores[i, t], scores[0], atol=1e-5)
                before, chosen = values[i : i + 1, t], classes[i : i + 1, t]


def test_what_comes_later_is_not_looked_at():
    decoder = AutoregressiveDecoder(1, 5, 8, n_classes=(4,)).eval()
    last, lengths = torch.randn(1, 5), torch.tensor([4])
    values, classes = torch.randn(1, 4, 1), torch.randint(1, 4, (1, 4, 1))
    expected = decoder.decode_states(last, lengths, values, classes)
    values[:, 2:], classes[:, 2:] = 9.0, 1

    played = decoder.decode_states(last, lengths, values, classes)

    assert_allclose(played.scores[:, :3].detach(), expected.scores[:, :3].detach())
    assert not torch.equal(played.scores[:, 3], expected.scores[:, 3])


@pytest.mark.parametrize(
    ("n_features", "n_classes"), [(1, ()), (0, (4,))], ids=["number", "category"]
)
def test_sampling_lets_the_decoder_read_itself_in_training_alone(n_features, n_classes):
    decoder = AutoregressiveDecoder(n_features, 5, 8, n_classes=n_classes)
    last, lengths = torch.randn(3, 5), torch.tensor([4, 4, 4])
    values = torch.randn(3, 4, n_features)
    classes = torch.randint(1, 4, (3, 4, len(n_classes)))
    expected = decoder.decode_states(last, lengths, values, classes)
    decoder.sampling = 0.99

    sampled = decoder.decode_states(last, lengths, values, classes)

    for name in ("values", "scores"):
        said, truth = getattr(sampled, name), getattr(expected, name)
        assert torch.equal(said[:, 0], truth[:, 0])
        if said.numel():
            assert not torch.allclose(said[:, 1:], truth[:, 1:])
    decoder.eval()
    judged = decoder.decode_states(last, lengths, values, classes)
    assert_allclose(judged.scores.detach(), expected.scores.detach(), atol=1e-6)
    assert_allclose(judged.values.detach(), expected.values.detach(), atol=1e-6)

"""Autoregressive decoding, compared with slow but simple implementations."""

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
    """Build an untrained decoder of tokens, with probabilities far from uniform."""
    decoder = AutoregressiveDecoder(
        0, 5, 8, cell=request.param, num_layers=2, n_classes=(N_CLASSES,)
    )
    with torch.no_grad():
        decoder.output.weight *= 8
    return decoder.eval()


def _log_probability(decoder, final_states, tokens, shortest=1):
    """Log probability of a sequence, computed step by step."""
    state, classes, total = decoder.initial_state(final_states), None, 0.0
    values = torch.zeros(1, 0)
    for t in range(len(tokens) + 1):
        previous = None if classes is None else values
        _, logits, ends, state = decoder.step(final_states, state, previous, classes)
        end = torch.sigmoid(ends[0]).item()
        if t == len(tokens):
            # The end of a sequence of the longest length is certain.
            return total + (math.log(end) if t < LONGEST else 0.0)
        if t >= shortest:
            total += math.log(1 - end)
        total += logits[0].log_softmax(dim=0)[tokens[t] - 1].item()
        classes = torch.tensor([[tokens[t]]])


def _rank_all_sequences(decoder, final_states, shortest=1):
    """Log probabilities and tokens of all sequences, the most likely first."""
    sequences = []
    for length in range(shortest, LONGEST + 1):
        for tokens in itertools.product(range(1, N_CLASSES + 1), repeat=length):
            value = _log_probability(decoder, final_states, tokens, shortest)
            sequences.append((value, tokens))
    return sorted(sequences, reverse=True)


def test_probabilities_of_all_sequences_sum_to_one(decoder):
    ranked = _rank_all_sequences(decoder, torch.randn(1, 5))

    assert sum(math.exp(value) for value, _ in ranked) == pytest.approx(1, abs=1e-4)


@torch.inference_mode()
def test_a_wide_beam_finds_the_most_likely_sequences(decoder):
    final_states = torch.randn(6, 5)

    classes, lengths, found = search_beam(decoder, final_states, LONGEST, 1, 81, 0.0)

    for i in range(6):
        judge = _rank_all_sequences(decoder, final_states[i : i + 1])[:10]
        assert_allclose(found[i, :10], [value for value, _ in judge], atol=1e-4)
        best, n = classes[i, 0], lengths[i, 0]
        assert tuple(best[:n].tolist()) == judge[0][1]
        assert not best[n:].any()


@torch.inference_mode()
def test_length_penalty_changes_the_ranking(decoder):
    final_states = torch.randn(4, 5)

    _, lengths, found = search_beam(decoder, final_states, LONGEST, 1, 81, 1.0)

    for i in range(4):
        judge = _rank_all_sequences(decoder, final_states[i : i + 1])
        judge = sorted((value / len(tokens) for value, tokens in judge), reverse=True)
        assert_allclose(found[i, :10] / lengths[i, :10], judge[:10], atol=1e-4)


@torch.inference_mode()
def test_no_hypothesis_is_shorter_than_the_shortest_length(decoder):
    final_states = torch.randn(4, 5)

    _, lengths, found = search_beam(decoder, final_states, LONGEST, 3, 81, 0.0)

    assert set(lengths.flatten().tolist()) == {3, 4}
    for i in range(4):
        judge = _rank_all_sequences(decoder, final_states[i : i + 1], shortest=3)[:10]
        assert_allclose(found[i, :10], [value for value, _ in judge], atol=1e-4)


@torch.inference_mode()
def test_a_narrow_beam_returns_as_many_hypotheses_with_true_probabilities(decoder):
    final_states = torch.randn(5, 5)

    classes, lengths, found = search_beam(decoder, final_states, LONGEST, 1, 2, 1.0)

    assert classes.shape == (5, 2, LONGEST)
    for i, k in itertools.product(range(5), range(2)):
        tokens = classes[i, k, : lengths[i, k]].tolist()
        judge = _log_probability(decoder, final_states[i : i + 1], tokens)
        assert found[i, k].item() == pytest.approx(judge, abs=1e-4)


@torch.inference_mode()
def test_hypotheses_do_not_depend_on_batch_mates(decoder):
    final_states = torch.randn(5, 5)

    classes, *_ = search_beam(decoder, final_states, LONGEST, 1, 3, 1.0)

    for i in range(5):
        alone, *_ = search_beam(decoder, final_states[i : i + 1], LONGEST, 1, 3, 1.0)
        assert_array_equal(classes[i], alone[0])


@torch.inference_mode()
def test_greedy_decoding_takes_the_most_likely_class_until_the_end(decoder):
    final_states = torch.randn(20, 5)

    _, classes, lengths = decode_greedily(decoder, final_states, LONGEST)

    for i in range(20):
        own = final_states[i : i + 1]
        state, previous, tokens = decoder.initial_state(own), None, []
        while len(tokens) < LONGEST:
            values = None if previous is None else torch.zeros(1, 0)
            _, logits, ends, state = decoder.step(own, state, values, previous)
            if tokens and ends[0] > 0:
                break
            tokens.append(int(logits[0].argmax()) + 1)
            previous = torch.tensor([[tokens[-1]]])
        assert classes[i, : lengths[i], 0].tolist() == tokens
        assert not classes[i, lengths[i] :].any()
    assert len(np.unique(lengths)) > 1


@torch.inference_mode()
def test_greedy_decoding_accepts_given_lengths(decoder):
    lengths = torch.tensor([1, 4, 2])

    _, classes, found = decode_greedily(decoder, torch.randn(3, 5), 4, lengths=lengths)

    assert_array_equal(found, lengths)
    assert_array_equal((classes[:, :, 0] > 0).sum(dim=1), lengths)


@torch.inference_mode()
def test_greedy_decoding_feeds_numeric_values_back():
    decoder = AutoregressiveDecoder(2, 5, 8).eval()
    final_states = torch.randn(1, 5)

    values, _, _ = decode_greedily(decoder, final_states, 3, lengths=torch.tensor([3]))

    state, previous, classes = decoder.initial_state(final_states), None, None
    for t in range(3):
        previous, _, _, state = decoder.step(final_states, state, previous, classes)
        classes = torch.empty(1, 0, dtype=torch.int64)
        assert_allclose(values[:, t], previous, atol=1e-6)


@torch.inference_mode()
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_teacher_forcing_computes_what_single_steps_compute(cell):
    decoder = AutoregressiveDecoder(
        2, 5, 8, cell=cell, num_layers=2, n_classes=(4, 3), missing_indicator=True
    ).eval()
    final_states, lengths = torch.randn(4, 5), torch.tensor([2, 5, 1, 3])
    values = torch.randn(4, 5, 2)
    values[1, 2, 0] = torch.nan
    classes = torch.randint(0, 4, (4, 5, 2))

    output = decoder.decode_states(final_states, lengths, values, classes)

    for i in range(4):
        own = final_states[i : i + 1]
        state, previous = decoder.initial_state(own), (None, None)
        for t in range(int(lengths[i]) + 1):
            decoded, logits, ends, state = decoder.step(own, state, *previous)
            if t:
                assert_allclose(output.ends[i, t - 1], ends[0], atol=1e-5)
            if t < lengths[i]:
                assert_allclose(output.values[i, t], decoded[0], atol=1e-5)
                assert_allclose(output.logits[i, t], logits[0], atol=1e-5)
                previous = values[i : i + 1, t], classes[i : i + 1, t]


def test_a_step_does_not_depend_on_later_ones():
    decoder = AutoregressiveDecoder(1, 5, 8, n_classes=(4,)).eval()
    final_states, lengths = torch.randn(1, 5), torch.tensor([4])
    values, classes = torch.randn(1, 4, 1), torch.randint(1, 4, (1, 4, 1))
    expected = decoder.decode_states(final_states, lengths, values, classes)
    values[:, 2:], classes[:, 2:] = 9.0, 1

    output = decoder.decode_states(final_states, lengths, values, classes)

    assert_allclose(output.logits[:, :3].detach(), expected.logits[:, :3].detach())
    assert not torch.allclose(output.logits[:, 3], expected.logits[:, 3])


@pytest.mark.parametrize(
    ("n_features", "n_classes"), [(1, ()), (0, (4,))], ids=["numeric", "categorical"]
)
def test_scheduled_sampling_replaces_true_steps_in_training_only(n_features, n_classes):
    decoder = AutoregressiveDecoder(n_features, 5, 8, n_classes=n_classes)
    final_states, lengths = torch.randn(3, 5), torch.tensor([4, 4, 4])
    values = torch.randn(3, 4, n_features)
    classes = torch.randint(1, 4, (3, 4, len(n_classes)))
    true = final_states, lengths, values, classes
    expected = decoder.decode_states(*true)
    decoder.sampling = 1.0

    sampled = decoder.decode_states(*true)

    predicted = decoder.heads.most_likely(expected.logits)
    decoder.sampling = 0.0
    judge = decoder.decode_states(final_states, lengths, expected.values, predicted)
    torch.testing.assert_close(sampled.values, judge.values)
    torch.testing.assert_close(sampled.logits, judge.logits)
    decoder.sampling = 1.0
    evaluated = decoder.eval().decode_states(*true)
    torch.testing.assert_close(evaluated.values, expected.values)
    torch.testing.assert_close(evaluated.logits, expected.logits)


def test_scheduled_sampling_keeps_missing_values_missing():
    decoder = AutoregressiveDecoder(1, 5, 8, n_classes=(4,), missing_indicator=True)
    lengths = torch.tensor([3])
    missing = torch.full((1, 3, 1), torch.nan), torch.zeros(1, 3, 1, dtype=torch.int64)
    final_states = torch.randn(1, 5)
    expected = decoder.decode_states(final_states, lengths, *missing)
    decoder.sampling = 1.0

    sampled = decoder.decode_states(final_states, lengths, *missing)

    torch.testing.assert_close(sampled.logits, expected.logits)

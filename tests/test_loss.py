"""The loss: which values count, and how much."""

import math

import numpy as np
import pytest
import torch

from sklearn_seqembed._network.decoder import DecoderOutput
from sklearn_seqembed._network.loss import (
    SequenceLoss,
    end_log_likelihood,
    weighted_errors,
)
from sklearn_seqembed._training.targets import END_WEIGHT, make_targets

NAN = float("nan")


def _slow_loss(values, ends, target, lengths):
    """The loss in plain loops over sequences, steps and features."""
    losses = []
    for i, length in enumerate(lengths):
        errors = [
            (values[i][t][f] - target[i][t][f]) ** 2
            for t in range(length)
            for f in range(len(target[i][t]))
            if not math.isnan(target[i][t][f])
        ]
        survival = 1.0
        for t in range(length - 1):
            survival *= 1 - 1 / (1 + math.exp(-ends[i][t]))
        end = survival / (1 + math.exp(-ends[i][length - 1]))
        losses.append(sum(errors) / len(errors) - END_WEIGHT * math.log(end))
    return sum(losses) / len(losses)


def test_loss_averages_over_observed_values_and_then_over_sequences():
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(3, 5, 2, generator=generator)
    ends = torch.randn(3, 5, generator=generator)
    target = torch.randn(3, 5, 2, generator=generator)
    target[0, 1, 0] = target[2, 0] = NAN
    lengths = torch.tensor([5, 2, 3])

    loss = SequenceLoss()(
        {"reconstruction": DecoderOutput(values, ends, logits=None)},
        {"reconstruction": make_targets(target.numpy(), lengths.numpy())},
    )

    expected = _slow_loss(
        values.tolist(), ends.tolist(), target.tolist(), lengths.tolist()
    )
    assert loss.item() == pytest.approx(expected, rel=1e-5)


def test_missing_values_and_padding_have_no_gradient():
    values = torch.zeros(1, 3, 1, requires_grad=True)
    target = np.array([[[1.0], [NAN], [5.0]]], dtype=np.float32)

    targets = make_targets(target, np.array([2]))
    weighted_errors(values, targets).sum().backward()

    assert values.grad.flatten().tolist() == [-2.0, 0.0, 0.0]


def test_parts_of_the_objective_have_equal_weight():
    ones = torch.ones(2, 3, 1)
    targets = {
        "reconstruction": make_targets(ones.numpy(), np.array([3, 3])),
        "forecast": make_targets(ones.numpy(), np.array([1, 2])),
    }
    ends = torch.zeros(2, 3)

    loss = SequenceLoss(learn_ends=False)(
        {
            "reconstruction": DecoderOutput(0 * ones, ends, logits=None),
            "forecast": DecoderOutput(4 * ones, ends, logits=None),
        },
        targets,
    )

    assert loss.item() == pytest.approx((1 + 9) / 2)


def test_a_part_without_observed_values_has_no_loss():
    values = torch.zeros(1, 2, 1, requires_grad=True)
    missing = np.full((1, 2, 1), NAN, dtype=np.float32)
    targets = make_targets(missing, np.array([2]))

    loss = SequenceLoss(learn_ends=False)(
        {"forecast": DecoderOutput(values, None, logits=None)}, {"forecast": targets}
    )
    loss.backward()

    assert loss.item() == 0
    assert values.grad.abs().sum() == 0


def test_end_probabilities_are_those_of_a_loop():
    ends = torch.randn(4, 50, generator=torch.Generator().manual_seed(0))

    probabilities = end_log_likelihood(ends).exp()

    for row, logits in zip(probabilities.tolist(), ends.tolist(), strict=True):
        survival = 1.0
        for probability, logit in zip(row, logits, strict=True):
            hazard = 1 / (1 + math.exp(-logit))
            assert probability == pytest.approx(survival * hazard, rel=1e-4)
            survival *= 1 - hazard
        # The rest is the probability that the sequence does not end in 50 steps.
        assert sum(row) == pytest.approx(1 - survival, rel=1e-5)

"""Inputs that the encoder reads at each time step."""

import pytest
import torch

from sklearn_seqembed._network.reader import (
    MAX_LOG_SCALE,
    InputReader,
    fill_missing,
)

NAN = float("nan")


@pytest.fixture(autouse=True)
def seed():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def test_missing_values_are_filled_from_before_then_from_after():
    numeric = torch.tensor([[[NAN, NAN], [1.0, NAN], [NAN, NAN], [4.0, NAN]]])

    filled = fill_missing(numeric, torch.isnan(numeric))

    assert filled[0].tolist() == [[1, 0], [1, 0], [1, 0], [4, 0]]


def test_each_sequence_is_also_read_in_normalized_form():
    reader = InputReader(2, instance_norm=True)
    numeric = torch.randn(3, 8, 2)
    lengths = torch.tensor([8, 6, 1])

    inputs = reader(numeric, lengths, for_random_features=True)

    for i, n in enumerate(lengths[:2]):
        own = numeric[i, :n]
        std, mean = torch.std_mean(own, dim=0, correction=0)
        expected = torch.cat([own, (own - mean) / std], dim=1)
        torch.testing.assert_close(inputs.values[i, :n], expected, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(inputs.log_scales[i], std.log())
        differences = expected.diff(dim=0, prepend=expected[:1])
        torch.testing.assert_close(
            inputs.differences[i, :n], differences, rtol=1e-4, atol=1e-4
        )
    assert inputs.values[2, 0].tolist() == [*numeric[2, 0].tolist(), 0, 0]
    assert inputs.is_padding.tolist() == [
        [step >= n for step in range(8)] for n in lengths
    ]


def test_missing_values_do_not_count_when_a_sequence_is_normalized():
    reader = InputReader(1, instance_norm=True)
    numeric = torch.tensor([[[1.0], [NAN], [3.0], [NAN]]])

    normalized = reader(numeric, torch.tensor([4])).values[0, :, 1]

    expected = torch.tensor([-1.0, -1.0, 1.0, 1.0])
    torch.testing.assert_close(normalized, expected, atol=1e-3, rtol=0)


@pytest.mark.parametrize("location", [0.0, 5.0, -300.0])
def test_rounding_errors_of_a_constant_sequence_are_not_scaled_up(location):
    reader = InputReader(1, instance_norm=True)
    numeric = torch.full((1, 1000, 1), location) * (1 + 1e-7 * torch.randn(1, 1000, 1))

    inputs = reader(numeric, torch.tensor([1000]))

    assert inputs.values[0, :, 1].abs().max() < 1
    assert inputs.log_scales.item() == 0


def test_calibrated_inputs_have_standard_deviation_one():
    reader = InputReader(1, instance_norm=True)
    numeric = torch.randn(50, 30, 1).cumsum(dim=1) * torch.rand(50, 1, 1)
    lengths = torch.full((50,), 30)

    reader.calibrate([(numeric[:20], lengths[:20]), (numeric[20:], lengths[20:])])
    inputs = reader(numeric, lengths, for_random_features=True)

    std = inputs.differences.flatten(0, 1).std(dim=0, correction=0)
    torch.testing.assert_close(std, torch.ones(2))
    log_std = numeric.std(dim=1, correction=0).log()
    expected = (log_std - log_std.mean()) / log_std.std(correction=0)
    expected = expected.clamp(-MAX_LOG_SCALE, MAX_LOG_SCALE)
    torch.testing.assert_close(inputs.log_scales, expected, rtol=1e-4, atol=1e-4)

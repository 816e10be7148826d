"""Random convolutions: kernels, thresholds, and independence of the batch."""

import numpy as np
import pytest
import torch

from sklearn_seqembed._network.convolutions import (
    N_KERNELS,
    N_THRESHOLDS,
    RandomConvolutions,
    choose_dilations,
)


@pytest.fixture(autouse=True)
def seed():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def _calibrated(n_channels=1, length=40, n_samples=30):
    convolutions = RandomConvolutions(n_channels, length)
    patches = torch.randn(n_samples, length, n_channels)
    n_patches = torch.full((n_samples,), length)
    convolutions.calibrate(patches, n_patches)
    return convolutions, patches, n_patches


@pytest.mark.parametrize(
    ("length", "expected"),
    [(1, [1]), (9, [1]), (33, [1, 2, 4]), (129, [1, 2, 4, 8, 16])],
)
def test_dilations_grow_until_a_kernel_spans_the_sequence(length, expected):
    dilations = choose_dilations(length)

    assert set(expected) <= set(dilations)
    assert dilations[0] == 1
    assert 8 * dilations[-1] <= max(8, length - 1)


def test_features_are_fractions_of_steps_above_thresholds():
    convolutions, patches, n_patches = _calibrated()
    convolutions.slopes.fill_(1e6)  # hard thresholds

    found = convolutions(patches, n_patches)

    first = 0
    for k, count in enumerate(convolutions.n_thresholds):
        dilation = convolutions.dilations[k]
        outputs = torch.nn.functional.conv1d(
            patches.transpose(1, 2),
            convolutions.weights * convolutions.masks[k][:, :, None],
            dilation=dilation,
            padding=4 * dilation,
        )
        for j in range(first, first + count):
            above = outputs > convolutions.thresholds[:, j : j + 1]
            expected = above.float().mean(dim=2)
            own = found[:, j * N_KERNELS : (j + 1) * N_KERNELS]
            torch.testing.assert_close(own, expected, rtol=0, atol=1e-3)
        first += count
    assert first == N_THRESHOLDS


def test_thresholds_are_quantiles_of_the_training_outputs():
    convolutions, patches, n_patches = _calibrated(n_samples=200)

    features = convolutions(patches, n_patches)

    # The levels are spread evenly over (0, 1), and so are the mean features.
    means = features.mean(dim=0).sort().values.numpy()
    np.testing.assert_allclose(means, np.linspace(0, 1, len(means)), atol=0.05)


@pytest.mark.parametrize("n_channels", [1, 3, 24])
def test_each_kernel_reads_some_of_the_channels(n_channels):
    masks = RandomConvolutions(n_channels, 40).masks

    sizes = masks.sum(dim=2)
    assert sizes.min() >= 1
    assert sizes.max() <= min(n_channels, 9)
    assert masks.sum(dim=(0, 1)).min() > 0


@pytest.mark.parametrize("padding", [0.0, 1e9, float("nan")])
def test_features_do_not_depend_on_padding_or_batch(padding):
    convolutions, patches, _ = _calibrated(2)
    lengths = [40, 17, 1]
    alone = torch.cat(
        [
            convolutions(patches[[i], :n], torch.tensor([n]))
            for i, n in enumerate(lengths)
        ]
    )

    batch = patches[:3].clone()
    for i, n in enumerate(lengths):
        batch[i, n:] = padding
    together = convolutions(batch, torch.tensor(lengths))

    torch.testing.assert_close(together, alone, rtol=1e-5, atol=1e-5)


def test_rounding_errors_hardly_change_the_features():
    """Many outputs for plateaus are equal to a threshold, up to rounding."""
    plateaus = torch.randint(3, (30, 8)).repeat_interleave(5, dim=1)[:, :, None]
    convolutions = RandomConvolutions(1, 40)
    convolutions.calibrate(plateaus.float(), torch.full((30,), 40))

    found, disturbed = (
        convolutions(plateaus + noise, torch.full((30,), 40))
        for noise in (0.0, 1e-7 * torch.randn(30, 40, 1))
    )

    assert (found - disturbed).abs().max() < 1e-4

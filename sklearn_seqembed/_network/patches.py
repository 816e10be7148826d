"""Patches: successive time steps that the cells read as one."""

import torch

from sklearn_seqembed._network.tracing import is_traced


def count_patch_inputs(n_step_inputs, patch_size):
    """Return the number of values of a patch, given the number per time step."""
    return (n_step_inputs + (patch_size > 1)) * patch_size


def count_patches(n_steps, patch_size):
    """Return the number of patches of a number, or a tensor of numbers, of steps."""
    # Not -(-n // size): ONNX rounds a negative quotient of integers up.
    return (n_steps + patch_size - 1) // patch_size


def join_steps(x, is_padding, patch_size, *, repeat_last=True):
    """Join every `patch_size` time steps into one patch.

    Parameters
    ----------
    x : float32 tensor of shape (N, L, ·)
        Values of each time step.
    is_padding : bool tensor of shape (N, L)
        Whether the sequence has ended before this step.
    patch_size : int
        Time steps in a patch.
    repeat_last : bool, default=True
        Fill a last patch that extends beyond step L with copies of that step. With
        False, fill it with 0, which is the difference between two copies.

    Returns
    -------
    float32 tensor of shape (N, P, D)
        The patches. If they have more than one step, each step has one more value, an
        indicator that is 1 where the sequence has ended. Patches after the end of a
        sequence are arbitrary.
    """
    if patch_size == 1:
        return x
    x = torch.cat([x, is_padding[:, :, None].to(x.dtype)], dim=2)  # (N, L, · + 1)
    n_patches = count_patches(x.shape[1], patch_size)
    n_missing = n_patches * patch_size - x.shape[1]
    if is_traced() or n_missing:
        last = x[:, -1:] if repeat_last else torch.zeros_like(x[:, -1:])
        last = torch.cat([last[:, :, :-1], torch.ones_like(last[:, :, -1:])], dim=2)
        x = torch.cat([x, last.expand(-1, n_missing, -1)], dim=1)
    return x.reshape(x.shape[0], n_patches, patch_size * x.shape[2])  # (N, P, D)


def average_steps(x, patch_size):
    """Average every `patch_size` time steps of x (N, L, ·): (N, P, ·).

    A last patch that extends beyond step L is filled with copies of that step.
    """
    if patch_size == 1:
        return x
    n_patches = count_patches(x.shape[1], patch_size)
    n_missing = n_patches * patch_size - x.shape[1]
    if is_traced() or n_missing:
        x = torch.cat([x, x[:, -1:].expand(-1, n_missing, -1)], dim=1)
    return x.unflatten(1, (n_patches, patch_size)).mean(dim=2)

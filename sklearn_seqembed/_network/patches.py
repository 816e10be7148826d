"""Patches: consecutive time steps that enter the cells together."""

import torch


def count_patch_inputs(n_step_inputs, patch_size):
    """Return how many values a patch has, given those of a time step."""
    return (n_step_inputs + (patch_size > 1)) * patch_size


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
        Complete a last patch that reaches beyond step L with copies of that step; with
        False, with 0, which is the difference between such copies.

    Returns
    -------
    float32 tensor of shape (N, P, D)
        The patches. If they have more than one step, an indicator next to each step is
        1 where the sequence has ended. Patches after its end are arbitrary.
    """
    if patch_size == 1:
        return x
    x = torch.cat([x, is_padding[:, :, None].to(x.dtype)], dim=2)  # (N, L, · + 1)
    n_missing = -x.shape[1] % patch_size
    if n_missing:
        last = x[:, -1:] if repeat_last else torch.zeros_like(x[:, -1:])
        last = torch.cat([last[:, :, :-1], torch.ones_like(last[:, :, -1:])], dim=2)
        x = torch.cat([x, last.expand(-1, n_missing, -1)], dim=1)
    return x.reshape(len(x), -1, patch_size * x.shape[2])  # (N, P, D)

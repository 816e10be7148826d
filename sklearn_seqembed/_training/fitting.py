"""How the loss is minimised: the net is put together and run for some epochs.

What one batch does is in `net.py`. Stopping and the schedule are skorch's callbacks;
ours, for what skorch lacks or is slow at, are in `callbacks.py`.
"""

import warnings

import torch
from sklearn.base import clone
from skorch.callbacks import EarlyStopping, LRScheduler
from skorch.helper import predefined_split

from sklearn_seqembed._network.loss import SequenceLoss
from sklearn_seqembed._training.batching import OrderedBatches, TrainingBatches
from sklearn_seqembed._training.callbacks import (
    BestWeights,
    FiniteLoss,
    NormClipping,
    Progress,
    ScheduledSampling,
)
from sklearn_seqembed._training.devices import keep_freed_memory
from sklearn_seqembed._training.net import SequenceNet

# Largest norm of the gradient: sequitur's value, and in the range of others (.25 to 5).
CLIP_NORM = 1.0

# Where Adam's whole step is one kernel: the loop over weights took 7 % of a batch.
FUSED = ("cpu", "cuda", "mps")


def build_net(
    network, module_params, *, class_scales, lr, weight_decay, batch_size, device
):
    """Put a skorch net together and initialise it.

    Parameters
    ----------
    network : type
        Class of the module.
    module_params : dict
        Its arguments.
    class_scales : tuple of float
        As of :class:`SequenceLoss`.
    lr, batch_size, device
        As in skorch, all settled.
    weight_decay : float
        Share of each weight, times the learning rate, that is taken off it at each
        batch. With 0 the optimiser is Adam.

    Returns
    -------
    SequenceNet
        The net, with new weights.
    """
    net = SequenceNet(
        network,
        criterion=SequenceLoss,
        criterion__class_scales=class_scales,
        optimizer=torch.optim.AdamW,
        optimizer__weight_decay=weight_decay,
        optimizer__fused=torch.device(device).type in FUSED,
        lr=lr,
        batch_size=batch_size,
        iterator_train=TrainingBatches,
        iterator_valid=OrderedBatches,
        train_split=None,
        device=device,
        # For callbacks of the user that print. skorch's own log is left out.
        verbose=1,
        callbacks__print_log=None,
        **{f"module__{name}": value for name, value in module_params.items()},
    )
    net.initialize()
    net.module_.float()  # torch's default may have been set to another dtype
    return net


def train(
    net,
    dataset,
    validation=None,
    *,
    max_epochs,
    lr_schedule=None,
    n_iter_no_change=None,
    scheduled_sampling=0.0,
    callbacks=(),
    verbose=0,
):
    """Train a net for some epochs more, and warn or raise if that was disturbed.

    Parameters
    ----------
    net : SequenceNet
        An initialised net. It keeps no reference to the data.
    dataset : SequenceDataset
        What to train on.
    validation : SequenceDataset, default=None
        What to stop by: the weights of the best epoch are restored.
    max_epochs : int
        Largest number of epochs.
    lr_schedule : {"onecycle", None}, default=None
        Schedule of the learning rate over all batches of these epochs; None holds it.
    n_iter_no_change : int, default=None
        Epochs without a lower validation loss after which training stops.
    scheduled_sampling : float, default=0.0
        Share of the steps at which a decoder reads what it said itself at the end of
        training, risen to from 0.
    callbacks : sequence, default=()
        The user's callbacks; clones of them run.
    verbose : int, default=0
        Whether to show a bar.

    Raises
    ------
    ValueError
        If the loss became NaN or infinite.
    """
    n_batches = -(-len(dataset) // net.batch_size)
    ours = [
        ("seqembed_clipping", NormClipping(CLIP_NORM)),
        ("seqembed_finite", FiniteLoss()),
    ]
    if lr_schedule == "onecycle":
        # With a total of 1 the only step would have the last, lowest rate.
        total = max(2, max_epochs * n_batches)
        ours.append(("seqembed_schedule", _one_cycle(net.lr, total)))
    if scheduled_sampling:
        decoder = net.module_.decoders["prediction"]
        rising = ScheduledSampling(decoder, scheduled_sampling, max_epochs * n_batches)
        ours.append(("seqembed_sampling", rising))
    ours.append(("seqembed_best", BestWeights()))
    if verbose:
        ours.append(("seqembed_progress", Progress(max_epochs, n_batches)))
    stopping = []
    if validation is not None:
        patience = EarlyStopping(patience=n_iter_no_change, sink=_silent)
        stopping.append(("seqembed_stopping", patience))
    # EarlyStopping ends the epoch's round of callbacks: it comes last.
    net.callbacks = [*ours, *clone(list(callbacks), safe=False), *stopping]
    net.initialize_callbacks()
    net.train_split = None if validation is None else predefined_split(validation)
    for group in net.optimizer_.param_groups:  # a schedule leaves its last rate behind
        group["lr"] = net.lr
    before = len(net.history)
    keep_freed_memory()
    try:
        net.partial_fit(dataset, None, epochs=max_epochs)
    finally:
        net.train_split = None  # it holds the validation sequences
    _report(net, len(net.history) - before)


def _report(net, n_epochs):
    """Raise or warn if training did not end by itself."""
    if net.failed_:
        raise ValueError(
            f"The loss became NaN or infinite after {n_epochs} whole epoch(s). Lower "
            f"lr, now {net.lr:g}, keep scaler='standard', and look for extreme values "
            "in X."
        )
    if net.interrupted_:
        what = (
            "the weights of its best epoch are kept"
            if n_epochs
            else "no epoch was finished, the weights are those of the moment"
        )
        warnings.warn(
            f"Training was interrupted after {n_epochs} epoch(s): {what}.",
            UserWarning,
            stacklevel=6,
        )


def _one_cycle(lr, total_steps):
    """Rise to `lr` over the first 30 % of the batches, fall to nearly 0 by the last."""
    return LRScheduler(
        torch.optim.lr_scheduler.OneCycleLR,
        step_every="batch",
        event_name=None,
        max_lr=lr,
        total_steps=total_steps,
        last_epoch=-1,  # else skorch goes on from the epochs before a warm start
        cycle_momentum=False,
    )


def _silent(*args, **kwargs):
    """Print nothing; a lambda could not be pickled."""

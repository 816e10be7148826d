"""Construction of a net, and its training over some epochs.

The training step is in `net.py`. Early stopping and the learning rate schedule are
callbacks of skorch. The other callbacks are in `callbacks.py`.
"""

import math

import torch
from skorch.callbacks import EarlyStopping
from skorch.helper import predefined_split

from sklearn_seqembed._data.messages import count, warn_user
from sklearn_seqembed._network.initial import weight_generator
from sklearn_seqembed._network.loss import SequenceLoss
from sklearn_seqembed._training.batching import OrderedBatches, TrainingBatches
from sklearn_seqembed._training.callbacks import (
    BestWeights,
    ClosedFormStopping,
    FinalCall,
    FiniteLoss,
    ForecastShare,
    LearningRate,
    LongTrainingHint,
    NormClipping,
    Progress,
    Projection,
    Schedule,
    ScheduledSampling,
    ignore,
)
from sklearn_seqembed._training.devices import keep_freed_memory
from sklearn_seqembed._training.fit_tasks import EpochTasks, TaskStopping
from sklearn_seqembed._training.net import SequenceNet
from sklearn_seqembed._training.process import flush_denormals
from sklearn_seqembed._training.randomness import set_generator
from sklearn_seqembed._training.user_callbacks import check_callbacks, copy_callbacks
from sklearn_seqembed._training.workers import current_workers

# Largest norm of the gradient. It is the value of sequitur; other LSTM autoencoders use
# .25 to 5. It was not tuned.
CLIP_NORM = 1.0


def build_net(
    network,
    module_params,
    *,
    class_scales,
    lr,
    weight_decay,
    batch_size,
    device,
    generator=None,
    for_training=True,
):
    """Build and initialize a skorch net.

    Parameters
    ----------
    network : type
        Class of the module.
    module_params : dict
        Arguments of the module.
    class_scales : tuple of float
        As in :class:`SequenceLoss`.
    lr, batch_size, device
        As in skorch, without "auto".
    weight_decay : float
        Weight decay of AdamW. In each batch, this times the learning rate is the
        fraction of each weight that is subtracted. With 0 the optimizer is Adam.
    generator : torch.Generator, default=None
        Generator of the initial weights. None is torch's default generator.
    for_training : bool, default=True
        Whether to build the optimizer.

    Returns
    -------
    SequenceNet
        The net, with new weights.
    """
    # On a CPU, one kernel for the whole step of AdamW takes 60 instead of 235 us per
    # batch with 16 cells (benchmarks/README.md, "Trials"). On other devices torch
    # chooses.
    fused = True if torch.device(device).type == "cpu" else None
    optimizer = {
        "optimizer": torch.optim.AdamW,
        "optimizer__weight_decay": weight_decay,
        "optimizer__fused": fused,
    }
    net = SequenceNet(
        network,
        criterion=SequenceLoss,
        criterion__class_scales=class_scales,
        **(optimizer if for_training else {"optimizer": None}),
        lr=lr,
        batch_size=batch_size,
        iterator_train=TrainingBatches,
        iterator_valid=OrderedBatches,
        train_split=None,
        device=device,
        # verbose=1 lets callbacks of the user print. skorch's own log is removed.
        verbose=1,
        callbacks__print_log=None,
        # skorch cannot concatenate our targets, which are dicts of tensors.
        use_caching=False,
        **{f"module__{name}": value for name, value in module_params.items()},
    )
    token = weight_generator.set(generator)
    try:
        net.initialize()
    finally:
        weight_generator.reset(token)
    net.weight_decay = weight_decay
    net.module_.float()  # the user may have changed torch's default dtype
    return net


def train(
    net,
    dataset,
    validation=None,
    *,
    generator,
    interrupts,
    max_epochs,
    projected=None,
    lr_schedule=None,
    n_iter_no_change=10,
    fallback=None,
    compared=None,
    last_step=None,
    scheduled_sampling=0.0,
    callbacks=(),
    recorder=None,
    tasks=None,
    verbose=0,
):
    """Train a net for more epochs, and warn or raise if training ended early.

    Parameters
    ----------
    net : SequenceNet
        An initialized net. It keeps no reference to the data.
    dataset : SequenceDataset or PairDataset
        The training data.
    validation : SequenceDataset or PairDataset, default=None
        Data for early stopping; the weights of the best epoch are restored.
    generator : torch.Generator
        Generator of the random numbers that the module draws in training.
    interrupts : Interrupts
        Handles Ctrl-C.
    max_epochs : int
        Largest number of epochs.
    projected : SequenceDataset, default=None
        Sequences from which the projection of states to vectors is learned after the
        last epoch; None keeps it.
    lr_schedule : {"onecycle", None}, default=None
        Schedule of the learning rate over all batches of these epochs; None keeps the
        rate constant.
    n_iter_no_change : int, default=10
        Training stops after this many epochs without a lower validation loss.
    fallback : LinearFit, default=None
        Linear map to use if training does not reduce the validation loss. None keeps
        whatever training yields.
    compared : SequenceDataset or PairDataset, default=None
        Training data on which a linear forecast is compared with its mean with the
        cells, if there is no validation.
    last_step : callable, default=None
        Function of a net that is called after the last epoch, before the user's
        callbacks are told of the end.
    scheduled_sampling : float, default=0.0
        Fraction of the steps at which a decoder reads its own outputs at the end of the
        training. It rises from 0.
    callbacks : sequence, default=()
        The user's callbacks of skorch. Copies of them are called.
    recorder : CheckpointRecorder, default=None
        Writes checkpoints, and restores the state of a training that it continues.
    tasks : FitTasks, default=None
        Tasks of scikit-learn's callbacks, if the user set some.
    verbose : int, default=0
        Whether to show a progress bar.

    Raises
    ------
    ValueError
        If the loss became NaN or infinite, or if a callback monitors a validation loss
        without validation.
    """
    if max_epochs:
        check_callbacks(callbacks, validation is not None, lr_schedule is not None)
    n_batches = -(-len(dataset) // net.batch_size)
    workers = current_workers.get()
    if workers is not None and max_epochs:
        workers.start(net, len(dataset), n_batches)
        generator = workers.make_generator(generator)
    ours = [
        ("seqembed_clipping", NormClipping(CLIP_NORM)),
        ("seqembed_finite", FiniteLoss()),
        ("seqembed_rate", LearningRate()),
    ]
    if lr_schedule == "onecycle":
        # With a total of 1, the only batch would have the last rate, which is almost 0.
        total = max(2, max_epochs * n_batches)
        ours.append(("seqembed_schedule", _make_one_cycle(net.lr, total)))
    if scheduled_sampling:
        decoder = net.module_.decoders["prediction"]
        sampling = ScheduledSampling(
            decoder, scheduled_sampling, max_epochs * n_batches
        )
        ours.append(("seqembed_sampling", sampling))
    start_loss = math.inf if fallback is None else net.compute_loss(validation)
    ours.append(("seqembed_best", BestWeights(start_loss, fallback)))
    if compared is not None:
        ours.append(("seqembed_share", ForecastShare(validation, compared, fallback)))
    if projected is not None:
        # Before the user's callbacks, which may save the finished network.
        ours.append(("seqembed_projection", Projection(projected)))
    if last_step is not None:
        ours.append(("seqembed_last_step", FinalCall(last_step)))
    if verbose and max_epochs:
        ours.append(("seqembed_progress", Progress(max_epochs, n_batches)))
    elif not verbose:
        ours.append(("seqembed_hint", LongTrainingHint(max_epochs * n_batches)))
    stopping = []
    if validation is not None:
        early_stopping = EarlyStopping(patience=n_iter_no_change, sink=ignore)
        if fallback is not None:
            early_stopping = ClosedFormStopping(start_loss, n_iter_no_change)
        stopping.append(("seqembed_stopping", early_stopping))
    if tasks is not None:
        # Before the user's callbacks, which may stop the training.
        epochs = EpochTasks(tasks)
        ours.append(("seqembed_tasks", epochs))
        stopping.insert(0, ("seqembed_task_stopping", TaskStopping(epochs)))
    # EarlyStopping comes last: when it stops, skorch skips the callbacks after it.
    net.callbacks = [*ours, *copy_callbacks(callbacks), *stopping]
    n_epochs = max_epochs
    if recorder is not None:
        # After all others, whose state it writes and restores.
        net.callbacks.append(("seqembed_recorder", recorder))
        n_epochs -= recorder.n_done
    net.initialize_callbacks()
    net.train_split = None if validation is None else predefined_split(validation)
    for group in net.optimizer_.param_groups:  # an earlier schedule ended near 0
        group["lr"] = net.lr
    n_before = len(net.history)
    keep_freed_memory()
    set_generator(net.module_, generator)
    net.interrupts = interrupts
    interrupts.install()
    flush_denormals()
    try:
        net.partial_fit(dataset, None, epochs=n_epochs)
    finally:
        _release(net)
    _check_end(net, len(net.history) - n_before)


def describe_result(net, history, max_epochs):
    """Tell why training ended, and whether it improved on the linear map.

    Parameters
    ----------
    net : SequenceNet
        The trained net.
    history : list of dict
        One for each epoch, with "valid_loss".
    max_epochs : int
        Largest number of epochs.
    """
    start = dict(net.callbacks_)["seqembed_best"].start_loss
    lowest = min((row["valid_loss"] for row in history), default=start)
    ended = f"Training ended after {count(len(history), 'epoch')}"
    if len(history) < max_epochs and not net.interrupted_:
        ended += (
            f" of {max_epochs}, since the last ones did not lower the validation loss"
        )
    result = (
        f"reduced the validation loss from {start:.4g} to {lowest:.4g}"
        if net.module_.encoder.is_trained
        else f"did not reduce the validation loss of the linear map, {start:.4g}, "
        "noticeably, and is not used"
    )
    return f"{ended}. It {result}."


def _check_end(net, n_epochs):
    """Raise if training failed, warn if it was interrupted."""
    if net.failed_:
        raise ValueError(
            f"The loss became NaN or infinite after {count(n_epochs, 'whole epoch')}. "
            f"Lower lr, now {net.lr:g}, keep the scalers at 'standard', and check the "
            "data for extreme values."
        )
    if net.interrupted_:
        encoder = net.module_.encoder
        if encoder.linear is not None and not encoder.is_trained:
            kept = "it had not improved on the linear map, which is kept"
        elif n_epochs:
            kept = "the weights of its best epoch are kept"
        else:
            kept = "no epoch was finished, so the current weights are kept"
        warn_user(f"Training was interrupted after {count(n_epochs, 'epoch')}: {kept}.")


def _make_one_cycle(lr, total_steps):
    """Make a schedule that rises to `lr` over 30 % of the batches and falls to 0."""
    return Schedule(
        torch.optim.lr_scheduler.OneCycleLR,
        step_every="batch",
        event_name=None,
        max_lr=lr,
        total_steps=total_steps,
        last_epoch=-1,  # skorch would continue after the epochs before a warm start
        cycle_momentum=False,
    )


def _release(net):
    """Release what only a training needs; a net keeps no data and can be pickled."""
    net.train_split = None  # it refers to the validation data
    net.interrupts = None
    set_generator(net.module_, None)
    for _, callback in net.callbacks_:
        if isinstance(callback, Progress):
            callback.close()  # after an error, `on_train_end` was not called

"""The user's skorch callbacks: copies that a fit may change, and their checks."""

from skorch.callbacks import (
    BatchScoring,
    Checkpoint,
    EarlyStopping,
    EpochScoring,
    LRScheduler,
    WandbLogger,
)

from sklearn_seqembed._data.messages import warn_user

# Entries of the history that exist only if sequences are held out.
_VALIDATION_LOSSES = ("valid_loss", "valid_loss_best")


def copy_callbacks(callbacks):
    """Copy callbacks, but share with the copies what they hold.

    A deep copy, which scikit-learn makes of parameters, is impossible for open files,
    connections and locks, and leaves lists of the user empty. skorch's loggers hold
    such objects. The state that a callback sets on itself belongs to the copy.

    Parameters
    ----------
    callbacks : list or tuple
        Callbacks, classes of them, or pairs of a name and either.

    Returns
    -------
    list or tuple
        The copies, in the same order. Classes are not copied.
    """
    return type(callbacks)([_copy_item(item) for item in callbacks])


def _copy_item(item):
    if isinstance(item, (tuple, list)):
        return (*item[:-1], _copy_item(item[-1]))
    if isinstance(item, type):
        return item
    # Not copy.copy, which leaves out what a callback leaves out of its pickles.
    copied = object.__new__(type(item))
    copied.__dict__ = dict(vars(item))
    return copied


def check_callbacks(callbacks, has_validation, has_schedule):
    """Check that callbacks fit the training.

    Parameters
    ----------
    callbacks : sequence
        As for :func:`copy_callbacks`.
    has_validation : bool
        Whether sequences are held out.
    has_schedule : bool
        Whether the learning rate follows a schedule of ours.

    Raises
    ------
    ValueError
        If a callback needs a validation loss, but there is none, or if it scores the
        net by the name of a metric.
    """
    for item in callbacks:
        callback = item[-1] if isinstance(item, (tuple, list)) else item
        if callback in (Checkpoint, EarlyStopping, LRScheduler):
            callback = callback()  # a class: these have defaults
        name = type(callback).__name__
        if isinstance(callback, (BatchScoring, EpochScoring)):
            _check_scoring(callback.scoring, name)
        if not has_validation:
            _check_monitor(callback, name)
        if isinstance(callback, LRScheduler) and has_schedule:
            warn_user(
                f"The learning rates of {name} in callbacks are overwritten by "
                "lr_schedule='onecycle' at each batch. Set lr_schedule=None to use "
                f"{name}."
            )


def _check_monitor(callback, name):
    """Raise an error if a callback needs a validation loss."""
    monitor = getattr(callback, "monitor", None)
    if isinstance(callback, Checkpoint):
        remedy = "monitor='train_loss_best', or to monitor=None to save every epoch"
    elif isinstance(callback, EarlyStopping) or _is_plateau(callback):
        remedy = "monitor='train_loss'"
    elif isinstance(callback, WandbLogger) and callback.save_model:
        # It saves the network when its loss is the best.
        monitor, remedy = "valid_loss_best", "save_model=False"
    else:
        return
    if isinstance(monitor, str) and monitor in _VALIDATION_LOSSES:
        raise ValueError(
            f"{name} in callbacks reads {monitor!r}, but no sequences are held out. "
            f"Call fit with early_stopping=True to hold out some, or set {name} to "
            f"{remedy}."
        )


def _is_plateau(callback):
    """Return whether a callback lowers the learning rate when its monitor stalls."""
    policy = getattr(callback, "policy", None)
    return getattr(policy, "__name__", policy) == "ReduceLROnPlateau"


def _check_scoring(scoring, name):
    if not callable(scoring):
        raise ValueError(
            f"{name} in callbacks needs a function of (net, X, y), got {scoring!r}: it "
            "scores the net, whose targets are tensors of encoded values. To score the "
            "estimator in each epoch, pass sklearn.callback.ScoringMonitor to "
            "set_callbacks (scikit-learn 1.9 or later)."
        )

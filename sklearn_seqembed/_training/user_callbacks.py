"""The user's skorch callbacks: copies that a fit may change, and their checks."""

from skorch.callbacks import (
    BatchScoring,
    Checkpoint,
    EarlyStopping,
    EpochScoring,
    LRScheduler,
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
        If a callback monitors the validation loss, but there is none, or if it scores
        predictions by the name of a metric.
    """
    for item in callbacks:
        callback = item[-1] if isinstance(item, (tuple, list)) else item
        if isinstance(callback, type) and issubclass(
            callback, (Checkpoint, EarlyStopping, LRScheduler)
        ):
            callback = callback()  # to read its defaults
        name = type(callback).__name__
        if isinstance(callback, (BatchScoring, EpochScoring)):
            _check_scoring(callback.scoring, name)
        monitor = getattr(callback, "monitor", None)
        is_validated = isinstance(monitor, str) and monitor in _VALIDATION_LOSSES
        if is_validated and not has_validation and _needs_monitor(callback):
            other = monitor.replace("valid", "train")
            remedy = f"or {name}(monitor={other!r}) for the training loss"
            if isinstance(callback, Checkpoint):
                remedy += ", or monitor=None to save every epoch"
            raise ValueError(
                f"{name} monitors {monitor!r}, but no sequences are held out for "
                f"validation. Pass early_stopping=True to hold out some in fit, "
                f"{remedy}."
            )
        if isinstance(callback, LRScheduler) and has_schedule:
            warn_user(
                f"The learning rates of {name} in callbacks are overwritten by "
                "lr_schedule='onecycle' at each batch. Set lr_schedule=None to use "
                f"{name}."
            )


def _check_scoring(scoring, name):
    if not callable(scoring):
        raise ValueError(
            f"{name} in callbacks needs a function of (net, X, y), got {scoring!r}: it "
            "scores the net, whose targets are tensors of encoded values. To score the "
            "estimator in each epoch, pass sklearn.callback.ScoringMonitor to "
            "set_callbacks (scikit-learn 1.9 or later)."
        )


def _needs_monitor(callback):
    """Return whether a callback fails if its `monitor` is not in the history."""
    if isinstance(callback, LRScheduler):
        policy = getattr(callback.policy, "__name__", callback.policy)
        return policy == "ReduceLROnPlateau"
    return isinstance(callback, (Checkpoint, EarlyStopping))

"""scikit-learn's callbacks: each `fit` is a task, and so is each of its epochs.

They exist since scikit-learn 1.9. With older versions nothing here is used.
"""

import copy

from skorch.callbacks import Callback

from sklearn_seqembed._training.callbacks import FinalStep
from sklearn_seqembed._training.randomness import set_generator

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # scikit-learn < 1.9

    class CallbackSupportMixin:
        """Without `set_callbacks`, which scikit-learn does not have."""

    def with_callbacks(method):
        """Return the method."""
        return method


@with_callbacks
def run_with_callbacks(estimator, function, *args):
    """Call a function, after which scikit-learn lets the callbacks clean up."""
    return function(*args)


class FitTasks:
    """Tell scikit-learn's callbacks of an estimator when `fit` and its epochs run.

    Parameters
    ----------
    estimator : estimator
        The user's estimator, which holds the callbacks.
    X, y : object
        The user's data. Without y, a sequence is its own target.
    """

    def __init__(self, estimator, X, y):
        self.estimator = estimator
        self._data = {"estimator": estimator, "X": X, "y": X if y is None else y}

    def begin(self, max_epochs, rebuild):
        """Begin the task of the fit.

        Parameters
        ----------
        max_epochs : int
            Largest number of epochs.
        rebuild : callable
            It takes a net, and returns the attributes that `fit` would have learned if
            training had ended with that net.
        """
        self._rebuild = rebuild
        self._fit = self.estimator._init_callback_context(max_subtasks=max_epochs)
        self._fit.call_on_fit_task_begin(**self._data)

    def end(self, attributes):
        """End the task of the fit, with what was learned."""
        self._fit.call_on_fit_task_end(
            **self._data, reconstruction_attributes=attributes
        )

    def begin_epoch(self):
        """Begin the task of an epoch."""
        self._epoch = self._fit.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(**self._data)

    def end_epoch(self, net):
        """End the task of an epoch, and return whether training should stop."""
        # scikit-learn calls the function only if a callback needs an estimator.
        return self._epoch.call_on_fit_task_end(
            **self._data,
            reconstruction_attributes=lambda: self._rebuild(finish_copy(net)),
        )


class EpochTasks(Callback):
    """Let each epoch be a task.

    Parameters
    ----------
    tasks : FitTasks
        The tasks of the fit.
    """

    def __init__(self, tasks):
        self.tasks = tasks

    def on_train_begin(self, net, **kwargs):
        """Reset the state."""
        self.should_stop_ = False

    def on_epoch_begin(self, net, **kwargs):
        """Begin the task."""
        self.tasks.begin_epoch()

    def on_epoch_end(self, net, **kwargs):
        """End the task."""
        self.should_stop_ = self.tasks.end_epoch(net)

    def on_train_end(self, net, **kwargs):
        """Release the estimator and the data."""
        self.tasks = None


class TaskStopping(Callback):
    """Stop training if a callback of scikit-learn asked for it.

    It comes last: when it stops, skorch skips the callbacks after it.

    Parameters
    ----------
    epochs : EpochTasks
        The callback that was told.
    """

    def __init__(self, epochs):
        self.epochs = epochs

    def on_epoch_end(self, net, **kwargs):
        """Stop training as skorch's EarlyStopping does."""
        if self.epochs.should_stop_:
            raise KeyboardInterrupt


def finish_copy(net):
    """Copy a net in training, and finish the copy as if the training ended now.

    The weights are those of the last epoch, also if earlier ones were better.

    Parameters
    ----------
    net : SequenceNet
        The net.

    Returns
    -------
    SequenceNet
        The copy.
    """
    copied = copy.deepcopy(net)
    set_generator(copied.module_, None)
    for _, callback in net.callbacks_:
        if isinstance(callback, FinalStep):
            callback.finish(copied)
    return copied

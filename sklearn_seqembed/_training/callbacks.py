"""Callbacks that skorch does not have, or that are faster than those of skorch."""

import functools
import logging
import math
import time
import warnings

import torch
from skorch.callbacks import Callback, EarlyStopping, LRScheduler

from sklearn_seqembed._data.messages import count
from sklearn_seqembed._network.linear_forecast import SHARES

LOGGER = logging.getLogger("sklearn_seqembed")

# After so many seconds the remaining time of a training is estimated, and the user gets
# a hint if it is at least so many seconds. They were not tuned.
HINT_AFTER_SECONDS = 5
HINTED_SECONDS = 45

# Training that starts from a closed form is kept if it reduces the validation loss by
# at least the first fraction. It was not tuned. For the mean of a linear forecast and
# that of trained cells, the second one suffices, because a mean is seldom much worse
# than the better of the two. Unequal weights must lower the loss by as much again.
MIN_IMPROVEMENT = 0.05
MIN_FORECAST_IMPROVEMENT = 0.01


class NormClipping(Callback):
    """Clip the joint norm of all gradients.

    Unlike skorch's GradientNormClipping, it collects the weights only once per
    training: in a small network, collecting them takes as long as clipping.

    Parameters
    ----------
    max_norm : float
        Largest norm.
    """

    def __init__(self, max_norm):
        self.max_norm = max_norm

    def on_train_begin(self, net, **kwargs):
        """Collect the weights."""
        self.weights_ = list(net.module_.parameters())

    def on_grad_computed(self, net, **kwargs):
        """Clip the gradients of a batch."""
        torch.nn.utils.clip_grad_norm_(self.weights_, self.max_norm)

    def on_train_end(self, net, **kwargs):
        """Release the weights."""
        self.weights_ = None


class LearningRate(Callback):
    """Record the learning rate at the end of each epoch as "lr" in the history."""

    def on_epoch_end(self, net, **kwargs):
        """Record it."""
        net.history.record("lr", float(net.optimizer_.param_groups[0]["lr"]))


class FiniteLoss(Callback):
    """Stop training at the first loss that is not finite.

    Like skorch's EarlyStopping, it lets all callbacks run at the end of the training.
    `train` then raises the error. On an accelerator it checks only once per epoch,
    because every check waits for the accelerator. After the last update it computes the
    loss of the last batch again.

    Attributes
    ----------
    failed_ : bool
        Whether a loss was not finite.
    """

    def on_train_begin(self, net, **kwargs):
        """Reset the state."""
        self.failed_ = False
        self.batch_ = None

    def on_batch_end(self, net, training, batch, loss, **kwargs):
        """Check the loss of a batch."""
        if training:
            self.batch_ = batch
            if loss.device.type == "cpu":
                self._stop_unless_finite(loss)

    def on_epoch_end(self, net, **kwargs):
        """Check the loss of an epoch."""
        self._stop_unless_finite(net.history[-1, "train_loss"])

    def on_train_end(self, net, **kwargs):
        """Check the loss after the last update."""
        # The loss of a batch is computed before the update of the weights, so no loss
        # reflects the last update yet.
        if self.batch_ is not None and not self.failed_:
            loss = net.validation_step(self.batch_)["loss"]
            self.failed_ = not math.isfinite(loss.item())
        self.batch_ = None

    def _stop_unless_finite(self, loss):
        if not math.isfinite(loss):
            self.failed_ = True
            raise KeyboardInterrupt  # skorch ends the training, but not the program


class BestWeights(Callback):
    """Keep the weights of the best epoch in memory, and restore them if needed.

    The best epoch is the one with the lowest validation loss or, without validation,
    with the lowest training loss. Its weights are restored after a training with
    validation, and after Ctrl-C if an epoch was finished. A complete training without
    validation keeps its last weights, because the learning rate schedule is made for
    them.

    Parameters
    ----------
    start_loss : float, default=inf
        Validation loss before training, if training may turn out to be useless. The
        initial weights are then kept unless an epoch reduces the loss noticeably.
    fallback : LinearFit or ForecastFit, default=None
        Closed form to load in that case.

    Attributes
    ----------
    kept_ : int
        Number of the best epoch in the history, from 1 on; 0 stands for the initial
        weights.
    used_epoch_ : int or None
        Number of the epoch whose weights the net has after the training; 0 stands for
        the initial weights. None if the weights are those of an unfinished epoch.
    """

    def __init__(self, start_loss=math.inf, fallback=None):
        self.start_loss, self.fallback = start_loss, fallback

    def on_train_begin(self, net, **kwargs):
        """Reset the state."""
        self.kept_, self.used_epoch_ = 0, None
        linear = net.module_.encoder.linear
        is_mean = linear is not None and not linear.is_corrected
        least = MIN_FORECAST_IMPROVEMENT if is_mean else MIN_IMPROVEMENT
        self.lowest_ = (1 - least) * self.start_loss
        self.validated_ = math.isfinite(self.start_loss)
        self.best_ = _copy_weights(net) if self.validated_ else None

    def on_epoch_begin(self, net, **kwargs):
        """Mark the cells as trained; restoring the initial weights undoes it."""
        net.module_.encoder.is_trained.fill_(True)

    def on_epoch_end(self, net, **kwargs):
        """Keep the weights if no earlier epoch of this training was better."""
        epoch = net.history[-1]
        self.validated_ = "valid_loss" in epoch
        loss = epoch["valid_loss" if self.validated_ else "train_loss"]
        if loss < self.lowest_:
            self.lowest_, self.best_ = loss, _copy_weights(net)
            self.kept_ = len(net.history)

    def on_train_end(self, net, **kwargs):
        """Restore the best weights if needed, and release the copies."""
        if self.best_ and (self.validated_ or net.interrupted_):
            net.module_.load_state_dict(self.best_)
            self.used_epoch_ = self.kept_
        elif not net.interrupted_:
            self.used_epoch_ = len(net.history)
        if self.fallback is not None and not net.module_.encoder.is_trained:
            net.module_.load_closed_form(self.fallback)
        self.best_ = self.fallback = None


class FinalStep(Callback):
    """A step of learning after the last epoch, which can be tried with copies."""

    def finish(self, net):
        """Take the step with a net, which may be a copy of the one in training."""

    def release(self):
        """Release the data."""

    def on_train_end(self, net, **kwargs):
        """Take the step, unless training failed, and release the data."""
        if not net.failed_:
            self.finish(net)
        self.release()


class ForecastShare(FinalStep):
    """Choose the weight of the cells in a forecast after the last epoch.

    It is 0 if the mean of both forecasts has a higher loss than the linear one. Without
    validation, the losses of training data are compared. They say when cells are still
    bad, but not how good they are.

    Parameters
    ----------
    validation : SequenceDataset, PairDataset or None
        Held-out data.
    training : SequenceDataset or PairDataset
        Some of the training data.
    fitted : ForecastFit or None
        Linear forecast to load thereafter: that of all sequences.
    """

    def __init__(self, validation, training, fitted):
        self.validation, self.training, self.fitted = validation, training, fitted

    def on_train_begin(self, net, **kwargs):
        """Let the validation loss be that of the mean, whatever was chosen before."""
        net.module_.encoder.linear.share.fill_(SHARES[0])

    def finish(self, net):
        """Choose the weight."""
        encoder = net.module_.encoder
        if not encoder.is_trained:
            return
        dataset, shares = self.validation, SHARES
        if dataset is None:
            dataset, shares = self.training, SHARES[:1]
        losses = {}
        for share in (0.0, *shares):
            encoder.linear.share.fill_(share)
            losses[share] = net.compute_loss(dataset)
        chosen = min(0.0, SHARES[0], key=losses.get)
        best = min(losses, key=losses.get)
        if losses[best] <= (1 - MIN_FORECAST_IMPROVEMENT) * losses[chosen]:
            chosen = best
        encoder.linear.share.fill_(chosen)
        if self.fitted is not None:
            encoder.linear.load(self.fitted, shares=True)

    def release(self):
        """Release the data."""
        self.validation = self.training = self.fitted = None


def _copy_weights(net):
    """Copy all weights, because the optimizer changes them in place."""
    return {name: value.clone() for name, value in net.module_.state_dict().items()}


class ClosedFormStopping(EarlyStopping):
    """Stop training if the validation loss does not fall below that of the start.

    Parameters
    ----------
    start_loss : float
        Validation loss before training.
    patience : int
        Number of epochs without a lower loss.
    """

    def __init__(self, start_loss, patience):
        super().__init__(patience=patience, threshold=0, sink=ignore)
        self.start_loss = start_loss

    def on_train_begin(self, net, **kwargs):
        """Start with the loss before training."""
        super().on_train_begin(net, **kwargs)
        self.dynamic_threshold_ = self.start_loss


def ignore(*args, **kwargs):
    """Print nothing. A lambda would not do, because it cannot be pickled."""


class Schedule(LRScheduler):
    """A schedule of the learning rate that is released after the training."""

    def on_train_end(self, net, **kwargs):
        """Release the scheduler, which holds the optimizer and all weights."""
        self.lr_scheduler_ = None


class Projection(FinalStep):
    """Learn the projection of the encoder's states to vectors after the last epoch.

    Parameters
    ----------
    dataset : SequenceDataset
        Some sequences, without augmentation.
    """

    def __init__(self, dataset):
        self.dataset = dataset

    def finish(self, net):
        """Learn the projection."""
        net.fit_projection(self.dataset)

    def release(self):
        """Release the data."""
        self.dataset = None


class FinalCall(FinalStep):
    """Call a function after the last epoch.

    Parameters
    ----------
    function : callable
        It takes a net.
    """

    def __init__(self, function):
        self.function = function

    def finish(self, net):
        """Call the function."""
        self.function(net)

    def release(self):
        """Release the function, which may hold data."""
        self.function = None


class ScheduledSampling(Callback):
    """Raise the fraction of steps at which a decoder reads its own outputs.

    It rises linearly with the number of batches, from 0 (Bengio et al. 2015).

    Parameters
    ----------
    decoder : AutoregressiveDecoder
        The decoder whose `sampling` is set.
    fraction : float
        The fraction at the end of the training.
    n_batches : int
        Number of batches of the whole training.
    """

    def __init__(self, decoder, fraction, n_batches):
        self.decoder = decoder
        self.fraction = fraction
        self.n_batches = n_batches

    def on_train_begin(self, net, **kwargs):
        """Start at 0."""
        self.count_ = 0

    def on_batch_begin(self, net, training, **kwargs):
        """Set the fraction of a batch."""
        if training:
            self.decoder.sampling = self.fraction * self.count_ / self.n_batches
            self.count_ += 1

    def on_train_end(self, net, **kwargs):
        """Release the decoder."""
        self.decoder = None


class LongTrainingHint(Callback):
    """Log once that a training is going to take long, and how to see its progress.

    It uses the logger "sklearn_seqembed", whose warnings Python prints by default. A
    warning would depend on the speed of the machine, and filters may make it an error.

    Parameters
    ----------
    n_batches : int
        Number of batches of the training.
    """

    def __init__(self, n_batches):
        self.n_batches = n_batches

    def on_train_begin(self, net, **kwargs):
        """Start the clock."""
        self.count_, self.start_ = 0, time.monotonic()

    def on_batch_end(self, net, training, **kwargs):
        """Estimate the remaining time from the first seconds, and log it."""
        if not training or self.start_ is None:
            return
        self.count_ += 1
        elapsed = time.monotonic() - self.start_
        if elapsed < HINT_AFTER_SECONDS:
            return
        remaining = elapsed / self.count_ * (self.n_batches - self.count_)
        if remaining >= HINTED_SECONDS:
            LOGGER.warning(
                "Training may take about %s longer. Set verbose=1 to see its progress.",
                count(max(1, round(remaining / 60)), "minute"),
            )
        self.start_ = None  # once is enough


@functools.cache
def choose_bar():
    """Return the class of bars for a terminal or a notebook."""
    with warnings.catch_warnings():
        # Without ipywidgets a notebook gets the bar of a terminal, which is fine.
        warnings.filterwarnings("ignore", "IProgress not found")
        from tqdm.auto import tqdm

    class Bar(tqdm):
        """A bar without the thread that monitors all bars, which never ends."""

        monitor_interval = 0

    return Bar


class Progress(Callback):
    """Show a progress bar over all batches of a training, with loss and time left.

    Parameters
    ----------
    n_epochs : int
        Number of epochs.
    n_batches : int
        Number of batches per epoch.
    """

    def __init__(self, n_epochs, n_batches):
        self.n_epochs = n_epochs
        self.n_batches = n_batches

    def on_train_begin(self, net, **kwargs):
        """Open the bar."""
        self.first_ = len(net.history)
        bar = choose_bar()
        self.bar_ = bar(total=self.n_epochs * self.n_batches, unit="batch")

    def on_epoch_begin(self, net, **kwargs):
        """Show the number of the epoch."""
        epoch = len(net.history) - self.first_
        self.bar_.set_description(f"Epoch {epoch}/{self.n_epochs}", refresh=False)

    def on_batch_end(self, net, training, **kwargs):
        """Advance the bar by one batch."""
        if training:
            self.bar_.update()

    def on_epoch_end(self, net, **kwargs):
        """Show the losses of the epoch."""
        losses = {k: net.history[-1].get(f"{k}_loss") for k in ("train", "valid")}
        self.bar_.set_postfix(
            {k: f"{v:.4f}" for k, v in losses.items() if v is not None}, refresh=False
        )

    def on_train_end(self, net, **kwargs):
        """Close the bar."""
        self.close()

    def close(self):
        """Close the bar, unless this has been done, and leave it on the screen."""
        bar, self.bar_ = getattr(self, "bar_", None), None  # it cannot be pickled
        if bar is not None:
            bar.close()

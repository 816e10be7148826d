"""Callbacks for what skorch has none of, or a slow one: clipping, NaN, weights, bar."""

import math
import warnings

import torch
from skorch.callbacks import Callback


class NormClipping(Callback):
    """Shrink the gradient to a largest norm.

    As skorch's GradientNormClipping, but the weights are looked up once a training:
    for a small network that lookup takes as long as the clipping.

    Parameters
    ----------
    max_norm : float
        Largest norm of all gradients together.
    """

    def __init__(self, max_norm):
        self.max_norm = max_norm

    def on_train_begin(self, net, **kwargs):
        """Look up the weights."""
        self.weights_ = list(net.module_.parameters())

    def on_grad_computed(self, net, **kwargs):
        """Clip the gradients of a batch."""
        torch.nn.utils.clip_grad_norm_(self.weights_, self.max_norm)

    def on_train_end(self, net, **kwargs):
        """Let go of the weights."""
        self.weights_ = None


class FiniteLoss(Callback):
    """Stop training at the first loss that is not finite.

    It stops as skorch's EarlyStopping does, so that every callback still sees the end;
    `train` then raises the error. On an accelerator losses are looked at once an epoch:
    each look would wait for it. What the last update did is seen at the end only, by
    the loss of the last batch.

    Attributes
    ----------
    failed_ : bool
        Whether a loss was not finite.
    """

    def on_train_begin(self, net, **kwargs):
        """Forget an earlier failure."""
        self.failed_ = False
        self.batch_ = None

    def on_batch_end(self, net, training, batch, loss, **kwargs):
        """Look at the loss of the batch."""
        if training:
            self.batch_ = batch
            if loss.device.type == "cpu":
                self._stop_unless_finite(loss)

    def on_epoch_end(self, net, **kwargs):
        """Look at the losses of the epoch."""
        self._stop_unless_finite(net.history[-1, "train_loss"])

    def on_train_end(self, net, **kwargs):
        """Look at what the last update did."""
        if self.batch_ is not None and not self.failed_:
            loss = net.validation_step(self.batch_)["loss"]
            self.failed_ = not math.isfinite(loss.item())
        self.batch_ = None

    def _stop_unless_finite(self, loss):
        if not math.isfinite(loss):
            self.failed_ = True
            raise KeyboardInterrupt


class BestWeights(Callback):
    """Keep the weights of the best epoch in memory, and restore them where that is due.

    Best is the lowest validation loss, or the lowest training loss where nothing is
    validated. They are restored at the end of a validated training, and after Ctrl-C
    if an epoch was finished; an undisturbed training without validation ends with its
    last weights, for which the schedule was made.
    """

    def on_train_begin(self, net, **kwargs):
        """Forget an earlier training."""
        self.lowest_ = math.inf
        self.validated_ = False
        self.best_ = None

    def on_epoch_end(self, net, **kwargs):
        """Keep the weights if no epoch of this training was better."""
        epoch = net.history[-1]
        self.validated_ = "valid_loss" in epoch
        loss = epoch["valid_loss" if self.validated_ else "train_loss"]
        if loss < self.lowest_:
            state = net.module_.state_dict()
            best = {name: value.clone() for name, value in state.items()}
            self.lowest_, self.best_ = loss, best

    def on_train_end(self, net, **kwargs):
        """Restore what is due and let go of the copies."""
        if self.best_ and (self.validated_ or net.interrupted_):
            net.module_.load_state_dict(self.best_)
        self.best_ = None


class ScheduledSampling(Callback):
    """Let a decoder read more and more of what it says itself, batch by batch.

    Parameters
    ----------
    decoder : AutoregressiveDecoder
        Its `sampling` rises in equal steps.
    share : float
        What it rises to.
    n_batches : int
        Batches of the whole training.
    """

    def __init__(self, decoder, share, n_batches):
        self.decoder = decoder
        self.share = share
        self.n_batches = n_batches

    def on_train_begin(self, net, **kwargs):
        """Begin with the truth alone."""
        self.count_ = 0

    def on_batch_begin(self, net, training, **kwargs):
        """Set the share of the batch."""
        if training:
            self.decoder.sampling = self.share * self.count_ / self.n_batches
            self.count_ += 1

    def on_train_end(self, net, **kwargs):
        """Let go of the decoder."""
        self.decoder = None


class Progress(Callback):
    """Show one bar over all batches of a training, with loss and time left.

    Parameters
    ----------
    n_epochs : int
        Epochs to come.
    n_batches : int
        Batches of an epoch.
    """

    def __init__(self, n_epochs, n_batches):
        self.n_epochs = n_epochs
        self.n_batches = n_batches

    def on_train_begin(self, net, **kwargs):
        """Open the bar."""
        with warnings.catch_warnings():
            # A notebook without ipywidgets gets the terminal's bar, which is fine.
            warnings.filterwarnings("ignore", "IProgress not found")
            from tqdm.auto import tqdm  # picks the terminal's or the notebook's bar

        self.first_ = len(net.history)
        self.bar_ = tqdm(total=self.n_epochs * self.n_batches, unit="batch")

    def on_epoch_begin(self, net, **kwargs):
        """Name the epoch."""
        epoch = len(net.history) - self.first_
        self.bar_.set_description(f"Epoch {epoch}/{self.n_epochs}", refresh=False)

    def on_batch_end(self, net, training, **kwargs):
        """Count a batch."""
        if training:
            self.bar_.update()

    def on_epoch_end(self, net, **kwargs):
        """Show the losses of the epoch."""
        losses = {k: net.history[-1].get(f"{k}_loss") for k in ("train", "valid")}
        self.bar_.set_postfix(
            {k: f"{v:.4f}" for k, v in losses.items() if v is not None}, refresh=False
        )

    def on_train_end(self, net, **kwargs):
        """Close the bar and leave it standing."""
        self.bar_.close()
        self.bar_ = None  # a bar cannot be pickled

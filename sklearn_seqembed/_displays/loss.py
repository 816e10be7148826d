"""LossDisplay: the loss of each epoch of training."""

from textwrap import fill

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklearn_seqembed._base import BaseSequenceEstimator
from sklearn_seqembed._displays.style import (
    FONT_SIZE,
    add_axes,
    gray,
    list_colors,
    make_ax,
    put_legend_above,
    text_color,
    tidy,
)

# The epochs of longer trainings have no markers.
MAX_MARKED_EPOCHS = 30
# Characters in a line of the message.
LINE_LENGTH = 70


class LossDisplay:
    """Training and validation loss of each epoch.

    It is recommended to use :meth:`from_estimator`. All parameters are stored as
    attributes.

    Parameters
    ----------
    train_loss : array-like of shape (n_epochs,)
        Training loss of each epoch.
    valid_loss : array-like of shape (n_epochs,), default=None
        Validation loss of each epoch, NaN where there was no validation.
    learning_rate : array-like of shape (n_epochs,), default=None
        Learning rate at the end of each epoch.
    used_epoch : int, default=None
        Number of the epoch, from 1 on, whose weights are used; 0 stands for the closed
        form from which training started. None if it is unknown.
    closed_form_loss : float, default=None
        Validation loss of the closed form from which training started.
    unexplained : float, default=None
        Fraction that the closed form leaves unexplained, drawn if nothing was trained.
    reason : str, default=None
        Why nothing was trained.
    estimator_name : str, default=None
        Name of the estimator.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the losses.
    rate_ax_ : matplotlib Axes or None
        Axes with the learning rate, on the right.
    figure_ : matplotlib Figure
        The figure.
    lines_ : dict of str to matplotlib Line2D
        The lines, by what they show. Empty if nothing was trained.
    text_ : matplotlib Text
        Why nothing was trained; only in this case.
    bar_ : matplotlib Rectangle
        What the closed form explains; only in this case, and if it is known.

    Examples
    --------
    >>> from sklearn_seqembed.displays import LossDisplay
    >>> display = LossDisplay([0.9, 0.5, 0.4], [0.8, 0.6, 0.7], used_epoch=2)
    >>> display.plot().ax_.get_xlabel()
    'Epoch'
    """

    def __init__(
        self,
        train_loss,
        valid_loss=None,
        learning_rate=None,
        *,
        used_epoch=None,
        closed_form_loss=None,
        unexplained=None,
        reason=None,
        estimator_name=None,
    ):
        self.train_loss = train_loss
        self.valid_loss = valid_loss
        self.learning_rate = learning_rate
        self.used_epoch = used_epoch
        self.closed_form_loss = closed_form_loss
        self.unexplained = unexplained
        self.reason = reason
        self.estimator_name = estimator_name

    @classmethod
    def from_estimator(cls, estimator, *, ax=None):
        """Draw the losses of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            One of the estimators of this package, fitted.
        ax : matplotlib Axes, default=None
            Axes to draw into. By default, a new figure is made.

        Returns
        -------
        display : LossDisplay
            The display, drawn.
        """
        name = type(estimator).__name__
        if not isinstance(estimator, BaseSequenceEstimator):
            raise TypeError(
                f"estimator is of type {name}, expected an estimator of this package. "
                "Of a pipeline, pass the step."
            )
        check_is_fitted(estimator)
        history, closed_form = estimator.history_, estimator._closed_form or {}
        losses = {
            key: np.array([row.get(key, np.nan) for row in history], dtype=float)
            for key in ("train_loss", "valid_loss", "lr")
        }
        valid, rate = (
            None if np.isnan(losses[key]).all() else losses[key]
            for key in ("valid_loss", "lr")
        )
        # The lowest loss of the history would not do: later epochs of partial_fit, or
        # of fit with warm_start=True, replace the weights of earlier ones.
        used = closed_form.get("used_epoch") if estimator._uses_trained_cells else 0
        if valid is None and used == len(history):
            used = None  # nothing is to be pointed out
        display = cls(
            losses["train_loss"],
            valid,
            rate,
            used_epoch=used,
            closed_form_loss=closed_form.get("loss"),
            unexplained=closed_form.get("unexplained"),
            reason=closed_form.get("reason"),
            estimator_name=name,
        )
        return display.plot(ax=ax)

    def plot(self, ax=None):
        """Draw the losses.

        Axes into which a display has drawn before are cleared.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw into. By default, a new figure is made.

        Returns
        -------
        self : LossDisplay
            The display.
        """
        self.ax_ = ax = make_ax(
            ax, type(self).__name__, 3.6 if len(self.train_loss) else 1.9
        )
        self.figure_, self.rate_ax_, self.lines_ = ax.figure, None, {}
        tidy(ax)
        if not len(self.train_loss):
            self._plot_closed_form(ax)
            return self
        colors = list_colors(ax)
        epochs = np.arange(1, len(self.train_loss) + 1)
        marker = "o" if len(epochs) <= MAX_MARKED_EPOCHS else None
        style = {"marker": marker, "markersize": 4}
        if self.learning_rate is not None:
            self._plot_rate(ax, epochs)
        (self.lines_["train_loss"],) = ax.plot(
            epochs, self.train_loss, color=colors[0], label="Training loss", **style
        )
        if self.valid_loss is not None:
            (self.lines_["valid_loss"],) = ax.plot(
                epochs,
                self.valid_loss,
                color=colors[1],
                label="Validation loss",
                **style,
            )
        if self.closed_form_loss is not None:
            self.lines_["closed_form"] = ax.axhline(
                self.closed_form_loss,
                color=gray(ax, 0.75),
                linestyle="--",
                linewidth=1.2,
                label="Closed form",
            )
        if self.used_epoch:
            self._mark_used_epoch(ax)
        elif self.used_epoch == 0 and self.closed_form_loss is not None:
            self.lines_["closed_form"].set_label("Closed form, used")
        ax.set_xlabel("Epoch")
        ax.set_ylabel("Loss")
        ax.xaxis.get_major_locator().set_params(integer=True)
        handles, labels = ax.get_legend_handles_labels()
        if self.rate_ax_ is not None:
            handles, labels = [*handles, self.lines_["lr"]], [*labels, "Learning rate"]
            add_axes(ax, self.rate_ax_)
        put_legend_above(ax, handles, labels)
        return self

    def _mark_used_epoch(self, ax):
        """Mark the epoch whose weights are used, at its validation loss if known."""
        i, color = self.used_epoch - 1, list_colors(ax)[1]
        loss = np.nan if self.valid_loss is None else self.valid_loss[i]
        if np.isnan(loss):
            loss, color = self.train_loss[i], list_colors(ax)[0]
        (self.lines_["used_epoch"],) = ax.plot(
            [self.used_epoch],
            [loss],
            linestyle="none",
            marker="*",
            markersize=13,
            color=color,
            markeredgecolor=ax.get_facecolor(),
            label=f"Used: epoch {self.used_epoch}",
            zorder=5,
        )

    def _plot_rate(self, ax, epochs):
        """Draw the learning rate on an axis of its own, behind the losses."""
        self.rate_ax_ = twin = ax.twinx()
        ax.set_zorder(twin.get_zorder() + 1)
        # The axes behind show the background of both.
        twin.patch.set_facecolor(ax.get_facecolor())
        twin.patch.set_visible(True)
        ax.patch.set_visible(False)
        (self.lines_["lr"],) = twin.plot(
            epochs, self.learning_rate, color=gray(ax), linewidth=1, linestyle=":"
        )
        twin.set_ylim(0, 1.08 * np.nanmax(self.learning_rate))
        outside = gray(ax.figure, 0.75)
        twin.set_ylabel("Learning rate", color=outside)
        twin.tick_params(labelsize=FONT_SIZE, colors=outside)
        # A factor above the axis would be in the way of the legend.
        twin.yaxis.set_major_formatter("{x:g}")
        twin.spines[["top"]].set_visible(False)

    def _plot_closed_form(self, ax):
        """Draw what the closed form explains, as there are no epochs."""
        text = "Nothing was trained."
        if self.reason:
            text = f"Nothing was trained: {self.reason}."
        ax.set(xlim=(0, 1), ylim=(-1, 2.2), yticks=[])
        ax.spines[["left"]].set_visible(False)
        if self.unexplained is None or not np.isfinite(self.unexplained):
            ax.set(xticks=[], xlabel="No epochs")
        else:
            explained = float(np.clip(1 - self.unexplained, 0, 1))
            (self.bar_,) = ax.barh([0], [explained], color=list_colors(ax)[0])
            ax.barh([0], [1 - explained], left=[explained], color=gray(ax, 0.2))
            ax.set_xlabel("Fraction explained by the closed form")
            ax.xaxis.set_major_formatter(lambda x, _: f"{x:.0%}")
            ax.annotate(
                f"{explained:.2%} explained",
                (0, -0.45),
                xytext=(0, -4),
                textcoords="offset points",
                va="top",
                color=text_color(ax),
                fontsize=FONT_SIZE,
            )
        self.text_ = ax.text(
            0,
            0.55,
            fill(text, LINE_LENGTH),
            color=text_color(ax),
            va="bottom",
            fontsize=FONT_SIZE + 1,
        )

"""Callbacks of the user, the history of losses, and the progress bar."""

import pytest
import torch
from skorch.callbacks import (
    Callback,
    EpochScoring,
    GradientNormClipping,
    LRScheduler,
    PrintLog,
)
from small_fits import small_embedder

from sklearn_seqembed._training.net import SequenceNet


class _Seven(Callback):
    """Record another number next to the losses."""

    def on_epoch_end(self, net, **kwargs):
        self.was_called_ = True
        net.history.record("mine", 7.0)


def test_callbacks_of_the_user_run_as_clones(X):
    mine = _Seven()
    schedule = LRScheduler(torch.optim.lr_scheduler.StepLR, step_size=1)

    embedder = small_embedder(lr_schedule=None, callbacks=[mine, ("steps", schedule)])
    embedder.fit(X)

    assert [row["mine"] for row in embedder.history_] == [7.0, 7.0, 7.0]
    assert not hasattr(mine, "was_called_") and not hasattr(schedule, "lr_scheduler_")
    assert "steps" in dict(embedder.net_.callbacks_)


def test_names_of_the_users_callbacks_do_not_clash_with_ours(X):
    clipping = ("clipping", GradientNormClipping(0.1))

    embedder = small_embedder(callbacks=[clipping]).fit(X)

    assert dict(embedder.net_.callbacks_)["clipping"].gradient_clip_value == 0.1


@pytest.mark.parametrize("batch_size", [1, 24])
def test_callbacks_that_change_a_batch_do_not_change_the_data(X, batch_size):
    class Shift(Callback):
        def on_batch_begin(self, net, batch, **kwargs):
            means.append(float(batch[0]["numeric"].mean()))
            batch[0]["numeric"] += 100

    means = []

    small_embedder(callbacks=[Shift()], batch_size=batch_size, augmentation=None).fit(
        [x[:4] for x in X]
    )

    assert max(means) < 50


def test_callbacks_see_the_loss_of_each_batch_as_a_float(X):
    class Losses(Callback):
        def on_batch_end(self, net, **kwargs):
            losses.append(net.history[-1, "batches", -1, "train_loss"])

    losses = []

    small_embedder(max_epochs=1, batch_size=8, callbacks=[Losses()]).fit(X)

    assert len(losses) == 3 and min(losses) > 0
    assert all(isinstance(loss, float) for loss in losses)


@pytest.mark.parametrize("is_finite", [True, False], ids=["finite", "nan"])
def test_losses_on_an_accelerator_are_read_at_the_end_of_an_epoch(
    X, is_finite, monkeypatch
):
    class AcceleratorLoss(torch.Tensor):
        """A loss that pretends to be on an accelerator and records when it is read."""

        device = torch.device("cuda")

        def __float__(self):
            reads.append(len(steps))
            return float(self.as_subclass(torch.Tensor))

    def step_elsewhere(net, batch, **kwargs):
        step = train_step(net, batch, **kwargs)
        steps.append(step)
        loss = step["loss"] * (1 if is_finite else float("nan"))
        return step | {"loss": loss.as_subclass(AcceleratorLoss)}

    reads, steps, train_step = [], [], SequenceNet.train_step
    monkeypatch.setattr(SequenceNet, "train_step", step_elsewhere)
    embedder = small_embedder(max_epochs=2, batch_size=8)

    if is_finite:
        embedder.fit(X)
        assert len(embedder.history_) == 2
    else:
        with pytest.raises(ValueError, match="became NaN or infinite"):
            embedder.fit(X)

    # An epoch has three steps.
    assert len(steps) == (6 if is_finite else 3)
    assert set(reads) == ({3, 6} if is_finite else {3})


def test_history_has_epochs_losses_and_seconds(X):
    embedder = small_embedder(early_stopping=True).fit(X)

    assert [row["epoch"] for row in embedder.history_] == [1, 2, 3]
    assert set(embedder.history_[0]) == {"epoch", "train_loss", "valid_loss", "dur"}
    assert embedder.n_iter_ == 3


def test_a_print_log_of_the_user_prints(X, capsys):
    small_embedder(callbacks=[PrintLog()]).fit(X)

    shown = capsys.readouterr().out
    assert "train_loss" in shown and len(shown.splitlines()) == 5


def test_epoch_scoring_without_caching_runs(X):
    scoring = EpochScoring(
        lambda net, X, y: float(len(X)), name="n", on_train=True, use_caching=False
    )

    embedder = small_embedder(callbacks=[scoring]).fit(X)

    assert [row["n"] for row in embedder.history_] == [24.0] * 3


def test_verbose_shows_one_progress_bar_with_the_loss(X, capsys):
    small_embedder(verbose=1).fit(X)

    shown = capsys.readouterr()
    last = shown.err.rsplit("\r", 1)[-1]
    assert "Epoch 3/3: 100%" in last and "train=" in last and "6/6" in last
    assert shown.out == ""


def test_nothing_is_printed_by_default(X, capsys):
    small_embedder(early_stopping=True).fit(X)

    assert capsys.readouterr() == ("", "")


def test_a_long_training_is_announced_once(X, monkeypatch, caplog):
    monkeypatch.setattr("sklearn_seqembed._training.callbacks.HINT_AFTER_SECONDS", 0)
    monkeypatch.setattr("sklearn_seqembed._training.callbacks.HINTED_SECONDS", 0)

    small_embedder(max_epochs=4).fit(X)
    (record,) = caplog.records
    assert record.name == "sklearn_seqembed"
    assert "may take about 1 minute longer. Set verbose=1" in record.getMessage()

    caplog.clear()
    small_embedder(max_epochs=4, verbose=1).fit(X)
    assert not caplog.records


def test_a_short_training_is_not_announced(X, caplog):
    small_embedder().fit(X)

    assert not caplog.records

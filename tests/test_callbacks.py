"""Callbacks of the user, the history of losses, and the progress bar."""

import copy
import io
import pickle
import threading
import warnings

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import (
    Callback,
    Checkpoint,
    EarlyStopping,
    EpochScoring,
    GradientNormClipping,
    LRScheduler,
    PrintLog,
    ProgressBar,
    TrainEndCheckpoint,
    WandbLogger,
)
from small_fits import small_embedder

from sklearn_seqembed import LSTMSequenceClassifier
from sklearn_seqembed._training.net import SequenceNet


class _Seven(Callback):
    """Record another number next to the losses."""

    def on_epoch_end(self, net, **kwargs):
        self.was_called_ = True
        net.history.record("mine", 7.0)


class _Recorder(Callback):
    """Record calls in what it holds, which includes a lock that cannot be copied."""

    def __init__(self, calls):
        self.calls = calls
        self.lock = threading.Lock()

    def on_train_begin(self, net, **kwargs):
        self.calls.append("begin")

    def on_epoch_end(self, net, **kwargs):
        with self.lock:
            self.calls.append(net.history[-1, "epoch"])

    def on_train_end(self, net, **kwargs):
        self.calls.append("end")


def test_callbacks_of_the_user_run_as_copies(X):
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


def test_copies_of_callbacks_share_what_these_hold(X):
    recorder = _Recorder([])

    small_embedder(callbacks=[recorder]).fit(X)

    assert recorder.calls == ["begin", 1, 2, 3, "end"]


def test_a_clone_shares_what_callbacks_hold(X):
    recorder = _Recorder([])
    embedder = small_embedder(callbacks=(recorder, ("named", recorder), _Seven))
    embedder.set_output(transform="pandas")

    cloned = clone(embedder)
    first, (name, second), kind = cloned.callbacks
    columns = cloned.fit_transform(X).columns

    assert first is not recorder and first.lock is recorder.lock
    assert name == "named" and second is not recorder
    assert kind is _Seven
    assert recorder.calls == ["begin"] * 2 + [1, 1, 2, 2, 3, 3] + ["end"] * 2
    assert columns[0] == "lstmsequenceembedder0"
    assert cloned.get_params().keys() == embedder.get_params().keys()
    assert not hasattr(embedder, "net_")


def test_a_callback_that_leaves_something_out_of_pickles_keeps_it_in_a_fit(X):
    class Picklable(_Recorder):
        def __getstate__(self):
            return {}

    recorder = Picklable([])

    clone(small_embedder(callbacks=[recorder])).fit(X)

    assert recorder.calls == ["begin", 1, 2, 3, "end"]


def test_callbacks_that_cannot_be_pickled_keep_the_error_of_pickle():
    with pytest.raises(TypeError, match="cannot pickle"):
        pickle.dumps(small_embedder(callbacks=[_Recorder([])]))


def test_a_clone_of_invalid_callbacks_is_refused_by_fit(X):
    embedder = clone(small_embedder(callbacks="PrintLog"))

    with pytest.raises(TypeError, match="callbacks must be a list of skorch callbacks"):
        embedder.fit(X)


def test_callbacks_that_cannot_be_copied_run_in_a_search(X):
    recorder = _Recorder([])
    embedder = small_embedder(max_epochs=1, callbacks=[recorder])

    GridSearchCV(embedder, {"n_components": [2, 3]}, cv=2).fit(X)

    assert recorder.calls == ["begin", 1, "end"] * 5


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_training_continues_with_callbacks_that_cannot_be_copied(X, method):
    recorder = _Recorder([])
    embedder = small_embedder(max_epochs=1, warm_start=True, callbacks=[recorder])

    for _ in range(2):
        getattr(embedder, method)(X)

    assert recorder.calls == ["begin", 1, "end", "begin", 2, "end"]


def test_callbacks_are_told_of_a_fit_without_epochs(X):
    recorder = _Recorder([])

    small_embedder(max_epochs=0, callbacks=[recorder]).fit(X)

    assert recorder.calls == ["begin", "end"]


def test_a_fit_with_callbacks_that_cannot_be_copied_can_be_pickled_without_them(X):
    recorder = _Recorder([])
    embedder = small_embedder(callbacks=[recorder]).fit(X)
    expected = embedder.transform(X)

    embedder.set_params(callbacks=None)
    copies = copy.deepcopy(embedder), pickle.loads(pickle.dumps(embedder))

    assert dict(embedder.net_.callbacks_)["_Recorder"].calls is recorder.calls
    for copied in copies:
        np.testing.assert_array_equal(copied.transform(X), expected)
        assert "_Recorder" not in dict(copied.net_.callbacks_)
        assert not copied.net_.failed_


def test_a_checkpoint_can_pickle_the_net_in_training(X, tmp_path):
    path = tmp_path / "net.pkl"
    checkpoint = Checkpoint(dirname=tmp_path, f_pickle=path.name)
    callbacks = [checkpoint, _Recorder([])]

    small_embedder(early_stopping=True, callbacks=callbacks).fit(X)

    net = pickle.loads(path.read_bytes())
    assert net.train_split is None and net.interrupts is None and net.callbacks is None


@pytest.mark.parametrize("early_stopping", [False, True])
def test_callbacks_of_a_classifier_see_one_training(early_stopping):
    X, y = ["abc", "cba", "bca", "bac"] * 6, [0, 1, 0, 1] * 6
    recorder = _Recorder([])
    classifier = LSTMSequenceClassifier(
        n_components=4, max_epochs=2, early_stopping=early_stopping, random_state=0
    )

    classifier.set_params(callbacks=[recorder]).fit(X, y)

    assert recorder.calls == ["begin", 1, 2, "end"]


def test_callbacks_may_be_classes_with_names(X):
    embedder = small_embedder(callbacks=[_Seven, ("mine", _Seven), ["other", _Seven()]])
    embedder.fit(X)

    names = [name for name, _ in embedder.net_.callbacks_]
    assert [n for n in names if n in ("_Seven", "mine", "other")] == names[-3:]


def test_a_callback_of_scikit_learn_is_refused_with_the_way_out(X):
    class FitCallback:
        def on_fit_task_end(self, estimator, context):
            pass

    with pytest.raises(TypeError, match="of scikit-learn: pass it to set_callbacks"):
        small_embedder(callbacks=[FitCallback()]).fit(X)


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
    assert set(embedder.history_[0]) == {
        "dur",
        "epoch",
        "lr",
        "train_loss",
        "valid_loss",
    }
    assert embedder.n_iter_ == 3


def test_a_print_log_of_the_user_prints(X, capsys):
    small_embedder(callbacks=[PrintLog()]).fit(X)

    shown = capsys.readouterr().out
    assert "train_loss" in shown and len(shown.splitlines()) == 5


def test_a_progress_bar_of_skorch_runs(X, capsys):
    small_embedder(batch_size=8, callbacks=[ProgressBar(detect_notebook=False)]).fit(X)

    assert "0/3" in capsys.readouterr().err


@pytest.mark.parametrize("use_caching", [True, False])
def test_epoch_scoring_passes_the_training_data(X, use_caching):
    scoring = EpochScoring(
        lambda net, X, y: float(len(X)),
        name="n",
        on_train=True,
        use_caching=use_caching,
    )

    embedder = small_embedder(callbacks=[scoring]).fit(X)

    assert [row["n"] for row in embedder.history_] == [24.0] * 3


@pytest.mark.parametrize("early_stopping", [True, False])
def test_epoch_scoring_passes_the_validation_data_if_there_are_any(X, early_stopping):
    scoring = EpochScoring(lambda net, X, y: net.compute_loss(X), name="loss")

    embedder = small_embedder(callbacks=[scoring], early_stopping=early_stopping)
    embedder.fit(X)

    for row in embedder.history_:
        assert row.get("loss") == row.get("valid_loss")
        assert ("loss" in row) is early_stopping


def test_epoch_scoring_by_the_name_of_a_metric_is_refused(X):
    embedder = small_embedder(callbacks=[EpochScoring("accuracy")])

    with pytest.raises(ValueError, match="needs a function of .net, X, y., got 'acc"):
        embedder.fit(X)


def test_early_stopping_of_the_user_stops_by_its_own_score(X):
    callbacks = [
        EpochScoring(lambda net, X, y: 1.0, name="constant"),
        EarlyStopping(monitor="constant", patience=2, sink=io.StringIO().write),
    ]

    embedder = small_embedder(max_epochs=9, early_stopping=True, callbacks=callbacks)

    assert embedder.fit(X).n_iter_ == 3


@pytest.mark.parametrize(
    ("callback", "remedy"),
    [
        (Checkpoint(), "monitor='train_loss_best', or to monitor=None"),
        (("named", Checkpoint), "monitor='train_loss_best', or to monitor=None"),
        (EarlyStopping(), "set EarlyStopping to monitor='train_loss'"),
        (LRScheduler("ReduceLROnPlateau", monitor="valid_loss"), "'train_loss'"),
        (WandbLogger(None), "set WandbLogger to save_model=False"),
    ],
    ids=["Checkpoint", "class", "EarlyStopping", "LRScheduler", "WandbLogger"],
)
def test_a_callback_that_needs_validation_says_what_to_do(X, callback, remedy):
    embedder = small_embedder(lr_schedule=None, callbacks=[callback])

    message = "no sequences are held out. Call fit with early_stopping=True .*"
    with pytest.raises(ValueError, match=message + remedy):
        embedder.fit(X)
    with pytest.raises(ValueError, match=message + remedy):
        embedder.partial_fit(X)


@pytest.mark.parametrize("monitor", [None, "train_loss_best", "valid_loss_best"])
def test_a_checkpoint_can_be_loaded_after_the_fit(X, tmp_path, monitor):
    checkpoint = Checkpoint(dirname=tmp_path, monitor=monitor)
    is_validated = monitor == "valid_loss_best"
    embedder = small_embedder(early_stopping=is_validated, callbacks=[checkpoint])
    embedder.fit(X)
    saved = torch.load(tmp_path / "params.pt", weights_only=True)

    embedder.net_.load_params(checkpoint=checkpoint)

    for name, weights in embedder.net_.module_.state_dict().items():
        torch.testing.assert_close(weights, saved[name], rtol=0, atol=0)


def is_first_epoch(net):
    """Return whether the first epoch of a net has just ended."""
    return len(net.history) == 1


def test_vectors_are_learned_after_a_checkpoint_has_been_loaded(X, tmp_path):
    checkpoint = Checkpoint(is_first_epoch, dirname=tmp_path, load_best=True)
    params = {"n_components": 200, "lr_schedule": None}

    loaded = small_embedder(callbacks=[checkpoint], **params).fit(X)
    expected = small_embedder(max_epochs=1, **params).fit(X)

    assert loaded.n_iter_ == 1  # skorch loads the history as well
    np.testing.assert_array_equal(loaded.transform(X), expected.transform(X))


def test_early_stopping_of_the_user_loads_the_best_weights(X):
    callbacks = [
        EpochScoring(lambda net, X, y: len(net.history), name="n", on_train=True),
        EarlyStopping("n", load_best=True, sink=io.StringIO().write),
    ]
    params = {"n_components": 200, "lr_schedule": None}

    loaded = small_embedder(callbacks=callbacks, **params).fit(X)
    expected = small_embedder(max_epochs=1, **params).fit(X)

    np.testing.assert_array_equal(loaded.transform(X), expected.transform(X))


def test_a_checkpoint_at_the_end_holds_a_network_that_is_not_trained(X, tmp_path):
    checkpoint = TrainEndCheckpoint(dirname=tmp_path)

    embedder = small_embedder(max_epochs="auto", callbacks=[checkpoint]).fit(X)

    assert embedder.n_iter_ == 0 and embedder.history_ == []
    saved = torch.load(tmp_path / "train_end_params.pt", weights_only=True)
    for name, weights in embedder.net_.module_.state_dict().items():
        torch.testing.assert_close(weights, saved[name], rtol=0, atol=0)


@pytest.mark.parametrize("kind", [Checkpoint, EarlyStopping])
def test_without_an_epoch_there_is_nothing_to_load(X, kind):
    callback = kind("train_loss_best", load_best=True)

    embedder = small_embedder(max_epochs=0, callbacks=[callback]).fit(X)

    expected = small_embedder(max_epochs=0).fit(X)
    np.testing.assert_array_equal(embedder.transform(X), expected.transform(X))
    assert callback.load_best


def test_a_failed_training_with_a_checkpoint_to_load_says_why(X, tmp_path):
    checkpoint = Checkpoint("train_loss_best", dirname=tmp_path, load_best=True)
    options = {"lr": 1e30, "lr_schedule": None, "linear_map": False}
    recorder = _Recorder([])

    embedder = small_embedder(callbacks=[checkpoint, recorder], **options)
    with pytest.raises(ValueError, match="The loss became NaN or infinite"):
        embedder.fit(X)

    assert recorder.calls[-1] == "end"


def test_a_checkpoint_is_loaded_after_further_training(X, tmp_path):
    checkpoint = Checkpoint("train_loss_best", dirname=tmp_path, load_best=True)
    embedder = small_embedder(warm_start=True).fit(X)

    embedder.set_params(callbacks=[checkpoint]).fit(X)

    # As in skorch, the history is loaded as well, and ends at the best epoch.
    assert [row.get("event_cp") for row in embedder.history_][:3] == [None] * 3
    assert embedder.history_[-1]["event_cp"]


def test_a_checkpoint_at_the_end_holds_the_final_classifier(tmp_path):
    X, y = ["abc", "cba", "bca", "bac"] * 6, [0, 1, 0, 1] * 6
    checkpoint = TrainEndCheckpoint(dirname=tmp_path)
    classifier = LSTMSequenceClassifier(
        n_components=4, max_epochs=2, callbacks=[checkpoint], random_state=0
    ).fit(X, y)
    expected = classifier.predict_proba(X)

    with torch.no_grad():
        for weights in classifier.net_.module_.state_dict().values():
            weights.zero_()
    classifier.net_.load_params(f_params=str(tmp_path / "train_end_params.pt"))

    np.testing.assert_array_equal(classifier.predict_proba(X), expected)


def test_a_schedule_of_the_user_next_to_ours_warns(X):
    schedule = LRScheduler(torch.optim.lr_scheduler.StepLR, step_size=1)

    with pytest.warns(UserWarning, match="Set lr_schedule=None to use LRScheduler"):
        small_embedder(callbacks=[schedule]).fit(X)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        alone = small_embedder(callbacks=[schedule], lr_schedule=None).fit(X)
        small_embedder(callbacks=[schedule]).partial_fit(X)

    rates = [row["event_lr"] for row in alone.history_]
    np.testing.assert_allclose(rates, [alone.lr, alone.lr / 10, alone.lr / 100])


def test_verbose_shows_one_progress_bar_with_the_loss(X, capsys):
    small_embedder(verbose=1).fit(X)

    shown = capsys.readouterr()
    last = shown.err.rsplit("\r", 1)[-1]
    assert "Epoch 3/3: 100%" in last and "train=" in last and "6/6" in last
    (line,) = shown.out.splitlines()  # of what is fitted
    assert line.startswith("[LSTMSequenceEmbedder] 24 sequences of 4 to 9 time steps")


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

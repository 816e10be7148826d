"""A fit that continues from a checkpoint ends as one that was not interrupted."""

import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from saved_cases import NUMBERS, WORDS
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import FunctionTransformer
from skorch.callbacks import Callback, EarlyStopping

from sklearn_seqembed import (
    LSTMSequenceClassifier,
    LSTMSequenceEmbedder,
    LSTMSequencePredictor,
)
from sklearn_seqembed._saving.checkpoints import CONTENT, SECTIONS
from sklearn_seqembed._saving.files import read_sections, write_sections
from sklearn_seqembed.callbacks import TrainingCheckpoint

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

DEFAULTS = {"n_components": 4, "max_epochs": 7, "random_state": 0}
FORECASTS = [x[-1] + np.cumsum(np.ones((4, 2)), axis=0) for x in NUMBERS]
REVERSED = [word[::-1] for word in WORDS]
FIRST = [word[0] for word in WORDS]

FITS = {
    "numbers": (LSTMSequenceEmbedder, {}, (NUMBERS,)),
    "validation": (LSTMSequenceEmbedder, {"early_stopping": True}, (NUMBERS,)),
    "dropout": (LSTMSequenceEmbedder, {"num_layers": 2, "dropout": 0.5}, (WORDS,)),
    "constant rate": (LSTMSequenceEmbedder, {"lr_schedule": None}, (NUMBERS,)),
    "sampling": (LSTMSequencePredictor, {"scheduled_sampling": 0.5}, (WORDS, REVERSED)),
    "forecast": (LSTMSequencePredictor, {"early_stopping": True}, (NUMBERS, FORECASTS)),
    "classes": (LSTMSequenceClassifier, {"early_stopping": True}, (WORDS, FIRST)),
}


class Crash(Callback):
    """Raise an error at the end of an epoch, or with None of the training."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == self.epoch:
            raise RuntimeError("crash")

    def on_train_end(self, net, **kwargs):
        if self.epoch is None:
            raise RuntimeError("crash")


def crash(estimator, data, path, epoch=5):
    """Fit until an epoch, with a checkpoint after every second one."""
    checkpoint = TrainingCheckpoint(path, minutes=None, epochs=2)
    with pytest.raises(RuntimeError, match="crash"):
        estimator.set_params(callbacks=[checkpoint, Crash(epoch)]).fit(*data)
    return checkpoint


@pytest.mark.parametrize("name", FITS)
def test_a_continued_fit_is_equal_to_a_whole_one(name, tmp_path):
    cls, params, data = FITS[name]
    whole = cls(**DEFAULTS | params).fit(*data)
    path = tmp_path / "fit.ckpt"
    checkpoint = crash(cls(**DEFAULTS | params), data, path)
    assert path.exists()

    continued = cls(**DEFAULTS | params, callbacks=[checkpoint]).fit(*data)

    assert not path.exists()
    vectors = whole.transform(data[0])
    np.testing.assert_array_equal(continued.transform(data[0]), vectors)
    losses = [[row["train_loss"] for row in e.history_] for e in (whole, continued)]
    assert losses[0] == losses[1]
    assert continued.train_score_ == whole.train_score_
    used = [e._closed_form.get("used_epoch") for e in (whole, continued)]
    assert used[0] == used[1]


def test_the_best_epoch_may_be_one_before_the_interruption(tmp_path):
    params = DEFAULTS | {"early_stopping": True, "lr": 1.0, "lr_schedule": None}
    whole = LSTMSequenceEmbedder(**params).fit(WORDS)
    losses = [row["valid_loss"] for row in whole.history_]
    assert np.argmin(losses) < 6
    path = tmp_path / "f.ckpt"
    checkpoint = crash(LSTMSequenceEmbedder(**params), (WORDS,), path, epoch=7)

    continued = LSTMSequenceEmbedder(**params, callbacks=[checkpoint]).fit(WORDS)

    assert continued._closed_form["used_epoch"] == np.argmin(losses) + 1


def test_random_numbers_continue_without_a_seed(tmp_path):
    params = DEFAULTS | {"random_state": None}
    np.random.seed(3)
    whole = LSTMSequenceEmbedder(**params).fit(NUMBERS)
    np.random.seed(3)
    checkpoint = crash(LSTMSequenceEmbedder(**params), (NUMBERS,), tmp_path / "f.ckpt")
    np.random.seed(4)

    continued = LSTMSequenceEmbedder(**params, callbacks=[checkpoint]).fit(NUMBERS)

    np.testing.assert_array_equal(
        continued.transform(NUMBERS), whole.transform(NUMBERS)
    )


def test_only_the_missing_epochs_are_trained(tmp_path):
    checkpoint = crash(
        LSTMSequenceEmbedder(**DEFAULTS), (NUMBERS,), tmp_path / "f.ckpt"
    )
    epochs = []

    class Count(Callback):
        def on_epoch_end(self, net, **kwargs):
            epochs.append(len(net.history))

    callbacks = [checkpoint, Count()]
    LSTMSequenceEmbedder(**DEFAULTS).set_params(callbacks=callbacks).fit(NUMBERS)

    assert epochs == [5, 6, 7]


PROGRAM = """
import os, signal, sys

import numpy as np
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import FunctionTransformer
from skorch.callbacks import Callback, EarlyStopping

sys.path.insert(0, sys.argv[3])
from saved_cases import NUMBERS
from sklearn_seqembed import LSTMSequenceEmbedder
from sklearn_seqembed.callbacks import TrainingCheckpoint

class Kill(Callback):
    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == 5:
            os.kill(os.getpid(), signal.SIGKILL)

checkpoint = TrainingCheckpoint(sys.argv[1], minutes=0)
callbacks = [checkpoint] if os.path.exists(sys.argv[1]) else [checkpoint, Kill()]
embedder = LSTMSequenceEmbedder(
    n_components=4, max_epochs=7, random_state=0, callbacks=callbacks
)
np.save(sys.argv[2], embedder.fit(NUMBERS).transform(NUMBERS))
"""


def test_the_same_program_continues_after_a_kill(tmp_path):
    vectors = tmp_path / "vectors.npy"
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM]
    command += [tmp_path / "fit.ckpt", vectors, os.path.dirname(__file__)]

    assert subprocess.run(command).returncode == -signal.SIGKILL
    assert not vectors.exists()
    assert subprocess.run(command).returncode == 0

    whole = LSTMSequenceEmbedder(**DEFAULTS).fit(NUMBERS)
    np.testing.assert_array_equal(np.load(vectors), whole.transform(NUMBERS))


@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_crash_after_the_last_epoch_is_survived(early_stopping, tmp_path):
    params = DEFAULTS | {"max_epochs": 4, "early_stopping": early_stopping}
    whole = LSTMSequenceEmbedder(**params).fit(NUMBERS)
    path = tmp_path / "fit.ckpt"
    checkpoint = crash(LSTMSequenceEmbedder(**params), (NUMBERS,), path, epoch=None)

    continued = LSTMSequenceEmbedder(**params, callbacks=[checkpoint]).fit(NUMBERS)

    np.testing.assert_array_equal(
        continued.transform(NUMBERS), whole.transform(NUMBERS)
    )


def test_the_checkpoint_of_a_later_warm_start_is_refused(tmp_path):
    path = tmp_path / "fit.ckpt"
    embedder = LSTMSequenceEmbedder(**DEFAULTS | {"warm_start": True}).fit(NUMBERS)
    checkpoint = crash(embedder, (NUMBERS,), path, epoch=12)
    first = LSTMSequenceEmbedder(**DEFAULTS | {"warm_start": True})

    with pytest.raises(ValueError, match="that fit began after 7 epochs, this one aft"):
        first.set_params(callbacks=[checkpoint]).fit(NUMBERS)


def test_callbacks_that_change_the_training_start_anew_with_a_warning(tmp_path):
    path = tmp_path / "fit.ckpt"
    checkpoint = crash(LSTMSequenceEmbedder(**DEFAULTS), (NUMBERS,), path)
    stopping = EarlyStopping(monitor="train_loss")
    embedder = LSTMSequenceEmbedder(**DEFAULTS, callbacks=[checkpoint, stopping])

    with pytest.warns(UserWarning, match="EarlyStopping in callbacks starts anew"):
        embedder.fit(NUMBERS)


def test_the_checkpoint_of_another_estimator_is_refused(tmp_path):
    checkpoint = crash(
        LSTMSequenceEmbedder(**DEFAULTS), (NUMBERS,), tmp_path / "fit.ckpt"
    )
    predictor = LSTMSequencePredictor(**DEFAULTS, callbacks=[checkpoint])

    with pytest.raises(ValueError, match="it is one of a LSTMSequenceEmbedder"):
        predictor.fit(NUMBERS, FORECASTS)


def test_a_scaler_with_functions_can_have_a_checkpoint(tmp_path):
    scaler = FunctionTransformer(lambda x: x / 2, lambda x: x * 2)
    params = DEFAULTS | {"scaler": scaler}
    path = tmp_path / "fit.ckpt"
    checkpoint = crash(LSTMSequenceEmbedder(**params), (NUMBERS,), path)

    LSTMSequenceEmbedder(**params, callbacks=[checkpoint]).fit(NUMBERS)

    assert not path.exists()


def test_a_checkpoint_that_cannot_be_removed_is_a_warning(tmp_path, monkeypatch):
    def refuse(path):
        raise OSError("read-only")

    checkpoint = TrainingCheckpoint(tmp_path / "fit.ckpt", minutes=0)
    monkeypatch.setattr("os.remove", refuse)

    with pytest.warns(UserWarning, match="its checkpoint was not removed: read-only"):
        LSTMSequenceEmbedder(**DEFAULTS, callbacks=[checkpoint]).fit(NUMBERS)


def test_a_folder_is_no_checkpoint(tmp_path):
    embedder = LSTMSequenceEmbedder(
        **DEFAULTS, callbacks=[TrainingCheckpoint(tmp_path)]
    )

    with pytest.raises(IsADirectoryError, match="is a folder"):
        embedder.fit(NUMBERS)


def test_a_search_is_refused(tmp_path):
    checkpoint = TrainingCheckpoint(tmp_path / "fit.ckpt")
    embedder = LSTMSequenceEmbedder(**DEFAULTS, callbacks=[checkpoint])
    search = GridSearchCV(embedder, {"n_components": [2, 4]}, cv=2, error_score="raise")

    with pytest.raises(ValueError, match="cannot be used in a search"):
        search.fit(NUMBERS)


def change_checkpoint(path, change):
    """Change the state of the training in a checkpoint, and its checksum."""
    sections, tensors = read_sections(path, CONTENT, SECTIONS)
    del sections["versions"]
    change(sections["training"])
    write_sections(path, CONTENT, sections, tensors)


def test_a_checkpoint_cannot_change_other_callbacks(tmp_path):
    path = tmp_path / "fit.ckpt"
    checkpoint = crash(LSTMSequenceEmbedder(**DEFAULTS), (NUMBERS,), path)

    def change(training):
        training["callbacks"]["Crash"] = {"epoch": 6}
        training["callbacks"]["seqembed_best"]["on_epoch_end"] = None

    change_checkpoint(path, change)
    callbacks = [checkpoint, Crash(100)]
    LSTMSequenceEmbedder(**DEFAULTS).set_params(callbacks=callbacks).fit(NUMBERS)


@pytest.mark.parametrize(
    "change",
    [
        lambda training: training.pop("history"),
        lambda training: training.update(history=[1, 2, 3]),
        lambda training: training.update(moments=3),
        lambda training: training.update(schedule={"last_epoch": "x"}),
        lambda training: training["weights"].popitem(),
        lambda training: training["callbacks"].pop("seqembed_best"),
    ],
)
def test_crafted_checkpoints_are_refused(change, tmp_path):
    path = tmp_path / "fit.ckpt"
    checkpoint = crash(LSTMSequenceEmbedder(**DEFAULTS), (NUMBERS,), path)
    change_checkpoint(path, change)
    embedder = LSTMSequenceEmbedder(**DEFAULTS, callbacks=[checkpoint])

    with pytest.raises(ValueError, match=r"fit\.ckpt cannot be opened"):
        embedder.fit(NUMBERS)


def test_damaged_checkpoints_are_refused(tmp_path):
    path, rng = tmp_path / "fit.ckpt", np.random.default_rng(0)
    checkpoint = crash(LSTMSequenceEmbedder(**DEFAULTS), (NUMBERS,), path)
    content = path.read_bytes()
    embedder = LSTMSequenceEmbedder(**DEFAULTS, callbacks=[checkpoint])
    for i in range(50):
        damaged = bytearray(content)
        damaged[rng.integers(len(content))] ^= 1 << i % 8
        path.write_bytes(damaged)

        with pytest.raises(ValueError, match=r"fit\.ckpt"):
            embedder.fit(NUMBERS)


@pytest.mark.parametrize(
    ("params", "data", "expected"),
    [
        ({"lr": 0.01}, NUMBERS, "the fit had other values of lr"),
        ({}, NUMBERS[1:], "the fit had other data"),
        ({}, [x + 1e-9 for x in NUMBERS], "the fit had other data"),
    ],
)
def test_the_checkpoint_of_another_fit_is_refused(params, data, expected, tmp_path):
    path = tmp_path / "fit.ckpt"
    checkpoint = crash(LSTMSequenceEmbedder(**DEFAULTS), (NUMBERS,), path)
    content = path.read_bytes()
    embedder = LSTMSequenceEmbedder(**DEFAULTS | params, callbacks=[checkpoint])

    with pytest.raises(ValueError, match=f"belongs to another fit: {expected}"):
        embedder.fit(data)

    assert path.read_bytes() == content


def test_a_file_that_is_no_checkpoint_is_kept(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("my notes")
    checkpoint = TrainingCheckpoint(path)

    with pytest.raises(ValueError, match="is not a safetensors file"):
        LSTMSequenceEmbedder(**DEFAULTS, callbacks=[checkpoint]).fit(NUMBERS)

    assert path.read_text() == "my notes"


def test_nothing_is_written_before_it_is_due(tmp_path):
    checkpoint = TrainingCheckpoint(tmp_path / "fit.ckpt", minutes=60)
    found = []

    class Look(Callback):
        def on_epoch_begin(self, net, **kwargs):
            found.extend(tmp_path.iterdir())

    callbacks = [checkpoint, Look()]
    LSTMSequenceEmbedder(**DEFAULTS).set_params(callbacks=callbacks).fit(NUMBERS)

    assert not found
    assert not list(tmp_path.iterdir())


def test_a_folder_that_does_not_exist_is_an_error_at_once(tmp_path):
    checkpoint = TrainingCheckpoint(tmp_path / "none" / "fit.ckpt", minutes=60)

    with pytest.raises(OSError, match="The folder of the checkpoint, .*none, cannot"):
        LSTMSequenceEmbedder(**DEFAULTS, callbacks=[checkpoint]).fit(NUMBERS)


def test_training_continues_if_the_disk_is_full(tmp_path, monkeypatch):
    def fill_disk(tensors, filename, metadata):
        raise OSError("No space left on device")

    monkeypatch.setattr("sklearn_seqembed._saving.files.save_file", fill_disk)
    checkpoint = TrainingCheckpoint(tmp_path / "fit.ckpt", minutes=0)
    embedder = LSTMSequenceEmbedder(**DEFAULTS, callbacks=[checkpoint])

    with pytest.warns(UserWarning, match="training continues: No space left"):
        embedder.fit(NUMBERS)

    assert embedder.n_iter_ == DEFAULTS["max_epochs"]
    assert not list(tmp_path.iterdir())


def test_partial_fit_writes_no_checkpoint(tmp_path):
    checkpoint = TrainingCheckpoint(tmp_path / "fit.ckpt", minutes=0)

    LSTMSequenceEmbedder(**DEFAULTS, callbacks=[checkpoint]).partial_fit(NUMBERS)

    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("callbacks", "error", "expected"),
    [
        ([TrainingCheckpoint("a", minutes=-1)], ValueError, "minutes == -1, must be"),
        ([TrainingCheckpoint("a", minutes=np.nan)], ValueError, "must be finite"),
        ([TrainingCheckpoint("a", epochs=0)], ValueError, "epochs == 0, must be >= 1"),
        ([TrainingCheckpoint("a", minutes=None)], ValueError, "is never written"),
        ([TrainingCheckpoint(3)], TypeError, "must be a string or a path, got 3"),
        ([TrainingCheckpoint("a"), TrainingCheckpoint("b")], ValueError, "several"),
    ],
)
def test_invalid_checkpoints_are_refused(callbacks, error, expected):
    embedder = LSTMSequenceEmbedder(**DEFAULTS, callbacks=callbacks)

    with pytest.raises(error, match=expected):
        embedder.fit(NUMBERS)

"""Checkpoints of a training: written now and then, read if the same fit starts again.

A checkpoint holds what changes during a training: weights, moments, random generators,
and the state of our callbacks. Everything else is computed again, and must be equal.
"""

import math
import numbers
import os
import time

import numpy as np
import torch
from sklearn.utils import check_scalar
from skorch.callbacks import Callback, EarlyStopping, LRScheduler

from sklearn_seqembed._data.messages import count, warn_user
from sklearn_seqembed._saving.exceptions import DamagedFileError
from sklearn_seqembed._saving.files import (
    explaining_damage,
    read_sections,
    write_sections,
)
from sklearn_seqembed._saving.fingerprints import hash_data, hash_parameters
from sklearn_seqembed._saving.nets import get_moments, set_moments
from sklearn_seqembed._saving.plain import Reader, Writer
from sklearn_seqembed._saving.values import build_random_state
from sklearn_seqembed._saving.versions import warn_about_versions
from sklearn_seqembed._training.process import is_called_by_search

CONTENT = "checkpoint"
SECTIONS = "class", "params", "data", "rng", "training"

# Attributes of callbacks that change during a training.
CALLBACK_STATES = {
    "train_loss": ("best_score_",),
    "valid_loss": ("best_score_",),
    "seqembed_best": ("lowest_", "validated_", "best_", "kept_"),
    "seqembed_sampling": ("count_",),
    "seqembed_stopping": ("misses_", "dynamic_threshold_", "best_epoch_"),
}
SCHEDULE = "seqembed_schedule"


class TrainingCheckpoint(Callback):
    """Let `fit` write its state to a file, and continue from it after a crash.

    Pass it in `callbacks`. If the process dies, run the same program again: `fit` with
    the same parameters and the same data finds the file and continues after the last
    epoch in it. On one thread the result is equal, bit for bit, to that of a training
    that was not interrupted. At the end of `fit` the file is removed.

    Random numbers continue, too, so `random_state` may be None. Other callbacks start
    anew, with the history of all epochs. Those that change the training, such as
    skorch's EarlyStopping and LRScheduler, may then lead to another result, and `fit`
    warns. `partial_fit` writes no checkpoints; use `save` between its calls. After
    Ctrl-C the file is kept, and the next `fit` continues from it.

    Parameters
    ----------
    path : str or path-like
        The file. Each fit of a program needs a file of its own. Searches and
        cross-validation, which fit copies of an estimator, are therefore refused.
    minutes : float or None, default=10.0
        Write the file at the end of an epoch if so many minutes have passed since it
        was last written, or since training began. With 0 it is written after each
        epoch, with None only as `epochs` says.
    epochs : int or None, default=None
        Write the file also after so many epochs.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn_seqembed import LSTMSequenceEmbedder
    >>> from sklearn_seqembed.callbacks import TrainingCheckpoint
    >>> from sklearn_seqembed.datasets import make_sequences
    >>> X, _ = make_sequences(40, random_state=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     checkpoint = TrainingCheckpoint(Path(folder) / "fit.ckpt", minutes=5)
    ...     embedder = LSTMSequenceEmbedder(
    ...         n_components=8, max_epochs=5, callbacks=[checkpoint], random_state=0
    ...     ).fit(X)
    """

    def __init__(self, path, *, minutes=10.0, epochs=None):
        self.path = path
        self.minutes = minutes
        self.epochs = epochs


def find_checkpoint(callbacks):
    """Return the TrainingCheckpoint among callbacks, None if there is none.

    Raises
    ------
    ValueError, TypeError
        If there are several, or a parameter of it is invalid.
    OSError
        If its folder does not exist, or cannot be written to.
    """
    found = []
    for item in callbacks or ():
        callback = item[-1] if isinstance(item, (tuple, list)) else item
        if isinstance(callback, TrainingCheckpoint):
            found.append(callback)
    if not found:
        return None
    if len(found) > 1:
        raise ValueError("Pass only one TrainingCheckpoint, not several.")
    (checkpoint,) = found
    if not isinstance(checkpoint.path, (str, os.PathLike)):
        raise TypeError(
            "The path of a TrainingCheckpoint must be a string or a path, got "
            f"{checkpoint.path!r}."
        )
    if is_called_by_search():
        raise ValueError(
            "A TrainingCheckpoint cannot be used in a search, in cross-validation or "
            "in an ensemble: their fits would share one file. Remove it from callbacks."
        )
    if os.path.isdir(checkpoint.path):
        raise IsADirectoryError(
            f"The path of a checkpoint, {checkpoint.path}, is a folder."
        )
    folder = os.path.dirname(os.path.abspath(checkpoint.path))
    if not os.access(folder, os.W_OK):  # before an hour of training
        raise OSError(f"The folder of the checkpoint, {folder}, cannot be written to.")
    if checkpoint.minutes is not None:
        check_scalar(checkpoint.minutes, "minutes", numbers.Real, min_val=0)
        if not math.isfinite(checkpoint.minutes):
            raise ValueError(f"minutes == {checkpoint.minutes}, must be finite.")
    if checkpoint.epochs is not None:
        check_scalar(checkpoint.epochs, "epochs", numbers.Integral, min_val=1)
    if checkpoint.minutes is None and checkpoint.epochs is None:
        raise ValueError(
            "A TrainingCheckpoint with minutes=None and epochs=None is never written. "
            "Set one of them."
        )
    return checkpoint


class CheckpointRecorder(Callback):
    """Read the checkpoint of a fit if there is one, and write it during the training.

    Parameters
    ----------
    checkpoint : TrainingCheckpoint
        Where and how often to write.
    estimator : BaseSequenceEstimator
        The estimator to be fitted.
    rng : RandomState
        The generator of the fit, before any number is drawn.

    Attributes
    ----------
    rng : RandomState
        The generator to use: that of the fit to be continued, if there is one.
    n_done : int
        Number of epochs that are done when training begins.
    """

    n_done = 0

    def __init__(self, checkpoint, estimator, rng):
        self.checkpoint = checkpoint
        self.rng = rng
        self._sections = {
            "class": type(estimator).__name__,
            "params": hash_parameters(estimator),
            "data": None,
        }
        self._tensors, self._read = {}, None
        rng_state = rng.get_state(legacy=False)
        if os.path.exists(checkpoint.path):
            with explaining_damage(checkpoint.path):
                self._read, tensors = read_sections(checkpoint.path, CONTENT, SECTIONS)
                reader = Reader(tensors)
                rng_state = reader.read(self._read["rng"])
                self.rng = build_random_state(rng_state)
                self._training = reader.read(self._read["training"])
                if extra := sorted(tensors.keys() - reader.used):
                    raise DamagedFileError(
                        f"there is an unexpected tensor {extra[0]!r}"
                    )
                _check_training(self._training)
            warn_about_versions("checkpoint", self._read["versions"], stacklevel=5)
        self._sections["rng"] = Writer(self._tensors).write(rng_state, ("rng",))

    def check_data(self, pairs):
        """Check that the checkpoint is one of a fit to these pairs.

        Raises
        ------
        ValueError
            If it is one of another estimator, other parameters or other data.
        """
        self._sections["data"] = hash_data(pairs)
        if self._read is None:
            return
        read, params = self._read, self._sections["params"]
        with explaining_damage(self.checkpoint.path):
            differing = [k for k in params if read["params"].get(k) != params[k]]
        if read["class"] != self._sections["class"]:
            reason = f"it is one of a {read['class']}"
        elif differing:
            reason = f"the fit had other values of {', '.join(sorted(differing))}"
        elif read["data"] != self._sections["data"]:
            reason = "the fit had other data"
        else:
            return
        self._refuse(reason)

    def _refuse(self, reason):
        raise ValueError(
            f"The checkpoint {self.checkpoint.path} belongs to another fit: {reason}. "
            "Repeat that fit to continue it, remove the file to start anew, or use "
            "another path."
        )

    def prepare(self, net, generators, max_epochs):
        """Note what the state of a training consists of, and what is done.

        Parameters
        ----------
        net : SequenceNet
            The net, as it was before the training.
        generators : Generators
            The random generators of the fit.
        max_epochs : int
            Largest number of epochs.

        Raises
        ------
        ValueError
            If the checkpoint is one of a fit that continued another one.
        """
        self._generators, self._n_before = generators, len(net.history)
        if self._read is None:
            return
        self.n_done = len(self._training["history"]) - self._n_before
        if self._training["n_before"] != self._n_before or self.n_done > max_epochs:
            self._refuse(
                f"that fit began after {count(self._training['n_before'], 'epoch')}, "
                f"this one after {self._n_before}"
            )

    def on_train_begin(self, net, **kwargs):
        """Restore the state of the training, and start the clock."""
        self._written = time.monotonic()
        if self._read is None:
            return
        with explaining_damage(self.checkpoint.path):
            self._restore(net)
        self._read = self._training = None
        changing = [
            type(callback).__name__
            for name, callback in net.callbacks_
            if isinstance(callback, (EarlyStopping, LRScheduler))
            and not name.startswith("seqembed_")
        ]
        if changing:
            warn_user(
                f"{' and '.join(changing)} in callbacks starts anew where the training "
                "continues, so the result may differ from that of a whole training."
            )

    def on_epoch_end(self, net, **kwargs):
        """Write the file if it is due."""
        minutes, epochs = self.checkpoint.minutes, self.checkpoint.epochs
        n_epochs = len(net.history) - self._n_before
        elapsed = (time.monotonic() - self._written) / 60
        if (minutes is not None and elapsed >= minutes) or (
            epochs is not None and n_epochs % epochs == 0
        ):
            try:
                self._write(net)
            except OSError as exc:
                warn_user(
                    f"A checkpoint was not written, and training continues: {exc}"
                )
            self._written = time.monotonic()

    def on_train_end(self, net, **kwargs):
        """Release the random generators."""
        self._generators = None

    def finish(self):
        """Remove the file: the fit is complete."""
        try:
            if os.path.exists(self.checkpoint.path):
                os.remove(self.checkpoint.path)
        except OSError as exc:
            warn_user(f"The fit is complete, but its checkpoint was not removed: {exc}")

    def _write(self, net):
        callbacks = dict(net.callbacks_)
        schedule = callbacks.get(SCHEDULE)
        training = {
            "n_before": self._n_before,
            "weights": _as_arrays(net.module_.state_dict()),
            "moments": get_moments(net),
            "generators": {
                name: generator.get_state().numpy()
                for name, generator in vars(self._generators).items()
            },
            "callbacks": {
                name: {key: _as_arrays(getattr(callbacks[name], key)) for key in keys}
                for name, keys in CALLBACK_STATES.items()
                if name in callbacks
            },
            "schedule": _get_schedule(schedule) if schedule is not None else None,
            "history": [
                {key: value for key, value in row.items() if key != "batches"}
                for row in net.history
            ],
        }
        tensors = dict(self._tensors)
        written = Writer(tensors).write(training, ("training",))
        sections = self._sections | {"training": written}
        write_sections(self.checkpoint.path, CONTENT, sections, tensors)

    def _restore(self, net):
        training, callbacks = self._training, dict(net.callbacks_)
        net.module_.load_state_dict(_as_tensors(training["weights"]))
        net.moments_ = training["moments"]
        set_moments(net)
        for name, generator in vars(self._generators).items():
            generator.set_state(torch.from_numpy(training["generators"][name].copy()))
        for name, keys in CALLBACK_STATES.items():
            for key in keys if name in callbacks else ():
                value = training["callbacks"][name][key]
                setattr(callbacks[name], key, _as_tensors(value))
        if training["schedule"] is not None:
            scheduler = callbacks[SCHEDULE].lr_scheduler_
            present = scheduler.state_dict()
            for key, value in training["schedule"].items():
                if type(value) is not type(present.get(key)):
                    raise DamagedFileError(f"its schedule has a wrong {key!r}")
            scheduler.load_state_dict(training["schedule"])
            rates = scheduler.get_last_lr()
            for group, rate in zip(net.optimizer_.param_groups, rates, strict=True):
                group["lr"] = rate
        del net.history[:]
        net.history.extend(training["history"])


def _check_training(training):
    """Raise an error unless this is what :meth:`CheckpointRecorder._write` writes."""
    expected = {
        "n_before": int,
        "weights": dict,
        "moments": dict,
        "generators": dict,
        "callbacks": dict,
        "schedule": (dict, type(None)),
        "history": list,
    }
    if training.keys() != expected.keys():
        raise DamagedFileError("the state of its training is incomplete")
    for key, types in expected.items():
        if not isinstance(training[key], types):
            raise DamagedFileError(f"{key} is of type {type(training[key]).__name__}")
    if not all(isinstance(row, dict) for row in training["history"]):
        raise DamagedFileError("its history does not consist of epochs")


def _as_arrays(value):
    """Convert a dict of tensors to one of arrays; return other values unchanged."""
    if not isinstance(value, dict):
        return value
    return {name: tensor.detach().cpu().numpy() for name, tensor in value.items()}


def _as_tensors(value):
    if not isinstance(value, dict):
        return value
    return {name: torch.from_numpy(np.array(array)) for name, array in value.items()}


def _get_schedule(callback):
    """Return the state of a schedule, without its functions."""
    state = callback.lr_scheduler_.state_dict()
    plain = bool, int, float, str, list
    return {key: value for key, value in state.items() if isinstance(value, plain)}

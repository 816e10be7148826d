"""Training of an embedder by several workers of Ray Train."""

import numbers
import os
import pickle
import signal
import sys
import tempfile
import threading
import warnings
from pathlib import Path

import torch
from sklearn.utils import check_scalar
from skorch.callbacks import Callback

from sklearn_seqembed._data.messages import warn_user
from sklearn_seqembed._data.scalars import check_seed
from sklearn_seqembed._data.streams import SequenceStream, as_stream
from sklearn_seqembed._embedder import LSTMSequenceEmbedder
from sklearn_seqembed._ray.columns import (
    MISSING_EXTRA,
    choose_features,
    import_ray,
    list_columns,
    read_features,
)
from sklearn_seqembed._ray.resources import warn_if_few
from sklearn_seqembed._saving.checkpoints import TrainingCheckpoint
from sklearn_seqembed._training.workers import Workers, current_workers

# Name of the folder in `storage_path`. Ray Train continues a run of the same name.
RUN_NAME = "sklearn_seqembed"
CHECKPOINT = "training.ckpt"


def fit(
    embedder,
    dataset,
    n_workers=2,
    *,
    columns=None,
    num_cpus=1,
    num_gpus=0,
    checkpoint_minutes=10.0,
    max_failures=3,
    storage_path=None,
):
    """Train an embedder by several workers at the same time.

    Each worker is a process with a copy of the network, and it reads all data. It
    computes the gradients of its share of each batch, and Ray Train connects the
    workers so that these can be added up, by gloo on CPUs and by nccl on GPUs.
    `batch_size` is the number of sequences of all shares together, so the result is
    that of the method `fit` on the same rows, except for rounding, however many workers
    there are.

    If a worker dies, Ray Train replaces the workers, which continue from the last
    checkpoint.

    Parameters
    ----------
    embedder : LSTMSequenceEmbedder
        The embedder to fit. It must have no `callbacks`; the losses of each epoch are
        reported to Ray Train, and printed if `verbose` is not 0.
    dataset : ray.data.Dataset, or stream
        One sequence in each row, as for :func:`sklearn_seqembed.ray.transform`, in a
        Ray Dataset that fits into the memory of each worker. Or a stream, which each
        worker reads a part at a time, as the method `fit` does: what
        :func:`sklearn_seqembed.scan_sequences` returns for files that all nodes can
        reach, a pyarrow Dataset or a polars LazyFrame.
    n_workers : int, default=2
        Number of workers. All of them run at the same time: if the cluster has too few
        cores or GPUs for them, Ray waits until it has, after a warning.
    columns : list or tuple of str, default=None
        Columns of a Ray Dataset with sequences. None stands for all columns. Those of a
        stream are chosen by :func:`sklearn_seqembed.scan_sequences`.
    num_cpus : float, default=1
        Number of cores that Ray reserves for a worker. A worker runs this many threads,
        but at least one.
    num_gpus : float, default=0
        Number of GPUs that Ray reserves for a worker.
    checkpoint_minutes : float, default=10.0
        Write a checkpoint at the end of an epoch if so many minutes have passed since
        the last one. With 0 each epoch has one.
    max_failures : int, default=3
        How often workers are replaced before an error is raised; -1 is without end.
    storage_path : str, default=None
        Folder for checkpoints, which all nodes of the cluster can reach: a path, or a
        URI such as "s3://bucket/folder". Use another folder for each fit. None is a
        temporary folder, which suffices on one machine.

    Returns
    -------
    LSTMSequenceEmbedder
        `embedder` itself, fitted.

    Raises
    ------
    TypeError
        If `embedder` is another estimator, or `dataset` is neither a Ray Dataset nor a
        stream that other processes can read.
    ValueError
        If the data or a parameter is invalid, as in the method `fit`; or if batches are
        so small that a worker would have no share.
    ray.train.TrainingFailedError
        If workers died more than `max_failures` times.
    KeyboardInterrupt
        After Ctrl-C, which ends the workers. The embedder is left unchanged.
    ImportError
        If the extra ``ray`` is not installed.

    Warns
    -----
    UserWarning
        If the cluster has too few cores or GPUs for `n_workers`.

    Examples
    --------
    >>> import ray  # doctest: +SKIP
    >>> from sklearn_seqembed import LSTMSequenceEmbedder
    >>> from sklearn_seqembed.ray import fit
    >>> dataset = ray.data.read_parquet("visits")  # doctest: +SKIP
    >>> embedder = LSTMSequenceEmbedder(hidden_size=256, random_state=0)
    >>> fit(embedder, dataset, n_workers=4, columns=["pages"])  # doctest: +SKIP
    """
    train = _import_ray_train()
    _check_embedder(embedder)
    check_scalar(n_workers, "n_workers", numbers.Integral, min_val=1)
    check_scalar(checkpoint_minutes, "checkpoint_minutes", numbers.Real, min_val=0)
    check_scalar(max_failures, "max_failures", numbers.Integral, min_val=-1)
    check_scalar(num_cpus, "num_cpus", numbers.Real, min_val=0)
    check_scalar(num_gpus, "num_gpus", numbers.Real, min_val=0)
    source = _choose_source(dataset, columns)
    warn_if_few(import_ray(), n_workers, num_cpus, num_gpus, reads=False)
    # All workers need the same random numbers.
    sent = embedder._copy_attributes()
    if sent.random_state is None:
        sent.random_state = check_seed(None).randint(2**31)
    task = {
        "embedder": sent,
        "source": source,
        "n_threads": max(1, int(num_cpus)),
        "minutes": checkpoint_minutes,
    }
    resources = {"CPU": num_cpus} | ({"GPU": num_gpus} if num_gpus else {})
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        trainer = train.torch.TorchTrainer(
            _train_copy,
            train_loop_config=task,
            scaling_config=train.ScalingConfig(
                num_workers=n_workers,
                use_gpu=bool(num_gpus),
                resources_per_worker=resources,
            ),
            run_config=train.RunConfig(
                name=RUN_NAME,
                storage_path=folder if storage_path is None else str(storage_path),
                failure_config=train.FailureConfig(max_failures=max_failures),
                checkpoint_config=train.CheckpointConfig(num_to_keep=1),
            ),
        )
        result = _run(trainer)
        fitted, raised, warned = result.return_value
        if storage_path is not None and raised is None:
            result.filesystem.delete_dir(result.path)  # the fit is complete
    for category, message in warned:
        warn_user(message, category)
    if raised is not None:
        raise raised
    embedder.__dict__ = vars(fitted) | embedder.get_params(deep=False)
    return embedder


def _import_ray_train():
    import_ray()
    try:
        import ray.train.torch
    except ImportError as exc:
        raise ImportError(MISSING_EXTRA.format(name=exc.name)) from exc
    return ray.train


def _choose_source(dataset, columns):
    """Return a stream, or the blocks of a Ray Dataset and the columns to read."""
    stream = as_stream(dataset)
    if stream is None:
        columns = choose_features(columns, list_columns(dataset))
        return dataset.select_columns(columns).to_arrow_refs(), columns
    if columns is not None:
        raise ValueError(
            "columns are those of a Ray Dataset. Choose the columns of a stream by "
            "scan_sequences(..., columns=...)."
        )
    try:
        pickle.dumps(stream)
    except Exception as exc:  # pickling calls methods of other libraries
        raise TypeError(
            "The stream cannot be sent to the workers: it belongs to this process, as "
            "a duckdb relation does. Write it to Parquet files, and pass their folder "
            "to scan_sequences."
        ) from exc
    return stream


def _check_embedder(embedder):
    if not isinstance(embedder, LSTMSequenceEmbedder):
        raise TypeError(
            "sklearn_seqembed.ray.fit trains an LSTMSequenceEmbedder, got a "
            f"{type(embedder).__name__}. Fit other estimators with their method fit."
        )
    if embedder.callbacks:
        raise ValueError(
            "callbacks would be called in each worker, so sklearn_seqembed.ray.fit "
            "takes none. Set callbacks=None: the losses of each epoch are reported to "
            "Ray Train, and checkpoints are written as checkpoint_minutes says."
        )


def _run(trainer):
    """Run a trainer, whose handler of Ctrl-C exits the program, and stays installed."""
    is_main = threading.current_thread() is threading.main_thread()
    handler = signal.getsignal(signal.SIGINT)
    try:
        return trainer.fit()
    except SystemExit as exc:
        raise KeyboardInterrupt from exc
    finally:
        if is_main:
            signal.signal(signal.SIGINT, handler)


# In the workers


def _train_copy(task):
    """Fit the embedder together with the other workers.

    Returns
    -------
    tuple or None
        The fitted embedder or None, the error that bad input led to or None, and
        warnings; but only in the first worker. Other errors are raised, and Ray Train
        replaces the workers.
    """
    train = _import_ray_train()
    torch.set_num_threads(task["n_threads"])
    if train.torch.get_device().type == "cuda":
        torch.cuda.set_device(train.torch.get_device())
    embedder = task["embedder"]
    verbose, embedder.verbose = embedder.verbose, 0  # progress bars of all workers
    raised, caught = None, []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / CHECKPOINT
        if (last := train.get_checkpoint()) is not None:
            with last.as_directory() as source:
                path.write_bytes((Path(source) / CHECKPOINT).read_bytes())
        is_first = train.get_context().get_world_rank() == 0
        often = {"minutes": task["minutes"]}
        rarely = {"minutes": None, "epochs": sys.maxsize}
        embedder.callbacks = [
            TrainingCheckpoint(path, **(often if is_first else rarely)),
            _EpochReporter(path, verbose=verbose if is_first else 0),
        ]
        current_workers.set(Workers())
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                embedder.fit(_read(task["source"]))
        except (TypeError, ValueError) as exc:  # equal in all workers
            raised = exc
        finally:
            current_workers.set(None)
    if not is_first:
        return None
    embedder.callbacks = None
    warned = [(w.category, str(w.message)) for w in caught]
    return None if raised else embedder, raised, warned


def _read(source):
    """Return what `_choose_source` returned as X."""
    if isinstance(source, SequenceStream):
        return source
    blocks, columns = source
    return read_features(import_ray().get(blocks), columns, named=True)


class _EpochReporter(Callback):
    """Report each epoch to Ray Train, and the checkpoint if a new one was written.

    The checkpoint of an epoch is written after the user's callbacks, of which this is
    one, have been called. An epoch is therefore reported when the next one begins.

    Parameters
    ----------
    path : Path
        The file of the checkpoint, in a folder of its own.
    verbose : int, default=0
        Whether to print the losses.
    """

    def __init__(self, path, verbose=0):
        self.path = path
        self.verbose = verbose

    def on_train_begin(self, net, **kwargs):
        """Note when the checkpoint was written from which the training continues."""
        self.written_ = self._last_written()

    def on_epoch_begin(self, net, **kwargs):
        """Report the previous epoch."""
        if len(net.history) > 1:
            self._report(net.history[-2])

    def on_train_end(self, net, **kwargs):
        """Report the last epoch."""
        self._report(net.history[-1])

    def _report(self, row):
        train = _import_ray_train()
        names = "epoch", "train_loss", "valid_loss"
        metrics = {name: float(row[name]) for name in names if name in row}
        checkpoint, written = None, self._last_written()
        if written != self.written_:
            checkpoint = train.Checkpoint.from_directory(self.path.parent)
            self.written_ = written
        if self.verbose:
            print(", ".join(f"{name} {value:.4g}" for name, value in metrics.items()))
        train.report(metrics, checkpoint=checkpoint)

    def _last_written(self):
        return os.stat(self.path).st_mtime_ns if self.path.exists() else None

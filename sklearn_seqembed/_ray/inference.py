"""Transformation of a Ray Dataset by actors that hold a fitted estimator."""

import numbers

import numpy as np
import torch
from sklearn.utils import check_scalar
from sklearn.utils.validation import check_is_fitted

from sklearn_seqembed._data.messages import count
from sklearn_seqembed._ray.columns import (
    check_names,
    choose_features,
    import_ray,
    list_columns,
    read_features,
)
from sklearn_seqembed._ray.resources import (
    choose_cores,
    count_startable,
    list_cores,
    warn_if_few,
)

VECTOR = "vector"


def transform(
    embedder,
    dataset,
    *,
    keep=(),
    columns=None,
    n_workers=None,
    batch_size=1024,
    num_cpus=None,
    num_gpus=0,
):
    """Encode the sequences of a Ray Dataset as vectors.

    The rows are divided among worker processes, the actors of Ray, each of which
    receives the estimator once. If one dies, Ray starts another one, which encodes its
    rows.

    Parameters
    ----------
    embedder : estimator
        A fitted estimator of this package.
    dataset : ray.data.Dataset
        One sequence in each row: for each feature a column of lists, as in a frame, or
        one column of arrays of shape (n_timesteps,) or (n_timesteps, n_features).
    keep : list or tuple of str, default=()
        Columns that are copied to the result, such as keys. The result may have another
        order than the dataset, so without them the vectors belong to unknown rows.
    columns : list or tuple of str, default=None
        Columns with sequences. None stands for those on which the estimator was fitted,
        or, if that was no frame, the only one that is not in `keep`.
    n_workers : int, default=None
        Number of workers. None starts with one and lets Ray add more while rows are
        waiting, up to one for each core of the cluster, as long as one core is left for
        the tasks of Ray that read the dataset.
    batch_size : int, default=1024
        Number of rows that a worker encodes in one call.
    num_cpus : float, default=None
        Number of cores that Ray reserves for a worker. A worker runs this many threads,
        but at least one. None reserves half a core, or less if the cluster has too few
        cores. The tasks of Ray that read the dataset need one more core, which must be
        left on one of the nodes: otherwise Ray waits for ever, after a warning.
    num_gpus : float, default=0
        Number, or fraction, of GPUs that Ray reserves for a worker. An estimator that
        was fitted on a GPU uses it; one that was fitted on a CPU does not.

    Returns
    -------
    ray.data.Dataset
        It has the columns in `keep` and a column "vector" of arrays of shape
        (n_components,), and as many rows as `dataset`. As usual in Ray Data, it is
        computed when it is used.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    ValueError
        If a column does not exist, or it is not clear which ones hold sequences.
    TypeError
        If `dataset` is no Ray Dataset.
    ImportError
        If the extra ``ray`` is not installed.

    Warns
    -----
    UserWarning
        If the cluster has too few cores or GPUs for `n_workers`.

    Examples
    --------
    >>> import ray  # doctest: +SKIP
    >>> from sklearn_seqembed.ray import transform
    >>> dataset = ray.data.read_parquet("visits")  # doctest: +SKIP
    >>> vectors = transform(embedder, dataset, keep=["customer"])  # doctest: +SKIP
    >>> vectors.write_parquet("vectors")  # doctest: +SKIP
    """
    ray = import_ray()
    check_is_fitted(embedder)
    check_scalar(batch_size, "batch_size", numbers.Integral, min_val=1)
    if n_workers is not None:
        check_scalar(n_workers, "n_workers", numbers.Integral, min_val=1)
    if num_cpus is not None:
        check_scalar(num_cpus, "num_cpus", numbers.Real, min_val=0)
    check_scalar(num_gpus, "num_gpus", numbers.Real, min_val=0)
    present = list_columns(dataset)
    keep = check_names(keep, "keep", present)
    if VECTOR in keep:
        raise ValueError(
            f"keep has {VECTOR!r}, the name of the column of vectors. Rename it with "
            "dataset.rename_columns."
        )
    names = getattr(embedder, "feature_names_in_", None)
    columns = choose_features(
        columns, present, keep, None if names is None else names.tolist()
    )
    if names is None and len(columns) > 1:
        raise ValueError(
            "The embedder was not fitted on a frame, so it reads one column, but "
            f"{', '.join(map(repr, columns))} are left. Choose one with columns=[...], "
            "or put the others into keep."
        )
    # A callback may hold what cannot be pickled, and `transform` needs none.
    sent = embedder._copy_attributes()
    sent.callbacks = None
    cores = list_cores(ray)
    if num_cpus is None:
        num_cpus = choose_cores(cores, n_workers or 1)
    warn_if_few(ray, n_workers or 1, num_cpus, num_gpus, reads=True)
    if n_workers is None:
        most = min(int(sum(cores)), count_startable(cores, num_cpus))
        size = {"min_size": 1, "max_size": max(1, most)}
    else:
        size = {"size": n_workers}
    dataset = dataset.select_columns(list(dict.fromkeys([*keep, *columns])))
    # One large block would occupy one worker only.
    dataset = dataset.repartition(target_num_rows_per_block=batch_size)
    return dataset.map_batches(
        EncodingActor,
        fn_constructor_args=(sent, columns, keep, max(1, int(num_cpus))),
        compute=ray.data.ActorPoolStrategy(**size),
        batch_size=batch_size,
        batch_format="pyarrow",
        num_cpus=num_cpus,
        num_gpus=num_gpus,
        udf_modifying_row_count=False,
    )


class EncodingActor:
    """Encode batches of rows in a process of its own.

    Parameters
    ----------
    embedder : estimator
        A fitted estimator.
    columns : list of str
        Columns with sequences.
    keep : list of str
        Columns of the result.
    n_threads : int
        Number of threads.
    """

    def __init__(self, embedder, columns, keep, n_threads):
        torch.set_num_threads(n_threads)
        self.embedder = embedder.set_output(transform="default")  # no frames
        self.columns = columns
        self.keep = keep

    def __call__(self, table):
        """Return the columns to keep, and the vectors."""
        import pyarrow as pa

        n_components = self.embedder._n_features_out
        if len(table):
            vectors = self._encode(table)
        else:
            vectors = np.empty((0, n_components), np.float32)
        # A type of pyarrow, which other programs can read, unlike those of Ray.
        values = pa.array(vectors.ravel())
        column = pa.ExtensionArray.from_storage(
            pa.fixed_shape_tensor(pa.float32(), [n_components]),
            pa.FixedSizeListArray.from_arrays(values, n_components),
        )
        return table.select(self.keep).append_column(VECTOR, column)

    def _encode(self, table):
        named = hasattr(self.embedder, "feature_names_in_")
        X = read_features([table], self.columns, named)
        try:
            return self.embedder.transform(X)
        except (TypeError, ValueError) as exc:
            # Rows are counted within a batch, which the user does not know.
            (first,) = table.select(self.keep).slice(0, 1).to_pylist() or ({},)
            keys = ", ".join(f"{name}={value!r}" for name, value in first.items())
            kind = TypeError if isinstance(exc, TypeError) else ValueError
            raise kind(
                f"{exc} X is a batch of {count(len(table), 'row')} of the dataset"
                f"{f', the first of which has {keys}' if keys else ''}."
            ) from exc

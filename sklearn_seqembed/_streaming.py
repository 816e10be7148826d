"""Sequences that are read from storage, some at a time: see `_data/streams.py`."""

import contextlib
import functools
import itertools

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklearn_seqembed._data.messages import warning_once
from sklearn_seqembed._data.read_ahead import read_ahead
from sklearn_seqembed._data.streams import as_stream
from sklearn_seqembed._data.survey import survey
from sklearn_seqembed._training.plan import split_indices
from sklearn_seqembed._training.process import isolated
from sklearn_seqembed._training.streamed import StreamedDataset


class StreamingMixin:
    """Train on a stream, of which a sample is in memory, and encode it in batches."""

    def transform_batches(self, X):
        """Encode sequences, a part at a time, without keeping all vectors in memory.

        Parameters
        ----------
        X : list, array, tensor, frame or stream of n_samples sequences
            As for :meth:`transform`. The parts are those of a stream, see
            :func:`scan_sequences`; anything else is one part.

        Returns
        -------
        reader : pyarrow RecordBatchReader
            Batches with the columns that the stream keeps, such as keys, followed by
            one float32 column per component. The rows are those of X, in the same
            order.

        Examples
        --------
        Write the vectors to a file. If an error or Ctrl-C ends the loop, the file holds
        only some of them.

        >>> import pyarrow.parquet as pq
        >>> batches = embedder.transform_batches(stream)  # doctest: +SKIP
        >>> with pq.ParquetWriter(path, batches.schema) as writer:  # doctest: +SKIP
        ...     for batch in batches:
        ...         writer.write_batch(batch)
        """
        check_is_fitted(self)
        encode = functools.partial(
            isolated(type(self)._transform_part), self._copy_attributes()
        )
        return _read_vectors(X, self.get_feature_names_out().tolist(), encode)

    def _survey(self, stream, reset):
        """Check all sequences of a stream, and return some of them, or all if few."""
        resets = iter([reset])  # the first table determines the features

        def check(table):
            sequences, _ = self._check_X(table, next(resets, False))
            return sequences

        return survey(stream, check)

    def _split_sample(self, pairs, encoded, plan, rng):
        """Split a sample of a stream for training and validation.

        Returns
        -------
        training, validation : Pairs
            As for :func:`split_pairs`.
        streamed : callable
            Returns the dataset of all sequences of the stream that are trained on,
            given a random generator.
        """
        sample = pairs.sources
        training, held_out = split_indices(
            len(sample), plan._replace(fraction=1.0), rng
        )

        def make_part(table, generator):
            part = self._check_data(table, None, reset=False)
            return self._make_dataset(self._encode_pairs(part), generator)

        def make_dataset(generator):
            return StreamedDataset(
                sample.stream,
                sample.n_represented,
                sample.tally.checksum,
                np.sort(sample.positions[held_out]),
                plan.fraction,
                functools.partial(make_part, generator=generator),
                generator,
            )

        validation = encoded[held_out] if len(held_out) else None
        return encoded[training], validation, make_dataset


def _read_vectors(X, names, encode):
    """Return vectors in batches, next to the columns that a stream keeps.

    Parameters
    ----------
    X : object
        Sequences in memory, or a stream.
    names : list of str
        Names of the components.
    encode : callable
        Returns the vectors of sequences in memory.

    Returns
    -------
    pyarrow RecordBatchReader
        The columns that are kept, and one per component.
    """
    import pyarrow as pa

    batches = _iter_vectors(X, names, encode)
    first = next(batches)
    batches = itertools.chain([first], (batch.cast(first.schema) for batch in batches))
    return pa.RecordBatchReader.from_batches(first.schema, batches)


def _iter_vectors(X, names, encode):
    """Yield the batches of :func:`_read_vectors`.

    Yields
    ------
    pyarrow RecordBatch
        The columns that are kept, and one per component.
    """
    import pyarrow as pa

    stream = as_stream(X)
    if stream is None:
        vectors = encode(X)
        yield pa.RecordBatch.from_arrays(list(vectors.T), names)
        return
    for name in set(stream.keep) & set(names):
        raise ValueError(
            f"Column {name!r}, which is kept, has the name of a component. Rename it."
        )
    warned = set()
    with contextlib.closing(read_ahead(stream.iter_chunks())) as chunks:
        for chunk in chunks:
            with chunk.naming(), warning_once(warned):
                vectors = encode(chunk.table)
            kept = [column.combine_chunks() for column in chunk.kept.columns]
            yield pa.RecordBatch.from_arrays(
                [*kept, *map(pa.array, vectors.T)], [*stream.keep, *names]
            )

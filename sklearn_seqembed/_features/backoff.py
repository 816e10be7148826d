"""How surprising categories are, given those next to them: a back-off n-gram model.

References
----------
.. [1] Witten, I. H. and Bell, T. C. (1991). The zero-frequency problem: Estimating the
       probabilities of novel events in adaptive text compression. IEEE Transactions on
       Information Theory 37(4).
.. [2] Chen, S. F. and Goodman, J. (1999). An empirical study of smoothing techniques
       for language modeling. Computer Speech and Language 13(4).
.. [3] Steele, G. L., Lea, D. and Flood, C. H. (2014). Fast Splittable Pseudorandom
       Number Generators. OOPSLA.
"""

from typing import NamedTuple

import numpy as np

# Length of the longest n-grams. See "Anomaly scores" on the recipe page for the trials.
MAX_N = 4

# Upper bound on the n-grams of each length that are kept, those that occur most often
# (a few MiB), and on the categories that are processed at once. They limit memory and
# were not tuned.
MAX_NGRAMS = 2**17
CHUNK_SIZE = 2**20

# Multipliers of a hash function, those of SplitMix64 [3]_.
MULTIPLIERS = np.array(
    [0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB], dtype=np.uint64
)


class BackoffModel:
    """Predict the categories of one feature, and the end, from the previous ones.

    The probability of a category after n - 1 others is interpolated with that after the
    last n - 2 of them, and so on, with the weights of Witten and Bell [1]_: if a
    context occurred N times, with T different successors, and a category followed it c
    times, its probability is ``(c + T * p) / (N + T)``, where p is its probability in
    the shorter context. All are equally probable before any category is counted.

    Categories are 1 to `n_classes`, and 0 if missing. `n_classes` + 1 stands for all
    that are not in the vocabulary, and `n_classes` + 2 for the places before and after
    a sequence. Missing categories are part of contexts, but are not predicted. Those
    that are not in the vocabulary are like them in contexts, and are never counted,
    because another one of them would not be usual either.

    Contexts and n-grams are hashed to 64 bits, and only hashes and counts are kept.

    Parameters
    ----------
    n_classes : int
        Number of categories.
    backward : bool, default=False
        Predict categories from the following ones instead, and the start.
    """

    def __init__(self, n_classes, *, backward=False):
        self.n_classes, self.backward = n_classes, backward
        self.tables = [NgramTable.empty() for _ in range(MAX_N)]

    def count(self, codes, lengths):
        """Return a model that has also counted the n-grams of some sequences.

        Parameters
        ----------
        codes : int64 ndarray of shape (total_steps,)
            Categories of all sequences, one after the other.
        lengths : int64 ndarray of shape (n_samples,)
            Number of time steps of each sequence.
        """
        counted = BackoffModel(self.n_classes, backward=self.backward)
        counted.tables = self.tables
        for part, part_lengths in _iter_chunks(codes, lengths):
            tokens, contexts = self._list_ngrams(part, part_lengths)
            counted.tables = [
                table.add(_combine(context, tokens), context)
                for table, context in zip(counted.tables, contexts, strict=True)
            ]
        return counted

    def surprises(self, codes, lengths):
        """Add up the negative log probabilities of the categories of each sequence.

        Parameters
        ----------
        codes, lengths
            As for :meth:`count`.

        Returns
        -------
        sums : float64 ndarray of shape (n_samples,)
            Sums over the observed categories and the end, in nats.
        counts : int64 ndarray of shape (n_samples,)
            Number of terms of each sum.
        """
        results = []
        for part, part_lengths in _iter_chunks(codes, lengths):
            tokens, contexts = self._list_ngrams(part, part_lengths, observed=False)
            nats = -np.log(self._estimate(tokens, contexts))
            is_observed = tokens != 0
            starts = np.cumsum(part_lengths + 1) - part_lengths - 1
            results.append(
                (
                    np.add.reduceat(np.where(is_observed, nats, 0.0), starts),
                    np.add.reduceat(is_observed, starts, dtype=np.int64),
                )
            )
        sums, counts = zip(*results, strict=True)
        return np.concatenate(sums), np.concatenate(counts)

    def _estimate(self, tokens, contexts):
        """Return the probability of each token in its context."""
        # Categories, those that are not in the vocabulary, and the end.
        found = np.full(len(tokens), 1 / (self.n_classes + 2))
        for table, context in zip(self.tables, contexts, strict=True):
            found = table.interpolate(_combine(context, tokens), context, found)
        return found

    def _list_ngrams(self, codes, lengths, *, observed=True):
        """Return tokens, and hashes of their contexts of 0 to `MAX_N` - 1 tokens.

        The end is the last token of each sequence. With `observed`, tokens that are
        missing or not in the vocabulary are left out, but are part of contexts.
        """
        outside = self.n_classes + 2
        ends = np.cumsum(lengths)
        if self.backward:
            steps = np.arange(len(codes))
            codes = codes[np.repeat(2 * ends - lengths - 1, lengths) - steps]
        tokens = np.insert(codes, ends, outside)
        first = np.repeat(ends - lengths + np.arange(len(lengths)), lengths + 1)
        places = np.arange(len(tokens)) - first
        contexts = [np.zeros(len(tokens), dtype=np.uint64)]
        known = np.where(tokens == self.n_classes + 1, 0, tokens)
        for n in range(1, MAX_N):
            previous = np.where(places >= n, np.roll(known, n), outside)
            contexts.append(_combine(contexts[-1], previous))
        if observed:
            kept = known != 0
            tokens, contexts = tokens[kept], [context[kept] for context in contexts]
        return tokens, contexts


class NgramTable(NamedTuple):
    """Counts of n-grams of one length, and of their contexts.

    Attributes
    ----------
    ngrams : uint64 ndarray of shape (n_ngrams,)
        Sorted hashes of the n-grams.
    counts : int64 ndarray of shape (n_ngrams,)
        How often each of them occurred.
    context_of : uint64 ndarray of shape (n_ngrams,)
        Hash of the context of each of them.
    contexts : uint64 ndarray of shape (n_contexts,)
        Sorted hashes of the contexts.
    totals, kinds : int64 ndarray of shape (n_contexts,)
        Number of n-grams with each context, and of different ones.
    """

    ngrams: np.ndarray
    counts: np.ndarray
    context_of: np.ndarray
    contexts: np.ndarray
    totals: np.ndarray
    kinds: np.ndarray

    @classmethod
    def empty(cls):
        hashes, counts = np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.int64)
        return cls(hashes, counts, hashes, hashes, counts, counts)

    def add(self, ngrams, context_of):
        """Return a table that has also counted some n-grams."""
        ngrams = np.concatenate([self.ngrams, ngrams])
        context_of = np.concatenate([self.context_of, context_of])
        weights = np.ones(len(ngrams), dtype=np.int64)
        weights[: len(self.counts)] = self.counts
        ngrams, first, places = np.unique(
            ngrams, return_index=True, return_inverse=True
        )
        counts = _add_up(weights, places)
        context_of = context_of[first]
        if len(ngrams) > MAX_NGRAMS:
            # Totals are those of the n-grams that are kept, so that probabilities
            # still sum to 1.
            kept = np.sort(np.argsort(-counts, kind="stable")[:MAX_NGRAMS])
            ngrams, counts, context_of = ngrams[kept], counts[kept], context_of[kept]
        contexts, places = np.unique(context_of, return_inverse=True)
        totals, kinds = _add_up(counts, places), np.bincount(places)
        return NgramTable(ngrams, counts, context_of, contexts, totals, kinds)

    def interpolate(self, ngrams, context_of, shorter):
        """Return probabilities of n-grams, given those in the shorter context."""
        if not len(self.ngrams):
            return shorter
        counts = _look_up(self.ngrams, self.counts, ngrams)
        totals = _look_up(self.contexts, self.totals, context_of)
        kinds = _look_up(self.contexts, self.kinds, context_of)
        # After an unknown context, the shorter one is all there is.
        kinds = np.where(totals, kinds, 1)
        return (counts + kinds * shorter) / (totals + kinds)


def _add_up(counts, places):
    """Add up counts that belong to the same place."""
    return np.bincount(places, weights=counts).astype(np.int64)  # exact up to 2**53


def _look_up(keys, values, queries):
    """Return the value of each query, 0 if it is not among the sorted keys."""
    places = np.minimum(np.searchsorted(keys, queries), len(keys) - 1)
    return np.where(keys[places] == queries, values[places], 0)


def _combine(hashes, tokens):
    """Hash one more token to each of some hashes, uint64."""
    x = hashes + MULTIPLIERS[0] * (tokens + 1).astype(np.uint64)  # modulo 2**64
    x = (x ^ (x >> np.uint64(30))) * MULTIPLIERS[1]
    x = (x ^ (x >> np.uint64(27))) * MULTIPLIERS[2]
    return x ^ (x >> np.uint64(31))


def _iter_chunks(codes, lengths):
    """Yield codes and lengths of sequences that have about `CHUNK_SIZE` steps."""
    ends = np.cumsum(lengths)
    cuts = np.unique(np.searchsorted(ends, np.arange(CHUNK_SIZE, ends[-1], CHUNK_SIZE)))
    cuts = cuts[cuts > 0]
    parts = np.split(codes, ends[cuts - 1]), np.split(lengths, cuts)
    yield from zip(*parts, strict=True)

"""Encoding of categories as indices of a vocabulary, and decoding."""

from functools import cached_property

import numpy as np

from sklearn_seqembed._data.sequences import CategoricalFeature, Sequences


class Vocabulary:
    """Map the categories of one feature to indices.

    Index 0 is for missing values; the others are ranks by decreasing frequency, 1 for
    the most frequent category.

    Parameters
    ----------
    min_frequency, max_categories : int, float or None
        As in scikit-learn's encoders: infrequent categories have a common index. A
        float `min_frequency` is a fraction of all observed time steps.
    handle_unknown : {"infrequent_if_exist", "ignore", "error"}
        Treatment of categories not seen in fit, as in
        :class:`~sklearn.preprocessing.OneHotEncoder`.

    Attributes
    ----------
    categories : ndarray of shape (n_categories,)
        The categories with an index of their own, by decreasing frequency.
    infrequent : ndarray or None
        The infrequent categories, sorted.
    infrequent_index : int
        Common index of the infrequent categories; 0 if there are none.
    n_classes : int
        Number of indices, not counting 0.
    frequencies : float64 ndarray of shape (n_classes,)
        Fraction of the observed time steps of `fit` with each index.
    n_infrequent : int
        Number of the observed time steps of `fit` with an infrequent category.
    """

    def __init__(self, min_frequency, max_categories, handle_unknown):
        self.min_frequency = min_frequency
        self.max_categories = max_categories
        self.handle_unknown = handle_unknown

    def fit(self, found, given=None):
        """Learn from the categories of all time steps.

        Parameters
        ----------
        found : CategoryCounts
            The categories that occur, and how often.
        given : ndarray, default=None
            The categories of the vocabulary, even those that do not occur; others are
            treated as unseen. None is those of `found`.
        """
        categories, counts = found
        if given is not None:
            place_of = {category: i for i, category in enumerate(given.tolist())}
            places = [place_of.get(category, -1) for category in categories.tolist()]
            # The place -1, of others, is the last one, which is left out.
            counts_at = np.zeros(len(given) + 1, dtype=np.int64)
            np.add.at(counts_at, np.array(places, dtype=np.int64), counts)
            categories, counts = given, counts_at[:-1]
        n_observed = int(counts.sum())
        kept = np.flatnonzero(counts) if given is None else np.arange(len(given))
        infrequent = self._find_infrequent(kept, counts[kept])
        kept = np.setdiff1d(kept, infrequent)
        # A hierarchical softmax needs classes in order of decreasing frequency.
        kept = kept[np.argsort(-counts[kept], kind="stable")]
        counts_by_index, self.infrequent_index = counts[kept], 0
        if len(infrequent):
            # Together, infrequent categories may be more frequent than a kept one.
            total = counts[infrequent].sum()
            rank = int((counts[kept] >= total).sum())
            self.infrequent_index = 1 + rank
            counts_by_index = np.insert(counts[kept], rank, total)
        self.categories = categories[kept]
        self.infrequent = categories[infrequent] if len(infrequent) else None
        self.n_classes = len(counts_by_index)
        self.frequencies = counts_by_index / max(1, n_observed)
        self.n_infrequent = int(counts[infrequent].sum())
        return self

    @cached_property
    def _index_of(self):
        """Index of each category that has one of its own."""
        indices = self.frequent_indices().tolist()
        return dict(zip(self.categories.tolist(), indices, strict=True))

    def _find_infrequent(self, codes, counts):
        """Return the codes that are infrequent by the rule of scikit-learn's encoders.

        These need all time steps in memory. All codes of a given vocabulary count, even
        those that do not occur.
        """
        is_infrequent = np.zeros(len(codes), dtype=bool)
        if self.min_frequency is not None:
            least = self.min_frequency
            if isinstance(least, float):
                least *= counts.sum()
            is_infrequent = counts < least
        if self.max_categories is not None:
            # One index is that of the infrequent ones.
            n_frequent = self.max_categories - 1
            if (~is_infrequent).sum() > n_frequent:
                # Of equally frequent categories, scikit-learn keeps the last ones.
                order = np.argsort(counts, kind="stable")
                is_infrequent[order[: len(codes) - n_frequent]] = True
        return codes[is_infrequent]

    def frequent_indices(self):
        """Return the indices of `categories`: all but `infrequent_index`."""
        return np.setdiff1d(np.arange(1, self.n_classes + 1), [self.infrequent_index])

    def lookup(self, categories):
        """Return the index of each category, followed by 0 for missing values.

        Returns
        -------
        indices : int64 ndarray of shape (n_categories + 1,)
            Indexed by codes: the code -1, missing, selects the last entry.
        is_unseen : bool ndarray of shape (n_categories,)
            Whether the category did not occur in `fit`.
        """
        infrequent = set() if self.infrequent is None else set(self.infrequent.tolist())
        merges_unseen = self.handle_unknown == "infrequent_if_exist"
        unseen_index = self.infrequent_index if merges_unseen else 0
        indices = np.zeros(len(categories) + 1, dtype=np.int64)
        is_unseen = np.zeros(len(categories), dtype=bool)
        for i, category in enumerate(categories.tolist()):
            index = self._index_of.get(category)
            if index is None:
                is_unseen[i] = category not in infrequent
                index = unseen_index if is_unseen[i] else self.infrequent_index
            indices[i] = index
        return indices, is_unseen

    def decode(self, indices):
        """Decode indices (n_steps,); infrequent categories become code -1."""
        codes = np.full(self.n_classes + 2, -1, dtype=np.int32)
        codes[self.frequent_indices()] = np.arange(len(self.categories))
        return CategoricalFeature(codes[indices], self.categories)


class CategoricalFeatures:
    """The vocabularies of all categorical features.

    Parameters
    ----------
    min_frequency, max_categories, handle_unknown
        As in :class:`Vocabulary`, the same for all features.
    name : str, default="X"
        Name of the sequences in error messages.

    Attributes
    ----------
    vocabularies : list of Vocabulary
        One for each feature.
    """

    def __init__(
        self,
        min_frequency=None,
        max_categories=None,
        handle_unknown="error",
        *,
        name="X",
    ):
        self.min_frequency = min_frequency
        self.max_categories = max_categories
        self.handle_unknown = handle_unknown
        self.name = name

    def fit(self, sequences, given=None):
        """Learn the categories of all time steps of `sequences`.

        Parameters
        ----------
        sequences : Sequences
            The sequences.
        given : list of (ndarray or None), default=None
            For each feature the categories of its vocabulary; None learns them.
        """
        given = given or [None] * len(sequences.categorical)
        options = self.min_frequency, self.max_categories, self.handle_unknown
        self.vocabularies = [
            Vocabulary(*options).fit(found, given[k])
            for k, found in enumerate(sequences.count_categories())
        ]
        return self

    @property
    def n_classes(self):
        """Number of classes of each feature, a tuple of int."""
        return tuple(vocabulary.n_classes for vocabulary in self.vocabularies)

    @property
    def frequencies(self):
        """Frequencies of the classes of each feature, a list of ndarray."""
        return [vocabulary.frequencies for vocabulary in self.vocabularies]

    @property
    def entropies(self):
        """Entropy of each feature's class frequencies, in nats."""
        return tuple(
            # A category of the vocabulary may not occur: 0 log 0 is 0.
            float(-np.sum(p * np.log(np.maximum(p, 1e-300))))
            for p in self.frequencies
        )

    def lookups(self, sequences, names):
        """Return the index of each code of `sequences`.

        Parameters
        ----------
        sequences : Sequences
            The sequences.
        names : list of (str or int)
            Names of the categorical features in error messages.

        Returns
        -------
        list of int64 ndarray of shape (n_categories + 1,)
            The indices that :meth:`Vocabulary.lookup` returns for each feature.

        Raises
        ------
        ValueError
            If `handle_unknown` is "error" and a category was not seen in fit.
        """
        lookups = []
        for k, vocabulary in enumerate(self.vocabularies):
            feature = sequences.categorical[k]
            indices, is_unseen = vocabulary.lookup(feature.categories)
            if self.handle_unknown == "error" and is_unseen.any():
                self._check_seen(sequences, feature, is_unseen, names[k])
            lookups.append(indices)
        return lookups

    def _check_seen(self, sequences, feature, is_unseen, feature_name):
        """Raise an error at the first unseen category, if it occurs.

        A selection of sequences keeps all categories, even those that it lacks.
        """
        spans = zip(sequences.starts, sequences.lengths, strict=True)
        for i, (start, length) in enumerate(spans):
            codes = feature.codes[start : start + length]
            steps = np.flatnonzero((codes >= 0) & is_unseen[codes])
            if len(steps):
                category = feature.categories[codes[steps[0]]]
                raise ValueError(
                    f"{self.name}[{i}] holds {category!r} at time step {steps[0]}, "
                    f"feature {feature_name}: a category not seen in fit. Remove it, "
                    "or set handle_unknown='infrequent_if_exist' or 'ignore'."
                )

    def find_mostly_unseen(self, sequences, fraction):
        """Find a feature most of whose values in `sequences` never occurred in `fit`.

        Parameters
        ----------
        sequences : Sequences
            The sequences.
        fraction : float
            There are more such values than this fraction of the observed ones.

        Returns
        -------
        k, category, fraction : int, object and float, or None
            The feature, one of its categories and the fraction; None if there is no
            such feature.
        """
        for k, is_lost in enumerate(self._find_lost(sequences)):
            if not is_lost.any():
                continue
            codes = sequences.codes_of(k)
            codes = codes[codes >= 0]
            lost = codes[is_lost[codes]]
            if len(lost) > fraction * len(codes):
                category = sequences.categorical[k].categories[lost[0]]
                return k, category, len(lost) / len(codes)
        return None

    def _find_lost(self, sequences):
        """Yield for each feature which new categories are read as missing, as bool."""
        for vocabulary, feature in zip(
            self.vocabularies, sequences.categorical, strict=True
        ):
            indices, is_unseen = vocabulary.lookup(feature.categories)
            yield is_unseen & (indices[:-1] == 0)

    def list_unseen(self, sequences):
        """List the categories that `fit` never met and that are read as missing."""
        found = self.find_unseen(sequences)
        rows = np.concatenate(
            [
                np.arange(start, start + length)
                for start, length in zip(
                    sequences.starts, sequences.lengths, strict=True
                )
            ]
        )
        return [
            category
            for is_unseen, feature in zip(found, sequences.categorical, strict=True)
            for category in feature.categories[
                np.unique(feature.codes[rows[is_unseen[rows]]])
            ].tolist()
        ]

    def find_unseen(self, sequences):
        """Find the categories that `fit` never met and that are read as missing.

        Returns
        -------
        list of bool ndarray of shape (total_steps,)
            For each feature, the time steps with such a category.
        """
        # The code -1, missing, selects the last entry.
        lost = (np.append(is_lost, False) for is_lost in self._find_lost(sequences))
        features = zip(lost, sequences.categorical, strict=True)
        return [is_lost[feature.codes] for is_lost, feature in features]

    def iter_tokens(self, sequences):
        """Yield indices that distinguish new categories from missing ones.

        Yields
        ------
        tokens : int64 ndarray of shape (total_steps,)
            Index of the category at each time step of the sequences, in order. It is
            `n_classes` + 1 for new ones that are read as missing.
        is_merged : bool ndarray of shape (total_steps,)
            Whether it is a new one that is read as infrequent.
        """
        for k, vocabulary in enumerate(self.vocabularies):
            categories, codes = (
                sequences.categorical[k].categories,
                sequences.codes_of(k),
            )
            indices, is_unseen = vocabulary.lookup(categories)
            is_unseen = np.append(is_unseen, False)
            is_merged = is_unseen & (indices > 0)
            indices[is_unseen & ~is_merged] = vocabulary.n_classes + 1
            yield indices[codes], is_merged[codes]

    def decode(self, indices):
        """Decode indices (n_steps, n_features) to a tuple of `CategoricalFeature`."""
        columns = zip(self.vocabularies, indices.T, strict=True)
        return tuple(vocabulary.decode(column) for vocabulary, column in columns)


def join_categories(sources, targets):
    """Join the categories of X and y for a shared vocabulary.

    Parameters
    ----------
    sources, targets : Sequences
        With the same number of categorical features, of the same types.

    Returns
    -------
    Sequences
        All time steps of both as one sequence, without numeric features.
    """
    if len(sources.categorical) != len(targets.categorical) or not sources.categorical:
        raise ValueError(
            "shared_vocabulary=True needs the same number of categorical features in X "
            f"and y, at least one, got {len(sources.categorical)} and "
            f"{len(targets.categorical)}. Set shared_vocabulary=False."
        )
    codes = [
        np.concatenate(list(sequences.iter_code_chunks()))
        for sequences in (sources, targets)
    ]
    joined = []
    pairs = zip(sources.categorical, targets.categorical, strict=True)
    for k, (source, target) in enumerate(pairs):
        _check_one_type(source.categories, target.categories, k)
        categories, places = np.unique(
            np.concatenate([source.categories, target.categories]), return_inverse=True
        )
        places = np.split(places, [len(source.categories)])
        # The code -1, missing, selects the -1 that is appended.
        both = [np.append(p, -1)[c[:, k]] for p, c in zip(places, codes, strict=True)]
        both = np.concatenate(both).astype(np.int32)
        joined.append(CategoricalFeature(both, categories))
    n_steps = sum(map(len, codes))
    return Sequences.from_offsets((), [0, n_steps], tuple(joined))


def _check_one_type(ours, theirs, feature):
    """Raise an error if categories in X and y differ in type, so cannot be sorted."""
    types = {type(category) for category in [*ours[:1], *theirs[:1]]}
    if len(types) > 1:
        raise TypeError(
            "shared_vocabulary=True needs categories of the same type in X and y, got "
            f"{sorted(t.__name__ for t in types)} in feature {feature}. Set "
            "shared_vocabulary=False."
        )

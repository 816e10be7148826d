"""Categories as the network sees them: indices of a vocabulary, and the way back."""

import numpy as np
from sklearn.preprocessing import OrdinalEncoder

from sklearn_seqembed._data.sequences import CategoricalFeature, Sequences


class Vocabulary:
    """The categories of one feature as indices: 0 missing, 1 the most frequent one.

    Parameters
    ----------
    min_frequency, max_categories : int, float or None
        As of scikit-learn's encoders: what is rarer than that becomes one category,
        "unknown". A share is one of all observed time steps.
    handle_unknown : {"infrequent_if_exist", "ignore", "error"}
        What becomes of categories that `fit` has not met, as in
        :class:`~sklearn.preprocessing.OneHotEncoder`.

    Attributes
    ----------
    levels : ndarray of shape (n_levels,)
        The categories that have an index of their own, by falling frequency.
    infrequent : ndarray or None
        Those that share one, sorted.
    n_classes : int
        Number of indices but 0.
    unknown : int
        Index of what is infrequent, 0 where nothing is.
    frequencies : float64 ndarray of shape (n_classes,)
        Share of each index among the observed time steps of `fit`.
    """

    def __init__(self, min_frequency, max_categories, handle_unknown):
        self.min_frequency = min_frequency
        self.max_categories = max_categories
        self.handle_unknown = handle_unknown

    def fit(self, codes, levels):
        """Learn from the codes of all time steps, -1 where missing."""
        observed = codes[codes >= 0]
        counts = np.bincount(observed, minlength=len(levels))
        rare = self._find_infrequent(observed)
        kept = np.setdiff1d(np.flatnonzero(counts), rare)
        kept = kept[np.argsort(-counts[kept], kind="stable")]
        counts_by_index, self.unknown = counts[kept], 0
        if len(rare):
            place = int((counts[kept] >= counts[rare].sum()).sum())
            self.unknown = 1 + place
            counts_by_index = np.insert(counts[kept], place, counts[rare].sum())
        self.categories = levels[kept]
        self.infrequent = levels[rare] if len(rare) else None
        self.n_classes = len(counts_by_index)
        self.frequencies = counts_by_index / max(1, len(observed))
        self._indices = dict(zip(self.categories.tolist(), self._own(), strict=True))
        return self

    def _find_infrequent(self, observed):
        """Ask scikit-learn which codes are rare."""
        if not len(observed):
            return np.empty(0, dtype=np.int64)
        encoder = OrdinalEncoder(
            min_frequency=self.min_frequency, max_categories=self.max_categories
        )
        encoder.fit(observed[:, None])
        rare = encoder.infrequent_categories_[0] if self._groups() else None
        return np.empty(0, dtype=np.int64) if rare is None else rare

    def _groups(self):
        return self.min_frequency is not None or self.max_categories is not None

    def _own(self):
        """Indices of `levels`: all but that of what is unknown."""
        return np.setdiff1d(np.arange(1, self.n_classes + 1), [self.unknown])

    def lookup(self, levels):
        """Find the index of each level, and last of all the 0 of what is missing.

        Returns
        -------
        indices : int64 ndarray of shape (n_levels + 1,)
            To be indexed by codes, of which -1 takes the last one.
        is_new : bool ndarray of shape (n_levels,)
            Whether `fit` has not met this level.
        """
        known = set() if self.infrequent is None else set(self.infrequent.tolist())
        other = self.unknown if self.handle_unknown == "infrequent_if_exist" else 0
        indices = np.zeros(len(levels) + 1, dtype=np.int64)
        is_new = np.zeros(len(levels), dtype=bool)
        for i, level in enumerate(levels.tolist()):
            index = self._indices.get(level)
            if index is None:
                is_new[i] = level not in known
                index = other if is_new[i] else self.unknown
            indices[i] = index
        return indices, is_new

    def decode(self, indices):
        """Give the categories of indices (n_steps,) back; what is unknown is -1."""
        codes = np.full(self.n_classes + 2, -1, dtype=np.int32)
        codes[self._own()] = np.arange(len(self.categories))
        return CategoricalFeature(codes[indices], self.categories)


def join_categories(sources, targets):
    """Put the categories of two kinds of sequences together, for one vocabulary.

    Parameters
    ----------
    sources, targets : Sequences
        With as many categorical features, of the same kinds.

    Returns
    -------
    Sequences
        All time steps of both as one sequence, without numbers.
    """
    if len(sources.categorical) != len(targets.categorical) or not sources.categorical:
        raise ValueError(
            "shared_vocabulary=True needs as many categorical features in X and in y, "
            f"at least one, got {len(sources.categorical)} and "
            f"{len(targets.categorical)}. Set shared_vocabulary=False."
        )
    joined = []
    codes = [_all_codes(sequences) for sequences in (sources, targets)]
    pairs = zip(sources.categorical, targets.categorical, strict=True)
    for k, (ours, theirs) in enumerate(pairs):
        kinds = {
            type(level) for level in [*ours.categories[:1], *theirs.categories[:1]]
        }
        if len(kinds) > 1:
            raise TypeError(
                "shared_vocabulary=True needs categories of one kind in X and in y, "
                f"got {sorted(kind.__name__ for kind in kinds)} in feature {k}. Set "
                "shared_vocabulary=False."
            )
        levels, place = np.unique(
            np.concatenate([ours.categories, theirs.categories]), return_inverse=True
        )
        places = np.split(place, [len(ours.categories)])
        both = [np.append(p, -1)[c[:, k]] for p, c in zip(places, codes, strict=True)]
        joined.append(CategoricalFeature(np.concatenate(both).astype(np.int32), levels))
    n_steps = sum(map(len, codes))
    return Sequences.from_offsets((), [0, n_steps], tuple(joined))


def _all_codes(sequences):
    return np.concatenate(list(sequences.iter_code_chunks()))


class CategoricalFeatures:
    """The vocabularies of all categorical features.

    Parameters
    ----------
    min_frequency, max_categories, handle_unknown
        As of :class:`Vocabulary`, the same for all features.
    argument : {"X", "y"}, default="X"
        How messages name the sequences.

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
        argument="X",
    ):
        self.min_frequency = min_frequency
        self.max_categories = max_categories
        self.handle_unknown = handle_unknown
        self.argument = argument

    def fit(self, sequences):
        """Learn the categories of all time steps of `sequences`."""
        options = self.min_frequency, self.max_categories, self.handle_unknown
        self.vocabularies = []
        for k, feature in enumerate(sequences.categorical):
            codes = [chunk[:, k] for chunk in sequences.iter_code_chunks()]
            vocabulary = Vocabulary(*options)
            vocabulary.fit(np.concatenate(codes), feature.categories)
            self.vocabularies.append(vocabulary)
        return self

    @property
    def n_classes(self):
        """Number of classes of each feature, a tuple of int."""
        return tuple(vocabulary.n_classes for vocabulary in self.vocabularies)

    @property
    def entropies(self):
        """Mean surprisal, in nats, of who knows each feature's frequencies alone."""
        return tuple(
            float(-np.sum(v.frequencies * np.log(v.frequencies)))
            for v in self.vocabularies
        )

    def lookups(self, sequences, names):
        """Say which index each code of `sequences` has.

        Parameters
        ----------
        sequences : Sequences
            The sequences.
        names : list
            How messages call the categorical features.

        Returns
        -------
        list of int64 ndarray of shape (n_levels + 1,)
            For each feature what :meth:`Vocabulary.lookup` gives.

        Raises
        ------
        ValueError
            If a category is new and new ones are an error.
        """
        lookups = []
        for k, vocabulary in enumerate(self.vocabularies):
            feature = sequences.categorical[k]
            indices, is_new = vocabulary.lookup(feature.categories)
            if self.handle_unknown == "error" and is_new.any():
                _refuse_new(sequences, feature, is_new, names[k], self.argument)
            lookups.append(indices)
        return lookups

    def decode(self, indices):
        """Decode indices (n_steps, n_features) to a tuple of `CategoricalFeature`."""
        columns = zip(self.vocabularies, indices.T, strict=True)
        return tuple(vocabulary.decode(column) for vocabulary, column in columns)


def _refuse_new(sequences, feature, is_new, name, argument):
    for i, (start, length) in enumerate(
        zip(sequences.starts, sequences.lengths, strict=True)
    ):
        codes = feature.codes[start : start + length]
        steps = np.flatnonzero((codes >= 0) & is_new[codes])
        if len(steps):
            level = feature.categories[codes[steps[0]]]
            raise ValueError(
                f"{argument}[{i}] holds {level!r} at time step {steps[0]}, feature "
                f"{name}: a category that fit has not met. Leave it out, or set "
                "handle_unknown='infrequent_if_exist' or 'ignore'."
            )

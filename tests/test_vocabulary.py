"""Vocabularies: infrequent and unseen categories, and decoding."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.preprocessing import OneHotEncoder

from sklearn_seqembed._data.sequences import (
    CategoricalFeature,
    CategoryCounts,
    Sequences,
)
from sklearn_seqembed._features.vocabulary import CategoricalFeatures, Vocabulary

CATEGORIES = np.array(list("abcde"), dtype=object)
# a five times, b and c four times, d twice, e once, and two missing.
CODES = np.repeat([0, 1, 2, 3, 4, -1], [5, 4, 4, 2, 1, 2]).astype(np.int32)
FOUND = CategoryCounts(CATEGORIES, np.array([5, 4, 4, 2, 1]))


def _fit(min_frequency=None, max_categories=None, handle_unknown="infrequent_if_exist"):
    return Vocabulary(min_frequency, max_categories, handle_unknown).fit(FOUND)


def test_the_most_frequent_category_comes_first():
    vocabulary = _fit()

    assert vocabulary.categories.tolist() == ["a", "b", "c", "d", "e"]
    assert vocabulary.n_classes == 5
    assert vocabulary.infrequent is None
    assert vocabulary.infrequent_index == 0
    assert_array_equal(vocabulary.frequencies, np.array([5, 4, 4, 2, 1]) / 16)


@pytest.mark.parametrize("min_frequency", [None, 2, 3, 4.5 / 16, 20])
@pytest.mark.parametrize("max_categories", [None, 1, 2, 4, 5, 9])
@pytest.mark.parametrize("is_given", [False, True])
def test_infrequent_categories_are_those_of_scikit_learn(
    min_frequency, max_categories, is_given
):
    # Two of the given categories do not occur.
    given = np.array(list("abcdeyz"), dtype=object) if is_given else None
    vocabulary = Vocabulary(min_frequency, max_categories, "infrequent_if_exist")
    vocabulary.fit(FOUND, given)

    encoder = OneHotEncoder(
        categories=[given] if is_given else "auto",
        min_frequency=min_frequency,
        max_categories=max_categories,
        handle_unknown="infrequent_if_exist",
    ).fit(CATEGORIES[CODES[CODES >= 0]][:, None])
    expected = None
    if min_frequency is not None or max_categories is not None:
        expected = encoder.infrequent_categories_[0]
    if expected is None:
        assert vocabulary.infrequent is None
    else:
        assert vocabulary.infrequent.tolist() == expected.tolist()
    assert vocabulary.n_classes == encoder.transform(CATEGORIES[:1, None]).shape[1]
    assert vocabulary.frequencies.sum() == pytest.approx(1)
    assert (np.diff(vocabulary.frequencies) <= 0).all()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [1, 2, 3, 4, 5, 0, 0]),  # none is infrequent, so x is missing
        # b and c keep their indices; d, e and the unseen x share the last one.
        ({"min_frequency": 3}, [1, 2, 3, 4, 4, 4, 0]),
        (
            {"min_frequency": 3, "handle_unknown": "ignore"},
            [1, 2, 3, 4, 4, 0, 0],
        ),
        # Together the infrequent categories are the most frequent class.
        ({"max_categories": 2}, [2, 1, 1, 1, 1, 1, 0]),
    ],
)
def test_unseen_categories_are_encoded_by_handle_unknown(options, expected):
    categories = np.array(list("abcdex"), dtype=object)

    indices, is_unseen = _fit(**options).lookup(categories)

    assert indices.tolist() == expected
    assert is_unseen.tolist() == [False] * 5 + [True]


@pytest.mark.parametrize("options", [{}, {"min_frequency": 3}, {"max_categories": 2}])
def test_indices_are_decoded_to_categories(options):
    vocabulary = _fit(**options)
    indices, _ = vocabulary.lookup(CATEGORIES)

    codes, categories = vocabulary.decode(indices[:-1])

    infrequent = () if vocabulary.infrequent is None else vocabulary.infrequent
    decoded = [None if code < 0 else categories[code] for code in codes]
    assert decoded == [None if c in infrequent else c for c in CATEGORIES]


def test_a_feature_that_was_never_observed_has_no_class():
    vocabulary = Vocabulary(None, None, "ignore")

    vocabulary.fit(CategoryCounts(np.empty(0, dtype=object), np.empty(0, dtype=int)))

    assert vocabulary.n_classes == 0
    assert vocabulary.lookup(CATEGORIES)[0].tolist() == [0] * 6
    assert vocabulary.decode(np.array([1, 1]))[0].tolist() == [-1, -1]


@pytest.mark.parametrize("name", ["X", "y"])
def test_an_unseen_category_that_is_an_error_is_named_with_its_place(name):
    feature = CategoricalFeature(CODES, CATEGORIES)
    fitted = Sequences.from_offsets((), [0, 18], (feature,))
    features = CategoricalFeatures(handle_unknown="error", name=name).fit(fitted)
    categories = np.array(["a", "X"], dtype=object)
    codes = np.array([0, 0, 0, -1, 1, 0], dtype=np.int32)
    feature = CategoricalFeature(codes, categories)
    new = Sequences.from_offsets((), [0, 2, 6], (feature,))

    match = rf"^{name}\[1\] holds 'X' at time step 2, feature 'shop': a category not"
    with pytest.raises(ValueError, match=match):
        features.lookups(new, ["'shop'"])
    # Categories that do not occur in a selection are ignored.
    assert features.lookups(new[[0]], ["'shop'"])[0].tolist() == [1, 0, 0]


def test_entropies_are_those_of_the_frequencies():
    categories = np.array(["x", "y"], dtype=object)
    codes = np.array([0, 1, 0, 1], dtype=np.int32)
    constant = np.zeros(4, dtype=np.int32)
    sequences = Sequences.from_offsets(
        (),
        [0, 4],
        (
            CategoricalFeature(codes, categories),
            CategoricalFeature(constant, categories),
        ),
    )

    features = CategoricalFeatures().fit(sequences)

    assert features.entropies == (pytest.approx(np.log(2)), 0.0)
    assert features.n_classes == (2, 1)

"""Categories as indices: which are rare, what is unknown, and the way back."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.preprocessing import OneHotEncoder

from sklearn_seqembed._data.sequences import CategoricalFeature, Sequences
from sklearn_seqembed._features.vocabulary import CategoricalFeatures, Vocabulary

LEVELS = np.array(list("abcde"), dtype=object)
# a 5 times, b 4, c 4, d 2, e once, and two missing.
CODES = np.repeat([0, 1, 2, 3, 4, -1], [5, 4, 4, 2, 1, 2]).astype(np.int32)


def _fit(min_frequency=None, max_categories=None, handle_unknown="infrequent_if_exist"):
    return Vocabulary(min_frequency, max_categories, handle_unknown).fit(CODES, LEVELS)


def test_the_most_frequent_category_comes_first():
    vocabulary = _fit()

    assert vocabulary.categories.tolist() == ["a", "b", "c", "d", "e"]
    assert vocabulary.n_classes == 5
    assert vocabulary.infrequent is None
    assert vocabulary.unknown == 0
    assert_array_equal(vocabulary.frequencies, np.array([5, 4, 4, 2, 1]) / 16)


@pytest.mark.parametrize("min_frequency", [None, 2, 3, 4.5 / 16, 20])
@pytest.mark.parametrize("max_categories", [None, 1, 2, 4, 5, 9])
def test_what_is_infrequent_is_what_scikit_learn_says(min_frequency, max_categories):
    vocabulary = _fit(min_frequency, max_categories)

    encoder = OneHotEncoder(
        min_frequency=min_frequency,
        max_categories=max_categories,
        handle_unknown="infrequent_if_exist",
    ).fit(LEVELS[CODES[CODES >= 0]][:, None])
    judge = None
    if min_frequency is not None or max_categories is not None:
        judge = encoder.infrequent_categories_[0]
    if judge is None:
        assert vocabulary.infrequent is None
    else:
        assert vocabulary.infrequent.tolist() == judge.tolist()
    assert vocabulary.n_classes == encoder.transform(LEVELS[:1, None]).shape[1]
    assert vocabulary.frequencies.sum() == pytest.approx(1)
    assert (np.diff(vocabulary.frequencies) <= 0).all()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [1, 2, 3, 4, 5, 0, 0]),  # nothing is infrequent: new is missing
        # b and c keep their indices, d and e share the last one, and so does x.
        ({"min_frequency": 3}, [1, 2, 3, 4, 4, 4, 0]),
        (
            {"min_frequency": 3, "handle_unknown": "ignore"},
            [1, 2, 3, 4, 4, 0, 0],
        ),
        # Together the rare ones are the most frequent class.
        ({"max_categories": 2}, [2, 1, 1, 1, 1, 1, 0]),
    ],
)
def test_unknown_categories_become_what_the_option_says(options, expected):
    levels = np.array(list("abcdex"), dtype=object)

    indices, is_new = _fit(**options).lookup(levels)

    assert indices.tolist() == expected
    assert is_new.tolist() == [False] * 5 + [True]


@pytest.mark.parametrize("options", [{}, {"min_frequency": 3}, {"max_categories": 2}])
def test_indices_lead_back_to_categories(options):
    vocabulary = _fit(**options)
    indices, _ = vocabulary.lookup(LEVELS)

    codes, levels = vocabulary.decode(indices[:-1])

    rare = set() if vocabulary.infrequent is None else set(vocabulary.infrequent)
    back = [None if code < 0 else levels[code] for code in codes]
    assert back == [None if level in rare else level for level in LEVELS]


def test_a_feature_that_was_never_observed_has_no_class():
    vocabulary = Vocabulary(None, None, "ignore")

    vocabulary.fit(np.full(3, -1, dtype=np.int32), np.empty(0, dtype=object))

    assert vocabulary.n_classes == 0
    assert vocabulary.lookup(LEVELS)[0].tolist() == [0] * 6
    assert vocabulary.decode(np.array([1, 1]))[0].tolist() == [-1, -1]


def test_a_new_category_that_is_an_error_is_named_with_its_place():
    fitted = Sequences.from_offsets((), [0, 18], (CategoricalFeature(CODES, LEVELS),))
    features = CategoricalFeatures(handle_unknown="error").fit(fitted)
    levels = np.array(["a", "z"], dtype=object)
    codes = np.array([0, 0, 0, -1, 1, 0], dtype=np.int32)
    new = Sequences.from_offsets((), [0, 2, 6], (CategoricalFeature(codes, levels),))

    with pytest.raises(ValueError, match=r"X\[1\] holds 'z' at time step 2, .*'shop'"):
        features.lookups(new, ["'shop'"])
    # What is not among these sequences does no harm.
    assert features.lookups(new[[0]], ["'shop'"])[0].tolist() == [1, 0, 0]


def test_entropies_are_those_of_the_frequencies():
    levels = np.array(["x", "y"], dtype=object)
    codes = np.array([0, 1, 0, 1], dtype=np.int32)
    constant = np.zeros(4, dtype=np.int32)
    sequences = Sequences.from_offsets(
        (),
        [0, 4],
        (CategoricalFeature(codes, levels), CategoricalFeature(constant, levels)),
    )

    features = CategoricalFeatures().fit(sequences)

    assert features.entropies == (pytest.approx(np.log(2)), 0.0)
    assert features.n_classes == (2, 1)

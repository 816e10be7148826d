"""Reading and building categories: strings, tokens, bools and mixed features."""

import copy

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from numpy.testing import assert_array_equal
from round_trips import (
    as_object_array,
    contiguous,
    read,
    round_trip,
    schema_of,
    values_of,
)

from sklearn_seqembed import LSTMSequenceEmbedder
from sklearn_seqembed._data.factorize import factorize_characters, factorize_strings
from sklearn_seqembed._data.sequences import CategoricalFeature, Sequences

NAN = np.nan
TEXTS = ["Müller", "a😀", "é"]
TOKENS = [["login", "", "buy"], ["login"], ["é😀", None]]
MIXED = [[("a", 1.0), ("b", 2.5)], [("a", 3.0)]]
# numpy has variable-length strings from version 2 on.
STRING_DTYPE = np.dtypes.StringDType() if np.__version__ >= "2" else object


def assert_same(found, expected):
    """Compare containers of the same kind by their values."""
    assert type(found) is type(expected)
    if isinstance(expected, pd.Series):
        pd.testing.assert_series_equal(found, expected)
    elif isinstance(expected, pd.DataFrame):
        pd.testing.assert_frame_equal(found, expected)
    elif isinstance(expected, (pl.Series, pa.Array)):
        assert found.equals(expected)
        assert getattr(found, "type", None) == getattr(expected, "type", None)
    elif isinstance(expected, np.ndarray) and expected.dtype != object:
        assert_array_equal(found, expected)
    elif isinstance(expected, (list, tuple, np.ndarray)):
        assert len(found) == len(expected)
        for a, b in zip(found, expected, strict=True):
            assert_same(a, b)
    else:
        assert found == expected or (found != found and expected != expected)


# One categorical feature

CHARACTERS = {
    "list": TEXTS,
    "object array": as_object_array(TEXTS),
    "pandas str": pd.Series(TEXTS, index=[5, 3, 1]),
    "pandas object": pd.Series(TEXTS, dtype=object),
    "pandas string[pyarrow]": pd.Series(TEXTS, dtype="string[pyarrow]"),
    "pandas ArrowDtype": pd.Series(TEXTS, dtype=pd.ArrowDtype(pa.string())),
    "pandas category": pd.Series(TEXTS, dtype="category"),
    "polars": pl.Series(TEXTS),
    "Arrow": pa.array(TEXTS),
    "large Arrow": pa.array(TEXTS, pa.large_string()),
}


@pytest.mark.parametrize("X", CHARACTERS.values(), ids=CHARACTERS)
def test_a_string_is_the_sequence_of_its_characters(X):
    sequences, schema = read(X)

    assert values_of(sequences) == [list("".join(TEXTS))]
    assert sequences.blocks == ()
    assert sequences.lengths.tolist() == [6, 2, 1]
    (feature,) = sequences.categorical
    assert feature.categories.tolist() == sorted(set("".join(TEXTS)))
    assert feature.codes.dtype == np.int32
    assert schema.kinds == ("string",)


@pytest.mark.parametrize("X", CHARACTERS.values(), ids=CHARACTERS)
def test_strings_come_back_unchanged(X):
    assert_same(round_trip(X), X)


@pytest.mark.parametrize(
    "X",
    [
        tuple(TEXTS),
        np.array(TEXTS),
        np.array(TEXTS, dtype=STRING_DTYPE),
        list(np.array(TEXTS)),
        pl.Series(TEXTS, dtype=pl.Categorical),
        pa.array(TEXTS, pa.string_view()),
        pa.array(TEXTS).dictionary_encode(),
        pa.chunked_array([TEXTS[:1], TEXTS[1:]]),
        pa.array(["left out", *TEXTS])[1:],
    ],
    ids=[
        "tuple",
        "array",
        "StringDType",
        "numpy strings",
        "polars categorical",
        "view",
        "dictionary",
        "chunks",
        "slice",
    ],
)
def test_other_containers_of_strings_come_back_with_plain_strings(X):
    sequences, _ = read(X)

    assert sequences.lengths.tolist() == [6, 2, 1]
    assert [str(text) for text in np.asarray(round_trip(X)).tolist()] == TEXTS


TOKEN_FORMS = {
    "list of lists": TOKENS,
    "object array of lists": as_object_array(TOKENS),
    "list of object arrays": [np.array(x, dtype=object) for x in TOKENS],
    "object array of arrays": as_object_array(
        [np.array(x, dtype=object) for x in TOKENS]
    ),
    "equal lengths": [["a", "b"], ["b", ""]],
    "polars": pl.Series(TOKENS),
    "Arrow": pa.array(TOKENS),
    "large Arrow": pa.array(TOKENS, pa.large_list(pa.large_string())),
    "pandas Arrow": pd.Series(
        pd.arrays.ArrowExtensionArray(pa.array(TOKENS)), index=[3, 2, 1]
    ),
    "pandas": pd.Series(TOKENS, index=[3, 2, 1]),
    "dictionary": pa.array(TOKENS, pa.list_(pa.dictionary(pa.int32(), pa.string()))),
}


@pytest.mark.parametrize("X", TOKEN_FORMS.values(), ids=TOKEN_FORMS)
def test_token_lists_come_back_unchanged(X):
    assert_same(round_trip(X), X)


@pytest.mark.parametrize(
    "X",
    [
        TOKENS,
        tuple(map(tuple, TOKENS)),
        [pd.Series(x, dtype=object) for x in TOKENS],
        [pl.Series(x) for x in TOKENS],
        pd.Series(TOKENS),
        [["login", "", "buy"], np.array(["login"]), ["é😀", NAN]],
        [["login", "", "buy"], ["login"], ["é😀", pd.NA]],
        [["login", "", "buy"], ["login"], ["é😀", pd.NaT]],
        pa.array(TOKENS),
        pa.chunked_array([TOKENS[:1], TOKENS[1:]]),
        pa.array([["left out"], *TOKENS])[1:],
        pa.array(TOKENS, pa.list_(pa.dictionary(pa.int8(), pa.string()))),
        pa.chunked_array(
            [TOKENS[:1], TOKENS[1:]], pa.list_(pa.dictionary(pa.int8(), pa.string()))
        ),
        pl.Series(TOKENS, dtype=pl.List(pl.Categorical)),
    ],
    ids=[
        "lists",
        "tuples",
        "pandas Series",
        "polars Series",
        "Series of lists",
        "NaN",
        "NA",
        "NaT",
        "Arrow",
        "chunks",
        "slice",
        "dictionaries",
        "chunks of dictionaries",
        "polars categorical",
    ],
)
def test_tokens_are_read_as_codes_of_sorted_categories(X):
    sequences, schema = read(X)

    (feature,) = sequences.categorical
    assert feature.categories.tolist() == ["", "buy", "login", "é😀"]
    assert feature.categories.dtype == object
    assert all(type(level) is str for level in feature.categories)
    assert feature.codes.tolist() == [2, 0, 1, 2, 3, -1]
    assert feature.codes.dtype == np.int32
    assert sequences.lengths.tolist() == [3, 1, 2]
    assert schema.kinds == ("string",)


@pytest.mark.parametrize("dtype", ["U", object, STRING_DTYPE], ids=str)
def test_a_2d_array_of_strings_holds_univariate_sequences(dtype):
    X = np.array([["a", "b", "a"], ["b", "c", ""]], dtype=dtype)
    sequences, schema = read(X)

    assert values_of(sequences) == [["a", "b", "a", "b", "c", ""]]
    assert schema.is_table
    assert schema.n_columns == 3
    assert schema.is_categorical.tolist() == [True]
    assert schema.build(sequences).tolist() == X.tolist()


def test_a_2d_array_of_another_width_is_refused_after_fit():
    schema = schema_of(np.array([["a", "b"]]))

    with pytest.raises(ValueError, match="X has 3 features, but .* expecting 2"):
        read(np.array([["a", "b", "c"]]), schema=schema)


BOOLS = {
    "list of arrays": [np.array([True, False]), np.array([True])],
    "with None": [np.array([True, None]), np.array([False])],
    "3-D": np.array([[[True], [False]], [[False], [True]]]),
    "Arrow": pa.array([[True, None], [False]]),
}


@pytest.mark.parametrize("X", BOOLS.values(), ids=BOOLS)
def test_bools_are_categories(X):
    sequences, schema = read(X)

    assert set(schema.kinds) == {"bool"}
    assert sequences.categorical[0].categories.dtype == bool
    assert_same(round_trip(X), X)


@pytest.mark.parametrize(
    "X",
    [[[True, False], [True]], [[True, None], [False, True]], [torch.tensor([True])]],
    ids=["ragged lists", "equal lists", "tensors"],
)
def test_bools_of_lists_are_categories(X):
    assert read(X)[1].kinds == ("bool",)


@pytest.mark.parametrize(
    "X",
    [np.array([[True, False]]), pd.DataFrame({"a": [True], "b": [False]})],
    ids=["array", "frame"],
)
def test_bools_of_a_table_are_numbers(X):
    sequences, schema = read(X)

    assert schema.kinds == ("numeric",)
    assert sequences.blocks[0].dtype == bool


def test_bools_are_numbers_if_no_feature_is_categorical():
    sequences, schema = read([[True, None], [False]], categorical_features=None)

    assert schema.kinds == ("numeric",)
    assert_array_equal(sequences.blocks[0], [[1], [NAN], [0]])


@pytest.mark.parametrize(
    ("X", "categories", "codes"),
    [
        ([[3, 1], [3]], [1, 3], [1, 0, 1]),
        ([[3.5, None], [NAN, 1.0]], [1.0, 3.5], [1, -1, -1, 0]),
        (np.array([[2, 0], [1, 2]]), [0, 1, 2], [2, 0, 1, 2]),
        (pd.DataFrame({"a": [2, 0], "b": [1, 2]}), [0, 1, 2], [2, 1, 0, 2]),
        (pa.array([[3, 1], [3]]), [1, 3], [1, 0, 1]),
    ],
    ids=["ints", "floats", "table", "frame", "Arrow"],
)
def test_listed_numbers_are_categories(X, categories, codes):
    sequences, schema = read(X, categorical_features=[0])

    (feature,) = sequences.categorical
    assert schema.kinds == ("number",)
    assert feature.categories.tolist() == categories
    assert feature.codes.tolist() == codes


@pytest.mark.parametrize(
    "X",
    [
        [np.array([3, 1]), np.array([3])],
        [np.array([3.5, NAN]), np.array([1.0])],
        np.array([[2, 0], [1, 2]]),
        pd.DataFrame({"a": [2, 0], "b": [1, 2]}),
        np.array([[[2], [0]], [[1], [5]]]),
        pa.array([[3, 1], [3]]),
    ],
    ids=["ints", "floats", "table", "frame", "3-D", "Arrow"],
)
def test_listed_numbers_come_back_unchanged(X):
    assert_same(round_trip(X, categorical_features=[0]), X)


@pytest.mark.parametrize(
    ("option", "kind"), [("from_dtype", "number"), ([0], "number"), (None, "numeric")]
)
def test_pandas_categories_of_numbers_are_categories(option, kind):
    X = [pd.Series([3, 1], dtype="category"), pd.Series([3, None], dtype="category")]
    cells = pd.DataFrame({"a": as_object_array(X)})

    for form in (X, as_object_array(X), [X[0].array, X[1].array], cells):
        sequences, schema = read(form, categorical_features=option)

        assert schema.kinds == (kind,)
        if kind == "number":
            assert sequences.categorical[0].categories.tolist() == [1, 3]
            assert sequences.categorical[0].codes.tolist() == [1, 0, 1, -1]


# Several features


MIXED_FORMS = {
    "tuples": MIXED,
    "lists": [[list(step) for step in steps] for steps in MIXED],
    "object arrays": [np.array(steps, dtype=object) for steps in MIXED],
    "object array of arrays": as_object_array(
        [np.array(steps, dtype=object) for steps in MIXED]
    ),
    "3-D": np.array([[["a", 1.0], ["b", 2.0]], [["c", 1.5], ["a", 0.0]]], dtype=object),
    "padded 3-D": np.array(
        [[["a", 1.0], ["b", 2.0]], [["c", 1.5], [None, None]]], dtype=object
    ),
    "bools and numbers": [[(True, 1.0), (False, 2.0)], [(True, 3.0)]],
    "bools and integers": [[[True, 1.0], [False, 2.0]], [[True, 3.0]]],
    "bools, numbers and gaps": [[(True, 1.0), (False, 2.0)], [(None, 3.0)]],
}


@pytest.mark.parametrize("X", MIXED_FORMS.values(), ids=MIXED_FORMS)
def test_mixed_features_come_back_unchanged(X):
    found = round_trip(X)

    if isinstance(X, np.ndarray) and X.ndim == 3:
        assert_array_equal(found, X)
    else:
        assert_same(found, X)


@pytest.mark.parametrize(
    "X",
    [
        MIXED,
        [pd.DataFrame(steps) for steps in MIXED],
        [pl.DataFrame(steps, orient="row", schema=["s", "x"]) for steps in MIXED],
        [np.array(MIXED[0], dtype=object), MIXED[1]],
    ],
    ids=["tuples", "frames", "polars frames", "arrays and lists"],
)
def test_the_kind_of_a_feature_follows_from_its_values(X):
    sequences, schema = read(X)

    assert schema.kinds == ("string", "numeric")
    assert values_of(sequences) == [["a", "b", "a"]]
    assert_array_equal(sequences.blocks[0], [[1.0], [2.5], [3.0]])
    assert schema.n_features == 2
    assert schema.is_categorical.tolist() == [True, False]


@pytest.mark.parametrize("missing", [None, NAN, pd.NA])
@pytest.mark.parametrize("make", [list, pd.Series, lambda X: [{"a": x} for x in X]])
def test_bools_may_be_missing_in_any_way(missing, make):
    _, schema = read(make([[missing, True, False], [True, True]]))

    assert schema.kinds == ("bool",)


@pytest.mark.parametrize("missing", [None, NAN])
def test_bools_beside_numbers_are_categories_with_and_without_gaps(missing):
    X = [[(True, 1.0), (False, 2.0)], [(True, 3.0)]]

    for steps in (X, [[(missing, 1.0)], *X], [[(True, missing)], *X]):
        _, schema = read(steps)
        assert schema.kinds == ("bool", "numeric")


def test_bools_among_the_numbers_of_one_feature_are_numbers():
    sequences, schema = read([[(True, 1.0), (0.5, 2.0)], [(0, 3.0)]])

    assert schema.kinds == ("numeric", "numeric")
    assert_array_equal(sequences.blocks[0], [[1, 1], [0.5, 2], [0, 3]])


def test_missing_values_are_found_in_mixed_features():
    X = [[(None, 1.0, True), ("b", None, None)], [(NAN, NAN, False)]]

    sequences, schema = read(X)

    assert schema.kinds == ("string", "numeric", "bool")
    assert values_of(sequences) == [[None, "b", None], [True, None, False]]
    assert_array_equal(sequences.blocks[0][:, 0], [1.0, NAN, NAN])


def test_single_features_of_a_block_of_numbers_can_be_categories():
    X = [np.array([[1.0, 7.0, 2.0, 3.0], [2.0, 8.0, 3.0, 4.0]])]

    sequences, schema = read(X, categorical_features=[1])

    assert schema.kinds == ("numeric", "number", "numeric", "numeric")
    assert [block.shape for block in sequences.blocks] == [(2, 1), (2, 2)]
    assert values_of(sequences) == [[7.0, 8.0]]
    assert_same(schema.build(contiguous(sequences)), X)


@pytest.mark.parametrize(
    "option",
    [[0, 2], np.array([2, 0]), [True, False, True], np.array([True, False, True])],
    ids=["indices", "array of indices", "mask", "array mask"],
)
def test_features_are_listed_by_index_or_mask(option):
    schema = schema_of(np.ones((2, 3, 3)), categorical_features=option)

    assert schema.is_categorical.tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("option", "match"),
    [
        ([3], r"lists 3: indices must be integers in \[0, 2\]"),
        ([-1], r"lists -1: indices must be"),
        ([0.5], r"lists 0.5: indices must be"),
        ([True], r"mask of shape \(1,\), expected \(3,\)"),
        (["a"], r"lists the name 'a', but X is not a frame"),
        ("auto", r"categorical_features == 'auto', must be 'from_dtype', None"),
        (3, r"categorical_features == 3, must be"),
    ],
)
def test_invalid_categorical_features_are_refused(option, match):
    with pytest.raises(ValueError, match=match):
        read(np.ones((2, 4, 3)), categorical_features=option)


# Unknown categories in results


@pytest.mark.parametrize(
    ("X", "expected"),
    [
        (["ab", "c"], ["a\ufffd", "c"]),
        ([["x", "y"], ["z"]], [["x", None], ["z"]]),
        (pa.array([["x", "y"], ["z"]]), pa.array([["x", None], ["z"]])),
        (pl.Series([["x", "y"], ["z"]]), pl.Series([["x", None], ["z"]])),
        (
            [np.array([True, False]), np.array([True])],
            [np.array([True, None]), np.array([True])],
        ),
    ],
    ids=["characters", "tokens", "Arrow", "polars", "bools"],
)
def test_unknown_categories_come_back_as_the_container_allows(X, expected):
    sequences, schema = read(X)
    codes = sequences.categorical[0].codes.copy()
    codes[1] = -1
    unknown = CategoricalFeature(codes, sequences.categorical[0].categories)

    built = schema.build(Sequences((), sequences.starts, sequences.lengths, (unknown,)))

    assert_same(built, expected)


def test_unknown_numbers_are_null_in_arrow():
    sequences, schema = read(pa.array([[3, 1]]), categorical_features=[0])
    unknown = CategoricalFeature(np.array([-1, 1], "i4"), np.array([1, 3]))

    built = schema.build(Sequences((), sequences.starts, sequences.lengths, (unknown,)))

    assert built.to_pylist() == [[None, 3.0]]


def test_masked_strings_and_bools_are_missing():
    strings = np.ma.array([["a", "b"], ["c", "d"]], mask=[[0, 1], [0, 0]])
    bools = [np.ma.array([True, False], mask=[0, 1])]

    assert values_of(read(strings)[0]) == [["a", None, "c", "d"]]
    assert values_of(read(bools)[0]) == [[True, None]]


def test_unknown_numbers_come_back_as_nan():
    sequences, schema = read([np.array([3, 1])], categorical_features=[0])
    unknown = CategoricalFeature(np.array([-1, 1], "i4"), np.array([1, 3]))

    built = schema.build(Sequences((), sequences.starts, sequences.lengths, (unknown,)))

    assert_array_equal(built[0], [NAN, 3.0])


# After fit


@pytest.mark.parametrize(
    ("fit_X", "X", "match"),
    [
        ([[1, 2], [3]], [["a", "b"]], r"X\[0\] holds strings \('a' at .*expected numb"),
        ([["a"], ["b", "c"]], [[1.0], [2, 3]], r"X\[0\] holds numbers .*strings as in"),
        (["ab"], [[None, 1.0], [2.0]], r"X\[0\] holds numbers \(1.0 at time step 1, f"),
        ([[True], [False, True]], [[1], [2, 3]], r"holds numbers .*bools as in fit"),
        ([[True], [False, True]], ["ab"], r"holds strings .*bools as in fit"),
        (MIXED, [[(1.0, 1.0)]], r"holds numbers \(1.0 at time step 0, feature 0\)"),
        (MIXED, [[("a", "b")]], r"holds strings \('b' at time step 0, feature 1\)"),
    ],
)
def test_another_kind_than_in_fit_is_refused(fit_X, X, match):
    schema = schema_of(fit_X)

    with pytest.raises(TypeError, match=match):
        read(X, schema=schema)


@pytest.mark.parametrize(
    ("fit_X", "X", "kinds"),
    [
        (MIXED, [[(None, 1.0)]], ("string", "numeric")),
        (MIXED, [[("a", None)]], ("string", "numeric")),
        ([["a"], ["b", "c"]], ["ab"], ("string",)),
        (["ab"], np.array([["a", "b"]]), ("string",)),
        ([[1.0], [2, 3]], [[True], [False, True]], ("numeric",)),
        ([[(True, "a")]], [[(None, "b")]], ("bool", "string")),
    ],
)
def test_kinds_after_fit_are_those_of_fit(fit_X, X, kinds):
    schema = schema_of(fit_X)

    _, found = read(X, schema=schema)

    assert found.kinds == kinds


def test_the_message_about_a_padded_array_names_the_step_that_differs():
    schema = schema_of(np.ones((2, 3, 2)))
    X = np.array([[[1, None], [None, None]], [[2, "a"], [3, "b"]]], dtype=object)

    match = r"X\[1\] holds strings \('a' at time step 0, feature 1\)"
    with pytest.raises(TypeError, match=match):
        read(X, schema=schema)


def test_a_padded_array_may_lack_a_category():
    X = np.array([[["a", 1.0], [None, None]], [["b", 2], ["a", 3]]], dtype=object)
    schema = schema_of(X)
    X[:, :, 0] = None

    sequences, _ = read(X, schema=schema)

    assert sequences.categorical[0].codes.tolist() == [-1] * 4
    assert sequences.lengths.tolist() == [1, 2]


def test_listed_numbers_are_categories_after_fit():
    schema = schema_of([[1, 2], [3]], categorical_features=[0])

    sequences, _ = read([np.array([5.5, 1.0])], schema=schema)

    assert sequences.categorical[0].categories.tolist() == [1.0, 5.5]


def test_a_fit_that_is_refused_leaves_the_estimator_unchanged():
    embedder = LSTMSequenceEmbedder(n_components=2, max_epochs=1, random_state=0)
    before = dict(vars(embedder.fit(MIXED)))

    with pytest.raises(TypeError, match="One feature cannot hold both"):
        embedder.fit([["a", 1]])

    assert vars(embedder) == before


# Refused input

REFUSED = {
    "an empty string": (["ab", ""], ValueError, r"X\[1\] has no time steps"),
    "an empty token list": ([["a"], []], ValueError, r"X\[1\] has no time steps"),
    "None as a string": (["ab", None], TypeError, r"X\[1\] is missing, but X\[0\]"),
    "NA as a string": (["ab", pd.NA], TypeError, r"X\[1\] is missing, but X\[0\]"),
    "None as a first string": ([None, "ab"], ValueError, r"X\[0\] is missing: a seq"),
    "None as a token list": ([["a"], None], ValueError, r"X\[1\] is missing: a sequen"),
    "a set of tokens": ([["a"], {"b"}], TypeError, r"X\[1\] is of type set, expected"),
    "categories of numbers in a table": (
        pd.DataFrame({"a": [1.0, 2.0], "b": pd.Series([1, 2], dtype="category")}),
        TypeError,
        r"Column 'b' of X holds values of category.*one list per row with the cat",
    ),
    "a number as a string": (["ab", 3], TypeError, r"X\[1\] is of type int, but X\[0"),
    "a string as a token list": ([["a"], "b"], TypeError, r"X\[1\] is a string, but"),
    "a token list as a string": (["b", ["a"]], TypeError, r"X\[1\] is of type list"),
    "only missing tokens": (
        [["a"], [None, NAN]],
        ValueError,
        r"X\[1\] has no observed value",
    ),
    "only missing values of both kinds": (
        [[("a", 1.0)], [(None, NAN)]],
        ValueError,
        r"X\[1\] has no observed value",
    ),
    "only missing strings in 3-D": (
        np.array([[["a", 1]], [[None, None]]], dtype=object),
        ValueError,
        r"X\[1\] has no observed value",
    ),
    "bytes": ([b"ab"], TypeError, r"X\[0\] holds bytes.*Decode"),
    "bytes among strings": (["ab", b"c"], TypeError, r"X\[1\] holds bytes.*Decode"),
    "an array of bytes": (np.array([b"ab"]), TypeError, r"X holds bytes.*Decode"),
    "tokens of bytes": ([[b"ab"]], TypeError, r"X\[0\] holds bytes.*Decode"),
    "bytes among tokens": (
        [["a"], ["b", b"c"]],
        TypeError,
        r"X\[1\] holds bytes values \(b'c' at time step 1\)",
    ),
    "numbers and strings in two sequences": (
        [[1, 2], ["a"]],
        TypeError,
        r"X\[1\] holds strings \('a' at time step 0\), but an earlier value is 1",
    ),
    "numbers and strings in one sequence": (
        [["a"], ["b", 2]],
        TypeError,
        r"X\[1\] holds int values \(2 at time step 1\), but an earlier value is 'a'",
    ),
    "numbers and strings in one feature": (
        [[("a", 1)], [("b", 2), ("c", "d")]],
        TypeError,
        r"X\[1\] holds strings \('d' at time step 1, feature 1\)",
    ),
    "numbers and strings in 2-D": (
        np.array([["a", "b"], ["c", 4]], dtype=object),
        TypeError,
        r"X\[1\] holds int values \(4 at time step 1\)",
    ),
    "numbers and strings in 3-D": (
        np.array([[["a", 1]], [["b", "c"]]], dtype=object),
        TypeError,
        r"X\[1\] holds strings \('c' at time step 0, feature 1\)",
    ),
    "bools and strings": (
        [["a", True]],
        TypeError,
        r"X\[0\] holds bool values \(True at time step 1\)",
    ),
    "ragged steps": (
        [[("a", 1), ("b",)]],
        ValueError,
        r"X\[0\] is ragged: it has 1 feature at time step 1, but "
        r"2 features at time step 0\.",
    ),
    "other features": (
        [[("a", 1)], [("b", 2, 3)]],
        ValueError,
        r"X\[1\] has 3 features, but X\[0\] has 2",
    ),
    "nested values": (
        [[("a", [1.0]), ("b", [2.0])]],
        TypeError,
        r"X\[0\] must hold numbers.*got \[1.0\] of type list at time step 0, feature 1",
    ),
    "times among strings": (
        [[("a", pd.Timestamp("2020"))]],
        TypeError,
        r"X\[0\] must hold numbers.*Timestamp.*Pass a frame, whose columns may hold t",
    ),
    "infinity beside strings": (
        [[("a", 1.0)], [("b", np.inf)]],
        ValueError,
        r"X\[1\] is infinite at time step 0, feature 1",
    ),
}


@pytest.mark.parametrize(("X", "error", "match"), REFUSED.values(), ids=REFUSED)
def test_unsupported_input_is_refused_with_a_reason(X, error, match):
    with pytest.raises(error, match=match):
        read(X)


@pytest.mark.parametrize(
    ("X", "option", "match"),
    [
        (["ab"], None, r"X\[0\] holds strings .*categorical_features does not list"),
        (MIXED, [1], r"X\[0\] holds strings \('a' at time step 0, feature 0\)"),
        ([[None, "a"]], None, r"X\[0\] holds strings \('a' at time step 1, feature 0"),
        (np.array([["a"]]), None, r"X\[0\] holds strings"),
    ],
    ids=["characters", "mixed", "after a missing one", "2-D"],
)
def test_strings_that_are_not_listed_are_refused(X, option, match):
    with pytest.raises(TypeError, match=match):
        read(X, categorical_features=option)


@pytest.mark.parametrize(
    "X",
    [TEXTS, TOKENS, MIXED, *MIXED_FORMS.values()],
)
def test_reading_does_not_change_X(X):
    before = copy.deepcopy(X)

    round_trip(X)

    if isinstance(X, np.ndarray) and X.ndim == 3:
        assert_array_equal(X, before)
    else:
        assert_same(X, before)


def test_factorize_strings_equals_a_plain_loop():
    rng = np.random.default_rng(0)
    values = [None if x < 2 else f"w{x}" for x in rng.integers(0, 30, 500)]
    categories = sorted({value for value in values if value is not None})

    codes, found = factorize_strings(values)

    assert found.tolist() == categories
    assert codes.tolist() == [-1 if v is None else categories.index(v) for v in values]


def test_half_of_a_surrogate_pair_is_a_character():
    codes, categories = factorize_characters(["a\ud83d"])

    assert categories.tolist() == ["a", "\ud83d"]
    assert codes.tolist() == [0, 1]

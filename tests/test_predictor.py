"""LSTMSequencePredictor: learning, containers of results, beams, parameters, errors."""

import itertools
import pickle
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import r2_score
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    cross_val_predict,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, Normalizer

from sklearn_seqembed import LSTMSequencePredictor
from sklearn_seqembed._predictor import _limit_sum
from sklearn_seqembed.datasets import make_sequences, make_windows
from sklearn_seqembed.metrics import exact_match_score

NAN = float("nan")


def _reversed_words(n_samples=60, seed=0):
    rng = np.random.default_rng(seed)
    X = [
        "".join(rng.choice(list("abcd"), rng.integers(1, 6))) for _ in range(n_samples)
    ]
    return X, [word[::-1] for word in X]


def _quick(**parameters):
    parameters = {"n_components": 16, "max_epochs": 3, "random_state": 0} | parameters
    return LSTMSequencePredictor(**parameters)


@pytest.fixture(scope="module")
def reverser():
    """A predictor trained to reverse words. Tests must not change it."""
    X, y = _reversed_words(300)
    return _quick(n_components=64, max_epochs=50).fit(X, y)


@pytest.fixture
def numbers():
    """Ragged sequences of two features, and the one to four steps that follow them."""
    rng = np.random.default_rng(0)
    X = [np.cumsum(rng.normal(size=(n, 2)), axis=0) for n in rng.integers(5, 12, 40)]
    horizons = rng.integers(1, 5, 40)
    y = [x[-1] + np.arange(n)[:, None] for x, n in zip(X, horizons, strict=True)]
    return X, y


# Learning


def test_words_are_reversed_and_have_the_right_length(reverser):
    X, y = _reversed_words(100, seed=1)

    predicted = reverser.predict(X)

    assert exact_match_score(y, predicted) > 0.9
    assert reverser.score(X, y) == pytest.approx(exact_match_score(y, predicted))


def test_predictions_depend_on_the_input(reverser):
    X, y = _reversed_words(100, seed=1)

    assert len(set(reverser.predict(X))) > 0.8 * len(set(y))


def test_numeric_targets_continue_the_last_values(numbers):
    X, y = numbers

    predictor = _quick(n_components=32, max_epochs=40).fit(X, y)

    assert predictor.decoding_ == "parallel"
    assert_array_equal(predictor.instance_norm_, [True, True])
    assert predictor.score(X, y) > 0.9


def test_numbers_can_be_decoded_autoregressively(numbers):
    X, y = numbers

    predictor = _quick(n_components=32, max_epochs=60, decoding="autoregressive")

    assert predictor.fit(X, y).score(X, y) > 0.9


def test_score_of_single_numbers_is_r2(numbers):
    X, _ = numbers
    y = np.array([x[-1].sum() for x in X])

    predictor = _quick().fit(X, y)

    predicted = predictor.predict(X)
    assert predicted.shape == y.shape
    assert predictor.score(X, y) == pytest.approx(r2_score(y, predicted), abs=1e-5)


def test_score_of_several_numbers_uses_the_true_lengths(numbers):
    X, y = numbers
    y = [step[:2] for step in y]

    predictor = _quick().fit(X, y)

    sources, _ = predictor._check_X(X, reset=False)
    lengths = np.array([len(steps) for steps in y])
    predicted = predictor._predict(sources, predictor.transform(X), lengths)
    expected = r2_score(np.concatenate(y), predicted.span(0, lengths.sum()))
    assert predictor.score(X, y) == pytest.approx(expected, abs=1e-5)


def test_labels_are_sequences_of_one_token():
    X, y = make_sequences(60, n_classes=2, random_state=0)
    labels = [[("up", "down")[label]] for label in y]

    predictor = _quick(n_components=32, max_epochs=40).fit(X, labels)

    assert predictor.score(X, labels) > 0.9
    assert set(map(tuple, predictor.predict(X))) <= {("up",), ("down",)}


@pytest.mark.parametrize(
    "make",
    [
        lambda labels: pd.Series(labels, dtype="category"),
        lambda labels: pd.DataFrame({"label": pd.Categorical(labels)}),
        lambda labels: pl.Series(labels, dtype=pl.Categorical),
        lambda labels: pl.Series(labels, dtype=pl.Enum(["one", "two"])),
        pd.Categorical,
        lambda labels: pa.array(labels).dictionary_encode(),
        lambda labels: pa.table({"label": pa.array(labels).dictionary_encode()}),
    ],
    ids=["pandas", "frame", "polars", "enum", "Categorical", "Arrow", "table"],
)
def test_categorical_series_holds_labels(make):
    X, y = make_sequences(20, n_classes=2, random_state=0)
    labels = make(np.array(["one", "two"])[y].tolist())

    predicted = _quick().fit(X, labels).predict(X)

    assert predicted.shape == (20,)
    assert set(predicted) <= {"one", "two"}


def test_numbers_with_a_categorical_dtype_are_labels():
    X, y = make_sequences(20, n_classes=2, random_state=0)
    labels = pd.Series(10 * y, dtype="category")

    predictor = _quick().fit(X, labels)

    assert set(predictor.predict(X)) <= {0, 10}
    assert predictor.score(X, 10 * y) == predictor.score(X, labels)


def test_masked_values_in_a_list_of_targets_are_missing():
    X, _ = make_sequences(3, random_state=0)

    with pytest.raises(ValueError, match=r"y\[1\] has no observed value"):
        _quick().fit(X, [1.0, np.ma.masked, 2.0])


def test_numbers_can_be_labels():
    X, y = make_sequences(20, n_classes=2, random_state=0)

    for labels in (10 * y, (10 * y).astype(object)):
        predictor = _quick(categorical_targets=[0]).fit(X, labels)

        assert set(predictor.predict(X)) <= {0, 10}
        assert predictor.predict(X).dtype == y.dtype
        assert predictor.decoding_ == "autoregressive"


def test_decimals_are_numbers():
    X, _ = _reversed_words(20)
    values = [Decimal(len(word)) / 3 for word in X]

    predicted = _quick().fit(X, values).predict(X)

    assert predicted.dtype == np.float64
    assert_allclose(predicted, _quick().fit(X, list(map(float, values))).predict(X))


def test_numbers_and_categories_are_predicted_together(numbers):
    X, _ = numbers
    y = [[(float(x[-1, 0]), "up" if x[-1, 0] > 0 else "down")] * 2 for x in X]

    predictor = _quick(n_components=32, max_epochs=60).fit(X, y)

    value, word = predictor.predict(X[:1])[0][0]
    assert isinstance(value, float)
    assert word in ("up", "down")
    assert predictor.score(X, y) > 0.8


def test_targets_may_be_longer_than_sources():
    X = [[letter] for letter in "abcabc"]
    y = [letter * 3 for letter in "abcabc"]

    predictor = _quick(n_components=32, max_epochs=60).fit(X, y)

    assert predictor.predict([["b"], ["c"]]) == ["bbb", "ccc"]


def test_decoder_depends_on_the_vector_alone(reverser):
    X, _ = _reversed_words(20, seed=2)
    shuffled = np.random.default_rng(0).permutation(20)
    vectors = reverser.transform(X)

    classes, lengths = reverser.net_.decode_greedily(vectors[shuffled], 5)[1:]

    assert vectors.shape == (20, 64)
    letters = reverser.target_categories_[0]
    decoded = [
        "".join(letters[row[:length, 0] - 1])
        for row, length in zip(classes, lengths, strict=True)
    ]
    assert decoded == reverser.predict([X[i] for i in shuffled])


def test_relative_targets_leave_location_and_scale_out_of_the_vector(numbers):
    X, y = numbers
    moved = [x + 100 for x in X]
    relative = _quick(instance_norm=True).fit(X, y)
    raw = _quick(instance_norm=False).fit(X, y)

    assert_allclose(relative.transform(moved), relative.transform(X), atol=1e-4)
    for after, before in zip(relative.predict(moved), relative.predict(X), strict=True):
        assert_allclose(after, before + 100, atol=1e-3)
    assert not np.allclose(raw.transform(moved), raw.transform(X), atol=0.01)


@pytest.mark.parametrize("decoding", ["parallel", "autoregressive"])
def test_forecasts_scale_with_their_sequences(decoding):
    rng = np.random.default_rng(0)
    levels = 10.0 ** rng.uniform(-4, 4, size=(60, 1, 1))
    walks = levels * (10 + rng.normal(size=(60, 16, 1)).cumsum(axis=1))
    X, y = walks[:, :12], walks[:, 12:]

    forecaster = _quick(decoding=decoding).fit(X, y)

    expected = forecaster.predict(X[:9])
    assert forecaster.instance_norm_.all()
    for factor in (1e-3, 1.0, 1e3):
        scaled = forecaster.predict(X[:9] * factor)
        assert_allclose(scaled, expected * factor, rtol=1e-3, atol=0)
        assert_allclose(
            forecaster.transform(X[:9] * factor), forecaster.transform(X[:9]), atol=1e-4
        )


def test_small_series_are_forecast_as_well_as_large_ones():
    rng = np.random.default_rng(0)
    levels = np.exp(1.5 * rng.normal(size=(200, 1)))
    phases = rng.uniform(0, 2 * np.pi, size=(200, 1))
    steps = np.arange(20)
    noise = 0.03 * rng.normal(size=(200, 20))
    series = levels * (1 + 0.3 * np.sin(2 * np.pi * steps / 8 + phases) + noise)
    X, y = series[:, :16], series[:, 16:]

    forecaster = _quick(n_components=64, max_epochs=60).fit(X[::2], y[::2])

    def errors(predicted):
        return (np.abs(predicted - y[1::2]) / levels[1::2]).mean(axis=1)

    ours, naive = errors(forecaster.predict(X[1::2])), errors(X[1::2, -8:-4])
    order = np.argsort(levels[1::2, 0])
    smallest, largest = order[:25], order[-25:]
    assert ours[smallest].mean() < 1.2 * ours[largest].mean()
    assert ours[smallest].mean() < naive[smallest].mean()


def test_flat_sequences_are_continued_from_their_level():
    rng = np.random.default_rng(0)
    walks = rng.normal(size=(40, 12)).cumsum(axis=1)
    flat = np.repeat(rng.normal(size=(10, 1)), 12, axis=1)
    series = np.concatenate([walks, flat])

    forecaster = _quick(instance_norm=True).fit(series[:, :9], series[:, 9:])

    predicted = forecaster.predict(series[:, :9])
    assert np.isfinite(predicted).all()
    moved = forecaster.predict(flat[:, :9] + 1000)
    assert_allclose(moved - 1000, predicted[40:], atol=1e-3)


# Containers


@pytest.mark.parametrize(
    "make",
    [
        list,
        lambda y: np.array(y, dtype=object),
        lambda y: pd.Series(y),
        lambda y: pl.Series(y),
        lambda y: [list(word) for word in y],
        lambda y: pd.DataFrame({"letters": [list(word) for word in y]}),
        lambda y: pl.DataFrame({"letters": [list(word) for word in y]}),
        lambda y: pa.table({"letters": [list(word) for word in y]}),
        lambda y: pa.array([list(word) for word in y]),
    ],
    ids=[
        "list",
        "object",
        "pandas",
        "polars",
        "tokens",
        "frame",
        "polars frame",
        "arrow table",
        "arrow",
    ],
)
def test_predictions_have_the_container_of_y(make):
    X, y = _reversed_words(30)
    y = make(y)

    predicted = _quick().fit(X, y).predict(X[:4])

    assert type(predicted) is type(y)
    assert len(predicted) == 4
    if isinstance(y, pa.Table):
        assert predicted.schema == y.schema
    elif hasattr(y, "columns"):
        assert list(predicted.columns) == ["letters"]
    if isinstance(y, np.ndarray):
        assert predicted.ndim == 1


def test_rows_keep_the_index_of_X():
    words, y = _reversed_words(20)
    X = pd.DataFrame({"letters": [list(word) for word in words]}, index=range(50, 70))
    y = pd.DataFrame({"reversed": [list(word) for word in y]}, index=X.index)

    predicted = _quick().fit(X, y).predict(X.iloc[5:8])

    assert_array_equal(predicted.index, [55, 56, 57])


@pytest.mark.parametrize("kind", ["2d", "3d", "frame"])
def test_predictions_of_arrays_are_arrays(kind):
    X, y = make_windows(np.sin(np.arange(60.0)), 12, 3)
    y = {"2d": y[:, :, 0], "3d": y, "frame": pd.DataFrame(y[:, :, 0])}[kind]

    predicted = _quick().fit(X, y).predict(X[:5])

    assert type(predicted) is type(y)
    assert predicted.shape == (5, *y.shape[1:])


@pytest.mark.parametrize("dtype", [np.int64, np.float32, np.float64, bool])
def test_predictions_of_single_values_are_one_dimensional(dtype):
    X, y = make_sequences(16, random_state=0)

    for kind in (np.asarray, list, pd.Series, torch.as_tensor):
        predicted = _quick().fit(X, kind(y.astype(dtype))).predict(X)

        assert isinstance(predicted, np.ndarray)
        # A sequence of one step for each value gives the same predictions.
        values = y.astype(dtype).astype(np.float64)  # 3-D bools are categories
        steps = _quick().fit(X, values.reshape(-1, 1, 1)).predict(X)
        assert_allclose(predicted, steps[:, 0, 0], rtol=1e-5)


def test_vectors_do_not_depend_on_the_batch(reverser):
    X, _ = _reversed_words(20, seed=3)

    alone = np.concatenate([reverser.transform([word]) for word in X])

    assert_allclose(alone, reverser.transform(X), atol=1e-5)


def test_predictions_do_not_depend_on_the_batch(reverser):
    X, _ = _reversed_words(20, seed=3)

    assert [reverser.predict([word])[0] for word in X] == reverser.predict(X)


# Lengths


def test_max_length_bounds_predictions(reverser):
    X, y = _reversed_words(50, seed=4)
    bounded = clone(reverser).set_params(max_length=2, max_epochs=3).fit(X, y)

    assert max(map(len, bounded.predict(X))) <= 2
    assert bounded.max_length_ == 2
    assert reverser.max_length_ == 5


def test_equal_target_lengths_are_not_learned():
    X, y = _reversed_words(20)
    y = [word[0] * 3 for word in y]

    predictor = _quick().fit(X, y)

    assert {len(word) for word in predictor.predict(X)} == {3}
    assert not predictor.net_.criterion_.learn_ends


# Beams


def test_candidates_are_ranked_by_length_normalized_probability(reverser):
    X, y = _reversed_words(30, seed=5)

    candidates, log_probabilities = reverser.predict_top(X, k=3)

    assert len(candidates) == len(log_probabilities) == 30
    right = np.mean([y[i] == candidates[i][0] for i in range(30)])
    assert right >= reverser.score(X, y) - 0.05
    for words, values in zip(candidates, log_probabilities, strict=True):
        assert len(words) == len(values) == len(set(words)) <= 3
        normalized = [v / len(w) for w, v in zip(words, values, strict=True)]
        assert normalized == sorted(normalized, reverse=True)
        assert (values <= 0).all()


def test_probabilities_of_candidates_sum_to_at_most_one():
    rounded = np.log(np.array([0.6, 0.4000003]))
    np.testing.assert_allclose(np.exp(_limit_sum(rounded)).sum(), 1, rtol=1e-15)

    less = np.log(np.array([0.6, 0.3]))
    np.testing.assert_array_equal(_limit_sum(less), less)


def test_wider_beam_finds_at_least_as_likely_sequences(reverser):
    X, _ = _reversed_words(30, seed=6)
    wide = pickle.loads(pickle.dumps(reverser)).set_params(length_penalty=0.0)
    one = wide.predict_top(X, k=1)[1]

    many = wide.predict_top(X, k=8)[1]

    assert all(b[0] >= a[0] - 1e-4 for a, b in zip(one, many, strict=True))


def test_beam_of_one_is_greedy(reverser):
    X, _ = _reversed_words(30, seed=6)

    candidates, _ = reverser.predict_top(X, k=1)

    greedy = reverser.predict(X)
    assert np.mean([candidates[i][0] == greedy[i] for i in range(30)]) > 0.9


def test_beam_search_needs_one_categorical_feature(numbers):
    with pytest.raises(
        ValueError,
        match="beam_size=3 needs autoregressive decoding",
    ):
        _quick(beam_size=3).fit(*numbers)
    with pytest.raises(
        ValueError,
        match="predict_top needs autoregressive decoding",
    ):
        _quick().fit(*numbers).predict_top(numbers[0])


def test_beams_keep_the_only_target_length():
    X = ["".join(word) for word in itertools.product("abc", repeat=3)]
    y = [word[::-1] for word in X]
    predictor = _quick(max_epochs=5, beam_size=9, length_penalty=0.0).fit(X, y)

    candidates, _ = predictor.predict_top(X, k=9)

    assert {len(word) for words in candidates for word in words} == {3}
    assert predictor.predict(X) == [words[0] for words in candidates]
    greedy = clone(predictor).set_params(beam_size=1).fit(X, y).predict(X)
    assert greedy != predictor.predict(X)
    # No probability is reserved for ends at other lengths.
    everything = predictor.predict_top(X[:3], k=27)[1]
    assert_allclose([np.exp(values).sum() for values in everything], 1, atol=1e-4)


# scikit-learn conventions


def test_equal_seeds_give_equal_predictors():
    X, y = _reversed_words()

    first, second = (_quick().fit(X, y).transform(X) for _ in range(2))

    assert_array_equal(first, second)


def test_fit_does_not_change_global_seeds():
    X, y = _reversed_words()
    torch.manual_seed(3)
    np.random.seed(3)
    expected = torch.rand(2), np.random.rand(2)
    torch.manual_seed(3)
    np.random.seed(3)

    _quick().fit(X, y).predict(X)

    assert_array_equal(torch.rand(2), expected[0])
    assert_array_equal(np.random.rand(2), expected[1])


def test_fit_changes_neither_X_nor_y(numbers):
    X, y = numbers
    before = pickle.dumps((X, y))

    _quick(scaler=MinMaxScaler(), target_scaler=MinMaxScaler()).fit(X, y).predict(X)

    assert pickle.dumps((X, y)) == before


def test_pickled_predictor_predicts_the_same(reverser):
    X, _ = _reversed_words(20, seed=7)

    again = pickle.loads(pickle.dumps(reverser))

    assert again.predict(X) == reverser.predict(X)


def test_pickle_contains_no_training_data():
    X, y = _reversed_words()
    options = {"early_stopping": True, "batch_size": 16}

    few, many = (
        pickle.dumps(_quick(**options).fit(X * n_times, y * n_times))
        for n_times in (1, 20)
    )

    # 1140 pairs more would be 6000 letters.
    assert len(many) < len(few) + 1000


def test_grid_search_selects_the_trained_predictor():
    X, y = _reversed_words(200)
    search = GridSearchCV(_quick(), {"max_epochs": [1, 30]}, cv=2, n_jobs=2)

    search.fit(X, y)

    assert search.best_params_ == {"max_epochs": 30}
    assert search.score(X, y) == search.best_estimator_.score(X, y) > 0.2


def test_cross_validation_accepts_lists_and_object_arrays():
    X, y = _reversed_words()

    scores = cross_val_score(_quick(), X, y, cv=KFold(3))
    predicted = cross_val_predict(_quick(), X, np.array(y, dtype=object), cv=3)

    assert len(scores) == 3
    assert predicted.shape == (60,)
    assert all(isinstance(word, str) for word in predicted)


def test_cross_validation_concatenates_padded_arrays(numbers):
    X, y = numbers
    padded = np.full((40, 6, 2), NAN)
    for row, steps in zip(padded, y, strict=True):
        row[: len(steps)] = steps

    predicted = cross_val_predict(_quick(), X, padded, cv=3)

    assert predicted.shape == (40, 6, 2)
    train, test = next(KFold(3).split(X))
    predictor = _quick().fit([X[i] for i in train], padded[train])
    assert_array_equal(predicted[test], predictor.predict([X[i] for i in test]))
    short = _quick(max_length=2).fit(X, padded).predict(X)
    assert_array_equal(short, _quick().fit(X, padded).predict(X)[:, :2])


def test_predicted_table_is_cut_to_max_length():
    X = np.random.default_rng(0).normal(size=(30, 5))
    y = pd.DataFrame(X[:, ::-1], columns=list("abcde"), index=range(100, 130))

    predicted = (
        _quick(max_length=2)
        .fit(pd.DataFrame(X, index=y.index), y)
        .predict(pd.DataFrame(X[:3], index=y.index[:3]))
    )

    assert list(predicted.columns) == ["a", "b"]
    assert list(predicted.index) == [100, 101, 102]


def test_vectors_can_be_classified():
    X, y = make_sequences(60, n_classes=2, random_state=0)
    lengths = [[len(x)] for x in X]
    pipeline = make_pipeline(_quick(max_epochs=20), LogisticRegression(C=100))

    assert pipeline.fit(X, y).score(X, y) > 0.9
    vectors = _quick().fit(X, lengths).transform(X)
    assert_array_equal(_quick().fit_transform(X, lengths), vectors)


def test_components_have_names():
    X, y = _reversed_words()

    frame = _quick(n_components=3).set_output(transform="pandas").fit(X, y).transform(X)

    assert list(frame.columns) == [f"lstmsequencepredictor{i}" for i in range(3)]


def test_partial_fit_continues_the_training():
    X, y = _reversed_words(200)
    predictor = _quick(n_components=32)

    losses = [predictor.partial_fit(X, y).history_[-1]["train_loss"] for _ in range(8)]

    assert losses[-1] < losses[0]
    assert predictor.n_iter_ == 8
    assert not hasattr(predictor, "train_score_")


def test_warm_start_continues_the_training():
    X, y = _reversed_words()
    predictor = _quick(warm_start=True).fit(X, y)
    first = predictor.history_[0]["train_loss"]

    predictor.fit(X, y)

    assert predictor.n_iter_ == 6
    assert predictor.history_[3]["train_loss"] < first


@pytest.mark.parametrize(
    ("name", "value"), [("reverse_source", False), ("shared_vocabulary", True)]
)
def test_warm_start_names_a_parameter_that_must_not_change(name, value):
    X, y = _reversed_words()
    predictor = _quick(warm_start=True).fit(X, y).set_params(**{name: value})

    with pytest.raises(ValueError, match=f"was built with {name}={not value}"):
        predictor.fit(X, y)


@pytest.mark.parametrize(
    ("scaler", "match"),
    [
        ("minmax", "^target_scaler must be 'standard'"),
        (Normalizer(), r"^target_scaler=Normalizer\(\) has no inverse_transform"),
        (
            FunctionTransformer(np.square, inverse_func=np.square, check_inverse=False),
            "(?s)^target_scaler=.* does not restore the values of y",
        ),
    ],
    ids=str,
)
def test_error_about_target_scaler_names_it(numbers, scaler, match):
    with pytest.raises(ValueError, match=match):
        _quick(target_scaler=scaler).fit(*numbers)


def test_early_stopping_uses_a_validation_set():
    X, y = _reversed_words()

    predictor = _quick(early_stopping=True, n_iter_no_change=1, max_epochs=50)

    assert "valid_loss" in predictor.fit(X, y).history_[0]


def test_failed_fit_leaves_the_predictor_unchanged(reverser):
    predictor = pickle.loads(pickle.dumps(reverser))
    X, y = _reversed_words()

    with pytest.raises(ValueError, match="inconsistent"):
        predictor.fit(X, y[:-1])

    assert predictor.predict(X) == reverser.predict(X)


# Parameters


@pytest.mark.parametrize(
    "changed",
    [
        {"hidden_size": 12},
        {"num_layers": 2},
        {"bidirectional": False},
        {"reverse_source": False},
        {"bidirectional": False, "reverse_source": False},
        {"dropout": 0.4},
        {"cell": "gru"},
        {"patch_size": 2},
        {"decoding": "parallel"},
        {"decoding": "parallel", "target_patch_size": 2},
        {"shared_vocabulary": True},
        {"scheduled_sampling": 0.9},
        {"lr_schedule": None},
        {"lr": 0.01},
        {"weight_decay": 0.0},
        {"min_frequency": 60},
        {"max_categories": 3},
        {"batch_size": 5},
        {"early_stopping": True},
        {"random_state": 1},
        {"max_epochs": 2},
    ],
    ids=str,
)
def test_parameter_has_an_effect(changed):
    X, y = _reversed_words()
    base = {"decoding": "parallel"} if "target_patch_size" in changed else {}
    expected = _quick(**base).fit(X, y)

    predictor = _quick(**changed).fit(X, y)

    assert not np.array_equal(predictor.transform(X), expected.transform(X))


@pytest.mark.parametrize(
    "changed",
    [
        {"scaler": None},
        {"scaler": MinMaxScaler()},
        {"target_scaler": None},
        {"target_scaler": MinMaxScaler()},
        {"instance_norm": False},
        {"decoding": "autoregressive"},
        {"target_patch_size": 3},
        {"categorical_features": [0]},
        {"categorical_targets": [1]},
    ],
    ids=str,
)
def test_parameter_of_numbers_has_an_effect(changed, numbers):
    X, y = numbers
    X, y = [np.round(x) for x in X], [np.round(step) for step in y]
    # Numbers that are learned relative to a sequence do not depend on the scaler.
    base = {"instance_norm": False} if "scaler" in str(changed) else {}
    expected = _quick(**base).fit(X, y)

    predictor = _quick(**base, **changed).fit(X, y)

    assert not np.array_equal(predictor.transform(X), expected.transform(X))


def test_instance_norm_is_used_on_request():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 8)), rng.normal(size=(30, 2))

    assert not _quick().fit(X, y).instance_norm_.any()
    assert _quick(instance_norm=True).fit(X, y).instance_norm_.all()


def test_dropout_is_off_outside_training():
    X, y = _reversed_words()

    predictor = _quick(dropout=0.5).fit(X, y)

    assert predictor.predict(X) == predictor.predict(X)


@pytest.mark.parametrize(
    ("name", "value", "error", "match"),
    [
        ("beam_size", 0, ValueError, "beam_size == 0, must be >= 1"),
        ("max_length", 0, ValueError, "max_length == 0, must be >= 1"),
        ("decoding", "both", ValueError, "decoding must be 'auto'"),
        ("scheduled_sampling", 1.0, ValueError, "scheduled_sampling == 1.0"),
        ("length_penalty", -1, ValueError, "length_penalty == -1"),
        ("target_patch_size", 0, ValueError, "target_patch_size == 0"),
        ("shared_vocabulary", "yes", ValueError, "shared_vocabulary must be True"),
        ("reverse_source", None, ValueError, "reverse_source must be True"),
        ("n_components", 0, ValueError, "n_components == 0"),
    ],
)
def test_invalid_value_is_named_in_the_error(name, value, error, match):
    with pytest.raises(error, match=match):
        _quick(**{name: value}).fit(*_reversed_words())


@pytest.mark.parametrize("method", ["predict", "predict_top", "score"])
def test_parameters_of_predict_are_validated_by_predict(reverser, method):
    X, y = _reversed_words(3)
    predictor = pickle.loads(pickle.dumps(reverser)).set_params(max_length=0)

    with pytest.raises(ValueError, match="max_length == 0, must be >= 1"):
        getattr(predictor, method)(X, *([y] if method == "score" else []))


def test_beam_size_set_after_fit_is_validated(numbers):
    predictor = _quick().fit(*numbers).set_params(beam_size=2)

    with pytest.raises(
        ValueError,
        match="beam_size=2 needs autoregressive decoding",
    ):
        predictor.predict(numbers[0])


# Invalid targets


def test_single_values_must_be_numbers():
    y = [pd.Timestamp("2020-01-01"), pd.Timestamp("2020-01-02")]

    with pytest.raises(TypeError, match=r"y\[0\] is of type Timestamp"):
        _quick().fit(["ab", "c"], y)


def test_columns_of_sequences_and_of_single_values_cannot_be_mixed():
    y = pd.DataFrame({"path": [[1, 2], [3]], "label": [1, 2]})

    with pytest.raises(
        TypeError, match="'label' holds .* the others to another estimator"
    ):
        _quick().fit(["ab", "c"], y)


def test_y_is_required():
    with pytest.raises(ValueError, match="requires y to be passed"):
        _quick().fit(["abc", "de"], None)


@pytest.mark.parametrize(
    ("y", "error", "match"),
    [
        (["a", "b"], ValueError, "X has 3 sequences, y has 2. Pass one target per"),
        (["a", "", "b"], ValueError, r"y\[1\] has no time steps"),
        ([1.0, NAN, 2.0], ValueError, r"y\[1\] has no observed value"),
        ([1.0, np.inf, 2.0], ValueError, r"y\[1\] is infinite"),
        (["a", 3, "b"], TypeError, r"y\[1\] is of type int, but y\[0\] is a string"),
        (
            [np.ones((2, 2)), np.ones((2, 3)), np.ones((1, 2))],
            ValueError,
            r"y\[1\] has 3 features, but y\[0\] has 2",
        ),
        ([[[1, 2], [1]], [[1, 2]], [[1]]], ValueError, r"y\[0\] is ragged: it has 1 f"),
        ([[[1], 2], [3], [4]], ValueError, r"y\[0\] is ragged: it has a single value"),
        ([[["a"], ["b", "c"]], [["a"]], ["b"]], ValueError, r"y\[0\] is ragged"),
        ([1j, 2, 3], ValueError, "Complex data not supported: y holds complex128"),
    ],
)
def test_error_about_targets_names_y(y, error, match):
    with pytest.raises(error, match=match):
        _quick().fit(["abc", "de", "f"], y)


def test_times_cannot_be_predicted():
    times = pd.date_range("2026-01-01", periods=3)
    y = pd.DataFrame({"when": [list(times), list(times)]})

    with pytest.raises(TypeError, match="Column 'when' of y holds dates or times"):
        _quick().fit(["abc", "de"], y)


def test_score_needs_targets_of_the_fitted_kind():
    X, y = _reversed_words()
    predictor = _quick().fit(X, y)

    with pytest.raises(TypeError, match="expected strings as in fit"):
        predictor.score(X, [[1.0]] * len(X))
    single = _quick().fit(X, np.arange(len(X)))
    with pytest.raises(ValueError, match="holds sequences, but .* on single values"):
        single.score(X, [[1.0]] * len(X))


def test_score_needs_the_fitted_number_of_target_features(numbers):
    X, y = numbers
    predictor = _quick().fit(X, y)

    with pytest.raises(ValueError, match="y has 1 features, but LSTMSequencePredictor"):
        predictor.score(X, [step[:, :1] for step in y])


@pytest.mark.parametrize(
    ("X", "match"),
    [
        ([[1.0], [2.0]], "the same number of categorical features"),
        ([[True, False], [False]], "categories of the same type"),
    ],
)
def test_shared_vocabulary_needs_categories_of_the_same_kind(X, match):
    with pytest.raises((TypeError, ValueError), match=match):
        _quick(shared_vocabulary=True).fit(X, ["ab", "b"])


def test_shared_vocabulary_has_one_embedding_table():
    X, y = ["abc", "bd", "ca"], ["xyz", "yb", "za"]

    predictor = _quick(shared_vocabulary=True).fit(X, y)

    assert_array_equal(predictor.categories_[0], predictor.target_categories_[0])
    assert sorted(predictor.categories_[0]) == list("abcdxyz")
    module = predictor.net_.module_
    assert module.encoder.embedding is module.decoders["prediction"].embedding


@pytest.mark.parametrize("decoding", ["parallel", "autoregressive"])
def test_missing_targets_are_neither_learned_nor_scored(numbers, decoding):
    X, _ = numbers
    y = np.stack([x[-1] + np.arange(3)[:, None] for x in X])
    y[::3, 0, 1] = NAN

    predictor = _quick(decoding=decoding).fit(X, list(y))

    predicted = np.stack(predictor.predict(X))
    assert not np.isnan(predicted).any()
    means = np.nanmean(y, axis=(0, 1))
    unexplained = np.nansum((predicted - y) ** 2, axis=(0, 1))
    explained = 1 - unexplained / np.nansum((y - means) ** 2, axis=(0, 1))
    assert predictor.score(X, list(y)) == pytest.approx(explained.mean(), abs=1e-4)


def test_infrequent_tokens_are_predicted_as_unknown():
    X, y = _reversed_words()

    predictor = _quick(min_frequency=10_000).fit(X, y)

    assert set("".join(predictor.predict(X))) == {"\ufffd"}
    assert predictor.score(X, y) == 0.0

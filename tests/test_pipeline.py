"""The embedder inside scikit-learn's pipelines, searches and ensembles."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import loguniform, randint
from sklearn.base import clone
from sklearn.ensemble import StackingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    cross_val_predict,
    cross_val_score,
    train_test_split,
)
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler

from sklearn_seqembed import LSTMSequenceEmbedder
from sklearn_seqembed.datasets import make_sequences

pytestmark = pytest.mark.filterwarnings("ignore:The network explains only")


def as_object_array(items):
    out = np.empty(len(items), dtype=object)
    for i, item in enumerate(items):
        out[i] = item
    return out


def as_padded_array(items):
    out = np.full((len(items), max(map(len, items)), items[0].shape[1]), np.nan)
    for row, item in zip(out, items, strict=True):
        row[: len(item)] = item
    return out


def means_over_time(X):
    return np.array([np.nanmean(x, axis=0) for x in X])


@pytest.fixture(scope="module")
def labeled():
    """Ragged sequences with two features, and their classes, 0 or 1."""
    return make_sequences(24, n_features=2, lengths=(4, 12), random_state=0)


def small_embedder(**parameters):
    return LSTMSequenceEmbedder(4, max_epochs=2, random_state=0, **parameters)


def small_pipeline():
    return make_pipeline(small_embedder(), StandardScaler(), LogisticRegression())


containers = pytest.mark.parametrize(
    "container",
    [list, as_object_array, as_padded_array],
    ids=["list", "object array", "3-D"],
)


@containers
def test_a_pipeline_applies_its_steps_in_order(container, labeled):
    X, y = container(labeled[0]), labeled[1]

    model = small_pipeline().fit(X, y)

    scaled = StandardScaler().fit_transform(small_embedder().fit_transform(X))
    classifier = LogisticRegression().fit(scaled, y)
    assert_allclose(model.predict_proba(X), classifier.predict_proba(scaled), rtol=1e-4)


@containers
def test_train_test_split_keeps_the_container(container, labeled):
    X, y = container(labeled[0]), labeled[1]
    positions = np.arange(len(y))

    X_train, X_test, y_train, _, _, test = train_test_split(
        X, y, positions, random_state=0
    )
    model = small_pipeline().fit(X_train, y_train)

    assert type(X_train) is type(X)
    assert_array_equal(model.predict(X_test), model.predict(X)[test])


@containers
def test_cross_validated_predictions_do_not_depend_on_the_container(container, labeled):
    X, y = labeled
    options = {"cv": 2, "method": "predict_proba"}

    predicted = cross_val_predict(small_pipeline(), container(X), y, **options)

    expected = cross_val_predict(small_pipeline(), X, y, **options)
    assert_allclose(predicted, expected, rtol=1e-4)


@containers
def test_cross_validated_scores_do_not_depend_on_the_container(container, labeled):
    X, y = labeled
    options = {"cv": 2, "error_score": "raise"}

    scores = cross_val_score(small_pipeline(), container(X), y, **options)

    assert_array_equal(scores, cross_val_score(small_pipeline(), X, y, **options))


def test_a_grid_search_in_two_processes_gives_the_same_scores_as_in_one(labeled):
    X, _ = labeled
    grid = {"cell": ["lstm", "gru"]}

    scores = [
        GridSearchCV(small_embedder(), grid, cv=2, n_jobs=n_jobs, error_score="raise")
        .fit(X)
        .cv_results_["mean_test_score"]
        for n_jobs in (1, 2)
    ]

    # The processes may use different numbers of threads, which add up in other orders.
    assert_allclose(scores[1], scores[0], rtol=1e-3, atol=1e-4)
    assert scores[0][0] != scores[0][1]


@containers
def test_the_embedder_is_tuned_by_its_own_score_without_y(container, labeled):
    X = container(labeled[0])

    search = GridSearchCV(
        small_embedder(linear_map=False),
        {"lr": [1e-6, 0.01]},
        cv=2,
        error_score="raise",
    ).fit(X)

    assert search.best_params_ == {"lr": 0.01}
    best = small_embedder(linear_map=False, lr=0.01)
    assert_array_equal(search.transform(X), best.fit_transform(X))


def test_a_randomized_search_draws_parameters_from_distributions(labeled):
    X, _ = labeled
    distributions = {"n_components": randint(2, 5), "lr": loguniform(1e-3, 1e-2)}

    search = RandomizedSearchCV(
        small_embedder(),
        distributions,
        n_iter=2,
        cv=2,
        random_state=0,
        error_score="raise",
    ).fit(X)

    tried = search.cv_results_["params"]
    assert all(2 <= params["n_components"] < 5 for params in tried)
    assert all(1e-3 <= params["lr"] <= 1e-2 for params in tried)
    assert search.best_params_ in tried
    assert search.transform(X).shape == (24, search.best_params_["n_components"])


def test_a_halving_search_uses_epochs_as_its_resource(labeled):
    X, y = labeled

    search = HalvingGridSearchCV(
        small_pipeline(),
        {"lstmsequenceembedder__n_components": [2, 3]},
        resource="lstmsequenceembedder__max_epochs",
        min_resources=1,
        max_resources=2,
        factor=2,
        cv=2,
        random_state=0,
        error_score="raise",
    ).fit(X, y)

    assert search.n_resources_ == [1, 2]
    assert search.best_estimator_[0].n_iter_ == 2


def test_a_feature_union_joins_vectors_and_other_features(labeled):
    X, y = labeled
    means = FunctionTransformer(means_over_time, check_inverse=False)
    union = FeatureUnion([("vectors", small_embedder()), ("means", means)])

    features = union.fit_transform(X, y)

    assert_array_equal(features[:, :4], small_embedder().fit_transform(X))
    assert_array_equal(features[:, 4:], means_over_time(X))


def test_a_stacking_classifier_combines_pipelines(labeled):
    X, y = labeled
    stack = StackingClassifier(
        [
            ("embedded", small_pipeline()),
            (
                "means",
                make_pipeline(
                    FunctionTransformer(means_over_time), LogisticRegression()
                ),
            ),
        ],
        cv=2,
    )

    stack.fit(X, y)

    alone = small_pipeline().fit(X, y).predict_proba(X)[:, 1]
    assert_allclose(stack.transform(X)[:, 0], alone, rtol=1e-4)


def test_a_pipeline_may_end_in_a_regressor(labeled):
    X, _ = labeled
    lengths = np.array([len(x) for x in X], dtype=float)
    model = make_pipeline(small_embedder(), Ridge())

    predicted = cross_val_predict(model, X, lengths, cv=2)

    train, test = X[12:], X[:12]
    embedder = small_embedder().fit(train)
    ridge = Ridge().fit(embedder.transform(train), lengths[12:])
    expected = ridge.predict(embedder.transform(test))
    assert_allclose(predicted[:12], expected, rtol=1e-4)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_set_output_of_a_pipeline_gives_named_columns(library, labeled):
    X, _ = labeled
    model = make_pipeline(small_embedder(), StandardScaler())
    model.set_output(transform=library)

    table = model.fit_transform(X)

    assert list(table.columns) == [f"lstmsequenceembedder{k}" for k in range(4)]
    assert type(table).__module__.startswith(library)


def test_a_pipeline_names_its_output_columns(labeled):
    X, _ = labeled
    model = make_pipeline(small_embedder(), StandardScaler()).fit(X)

    names = model.get_feature_names_out()

    assert list(names) == [f"lstmsequenceembedder{k}" for k in range(4)]


def test_a_pipeline_decodes_vectors(labeled):
    X, _ = labeled
    model = make_pipeline(small_embedder(), StandardScaler()).fit(X)

    decoded = model.inverse_transform(model.transform(X))

    expected = model[0].inverse_transform(model[0].transform(X))
    for found, sequence in zip(decoded, expected, strict=True):
        assert_allclose(found, sequence, rtol=1e-4, atol=1e-4)


def test_the_clone_of_a_fitted_pipeline_is_not_fitted(labeled):
    X, y = labeled
    model = make_pipeline(
        small_embedder().set_params(scaler=MinMaxScaler()), LogisticRegression()
    ).fit(X, y)

    copied = clone(model)

    assert not hasattr(copied[0], "net_")
    assert copied[0].scaler is not model[0].scaler
    assert str(copied.get_params()) == str(model.get_params())


def test_a_grid_search_reaches_the_parameters_of_the_scaler(labeled):
    X, y = labeled
    model = make_pipeline(
        small_embedder().set_params(scaler=MinMaxScaler()), LogisticRegression()
    )
    grid = {"lstmsequenceembedder__scaler__feature_range": [(0, 1), (-1, 1)]}

    search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(X, y)

    fitted_scaler = search.best_estimator_[0].scaler_
    assert (
        fitted_scaler.feature_range
        == (search.best_params_["lstmsequenceembedder__scaler__feature_range"])
    )


def test_a_pipeline_takes_a_frame_of_numbers(labeled):
    y = labeled[1]
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(24, 6))).add_prefix("t")

    model = small_pipeline().fit(X, y)

    expected = small_pipeline().fit(X.to_numpy(), y).predict_proba(X.to_numpy())
    assert list(model.feature_names_in_) == [f"t{k}" for k in range(6)]
    assert_array_equal(model.predict_proba(X), expected)


def test_an_error_message_passes_through_a_pipeline(labeled):
    X, y = labeled
    X = [*X[:-1], np.full((3, 2), np.inf)]

    with pytest.raises(ValueError, match=r"X\[23\] is infinite at time step 0"):
        small_pipeline().fit(X, y)

"""In the company of scikit-learn: pipelines, searches, ensembles."""

import numpy as np
import pandas as pd
import pytest
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
def labelled():
    """Ragged sequences of two features and two classes."""
    return make_sequences(24, n_features=2, lengths=(4, 12), random_state=0)


def small_embedder():
    return LSTMSequenceEmbedder(n_components=4, max_epochs=2, random_state=0)


def small_pipeline():
    return make_pipeline(small_embedder(), StandardScaler(), LogisticRegression())


kinds = pytest.mark.parametrize(
    "kind",
    [list, as_object_array, as_padded_array],
    ids=["list", "object array", "3-D"],
)


@kinds
def test_a_pipeline_is_fitted_and_predicts(kind, labelled):
    X, y = kind(labelled[0]), labelled[1]

    model = small_pipeline().fit(X, y)

    assert model.predict(X).shape == y.shape
    assert 0 <= model.score(X, y) <= 1


@kinds
def test_sequences_are_split_into_train_and_test(kind, labelled):
    X, y = kind(labelled[0]), labelled[1]

    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    model = small_pipeline().fit(X_train, y_train)

    assert type(X_train) is type(X)
    assert model.predict(X_test).shape == y_test.shape


@kinds
def test_a_pipeline_is_cross_validated(kind, labelled):
    X, y = kind(labelled[0]), labelled[1]

    scores = cross_val_score(small_pipeline(), X, y, cv=2, error_score="raise")

    assert scores.shape == (2,)
    assert np.isfinite(scores).all()


@kinds
def test_a_pipeline_predicts_in_cross_validation(kind, labelled):
    X, y = kind(labelled[0]), labelled[1]

    predicted = cross_val_predict(small_pipeline(), X, y, cv=2)

    assert predicted.shape == y.shape
    assert set(predicted) <= set(y)


def test_a_grid_is_searched_by_two_processes(labelled):
    X, y = labelled
    grid = {"lstmsequenceembedder__cell": ["lstm", "gru"]}

    search = GridSearchCV(
        small_pipeline(), grid, cv=2, n_jobs=2, error_score="raise"
    ).fit(X, y)

    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_params_["lstmsequenceembedder__cell"] in ("lstm", "gru")
    assert search.predict(X).shape == y.shape


def test_two_processes_find_what_one_finds(labelled):
    X, _ = labelled
    grid = {"n_components": [2, 3]}

    scores = [
        GridSearchCV(small_embedder(), grid, cv=2, n_jobs=n_jobs, error_score="raise")
        .fit(X)
        .cv_results_["mean_test_score"]
        for n_jobs in (1, 2)
    ]

    # Threads may differ between the processes, and with them the order of sums.
    np.testing.assert_allclose(scores[1], scores[0], rtol=1e-3, atol=1e-4)


@kinds
def test_the_embedder_alone_is_tuned_by_its_own_score_without_y(kind, labelled):
    X = kind(labelled[0])

    search = GridSearchCV(
        small_embedder(), {"lr": [1e-6, 0.01]}, cv=2, error_score="raise"
    ).fit(X)

    assert search.best_params_ == {"lr": 0.01}
    assert search.best_score_ < 1
    assert search.transform(X).shape == (24, 4)


def test_parameters_are_drawn_from_distributions(labelled):
    X, _ = labelled
    distributions = {"n_components": randint(2, 5), "lr": loguniform(1e-3, 1e-2)}

    search = RandomizedSearchCV(
        small_embedder(),
        distributions,
        n_iter=2,
        cv=2,
        random_state=0,
        error_score="raise",
    ).fit(X)

    assert search.transform(X).shape == (24, search.best_params_["n_components"])


def test_halving_takes_epochs_as_its_resource(labelled):
    X, y = labelled

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


def test_vectors_stand_beside_other_features(labelled):
    X, y = labelled
    union = FeatureUnion(
        [
            ("vectors", small_embedder()),
            (
                "means",
                FunctionTransformer(means_over_time, check_inverse=False),
            ),
        ]
    )

    features = union.fit_transform(X, y)

    assert features.shape == (24, 4 + 2)
    assert np.isfinite(features).all()


def test_pipelines_are_stacked(labelled):
    X, y = labelled
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

    assert stack.predict(X).shape == y.shape


def test_a_regressor_stands_at_the_end(labelled):
    X, _ = labelled
    lengths = np.array([len(x) for x in X], dtype=float)
    model = make_pipeline(small_embedder(), Ridge())

    scores = cross_val_score(model, X, lengths, cv=2, error_score="raise")

    assert np.isfinite(scores).all()


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_set_output_of_a_pipeline_reaches_the_vectors(library, labelled):
    X, y = labelled
    model = make_pipeline(small_embedder(), StandardScaler())
    model.set_output(transform=library)

    table = model.fit_transform(X)

    assert list(table.columns) == [f"lstmsequenceembedder{k}" for k in range(4)]
    assert type(table).__module__.startswith(library)


def test_a_pipeline_names_its_columns(labelled):
    X, _ = labelled
    model = make_pipeline(small_embedder(), StandardScaler()).fit(X)

    names = model.get_feature_names_out()

    assert list(names) == [f"lstmsequenceembedder{k}" for k in range(4)]


def test_a_pipeline_plays_vectors_back(labelled):
    X, _ = labelled
    model = make_pipeline(small_embedder(), StandardScaler()).fit(X)

    played_back = model.inverse_transform(model.transform(X))

    assert len(played_back) == 24
    assert all(x.shape[1] == 2 for x in played_back)


def test_a_fitted_pipeline_is_cloned_as_an_unfitted_one(labelled):
    X, y = labelled
    model = make_pipeline(
        small_embedder().set_params(scaler=MinMaxScaler()), LogisticRegression()
    ).fit(X, y)

    copied = clone(model)

    assert not hasattr(copied[0], "net_")
    assert copied[0].scaler is not model[0].scaler
    assert str(copied.get_params()) == str(model.get_params())


def test_parameters_of_the_scaler_inside_are_searched(labelled):
    X, y = labelled
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


def test_a_frame_of_numbers_goes_through_a_pipeline(labelled):
    y = labelled[1]
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(24, 6))).add_prefix("t")

    model = small_pipeline().fit(X, y)

    assert list(model.feature_names_in_) == [f"t{k}" for k in range(6)]
    assert model.predict(X).shape == y.shape


def test_refused_input_is_explained_through_a_pipeline(labelled):
    X, y = labelled
    X = [*X[:-1], np.full((3, 2), np.inf)]

    with pytest.raises(ValueError, match=r"X\[23\] is infinite at time step 0"):
        small_pipeline().fit(X, y)

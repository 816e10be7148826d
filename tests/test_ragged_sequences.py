"""The properties that scikit-learn checks on a 2-D X, checked on ragged sequences."""

import copy
import pickle
from itertools import product

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import MinMaxScaler

from sklearn_seqembed import LSTMSequenceEmbedder
from sklearn_seqembed.datasets import make_sequences

pytestmark = pytest.mark.filterwarnings("ignore:The network explains only")

# In batches of another shape, sums are computed in another order. This changes float32
# states between -1 and 1 (resolution 6e-8) by a few units in the last place at each
# step. The components of a vector go up to about 3.
ATOL = 1e-5

SMALL = {"n_components": 3, "max_epochs": 1, "random_state": 0}


@pytest.fixture(scope="module")
def mixed():
    """Sequences of 1 to 45 steps with missing values, some longer than any patch."""
    X, _ = make_sequences(
        14, n_features=2, lengths=(1, 45), missing=0.2, random_state=1
    )
    return X


def test_the_clone_of_a_fitted_estimator_is_not_fitted(fitted):
    unfitted = LSTMSequenceEmbedder(**fitted.get_params())

    assert clone(fitted).get_params() == clone(unfitted).get_params()
    assert not hasattr(clone(fitted), "net_")


def test_parameters_are_stored_unchanged():
    scaler, callbacks = MinMaxScaler(), []

    embedder = LSTMSequenceEmbedder(scaler=scaler, callbacks=callbacks)

    assert embedder.scaler is scaler
    assert embedder.callbacks is callbacks


def test_set_params_and_get_params_agree():
    embedder = LSTMSequenceEmbedder()
    params = {"n_components": 7, "cell": "gru", "scaler": None, "lr": 0.01}

    returned = embedder.set_params(**params)

    assert returned is embedder
    assert params.items() <= embedder.get_params().items()


def test_fit_does_not_change_parameters(sequences):
    embedder = LSTMSequenceEmbedder(
        max_epochs=1, scaler=MinMaxScaler(), callbacks=[], random_state=0
    )
    before = embedder.get_params(deep=False)

    embedder.fit(sequences)

    after = embedder.get_params(deep=False)
    assert all(after[name] is value for name, value in before.items())
    assert not hasattr(embedder.scaler, "scale_")


def test_fit_returns_the_estimator(sequences):
    embedder = LSTMSequenceEmbedder(**SMALL)

    assert embedder.fit(sequences) is embedder


def test_fitting_twice_equals_fitting_once(sequences):
    embedder = LSTMSequenceEmbedder(**SMALL)
    once = embedder.fit(sequences).transform(sequences)

    twice = embedder.fit(sequences).transform(sequences)

    assert_array_equal(twice, once)
    assert len(embedder.history_) == 1


def test_fit_forgets_earlier_data(sequences):
    embedder = LSTMSequenceEmbedder(**SMALL).fit([np.arange(9.0), np.ones(4)])

    embedder.fit(sequences)

    expected = LSTMSequenceEmbedder(**SMALL).fit(sequences)
    assert embedder.n_features_in_ == 2
    assert_array_equal(embedder.transform(sequences), expected.transform(sequences))


def test_fit_transform_equals_fit_and_transform(sequences):
    embedder = LSTMSequenceEmbedder(**SMALL)

    vectors = embedder.fit_transform(sequences)

    assert_array_equal(vectors, embedder.transform(sequences))


def test_y_is_ignored(sequences):
    with_y = LSTMSequenceEmbedder(**SMALL).fit(sequences, np.arange(12))

    without_y = LSTMSequenceEmbedder(**SMALL).fit(sequences)

    assert_array_equal(with_y.transform(sequences), without_y.transform(sequences))


@pytest.mark.parametrize(
    "method",
    ["transform", "reconstruct", "inverse_transform", "score", "score_samples"],
)
def test_methods_require_a_fitted_estimator(method, sequences):
    embedder = LSTMSequenceEmbedder()

    with pytest.raises(NotFittedError, match="LSTMSequenceEmbedder.* is not fitted"):
        getattr(embedder, method)(sequences)


def test_forecast_requires_a_fitted_estimator(sequences):
    embedder = LSTMSequenceEmbedder(objective="forecast")

    with pytest.raises(NotFittedError, match="LSTMSequenceEmbedder.* is not fitted"):
        embedder.forecast(sequences)


def test_feature_names_require_a_fitted_estimator():
    with pytest.raises(NotFittedError, match="LSTMSequenceEmbedder.* is not fitted"):
        LSTMSequenceEmbedder().get_feature_names_out()


@pytest.mark.parametrize("attribute", ["encoder_", "decoder_"])
def test_modules_require_a_fitted_estimator(attribute):
    with pytest.raises(NotFittedError, match="LSTMSequenceEmbedder.* is not fitted"):
        getattr(LSTMSequenceEmbedder(), attribute)


METHODS = [
    "fit",
    "partial_fit",
    "transform",
    "fit_transform",
    "reconstruct",
    "forecast",
    "score",
    "score_samples",
]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("container", ["list", "object array", "3-D"])
def test_X_is_never_changed(method, container, sequences, equal_sequences):
    X = equal_sequences if container == "3-D" else sequences
    if container == "object array":
        X = np.array(X, dtype=object)
    before = copy.deepcopy(X)
    embedder = LSTMSequenceEmbedder(objective="composite", **SMALL).fit(X)

    getattr(embedder, method)(X)

    for now, then in zip(X, before, strict=True):
        assert_array_equal(now, then)
        assert now.dtype == then.dtype


def test_inverse_transform_does_not_change_the_vectors(fitted, sequences):
    vectors = fitted.transform(sequences)
    before = vectors.copy()

    fitted.inverse_transform(vectors)

    assert_array_equal(vectors, before)


@pytest.mark.parametrize("method", ["transform", "score_samples"])
def test_the_order_of_sequences_does_not_matter(method, fitted, mixed):
    order = np.random.default_rng(0).permutation(len(mixed))

    shuffled = getattr(fitted, method)([mixed[i] for i in order])

    expected = getattr(fitted, method)(mixed)[order]
    # Scores are mean squares of scaled values, about 1, so rounding is larger there.
    assert_allclose(shuffled, expected, rtol=1e-5, atol=ATOL)


def test_the_order_of_sequences_does_not_matter_for_reconstructions(fitted, mixed):
    reconstructed = fitted.reconstruct(mixed[::-1])[::-1]

    for found, expected in zip(reconstructed, fitted.reconstruct(mixed), strict=True):
        assert_allclose(found, expected, rtol=1e-5, atol=10 * ATOL)


@pytest.mark.parametrize(
    ("bidirectional", "cell", "num_layers", "patch_size", "gaps"),
    list(product([True, False], ["lstm", "gru"], [1, 2], [1, 4], [True, False])),
)
def test_a_sequence_has_the_same_vector_alone_and_in_a_batch(
    bidirectional, cell, num_layers, patch_size, gaps, mixed
):
    X = mixed if gaps else [np.nan_to_num(x) for x in mixed]
    embedder = LSTMSequenceEmbedder(
        **SMALL,
        bidirectional=bidirectional,
        cell=cell,
        num_layers=num_layers,
        patch_size=patch_size,
    ).fit(X)

    alone = np.concatenate([embedder.transform([x]) for x in X])

    assert_allclose(alone, embedder.transform(X), rtol=0, atol=ATOL)


def test_missing_values_in_batch_mates_do_not_change_a_vector(fitted):
    complete = np.ones((7, 2))
    with_gap = np.array([[1.0, np.nan]] * 7)

    together = fitted.transform([complete, with_gap])

    assert_allclose(together[:1], fitted.transform([complete]), rtol=0, atol=ATOL)


def test_longer_batch_mates_do_not_change_a_vector(fitted):
    short, long = np.ones((3, 2)), np.arange(400.0).reshape(200, 2)

    together = fitted.transform([short, long])

    assert_allclose(together[:1], fitted.transform([short]), rtol=0, atol=ATOL)


@pytest.mark.parametrize("n_sequences", [1, 2, 3, 5, 13])
def test_vectors_do_not_depend_on_the_batch_size(
    n_sequences, fitted, mixed, monkeypatch
):
    expected = fitted.transform(mixed)
    monkeypatch.setattr(
        "sklearn_seqembed._training.batching.INFERENCE_SEQUENCES", n_sequences
    )

    found = fitted.transform(mixed)

    assert_allclose(found, expected, rtol=0, atol=ATOL)


@pytest.mark.parametrize("n_states", [1, 70, 1000])
def test_vectors_do_not_depend_on_the_memory_of_a_batch(
    n_states, fitted, mixed, monkeypatch
):
    expected = fitted.transform(mixed)
    monkeypatch.setattr(
        "sklearn_seqembed._training.batching.INFERENCE_STATES", n_states
    )

    found = fitted.transform(mixed)

    assert_allclose(found, expected, rtol=0, atol=ATOL)


@pytest.mark.parametrize("cost", [0, 100], ids=["cheap blocks", "expensive blocks"])
def test_results_do_not_depend_on_the_blocks_of_a_batch(
    cost, fitted, mixed, monkeypatch
):
    constant = "sklearn_seqembed._network.layout.INFERENCE_SEGMENT_COST"
    monkeypatch.setattr(constant, float("inf"))
    vectors = fitted.transform(mixed)
    reconstructed = fitted.reconstruct(mixed)
    monkeypatch.setattr(constant, cost)

    assert_allclose(fitted.transform(mixed), vectors, rtol=0, atol=ATOL)
    for found, expected in zip(fitted.reconstruct(mixed), reconstructed, strict=True):
        assert_allclose(found, expected, rtol=0, atol=10 * ATOL)


def test_vectors_do_not_depend_on_the_cache_of_encoded_values(
    fitted, mixed, monkeypatch
):
    expected = fitted.transform(mixed)
    monkeypatch.setattr("sklearn_seqembed._features.encoder.KEPT_VALUES", 0)

    found = fitted.transform(mixed)

    assert_array_equal(found, expected)


@pytest.mark.parametrize("n_samples", [1, 7, 14])
@pytest.mark.parametrize("batch_size", [1, 3, 5, 100])
def test_the_number_and_lengths_of_sequences_are_kept(n_samples, batch_size, mixed):
    X = mixed[:n_samples]
    embedder = LSTMSequenceEmbedder(**SMALL, batch_size=batch_size)

    vectors = embedder.fit_transform(X)

    assert vectors.shape == (n_samples, 3)
    assert embedder.score_samples(X).shape == (n_samples,)
    assert [x.shape for x in embedder.reconstruct(X)] == [x.shape for x in X]


def test_every_sequence_is_encoded_if_the_last_batch_is_smaller(
    fitted, mixed, monkeypatch
):
    monkeypatch.setattr("sklearn_seqembed._training.batching.INFERENCE_SEQUENCES", 5)

    vectors = fitted.transform(mixed * 3)

    expected = np.tile(fitted.transform(mixed), (3, 1))
    assert_allclose(vectors, expected, rtol=0, atol=ATOL)


@pytest.mark.parametrize(
    "make",
    [
        lambda X: X,
        lambda X: [x.astype(np.float64) for x in X],
        lambda X: [torch.tensor(x) for x in X],
        lambda X: np.ones((3, 4, 2), dtype=np.float16),
        lambda X: np.ones((3, 4, 2), dtype=np.int64),
    ],
    ids=["list", "float64", "tensors", "float16", "int64"],
)
def test_vectors_are_a_plain_float32_array(make, fitted, sequences):
    vectors = fitted.transform(make(sequences))

    assert type(vectors) is np.ndarray
    assert vectors.dtype == np.float32


def test_vectors_of_sequences_with_missing_values_are_finite(fitted, mixed):
    almost_empty = np.full((20, 2), np.nan)
    almost_empty[11, 0] = 1.0

    vectors = fitted.transform([*mixed, almost_empty])

    assert np.isfinite(vectors).all()


def test_zero_is_not_a_missing_value(fitted):
    zero = np.array([[1.0, 2.0], [0.0, 0.0], [3.0, 4.0]])
    missing = np.array([[1.0, 2.0], [np.nan, np.nan], [3.0, 4.0]])

    vectors = fitted.transform([zero, missing])

    assert np.abs(vectors[0] - vectors[1]).max() > 1e-3


def test_zeros_at_the_end_are_time_steps(fitted):
    short = np.ones((3, 2))
    long = np.vstack([short, np.zeros((2, 2))])

    vectors = fitted.transform([short, long])

    assert np.abs(vectors[0] - vectors[1]).max() > 1e-3
    assert len(fitted.reconstruct([long])[0]) == 5


def test_zeros_at_the_end_of_a_3d_array_are_time_steps(fitted):
    X = np.zeros((2, 5, 2))
    X[:, :3] = 1.0

    reconstructed = fitted.reconstruct(X)

    assert_array_equal(reconstructed, fitted.reconstruct(list(X)))


def test_padding_of_a_3d_array_does_not_change_vectors(fitted, sequences):
    longest = max(map(len, sequences))
    padded = np.full((len(sequences), longest + 3, 2), np.nan)
    for row, x in zip(padded, sequences, strict=True):
        row[: len(x)] = x
    # In a list, time steps at the end without any value are kept, so drop them here.
    observed = [x[: np.flatnonzero(~np.isnan(x).all(axis=1))[-1] + 1] for x in padded]

    vectors = fitted.transform(padded)

    assert_array_equal(vectors, fitted.transform(observed))


@pytest.mark.parametrize(
    "dump",
    [
        lambda embedder, path: path.write_bytes(pickle.dumps(embedder)),
        lambda embedder, path: joblib.dump(embedder, path),
    ],
    ids=["pickle", "joblib"],
)
def test_a_loaded_estimator_gives_the_same_results(dump, fitted, sequences, tmp_path):
    path = tmp_path / "embedder"
    dump(fitted, path)

    loaded = joblib.load(path)

    vectors = fitted.transform(sequences)
    assert_array_equal(loaded.transform(sequences), vectors)
    assert loaded.score(sequences) == fitted.score(sequences)
    for found, expected in zip(
        loaded.inverse_transform(vectors),
        fitted.inverse_transform(vectors),
        strict=True,
    ):
        assert_array_equal(found, expected)


def test_training_of_a_loaded_estimator_can_continue(fitted, sequences):
    loaded = pickle.loads(pickle.dumps(fitted))

    loaded.partial_fit(sequences)

    assert loaded.n_iter_ == fitted.n_iter_ + 1


def test_training_a_copy_does_not_change_the_original(fitted, sequences):
    before = fitted.transform(sequences)

    copy.deepcopy(fitted).partial_fit(sequences)

    assert_array_equal(fitted.transform(sequences), before)


def test_an_unfitted_estimator_can_be_saved():
    embedder = LSTMSequenceEmbedder(n_components=5)

    loaded = pickle.loads(pickle.dumps(embedder))

    assert loaded.get_params() == embedder.get_params()


def test_feature_names_consist_of_class_name_and_number(fitted):
    names = fitted.get_feature_names_out()

    assert_array_equal(names, [f"lstmsequenceembedder{k}" for k in range(6)])


def test_there_are_feature_names_for_the_default_number_of_components(sequences):
    embedder = LSTMSequenceEmbedder(max_epochs=1, random_state=0).fit(sequences)

    names = embedder.get_feature_names_out()

    assert len(names) == embedder.transform(sequences).shape[1] == 320


def test_feature_names_belong_to_the_fitted_network(sequences):
    embedder = LSTMSequenceEmbedder(**SMALL).fit(sequences)

    embedder.set_params(n_components=9)

    assert len(embedder.get_feature_names_out()) == 3


@pytest.mark.parametrize(
    ("library", "frame"),
    [("pandas", pd.DataFrame), ("polars", pl.DataFrame)],
    ids=["pandas", "polars"],
)
def test_set_output_turns_the_vectors_of_a_list_into_a_frame(library, frame, sequences):
    embedder = LSTMSequenceEmbedder(**SMALL).fit(sequences)
    vectors = embedder.transform(sequences)

    table = embedder.set_output(transform=library).transform(sequences)

    assert isinstance(table, frame)
    assert list(table.columns) == list(embedder.get_feature_names_out())
    assert_array_equal(table.to_numpy(), vectors)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_frame_of_vectors_is_decoded(library, sequences):
    embedder = LSTMSequenceEmbedder(**SMALL).fit(sequences)
    expected = embedder.inverse_transform(embedder.transform(sequences))
    table = embedder.set_output(transform=library).transform(sequences)

    decoded = embedder.inverse_transform(table)

    for found, sequence in zip(decoded, expected, strict=True):
        assert_array_equal(found, sequence)


def test_vectors_with_another_number_of_components_are_refused(fitted):
    match = r"X has vectors of 5 components, but .* fitted with n_components=6"

    with pytest.raises(ValueError, match=match):
        fitted.inverse_transform(np.ones((2, 5)))


def test_n_features_in_counts_the_features_of_a_time_step(fitted):
    assert fitted.n_features_in_ == 2


@pytest.mark.parametrize("method", METHODS[1:])
def test_every_method_refuses_infinite_values(method, sequences):
    embedder = LSTMSequenceEmbedder(objective="composite", **SMALL).fit(sequences)
    sequences[4][1, 0] = np.inf

    with pytest.raises(ValueError, match=r"X\[4\] is infinite at time step 1, f.* 0"):
        getattr(embedder, method)(sequences)


@pytest.mark.parametrize(
    "method", ["partial_fit", "transform", "reconstruct", "score", "score_samples"]
)
def test_every_method_refuses_another_number_of_features(method, sequences):
    embedder = LSTMSequenceEmbedder(**SMALL).fit(sequences)
    X = [x[:, :1] for x in sequences]

    with pytest.raises(ValueError, match="X has 1 features, but .* is expecting 2"):
        getattr(embedder, method)(X)


def test_a_refused_call_does_not_change_the_estimator(sequences):
    embedder = LSTMSequenceEmbedder(**SMALL).fit(sequences)
    before = embedder.transform(sequences)

    with pytest.raises(ValueError, match="X has 1 features"):
        embedder.partial_fit([x[:, :1] for x in sequences])

    assert_array_equal(embedder.transform(sequences), before)


def test_fit_writes_no_files(sequences, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    LSTMSequenceEmbedder(**SMALL, early_stopping=True).fit_transform(sequences)

    assert not list(tmp_path.iterdir())


def test_global_random_states_are_not_changed(sequences):
    state = np.random.get_state()
    torch_state = torch.get_rng_state()
    embedder = LSTMSequenceEmbedder(**SMALL, early_stopping=True)

    embedder.fit(sequences).partial_fit(sequences).transform(sequences)

    for now, then in zip(np.random.get_state(), state, strict=True):
        assert_array_equal(now, then)
    assert torch.equal(torch.get_rng_state(), torch_state)


def test_the_random_state_of_torch_is_not_changed_without_a_seed(sequences):
    torch_state = torch.get_rng_state()

    LSTMSequenceEmbedder(n_components=3, max_epochs=1).fit(sequences)

    assert torch.equal(torch.get_rng_state(), torch_state)


def test_a_seed_makes_fit_independent_of_global_random_states(sequences):
    expected = LSTMSequenceEmbedder(**SMALL).fit_transform(sequences)
    torch.rand(5)
    np.random.rand(5)

    vectors = LSTMSequenceEmbedder(**SMALL).fit_transform(sequences)

    assert_array_equal(vectors, expected)


def test_without_a_seed_the_global_random_state_of_numpy_is_used(sequences):
    embedder = LSTMSequenceEmbedder(n_components=3, max_epochs=1)
    np.random.seed(5)
    expected = embedder.fit_transform(sequences)
    np.random.seed(5)

    vectors = embedder.fit_transform(sequences)

    assert_array_equal(vectors, expected)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"early_stopping": True},
        {"num_layers": 2, "dropout": 0.5},
        {"objective": "composite"},
    ],
    ids=["default", "early stopping", "dropout", "composite"],
)
def test_equal_seeds_give_equal_vectors(params, sequences):
    first = LSTMSequenceEmbedder(**SMALL, **params).fit_transform(sequences)

    second = LSTMSequenceEmbedder(**SMALL, **params).fit_transform(sequences)

    assert_array_equal(second, first)


def test_equal_random_states_give_equal_vectors(sequences):
    params = SMALL | {"random_state": np.random.RandomState(3)}
    first = LSTMSequenceEmbedder(**params).fit_transform(sequences)
    params = SMALL | {"random_state": np.random.RandomState(3)}

    second = LSTMSequenceEmbedder(**params).fit_transform(sequences)

    assert_array_equal(second, first)


def test_different_seeds_give_different_vectors(sequences):
    first = LSTMSequenceEmbedder(**SMALL).fit_transform(sequences)

    second = LSTMSequenceEmbedder(**SMALL | {"random_state": 1}).fit_transform(
        sequences
    )

    assert np.abs(second - first).max() > 1e-3


def test_a_reconstruction_of_nan_does_not_get_a_good_score(fitted, sequences):
    broken = copy.deepcopy(fitted)
    for weights in broken.decoder_.parameters():
        weights.data.fill_(np.nan)

    score = broken.score(sequences)

    assert not score > 0


@pytest.mark.parametrize("lr", [1e20, 1e30])
def test_fit_fails_if_the_last_batch_makes_weights_infinite(lr, sequences):
    embedder = LSTMSequenceEmbedder(
        **SMALL, lr=lr, lr_schedule=None, hidden_size=3, batch_size=12
    )

    with pytest.raises(ValueError, match=r"NaN or infinite.*Lower lr"):
        embedder.fit(sequences)

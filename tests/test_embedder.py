"""LSTMSequenceEmbedder: results of its methods, objectives, scores, repeated fits."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from sklearn.exceptions import NotFittedError, UndefinedMetricWarning
from skorch.callbacks import Callback
from small_fits import measure_distances

from sklearn_seqembed import LSTMSequenceEmbedder
from sklearn_seqembed.datasets import make_sequences


def _embedder(**options):
    defaults = {"n_components": 4, "max_epochs": 2, "random_state": 0}
    return LSTMSequenceEmbedder(**defaults | options)


def _forms():
    ragged, _ = make_sequences(7, n_features=2, lengths=(3, 9), random_state=0)
    table = np.stack(make_sequences(7, lengths=6, random_state=0)[0])[:, :, 0]
    padded = np.full((7, 9, 2), np.nan)
    for row, x in zip(padded, ragged, strict=True):
        row[: len(x)] = x
    objects = np.empty(7, dtype=object)
    objects[:] = ragged
    names = [f"t{i}" for i in range(6)]
    return {
        "list": ragged,
        "list of 1-D": [x[:, 0] for x in ragged],
        "object array": objects,
        "3-D": np.stack([x[:3] for x in ragged]),
        "3-D padded": padded,
        "2-D": table,
        "float32": table.astype(np.float32),
        "ints": (10 * table).astype(int),
        "pandas": pd.DataFrame(table, columns=names, index=list("abcdefg")),
        "polars": pl.DataFrame(table, schema=names),
        "tensor": torch.from_numpy(table),
    }


def _lengths(X):
    """Count the time steps of each sequence up to the last observed one."""
    rows = X if isinstance(X, list) else np.asarray(X)
    arrays = [np.asarray(x, dtype=float).reshape(len(x), -1) for x in rows]
    return [np.flatnonzero(~np.isnan(x).all(axis=1))[-1] + 1 for x in arrays]


def _kind(X):
    if isinstance(X, torch.Tensor):
        X = X.numpy()
    item = X[0] if isinstance(X, list) else None
    return type(X), getattr(X, "ndim", None), getattr(item, "ndim", None)


@pytest.mark.parametrize("form", _forms())
def test_reconstruct_keeps_container_and_lengths(form):
    X = _forms()[form]

    back = _embedder().fit(X).reconstruct(X)

    assert _kind(back) == _kind(X)
    assert _lengths(back) == _lengths(X)


@pytest.mark.parametrize("form", _forms())
def test_inverse_transform_returns_the_container_of_fit(form):
    X = _forms()[form]
    embedder = _embedder().fit(X)

    back = embedder.inverse_transform(embedder.transform(X))

    lengths = _lengths(X)
    assert _kind(back) == _kind(X)
    assert all(min(lengths) <= n <= max(lengths) for n in _lengths(back))


@pytest.mark.parametrize(
    ("form", "dtype"), [("float32", "float32"), ("2-D", "float64"), ("ints", "float64")]
)
def test_results_have_the_floating_dtype_of_X(form, dtype):
    X = _forms()[form]
    embedder = _embedder(objective="composite", horizon=2).fit(X)

    assert embedder.reconstruct(X).dtype == dtype
    assert embedder.forecast(X).dtype == dtype
    assert embedder.inverse_transform(embedder.transform(X)).dtype == dtype
    assert embedder.transform(X).dtype == np.float32


def test_reconstruct_keeps_the_padding_of_a_3d_array():
    X = np.random.default_rng(0).normal(size=(3, 10, 2))
    X[:, 7:] = np.nan

    embedder = _embedder().fit(X)
    back = embedder.reconstruct(X)

    assert back.shape == X.shape and np.isnan(back[:, 7:]).all()
    np.testing.assert_array_equal(back[:, :7], embedder.reconstruct(list(X[:, :7])))


def test_reconstructed_frames_keep_names_and_index():
    X = _forms()["pandas"]

    back = _embedder().fit(X).reconstruct(X)

    assert list(back.columns) == list(X.columns)
    assert list(back.index) == list(X.index)


def test_inverse_transform_returns_the_only_training_length():
    X = [np.random.default_rng(i).normal(size=(5, 2)) for i in range(6)]
    embedder = _embedder(max_epochs=0).fit(X)

    back = embedder.inverse_transform(100 * np.ones((3, 4)))

    assert [x.shape for x in back] == [(5, 2)] * 3


def test_inverse_transform_accepts_a_frame_of_vectors(fitted, sequences):
    vectors = fitted.transform(sequences)
    frame = pd.DataFrame(vectors, columns=fitted.get_feature_names_out())

    for a, b in zip(
        fitted.inverse_transform(frame), fitted.inverse_transform(vectors), strict=True
    ):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (np.zeros((2, 5)), "vectors of 5 components, but this .* n_components=6"),
        (np.full((2, 6), np.nan), r"X\[0\] is NaN at component 0"),
        (np.full((2, 6), 1e300), r"X\[0\] is infinite at component 0"),
        (np.zeros(6), r"X has the shape \(6,\), expected vectors: an array of numb"),
        (np.zeros((0, 6)), r"X has the shape \(0, 6\), expected vectors"),
        ([["a"] * 6], "X, of type list, cannot be converted to vectors: an array"),
        ([[b"1"] * 6], "X, of type list, cannot be converted to vectors: an array"),
        ([np.ma.masked_less(np.zeros(6), 1)], r"X\[0\] is NaN at component 0"),
        (torch.zeros(2, 6, device="meta"), "X is .* It holds no values"),
        (np.zeros((2, 6), bool), "X, of type ndarray, cannot be converted to vectors"),
        (np.zeros((2, 6), "M8[s]"), "cannot be converted to vectors: an array"),
        (iter([]), r"X is of type list_iterator, expected vectors: .*list\(X\)"),
    ],
    ids=[
        "width",
        "NaN",
        "overflow",
        "1-D",
        "empty",
        "strings",
        "bytes",
        "masked",
        "no values",
        "bools",
        "times",
        "iterator",
    ],
)
def test_inverse_transform_rejects_invalid_vectors(fitted, vectors, message):
    with pytest.raises((ValueError, TypeError), match=message):
        fitted.inverse_transform(vectors)


def test_missing_values_are_filled_in_and_vectors_are_finite(fitted, sequences):
    assert np.isnan(np.concatenate(sequences)).any()

    assert np.isfinite(fitted.transform(sequences)).all()
    assert np.isfinite(np.concatenate(fitted.reconstruct(sequences))).all()


def test_missing_values_may_first_occur_in_transform():
    X, _ = make_sequences(8, n_features=2, random_state=0)
    gappy = [x.copy() for x in X]
    gappy[0][3:6] = np.nan
    embedder = _embedder().fit(X)

    vectors = embedder.transform(gappy)

    assert np.isfinite(vectors).all()
    np.testing.assert_allclose(vectors[1:], embedder.transform(X)[1:], atol=1e-6)


# Objectives


def test_forecasts_have_the_length_of_the_horizon():
    X, _ = make_sequences(8, n_features=2, lengths=(6, 12), random_state=0)

    forecasts = _embedder(objective="forecast", horizon=3).fit(X).forecast(X)

    assert [x.shape for x in forecasts] == [(3, 2)] * 8


def test_forecasts_of_a_3d_array_are_a_3d_array():
    X = np.random.default_rng(0).normal(size=(5, 12, 2))

    embedder = _embedder(objective="forecast", horizon=3).fit(X)
    forecasts = embedder.forecast(X)

    assert isinstance(forecasts, np.ndarray)
    np.testing.assert_array_equal(forecasts, embedder.forecast(list(X)))


def test_held_back_steps_must_not_all_be_missing():
    X = np.random.default_rng(0).normal(size=(6, 12))
    X[:, -2:] = np.nan

    with pytest.raises(ValueError, match="6 of 6 sequences have no observed value"):
        _embedder(objective="forecast", horizon=2).fit(X)


def test_sequences_without_a_target_to_forecast_are_counted():
    X = np.random.default_rng(0).normal(size=(6, 12))
    X[:4, -2:] = np.nan

    with pytest.warns(UserWarning, match="4 of 6 sequences .* no forecast is learned"):
        _embedder(objective="composite", horizon=2).fit(X)


@pytest.mark.parametrize(("horizon", "fraction"), [(0.25, 0.25), ("auto", 0.1)])
def test_fractional_horizon_refers_to_the_length_of_each_sequence(horizon, fraction):
    X, _ = make_sequences(8, lengths=(2, 40), random_state=0)

    forecasts = _embedder(objective="composite", horizon=horizon).fit(X).forecast(X)

    expected = [max(1, round(fraction * len(x))) for x in X]
    assert [len(x) for x in forecasts] == expected


@pytest.mark.parametrize(
    ("objective", "available"),
    [
        ("reconstruction", {"inverse_transform", "reconstruct"}),
        ("forecast", {"forecast"}),
        ("composite", {"inverse_transform", "reconstruct", "forecast"}),
    ],
)
def test_methods_are_available_for_the_objective(objective, available):
    methods = {"inverse_transform", "reconstruct", "forecast"}
    embedder = _embedder(objective=objective)

    before = {name for name in methods if hasattr(embedder, name)}
    embedder.fit(make_sequences(4, random_state=0)[0])
    after = {name for name in methods if hasattr(embedder, name)}

    assert before == after == available


def test_available_methods_depend_on_the_fitted_objective(fitted):
    match = (
        "LSTMSequenceEmbedder has no method 'forecast' here, because objective="
        "'reconstruction' trains no forecast. Use objective='forecast' or 'composite'"
    )
    with pytest.raises(AttributeError, match=match):
        fitted.forecast([[1.0]])

    assert not hasattr(fitted, "forecast")
    assert callable(LSTMSequenceEmbedder.forecast)


def test_sequences_must_be_longer_than_the_horizon():
    X = [np.ones(9), np.ones(3), np.ones(8)]

    with pytest.raises(
        ValueError, match=r"X\[1\] has 3 time steps, of which horizon=3 holds back 3"
    ):
        _embedder(objective="forecast", horizon=3).fit(X)


def test_forecast_scores_depend_on_held_back_steps():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 12))
    other = X.copy()
    other[:, -2:] += 5  # only the held-back steps differ
    embedder = _embedder(objective="forecast", horizon=2).fit(X)

    assert embedder.score(other) < embedder.score(X) - 5
    assert (embedder.score_samples(other) < embedder.score_samples(X)).all()


def test_composite_score_is_the_mean_of_both_parts():
    X = np.random.default_rng(0).normal(size=(30, 12))
    embedder = _embedder(objective="composite", horizon=2).fit(X)

    read, held = X[:, :-2], X[:, -2:]
    reconstructed = np.ravel(embedder.reconstruct(list(read)))
    forecast = np.ravel(embedder.forecast(list(read)))
    fractions = [
        1 - ((truth.ravel() - found) ** 2).mean() / truth.var()
        for truth, found in [(read, reconstructed), (held, forecast)]
    ]
    assert embedder.score(X) == pytest.approx(np.mean(fractions), abs=1e-5)


# Scores


def test_score_samples_combines_distances_and_squared_errors(fitted, sequences):
    distances = measure_distances(fitted, sequences)

    scores = fitted.score_samples(sequences)

    for score, (distance, deviation), x, back in zip(
        scores, distances, sequences, fitted.reconstruct(sequences), strict=True
    ):
        errors = ((x - back) / fitted.scaler_.scale_) ** 2
        total = deviation + np.nanmean(errors)
        expected = np.log1p(distance) + np.log1p(1000 * total) / 3
        assert score == pytest.approx(-expected, rel=1e-4)


def test_constant_features_are_left_out_of_the_score():
    X, _ = make_sequences(9, lengths=(4, 8), random_state=0)
    constant = [np.column_stack([x, np.full(len(x), 3.0)]) for x in X]
    embedder = _embedder().fit(constant)

    score = embedder.score(constant)

    back = [x[:, 0] for x in embedder.reconstruct(constant)]
    truth = np.concatenate(X).ravel()
    errors = (truth - np.concatenate(back)) ** 2
    assert score == pytest.approx(1 - errors.mean() / truth.var(), abs=1e-5)


def test_score_of_constant_sequences_is_undefined():
    with pytest.warns(UndefinedMetricWarning, match="every feature is constant"):
        embedder = _embedder().fit([[2.0, 2.0], [2.0, 2.0]])

    assert np.isnan(embedder.train_score_)


def test_score_handles_a_feature_that_is_missing_in_whole_batches(monkeypatch):
    X, _ = make_sequences(20, n_features=2, lengths=6, random_state=0)
    for x in X[:15]:
        x[:, 1] = np.nan
    embedder = _embedder().fit(X)
    expected = embedder.score(X)

    monkeypatch.setattr("sklearn_seqembed._training.batching.INFERENCE_SEQUENCES", 2)

    assert embedder.score(X) == pytest.approx(expected, rel=1e-5)


# Repeated training


def test_partial_fit_trains_one_epoch_and_keeps_automatic_choices():
    X, _ = make_sequences(40, lengths=(10, 60), random_state=0)
    embedder = _embedder(scaler="standard").partial_fit(X[:20])
    chosen = embedder.patch_size_, embedder.batch_size_, embedder.scaler_.mean_[0]

    embedder.partial_fit([10 * x for x in X[20:]])

    assert embedder.n_iter_ == len(embedder.history_) == 2
    assert chosen == (
        embedder.patch_size_,
        embedder.batch_size_,
        embedder.scaler_.mean_[0],
    )


def test_partial_fit_keeps_its_batch_size():
    X, _ = make_sequences(400, lengths=5, random_state=0)
    embedder = _embedder(n_components=2).partial_fit(X)

    embedder.partial_fit(X[:10])

    assert embedder.batch_size_ == 64


def test_partial_fit_learns_and_is_reproducible():
    X, _ = make_sequences(40, lengths=(6, 12), random_state=0)
    first, second = _embedder(lr=0.02), _embedder(lr=0.02)

    for _ in range(30):
        first.partial_fit(X)
        second.partial_fit(X)

    assert first.score(X) > 0.3
    np.testing.assert_array_equal(first.transform(X), second.transform(X))


def test_partial_fit_accepts_longer_sequences():
    X, _ = make_sequences(10, lengths=6, random_state=0)
    longer, _ = make_sequences(10, lengths=9, random_state=0)
    embedder = _embedder().partial_fit(np.stack(X)[:, :, 0])

    embedder.partial_fit(longer)

    vectors = embedder.transform(longer)
    assert [len(back) for back in embedder.reconstruct(longer)] == [9] * 10
    assert np.abs(vectors - embedder.transform([x[:6] for x in longer])).max() > 1e-3


def test_warm_start_continues_the_training():
    X, _ = make_sequences(20, lengths=(6, 12), random_state=0)
    embedder = _embedder(warm_start=True, max_epochs=5, augmentation=None).fit(X)
    loss = embedder.history_[-1]["train_loss"]

    embedder.fit(X)

    assert embedder.n_iter_ == 10
    assert embedder.history_[-1]["train_loss"] < loss


def test_fit_without_warm_start_starts_anew():
    X, _ = make_sequences(20, lengths=(6, 12), random_state=0)
    embedder = _embedder().fit(X)
    expected = embedder.transform(X)

    embedder.fit(X[::-1][:5]).fit(X)

    assert embedder.n_iter_ == 2
    np.testing.assert_array_equal(embedder.transform(X), expected)


def test_warm_start_needs_the_same_network():
    X, _ = make_sequences(5, random_state=0)
    embedder = _embedder(warm_start=True).fit(X)

    embedder.set_params(n_components=5)

    with pytest.raises(ValueError, match="built with n_components=4, but now it is 5"):
        embedder.fit(X)


@pytest.mark.parametrize("changed", [{"lr": 1e30}, {"cell": "gru"}], ids=str)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_failed_call_changes_nothing(changed, method):
    X, _ = make_sequences(12, lengths=12, random_state=0)
    embedder = _embedder(warm_start=True, objective="composite", horizon=2).fit(X)
    vectors, score = embedder.transform(X), embedder.score(X)
    attributes = {k: v for k, v in vars(embedder).items() if k.endswith("_")}
    history = list(embedder.net_.history)
    other, _ = make_sequences(12, lengths=(5, 40), random_state=0)

    embedder.set_params(horizon=3, **changed)
    with pytest.raises(ValueError, match="NaN or infinite|restore cell"):
        getattr(embedder, method)(other)

    assert {k: v for k, v in vars(embedder).items() if k.endswith("_")} == attributes
    assert embedder.net_.history == history
    assert {len(x) for x in embedder.forecast(X)} == {2}
    assert {len(x) for x in embedder.inverse_transform(vectors)} == {12}
    np.testing.assert_array_equal(embedder.transform(X), vectors)
    assert embedder.score(X) == score


def test_callback_that_raises_changes_nothing():
    class Failure(Callback):
        def on_epoch_end(self, net, **kwargs):
            raise RuntimeError("failed")

    X, _ = make_sequences(12, random_state=0)
    embedder = _embedder().fit(X)
    vectors = embedder.transform(X)

    embedder.set_params(callbacks=[Failure()])
    with pytest.raises(RuntimeError, match="failed"):
        embedder.partial_fit(X)

    np.testing.assert_array_equal(embedder.transform(X), vectors)
    assert embedder.n_iter_ == len(embedder.net_.history) == 2


@pytest.mark.parametrize(
    "changed", [{"patch_size": 3}, {"objective": "composite"}, {"cell": "gru"}], ids=str
)
def test_warm_start_names_a_parameter_that_must_not_change(changed):
    X, _ = make_sequences(5, random_state=0)
    embedder = _embedder(warm_start=True).fit(X)
    (name,) = changed

    embedder.set_params(**changed)

    with pytest.raises(ValueError, match=f"restore {name}"):
        embedder.fit(X)


def test_warm_start_may_change_the_horizon():
    X, _ = make_sequences(5, random_state=0)
    embedder = _embedder(warm_start=True, objective="forecast", horizon=2).fit(X)

    embedder.set_params(horizon=4).fit(X)

    assert {len(x) for x in embedder.forecast(X)} == {4}


def test_score_uses_the_fitted_objective():
    X, _ = make_sequences(5, random_state=0)
    embedder = _embedder().fit(X)
    expected = embedder.score(X)

    embedder.set_params(objective="forecast")

    assert embedder.score(X) == expected


# The network


def test_encoder_alone_returns_the_vectors_of_transform(fitted, sequences):
    lengths = torch.tensor([len(x) for x in sequences])
    numeric = torch.full((len(sequences), int(lengths.max()), 2), float("nan"))
    for row, x in zip(numeric, sequences, strict=True):
        scaled = fitted.scaler_.transform(x)
        row[: len(x)] = torch.from_numpy(scaled.astype(np.float32))
    categories = torch.empty((*numeric.shape[:2], 0), dtype=torch.int64)

    with torch.inference_mode():
        vectors = fitted.encoder_(numeric, categories, lengths)

    np.testing.assert_allclose(vectors, fitted.transform(sequences), atol=1e-6)


def test_decoder_alone_returns_the_values_of_reconstruct(fitted, sequences):
    vectors = torch.from_numpy(fitted.transform(sequences))
    lengths = torch.tensor([len(x) for x in sequences])

    with torch.inference_mode():
        values, ends, _ = fitted.decoder_(vectors, 15, lengths)

    assert ends.shape == (len(sequences), 15)
    for x, decoded in zip(fitted.reconstruct(sequences), values.numpy(), strict=True):
        expected = fitted.scaler_.inverse_transform(decoded[: len(x)])
        np.testing.assert_allclose(x, expected, atol=1e-5)


def test_encoder_needs_a_fitted_embedder():
    with pytest.raises(NotFittedError, match="not fitted yet"):
        _ = LSTMSequenceEmbedder().encoder_


def test_parameters_give_the_textbook_network():
    X, _ = make_sequences(8, lengths=7, n_features=3, random_state=0)
    embedder = _embedder(
        n_components=5,
        patch_size=1,
        bidirectional=False,
        decoder_inputs="vector",
        linear_map=False,
        random_features=0,
        instance_norm=False,
        weight_decay=0,
        augmentation=None,
        lr_schedule=None,
        early_stopping=False,
    ).fit(X)

    cells = {
        name: (module.input_size, module.hidden_size, module.bidirectional)
        for name, module in embedder.net_.module_.named_modules()
        if isinstance(module, torch.nn.LSTM)
    }

    assert cells == {
        "encoder.layers.0.forward_cells": (3, 5, False),
        "decoders.reconstruction.cells": (5, 5, False),
    }


@pytest.mark.parametrize(
    ("n_samples", "length", "patch", "batch", "epochs"),
    [(1, 5, 1, 16, 1500), (20, 300, 15, 16, 750), (2000, 9, 1, 64, 47)],
)
def test_automatic_choices_are_fitted_attributes(
    n_samples, length, patch, batch, epochs, monkeypatch
):
    monkeypatch.setattr("sklearn_seqembed._base.train", lambda *args, **kwargs: None)
    monkeypatch.setattr(
        LSTMSequenceEmbedder, "_record_used_epoch", lambda *args: None
    )  # it is the epoch of a callback of the training
    X = np.random.default_rng(0).normal(size=(n_samples, length))

    embedder = LSTMSequenceEmbedder(n_components=2, linear_map=False).fit(X)

    assert embedder.patch_size_ == patch
    assert embedder.batch_size_ == batch
    assert embedder.max_epochs_ == epochs
    assert embedder.early_stopping_ is False
    assert embedder.device_ in ("cpu", "cuda", "mps")


def test_patch_size_is_limited_by_the_longest_sequence():
    X = [np.arange(10.0)] * 15 + [np.arange(20_000.0)]

    embedder = LSTMSequenceEmbedder(n_components=2, max_epochs=0).fit(X)

    assert embedder.patch_size_ == 20


@pytest.mark.parametrize("n_samples", [1, 2, 20])
@pytest.mark.parametrize("length", [1, 2, 50])
def test_defaults_work_with_very_few_data(n_samples, length):
    X = [np.arange(length) + np.arange(n)[-1:] for n in range(1, n_samples + 1)]
    embedder = LSTMSequenceEmbedder(max_epochs=1, random_state=0)

    vectors = embedder.fit_transform(X)

    assert vectors.shape == (n_samples, 320)
    assert [len(x) for x in embedder.reconstruct(X)] == [length] * n_samples


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_columns_of_vectors_are_matched_by_their_names(library):
    X, _ = make_sequences(6, random_state=0)
    embedder = LSTMSequenceEmbedder(4, max_epochs=1, random_state=0).fit(X)
    vectors = embedder.set_output(transform=library).transform(X)

    found = embedder.inverse_transform(vectors[vectors.columns[::-1]])

    for x, expected in zip(found, embedder.inverse_transform(vectors), strict=True):
        np.testing.assert_array_equal(x, expected)

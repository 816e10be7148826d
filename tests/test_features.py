"""Scaling of numeric features, and results in the user's units."""

import numpy as np
import pytest
import sklearn
from sklearn.decomposition import PCA
from sklearn.feature_selection import VarianceThreshold
from sklearn.metrics import r2_score
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    Normalizer,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

from sklearn_seqembed import LSTMSequenceEmbedder
from sklearn_seqembed._data.sequences import Sequences
from sklearn_seqembed._features.numeric import NumericFeatures

BLOCK = np.array([[1.0, 100], [2, 300], [np.nan, 200], [6, 500], [3, 100]])


@pytest.fixture
def sequences():
    return Sequences.from_offsets((BLOCK,), [0, 2, 5])


def test_standard_scaling_uses_all_observed_steps(sequences):
    features = NumericFeatures("standard").fit(sequences)

    encoded = features.encode(BLOCK)

    expected = (BLOCK - np.nanmean(BLOCK, axis=0)) / np.nanstd(BLOCK, axis=0)
    assert encoded.dtype == np.float32
    np.testing.assert_allclose(encoded, expected, rtol=1e-6)
    assert features.missing_indicator_


def test_chunks_do_not_change_the_scale(sequences, monkeypatch):
    whole = NumericFeatures("standard").fit(sequences)

    monkeypatch.setattr("sklearn_seqembed._data.sequences.CHUNK_VALUES", 2)
    in_chunks = NumericFeatures("standard").fit(sequences)

    np.testing.assert_allclose(in_chunks.scaler_.mean_, whole.scaler_.mean_)
    np.testing.assert_allclose(in_chunks.scaler_.scale_, whole.scaler_.scale_)


@pytest.mark.parametrize(
    "scaler",
    ["standard", None, MinMaxScaler(), RobustScaler(), PowerTransformer()],
    ids=str,
)
def test_decode_inverts_encode(sequences, scaler):
    features = NumericFeatures(scaler).fit(sequences)

    decoded = features.decode(features.encode(BLOCK))

    # Encoded values are float32, so the error is relative to the scale of a feature.
    np.testing.assert_allclose(decoded, BLOCK, rtol=1e-4)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (512, 1), (1300, 3), (7, 600)])
def test_standard_scaling_equals_that_of_scikit_learn(shape, dtype):
    values = np.random.default_rng(0).normal(50, 3, size=shape).astype(dtype)
    values[-1, 0] = np.nan
    features = NumericFeatures("standard").fit(
        Sequences.from_offsets((values,), [0, len(values)])
    )
    before = values.copy()

    encoded = features.encode(values)

    expected = StandardScaler().fit(values).transform(values)
    # Before 1.8 scikit-learn subtracted in float64.
    np.testing.assert_allclose(encoded, expected, atol=1e-5)
    np.testing.assert_array_equal(values, before)


def test_large_offsets_keep_their_precision():
    block = 1.7e9 + np.arange(20.0)[:, None]  # seconds since 1970
    sequences = Sequences.from_offsets((block,), [0, 20])

    features = NumericFeatures("standard").fit(sequences)

    decoded = features.decode(features.encode(block))
    np.testing.assert_allclose(decoded - 1.7e9, block - 1.7e9, atol=1e-3)


def test_the_scaler_passed_is_not_fitted(sequences):
    scaler = MinMaxScaler()

    features = NumericFeatures(scaler).fit(sequences)

    assert not hasattr(scaler, "min_")
    assert hasattr(features.scaler_, "min_")


def test_a_global_output_of_frames_is_ignored(sequences):
    with sklearn.config_context(transform_output="pandas"):
        features = NumericFeatures("standard").fit(sequences)
        encoded = features.encode(BLOCK)

    expected = NumericFeatures("standard").fit(sequences).encode(BLOCK)
    np.testing.assert_array_equal(encoded, expected)


@pytest.mark.parametrize(
    ("scaler", "message"),
    [
        ("minmax", "scaler must be 'standard', a scikit-learn transformer or None"),
        (MinMaxScaler, "has no inverse_transform"),
        (Normalizer(), "has no inverse_transform"),
        (7, "has no inverse_transform"),
    ],
    ids=str,
)
def test_a_scaler_without_inverse_transform_is_refused(sequences, scaler, message):
    with pytest.raises(ValueError, match=message):
        NumericFeatures(scaler).fit(sequences)


@pytest.mark.parametrize(
    "scaler", [PCA(1), VarianceThreshold(5.0)], ids=["PCA", "VarianceThreshold"]
)
def test_a_scaler_that_changes_the_number_of_features_is_refused(scaler):
    sequences = Sequences.from_offsets((np.nan_to_num(BLOCK),), [0, 2, 5])

    match = r"turns an array of shape \(\d+, 2\) into one of .*, expected the same"
    with pytest.raises(ValueError, match=match):
        NumericFeatures(scaler).fit(sequences)


class BadInverse(StandardScaler):
    """A scaler whose inverse does not return the values."""

    def __init__(self, change):
        super().__init__()
        self.change = change

    def inverse_transform(self, X):
        return self.change(super().inverse_transform(X))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X: X[:-1], r"array of shape \(5, 2\) into one of \(4, 2\), expected"),
        (
            lambda X: None,
            r"turns an array of shape \(5, 2\) into one of \(\), expected",
        ),
        (np.ravel, r"turns an array of shape \(5, 2\) into one of \(10,\), expected"),
        (lambda X: X.astype(str), "returns values of <U32, expected numbers"),
        (lambda X: X + 1j, "returns values of complex128, expected numbers"),
        (lambda X: X / 0.0, "returns infinite values"),
    ],
    ids=["shorter", "nothing", "flat", "text", "complex", "infinite"],
)
@pytest.mark.filterwarnings("ignore:(divide|invalid):RuntimeWarning")
def test_a_scaler_with_a_wrong_inverse_is_refused(change, message):
    sequences = Sequences.from_offsets((np.nan_to_num(BLOCK),), [0, 2, 5])

    match = rf"^The inverse_transform of scaler=.* {message}"
    with pytest.raises(ValueError, match=match):
        NumericFeatures(BadInverse(change)).fit(sequences)


def test_a_scaler_that_returns_infinite_values_is_refused(sequences):
    scaler = FunctionTransformer(lambda X: X * np.inf, lambda X: X)

    with pytest.raises(ValueError, match="(?s)^scaler=.* returns infinite values"):
        NumericFeatures(scaler).fit(sequences)


def test_values_too_large_for_float32_are_refused(sequences):
    features = NumericFeatures(None).fit(sequences)

    with pytest.raises(ValueError, match="too large for float32, .*scaler='standard'"):
        features.encode(BLOCK * 1e38)


def test_messages_name_the_sequences_and_the_parameter(sequences):
    names = {"name": "y", "scaler_name": "target_scaler"}
    features = NumericFeatures(None, **names).fit(sequences)

    match = "^y has values too large .* Use target_scaler='standard', or divide y by"
    with pytest.raises(ValueError, match=match):
        features.encode(BLOCK * 1e38)
    with pytest.raises(ValueError, match="^target_scaler must be 'standard'"):
        NumericFeatures("minmax", **names).fit(sequences)


def test_a_constant_feature_is_encoded_and_decoded():
    block = np.column_stack([np.full(6, 7.0), np.arange(6.0)])
    sequences = Sequences.from_offsets((block,), [0, 3, 6])

    features = NumericFeatures("standard").fit(sequences)

    np.testing.assert_allclose(
        features.decode(features.encode(block)), block, atol=1e-6
    )


@pytest.mark.filterwarnings("error")
def test_a_feature_that_is_never_observed_is_ignored():
    rng = np.random.default_rng(0)
    X = [np.column_stack([rng.normal(size=n), np.full(n, np.nan)]) for n in (5, 8, 6)]
    embedder = LSTMSequenceEmbedder(n_components=3, max_epochs=0, random_state=0)

    vectors = embedder.fit_transform(X)

    assert np.isfinite(vectors).all()
    changed = [np.column_stack([x[:, 0], np.arange(len(x))]) for x in X]
    np.testing.assert_array_equal(embedder.transform(changed), vectors)
    back = embedder.reconstruct(X)
    errors = [x[:, 0] - b[:, 0] for x, b in zip(X, back, strict=True)]
    total = np.concatenate(X)[:, 0].var() * sum(map(len, X))
    expected = 1 - np.square(np.concatenate(errors)).sum() / total
    assert embedder.score(X) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("scaler", ["standard", StandardScaler(), MinMaxScaler(), None])
def test_reconstructions_are_in_the_users_units(scaler):
    rng = np.random.default_rng(0)
    X = [500 + rng.normal(size=(6, 1)) for _ in range(8)]
    if scaler is None:
        X = [x - 500 for x in X]
    embedder = LSTMSequenceEmbedder(
        n_components=8, max_epochs=20, lr=0.02, scaler=scaler, random_state=0
    )

    back = embedder.fit(X).reconstruct(X)

    assert np.abs(np.concatenate(back) - np.concatenate(X)).mean() < 1


def test_a_function_transformer_may_scale():
    X = [np.exp(np.random.default_rng(i).normal(size=(5, 1))) for i in range(6)]
    log = FunctionTransformer(np.log, np.exp)

    embedder = LSTMSequenceEmbedder(
        n_components=3, max_epochs=1, scaler=log, random_state=0
    ).fit(X)

    assert (np.concatenate(embedder.reconstruct(X)) > 0).all()


@pytest.mark.parametrize(
    "scaler",
    [StandardScaler(copy=False), MinMaxScaler(copy=False), RobustScaler(copy=False)],
    ids=str,
)
@pytest.mark.parametrize("shape", [(10, 8, 2), (10, 8)], ids=["3-D", "2-D"])
def test_a_scaler_that_works_in_place_does_not_change_X(scaler, shape):
    X = np.random.default_rng(0).normal(5, 3, size=shape)
    before = X.copy()
    embedder = LSTMSequenceEmbedder(
        n_components=2, max_epochs=1, scaler=scaler, random_state=0
    )

    embedder.fit(X).score(X)
    embedder.reconstruct(X)

    np.testing.assert_array_equal(X, before)


class _Overwriting(StandardScaler):
    """A scaler that overwrites its input."""

    def partial_fit(self, X, y=None):
        super().partial_fit(X)
        X[:] = 0
        return self


def test_a_scaler_that_overwrites_its_input_does_not_change_X():
    X = np.random.default_rng(0).normal(size=(10, 8, 2))
    before = X.copy()

    LSTMSequenceEmbedder(2, max_epochs=1, scaler=_Overwriting()).fit(X)

    np.testing.assert_array_equal(X, before)


def test_a_scaler_never_sees_padding():
    X = np.random.default_rng(0).normal(size=(10, 8, 2))
    X[3, 5:] = np.nan
    ragged = [x[~np.isnan(x).all(axis=1)] for x in X]
    embedder = LSTMSequenceEmbedder(
        n_components=3, max_epochs=1, scaler=PCA(whiten=True), random_state=0
    )

    padded = embedder.fit_transform(X)

    np.testing.assert_allclose(padded, embedder.fit_transform(ragged), atol=1e-6)


def test_values_that_overflow_when_scaled_are_refused():
    X = [[1e200, -1e200, 1e199]]

    with pytest.raises(ValueError, match=r"X\[0\] holds 1e\+200 at time step 0"):
        LSTMSequenceEmbedder(n_components=2).fit(X)


@pytest.mark.parametrize(
    "scaler",
    [
        FunctionTransformer(np.log, np.exp),
        MinMaxScaler(clip=True),
        QuantileTransformer(n_quantiles=20),
    ],
    ids=str,
)
def test_score_is_in_the_users_units_with_any_scaler(scaler):
    X = [np.exp(np.random.default_rng(i).normal(size=(5, 1))) for i in range(9)]
    other = [2 * x for x in X]  # partly outside the range seen in fit
    embedder = LSTMSequenceEmbedder(
        n_components=3, max_epochs=1, scaler=scaler, random_state=0
    ).fit(X)

    back = embedder.reconstruct(other)

    expected = r2_score(np.concatenate(other), np.concatenate(back))
    assert embedder.score(other) == pytest.approx(expected, abs=1e-4)


def test_a_function_transformer_without_its_inverse_is_refused():
    X = [np.exp(np.random.default_rng(i).normal(size=(5, 1))) for i in range(9)]

    with pytest.raises(ValueError, match="does not restore the values of X.*needs inv"):
        LSTMSequenceEmbedder(2, scaler=FunctionTransformer(np.log)).fit(X)


def test_a_random_scaler_is_seeded_and_keeps_numpys_global_state():
    X = [np.random.default_rng(i).normal(size=(30, 1)) for i in range(9)]
    scaler = QuantileTransformer(n_quantiles=10, subsample=40)
    embedder = LSTMSequenceEmbedder(2, max_epochs=1, scaler=scaler, random_state=0)
    np.random.seed(7)
    expected = np.random.rand()

    np.random.seed(7)
    first, second = embedder.fit_transform(X), embedder.fit_transform(X)

    assert np.random.rand() == expected
    np.testing.assert_array_equal(first, second)
    assert scaler.random_state is None


def test_features_that_are_0_for_many_steps_are_accepted():
    X = np.random.default_rng(0).normal(size=(40, 30, 50))
    X = np.concatenate([np.zeros((10, 30, 50)), X])  # 300 steps of 0 at the start

    # Inverting the scaling returns 0 for some features and 1e-17 for others.
    LSTMSequenceEmbedder(n_components=2, max_epochs=0).fit(X)


def test_a_scaler_that_refuses_the_values_is_named():
    X = [np.array([1.0, -2.0, 3.0])]

    with pytest.raises(ValueError, match="^scaler=Power.* cannot scale X: The Box"):
        LSTMSequenceEmbedder(2, scaler=PowerTransformer("box-cox")).fit(X)

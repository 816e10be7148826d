"""Parameters: invalid values, effects, defaults and their documentation."""

import inspect
import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from numpydoc.docscrape import ClassDoc
from numpydoc.validate import validate
from processors import needs_bfloat16
from sklearn.decomposition import PCA
from sklearn.preprocessing import MinMaxScaler, Normalizer, StandardScaler
from skorch.callbacks import Callback
from small_fits import small_embedder

from sklearn_seqembed import (
    LSTMSequenceClassifier,
    LSTMSequenceEmbedder,
    LSTMSequencePredictor,
    LSTMSequenceRegressor,
)
from sklearn_seqembed._parameters import PARAMETER_GROUPS
from sklearn_seqembed._shared_docs import SHARED_PARAMETERS
from sklearn_seqembed._training.devices import resolve_device
from sklearn_seqembed.datasets import make_sequences

pytestmark = pytest.mark.filterwarnings("ignore:The network explains only")

OUT_OF_RANGE = [
    ("n_components", 0, ValueError, "n_components == 0, must be >= 1"),
    ("n_components", -3, ValueError, "n_components == -3, must be >= 1"),
    ("n_components", 2.5, TypeError, "n_components must be an instance of int"),
    ("n_components", "8", TypeError, "n_components must be an instance of int"),
    ("n_components", None, TypeError, "n_components must be an instance of int"),
    ("hidden_size", 0, ValueError, "hidden_size == 0, must be >= 1"),
    ("hidden_size", 1.5, TypeError, "hidden_size must be an instance of int"),
    ("hidden_size", [4, 4], TypeError, "hidden_size must be an instance of int"),
    ("num_layers", 0, ValueError, "num_layers == 0, must be >= 1"),
    ("num_layers", 1.0, TypeError, "num_layers must be an instance of int"),
    ("bidirectional", "yes", ValueError, "bidirectional must be .*got 'yes'"),
    ("bidirectional", None, ValueError, "bidirectional must be .*got None"),
    ("dropout", -0.1, ValueError, r"dropout == -0\.1, must be >= 0"),
    ("dropout", 1.0, ValueError, r"dropout == 1\.0, must be < 1"),
    ("dropout", None, TypeError, "dropout must be an instance of float"),
    ("dropout", np.nan, ValueError, "dropout.*nan"),
    ("cell", "rnn", ValueError, "cell must be 'lstm' or 'gru', got 'rnn'"),
    ("cell", None, ValueError, "cell must be 'lstm' or 'gru', got None"),
    ("patch_size", 0, ValueError, "patch_size == 0, must be >= 1"),
    ("patch_size", 1.5, TypeError, "patch_size must be an instance of int"),
    ("patch_size", "all", ValueError, "patch_size must be 'auto' or .*got 'all'"),
    ("random_features", -1, ValueError, "random_features == -1, must be >= 0"),
    ("random_features", 0.5, TypeError, "random_features must be an instance of int"),
    ("random_features", None, TypeError, "random_features must be an instance of int"),
    ("random_features", 320, ValueError, "random_features=320 must be less than"),
    ("random_features", "most", ValueError, "random_features must be 'auto' or a num"),
    ("linear_map", None, ValueError, "linear_map must be True or False, got None"),
    ("linear_map", 1, ValueError, "linear_map must be True or False, got 1"),
    ("instance_norm", "yes", ValueError, "instance_norm must be .*got 'yes'"),
    ("instance_norm", None, ValueError, "instance_norm must be .*got None"),
    ("weight_decay", -0.1, ValueError, r"weight_decay == -0\.1, must be >= 0"),
    ("weight_decay", np.inf, ValueError, "weight_decay == inf, must be finite"),
    ("weight_decay", None, TypeError, "weight_decay must be an instance of float"),
    (
        "decoder_inputs",
        "previous",
        ValueError,
        "decoder_inputs must be 'vector' or 'vector_position', got 'previous'",
    ),
    (
        "augmentation",
        "noise",
        ValueError,
        "augmentation must be one of 'shift', 'mix', or .*got 'noise'.*set None",
    ),
    ("augmentation", ("shift", "shift"), ValueError, "augmentation must be one of"),
    ("augmentation", (), ValueError, "augmentation must be one of"),
    ("augmentation", 1, ValueError, "augmentation must be one of"),
    ("lr_schedule", "cosine", ValueError, "lr_schedule must be .*got 'cosine'"),
    ("scaler", "minmax", ValueError, "scaler must be 'standard'.*got 'minmax'"),
    ("scaler", StandardScaler, ValueError, "scaler=.*StandardScaler"),
    ("scaler", Normalizer(), ValueError, r"scaler=Normalizer\(\) has no inverse_trans"),
    ("scaler", 3, ValueError, "scaler=3 has no inverse_transform"),
    ("categorical_features", "all", ValueError, "categorical_features == 'all', must"),
    ("categorical_features", [7], ValueError, "categorical_features lists 7"),
    ("categories", [["a"]], ValueError, "categories must be 'auto' or a list"),
    ("min_frequency", 0, ValueError, "min_frequency == 0, must be >= 1"),
    ("min_frequency", 1.0, ValueError, r"min_frequency == 1\.0, must be < 1"),
    ("min_frequency", "rare", TypeError, "min_frequency must be an instance of float"),
    ("max_categories", 0, ValueError, "max_categories == 0, must be >= 1"),
    ("max_categories", 2.5, TypeError, "max_categories must be an instance of int"),
    ("handle_unknown", "warn", ValueError, "handle_unknown must be .*got 'warn'"),
    (
        "objective",
        "predict",
        ValueError,
        "objective must be 'reconstruction', 'forecast' or 'composite', got 'predict'",
    ),
    ("horizon", 0, ValueError, "horizon == 0, must be >= 1"),
    ("horizon", -1, ValueError, "horizon == -1, must be >= 1"),
    ("horizon", 1.0, ValueError, r"horizon == 1\.0, must be < 1"),
    ("horizon", 0.0, ValueError, r"horizon == 0\.0, must be > 0"),
    ("horizon", "half", ValueError, "horizon must be 'auto' or a number, got 'half'"),
    ("horizon", np.nan, ValueError, "horizon.*nan"),
    ("max_epochs", -1, ValueError, "max_epochs == -1, must be >= 0"),
    ("max_epochs", 1.5, TypeError, "max_epochs must be an instance of int"),
    ("max_epochs", "many", ValueError, "max_epochs must be 'auto' .*got 'many'"),
    ("batch_size", 0, ValueError, "batch_size == 0, must be >= 1"),
    ("batch_size", -1, ValueError, "batch_size == -1, must be >= 1"),
    ("batch_size", "all", ValueError, "batch_size must be 'auto' .*got 'all'"),
    ("lr", 0.0, ValueError, r"lr == 0\.0, must be > 0"),
    ("lr", -1e-3, ValueError, r"lr == -0\.001, must be > 0"),
    ("lr", "auto", TypeError, "lr must be an instance of float"),
    ("lr", np.nan, ValueError, "lr.*nan"),
    ("lr", np.inf, ValueError, "lr == inf, must be finite"),
    ("early_stopping", "yes", ValueError, "early_stopping must be .*got 'yes'"),
    ("early_stopping", 0.1, ValueError, r"early_stopping must be .*got 0\.1"),
    (
        "validation_fraction",
        0.0,
        ValueError,
        r"validation_fraction == 0\.0, must be > 0",
    ),
    (
        "validation_fraction",
        1.0,
        ValueError,
        r"validation_fraction == 1\.0, must be < 1",
    ),
    ("validation_fraction", np.nan, ValueError, "validation_fraction.*nan"),
    ("n_iter_no_change", 0, ValueError, "n_iter_no_change == 0, must be >= 1"),
    ("n_iter_no_change", None, TypeError, "n_iter_no_change must be an instance"),
    ("n_iter_no_change", "ten", ValueError, "n_iter_no_change must be 'auto' or a num"),
    ("callbacks", Callback(), TypeError, "callbacks"),
    ("callbacks", "EarlyStopping", (TypeError, ValueError), "callbacks"),
    ("callbacks", [3], (TypeError, ValueError), "callbacks"),
    ("warm_start", "yes", ValueError, "warm_start must be .*got 'yes'"),
    ("device", "abacus", ValueError, "device.*abacus"),
    ("device", 1.0, TypeError, "device must be 'auto', the name of .*, got 1.0"),
    ("device", 0, TypeError, "device must be 'auto', .*, got 0. The name of the first"),
    ("device", "meta", ValueError, "device='meta' cannot be used here. Use 'auto'"),
    ("n_components", True, TypeError, "n_components must be a number, not a bool"),
    ("n_components", 10**12, ValueError, "n_components == 1000000000000, must be <="),
    ("max_epochs", 10**400, ValueError, "max_epochs must be <= 9223372036854775807"),
    ("batch_size", np.timedelta64(1), TypeError, "batch_size must be a number, not a"),
    ("lr", 10**400, ValueError, "lr is too large for a float"),
    ("lr", True, TypeError, "lr must be a number, not a bool, got True"),
    ("lr", Decimal("0.5"), TypeError, "lr must be an instance of float, not Decimal"),
    ("weight_decay", 10**400, ValueError, "weight_decay is too large for a float"),
    ("horizon", np.bool_(True), TypeError, "horizon must be a number, not a bool"),
    ("categorical_features", [[1], [2, 3]], ValueError, "categorical_features =="),
    ("precision", "half", ValueError, "precision must be .*got 'half'"),
    ("verbose", -1, ValueError, "verbose == -1, must be >= 0"),
    ("verbose", "loud", TypeError, "verbose must be an instance of int"),
    ("random_state", "seed", ValueError, "random_state must be .* got .seed."),
    ("random_state", -1, ValueError, "random_state must be .* got -1"),
    ("random_state", 2**40, ValueError, "random_state must be .* got 1099511627776"),
]


@pytest.mark.parametrize(
    ("name", "value", "error", "match"),
    OUT_OF_RANGE,
    ids=[
        f"{name}={re.sub(' object at .*', '', repr(value))}"
        for name, value, *_ in OUT_OF_RANGE
    ],
)
def test_invalid_value_is_named_in_the_error(name, value, error, match, sequences):
    embedder = LSTMSequenceEmbedder(max_epochs=1).set_params(**{name: value})

    with pytest.raises(error, match=match):
        embedder.fit(sequences)


def test_scaler_must_keep_the_number_of_features(equal_sequences):
    embedder = LSTMSequenceEmbedder(scaler=PCA(n_components=1), max_epochs=1)

    match = r"scaler=PCA\(n_components=1\) turns an array of shape \(\d+, 2\) into"
    with pytest.raises(ValueError, match=match):
        embedder.fit(equal_sequences)


def test_every_parameter_is_validated():
    tried = {name for name, *_ in OUT_OF_RANGE}

    assert tried == set(LSTMSequenceEmbedder().get_params())


@pytest.mark.parametrize("method", ["fit", "partial_fit", "fit_transform"])
def test_every_training_method_validates_parameters(method, sequences):
    embedder = LSTMSequenceEmbedder(n_components=0)

    with pytest.raises(ValueError, match="n_components == 0"):
        getattr(embedder, method)(sequences)


@pytest.mark.parametrize(("name", "value"), [("n_components", 0), ("cell", "rnn")])
def test_nothing_is_checked_before_fit(name, value):
    embedder = LSTMSequenceEmbedder(**{name: value})

    assert embedder.get_params()[name] == value


@pytest.mark.parametrize(
    ("horizon", "match"),
    [
        (3, r"X\[0\] has 3 time steps, of which horizon=3 holds back 3: none is left"),
        (9, r"X\[0\] has 3 time steps, of which horizon=9 holds back 9"),
        (0.9, r"X\[0\] has 3 time steps, of which horizon=0\.9 holds back 3"),
    ],
)
def test_horizon_must_leave_time_steps_to_read(horizon, match):
    X = [np.arange(3.0), np.arange(30.0)]
    embedder = LSTMSequenceEmbedder(objective="forecast", horizon=horizon, max_epochs=1)

    with pytest.raises(ValueError, match=match):
        embedder.fit(X)


def test_early_stopping_needs_two_sequences():
    embedder = LSTMSequenceEmbedder(early_stopping=True, max_epochs=1)

    with pytest.raises(ValueError, match="early_stopping=True holds out sequences"):
        embedder.fit([np.arange(9.0)])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_components", np.int64(2)),
        ("hidden_size", np.int64(2)),
        ("num_layers", np.int64(2)),
        ("patch_size", np.int64(2)),
        ("batch_size", np.int64(2)),
        ("max_epochs", np.int64(2)),
        ("horizon", np.int64(2)),
        ("n_iter_no_change", np.int64(2)),
        ("bidirectional", np.bool_(False)),
        ("early_stopping", np.bool_(True)),
        ("cell", np.str_("gru")),
        ("lr", np.float32(0.01)),
        ("lr", Fraction(1, 100)),
        ("weight_decay", Fraction(1, 2)),
        ("dropout", Fraction(1, 2)),
        ("verbose", np.bool_(False)),
        ("patch_size", np.str_("auto")),
        ("random_state", np.int32(3)),
    ],
    ids=str,
)
def test_numbers_of_other_types_are_accepted(name, value, sequences):
    embedder = LSTMSequenceEmbedder(n_components=3, max_epochs=1)

    embedder.set_params(**{name: value}).fit(sequences)

    assert np.isfinite(embedder.transform(sequences)).all()
    assert len(embedder.inverse_transform(embedder.transform(sequences))) == 12


@pytest.mark.parametrize(
    "params",
    [
        {"objective": "forecast", "horizon": Fraction(1, 2)},
        {"objective": "forecast", "horizon": np.float32(0.5)},
        {"min_frequency": np.float32(0.5)},
        {"min_frequency": Fraction(1, 2)},
        {"max_categories": np.int8(2)},
    ],
    ids=str,
)
def test_numbers_of_other_types_are_equal_to_floats(params):
    X = ["abab", "abc", "aab"]
    plain = {
        name: value if isinstance(value, str) else float(value)
        for name, value in params.items()
    }
    if "max_categories" in plain:
        plain["max_categories"] = 2
    expected = small_embedder(**plain).fit_transform(X)

    assert_array_equal(small_embedder(**params).fit_transform(X), expected)


def test_predict_top_needs_a_number_of_candidates():
    X = [list("ab"), list("ba"), list("aa")]
    predictor = LSTMSequencePredictor(4, max_epochs=1, random_state=0).fit(X, X)

    for k, match in [(True, "k must be a number"), (10**12, "k == .* must be <=")]:
        with pytest.raises((TypeError, ValueError), match=match):
            predictor.predict_top(X, k=k)


def test_zero_epochs_leave_the_network_untrained(sequences):
    embedder = LSTMSequenceEmbedder(4, max_epochs=0, random_state=0)

    vectors = embedder.fit_transform(sequences)

    assert embedder.history_ == []
    assert np.isfinite(vectors).all()


@pytest.mark.parametrize("n_components", [1, 2, 3])
@pytest.mark.parametrize("hidden_size", [None, 1, 5])
@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_vectors_have_n_components(
    n_components, hidden_size, bidirectional, cell, sequences
):
    embedder = LSTMSequenceEmbedder(
        n_components,
        hidden_size=hidden_size,
        bidirectional=bidirectional,
        cell=cell,
        max_epochs=1,
    )

    vectors = embedder.fit_transform(sequences)

    assert vectors.shape == (12, n_components)


# Every parameter has an effect


class Greeter(Callback):
    """Record an entry in the history."""

    def on_epoch_end(self, net, **kwargs):
        net.history.record("greeting", "hello")


def observe(params, X):
    """Fit an embedder twice, and return all of its results that a user can see."""
    X = [x.round() for x in X] if "categorical_features" in params else X
    baseline = {"n_components": 4, "max_epochs": 2, "batch_size": 5, "random_state": 0}
    embedder = LSTMSequenceEmbedder(**baseline | params)
    embedder.fit(X)
    n_epochs = embedder.n_iter_
    embedder.fit(X)
    return {
        "vectors": embedder.transform([*X, NEW_CATEGORIES]),
        "history": [
            {name: value for name, value in row.items() if name != "dur"}
            for row in embedder.history_
        ],
        "n_iter": (n_epochs, embedder.n_iter_),
    }


WITH_VALIDATION = {"early_stopping": True}
CATEGORIES = {"categorical_features": [0]}
RARE = {**CATEGORIES, "min_frequency": 0.3}
NEW_CATEGORIES = np.full((3, 2), [777.0, 1.0])
CHANGES = {
    "n_components": ({}, 5, "vectors"),
    "hidden_size": ({}, 3, "vectors"),
    "num_layers": ({}, 2, "vectors"),
    "bidirectional": ({}, False, "vectors"),
    "dropout": ({"num_layers": 2}, 0.5, "vectors"),
    "cell": ({}, "gru", "vectors"),
    "patch_size": ({}, 3, "vectors"),
    "linear_map": ({}, False, "vectors"),
    "random_features": ({}, 1, "vectors"),
    "instance_norm": ({"instance_norm": False}, True, "vectors"),
    "weight_decay": ({}, 0.0, "vectors"),
    "decoder_inputs": ({}, "vector", "vectors"),
    "augmentation": ({}, ("shift",), "vectors"),
    "lr_schedule": ({}, None, "vectors"),
    "scaler": ({}, None, "vectors"),
    "categorical_features": ({"categorical_features": [1]}, [0], "vectors"),
    "categories": (CATEGORIES, [[*range(-5, 6)], None], "vectors"),
    "min_frequency": (CATEGORIES, 0.3, "vectors"),
    "max_categories": (CATEGORIES, 2, "vectors"),
    "handle_unknown": (RARE, "ignore", "vectors"),
    "objective": ({}, "composite", "vectors"),
    "horizon": ({"objective": "forecast"}, 2, "vectors"),
    "max_epochs": ({}, 3, "n_iter"),
    "batch_size": ({}, 2, "vectors"),
    "lr": ({}, 0.01, "vectors"),
    "early_stopping": ({}, True, "history"),
    "validation_fraction": (WITH_VALIDATION, 0.4, "history"),
    "n_iter_no_change": (
        # With this learning rate no epoch is better than the first.
        {**WITH_VALIDATION, "lr": 1e-12, "max_epochs": 6},
        2,
        "n_iter",
    ),
    "callbacks": ({}, [Greeter()], "history"),
    "warm_start": ({}, True, "n_iter"),
    "precision": ({}, "bfloat16", "vectors"),
    "random_state": ({}, 1, "vectors"),
}
NAMES = [
    pytest.param(name, marks=needs_bfloat16) if name == "precision" else name
    for name in CHANGES
]


@pytest.mark.parametrize("name", NAMES)
def test_parameter_has_an_effect(name, sequences):
    baseline, value, effect = CHANGES[name]
    if name == "augmentation":  # few sequences are not augmented
        sequences = 2 * sequences

    before = observe(baseline, sequences)[effect]
    after = observe({**baseline, name: value}, sequences)[effect]

    if effect == "vectors" and before.shape == after.shape:
        assert np.abs(after - before).max() > 1e-5
    elif effect != "vectors":
        assert after != before


@pytest.mark.parametrize("name", NAMES)
def test_same_parameters_give_same_results(name, sequences):
    baseline, value, _ = CHANGES[name]
    params = {**baseline, name: value}

    first, second = observe(params, sequences), observe(params, sequences)

    assert_array_equal(second.pop("vectors"), first.pop("vectors"))
    assert second == first


def test_verbose_shows_a_progress_bar_with_the_loss(sequences, capsys):
    LSTMSequenceEmbedder(4, max_epochs=2, random_state=0, verbose=1).fit(sequences)

    shown = capsys.readouterr()
    assert "Epoch 2/2" in shown.err + shown.out
    assert "train=" in shown.err + shown.out


def test_nothing_is_printed_by_default(sequences, capsys):
    LSTMSequenceEmbedder(4, max_epochs=2, random_state=0).fit(sequences)

    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == ""


def test_cpu_is_used_on_request(sequences, monkeypatch):
    with monkeypatch.context() as context:
        context.setattr("torch.cuda.is_available", lambda: True)
        device = resolve_device("cpu")

    embedder = LSTMSequenceEmbedder(4, max_epochs=1, device=device).fit(sequences)

    assert device == "cpu"
    assert embedder.device_ == "cpu"
    assert embedder.transform(sequences).shape == (12, 4)


@pytest.mark.parametrize(
    ("cuda", "mps", "device"),
    [
        (True, True, "cuda"),
        (True, False, "cuda"),
        (False, True, "mps"),
        (False, False, "cpu"),
    ],
)
def test_auto_device_is_the_fastest_available(cuda, mps, device, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: cuda)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: mps)

    assert resolve_device("auto") == device


def test_effects_of_all_parameters_are_tested():
    tried = {*CHANGES, "verbose", "device"}

    assert tried == set(LSTMSequenceEmbedder().get_params())


def test_given_scaler_is_fitted(sequences):
    embedder = LSTMSequenceEmbedder(4, max_epochs=1, scaler=MinMaxScaler())

    embedder.fit(sequences)

    assert isinstance(embedder.scaler_, MinMaxScaler)
    assert_array_equal(embedder.scaler_.data_max_, np.nanmax(np.vstack(sequences), 0))


@pytest.mark.parametrize(
    ("attribute", "params"),
    [
        ("patch_size_", {"patch_size": 2}),
        ("hidden_size_", {"hidden_size": 2}),
        ("batch_size_", {"batch_size": 7}),
        ("max_epochs_", {"max_epochs": 2}),
        ("random_features_", {"random_features": 1}),
        ("horizon_", {"horizon": 2}),
        ("early_stopping_", {"early_stopping": True}),
        ("device_", {"device": "cpu"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_values_in_use_are_fitted_attributes(attribute, params, sequences):
    embedder = LSTMSequenceEmbedder(**{"n_components": 3, "max_epochs": 1} | params)

    embedder.fit(sequences)

    assert getattr(embedder, attribute) == next(iter(params.values()))


# Documentation


def documented_defaults(documented):
    """Return the default of each parameter according to the docstring."""
    text = inspect.cleandoc(documented.__doc__)
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\w[\w ]*\n-+$)", text, re.M | re.S)
    lines = re.findall(r"^(\w+) : .*?default=(.+)$", section[1], re.M)
    return {name: default.strip() for name, default in lines}


@pytest.mark.parametrize(
    "documented",
    [LSTMSequenceEmbedder, LSTMSequencePredictor, make_sequences],
    ids=lambda documented: documented.__name__,
)
def test_documented_defaults_match_the_signature(documented):
    signature = inspect.signature(documented)

    expected = {
        name: repr(parameter.default).replace("'", '"')
        for name, parameter in signature.parameters.items()
    }

    assert documented_defaults(documented) == expected


@pytest.mark.parametrize(
    "documented",
    [LSTMSequenceEmbedder, LSTMSequencePredictor, make_sequences],
    ids=lambda documented: documented.__name__,
)
def test_defaults_are_immutable(documented):
    signature = inspect.signature(documented)

    for parameter in signature.parameters.values():
        allowed = (int, float, str, bool, tuple, type(None))
        assert isinstance(parameter.default, allowed), parameter


ESTIMATORS = [LSTMSequenceEmbedder, LSTMSequencePredictor]


def _descriptions(estimator):
    """Return type and description of each documented parameter, in order."""
    parameters = ClassDoc(estimator)["Parameters"]
    return {p.name: (p.type, " ".join(p.desc).split()) for p in parameters}


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda cls: cls.__name__)
def test_parameters_are_documented_and_listed_in_the_order_of_the_groups(estimator):
    names = list(inspect.signature(estimator).parameters)

    grouped = [name for group in PARAMETER_GROUPS.values() for name in group]
    assert names == [name for name in grouped if name in names]
    assert list(_descriptions(estimator)) == names


def test_the_groups_contain_every_parameter_once():
    grouped = [name for group in PARAMETER_GROUPS.values() for name in group]

    estimators = *ESTIMATORS, LSTMSequenceClassifier, LSTMSequenceRegressor
    names = {name for cls in estimators for name in inspect.signature(cls).parameters}
    assert sorted(grouped) == sorted(names)


@pytest.mark.parametrize("cls", [LSTMSequenceClassifier, LSTMSequenceRegressor])
def test_parameters_of_the_embedder_mean_the_same_elsewhere(cls):
    shared = inspect.signature(cls).parameters.keys() & SHARED_PARAMETERS.keys()

    documented = _descriptions(cls)

    assert len(shared) > 20
    for name in shared:
        description = SHARED_PARAMETERS[name].partition("\n")[2]
        assert " ".join(description.split()) in " ".join(documented[name][1])


def test_shared_parameters_have_the_same_documentation():
    embedder, predictor = map(_descriptions, ESTIMATORS)

    assert SHARED_PARAMETERS.keys() == embedder.keys() & predictor.keys()
    for name, text in SHARED_PARAMETERS.items():
        kind, _, description = text.partition("\n")
        for documented_kind, documented in (embedder[name], predictor[name]):
            assert documented_kind.startswith(f"{kind}, default=")
            # One estimator may add sentences of its own.
            assert documented[: len(description.split())] == description.split()


# As in pyproject.toml, which is for files that can be checked without being imported.
IGNORED_CHECKS = {"ES01", "EX01", "SA01", "RT02", "GL08"}


@pytest.mark.parametrize(
    "name",
    [
        f"{cls.__name__}{method}"
        for cls in ESTIMATORS
        for method in ("", *(f".{name}" for name in vars(cls) if name[0] != "_"))
    ],
)
def test_docstring_passes_numpydoc_validation(name):
    errors = validate(f"sklearn_seqembed.{name}")["errors"]

    assert not [error for error in errors if error[0] not in IGNORED_CHECKS]

"""Run scikit-learn's estimator checks, and check that none was left out."""

import json
import os
import subprocess
import sys

import pytest
import sklearn
from sklearn.utils import estimator_checks, get_tags
from sklearn.utils.fixes import parse_version

from sklearn_seqembed import (
    LSTMSequenceClassifier,
    LSTMSequenceEmbedder,
    LSTMSequencePredictor,
    LSTMSequenceRegressor,
)

pytestmark = pytest.mark.filterwarnings("ignore:The network explains only")

# A separate process, because SCIPY_ARRAY_API has to be set before scipy is imported.
# Without it, one check is skipped.
RUN_CHECKS = """
import json, sys, traceback, warnings
from sklearn.utils.estimator_checks import check_estimator
import sklearn_seqembed

warnings.simplefilter("ignore")
kind = getattr(sklearn_seqembed, sys.argv[2])
estimator = kind(n_components=int(sys.argv[3]), max_epochs=2)
results = check_estimator(estimator, on_fail=None, on_skip=None)
outcomes = [
    {
        "name": result["check_name"],
        "status": result["status"],
        "expected_to_fail": result["expected_to_fail"],
        "exception": "".join(traceback.format_exception(result["exception"]))
        if result["exception"]
        else "",
    }
    for result in results
]
with open(sys.argv[1], "w") as file:
    json.dump(outcomes, file)
"""

# Checks of scikit-learn that check_estimator does not run.
MORE_CHECKS = [
    "check_dataframe_column_names_consistency",
    "check_transformer_get_feature_names_out",
    "check_transformer_get_feature_names_out_pandas",
    "check_set_output_transform",
    "check_set_output_transform_pandas",
    "check_set_output_transform_polars",
    "check_global_output_transform_pandas",
    "check_global_set_output_transform_polars",
]

# The number of checks in scikit-learn 1.9. Estimators that require y get one more, and
# classifiers and regressors several.
N_CHECKS = {
    LSTMSequenceEmbedder: 46,
    LSTMSequencePredictor: 47,
    LSTMSequenceClassifier: 60,
    LSTMSequenceRegressor: 58,
}

# A regressor must explain ten random columns of a table, for which it needs as many
# components.
N_COMPONENTS = {LSTMSequenceRegressor: 16}


@pytest.fixture(scope="module", params=N_CHECKS, ids=lambda kind: kind.__name__)
def estimator(request):
    """The estimator class under test."""
    return request.param


@pytest.fixture(scope="module")
def results(estimator, tmp_path_factory):
    """The outcome of each check that check_estimator runs."""
    path = tmp_path_factory.mktemp("checks") / "results.json"
    subprocess.run(
        [
            *(sys.executable, "-c", RUN_CHECKS, str(path), estimator.__name__),
            str(N_COMPONENTS.get(estimator, 4)),
        ],
        env={**os.environ, "SCIPY_ARRAY_API": "1"},
        check=True,
    )
    return json.loads(path.read_text())


def test_every_check_passes(results):
    failed = {
        result["name"]: result["exception"]
        for result in results
        if result["status"] != "passed"
    }

    assert not failed, "\n".join(f"{name}\n{text}" for name, text in failed.items())


def test_no_check_is_expected_to_fail(results):
    assert not [result["name"] for result in results if result["expected_to_fail"]]


def test_no_check_is_missing(estimator, results):
    version = parse_version(sklearn.__version__)
    if version < parse_version("1.9"):
        pytest.skip("the expected number of checks is that of scikit-learn 1.9")

    if version.release[:2] == (1, 9):
        assert len(results) == N_CHECKS[estimator]
    assert len(results) >= N_CHECKS[estimator]


# The checks pass both frames and arrays to the same estimator.
@pytest.mark.filterwarnings("ignore:X (has|does not have valid) feature names")
@pytest.mark.parametrize("name", MORE_CHECKS)
def test_a_check_outside_check_estimator_passes(name, estimator):
    check = getattr(estimator_checks, name)

    check(estimator.__name__, estimator(n_components=4, max_epochs=2))


def test_missing_values_are_allowed(estimator):
    tags = get_tags(estimator())

    assert tags.input_tags.allow_nan


def test_the_tags_announce_float32_output(estimator):
    tags = get_tags(estimator())

    assert tags.transformer_tags.preserves_dtype == ["float32"]


def test_all_other_tags_are_the_defaults_of_its_kind(estimator):
    mixins = {
        LSTMSequenceClassifier: (sklearn.base.ClassifierMixin,),
        LSTMSequenceRegressor: (sklearn.base.RegressorMixin,),
    }.get(estimator, ())
    bases = (*mixins, sklearn.base.TransformerMixin, sklearn.base.BaseEstimator)
    expected = get_tags(type("Default", bases, {})())
    expected.input_tags.allow_nan = True
    expected.transformer_tags.preserves_dtype = ["float32"]
    expected.target_tags.required = estimator is not LSTMSequenceEmbedder
    expected.target_tags.multi_output = estimator is LSTMSequenceRegressor

    assert get_tags(estimator()) == expected

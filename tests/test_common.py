"""scikit-learn's own checks: how many ran, and that every one of them passed."""

import json
import os
import subprocess
import sys

import pytest
import sklearn
from sklearn.utils import estimator_checks, get_tags
from sklearn.utils.fixes import parse_version

from sklearn_seqembed import LSTMSequenceEmbedder, LSTMSequencePredictor

pytestmark = pytest.mark.filterwarnings("ignore:The network explains only")

# A process of its own, because the variable has to be set before scipy is imported:
# without it one check is skipped.
BATTERY = """
import json, sys, traceback, warnings
from sklearn.utils.estimator_checks import check_estimator
import sklearn_seqembed

warnings.simplefilter("ignore")
estimator = getattr(sklearn_seqembed, sys.argv[2])(n_components=4, max_epochs=2)
results = check_estimator(estimator, on_fail=None, on_skip=None)
found = [
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
    json.dump(found, file)
"""

# Checks that scikit-learn has, but that its battery leaves out.
BESIDE_THE_BATTERY = [
    "check_dataframe_column_names_consistency",
    "check_transformer_get_feature_names_out",
    "check_transformer_get_feature_names_out_pandas",
    "check_set_output_transform",
    "check_set_output_transform_pandas",
    "check_set_output_transform_polars",
    "check_global_output_transform_pandas",
    "check_global_set_output_transform_polars",
]


# How many checks scikit-learn 1.9 has for each; y is required of the second.
N_CHECKS = {LSTMSequenceEmbedder: 46, LSTMSequencePredictor: 47}


@pytest.fixture(scope="module", params=N_CHECKS, ids=lambda kind: kind.__name__)
def estimator(request):
    """The class that is checked."""
    return request.param


@pytest.fixture(scope="module")
def results(estimator, tmp_path_factory):
    """What each check of scikit-learn's battery came to."""
    path = tmp_path_factory.mktemp("battery") / "results.json"
    subprocess.run(
        [sys.executable, "-c", BATTERY, str(path), estimator.__name__],
        env={**os.environ, "SCIPY_ARRAY_API": "1"},
        check=True,
    )
    return json.loads(path.read_text())


def test_every_check_of_the_battery_passes(results):
    others = {
        result["name"]: result["exception"]
        for result in results
        if result["status"] != "passed"
    }

    assert not others, "\n".join(f"{name}\n{text}" for name, text in others.items())


def test_no_check_of_the_battery_is_expected_to_fail(results):
    assert not [result["name"] for result in results if result["expected_to_fail"]]


def test_the_battery_is_complete(estimator, results):
    version = parse_version(sklearn.__version__)
    if version < parse_version("1.9"):
        pytest.skip("the number of checks was counted with scikit-learn 1.9")

    if version.release[:2] == (1, 9):
        assert len(results) == N_CHECKS[estimator]
    assert len(results) >= N_CHECKS[estimator]


# The checks themselves pass frames and arrays in turn.
@pytest.mark.filterwarnings("ignore:X (has|does not have valid) feature names")
@pytest.mark.parametrize("name", BESIDE_THE_BATTERY)
def test_a_check_beside_the_battery_passes(name, estimator):
    check = getattr(estimator_checks, name)

    check(estimator.__name__, estimator(n_components=4, max_epochs=2))


def test_missing_values_are_allowed(estimator):
    tags = get_tags(estimator())

    assert tags.input_tags.allow_nan


def test_vectors_are_said_to_be_float32(estimator):
    tags = get_tags(estimator())

    assert tags.transformer_tags.preserves_dtype == ["float32"]


def test_all_other_tags_are_those_of_any_transformer(estimator):
    class Plain(sklearn.base.TransformerMixin, sklearn.base.BaseEstimator):
        pass

    expected = get_tags(Plain())
    expected.input_tags.allow_nan = True
    expected.transformer_tags.preserves_dtype = ["float32"]
    expected.target_tags.required = estimator is LSTMSequencePredictor

    assert get_tags(estimator()) == expected

"""The README, the documentation and the package metadata agree with the code."""

import ast
import doctest
import inspect
import io
import os
import re
import tomllib
from contextlib import chdir, redirect_stdout
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from numpydoc.docscrape import FunctionDoc

import sklearn_seqembed
from sklearn_seqembed import datasets, displays, metrics, ray

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
README_BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
PACKAGE = ROOT / "sklearn_seqembed"


@pytest.fixture(scope="module")
def readme_run(tmp_path_factory):
    """Names that the code of the README defines, and lines that it prints."""
    names, printed = {}, io.StringIO()
    with redirect_stdout(printed), chdir(tmp_path_factory.mktemp("readme")):
        exec(compile("".join(README_BLOCKS), "README.md", "exec"), names)
    return names, printed.getvalue().splitlines()


def test_the_code_of_the_readme_prints_what_its_comments_show(readme_run):
    names, (accuracy, shapes, predicted, probabilities, same) = readme_run

    assert float(accuracy) > 0.9
    assert shapes == f"{np.shape(names['X'][0])} (200, 320)"
    assert f"# {shapes}\n" in README_BLOCKS[0]
    assert f"# {predicted}\n" in README_BLOCKS[1]
    assert f"# {probabilities}\n" in README_BLOCKS[2]
    assert same == "True"


def test_code_blocks_of_the_readme_have_at_most_ten_lines():
    for block in README_BLOCKS:
        assert len([line for line in block.splitlines() if line]) <= 10


def test_the_classifier_of_the_readme_remains_usable(readme_run):
    names, _ = readme_run
    X, y, clf = names["X"], names["y"], names["clf"]

    assert clf.score(X[150:], y[150:]) > 0.9


def test_the_embedder_of_the_readme_is_the_one_in_the_classifier(readme_run):
    names, _ = readme_run

    assert names["clf"][0] is names["embedder"]
    assert [x.shape for x in names["reconstructed"]] == [x.shape for x in names["X"]]


def test_the_predictor_of_the_readme_remains_usable(readme_run):
    names, _ = readme_run

    assert names["predictor"].predict(names["words"]) == names["reversed_words"]


needs_sklearn_callbacks = pytest.mark.skipif(
    find_spec("sklearn.callback") is None,
    reason="scikit-learn has callbacks since version 1.9",
)


# Ray's own use of what it deprecates.
of_ray = [
    pytest.mark.skipif(
        find_spec("ray") is None or not os.environ.get("SEQEMBED_RAY"),
        reason="SEQEMBED_RAY=1 runs the tests of Ray",
    ),
    pytest.mark.xdist_group("ray"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ray"),
    pytest.mark.filterwarnings("ignore::FutureWarning:ray"),
]


def list_pages():
    """Return the paths of the pages that are not generated."""
    docs = ROOT / "docs"
    generated = {"_build", "auto_examples", "generated"}
    return [
        path
        for path in sorted(docs.rglob("*.rst"))
        if path.relative_to(docs).parts[0] not in generated
    ]


def list_pages_with_code():
    """Return the pages with doctests but that of ONNX, which test_onnx.py runs."""
    for path in list_pages():
        page = path.relative_to(ROOT / "docs").with_suffix("").as_posix()
        if page == "guide/onnx":
            continue
        if re.search(r"^\s*>>> ", path.read_text(encoding="utf-8"), re.MULTILINE):
            marks = {"guide/callbacks": [needs_sklearn_callbacks], "guide/ray": of_ray}
            yield pytest.param(page, marks=marks.get(page, []))


@pytest.mark.parametrize("page", list(list_pages_with_code()))
def test_the_code_of_a_page_runs(page, monkeypatch):
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")

    result = doctest.testfile(
        str(ROOT / "docs" / f"{page}.rst"),
        module_relative=False,
        optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS,
        encoding="utf-8",
    )

    assert result.attempted > 0
    assert result.failed == 0


def test_the_guide_lists_the_question_of_each_page():
    guide = ROOT / "docs" / "guide"
    index = (guide / "index.rst").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^- :doc:`(\w+)`: (.*\?)$", index, re.MULTILINE))
    questions = {
        path.stem: re.search(r"^=+\n\n\*(.*?\?)\*\n", path.read_text("utf-8"), re.M)
        for path in guide.glob("*.rst")
        if path.stem != "index"
    }

    assert listed == {page: question[1] for page, question in questions.items()}


def test_links_and_images_of_the_readme_exist():
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", README)

    assert links
    for link in links:
        assert link.startswith("https://") or (ROOT / link).exists(), link


def test_images_of_the_documentation_exist():
    for page in list_pages():
        text = page.read_text(encoding="utf-8")
        for image in re.findall(r"(?:figure|image):: ((?:\.\./)?images/\S+)", text):
            assert (page.parent / image).exists(), f"{page.name}: {image}"


def test_gallery_figures_in_the_documentation_have_an_example():
    paths = [path.relative_to(ROOT) for path in (ROOT / "examples").rglob("plot_*.py")]
    labels = {f"auto_{'_'.join(path.parts)}" for path in paths}
    images = {
        f"auto_{path.parent.as_posix()}/images/sphx_glr_{path.stem}" for path in paths
    }
    for page in list_pages():
        text = page.read_text(encoding="utf-8")
        for label in re.findall(r"`sphx_glr_(\w+\.py)`", text):
            assert label in labels, f"{page.name}: {label}"
        for image in re.findall(r"(auto_examples/\S+?)_\d{3}\.png", text):
            assert image in images, f"{page.name}: {image}"


def test_the_readme_has_the_marked_tables():
    for name in ("results", "fit-times"):
        assert re.search(rf"<!-- table: {name} -->\n.*?<!-- end -->", README, re.DOTALL)


def test_the_contributing_page_names_every_module_of_the_package():
    page = (ROOT / "docs" / "development" / "contributing.rst").read_text(
        encoding="utf-8"
    )
    modules = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if path.name != "__init__.py"
    }

    assert set(re.findall(r"``([\w/]+\.py)``", page)) == modules


FUNCTIONS = [
    sklearn_seqembed.describe,
    sklearn_seqembed.load,
    sklearn_seqembed.scan_sequences,
    sklearn_seqembed.sequences_from_long,
    datasets.average_windows,
    datasets.make_sequences,
    datasets.make_windows,
    metrics.exact_match_score,
    metrics.token_match_score,
    ray.fit,
    ray.transform,
] + [
    method
    for estimator in (
        sklearn_seqembed.LSTMSequenceEmbedder,
        sklearn_seqembed.LSTMSequencePredictor,
    )
    for name, method in inspect.getmembers(estimator, inspect.isfunction)
    if not name.startswith("_") and method.__module__.startswith("sklearn_seqembed")
]
FUNCTIONS += [
    method
    for name in displays.__all__
    for _, method in inspect.getmembers(getattr(displays, name), callable)
    if re.match("from_|plot$", method.__name__)
]


# For the parameters of the estimators, see test_parameters.py.
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__qualname__)
def test_documented_defaults_of_functions_match_the_signature(function):
    signature = inspect.signature(function).parameters
    expected = {name: p.default for name, p in signature.items() if name != "self"}
    documented = {
        name: re.search(r"default=(.*)", parameter.type)
        for parameter in FunctionDoc(function)["Parameters"]
        for name in parameter.name.split(", ")
    }

    assert list(documented) == list(expected)
    for name, default in expected.items():
        if documented[name]:
            assert ast.literal_eval(documented[name][1]) == default
        else:
            assert default in (inspect.Parameter.empty, None)


def test_the_version_is_written_once():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert sklearn_seqembed.__version__ == project["version"]
    assert version("sklearn-seqembed") == project["version"]


def test_public_names_are_listed():
    assert sklearn_seqembed.__all__ == sorted(sklearn_seqembed.__all__)
    for name in sklearn_seqembed.__all__:
        assert hasattr(sklearn_seqembed, name)


def test_torch_is_pinned():
    assert "torch==2.13.0\n" in (ROOT / "constraints.txt").read_text()


def test_pages_of_displays_list_examples_that_call_their_class_methods():
    environment = pytest.importorskip("jinja2").Environment()
    environment.filters["underline"] = str
    template = ROOT / "docs" / "_templates" / "autosummary" / "class.rst"
    page = environment.from_string(template.read_text(encoding="utf-8")).render(
        module="sklearn_seqembed",
        objname="displays.AnomalyDisplay",
        methods=["__init__", "from_estimator", "from_scores", "plot"],
    )

    (gallery,) = re.findall(r"minigallery:: (.*)\n    :add-heading:", page)
    name = "sklearn_seqembed.displays.AnomalyDisplay"
    assert gallery.split() == [name, f"{name}.from_estimator", f"{name}.from_scores"]

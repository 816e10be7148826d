"""The README, the documentation and the package metadata agree with the code."""

import doctest
import inspect
import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from numpydoc.docscrape import ClassDoc, FunctionDoc

import sklearn_seqembed
from sklearn_seqembed import datasets, metrics

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PACKAGE = ROOT / "sklearn_seqembed"


@pytest.fixture(scope="module")
def readme_blocks():
    """Code blocks of the README; each one continues the one before."""
    return re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.fixture(scope="module")
def readme_names(readme_blocks):
    """Names that the code of the README defines."""
    names = {}
    for block in readme_blocks:
        exec(compile(block, "README.md", "exec"), names)
    return names


def test_the_code_of_the_readme_prints_what_its_comments_show(readme_blocks, capsys):
    names = {}
    for block in readme_blocks:
        exec(compile(block, "README.md", "exec"), names)

    accuracy, shapes, predicted = capsys.readouterr().out.splitlines()

    assert float(accuracy) > 0.9
    assert shapes == f"{np.shape(names['X'][0])} (200, 32)"
    assert f"# {shapes}\n" in readme_blocks[0]
    assert f"# {predicted}\n" in readme_blocks[1]


def test_code_blocks_of_the_readme_have_at_most_ten_lines(readme_blocks):
    for block in readme_blocks:
        assert len([line for line in block.splitlines() if line]) <= 10


def test_the_classifier_of_the_readme_remains_usable(readme_names):
    X, y, clf = (readme_names[name] for name in ("X", "y", "clf"))

    assert clf.score(X[150:], y[150:]) > 0.9


def test_the_embedder_of_the_readme_remains_the_one_in_the_classifier(readme_names):
    X, embedder, clf = (readme_names[name] for name in ("X", "embedder", "clf"))

    np.testing.assert_array_equal(embedder.transform(X[:5]), clf[:-1].transform(X[:5]))
    assert [len(x) for x in readme_names["reconstructed"]] == [len(x) for x in X]


def test_the_predictor_of_the_readme_remains_usable(readme_names):
    predictor, words = readme_names["predictor"], readme_names["words"]

    assert predictor.predict(words) == readme_names["reversed_words"]


@pytest.mark.parametrize("page", ["user_guide", "predictor"])
def test_the_code_of_a_page_runs(page):
    result = doctest.testfile(
        str(ROOT / "docs" / f"{page}.rst"),
        module_relative=False,
        optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS,
        encoding="utf-8",
    )

    assert result.attempted > 0
    assert result.failed == 0


def test_links_and_images_of_the_readme_exist():
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", README)

    assert links
    for link in links:
        assert link.startswith("https://") or (ROOT / link).exists(), link


def test_images_of_the_documentation_exist():
    for page in (ROOT / "docs").glob("*.rst"):
        text = page.read_text(encoding="utf-8")
        for image in re.findall(r"(?:figure|image):: (images/\S+)", text):
            assert (ROOT / "docs" / image).exists(), f"{page.name}: {image}"


def test_gallery_figures_in_the_documentation_have_an_example():
    for page in (ROOT / "docs").glob("*.rst"):
        text = page.read_text(encoding="utf-8")
        for name in re.findall(
            r"sphx_glr_(?:auto_examples_)?(plot_\w+?)(?:_\d{3}\.|\.py)", text
        ):
            assert (ROOT / "examples" / f"{name}.py").exists(), f"{page.name}: {name}"


def test_the_readme_has_the_marked_tables():
    for name in ("results", "fit-times"):
        assert re.search(rf"<!-- table: {name} -->\n.*?<!-- end -->", README, re.DOTALL)


def test_the_contributing_page_names_every_module_of_the_package():
    page = (ROOT / "docs" / "contributing.rst").read_text(encoding="utf-8")
    modules = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if path.name != "__init__.py"
    }

    assert set(re.findall(r"``([\w/]+\.py)``", page)) == modules


def public_callables():
    """Public classes, their public methods, and public functions, by name."""
    estimators = (
        sklearn_seqembed.LSTMSequenceEmbedder,
        sklearn_seqembed.LSTMSequencePredictor,
    )
    for estimator in estimators:
        yield estimator.__name__, ClassDoc(estimator), estimator
        for name, method in vars(estimator).items():
            if inspect.isfunction(method) and not name.startswith("_"):
                yield f"{estimator.__name__}.{name}", FunctionDoc(method), method
    for module in (datasets, metrics):
        for name in module.__all__:
            function = getattr(module, name)
            yield name, FunctionDoc(function), function


@pytest.mark.parametrize(
    ("doc", "documented"),
    [pytest.param(doc, obj, id=name) for name, doc, obj in public_callables()],
)
def test_documented_parameters_and_defaults_are_those_of_the_signature(doc, documented):
    signature = inspect.signature(documented).parameters
    expected = {name: p.default for name, p in signature.items() if name != "self"}

    described = {
        name: parameter.type
        for parameter in doc["Parameters"]
        for name in parameter.name.split(", ")
    }

    assert list(described) == list(expected)
    for name, default in expected.items():
        found = re.search(r"default=(.*)$", described[name], re.DOTALL)
        if found:
            value = found.group(1).replace("`", "")
            assert eval(value) == default, name
        else:
            assert default in (inspect.Parameter.empty, None), name


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

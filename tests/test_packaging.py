"""Metadata of the package: dependencies, their versions, and the README."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
REQUIREMENTS = [
    Requirement(text)
    for text in PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dataframe"]
]
REPOSITORY = "https://github.com/sklearn-seqembed/sklearn-seqembed"
RAW_FILES = "https://raw.githubusercontent.com/sklearn-seqembed/sklearn-seqembed"


def read_pins(name):
    """Read a constraints file as a dictionary of names and versions."""
    lines = (ROOT / name).read_text().splitlines()
    pins = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pins}


def find_distributions(nodes, own=()):
    """Find the distributions from which the import statements among nodes import.

    `own` are modules of this repository, next to the package.
    """
    names = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(node.module.split(".")[0])
    foreign = names - sys.stdlib_module_names - {"sklearn_seqembed", *own}
    # Libraries that only benchmarks need may not be installed.
    distributions = {
        "mlflow": ["mlflow-skinny"],
        "tensorflow": ["tensorflow-cpu"],
        "umap": ["umap-learn"],
        **packages_distributions(),
    }
    return {canonicalize_name(distributions.get(n, [n])[0]) for n in foreign}


def test_every_imported_package_is_declared():
    trees = [
        ast.parse(p.read_text()) for p in (ROOT / "sklearn_seqembed").rglob("*.py")
    ]
    declared = {canonicalize_name(requirement.name) for requirement in REQUIREMENTS}

    at_import = find_distributions(node for tree in trees for node in tree.body)
    anywhere = find_distributions(node for tree in trees for node in ast.walk(tree))

    assert at_import <= declared - {"pyarrow"}
    # Functions that handle a frame may import the library that the frame comes from,
    # and those that write ONNX files, draw or use Ray the packages of their extras.
    of_extras = {
        canonicalize_name(Requirement(text).name)
        for extra in ("onnx", "plot", "ray")
        for text in PROJECT["optional-dependencies"][extra]
    }
    assert anywhere <= declared | {"pandas", "polars"} | of_extras


@pytest.mark.parametrize(
    ("folder", "extras"),
    [
        ("tests", ["test"]),
        ("examples", ["test", "docs"]),
        ("docs", ["test", "docs"]),
        ("benchmarks", ["benchmark", "quality"]),
    ],
)
def test_every_package_imported_beside_the_package_is_declared(folder, extras):
    texts = sum((PROJECT["optional-dependencies"][extra] for extra in extras), [])
    declared = {canonicalize_name(Requirement(text).name) for text in texts}
    declared |= {canonicalize_name(requirement.name) for requirement in REQUIREMENTS}
    # Installed by `make docs`, without their dependencies.
    (names,) = re.findall(r"ALONE_docs := (.+)", (ROOT / "Makefile").read_text())
    declared |= set(names.split())
    paths = list((ROOT / folder).rglob("*.py"))
    own = {"benchmarks", "docs"} | {path.stem for path in paths}

    nodes = (node for path in paths for node in ast.walk(ast.parse(path.read_text())))

    assert find_distributions(nodes, own) <= declared


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=str)
def test_a_lower_bound_is_the_oldest_tested_version(requirement):
    oldest = read_pins("constraints-oldest.txt")[canonicalize_name(requirement.name)]

    (bound,) = requirement.specifier

    assert bound.operator == ">="
    assert Version(bound.version) == Version(oldest)


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=str)
def test_a_pinned_version_is_allowed(requirement):
    pinned = read_pins("constraints.txt")[canonicalize_name(requirement.name)]

    assert requirement.specifier.contains(pinned)


def test_classifiers_name_the_oldest_python():
    (oldest,) = re.findall(r">=(3\.\d+)", PROJECT["requires-python"])
    listed = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))

    assert listed[0] == oldest


def test_links_on_a_package_index_are_absolute_and_lead_to_files():
    readme = subprocess.run(
        [sys.executable, "-m", "hatch_fancy_pypi_readme"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        encoding="utf-8",
    ).stdout

    images = re.findall(r'(?:!\[[^\]]*\]\(|src=")([^)"]+)', readme)
    links = re.findall(r'(?:(?<!!)\[[^\]]*\]\(|href=")([^)"]+)', readme)

    assert images
    assert links
    assert not [x for x in images + links if not x.startswith(("https://", "#"))]
    page, raw = f"{REPOSITORY}/blob/main/", f"{RAW_FILES}/main/"
    assert not [image for image in images if image.startswith(page)]
    own = [
        x.split(start)[1] for x in images + links for start in (page, raw) if start in x
    ]
    assert not [path for path in own if not (ROOT / path.split("#")[0]).exists()]


def test_hooks_use_the_pinned_versions():
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    hooks = [hook for repo in config["repos"] for hook in repo["hooks"]]
    pins = read_pins("constraints.txt")

    for hook in hooks:
        for requirement in hook["additional_dependencies"]:
            name, version = requirement.split("==")
            assert pins[name] == version

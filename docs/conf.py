"""Configuration of the documentation.

Building it needs no network, and its pages load nothing from other sites.
"""

import inspect
import os
import re
from importlib.metadata import version as installed_version

# Must be set before torch is imported. Small networks are slower on several threads if
# other programs use the same cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from sklearn_seqembed import (
    LSTMSequenceClassifier,
    LSTMSequenceEmbedder,
    LSTMSequencePredictor,
    LSTMSequenceRegressor,
)
from sklearn_seqembed._parameters import PARAMETER_GROUPS

project = "sklearn_seqembed"
author = "The sklearn_seqembed developers"
copyright = author
release = version = installed_version("sklearn-seqembed")

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
    "myst_parser",
]
exclude_patterns = ["_build", "auto_examples/**.ipynb", "auto_examples/**.py"]
suppress_warnings = ["config.cache"]  # sphinx-gallery's settings contain a function
default_role = "literal"

autosummary_generate = True
templates_path = ["_templates"]
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

# Folders of examples, in the order of the gallery.
GALLERY_SECTIONS = (
    "first_steps",
    "classification",
    "similarity",
    "anomalies",
    "forecasting",
    "events",
    "sequence_to_sequence",
    "tools",
)
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "subsection_order": [f"../examples/{section}" for section in GALLERY_SECTIONS],
    "filename_pattern": r"plot_",
    "ignore_pattern": r"demo\.py",
    "within_subsection_order": "FileNameSortKey",
    "backreferences_dir": None,
    "download_all_examples": False,
    "show_signature": False,
    "write_computation_times": False,  # its page would load scripts from other sites
}
html_theme = "pydata_sphinx_theme"
html_title = project
html_static_path = ["_static"]
html_css_files = ["wide.css"]
html_sidebars = {"**": []}  # the navigation bar at the top links to all pages
html_show_sourcelink = False
html_theme_options = {
    "header_links_before_dropdown": 4,
    "navbar_end": ["theme-switcher"],
    "footer_start": [],
    "footer_end": [],
    "secondary_sidebar_items": {"**": ["page-toc"], "index": []},
}

ESTIMATORS = (
    LSTMSequenceClassifier,
    LSTMSequenceEmbedder,
    LSTMSequencePredictor,
    LSTMSequenceRegressor,
)


def remove_foreign_labels(app, what, name, obj, options, lines):
    """Remove references to scikit-learn's pages from the methods inherited from it.

    They cannot be resolved without its inventory, which would have to be downloaded.
    """
    if (getattr(obj, "__module__", None) or "").startswith("sklearn."):
        role = r":(?:ref|term):`([^`<]*?)\s*(<[^`]*>)?`"
        text = re.sub(role, r"\1", "\n".join(lines))
        lines[:] = text.split("\n")


def group_parameters(app, what, name, obj, options, lines):
    """Insert a heading before the first parameter of each group of an estimator.

    The parameters of a signature are in the order of the groups.
    """
    if obj not in ESTIMATORS:
        return
    parameters = inspect.signature(obj).parameters
    for group, names in PARAMETER_GROUPS.items():
        first = next(name for name in names if name in parameters)
        # As numpydoc writes it, indented within the list of parameters.
        line = next(x for x in lines if x.lstrip().startswith(f"**{first}** :"))
        indent = line[: len(line) - len(line.lstrip())]
        heading = [f".. rubric:: {group}", "    :class: parameter-group"]
        i = lines.index(line)
        lines[i:i] = ["", *(indent + text for text in heading), ""]


def setup(app):
    """Register the hooks, one to run before that of numpydoc and one after it."""
    app.connect("autodoc-process-docstring", remove_foreign_labels, priority=100)
    app.connect("autodoc-process-docstring", group_parameters, priority=900)

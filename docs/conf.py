"""How the pages are built. Nothing is fetched, and no page loads anything from afar."""

import os
import re
from importlib.metadata import version as installed_version

# Before torch is imported: examples that share a machine share its cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")

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
exclude_patterns = ["_build", "auto_examples/*.ipynb", "auto_examples/*.py"]
suppress_warnings = ["config.cache"]  # sphinx-gallery's settings hold a function
default_role = "literal"

autosummary_generate = True
templates_path = ["_templates"]
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"plot_",
    "ignore_pattern": r"demo\.py",
    "within_subsection_order": "FileNameSortKey",
    "backreferences_dir": None,
    "download_all_examples": False,
    "show_signature": False,
    "write_computation_times": False,  # that page would load scripts from afar
}
html_theme = "pydata_sphinx_theme"
html_title = f"{project} {release}"
html_static_path = ["_static"]
html_css_files = ["wide.css"]
html_sidebars = {"**": []}  # few pages: the bar at the top leads to all of them
html_show_sourcelink = False
html_theme_options = {
    "navbar_end": ["theme-switcher"],
    "footer_start": [],
    "footer_end": [],
    "secondary_sidebar_items": {"**": ["page-toc"], "index": []},
}


def make_foreign_references_plain(app, what, name, obj, options, lines):
    """Take labels of scikit-learn's pages out of the methods that it lends us.

    They lead nowhere without its inventory, which would have to be fetched.
    """
    if (getattr(obj, "__module__", None) or "").startswith("sklearn."):
        text = re.sub(r":ref:`([^`<]*?)\s*(<[^`]*>)?`", r"\1", "\n".join(lines))
        lines[:] = text.split("\n")


def setup(app):
    """Register the hook."""
    # Before numpydoc's own hook reads the lines.
    app.connect(
        "autodoc-process-docstring", make_foreign_references_plain, priority=100
    )

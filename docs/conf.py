"""Configuration of the documentation.

Building it needs no network, and its pages load nothing from other sites.
"""

import os
import sys
from importlib.metadata import version as installed_version
from pathlib import Path

# Must be set before torch is imported. Small networks are slower on several threads if
# other programs use the same cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
sys.path.insert(0, str(Path(__file__).parent.parent))

# The gallery looks up each name that an example imports, this one's among them.
from sklearn.experimental import enable_halving_search_cv  # noqa: F401

from docs.extensions.thumbnails import scrape_figures
from docs.inventories.write_inventories import PROJECTS

project = "sklearn_seqembed"
author = "The sklearn_seqembed developers"
copyright = author
release = version = installed_version("sklearn-seqembed")

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.viewcode",
    "numpydoc",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "myst_parser",
    "docs.extensions.charts",
    "docs.extensions.class_pages",
    "docs.extensions.first_figures",
    "docs.extensions.thumbnails",
]
exclude_patterns = ["_build", "auto_examples/**.ipynb", "auto_examples/**.py"]
suppress_warnings = ["config.cache"]  # sphinx-gallery's settings contain a function
default_role = "literal"
nitpicky = True  # a reference to an object that no inventory has is an error
# numpydoc refers to attributes that are properties, which have no entries of their own.
nitpick_ignore_regex = [("py:obj", r"\w+_")]

# Quotation marks in signatures and types are Python's.
smartquotes = False

autosummary_generate = True
templates_path = ["_templates"]
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

# Inventories are kept in the repository, because complete ones are downloaded.
intersphinx_mapping = {
    name: (entry["address"], f"inventories/{name}.inv")
    for name, entry in PROJECTS.items()
}

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
    "image_scrapers": (scrape_figures,),
    "backreferences_dir": "generated/examples",
    "doc_module": ("sklearn_seqembed",),
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_signature": False,
    "write_computation_times": False,  # its page would load scripts from other sites
}
html_theme = "pydata_sphinx_theme"
html_title = project
html_static_path = ["_static"]
html_css_files = ["wide.css"]
html_search_scorer = str(Path(__file__).parent / "search_scores.js")
# The bar at the top links to these pages; they have no pages below them.
html_sidebars = {page: [] for page in ("index", "install", "how_do_i", "search")}
html_show_sourcelink = False
html_theme_options = {
    "header_links_before_dropdown": 6,
    "navbar_end": ["theme-switcher"],
    "footer_start": [],
    "footer_end": [],
    "show_nav_level": 1,
    "show_toc_level": 2,
    "secondary_sidebar_items": {"**": ["page-toc"], "index": []},
}

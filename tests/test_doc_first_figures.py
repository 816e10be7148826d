"""Pages of the gallery show their main figure first."""

import types

import pytest

from docs.extensions.first_figures import show_figure_first

PAGE = """
A title
=======

An introduction.

.. GENERATED FROM PYTHON SOURCE LINES 5-9

The data
--------

.. image-sg:: /auto_examples/tools/images/sphx_glr_plot_x_001.png
   :alt: Losses
   :srcset: /auto_examples/tools/images/sphx_glr_plot_x_001.png

.. image-sg:: /auto_examples/tools/images/sphx_glr_plot_x_002.png
   :alt: Two maps
   :srcset: /auto_examples/tools/images/sphx_glr_plot_x_002.png
"""


def show(folder, script, page=PAGE, docname="auto_examples/tools/plot_x"):
    path = folder / f"{docname}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(script)
    source = [page]
    show_figure_first(types.SimpleNamespace(srcdir=folder), docname, source)
    return source[0]


@pytest.mark.parametrize(
    ("script", "number", "alt"),
    [("x = 1", 1, "Losses"), ("# sphinx_gallery_thumbnail_number = 2", 2, "Two maps")],
)
def test_the_figure_of_the_thumbnail_is_first(tmp_path, script, number, alt):
    page = show(tmp_path, script)

    before, _, rest = page.partition(".. image:: ")
    assert before.endswith("An introduction.\n\n")
    lines = rest.splitlines()
    assert lines[0] == f"/auto_examples/tools/images/sphx_glr_plot_x_00{number}.png"
    assert lines[1] == f"    :alt: {alt}"
    assert page.count(".. GENERATED") == 1


def test_pages_without_figures_are_left_as_they_are(tmp_path):
    page = PAGE.replace("image-sg", "code")

    assert show(tmp_path, "x = 1", page) == page
    assert show(tmp_path, "x = 1", PAGE, "guide/plots") == PAGE

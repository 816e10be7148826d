"""Hook that shows the main figure of a gallery page before its code."""

import pathlib
import re

from docs.extensions.thumbnails import NUMBER


def show_figure_first(app, docname, source):
    """Insert the figure of the thumbnail after the introduction of a gallery page.

    Parameters
    ----------
    app : Sphinx
        The application.
    docname : str
        Path of the page, without its extension.
    source : list of str
        The text of the page, which is changed in place.
    """
    folder, _, name = docname.rpartition("/")
    if not docname.startswith("auto_examples/") or not name.startswith("plot_"):
        return
    script = pathlib.Path(app.srcdir, f"{docname}.py").read_text(encoding="utf-8")
    found = NUMBER.search(script)
    number = int(found[1]) if found else 1
    path = f"/{folder}/images/sphx_glr_{name}_{number:03}.png"
    shown = re.search(rf"image-sg:: {re.escape(path)}\n +:alt: (.*)\n", source[0])
    if shown is None:  # the example was not run
        return
    title = source[0].index("\n====")
    code = source[0].index(".. GENERATED FROM PYTHON SOURCE LINES", title)
    figure = f".. image:: {path}\n    :alt: {shown[1]}\n    :class: first-figure\n\n"
    source[0] = source[0][:code] + figure + source[0][code:]


def setup(app):
    """Register the hook."""
    app.connect("source-read", show_figure_first)
    return {"parallel_read_safe": True}

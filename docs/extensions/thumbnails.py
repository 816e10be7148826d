"""Thumbnails of the gallery: one panel of a figure, drawn at the size of a thumbnail.

Whole figures with several panels would be illegible at this size.
"""

import itertools
import pathlib
import pickle
import re
import textwrap

from matplotlib import dates
from matplotlib import pyplot as plt
from matplotlib.text import Annotation

from docs.extensions.alt_texts import describe_figure, replace_alt_texts
from sklearn_seqembed._displays.times import make_date_axis

SIZE = 3.1, 2.2  # inches
DPI = 180
TITLE_WIDTH = 25  # characters

# Panel of the figure, counted from 0, where it is not the first one. The figure is the
# first one, or that of the comment `sphinx_gallery_thumbnail_number = N`.
PANELS = {"plot_coming_from_keras": 1, "plot_first_embedding": 1}
# Widening axes moves texts, so it is repeated.
N_WIDENINGS = 4
MARGIN = 3  # pixels around texts
NUMBER = re.compile(r"sphinx_gallery_thumbnail_number\s*=\s*(\d+)")


def scrape_figures(block, block_vars, gallery_conf, **kwargs):
    """Save the figures of a block of code, and draw the thumbnail from one of them.

    The alternative texts describe the panels, not only their titles.
    """
    # Here, because the tests of thumbnails run without sphinx-gallery.
    from sphinx_gallery.scrapers import matplotlib_scraper

    source = pathlib.Path(block_vars["src_file"])
    found = NUMBER.search(source.read_text(encoding="utf-8"))
    figure_number = int(found[1]) if found else 1
    next_number = len(block_vars["image_path_iterator"]) + 1
    for number, shown in enumerate(plt.get_fignums(), next_number):
        if number == figure_number:
            folder = pathlib.Path(block_vars["target_file"]).parent / "images" / "thumb"
            folder.mkdir(parents=True, exist_ok=True)
            panel = PANELS.get(source.stem, 0)
            draw_panel(plt.figure(shown), panel, folder / f"panel_{source.stem}.png")
    texts = [describe_figure(plt.figure(shown)) for shown in plt.get_fignums()]
    rst = matplotlib_scraper(block, block_vars, gallery_conf, **kwargs)
    return replace_alt_texts(rst, texts)


def draw_panel(figure, panel, path):
    """Draw one panel of a figure alone and save it."""
    figure = pickle.loads(pickle.dumps(figure))  # the figure itself is not changed
    panels = [ax for ax in figure.axes if ax.axison and ax.get_subplotspec()]
    kept = panels[panel]
    for ax in figure.axes:
        if ax is not kept:
            ax.remove()
    # A title of the figure may be wider than the panel.
    figure.suptitle(textwrap.fill(kept.get_title(), TITLE_WIDTH), size="large")
    figure.supxlabel("")
    figure.supylabel("")
    for legend in filter(None, (*figure.legends, kept.get_legend())):
        legend.remove()
    kept.set(xlabel="", ylabel="", title="")
    # sphinx-gallery loads `dates` anew before each example, and so its classes.
    if isinstance(kept.xaxis.get_major_locator(), dates.AutoDateLocator):
        locator, formatter = make_date_axis(minticks=2, maxticks=6)
        kept.xaxis.set_major_locator(locator)
        kept.xaxis.set_major_formatter(formatter)
        kept.tick_params(axis="x", labelrotation=0, labelbottom=True)
    figure.set_size_inches(SIZE)
    figure.set_layout_engine("constrained")
    kept.set_subplotspec(figure.add_gridspec(1, 1)[0])
    _fit_texts(kept)
    figure.savefig(path, dpi=DPI)
    plt.close(figure)


def _fit_texts(ax):
    """Widen axes until all texts are inside, or remove the texts if some overlap.

    Texts are as large as in the figure, so they take more room here.
    """
    texts = [text for text in ax.texts if _is_at_data(ax, text)]
    if not texts:
        return
    ax.figure.draw_without_rendering()
    boxes = [text.get_window_extent().padded(MARGIN) for text in texts]
    if any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2)):
        for text in texts:
            text.remove()
        return
    for _ in range(N_WIDENINGS):
        ax.figure.draw_without_rendering()
        boxes = [
            text.get_window_extent().padded(MARGIN).transformed(ax.transAxes.inverted())
            for text in texts
        ]
        left = max(0.0, -min(box.x0 for box in boxes))
        right = max(0.0, max(box.x1 for box in boxes) - 1)
        low, high = ax.get_xlim()
        ax.set_xlim(low - left * (high - low), high + right * (high - low))


def _is_at_data(ax, text):
    """Return whether the position of a text is in data coordinates."""
    if isinstance(text, Annotation):
        return text.xycoords == "data"
    return text.get_transform() == ax.transData


def use_panels(app):
    """Replace the thumbnails of the gallery by panels, where there are any."""
    for panel in pathlib.Path(app.srcdir).glob("auto_examples/*/images/thumb/panel_*"):
        name = panel.stem.removeprefix("panel_")
        panel.with_name(f"sphx_glr_{name}_thumb.png").write_bytes(panel.read_bytes())


def setup(app):
    """Register the hook, to run after the gallery is written."""
    app.connect("builder-inited", use_panels, priority=900)
    return {"parallel_read_safe": True}

"""Hook that draws the charts of the documentation when it is built."""

from pathlib import Path

from docs.figures.charts import save_charts


def draw_charts(app):
    """Save the charts where the pages expect them."""
    save_charts(Path(app.srcdir) / "generated" / "charts")


def setup(app):
    """Register the hook."""
    app.connect("builder-inited", draw_charts)
    return {"parallel_read_safe": True}

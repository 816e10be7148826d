"""Thumbnails of the gallery show one panel."""

import pathlib
import subprocess
import sys

import matplotlib.pyplot as plt
import pytest
from matplotlib.figure import Figure

from docs.extensions import thumbnails


def test_a_thumbnail_is_one_panel_at_a_fixed_size(tmp_path):
    figure, axes = plt.subplots(2, 2, figsize=(9, 7))
    for ax, color in zip(axes.flat, ("red", "lime", "blue", "black"), strict=True):
        ax.set_facecolor(color)
    figure.suptitle("Four panels")

    thumbnails.draw_panel(figure, 2, tmp_path / "panel.png")

    image = plt.imread(tmp_path / "panel.png")
    width, height = (round(size * thumbnails.DPI) for size in thumbnails.SIZE)
    assert image.shape[:2] == (height, width)
    filled = {tuple(color) for color in image[::10, ::10, :3].reshape(-1, 3)}
    assert (0, 0, 1) in filled
    assert not filled & {(1, 0, 0), (0, 1, 0)}
    plt.close(figure)


def test_the_figure_of_a_thumbnail_is_not_changed(tmp_path):
    figure, (left, right) = plt.subplots(1, 2)
    left.plot([1, 2], label="line")
    left.legend()

    thumbnails.draw_panel(figure, 0, tmp_path / "panel.png")

    assert figure.axes == [left, right]
    assert left.get_legend() is not None
    plt.close(figure)


@pytest.fixture
def saved(monkeypatch):
    """Record figures when they are saved."""
    figures = []
    save = Figure.savefig

    def record(self, *args, **kwargs):
        save(self, *args, **kwargs)
        figures.append(self)

    monkeypatch.setattr(Figure, "savefig", record)
    return figures


def test_labels_of_bars_are_inside_and_the_title_is_not_cut_off(tmp_path, saved):
    figure, ax = plt.subplots(figsize=(9, 4))
    bars = ax.barh(["a", "the label of a wide row"], [0.5, 1])
    ax.bar_label(bars, ["50 percent", "all of them"], padding=3)
    ax.set(xlim=(0, 1.3), title="A title that is wider than the panel")

    thumbnails.draw_panel(figure, 0, tmp_path / "panel.png")

    (thumbnail,) = saved
    thumbnail.draw_without_rendering()
    frame = thumbnail.axes[0].get_window_extent()
    for text in thumbnail.axes[0].texts:
        assert text.get_window_extent().x1 < frame.x1
    title = thumbnail._suptitle.get_window_extent()
    assert title.x0 >= 0
    assert title.x1 <= thumbnail.bbox.x1
    plt.close(figure)


def test_texts_that_would_overlap_are_left_out(tmp_path, saved):
    figure, ax = plt.subplots(figsize=(9, 4))
    for x in (0.5, 0.6):
        ax.annotate("a long name", (x, 0.5))

    thumbnails.draw_panel(figure, 0, tmp_path / "panel.png")

    assert not saved[0].axes[0].texts
    assert len(ax.texts) == 2
    plt.close(figure)


def test_dates_are_short_although_the_gallery_loads_matplotlib_anew(tmp_path):
    program = """
import importlib, sys
import matplotlib
matplotlib.use("Agg")
import numpy as np
from matplotlib import dates, pyplot as plt
from docs.extensions import thumbnails

importlib.reload(matplotlib.units)
importlib.reload(dates)
figure, ax = plt.subplots(figsize=(8, 4))
ax.plot(np.arange("1997-01", "1998-08", dtype="M8[M]"), range(19))
save = matplotlib.figure.Figure.savefig

def spy(self, *args, **kwargs):
    save(self, *args, **kwargs)
    print([label.get_text() for label in self.axes[0].get_xticklabels()])

matplotlib.figure.Figure.savefig = spy
thumbnails.draw_panel(figure, 0, sys.argv[1])
"""
    root = pathlib.Path(__file__).parent.parent
    found = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "panel.png")],
        capture_output=True,
        text=True,
        check=True,
        cwd=root,
    )

    assert found.stdout.split() == "['1997', 'May', 'Sep', '1998', 'May']".split()

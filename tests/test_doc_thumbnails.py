"""Thumbnails of the gallery show one panel."""

import matplotlib.pyplot as plt

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

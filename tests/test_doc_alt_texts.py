"""Alternative texts of figures in the gallery say what the panels show."""

import matplotlib.pyplot as plt

from docs.extensions.alt_texts import describe_figure, replace_alt_texts


def test_the_text_of_a_figure_names_titles_axes_and_lines():
    figure, (left, right) = plt.subplots(1, 2)
    left.plot([1, 2], label="truth")
    left.plot([2, 1], label="forecast")
    left.set(title="Two days", xlabel="hour", ylabel="load\n(MW)")
    left.legend()
    right.barh(["PCA", "LSTM"], [0.5, 0.7])
    right.set(title="Error $x$")
    figure.colorbar(plt.cm.ScalarMappable(), ax=right, label="unused")

    text = describe_figure(figure)
    plt.close(figure)

    assert text.startswith(
        "Two days; horizontal axis: hour; vertical axis: load (MW); "
        "legend: truth, forecast. Error x; vertical axis: PCA, LSTM"
    )
    assert "\n" not in text


def test_labels_and_legends_of_the_figure_are_named_once():
    figure, axes = plt.subplots(2, 1)
    for ax in axes:
        ax.plot([1, 2], label="series")
    figure.suptitle("Both")
    figure.supxlabel("day")
    figure.legend(handles=axes[0].lines)

    text = describe_figure(figure)
    plt.close(figure)

    assert text == "Both. horizontal axis: day. legend: series"


def test_texts_replace_those_of_the_scraper_in_order():
    rst = ".. image-sg:: /a.png\n   :alt: One\n   :class: x\n\n   :alt: \n   :b: c\n"

    replaced = replace_alt_texts(rst, ["first", "second"])

    assert ":alt: first\n   :class: x" in replaced
    assert ":alt: second\n   :b: c" in replaced

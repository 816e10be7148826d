"""Alternative texts of figures in the gallery: what their panels show."""

import re

MAX_CATEGORIES = 8


def describe_figure(figure):
    """Return the titles, axes and legends of a figure in one line.

    Parameters
    ----------
    figure : matplotlib Figure
        A figure of an example.

    Returns
    -------
    str
        A text without line breaks.
    """
    panels = [ax for ax in figure.axes if ax.axison and ax.get_subplotspec()]
    parts = [figure.get_suptitle(), *map(_describe_panel, panels)]
    shared = [
        f"{axis} axis: {label}"
        for axis, label in (
            ("horizontal", figure.get_supxlabel()),
            ("vertical", figure.get_supylabel()),
        )
        if label
    ]
    parts += [*shared, *map(_describe_legend, figure.legends)]
    return _join(dict.fromkeys(filter(None, parts)), ". ")


def replace_alt_texts(rst, texts):
    """Replace the alternative texts in the output of a scraper, in order."""
    texts = iter(texts)
    return re.sub(r"(?<=:alt: ).*", lambda _: next(texts), rst)


def _describe_panel(ax):
    titles = [ax.get_title(loc) for loc in ("left", "center", "right")]
    parts = [_join(filter(None, titles), ", ")]
    for name, axis in (("horizontal", ax.xaxis), ("vertical", ax.yaxis)):
        label, categories = axis.get_label_text(), _list_categories(axis)
        if label or categories:
            parts.append(f"{name} axis: {label or ', '.join(categories)}")
    if ax.get_legend() is not None:
        parts.append(_describe_legend(ax.get_legend()))
    return _join(filter(None, parts), "; ")


def _list_categories(axis):
    """List the labels of ticks that are words, such as those of bars."""
    labels = [label.get_text() for label in axis.get_ticklabels()]
    words = [label for label in labels if re.search("[A-Za-z]{2}", label)]
    return words if len(words) == len(labels) <= MAX_CATEGORIES else []


def _describe_legend(legend):
    labels = [text.get_text() for text in legend.get_texts()]
    return f"legend: {', '.join(labels)}" if labels else ""


def _join(parts, separator):
    """Join texts in one line, without the dollar signs of formulas."""
    return re.sub(r"\s+", " ", separator.join(parts)).replace("$", "").strip()

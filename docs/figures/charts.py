"""Charts of recorded results and of tables in the documentation.

They are drawn when the documentation is built, so they always show the figures of
`benchmarks/results` and of the tables on the same page.
"""

import json
import pathlib
import re
import textwrap

import matplotlib
from matplotlib.figure import Figure

ROOT = pathlib.Path(__file__).parents[2]
OURS, THEIRS, PUBLISHED = "#0072B2", "#7F7F7F", "#D55E00"
MARKERS = "os^D"
COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7"]

# Name and color of the contenders of the start page, by their name in the results.
CONTENDERS = {
    "ours": ("LSTMSequenceEmbedder", OURS),
    "untrained": ("the same, untrained", OURS),
    "MiniRocket": ("MiniRocket", THEIRS),
    "TS2Vec, p.": ("TS2Vec (published)", PUBLISHED),
    "PCA": ("PCA", THEIRS),
    "catch22": ("catch22", THEIRS),
    "textbook": ("textbook LSTM autoencoder", THEIRS),
}

# Charts of tables in the recipe: label of the table, columns, and names of the axes.
TABLES = {
    "reservoir": ("reservoir_table", (1, 2), "Accuracy of an SVM"),
    "random_features": ("features_table", (1, 2), "Accuracy"),
    "ratio": ("ratio_table", (3, 4), "Accuracy of an SVM"),
}


def read_accuracies(results):
    """Return names, accuracies on univariate sets, and numbers of sets.

    Parameters
    ----------
    results : dict
        Content of `benchmarks/results/classification.json`.

    Returns
    -------
    accuracies : dict of str to (float, int)
        Mean accuracy of an SVM, and the number of sets, by contender.
    """
    means, counts = results["tables"]["quality-svm-univariate"]["rows"][-2:]
    return {name: (means[name], int(counts[name])) for name in CONTENDERS}


def read_seconds(results):
    """Return the seconds to fit all sets, by contender, if they were measured."""
    seconds = {}
    for row in results["tables"]["quality-means"]["rows"]:
        seconds[row["contender"]] = seconds.get(row["contender"], 0) + row["fit, s"]
    return {name: seconds[name] for name in CONTENDERS if name in seconds}


def draw_accuracies(results):
    """Draw the accuracies of all contenders, with one row for each."""
    accuracies = read_accuracies(results)
    most = max(count for _, count in accuracies.values())
    labels = {
        name: f"{value:.3f}" + (f" ({count} sets)" if count < most else "")
        for name, (value, count) in accuracies.items()
    }
    values = {name: value for name, (value, _) in accuracies.items()}
    figure, ax = _draw_dots(values, labels)
    figure.suptitle(f"Accuracy of an SVM, {most} univariate sets")
    ax.set(xlim=(0.7, 1.02), xlabel=_describe_run(results))
    return figure


def draw_seconds(results):
    """Draw the seconds to fit all contenders, with one row for each."""
    seconds = read_seconds(results)
    labels = {name: f"{max(1, value):,.0f} s" for name, value in seconds.items()}
    figure, ax = _draw_dots(seconds, labels)
    figure.suptitle("Seconds to fit all sets")
    ax.set(xscale="log", xlim=(0.6, 100_000), xlabel=_describe_run(results))
    return figure


def _describe_run(results):
    """Name the date of the run, which some contenders were not part of."""
    return f"Run of {results['date']}; see below for gray points"


def _draw_dots(values, labels):
    """Draw one dot for each contender, the largest value above."""
    figure = Figure(figsize=(5.2, 3), layout="constrained")
    ax = figure.subplots()
    for row, (name, value) in enumerate(values.items()):
        color = CONTENDERS[name][1]
        ax.plot(value, row, "o", color=color, markersize=9)
        ax.annotate(
            labels[name],
            (value, row),
            xytext=(9, 0),
            textcoords="offset points",
            va="center",
            color=color,
        )
    ax.set_yticks(range(len(values)), [CONTENDERS[name][0] for name in values])
    _clean(ax)
    ax.invert_yaxis()
    return figure, ax


def _clean(ax):
    """Leave only a light grid along the rows."""
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="y", color="0.9")
    ax.set_axisbelow(True)


def read_table(text, label):
    """Return the rows of a list table in reStructuredText, the heading first.

    Parameters
    ----------
    text : str
        Text of a page.
    label : str
        Label in the line above the table.

    Returns
    -------
    rows : list of list of str
        Texts of the cells, without markup.
    """
    found = re.search(
        rf"^\.\. _{label}:\n\n\.\. list-table::\n(.*?)^\S", text, re.M | re.S
    )
    if not found:
        raise ValueError(f"There is no table with the label {label!r}.")
    rows = []
    for row in re.split(r"^    \* ", found[1], flags=re.M)[1:]:
        cells = re.split(r"^(?:      )?- ?", row, flags=re.M)[1:]
        rows.append([" ".join(cell.split()).strip("*") for cell in cells])
    return rows


def draw_rows(rows, columns, xlabel):
    """Draw one row per variant of a table, and one dot for each of some columns."""
    heading, *rows = rows
    rows = [row for row in rows if any(_to_number(row[i]) is not None for i in columns)]
    names = [textwrap.fill(row[0].strip("* "), 48) for row in rows]
    n_lines = sum(name.count("\n") + 1 for name in names)
    figure = Figure(figsize=(7.4, 0.24 * n_lines + 1.2), layout="constrained")
    ax = figure.subplots()
    for column, color, marker in zip(columns, COLORS, MARKERS, strict=False):
        points = [
            (_to_number(row[column]), i)
            for i, row in enumerate(rows)
            if _to_number(row[column]) is not None
        ]
        ax.plot(
            *zip(*points, strict=True),
            marker,
            color=color,
            markersize=7,
            label=heading[column],
        )
    ax.set_yticks(range(len(rows)), names)
    for label, row in zip(ax.get_yticklabels(), rows, strict=True):
        if "kept" in row[0]:
            label.set_fontweight("bold")
    ax.set_xlabel(xlabel)
    _clean(ax)
    ax.invert_yaxis()
    if len(columns) > 1:
        figure.legend(loc="outside upper right", ncols=len(columns), frameon=False)
    return figure


def _to_number(text):
    """Return the number in a cell, or None."""
    try:
        return float(text)
    except ValueError:
        return None


def save_charts(folder):
    """Draw all charts as SVG files.

    Parameters
    ----------
    folder : pathlib.Path
        Folder, which is created.
    """
    folder.mkdir(parents=True, exist_ok=True)
    results = json.loads(
        (ROOT / "benchmarks/results/classification.json").read_text(encoding="utf-8")
    )
    recipe = (ROOT / "docs/development/recipe.rst").read_text(encoding="utf-8")
    with matplotlib.rc_context({"svg.hashsalt": "charts", "font.size": 10}):
        figures = {
            "accuracy": draw_accuracies(results),
            "seconds": draw_seconds(results),
        }
        for name, (label, columns, xlabel) in TABLES.items():
            figures[name] = draw_rows(read_table(recipe, label), columns, xlabel)
        for name, figure in figures.items():
            figure.savefig(folder / f"{name}.svg", metadata={"Date": None})

"""The charts of the documentation show the recorded results."""

import json
from pathlib import Path

import pytest

from docs.figures import charts

ROOT = Path(__file__).parent.parent
RESULTS = json.loads(
    (ROOT / "benchmarks/results/classification.json").read_text(encoding="utf-8")
)
RECIPE = (ROOT / "docs/development/recipe.rst").read_text(encoding="utf-8")


def read_labels(figure):
    """Return the texts next to the dots of a chart."""
    return [text.get_text() for text in figure.axes[0].texts]


def test_accuracies_are_those_of_the_table_on_the_start_page():
    index = (ROOT / "docs/index.rst").read_text(encoding="utf-8")
    labels = read_labels(charts.draw_accuracies(RESULTS))

    shown = dict(zip(charts.CONTENDERS, labels, strict=True))
    for name in ("ours", "untrained", "MiniRocket", "PCA"):
        assert f"      - {shown[name]}\n" in index


def test_seconds_are_sums_over_all_sets():
    rows = RESULTS["tables"]["quality-means"]["rows"]
    expected = sum(row["fit, s"] for row in rows if row["contender"] == "ours")

    assert read_labels(charts.draw_seconds(RESULTS))[0] == f"{expected:,.0f} s"


def test_contenders_without_measured_seconds_are_published_ones():
    missing = charts.CONTENDERS.keys() - charts.read_seconds(RESULTS).keys()

    assert missing == {name for name in charts.CONTENDERS if name.endswith(", p.")}
    for name in missing:
        assert "published" in charts.CONTENDERS[name][0]


def test_a_chart_has_a_dot_for_each_number_of_its_table():
    rows = charts.read_table(RECIPE, "ratio_table")

    first, second = charts.draw_rows(rows, (3, 4), "Accuracy").axes[0].lines

    assert first.get_xdata().tolist() == [float(row[3]) for row in rows[1:]]
    assert second.get_xdata().tolist() == [float(row[4]) for row in rows[1:]]


def test_rows_without_numbers_are_not_drawn():
    rows = [["", "a"], ["first (kept)", ".5"], ["second", "–"]]

    ax = charts.draw_rows(rows, (1,), "Accuracy").axes[0]

    assert [label.get_text() for label in ax.get_yticklabels()] == ["first (kept)"]


def test_an_unknown_table_is_an_error():
    with pytest.raises(ValueError, match="no table with the label 'unknown'"):
        charts.read_table(RECIPE, "unknown")


def test_charts_of_all_tables_are_saved(tmp_path):
    charts.save_charts(tmp_path / "charts")

    names = {path.stem for path in (tmp_path / "charts").glob("*.svg")}
    assert names == {"accuracy", "seconds", *charts.TABLES}
    used = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "docs").rglob("*.rst")
    )
    for name in names:
        assert f"generated/charts/{name}.svg" in used

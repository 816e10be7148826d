"""The runner of the benchmarks, its tables, and the tables of the documentation."""

import json
import os
import pathlib
import time
import types

import pytest

from benchmarks import __main__ as command
from benchmarks import formatting, runner, tables, timing
from benchmarks.workers import Worker


@pytest.fixture
def program():
    """Return a program with all shared options."""

    def add_arguments(parser):
        runner.add_seeds(parser)
        runner.add_parameters(parser)
        parser.add_argument("--include", type=pathlib.Path)

    def run(options):
        columns = {"seed": "d", "lr": ".1f"}
        rows = [{"seed": seed} | options.parameters for seed in options.seeds]
        return {
            "tables": {"a": formatting.make_table("Title", columns, rows)},
            "targets": [runner.judge("fast", "at least 1", "2", True)],
        }

    return types.SimpleNamespace(
        __name__="benchmarks.program",
        __doc__="A question.",
        add_arguments=add_arguments,
        run=run,
    )


def test_options_have_seeds_and_parameters(program):
    arguments = ["--seeds", "3", "--set", "cell=gru", "lr=0.002", "--quick"]

    options = runner.parse_options(program, arguments)

    assert options.parameters == {"cell": "gru", "lr": 0.002}
    assert options.seeds == [3]
    assert options.json.name == "program-quick.json"
    assert runner.parse_options(program, []).seeds == [0, 1, 2]


def test_run_prints_tables_and_writes_json(program, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(runner.importlib, "import_module", lambda *args: program)
    path = tmp_path / "folder" / "results.json"
    arguments = ["--seeds", "7", "--set", "lr=0.25", "--note", "busy"]
    arguments += ["--include", str(tmp_path / "earlier.json")]

    runner.run_program("speed.program", [*arguments, "--json", str(path)])

    printed = capsys.readouterr().out
    assert "|    7 | 0.2 |" in printed
    assert "| fast     | at least 1 | 2      | yes |" in printed
    written = json.loads(path.read_text())
    assert written["program"] == "speed.program"
    assert written["note"] == "busy"
    assert written["options"]["seeds"] == [7]
    assert written["options"]["include"] == "earlier.json"  # no path of this machine
    assert written["tables"]["a"]["rows"] == [{"seed": 7, "lr": 0.25}]
    assert "scikit-learn" in written["versions"]


def test_every_listed_program_exists():
    for listed in command.PROGRAMS:
        path = tables.ROOT / "benchmarks" / f"{listed.module.replace('.', '/')}.py"
        assert "def run(options):" in path.read_text(), listed.module


def test_cells_are_numbers_text_pairs_or_missing():
    columns = {"name": "", "figure": ".2f"}
    rows = [
        {"name": "a", "figure": 0.123},
        {"name": "b", "figure": [0.5, 0.25]},
        {"name": "c"},
    ]
    table = formatting.make_table("Title", columns, rows)

    assert formatting.to_markdown(table).splitlines() == [
        "| name | figure |",
        "| --- | --: |",
        "| a | 0.12 |",
        "| b | 0.50 ± 0.25 |",
        "| c | – |",
    ]
    assert formatting.to_rst(table).splitlines()[3:7] == [
        "    * - name",
        "      - figure",
        "    * - a",
        "      - 0.12",
    ]


def test_results_are_averaged_over_seeds():
    results = [
        {"contender": "ours", "seed": 0, "score": 1.0},
        {"contender": "ours", "seed": 1, "score": 3.0},
        {"contender": "other", "score": 5.0},
    ]

    rows = formatting.average_seeds(results, ["score", "seconds"])

    assert rows == [
        {"contender": "ours", "score": [2.0, pytest.approx(2**0.5)]},
        {"contender": "other", "score": 5.0},
    ]


def test_median_and_lowest_ratio_are_judged():
    good = runner.judge_ratios("ratio", {"a": 1.0, "b": 2.0, "c": 4.0}, 2)
    low = runner.judge_ratios("ratio", {"a": 0.9, "b": 2.0, "c": 4.0}, 2)

    assert good["result"] == "median 2.00, lowest 1.00 (a)"
    assert (good["met"], low["met"]) == ("yes", "no")


def test_contenders_take_turns():
    calls = []
    contenders = {name: lambda name=name: calls.append(name) or 2.0 for name in "ab"}

    figures = timing.take_turns(contenders, 2)

    assert calls == ["a", "b", "a", "b"]
    assert figures == {"a": [2.0, 2.0], "b": [2.0, 2.0]}
    assert timing.median_ratio([2.0, 9.0, 4.0], [1.0, 3.0, 1.0]) == 3.0


def test_worker_has_its_threads_and_reports_errors():
    before = dict(os.environ)
    with Worker("timing", n_threads=1) as worker:
        assert worker.call("median_ratio", numerators=[2.0], denominators=[1.0]) == 2.0
        with pytest.raises(ZeroDivisionError):
            worker.call("median_ratio", numerators=[2.0], denominators=[0.0])
    assert dict(os.environ) == before


def test_worker_that_dies_is_reported_and_replaced():
    with Worker("timing") as worker:
        with pytest.raises(RuntimeError, match=r"(?s)died in timed.*Last words"):
            worker.call("timed", function=die)
        assert worker.call("median_ratio", numerators=[2.0], denominators=[1.0]) == 2.0


def die():
    """End the process without a Python exception."""
    print("Last words", flush=True)
    os._exit(1)


def test_memory_of_a_call_is_watched():
    with Worker("timing") as worker:
        (_, size), n_bytes = worker.call_watched("timed", function=fill_memory)

    assert size <= n_bytes < 1.5 * size


def fill_memory():
    """Use memory for longer than the time between two samples."""
    values = bytearray(2**26)
    time.sleep(0.2)
    return len(values)


@pytest.mark.parametrize(
    ("suffix", "before", "after"),
    [
        (
            ".md",
            "Text.\n<!-- table: a -->\nold\n<!-- end -->\nMore.",
            "Text.\n<!-- table: a -->\n\n| x |\n| --- |\n| 1 |\n\n<!-- end -->\nMore.",
        ),
        (
            ".rst",
            ".. table: a\n\nold\n\n.. end\n",
            ".. table: a\n\n.. list-table::\n    :header-rows: 1\n\n    * - x\n"
            "    * - 1\n\n.. end\n",
        ),
    ],
    ids=["Markdown", "reStructuredText"],
)
def test_tables_between_markers_are_replaced(suffix, before, after):
    made = {"a": formatting.make_table("", {"x": ""}, [{"x": 1}])}

    filled = tables.fill_tables(before, suffix, made)

    assert filled == after
    assert tables.fill_tables(filled, suffix, made) == filled


def test_unknown_table_is_reported_with_the_known_ones():
    with pytest.raises(KeyError, match="no table 'b'.*Known: a"):
        tables.fill_tables("<!-- table: b -->\n<!-- end -->", ".md", {"a": None})


def test_documents_have_the_recorded_tables():
    made = tables.collect_tables(tables.load_results())

    for path in tables.list_documents():
        text = path.read_text(encoding="utf-8")
        assert tables.fill_tables(text, path.suffix, made) == text, (
            f"Tables in {path.name} differ from benchmarks/results: run make tables"
        )


def test_summary_of_quality_has_baselines_and_seconds_of_all_sets():
    summary = tables.collect_tables(tables.load_results())["results"]

    rows = {row["vectors"]: row for row in summary["rows"]}
    assert rows["`LSTMSequenceEmbedder`, all defaults"]["19 univariate sets"] == "0.931"
    assert rows["PCA, up to 320 components"]["4 multivariate sets"] == "0.816 (3 sets)"
    assert len(rows) == 8

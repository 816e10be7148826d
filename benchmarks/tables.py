"""Fill the tables of documents from recorded results: python -m benchmarks.tables.

In a document, two comment lines mark the place of a table, and everything between them
is replaced: ``<!-- table: NAME -->`` and ``<!-- end -->`` in Markdown, ``.. table:
NAME`` and ``.. end`` in reStructuredText. NAME is the name of a table in
`results/*.json` or of one of the summaries below. "targets: FOLDER" and "runs: FOLDER"
summarize the programs of one folder.
"""

import json
import pathlib
import re

from .formatting import make_table, to_markdown, to_rst
from .runner import TARGET_COLUMNS

ROOT = pathlib.Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
DOCUMENTS = ("README.md", "benchmarks/README.md", "docs/*.rst", "docs/guide/*.rst")

MARKERS = {
    ".md": (
        re.compile(r"(<!-- table: (.+?) -->\n).*?(<!-- end -->)", re.S),
        to_markdown,
    ),
    ".rst": (re.compile(r"(\.\. table: (.+?)\n).*?(^\.\. end$)", re.S | re.M), to_rst),
}

# Contenders in the summary `results`: name and figure in "quality-means".
SUMMARIZED = {
    "`LSTMSequenceEmbedder`, all defaults": ("ours", "SVM"),
    "the same with a ridge classifier": ("ours", "ridge"),
    "the same, untrained (`max_epochs=0`)": ("untrained", "SVM"),
    "PCA, up to 320 components": ("PCA", "SVM"),
    "MiniRocket, 9,996 features": ("MiniRocket", "SVM"),
    "MiniRocket with its own ridge classifier": ("MiniRocket", "ridge"),
    "MiniRocket, 320 principal components": ("MiniRocket, 320", "SVM"),
    "mean and standard deviation over time": ("mean + std", "SVM"),
}
RUN_COLUMNS = {"results": "", "date": "", "machine": "", "note": ""}


def load_results():
    """Return the recorded results by file name, in alphabetical order."""
    return {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(RESULTS.glob("*.json"))
    }


def collect_tables(results):
    """Return all tables by name: those of the results, and summaries."""
    tables = {}
    for result in results.values():
        duplicates = tables.keys() & result["tables"]
        if duplicates:
            raise ValueError(f"Tables of several results: {sorted(duplicates)}")
        tables |= result["tables"]
    tables["results"] = summarize_quality(tables["quality-means"]["rows"])
    folders = {result["program"].split(".")[0] for result in results.values()}
    for folder in folders:
        chosen = {
            name: result
            for name, result in results.items()
            if result["program"].startswith(f"{folder}.")
        }
        rows = [row for r in chosen.values() for row in r.get("targets", ())]
        tables[f"targets: {folder}"] = make_table("Targets", TARGET_COLUMNS, rows)
        rows = [describe_run(*item) for item in chosen.items()]
        tables[f"runs: {folder}"] = make_table("Runs", RUN_COLUMNS, rows)
    return tables


def describe_run(name, result):
    """Return date, machine and remarks of a run."""
    remarks = [result[key] for key in ("source", "note") if key in result]
    return {
        "results": f"[{name}](results/{name}.json)",
        "date": result["date"],
        "machine": result["machine"],
        "note": ". ".join(text[:1].upper() + text[1:] for text in remarks),
    }


def summarize_quality(rows):
    """Return a small table of accuracies and times, for the start page."""
    by_contender = {(row["contender"], row["kind"]): row for row in rows}
    n_sets = {"univariate": 19, "multivariate": 4}
    headings = {kind: f"{n} {kind} sets" for kind, n in n_sets.items()}
    summary = []
    for name, (contender, figure) in SUMMARIZED.items():
        row, seconds = {"vectors": name}, 0
        for kind, heading in headings.items():
            found = by_contender[contender, kind]
            row[heading] = f"{found[figure]:.3f}"
            if found["sets"] < n_sets[kind]:
                row[heading] += f" ({found['sets']} sets)"
            seconds += found["fit, s"]
        summary.append(row | {"fit, s": max(1, seconds)})
    columns = {"vectors": "", **dict.fromkeys(headings.values(), ">"), "fit, s": ",.0f"}
    return make_table("Accuracy of an SVM", columns, summary)


def fill_tables(text, suffix, tables):
    """Replace the tables in the text of a document.

    Parameters
    ----------
    text : str
        Document with markers.
    suffix : {".md", ".rst"}
        Format of the document.
    tables : dict of str to dict
        Tables by name.

    Returns
    -------
    text : str
        Document with the tables filled in.

    Raises
    ------
    KeyError
        If a marker names an unknown table.
    """
    pattern, to_text = MARKERS[suffix]

    def fill(match):
        start, name, end = match.groups()
        if name not in tables:
            known = ", ".join(sorted(tables))
            raise KeyError(f"There is no table {name!r} in the results. Known: {known}")
        return f"{start}\n{to_text(tables[name])}\n\n{end}"

    return pattern.sub(fill, text)


def list_documents():
    """Return the paths of the documents that may have tables."""
    return [path for pattern in DOCUMENTS for path in sorted(ROOT.glob(pattern))]


def main():
    """Fill the tables of all documents."""
    tables = collect_tables(load_results())
    for path in list_documents():
        text = path.read_text(encoding="utf-8")
        filled = fill_tables(text, path.suffix, tables)
        if filled != text:
            path.write_text(filled, encoding="utf-8")
            print(f"Updated {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()

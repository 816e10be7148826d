"""Tables of figures, and their formatting for the screen and for documents.

A table is a dict with "title", "columns" (heading to format specification, "" for
left-aligned text) and "rows", dicts by heading. A cell is a number, a text, None, or a
pair [mean, standard deviation]. Rows may have entries that no column shows.
"""

import statistics

MISSING = "–"


def make_table(title, columns, rows):
    """Return a table, see the docstring of this module."""
    return {"title": title, "columns": columns, "rows": rows}


def average_seeds(results, figures, key="contender"):
    """Average the results of several seeds.

    Parameters
    ----------
    results : list of dict
        One per contender and seed. Each may lack some of the figures.
    figures : iterable of str
        Figures to average.
    key : str, default="contender"
        Entry by which results are grouped.

    Returns
    -------
    rows : list of dict
        One per group: each figure as [mean, standard deviation], or as a number if
        there is only one.
    """
    rows = []
    for name in dict.fromkeys(result[key] for result in results):
        group = [result for result in results if result[key] == name]
        row = {key: name}
        for figure in figures:
            values = [result[figure] for result in group if figure in result]
            if len(values) == 1:
                row[figure] = values[0]
            elif values:
                row[figure] = [statistics.fmean(values), statistics.stdev(values)]
        rows.append(row)
    return rows


def format_cell(value, spec):
    """Return the text of a cell."""
    if value is None:
        return MISSING
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return " ± ".join(format(part, spec) for part in value)
    return format(value, spec)


def format_cells(table):
    """Return the headings and rows of a table as lists of text."""
    columns = table["columns"].items()
    rows = [
        [format_cell(row.get(heading), spec) for heading, spec in columns]
        for row in table["rows"]
    ]
    return [list(table["columns"]), *rows]


def to_markdown(table, aligned=False):
    """Format a table as Markdown; `aligned` pads the cells, for reading on a screen."""
    header, *rows = format_cells(table)
    widths = [0] * len(header)
    if aligned:
        widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    specs = table["columns"].values()
    rules = [
        "-" * max(3, width) if not spec else "-" * max(2, width - 1) + ":"
        for width, spec in zip(widths, specs, strict=True)
    ]
    lines = []
    for line in [header, rules, *rows]:
        cells = [
            cell.rjust(width) if spec else cell.ljust(width)
            for cell, width, spec in zip(line, widths, specs, strict=True)
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def to_rst(table):
    """Format a table as a list-table of reStructuredText."""
    lines = [".. list-table::", "    :header-rows: 1", ""]
    for row in format_cells(table):
        for i, cell in enumerate(row):
            lines.append(f"    {'* -' if i == 0 else '  -'} {cell}".rstrip())
    return "\n".join(lines)

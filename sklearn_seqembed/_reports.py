"""The text and the HTML table of a description."""

import textwrap
from html import escape

from sklearn_seqembed._choices import format_duration
from sklearn_seqembed._data.messages import count

WIDTH = 88
# Number of features, categories and classes that are shown; the dict has all features.
N_SHOWN = 10
N_SHOWN_CATEGORIES = 5
# Longer categories are cut.
MAX_CHARACTERS = 20

# Colors of the notebook's text on its background, light or dark.
STYLE = """
<style>
.seqembed-report { font-size: 0.9em; line-height: 1.4; max-width: 62em; }
.seqembed-report table {
  border-collapse: collapse; color: inherit; font-size: inherit; margin: 0;
}
.seqembed-report tr { background: transparent; }
.seqembed-report th, .seqembed-report td {
  background: transparent; border: none; color: inherit;
  padding: 0.15em 0.9em 0.15em 0; text-align: left; vertical-align: top;
}
.seqembed-report td td { padding-top: 0; padding-bottom: 0; }
.seqembed-report > table > tbody > tr {
  border-top: 1px solid rgba(128, 128, 128, 0.35);
}
.seqembed-report ul { margin: 0; padding-left: 1.1em; }
</style>
"""


def write_text(description):
    """Write a description as lines of text, in aligned columns.

    Parameters
    ----------
    description : Description
        The description.
    """
    lines = [f"{description.estimator}, before fit"]
    sections = _list_sections(description)
    width = max(len(title) for title, _ in sections) + 2
    for title, content in sections:
        if isinstance(content, str):
            rows = [("", content)]
        elif isinstance(content[0], str):
            rows = [("- ", item) for item in content]
        else:
            rows = _align(content)
        block = "\n".join(_wrap(" " * width + start, text) for start, text in rows)
        lines.append(title.ljust(width) + block[width:])
    return "\n".join(lines)


def write_html(description):
    """Write a description as a table for notebooks, without scripts.

    Parameters
    ----------
    description : Description
        The description.
    """
    rows = []
    for title, content in _list_sections(description):
        rows.append(f"<tr><th>{escape(title)}</th><td>{_to_html(content)}</td></tr>")
    return (
        f'{STYLE}<div class="seqembed-report">'
        f"<strong>{escape(description.estimator)}</strong>, before fit"
        f"<table><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _list_sections(description):
    """Return titles, and what is written next to them.

    A string is a paragraph, a list of strings a list, and a list of tuples a table.
    """
    read = f"{description.n_sequences:,} from a {description.container}"
    sections = [("Sequences", read)]
    lengths = _describe_lengths(description.lengths)
    if description.windows:
        windows = description.windows
        lengths += (
            f"; cut into {windows['n']:,} windows of {windows['lookback']} + "
            f"{count(windows['horizon'], 'time step')}"
        )
    sections.append(("Lengths", lengths))
    sections.append(("Features", _list_features(description.features)))
    if description.targets:
        sections += _list_targets(description.targets)
    choices = [
        f"{name}={value!r}{' (given)' if name in description.given else ''}"
        for name, value in description.choices.items()
    ]
    sections.append(("Choices", ", ".join(choices)))
    seconds, longest = (
        format_duration(description.fit[name]) for name in ("seconds", "longest")
    )
    duration = f"{seconds} on this machine"
    if longest != seconds:
        duration += f", {longest} if training does not stop early"
    if description.fit["reason"]:
        duration += f", without training: {description.fit['reason']}"
    sections.append(("Fit", duration))
    if description.notes:
        sections.append(("Notes", description.notes))
    return sections


def _describe_lengths(lengths):
    shortest, longest = lengths["min"], lengths["max"]
    if shortest == longest:
        return count(longest, "time step")
    low, middle, high = (f"{lengths[name]:g}" for name in ("25%", "median", "75%"))
    return (
        f"{shortest:,} to {longest:,} time steps, median {middle}, half of them {low} "
        f"to {high}"
    )


def _list_features(features):
    """Return a row for each feature: name, kind, values and gaps."""
    rows = [
        (
            str(feature["name"]),
            feature["kind"],
            _describe_gaps(feature),
            _describe_values(feature),
        )
        for feature in features[:N_SHOWN]
    ]
    if len(features) > N_SHOWN:
        rows.append(("...", f"{len(features) - N_SHOWN} more", "", ""))
    return rows


def _describe_gaps(feature):
    n_missing = feature["n_missing"]
    if not n_missing:
        return "no gaps"
    fraction = feature["missing_fraction"]
    return f"{n_missing:,} gap{'s' * (n_missing > 1)} ({max(fraction, 0.001):.1%})"


def _describe_values(feature):
    """Tell the range of numbers or times, or the categories."""
    if "categories" in feature:
        return _describe_categories(feature["categories"])
    if "typical_step" in feature:
        parts = []
        if feature["first"] is not None:
            parts.append(f"{feature['first']} to {feature['last']}")
        if feature["typical_step"] is not None:
            parts.append(f"a step takes {_format_seconds(feature['typical_step'])}")
        return ", ".join(parts)
    if feature["min"] is None:
        return "never observed"
    return f"{feature['min']:.4g} to {feature['max']:.4g}, mean {feature['mean']:.4g}"


def _describe_categories(categories):
    shown = categories["most_frequent"][:N_SHOWN_CATEGORIES]
    listed = ", ".join(f"{_cut(category)} {part:.0%}" for category, part in shown)
    n_all = categories["n"]
    text = f"{n_all:,} {'category' if n_all == 1 else 'categories'}: {listed}"
    if n_all > len(shown) and not categories["n_infrequent"]:
        text += ", ..."
    if categories["n_infrequent"]:
        text += (
            f"; {categories['n_infrequent']:,} infrequent "
            f"({categories['infrequent_fraction']:.1%})"
        )
    return text


def _list_targets(targets):
    """Return the sections about y."""
    if "classes" in targets:
        shown = targets["classes"][:N_SHOWN_CATEGORIES]
        listed = ", ".join(f"{_cut(label)} {n:,}" for label, n in shown)
        more = ", ..." if targets["n_classes"] > len(shown) else ""
        return [("Targets", f"{targets['n_classes']} classes: {listed}{more}")]
    if "numbers" in targets:
        return [("Targets", _list_features(targets["numbers"]))]
    lengths = _describe_lengths(targets["lengths"])
    return [
        ("Targets", f"{lengths}, from a {targets['container']}"),
        ("", _list_features(targets["features"])),
    ]


def _cut(value):
    """Write a category, at most so long."""
    text = repr(value)
    return text if len(text) <= MAX_CHARACTERS else f"{text[: MAX_CHARACTERS - 3]}..."


def _format_seconds(seconds):
    """Write the time between two steps in the largest unit that suits it."""
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}{'' if seconds == size else 's'}"
    return f"{seconds:.3g} second{'' if seconds == 1 else 's'}"


def _align(rows):
    """Join all cells of each row but the last one, in columns of equal widths."""
    columns = list(zip(*rows, strict=True))[:-1]
    widths = [max(map(len, column)) + 2 for column in columns]
    return [
        ("".join(c.ljust(n) for c, n in zip(row, widths, strict=False)), row[-1])
        for row in rows
    ]


def _wrap(start, text):
    """Break a paragraph into lines, all but the first of which are indented."""
    width = max(WIDTH - len(start), 20)
    first, *others = textwrap.wrap(text, width, break_on_hyphens=False) or [""]
    return f"\n{' ' * len(start)}".join([(start + first).rstrip(), *others])


def _to_html(content):
    if isinstance(content, str):
        return escape(content)
    if isinstance(content[0], str):
        return f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in content)}</ul>"
    rows = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>"
        for row in content
    )
    return f"<table><tbody>{rows}</tbody></table>"

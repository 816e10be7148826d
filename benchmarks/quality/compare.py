"""What changed between two runs of the quality benchmark?

For one contender the accuracies of the SVM set by set, means over the seeds of each
run, with their difference (B - A), its mean and standard error over sets, and how many
sets were won, drawn and lost. The same in a line for each other figure, the seconds
together, and which parameters and versions differ.

Run: python benchmarks/compare_quality.py A.json B.json [--contender NAME]
"""

import argparse
import json
import math
import pathlib
import statistics

from _measure import print_table
from _quality.contenders import OURS
from _quality.summary import SETS, column, mean_over_seeds

JUDGING = "svm"
# In all of them more is better.
METRICS = (JUDGING, "logistic", "neighbour", "nmi", "explained")
COLUMNS = {"set": "", "A": ".3f", "B": ".3f", "B - A": "+.3f"}
# Differences below this are rounding.
EQUAL = 1e-9


def summarise(before, after):
    """Summarise the differences over the sets that both runs have.

    Parameters
    ----------
    before, after : dict of str to float
        A figure by set.

    Returns
    -------
    summary : dict or None
        "n" sets, means "A" and "B", the mean "difference" with its "standard_error"
        (NaN for one set), and "wins", "draws" and "losses" of B; None without a set.
    """
    names = [name for name in before if name in after]
    if not names:
        return None
    differences = [after[name] - before[name] for name in names]
    error = math.nan
    if len(names) > 1:
        error = statistics.stdev(differences) / math.sqrt(len(names))
    return {
        "n": len(names),
        "A": statistics.mean(before[name] for name in names),
        "B": statistics.mean(after[name] for name in names),
        "difference": statistics.mean(differences),
        "standard_error": error,
        "wins": sum(difference > EQUAL for difference in differences),
        "draws": sum(abs(difference) <= EQUAL for difference in differences),
        "losses": sum(difference < -EQUAL for difference in differences),
    }


def compare(before, after, contender):
    """Compare two runs in all figures.

    Parameters
    ----------
    before, after : dict
        What `quality.py` wrote.
    contender : str
        Whose vectors.

    Returns
    -------
    rows : list of dict
        The table of single sets.
    summaries : dict of str to dict
        For each figure that both have, as of :func:`summarise`.
    """
    figures = [
        mean_over_seeds(run["results"]).get(contender, {}) for run in (before, after)
    ]
    old, new = (column(each, JUDGING) for each in figures)
    rows = [
        {
            "set": name,
            "A": old.get(name),
            "B": new.get(name),
            "B - A": new[name] - old[name] if name in old and name in new else None,
        }
        for name in SETS
        if name in old or name in new
    ]
    summaries = {
        metric: summarise(*(column(each, metric) for each in figures))
        for metric in (*METRICS, "fit_seconds")
    }
    return rows, {metric: found for metric, found in summaries.items() if found}


def differing(before, after):
    """Return what differs between two dicts.

    Parameters
    ----------
    before, after : dict
        Of parameters or versions.

    Returns
    -------
    changes : dict of str to tuple
        Both values by name, None where one lacks it.
    """
    return {
        name: (before.get(name), after.get(name))
        for name in before | after
        if before.get(name) != after.get(name)
    }


def print_summaries(summaries):
    """Print a line for each figure.

    Parameters
    ----------
    summaries : dict of str to dict
        Of :func:`compare`.
    """
    for metric, found in summaries.items():
        if metric == "fit_seconds":
            before, after = found["n"] * found["A"], found["n"] * found["B"]
            print(
                f"{metric}, {found['n']} sets together: A {before:.1f}, B {after:.1f}, "
                f"B / A {after / before:.2f}."
            )
            continue
        print(
            f"{metric}, {found['n']} sets: A {found['A']:.4f}, B {found['B']:.4f}, "
            f"B - A {found['difference']:+.4f} (standard error "
            f"{found['standard_error']:.4f}); B won {found['wins']}, drew "
            f"{found['draws']}, lost {found['losses']}."
        )


def print_differing(what, before, after):
    """Print what differs between two dicts, in a line each.

    Parameters
    ----------
    what : str
        What they hold.
    before, after : dict
        Both.
    """
    for name, (old, new) in differing(before, after).items():
        print(f"{what} {name}: A {old}, B {new}")


def main():
    """Read both files, and print all that differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs=2, type=pathlib.Path, metavar="JSON")
    parser.add_argument("--contender", default=OURS, help="ours by default")
    args = parser.parse_args()
    before, after = (json.loads(path.read_text()) for path in args.files)
    for letter, path, run in zip("AB", args.files, (before, after), strict=True):
        quick = ", a trial with --quick" * run["quick"]
        print(f"{letter}: {path}, seeds {run['seeds']}{quick}")
    print()
    rows, summaries = compare(before, after, args.contender)
    if not rows:
        raise SystemExit(f"Neither file has results of {args.contender!r}.")
    print_table(rows, COLUMNS)
    print_summaries(summaries)
    print()
    print_differing(
        "parameter",
        *(run["parameters"].get(args.contender, {}) for run in (before, after)),
    )
    print_differing("machine", before["machine"], after["machine"])


if __name__ == "__main__":
    main()

"""Compare two runs of the quality benchmark.

Prints, for one contender, the accuracy of the SVM by set and the difference (B - A),
its mean and standard error over sets, and the number of sets won, drawn and lost; the
same on one line for every other figure; and parameters and versions that differ.

Run: python -m benchmarks.quality.compare A.json B.json [--contender NAME]
"""

import argparse
import json
import math
import pathlib
import statistics

from ..formatting import make_table, to_markdown
from .contenders import OURS
from .summary import SETS, column, mean_over_seeds

METRICS = ("svm", "logistic", "neighbour", "nmi", "explained")  # more is better
COLUMNS = {"set": "", "A": ".3f", "B": ".3f", "B - A": "+.3f"}
EQUAL = 1e-9  # smaller differences are rounding


def summarize(before, after):
    """Summarize the differences over the sets that both runs have.

    Parameters
    ----------
    before, after : dict of str to float
        A figure by set.

    Returns
    -------
    summary : dict or None
        Number "n" of sets, means "A" and "B", mean "difference" with "standard_error"
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
    """Compare two runs; return rows by set, and summaries by figure."""
    figures = [
        mean_over_seeds(run["results"]).get(contender, {}) for run in (before, after)
    ]
    old, new = (column(each, "svm") for each in figures)
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
        metric: summarize(*(column(each, metric) for each in figures))
        for metric in (*METRICS, "fit_seconds")
    }
    return rows, {metric: found for metric, found in summaries.items() if found}


def find_differences(before, after):
    """Return the pairs of values of two dicts that differ, None if one is missing."""
    return {
        name: (before.get(name), after.get(name))
        for name in before | after
        if before.get(name) != after.get(name)
    }


def print_summaries(summaries):
    """Print one line per figure."""
    for metric, found in summaries.items():
        if metric == "fit_seconds":
            before, after = found["n"] * found["A"], found["n"] * found["B"]
            print(
                f"{metric}, sum over {found['n']} sets: A {before:.1f}, B {after:.1f}, "
                f"B / A {after / before:.2f}."
            )
            continue
        print(
            f"{metric}, {found['n']} sets: A {found['A']:.4f}, B {found['B']:.4f}, "
            f"B - A {found['difference']:+.4f} (standard error "
            f"{found['standard_error']:.4f}); B won {found['wins']}, drew "
            f"{found['draws']}, lost {found['losses']}."
        )


def main():
    """Read both files and print their differences."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs=2, type=pathlib.Path, metavar="JSON")
    parser.add_argument("--contender", default=OURS)
    args = parser.parse_args()
    before, after = (json.loads(path.read_text()) for path in args.files)
    rows, summaries = compare(before, after, args.contender)
    if not rows:
        raise SystemExit(f"Neither file has results of {args.contender!r}.")
    title = f"Accuracy of the SVM, {args.contender}"
    print(to_markdown(make_table(title, COLUMNS, rows), aligned=True), "\n")
    print_summaries(summaries)
    parameters = [r["parameters"].get(args.contender, {}) for r in (before, after)]
    described = [
        {name: run.get(name) for name in ("date", "machine", "versions", "options")}
        for run in (before, after)
    ]
    for both in (parameters, described):
        for name, (old, new) in find_differences(*both).items():
            print(f"{name}: A {old}, B {new}")


if __name__ == "__main__":
    main()

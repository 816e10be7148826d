"""Compare two runs of the quality benchmark.

Prints, for one contender, the accuracy of the SVM by set and the difference (B - A);
for each figure its mean, the standard error of the difference over sets, and the number
of sets on which B is higher, equal and lower; and parameters and versions that differ.

Run: python -m benchmarks.quality.compare A.json B.json [--contender NAME]
"""

import argparse
import json
import pathlib

import pandas as pd

from .contenders import OURS
from .summary import column, mean_over_seeds

METRICS = ("svm", "logistic", "neighbor", "nmi", "explained", "fit_seconds")
EQUAL = 1e-9  # smaller differences are rounding


def compare(before, after, contender):
    """Compare two runs.

    Returns
    -------
    by_set : DataFrame
        Accuracies of the SVM, and their difference, in the sets that a run has.
    summary : DataFrame
        By figure, over the sets that both runs have.
    """
    means = [mean_over_seeds(run["results"]) for run in (before, after)]
    old, new = (each.get(contender, pd.DataFrame()) for each in means)
    figures = {metric: compare_figure(old, new, metric) for metric in METRICS}
    summary = {
        metric: {
            "sets": len(both),
            **both.mean(),
            "standard error": both["B - A"].sem(),
            "higher": sum(both["B - A"] > EQUAL),
            "equal": sum(both["B - A"].abs() <= EQUAL),
            "lower": sum(both["B - A"] < -EQUAL),
        }
        for metric, found in figures.items()
        if len(both := found.dropna())
    }
    return figures["svm"], pd.DataFrame.from_dict(summary, orient="index")


def compare_figure(old, new, metric):
    """Return one figure in both runs, by set."""
    old, new = (pd.Series(column(run, metric), dtype=float) for run in (old, new))
    return pd.DataFrame({"A": old, "B": new, "B - A": new - old})


def find_differences(before, after):
    """Return the pairs of values of two dicts that differ, None if one is missing."""
    return {
        name: (before.get(name), after.get(name))
        for name in before | after
        if before.get(name) != after.get(name)
    }


def main():
    """Read both files and print their differences."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs=2, type=pathlib.Path, metavar="JSON")
    parser.add_argument("--contender", default=OURS)
    args = parser.parse_args()
    before, after = (json.loads(path.read_text()) for path in args.files)
    by_set, summary = compare(before, after, args.contender)
    if by_set.empty:
        raise SystemExit(f"Neither file has results of {args.contender!r}.")
    print(f"Accuracy of the SVM, {args.contender}:\n")
    print(by_set.to_string(float_format="%.3f", na_rep="–"))
    print(f"\nMeans over sets:\n\n{summary.to_string(float_format='%.4f')}\n")
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

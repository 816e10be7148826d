"""The tables and lines that the quality benchmark prints."""

import statistics

from _measure import print_table

from _quality.contenders import CONTENDERS, OURS
from _quality.summary import (
    PUBLISHED,
    SETS,
    column,
    mean_over_seeds,
    means_by_seed,
    sets_of,
    spread_over_seeds,
    unexplained_ratios,
)

KINDS = ("univariate", "multivariate")

# Headings of the published columns, by what the tables show.
PUBLISHED_COLUMNS = {
    "svm": {
        "dtw_1nn": "DTW 1-NN, p.",
        "timenet": "TimeNet, p.",
        "tloss_combined": "T-Loss combined, p.",
        "tnc": "TNC, p.",
        "ts2vec": "TS2Vec, p.",
        "minirocket": "MiniRocket, p.",
    },
    "nmi": {
        "nmi_kmeans_raw": "k-means raw, p.",
        "nmi_kmeans_dtw": "k-means DTW, p.",
        "nmi_best_autoencoder": "dilated CNN, p.",
    },
}
TITLES = {"svm": "Accuracy of the SVM", "nmi": "NMI of k-means"}

MEANS = {
    "svm": "SVM",
    "ridge": "ridge",
    "logistic": "logistic",
    "neighbour": "1-NN",
    "nmi": "NMI",
    "explained": "explained",
}
TEXT = ">"  # the format of cells that are text already, aligned as numbers are


def print_summary(results, verdicts):
    """Print all tables, and how ours stands to the bars.

    Parameters
    ----------
    results : list of dict
        Single results.
    verdicts : list of dict
        Of :func:`_quality.summary.judge_bars`.
    """
    means, spreads = mean_over_seeds(results), spread_over_seeds(results)
    for metric in TITLES:
        for kind in KINDS:
            print_sets(means, spreads, metric, kind)
    print_means(means)
    print_seeds(results)
    print_failures(results)
    print_bars(verdicts, means)


def print_sets(means, spreads, metric, kind):
    """Print a figure set by set, of all contenders and as published ("p.").

    Parameters
    ----------
    means, spreads : dict
        Over seeds, by contender, set and figure.
    metric : {"svm", "nmi"}
        The figure.
    kind : {"univariate", "multivariate"}
        Whose sets.
    """
    sets = sets_of(kind)
    columns = {}
    for name, figures in means.items():
        columns[name] = column(figures, metric, sets)
        if name == OURS:
            columns["spread"] = column(spreads[name], metric, sets)
        if metric == "svm" and CONTENDERS[name].ridge:
            columns[f"{name}, ridge"] = column(figures, "ridge", sets)
    shown = [
        name for name in sets if any(name in values for values in columns.values())
    ]
    if not shown:
        return
    for key, heading in PUBLISHED_COLUMNS[metric].items():
        columns[heading] = column(PUBLISHED, key, shown)
    columns = {heading: values for heading, values in columns.items() if values}
    print(f"{TITLES[metric]}, {kind} sets:\n")
    rows = [_text_row(name, columns, name) for name in shown]
    print_table(rows + _mean_rows(columns), {"set": ""} | dict.fromkeys(columns, TEXT))


def _text_row(label, columns, name):
    cells = {heading: values.get(name) for heading, values in columns.items()}
    return {"set": label} | {
        heading: None if value is None else f"{value:.3f}"
        for heading, value in cells.items()
    }


def _mean_rows(columns):
    """Return the rows of means and of the numbers of sets that they are over."""
    filled = {heading: values.values() for heading, values in columns.items()}
    means = {heading: f"{statistics.mean(v):.3f}" for heading, v in filled.items()}
    counts = {heading: str(len(v)) for heading, v in filled.items()}
    return [{"set": "mean"} | means, {"set": "sets"} | counts]


def print_means(means):
    """Print the means over sets of all figures, for each contender and kind.

    Parameters
    ----------
    means : dict
        Over seeds, by contender, set and figure.
    """
    rows = [
        _means_row(means, name, kind)
        for kind in KINDS
        for name in means
        if column(means[name], "svm", sets_of(kind))
    ]
    print("Means over sets, seconds their sum:\n")
    print_table(
        rows,
        {"contender": "", "kind": "", "sets": "d"}
        | dict.fromkeys(MEANS.values(), ".3f")
        | {
            "unexplained / textbook": ".2f",
            "worst": ".2f",
            "worst set": "",
            "fit, s": ".1f",
            "length": TEXT,
        },
    )


def print_seeds(results):
    """Print how far the means over sets of each figure lie apart from seed to seed.

    Parameters
    ----------
    results : list of dict
        Single results.
    """
    rows = []
    for kind in KINDS:
        for name in dict.fromkeys(result["contender"] for result in results):
            row = {"contender": name, "kind": kind}
            for metric, heading in MEANS.items():
                by_seed = means_by_seed(results, name, metric, sets_of(kind))
                if len(by_seed) > 1:
                    spread = statistics.stdev(by_seed)
                    row[heading] = f"{statistics.mean(by_seed):.3f} ± {spread:.3f}"
                    row["seeds"] = len(by_seed)
            if "seeds" in row:
                rows.append(row)
    if rows:
        print("\nMeans over sets, and their standard deviation over seeds:\n")
        headings = dict.fromkeys(MEANS.values(), TEXT)
        print_table(rows, {"contender": "", "kind": "", "seeds": "d"} | headings)


def _means_row(means, name, kind):
    sets = sets_of(kind)
    row = {"contender": name, "kind": kind}
    for metric, heading in MEANS.items():
        if values := column(means[name], metric, sets):
            row[heading] = statistics.mean(values.values())
    ratios = unexplained_ratios(means, name)
    if ratios := {each: ratios[each] for each in sets if each in ratios}:
        worst = max(ratios, key=ratios.get)
        row["unexplained / textbook"] = statistics.geometric_mean(ratios.values())
        row |= {"worst": ratios[worst], "worst set": worst}
    lengths = column(means[name], "vector_length", sets).values()
    seconds = column(means[name], "fit_seconds", sets).values()
    row |= {"sets": len(seconds), "fit, s": sum(seconds), "length": _range(lengths)}
    return row


def _range(lengths):
    shortest, longest = round(min(lengths)), round(max(lengths))
    return str(longest) if shortest == longest else f"{shortest} to {longest}"


def print_failures(results):
    """Print which jobs failed, and with what.

    Parameters
    ----------
    results : list of dict
        Single results.
    """
    for result in results:
        if "error" in result:
            why = result["error"].strip().splitlines()[-1]
            print(
                f"Failed: {result['contender']}, {result['set']}, seed "
                f"{result['seed']}: {why}"
            )


def print_bars(verdicts, means):
    """Print a line for each bar, and the ratio of PCA beside those of ours.

    Parameters
    ----------
    verdicts : list of dict
        Of :func:`_quality.summary.judge_bars`.
    means : dict
        Over seeds, by contender, set and figure.
    """
    print()
    for verdict in verdicts:
        figure = "–" if verdict["figure"] is None else f"{verdict['figure']:.3f}"
        outcome = {True: "met", False: "NOT met", None: "not judged"}[verdict["met"]]
        print(
            f"{verdict['what']}: {figure}, {verdict['n']} of {verdict['n_sets']} sets. "
            f"Bar {verdict['verb']} {verdict['bar']:g}: {outcome}."
        )
    if ratios := unexplained_ratios(means, "PCA"):
        worst = max(ratios, key=ratios.get)
        mean = statistics.geometric_mean(ratios.values())
        print(
            f"Beside it PCA / textbook: geometric mean {mean:.3f}, {len(ratios)} of "
            f"{len(SETS)} sets, worst {ratios[worst]:.3f} ({worst})."
        )
    print(flush=True)

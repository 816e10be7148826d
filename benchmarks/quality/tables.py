"""Tables of the quality benchmark."""

import statistics

from ..formatting import make_table
from .contenders import CONTENDERS, OURS, TEXTBOOK_NAME
from .summary import (
    KINDS,
    PUBLISHED,
    column,
    mean_over_seeds,
    means_by_seed,
    sets_of,
    spread_over_seeds,
    training_gains,
    unexplained_ratios,
)

# Headings of published columns ("p.") in the tables by set.
PUBLISHED_COLUMNS = {
    "svm": {
        "dtw_1nn": "DTW 1-NN, p.",
        "timenet": "TimeNet, p.",
        "tloss_combined": "T-Loss, p.",
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
    "svm_width": "SVM, width",
    "ridge": "ridge",
    "logistic": "logistic",
    "neighbor": "1-NN",
    "nmi": "NMI",
    "explained": "explained",
}
RATIO = f"unexplained / {TEXTBOOK_NAME}"
MEANS_COLUMNS = {
    "contender": "",
    "kind": "",
    "sets": "d",
    **dict.fromkeys(MEANS.values(), ".3f"),
    RATIO: ".2f",
    "worst": ".2f",
    "worst set": "",
    "fit, s": ",.0f",
    "length": ">",
}


def make_tables(results):
    """Return all tables by name: figures by set, means over sets, and seeds."""
    means, spreads = mean_over_seeds(results), spread_over_seeds(results)
    tables = {}
    for metric in TITLES:
        for kind in KINDS:
            if table := tabulate_sets(means, spreads, metric, kind):
                tables[f"quality-{metric}-{kind}"] = table
    rows = [
        _summarize(means, name, kind)
        for name in means
        for kind in KINDS
        if column(means[name], "svm", sets_of(kind))
    ]
    tables["quality-means"] = make_table("Means over sets", MEANS_COLUMNS, rows)
    if rows := tabulate_seeds(results):
        columns = {"contender": "", "kind": "", "seeds": "d"}
        columns |= dict.fromkeys(MEANS.values(), ".3f")
        tables["quality-seeds"] = make_table("Mean ± sd over seeds", columns, rows)
    if rows := tabulate_training(means):
        columns = {"kind": "", **dict.fromkeys(MEANS.values(), "+.4f")}
        columns |= {"lowest, SVM": "+.4f", "set": ""}
        tables["quality-training"] = make_table("Ours - untrained", columns, rows)
    return tables


def tabulate_sets(means, spreads, metric, kind):
    """Return a figure by set, of all contenders and as published, or None."""
    sets = sets_of(kind)
    columns = {}
    for name, figures in means.items():
        columns[name] = column(figures, metric, sets)
        if name == OURS:
            columns["± (sd)"] = column(spreads[name], metric, sets)
        if metric == "svm" and CONTENDERS[name].ridge:
            columns[f"{name}, ridge"] = column(figures, "ridge", sets)
    shown = [name for name in sets if any(name in found for found in columns.values())]
    if not shown:
        return None
    for key, heading in PUBLISHED_COLUMNS[metric].items():
        columns[heading] = column(PUBLISHED, key, shown)
    columns = {heading: values for heading, values in columns.items() if values}
    rows = [
        {"set": name} | {heading: v.get(name) for heading, v in columns.items()}
        for name in shown
    ]
    rows.append({"set": "mean"} | {h: _mean(v) for h, v in columns.items()})
    rows.append({"set": "sets"} | {h: str(len(v)) for h, v in columns.items()})
    specs = {"set": ""} | dict.fromkeys(columns, ".3f")
    return make_table(f"{TITLES[metric]}, {kind} sets", specs, rows)


def _mean(values):
    return statistics.mean(values.values())


def _summarize(means, name, kind):
    """Return means over the sets of a kind, of one contender."""
    sets = sets_of(kind)
    row = {"contender": name, "kind": kind}
    for metric, heading in MEANS.items():
        if values := column(means[name], metric, sets):
            row[heading] = _mean(values)
    ratios = unexplained_ratios(means, name)
    if ratios := {each: ratios[each] for each in sets if each in ratios}:
        worst = max(ratios, key=ratios.get)
        row[RATIO] = statistics.geometric_mean(ratios.values())
        row |= {"worst": ratios[worst], "worst set": worst}
    seconds = column(means[name], "fit_seconds", sets).values()
    lengths = column(means[name], "vector_length", sets).values()
    shortest, longest = round(min(lengths)), round(max(lengths))
    length = str(longest) if shortest == longest else f"{shortest}–{longest}"
    return row | {"sets": len(seconds), "fit, s": sum(seconds), "length": length}


def tabulate_training(means):
    """Return by how much training raises each mean over sets, and one set the least."""
    rows = []
    for kind in KINDS:
        row = {"kind": kind}
        for metric, heading in MEANS.items():
            gains = training_gains(means, metric)
            if gains := {name: gains[name] for name in sets_of(kind) if name in gains}:
                row[heading] = _mean(gains)
                if metric == "svm":
                    worst = min(gains, key=gains.get)
                    row |= {"lowest, SVM": gains[worst], "set": worst}
        if len(row) > 1:
            rows.append(row)
    return rows


def tabulate_seeds(results):
    """Return means over sets with their standard deviation over seeds."""
    rows = []
    for name in dict.fromkeys(result["contender"] for result in results):
        for kind in KINDS:
            row = {"contender": name, "kind": kind}
            for metric, heading in MEANS.items():
                by_seed = means_by_seed(results, name, metric, sets_of(kind))
                if len(by_seed) > 1:
                    row[heading] = [statistics.mean(by_seed), statistics.stdev(by_seed)]
                    row["seeds"] = len(by_seed)
            if "seeds" in row:
                rows.append(row)
    return rows

"""How much of unseen sequences can be reconstructed from short vectors?

For vectors of 8 to 128 components, each method learns from the training parts of the 23
classification sets and reconstructs the test parts. The explained fraction is 1 -
squared error / variance, averaged over features. Our vectors are compared with those of
the linear map alone, which is not trained, and with principal components of the
sequences or, where lengths differ, of sequences resampled to the median length. The
textbook network, which takes long, runs on some of the sets only.
"""

import itertools
import json
import math
import pathlib
import statistics

import joblib

from ..datasets import PARTS, load_lengths, load_sequences, require_data_folder
from ..formatting import make_table
from ..runner import add_seeds, judge
from ..workers import available_cores
from .contenders import TEXTBOOK, TEXTBOOK_NAME, embed_by_network, embed_by_pca
from .summary import NOTHING, SETS

SIZES = (8, 16, 32, 64, 128)
QUICK_SETS = ("ItalyPowerDemand", "PickupGestureWiimoteZ")
METHODS = ("ours", "untrained", "PCA")

# The textbook network, which takes long, only runs on small sets. The patterns of some
# of them vary in time.
TEXTBOOK_SETS = ("CBF", "FaceFour", "Lightning7", "SyntheticControl", "Trace", "NATOPS")

# Targets: how much less than PCA may be explained, and the geometric mean over sets of
# the ratio of unexplained fractions, ours / PCA, for short vectors.
TOLERANCE = 0.002
SHORT_SIZES = (8, 16, 32)
RATIO_TARGET = 0.9


def add_arguments(parser):
    """Add the options of this program."""
    add_seeds(parser, default=(0,))
    parser.add_argument("--sets", nargs="+", choices=SETS, metavar="NAME")
    methods = *METHODS, TEXTBOOK_NAME
    parser.add_argument("--methods", nargs="+", choices=methods, default=methods)
    parser.add_argument(
        "--include",
        type=pathlib.Path,
        help="JSON of an earlier run, with the results of what does not run now",
    )


def run(options):
    """Measure explained fractions, and tabulate them by set and size."""
    require_data_folder()
    names = options.sets or (QUICK_SETS if options.quick else SETS)
    jobs = plan_jobs(names, options.methods, options.seeds)
    measured = joblib.Parallel(len(available_cores()), verbose=10)(
        joblib.delayed(measure)(job, options.quick) for job in jobs
    )
    results = [job | figures for job, figures in zip(jobs, measured, strict=True)]
    if options.include:
        earlier = json.loads(options.include.read_text())["results"]
        results += [each for each in earlier if identify(each) not in jobs]
    results.sort(key=lambda each: (SETS.index(each["set"]), each["size"]))
    explained = average_over_seeds(results)
    for name, method in itertools.product(names, METHODS):
        if (name, method, SIZES[0]) not in explained:
            raise SystemExit(
                f"There is no result of {method} on {name}; run this method as well, "
                "or include an earlier run of it."
            )
    return {
        "tables": {
            "reconstruction": tabulate_sets(explained, names),
            "reconstruction-means": tabulate_means(results, explained, names),
            "reconstruction-textbook": tabulate_textbook(explained, names),
        },
        "targets": judge_targets(explained, names),
        "results": results,
    }


def plan_jobs(names, methods, seeds):
    """List the jobs, dicts with the keys of `identify`."""
    return [
        {"set": name, "method": method, "size": size, "seed": seed}
        for name, method, size in itertools.product(names, methods, SIZES)
        if method != TEXTBOOK_NAME or name in TEXTBOOK_SETS
        for seed in (seeds if method in ("ours", "untrained") else seeds[:1])
    ]


def identify(result):
    """Return the job to which a result belongs."""
    return {key: result[key] for key in ("set", "method", "size", "seed")}


def measure(job, quick):
    """Return the explained fraction of one set by one method, and its seconds."""
    X = [load_sequences(job["set"], part) for part in PARTS]
    if job["method"] == "PCA":
        resampled = not has_equal_lengths(job["set"])
        found = embed_by_pca(*X, job["seed"], job["size"], resampled=resampled)
    else:
        parameters = TEXTBOOK if job["method"] == TEXTBOOK_NAME else {}
        parameters = parameters | {"n_components": job["size"]}
        if quick or job["method"] == "untrained":
            parameters["max_epochs"] = int(job["method"] != "untrained")
        found = embed_by_network(*X, job["seed"], **parameters)
    return {"explained": found.explained, "fit_seconds": found.fit_seconds}


def has_equal_lengths(name):
    """Return whether all sequences of a set have the same length."""
    return len({n for part in PARTS for n in load_lengths(name, part)}) == 1


def average_over_seeds(results):
    """Return mean explained fractions by set, method and size."""
    groups = {}
    for result in results:
        key = result["set"], result["method"], result["size"]
        groups.setdefault(key, []).append(result["explained"])
    return {key: statistics.mean(values) for key, values in groups.items()}


def tabulate_sets(explained, names):
    """Return the explained fractions of each set, ours next to that of PCA."""
    columns, rows = {"set": ""}, []
    for size in SIZES:
        columns |= {f"{size}, ours": ".3f", f"{size}, PCA": ".3f"}
    for name in names:
        row = {"set": name if has_equal_lengths(name) else f"{name} (resampled)"}
        for size in SIZES:
            for method in ("ours", "PCA"):
                row[f"{size}, {method}"] = explained[name, method, size]
        rows.append(row)
    return make_table("Explained fraction of the test part", columns, rows)


def tabulate_textbook(explained, names):
    """Return the explained fractions of the textbook network."""
    columns = {"set": "", **{str(size): ".3f" for size in SIZES}}
    rows = [
        {"set": name} | {str(n): explained[name, TEXTBOOK_NAME, n] for n in SIZES}
        for name in names
        if (name, TEXTBOOK_NAME, SIZES[0]) in explained
    ]
    return make_table("Explained by the textbook network", columns, rows)


def tabulate_means(results, explained, names):
    """Return means over sets for each number of components."""
    columns = {"components": "d"}
    for method in METHODS:
        columns[f"{method}, explained"] = ".3f"
    columns |= {
        "training adds": "+.4f",
        "least": "+.4f",
        "unexplained, ours / PCA": ".2f",
        "untrained / PCA": ".2f",
        "largest loss against PCA": ".4f",
        "fit, s": ",.0f",
        "untrained, s": ",.0f",
    }
    rows = []
    for size in SIZES:
        row = {"components": size}
        for method in METHODS:
            values = [explained[name, method, size] for name in names]
            row[f"{method}, explained"] = statistics.mean(values)
        gains = [
            explained[name, "ours", size] - explained[name, "untrained", size]
            for name in names
        ]
        row |= {"training adds": statistics.mean(gains), "least": min(gains)}
        row["unexplained, ours / PCA"] = compare(explained, names, "ours", size)
        row["untrained / PCA"] = compare(explained, names, "untrained", size)
        row["largest loss against PCA"] = max(losses(explained, names, size).values())
        for method, heading in (("ours", "fit, s"), ("untrained", "untrained, s")):
            row[heading] = sum(
                result["fit_seconds"]
                for result in results
                if (result["method"], result["size"]) == (method, size)
            )
        rows.append(row)
    return make_table("Means over sets", columns, rows)


def compare(explained, names, method, size):
    """Return the geometric mean of ratios of unexplained fractions to those of PCA."""
    ratios = [
        (1 - explained[name, method, size]) / (1 - explained[name, "PCA", size])
        for name in names
        if 1 - explained[name, "PCA", size] > NOTHING
    ]
    if not ratios:
        return math.nan
    return statistics.geometric_mean(max(ratio, NOTHING) for ratio in ratios)


def losses(explained, names, size):
    """Return by how much PCA explains more than ours, by set."""
    return {
        name: explained[name, "PCA", size] - explained[name, "ours", size]
        for name in names
    }


def judge_targets(explained, names):
    """Compare our fractions with those of PCA."""
    kinds = {"equal": [], "unequal": []}
    for name in names:
        kinds["equal" if has_equal_lengths(name) else "unequal"].append(name)
    verdicts = []
    for kind, chosen in kinds.items():
        worst = {
            (name, size): loss
            for size in SIZES
            for name, loss in losses(explained, chosen, size).items()
        }
        if not worst:
            continue
        name, size = max(worst, key=worst.get)
        loss = worst[name, size]
        n_lost = sum(value > TOLERANCE for value in worst.values())
        verdicts.append(
            judge(
                f"reconstruction: explained less than by PCA, {kind} lengths",
                f"at most {TOLERANCE:g}",
                f"{loss:.4f} at most ({name}, {size} components); more than "
                f"{TOLERANCE:g} in {n_lost} of {len(worst)} cases",
                loss <= TOLERANCE,
            )
        )
    for size in SHORT_SIZES:
        ratio = compare(explained, kinds["equal"] or names, "ours", size)
        verdicts.append(
            judge(
                f"reconstruction: unexplained, ours / PCA, {size} components",
                f"at most {RATIO_TARGET:g}",
                f"{ratio:.3f}",
                None if math.isnan(ratio) else ratio <= RATIO_TARGET,
            )
        )
    return verdicts

"""The quality benchmark: evaluating, summarizing and comparing."""

import json
import math

import numpy as np
import pytest
from sklearn.datasets import make_blobs
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV

from benchmarks.quality import classification, compare, summary, tables, temperature
from benchmarks.quality.contenders import CONTENDERS, explained_fraction
from benchmarks.quality.evaluation import (
    build_svm,
    evaluate,
    evaluate_by_ridge,
    fit_svm_and_width,
)
from benchmarks.quality.summary import MULTIVARIATE, UNIVARIATE

NAMES = ("svm", "svm_width", "logistic", "neighbor", "nmi")


@pytest.fixture
def blobs():
    """Return vectors of both parts in three distant clusters, with their classes."""
    vectors, y = make_blobs(
        120, n_features=4, centers=3, center_box=(-100, 100), random_state=0
    )
    return vectors[:60], y[:60], vectors[60:], y[60:]


def make_results(contender="ours", seeds=(0,), sets=summary.SETS, **figures):
    """Make results that are equal for all sets and seeds."""
    return [
        {"contender": contender, "set": name, "seed": seed, **figures}
        for name in sets
        for seed in seeds
    ]


def judge(results):
    """Return the verdicts on results by question."""
    verdicts = summary.judge_targets(summary.mean_over_seeds(results), n_workers=2)
    return {verdict["question"]: verdict for verdict in verdicts}


@pytest.mark.parametrize("standardize", [True, False])
def test_distant_clusters_are_separated_by_all_methods(blobs, standardize):
    figures = evaluate(*blobs, standardize=standardize)

    assert figures == pytest.approx(dict.fromkeys(NAMES, 1))
    assert evaluate_by_ridge(*blobs) == 1


def test_standardizing_reveals_a_component_of_small_scale():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], 50)
    vectors = np.column_stack([y + 0.1 * rng.normal(size=100), 1e4 * rng.random(100)])

    figures = {
        standardize: evaluate(vectors, y, vectors[::-1], y[::-1], standardize)
        for standardize in (True, False)
    }

    assert figures[True]["nmi"] > 0.9 > figures[False]["nmi"]
    assert figures[True]["logistic"] == figures[False]["logistic"] == 1


@pytest.mark.parametrize(
    ("n_samples", "n_classes", "searched"),
    [(48, 2, False), (60, 2, True), (60, 12, True), (60, 15, False)],
)
def test_c_is_cross_validated_if_there_is_enough_data(n_samples, n_classes, searched):
    classifier = build_svm(np.arange(n_samples) % n_classes)

    assert isinstance(classifier, GridSearchCV) == searched
    assert searched or classifier.C == 1000


@pytest.mark.parametrize("n_samples", [24, 100])
def test_gamma_is_cross_validated_even_with_few_data(n_samples):
    rng = np.random.default_rng(0)
    y = np.arange(n_samples + 200) % 2
    X = rng.normal(size=(len(y), 300)) + 0.25 * y[:, None]

    search = fit_svm_and_width(X[:n_samples], y[:n_samples])

    scale = 1 / (300 * X[:n_samples].var())
    assert sorted(search.param_grid["gamma"] / scale) == pytest.approx([0.01, 0.1, 1])
    assert ("C" in search.param_grid) == (n_samples == 100)
    assert search.score(X[n_samples:], y[n_samples:]) > 0.8


def test_explained_fraction_is_r2_over_the_features_that_vary():
    rng = np.random.default_rng(0)
    true = np.column_stack([rng.normal(5, 2, size=(30, 2)), np.ones(30)])
    predicted = true + 0.1 * rng.normal(size=true.shape)

    fraction = explained_fraction(predicted, true)

    assert fraction == pytest.approx(r2_score(true[:, :2], predicted[:, :2]))


def test_every_set_has_a_kind_and_a_published_figure():
    assert (len(UNIVARIATE), len(MULTIVARIATE)) == (19, 4)
    assert summary.PUBLISHED["dtw_1nn"].notna().all()


def test_perfect_vectors_meet_all_targets():
    accuracies = {"svm": 1.0, "svm_width": 1.0, "ridge": 1.0}
    ours = make_results(**accuracies, nmi=1.0, explained=0.9, fit_seconds=1.0)
    textbook = make_results("textbook", explained=0.7)

    verdicts = judge(ours + textbook)

    assert all(verdict["met"] == "yes" for verdict in verdicts.values())


def test_poor_vectors_meet_no_target():
    accuracies = {"svm": 0.8, "svm_width": 0.8, "ridge": 0.8}
    ours = make_results(**accuracies, nmi=0.4, explained=0.5, fit_seconds=100.0)
    textbook = make_results("textbook", explained=0.7)

    verdicts = judge(ours + textbook)

    assert all(verdict["met"] == "no" for verdict in verdicts.values())


def test_gains_of_training_are_differences_by_set():
    results = make_results(svm=0.9, explained=0.5)
    results += make_results("untrained", svm=0.875, explained=0.5)

    univariate, multivariate = tables.tabulate_training(
        summary.mean_over_seeds(results)
    )

    assert (univariate["kind"], multivariate["kind"]) == ("univariate", "multivariate")
    assert univariate["SVM"] == pytest.approx(0.025)
    assert univariate["lowest, SVM"] == pytest.approx(0.025)
    assert univariate["explained"] == 0
    assert tables.tabulate_training(summary.mean_over_seeds(results[:23])) == []


def test_target_is_not_judged_if_a_set_failed():
    results = make_results(svm=1.0, nmi=1.0)
    results[0] = {"contender": "ours", "set": summary.SETS[0], "seed": 0, "error": "!"}

    verdicts = judge(results)

    univariate = verdicts["quality: SVM, univariate sets: TS2Vec"]
    assert univariate["result"] == "1.000, 18 of 19 sets"
    assert univariate["met"] == "not judged"
    assert verdicts["quality: SVM, PLAID: 1-NN with DTW"]["met"] == "yes"


def test_seeds_are_averaged_and_a_single_seed_has_no_deviation():
    results = make_results(svm=0.5) + make_results(seeds=(1,), svm=0.7)

    means = summary.mean_over_seeds(results)["ours"]
    spreads = summary.spread_over_seeds(results)["ours"]
    single = summary.spread_over_seeds(results[:23])["ours"]

    assert means.loc["PLAID", "svm"] == pytest.approx(0.6)
    assert spreads.loc["PLAID", "svm"] == pytest.approx(0.2 / math.sqrt(2))
    assert summary.column(single, "svm") == {}


def test_means_over_sets_have_a_deviation_over_seeds():
    results = make_results(seeds=(0,), svm=0.4) + make_results(seeds=(1,), svm=0.6)
    results += make_results("untrained", seeds=(0,), svm=0.4)

    by_seed = summary.means_by_seed(results, "ours", "svm", MULTIVARIATE)
    rows = tables.tabulate_seeds(results)

    assert by_seed == pytest.approx([0.4, 0.6])
    assert [row["kind"] for row in rows] == ["univariate", "multivariate"]
    for row in rows:  # "untrained" has a single seed
        assert (row["contender"], row["seeds"]) == ("ours", 2)
        assert row["SVM"] == pytest.approx([0.5, 0.02**0.5])


@pytest.fixture
def earlier(tmp_path):
    """Return the file of an earlier run without --quick."""
    results = make_results(seeds=(0, 1), svm=0.5) + make_results("PCA", svm=0.5)
    written = {
        "options": {"quick": False},
        "parameters": {"ours": {"lr": [0.1]}, "PCA": {}},
        "results": results,
    }
    path = tmp_path / "earlier.json"
    path.write_text(json.dumps(written))
    return path


def test_earlier_results_of_other_parameters_are_dropped(earlier, capsys):
    jobs = make_results(seeds=(0,))

    same, parameters = classification.read_earlier(
        earlier, jobs, {"ours": {"lr": (0.1,)}}, quick=False
    )
    changed, _ = classification.read_earlier(
        earlier, jobs, {"ours": {"lr": (0.2,)}}, quick=False
    )

    assert len(same) == 2 * len(summary.SETS)  # seed 1 of ours, and PCA
    assert {each["contender"] for each in changed} == {"PCA"}
    assert parameters == {"ours": {"lr": [0.1]}, "PCA": {}}
    assert "Dropped, since parameters differ: ours." in capsys.readouterr().out


def test_quick_and_full_runs_are_not_combined(earlier):
    with pytest.raises(SystemExit, match="without --quick"):
        classification.read_earlier(earlier, [], {}, quick=True)


def test_ratio_requires_that_the_other_leaves_something_unexplained():
    ours = make_results(explained=0.9) + make_results("PCA", explained=1.0)
    textbook = make_results("textbook", explained=0.6)

    means = summary.mean_over_seeds(ours + textbook)

    assert summary.unexplained_ratios(means, "ours")["CBF"] == pytest.approx(0.25)
    assert summary.unexplained_ratios(means, "PCA")["CBF"] < 1e-8
    assert summary.unexplained_ratios(means, "ours", "PCA") == {}


def test_tables_have_every_contender_and_the_published_figures():
    results = make_results("textbook", svm=0.8, nmi=0.4, explained=0.6)
    results += make_results(seeds=(0, 1), svm=0.9, nmi=0.5, explained=0.9)
    for result in results:
        result |= {"fit_seconds": 1.0, "vector_length": 128}
    failed = {"contender": "PCA", "set": "CBF", "seed": 0, "error": "BadError"}

    made = tables.make_tables([*results, failed])

    by_set = made["quality-svm-univariate"]
    *sets, mean, counts = by_set["rows"]
    assert [row["set"] for row in sets] == list(UNIVARIATE)
    assert mean["ours"] == pytest.approx(0.9)
    assert mean["DTW 1-NN, p."] == pytest.approx(0.853, abs=5e-4)
    assert counts["textbook"] == "19"
    assert "PCA" not in by_set["columns"]
    means = made["quality-means"]["rows"]
    assert [row["contender"] for row in means] == ["textbook"] * 2 + ["ours"] * 2
    assert means[2]["unexplained / textbook"] == pytest.approx(0.25)
    assert means[0] | {"fit, s": 19.0, "length": "128", "sets": 19} == means[0]


def test_makespan_starts_the_longest_jobs_first():
    assert summary.makespan([1, 2, 3, 4], n_workers=2) == 5
    assert summary.makespan([1, 1, 1, 9], n_workers=2) == 9
    assert summary.makespan([1, 2, 3], n_workers=1) == 6


def test_comparison_counts_higher_equal_and_lower_figures():
    before = {"results": make_results(sets=MULTIVARIATE, svm=0.5, fit_seconds=1.0)}
    after = {"results": make_results(sets=MULTIVARIATE, svm=0.5, fit_seconds=3.0)}
    for result, svm in zip(after["results"], (0.6, 0.7, 0.5, 0.4), strict=True):
        result["svm"] = svm

    by_set, means = compare.compare(before, after, "ours")

    assert by_set["B - A"].tolist() == pytest.approx([0.1, 0.2, 0.0, -0.1])
    assert means.loc["svm", ["higher", "equal", "lower"]].tolist() == [2, 1, 1]
    assert means.loc["svm", "B - A"] == pytest.approx(0.05)
    spread = np.std([0.1, 0.2, 0.0, -0.1], ddof=1)
    assert means.loc["svm", "standard error"] == pytest.approx(spread / 2)
    assert means.loc["fit_seconds", "B"] == 3
    assert list(means.index) == ["svm", "fit_seconds"]


def test_comparison_finds_parameters_that_differ():
    changes = compare.find_differences({"lr": 1, "cell": "gru"}, {"lr": 2, "new": 3})

    assert changes == {"lr": (1, 2), "cell": ("gru", None), "new": (None, 3)}


class FragileWorker:
    """A process that dies in the jobs of one set."""

    def __init__(self, *args):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        pass

    def call(self, name, job, quick):
        if job["set"] == "PLAID":
            raise RuntimeError("The process died.")
        return {"svm": 1.0}


def test_process_that_dies_fails_one_job(monkeypatch):
    monkeypatch.setattr(classification, "Worker", FragileWorker)
    names = ("Trace", "PLAID", "CBF")
    jobs = [{"contender": "ours", "set": name, "seed": 0} for name in names]

    results = classification.run_jobs(jobs, n_workers=1, quick=True)
    results = classification.sort_results(results)

    assert [result["set"] for result in results] == ["CBF", "PLAID", "Trace"]
    assert [result.get("svm") for result in results] == [1.0, None, 1.0]
    assert "The process died." in results[1]["error"]


def test_longest_jobs_run_first_and_deterministic_ones_once(monkeypatch):
    lengths = {"Trace": np.array([5, 5]), "PLAID": np.array([9, 100])}
    monkeypatch.setattr(
        classification, "load_lengths", lambda name, part: lengths[name]
    )

    jobs = classification.plan_jobs(CONTENDERS, lengths, seeds=[0, 1])

    assert (jobs[0]["contender"], jobs[0]["set"]) == ("textbook", "PLAID")
    n_jobs = {
        key: sum(job["contender"] == key for job in jobs)
        for key in ("ours", "PCA", "mean + std")
    }
    assert n_jobs == {"ours": 4, "PCA": 1, "mean + std": 2}


@pytest.fixture
def hours():
    """Return 300 hours of two features, 10 * hour and the hour itself."""
    hour = np.arange(300.0)
    return np.column_stack([10 * hour, hour])


def test_windows_precede_the_day_of_their_target(hours):
    X, y = temperature.cut_windows(hours, 500, np.random.default_rng(0))

    lengths = np.array([len(x) for x in X])
    first, last = (np.array([x[i, 1] for x in X]) for i in (0, -1))
    assert (lengths.min(), lengths.max()) == (12, 96)
    assert all(np.array_equal(x[:, 0], 10 * x[:, 1]) for x in X)
    np.testing.assert_array_equal(last - first, lengths - 1)
    np.testing.assert_allclose(y, last + 12.5)  # mean of the next 24 hours
    assert first.min() >= 0
    assert last.max() <= 299 - 24


def test_windows_of_both_parts_are_redrawn_per_seed(hours):
    parts = hours[:150], hours[150:]

    X, y = zip(*temperature.draw_windows(parts, seed=0, quick=True), strict=True)
    (_, same), (_, other) = (
        temperature.draw_windows(parts, seed, quick=True)[0] for seed in (0, 1)
    )

    assert list(map(len, X)) == list(map(len, y)) == [100, 25]
    assert y[0].max() < 150 <= min(x[0, 1] for x in X[1])
    np.testing.assert_array_equal(same, y[0])
    assert not np.array_equal(other, y[0])


def test_windows_are_described_by_feature(hours):
    described = temperature.describe([hours[5:25], hours[:40]])

    assert {name: len(values) for name, values in described.items()} == dict.fromkeys(
        described, 2
    )
    first = {name: values[0].tolist() for name, values in described.items()}
    assert first == {
        "mean": [145, 14.5],
        "std": pytest.approx([10 * 33.25**0.5, 33.25**0.5]),
        "last value": [240, 24],
        "minimum": [50, 5],
        "maximum": [240, 24],
        "change": [190, 19],
        "mean of the last half day": [185, 18.5],
        "length": [20],
    }


def test_properties_that_vectors_contain_are_read_off_exactly(hours):
    X = [
        temperature.cut_windows(hours, 60, np.random.default_rng(seed))[0]
        for seed in (0, 1)
    ]
    described = [temperature.describe(part) for part in X]
    vectors = [
        np.hstack([made[name] for name in temperature.READ]) for made in described
    ]

    complete = temperature.read_off(vectors, X)
    without_length = temperature.read_off([part[:, :2] for part in vectors], X)

    assert complete == pytest.approx(dict.fromkeys(temperature.READ, 1))
    assert without_length["mean"] == pytest.approx(1)
    assert without_length["length"] < 0.5


@pytest.mark.parametrize(
    ("error", "r2", "met"), [(1.9, 0.995, "yes"), (2.1, 0.9, "no")]
)
def test_error_on_vectors_is_judged_against_that_of_the_last_value(error, r2, met):
    errors, readings = [], []
    for variant in temperature.VARIANTS:
        errors += [
            {"contender": temperature.OURS, variant: error},
            {"contender": "vectors, untrained, Ridge()", variant: 9.0},
            {"contender": "last value", variant: 2.0},
        ]
        reading = {"variant": variant, "vectors": f"{variant}, {temperature.DEFAULTS}"}
        for lowest in (r2, 1.0):  # two seeds
            figures = dict.fromkeys(temperature.READ, 1.0) | {"std": lowest}
            readings.append(reading | {"setting": temperature.DEFAULTS} | figures)

    verdicts = temperature.judge_targets(errors, readings)

    assert [verdict["met"] for verdict in verdicts] == [met] * 3
    assert verdicts[0]["result"] == f"{error / 2:.3f}"
    assert verdicts[2]["result"] == f"lowest {r2:.4f} (std, oil temperature)"

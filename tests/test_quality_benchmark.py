"""The quality benchmark judges, sums up and compares as it says."""

import json
import math

import compare_quality
import numpy as np
import pytest
import quality
from _quality import summary, tables
from _quality.contenders import CONTENDERS, explained_fraction
from _quality.judges import build_svm, judge, judge_by_ridge
from sklearn.datasets import make_blobs
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV

MULTIVARIATE = summary.sets_of("multivariate")
NAMES = ("svm", "logistic", "neighbour", "nmi")


@pytest.fixture
def blobs():
    """Vectors of both parts in three clusters far apart, with their classes."""
    vectors, y = make_blobs(
        120, n_features=4, centers=3, center_box=(-100, 100), random_state=0
    )
    return vectors[:60], y[:60], vectors[60:], y[60:]


def make_results(contender="ours", seeds=(0,), sets=summary.SETS, **figures):
    """Make up results that are alike on all sets and with all seeds."""
    return [
        {"contender": contender, "set": name, "seed": seed, **figures}
        for name in sets
        for seed in seeds
    ]


def verdicts_of(results):
    """Judge made-up results; verdicts by what is compared."""
    verdicts = summary.judge_bars(summary.mean_over_seeds(results), n_workers=2)
    return {verdict["what"]: verdict for verdict in verdicts}


@pytest.mark.parametrize("standardise", [True, False])
def test_clusters_far_apart_are_told_apart_by_all_judges(blobs, standardise):
    figures = judge(*blobs, standardise=standardise)

    assert figures == pytest.approx(dict.fromkeys(NAMES, 1))
    assert judge_by_ridge(*blobs) == 1


def test_standardising_brings_out_a_number_of_small_unit():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], 50)
    vectors = np.column_stack([y + 0.1 * rng.normal(size=100), 1e4 * rng.random(100)])

    figures = {
        standardise: judge(vectors, y, vectors[::-1], y[::-1], standardise)
        for standardise in (True, False)
    }

    assert figures[True]["nmi"] > 0.9 > figures[False]["nmi"]
    assert figures[True]["logistic"] == figures[False]["logistic"] == 1


@pytest.mark.parametrize(
    ("n_samples", "n_classes", "searched"),
    [(48, 2, False), (60, 2, True), (60, 12, True), (60, 15, False)],
)
def test_c_is_searched_where_there_is_enough_for_folds(n_samples, n_classes, searched):
    classifier = build_svm(np.arange(n_samples) % n_classes)

    assert isinstance(classifier, GridSearchCV) == searched
    assert searched or classifier.C == 1000


def test_explained_share_is_r2_over_the_features_that_vary():
    rng = np.random.default_rng(0)
    true = np.column_stack([rng.normal(5, 2, size=(30, 2)), np.ones(30)])
    predicted = true + 0.1 * rng.normal(size=true.shape)

    share = explained_fraction(predicted, true)

    assert share == pytest.approx(r2_score(true[:, :2], predicted[:, :2]))


def test_every_published_set_has_a_kind_and_a_figure_to_pass():
    assert (len(summary.sets_of("univariate")), len(MULTIVARIATE)) == (19, 4)
    assert all("dtw_1nn" in figures for figures in summary.PUBLISHED.values())


def test_all_bars_are_met_by_perfect_vectors():
    ours = make_results(svm=1.0, nmi=1.0, explained=0.9, fit_seconds=1.0)
    textbook = make_results("textbook", explained=0.7)

    verdicts = verdicts_of(ours + textbook)

    assert all(verdict["met"] is True for verdict in verdicts.values())


def test_no_bar_is_met_by_poor_vectors():
    ours = make_results(svm=0.8, nmi=0.4, explained=0.5, fit_seconds=100.0)
    textbook = make_results("textbook", explained=0.7)

    verdicts = verdicts_of(ours + textbook)

    assert all(verdict["met"] is False for verdict in verdicts.values())


def test_a_bar_is_not_judged_where_a_set_failed():
    results = make_results(svm=1.0, nmi=1.0)
    results[0] = {"contender": "ours", "set": summary.SETS[0], "seed": 0, "error": "!"}

    verdicts = verdicts_of(results)

    univariate = verdicts["SVM, univariate, TS2Vec"]
    assert (univariate["n"], univariate["n_sets"], univariate["met"]) == (18, 19, None)
    assert verdicts["SVM, PLAID, 1-NN with DTW"]["met"] is True


def test_seeds_are_averaged_and_one_seed_has_no_spread():
    results = make_results(svm=0.5) + make_results(seeds=(1,), svm=0.7)

    means = summary.mean_over_seeds(results)["ours"]
    spreads = summary.spread_over_seeds(results)["ours"]
    single = summary.spread_over_seeds(results[:23])["ours"]

    assert means["PLAID"]["svm"] == pytest.approx(0.6)
    assert spreads["PLAID"]["svm"] == pytest.approx(0.2 / math.sqrt(2))
    assert single["PLAID"]["svm"] is None


def test_means_over_sets_are_spread_over_seeds(capsys):
    results = make_results(seeds=(0,), svm=0.4) + make_results(seeds=(1,), svm=0.6)
    results += make_results("untrained", seeds=(0,), svm=0.4)

    by_seed = summary.means_by_seed(results, "ours", "svm", MULTIVARIATE)
    tables.print_seeds(results)

    assert by_seed == pytest.approx([0.4, 0.6])
    printed = capsys.readouterr().out
    assert printed.count("0.500 ± 0.141") == 2  # for both kinds
    assert "untrained" not in printed  # one seed has no spread


@pytest.mark.parametrize("quick", [True, False])
def test_an_earlier_run_of_other_parameters_is_not_mixed_in(tmp_path, capsys, quick):
    results = make_results(seeds=(0, 1), svm=0.5) + make_results("PCA", svm=0.5)
    written = {
        "results": results,
        "machine": {"date": "2026-01-01"},
        "parameters": {"ours": {"pooling": ["mean"]}, "PCA": {}},
        "quick": False,
    }
    path = tmp_path / "earlier.json"
    path.write_text(json.dumps(written))
    jobs = make_results(seeds=(0,))

    def read(pooling):
        return quality.read_others(path, jobs, {"ours": {"pooling": pooling}}, quick)

    if quick:
        with pytest.raises(SystemExit, match="without --quick"):
            read(("mean",))
        return
    same, parameters = read(("mean",))
    changed, _ = read(("max",))

    assert len(same) == 2 * len(summary.SETS)  # seed 1 of ours, and PCA
    assert {each["contender"] for each in changed} == {"PCA"}
    assert parameters == written["parameters"]
    assert "Dropped from it, of other parameters: ours." in capsys.readouterr().out


def test_a_ratio_needs_something_unexplained_on_both_sides():
    ours = make_results(explained=0.9) + make_results("PCA", explained=1.0)
    textbook = make_results("textbook", explained=0.6)

    means = summary.mean_over_seeds(ours + textbook)

    assert summary.unexplained_ratios(means, "ours")["CBF"] == pytest.approx(0.25)
    assert summary.unexplained_ratios(means, "PCA") == {}


def test_tables_show_every_contender_and_name_what_failed(capsys):
    results = make_results(seeds=(0, 1), svm=0.9, nmi=0.5, explained=0.9)
    results += make_results("textbook", svm=0.8, nmi=0.4, explained=0.6)
    for result in results:
        result |= {"fit_seconds": 1.0, "vector_length": 128}
    failed = {"contender": "PCA", "set": "CBF", "seed": 0, "error": "Why:\nBadError"}

    verdicts = list(verdicts_of(results).values())
    tables.print_summary([*results, failed], verdicts)

    printed = capsys.readouterr().out
    assert "| textbook  | univariate   |   19 | 0.800 |" in printed
    assert "Failed: PCA, CBF, seed 0: BadError" in printed
    assert "T-Loss combined: 0.900, 19 of 19 sets. Bar above 0.903: NOT met" in printed


def test_the_longest_job_is_given_out_first():
    assert summary.makespan([1, 2, 3, 4], n_workers=2) == 5
    assert summary.makespan([1, 1, 1, 9], n_workers=2) == 9
    assert summary.makespan([1, 2, 3], n_workers=1) == 6


def test_comparison_counts_wins_and_tells_what_changed():
    before = {"results": make_results(sets=MULTIVARIATE, svm=0.5, fit_seconds=1.0)}
    after = {"results": make_results(sets=MULTIVARIATE, svm=0.5, fit_seconds=3.0)}
    for result, svm in zip(after["results"], (0.6, 0.7, 0.5, 0.4), strict=True):
        result["svm"] = svm

    rows, summaries = compare_quality.compare(before, after, "ours")

    found = summaries["svm"]
    assert [row["B - A"] for row in rows] == pytest.approx([0.1, 0.2, 0.0, -0.1])
    assert (found["wins"], found["draws"], found["losses"]) == (2, 1, 1)
    assert found["difference"] == pytest.approx(0.05)
    spread = np.std([0.1, 0.2, 0.0, -0.1], ddof=1)
    assert found["standard_error"] == pytest.approx(spread / 2)
    assert summaries["fit_seconds"]["B"] == 3
    assert "nmi" not in summaries


def test_comparison_names_parameters_that_differ():
    changes = compare_quality.differing({"lr": 1, "cell": "gru"}, {"lr": 2, "new": 3})

    assert changes == {"lr": (1, 2), "cell": ("gru", None), "new": (None, 3)}


class FragileWorker:
    """Stands in for a process, which dies in the jobs of one set."""

    n_started = 0

    def __init__(self, *args):
        self.dead = False

    def __enter__(self):
        FragileWorker.n_started += 1
        return self

    def __exit__(self, *exc_info):
        pass

    def call(self, name, job, quick):
        assert not self.dead
        if job["set"] == "PLAID":
            self.dead = True
            raise RuntimeError("The process died.")
        return job | {"svm": 1.0}


def test_a_process_that_dies_costs_one_job(monkeypatch):
    monkeypatch.setattr(quality, "Worker", FragileWorker)
    monkeypatch.setattr(FragileWorker, "n_started", 0)
    names = ("Trace", "PLAID", "CBF")
    jobs = [{"contender": "ours", "set": name, "seed": 0} for name in names]

    results = quality.run_jobs(jobs, n_workers=1, quick=True)

    assert [result["set"] for result in results] == ["CBF", "PLAID", "Trace"]
    assert [result.get("svm") for result in results] == [1.0, None, 1.0]
    assert FragileWorker.n_started == 2


def test_jobs_run_longest_first_and_once_where_nothing_is_random(monkeypatch):
    lengths = {"Trace": np.array([5, 5]), "PLAID": np.array([9, 100])}
    monkeypatch.setattr(quality, "load_lengths", lambda name, part: lengths[name])

    jobs = quality.plan_jobs(CONTENDERS, lengths, seeds=[0, 1])

    assert (jobs[0]["contender"], jobs[0]["set"]) == ("textbook", "PLAID")
    n_jobs = {
        key: sum(job["contender"] == key for job in jobs)
        for key in ("ours", "PCA", "mean + std")
    }
    assert n_jobs == {"ours": 4, "PCA": 1, "mean + std": 2}

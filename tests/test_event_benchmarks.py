"""Benchmarks of words and events: cutting, aggregating and comparing."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.events import categories, helpdesk, sentences, sepsis
from benchmarks.events.logs import (
    aggregate,
    corrected_error,
    cut_before,
    cut_prefixes,
    to_events,
    to_frame,
)


@pytest.fixture
def log():
    """Return an event log of two cases, with three events and one."""
    times = ["2024-01-01 00:00", "2024-01-01 01:00", "2024-01-01 04:00", "2024-02-01"]
    return pd.DataFrame(
        {
            "case": ["A", "A", "A", "B"],
            "timestamp": pd.to_datetime(times, format="mixed"),
            "activity": ["begin", "test", "test", "begin"],
            "crp": [np.nan, 4.0, 2.0, np.nan],
        }
    )


def test_log_becomes_one_row_per_case(log):
    frame = to_frame(log, ["activity"])

    assert frame["activity"].to_dict() == {
        "A": ["begin", "test", "test"],
        "B": ["begin"],
    }


@pytest.mark.parametrize(
    ("stops", "kept"),
    [
        ({"A": 1, "B": -1}, ["A", "B"]),
        ({"A": -1, "B": -1}, ["A", "A", "A", "B"]),
        ({"A": 2, "B": 0}, ["A", "A"]),
    ],
)
def test_cases_are_cut_before_the_given_position(log, stops, kept):
    assert cut_before(log, pd.Series(stops))["case"].tolist() == kept


def test_aggregates_are_counts_values_and_times(log):
    made = aggregate(log, ["activity"], ["crp"])

    assert made.loc["A"].to_dict() == {
        "activity begin": 1,
        "activity test": 2,
        "last activity begin": 0,
        "last activity test": 1,
        "crp last": 2,
        "crp mean": 3,
        "crp min": 2,
        "crp max": 4,
        "crp count": 2,
        "n_events": 3,
        "total": 4 * 3600,
        "gap": 3 * 3600,
    }
    assert made.loc["B", "total"] == 0
    assert made.loc["B"].isna().sum() == 5  # four statistics of crp, and the gap


def test_standard_error_is_larger_for_overlapping_training_parts():
    differences = np.array([0.1, -0.1, 0.2, 0.0])
    independent = np.sqrt(differences.var(ddof=1) / 4)

    assert corrected_error(differences, 0) == pytest.approx(independent)
    assert corrected_error(differences, 1 / 4) == pytest.approx(independent * 2**0.5)


def test_prefixes_end_before_the_next_activity(log):
    prefixes, continuations = cut_prefixes(to_frame(log, ["activity", "crp"]))

    assert prefixes["activity"].tolist() == [["begin"], ["begin", "test"]]
    assert continuations == [["test", "test"], ["test"]]
    targets = helpdesk.make_targets(prefixes, continuations)
    assert targets["last"].tolist() == ["begin", "test"]
    assert targets["next"].tolist() == ["test", "test"]
    assert targets["remaining"].tolist() == [2, 1]
    assert to_events(prefixes)["case"].tolist() == [0, 1, 1]
    assert to_events(prefixes)["activity"].tolist() == ["begin", "begin", "test"]


def test_most_frequent_next_activity_is_counted_in_training_cases():
    train = pd.DataFrame(
        {"last": ["a", "a", "b"], "next": ["b", "c", "b"], "remaining": [1, 3, 4]}
    )
    test = pd.DataFrame(
        {"last": ["a", "unseen"], "next": ["b", "c"], "remaining": [2, 5]}
    )

    figures = helpdesk.evaluate_last(train, test)

    # After "a": "b" or "c", with 1 or 3 events left. Unseen: "b", and the median 3.
    assert figures["accuracy"] == 1 / 2
    assert figures["error, events"] == (0 + 2) / 2


def test_similarity_is_the_fraction_of_pairs():
    pairs = [["I'm", "Tom", "."], ["Go", "!"]], [["I'm", "ill", "."], ["Stop", "Tom"]]

    assert sentences.measure_similarity(*pairs) == {
        "first word": 1 / 2,
        "last word": 0,
        "same end": 1 / 2,
        "same number of tokens": 1,
        "any word": 1 / 2,
    }


def test_areas_are_compared_fold_by_fold():
    results = [
        dict.fromkeys(sepsis.CONTENDERS, 0.6) | {"vectors": 0.7, "both": 0.8},
        dict.fromkeys(sepsis.CONTENDERS, 0.7) | {"vectors": 0.8, "both": 0.8},
    ]
    for result in results:
        result["static, aggregates"] = 0.5

    rows = {row["columns"]: row for row in sepsis.compare_areas(results)}

    assert rows["vectors"]["minus aggregates"] == pytest.approx(0.1)
    assert rows["vectors"]["standard error"] == pytest.approx(0, abs=1e-9)
    assert rows["both"]["AUC"] == pytest.approx(0.8)
    assert rows["both"]["standard error"] > 0
    assert rows["static, vectors"]["minus aggregates"] == pytest.approx(0.15)


@pytest.mark.parametrize(("case", "features"), categories.CASES.items())
def test_simulated_tables_have_the_features_of_their_case(case, features):
    n_numbers, n_categories = features

    table = categories.make_X(case, 50)

    assert table.num_columns == n_numbers + len(n_categories)
    for column in table.columns:
        assert {len(cell) for cell in column.to_pylist()} == {categories.N_TIMESTEPS}
    for n in n_categories:
        tokens = table[f"category of {n}"].combine_chunks().flatten().to_pylist()
        assert 1 < len(set(tokens)) <= n
        assert tokens[::2] == tokens[1::2]

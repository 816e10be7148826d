"""Columns of long tables that may play other roles warn, and plain tables do not."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from sklearn_seqembed import describe, sequences_from_long
from sklearn_seqembed.exceptions import SequenceReadingWarning

RNG = np.random.default_rng(0)
N = 120
LOG = pd.DataFrame(
    {
        "customer": np.repeat([f"c{i}" for i in range(20)], 6),
        "amount": RNG.normal(50, 9, N).round(2),
        "shop": RNG.choice(["north", "south"], N),
    }
)
HOURS = pd.date_range("2025-01-01", periods=N, freq="h")


def messages_of(frame, by="customer", **options):
    """List the warnings about the reading of a long table."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        sequences_from_long(frame, by=by, **options)
    assert all(w.category is SequenceReadingWarning for w in caught)
    return [str(w.message) for w in caught]


# Identifiers

IDENTIFIERS = {
    "numbers": np.arange(1000, 1000 + N),
    "shuffled": RNG.permutation(N),
    "texts": [f"row {i}" for i in range(N)],
    "categories": pd.Categorical([f"row {i}" for i in range(N)]),
    "nullable": pd.array(range(N), dtype="Int64"),
}
CONVERSIONS = {
    "pandas": lambda frame: frame,
    "polars": pl.from_pandas,
    "pyarrow": pa.Table.from_pandas,
}
all_libraries = pytest.mark.parametrize(
    "convert", CONVERSIONS.values(), ids=CONVERSIONS.keys()
)


@all_libraries
@pytest.mark.parametrize("values", IDENTIFIERS.values(), ids=IDENTIFIERS)
def test_a_column_that_is_distinct_in_every_row_warns(values, convert):
    frame = LOG.assign(row=values)

    (message,) = messages_of(convert(frame))

    assert message.startswith("Column 'row' of frame was read as a feature, but no")
    assert message.endswith("leave it out: columns=['amount', 'shop'].")
    assert not messages_of(convert(frame), columns=["amount", "row"])


def test_large_integers_identify_rows_if_their_name_says_so():
    numbers = RNG.permutation(10**9 + np.arange(N) * 7919)

    assert messages_of(LOG.assign(transaction_id=numbers))
    assert not messages_of(LOG.assign(cents=numbers))


def test_all_columns_that_are_distinct_are_counted():
    frame = LOG.assign(row=range(N), code=[f"x{i}" for i in range(N)])

    (message,) = messages_of(frame, target="shop", end="<end>")

    assert "no value occurs in two rows, as in 1 other column;" in message


NO_IDENTIFIERS = {
    "floats": (LOG.assign(row=np.arange(N) / 7), {}),
    "whole floats": (LOG.assign(row=np.arange(N) * 1.0), {}),
    "twice": (LOG.assign(row=[0, *range(N - 1)]), {}),
    "few rows": (LOG[:40].assign(row=range(40)), {}),
    "alone": (LOG[["customer"]].assign(row=range(N)), {}),
    "one sequence": (LOG.assign(customer="c", row=range(N)), {}),
    "time": (LOG.assign(row=range(N)), {"time": "row"}),
    "target": (LOG.assign(row=range(N)), {"target": "row"}),
    "name of time": (LOG.assign(step=range(N)), {}),
    "times": (LOG.assign(at=HOURS), {}),
}


@pytest.mark.parametrize(
    ("frame", "options"), NO_IDENTIFIERS.values(), ids=NO_IDENTIFIERS
)
def test_columns_that_identify_nothing_are_read_in_silence(frame, options):
    assert not messages_of(frame, **options)


# Sequences of one event


@all_libraries
@pytest.mark.parametrize("options", [{}, {"target": "shop", "end": "<end>"}])
def test_a_key_that_identifies_events_warns(convert, options):
    frame = LOG.assign(transaction_id=np.arange(N))
    few = LOG.assign(transaction_id=np.maximum(np.arange(N), 3))

    (message,) = messages_of(convert(frame), by="transaction_id", **options)

    assert "by='transaction_id' was read as what identifies a sequence" in message
    assert "so 120 events are 120 sequences, nearly all of one time step" in message
    assert len(messages_of(few, by="transaction_id")) == 1
    assert "by=['customer', 't" in messages_of(frame, by=list(frame)[::3])[0]


def test_some_sequences_of_one_event_are_read_in_silence():
    keys = np.r_[np.arange(N * 3 // 4), np.zeros(N - N * 3 // 4, dtype=int)]

    assert not messages_of(LOG.assign(key=keys), by="key")
    assert not messages_of(LOG[::6][:15])


def test_a_raw_long_table_is_split_by_a_column_whose_values_repeat():
    numbers = LOG.assign(customer=np.repeat(range(20), 6), shop=range(N))
    numbers.insert(0, "transaction_id", np.arange(5000, 5000 + N))

    with pytest.warns(SequenceReadingWarning, match="by='customer'"):
        describe(numbers)
    with pytest.warns(SequenceReadingWarning) as caught:
        describe(numbers.drop(columns="customer"))
    assert "transaction_id" not in str(caught[0].message)
    with pytest.raises((TypeError, ValueError), match="by='customer'"):
        describe(LOG.assign(transaction_id=range(N), at=HOURS))


# Times that are not used


@all_libraries
def test_times_out_of_order_warn_without_time(convert):
    frame = convert(LOG.assign(at=RNG.permutation(HOURS)))

    (message,) = messages_of(frame, columns=["amount"])

    assert "in which column 'at' goes back in time; " in message
    assert message.endswith("pass time='at'.")
    assert not messages_of(frame, time="at")


def test_dates_out_of_order_warn_without_time():
    frame = LOG.assign(day=RNG.permutation(HOURS.date), born=HOURS[0])
    frame.loc[3, "day"] = None

    (message,) = messages_of(frame)

    assert "column 'day' goes back in time" in message


SORTED = LOG.assign(at=HOURS)
IN_ORDER = {
    "sorted": SORTED,
    "mixed sequences": SORTED.sample(frac=1, random_state=0).sort_values("at"),
    "each sequence": LOG.assign(at=np.tile(HOURS[:6], 20)),
    "another column in order": SORTED.assign(due=RNG.permutation(HOURS)),
    "constant": LOG.assign(born=np.repeat(RNG.permutation(HOURS[:20]), 6)),
    "texts": LOG.assign(at=np.repeat("2025-01-01", N)),
}


@pytest.mark.parametrize("frame", IN_ORDER.values(), ids=IN_ORDER)
def test_times_in_order_are_read_in_silence(frame):
    assert not messages_of(frame)


# Integers as times

DAYS = HOURS.strftime("%Y%m%d").astype(int).to_numpy()
SECONDS = HOURS.astype("M8[s]").astype(int).to_numpy()
INTEGERS = {
    "dates": (DAYS, "dates such as 20250131", "format='%Y%m%d'"),
    "seconds": (SECONDS, "seconds since 1970", "unit='s'"),
    "milliseconds": (SECONDS * 1000, "milliseconds since 1970", "unit='ms'"),
}


@all_libraries
@pytest.mark.parametrize(
    ("values", "meaning", "option"), INTEGERS.values(), ids=INTEGERS
)
def test_integers_that_look_like_times_warn(values, meaning, option, convert):
    frame = LOG.assign(at=values)

    (message,) = messages_of(convert(frame), time="at")

    assert f"was read as numbers, but all of them look like {meaning}" in message
    assert f"pandas.to_datetime(..., {option})" in message
    converted = eval(f"pd.to_datetime(values, {option})", {"pd": pd, "values": values})
    assert converted[0] == HOURS[0]
    assert not messages_of(frame.assign(at=converted), time="at")
    assert not messages_of(convert(frame), time="at", columns="amount")


@pytest.mark.parametrize(
    "values",
    [
        np.arange(N),
        20250100 + np.arange(N),
        np.r_[DAYS[:-1], 5],
        np.r_[SECONDS[1:], 0],
        SECONDS * 1.0,
        SECONDS // 60,
    ],
    ids=["steps", "days over 31", "one other", "from zero", "floats", "minutes"],
)
def test_other_numbers_as_times_are_read_in_silence(values):
    assert not messages_of(LOG.assign(at=values), time="at")

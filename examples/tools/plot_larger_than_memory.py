"""
Train on Parquet files that do not fit into memory
==================================================

How do you encode millions of customers whose events are in files or in a database?

`fit` and `transform_batches` read a source a part at a time. In this example, the
events come from a query of duckdb on a folder of Parquet files, and the vectors go to
another folder. The whole table is never in memory. The data are small here, so that the
page runs quickly; the same lines were measured with 10 million sequences, see
:doc:`/guide/streams`.
"""

# %%
# A folder of Parquet files
# -------------------------
# The CDNOW data are the purchases of 23,570 customers of an online music shop in 1997
# and 1998. The PyPI package ``lifetimes`` contains them. We write one file per quarter,
# as a shop would collect them.

import tempfile
from importlib.metadata import distribution
from pathlib import Path

import duckdb
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_seqembed import LSTMSequenceEmbedder, describe, scan_sequences

path = distribution("lifetimes").locate_file("lifetimes/datasets/CDNOW_master.txt")
purchases = pd.read_csv(
    path, sep=r"\s+", header=0, names=["customer", "date", "discs", "dollars"]
)
purchases["date"] = pd.to_datetime(purchases["date"], format="%Y%m%d")
temporary = tempfile.TemporaryDirectory()
folder = Path(temporary.name)
(folder / "purchases").mkdir()
for quarter, rows in purchases.groupby(purchases["date"].dt.to_period("Q")):
    rows.to_parquet(folder / "purchases" / f"{quarter}.parquet", index=False)
del purchases
print(*sorted(file.name for file in (folder / "purchases").iterdir()))

# %%
# A query is a source
# -------------------
# duckdb joins and sorts tables that are larger than memory, too. The events of a
# customer must follow one another, so we sort by customer. The query adds how many days
# before the end of the first 39 weeks a purchase was made. ``describe`` shows how the
# events are read, and how long ``fit`` will take.

query = duckdb.sql(
    f"""
    SELECT customer, date, discs, dollars,
           date_diff('day', date, DATE '1997-09-30') AS days_ago
    FROM '{folder}/purchases/*.parquet'
    WHERE date <= DATE '1997-09-30'
    ORDER BY customer, date
    """
)
stream = scan_sequences(
    query, by="customer", time="date", columns=["discs", "dollars", "days_ago"]
)
embedder = LSTMSequenceEmbedder(n_components=32, max_epochs=1, random_state=0)
print(describe(stream, estimator=embedder))

# %%
# Fit, and write the vectors to a file
# ------------------------------------
# Each batch of vectors is a table with the columns of ``by``, so nothing has to be
# joined by position.

embedder.fit(stream)
batches = embedder.transform_batches(stream)
with pq.ParquetWriter(folder / "vectors.parquet", batches.schema) as writer:
    for batch in batches:
        writer.write_batch(batch)
vectors = f"'{folder}/vectors.parquet'"
print(duckdb.sql(f"SELECT COUNT(*) AS customers FROM {vectors}").fetchall())
print(f"explained: {embedder.score(stream):.1%}")

# %%
# What are they worth?
# --------------------
# We predict how much a customer will spend in the following nine months. The plain
# baseline is a query as well: recency, frequency and monetary value (RFM). Both tables
# have one row per customer, which fit into memory. Most customers never come back, and
# a few spend a lot, so we predict the logarithm.

table = duckdb.sql(
    f"""
    WITH rfm AS (
        SELECT customer, MIN(days_ago) AS recency, COUNT(*) AS frequency,
               LN(1 + SUM(dollars)) AS monetary
        FROM query GROUP BY customer
    ), later AS (
        SELECT customer, SUM(dollars) AS later
        FROM '{folder}/purchases/*.parquet' WHERE date > DATE '1997-09-30'
        GROUP BY customer
    )
    SELECT * EXCLUDE (later), LN(1 + COALESCE(later, 0)) AS target
    FROM {vectors} JOIN rfm USING (customer) LEFT JOIN later USING (customer)
    ORDER BY customer
    """
).df()
rfm = table[["recency", "frequency", "monetary"]]
encoded = table.filter(like="lstmsequenceembedder")
model = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-2, 4, 13)))
predicted, r2 = {}, {}
for name, X in {
    "RFM": rfm,
    "vectors": encoded,
    "both": pd.concat([rfm, encoded], axis=1),
}.items():
    predicted[name] = cross_val_predict(model, X, table["target"], cv=5)
    r2[name] = 1 - (table["target"] - predicted[name]).var() / table["target"].var()
    print(f"{name:8} R² = {r2[name]:.3f}")

# %%
# Three numbers predict nearly as much as the vectors, since half of the customers
# bought only once. We sort the customers by prediction, and draw what each tenth of
# them spent.

fig, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
for name, marker in (("RFM", "s"), ("both", "o")):
    order = np.argsort(predicted[name])
    spent = np.expm1(table["target"].to_numpy()[order])
    means = [part.mean() for part in np.array_split(spent, 10)]
    ax.plot(range(1, 11), means, marker=marker, label=f"{name} (R² = {r2[name]:.2f})")
ax.set(
    xlabel="tenth of the customers, by prediction",
    ylabel="dollars in nine months",
    title="What customers spent later",
    xticks=range(1, 11),
)
ax.legend()
plt.show()
temporary.cleanup()

# %%
# What to remember
# ----------------
# - Pass files, a lazy frame of polars or a query of duckdb to ``scan_sequences``, and
#   its result to ``fit``, ``score`` and ``transform_batches``.
# - Sort events by the columns that identify a sequence. They are kept with the vectors.
# - Check with ``describe`` how the data are read and how long ``fit`` will take. For
#   jobs of hours, see :doc:`/guide/planning` and :doc:`/guide/ray`.

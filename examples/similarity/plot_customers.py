"""
Cluster customers from their transactions
=========================================

Do groups of customers, found in what they bought and when, still differ later?

Customers are often grouped by three numbers: the recency, frequency and monetary value
of their purchases (RFM). In this example, we encode the whole sequence of purchases of
each customer as a vector instead, and cluster the vectors. We judge both kinds of
clusters by something that neither has seen: the purchases of the following nine months.
"""

# %%
# Transactions of a music shop
# ----------------------------
# The CDNOW data are the purchases of 23,570 people who first bought at an online music
# shop in early 1997, up to June 1998. The PyPI package ``lifetimes`` contains them. As
# in the literature on these data, the first 39 weeks are known and the others are to be
# predicted. Most customers bought only once or twice, which is hardly a sequence, so we
# choose 2,000 customers with at least three purchases.

from importlib.metadata import distribution

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score
from sklearn.preprocessing import StandardScaler

from sklearn_seqembed import LSTMSequenceEmbedder, sequences_from_long

path = distribution("lifetimes").locate_file("lifetimes/datasets/CDNOW_master.txt")
purchases = pd.read_csv(
    path, sep=r"\s+", header=0, names=["customer", "date", "discs", "dollars"]
)
purchases["date"] = pd.to_datetime(purchases["date"], format="%Y%m%d")
TODAY = pd.Timestamp("1997-09-30")
known = purchases[purchases["date"] <= TODAY]
n_known = known.groupby("customer").size()
rng = np.random.default_rng(0)
chosen = rng.choice(n_known.index[n_known >= 3], 2000, replace=False)
purchases = purchases[purchases["customer"].isin(chosen)]
known = known[known["customer"].isin(chosen)]
print(known.head().to_string(index=False))

shown = purchases[purchases["customer"].isin(np.sort(chosen)[:40])]
fig, ax = plt.subplots(figsize=(8, 4.5), layout="constrained")
rows = shown["customer"].factorize()[0]
ax.scatter(shown["date"], rows, s=shown["dollars"] / 2, alpha=0.6, lw=0)
ax.axvline(TODAY, color="k", lw=1, ls="--")
ax.set(ylabel="customer", title="Purchases of 40 customers, area by dollars")
plt.show()

# %%
# One row per customer
# --------------------
# ``sequences_from_long`` makes one row per customer of the table with one row per
# purchase. For the embedder to read how long ago the last purchase was, each sequence
# ends with a step of today, at which nothing was bought.

today = pd.DataFrame({"customer": chosen, "date": TODAY})
events = pd.concat([known, today], ignore_index=True)
events["dollars"] = np.log1p(events["dollars"])
X, keys = sequences_from_long(
    events, by="customer", time="date", columns=["date", "dollars"]
)
print(X["dollars"].map(lambda cell: np.round(cell, 1)).head(3).to_string())

# %%
# The rows are in the order of ``keys``, which put all other tables in the same order:
# recency, frequency and monetary value, and the number of purchases after today. Half
# of the customers are for training.

by_customer = known.groupby("customer")
rfm = pd.DataFrame(
    {
        "recency": np.log1p((TODAY - by_customer["date"].max()).dt.days),
        "frequency": np.log(by_customer.size()),
        "monetary": np.log1p(by_customer["dollars"].mean()),
    }
).loc[keys]
later = purchases[purchases["date"] > TODAY].groupby("customer").size()
y = np.log1p(later.reindex(keys, fill_value=0).to_numpy())
is_train = np.arange(len(keys)) % 2 == 0
print(f"{(y > 0).mean():.0%} of the customers buy again within 39 weeks")

# %%
# Cluster, and compare with the future
# ------------------------------------
# With ``max_epochs=0``, the LSTM cells are not trained, so ``fit`` takes only seconds.
# k-means sees the first eight principal components of the vectors. A clustering is as
# good as the mean of each cluster, on the training customers, predicts the later
# purchases of the others. For comparison, ridge regression uses the same columns
# directly.

embedder = LSTMSequenceEmbedder(max_epochs=0, random_state=0).fit(X[is_train])
vectors = embedder.transform(X)
scaled_rfm = StandardScaler().fit(rfm[is_train]).transform(rfm)
components = PCA(8, random_state=0).fit(vectors[is_train]).transform(vectors)
N_CLUSTERS = 6


def find_clusters(columns):
    model = KMeans(N_CLUSTERS, n_init=10, random_state=0).fit(columns[is_train])
    return model.predict(columns)


def score_clusters(clusters):
    """Return the R² of the means of clusters, on the other customers."""
    means = pd.Series(y[is_train]).groupby(clusters[is_train]).mean()
    return r2_score(y[~is_train], means.loc[clusters[~is_train]])


def score_ridge(columns):
    ridge = RidgeCV(np.logspace(-2, 4, 13)).fit(columns[is_train], y[is_train])
    return ridge.score(columns[~is_train], y[~is_train])


clusters = {"RFM": find_clusters(scaled_rfm), "vectors": find_clusters(components)}
scores = pd.DataFrame(
    {
        "clusters": {name: score_clusters(found) for name, found in clusters.items()},
        "ridge": {
            "RFM": score_ridge(scaled_rfm),
            "vectors": score_ridge(vectors),
            "both": score_ridge(np.column_stack([scaled_rfm, vectors])),
        },
    }
).loc[["RFM", "vectors", "both"]]
print("R² of log(1 + later purchases), 1,000 other customers:")
print(scores.round(2).to_string(na_rep=""))

# %%
# What the clusters look like
# ---------------------------
# Purchases per month, in each cluster, before and after today. The lighter the color,
# the more purchases after today.

month = (purchases["date"] - purchases["date"].min()).dt.days // 30
fig, axes = plt.subplots(1, 2, sharey=True, figsize=(9, 3.6), layout="constrained")
n_today = (TODAY - purchases["date"].min()).days / 30
for ax, (name, found) in zip(axes, clusters.items(), strict=True):
    cluster = pd.Series(found, index=keys)
    counts = pd.crosstab(month, cluster.loc[purchases["customer"]].to_numpy())
    rates = counts.iloc[:-1] / cluster.value_counts().sort_index()
    later_rates = rates.loc[rates.index > n_today].mean().sort_values()
    order = later_rates.index
    print(
        f"{name}: {later_rates.iloc[0]:.2f} to {later_rates.iloc[-1]:.2f} purchases "
        "per customer and month after today"
    )
    colors = plt.cm.viridis(np.linspace(0, 1, N_CLUSTERS))
    lines = [
        ax.plot(rates.index + 0.5, rates[label], color=color)[0]
        for color, label in zip(colors, order, strict=True)
    ]
    today_line = ax.axvline(n_today, color="k", lw=1, ls="--")
    ax.set(title=f"Clusters of {name}", xlabel="months since January 1997")
    ax.set_xticks(range(0, 19, 3))
fig.legend(
    [lines[-1], lines[0], today_line],
    ["cluster with the most later purchases", "cluster with the fewest", "today"],
    loc="outside lower center",
    ncols=3,
)
axes[0].set_ylabel("purchases per customer and month")
plt.show()

# %%
# Both kinds of clusters find a group that goes on to buy several times as often as the
# others. The clusters of RFM differ more in their later purchases than those of the
# vectors. k-means gives the same weight to all that it sees, whether it matters for the
# future or not. Ridge regression learns what matters, and gets as much out of the
# vectors as out of RFM.
#
# What to remember
# ----------------
# - ``sequences_from_long`` turns transactions into one row per customer, and ``keys``
#   put other tables in the same order.
# - A last step of today lets the embedder read the time since the last event.
# - Judge clusters by something that they were not made from. Here, three well-chosen
#   numbers make better clusters than vectors of whole sequences, and are as good in a
#   regression. Vectors are of use where nobody knows which numbers to choose.

"""Behavioural micro-segments: k-means over standardised behaviour, the number of clusters chosen by silhouette."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from crm.errors import ValidationFailed
from crm.segments.computed import Computed

SOURCE = "MacQueen, Some Methods for Classification (1967); Rousseeuw, Silhouettes, J. Comput. Appl. Math. 20 (1987)"


@dataclass(frozen=True, slots=True)
class Feature:
    """A column of the statement below: what it is, how much of it a cluster is called, how its average is told."""

    column: str
    name: str
    much: str
    little: str
    told: str


FEATURES: tuple[Feature, ...] = (
    Feature(
        "recency_days",
        "days since the last order",
        "Silent for long",
        "Bought lately",
        "bought {:,.0f} days ago (all: {:,.0f})",
    ),
    Feature(
        "orders",
        "orders in two years",
        "Buy often",
        "Buy seldom",
        "ordered {:,.1f} times in two years (all: {:,.1f})",
    ),
    Feature(
        "spent",
        "spent on an order",
        "Large orders",
        "Small orders",
        "spent {:,.2f} on an order (all: {:,.2f})",
    ),
    Feature(
        "discount",
        "share of discount",
        "Seek discounts",
        "Pay the full price",
        "took {:.1%} off by discounts (all: {:.1%})",
    ),
    Feature(
        "contacts",
        "touchpoints in a year",
        "Much contact",
        "Little contact",
        "had {:,.1f} touchpoints in a year (all: {:,.1f})",
    ),
)
AVERAGE = "Average in everything"
BETWEEN = " · "
"""Stands between the two things that a cluster is named after."""

# The years are those before the last order of all: an organisation whose data ended some time ago has its groups too.
STATEMENT = """
WITH until AS MATERIALIZED (
    SELECT least($1::timestamptz, max(placed_at)) AS at FROM "order" WHERE status <> 'CANCELLED'
)
SELECT c.id,
       extract(epoch FROM until.at - o.last_at) / 86400 AS recency_days, o.orders, o.spent, o.discount,
       coalesce(i.contacts, 0) AS contacts
FROM until, customer c
JOIN (
    SELECT customer_id, max(placed_at) AS last_at, count(*)::float8 AS orders, avg(base_amount)::float8 AS spent,
           (1 - sum(amount) / nullif(sum(list_amount), 0))::float8 AS discount
    FROM "order"
    WHERE status <> 'CANCELLED' AND placed_at > (SELECT at FROM until) - interval '24 months'
      AND placed_at <= (SELECT at FROM until)
    GROUP BY customer_id
) o ON o.customer_id = c.id
LEFT JOIN (
    SELECT customer_id, count(*)::float8 AS contacts FROM interaction
    WHERE occurred_at > (SELECT at FROM until) - interval '12 months' GROUP BY customer_id
) i ON i.customer_id = c.id
WHERE c.archived_at IS NULL ORDER BY c.id
"""

LEAST = 50
"""Customers without whom no cluster means anything."""
SAMPLE = 20_000
"""Customers among whom the groups are looked for; all the others are told to the nearest one."""
SILHOUETTE_SAMPLE = 2_000
MOST_CLUSTERS = 8
TYPICAL = 0.5
"""Standard deviations from the average of all from which on a feature describes a cluster."""

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Clustering:
    """Each customer's cluster from 0, shape (n,); the silhouette of the choice; the centres in standard deviations."""

    labels: NDArray[np.int64]
    silhouette: float
    centres: Matrix


def standardised(values: Matrix) -> Matrix:
    """Columns with mean 0 and deviation 1, after log(1 + x) for the skew of money and counts; shape (n, k).

    A column without any spread becomes zeros. Missing values count as 0.
    """
    logs: Matrix = np.log1p(np.maximum(np.nan_to_num(values), 0.0))
    spread = logs.std(axis=0)
    result: Matrix = (logs - logs.mean(axis=0)) / np.where(spread > 1e-9, spread, 1.0)
    return result


def cluster(values: Matrix, *, seed: int = 0) -> Clustering:
    """Cluster customers by raw features, shape (n, k), into 2 to 8 groups: as many as the silhouette likes best.

    Raises ValidationFailed with fewer than 50 customers, or when all behave alike.
    """
    if len(values) < LEAST:
        raise ValidationFailed(f"{len(values)} customers bought; clusters need at least {LEAST}.", path=("groups",))
    scaled = standardised(values)
    different = len(np.unique(scaled.round(6), axis=0))
    if different < 2:
        raise ValidationFailed("All customers behave alike; there is nothing to cluster.", path=("groups",))
    # scikit-learn takes seconds to import: only who clusters pays for it.
    kmeans: Any = importlib.import_module("sklearn.cluster").MiniBatchKMeans
    silhouette: Any = importlib.import_module("sklearn.metrics").silhouette_score
    seen = scaled
    if len(scaled) > SAMPLE:
        seen = scaled[np.sort(np.random.default_rng(seed).choice(len(scaled), SAMPLE, replace=False))]
    best, score = None, -1.0
    for number in range(2, min(MOST_CLUSTERS, different) + 1):
        fitted = kmeans(n_clusters=number, random_state=seed, n_init=3, batch_size=4096).fit(seen)
        if len(np.unique(fitted.labels_)) < number:
            continue
        size = min(SILHOUETTE_SAMPLE, len(seen))
        found = float(silhouette(seen, fitted.labels_, sample_size=size, random_state=seed))
        if best is None or found > score:
            best, score = fitted, found
    assert best is not None
    return Clustering(best.predict(scaled).astype(np.int64), score, best.cluster_centers_)


def described(found: Clustering, values: Matrix, keys: Sequence[UUID]) -> list[Computed]:
    """The clusters, largest first, each with a name and a description that people can read."""
    sizes = np.bincount(found.labels, minlength=len(found.centres))
    order = np.argsort(-sizes, kind="stable")
    names = _different([_name(found.centres[one]) for one in order])
    return [
        _described(place, name, found.labels == one, found.silhouette, values, keys)
        for place, (one, name) in enumerate(zip(order, names, strict=True), start=1)
    ]


def _different(names: Sequence[str]) -> list[str]:
    """The names, each but the first of equal ones with a number."""
    before = [names[:place].count(name) for place, name in enumerate(names)]
    return [f"{name} ({count + 1})" if count else name for name, count in zip(names, before, strict=True)]


def _described(
    place: int, name: str, inside: NDArray[np.bool_], silhouette: float, values: Matrix, keys: Sequence[UUID]
) -> Computed:
    own, all_ = values[inside].mean(axis=0), values.mean(axis=0)
    told = ", ".join(feature.told.format(own[column], all_[column]) for column, feature in enumerate(FEATURES))
    text = f"{inside.mean():.0%} of buyers. On average they {told}. Silhouette {silhouette:.2f}. Source: {SOURCE}."
    members = [key for key, member in zip(keys, inside, strict=True) if member]
    return Computed(f"micro-{place}", name, text, members)


def _name(centre: Matrix) -> str:
    """What is most particular about a cluster, in at most two features."""
    order = np.argsort(-np.abs(centre).round(3), kind="stable")[:2]  # alike ones in the order of the features
    parts = [
        FEATURES[column].much if centre[column] > 0 else FEATURES[column].little
        for column in order
        if abs(centre[column]) >= TYPICAL
    ]
    return BETWEEN.join(parts) or AVERAGE

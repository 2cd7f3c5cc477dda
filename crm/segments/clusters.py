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
FEATURES: tuple[tuple[str, str], ...] = (
    ("recency_days", "days since the last order"),
    ("orders", "orders in two years"),
    ("spent", "spent on an order"),
    ("discount", "share of discount"),
    ("contacts", "touchpoints in a year"),
)
"""Column of the statement below → what people call it."""

STATEMENT = """
SELECT c.id,
       extract(epoch FROM $1::timestamptz - o.last_at) / 86400 AS recency_days, o.orders, o.spent, o.discount,
       coalesce(i.contacts, 0) AS contacts
FROM customer c
JOIN (
    SELECT customer_id, max(placed_at) AS last_at, count(*)::float8 AS orders, avg(base_amount)::float8 AS spent,
           (1 - sum(amount) / nullif(sum(list_amount), 0))::float8 AS discount
    FROM "order" WHERE status <> 'CANCELLED' AND placed_at > $1::timestamptz - interval '24 months'
    GROUP BY customer_id
) o ON o.customer_id = c.id
LEFT JOIN (
    SELECT customer_id, count(*)::float8 AS contacts FROM interaction
    WHERE occurred_at > $1::timestamptz - interval '12 months' GROUP BY customer_id
) i ON i.customer_id = c.id
WHERE c.archived_at IS NULL ORDER BY c.id
"""

LEAST = 50
"""Customers without whom no cluster means anything."""
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
    best: Clustering | None = None
    for number in range(2, min(MOST_CLUSTERS, different) + 1):
        fitted = kmeans(n_clusters=number, random_state=seed, n_init=5, batch_size=4096).fit(scaled)
        labels = fitted.labels_.astype(np.int64)
        if len(np.unique(labels)) < number:
            continue
        size = min(SILHOUETTE_SAMPLE, len(scaled))
        score = float(silhouette(scaled, labels, sample_size=size, random_state=seed))
        if best is None or score > best.silhouette:
            best = Clustering(labels, score, fitted.cluster_centers_)
    assert best is not None
    return best


def described(found: Clustering, values: Matrix, keys: Sequence[UUID]) -> list[Computed]:
    """The clusters, largest first, each with a name and a description that people can read."""
    sizes = np.bincount(found.labels, minlength=len(found.centres))
    order = np.argsort(-sizes, kind="stable")
    return [_described(place, int(one), found, values, keys) for place, one in enumerate(order, start=1)]


def _described(place: int, one: int, found: Clustering, values: Matrix, keys: Sequence[UUID]) -> Computed:
    inside = found.labels == one
    told = "; ".join(
        f"{name}: {np.nanmean(values[inside, column]):,.2f} on average ({np.nanmean(values[:, column]):,.2f} of all)"
        for column, (_, name) in enumerate(FEATURES)
    )
    text = f"{inside.mean():.0%} of buyers. {told}. Silhouette {found.silhouette:.2f}. Source: {SOURCE}."
    members = [key for key, member in zip(keys, inside, strict=True) if member]
    return Computed(f"micro-{place}", f"Micro-segment {place}: {_name(found.centres[one])}", text, members)


def _name(centre: Matrix) -> str:
    """What is most particular about a cluster, in at most two features."""
    order = np.argsort(-np.abs(centre), kind="stable")[:2]
    parts = [
        f"{'many' if centre[column] > 0 else 'few'} {FEATURES[column][1]}"
        if FEATURES[column][0] in ("recency_days", "orders", "contacts")
        else f"{'high' if centre[column] > 0 else 'low'} {FEATURES[column][1]}"
        for column in order
        if abs(centre[column]) >= TYPICAL
    ]
    return ", ".join(parts) or "average in everything"

"""The transition matrix: from where customers went to where, between the ends of periods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from crm import organization
from crm.access import Actor, Scope, need
from crm.lifecycle import store
from crm.lifecycle.guards import Rule
from crm.lifecycle.reports.frame import Grain, Period, audience, edges_of
from crm.lifecycle.reports.reading import fetch_wide
from crm.lifecycle.reports.steps import STEPS
from crm.value.arrays import Floats, Ints
from crm.value.markov import estimated
from models import Lifecycle, Stage


@dataclass(frozen=True)
class Matrix:
    """Moves of customers between the ends of `steps` periods, added up.

    `stages`: the K stages, in their order. counts, probabilities, standard_errors: shape (K, K), rows are where
    customers stood before. observed: shape (K,). Probabilities of a stage that nobody stood in are unknown: its
    row stays where it is, with an infinite error.
    """

    lifecycle: Lifecycle
    stages: list[Stage]
    ends: list[datetime]
    counts: Ints
    probabilities: Floats
    standard_errors: Floats
    observed: Ints

    @property
    def keys(self) -> list[str]:
        return [stage.key for stage in self.stages]


_MATRIX = (
    STEPS
    + """
SELECT start_id, next_id, count(*) AS left_it, sum(last - first)::bigint AS stayed
FROM step GROUP BY start_id, next_id
"""
)


async def matrix(
    actor: Actor,
    *,
    period: Period,
    lifecycle: str | None = None,
    grain: Grain | None = None,
    where: Rule | None = None,
    prior: float = 0.0,
) -> Matrix:
    """Count moves from the beginning to the end of a period, or, with `grain`, over each step of it, pooled.

    Only customers in the lifecycle at the beginning of a step count in it. `prior` is added to each count before
    probabilities are estimated. Raises NotFound, RuleInvalid, ValidationFailed, Forbidden.
    """
    need(actor, Scope.LIFECYCLE_READ)
    path = await store.lifecycle_by_key(lifecycle)
    ends = edges_of(period, grain, (await organization.current()).time_zone)
    who = await audience(actor, where, first_parameter=3)
    customers = "" if who.everybody else " JOIN customer c ON c.id = t.customer_id"
    statement = _MATRIX.format(customers=customers, who=who.condition)
    rows = await fetch_wide(statement, path.id, ends, *who.values)
    return _matrix(path, await _on_path(path, rows), ends, rows, prior)


async def _on_path(path: Lifecycle, rows: Sequence[Any]) -> list[Stage]:
    """The stages of the path, and removed ones that history still speaks of."""
    stages = await Stage.filter(lifecycle_id=path.id).order_by("position", "id")
    seen = {row["start_id"] for row in rows} | {row["next_id"] for row in rows}
    return [stage for stage in stages if stage.archived_at is None or stage.id in seen]


def _matrix(path: Lifecycle, stages: list[Stage], ends: list[datetime], rows: Sequence[Any], prior: float) -> Matrix:
    place = {stage.id: number for number, stage in enumerate(stages)}
    counts = np.zeros((len(stages), len(stages)), dtype=np.int64)
    for row in rows:
        start = place[row["start_id"]]
        counts[start, start] += row["stayed"]
        if row["next_id"] is not None:
            counts[start, place[row["next_id"]]] += row["left_it"]
    found = estimated(counts, prior=prior)
    return Matrix(path, stages, ends, counts, found.probabilities, found.standard_errors, found.observed)


def plain_matrix(found: Matrix) -> dict[str, Any]:
    """A matrix without a prior as plain data: the ends, and the counts that are not zero by the stages' keys."""
    keys = found.keys
    counts = [(keys[i], keys[j], int(found.counts[i, j])) for i, j in zip(*np.nonzero(found.counts), strict=True)]
    return {"ends": found.ends, "counts": counts}


async def matrix_again(lifecycle: str, kept: dict[str, Any]) -> Matrix:
    """The matrix that `plain_matrix` told, on the stages of today; forgotten ones are left out."""
    path = await store.lifecycle_by_key(lifecycle)
    ids = {stage.key: stage.id for stage in await Stage.filter(lifecycle_id=path.id)}
    rows = [
        {"start_id": ids[start], "next_id": ids[end], "left_it": count, "stayed": 0}
        for start, end, count in kept["counts"]
        if start in ids and end in ids
    ]
    ends = [datetime.fromisoformat(end) for end in kept["ends"]]
    return _matrix(path, await _on_path(path, rows), ends, rows, 0.0)

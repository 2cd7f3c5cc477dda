"""Where customers wait: how many stand in each stage, how long stays last, who stands too long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np

from crm.access import Actor, Scope, need
from crm.database import fetch_read
from crm.errors import ValidationFailed
from crm.lifecycle import store
from crm.lifecycle.guards import Rule
from crm.lifecycle.reports.frame import Period, audience
from crm.lifecycle.reports.reading import fetch_wide
from crm.value.survival import kaplan_meier
from models import Stage, StageOutcome

MAX_PAGE = 100


@dataclass(frozen=True, slots=True)
class Waiting:
    """One stage: who stands in it now, and how the stays that began in the period went.

    Times are days. `median_days` and `p90_days` are Kaplan-Meier estimates in which stays that have not ended yet
    count for as long as they lasted; None when too few have ended. `over_target` customers stand longer than the
    target now; `breaches` of the `ended` stays had lasted longer; both None without a target. `waited_days` is the
    time that those who stand in it have stood in it, together. `bottleneck` marks the open stage with most of it.
    """

    stage: str
    target_days: int | None
    standing: int
    waited_days: float
    over_target: int | None
    began: int
    ended: int
    breaches: int | None
    median_days: float | None
    p90_days: float | None
    bottleneck: bool = False


_STANDING = """
SELECT p.stage_id, count(*) AS standing, sum(extract(epoch FROM $2 - p.entered_at) / 86400)::float8 AS waited,
       count(*) FILTER (WHERE p.entered_at < $2::timestamptz - make_interval(days => s.target_days)) AS over_target
FROM stage_position p JOIN stage s ON s.id = p.stage_id{customers}
WHERE p.lifecycle_id = $1 AND p.entered_at <= $2 AND {who}
GROUP BY p.stage_id
"""
_STAYS = """
WITH stay AS (
    SELECT t.to_stage_id, t.occurred_at AS entered_at, lead(t.occurred_at) OVER path AS left_at
    FROM stage_transition t{customers}
    WHERE t.lifecycle_id = $1 AND t.occurred_at <= $4 AND {who}
    WINDOW path AS (PARTITION BY t.customer_id ORDER BY t.occurred_at, t.id)
)
SELECT to_stage_id AS stage_id, left_at IS NOT NULL AS ended,
       ceil(extract(epoch FROM coalesce(left_at, $4) - entered_at) / 86400)::int AS days, count(*) AS stays
FROM stay WHERE entered_at >= $2 AND entered_at < $3
GROUP BY 1, 2, 3
"""


async def waiting(
    actor: Actor, *, period: Period, now: datetime, lifecycle: str | None = None, where: Rule | None = None
) -> list[Waiting]:
    """Every stage in its order. Raises NotFound, RuleInvalid, Forbidden."""
    need(actor, Scope.LIFECYCLE_READ)
    path = await store.lifecycle_by_key(lifecycle)
    first, second = [await audience(actor, where, first_parameter=number) for number in (3, 5)]
    standing = await fetch_wide(
        _STANDING.format(customers=_customers("p", first.everybody), who=first.condition), path.id, now, *first.values
    )
    stays = await fetch_wide(
        _STAYS.format(customers=_customers("t", second.everybody), who=second.condition),
        path.id,
        period.since,
        period.until,
        now,
        *second.values,
    )
    here = {row["stage_id"]: row for row in standing}
    found = [
        (stage, _waiting(stage, here.get(stage.id), [row for row in stays if row["stage_id"] == stage.id]))
        for stage in await store.stages_of(path.id)
    ]
    return _with_bottleneck(found)


def _customers(alias: str, everybody: bool) -> str:
    return "" if everybody else f" JOIN customer c ON c.id = {alias}.customer_id"


def _waiting(stage: Stage, standing: Any, stays: Sequence[Any]) -> Waiting:
    days = np.array([row["days"] for row in stays], dtype=np.float64)
    ended = np.array([row["ended"] for row in stays], dtype=bool)
    counts = np.array([row["stays"] for row in stays], dtype=np.float64)
    curve = kaplan_meier(days, ended, counts) if len(days) and ended.any() else None
    target = stage.target_days
    return Waiting(
        stage.key,
        target,
        standing["standing"] if standing else 0,
        standing["waited"] if standing else 0.0,
        None if target is None else (standing["over_target"] if standing else 0),
        int(counts.sum()),
        int(counts[ended].sum()),
        None if target is None else int(counts[ended & (days > target)].sum()),
        curve.median if curve else None,
        curve.quantile(0.1) if curve else None,
    )


def _with_bottleneck(found: list[tuple[Stage, Waiting]]) -> list[Waiting]:
    most = max((each.waited_days for stage, each in found if stage.outcome is StageOutcome.OPEN), default=0.0)
    marked = []
    for stage, each in found:
        worst = stage.outcome is StageOutcome.OPEN and each.waited_days == most > 0
        values = {name: getattr(each, name) for name in Waiting.__slots__}
        marked.append(Waiting(**values | {"bottleneck": worst}))
    return marked


# -- stuck -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stuck:
    """A customer who stands in a stage longer than its target, since `due_at`."""

    customer_id: UUID
    stage: str
    entered_at: datetime
    due_at: datetime


_STUCK = """
SELECT late.* FROM (SELECT id, key, target_days FROM stage
                    WHERE lifecycle_id = $1 AND archived_at IS NULL AND target_days IS NOT NULL
                      AND ($3::text IS NULL OR key = $3)) s
CROSS JOIN LATERAL (
    SELECT p.customer_id, s.key AS stage, p.entered_at, p.entered_at + make_interval(days => s.target_days) AS due_at
    FROM stage_position p JOIN customer c ON c.id = p.customer_id
    WHERE p.stage_id = s.id AND c.archived_at IS NULL
      AND p.entered_at < $2::timestamptz - make_interval(days => s.target_days)
      AND ($4::timestamptz IS NULL
           OR (p.entered_at, p.customer_id) > ($4::timestamptz - make_interval(days => s.target_days), $5))
      AND ($7::uuid IS NULL OR c.owner_id = $7) AND {who}
    ORDER BY p.entered_at, p.customer_id LIMIT $6
) late
ORDER BY late.due_at, late.customer_id LIMIT $6
"""


async def stuck(
    actor: Actor,
    *,
    now: datetime,
    lifecycle: str | None = None,
    stage: str | None = None,
    owner_id: UUID | None = None,
    first: int = 50,
    after: tuple[datetime, UUID] | None = None,
    where: Rule | None = None,
) -> list[Stuck]:
    """Customers over the target of their stage, who should have gone on longest ago first; `after` is the last one
    of the page before: its due time and id. Raises NotFound, ValidationFailed, RuleInvalid, Forbidden.
    """
    need(actor, Scope.LIFECYCLE_READ)
    if not 1 <= first <= MAX_PAGE:
        raise ValidationFailed(f"first is {first}; ask for 1 to {MAX_PAGE}.", path=("first",))
    path = await store.lifecycle_by_key(lifecycle)
    who = await audience(actor, where, first_parameter=8)
    rows = await fetch_read(
        _STUCK.format(who=who.condition),
        path.id,
        now,
        stage,
        after[0] if after else None,
        after[1] if after else UUID(int=0),
        first,
        owner_id,
        *who.values,
    )
    return [Stuck(**dict(row)) for row in rows]

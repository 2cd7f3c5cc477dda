"""The way a customer went: its stays, where it stood at a time, how long it stood in each stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from crm.access import Actor, Scope, need
from crm.database import fetch
from crm.lifecycle import store
from crm.visibility import need_visible


@dataclass(frozen=True, slots=True)
class Stay:
    """Time in a stage, from entering it to leaving it; `left_at` is None while the customer stands there."""

    stage_id: UUID
    stage: str
    entered_at: datetime
    left_at: datetime | None

    def lasted(self, now: datetime) -> timedelta:
        return (self.left_at or now) - self.entered_at


@dataclass(frozen=True, slots=True)
class Dwell:
    """How often and how long a customer stood in a stage; `latest` is the last stay alone."""

    stage: str
    stays: int
    total: timedelta
    latest: timedelta


_STAYS = """
SELECT s.id AS stage_id, s.key AS stage, t.occurred_at AS entered_at,
       lead(t.occurred_at) OVER (ORDER BY t.occurred_at, t.id) AS left_at
FROM stage_transition t JOIN stage s ON s.id = t.to_stage_id
WHERE t.customer_id = $1 AND t.lifecycle_id = $2
ORDER BY t.occurred_at, t.id
"""
_STAGE_AT = """
SELECT wanted.id AS customer_id, s.key AS stage
FROM unnest($1::uuid[]) AS wanted(id)
CROSS JOIN LATERAL (
    SELECT t.to_stage_id FROM stage_transition t
    WHERE t.customer_id = wanted.id AND t.lifecycle_id = $2 AND t.occurred_at <= $3
    ORDER BY t.occurred_at DESC, t.id DESC LIMIT 1
) last
JOIN stage s ON s.id = last.to_stage_id
"""


async def stays(actor: Actor, customer_id: UUID, *, lifecycle: str | None = None) -> list[Stay]:
    """A customer's stays in their order. Raises NotFound, Forbidden."""
    need(actor, Scope.LIFECYCLE_READ)
    await need_visible(actor, customer_id)
    path = await store.lifecycle_by_key(lifecycle)
    return [Stay(**dict(row)) for row in await fetch(_STAYS, customer_id, path.id)]


def dwell(found: Sequence[Stay], now: datetime) -> list[Dwell]:
    """Time in each stage, in the order of first entry; together it is the customer's age in the lifecycle."""
    grouped: dict[str, list[timedelta]] = {}
    for stay in found:
        grouped.setdefault(stay.stage, []).append(stay.lasted(now))
    return [Dwell(key, len(times), sum(times, timedelta()), times[-1]) for key, times in grouped.items()]


async def stages_at(customer_ids: Sequence[UUID], at: datetime, *, lifecycle: str | None = None) -> dict[UUID, str]:
    """The keys of the stages in which customers stood at a time; those not in the lifecycle then are left out."""
    path = await store.lifecycle_by_key(lifecycle)
    return {row["customer_id"]: row["stage"] for row in await fetch(_STAGE_AT, list(customer_ids), path.id, at)}

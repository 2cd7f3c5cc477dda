"""Moving many customers by one statement: position, history, audit trail and event of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from crm.access import Actor
from crm.database import fetch
from crm.events import EventType
from crm.rules.json_form import from_json
from crm.rules.predicate import surroundings
from crm.rules.sql import Parameters, compile
from models import Stage, StageEdge, TransitionCause


@dataclass(frozen=True, slots=True)
class Way:
    """From a stage to another, if a rule holds; of the ways out of a stage the first open one is taken."""

    start: Stage
    end: Stage
    guard: dict[str, Any] | None = None
    rule: str | None = None


@dataclass(frozen=True, slots=True)
class Shifted:
    """A customer that was moved, and the keys of the stages."""

    customer_id: UUID
    start: str
    end: str


@dataclass(frozen=True, slots=True)
class Said:
    """What is noted of moves: when, why, on whose behalf."""

    now: datetime
    cause: TransitionCause
    reason: str | None = None


def ways_of(edges: Sequence[StageEdge], stages: dict[UUID, Stage]) -> list[Way]:
    """Edges as ways, in their order; those from or to removed stages are left out."""
    return [
        Way(stages[edge.from_stage_id], stages[edge.to_stage_id], edge.guard, edge.guard_text)
        for edge in edges
        if edge.from_stage_id in stages and edge.to_stage_id in stages
    ]


_SHIFT = """
WITH way AS (
    SELECT * FROM unnest($4::int[], $5::uuid[], $6::text[], $7::jsonb[], $8::jsonb[])
        AS way(number, end_id, rule, changes, told)
), been AS (
    SELECT * FROM unnest($9::uuid[], $10::uuid[]) AS been(customer_id, stage_id)
), wanted AS MATERIALIZED (
    SELECT p.id, p.customer_id, p.stage_id, p.entered_at, chosen.number, uuidv7() AS transition_id
    FROM stage_position p{customers}
    CROSS JOIN LATERAL (SELECT {choice} AS number) chosen
    WHERE p.lifecycle_id = $1 AND p.customer_id = ANY($2::uuid[]) AND p.stage_id = ANY($11::uuid[])
      AND p.entered_at <= $3 AND chosen.number IS NOT NULL
    ORDER BY p.customer_id
    FOR UPDATE OF p
), moved AS (
    UPDATE stage_position p SET stage_id = way.end_id, entered_at = $3, updated_at = now()
    FROM wanted w JOIN way USING (number) WHERE p.id = w.id
), noted AS (
    INSERT INTO stage_transition
        (id, created_at, updated_at, customer_id, lifecycle_id, from_stage_id, to_stage_id, occurred_at, dwell_seconds,
         cause, reason, rule, actor_kind, actor_id, actor_label)
    SELECT w.transition_id, now(), now(), w.customer_id, $1, w.stage_id, way.end_id, $3,
           floor(extract(epoch FROM $3 - w.entered_at))::bigint, $12, $13, way.rule, $14, $15, $16
    FROM wanted w JOIN way USING (number)
), audited AS (
    INSERT INTO audit_entry
        (id, created_at, updated_at, action, noun, noun_id, customer_id, actor_kind, actor_id, actor_label, changes,
         request_id)
    SELECT uuidv7(), now(), now(), $18, 'stage_transition', w.transition_id, w.customer_id, $14, $15, $16, way.changes,
           $17
    FROM wanted w JOIN way USING (number)
), told AS (
    INSERT INTO event
        (id, created_at, updated_at, type, noun, noun_id, customer_id, actor_kind, actor_id, actor_label, data,
         request_id)
    SELECT uuidv7(), now(), now(), $18, 'stage_transition', w.transition_id, w.customer_id, $14, $15, $16, way.told, $17
    FROM wanted w JOIN way USING (number)
)
SELECT customer_id, number FROM wanted
"""
_FIRST_FREE = 19
# Named twice, or the planner may think it better to read all customers than to look up a few hundred.
_CUSTOMERS = " JOIN customer c ON c.id = p.customer_id AND c.id = ANY($2::uuid[])"


async def shift(
    actor: Actor,
    lifecycle_id: UUID,
    ways: Sequence[Way],
    customer_ids: Sequence[UUID],
    said: Said,
    *,
    been: Sequence[tuple[UUID, UUID]] = (),
) -> list[Shifted]:
    """Move each of the customers along the first way that is open to it, inside the caller's transaction.

    Customers with no open way, and those who entered their stage after `said.now`, stay. `been` holds (customer,
    stage) pairs that no way may lead to.
    """
    if not ways or not customer_ids:
        return []
    choice, values = await _choice(ways, said, been=bool(been))
    # Only rules, and the question who is archived, look at the customer itself.
    looked_at = said.cause is TransitionCause.AUTOMATIC or any(way.guard is not None for way in ways)
    rows = await fetch(
        _SHIFT.format(choice=choice, customers=_CUSTOMERS if looked_at else ""),
        lifecycle_id,
        list(customer_ids),
        said.now,
        list(range(len(ways))),
        [way.end.id for way in ways],
        [way.rule if said.cause is TransitionCause.AUTOMATIC else None for way in ways],
        [_json({"stage": [way.start.key, way.end.key]}) for way in ways],
        [_json(_told(way, said)) for way in ways],
        [customer for customer, _ in been],
        [stage for _, stage in been],
        list({way.start.id for way in ways}),
        said.cause.value,
        said.reason,
        actor.kind.value,
        actor.id,
        actor.label,
        actor.request_id,
        EventType.STAGE_MOVED.value,
        *values,
    )
    return [Shifted(row["customer_id"], ways[row["number"]].start.key, ways[row["number"]].end.key) for row in rows]


async def _choice(ways: Sequence[Way], said: Said, *, been: bool) -> tuple[str, list[Any]]:
    """A CASE that gives the number of the first open way, and the values of its parameters.

    Who is archived does not move by itself.
    """
    catalogue, context = await surroundings(said.now)
    binder = Parameters(_FIRST_FREE)
    cases = ["WHEN c.archived_at IS NOT NULL THEN NULL"] if said.cause is TransitionCause.AUTOMATIC else []
    for number, way in enumerate(ways):
        tests = [f"p.stage_id = {binder.bind(way.start.id, 'uuid')}"]
        if been:
            end = binder.bind(way.end.id, "uuid")
            tests.append(f"NOT EXISTS (SELECT FROM been b WHERE b.customer_id = p.customer_id AND b.stage_id = {end})")
        if way.guard is not None:
            tests.append(compile(from_json(way.guard), catalogue, alias="c", binder=binder, context=context))
        cases.append(f"WHEN {' AND '.join(tests)} THEN {number}")
    return f"CASE {' '.join(cases)} END", binder.values


def _told(way: Way, said: Said) -> dict[str, Any]:
    told = {"from": way.start.key, "to": way.end.key, "cause": said.cause.value, "reason": said.reason}
    automatic = said.cause is TransitionCause.AUTOMATIC
    return told | {"rule": way.rule} if automatic else told


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()

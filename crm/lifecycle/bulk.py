"""Moving many customers at once: those on a list, or those whom a rule describes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from crm import text
from crm.access import Actor, Scope, need
from crm.database import fetch, retrying, transaction
from crm.errors import NotFound, ValidationFailed
from crm.ids import encode
from crm.lifecycle import guards, store
from crm.lifecycle.guards import Rule
from crm.lifecycle.positions import stage_by_key
from crm.lifecycle.shift import Said, Way, shift
from crm.rules.predicate import predicate
from crm.rules.sql import Shape
from models import Lifecycle, Stage, StageEdge, TransitionCause

CHUNK = 5_000
MAX_LISTED = 100_000


@dataclass(frozen=True, slots=True)
class Held:
    """Customers of one stage who stay, and why; up to ten of them by id."""

    stage: str | None
    code: str
    message: str
    customers: int
    examples: list[UUID]


@dataclass(frozen=True, slots=True)
class BulkMove:
    """What a bulk move did, or on a dry run would do."""

    chosen: int
    moved: int
    held: list[Held]


@dataclass(frozen=True, slots=True)
class _Plan:
    """The move from each stage: the way, or the code and message of what is in the way."""

    lifecycle: Lifecycle
    target: Stage
    ways: list[Way]
    closed: dict[UUID, tuple[str, str]]
    names: dict[UUID, str]


async def move_many(
    actor: Actor,
    *,
    to: str,
    now: datetime,
    customer_ids: Sequence[UUID] | None = None,
    rule: Rule | None = None,
    lifecycle: str | None = None,
    reason: str | None = None,
    dry_run: bool = False,
    cause: TransitionCause = TransitionCause.MANUAL,
) -> BulkMove:
    """Move customers, given by a list of ids or by a rule, to the stage with the key `to`.

    Whoever cannot move stays and is counted with the reason. Customers are taken in groups, each in a transaction of
    its own: repeated after a failure it goes on where it stopped. Archived customers are only moved by a list.
    Raises ValidationFailed (both or neither of list and rule), RuleInvalid, NotFound, Blocked, Forbidden.
    """
    need(actor, Scope.STAGE_MOVE)
    said = Said(now, cause, text.optional(reason, field="reason", limit=300))
    path = await store.lifecycle_by_key(lifecycle)
    plan = await _plan(actor, path, await stage_by_key(path, to), said.reason)
    chosen = await _chosen(actor, customer_ids, rule)
    held = await _held(plan, chosen, now)
    if dry_run:
        return BulkMove(len(chosen), len(chosen) - sum(each.customers for each in held), held)
    moved = 0
    for start in range(0, len(chosen), CHUNK):
        part = chosen[start : start + CHUNK]
        moved += await retrying(lambda part=part: _move(actor, plan, part, said))  # type: ignore[misc]
    return BulkMove(len(chosen), moved, held)


async def _move(actor: Actor, plan: _Plan, customer_ids: Sequence[UUID], said: Said) -> int:
    async with transaction():
        await store.hold_shape(plan.lifecycle.id)
        await stage_by_key(plan.lifecycle, plan.target.key)
        return len(await shift(actor, plan.lifecycle.id, plan.ways, customer_ids, said))


async def _plan(actor: Actor, lifecycle: Lifecycle, target: Stage, reason: str | None) -> _Plan:
    edges = {edge.from_stage_id: edge for edge in await StageEdge.filter(to_stage_id=target.id)}
    plan = _Plan(lifecycle, target, [], {}, {})
    for stage in await store.stages_of(lifecycle.id):
        plan.names[stage.id] = stage.key
        closed = _closed(actor, stage, target, edges.get(stage.id), reason)
        if closed:
            plan.closed[stage.id] = closed
        else:
            edge = edges[stage.id]
            plan.ways.append(Way(stage, target, edge.guard, edge.guard_text))
    return plan


def _closed(
    actor: Actor, stage: Stage, target: Stage, edge: StageEdge | None, reason: str | None
) -> tuple[str, str] | None:
    """What keeps everybody in a stage from moving along its edge."""
    if stage.id == target.id:
        return "ALREADY_THERE", f"They stand in '{target.key}' already."
    if edge is None:
        return "NO_EDGE", f"No move leads from '{stage.key}' to '{target.key}'."
    if edge.requires_reason and not reason:
        return "REASON_MISSING", f"Moving from '{stage.key}' to '{target.key}' needs a reason."
    if edge.required_scope and edge.required_scope not in actor.scopes:
        return "SCOPE_MISSING", f"Moving to '{target.key}' needs the scope '{edge.required_scope}'."
    return None


async def _chosen(actor: Actor, customer_ids: Sequence[UUID] | None, rule: Rule | None) -> list[UUID]:
    if (customer_ids is None) == (rule is None):
        raise ValidationFailed("Give either customerIds or a rule.", path=("customerIds",))
    if rule is not None:
        return await _by_rule(actor, await guards.read_at(actor, rule, "rule"))
    assert customer_ids is not None
    if len(customer_ids) > MAX_LISTED:
        raise ValidationFailed(
            f"{len(customer_ids):,} customers are too many for a list; send at most {MAX_LISTED:,}, or a rule.",
            path=("customerIds",),
        )
    wanted = sorted(set(customer_ids))
    found = await _select(actor, "c.id = ANY($1::uuid[])", [wanted])
    unknown = set(wanted) - set(found)
    if unknown:
        raise NotFound(f"There is no customer '{encode('cus', min(unknown))}'.", path=("customerIds",))
    return found


async def _by_rule(actor: Actor, rule: dict[str, Any]) -> list[UUID]:
    condition, values = await predicate(rule, alias="c", first_parameter=1, shape=Shape.SET)
    return await _select(actor, f"c.archived_at IS NULL AND {condition}", values)


async def _select(actor: Actor, condition: str, values: list[Any]) -> list[UUID]:
    if actor.row_filter is not None:
        visible, more = await predicate(actor.row_filter, alias="c", first_parameter=len(values) + 1, shape=Shape.SET)
        condition, values = f"({condition}) AND ({visible})", [*values, *more]
    statement = f"SELECT c.id FROM customer c WHERE {condition} ORDER BY c.id"  # noqa: S608 - compiled by crm.rules
    return [row["id"] for row in await fetch(statement, *values)]


_STANDING = """
SELECT p.stage_id, CASE WHEN p.entered_at > $3 THEN 'LATER' WHEN p.stage_id = ANY($4::uuid[]) THEN 'GUARD' END AS code,
       count(*) AS customers, (array_agg(c.id ORDER BY c.id))[1:10] AS examples
FROM customer c LEFT JOIN stage_position p ON p.customer_id = c.id AND p.lifecycle_id = $1
WHERE c.id = ANY($2::uuid[]) AND (p.entered_at <= $3 AND {open}) IS NOT TRUE
GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2
"""


async def _held(plan: _Plan, chosen: Sequence[UUID], now: datetime) -> list[Held]:
    """Those who do not move, by stage and reason."""
    tests, values = [], []
    for way in plan.ways:
        values.append(way.start.id)
        test = f"p.stage_id = ${4 + len(values)}"
        if way.guard is not None:
            guard, more = await predicate(way.guard, alias="c", first_parameter=5 + len(values))
            test, values = f"({test} AND {guard})", [*values, *more]
        tests.append(test)
    statement = _STANDING.format(open=f"({' OR '.join(tests) or 'false'})")
    open_stages = [way.start.id for way in plan.ways]
    rows = await fetch(statement, plan.lifecycle.id, list(chosen), now, open_stages, *values)
    return [_why(plan, row["stage_id"], row["code"], row["customers"], row["examples"]) for row in rows]


def _why(plan: _Plan, stage_id: UUID | None, code: str | None, customers: int, examples: list[UUID]) -> Held:
    name = plan.names.get(stage_id) if stage_id else None
    if stage_id is None:
        return Held(None, "NOT_IN_LIFECYCLE", "They are not in this lifecycle.", customers, examples)
    if code == "LATER":
        return Held(name, code, f"They entered '{name}' after the time of this move.", customers, examples)
    if stage_id in plan.closed:
        return Held(name, *plan.closed[stage_id], customers, examples)
    rule = next((way.rule for way in plan.ways if way.start.id == stage_id), None)
    return Held(name, "GUARD", f"The rule of this move does not hold: {rule}.", customers, examples)

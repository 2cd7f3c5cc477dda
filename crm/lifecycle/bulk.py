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
"""Customers that one statement moves."""
MAX_MOVED = 10_000
"""Customers that one call moves: all or, should it fail or be stopped, none of them."""
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
    """What a bulk move did, or on a dry run would do; `left` may move as well, and did not for a limit was given."""

    chosen: int
    moved: int
    held: list[Held]
    left: int = 0


@dataclass(frozen=True, slots=True)
class _Plan:
    """The move from each stage: the way, or the code and message of what is in the way."""

    lifecycle: Lifecycle
    target: Stage
    ways: list[Way]
    closed: dict[UUID, tuple[str, str]]
    names: dict[UUID, str]


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The customers who are meant, as a condition on `customer c` with the values of its parameters, from $5 on."""

    condition: str
    values: list[Any]


@dataclass(frozen=True, slots=True)
class _Looked:
    """What was found of those who are meant: how many may move, the first of them, and who is held."""

    free: int
    first: list[UUID]
    held: list[Held]

    @property
    def chosen(self) -> int:
        return self.free + sum(each.customers for each in self.held)


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
    limit: int | None = None,
    cause: TransitionCause = TransitionCause.MANUAL,
) -> BulkMove:
    """Move customers, given by a list of ids or by a rule, to the stage with the key `to`.

    Whoever cannot move stays and is counted with the reason. All others move in one transaction, so that nothing is
    ever half done; more than MAX_MOVED are refused unless a `limit` says how many to take. Called again it takes the
    next ones, until nobody is `left`. Archived customers are only moved by a list. Raises ValidationFailed (both or
    neither of list and rule, too many at once), RuleInvalid, NotFound, Blocked, Forbidden.
    """
    need(actor, Scope.STAGE_MOVE)
    most = _most(limit)
    said = Said(now, cause, text.optional(reason, field="reason", limit=300))
    path = await store.lifecycle_by_key(lifecycle)
    plan = await _plan(actor, path, await stage_by_key(path, to), said.reason)
    looked = await _look(plan, await _chosen(actor, customer_ids, rule, now), now, most)
    if customer_ids is not None:
        await _refuse_unknown(actor, set(customer_ids), looked)
    if dry_run:
        moved = min(looked.free, most) if limit else looked.free
        return BulkMove(looked.chosen, moved, looked.held, looked.free - moved)
    if limit is None and looked.free > most:
        raise ValidationFailed(
            f"{looked.free:,} customers would move, and one request moves at most {most:,}. Nobody was moved. Give "
            f"limit: {most} and repeat the request until left is 0, or choose fewer.",
            path=("limit",),
        )
    moved = await retrying(lambda: _move(actor, plan, looked.first, said))
    return BulkMove(looked.chosen, moved, looked.held, max(0, looked.free - len(looked.first)))


def _most(limit: int | None) -> int:
    if limit is not None and not 1 <= limit <= MAX_MOVED:
        raise ValidationFailed(f"limit is {limit}; it lies between 1 and {MAX_MOVED:,}.", path=("limit",))
    return limit or MAX_MOVED


async def _move(actor: Actor, plan: _Plan, customer_ids: Sequence[UUID], said: Said) -> int:
    """Move all of them in one transaction; who may not any more stays."""
    moved = 0
    async with transaction():
        await store.hold_shape(plan.lifecycle.id)
        await stage_by_key(plan.lifecycle, plan.target.key)
        for start in range(0, len(customer_ids), CHUNK):
            part = customer_ids[start : start + CHUNK]
            moved += len(await shift(actor, plan.lifecycle.id, plan.ways, part, said))
    return moved


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


async def _chosen(actor: Actor, customer_ids: Sequence[UUID] | None, rule: Rule | None, now: datetime) -> _Chosen:
    if (customer_ids is None) == (rule is None):
        raise ValidationFailed("Give either customerIds or a rule.", path=("customerIds",))
    if rule is not None:
        read = await guards.read_at(actor, rule, "rule")
        condition, values = await predicate(read, alias="c", first_parameter=_FIRST_FREE, now=now, shape=Shape.SET)
        return await _seen(actor, _Chosen(f"c.archived_at IS NULL AND ({condition})", values), now)
    assert customer_ids is not None
    if len(customer_ids) > MAX_LISTED:
        raise ValidationFailed(
            f"{len(customer_ids):,} customers are too many for a list; send at most {MAX_LISTED:,}, or a rule.",
            path=("customerIds",),
        )
    wanted = sorted(set(customer_ids))
    return await _seen(actor, _Chosen(f"c.id = ANY(${_FIRST_FREE}::uuid[])", [wanted]), now)


async def _seen(actor: Actor, chosen: _Chosen, now: datetime) -> _Chosen:
    """Those of the chosen whom the actor sees."""
    if actor.row_filter is None:
        return chosen
    first = _FIRST_FREE + len(chosen.values)
    visible, more = await predicate(actor.row_filter, alias="c", first_parameter=first, now=now, shape=Shape.SET)
    return _Chosen(f"{chosen.condition} AND ({visible})", [*chosen.values, *more])


async def _refuse_unknown(actor: Actor, wanted: set[UUID], looked: _Looked) -> None:
    """Raise NotFound for one of a list whom there is not, or whom the actor does not see."""
    if looked.chosen == len(wanted):
        return
    visible, values = "true", list[Any]()
    if actor.row_filter is not None:
        visible, values = await predicate(actor.row_filter, alias="c", first_parameter=2)
    statement = f"SELECT c.id FROM customer c WHERE c.id = ANY($1::uuid[]) AND ({visible})"  # noqa: S608 - compiled
    found = {row["id"] for row in await fetch(statement, sorted(wanted), *values)}
    if wanted - found:
        raise NotFound(f"There is no customer '{encode('cus', min(wanted - found))}'.", path=("customerIds",))


_FIRST_FREE = 5
# Those who may move have the code OPEN; of them the first ones are told, of the others ten examples.
_STANDING = """
SELECT stage_id, code, count(*) AS customers,
       (array_agg(id ORDER BY id))[1:CASE WHEN code = 'OPEN' THEN $4::int ELSE 10 END] AS ids
FROM (
    SELECT c.id, p.stage_id,
           CASE WHEN p.entered_at <= $2 AND {open} THEN 'OPEN'
                WHEN p.entered_at > $2 THEN 'LATER' WHEN p.stage_id = ANY($3::uuid[]) THEN 'GUARD' END AS code
    FROM customer c LEFT JOIN stage_position p ON p.customer_id = c.id AND p.lifecycle_id = $1
    WHERE {chosen}
) AS each GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2
"""


async def _look(plan: _Plan, chosen: _Chosen, now: datetime, most: int) -> _Looked:
    """Who of the chosen may move, and who may not, by stage and reason; in one statement."""
    tests, values = [], list(chosen.values)
    for way in plan.ways:
        values.append(way.start.id)
        test = f"p.stage_id = ${_FIRST_FREE - 1 + len(values)}"
        if way.guard is not None:
            number = _FIRST_FREE + len(values)
            guard, more = await predicate(way.guard, alias="c", first_parameter=number, now=now)
            test, values = f"({test} AND {guard})", [*values, *more]
        tests.append(test)
    statement = _STANDING.format(open=f"({' OR '.join(tests) or 'false'})", chosen=chosen.condition)
    open_stages = [way.start.id for way in plan.ways]
    rows = await fetch(statement, plan.lifecycle.id, now, open_stages, most, *values)
    free = [row for row in rows if row["code"] == "OPEN"]
    held = [_why(plan, row["stage_id"], row["code"], row["customers"], row["ids"]) for row in rows if row not in free]
    first = sorted(key for row in free for key in row["ids"])[:most]
    return _Looked(sum(row["customers"] for row in free), first, held)


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

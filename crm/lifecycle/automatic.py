"""Automatic moves: customers go on by themselves when the rule of an automatic edge begins to hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from crm.access import Actor, Scope, need
from crm.database import fetch, retrying, transaction
from crm.lifecycle import store
from crm.lifecycle.shift import Said, Shifted, Way, shift, ways_of
from crm.rules.json_form import from_json
from crm.rules.predicate import surroundings
from crm.rules.reads import reads
from models import Lifecycle, StageEdge, TransitionCause

CHUNK = 5_000
MAX_CHAIN = 20
"""Moves that one customer makes in a row; as no stage is entered twice, only a very long path reaches it."""


async def advance(actor: Actor, customer_ids: Sequence[UUID], *, now: datetime) -> list[Shifted]:
    """Move customers along the automatic edges that are open to them, again from where they arrive.

    Of several open edges the first in their order is taken. In one call nobody enters a stage twice, so rules that
    hold all around a circle end there. Returns the moves in their order. Raises Forbidden.
    """
    need(actor, Scope.STAGE_MOVE)
    moved: list[Shifted] = []
    for lifecycle in await _with_automatic_edges():
        for start in range(0, len(customer_ids), CHUNK):
            chunk = sorted(set(customer_ids[start : start + CHUNK]))
            moved += await retrying(lambda path=lifecycle, part=chunk: _advance(actor, path, part, now))  # type: ignore[misc]
    return moved


async def _with_automatic_edges() -> list[Lifecycle]:
    found = Lifecycle.filter(archived_at=None, edges__automatic=True).distinct()
    return await found.order_by("id")


async def _advance(actor: Actor, lifecycle: Lifecycle, customer_ids: Sequence[UUID], now: datetime) -> list[Shifted]:
    async with transaction():
        await store.hold_shape(lifecycle.id)
        stages = {stage.id: stage for stage in await store.stages_of(lifecycle.id)}
        edges = await StageEdge.filter(lifecycle_id=lifecycle.id, automatic=True).order_by("position", "id")
        return await _chain(actor, lifecycle.id, ways_of(edges, stages), customer_ids, now)


async def _chain(
    actor: Actor, lifecycle_id: UUID, ways: list[Way], customer_ids: Sequence[UUID], now: datetime
) -> list[Shifted]:
    said = Said(now, TransitionCause.AUTOMATIC)
    keys: dict[str, UUID] = {stage.key: stage.id for way in ways for stage in (way.start, way.end)}
    been: dict[UUID, set[UUID]] = defaultdict(set)
    moved: list[Shifted] = []
    going: Sequence[UUID] = customer_ids
    for _ in range(MAX_CHAIN):
        visited = [(customer, stage) for customer in going for stage in been[customer]]
        step = await shift(actor, lifecycle_id, ways, going, said, been=visited)
        for each in step:
            been[each.customer_id] |= {keys[each.start], keys[each.end]}
        moved += step
        going = [each.customer_id for each in step]
        if not going:
            break
    return moved


_STANDING = """
SELECT p.customer_id FROM stage_position p JOIN customer c ON c.id = p.customer_id
WHERE p.stage_id = ANY($1::uuid[]) AND c.archived_at IS NULL AND p.customer_id > $2
ORDER BY p.customer_id LIMIT $3
"""
_NOBODY = UUID(int=0)


async def sweep(actor: Actor, *, now: datetime, lifecycle_id: UUID | None = None, only_timed: bool = False) -> int:
    """`advance` everybody who stands where an automatic edge begins; returns how many moves that made.

    With `only_timed` only edges are looked at whose rule time alone can make hold ('no order in the last year'):
    this is what is due from time to time, for all other changes announce themselves. Raises Forbidden.
    """
    need(actor, Scope.STAGE_MOVE)
    starts = await _starts(lifecycle_id, only_timed=only_timed)
    moves, after = 0, _NOBODY
    while starts:
        rows = await fetch(_STANDING, starts, after, CHUNK)
        if not rows:
            break
        after = rows[-1]["customer_id"]
        moves += len(await advance(actor, [row["customer_id"] for row in rows], now=now))
    return moves


async def _starts(lifecycle_id: UUID | None, *, only_timed: bool) -> list[UUID]:
    """The stages where automatic edges begin."""
    found = StageEdge.filter(automatic=True, lifecycle__archived_at=None)
    edges = await (found.filter(lifecycle_id=lifecycle_id) if lifecycle_id else found)
    if only_timed:
        catalogue, _ = await surroundings()
        edges = [edge for edge in edges if edge.guard and reads(from_json(edge.guard), catalogue).relative]
    return sorted({edge.from_stage_id for edge in edges})

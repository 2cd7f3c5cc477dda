"""Moving many customers along a lifecycle, at the times at which it happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from crm import changes, text
from crm.access import Actor, Scope, need
from crm.bulk.batch import Batch
from crm.bulk.chunks import in_chunks
from crm.bulk.results import Outcome, RowResult, refused
from crm.errors import Blocked, CrmError, NotFound, ValidationFailed
from crm.events import EventType
from crm.lifecycle import positions
from crm.visibility import visible_among
from models import Customer, Lifecycle, Stage, StageEdge, StagePosition, TransitionCause


@dataclass(frozen=True, slots=True)
class StageMove:
    """A move that happened: `to` is the key of a stage."""

    customer_id: UUID
    to: str
    at: datetime
    reason: str | None = None


@dataclass(frozen=True)
class _Path:
    """The default lifecycle: its stages by id and by key, and its edges by their ends."""

    lifecycle: Lifecycle
    stages: dict[UUID, Stage]
    by_key: dict[str, Stage]
    edges: dict[tuple[UUID, UUID], StageEdge]

    @classmethod
    async def load(cls, *, guarded: bool) -> _Path:
        lifecycle = await Lifecycle.get_or_none(is_default=True)
        if lifecycle is None:
            raise NotFound("No lifecycle is defined yet.")
        stages = await Stage.filter(lifecycle_id=lifecycle.id).order_by("position")
        edges = await StageEdge.filter(lifecycle_id=lifecycle.id).order_by("position")
        for edge in edges if not guarded else ():
            edge.guard = None
        return cls(
            lifecycle,
            {stage.id: stage for stage in stages},
            {stage.key: stage for stage in stages},
            {(edge.from_stage_id, edge.to_stage_id): edge for edge in edges},
        )

    def stage(self, key: str) -> Stage:
        if key not in self.by_key:
            raise NotFound(
                f"The lifecycle '{self.lifecycle.key}' has no stage '{key[:60]}'; it has: {', '.join(self.by_key)}.",
                path=("to",),
            )
        return self.by_key[key]

    def open_from(self, stage: Stage) -> list[Stage]:
        return [self.stages[end] for start, end in self.edges if start == stage.id]


async def move_customers(
    actor: Actor,
    moves: Sequence[StageMove],
    now: datetime,
    *,
    cause: TransitionCause = TransitionCause.IMPORT,
    guarded: bool = True,
) -> list[RowResult]:
    """Move many customers in the default lifecycle, in the order given; one result a move. A customer may occur often.

    The result's key is the transition's. Refused are moves without an edge, against its guard or without the reason
    it asks for, and moves at a time in the future or before the customer's last one. Guards look at today's data:
    with `guarded` false they are not asked, for a past that is known to have happened. Raises NotFound, Forbidden.
    """
    need(actor, Scope.STAGE_MOVE)
    path = await _Path.load(guarded=guarded)

    async def work(chunk: Sequence[StageMove]) -> list[RowResult]:
        return await _take(actor, path, chunk, now, cause)

    return await in_chunks(moves, work)


async def _take(
    actor: Actor, path: _Path, moves: Sequence[StageMove], now: datetime, cause: TransitionCause
) -> list[RowResult]:
    seen = await visible_among(actor, {move.customer_id for move in moves})
    found = StagePosition.filter(customer_id__in=seen, lifecycle_id=path.lifecycle.id) if seen else None
    standing = {each.customer_id: each for each in await found.order_by("id").select_for_update()} if found else {}
    batch, results = Batch(actor, now), []
    for move in moves:
        try:
            if move.customer_id not in seen:
                raise changes.missing(Customer, move.customer_id, path=("customerId",))
            results.append(await _move(batch, path, standing.get(move.customer_id), move, cause))
        except CrmError as problem:
            results.append(refused(problem))
    await batch.write()
    return results


async def _move(
    batch: Batch, path: _Path, position: StagePosition | None, move: StageMove, cause: TransitionCause
) -> RowResult:
    if position is None:
        raise Blocked("The customer is not in this lifecycle yet.", path=("customerId",))
    current, target = path.stages[position.stage_id], path.stage(move.to)
    reason = text.optional(move.reason, field="reason", limit=300)
    await _need_way(batch.actor, path, current, target, move.customer_id, reason)
    if not position.entered_at <= move.at <= batch.now:
        raise ValidationFailed(
            f"The move at {move.at:%Y-%m-%d %H:%M} lies in the future, or before the customer entered '{current.key}' "
            f"at {position.entered_at:%Y-%m-%d %H:%M}.",
            path=("at",),
        )
    dwell = int((move.at - position.entered_at).total_seconds())
    position.stage_id, position.entered_at = target.id, move.at
    record = positions.transition_of(batch.actor, position, current, target, move.at, cause, reason, dwell)
    batch.replace(position)
    batch.keep(record)
    batch.note(EventType.STAGE_MOVED, record, *positions.trail_of(current, target, cause, reason))
    return RowResult(Outcome.CREATED, record.id)


async def _need_way(
    actor: Actor, path: _Path, current: Stage, target: Stage, customer_id: UUID, reason: str | None
) -> None:
    edge = path.edges.get((current.id, target.id))
    if edge is None:
        obstacles = [positions.no_edge(current, target, path.open_from(current))]
    else:
        obstacles = await positions.obstacles_on(edge, actor, customer_id, target, reason)
    if obstacles:
        raise Blocked(" ".join(each.message for each in obstacles), path=("to",))

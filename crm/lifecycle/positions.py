"""Where a customer stands: entering a lifecycle, and moving along its edges."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from crm import audit, events, text
from crm.access import Actor, Scope, need
from crm.database import execute, transaction
from crm.errors import Blocked, NotFound, ValidationFailed, VersionConflict
from crm.events import EventType
from crm.lifecycle import guards, store
from crm.visibility import need_visible
from models import Lifecycle, Stage, StageEdge, StagePosition, StageTransition, TransitionCause
from models.base import fresh


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One thing that keeps a move from happening: what was expected, and what is."""

    code: str
    message: str
    expected: str | None = None
    actual: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """A stage that a move leads to, and what keeps the customer from going there now."""

    stage: Stage
    obstacles: tuple[Obstacle, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """A move that was made, or, on a dry run, would be made unless there are obstacles.

    `open_to` are the stages that moves lead to from where the customer stands then; `choices` tells on a dry run
    which of them are open to it.
    """

    position: StagePosition
    transition: StageTransition | None
    obstacles: tuple[Obstacle, ...] = ()
    open_to: tuple[Stage, ...] = field(default=())
    choices: tuple[Choice, ...] = ()


async def enter_default(actor: Actor, customer_id: UUID, *, now: datetime) -> StagePosition | None:
    """Put a new customer on the first stage of the default lifecycle, inside the caller's transaction."""
    stage = await default_entry()
    if stage is None:
        return None
    return await _enter(actor, customer_id, stage, now)


async def default_entry() -> Stage | None:
    """The stage that new customers start at."""
    return await Stage.get_or_none(
        is_initial=True, archived_at=None, lifecycle__is_default=True, lifecycle__archived_at=None
    )


async def _enter(actor: Actor, customer_id: UUID, stage: Stage, now: datetime) -> StagePosition:
    position = StagePosition(
        customer_id=customer_id, lifecycle_id=stage.lifecycle_id, stage_id=stage.id, entered_at=now
    )
    await position.save(force_create=True)
    await _note(actor, position, None, stage, now, TransitionCause.MANUAL, None)
    return position


async def move(
    actor: Actor,
    customer_id: UUID,
    *,
    to: str,
    now: datetime,
    lifecycle: str | None = None,
    expected_stage: str | None = None,
    reason: str | None = None,
    dry_run: bool = False,
    cause: TransitionCause = TransitionCause.MANUAL,
) -> Move:
    """Move a customer to the stage with the key `to`; with `dry_run` only tell what keeps it from moving.

    Raises NotFound, Blocked (with the obstacles), VersionConflict when the customer is not in `expected_stage`,
    Forbidden.
    """
    need(actor, Scope.STAGE_MOVE)
    async with transaction():
        await need_visible(actor, customer_id)
        path = await store.lifecycle_by_key(lifecycle)
        await store.hold_shape(path.id)
        target = await stage_by_key(path, to)
        position = await _claimed(customer_id, path)
        if position is None:
            return await _start(actor, customer_id, target, now, dry_run=dry_run)
        current = await Stage.get(id=position.stage_id)
        _expect(current, expected_stage)
        said = text.optional(reason, field="reason", limit=300)
        obstacles = await _obstacles(actor, position, current, target, said, now)
        open_to = await _open_stages(current)
        choices = await _choices(actor, customer_id, current, said, now) if dry_run or obstacles else ()
        if dry_run:
            return Move(position, None, tuple(obstacles), open_to, choices)
        if obstacles:
            raise Blocked(
                " ".join(obstacle.message for obstacle in obstacles),
                path=("to",),
                obstacles=[asdict(each) for each in obstacles],
                open_to=[stage.key for stage in open_to],
                choices=[
                    {"to": each.stage.key, "obstacles": [asdict(one) for one in each.obstacles]} for each in choices
                ],
                current_stage=current.key,
            )
        transition = await _advance(actor, position, current, target, now, cause, said)
        return Move(position, transition, (), await _open_stages(target))


async def _claimed(customer_id: UUID, path: Lifecycle) -> StagePosition | None:
    """The customer's position, locked; a customer that has none is locked instead, so that only one lets it in."""
    mine = StagePosition.filter(customer_id=customer_id, lifecycle_id=path.id).select_for_update()
    position = await mine.first()
    if position is None:
        await execute("SELECT id FROM customer WHERE id = $1 FOR NO KEY UPDATE", customer_id)
        position = await mine.first()
    return position


async def _start(actor: Actor, customer_id: UUID, target: Stage, now: datetime, *, dry_run: bool) -> Move:
    if not target.is_initial:
        raise Blocked(
            f"The customer is not in this lifecycle yet; it enters it at its first stage, not at '{target.key}'."
        )
    if dry_run:
        return Move(StagePosition(customer_id=customer_id, stage_id=target.id, entered_at=now), None)
    return Move(await _enter(actor, customer_id, target, now), None)


def _expect(current: Stage, expected: str | None) -> None:
    if expected is not None and current.key != expected:
        raise VersionConflict(
            f"The customer stands in '{current.key}', not in '{expected}': it was moved meanwhile.",
            current_version=current.version,
            path=("expectedStage",),
            current_stage=current.key,
        )


async def stage_by_key(lifecycle: Lifecycle, key: str) -> Stage:
    """A stage that customers can move to. Raises NotFound, and Blocked when the lifecycle is archived."""
    if lifecycle.archived_at:
        raise Blocked(f"The lifecycle '{lifecycle.key}' is archived; nobody moves in it.", path=("lifecycle",))
    stages = await store.stages_of(lifecycle.id)
    found = next((stage for stage in stages if stage.key == key), None)
    if found is None:
        known = ", ".join(stage.key for stage in stages)
        raise NotFound(
            f"The lifecycle '{lifecycle.key}' has no stage '{key[:60]}'; it has: {known}.",
            path=("to",),
        )
    return found


async def _open_stages(current: Stage) -> tuple[Stage, ...]:
    edges = await StageEdge.filter(from_stage_id=current.id).order_by("position").prefetch_related("to_stage")
    return tuple(edge.to_stage for edge in edges)


async def _choices(
    actor: Actor, customer_id: UUID, current: Stage, reason: str | None, now: datetime
) -> tuple[Choice, ...]:
    """Every move that leads on from a stage, and what keeps this customer from it."""
    edges = await StageEdge.filter(from_stage_id=current.id).order_by("position").prefetch_related("to_stage")
    return tuple(
        [
            Choice(edge.to_stage, tuple(await obstacles_on(edge, actor, customer_id, edge.to_stage, reason, now=now)))
            for edge in edges
        ]
    )


async def _obstacles(
    actor: Actor, position: StagePosition, current: Stage, target: Stage, reason: str | None, now: datetime
) -> list[Obstacle]:
    edge = await StageEdge.get_or_none(from_stage_id=current.id, to_stage_id=target.id)
    if edge is None:
        return [no_edge(current, target, await _open_stages(current))]
    return await obstacles_on(edge, actor, position.customer_id, target, reason, now=now)


def no_edge(current: Stage, target: Stage, open_to: Iterable[Stage]) -> Obstacle:
    allowed = ", ".join(stage.key for stage in open_to) or "none"
    message = f"No move leads from '{current.key}' to '{target.key}'; from here lead: {allowed}."
    return Obstacle("NO_EDGE", message, expected=allowed, actual=target.key)


async def obstacles_on(
    edge: StageEdge,
    actor: Actor,
    customer_id: UUID,
    target: Stage,
    reason: str | None,
    *,
    now: datetime | None = None,
) -> list[Obstacle]:
    """What keeps this customer from moving along this edge."""
    obstacles = []
    if edge.requires_reason and not reason:
        message = f"Moving to '{target.key}' needs a reason."
        obstacles.append(Obstacle("REASON_MISSING", message, expected="a reason", actual=None))
    if edge.required_scope and edge.required_scope not in actor.scopes:
        message = f"Moving to '{target.key}' needs the scope '{edge.required_scope}'."
        obstacles.append(Obstacle("SCOPE_MISSING", message, expected=edge.required_scope, actual=None))
    if edge.guard:
        obstacles += [_failing(each) for each in await guards.unmet(actor, edge.guard, customer_id, now=now)]
    return obstacles


def _failing(unmet: guards.Unmet) -> Obstacle:
    found = f"; it is {unmet.actual}" if unmet.actual is not None else ""
    message = f"The rule of this move does not hold: {unmet.condition}{found}."
    return Obstacle("GUARD", message, expected=unmet.condition, actual=unmet.actual)


async def _advance(
    actor: Actor,
    position: StagePosition,
    current: Stage,
    target: Stage,
    now: datetime,
    cause: TransitionCause,
    reason: str | None,
) -> StageTransition:
    if now < position.entered_at:
        raise ValidationFailed(f"The customer entered '{current.key}' later, at {position.entered_at:%Y-%m-%d %H:%M}.")
    dwell = int((now - position.entered_at).total_seconds())
    position.stage_id = target.id
    position.entered_at = now
    await position.save()
    return await _note(actor, position, current, target, now, cause, reason, dwell)


async def merged_on(
    actor: Actor, position: StagePosition, current: Stage, target: Stage, *, now: datetime
) -> StageTransition:
    """Move on, whatever the edges say, to where a duplicate had come; inside the merge's transaction."""
    at = max(now, position.entered_at)
    return await _advance(actor, position, current, target, at, TransitionCause.MERGED, None)


async def _note(
    actor: Actor,
    position: StagePosition,
    current: Stage | None,
    target: Stage,
    now: datetime,
    cause: TransitionCause,
    reason: str | None,
    dwell: int | None = None,
) -> StageTransition:
    transition = transition_of(actor, position, current, target, now, cause, reason, dwell)
    await transition.save(force_create=True)
    changed, told = trail_of(current, target, cause, reason)
    owner = position.customer_id
    await audit.record(
        actor, EventType.STAGE_MOVED, "stage_transition", transition.id, changes=changed, customer_id=owner
    )
    await events.emit(actor, EventType.STAGE_MOVED, "stage_transition", transition.id, customer_id=owner, data=told)
    return transition


def transition_of(
    actor: Actor,
    position: StagePosition,
    current: Stage | None,
    target: Stage,
    now: datetime,
    cause: TransitionCause,
    reason: str | None,
    dwell: int | None,
) -> StageTransition:
    """The record of a move, not saved yet."""
    return fresh(
        StageTransition,
        customer_id=position.customer_id,
        lifecycle_id=position.lifecycle_id,
        from_stage_id=current.id if current else None,
        to_stage_id=target.id,
        occurred_at=now,
        dwell_seconds=dwell,
        cause=cause,
        reason=reason,
        actor_kind=actor.kind.value,
        actor_id=actor.id,
        actor_label=actor.label,
    )


def trail_of(
    current: Stage | None, target: Stage, cause: TransitionCause, reason: str | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the audit entry and the event of a move say."""
    before = current.key if current else None
    told = {"from": before, "to": target.key, "cause": cause.value, "reason": reason}
    return {"stage": [before, target.key]}, told

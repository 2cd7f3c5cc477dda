"""Lifecycles in their tables: reading a definition, and making the tables say what a definition says."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from crm.access import Actor
from crm.database import execute, fetch, fetch_value
from crm.errors import NotFound
from crm.keys import known
from crm.lifecycle import guards
from crm.lifecycle.definition import Definition, EdgeDefinition, StageDefinition
from models import Lifecycle, LifecycleRevision, Stage, StageEdge

_LOCK = "SELECT {}(hashtextextended('lifecycle:' || $1::text, 0))"


async def hold_shape(lifecycle_id: UUID) -> None:
    """Keep stages and edges as they are until the transaction ends; any number of moves may do so at once."""
    await fetch_value(_LOCK.format("pg_advisory_xact_lock_shared"), str(lifecycle_id))


async def claim_shape(lifecycle_id: UUID) -> None:
    """Wait for the moves that are under way, and let none begin until the transaction ends."""
    await fetch_value(_LOCK.format("pg_advisory_xact_lock"), str(lifecycle_id))


async def lifecycle_by_key(key: str | None) -> Lifecycle:
    """The lifecycle with this key, or the default one. Raises NotFound."""
    found = await (known(Lifecycle, key=key) if key else Lifecycle.get_or_none(is_default=True))
    if found is None:
        raise NotFound(
            f"There is no lifecycle '{key[:60]}'." if key else "No lifecycle is defined yet.", path=("lifecycle",)
        )
    return found


async def stages_of(lifecycle_id: UUID) -> list[Stage]:
    """The stages of the path, in their order; removed ones are not among them."""
    return await Stage.filter(lifecycle_id=lifecycle_id, archived_at=None).order_by("position", "id")


async def edges_of(lifecycle_id: UUID) -> list[StageEdge]:
    """The edges in the order in which automatic ones are tried."""
    return await StageEdge.filter(lifecycle_id=lifecycle_id).order_by("position", "id")


async def definition_of(lifecycle: Lifecycle) -> Definition:
    """What the tables say now."""
    stages = await stages_of(lifecycle.id)
    keys = {stage.id: stage.key for stage in stages}
    edges = await edges_of(lifecycle.id)
    return Definition(
        lifecycle.key,
        lifecycle.name,
        tuple(StageDefinition(s.key, s.name, s.outcome, s.target_days, s.is_initial) for s in stages),
        tuple(_edge(edge, keys) for edge in edges if edge.from_stage_id in keys and edge.to_stage_id in keys),
    )


def _edge(edge: StageEdge, keys: dict[UUID, str]) -> EdgeDefinition:
    return EdgeDefinition(
        keys[edge.from_stage_id],
        keys[edge.to_stage_id],
        edge.guard,
        edge.automatic,
        edge.requires_reason,
        edge.required_scope,
    )


async def write(lifecycle: Lifecycle, definition: Definition) -> None:
    """Add and change stages and edges, and drop the edges that are gone; stages that are gone are left to `retire`."""
    # Two stages must not be the initial one even for a moment.
    await Stage.filter(lifecycle_id=lifecycle.id, is_initial=True).update(is_initial=False)
    held = {stage.key: stage for stage in await Stage.filter(lifecycle_id=lifecycle.id)}
    new = []
    for position, wanted in enumerate(definition.stages, start=1):
        values = {
            "name": wanted.name,
            "outcome": wanted.outcome,
            "target_days": wanted.target_days,
            "position": position,
            "is_initial": wanted.initial,
            "archived_at": None,
        }
        if wanted.key in held:
            await _save(held[wanted.key], values)
        else:
            held[wanted.key] = Stage(lifecycle_id=lifecycle.id, key=wanted.key, **values)
            new.append(held[wanted.key])
    await Stage.bulk_create(new)
    await _write_edges(lifecycle.id, definition, {key: stage.id for key, stage in held.items()})


async def _save(record: Stage | StageEdge, values: dict[str, Any]) -> None:
    """Save a record that was there before, with its next version if anything differs."""
    record.version += any(getattr(record, name) != value for name, value in values.items())
    record.update_from_dict(values)
    await record.save()


async def _write_edges(lifecycle_id: UUID, definition: Definition, ids: dict[str, UUID]) -> None:
    held = {(edge.from_stage_id, edge.to_stage_id): edge for edge in await StageEdge.filter(lifecycle_id=lifecycle_id)}
    new = []
    for position, wanted in enumerate(definition.edges, start=1):
        assert not isinstance(wanted.guard, str)
        values = {
            "guard": wanted.guard,
            "guard_text": guards.text_of(wanted.guard) if wanted.guard else None,
            "position": position,
            "automatic": wanted.automatic,
            "requires_reason": wanted.requires_reason,
            "required_scope": wanted.required_scope,
        }
        start, end = ids[wanted.start], ids[wanted.end]
        old = held.pop((start, end), None)
        if old:
            await _save(old, values)
        else:
            new.append(StageEdge(lifecycle_id=lifecycle_id, from_stage_id=start, to_stage_id=end, **values))
    await StageEdge.bulk_create(new)
    await StageEdge.filter(id__in=[edge.id for edge in held.values()]).delete()


_STANDING = """
SELECT s.key, count(*) AS customers FROM stage_position p JOIN stage s ON s.id = p.stage_id
WHERE p.lifecycle_id = $1 AND s.key = ANY($2::text[]) GROUP BY s.key ORDER BY s.key
"""
_RETIRE = """
UPDATE stage SET archived_at = $3, is_initial = false, updated_at = now()
WHERE lifecycle_id = $1 AND key = ANY($2::text[])
"""
_FORGET = """
DELETE FROM stage s WHERE s.lifecycle_id = $1 AND s.key = ANY($2::text[])
AND NOT EXISTS (SELECT FROM stage_transition t WHERE t.lifecycle_id = $1 AND s.id IN (t.from_stage_id, t.to_stage_id))
AND NOT EXISTS (SELECT FROM stage_position p WHERE p.stage_id = s.id)
"""


async def standing(lifecycle_id: UUID, keys: set[str]) -> dict[str, int]:
    """How many customers stand in each of these stages; empty ones are left out."""
    rows = await fetch(_STANDING, lifecycle_id, sorted(keys))
    return {row["key"]: row["customers"] for row in rows}


async def retire(lifecycle_id: UUID, keys: set[str], now: datetime) -> None:
    """Take empty stages off the path: those that history speaks of are archived, others deleted."""
    await execute(_FORGET, lifecycle_id, sorted(keys))
    await execute(_RETIRE, lifecycle_id, sorted(keys), now)


async def note_revision(actor: Actor, lifecycle: Lifecycle, plain: dict[str, Any]) -> None:
    """Keep the definition as the revision that has the lifecycle's version as its number."""
    await LifecycleRevision.create(
        lifecycle_id=lifecycle.id,
        number=lifecycle.version,
        definition=plain,
        actor_kind=actor.kind.value,
        actor_id=actor.id,
        actor_label=actor.label,
    )

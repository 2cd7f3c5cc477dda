"""Use cases of a lifecycle's definition: create, change, restore, import and export."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from crm import audit, changes, events
from crm.access import Actor, Scope, need
from crm.database import fetch_value, transaction
from crm.errors import Blocked, DuplicateFound, NotFound, ValidationFailed
from crm.events import EventType
from crm.keys import known
from crm.lifecycle import files, guards, store
from crm.lifecycle.definition import Definition, EdgeDefinition, StageDefinition, checked, warnings
from crm.lifecycle.shift import Said, Way, shift
from models import Lifecycle, LifecycleRevision, Stage, StagePosition, TransitionCause

Change = Callable[[Definition], Definition]
Replacements = Mapping[str, str]
CHUNK = 5_000


@dataclass(frozen=True, slots=True)
class Defined:
    """A lifecycle as it is defined now, and what in it is probably not meant."""

    lifecycle: Lifecycle
    definition: Definition
    warnings: list[str]


async def create(actor: Actor, definition: Definition) -> Defined:
    """Define a new lifecycle; the first one becomes the default. Raises Problems, DuplicateFound, Forbidden."""
    need(actor, Scope.LIFECYCLE_WRITE)
    async with transaction():
        if await known(Lifecycle, key=definition.key):
            raise DuplicateFound(f"There is a lifecycle '{definition.key}' already.", path=("key",))
        settled = await _settled(actor, definition, None)
        first = not await Lifecycle.exists(is_default=True)
        lifecycle = Lifecycle(key=settled.key, name=settled.name, is_default=first)
        plain = files.to_plain(settled)
        await changes.create(actor, lifecycle, EventType.LIFECYCLE_CREATED, data={"definition": plain})
        await store.write(lifecycle, settled)
        await store.note_revision(actor, lifecycle, plain)
        return Defined(lifecycle, settled, warnings(settled))


async def change(
    actor: Actor,
    lifecycle_id: UUID,
    alter: Change,
    *,
    expected_version: int | None,
    now: datetime,
    replacements: Replacements | None = None,
) -> Defined:
    """Alter a definition as a whole. Customers in a stage that goes away are moved to its replacement.

    `replacements` names, for each stage that goes away while customers stand in it, the stage that takes them. Raises
    NotFound, VersionConflict, Problems, Blocked (a stage is in use), Forbidden.
    """
    need(actor, Scope.LIFECYCLE_WRITE)
    async with transaction():
        await store.claim_shape(lifecycle_id)
        lifecycle = await changes.load(Lifecycle, lifecycle_id, expected_version=expected_version)
        before = await store.definition_of(lifecycle)
        after = await _settled(actor, replace(alter(before), key=lifecycle.key), before)
        difference = _difference(before, after)
        if difference:
            await _redefine(actor, lifecycle, before, after, replacements or {}, now)
            await _note(actor, lifecycle, difference, files.to_plain(after))
        return Defined(lifecycle, after, warnings(after))


async def _settled(actor: Actor, definition: Definition, before: Definition | None) -> Definition:
    """The definition checked, with its guards in stored form; guards that were there already are not asked again."""
    found = checked(definition)
    edges = []
    for position, edge in enumerate(found.edges):
        old = before.edge(edge.start, edge.end) if before else None
        known = old is not None and old.guard == edge.guard
        if edge.guard is not None and not known:
            guard = await guards.read_at(actor, edge.guard, "edges", str(position), "guard")
            edge = replace(edge, guard=guard)
        edges.append(edge)
    return replace(found, edges=tuple(edges))


async def _redefine(
    actor: Actor, lifecycle: Lifecycle, before: Definition, after: Definition, given: Replacements, now: datetime
) -> None:
    gone = {stage.key for stage in before.stages} - {stage.key for stage in after.stages}
    in_use = await store.standing(lifecycle.id, gone)
    for key, customers in in_use.items():
        if key not in given:
            raise Blocked(
                f"{customers:,} customers stand in '{key}'; name the stage that takes them (replacement).",
                path=("replacement",),
            )
        after.stage(given[key], path=("replacement",))
    lifecycle.name = after.name
    await store.write(lifecycle, after)
    for key in in_use:
        await _move_out(actor, lifecycle, key, given[key], now)
    await store.retire(lifecycle.id, gone, now)


async def _move_out(actor: Actor, lifecycle: Lifecycle, key: str, to: str, now: datetime) -> None:
    stages = {stage.key: stage for stage in await Stage.filter(lifecycle_id=lifecycle.id, key__in=[key, to])}
    said = Said(now, TransitionCause.STAGE_REMOVED, f"The stage '{key}' was removed.")
    inside = StagePosition.filter(lifecycle_id=lifecycle.id, stage_id=stages[key].id).order_by("customer_id")
    ids = [row for row in await inside.values_list("customer_id", flat=True)]
    for start in range(0, len(ids), CHUNK):
        await shift(actor, lifecycle.id, [Way(stages[key], stages[to])], ids[start : start + CHUNK], said)  # type: ignore[arg-type]
    if await store.standing(lifecycle.id, {key}):
        raise Blocked(f"Customers entered '{key}' at a time after {now:%Y-%m-%d %H:%M}; remove it later.")


async def _note(actor: Actor, lifecycle: Lifecycle, difference: dict[str, Any], plain: dict[str, Any]) -> None:
    lifecycle.version += 1
    await lifecycle.save()
    name = changes.noun(Lifecycle)
    await store.note_revision(actor, lifecycle, plain)
    await audit.record(actor, EventType.LIFECYCLE_UPDATED.value, name, lifecycle.id, changes=difference)
    told = {"changes": difference, "version": lifecycle.version}
    await events.emit(actor, EventType.LIFECYCLE_UPDATED, name, lifecycle.id, data=told)


def _difference(before: Definition, after: Definition) -> dict[str, list[Any]]:
    """What differs: 'name', 'stages.<key>', 'edges.<from>.<to>', 'stages' and 'edges' for their order."""
    old, new = _parts(before), _parts(after)
    return {key: [old.get(key), new.get(key)] for key in [*old, *new] if old.get(key) != new.get(key)}


def _parts(definition: Definition) -> dict[str, Any]:
    plain = files.to_plain(definition)
    return {
        "name": definition.name,
        "stages": [stage.key for stage in definition.stages],
        "edges": [f"{edge.start}.{edge.end}" for edge in definition.edges],
        **{f"stages.{stage['key']}": stage for stage in plain["stages"]},
        **{f"edges.{edge['from']}.{edge['to']}": edge for edge in plain["edges"]},
    }


# -- one change at a time: each is a function from definition to definition, for `change` ----------------------------


def renamed(name: str) -> Change:
    return lambda definition: replace(definition, name=name)


def with_stage(stage: StageDefinition, *, before: str | None = None) -> Change:
    """Add a stage, at the end or before another one."""

    def alter(definition: Definition) -> Definition:
        if any(other.key == stage.key for other in definition.stages):
            raise DuplicateFound(f"There is a stage '{stage.key}' already.", path=("key",))
        place = definition.stages.index(definition.stage(before, path=("before",))) if before else None
        stages = list(definition.stages)
        stages.insert(len(stages) if place is None else place, stage)
        return replace(definition, stages=_one_initial(stages, stage))

    return alter


def stage_changed(key: str, **fields: Any) -> Change:
    """Change name, outcome, target days of a stage, or make it the initial one; its key stays, for rules name it."""

    def alter(definition: Definition) -> Definition:
        old = definition.stage(key)
        new = replace(old, **fields)
        return replace(definition, stages=_one_initial([new if s is old else s for s in definition.stages], new))

    return alter


def _one_initial(stages: list[StageDefinition], chosen: StageDefinition) -> tuple[StageDefinition, ...]:
    if not chosen.initial:
        return tuple(stages)
    return tuple(replace(stage, initial=stage.key == chosen.key) for stage in stages)


def stages_ordered(keys: list[str]) -> Change:
    """Put the stages in this order; all of them are named."""

    def alter(definition: Definition) -> Definition:
        if sorted(keys) != sorted(stage.key for stage in definition.stages):
            known = ", ".join(stage.key for stage in definition.stages)
            raise ValidationFailed(f"Name each stage once: {known}.", path=("stages",))
        return replace(definition, stages=tuple(definition.stage(key) for key in keys))

    return alter


def without_stage(key: str) -> Change:
    """Take a stage off the path, with its edges."""

    def alter(definition: Definition) -> Definition:
        gone = definition.stage(key)
        if gone.initial:
            raise Blocked(f"'{key}' is the initial stage; make another one the initial stage first.", path=("stage",))
        edges = tuple(edge for edge in definition.edges if key not in (edge.start, edge.end))
        return replace(definition, stages=tuple(s for s in definition.stages if s is not gone), edges=edges)

    return alter


def with_edge(edge: EdgeDefinition, *, position: int | None = None) -> Change:
    """Add an edge or put another in its place; `position`, from 1, says when it is tried among automatic ones."""

    def alter(definition: Definition) -> Definition:
        definition.stage(edge.start, path=("from",))
        definition.stage(edge.end, path=("to",))
        old = definition.edge(edge.start, edge.end)
        edges = [other for other in definition.edges if other is not old]
        place = definition.edges.index(old) if old else len(edges)
        edges.insert(place if position is None else max(position - 1, 0), edge)
        return replace(definition, edges=tuple(edges))

    return alter


def without_edge(start: str, end: str) -> Change:
    def alter(definition: Definition) -> Definition:
        old = definition.edge(start, end)
        if old is None:
            raise NotFound(f"There is no edge {start[:60]} → {end[:60]}.", path=("to",))
        return replace(definition, edges=tuple(edge for edge in definition.edges if edge is not old))

    return alter


def replaced_by(definition: Definition) -> Change:
    return lambda _: definition


# -- default, archive ------------------------------------------------------------------------------------------------


async def make_default(actor: Actor, lifecycle_id: UUID, *, expected_version: int | None) -> Lifecycle:
    """Let new customers enter this lifecycle. Raises NotFound, VersionConflict, Blocked, Forbidden."""
    need(actor, Scope.LIFECYCLE_WRITE)
    async with transaction():
        # In the order of ids, so that two who swap defaults do not wait for each other.
        await fetch_value("SELECT count(*) FROM (SELECT id FROM lifecycle ORDER BY id FOR UPDATE) l")
        lifecycle = await changes.load(Lifecycle, lifecycle_id, expected_version=expected_version)
        if lifecycle.archived_at:
            raise Blocked(f"The lifecycle '{lifecycle.key}' is archived; restore it first.", path=("id",))
        if not lifecycle.is_default:
            for other in await Lifecycle.filter(is_default=True):
                await _set(actor, other, is_default=False)
            await _set(actor, lifecycle, is_default=True)
        return lifecycle


async def archive(
    actor: Actor, lifecycle_id: UUID, *, expected_version: int | None, now: datetime, restore: bool = False
) -> Lifecycle:
    """Put a lifecycle aside, or take it up again; its history stays. Raises Blocked for the default one."""
    need(actor, Scope.LIFECYCLE_WRITE)
    async with transaction():
        lifecycle = await changes.load(Lifecycle, lifecycle_id, expected_version=expected_version)
        if lifecycle.is_default and not restore:
            raise Blocked("The default lifecycle cannot be archived; make another one the default first.", path=("id",))
        if (lifecycle.archived_at is None) != restore:
            await _set(actor, lifecycle, archived_at=None if restore else now)
        return lifecycle


async def _set(actor: Actor, lifecycle: Lifecycle, **fields: Any) -> None:
    before = audit.state(lifecycle)
    lifecycle.update_from_dict(fields)
    await changes.save(actor, lifecycle, before, EventType.LIFECYCLE_UPDATED)
    await store.note_revision(actor, lifecycle, files.to_plain(await store.definition_of(lifecycle)))


# -- revisions and files ---------------------------------------------------------------------------------------------


async def revert(
    actor: Actor,
    lifecycle_id: UUID,
    number: int,
    *,
    expected_version: int | None,
    now: datetime,
    replacements: Replacements | None = None,
) -> Defined:
    """Define a lifecycle again as it was in an earlier revision. Raises what `change` raises."""
    need(actor, Scope.LIFECYCLE_WRITE)
    found = await LifecycleRevision.get_or_none(lifecycle_id=lifecycle_id, number=number)
    if found is None:
        raise NotFound(f"The lifecycle has no revision {number}.", path=("number",))
    return await change(
        actor,
        lifecycle_id,
        replaced_by(files.from_plain(found.definition)),
        expected_version=expected_version,
        now=now,
        replacements=replacements,
    )


async def export(actor: Actor, lifecycle_id: UUID, *, as_json: bool = False) -> str:
    """A lifecycle as a file, YAML or JSON, with its rules in words. Raises NotFound, Forbidden."""
    need(actor, Scope.LIFECYCLE_READ)
    lifecycle = await changes.get(Lifecycle, lifecycle_id)
    plain = files.to_plain(await store.definition_of(lifecycle), guard_text=guards.text_of)
    return files.write(plain, as_json=as_json)


async def take_in(
    actor: Actor,
    content: str,
    *,
    now: datetime,
    expected_version: int | None = None,
    replacements: Replacements | None = None,
) -> Defined:
    """Create the lifecycle that a file describes, or change the one with its key to what the file says.

    Raises what `create` and `change` raise.
    """
    need(actor, Scope.LIFECYCLE_WRITE)
    definition = files.read(content)
    async with transaction():
        found = await known(Lifecycle, key=definition.key)
        if found is None:
            return await create(actor, definition)
        return await change(
            actor,
            found.id,
            replaced_by(definition),
            expected_version=expected_version,
            now=now,
            replacements=replacements,
        )

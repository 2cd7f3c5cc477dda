"""Single rows of stages and allowed moves as changes of the whole definition that they belong to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from starlette_admin.i18n import gettext as _

from admin.problems import leading
from crm import changes
from crm.access import Actor, Scope, need
from crm.database import transaction
from crm.errors import DuplicateFound, ValidationFailed
from crm.lifecycle import definitions, store
from crm.lifecycle.definition import Definition, EdgeDefinition, StageDefinition
from models import Stage, StageEdge, StageOutcome

Row = TypeVar("Row", Stage, StageEdge)

STAGE_FIELDS = {"name": "name", "outcome": "outcome", "target_days": "target_days", "is_initial": "initial"}
EDGE_FIELDS = {
    "guard_text": "guard",
    "automatic": "automatic",
    "requires_reason": "requires_reason",
    "required_scope": "required_scope",
}
PLACES = {"from": "from_stage", "to": "to_stage", "guard": "guard_text"}


def _named(values: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """The form's values by the names that definitions have; an outcome as one."""
    found = {names[name]: value for name, value in values.items() if name in names}
    if "outcome" in found:
        found["outcome"] = StageOutcome(found["outcome"])
    return found


@asynccontextmanager
async def _held(actor: Actor, model: type[Row], key: UUID, version: int | None) -> AsyncIterator[Row]:
    """The row, unchanged since the form was opened; its lifecycle's shape is claimed first, as everywhere."""
    need(actor, Scope.LIFECYCLE_WRITE)
    async with transaction():
        await store.claim_shape((await changes.get(model, key)).lifecycle_id)
        yield await changes.load(model, key, expected_version=version)


# -- stages ----------------------------------------------------------------------------------------------------------


def _placed(definition: Definition, key: str, position: int | None) -> Definition:
    """The definition with a stage moved to a place, counted from 1."""
    if position is None:
        return definition
    keys = [stage.key for stage in definition.stages if stage.key != key]
    keys.insert(max(position - 1, 0), key)
    return definitions.stages_ordered(keys)(definition)


async def add_stage(actor: Actor, values: dict[str, Any], at: datetime) -> Stage:
    lifecycle, key, position = values.pop("lifecycle_id"), values.pop("key", ""), values.pop("position", None)
    stage = StageDefinition(key=key, **_named(values, STAGE_FIELDS))

    def alter(definition: Definition) -> Definition:
        return _placed(definitions.with_stage(stage)(definition), key, position)

    await definitions.change(actor, lifecycle, alter, expected_version=None, now=at)
    return await Stage.get(lifecycle_id=lifecycle, key=key).prefetch_related("lifecycle")


async def change_stage(actor: Actor, key: UUID, version: int | None, values: dict[str, Any], at: datetime) -> Stage:
    position = values.pop("position", None)
    if values.get("is_initial") is False:
        raise ValidationFailed(_("Make another stage the first one instead."), path=("is_initial",))
    async with _held(actor, Stage, key, version) as stage:

        def alter(definition: Definition) -> Definition:
            changed = definitions.stage_changed(stage.key, **_named(values, STAGE_FIELDS))(definition)
            return _placed(changed, stage.key, position)

        await definitions.change(actor, stage.lifecycle_id, alter, expected_version=None, now=at)
    return await Stage.get(id=key).prefetch_related("lifecycle")


async def remove_stage(actor: Actor, key: UUID, replacement: str, at: datetime) -> None:
    """Take a stage off the path; the customers in it go to the one whose key is given."""
    async with _held(actor, Stage, key, None) as stage:
        given = {stage.key: replacement} if replacement else {}
        alter = definitions.without_stage(stage.key)
        await definitions.change(actor, stage.lifecycle_id, alter, expected_version=None, now=at, replacements=given)


# -- allowed moves ---------------------------------------------------------------------------------------------------


async def add_edge(actor: Actor, values: dict[str, Any], at: datetime) -> StageEdge:
    start = await changes.get(Stage, values.pop("from_stage_id"), path=("from_stage",))
    end = await changes.get(Stage, values.pop("to_stage_id"), path=("to_stage",))
    position = values.pop("position", None)
    if start.lifecycle_id != end.lifecycle_id:
        raise ValidationFailed(_("Both stages belong to one lifecycle."), path=("to_stage",))
    edge = EdgeDefinition(start.key, end.key, **_named(values, EDGE_FIELDS))

    def alter(definition: Definition) -> Definition:
        if definition.edge(start.key, end.key):
            raise DuplicateFound(_("This move is allowed already."), path=("to_stage",))
        return definitions.with_edge(edge, position=position)(definition)

    with leading(**PLACES):
        await definitions.change(actor, start.lifecycle_id, alter, expected_version=None, now=at)
    return await _with_stages(from_stage_id=start.id, to_stage_id=end.id)


async def change_edge(actor: Actor, key: UUID, version: int | None, values: dict[str, Any], at: datetime) -> StageEdge:
    position = values.pop("position", None)
    async with _held(actor, StageEdge, key, version) as row:
        start, end = await _ends(row)

        def alter(definition: Definition) -> Definition:
            old = definition.edge(start, end) or EdgeDefinition(start, end)
            edge = replace(old, **_named(values, EDGE_FIELDS))
            return definitions.with_edge(edge, position=position)(definition)

        with leading(**PLACES):
            await definitions.change(actor, row.lifecycle_id, alter, expected_version=None, now=at)
    return await _with_stages(id=key)


async def remove_edge(actor: Actor, key: UUID, at: datetime) -> None:
    async with _held(actor, StageEdge, key, None) as row:
        alter = definitions.without_edge(*await _ends(row))
        await definitions.change(actor, row.lifecycle_id, alter, expected_version=None, now=at)


async def _ends(row: StageEdge) -> tuple[str, str]:
    start, end = await changes.get(Stage, row.from_stage_id), await changes.get(Stage, row.to_stage_id)
    return start.key, end.key


async def _with_stages(**found: Any) -> StageEdge:
    return await StageEdge.get(**found).prefetch_related("from_stage", "to_stage")

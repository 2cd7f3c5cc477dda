"""How a use case changes a record: load it for update, check the version, save it, and leave the trail."""

from __future__ import annotations

from typing import Any, TypeVar
from uuid import UUID

from crm import audit, events
from crm.access import Actor
from crm.errors import NotFound, VersionConflict
from crm.events import EventType
from crm.ids import PREFIXES, encode
from models.base import Record, Versioned

T = TypeVar("T", bound=Record)
V = TypeVar("V", bound=Versioned)


def noun(model: type[Record]) -> str:
    """The word for a table in ids, events and the audit trail."""
    return model._meta.db_table


def public_id(record: Record) -> str:
    return encode(PREFIXES[noun(type(record))], record.id)


def missing(model: type[Record], key: UUID, *, path: tuple[str, ...] = ("id",)) -> NotFound:
    name = noun(model)
    return NotFound(f"There is no {name.replace('_', ' ')} '{encode(PREFIXES[name], key)}'.", path=path)


async def get(model: type[T], key: UUID, *, path: tuple[str, ...] = ("id",)) -> T:
    """The record with this key; raises NotFound."""
    found = await model.get_or_none(id=key)
    if found is None:
        raise missing(model, key, path=path)
    return found


async def load(model: type[V], key: UUID, *, expected_version: int | None, path: tuple[str, ...] = ("id",)) -> V:
    """The record, locked until the transaction ends, if it still has the version that the caller saw.

    Raises NotFound, and VersionConflict with the current version.
    """
    found = await model.filter(id=key).select_for_update().first()
    if found is None:
        raise missing(model, key, path=path)
    if expected_version is not None and found.version != expected_version:
        raise VersionConflict(
            f"{noun(model)} was changed meanwhile: you expected version {expected_version}, it has "
            f"{found.version} now. Read it again and repeat your change.",
            current_version=found.version,
            path=("expectedVersion",),
        )
    return found


def owner(record: Record) -> UUID | None:
    """The customer that a record belongs to, if it belongs to one."""
    if noun(type(record)) == "customer":
        return record.id
    key: UUID | None = getattr(record, "customer_id", None)
    return key


async def create(actor: Actor, record: T, type: EventType, *, data: dict[str, Any] | None = None) -> T:
    """Save a new record with its audit entry and its event."""
    await record.save(force_create=True)
    await note_creation(actor, record, type, data=data)
    return record


async def note_creation(actor: Actor, record: Record, type: EventType, *, data: dict[str, Any] | None = None) -> None:
    """The audit entry and the event of a record that was just inserted."""
    name = noun(record.__class__)
    changes = audit.difference({}, {key: value for key, value in audit.state(record).items() if value is not None})
    await audit.record(actor, type.value, name, record.id, changes=changes, customer_id=owner(record))
    await events.emit(actor, type, name, record.id, customer_id=owner(record), data=data)


async def save(
    actor: Actor, record: V, before: dict[str, Any], type: EventType, *, data: dict[str, Any] | None = None
) -> bool:
    """Save a changed record with the next version, its audit entry and its event; nothing when nothing differs."""
    changes = audit.difference(before, audit.state(record))
    if not changes:
        return False
    record.version += 1
    await record.save()
    name = noun(record.__class__)
    await audit.record(actor, type.value, name, record.id, changes=changes, customer_id=owner(record))
    told = {"changes": changes, **(data or {})}
    await events.emit(actor, type, name, record.id, customer_id=owner(record), data=told)
    return True


async def delete(actor: Actor, record: Record, type: EventType) -> None:
    """Delete a record; what it held stays in the audit trail."""
    name = noun(record.__class__)
    held = {key: [audit.plain(value), None] for key, value in audit.state(record).items() if value is not None}
    await audit.record(actor, type.value, name, record.id, changes=held, customer_id=owner(record))
    await events.emit(actor, type, name, record.id, customer_id=owner(record))
    await record.delete()

"""New records and their trail, gathered and then written by COPY, table by table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, cached_property
from operator import attrgetter
from typing import Any
from uuid import UUID

import orjson
from tortoise.fields import JSONField

from crm import audit
from crm.access import Actor
from crm.audit import plain
from crm.changes import noun, owner
from crm.database import copy_records, execute_many
from crm.events import EventType
from models import Customer, Identity, Order, OrderLine, StagePosition, StageTransition
from models.base import Record, Versioned, new_id

# Referred to before referring.
TABLES: tuple[type[Record], ...] = (Customer, Identity, StagePosition, StageTransition, Order, OrderLine)
TRAIL = ("id", "created_at", "updated_at", "noun", "noun_id", "customer_id", "actor_kind", "actor_id", "actor_label")
AUDIT = (*TRAIL, "request_id", "action", "changes")
EVENT = (*TRAIL, "request_id", "type", "data")

Changes = dict[str, Any] | Record
"""What an audit entry says; of a record that was made, the record itself, from which all is read when it is written."""

Entry = tuple[tuple[Any, ...], Changes]
"""Whom an entry of the trail is about, in the order of its columns but for the id, and what it says."""


@dataclass
class Batch:
    """The records that one chunk makes, by table, with an audit entry and an event for each."""

    actor: Actor
    now: datetime
    records: dict[type[Record], list[Record]] = field(default_factory=dict)
    changed: dict[type[Record], dict[UUID, Record]] = field(default_factory=dict)
    audits: list[Entry] = field(default_factory=list)
    events: list[Entry] = field(default_factory=list)

    def keep(self, record: Record) -> None:
        """A new record that belongs to another and leaves no trail of its own."""
        record.created_at = record.updated_at = self.now
        self.records.setdefault(type(record), []).append(record)

    def create(self, record: Record, type: EventType, data: dict[str, Any] | None = None) -> None:
        """A new record with the trail that `crm.changes.create` leaves."""
        self.keep(record)
        self.note(type, record, record, data or {})

    def update(
        self, record: Versioned, type: EventType, changes: dict[str, list[Any]], data: dict[str, Any] | None = None
    ) -> None:
        """A changed record with the trail that `crm.changes.save` leaves; without changes only the record."""
        record.version += 1
        self.replace(record)
        if changes:
            self.note(type, record, changes, {"changes": changes, **(data or {})})

    def replace(self, record: Record) -> None:
        """A changed record that belongs to another and leaves no trail of its own."""
        record.updated_at = self.now
        self.changed.setdefault(record.__class__, {})[record.id] = record

    def note(self, type: EventType, record: Record, changes: Changes, data: dict[str, Any]) -> None:
        about = (self.now, self.now, noun(record.__class__), record.id, owner(record), *self.author, type.value)
        self.audits.append((about, changes))
        self.events.append((about, data))

    @cached_property
    def author(self) -> tuple[str, UUID | None, str, str | None]:
        actor = self.actor
        return actor.kind.value, actor.id, actor.label, actor.request_id

    async def write(self) -> None:
        """Write everything, inside the caller's transaction."""
        for model in TABLES:
            await insert(model, self.records.get(model, []))
            await rewrite(model, list(self.changed.get(model, {}).values()))
        await copy_records("audit_entry", AUDIT, trail(self.audits))
        await copy_records("event", EVENT, trail(self.events))


def trail(entries: Iterable[Entry]) -> Iterator[tuple[Any, ...]]:
    """Entries as rows; made one by one as COPY asks for them, so that the server takes some in while we make others."""
    for about, said in entries:
        yield (new_id(), *about, json(made(said) if isinstance(said, Record) else said) if said else "{}")


def made(record: Record) -> dict[str, Any]:
    """The changes that made a record."""
    return {name: (None, value) for name, value in audit.state(record).items() if value is not None}


def json(value: Any) -> str:
    """JSON text as `crm.audit.plain` would have it, many times faster."""
    return orjson.dumps(value, default=plain, option=orjson.OPT_NON_STR_KEYS).decode()


async def insert(model: type[Record], records: list[Record]) -> None:
    if records:
        columns, values = shape(model)
        await copy_records(noun(model), columns, values(records))


async def rewrite(model: type[Record], records: list[Record]) -> None:
    """Save changed records as they are now."""
    if records:
        columns, values = shape(model)
        sets = ", ".join(f'"{name}" = ${number}' for number, name in enumerate(columns, start=1) if name != "id")
        where = f"id = ${columns.index('id') + 1}"
        await execute_many(f'UPDATE "{noun(model)}" SET {sets} WHERE {where}', values(records))  # noqa: S608 - our names


@cache
def shape(model: type[Record]) -> tuple[tuple[str, ...], Callable[[Iterable[Record]], Iterator[tuple[Any, ...]]]]:
    """The columns of a table that we write, and a function that reads them off records."""
    fields = model._meta.fields_map
    written = [name for name in model._meta.fields_db_projection if not fields[name].generated]
    columns = tuple(model._meta.fields_db_projection[name] for name in written)
    jsons = [position for position, name in enumerate(written) if isinstance(fields[name], JSONField)]
    read = attrgetter(*written)

    def values(records: Iterable[Record]) -> Iterator[tuple[Any, ...]]:
        rows = map(read, records)
        return (with_json(row, jsons) for row in rows) if jsons else rows

    return columns, values


def with_json(row: tuple[Any, ...], positions: list[int]) -> tuple[Any, ...]:
    values = list(row)
    for position in positions:
        values[position] = None if row[position] is None else json(row[position])
    return tuple(values)

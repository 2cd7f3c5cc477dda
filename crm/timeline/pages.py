"""A page of a timeline for the panel and for jobs; what each entry tells comes as plain data."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from crm.access import Actor, Scope, need
from crm.database import fetch_read
from crm.errors import ValidationFailed
from crm.rules.predicate import predicate
from crm.timeline.sources import SCOPES, EntryKind, Limits, members, newest
from crm.visibility import need_visible
from models import Channel

MAX_PAGE = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened: `id` is that of the row of its kind, `data` what there is to say of it."""

    kind: EntryKind
    at: datetime
    id: UUID
    customer_id: UUID
    data: dict[str, Any]

    @property
    def cursor(self) -> str:
        """The place of the entry in the list, for `after`."""
        content = orjson.dumps([self.at.astimezone(UTC).isoformat(), str(self.id), self.kind.value])
        return base64.urlsafe_b64encode(content).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class Page:
    entries: list[Entry]
    has_next: bool


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries are meant: kinds (None: all that the actor may read), a period, `until` not included, those over
    a channel, those of a staff member.

    With `people` an organisation's list holds the entries of those whom it employs, too.
    """

    kinds: Collection[EntryKind] | None = None
    since: datetime | None = None
    until: datetime | None = None
    channel: Channel | None = None
    staff_id: UUID | None = None
    people: bool = False


async def page(
    actor: Actor, customer_id: UUID, *, first: int = 20, after: str | None = None, filter: Filter | None = None
) -> Page:
    """A page of the timeline, in one statement. Entries made meanwhile never repeat or hide older ones.

    Kinds that the actor may not read are left out, or refused when they are asked for by name. Raises NotFound,
    ValidationFailed, Forbidden.
    """
    need(actor, Scope.INTERACTION_READ)
    wanted = filter or Filter()
    if wanted.since and wanted.until and wanted.since >= wanted.until:
        raise ValidationFailed(f"until {wanted.until} must lie after since {wanted.since}.", path=("until",))
    if not 1 <= first <= MAX_PAGE:
        raise ValidationFailed(f"first is {first}; a page has 1 to {MAX_PAGE} entries.", path=("first",))
    kinds, rows = readable(actor, wanted.kinds), []
    if Limits(kinds, channel=wanted.channel, staff="" if wanted.staff_id is None else "staff").chosen:
        statement, values = await _statement(actor, customer_id, kinds, wanted, place(after), first + 1)
        rows = list(await fetch_read(statement, *values))
    if not rows:
        await need_visible(actor, customer_id)
    entries = [_entry(row) for row in rows[:first]]
    return Page(entries, len(rows) > first)


def readable(actor: Actor, kinds: Collection[EntryKind] | None) -> frozenset[EntryKind]:
    """The kinds that are asked for, or all that the actor may read. Raises Forbidden."""
    if kinds is None:
        return frozenset(kind for kind, scope in SCOPES.items() if actor.may(scope))
    for kind in kinds:
        need(actor, SCOPES[kind])
    return frozenset(kinds)


def _entry(row: Any) -> Entry:
    return Entry(EntryKind(row["kind"]), row["at"], row["id"], row["customer_id"], orjson.loads(row["data"] or "{}"))


Place = tuple[datetime, UUID, str]


def place(cursor: str | None) -> Place | None:
    """Where a cursor stands in the list; raises ValidationFailed for a damaged one."""
    if cursor is None:
        return None
    try:
        at, key, kind = orjson.loads(base64.urlsafe_b64decode(cursor[:500] + "=" * (-len(cursor) % 4)))
        return datetime.fromisoformat(at), UUID(key), EntryKind(kind).value
    except (ValueError, TypeError, AttributeError, binascii.Error):
        raise ValidationFailed(
            "after is not a cursor of a timeline; use one that a page gave you, unchanged.", path=("after",)
        ) from None


_PAGE = """
WITH member AS ({members}), entry AS ({newest})
SELECT e.kind, e.at, e.id, e.customer_id, CASE e.source {data} END AS data
FROM entry e ORDER BY e.at DESC, e.id DESC, e.kind DESC
"""
_SEEN = "(SELECT c.id FROM customer c WHERE c.id = $1::uuid AND c.merged_into_id IS NULL AND {visible})"
_DATA = "WHEN '{number}' THEN (SELECT {data} FROM {table} r WHERE r.id = e.id)"


async def _statement(
    actor: Actor,
    customer_id: UUID,
    kinds: frozenset[EntryKind],
    wanted: Filter,
    after: Place | None,
    limit: int,
) -> tuple[str, list[Any]]:
    """The statement of a page, empty for a customer who is not to be seen; its text does not depend on the values."""
    values: list[Any] = [customer_id, limit]

    def bind(value: Any, cast: str) -> str | None:
        if value is None:
            return None
        values.append(value)
        return f"${len(values)}::{cast}"

    limits = Limits(
        kinds,
        since=bind(wanted.since, "timestamptz"),
        until=bind(wanted.until, "timestamptz"),
        after=tuple(map(bind, after, ("timestamptz", "uuid", "text"))) if after else None,  # type: ignore[arg-type]
        channel=bind(wanted.channel and wanted.channel.value, "text"),
        staff=bind(wanted.staff_id, "uuid"),
    )
    limits = replace(limits, visible=await _visible(actor, values))
    data = " ".join(
        _DATA.format(number=number, data=source.data, table=source.table) for number, source in limits.chosen
    )
    people = members(_SEEN.format(visible=limits.visible or "true"), people=wanted.people, visible=limits.visible)
    return _PAGE.format(members=people, newest=newest(limits), data=data), values


async def _visible(actor: Actor, values: list[Any]) -> str | None:
    """The actor's row filter over a customer `c`; its values are added to the others."""
    if actor.row_filter is None:
        return None
    condition, more = await predicate(actor.row_filter, alias="c", first_parameter=len(values) + 1)
    values += more
    return f"({condition})"

"""Everything that passed between a customer and the organisation, in one list, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from starlette.requests import Request

from admin.request import may
from crm.access import Scope
from crm.database import fetch

PAGE = 20

_BEFORE = (
    "({at}, {id}) < (coalesce($2, 'infinity'::timestamptz), coalesce($3, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid))"
)


def _part(kind: str, source: str, at: str, key: str, data: str, *, condition: str = "true") -> str:
    """The newest entries of one source, as many as a page could take of it."""
    before = _BEFORE.format(at=at, id=key)
    return (
        f"(SELECT '{kind}' AS kind, {key} AS id, {at} AS at, jsonb_build_object({data}) AS data FROM {source} "  # noqa: S608
        f"WHERE {condition} AND {before} ORDER BY {at} DESC, {key} DESC LIMIT $4)"
    )


PARTS: dict[str, tuple[Scope, str]] = {
    "interaction": (
        Scope.INTERACTION_READ,
        _part(
            "interaction",
            "interaction i LEFT JOIN staff_member m ON m.id = i.staff_id",
            "i.occurred_at",
            "i.id",
            "'kind', i.kind, 'channel', i.channel, 'direction', i.direction, 'subject', i.subject, 'body', "
            "left(i.body, 600), 'outcome', i.outcome, 'sentiment', i.sentiment, 'rating', i.rating, 'rating_kind', "
            "i.rating_kind, 'staff', m.name",
            condition="i.customer_id = $1",
        ),
    ),
    "order": (
        Scope.ORDER_READ,
        _part(
            "order",
            '"order" o',
            "o.placed_at",
            "o.id",
            "'amount', o.amount::text, 'currency', o.currency, 'status', o.status, 'reference', o.reference",
            condition="o.customer_id = $1",
        ),
    ),
    "stage": (
        Scope.LIFECYCLE_READ,
        _part(
            "stage",
            "stage_transition t JOIN stage b ON b.id = t.to_stage_id LEFT JOIN stage a ON a.id = t.from_stage_id",
            "t.occurred_at",
            "t.id",
            "'from', a.name, 'to', b.name, 'reason', t.reason, 'by', t.actor_label, 'cause', t.cause, 'dwell', "
            "t.dwell_seconds",
            condition="t.customer_id = $1",
        ),
    ),
    "entered": (
        Scope.SEGMENT_READ,
        _part(
            "entered",
            "segment_membership m JOIN segment s ON s.id = m.segment_id",
            "m.entered_at",
            "m.id",
            "'segment', s.name, 'segment_id', s.id, 'cause', m.entry_cause",
            condition="m.customer_id = $1",
        ),
    ),
    "exited": (
        Scope.SEGMENT_READ,
        _part(
            "exited",
            "segment_membership m JOIN segment s ON s.id = m.segment_id",
            "m.exited_at",
            "m.id",
            "'segment', s.name, 'segment_id', s.id, 'cause', m.exit_cause",
            condition="m.customer_id = $1 AND m.exited_at IS NOT NULL",
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened; `data` depends on its kind."""

    kind: str
    id: UUID
    at: datetime
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries and, if there are more, where the next page begins."""

    entries: list[Entry]
    older: str | None


def kinds(request: Request) -> list[str]:
    """The sources that the reader may see."""
    return [kind for kind, (scope, _) in PARTS.items() if may(request, scope)]


async def page(customer_id: UUID, kinds: list[str], before: tuple[datetime, UUID] | None = None) -> Page:
    """One page in one statement, however long the history is."""
    if not kinds:
        return Page([], None)
    parts = " UNION ALL ".join(PARTS[kind][1] for kind in kinds)
    statement = f"SELECT * FROM ({parts}) AS merged ORDER BY at DESC, id DESC LIMIT $4"  # noqa: S608 - made of PARTS
    at, key = before or (None, None)
    rows = await fetch(statement, customer_id, at, key, PAGE + 1)
    entries = [Entry(row["kind"], row["id"], row["at"], orjson.loads(row["data"])) for row in rows[:PAGE]]
    return Page(entries, cursor(entries[-1]) if len(rows) > PAGE else None)


def cursor(entry: Entry) -> str:
    return f"{entry.at.isoformat()}~{entry.id}"


def position(cursor: str) -> tuple[datetime, UUID] | None:
    """Where a page begins; None, the newest, for what is no position."""
    at, _, key = cursor.partition("~")
    try:
        return datetime.fromisoformat(at), UUID(key)
    except ValueError:
        return None

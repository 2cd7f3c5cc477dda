"""Everything that passed between the organisation and a customer, as one list, newest first, page by page."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson

from crm.access import Actor, Scope, need
from crm.database import fetch_read
from crm.errors import ValidationFailed
from crm.rules.predicate import predicate
from crm.visibility import need_visible

MAX_PAGE = 100


class EntryKind(StrEnum):
    INTERACTION = "INTERACTION"
    NOTE = "NOTE"
    ORDER = "ORDER"
    STAGE_MOVE = "STAGE_MOVE"
    SEGMENT_ENTRY = "SEGMENT_ENTRY"
    SEGMENT_EXIT = "SEGMENT_EXIT"
    IDENTITY_CHANGE = "IDENTITY_CHANGE"
    VALUE_CHANGE = "VALUE_CHANGE"
    FOLLOW_UP = "FOLLOW_UP"


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
    """Which entries are meant: kinds (None: all that the actor may read), and a period, `until` not included.

    With `people` an organisation's list holds the entries of those whom it employs, too.
    """

    kinds: Collection[EntryKind] | None = None
    since: datetime | None = None
    until: datetime | None = None
    people: bool = False


@dataclass(frozen=True, slots=True)
class _Source:
    """Where entries of some kinds come from: a table, the time of an entry, what limits its rows, what it tells.

    `kind` is the SQL of the entry's kind; `data` an expression over the row `r`, read for the rows of the page only.
    """

    kinds: tuple[EntryKind, ...]
    scope: Scope
    table: str
    at: str
    data: str
    condition: str = ""
    kind: str = ""


_SEGMENT = (
    "SELECT jsonb_build_object('segment', g.key, 'name', g.name, 'cause', r.{cause}) "
    "FROM segment g WHERE g.id = r.segment_id"
)
_EVENT = "jsonb_build_object('type', r.type, 'by', r.actor_label) || r.data"

# A source's first kind is that of its rows, unless `kind` tells them apart.
_SOURCES = (
    _Source(
        (EntryKind.INTERACTION, EntryKind.NOTE),
        Scope.INTERACTION_READ,
        "interaction",
        "occurred_at",
        "jsonb_build_object('channel', r.channel, 'direction', r.direction, 'kind', r.kind, 'subject', r.subject, "
        "'body', left(r.body, 500), 'outcome', r.outcome, 'sentiment', r.sentiment, 'ratingKind', r.rating_kind, "
        "'rating', r.rating, 'staff', (SELECT f.name FROM staff_member f WHERE f.id = r.staff_id))",
        kind="CASE r.kind WHEN 'NOTE' THEN 'NOTE' ELSE 'INTERACTION' END",
    ),
    _Source(
        (EntryKind.ORDER,),
        Scope.ORDER_READ,
        '"order"',
        "placed_at",
        "jsonb_build_object('reference', r.reference, 'status', r.status, 'amount', trim_scale(r.amount)::text, "
        "'currency', r.currency, 'refunded', trim_scale(r.refunded)::text, 'channel', r.channel)",
    ),
    _Source(
        (EntryKind.STAGE_MOVE,),
        Scope.LIFECYCLE_READ,
        "stage_transition",
        "occurred_at",
        "(SELECT jsonb_build_object('lifecycle', l.key, 'from', a.key, 'to', b.key, 'cause', r.cause, "
        "'reason', r.reason, 'rule', r.rule, 'dwellSeconds', r.dwell_seconds, 'by', r.actor_label) "
        "FROM stage b JOIN lifecycle l ON l.id = b.lifecycle_id LEFT JOIN stage a ON a.id = r.from_stage_id "
        "WHERE b.id = r.to_stage_id)",
    ),
    _Source(
        (EntryKind.SEGMENT_ENTRY,),
        Scope.SEGMENT_READ,
        "segment_membership",
        "entered_at",
        f"({_SEGMENT.format(cause='entry_cause')})",
    ),
    _Source(
        (EntryKind.SEGMENT_EXIT,),
        Scope.SEGMENT_READ,
        "segment_membership",
        "exited_at",
        f"({_SEGMENT.format(cause='exit_cause')})",
        "r.exited_at IS NOT NULL",
    ),
    # Written as the condition of the index that serves both.
    _Source(
        (EntryKind.IDENTITY_CHANGE, EntryKind.VALUE_CHANGE),
        Scope.CUSTOMER_READ,
        "event",
        "created_at",
        _EVENT,
        "r.type IN ('identity.added', 'identity.removed', 'value.changed')",
        kind="CASE r.type WHEN 'value.changed' THEN 'VALUE_CHANGE' ELSE 'IDENTITY_CHANGE' END",
    ),
    _Source(
        (EntryKind.FOLLOW_UP,),
        Scope.INTERACTION_READ,
        "follow_up",
        "due_at",
        "jsonb_build_object('subject', r.subject, 'status', r.status, 'outcome', r.outcome, 'closedAt', r.closed_at, "
        "'owner', (SELECT f.name FROM staff_member f WHERE f.id = r.owner_id))",
    ),
)
_SCOPES = {kind: source.scope for source in _SOURCES for kind in source.kinds} | {
    EntryKind.VALUE_CHANGE: Scope.VALUE_READ
}


async def page(
    actor: Actor, customer_id: UUID, *, first: int = 20, after: str | None = None, filter: Filter | None = None
) -> Page:
    """A page of the timeline, in one statement. Entries made meanwhile never repeat or hide older ones.

    Kinds that the actor may not read are left out, or refused when they are asked for by name. Raises NotFound,
    ValidationFailed, Forbidden.
    """
    need(actor, Scope.INTERACTION_READ)
    wanted = filter or Filter()
    if not 1 <= first <= MAX_PAGE:
        raise ValidationFailed(f"first is {first}; a page has 1 to {MAX_PAGE} entries.", path=("first",))
    kinds = _readable(actor, wanted.kinds)
    await need_visible(actor, customer_id)
    statement, values = await _statement(actor, customer_id, kinds, wanted, place(after), first + 1)
    rows = await fetch_read(statement, *values)
    entries = [_entry(row) for row in rows[:first]]
    return Page(entries, len(rows) > first)


def _readable(actor: Actor, kinds: Collection[EntryKind] | None) -> frozenset[EntryKind]:
    if kinds is None:
        return frozenset(kind for kind, scope in _SCOPES.items() if actor.may(scope))
    for kind in kinds:
        need(actor, _SCOPES[kind])
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


# -- the statement ---------------------------------------------------------------------------------------------------

_PEOPLE = """
    UNION SELECT c.id FROM relationship w JOIN customer c ON c.id = w.customer_id
    WHERE w.related_id = $1 AND w.kind = 'EMPLOYED_BY' AND w.until IS NULL AND {visible}
"""
_BRANCH = """
(SELECT '{number}' AS source, e.* FROM member m CROSS JOIN LATERAL (
    SELECT {kind} AS kind, r.{at} AS at, r.id, r.customer_id FROM {table} r
    WHERE r.customer_id = m.id{conditions}
    ORDER BY r.{at} DESC, r.id DESC LIMIT $2
) e)"""
_PAGE = """
WITH member AS (SELECT $1::uuid AS id{people}), entry AS (
    SELECT * FROM ({branches}) every ORDER BY at DESC, id DESC, kind DESC LIMIT $2
)
SELECT e.kind, e.at, e.id, e.customer_id, CASE e.source {data} END AS data
FROM entry e ORDER BY e.at DESC, e.id DESC, e.kind DESC
"""
_DATA = "WHEN '{number}' THEN (SELECT {data} FROM {table} r WHERE r.id = e.id)"


async def _statement(
    actor: Actor,
    customer_id: UUID,
    kinds: frozenset[EntryKind],
    wanted: Filter,
    after: Place | None,
    limit: int,
) -> tuple[str, list[Any]]:
    """The statement of a page; its text depends on what is asked for, not on the values."""
    values: list[Any] = [customer_id, limit]
    limits = []
    for test, value in (("{at} >= {}::timestamptz", wanted.since), ("{at} < {}::timestamptz", wanted.until)):
        if value is not None:
            values.append(value)
            limits.append(test.replace("{}", f"${len(values)}"))
    if after is not None:
        values += after
        first = len(values) - 2
        limits.append(f"({{at}}, r.id, {{kind}}) < (${first}::timestamptz, ${first + 1}::uuid, ${first + 2}::text)")
    people = ""
    if wanted.people:
        visible = "true"
        if actor.row_filter is not None:
            visible, more = await predicate(actor.row_filter, alias="c", first_parameter=len(values) + 1)
            values += more
        people = _PEOPLE.format(visible=visible)
    sources = [(n, source) for n, source in enumerate(_SOURCES) if kinds & set(source.kinds)]
    branches = " UNION ALL ".join(_branch(number, source, kinds, limits) for number, source in sources)
    data = " ".join(_DATA.format(number=n, data=source.data, table=source.table) for n, source in sources)
    return _PAGE.format(people=people, branches=branches, data=data), values


def _branch(number: int, source: _Source, kinds: frozenset[EntryKind], limits: list[str]) -> str:
    kind = source.kind or f"'{source.kinds[0]}'"
    tests = [source.condition] if source.condition else []
    chosen = [each for each in source.kinds if each in kinds]
    if len(chosen) < len(source.kinds):
        tests.append(f"{kind} = '{chosen[0]}'")
    tests += [test.replace("{at}", f"r.{source.at}").replace("{kind}", kind) for test in limits]
    conditions = "".join(f" AND {test}" for test in tests)
    kind = f"({kind})::text"
    return _BRANCH.format(number=number, kind=kind, at=source.at, table=source.table, conditions=conditions)

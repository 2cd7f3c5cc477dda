"""Where the entries of a timeline come from, and the one statement that merges their keys."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from crm.access import Scope


class EntryKind(StrEnum):
    INTERACTION = "INTERACTION"
    NOTE = "NOTE"
    ORDER = "ORDER"
    STAGE_MOVE = "STAGE_MOVE"
    SEGMENT_ENTRY = "SEGMENT_ENTRY"
    SEGMENT_EXIT = "SEGMENT_EXIT"
    IDENTITY_CHANGE = "IDENTITY_CHANGE"
    VALUE_CHANGE = "VALUE_CHANGE"
    MERGE = "MERGE"
    RELATIONSHIP = "RELATIONSHIP"
    FOLLOW_UP = "FOLLOW_UP"


@dataclass(frozen=True, slots=True)
class Source:
    """Where entries of some kinds come from: a table, the time of an entry, what limits its rows, what it tells.

    `kind` is the SQL of the entry's kind, by default the first of `kinds`; `data` an expression over the row `r`, read
    for the rows of the page only. `owner` names the column of the customer whose timeline it is, `other` that of
    another customer who has to be visible too. `channel` and `staff` are what these filters look at; a source without
    them has no entries for such a filter.
    """

    kinds: tuple[EntryKind, ...]
    scope: Scope
    table: str
    at: str
    data: str
    condition: str = ""
    kind: str = ""
    owner: str = "customer_id"
    other: str = ""
    channel: str = ""
    staff: str = ""


_SEGMENT = (
    "(SELECT jsonb_build_object('segment', g.key, 'segmentId', g.id, 'name', g.name, 'cause', r.{cause}) "
    "FROM segment g WHERE g.id = r.segment_id)"
)
_LINK = (
    "(SELECT jsonb_build_object('kind', r.kind, 'with', o.display_name, 'withId', o.id, 'inverse', {inverse}, "
    "'since', r.since, 'until', r.until) FROM customer o WHERE o.id = r.{other})"
)
_BY_STAFF = "CASE r.actor_kind WHEN 'STAFF' THEN r.actor_id END"

SOURCES = (
    Source(
        (EntryKind.INTERACTION, EntryKind.NOTE),
        Scope.INTERACTION_READ,
        "interaction",
        "occurred_at",
        "jsonb_build_object('channel', r.channel, 'direction', r.direction, 'kind', r.kind, 'subject', r.subject, "
        "'body', left(r.body, 500), 'outcome', r.outcome, 'sentiment', r.sentiment, 'ratingKind', r.rating_kind, "
        "'rating', r.rating, 'staff', (SELECT f.name FROM staff_member f WHERE f.id = r.staff_id))",
        kind="CASE r.kind WHEN 'NOTE' THEN 'NOTE' ELSE 'INTERACTION' END",
        channel="r.channel",
        staff="r.staff_id",
    ),
    Source(
        (EntryKind.ORDER,),
        Scope.ORDER_READ,
        '"order"',
        "placed_at",
        "jsonb_build_object('reference', r.reference, 'status', r.status, 'amount', trim_scale(r.amount)::text, "
        "'currency', r.currency, 'refunded', trim_scale(r.refunded)::text, 'channel', r.channel)",
        channel="upper(r.channel)",
    ),
    Source(
        (EntryKind.STAGE_MOVE,),
        Scope.LIFECYCLE_READ,
        "stage_transition",
        "occurred_at",
        "(SELECT jsonb_build_object('lifecycle', l.key, 'from', a.key, 'fromName', a.name, 'to', b.key, "
        "'toName', b.name, 'cause', r.cause, 'reason', r.reason, 'rule', r.rule, 'dwellSeconds', r.dwell_seconds, "
        "'by', r.actor_label) "
        "FROM stage b JOIN lifecycle l ON l.id = b.lifecycle_id LEFT JOIN stage a ON a.id = r.from_stage_id "
        "WHERE b.id = r.to_stage_id)",
        staff=_BY_STAFF,
    ),
    Source(
        (EntryKind.SEGMENT_ENTRY,),
        Scope.SEGMENT_READ,
        "segment_membership",
        "entered_at",
        _SEGMENT.format(cause="entry_cause"),
    ),
    Source(
        (EntryKind.SEGMENT_EXIT,),
        Scope.SEGMENT_READ,
        "segment_membership",
        "exited_at",
        _SEGMENT.format(cause="exit_cause"),
        "r.exited_at IS NOT NULL",
    ),
    # Written as the condition of the index that serves them.
    Source(
        (EntryKind.IDENTITY_CHANGE, EntryKind.VALUE_CHANGE, EntryKind.MERGE),
        Scope.CUSTOMER_READ,
        "event",
        "created_at",
        "jsonb_build_object('type', r.type, 'by', r.actor_label) || r.data",
        "r.type IN ('identity.added', 'identity.removed', 'value.changed', 'customer.merged', 'customer.unmerged')",
        kind="CASE WHEN r.type = 'value.changed' THEN 'VALUE_CHANGE' WHEN r.type LIKE 'customer.%' THEN 'MERGE' "
        "ELSE 'IDENTITY_CHANGE' END",
        staff=_BY_STAFF,
    ),
    Source(
        (EntryKind.FOLLOW_UP,),
        Scope.INTERACTION_READ,
        "follow_up",
        "due_at",
        "jsonb_build_object('subject', r.subject, 'status', r.status, 'outcome', r.outcome, 'closedAt', r.closed_at, "
        "'owner', (SELECT f.name FROM staff_member f WHERE f.id = r.owner_id))",
        staff="r.owner_id",
    ),
    Source(
        (EntryKind.RELATIONSHIP,),
        Scope.CUSTOMER_READ,
        "relationship",
        "created_at",
        _LINK.format(inverse="false", other="related_id"),
        other="related_id",
    ),
    # A link between two customers of one list is told once, from the side that holds it.
    Source(
        (EntryKind.RELATIONSHIP,),
        Scope.CUSTOMER_READ,
        "relationship",
        "created_at",
        _LINK.format(inverse="true", other="customer_id"),
        "NOT EXISTS (SELECT FROM member x WHERE x.id = r.customer_id)",
        owner="related_id",
        other="customer_id",
    ),
)
SCOPES = {kind: source.scope for source in SOURCES for kind in source.kinds} | {
    EntryKind.VALUE_CHANGE: Scope.VALUE_READ
}
"""What an actor needs to read entries of a kind."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What entries are kept: placeholders of a period, of the place to read on after, of a channel and a staff member.

    `visible` is the actor's row filter over a customer `c`.
    """

    kinds: Collection[EntryKind]
    since: str | None = None
    until: str | None = None
    after: tuple[str, str, str] | None = None
    channel: str | None = None
    staff: str | None = None
    visible: str | None = None
    number: str = "$2"

    @property
    def chosen(self) -> tuple[tuple[int, Source], ...]:
        """The sources that can have such entries, with their places in the list of all."""
        return tuple((number, source) for number, source in enumerate(SOURCES) if self._wants(source))

    def _wants(self, source: Source) -> bool:
        lacks = (self.channel and not source.channel) or (self.staff and not source.staff)
        return not lacks and any(kind in self.kinds for kind in source.kinds)


def members(customer: str, *, people: bool, visible: str | None) -> str:
    """The customers whose entries are meant: one, given as an expression, and whom it employs if so wished."""
    one = f"SELECT {customer} AS id"
    if not people:
        return one
    return (
        f"{one} UNION SELECT c.id FROM relationship w JOIN customer c ON c.id = w.customer_id "
        f"WHERE w.related_id = {customer} AND w.kind = 'EMPLOYED_BY' AND w.until IS NULL AND {visible or 'true'}"
    )


_BRANCH = """
(SELECT '{number}' AS source, e.* FROM member m CROSS JOIN LATERAL (
    SELECT {kind} AS kind, r.{at} AS at, r.id, r.{owner} AS customer_id FROM {table} r
    WHERE r.{owner} = m.id{conditions}
    ORDER BY r.{at} DESC, r.id DESC LIMIT {limit}
) e)"""
_NOTHING = "SELECT '' AS source, ''::text AS kind, now() AS at, NULL::uuid AS id, NULL::uuid AS customer_id WHERE false"


def newest(limits: Limits) -> str:
    """The keys of the newest entries of all sources: source, kind, at, id, customer_id; over a table `member`."""
    branches = " UNION ALL ".join(_branch(number, source, limits) for number, source in limits.chosen) or _NOTHING
    return f"SELECT * FROM ({branches}) every ORDER BY at DESC, id DESC, kind DESC LIMIT {limits.number}"


def _branch(number: int, source: Source, limits: Limits) -> str:
    kind = source.kind or f"'{source.kinds[0]}'"
    tests = [*_kept(source, kind, limits.kinds), *_within(source, kind, limits)]
    return _BRANCH.format(
        number=number,
        kind=f"({kind})::text",
        at=source.at,
        owner=source.owner,
        table=source.table,
        conditions="".join(f" AND {test}" for test in tests),
        limit=limits.number,
    )


def _kept(source: Source, kind: str, kinds: Collection[EntryKind]) -> list[str]:
    tests = [source.condition] if source.condition else []
    chosen = [each for each in source.kinds if each in kinds]
    if len(chosen) < len(source.kinds):
        tests.append(f"{kind} IN ({', '.join(repr(each.value) for each in chosen)})")
    return tests


def _within(source: Source, kind: str, limits: Limits) -> list[str]:
    at = f"r.{source.at}"
    tests = {
        f"{at} >= {limits.since}": limits.since,
        f"{at} < {limits.until}": limits.until,
        f"{source.channel} = {limits.channel}": limits.channel,
        f"{source.staff} = {limits.staff}": limits.staff,
        f"EXISTS (SELECT FROM customer c WHERE c.id = r.{source.other} AND {limits.visible})": source.other
        and limits.visible,
    }
    found = [test for test, wanted in tests.items() if wanted]
    if limits.after:
        found.append(f"({at}, r.id, {kind}) < ({', '.join(limits.after)})")
    return found

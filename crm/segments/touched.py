"""From what happened to the segments and customers that it can have moved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from crm.database import fetch
from crm.events import EventType
from crm.rules.catalogue import camel
from crm.rules.fields import CUSTOMER, Catalogue
from crm.rules.reads import Reads
from crm.rules.sql import Compiler, Context, Parameters, Shape
from crm.rules.turning import reached
from crm.rules.ways import Chain, Ways
from crm.tail import Happened

NOUNS: dict[str, tuple[str, ...]] = {
    "customer": ("customer", "custom"),
    "order": ("order", "orderLine"),
    "staff_member": ("staff",),
    "stage_transition": ("stageMove", "stagePosition", "stage"),
    "lifecycle": ("stageMove", "stagePosition", "stage", "lifecycle"),
    "segment": ("segmentMembership",),
    "value_run": ("valueMetrics", "strategicDesignation"),
    "value_snapshot": ("valueMetrics",),
    "field_definition": ("custom",),
}
"""What rules call the rows that events of a noun tell of; other nouns are called alike."""

_FOR_ALL = frozenset(
    {
        EventType.VALUE_PUBLISHED,
        EventType.LIFECYCLE_CREATED,
        EventType.LIFECYCLE_UPDATED,
        EventType.FIELD_DEFINED,
        EventType.FIELD_CHANGED,
    }
)
_MEMBERSHIP = frozenset({EventType.SEGMENT_ENTERED, EventType.SEGMENT_EXITED})
_LIFE = frozenset(
    {
        EventType.CUSTOMER_CREATED,
        EventType.CUSTOMER_ARCHIVED,
        EventType.CUSTOMER_RESTORED,
        EventType.CUSTOMER_MERGED,
    }
)
"""After these every rule is asked about the customer: even 'no orders' begins to hold."""


def concerns_everybody(event: Happened, reads: Reads) -> bool:
    """Whether the event can have moved customers that it does not name, so that only a full pass finds them."""
    if event.type == EventType.SETTING_CHANGED:
        return True
    if event.type == EventType.CUSTOMER_DELETED:
        return reads.others  # what connected it to others went with it
    return event.type in _FOR_ALL and _fields_of(event, reads) != set()


def touches(event: Happened, reads: Reads) -> bool:
    """Whether a rule with these reads can answer otherwise after the event."""
    if event.type in _LIFE or "archived_at" in _changes(event):
        return True
    if event.noun == "segment":
        return event.type in _MEMBERSHIP and event.data.get("segment") in reads.segments
    wanted = _fields_of(event, reads)
    changed = _changes(event)
    if not wanted or not changed or event.noun == "stage_transition":
        return bool(wanted)
    return bool(_changed_fields(changed) & wanted)


def _changes(event: Happened) -> dict[str, Any]:
    """Column → [before, after] of an update; empty for what came or went."""
    found = event.data.get("changes")
    return found if isinstance(found, dict) else {}


def _fields_of(event: Happened, reads: Reads) -> set[str]:
    nouns = NOUNS.get(event.noun, (camel(event.noun),))
    return {field for noun, field in reads.fields if noun in nouns}


def _changed_fields(changes: dict[str, Any]) -> set[str]:
    """What rules call the columns that changed. A changed key of another row is as good as rows that come and go."""
    found = {camel(column) for column in changes} | {"updatedAt"}
    if any(column.endswith("_id") for column in changes):
        found.add("*")
    if "custom_fields" in changes:
        before, after = (side or {} for side in changes["custom_fields"])
        found |= {key for key in {*before, *after} if before.get(key) != after.get(key)}
    return found


@dataclass(frozen=True, slots=True)
class Lookup:
    """A way to be gone backwards: from rows of a table, by their keys, to the customers whose rule reaches them."""

    noun: str
    text: str
    values: list[Any]


def lookups(found: Ways, catalogue: Catalogue, context: Context) -> list[Lookup]:
    """The ways backwards that an event's own customer does not spare."""
    return [_lookup(chain, catalogue, context) for chain in sorted(found.chains, key=len) if not _own(chain)]


def _own(chain: Chain) -> bool:
    """Whether every row on the way belongs to the customer that asks, as its events say, or none is told of."""
    last = chain[-1]
    return last.target != CUSTOMER and (last.remote == "customer_id" or last.table in _TOLD_WITH)


_TOLD_WITH = frozenset({"order_line", "stage", "segment_membership"})
"""Rows that have no events of their own; those of the rows before them on the way tell."""


def _lookup(chain: Chain, catalogue: Catalogue, context: Context) -> Lookup:
    binder = Parameters(2)
    tables, conditions, alias = reached(chain, Compiler(catalogue, binder, context, Shape.EACH))
    where = " AND ".join([*conditions, f"{alias}.id = ANY($1::uuid[])"])
    noun = chain[-1].table
    return Lookup(noun, f"SELECT c.id FROM {tables} WHERE {where}", binder.values)


async def customers_of(events: Sequence[Happened], ways_back: Iterable[Lookup]) -> set[UUID]:
    """The customers for whom a rule can answer otherwise after events that touch it."""
    found = {event.customer_id for event in events if event.customer_id}
    for lookup in ways_back:
        keys = _keys(events, lookup.noun)
        if keys:
            found |= {row["id"] for row in await fetch(lookup.text, keys, *lookup.values)}
    deleted = [event.noun_id for event in events if event.type == EventType.RELATIONSHIP_DELETED]
    if deleted:
        found |= {row["id"] for row in await fetch(_RELATED, deleted)}
    return found


def _keys(events: Sequence[Happened], noun: str) -> list[UUID]:
    if noun == CUSTOMER:
        return sorted({event.customer_id for event in events if event.customer_id})
    return sorted({event.noun_id for event in events if event.noun == noun})


# A relationship that was deleted is known only to the audit trail.
_RELATED = """
SELECT (a.changes -> 'related_id' ->> 0)::uuid AS id FROM audit_entry a
WHERE a.noun_id = ANY($1::uuid[]) AND a.action = 'relationship.deleted' AND a.changes ? 'related_id'
"""

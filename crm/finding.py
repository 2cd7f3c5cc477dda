"""Looking for anything by a few letters: one question, an answer from every noun that the actor may read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from crm import text, wording
from crm.access import Actor, Scope
from crm.database import fetch
from crm.errors import CrmError
from crm.ids import split
from crm.rules.predicate import predicate
from crm.wording import literal

EACH = 6
LATEST = 5_000
"""Interactions and follow-ups are looked for by their subject among the newest so many; by customer, on its page."""

SHORTEST = 2


@dataclass(frozen=True, slots=True)
class Found:
    """A record: its noun, its key, what it is called, and what tells it from others of that name."""

    noun: str
    id: UUID
    name: str
    hint: str = ""


_CUSTOMERS = """
SELECT c.id, c.display_name AS name, concat_ws(', ', c.city, c.country) AS hint
FROM customer c
WHERE {found} AND c.kind = $1 AND c.archived_at IS NULL AND ({visible})
LIMIT 50
"""
# A reference is looked up as it stands: an index answers, however many orders there are.
_ORDERS = """
SELECT o.id, o.reference AS name, c.display_name AS hint
FROM "order" o JOIN customer c ON c.id = o.customer_id
WHERE o.reference = ANY ($1::text[]) AND ({visible}) ORDER BY o.placed_at DESC LIMIT 6
"""
_SIMPLE = {
    "product": (
        Scope.PRODUCT_READ,
        "SELECT id, name, sku AS hint FROM product WHERE name ILIKE $1 OR sku ILIKE $1 ORDER BY name LIMIT 6",
    ),
    "segment": (
        Scope.SEGMENT_READ,
        "SELECT id, name, key AS hint FROM segment WHERE archived_at IS NULL AND (name ILIKE $1 OR key ILIKE $1) "
        "ORDER BY name LIMIT 6",
    ),
    "staff_member": (
        Scope.STAFF_READ,
        "SELECT id, name, email AS hint FROM staff_member WHERE name ILIKE $1 OR email ILIKE $1 ORDER BY name LIMIT 6",
    ),
}
_BY_SUBJECT = {
    "follow_up": "due_at",
    "interaction": "occurred_at",
}
_SUBJECTS = """
SELECT n.id, n.subject AS name, c.display_name AS hint
FROM (SELECT id, subject, customer_id, {at} FROM {noun} ORDER BY {at} DESC LIMIT {latest}) n
JOIN customer c ON c.id = n.customer_id
WHERE n.subject ILIKE $1 AND ({visible}) ORDER BY n.{at} DESC LIMIT 6
"""


async def find(actor: Actor, term: str) -> dict[str, list[Found]]:
    """Noun → what was found of it, the likeliest first, for every noun that the actor may read; at most EACH of one.

    Customers and organisations are found by every word of their names, identities and searchable fields, orders by
    their whole reference, a record of any noun by its public id, the others by a part of what they are called.
    """
    wanted = term.replace("\x00", "").strip()[:200]
    if len(wanted) < SHORTEST:
        return {}
    found = {"record": _by_id(wanted)}
    for look in (_customers, _orders, _simple, _subjects):
        found |= await look(actor, wanted)
    return {noun: entries[:EACH] for noun, entries in found.items() if entries}


_KEYS = {
    "segment": (
        Scope.SEGMENT_READ,
        "SELECT key, name FROM segment WHERE archived_at IS NULL AND (name ILIKE $1 OR key ILIKE $1) ORDER BY name "
        "LIMIT 50",
    ),
    "lifecycle": (
        Scope.LIFECYCLE_READ,
        "SELECT key, name FROM lifecycle WHERE archived_at IS NULL AND (name ILIKE $1 OR key ILIKE $1) ORDER BY name "
        "LIMIT 50",
    ),
    "stage": (
        Scope.LIFECYCLE_READ,
        "SELECT DISTINCT key, name FROM stage WHERE name ILIKE $1 OR key ILIKE $1 ORDER BY name LIMIT 50",
    ),
}


async def keys(actor: Actor, noun: str, term: str) -> list[tuple[str, str]]:
    """The keys, with their names, of the segments, lifecycles or stages that a term finds; all for an empty one."""
    scope, statement = _KEYS.get(noun, (None, ""))
    if scope is None or not actor.may(scope):
        return []
    return [(row["key"], row["name"]) for row in await fetch(statement, f"%{literal(term.strip()[:80])}%")]


def _by_id(wanted: str) -> list[Found]:
    try:
        prefix, key = split(wanted)
    except CrmError:
        return []
    return [Found(prefix, key, wanted)]


async def _customers(actor: Actor, wanted: str) -> dict[str, list[Found]]:
    words = wording.words(wanted)
    if not actor.may(Scope.CUSTOMER_READ) or not words:
        return {}
    found, patterns = wording.condition(words, named=not actor.may(Scope.PII_READ), first=2)
    visible, values = await _visible(actor, 2 + len(patterns))
    statement = _CUSTOMERS.format(found=found, visible=visible)
    kinds = {"customer": "PERSON", "organization": "ORGANIZATION"}
    return {
        noun: _ranked(wanted, [_found("customer", row) for row in await fetch(statement, kind, *patterns, *values)])
        for noun, kind in kinds.items()
    }


def _ranked(wanted: str, found: list[Found]) -> list[Found]:
    """Names that begin with what was typed come first."""
    start = text.normalise(wanted)
    return sorted(found, key=lambda each: (not text.normalise(each.name).startswith(start), each.name))


async def _orders(actor: Actor, wanted: str) -> dict[str, list[Found]]:
    if not actor.may(Scope.ORDER_READ):
        return {}
    visible, values = await _visible(actor, 2)
    given = list(dict.fromkeys([wanted, wanted.removeprefix("#"), wanted.upper(), wanted.lower()]))
    rows = await fetch(_ORDERS.format(visible=visible), given, *values)
    return {"order": [_found("order", row) for row in rows]}


async def _simple(actor: Actor, wanted: str) -> dict[str, list[Found]]:
    pattern = f"%{literal(wanted)}%"
    return {
        noun: [_found(noun, row) for row in await fetch(statement, pattern)]
        for noun, (scope, statement) in _SIMPLE.items()
        if actor.may(scope)
    }


async def _subjects(actor: Actor, wanted: str) -> dict[str, list[Found]]:
    if not actor.may(Scope.INTERACTION_READ):
        return {}
    visible, values = await _visible(actor, 2)
    found = {}
    for noun, at in _BY_SUBJECT.items():
        statement = _SUBJECTS.format(noun=noun, at=at, latest=LATEST, visible=visible)
        found[noun] = [_found(noun, row) for row in await fetch(statement, f"%{literal(wanted)}%", *values)]
    return found


async def _visible(actor: Actor, first: int) -> tuple[str, list[Any]]:
    """The condition that leaves the customers that exist for the actor."""
    if actor.row_filter is None:
        return "true", []
    return await predicate(actor.row_filter, alias="c", first_parameter=first)


def _found(noun: str, row: Any) -> Found:
    return Found(noun, row["id"], row["name"] or "", row["hint"] or "")

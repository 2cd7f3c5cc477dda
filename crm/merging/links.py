"""Relationships of customers who become one: moved, and ended or dropped where two of them would say the same."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from tortoise.expressions import Q

from crm import changes
from crm.access import Actor
from crm.audit import state
from crm.database import fetch_value
from crm.errors import Blocked
from crm.events import EventType
from crm.relationships import TREES
from models import Relationship, RelationshipKind


async def move(actor: Actor, survivor_id: UUID, absorbed: Sequence[UUID], *, today: date) -> int:
    """Let the links of the absorbed hold for the survivor; how many moved.

    A link between the merged is dropped; so is one that the survivor has already; a second referrer's or parent's
    link is ended. Raises Blocked when the merge would close a circle of referrals or parents.
    """
    gone = set(absorbed)
    touched = Relationship.filter(Q(customer_id__in=gone) | Q(related_id__in=gone)).select_for_update()
    moved = 0
    for link in await touched.order_by("id"):
        moved += await _move(actor, link, survivor_id, gone, today)
    for kind in sorted(TREES):
        if await fetch_value(_CIRCLE, survivor_id, kind.value):
            raise Blocked(
                f"Merging these would make a circle of {kind}; end one of its links first.", path=("absorbed",)
            )
    return moved


async def _move(actor: Actor, link: Relationship, survivor_id: UUID, gone: set[UUID], today: date) -> bool:
    before = state(link)
    link.customer_id = survivor_id if link.customer_id in gone else link.customer_id
    link.related_id = survivor_id if link.related_id in gone else link.related_id
    if link.customer_id == link.related_id or link.until is None and await _exists(link):
        await changes.delete(actor, await Relationship.get(id=link.id), EventType.RELATIONSHIP_DELETED)
        return False
    if link.until is None and await _taken(link):
        link.until = max(today, link.since or today)
    await changes.save(actor, link, before, EventType.RELATIONSHIP_UPDATED)
    return True


async def _exists(link: Relationship) -> bool:
    same = Relationship.filter(customer_id=link.customer_id, related_id=link.related_id, kind=link.kind, until=None)
    return await same.exclude(id=link.id).exists()


async def _taken(link: Relationship) -> bool:
    """Whether the customer has another link of a kind of which there is one at a time."""
    if link.kind not in TREES:
        return False
    others = Relationship.filter(customer_id=link.customer_id, kind=RelationshipKind(link.kind), until=None)
    return await others.exclude(id=link.id).exists()


_CIRCLE = """
WITH RECURSIVE above(id) AS (
    SELECT related_id FROM relationship WHERE customer_id = $1 AND kind = $2 AND until IS NULL
    UNION
    SELECT r.related_id FROM relationship r JOIN above a ON r.customer_id = a.id
    WHERE r.kind = $2 AND r.until IS NULL
)
SELECT EXISTS (SELECT FROM above WHERE id = $1)
"""

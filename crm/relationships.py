"""Use cases of a relationship between two customers."""

from __future__ import annotations

from datetime import date
from typing import TypedDict
from uuid import UUID

from crm import changes, text
from crm.access import Actor, Scope, need
from crm.audit import state
from crm.database import execute, fetch_value, transaction
from crm.errors import DuplicateFound, ValidationFailed
from crm.events import EventType
from crm.in_use import need_in_use
from crm.visibility import need_visible
from models import Relationship, RelationshipKind

INVERSE_NAMES: dict[RelationshipKind, str] = {
    RelationshipKind.EMPLOYED_BY: "employs",
    RelationshipKind.PARENT_COMPANY: "subsidiary",
    RelationshipKind.REFERRED_BY: "referred",
    RelationshipKind.INFLUENCES: "influenced by",
    RelationshipKind.PARTNER: "partner",
    RelationshipKind.SUPPLIER: "supplies",
}
# In these kinds nobody may be above itself, and each has one above it.
TREES = frozenset({RelationshipKind.REFERRED_BY, RelationshipKind.PARENT_COMPANY})

_REACHES = """
WITH RECURSIVE above(id) AS (
    SELECT $1::uuid
    UNION
    SELECT r.related_id FROM relationship r JOIN above a ON r.customer_id = a.id
    WHERE r.kind = $3 AND r.until IS NULL
)
SELECT EXISTS (SELECT FROM above WHERE id = $2)
"""


class RelationshipFields(TypedDict, total=False):
    """What can be said of a relationship; a key that is absent is left as it is."""

    since: date | None
    until: date | None
    note: str | None


async def create(
    actor: Actor, customer_id: UUID, related_id: UUID, *, kind: RelationshipKind, fields: RelationshipFields
) -> Relationship:
    """Connect two customers: `customer_id` is, for instance, EMPLOYED_BY `related_id`.

    Raises NotFound, Blocked (an archived customer), ValidationFailed (with itself, a cycle of referrals or parents),
    DuplicateFound, Forbidden.
    """
    need(actor, Scope.CUSTOMER_WRITE)
    async with transaction():
        await need_in_use(actor, customer_id)
        await need_in_use(actor, related_id, path=("relatedId",))
        if customer_id == related_id:
            raise ValidationFailed("A customer cannot be related to itself.", path=("relatedId",))
        await _refuse_taken(customer_id, related_id, kind)
        relationship = Relationship(customer_id=customer_id, related_id=related_id, kind=kind)
        _apply(relationship, fields)
        return await changes.create(actor, relationship, EventType.RELATIONSHIP_CREATED)


async def update(
    actor: Actor, relationship_id: UUID, *, expected_version: int | None, fields: RelationshipFields
) -> Relationship:
    """Change dates or note. Raises NotFound, VersionConflict, ValidationFailed, DuplicateFound, Forbidden."""
    need(actor, Scope.CUSTOMER_WRITE)
    async with transaction():
        relationship = await changes.load(Relationship, relationship_id, expected_version=expected_version)
        await need_visible(actor, relationship.customer_id, path=("id",))
        before = state(relationship)
        reopened = relationship.until is not None and "until" in fields and fields["until"] is None
        if reopened:
            await _refuse_taken(relationship.customer_id, relationship.related_id, relationship.kind)
        _apply(relationship, fields)
        await changes.save(actor, relationship, before, EventType.RELATIONSHIP_UPDATED)
        return relationship


async def delete(actor: Actor, relationship_id: UUID, *, expected_version: int | None) -> None:
    """Delete a relationship that never was; one that ended gets an `until`."""
    need(actor, Scope.CUSTOMER_WRITE)
    async with transaction():
        relationship = await changes.load(Relationship, relationship_id, expected_version=expected_version)
        await need_visible(actor, relationship.customer_id, path=("id",))
        await changes.delete(actor, relationship, EventType.RELATIONSHIP_DELETED)


def _apply(relationship: Relationship, fields: RelationshipFields) -> None:
    relationship.since = fields.get("since", relationship.since)
    relationship.until = fields.get("until", relationship.until)
    if "note" in fields:
        relationship.note = text.optional(fields["note"], field="note", limit=500)
    if relationship.since and relationship.until and relationship.until < relationship.since:
        raise ValidationFailed(f"until {relationship.until} lies before since {relationship.since}.", path=("until",))


async def _refuse_taken(customer_id: UUID, related_id: UUID, kind: RelationshipKind) -> None:
    open_ones = Relationship.filter(customer_id=customer_id, kind=kind, until=None)
    if await open_ones.filter(related_id=related_id).exists():
        raise DuplicateFound("These two customers are connected in this way already.", path=("relatedId",))
    if kind not in TREES:
        return
    # Two writers could each close one half of a cycle; the lock lets them pass one after the other.
    await execute("SELECT pg_advisory_xact_lock(hashtext('relationship'), hashtext($1))", kind.value)
    if await open_ones.exists():
        raise DuplicateFound(f"The customer has one {kind} already; end it first.", path=("kind",))
    if await fetch_value(_REACHES, related_id, customer_id, kind.value):
        raise ValidationFailed(f"This would make a circle of {kind}.", path=("relatedId",))

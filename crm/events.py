"""What happened, for whoever wants to hear it: one row in the transaction in which it happened."""

from __future__ import annotations

from enum import StrEnum
from typing import Any
from uuid import UUID

from crm.access import Actor
from crm.audit import plain
from models import Event


class EventType(StrEnum):
    """Every kind of event that the product tells."""

    CUSTOMER_CREATED = "customer.created"
    CUSTOMER_UPDATED = "customer.updated"
    CUSTOMER_ARCHIVED = "customer.archived"
    CUSTOMER_RESTORED = "customer.restored"
    CUSTOMER_DELETED = "customer.deleted"
    CUSTOMER_MERGED = "customer.merged"
    IDENTITY_ADDED = "identity.added"
    IDENTITY_REMOVED = "identity.removed"
    RELATIONSHIP_CREATED = "relationship.created"
    RELATIONSHIP_UPDATED = "relationship.updated"
    RELATIONSHIP_DELETED = "relationship.deleted"
    INTERACTION_LOGGED = "interaction.logged"
    INTERACTION_CORRECTED = "interaction.corrected"
    INTERACTION_DELETED = "interaction.deleted"
    PRODUCT_CREATED = "product.created"
    PRODUCT_UPDATED = "product.updated"
    PRODUCT_DELETED = "product.deleted"
    ORDER_RECORDED = "order.recorded"
    ORDER_UPDATED = "order.updated"
    ORDER_DELETED = "order.deleted"
    COST_RECORDED = "cost.recorded"
    COST_UPDATED = "cost.updated"
    COST_DELETED = "cost.deleted"
    SEGMENT_CREATED = "segment.created"
    SEGMENT_UPDATED = "segment.updated"
    SEGMENT_ARCHIVED = "segment.archived"
    SEGMENT_ENTERED = "segment.entered"
    SEGMENT_EXITED = "segment.exited"
    LIFECYCLE_CREATED = "lifecycle.created"
    LIFECYCLE_UPDATED = "lifecycle.updated"
    STAGE_MOVED = "stage.moved"
    FOLLOW_UP_CREATED = "follow_up.created"
    FOLLOW_UP_UPDATED = "follow_up.updated"
    FOLLOW_UP_CLOSED = "follow_up.closed"
    FOLLOW_UP_REOPENED = "follow_up.reopened"
    FOLLOW_UP_DELETED = "follow_up.deleted"
    GOAL_CREATED = "goal.created"
    GOAL_UPDATED = "goal.updated"
    GOAL_ARCHIVED = "goal.archived"
    VALUE_PUBLISHED = "value.published"
    VALUE_CHANGED = "value.changed"
    DESIGNATION_DECIDED = "designation.decided"
    DESIGNATION_EXPIRED = "designation.expired"
    TOKEN_CREATED = "token.created"
    TOKEN_ROTATED = "token.rotated"
    TOKEN_REVOKED = "token.revoked"
    WEBHOOK_CREATED = "webhook.created"
    WEBHOOK_UPDATED = "webhook.updated"
    WEBHOOK_DISABLED = "webhook.disabled"
    WEBHOOK_ROTATED = "webhook.rotated"
    WEBHOOK_TESTED = "webhook.tested"
    WEBHOOK_ARCHIVED = "webhook.archived"
    STAFF_CREATED = "staff.created"
    STAFF_UPDATED = "staff.updated"
    ROLE_CREATED = "role.created"
    ROLE_UPDATED = "role.updated"
    ROLE_DELETED = "role.deleted"
    IMPORT_FINISHED = "import.finished"
    FIELD_DEFINED = "field.defined"
    FIELD_CHANGED = "field.changed"
    SETTING_CHANGED = "setting.changed"


def event(
    actor: Actor,
    type: EventType,
    noun: str,
    noun_id: UUID,
    *,
    customer_id: UUID | None = None,
    data: dict[str, Any] | None = None,
) -> Event:
    """An event that is not saved yet, for use cases that write many at once."""
    return Event(
        type=type.value,
        noun=noun,
        noun_id=noun_id,
        customer_id=customer_id,
        actor_kind=actor.kind.value,
        actor_id=actor.id,
        actor_label=actor.label,
        data=plain(data or {}),
        request_id=actor.request_id,
    )


async def emit(
    actor: Actor,
    type: EventType,
    noun: str,
    noun_id: UUID,
    *,
    customer_id: UUID | None = None,
    data: dict[str, Any] | None = None,
) -> None:
    """Tell what happened; call it inside the transaction of the change."""
    await event(actor, type, noun, noun_id, customer_id=customer_id, data=data).save()

"""Who outside wants to hear what happens, and what became of telling them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from models.base import Record, Versioned

if TYPE_CHECKING:
    from uuid import UUID


class DisabledReason(StrEnum):
    BY_HAND = "BY_HAND"
    GONE = "GONE"
    FAILING = "FAILING"
    RULE_BROKEN = "RULE_BROKEN"


class DeliveryStatus(StrEnum):
    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"


class WebhookEndpoint(Versioned):
    """An address of another system, and which events it hears of.

    The secret that signs is not kept: it follows from the server's own key and `secret_salt`; `secret_mark` tells
    whether that key is still the one it was made with. While a secret is replaced, `previous_salt` signs as well.
    """

    name = fields.CharField(max_length=120)
    url = fields.CharField(max_length=2000)
    event_types: list[str] = ArrayField("text", default=list)
    rule: dict[str, Any] | None = fields.JSONField(null=True)
    rule_text = fields.TextField(null=True)
    personal_data = fields.BooleanField(default=False)
    row_filter: dict[str, Any] | None = fields.JSONField(null=True)
    api_version = fields.CharField(max_length=20)
    secret_salt = fields.CharField(max_length=64)
    secret_mark = fields.CharField(max_length=16)
    previous_salt = fields.CharField(max_length=64, null=True)
    previous_until = fields.DatetimeField(null=True)
    enabled = fields.BooleanField(default=True)
    disabled_at = fields.DatetimeField(null=True)
    disabled_reason = fields.CharEnumField(DisabledReason, max_length=12, null=True)
    failing_since = fields.DatetimeField(null=True)
    last_success_at = fields.DatetimeField(null=True)
    archived_at = fields.DatetimeField(null=True)
    actor_kind = fields.CharField(max_length=6)
    actor_id = fields.UUIDField(null=True)
    actor_label = fields.CharField(max_length=200)

    class Meta:
        table = "webhook_endpoint"
        indexes = [("name", "id")]
        constraints = [
            CheckConstraint(check="cardinality(event_types) > 0", name="ck_webhook_endpoint_types"),
            CheckConstraint(check="enabled = (disabled_at IS NULL)", name="ck_webhook_endpoint_disabled"),
            CheckConstraint(
                check="(previous_salt IS NULL) = (previous_until IS NULL)", name="ck_webhook_endpoint_previous"
            ),
        ]


class WebhookDelivery(Record):
    """One event for one endpoint: whether it was told, how often that was tried, and what was answered.

    What is told is made of the event anew each time, so that no copy of a customer's data lies here. While a process
    sends it, `claimed_until` keeps others away; should that process die, it is due again then.
    """

    endpoint: fields.ForeignKeyRelation[WebhookEndpoint] = fields.ForeignKeyField(
        "models.WebhookEndpoint", related_name="deliveries", on_delete=fields.CASCADE
    )
    event_id = fields.UUIDField()
    event_type = fields.CharField(max_length=60)
    customer_id = fields.UUIDField(null=True)
    status = fields.CharEnumField(DeliveryStatus, max_length=9, default=DeliveryStatus.PENDING)
    attempts = fields.SmallIntField(default=0)
    next_attempt_at = fields.DatetimeField(null=True)
    claimed_until = fields.DatetimeField(null=True)
    last_attempt_at = fields.DatetimeField(null=True)
    delivered_at = fields.DatetimeField(null=True)
    response_status = fields.SmallIntField(null=True)
    response_excerpt = fields.TextField(null=True)
    error = fields.CharField(max_length=300, null=True)
    duration_ms = fields.IntField(null=True)
    tries: list[dict[str, Any]] = fields.JSONField(default=list)

    if TYPE_CHECKING:
        endpoint_id: UUID

    class Meta:
        table = "webhook_delivery"
        indexes = [
            ("endpoint_id", "status", "next_attempt_at", "id"),
            ("endpoint_id", "id"),
            ("status", "created_at", "id"),
            ("created_at", "id"),
            ("customer_id", "created_at"),
        ]
        constraints = [
            UniqueConstraint(fields=("endpoint_id", "event_id"), name="uq_webhook_delivery"),
            CheckConstraint(
                check="(status = 'PENDING') = (next_attempt_at IS NOT NULL)", name="ck_webhook_delivery_next"
            ),
            CheckConstraint(check="attempts >= 0", name="ck_webhook_delivery_attempts"),
        ]

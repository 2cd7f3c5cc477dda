"""Touchpoints between the organisation and a customer."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from models.base import Versioned, currency, money
from models.customer import Customer
from models.staff import StaffMember

if TYPE_CHECKING:
    from uuid import UUID


class Channel(StrEnum):
    PHONE = "PHONE"
    EMAIL = "EMAIL"
    CHAT = "CHAT"
    VISIT = "VISIT"
    WEB = "WEB"
    SOCIAL = "SOCIAL"
    POST = "POST"
    EVENT = "EVENT"


class Direction(StrEnum):
    INBOUND = "INBOUND"
    OUTBOUND = "OUTBOUND"


class InteractionKind(StrEnum):
    CALL = "CALL"
    VISIT = "VISIT"
    EMAIL = "EMAIL"
    CHAT = "CHAT"
    WEB = "WEB"
    COMPLAINT = "COMPLAINT"
    FEEDBACK = "FEEDBACK"
    SURVEY = "SURVEY"
    IDEA = "IDEA"
    NOTE = "NOTE"


class Sentiment(StrEnum):
    POSITIVE = "POSITIVE"
    NEUTRAL = "NEUTRAL"
    NEGATIVE = "NEGATIVE"


class RatingKind(StrEnum):
    NPS = "NPS"
    CSAT = "CSAT"
    CES = "CES"


class Interaction(Versioned):
    """One touchpoint: who met whom, how, when, and what came of it.

    `attribute_ratings` are ratings from 1 to 10 of single things, such as {"delivery": 7}, by the same person at the
    same time as `rating`. `source` and `reference` name it in the system that it was taken from.
    """

    customer: fields.ForeignKeyRelation[Customer] = fields.ForeignKeyField(
        "models.Customer", related_name="interactions", on_delete=fields.CASCADE
    )
    channel = fields.CharEnumField(Channel, max_length=10)
    direction = fields.CharEnumField(Direction, max_length=10)
    kind = fields.CharEnumField(InteractionKind, max_length=12)
    staff: fields.ForeignKeyNullableRelation[StaffMember] = fields.ForeignKeyField(
        "models.StaffMember", related_name="interactions", null=True, on_delete=fields.SET_NULL
    )
    occurred_at = fields.DatetimeField()
    subject = fields.CharField(max_length=200, default="")
    body = fields.TextField(default="")
    outcome = fields.CharField(max_length=200, null=True)
    sentiment = fields.CharEnumField(Sentiment, max_length=8, null=True)
    rating_kind = fields.CharEnumField(RatingKind, max_length=4, null=True)
    rating = fields.SmallIntField(null=True)
    attribute_ratings: dict[str, int] | None = fields.JSONField(null=True)
    duration_seconds = fields.IntField(null=True)
    cost: fields.Field[Decimal | None] = money(null=True)
    cost_currency: fields.Field[str | None] = currency(null=True)
    answer_due_at = fields.DatetimeField(null=True)
    answered_at = fields.DatetimeField(null=True)
    source = fields.CharField(max_length=80, null=True)
    reference = fields.CharField(max_length=200, null=True)

    if TYPE_CHECKING:
        customer_id: UUID
        staff_id: UUID | None

    class Meta:
        table = "interaction"
        indexes = [("customer_id", "occurred_at", "id"), ("occurred_at", "id"), ("staff_id", "occurred_at")]
        constraints = [
            CheckConstraint(check="(rating IS NULL) = (rating_kind IS NULL)", name="ck_interaction_rating_kind"),
            CheckConstraint(check="rating IS NULL OR rating BETWEEN 0 AND 10", name="ck_interaction_rating"),
            CheckConstraint(check="duration_seconds IS NULL OR duration_seconds >= 0", name="ck_interaction_duration"),
            CheckConstraint(check="cost IS NULL OR cost_currency IS NOT NULL", name="ck_interaction_cost"),
            UniqueConstraint(
                fields=("customer_id", "source", "reference"),
                name="uq_interaction_reference",
                condition="reference IS NOT NULL",
            ),
        ]

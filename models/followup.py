"""What somebody promised to do for a customer, and by when."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint

from models.base import Versioned
from models.customer import Customer
from models.interaction import Interaction
from models.staff import StaffMember

if TYPE_CHECKING:
    from uuid import UUID


class FollowUpStatus(StrEnum):
    OPEN = "OPEN"
    DONE = "DONE"
    DROPPED = "DROPPED"


class FollowUp(Versioned):
    """A task: something to do for a customer until a time, by one staff member; `outcome` says how it ended."""

    customer: fields.ForeignKeyRelation[Customer] = fields.ForeignKeyField(
        "models.Customer", related_name="follow_ups", on_delete=fields.CASCADE
    )
    owner: fields.ForeignKeyNullableRelation[StaffMember] = fields.ForeignKeyField(
        "models.StaffMember", related_name="follow_ups", null=True, on_delete=fields.SET_NULL
    )
    interaction: fields.ForeignKeyNullableRelation[Interaction] = fields.ForeignKeyField(
        "models.Interaction", related_name="follow_ups", null=True, on_delete=fields.SET_NULL
    )
    subject = fields.CharField(max_length=200)
    note = fields.TextField(default="")
    due_at = fields.DatetimeField()
    status = fields.CharEnumField(FollowUpStatus, max_length=7, default=FollowUpStatus.OPEN)
    closed_at = fields.DatetimeField(null=True)
    outcome = fields.CharField(max_length=300, null=True)

    if TYPE_CHECKING:
        customer_id: UUID
        owner_id: UUID | None
        interaction_id: UUID | None

    class Meta:
        table = "follow_up"
        indexes = [
            ("customer_id", "due_at", "id"),
            ("owner_id", "status", "due_at", "id"),
            ("status", "due_at", "id"),
            ("due_at", "id"),
            ("interaction_id", "id"),
        ]
        constraints = [
            CheckConstraint(check="(status = 'OPEN') = (closed_at IS NULL)", name="ck_follow_up_closed_at"),
        ]

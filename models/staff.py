"""The people of the back office, what they may do, and where they are signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField

from models.base import Record, Versioned

if TYPE_CHECKING:
    from uuid import UUID


class Role(Versioned):
    """A named set of scopes."""

    key = fields.CharField(max_length=60, unique=True)
    name = fields.CharField(max_length=120)
    scopes: list[str] = ArrayField("text", default=list)
    built_in = fields.BooleanField(default=False)

    class Meta:
        table = "role"


class StaffMember(Versioned):
    """A person of the back office."""

    email = fields.CharField(max_length=254, unique=True)
    name = fields.CharField(max_length=200)
    password_hash = fields.CharField(max_length=255, null=True)
    role: fields.ForeignKeyRelation[Role] = fields.ForeignKeyField(
        "models.Role", related_name="members", on_delete=fields.RESTRICT
    )
    locale = fields.CharField(max_length=10, default="en")
    time_zone = fields.CharField(max_length=64, default="UTC")
    active = fields.BooleanField(default=True)
    last_login_at = fields.DatetimeField(null=True)

    if TYPE_CHECKING:
        role_id: UUID

    class Meta:
        table = "staff_member"


class StaffSession(Record):
    """A signed-in browser; only the SHA-256 of its cookie is kept."""

    staff: fields.ForeignKeyRelation[StaffMember] = fields.ForeignKeyField(
        "models.StaffMember", related_name="sessions", on_delete=fields.CASCADE
    )
    token_hash = fields.CharField(max_length=64, unique=True)
    address = fields.CharField(max_length=64, default="")
    user_agent = fields.CharField(max_length=300, default="")
    last_seen_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    revoked_at = fields.DatetimeField(null=True)

    if TYPE_CHECKING:
        staff_id: UUID

    class Meta:
        table = "staff_session"
        indexes = [("staff_id", "created_at")]


class LoginAttempt(Record):
    """A failed sign-in, kept to slow the next one down."""

    email = fields.CharField(max_length=254)
    address = fields.CharField(max_length=64)

    class Meta:
        table = "login_attempt"
        indexes = [("email", "created_at"), ("address", "created_at")]

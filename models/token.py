"""The credentials of partner apps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField

from models.base import Versioned
from models.staff import StaffMember

if TYPE_CHECKING:
    from uuid import UUID


class ApiToken(Versioned):
    """A secret that a partner app sends; only its SHA-256 and its last four characters are kept."""

    name = fields.CharField(max_length=120)
    token_hash = fields.CharField(max_length=64, unique=True)
    last_four = fields.CharField(max_length=4)
    scopes: list[str] = ArrayField("text", default=list)
    row_filter: dict[str, Any] | None = fields.JSONField(null=True)
    created_by: fields.ForeignKeyNullableRelation[StaffMember] = fields.ForeignKeyField(
        "models.StaffMember", related_name="tokens", null=True, on_delete=fields.SET_NULL
    )
    expires_at = fields.DatetimeField()
    revoked_at = fields.DatetimeField(null=True)
    last_used_at = fields.DatetimeField(null=True)
    last_used_address = fields.CharField(max_length=64, null=True)

    if TYPE_CHECKING:
        created_by_id: UUID | None

    class Meta:
        table = "api_token"

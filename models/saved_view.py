"""Lists of the back office as somebody wants to see them again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.migrations.constraints import UniqueConstraint

from models.base import Versioned
from models.staff import StaffMember

if TYPE_CHECKING:
    from uuid import UUID


class SavedView(Versioned):
    """A list's filters, order and columns under a name, for one person or for everybody."""

    owner: fields.ForeignKeyRelation[StaffMember] = fields.ForeignKeyField(
        "models.StaffMember", related_name="saved_views", on_delete=fields.CASCADE
    )
    noun = fields.CharField(max_length=40)
    name = fields.CharField(max_length=80)
    query = fields.TextField()
    shared = fields.BooleanField(default=False)

    if TYPE_CHECKING:
        owner_id: UUID

    class Meta:
        table = "saved_view"
        indexes = [("noun", "shared")]
        constraints = [UniqueConstraint(fields=("owner_id", "noun", "name"), name="uq_saved_view_name")]

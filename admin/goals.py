"""Goals: what the organisation wants to reach, and by when."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from starlette_admin.i18n import lazy_gettext as lazy

from admin.archiving import Archivable
from admin.fields import Amount, Key
from admin.layout import row
from crm import goals
from crm.access import Actor, Scope
from models import Goal, GoalFigure
from models.base import Record


class GoalView(Archivable):
    """Figures to be reached by a day."""

    record = Goal
    reads = Scope.CUSTOMER_READ
    writes = Scope.SETTINGS_WRITE
    icon = "fa-solid fa-bullseye"
    menu_label = lazy("Goals")
    display_name = lazy("goal")
    empty_hint = lazy("Say which figure is to be where by when.")
    parts = (
        "name",
        "figure",
        Amount("baseline", decimals=4, help_text=lazy("Left empty, the figure as it is now.")),
        Amount("target", decimals=4, required=True),
        "starts_on",
        "due_on",
        Key("segment", noun="segment"),
        Key("lifecycle", noun="lifecycle"),
        Key("stage", noun="stage"),
        "owner",
        "archived_at",
        "created_at",
    )
    form_layout = (
        row("name", "figure"),
        row("baseline", "target"),
        row("starts_on", "due_on"),
        row("segment", "lifecycle", "stage", "owner"),
    )
    exclude_fields_from_list = ("segment", "lifecycle", "stage", "archived_at", "created_at")
    exclude_fields_from_create = ("archived_at",)
    exclude_fields_from_edit = ("archived_at",)
    sortable_fields = ("name", "due_on")
    fields_default_sort = (("due_on", False),)
    found_by = ("name", "segment", "stage")

    async def add(self, actor: Actor, values: dict[str, Any], at: datetime) -> Record:
        return await goals.create(actor, fields=_said(values), now=at)

    async def change(
        self, actor: Actor, key: UUID, version: int | None, values: dict[str, Any], at: datetime
    ) -> Record:
        return await goals.update(actor, key, expected_version=version, fields=_said(values))

    async def put_aside(self, actor: Actor, key: UUID, at: datetime) -> None:
        await goals.archive(actor, key, expected_version=None, now=at)


def _said(values: dict[str, Any]) -> Any:
    return {name: GoalFigure(value) if name == "figure" and value else value for name, value in values.items()}

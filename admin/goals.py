"""Goals: what the organisation wants to reach, and by when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette_admin import RequestAction
from starlette_admin.i18n import lazy_gettext as lazy

from admin import formats, goal_progress
from admin.archiving import Archivable
from admin.fields import Amount, Computed, Key
from admin.layout import row
from admin.request import actor_of
from crm import goals
from crm.access import Actor, Scope
from models import Goal, GoalFigure
from models.base import Record


@dataclass
class Way(Computed):
    """How far a goal is; the list asks for it where it was not noted lately."""

    list_template: str = "fields/goal_progress.html"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.exclude_from_detail = True

    async def parse_obj(self, request: Request, obj: Any) -> Any:
        noted = getattr(request.state, "goals_noted", {}).get(obj.id)
        if request.state.action != RequestAction.LIST:
            return formats.percent(noted["progress"].progress) if noted else None
        address = request.url_for("admin:goal-progress", key=str(obj.id))
        return noted or {"part": address.include_query_params(short=1).replace(scheme="", netloc="")}

    async def serialize_value(self, request: Request, value: Any) -> Any:
        return value


class GoalView(Archivable):
    """Figures to be reached by a day."""

    record = Goal
    reads = Scope.CUSTOMER_READ
    writes = Scope.SETTINGS_WRITE
    icon = "fa-solid fa-bullseye"
    menu_label = lazy("Goals")
    display_name = lazy("goal")
    empty_hint = lazy("Say which figure is to be where by when.")
    list_template = "goals.html"
    detail_template = "goal.html"
    parts = (
        "name",
        "figure",
        Way("progress", label=lazy("Progress")),
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
    exclude_fields_from_list = ("baseline", "target", "segment", "lifecycle", "stage", "archived_at", "created_at")
    exclude_fields_from_create = ("archived_at",)
    exclude_fields_from_edit = ("archived_at",)
    sortable_fields = ("name", "due_on")
    fields_default_sort = (("due_on", False),)
    found_by = ("name", "segment", "stage")

    async def find_all(self, request: Request, *args: Any, **options: Any) -> Sequence[Any]:
        found = await super().find_all(request, *args, **options)
        if actor_of(request).row_filter is None:  # what is noted is of everybody
            request.state.goals_noted = await goal_progress.noted(found)
        return found

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

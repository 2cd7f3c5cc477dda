"""Lifecycles for reading: their stages, the moves between them, and every move that was made."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette_admin.i18n import gettext
from starlette_admin.i18n import lazy_gettext as lazy
from tortoise.expressions import Q

from admin import searching
from admin.base import RecordView
from crm.access import Scope
from models import Lifecycle, Stage, StageEdge, StageTransition


class LifecycleView(RecordView):
    """Paths that customers move along."""

    record = Lifecycle
    reads = Scope.LIFECYCLE_READ
    icon = "fa-solid fa-route"
    menu_label = lazy("Lifecycles")
    display_name = lazy("lifecycle")
    parts = ("name", "key", "is_default", "created_at", "archived_at")
    sortable_fields = ("name",)
    found_by = ("name", "key")


class StageView(RecordView):
    """Places in a lifecycle."""

    record = Stage
    reads = Scope.LIFECYCLE_READ
    icon = "fa-solid fa-stairs"
    menu_label = lazy("Stages")
    display_name = lazy("stage")
    parts = ("lifecycle", "position", "name", "key", "outcome", "is_initial", "target_days")
    sortable_fields = ("position", "name")
    fields_default_sort = (("position", False),)
    found_by = ("name", "key")

    def name_of(self, obj: Any) -> str:
        return gettext(obj.name)


class EdgeView(RecordView):
    """Moves that are allowed."""

    record = StageEdge
    reads = Scope.LIFECYCLE_READ
    icon = "fa-solid fa-arrow-right-arrow-left"
    menu_label = lazy("Allowed moves")
    display_name = lazy("allowed move")
    parts = ("from_stage", "to_stage", "requires_reason", "automatic", "guard_text", "required_scope", "position")
    sortable_fields = ("position",)
    fields_default_sort = (("position", False),)
    exclude_fields_from_list = ("position",)

    def name_of(self, obj: Any) -> str:
        return f"{gettext(obj.from_stage.name)} → {gettext(obj.to_stage.name)}"


class TransitionView(RecordView):
    """Moves that were made."""

    record = StageTransition
    reads = Scope.LIFECYCLE_READ
    icon = "fa-solid fa-shoe-prints"
    menu_label = lazy("Stage history")
    display_name = lazy("move")
    parts = (
        "customer",
        "from_stage",
        "to_stage",
        "occurred_at",
        "dwell_seconds",
        "cause",
        "reason",
        "actor_label",
    )
    exclude_fields_from_list = ("dwell_seconds",)
    sortable_fields = ()
    fields_default_sort = (("id", True),)

    def name_of(self, obj: Any) -> str:
        return f"{obj.customer.display_name} → {gettext(obj.to_stage.name)}"

    async def build_full_text_search_query(self, request: Request, term: str) -> Q:
        return await searching.of_customers(term)

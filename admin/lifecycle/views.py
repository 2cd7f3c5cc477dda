"""Lifecycles: their stages, the moves between them, and every move that was made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette_admin import RequestAction, row_action
from starlette_admin.i18n import gettext
from starlette_admin.i18n import lazy_gettext as lazy
from tortoise.expressions import Q

from admin import choices, formats, searching
from admin.archiving import Archivable
from admin.base import RecordView
from admin.fields import Named, Text, Whole, listed
from admin.layout import row
from admin.lifecycle import page, rows
from admin.problems import leading, told
from admin.request import actor_of, may, now
from admin.rules.field import RuleText
from admin.writing import UseCaseView
from crm.access import Actor, Scope
from crm.lifecycle import definitions
from crm.lifecycle.definition import Definition, StageDefinition
from models import Lifecycle, Stage, StageEdge, StageTransition
from models.base import Record


class LifecycleView(Archivable):
    """Paths that customers move along."""

    record = Lifecycle
    reads = Scope.LIFECYCLE_READ
    writes = Scope.LIFECYCLE_WRITE
    icon = "fa-solid fa-route"
    menu_label = lazy("Lifecycles")
    display_name = lazy("lifecycle")
    names = ("name",)
    parts = (
        "name",
        "key",
        Text(
            "first_stage",
            required=True,
            help_text=lazy("The key of its first stage; the others are added under Stages."),
            getter=lambda request, lifecycle: None,
            searchable=False,
            orderable=False,
        ),
        "is_default",
        "created_at",
        "archived_at",
    )
    form_layout = (row("name", "key"), "first_stage")
    exclude_fields_from_list = ("first_stage",)
    exclude_fields_from_detail = ("first_stage",)
    exclude_fields_from_export = ("first_stage",)
    exclude_fields_from_create = ("is_default", "archived_at")
    exclude_fields_from_edit = ("key", "first_stage", "is_default", "archived_at")
    sortable_fields = ("name",)
    searchable_fields = ("name", "key", "is_default", "created_at", "archived_at")
    found_by = ("name", "key")
    detail_template = "lifecycle.html"

    def name_of(self, obj: Any) -> str:
        return gettext(obj.name)

    async def page(self, obj: Any, request: Request) -> dict[str, Any]:
        return {**await super().page(obj, request), **await page.load(obj, request)}

    async def add(self, actor: Actor, values: dict[str, Any], at: datetime) -> Record:
        first = str(values.get("first_stage") or "")
        stage = StageDefinition(key=first, name=first.replace("-", " ").capitalize(), initial=True)
        definition = Definition(values.get("key", ""), values.get("name", ""), (stage,))
        with leading(stages="first_stage"):
            return (await definitions.create(actor, definition)).lifecycle

    async def change(
        self, actor: Actor, key: UUID, version: int | None, values: dict[str, Any], at: datetime
    ) -> Record:
        if "name" not in values:
            return await Lifecycle.get(id=key)
        alter = definitions.renamed(values["name"] or "")
        return (await definitions.change(actor, key, alter, expected_version=version, now=at)).lifecycle

    async def put_aside(self, actor: Actor, key: UUID, at: datetime) -> None:
        await definitions.archive(actor, key, expected_version=None, now=at)

    async def bring_back(self, actor: Actor, key: UUID, at: datetime) -> None:
        await definitions.archive(actor, key, expected_version=None, now=at, restore=True)

    async def is_row_action_allowed(self, request: Request, name: str) -> bool:
        if name == "make_default":
            return may(request, self.writes)
        return await super().is_row_action_allowed(request, name)

    async def is_row_action_allowed_for_obj(self, request: Request, name: str, obj: Any) -> bool:
        pointless = name == "make_default" and (obj.is_default or obj.archived_at is not None)
        return not pointless and await super().is_row_action_allowed_for_obj(request, name, obj)

    @row_action(
        name="make_default",
        text=lazy("Make it the default"),
        icon_class="fa-solid fa-flag",
        confirmation=lazy("New customers enter this lifecycle from now on."),
        submit_btn_text=lazy("Make it the default"),
        action_btn_class="btn",
    )
    async def make_default(self, request: Request, pk: Any) -> None:
        with told():
            await definitions.make_default(actor_of(request), UUID(str(pk)), expected_version=None)


async def _others(request: Request, obj: Any) -> str:
    """The stages that may take a stage's customers; asked for once for all the rows of a list."""
    if not hasattr(request.state, "stages"):
        request.state.stages = await Stage.filter(archived_at=None).order_by("position").limit(1_000)
    known: list[Stage] = request.state.stages
    fitting = [each for each in known if each.lifecycle_id == obj.lifecycle_id and each.id != obj.id]
    options = [("", "–"), *((each.key, gettext(each.name)) for each in fitting)]
    return choices.select("replacement", gettext("Its customers go to"), options)


class StageView(UseCaseView):
    """Places in a lifecycle."""

    record = Stage
    reads = Scope.LIFECYCLE_READ
    writes = Scope.LIFECYCLE_WRITE
    icon = "fa-solid fa-stairs"
    menu_label = lazy("Stages")
    display_name = lazy("stage")
    names = ("name",)
    parts = ("lifecycle", "position", "name", "key", "outcome", "is_initial", "target_days", "archived_at")
    form_layout = (row("lifecycle", "position"), row("name", "key"), row("outcome", "target_days"), "is_initial")
    exclude_fields_from_list = ("archived_at",)
    exclude_fields_from_create = ("archived_at",)
    exclude_fields_from_edit = ("lifecycle", "key", "archived_at")
    optional = ("position",)
    sortable_fields = ("position", "name")
    fields_default_sort = (("position", False),)
    found_by = ("name", "key")

    def name_of(self, obj: Any) -> str:
        return gettext(obj.name)

    async def add(self, actor: Actor, values: dict[str, Any], at: datetime) -> Record:
        return await rows.add_stage(actor, values, at)

    async def change(
        self, actor: Actor, key: UUID, version: int | None, values: dict[str, Any], at: datetime
    ) -> Record:
        return await rows.change_stage(actor, key, version, values, at)

    async def is_row_action_allowed(self, request: Request, name: str) -> bool:
        if name == "take_off":
            return may(request, self.writes)
        return await super().is_row_action_allowed(request, name)

    async def is_row_action_allowed_for_obj(self, request: Request, name: str, obj: Any) -> bool:
        gone = obj.archived_at is not None and name in ("edit", "take_off")
        return not gone and await super().is_row_action_allowed_for_obj(request, name, obj)

    @row_action(
        name="take_off",
        text=lazy("Take off the path"),
        icon_class="fa-solid fa-circle-minus",
        confirmation=lazy("The stage goes with its moves; where customers have been stays in their history."),
        submit_btn_text=lazy("Take off"),
        submit_btn_class="btn btn-danger",
        action_btn_class="btn btn-danger",
        form=_others,
    )
    async def take_off(self, request: Request, pk: Any) -> None:
        replacement = str((await request.form()).get("replacement") or "")
        with told():
            await rows.remove_stage(actor_of(request), UUID(str(pk)), replacement, now())


def _scopes(request: Request) -> list[tuple[str, str]]:
    return [(scope.value, scope.value) for scope in Scope]


class EdgeView(UseCaseView):
    """Moves that are allowed."""

    record = StageEdge
    reads = Scope.LIFECYCLE_READ
    writes = Scope.LIFECYCLE_WRITE
    icon = "fa-solid fa-arrow-right-arrow-left"
    menu_label = lazy("Allowed moves")
    display_name = lazy("allowed move")
    parts = (
        "from_stage",
        "to_stage",
        "requires_reason",
        "automatic",
        RuleText("guard_text", help_text=lazy("What must hold for a customer to be moved this way.")),
        listed("required_scope", _scopes, filters=choices.TEXT_FILTERS),
        "position",
    )
    form_layout = (
        row("from_stage", "to_stage"),
        "guard_text",
        row("required_scope", "position"),
        row("requires_reason", "automatic"),
    )
    optional = ("position",)
    sortable_fields = ("position",)
    fields_default_sort = (("position", False),)
    exclude_fields_from_list = ("position",)
    exclude_fields_from_edit = ("from_stage", "to_stage")

    def _prefetch_names(self, request: Request) -> list[str]:
        """Both ends on every page, for they are the move's name."""
        return ["from_stage", "to_stage"]

    def name_of(self, obj: Any) -> str:
        return f"{gettext(obj.from_stage.name)} {formats.arrow()} {gettext(obj.to_stage.name)}"

    async def add(self, actor: Actor, values: dict[str, Any], at: datetime) -> Record:
        return await rows.add_edge(actor, values, at)

    async def change(
        self, actor: Actor, key: UUID, version: int | None, values: dict[str, Any], at: datetime
    ) -> Record:
        return await rows.change_edge(actor, key, version, values, at)

    async def remove(self, actor: Actor, key: UUID, at: datetime) -> None:
        await rows.remove_edge(actor, key, at)


@dataclass
class Stay(Whole):
    """How long a customer stayed, in its largest unit; a file gets the seconds."""

    async def serialize_value(self, request: Request, value: Any) -> Any:
        return value if request.state.action == RequestAction.EXPORT else formats.span(value)


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
        Stay("dwell_seconds", label=lazy("Stayed")),
        "cause",
        "reason",
        Named("actor_label"),
    )
    exclude_fields_from_list = ("dwell_seconds",)
    sortable_fields = ()
    fields_default_sort = (("id", True),)

    def name_of(self, obj: Any) -> str:
        return f"{formats.isolated(obj.customer.display_name)} {formats.arrow()} {gettext(obj.to_stage.name)}"

    async def build_full_text_search_query(self, request: Request, term: str) -> Q:
        return await searching.records(request, term, "stage_transition", "occurred_at")

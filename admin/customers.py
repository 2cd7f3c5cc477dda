"""Customers: the list, the form, archiving, and putting them into hand-picked segments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette_admin import BaseField, RequestAction, action, row_action
from starlette_admin.actions import ActionSelection
from starlette_admin.exceptions import ActionFailed
from starlette_admin.flash import flash
from starlette_admin.i18n import gettext as _
from starlette_admin.i18n import lazy_gettext as lazy
from starlette_admin.i18n import ngettext
from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from admin import choices, customer_columns, customer_page, searching
from admin.bulk import ChangesMany
from admin.customer_fields import CustomFields, Identities
from admin.fields import listed
from admin.layout import group, row
from admin.problems import said
from admin.request import actor_of, may, now
from crm import customers
from crm.access import Actor, Scope
from crm.changes import missing
from crm.errors import CrmError
from crm.identities import IdentityInput
from crm.segments import static
from models import Customer, Identity, IdentityKind, Segment, SegmentKind
from models.base import Record


async def _segment_form(request: Request) -> str:
    """The hand-picked segments to choose from; two actions ask for them, so they are remembered."""
    if not hasattr(request.state, "hand_picked"):
        known = Segment.filter(kind=SegmentKind.STATIC, archived_at=None).order_by("name").limit(200)
        request.state.hand_picked = await known.only("id", "name")
    found: list[Segment] = request.state.hand_picked
    return choices.select("segment", _("Hand-picked segment"), [(str(each.id), each.name) for each in found])


class CustomerView(ChangesMany):
    """Everybody the organisation knows."""

    record = Customer
    reads = Scope.CUSTOMER_READ
    writes = Scope.CUSTOMER_WRITE
    icon = "fa-solid fa-users"
    menu_label = lazy("Customers")
    display_name = lazy("customer")
    empty_hint = lazy("Add the first customer, or import a file.")
    detail_template = "customer.html"
    parts = (
        "display_name",
        "kind",
        "given_name",
        "family_name",
        "organization_name",
        Identities("identities"),
        customer_columns.Stage("stage", exclude_from_detail=True),
        customer_columns.Worth("clv", exclude_from_detail=True),
        listed("language", choices.languages, filters=choices.TEXT_FILTERS),
        listed("country", choices.countries, filters=choices.TEXT_FILTERS),
        "city",
        listed("time_zone", choices.time_zones, filters=choices.TEXT_FILTERS),
        "birthday",
        "owner",
        "acquisition_source",
        "acquisition_channel",
        "acquired_at",
        CustomFields("custom_fields"),
        "created_at",
        "updated_at",
        "archived_at",
    )
    form_layout = (
        row("kind", "display_name"),
        row("given_name", "family_name", "organization_name"),
        group(lazy("How to reach and recognise"), "identities"),
        row("country", "city"),
        row("language", "time_zone", "birthday"),
        group(
            lazy("Relationship"),
            row("owner", "acquired_at"),
            row("acquisition_source", "acquisition_channel"),
        ),
        group(lazy("Custom fields"), "custom_fields"),
    )
    exclude_fields_from_list = ("custom_fields",)
    folded = (
        "given_name",
        "family_name",
        "organization_name",
        "language",
        "time_zone",
        "birthday",
        "acquisition_source",
        "acquisition_channel",
        "acquired_at",
        "created_at",
        "updated_at",
        "archived_at",
    )
    exclude_fields_from_create = ("archived_at",)
    exclude_fields_from_edit = ("archived_at",)
    sortable_fields = ("display_name", "country", "created_at", "updated_at")
    searchable_fields = [
        "display_name",
        "kind",
        "given_name",
        "family_name",
        "organization_name",
        "language",
        "country",
        "city",
        "time_zone",
        "birthday",
        "owner",
        "acquisition_source",
        "acquisition_channel",
        "acquired_at",
        "created_at",
        "updated_at",
        "archived_at",
    ]
    fields_default_sort = (("created_at", True),)
    inline_editable_fields = ("city",)
    optional = ("display_name",)
    actions = ("bulk", "add_to_segment", "remove_from_segment", "archive")
    row_actions = ("view", "edit", "archive", "restore", "delete")

    def name_of(self, obj: Any) -> str:
        return str(obj.display_name)

    def can_access_field(self, request: Request, field: BaseField, action: RequestAction | None = None) -> bool:
        """Who sees addresses masked must not save the masks."""
        form = (action or request.state.action) in (RequestAction.CREATE, RequestAction.EDIT)
        hidden = field.name == "identities" and form and not may(request, Scope.PII_READ)
        needed = {"stage": Scope.LIFECYCLE_READ, "clv": Scope.VALUE_READ}.get(field.name, self.reads)
        return not hidden and may(request, needed) and super().can_access_field(request, field, action)

    # Reading

    def get_search_query(self, request: Request, term: str) -> Q:
        return searching.customers(request, term)

    def get_list_query(self, request: Request) -> QuerySet[Customer]:
        """Archived customers leave the lists, unless they are asked for; a single page still opens."""
        listing = request.state.action in (RequestAction.LIST, RequestAction.EXPORT, RequestAction.RELATION_LOOKUP)
        single = "pk" in request.query_params or "archived_at" in request.query_params.get("filter", "")
        return Customer.filter(archived_at=None) if listing and not single else Customer.all()

    def get_count_query(self, request: Request) -> QuerySet[Customer]:
        return self.get_list_query(request)

    def _prefetch_names(self, request: Request) -> list[str]:
        return [*super()._prefetch_names(request), "identities"]

    async def find_all(
        self,
        request: Request,
        skip: int = 0,
        limit: int = 100,
        q: str | None = None,
        sorts: Sequence[tuple[str, str]] | None = None,
        filters: Any = None,
    ) -> Sequence[Any]:
        """Names are sorted as the reader would look them up, by family name."""
        by_index = [("sort_name" if name == "display_name" else name, order) for name, order in sorts or ()]
        found: Sequence[Any] = await super().find_all(request, skip, limit, q, by_index, filters)
        if request.state.action in (RequestAction.LIST, RequestAction.EXPORT):
            await customer_columns.load(request, found)
        return found

    async def page(self, obj: Any, request: Request) -> dict[str, Any]:
        return {**await super().page(obj, request), **await customer_page.load(obj, request)}

    # Writing

    async def add(self, actor: Actor, values: dict[str, Any], at: datetime) -> Record:
        given = [_identity(row) for row in values.pop("identities", [])]
        return await customers.create(actor, fields=_fields(values), given_identities=given, now=at)

    async def change(
        self, actor: Actor, key: UUID, version: int | None, values: dict[str, Any], at: datetime
    ) -> Record:
        rows = values.pop("identities", None)
        added, removed, positions = await _differences(key, rows)
        try:
            return await customers.update(
                actor,
                key,
                expected_version=version,
                fields=_fields(values),
                now=at,
                add_identities=added,
                remove_identities=removed,
            )
        except CrmError as problem:
            raise _at_row(problem, positions) from problem

    async def remove(self, actor: Actor, key: UUID, at: datetime) -> None:
        await customers.delete(actor, key, expected_version=None)

    async def is_action_allowed(self, request: Request, name: str) -> bool:
        if name == "bulk":
            return await super().is_action_allowed(request, name)
        needed = {"archive": Scope.CUSTOMER_WRITE}.get(name, Scope.SEGMENT_WRITE)
        return await super().is_action_allowed(request, name) and (name in ("delete", "export") or may(request, needed))

    async def is_row_action_allowed(self, request: Request, name: str) -> bool:
        if name in ("archive", "restore"):
            return may(request, Scope.CUSTOMER_WRITE)
        return await super().is_row_action_allowed(request, name)

    async def is_row_action_allowed_for_obj(self, request: Request, name: str, obj: Any) -> bool:
        fits = {"archive": obj.archived_at is None, "restore": obj.archived_at is not None}.get(name, True)
        return fits and await super().is_row_action_allowed_for_obj(request, name, obj)

    @action(
        name="add_to_segment",
        text=lazy("Put into a segment"),
        icon_class="fa-solid fa-circle-plus",
        confirmation=lazy("Into which segment?"),
        submit_btn_text=lazy("Put in"),
        form=_segment_form,
    )
    async def add_to_segment(self, request: Request, selection: ActionSelection) -> None:
        await self._members(request, selection, static.add)

    @action(
        name="remove_from_segment",
        text=lazy("Take out of a segment"),
        icon_class="fa-solid fa-circle-minus",
        confirmation=lazy("Out of which segment?"),
        submit_btn_text=lazy("Take out"),
        form=_segment_form,
    )
    async def remove_from_segment(self, request: Request, selection: ActionSelection) -> None:
        await self._members(request, selection, static.remove)

    async def _members(self, request: Request, selection: ActionSelection, verb: Any) -> None:
        form: FormData = await request.form()
        segment, keys = str(form.get("segment") or ""), [UUID(str(pk)) for pk in await selection.pks()]
        if not segment:
            raise ActionFailed(_("Choose a segment."))
        try:
            moved = await verb(actor_of(request), UUID(segment), keys, now=now())
        except (CrmError, ValueError) as problem:
            raise ActionFailed(said(problem) if isinstance(problem, CrmError) else str(problem)) from problem
        flash(request, ngettext("%d customer moved.", "%d customers moved.", len(moved)) % len(moved), "success")

    @action(
        name="archive",
        text=lazy("Archive"),
        icon_class="fa-solid fa-box-archive",
        confirmation=lazy("Archived customers keep their history and leave the lists."),
        submit_btn_text=lazy("Archive"),
    )
    async def archive_selected(self, request: Request, selection: ActionSelection) -> None:
        for pk in await selection.pks():
            await _archive(request, pk)

    @row_action(
        name="archive",
        text=lazy("Archive"),
        icon_class="fa-solid fa-box-archive",
        confirmation=lazy("Archived customers keep their history and leave the lists."),
        submit_btn_text=lazy("Archive"),
        action_btn_class="btn",
    )
    async def archive_one(self, request: Request, pk: Any) -> None:
        await _archive(request, pk)

    @row_action(
        name="restore",
        text=lazy("Bring back"),
        icon_class="fa-solid fa-rotate-left",
        confirmation=lazy("The customer returns to the lists."),
        submit_btn_text=lazy("Bring back"),
        action_btn_class="btn",
    )
    async def restore_one(self, request: Request, pk: Any) -> None:
        try:
            await customers.restore(actor_of(request), UUID(str(pk)), expected_version=None)
        except CrmError as problem:
            raise ActionFailed(said(problem)) from problem


async def _archive(request: Request, pk: Any) -> None:
    try:
        await customers.archive(actor_of(request), UUID(str(pk)), expected_version=None, now=now())
    except CrmError as problem:
        raise ActionFailed(said(problem)) from problem


def _fields(values: dict[str, Any]) -> customers.CustomerFields:
    return values  # type: ignore[return-value]


def _identity(row: dict[str, str]) -> IdentityInput:
    kind = row["kind"] if row["kind"] in set(IdentityKind) else IdentityKind.EMAIL
    return IdentityInput(IdentityKind(kind), row["value"], source=row["source"])


async def _differences(
    key: UUID, rows: list[dict[str, str]] | None
) -> tuple[list[IdentityInput], list[UUID], list[int]]:
    """What to attach, what to take away, and in which row of the form each attached one stands."""
    if rows is None:
        return [], [], []
    held = {str(each.id): each for each in await Identity.filter(customer_id=key)}
    if not await Customer.exists(id=key):
        raise missing(Customer, key)
    kept = {row["id"] for row in rows if _same(held.get(row["id"]), row)}
    fresh = [(position, row) for position, row in enumerate(rows) if row["id"] not in kept]
    gone = [identity.id for name, identity in held.items() if name not in kept]
    return [_identity(row) for _position, row in fresh], gone, [position for position, _row in fresh]


def _same(identity: Identity | None, row: dict[str, str]) -> bool:
    if identity is None:
        return False
    return (identity.kind, identity.value, identity.source) == (row["kind"], row["value"], row["source"])


def _at_row(problem: CrmError, positions: list[int]) -> CrmError:
    """The problem with the number that its identity has in the form."""
    path = problem.path
    if len(path) > 1 and path[0] == "identities" and path[1].isdigit() and int(path[1]) < len(positions):
        problem.path = ("identities", str(positions[int(path[1])]), *path[2:])
    return problem

"""Staff members and their roles."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette_admin import link_row_action
from starlette_admin.i18n import gettext as _
from starlette_admin.i18n import lazy_gettext as lazy

from admin import choices
from admin.fields import Text, listed
from admin.layout import row
from admin.touch.handover import may_hand_over
from admin.writing import UseCaseView
from crm import roles, staff
from crm.access import Actor, Scope
from crm.database import transaction
from models import Role, StaffMember
from models.base import Record


def _locales(request: Request) -> list[tuple[str, str]]:
    return [("en", "English"), ("fa", "فارسی"), ("zh", "中文")]


class StaffView(UseCaseView):
    """The people of the back office."""

    record = StaffMember
    reads = Scope.STAFF_READ
    writes = Scope.STAFF_MANAGE
    icon = "fa-solid fa-user-tie"
    menu_label = lazy("Staff")
    display_name = lazy("staff member")
    parts = (
        "name",
        "email",
        "role",
        listed("locale", _locales, filters=choices.TEXT_FILTERS),
        listed("time_zone", choices.time_zones, filters=choices.TEXT_FILTERS),
        "active",
        Text(
            "password",
            input_type="password",
            help_text=lazy("At least ten characters; leave it empty to set none now."),
            getter=lambda request, staff: None,
            searchable=False,
            orderable=False,
        ),
        "last_login_at",
        "created_at",
    )
    form_layout = (
        row("name", "email"),
        row("role", "password"),
        row("locale", "time_zone"),
        "active",
    )
    exclude_fields_from_list = ("password", "locale", "created_at")
    exclude_fields_from_detail = ("password",)
    exclude_fields_from_export = ("password",)
    exclude_fields_from_create = ("last_login_at", "active")
    exclude_fields_from_edit = ("last_login_at",)
    sortable_fields = ("name", "email", "last_login_at")
    searchable_fields = ("name", "email", "active", "last_login_at")
    fields_default_sort = (("name", False),)
    found_by = ("name", "email")

    def name_of(self, obj: Any) -> str:
        return str(obj.name)

    async def is_row_action_allowed(self, request: Request, name: str) -> bool:
        return may_hand_over(request) if name == "hand_over" else await super().is_row_action_allowed(request, name)

    @link_row_action(name="hand_over", text=lazy("Hand over customers"), icon_class="fa-solid fa-people-arrows")
    def hand_over(self, request: Request, pk: Any) -> str:
        return str(request.url_for("admin:hand-over", key=str(pk)))

    async def add(self, actor: Actor, values: dict[str, Any], at: datetime) -> Record:
        password = values.pop("password", None)
        return await staff.create(actor, fields=await _with_role(values), password=password)

    async def change(
        self, actor: Actor, key: UUID, version: int | None, values: dict[str, Any], at: datetime
    ) -> Record:
        password = values.pop("password", None)
        async with transaction():
            changed = await staff.update(actor, key, expected_version=version, fields=await _with_role(values), now=at)
            return await staff.set_password(actor, key, password, now=at) if password else changed


async def _with_role(values: dict[str, Any]) -> Any:
    """The use case names a role by its key."""
    if "role_id" in values:
        role = await Role.get_or_none(id=values.pop("role_id"))
        values["role"] = role.key if role else ""
    return values


class RoleView(UseCaseView):
    """Named sets of scopes."""

    record = Role
    reads = Scope.STAFF_READ
    writes = Scope.STAFF_MANAGE
    icon = "fa-solid fa-id-badge"
    menu_label = lazy("Roles")
    display_name = lazy("role")
    names = ("name",)
    parts = ("name", "key", "built_in", "scopes", "created_at", "updated_at")
    form_layout = (row("name", "key"), "scopes")
    exclude_fields_from_list = ("created_at", "updated_at")
    exclude_fields_from_create = ("built_in",)
    exclude_fields_from_edit = ("built_in", "key")
    sortable_fields = ("name",)
    found_by = ("name", "key")

    def name_of(self, obj: Any) -> str:
        return _(obj.name) if obj.built_in else str(obj.name)

    async def is_row_action_allowed_for_obj(self, request: Request, name: str, obj: Any) -> bool:
        fixed = obj.built_in and name in ("edit", "delete")
        return not fixed and await super().is_row_action_allowed_for_obj(request, name, obj)

    async def add(self, actor: Actor, values: dict[str, Any], at: datetime) -> Record:
        key, fields = values.pop("key", ""), roles.RoleFields(**values)  # type: ignore[typeddict-item]
        return await roles.create(actor, key=key, fields=fields)

    async def change(
        self, actor: Actor, key: UUID, version: int | None, values: dict[str, Any], at: datetime
    ) -> Record:
        fields = roles.RoleFields(**values)  # type: ignore[typeddict-item]
        return await roles.update(actor, key, expected_version=version, fields=fields)

    async def remove(self, actor: Actor, key: UUID, at: datetime) -> None:
        await roles.delete(actor, key, expected_version=None)

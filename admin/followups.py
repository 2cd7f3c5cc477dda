"""Follow-ups: what was promised to customers, until when, and by whom."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette_admin import row_action
from starlette_admin.i18n import lazy_gettext as lazy
from tortoise.expressions import Q

from admin import searching
from admin.bulk import ChangesMany
from admin.layout import row
from admin.problems import told
from admin.request import actor_of, may, now
from crm import followups
from crm.access import Actor, Scope
from models import FollowUp, FollowUpStatus
from models.base import Record

LATEST = 5_000
"""Follow-ups that were made last, whose subjects are searched; all those of customers found are."""

CLOSING = {"done": FollowUpStatus.DONE, "dropped": FollowUpStatus.DROPPED}


class FollowUpView(ChangesMany):
    """What is to be done for customers."""

    record = FollowUp
    reads = Scope.INTERACTION_READ
    writes = Scope.INTERACTION_WRITE
    icon = "fa-solid fa-list-check"
    menu_label = lazy("Follow-ups")
    display_name = lazy("follow-up")
    empty_hint = lazy("Promise to do something for a customer until a day, and it waits here.")
    parts = ("customer", "subject", "due_at", "owner", "status", "note", "outcome", "closed_at", "created_at")
    form_layout = ("customer", row("subject", "due_at", "owner"), "note")
    folded = ("note", "outcome", "closed_at", "created_at")
    exclude_fields_from_create = ("status", "outcome", "closed_at")
    exclude_fields_from_edit = ("customer", "status", "outcome", "closed_at")
    optional = ("note",)
    sortable_fields = ("due_at", "closed_at")
    fields_default_sort = (("due_at", False),)

    def name_of(self, obj: Any) -> str:
        return str(obj.subject)

    async def build_full_text_search_query(self, request: Request, term: str) -> Q:
        said = await searching.latest(request, term, "follow_up", "id", "subject", LATEST)
        return said | await searching.records(request, term, "follow_up", "due_at")

    async def add(self, actor: Actor, values: dict[str, Any], at: datetime) -> Record:
        customer = values.pop("customer_id", None) or UUID(int=0)
        return await followups.create(actor, customer, now=at, **values)

    async def change(
        self, actor: Actor, key: UUID, version: int | None, values: dict[str, Any], at: datetime
    ) -> Record:
        fields: Any = {name: "" if name == "note" and value is None else value for name, value in values.items()}
        return await followups.update(actor, key, expected_version=version, fields=fields, now=at)

    async def remove(self, actor: Actor, key: UUID, at: datetime) -> None:
        await followups.delete(actor, key, expected_version=None)

    async def is_row_action_allowed(self, request: Request, name: str) -> bool:
        if name in (*CLOSING, "reopen"):
            return may(request, self.writes)
        return await super().is_row_action_allowed(request, name)

    async def is_row_action_allowed_for_obj(self, request: Request, name: str, obj: Any) -> bool:
        open_ = obj.status is FollowUpStatus.OPEN
        fitting = {"done": open_, "dropped": open_, "reopen": not open_}.get(name, True)
        return fitting and await super().is_row_action_allowed_for_obj(request, name, obj)

    @row_action(
        name="done",
        text=lazy("Done"),
        icon_class="fa-solid fa-check",
        confirmation=lazy("Is it done?"),
        submit_btn_text=lazy("Done"),
        action_btn_class="btn",
    )
    async def done(self, request: Request, pk: Any) -> None:
        await _close(request, pk, "done")

    @row_action(
        name="dropped",
        text=lazy("Drop"),
        icon_class="fa-solid fa-xmark",
        confirmation=lazy("It is closed without having been done."),
        submit_btn_text=lazy("Drop"),
        action_btn_class="btn",
    )
    async def dropped(self, request: Request, pk: Any) -> None:
        await _close(request, pk, "dropped")

    @row_action(
        name="reopen",
        text=lazy("Take up again"),
        icon_class="fa-solid fa-rotate-left",
        confirmation=lazy("It waits to be done again."),
        submit_btn_text=lazy("Take up again"),
        action_btn_class="btn",
    )
    async def reopen(self, request: Request, pk: Any) -> None:
        with told():
            await followups.reopen(actor_of(request), UUID(str(pk)), expected_version=None)


async def _close(request: Request, pk: Any, name: str) -> None:
    with told():
        await followups.close(actor_of(request), UUID(str(pk)), expected_version=None, now=now(), status=CLOSING[name])

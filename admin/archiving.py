"""Nouns that are put aside and brought back rather than deleted."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette_admin import row_action
from starlette_admin.i18n import lazy_gettext as lazy

from admin.problems import told
from admin.request import actor_of, may, now
from admin.writing import UseCaseView
from crm.access import Actor


class Archivable(UseCaseView):
    """A noun with `archived_at`; `put_aside` and `bring_back` call its use cases."""

    async def put_aside(self, actor: Actor, key: UUID, at: datetime) -> None:
        raise NotImplementedError

    async def bring_back(self, actor: Actor, key: UUID, at: datetime) -> None:
        raise NotImplementedError

    async def is_row_action_allowed(self, request: Request, name: str) -> bool:
        if name == "archive":
            return may(request, self.writes)
        if name == "restore":
            return may(request, self.writes) and type(self).bring_back is not Archivable.bring_back
        return await super().is_row_action_allowed(request, name)

    async def is_row_action_allowed_for_obj(self, request: Request, name: str, obj: Any) -> bool:
        away = obj.archived_at is not None
        fitting = {"archive": not away, "restore": away}.get(name, True)
        return fitting and await super().is_row_action_allowed_for_obj(request, name, obj)

    @row_action(
        name="archive",
        text=lazy("Archive"),
        icon_class="fa-solid fa-box-archive",
        confirmation=lazy("It is put aside; its history stays."),
        submit_btn_text=lazy("Archive"),
        action_btn_class="btn",
    )
    async def archive_one(self, request: Request, pk: Any) -> None:
        with told():
            await self.put_aside(actor_of(request), UUID(str(pk)), now())

    @row_action(
        name="restore",
        text=lazy("Bring back"),
        icon_class="fa-solid fa-rotate-left",
        confirmation=lazy("It is taken into use again."),
        submit_btn_text=lazy("Bring back"),
        action_btn_class="btn",
    )
    async def restore_one(self, request: Request, pk: Any) -> None:
        with told():
            await self.bring_back(actor_of(request), UUID(str(pk)), now())

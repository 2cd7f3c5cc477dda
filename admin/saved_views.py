"""Saved views of a list: offered above it, kept from its address, opened by an address of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette_admin import CustomView, route
from starlette_admin.flash import flash
from starlette_admin.i18n import gettext as _
from starlette_admin.i18n import lazy_gettext as lazy

from admin.problems import errors_of, said
from admin.request import actor_of, may
from crm import saved_views
from crm.access import Scope
from crm.errors import CrmError


async def offered(request: Request, noun: str) -> dict[str, Any]:
    """What the menu of views above a list shows."""
    actor = actor_of(request)
    current = saved_views.kept(request.url.query)
    rows = [
        {
            "id": str(view.id),
            "name": view.name,
            "shared": view.shared,
            "own": view.owner_id == actor.id,
            "by": "" if view.owner_id == actor.id else view.owner.name,
            "changeable": view.owner_id == actor.id or may(request, Scope.SETTINGS_WRITE),
            "current": view.query == current,
        }
        for view in await saved_views.of_list(actor, noun)
    ]
    return {"rows": rows, "current": next((row for row in rows if row["current"]), None), "query": current}


class ViewPages(CustomView):
    """Where saved views are opened, kept and deleted."""

    path = "/views"
    add_to_menu = False
    menu_label = lazy("Saved views")

    def is_accessible(self, request: Request) -> bool:
        return True

    @route("", methods=["POST"], name="view-keep")
    async def index(self, request: Request) -> Response:
        """Keep the list that is open, under a new name or under that of a view of one's own."""
        form = await request.form()
        noun = str(form.get("noun") or "")
        self._need_list(request, noun)
        name = str(form.get("name") or "").strip()
        fields = saved_views.ViewFields(query=str(form.get("query") or ""), shared=form.get("shared") == "1")
        try:
            view = await _keep(request, noun, name, fields)
        except CrmError as problem:
            errors = errors_of(problem, ("name",))
            return JSONResponse({"errors": {str(key): text for key, text in errors.items()}}, problem.status)
        flash(request, _("The view “%(name)s” was saved.") % {"name": view.name}, "success")
        return JSONResponse({"redirect": str(request.url_for("admin:view", key=view.id))})

    @route("/{key}", methods=["GET"], name="view")
    async def open(self, request: Request) -> Response:
        """The list as it was kept; an address to send to colleagues."""
        try:
            view = await saved_views.get(actor_of(request), _key(request.path_params))
        except CrmError as problem:
            raise HTTPException(problem.status, said(problem)) from problem
        self._need_list(request, view.noun)
        listing = request.url_for("admin:list", key=view.noun)
        return RedirectResponse(f"{listing}?{view.query}" if view.query else listing, 303)

    @route("/{key}/delete", methods=["POST"], name="view-delete")
    async def delete(self, request: Request) -> Response:
        noun = str((await request.form()).get("noun") or "")
        self._need_list(request, noun)
        try:
            await saved_views.delete(actor_of(request), _key(request.path_params), expected_version=None)
            flash(request, _("The view was deleted."), "success")
        except CrmError as problem:
            flash(request, said(problem), "error")
        return RedirectResponse(request.url_for("admin:list", key=noun), 303)

    def _need_list(self, request: Request, noun: str) -> None:
        """Raise 404 unless there is such a list, and 403 unless the reader may see it."""
        assert self._admin is not None
        view = self._admin._find_view_by_key(noun)
        if not view.is_accessible(request):
            raise HTTPException(403)


async def _keep(request: Request, noun: str, name: str, fields: saved_views.ViewFields) -> Any:
    """A view of one's own with this name takes the new filters; else there is a new view."""
    actor = actor_of(request)
    own = {view.name: view for view in await saved_views.of_list(actor, noun) if view.owner_id == actor.id}
    if name in own:
        return await saved_views.update(actor, own[name].id, expected_version=None, fields=fields)
    return await saved_views.create(actor, noun=noun, fields={"name": name, **fields})


def _key(parameters: Mapping[str, str]) -> UUID:
    try:
        return UUID(parameters["key"])
    except ValueError:
        raise HTTPException(404) from None

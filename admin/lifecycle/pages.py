"""A lifecycle edited on its drawing: each change is a new version of the whole, made by its use cases."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette_admin import CustomView, route
from starlette_admin.flash import flash
from starlette_admin.helpers import detail_url
from starlette_admin.i18n import gettext as _

from admin import pages
from admin.lifecycle import edits
from admin.problems import errors_of, said
from admin.request import actor_of, may, now
from crm import changes
from crm.access import Scope, need
from crm.errors import CrmError, NotFound
from crm.lifecycle import definitions
from models import Lifecycle

NAMES = (
    "key",
    "name",
    "outcome",
    "target_days",
    "initial",
    "from",
    "to",
    "guard",
    "automatic",
    "requires_reason",
    "required_scope",
    "position",
    "replacement",
    "stage",
    "file",
    "number",
)
Step = Callable[[Request, Lifecycle, FormData], Awaitable[str]]


class LifecyclePages(CustomView):
    """The addresses of the forms on a lifecycle's page, its file out and in."""

    path = "/lifecycles"
    add_to_menu = False

    def is_accessible(self, request: Request) -> bool:
        return may(request, Scope.LIFECYCLE_READ)

    @route("", name="lifecycle-root")
    async def index(self, request: Request) -> Response:
        return RedirectResponse(request.url_for("admin:list", key="lifecycle"), 303)

    @route("/import", methods=["GET", "POST"], name="lifecycle-import")
    async def take_in(self, request: Request) -> Response:
        """Create the lifecycle that a file describes, or change the one with its key."""
        need(actor_of(request), Scope.LIFECYCLE_WRITE)
        if request.method == "GET":
            return self._import_page(request, "", {}, 200)
        form = await request.form()
        content = await _content(form)
        try:
            made = await definitions.take_in(actor_of(request), content, now=now())
        except CrmError as problem:
            told = {"file": said(problem)}
            return self._import_page(request, content, told, problem.status)
        flash(request, _("The lifecycle is as the file says."), "success")
        return RedirectResponse(detail_url(request, "lifecycle", str(made.lifecycle.id)), 303)

    def _import_page(self, request: Request, content: str, errors: dict[str, str], status: int) -> Response:
        context = {"content": content, "errors": errors, "title": _("Import a lifecycle")}
        return pages.render(self, request, "lifecycle/import.html", context, status)

    @route("/{key}/export", methods=["GET"], name="lifecycle-export")
    async def export(self, request: Request) -> Response:
        lifecycle = await lifecycle_of(request)
        as_json = request.query_params.get("format") == "json"
        content = await definitions.export(actor_of(request), lifecycle.id, as_json=as_json)
        kind = "json" if as_json else "yaml"
        headers = {"content-disposition": f'attachment; filename="{lifecycle.key}.{kind}"'}
        return Response(content, media_type=f"application/{kind}; charset=utf-8", headers=headers)

    @route("/{key}/{step}", methods=["POST"], name="lifecycle-edit")
    async def edit(self, request: Request) -> Response:
        """One change from a form of the page; answers with what is wrong, or where to go on."""
        step = edits.STEPS.get(str(request.path_params["step"]))
        if step is None:
            raise HTTPException(404)
        lifecycle, form = await lifecycle_of(request), await request.form()
        try:
            told = await step(request, lifecycle, form)
        except CrmError as problem:
            errors: dict[str, Any] = {str(name): text for name, text in errors_of(problem, NAMES).items()}
            return JSONResponse({"errors": errors}, problem.status)
        flash(request, told, "success")
        return JSONResponse({"redirect": str(detail_url(request, "lifecycle", str(lifecycle.id)))})


async def _content(form: FormData) -> str:
    """The pasted text, or the uploaded file."""
    given = form.get("upload")
    if isinstance(given, UploadFile) and given.filename:
        return (await given.read(2_000_000)).decode("utf-8", "replace")
    return str(form.get("file") or "")


async def lifecycle_of(request: Request) -> Lifecycle:
    try:
        return await changes.get(Lifecycle, UUID(request.path_params["key"]))
    except (ValueError, NotFound):
        raise HTTPException(404) from None

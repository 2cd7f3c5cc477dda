"""What staff do on a customer's page: log an interaction, try and make a move, read further back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette_admin import CustomView, route
from starlette_admin.flash import flash
from starlette_admin.helpers import detail_url
from starlette_admin.i18n import gettext as _

from admin import timeline
from admin.fields import Moment, Unreadable
from admin.lifecycle import obstacles
from admin.problems import errors_of, said
from admin.request import actor_of, may, now
from crm import interactions
from crm.access import Scope
from crm.errors import CrmError
from crm.lifecycle import positions

LOGGED = ("channel", "direction", "kind", "subject", "body", "outcome", "sentiment", "occurred_at")


class CustomerActions(CustomView):
    """The page itself is the customer view's; these are its forms' addresses."""

    path = "/customer"
    add_to_menu = False

    def is_accessible(self, request: Request) -> bool:
        return may(request, Scope.CUSTOMER_READ)

    @route("", name="customer-root")
    async def index(self, request: Request) -> Response:
        return RedirectResponse(request.url_for("admin:list", key="customer"), 303)

    @route("/{key}/log", methods=["POST"], name="customer-log")
    async def log(self, request: Request) -> Response:
        form = await request.form()
        values: dict[str, Any] = {name: str(form[name]).strip() for name in LOGGED if str(form.get(name) or "").strip()}
        when = Moment("occurred_at")._parse(values.pop("occurred_at", ""))
        if isinstance(when, Unreadable):
            return JSONResponse({"errors": {"occurred_at": when.reason}}, 422)
        actor = actor_of(request)
        due = Moment("follow_up_at")._parse(_text(form, "follow_up_at"))
        if isinstance(due, Unreadable):
            return JSONResponse({"errors": {"follow_up_at": due.reason}}, 422)
        fields: Any = {**values, "staff_id": actor.id, **({"occurred_at": when} if when else {})}
        promised: Any = {"due_at": due} if due else None
        try:
            await interactions.log(actor, _key(request), fields=fields, follow_up=promised, now=now())
        except CrmError as problem:
            return _refused_log(problem)
        except ValueError:
            return JSONResponse({"errors": {"": _("This is none of the choices.")}}, 422)
        return _done(request, _("The interaction was logged."))

    @route("/{key}/move", methods=["POST"], name="customer-move")
    async def move(self, request: Request) -> Response:
        """With `dry_run` it only says what keeps the customer from moving."""
        form = await request.form()
        trial = form.get("dry_run") == "1"
        try:
            made = await positions.move(
                actor_of(request),
                _key(request),
                to=_text(form, "to"),
                now=now(),
                expected_stage=_text(form, "from") or None,
                reason=_text(form, "reason") or None,
                dry_run=trial,
            )
        except CrmError as problem:
            return _refused(problem, ("to", "reason"))
        if trial:
            standing = [{"code": each.code, "message": obstacles.sentence(each)} for each in made.obstacles]
            return JSONResponse({"ready": not standing, "obstacles": standing})
        return _done(request, _("The customer was moved."))

    @route("/{key}/timeline", methods=["GET"], name="customer-timeline")
    async def older(self, request: Request) -> Response:
        assert self.templates is not None
        asked = request.query_params.getlist("kind")
        try:
            found = await timeline.page(request, _key(request), asked or None, request.query_params.get("after"))
        except CrmError as problem:
            raise HTTPException(problem.status, said(problem)) from problem
        return self.templates.TemplateResponse(request, "parts/timeline.html", {"page": found, "kinds": asked})


def _key(request: Request) -> UUID:
    try:
        return UUID(request.path_params["key"])
    except ValueError:
        raise HTTPException(404) from None


def _text(form: FormData, name: str) -> str:
    return str(form.get(name) or "").strip()


def _refused_log(problem: CrmError) -> Response:
    if problem.path[:1] == ("followUp",):
        problem.path = ("followUpAt",)
    return _refused(problem, (*LOGGED, "follow_up_at"))


def _refused(problem: CrmError, names: tuple[str, ...]) -> Response:
    return JSONResponse({"errors": {str(k): v for k, v in errors_of(problem, names).items()}}, problem.status)


def _done(request: Request, message: str) -> Response:
    flash(request, message, "success")
    return JSONResponse({"redirect": detail_url(request, "customer", str(_key(request)))})

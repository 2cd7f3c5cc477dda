"""API tokens: listed, made, replaced and ended; a secret is shown once, on the page that made it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette_admin import CustomView, route, row_action
from starlette_admin.exceptions import ActionFailed
from starlette_admin.flash import flash
from starlette_admin.i18n import gettext as _
from starlette_admin.i18n import lazy_gettext as lazy

from admin import pages
from admin.base import RecordView
from admin.problems import errors_of, said
from admin.request import actor_of, may, now
from crm import sessions, tokens
from crm.access import SCOPE_HELP, Scope
from crm.changes import get
from crm.errors import CrmError
from models import ApiToken

LIVES = (7, 30, 90, 180, 365)


class TokenView(RecordView):
    """Credentials of partner apps."""

    record = ApiToken
    reads = Scope.TOKEN_MANAGE
    icon = "fa-solid fa-key"
    menu_label = lazy("API tokens")
    display_name = lazy("API token")
    empty_hint = lazy("A token lets a partner's program in, with the scopes that you choose.")
    list_template = "tokens.html"
    parts = (
        "name",
        "last_four",
        "scopes",
        "expires_at",
        "last_used_at",
        "revoked_at",
        "row_filter",
        "last_used_address",
        "created_by",
        "created_at",
    )
    exclude_fields_from_list = ("row_filter", "last_used_address", "created_by", "created_at", "scopes")
    sortable_fields = ("name", "expires_at", "last_used_at")
    fields_default_sort = (("id", True),)
    found_by = ("name", "last_four")
    row_actions = ("view", "rotate", "revoke")

    def can_export(self, request: Request) -> bool:
        return False

    async def is_row_action_allowed_for_obj(self, request: Request, name: str, obj: Any) -> bool:
        ended = obj.revoked_at is not None or obj.expires_at <= now()
        return (name == "view" or not ended) and await super().is_row_action_allowed_for_obj(request, name, obj)

    @row_action(
        name="rotate",
        text=lazy("Replace"),
        icon_class="fa-solid fa-arrows-rotate",
        action_btn_class="btn",
        custom_response=True,
    )
    async def rotate(self, request: Request, pk: Any) -> Response:
        return RedirectResponse(request.url_for("admin:token-rotate", key=str(pk)), 303)

    @row_action(
        name="revoke",
        text=lazy("Revoke"),
        icon_class="fa-solid fa-ban",
        confirmation=lazy("Whoever uses this token is shut out at once."),
        submit_btn_text=lazy("Revoke"),
        submit_btn_class="btn btn-danger",
        action_btn_class="btn btn-danger",
    )
    async def revoke(self, request: Request, pk: Any) -> None:
        try:
            await tokens.revoke(actor_of(request), UUID(str(pk)), now=now())
        except CrmError as problem:
            raise ActionFailed(said(problem)) from problem
        flash(request, _("The token was revoked."), "success")


class TokenPages(CustomView):
    """The form of a new token, and the one page that shows its secret."""

    path = "/tokens"
    add_to_menu = False
    menu_label = lazy("New API token")

    def is_accessible(self, request: Request) -> bool:
        return may(request, Scope.TOKEN_MANAGE)

    @route("", name="token-root")
    async def index(self, request: Request) -> Response:
        return RedirectResponse(request.url_for("admin:list", key="api_token"), 303)

    @route("/new", methods=["GET", "POST"], name="token-new")
    async def new(self, request: Request) -> Response:
        if request.method == "GET":
            return self._form(request, FormData(), {}, 200)
        form = await request.form()
        days = str(form.get("days") or "")
        life = timedelta(days=int(days)) if days in map(str, LIVES) else tokens.DEFAULT_LIFE
        scopes = [str(scope) for scope in form.getlist("scopes")]
        try:
            await _confirm(request, form)
            made = await tokens.create(
                actor_of(request), name=str(form.get("name") or ""), scopes=scopes, now=now(), expires_at=now() + life
            )
        except CrmError as problem:
            return self._form(request, form, errors_of(problem, ("name", "scopes", "confirmation")), 422)
        return self._secret(request, made)

    @route("/{key}/rotate", methods=["GET", "POST"], name="token-rotate")
    async def rotate(self, request: Request) -> Response:
        """A new secret for a token: asked for on a page of its own, with the password."""
        key = _key(request)
        form = await request.form()
        try:
            token = await get(ApiToken, key)
            # The list's own button leads here without a password yet.
            if request.method == "GET" or "confirmation" not in form:
                return self._rotation(request, token, {}, 200)
            await _confirm(request, form)
            made = await tokens.rotate(actor_of(request), key, expected_version=None, now=now())
        except CrmError as problem:
            if problem.path == ("confirmation",):
                return self._rotation(request, token, errors_of(problem, ("confirmation",)), 422)
            flash(request, said(problem), "error")
            return RedirectResponse(request.url_for("admin:list", key="api_token"), 303)
        return self._secret(request, made)

    def _rotation(self, request: Request, token: ApiToken, errors: dict[str | int, Any], status: int) -> Response:
        return pages.render(self, request, "token_rotate.html", {"token": token, "errors": errors}, status)

    def _form(self, request: Request, form: FormData, errors: dict[str | int, Any], status: int) -> Response:
        granted = [(scope.value, help) for scope, help in SCOPE_HELP.items() if may(request, scope)]
        context = {"form": form, "errors": errors, "scopes": granted, "lives": LIVES}
        return pages.render(self, request, "token_new.html", context, status)

    def _secret(self, request: Request, made: tokens.Minted) -> Response:
        response = pages.render(self, request, "token_secret.html", {"token": made.token, "secret": made.secret})
        response.headers["cache-control"] = "no-store"
        return response


def _key(request: Request) -> UUID:
    try:
        return UUID(request.path_params["key"])
    except ValueError:
        raise HTTPException(404) from None


async def _confirm(request: Request, form: FormData) -> None:
    """A secret that outlives the session is made only for who knows the password."""
    address = request.client.host if request.client else ""
    await sessions.confirm(actor_of(request), str(form.get("confirmation") or ""), address=address, now=now())

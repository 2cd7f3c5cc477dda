"""The reader's own page: language, zone, calendar, colours, password, and where they are signed in."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette_admin import CustomView, route
from starlette_admin.flash import flash
from starlette_admin.i18n import gettext as _
from starlette_admin.i18n import lazy_gettext as lazy

from admin import pages, preferences, words
from admin.problems import errors_of, said
from admin.request import actor_of, now
from crm import codes, sessions, staff
from crm.errors import CrmError


class AccountPage(CustomView):
    """Everybody's own settings; nobody needs a scope for them."""

    path = "/account"
    add_to_menu = False
    menu_label = lazy("Your account")

    @route("", name="account")
    async def index(self, request: Request) -> Response:
        return await self._page(request, {}, 200)

    async def _page(self, request: Request, errors: dict[str | int, Any], status: int) -> Response:
        actor = actor_of(request)
        running = await sessions.open_sessions(actor, actor.id, now=now()) if actor.id else []
        context = {
            "errors": errors,
            "chosen": preferences.in_force(request),
            "choices": preferences.CHOICES,
            "zones": sorted(codes.time_zones()),
            "sessions": running,
            "browser": browser,
            "this_session": getattr(request.state, "session_hash", None),
        }
        return pages.render(self, request, "account.html", context, status)

    @route("/preferences", methods=["POST"], name="preferences")
    async def prefer(self, request: Request) -> Response:
        """Keep choices; a form can send one of them (the switcher in the header) or all."""
        form = await request.form()
        response = RedirectResponse(_back(request, str(form.get("next") or "")), 303)
        names = (*preferences.CHOICES, "timezone")
        chosen = {name: str(form[name]) for name in names if name in form}
        preferences.keep(response, chosen, secure=request.url.scheme == "https")
        return response

    @route("/password", methods=["POST"], name="password")
    async def password(self, request: Request) -> Response:
        form = await request.form()
        given = {name: str(form.get(name) or "") for name in ("current", "password", "again")}
        if given["password"] != given["again"]:
            return await self._page(request, {"again": _("The two do not agree.")}, 422)
        try:
            await staff.change_own_password(
                actor_of(request),
                current=given["current"],
                password=given["password"],
                now=now(),
                session_secret=getattr(request.state, "session_secret", None),
            )
        except CrmError as problem:
            return await self._page(request, errors_of(problem, ("current", "password")), 422)
        flash(request, _("Your password was changed; your other sessions have ended."), "success")
        return RedirectResponse(request.url_for("admin:account"), 303)

    @route("/sessions/{key}/end", methods=["POST"], name="session-end")
    async def end(self, request: Request) -> Response:
        try:
            await sessions.revoke(actor_of(request), UUID(request.path_params["key"]), now=now())
            flash(request, _("The session has ended."), "success")
        except (CrmError, ValueError) as problem:
            flash(request, said(problem) if isinstance(problem, CrmError) else str(problem), "error")
        return RedirectResponse(request.url_for("admin:account"), 303)


BROWSERS = ("Edg", "OPR", "Firefox", "Chrome", "Safari")
"""As user agents name them, the most definite first: all of the others call themselves Safari too."""
BROWSER_NAMES = {"Edg": "Edge", "OPR": "Opera"}
SYSTEMS = {
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Windows": "Windows",
    "Mac OS": "macOS",
    "Linux": "Linux",
}


def browser(user_agent: str) -> str:
    """What a user agent stands for in the words of people, such as Firefox, Windows; else its beginning."""
    found = next((name for name in BROWSERS if f"{name}/" in user_agent or f"Headless{name}" in user_agent), None)
    system = next((name for mark, name in SYSTEMS.items() if mark in user_agent), None)
    known = [BROWSER_NAMES.get(found, found) if found else None, system]
    return words.listed([each for each in known if each]) or user_agent[:80]


def _back(request: Request, wanted: str) -> str:
    """The page to return to, if it is one of ours."""
    parts = urlsplit(wanted)
    root = request.scope.get("root_path", "")
    ours = not parts.scheme and not parts.netloc and parts.path.startswith(root) and not wanted.startswith("//")
    return wanted if wanted and ours else str(request.url_for("admin:account"))

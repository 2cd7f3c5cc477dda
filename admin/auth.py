"""Signing in to the panel, on the server's own sessions."""

from __future__ import annotations

from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette_admin.auth import AdminUser, AuthProvider
from starlette_admin.exceptions import LoginFailed
from starlette_admin.helpers import index_url, safe_redirect_url
from starlette_admin.i18n import gettext as _

from admin import preferences
from admin.request import now
from crm import sessions
from crm.access import Actor
from crm.credentials import digest
from crm.errors import Throttled, Unauthenticated
from crm.settings import Settings
from models import StaffMember


@dataclass
class SignedInStaff(AdminUser):
    """Who is signed in, as starlette-admin's pages name them."""

    actor: Actor | None = None


class StaffSignIn(AuthProvider):
    """E-mail address and password against `crm.sessions`; a lost session returns to the page it was lost on."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.secure = settings.url.startswith("https:")
        self.cookie = sessions.cookie_name(self.secure)

    async def authenticate(self, request: Request) -> AdminUser | None:
        secret = request.cookies.get(self.cookie)
        if not secret or request.url.path.startswith(f"{request.scope.get('root_path', '')}/static/"):
            return None
        try:
            actor = await sessions.authenticate(secret, now=now())
        except Unauthenticated:
            return None
        request.state.actor = replace(actor, request_id=request.headers.get("x-request-id"))
        request.state.session_secret = secret
        request.state.session_hash = digest(secret)
        return SignedInStaff(username=actor.label, actor=actor)

    async def login(self, username: str, password: str, remember_me: bool, request: Request) -> Response:
        request.state.typed_username = username
        try:
            signed_in = await sessions.sign_in(
                username,
                password,
                address=request.client.host if request.client else "",
                user_agent=request.headers.get("user-agent", ""),
                now=now(),
            )
        except Throttled as problem:
            seconds = -(-int(problem.details.get("waitMs", 1000)) // 1000)
            raise LoginFailed(_("Too many attempts; try again in %(seconds)s s.") % {"seconds": seconds}) from problem
        except Unauthenticated as problem:
            raise LoginFailed(_("The e-mail address or the password is wrong.")) from problem
        home = index_url(request)
        response = RedirectResponse(safe_redirect_url(request.query_params.get("next") or home, request, home), 303)
        await self._welcome(request, response, signed_in)
        return response

    async def _welcome(self, request: Request, response: Response, signed_in: sessions.SignedIn) -> None:
        """The session's cookie, and the member's own language and zone where this browser has chosen none."""
        response.set_cookie(self.cookie, signed_in.secret, httponly=True, secure=self.secure, samesite="lax", path="/")
        staff = await StaffMember.get(id=signed_in.session.staff_id)
        own = {"language": staff.locale, "timezone": staff.time_zone}
        missing = {name: value for name, value in own.items() if name not in request.cookies}
        preferences.keep(response, missing, secure=self.secure)

    async def logout(self, request: Request) -> Response:
        secret = request.cookies.get(self.cookie)
        if secret:
            await sessions.sign_out(secret, now=now())
        response = RedirectResponse(index_url(request), 303)
        response.delete_cookie(self.cookie, path="/", secure=self.secure, httponly=True, samesite="lax")
        return response

"""What surrounds every answer of the panel: strict headers, and a page instead of a traceback."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from admin.problems import said
from crm.errors import CrmError

# starlette-admin writes scripts and styles into its pages; nothing comes from, or goes to, another host.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; frame-ancestors 'none'; form-action 'self'; "
    "base-uri 'self'; object-src 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
}

ErrorPage = Callable[[Request, Exception], Awaitable[Response]]


class Shield:
    """Adds the headers, keeps pages out of caches, and shows what went wrong with a use case or the database."""

    def __init__(self, app: ASGIApp, page: ErrorPage) -> None:
        self.app = app
        self.page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                _harden(message, static="/static/" in scope["path"])
            await send(message)

        try:
            await self.app(scope, receive, sending)
        except CrmError as problem:
            if started:
                raise
            answer = await self.page(Request(scope, receive), HTTPException(problem.status, said(problem)))
            await answer(scope, receive, sending)


def _harden(message: Any, *, static: bool) -> None:
    headers = MutableHeaders(scope=message)
    headers.update(HEADERS)
    if static:
        headers["cache-control"] = "public, max-age=86400"
    else:
        headers.setdefault("cache-control", "no-store")

"""The pages that people open: the start page, the playground, the schema as a file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import orjson
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

HERE = Path(__file__).parent / "graphiql"

# Everything from this server; styles may stand in elements, because the editor sets them there.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PAGE_HEADERS = {"content-security-policy": PAGE_POLICY, "cache-control": "no-cache"}


@dataclass
class Pages:
    """The pages of one server; `cookie` names the session cookie of the panel, `sdl` writes the schema."""

    cookie: str
    playground: bool
    sdl: Callable[[], str]

    async def home(self, request: Request) -> Response:
        if not self.playground:
            return RedirectResponse("/admin", 303)
        return HTMLResponse((HERE / "home.html").read_text(), headers=PAGE_HEADERS)

    async def graphiql(self, request: Request) -> Response:
        """The page knows whether somebody is signed in to the panel: then no token is needed."""
        signed_in = "yes" if self.cookie in request.cookies else "no"
        page = (HERE / "playground.html").read_text().replace("{signed-in}", signed_in)
        return HTMLResponse(page, headers=PAGE_HEADERS)

    async def queries(self, request: Request) -> Response:
        found = orjson.dumps(ready_queries())
        return Response(found, media_type="application/json", headers={"cache-control": "no-cache"})

    async def schema(self, request: Request) -> Response:
        """The schema in its definition language; it is no secret, what it gives is for credentials to decide."""
        body = self._sdl
        tag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = {"cache-control": "no-cache", "etag": tag}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(body, media_type="text/plain", headers=headers)

    @cached_property
    def _sdl(self) -> bytes:
        return self.sdl().encode()

    def routes(self) -> list[BaseRoute]:
        packed = [Middleware(GZipMiddleware, compresslevel=4)]
        always = [Route("/", self.home), Route("/schema.graphql", self.schema, middleware=packed)]
        if not self.playground:
            return [*always]
        static = Mount("/static", StaticFiles(directory=HERE / "static"), middleware=packed)
        return [
            *always,
            Mount("/graphiql", routes=[Route("/queries", self.queries), static]),
            Route("/graphiql", self.graphiql),
        ]


def ready_queries() -> list[dict[str, str]]:
    """The queries that stand in the playground's tabs, in the order of their files; variables beside them."""
    found = []
    for file in sorted((HERE / "queries").glob("*.graphql")):
        variables = file.with_suffix(".json")
        values = {"variables": variables.read_text()} if variables.exists() else {}
        found.append({"query": file.read_text(), **values})
    return found

"""The composition root: one application from four lists."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

import schema
from admin import build_admin
from api.auth import Gate
from api.documents import Documents, load_trusted
from api.errors import EXCEPTION_HANDLERS
from api.following import Following
from api.front import Front
from api.graphql import Execute, GraphQLEndpoint
from api.health import Readiness, livez, readyz, startupz
from api.limits import Buckets
from api.metrics import Metrics, MetricsPage
from api.pages import Pages
from api.sockets import SocketEndpoint
from api.streams import Streams
from crm import embedded, sessions
from crm import reactions as following
from crm.database import connected
from crm.database.migrations import lacking, need_version, pending_migrations
from crm.errors import CrmError, DatabaseUnavailable
from crm.feed import Feed
from crm.settings import Settings
from crm.webhooks import house as webhooks

Step = Callable[[Starlette], AbstractAsyncContextManager[None]]

log = structlog.get_logger("arzesh.server")


class MigrationsMissing(CrmError):
    """The database has an older shape than this version needs; run `arzesh migrate`."""

    code = "MIGRATIONS_MISSING"


def utc_now() -> datetime:
    return datetime.now(UTC)


def create_app(
    settings: Settings, *, execute: Execute = schema.execute, clock: Callable[[], float] = time.monotonic
) -> Starlette:
    """The application of one process, whose budgets refill by the seconds of `clock`.

    Raises SettingsInvalid for trusted documents that cannot be read.
    """
    webhooks.configure(settings)
    metrics = Metrics()
    secure = settings.url.startswith("https://")
    gate = Gate(sessions.cookie_name(secure), now=utc_now, clock=clock)
    ready = Readiness()
    figures = Following(metrics.registry)
    streams = Streams(Feed(), schema.subscribe, utc_now, settings.request_deadline, lambda: ready.draining, figures)
    buckets = Buckets(settings.cost_bucket, settings.cost_refill, clock=clock)
    graphql = graphql_endpoint(settings, gate, execute, buckets, streams)
    app = Starlette(
        routes=routes(settings, gate, metrics, graphql, streams),
        middleware=middleware(settings, metrics, secure=secure),
        exception_handlers=EXCEPTION_HANDLERS,
        lifespan=one_after_another([database, observation, reactions, feeding, readiness]),
    )
    app.state.settings, app.state.metrics, app.state.readiness, app.state.streams = settings, metrics, ready, streams
    app.middleware_stack = shortcut(app.build_middleware_stack(), {"/graphql": alone(settings, metrics, graphql)})
    return app


def shortcut(stack: ASGIApp, addresses: Mapping[str, ASGIApp]) -> ASGIApp:
    """Serve some addresses without the router and what stands before it: for GraphQL that is half of its own time."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        found = None if scope["type"] != "http" or scope.get("root_path") else addresses.get(scope["path"])
        await (found or stack)(scope, receive, send)

    return app


def alone(settings: Settings, metrics: Metrics, app: ASGIApp) -> ASGIApp:
    """One address with the middleware that all have."""
    if settings.allowed_origins:
        origins = cross_origin(settings.allowed_origins)
        app = origins.cls(app, *origins.args, **origins.kwargs)
    return Front(app, metrics=metrics, https=settings.url.startswith("https://"), hand_on=False)


def routes(
    settings: Settings, gate: Gate, metrics: Metrics, graphql: GraphQLEndpoint, streams: Streams
) -> list[BaseRoute]:
    metrics_page = MetricsPage(metrics, gate, settings.open_metrics, open_to_neighbours=not settings.production)
    return [
        Route("/graphql", graphql),
        WebSocketRoute("/graphql", SocketEndpoint(graphql, streams, settings.allowed_origins)),
        Route("/livez", livez),
        Route("/readyz", readyz),
        Route("/startupz", startupz),
        Route("/metrics", metrics_page.page),
        Mount("/admin", build_admin(settings), name="admin", max_body_size=settings.upload_limit),
        *Pages(gate.cookie, settings.graphiql, sdl=schema.schema.as_str).routes(),
    ]


def middleware(settings: Settings, metrics: Metrics, *, secure: bool) -> list[Middleware]:
    """From the outside in."""
    return [
        Middleware(Front, metrics=metrics, https=secure),
        *([cross_origin(settings.allowed_origins)] if settings.allowed_origins else []),
    ]


def cross_origin(origins: Sequence[str]) -> Middleware:
    """Pages of other sites may call with a token of theirs; cookies stay out."""
    return Middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=["GET", "POST"],
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "X-Request-Id", "If-None-Match"],
        expose_headers=["ETag", "Retry-After", "X-Request-Id"],
        max_age=3600,
    )


def graphql_endpoint(
    settings: Settings, gate: Gate, execute: Execute, buckets: Buckets, streams: Streams
) -> GraphQLEndpoint:
    folder = settings.trusted_documents
    return GraphQLEndpoint(
        execute=execute,
        gate=gate,
        documents=Documents({} if folder == Path() else load_trusted(folder), settings.only_trusted),
        buckets=buckets,
        now=utc_now,
        body_limit=settings.body_limit,
        deadline=settings.request_deadline,
        playground="/graphiql" if settings.graphiql else None,
        streams=streams,
    )


def one_after_another(steps: Sequence[Step]) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    """A lifespan that enters the steps in their order and leaves them in the opposite one."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for step in steps:
                await stack.enter_async_context(step(app))
            yield

    return lifespan


@asynccontextmanager
async def database(app: Starlette) -> AsyncIterator[None]:
    """A process starts without its database, red until that is back, but not with one of an older shape."""
    settings: Settings = app.state.settings
    async with embedded.running(settings) as dsn, connected(dsn, settings, eager=False):
        await refuse_older_shape()
        yield


async def refuse_older_shape() -> None:
    """Raise MigrationsMissing; a database that cannot be reached passes for now."""
    try:
        await need_version()
        missing = await pending_migrations()
    except DatabaseUnavailable as error:
        log.warning("the database cannot be reached yet", reason=error.message)
        return
    if missing:
        raise MigrationsMissing(lacking(missing))


@asynccontextmanager
async def observation(app: Starlette) -> AsyncIterator[None]:
    watching = asyncio.create_task(app.state.metrics.watch(time.monotonic))
    try:
        yield
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching


@asynccontextmanager
async def reactions(app: Starlette) -> AsyncIterator[None]:
    """Segments and lifecycles follow what happens, in whichever process comes first."""
    stop = asyncio.Event()
    running = asyncio.create_task(following.run(stop))
    try:
        yield
    finally:
        stop.set()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(running, 5.0)


@asynccontextmanager
async def feeding(app: Starlette) -> AsyncIterator[None]:
    """Subscriptions hear of what happens."""
    running = asyncio.create_task(app.state.streams.feed.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@asynccontextmanager
async def readiness(app: Starlette) -> AsyncIterator[None]:
    app.state.readiness.started = True
    log.info("ready", url=app.state.settings.url)
    try:
        yield
    finally:
        app.state.readiness.draining = True

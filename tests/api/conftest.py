"""The application under test: in this process, or behind a real socket; and credentials for it."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette

import schema
from api.app import create_app
from crm import roles, sessions, staff, tokens
from crm.access import READ_SCOPES, Actor, system
from crm.database import fetch_value
from crm.settings import Settings
from models import StaffMember
from schema.select.request import GraphQLRequest, GraphQLResponse

OWNER = system("owner")
PASSWORD = "four words at random"
ORIGIN = "http://crm.test"

Execute = Callable[[GraphQLRequest, Actor], Coroutine[Any, Any, GraphQLResponse]]


class Served(httpx.AsyncClient):
    """A client of an application that is served in this process, and can so be looked into."""

    app: Starlette

    async def listened_to(self, subscriptions: int) -> None:
        """Wait until so many subscriptions have begun, of which no protocol tells its client."""
        async with asyncio.timeout(60):
            while len(self.app.state.streams.feed.boxes) != subscriptions:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


Serve = Callable[..., AbstractAsyncContextManager[Served]]


async def minted(*scopes: str) -> tokens.Minted:
    return await tokens.create(OWNER, name="Shop", scopes=scopes or ("customer:read",), now=datetime.now(UTC))


@pytest.fixture
async def token(db: str) -> str:
    """The secret of a token that reads customers."""
    return (await minted()).secret or ""


async def hired() -> StaffMember:
    await roles.install_built_in(OWNER)
    return await staff.create(
        OWNER, fields={"email": "sara@example.com", "name": "Sara", "role": "agent"}, password=PASSWORD
    )


async def signed_in() -> sessions.SignedIn:
    return await sessions.sign_in(
        "sara@example.com", PASSWORD, address="10.0.0.1", user_agent="Test", now=datetime.now(UTC)
    )


async def odd(request: GraphQLRequest, actor: Actor) -> GraphQLResponse:
    """Documents that misbehave as the real ones must not; the others as ever."""
    if request.document == "{ crash }":
        raise RuntimeError("the secret inside of the crash")
    if request.document == "{ sleep }":
        await fetch_value("SELECT pg_sleep(30)")
    if request.document.startswith("{ spend"):
        request.charge and request.charge(int(request.document.split()[2]))  # noqa: B018
        return GraphQLResponse(b'{"data":{}}', False, 200, 0)
    if request.document == "{ large }":
        return GraphQLResponse(b'{"data":{"large":"' + b"x" * 400_000 + b'"}}', False, 200, 0)
    return await schema.execute(request, actor)


@pytest.fixture
def app(base_settings: Settings) -> Starlette:
    return create_app(base_settings)


def reaching(app: Starlette, token: str = "", **headers: str) -> httpx.AsyncClient:
    """A client whose requests run in this task, and so in the test's transaction."""
    credential = {"Authorization": f"Bearer {token}"} if token else {}
    transport = httpx.ASGITransport(app, client=("10.0.0.7", 4711))
    return httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers={**credential, **headers})


@pytest.fixture
async def client(app: Starlette, token: str) -> AsyncIterator[httpx.AsyncClient]:
    """A partner's client."""
    async with reaching(app, token) as found:
        yield found


@pytest.fixture
async def anonymous(app: Starlette, db: str) -> AsyncIterator[httpx.AsyncClient]:
    async with reaching(app) as found:
        yield found


@pytest.fixture
async def serve(settings: Settings) -> Serve:
    """Serves the application on a real socket, with the settings given and a token for its client."""

    @asynccontextmanager
    async def running(
        execute: Execute = odd, clock: Callable[[], float] = time.monotonic, **changed: Any
    ) -> AsyncIterator[Served]:
        app = create_app(replace(settings, **changed), execute=execute, clock=clock)
        secret = (await minted(*sorted(READ_SCOPES))).secret
        with socket.create_server(("127.0.0.1", 0)) as listening:
            server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
            task = asyncio.create_task(server._serve([listening]))
            while not server.started:  # noqa: ASYNC110 - uvicorn tells it in no other way
                await asyncio.sleep(0.01)
            url = f"http://127.0.0.1:{listening.getsockname()[1]}"
            async with Served(base_url=url, headers={"Authorization": f"Bearer {secret}"}, timeout=60) as client:
                client.app = app
                try:
                    yield client
                finally:
                    server.should_exit = True
                    await task

    return running


async def ask(client: httpx.AsyncClient, query: str = "{ me { label } }", **more: Any) -> httpx.Response:
    """POST a document; keywords that begin with an upper-case letter are headers."""
    headers = {name.replace("_", "-"): value for name, value in more.items() if name[0].isupper()}
    rest = {name: value for name, value in more.items() if not name[0].isupper()}
    return await client.post("/graphql", json={"query": query, **rest}, headers=headers)


def code(answer: httpx.Response) -> str:
    """The code of the first error."""
    found: str = answer.json()["errors"][0]["extensions"]["code"]
    return found

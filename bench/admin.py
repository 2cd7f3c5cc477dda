"""Every page of the panel at a million customers, over HTTP with a staff session: how long the server takes.

Client and server share a process and the machine with PostgreSQL, so the figures are upper bounds. Pages are asked for
once to warm up. Parts are fetched after their page: while their figures are worked out they answer that they are, and
the column `figures s` says how long that took; later times are those of kept figures.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import re
import socket
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

import httpx
import structlog
import uvicorn
from starlette_admin.views import BaseModelView, BaseView, CustomView, DropDown

from admin import views
from api.app import create_app
from bench.harness import show
from bench.organisation import BENCH, organisation
from crm import roles, staff
from crm.settings import Settings
from models import StaffMember

LIMIT = 0.150
RUNS = 5
PATIENCE = 2.0
"""Seconds; what takes longer is not asked for again."""
ADDRESS, PASSWORD = "bench@example.com", "four words at random"
AGAIN = "data-arz-again"
PART = re.compile(r'data-arz-part="([^"]+)"')
# These lead away from the page or show one record of many kinds.
PASSED_OVER = ("/logout", "/export", "/import")


@dataclass(frozen=True, slots=True)
class Page:
    """What one address took: the first time, and the median and worst of the later ones."""

    path: str
    status: int
    first: float
    median: float
    worst: float
    size: int
    worked: float = 0.0
    """Seconds until the figures of a part were there."""


async def run(small: bool) -> None:
    customers = 10_000 if small else 1_000_000
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    async with organisation(customers) as house:
        await _hire()
        async with _served(house.dsn) as client:
            await _sign_in(client)
            pages = [await _timed(client, path) for path in [path async for path in _paths()]]
            parts = [await _timed(client, path) for path in await _parts(client, pages)]
    _told(f"Pages at {house.customers:,} customers and {house.orders:,} orders", pages)
    _told("Parts that are fetched after their page", parts)
    slow = [page for page in pages if page.median > LIMIT]
    show(f"{len(pages)} pages; over {LIMIT * 1000:.0f} ms: {len(slow)}", ("page",), [(page.path,) for page in slow])


def _told(title: str, pages: list[Page]) -> None:
    rows = [
        (
            page.path[:90],
            page.status,
            page.first * 1e3,
            page.median * 1e3,
            page.worst * 1e3,
            page.size / 1024,
            page.worked,
        )
        for page in sorted(pages, key=lambda page: -page.median)
    ]
    show(title, ("page", "status", "first ms", "median ms", "worst ms", "KiB", "figures s"), rows)


async def _hire() -> None:
    if not await StaffMember.exists(email=ADDRESS):
        await roles.install_built_in(BENCH)
        fields: Any = {"email": ADDRESS, "name": "Bench", "role": "administrator"}
        await staff.create(BENCH, fields=fields, password=PASSWORD)


@asynccontextmanager
async def _served(dsn: str) -> AsyncIterator[httpx.AsyncClient]:
    """The whole product on a loopback port of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        app = create_app(Settings(database_url=dsn, secret_key="bench" * 16, public_url=url, log_level="warning"))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=3))
        task = asyncio.create_task(server._serve([listening]))
        while not server.started:  # noqa: ASYNC110 - uvicorn tells it in no other way
            await asyncio.sleep(0.05)
        async with httpx.AsyncClient(base_url=f"{url}/admin", timeout=120, follow_redirects=True) as client:
            yield client
        server.should_exit = True
        await task


async def _sign_in(client: httpx.AsyncClient) -> None:
    await client.get("/login")
    headers = {"X-CSRFToken": client.cookies.get("starlette_admin_csrftoken", "")}
    await client.post("/login", data={"username": ADDRESS, "password": PASSWORD}, headers=headers)
    assert (await client.get("/account")).status_code == 200, "the sign-in failed"


async def _paths() -> AsyncIterator[str]:
    """Home, every list, form and first record, and every page written by hand that needs no more than its address."""
    yield "/"
    for view in _flat(views()):
        if isinstance(view, BaseModelView):
            for path in await _of_model(view):
                yield path
        elif isinstance(view, CustomView):
            for path in _of_custom(view):
                yield path


def _flat(found: list[BaseView]) -> Iterator[BaseView]:
    for view in found:
        yield from _flat(view.views) if isinstance(view, DropDown) else (view,)


async def _of_model(view: Any) -> list[str]:
    paths = [f"/{view.key}/list", f"/{view.key}/list?q=ali"]
    record = await view.record.all().first()
    if record:
        key = await view.get_serialized_pk_value(cast(Any, None), record)
        paths.append(f"/{view.key}/detail?pk={key}")
    return paths


def _of_custom(view: CustomView) -> list[str]:
    """GET routes without parameters of their own."""
    found = []
    for _name, method in inspect.getmembers(type(view), callable):
        route, methods = getattr(method, "_route_path", None), getattr(method, "_route_methods", [])
        if route is not None and "GET" in methods and "{" not in route:
            found.append(f"{view.path.rstrip('/')}{route}" or "/")
    return [path for path in found if path != "/" and not path.endswith(PASSED_OVER)]


async def _parts(client: httpx.AsyncClient, pages: list[Page]) -> list[str]:
    """The addresses of the parts that pages fetch."""
    found: dict[str, None] = {}
    for page in pages:
        if page.status == 200:
            for path in PART.findall((await client.get(page.path)).text):
                found[path.removeprefix("/admin").replace("&amp;", "&")] = None
    return list(found)


async def _timed(client: httpx.AsyncClient, path: str) -> Page:
    taken: list[float] = []
    worked = 0.0
    while not taken or (len(taken) <= RUNS and taken[-1] < PATIENCE):
        began = time.perf_counter()
        answer = await client.get(path)
        taken.append(time.perf_counter() - began)
        if AGAIN in answer.text:
            worked = await _there(client, path)
    first, later = taken[0], taken[1:] or taken
    return Page(path, answer.status_code, first, statistics.median(later), max(later), len(answer.content), worked)


async def _there(client: httpx.AsyncClient, path: str) -> float:
    """Seconds until a part shows its figures, a minute at most; nothing else is measured meanwhile."""
    began = time.perf_counter()
    while AGAIN in (await client.get(path)).text and time.perf_counter() - began < 60:  # noqa: ASYNC110 - over HTTP
        await asyncio.sleep(0.5)
    return time.perf_counter() - began

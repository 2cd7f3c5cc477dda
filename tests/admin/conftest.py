"""The panel under test, alone on its mount, and people who sit at it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from admin import build_admin
from admin.value import kept
from crm.settings import Settings
from tests.admin.desk import Desk, browser, hire, sign_in

At = Callable[..., Awaitable[Desk]]


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of pages wait for their figures, however busy the machine is."""
    monkeypatch.setattr(kept, "PATIENCE", 60.0)


@pytest.fixture(scope="session")
def panel(base_settings: Settings) -> Starlette:
    return Starlette(routes=[Mount("/admin", app=build_admin(base_settings), name="admin")])


@pytest.fixture
async def at(panel: Starlette, db: str) -> AsyncIterator[At]:
    """Seats somebody with a role at the panel."""
    async with AsyncExitStack() as stack:

        async def seat(role: str = "administrator", name: str = "Sara") -> Desk:
            client = await stack.enter_async_context(browser(panel))
            answer = await sign_in(client, await hire(role, name))
            assert answer.status_code == 303, answer.text
            return Desk(client)

        yield seat


@pytest.fixture
async def sara(at: At) -> Desk:
    """An administrator."""
    return await at()

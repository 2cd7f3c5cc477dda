"""One generated organisation for all tests of reading; nothing here writes to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from crm.database import connected
from crm.settings import Settings
from tests.conftest import Clone
from tests.schema.world import World
from tests.schema.world_built import build


@pytest.fixture(scope="session")
async def world_database(clone: Clone, base_settings: Settings) -> AsyncIterator[tuple[str, World]]:
    async with clone() as dsn:
        # Left again before the first test: what stayed connected here would be what other tests speak to.
        async with connected(dsn, base_settings):
            made = await build()
        yield dsn, made


@pytest.fixture
async def world(world_database: tuple[str, World], base_settings: Settings) -> AsyncIterator[World]:
    """The rows of the organisation, with a connection to the database that holds them."""
    dsn, made = world_database
    async with connected(dsn, replace(base_settings, statement_timeout=120.0)):  # busy machines are slow
        yield made

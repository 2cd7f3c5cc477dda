"""What every command needs: the settings, the database, a clock, and somewhere to speak."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from crm import embedded
from crm.access import Actor, system
from crm.database import connected, options_of
from crm.database.migrations import lacking, need_version, pending_migrations
from crm.errors import CrmError
from crm.settings import Settings

T = TypeVar("T")
out = Console(highlight=False, soft_wrap=True)
errors = Console(stderr=True, highlight=False, soft_wrap=True)

# An import or a value run holds rows for as long as a chunk takes; people at the panel wait less.
PATIENCE = 10.0


class NotMigrated(CrmError):
    """The database has an older shape than this version needs; run `arzesh migrate`."""

    code = "MIGRATIONS_MISSING"


def show(table: Table, console: Console = out) -> None:
    """Print a table; into a file or a pipe at its full width, so that whoever reads on has every id and name whole."""
    if not console.is_terminal:
        whole = Measurement.get(console, console.options.update(max_width=10_000), table).maximum
        console = Console(stderr=console.stderr, highlight=False, width=whole)
    console.print(table, markup=False)


def now() -> datetime:
    return datetime.now(UTC)


def operator() -> Actor:
    """Whoever may start programs on this machine."""
    return system("command line")


def run(work: Callable[[Settings], Awaitable[T]], settings: Settings | None = None) -> T:
    """Do work on the database of the settings, which has to have this version's shape."""
    chosen = settings or Settings.from_environment()

    async def all_of_it() -> T:
        async with database(chosen) as ready:
            await need_version()
            missing = await pending_migrations()
            if missing:
                raise NotMigrated(lacking(missing))
            return await work(ready)

    return asyncio.run(all_of_it())


@asynccontextmanager
async def database(settings: Settings, *, without_limit: bool = False) -> AsyncIterator[Settings]:
    """The settings with the address of the database, connected as a job is, or for statements of any length."""
    async with embedded.running(settings) as dsn:
        options = replace(options_of(settings, jobs=True), lock_timeout=PATIENCE, acquire_timeout=PATIENCE)
        if without_limit:
            options = replace(options, statement_timeout=0)
        async with connected(dsn, options):
            yield replace(settings, database_url=dsn)

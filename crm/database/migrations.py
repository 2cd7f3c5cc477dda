"""Bringing the database to the models' present shape, one process at a time."""

from __future__ import annotations

import asyncio
import pkgutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from importlib import import_module

import asyncpg
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget

from crm.database.faults import translated
from crm.database.pool import Options
from crm.database.setup import APP, MIGRATIONS, tortoise_config
from crm.database.work import fetch, fetch_value, transaction
from crm.errors import Busy

MIGRATING = Options(
    minsize=0, maxsize=2, acquire_timeout=15.0, statement_timeout=0, lock_timeout=1.0, idle_in_transaction_timeout=0,
    application_name="arzesh-migrate",
)  # fmt: skip
LOCK = 0x61727A657368  # "arzesh"
ATTEMPTS = 8


async def migrate(dsn: str, *, report: Callable[[str], None] = lambda name: None) -> list[str]:
    """Apply what is missing with Tortoise's own executor; the names applied, each also given to `report`.

    A second process waits and then finds nothing to do. Each migration and the note that it was applied are kept
    together, unless it declares itself not atomic. A table in use is waited for briefly and often, so that requests
    do not queue behind the change; after eight attempts Busy is raised.
    """
    config = tortoise_config(dsn, MIGRATING)
    async with one_at_a_time(dsn), TortoiseContext() as context:
        await context.init(config=config, init_connections=False)
        await have_ledger(config["apps"])
        done = []
        for name in await pending_migrations():
            await patiently(name, config["apps"])
            report(name)
            done.append(name)
        return done


async def have_ledger(apps: dict[str, dict[str, object]]) -> None:
    """Make the table of applied migrations: the executor tries to read it before it makes it, which would spoil
    the transaction that the first migration runs in."""
    executor = MigrationExecutor(get_connection("default"), apps)
    await executor.recorder.ensure_schema(executor._schema_editor(atomic=False))


async def patiently(name: str, apps: dict[str, dict[str, object]]) -> None:
    for attempt in range(ATTEMPTS):
        try:
            await apply(name, apps)
            return
        except Busy:
            if attempt == ATTEMPTS - 1:
                raise
            await asyncio.sleep(0.2 * 2**attempt)


async def apply(name: str, apps: dict[str, dict[str, object]]) -> None:
    target = [MigrationTarget(APP, name)]
    atomic = import_module(f"{MIGRATIONS}.{name}").Migration.atomic
    async with transaction() if atomic else nullcontext():
        await MigrationExecutor(get_connection("default"), apps).migrate(target)


@asynccontextmanager
async def one_at_a_time(dsn: str) -> AsyncIterator[None]:
    """Hold an advisory lock in a transaction of its own, which works behind a pooler as well."""
    with translated():
        guard = await asyncpg.connect(dsn, timeout=MIGRATING.acquire_timeout, statement_cache_size=0)
    try:
        async with guard.transaction():
            await guard.execute("SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL statement_timeout = 0")
            await guard.execute(f"SELECT pg_advisory_xact_lock({LOCK})")
            yield
    finally:
        await guard.close(timeout=5)


def shipped_migrations() -> list[str]:
    """The names of all migrations of this version, in order."""
    folder = import_module(MIGRATIONS).__path__
    return sorted(each.name for each in pkgutil.iter_modules(folder) if each.name[0] not in "_~")


async def applied_migrations() -> list[str]:
    if await fetch_value("SELECT to_regclass('tortoise_migrations')") is None:
        return []
    rows = await fetch("SELECT name FROM tortoise_migrations WHERE app = $1 ORDER BY name", APP)
    return [row["name"] for row in rows]


async def pending_migrations() -> list[str]:
    """What this version needs and the connected database lacks; empty when it is up to date."""
    done = set(await applied_migrations())
    return [name for name in shipped_migrations() if name not in done]


async def foreign_migrations() -> list[str]:
    """What a newer version has applied to the connected database and this one does not know."""
    known = set(shipped_migrations())
    return [name for name in await applied_migrations() if name not in known]

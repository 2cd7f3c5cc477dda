"""Bringing the database to the models' present shape, one process at a time."""

from __future__ import annotations

import asyncio
import pkgutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from importlib import import_module

import asyncpg
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget
from tortoise.migrations.graph import MigrationKey
from tortoise.migrations.schema_generator.state import State
from tortoise.migrations.schema_generator.state_apps import StateApps

from crm.database.faults import unreachable
from crm.database.pool import Options
from crm.database.setup import APP, MIGRATIONS, tortoise_config
from crm.database.work import fetch, fetch_value, transaction
from crm.errors import Busy, CrmError

MIGRATING = Options(
    minsize=0, maxsize=2, acquire_timeout=15.0, statement_timeout=0, lock_timeout=1.0, idle_in_transaction_timeout=0,
    application_name="arzesh-migrate",
)  # fmt: skip
LEAST_VERSION = 18
LOCK = 0x61727A657368  # "arzesh"
ATTEMPTS = 8


class TooOld(CrmError):
    """The server is a PostgreSQL that this product does not run on."""

    code = "POSTGRESQL_TOO_OLD"


async def need_version() -> None:
    """Raise TooOld unless the connected server is new enough: better than to fail half way through the tables."""
    major = await fetch_value("SELECT current_setting('server_version_num')::int / 10000")
    if major < LEAST_VERSION:
        raise TooOld(
            f"The database is PostgreSQL {major}; {LEAST_VERSION} or later is needed. "
            "Without DATABASE_URL Arzesh brings its own."
        )


async def migrate(dsn: str, *, report: Callable[[str], None] = lambda name: None) -> list[str]:
    """Apply what is missing with Tortoise's own executor; the names applied, each also given to `report`.

    A second process waits and then finds nothing to do. Each migration and the note that it was applied are kept
    together, unless it declares itself not atomic. A table in use is waited for briefly and often, so that requests
    do not queue behind the change; after eight attempts Busy is raised.
    """
    config = tortoise_config(dsn, MIGRATING)
    async with one_at_a_time(dsn), TortoiseContext() as context:
        await context.init(config=config, init_connections=False)
        await need_version()
        executor = Executor(get_connection("default"), config["apps"])
        await have_ledger(executor)
        done = []
        for name in await pending_migrations():
            await patiently(name, executor)
            report(name)
            done.append(name)
        return done


class Executor(MigrationExecutor):
    """Tortoise's own, which goes on from the models it knows instead of replaying all migrations before each one."""

    known: State | None = None

    async def _project_state(self, applied: set[MigrationKey], *, upto: MigrationKey | None = None) -> State:
        if self.known is None:
            state = await super()._project_state(applied, upto=upto)
            apps = Shapes(state.apps._default_connections, state.apps._connections)
            self.known = State(state.models, apps.clone(state.models))
        return self.known

    def work_on(self, connection: BaseDBAsyncClient) -> None:
        self.connection = self.recorder.connection = connection


class Shapes(StateApps):
    """Models as migrations know them, without what only queries through them need: ours ask in SQL."""

    def _build_initial_querysets(self) -> None:
        pass


async def have_ledger(executor: Executor) -> None:
    """Make the table of applied migrations: the executor tries to read it before it makes it, which would spoil
    the transaction that the first migration runs in."""
    await executor.recorder.ensure_schema(executor._schema_editor(atomic=False))


async def patiently(name: str, executor: Executor) -> None:
    for attempt in range(ATTEMPTS):
        try:
            await apply(name, executor)
            return
        except Busy:
            if attempt == ATTEMPTS - 1:
                raise
            executor.known = None  # it may have been changed half way
            await asyncio.sleep(0.2 * 2**attempt)


async def apply(name: str, executor: Executor) -> None:
    target = [MigrationTarget(APP, name)]
    atomic = import_module(f"{MIGRATIONS}.{name}").Migration.atomic
    async with transaction() if atomic else nullcontext():
        executor.work_on(get_connection("default"))
        await executor.migrate(target)


@asynccontextmanager
async def one_at_a_time(dsn: str) -> AsyncIterator[None]:
    """Hold an advisory lock in a transaction of its own, which works behind a pooler as well."""
    try:
        guard = await asyncpg.connect(dsn, timeout=MIGRATING.acquire_timeout, statement_cache_size=0)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise unreachable(error) from error
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


def lacking(missing: list[str]) -> str:
    """What is missing, and the remedy, in a sentence."""
    named = missing[0] if len(missing) == 1 else f"{len(missing)} migrations, {missing[0]} to {missing[-1]}"
    return f"The database lacks {named}; run `arzesh migrate`."


async def foreign_migrations() -> list[str]:
    """What a newer version has applied to the connected database and this one does not know."""
    known = set(shipped_migrations())
    return [name for name in await applied_migrations() if name not in known]

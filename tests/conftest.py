"""One embedded PostgreSQL per run, one migrated template, and a database that every test finds as new."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import hypothesis
import pytest

from crm import embedded
from crm.database import connected, transaction
from crm.database.migrations import migrate
from crm.settings import Settings
from crm.webhooks.house import configure

FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",  # a worker in the template would hold up its cloning
    "shared_buffers": "128MB",
    "max_connections": "200",
    "log_min_duration_statement": "-1",
}
TEMPLATE = "arzesh_template"
# Nor are the limits of a process met by a slow machine; tests that are about a limit set it.
PATIENT: Any = {
    "acquire_timeout": 60.0,
    "statement_timeout": 60.0,
    "lock_timeout": 60.0,
    "idle_in_transaction_timeout": 120.0,
    "request_deadline": 120.0,
}

# No test may fail because the machine was slow: neither an example nor its making has a time to keep.
UNHURRIED = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
hypothesis.settings.register_profile("unhurried", **UNHURRIED)
hypothesis.settings.register_profile("fuzz", max_examples=5_000, **UNHURRIED)
hypothesis.settings.load_profile("unhurried")

Clone = Callable[[], AbstractAsyncContextManager[str]]


class Undo(Exception):
    """Leaves a transaction so that nothing of it stays."""


@pytest.fixture(scope="session")
def base_settings() -> Settings:
    """Settings of a process of this test run, but for the database's address."""
    folder = open_folder()
    settings = Settings(data_home=folder, embedded_home=folder, secret_key="test" * 16, **PATIENT)
    configure(settings)
    return settings


def open_folder() -> Path:
    """A new folder, in memory where there is room, which the ordinary user that runs PostgreSQL may enter."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 2_000_000_000
    folder = Path(tempfile.mkdtemp(prefix="arzesh-tests-", dir=memory if roomy else None))
    folder.chmod(0o755)
    return folder


@pytest.fixture(scope="session")
def server(base_settings: Settings) -> Iterator[str]:
    """Address of the run's server. Its supervisor ends it and removes its files however this run ends."""
    lease = embedded.start(base_settings, parameters=FAST, remove=True)
    with lease as dsn:
        yield dsn


@pytest.fixture(scope="session")
async def migrated(server: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """What the migrations make of an empty database, as SQL; made anew when one of them has changed."""
    root = request.config.rootpath
    sources = [*root.glob("models/migrations/*.py"), *root.glob("crm/database/*.py")]
    content = b"".join(source.read_bytes() for source in sorted(sources)) + embedded.installed()[1].encode()
    cache: pytest.Cache | None = getattr(request.config, "cache", None)
    folder = cache.mkdir("migrated") if cache else tmp_path_factory.mktemp("migrated")
    made = folder / f"{hashlib.sha256(content).hexdigest()[:20]}.sql"
    if not made.exists():
        passing = made.with_suffix(f".{os.getpid()}")
        async with closing(await asyncpg.connect(server)) as administration:
            await administration.execute("CREATE DATABASE migrated")
            await migrate(address(server, "migrated"))
            await asyncio.to_thread(program, "pg_dump", "--no-comments", "-f", passing, address(server, "migrated"))
            await administration.execute("DROP DATABASE migrated")
        passing.rename(made)
    return made


def load(dsn: str, sql: Path) -> None:
    program("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", sql, dsn)


def program(name: str, *arguments: str | Path) -> None:
    """Run one of PostgreSQL's own client programs."""
    done = subprocess.run([embedded.programs() / name, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
async def clone(server: str, migrated: Path) -> AsyncIterator[Clone]:
    """Makes databases that are copies of a migrated one and vanish after use."""
    numbers = itertools.count()

    @asynccontextmanager
    async def make() -> AsyncIterator[str]:
        name = f"test_{next(numbers)}"
        await administration.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy")
        try:
            yield address(server, name)
        finally:
            await administration.execute(f"DROP DATABASE {name} WITH (FORCE)")

    async with closing(await asyncpg.connect(server)) as administration:
        await administration.execute(f"CREATE DATABASE {TEMPLATE}")
        await asyncio.to_thread(load, address(server, TEMPLATE), migrated)
        yield make


@asynccontextmanager
async def closing(connection: asyncpg.Connection) -> AsyncIterator[asyncpg.Connection]:
    try:
        yield connection
    finally:
        await connection.close()


def address(server: str, database: str) -> str:
    return f"{server.rsplit('/', 1)[0]}/{database}"


@pytest.fixture(scope="session")
async def shared_database(clone: Clone, base_settings: Settings) -> AsyncIterator[str]:
    async with clone() as dsn, connected(dsn, base_settings):
        yield dsn


@pytest.fixture
async def db(shared_database: str) -> AsyncIterator[str]:
    """A migrated database, and the whole test inside one transaction that is rolled back.

    Transactions of the code under test become savepoints. A test that needs several connections, or to see a
    real COMMIT, takes `fresh_db`.
    """
    with suppress(Undo):
        async with transaction(sandbox=True):
            yield shared_database
            raise Undo


@pytest.fixture
async def fresh_db(clone: Clone, base_settings: Settings) -> AsyncIterator[str]:
    """A migrated database of the test's own, connected; the value is its address."""
    async with clone() as dsn, connected(dsn, base_settings):
        yield dsn


@pytest.fixture
def settings(base_settings: Settings, fresh_db: str, tmp_path: Path) -> Settings:
    """Settings of a whole process that works on `fresh_db`."""
    return replace(base_settings, database_url=fresh_db, data_home=tmp_path)

"""Migrations are applied once, whole, and by one process at a time."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from crm.database import connected, execute, fetch_value, migrations
from crm.database.migrations import (
    TooOld,
    foreign_migrations,
    lacking,
    migrate,
    pending_migrations,
    shipped_migrations,
)
from tests.conftest import address, closing


@pytest.fixture
async def empty(server: str) -> str:
    async with closing(await asyncpg.connect(server)) as administration:
        await administration.execute("DROP DATABASE IF EXISTS test_empty WITH (FORCE)")
        await administration.execute("CREATE DATABASE test_empty")
    return address(server, "test_empty")


async def test_two_processes_that_migrate_at_once_apply_everything_once(empty: str) -> None:
    told: list[str] = []
    first, second = await asyncio.gather(migrate(empty, report=told.append), migrate(empty, report=told.append))
    assert sorted(first + second) == told == shipped_migrations()
    async with connected(empty):
        assert await pending_migrations() == []
        assert await fetch_value("SELECT count(*) FROM tortoise_migrations") == len(told)


async def test_a_new_database_lacks_every_migration(empty: str) -> None:
    async with connected(empty):
        assert await pending_migrations() == shipped_migrations()
        assert await foreign_migrations() == []


async def test_migrations_of_a_newer_version_are_noticed(fresh_db: str) -> None:
    await execute("INSERT INTO tortoise_migrations (app, name, applied_at) VALUES ('models', '9999_later', now())")
    assert await foreign_migrations() == ["9999_later"]
    assert await pending_migrations() == []


async def test_an_older_postgresql_is_refused_before_anything_is_made(
    empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "LEAST_VERSION", 99)
    with pytest.raises(TooOld, match="is PostgreSQL 18; 99 or later is needed"):
        await migrate(empty)
    async with connected(empty):
        assert not await fetch_value("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")


def test_what_is_missing_is_told_in_a_sentence() -> None:
    assert lacking(["0007_a"]) == "The database lacks 0007_a; run `arzesh migrate`."
    assert "lacks 3 migrations, 0007_a to 0009_c; run" in lacking(["0007_a", "0008_b", "0009_c"])

"""The pool of read connections: each is lent to one, none is lost, and what was prepared survives a migration."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from crm.database import Options, connected, execute, fetch_read, pool_gauges, reading
from crm.errors import DatabaseUnavailable, Timeout
from tests.conftest import Clone

TWO = Options(maxsize=2, read_maxsize=2, acquire_timeout=60, statement_timeout=2.0)
SLEEP = "SELECT pg_sleep($1::float8), pg_backend_pid() AS pid"


@pytest.fixture
async def two(clone: Clone) -> AsyncIterator[str]:
    """A database whose reads have two connections."""
    async with clone() as dsn, connected(dsn, TWO):
        yield dsn


async def all_are_back() -> bool:
    read = pool_gauges()[1]
    pids = {(await fetch_read(SLEEP, 0.0))[0]["pid"] for _ in range(3)}
    return (read.lent, read.waiting) == (0, 0) and len(pids) == 1


async def test_those_who_come_later_wait_for_a_connection_in_their_turn(two: str) -> None:
    found = await asyncio.gather(*(fetch_read(SLEEP, 0.02) for _ in range(12)))
    assert len({rows[0]["pid"] for rows in found}) == 2
    assert await all_are_back()


async def test_a_read_that_finds_no_free_connection_is_told_soon(clone: Clone) -> None:
    async with clone() as dsn, connected(dsn, replace(TWO, acquire_timeout=0.5)):
        async with reading(snapshot=True), reading(snapshot=True):
            with pytest.raises(DatabaseUnavailable, match="All 2 connections"):
                await fetch_read("SELECT 1")
        assert await all_are_back()


async def test_reads_that_are_cancelled_at_any_moment_lose_no_connection(two: str) -> None:
    for steps in range(40):
        tasks = [asyncio.create_task(fetch_read(SLEEP, 0.01)) for _ in range(4)]
        for _ in range(steps):
            await asyncio.sleep(0.0005)
        for task in tasks[steps % 2 :]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert await all_are_back()


async def test_a_statement_that_failed_leaves_its_connection_usable(two: str) -> None:
    with pytest.raises(Timeout):
        await fetch_read(SLEEP, 3.0)
    with pytest.raises(Exception, match="division by zero|cannot be stored"):
        await fetch_read("SELECT 1 / $1::int", 0)
    assert await all_are_back()


async def test_what_was_prepared_is_prepared_anew_after_a_migration(two: str) -> None:
    await execute("CREATE TABLE t AS SELECT 1 AS value")
    assert (await fetch_read("SELECT * FROM t"))[0]["value"] == 1
    await execute("ALTER TABLE t ALTER COLUMN value TYPE text")
    assert (await fetch_read("SELECT * FROM t"))[0]["value"] == "1"
    assert await all_are_back()


async def test_a_snapshot_gives_its_connection_back(two: str) -> None:
    async with reading(snapshot=True) as driver:
        assert await driver.fetchval("SELECT 1") == 1
    with pytest.raises(RuntimeError):
        async with reading(snapshot=True):
            raise RuntimeError
    assert await all_are_back()

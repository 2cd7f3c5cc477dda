"""Two connections see one moment of the database, and a queue of reading jobs is worked off by both."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from crm.database import Options, beside, connected, execute, fetch_value, shared_moment, transaction
from crm.database.work import database
from crm.errors import ValidationFailed
from crm.value.runs import lanes
from tests.conftest import Clone

BACKEND = "SELECT pg_backend_pid()"
ROOM = "SET LOCAL work_mem = '8MB'"
SHARED: Any = {"isolation": "repeatable_read", "read_only": True}


async def test_a_transaction_beside_another_sees_its_moment_whatever_was_committed_since(clone: Clone) -> None:
    async with clone() as dsn, connected(dsn, Options(maxsize=3, acquire_timeout=60)):
        await execute("CREATE TABLE t AS SELECT 1 AS value")
        async with transaction(**SHARED):
            moment = await shared_moment()
            assert moment is not None
            mine = await fetch_value(BACKEND)
            async with beside(moment):
                assert await fetch_value(BACKEND) != mine
                assert await fetch_value("SELECT value FROM t") == 1
            assert await fetch_value(BACKEND) == mine


async def test_the_moment_of_a_transaction_within_another_is_not_shared(db: str) -> None:
    async with transaction():
        assert await shared_moment() is None


async def test_jobs_are_done_on_two_connections_and_each_once(clone: Clone) -> None:
    done: list[tuple[int, int]] = []
    both = asyncio.Barrier(2)

    async def job(number: int) -> None:
        if number < 2:
            await both.wait()  # only two lanes come past this
        done.append((number, await fetch_value(BACKEND)))

    jobs = [partial(job, number) for number in range(5)]
    async with clone() as dsn, connected(dsn, Options(maxsize=3, acquire_timeout=60)), transaction(**SHARED):
        await lanes.all_done(jobs, ROOM)
    assert sorted(number for number, _ in done) == list(range(5))
    assert len({backend for _, backend in done}) == 2


async def test_jobs_are_done_on_one_connection_when_no_other_is_free(clone: Clone) -> None:
    done: list[int] = []

    async def job() -> None:
        done.append(await fetch_value(BACKEND))

    async with clone() as dsn, connected(dsn, Options(maxsize=1, acquire_timeout=60)), transaction(**SHARED):
        pool = database().writing
        pool.options = replace(pool.options, acquire_timeout=0.05)
        await lanes.all_done([job, job, job], ROOM)
    assert len(done) == 3
    assert len(set(done)) == 1


async def test_what_a_job_refuses_is_told_as_it_is(db: str) -> None:
    async def job() -> None:
        raise ValidationFailed("no")

    with pytest.raises(ValidationFailed, match="no"):
        async with transaction():
            await lanes.all_done([job], ROOM)

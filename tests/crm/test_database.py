"""The database layer keeps its promises while back ends die, locks are held and statements run too long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import asyncpg
import pytest
from tortoise.exceptions import IntegrityError, TransactionManagementError

from crm.database import (
    ConnectionLost,
    Contention,
    Options,
    connected,
    constraint_of,
    copy_records,
    execute,
    execute_many,
    fetch,
    fetch_json,
    fetch_read,
    fetch_value,
    pool_gauges,
    reading,
    retrying,
    transaction,
)
from crm.errors import Busy, DatabaseUnavailable, Timeout, ValidationFailed
from models import Role
from tests.conftest import Clone
from tests.queries import counting

# A slow machine meets none of these limits; the tests that are about one shorten it.
SMALL = Options(maxsize=4, read_maxsize=2, acquire_timeout=60, statement_timeout=60, lock_timeout=60, minsize=4)
KILL_OTHERS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@pytest.fixture
async def small(clone: Clone) -> AsyncIterator[str]:
    """A database with a table `t (id, value)`, reached through a pool of four."""
    async with clone() as dsn, connected(dsn, SMALL):
        await execute("CREATE TABLE t (id int CONSTRAINT t_key PRIMARY KEY, value int CHECK (value >= 0))")
        await execute("INSERT INTO t VALUES (1, 0), (2, 0)")
        yield dsn


@asynccontextmanager
async def hurried(dsn: str, **limits: float) -> AsyncIterator[None]:
    """The same database with one limit that is soon met."""
    async with connected(dsn, replace(SMALL, **limits)):  # type: ignore[arg-type]
        yield


@asynccontextmanager
async def outsider(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


async def kill_all(dsn: str) -> None:
    async with outsider(dsn) as other:
        await other.fetchval(KILL_OTHERS)


async def all_connections_work() -> bool:
    """Take every connection of the pool at once, which cannot be done when one was lost."""
    everybody = asyncio.Barrier(SMALL.maxsize)

    async def take() -> int:
        async with transaction():
            await everybody.wait()
            return int(await fetch_value("SELECT 1"))

    taken = await asyncio.gather(*(take() for _ in range(SMALL.maxsize)))
    return sum(taken) == SMALL.maxsize and pool_gauges()[0].lent == 0


async def test_killed_connections_are_replaced_without_anybody_noticing(small: str) -> None:
    assert await all_connections_work()
    for _ in range(3):
        await kill_all(small)
        assert await all_connections_work()


async def test_a_transaction_that_loses_its_connection_says_so_and_gives_it_back(small: str) -> None:
    async def work() -> None:
        async with transaction():
            await kill_all(small)
            await fetch_value("SELECT 1")

    for _ in range(SMALL.maxsize + 1):
        with pytest.raises(ConnectionLost) as lost:
            await work()
        assert not lost.value.outcome_unknown
    assert await all_connections_work()


async def test_a_connection_lost_during_commit_leaves_the_outcome_unknown(small: str) -> None:
    async def work() -> None:
        async with transaction():
            await execute("UPDATE t SET value = 7")
            await kill_all(small)

    with pytest.raises(ConnectionLost) as lost:
        await work()
    assert lost.value.outcome_unknown
    assert await all_connections_work()


async def test_cancelling_while_a_transaction_begins_loses_no_connection(small: str) -> None:
    async def begin() -> None:
        async with transaction():
            await asyncio.sleep(1)

    for delay in range(30):
        task = asyncio.create_task(begin())
        for _ in range(delay % 10):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await all_connections_work()


async def test_a_request_that_finds_no_free_connection_is_told_soon(small: str) -> None:
    inside, released = asyncio.Barrier(SMALL.maxsize + 1), asyncio.Event()

    async def occupy() -> None:
        async with transaction():
            await inside.wait()
            await released.wait()

    async with hurried(small, acquire_timeout=2.0):
        occupants = [asyncio.create_task(occupy()) for _ in range(SMALL.maxsize)]
        await inside.wait()
        with pytest.raises(DatabaseUnavailable, match="All 4 connections") as refused:
            await fetch_value("SELECT 1")
        assert refused.value.details["retry_after"] == 1
        released.set()
        await asyncio.gather(*occupants)
        assert await all_connections_work()


async def test_the_gauges_show_who_waits_and_who_works(small: str) -> None:
    async with transaction():
        writing, read = pool_gauges()
    assert (writing.name, writing.lent, writing.limit, writing.waiting) == ("write", 1, 4, 0)
    assert (read.name, read.lent, read.limit) == ("read", 0, 2)


async def test_a_database_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(DatabaseUnavailable, match="cannot be reached"):
        async with hurried("postgresql://arzesh:x@127.0.0.1:1/arzesh", acquire_timeout=0.5):
            pass


async def test_a_statement_that_takes_too_long_is_ended(small: str) -> None:
    async with hurried(small, statement_timeout=1.0):
        with pytest.raises(Timeout):
            await fetch("SELECT pg_sleep(60)")
        with pytest.raises(Timeout):
            await fetch_read("SELECT pg_sleep(60)")
        assert await all_connections_work()


async def test_a_row_that_stays_locked_is_busy(small: str) -> None:
    async with outsider(small) as other, other.transaction(), hurried(small, lock_timeout=0.2):
        await other.execute("UPDATE t SET value = 5 WHERE id = 1")
        with pytest.raises(Busy):
            await execute("UPDATE t SET value = 6 WHERE id = 1")
    assert await fetch_value("SELECT value FROM t WHERE id = 1") == 5


async def add_one(both_have_read: asyncio.Barrier | None = None) -> None:
    async with transaction(isolation="serializable"):
        value = await fetch_value("SELECT value FROM t WHERE id = 1")
        await (both_have_read.wait() if both_have_read else asyncio.sleep(0.01))
        await execute("UPDATE t SET value = $1 WHERE id = 1", value + 1)


async def test_transactions_that_give_way_are_repeated_until_all_have_counted(small: str) -> None:
    await asyncio.gather(*(retrying(add_one, attempts=20) for _ in range(4)))
    assert await fetch_value("SELECT value FROM t WHERE id = 1") == 4


async def test_without_retrying_one_of_two_gives_way(small: str) -> None:
    both_have_read = asyncio.Barrier(2)
    ended = await asyncio.gather(*(add_one(both_have_read) for _ in range(2)), return_exceptions=True)
    assert [type(one) for one in ended if one is not None] == [Contention]
    assert await fetch_value("SELECT value FROM t WHERE id = 1") == 1


async def test_work_of_unknown_outcome_is_repeated_only_if_idempotent(small: str) -> None:
    tried: list[int] = []

    async def lost_at_commit() -> int:
        tried.append(1)
        if len(tried) < 3:
            raise ConnectionLost(outcome_unknown=True)
        return len(tried)

    with pytest.raises(ConnectionLost):
        await retrying(lost_at_commit)
    assert len(tried) == 1
    assert await retrying(lost_at_commit, idempotent=True) == 3


async def test_an_inner_transaction_that_fails_takes_only_its_own_work_along(small: str) -> None:
    async with transaction():
        await execute("UPDATE t SET value = 1")
        with pytest.raises(IntegrityError) as refused:
            async with transaction():
                await execute("UPDATE t SET value = -1")
    assert constraint_of(refused.value) == "t_value_check"
    assert await fetch_value("SELECT sum(value) FROM t") == 2


async def test_a_failure_that_was_swallowed_does_not_pass_for_a_commit(small: str) -> None:
    async def work() -> None:
        async with transaction():
            await execute("UPDATE t SET value = 9")
            with suppress(IntegrityError):
                await execute("UPDATE t SET value = -1")

    with pytest.raises(TransactionManagementError, match="nothing was committed"):
        await work()
    assert await fetch_value("SELECT sum(value) FROM t") == 0


async def test_isolation_is_chosen_by_the_outermost_transaction(small: str) -> None:
    async with transaction(isolation="repeatable_read", read_only=True):
        assert await fetch_value("SHOW transaction_isolation") == "repeatable read"
        assert await fetch_value("SHOW transaction_read_only") == "on"
        with pytest.raises(RuntimeError, match="outermost"):
            async with transaction(isolation="serializable"):
                pass


async def test_models_and_raw_statements_share_the_transaction(small: str) -> None:
    async def work() -> None:
        async with transaction():
            await Role.create(key="passing", name="passing")
            assert await execute("UPDATE role SET name = 'gone' WHERE name = 'passing'") == 1
            assert await Role.filter(name="gone").count() == 1
            raise KeyError

    with pytest.raises(KeyError):
        await work()
    assert await Role.filter(name="gone").count() == 0


async def test_a_value_that_cannot_be_stored_is_refused(small: str) -> None:
    with pytest.raises(ValidationFailed, match="cannot be stored"):
        await execute("INSERT INTO t VALUES (3, $1)", 2**40)
    with pytest.raises(ValidationFailed, match="cannot be stored"):
        await fetch_value("SELECT $1::text", "nul \x00")


async def test_many_rows_go_in_by_copy_or_by_one_statement(small: str) -> None:
    assert await copy_records("t", ["id", "value"], [(each, 1) for each in range(10, 110)]) == 100
    await execute_many("INSERT INTO t VALUES ($1, $2)", [(each, 2) for each in range(200, 250)])
    assert await execute("UPDATE t SET value = 3 WHERE value > 0") == 150


async def test_compiled_reads_come_as_bytes_in_one_statement(small: str) -> None:
    async with counting(transaction_control=True) as statements:
        assert await fetch_json("""SELECT '{"name": "علی"}'::json""") == '{"name": "علی"}'.encode()
        assert await fetch_json("SELECT jsonb_build_object('a', $1::int)", 1) == b'{"a": 1}'
    assert len(statements) == 2
    async with transaction():
        assert await fetch_json("SELECT jsonb_build_object('a', $1::int)", 1) == b'{"a": 1}'


async def test_read_connections_do_not_write(small: str) -> None:
    with pytest.raises(Exception, match="read-only"):
        await fetch_read("DELETE FROM t RETURNING id")
    assert await fetch_value("SELECT count(*) FROM t") == 2


async def test_reads_inside_a_transaction_see_its_changes(small: str) -> None:
    async with transaction():
        await execute("UPDATE t SET value = 4")
        assert (await fetch_read("SELECT sum(value) AS total FROM t"))[0]["total"] == 8


async def test_a_read_whose_connection_was_killed_is_done_again(small: str) -> None:
    await fetch_read("SELECT 1")
    await kill_all(small)
    assert (await fetch_read("SELECT 2 AS two"))[0]["two"] == 2


async def test_a_snapshot_sees_one_moment(small: str) -> None:
    async with reading(snapshot=True) as driver:
        before = await driver.fetchval("SELECT sum(value) FROM t")
        await execute("UPDATE t SET value = 100")
        assert await driver.fetchval("SELECT sum(value) FROM t") == before


async def test_behind_a_pooler_every_transaction_sets_its_own_limits(clone: Clone) -> None:
    async with clone() as dsn, connected(dsn, Options(statement_cache_size=0, lock_timeout=0.123)):
        async with transaction():
            assert await fetch_value("SHOW lock_timeout") == "123ms"
        assert await fetch_value("SHOW lock_timeout") == "0"

"""Following the events: none is passed over, none waits for another's long transaction, each comes once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from crm.database import execute, fetch_row, transaction
from crm.tail import LAST, NOTHING, Place, Seen, Tail

WRITE = """
INSERT INTO event (id, created_at, updated_at, type, noun, noun_id, actor_kind, actor_label, data)
SELECT uuidv7(), now(), now(), $1, 'customer', $2, 'SYSTEM', 'test', '{}' FROM generate_series(1, $3)
"""
STORED = "SELECT transaction_id, position FROM event_cursor WHERE name = 'test'"


async def write(kind: str, count: int = 1) -> None:
    await execute(WRITE, kind, uuid4(), count)


@asynccontextmanager
async def long(kind: str, count: int = 1) -> AsyncIterator[None]:
    """A transaction of somebody else's that has written and goes on until the block ends."""
    written, end = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with transaction():
            await write(kind, count)
            written.set()
            await end.wait()

    task = asyncio.create_task(hold())
    await written.wait()
    try:
        yield
    finally:
        end.set()
        await task


@pytest.fixture
async def tail(fresh_db: str) -> Tail:
    found = Tail("test", "me")
    assert await found.claim()
    return found


async def read(tail: Tail, limit: int = 100) -> list[str]:
    return [event.type for event in await tail.read(limit)]


async def test_each_event_comes_once(tail: Tail) -> None:
    await write("first")
    assert await read(tail) == ["first"]
    assert await read(tail) == []
    await write("second")
    assert await read(tail) == ["second"]


async def test_what_is_committed_does_not_wait_for_a_transaction_that_goes_on(tail: Tail) -> None:
    async with long("slow"):
        await write("quick")
        assert await read(tail) == ["quick"]
        await write("quick again")
        assert await read(tail) == ["quick again"]
    assert await read(tail) == ["slow"]
    assert await read(tail) == []


async def test_pages_tell_everything_once_even_while_transactions_end_between_them(tail: Tail) -> None:
    found: list[str] = []
    async with long("slow", 5):
        await write("early", 5)
        found += await read(tail, 3)
    await write("late", 4)
    while part := await read(tail, 3):
        found += part
    assert sorted(found) == ["early"] * 5 + ["late"] * 4 + ["slow"] * 5


async def test_another_process_goes_on_where_nothing_can_be_missing(tail: Tail) -> None:
    async with long("slow"):
        await write("quick")
        await read(tail)
        await tail.settle(caught_up=True)
    await tail.release()
    other = Tail("test", "other")
    assert await other.claim()
    assert await read(other) == ["slow", "quick"]


async def test_what_was_settled_is_not_read_again_by_another_process(tail: Tail) -> None:
    await write("done")
    await read(tail)
    await tail.settle(caught_up=True)
    await tail.release()
    other = Tail("test", "other")
    assert await other.claim()
    assert await read(other) == []


async def test_after_a_failure_all_that_was_not_settled_comes_again(tail: Tail) -> None:
    async with long("slow"):
        await write("quick")
        await read(tail)
    assert await read(tail) == ["slow"]
    tail.place = tail.settled
    assert await read(tail) == ["slow", "quick"]


async def test_the_stored_place_stays_before_transactions_that_run(tail: Tail) -> None:
    async with long("slow"):
        await write("quick")
        event = (await tail.read(10))[0]
        await tail.settle(caught_up=True)
        row = await fetch_row(STORED)
        assert row is not None
        assert row["transaction_id"] < event.transaction_id


def test_a_snapshot_says_below_what_nothing_comes_any_more() -> None:
    assert Seen.read("10:20:10,14") == Seen(20, (10, 14))
    assert Seen.read("10:20:10,14").certain == 10
    assert Seen.read("20:20:").certain == 20
    assert Place((7, 3)).kept == (7, 3)
    assert Place((12, 3), NOTHING, Seen(20, (10,))).kept == (9, LAST)

"""Transactions, raw statements and retries, for whoever works with the database."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeVar, cast

from asyncpg import Record
from tortoise.backends.base.client import NestedTransactionContext
from tortoise.connection import get_connection

from crm.database.asyncpg_client import Client, PooledTransaction, Transaction
from crm.database.faults import ConnectionLost, Contention, translate, translated
from crm.database.pool import Gauge
from crm.database.readers import ReadPool

T = TypeVar("T")

READ_ATTEMPTS = 3
FIRST_PAUSE = 0.02


def current() -> Client | Transaction:
    """The transaction of this task, else the client."""
    return cast("Client | Transaction", get_connection("default"))


def database() -> Client:
    """The client below whatever transaction runs."""
    found = current()
    while isinstance(found, Transaction):
        found = cast("Client | Transaction", found._parent)
    return found


def in_transaction() -> bool:
    return isinstance(current(), Transaction)


@asynccontextmanager
async def transaction(
    *, isolation: str | None = None, read_only: bool = False, sandbox: bool = False
) -> AsyncIterator[None]:
    """Everything in the block is kept together, or nothing of it.

    Inside another transaction the block is a savepoint, for which `isolation` ('repeatable_read' or
    'serializable') and `read_only` cannot be chosen any more: RuntimeError. Raises Busy, Contention, Timeout and
    DatabaseUnavailable. A `sandbox` is the outermost transaction of a test, which lets them pass.
    """
    found = current()
    context: NestedTransactionContext | PooledTransaction
    if isinstance(found, Transaction):
        refuse_late_choice(found, isolation, read_only)
        context = NestedTransactionContext(Transaction(found, sandbox=found.sandbox))
    else:
        context = PooledTransaction(Transaction(found, isolation=isolation, read_only=read_only, sandbox=sandbox))
    with translated():
        async with context:
            yield


def refuse_late_choice(outer: Transaction, isolation: str | None, read_only: bool) -> None:
    same = isolation in (None, outer.isolation) and read_only in (False, outer.read_only)
    if not (same or outer.sandbox):
        raise RuntimeError("isolation and read_only are chosen by the outermost transaction")


def connection() -> AbstractAsyncContextManager[Any]:
    """The driver's connection: of the running transaction, else one of the pool."""
    return cast("AbstractAsyncContextManager[Any]", current().acquire_connection())


async def fetch(sql: str, *args: Any) -> list[Record]:
    """The rows of a statement; json and jsonb are text."""
    with translated():
        async with connection() as driver:
            return cast("list[Record]", await driver.fetch(sql, *args))


async def fetch_row(sql: str, *args: Any) -> Record | None:
    with translated():
        async with connection() as driver:
            return cast("Record | None", await driver.fetchrow(sql, *args))


async def fetch_value(sql: str, *args: Any) -> Any:
    """The first column of the first row, or None."""
    with translated():
        async with connection() as driver:
            return await driver.fetchval(sql, *args)


async def execute(sql: str, *args: Any) -> int:
    """Run a statement; the number of rows that it touched."""
    with translated():
        async with connection() as driver:
            status: str = await driver.execute(sql, *args)
    last = status.rsplit(" ", 1)[-1]
    return int(last) if last.isdigit() else 0


async def execute_many(sql: str, rows: Iterable[Sequence[Any]]) -> None:
    """Run a statement once per row, in one round trip and all or nothing."""
    with translated():
        async with connection() as driver:
            await driver.executemany(sql, rows)


async def copy_records(table: str, columns: Sequence[str], records: Iterable[Sequence[Any]]) -> int:
    """Append records by COPY, the fastest way in; their number."""
    with translated():
        async with connection() as driver:
            status: str = await driver.copy_records_to_table(table, columns=list(columns), records=records)
    return int(status.rsplit(" ", 1)[-1])


@asynccontextmanager
async def reading(*, snapshot: bool = False) -> AsyncIterator[Any]:
    """A connection for reading: of the running transaction, which sees its own changes, else of the read pool.

    With `snapshot` all statements of the block see the database at one moment.
    """
    if in_transaction():
        async with connection() as driver:
            yield driver
        return
    with translated():
        async with database().reading.lend() as driver:
            if not snapshot:
                yield driver
                return
            async with driver.transaction(isolation="repeatable_read", readonly=True):
                yield driver


async def fetch_read(sql: str, *args: Any) -> list[Record]:
    """The rows of a compiled read. A connection found dead is replaced; reading twice does no harm.

    json and jsonb are bytes, except inside a transaction, where they are text.
    """
    found = current()
    if isinstance(found, Transaction):
        return await fetch(sql, *args)
    for _ in range(READ_ATTEMPTS - 1):
        try:
            return await read_from(found.reading, sql, args)
        except ConnectionLost:
            continue
    return await read_from(found.reading, sql, args)


async def read_from(pool: ReadPool, sql: str, args: Sequence[Any]) -> list[Record]:
    driver = pool.take() or await pool.acquire()
    try:
        rows: list[Record] = await driver.read(sql, args)
    except BaseException as error:
        await pool.release(driver)
        ours = translate(error)
        if ours is None:
            raise
        raise ours from error
    pool.give(driver)
    return rows


async def fetch_json(sql: str, *args: Any) -> bytes | None:
    """The first column of the first row, a json or jsonb value, as the bytes that go to the socket."""
    rows = await fetch_read(sql, *args)
    found: bytes | str | None = rows[0][0] if rows else None
    return found.encode() if isinstance(found, str) else found


async def retrying(
    work: Callable[[], Awaitable[T]],
    *,
    attempts: int = 4,
    idempotent: bool = False,
    chance: Callable[[], float] = random.random,
) -> T:
    """Run `work`, which opens its own transaction, again when it gave way to another or lost its connection.

    A connection lost during COMMIT leaves the outcome unknown: such work is repeated only if `idempotent`, that is
    if it finds out by itself that it was done before. Inside a transaction nothing is repeated, for the whole of it
    has failed. The pauses double from 20 ms, with up to as much again by `chance`.
    """
    if in_transaction():
        return await work()
    for attempt in range(attempts):
        try:
            return await work()
        except (Contention, ConnectionLost) as error:
            unknown = isinstance(error, ConnectionLost) and error.outcome_unknown
            if attempt == attempts - 1 or (unknown and not idempotent):
                raise
            await asyncio.sleep(FIRST_PAUSE * 2**attempt * (1 + chance()))
    raise AssertionError("attempts is above zero")


def pool_gauges() -> tuple[Gauge, Gauge]:
    """How busy the pools for writing and for reading are."""
    client = database()
    return client.writing.gauge(), client.reading.gauge()

"""Tortoise's asyncpg client over our pools: the engine named in Tortoise's configuration.

Tortoise 1.1.9 loses a connection for good when BEGIN fails or is cancelled, and waits for one without end; here it is
given back, and waited for only so long. (The module's name tells Tortoise's migrations which dialect this is.)
"""

from __future__ import annotations

import asyncio
from typing import Any

from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import NestedTransactionContext, TransactionContext
from tortoise.connection import ConnectionHandler, get_connections

from crm.database.faults import ConnectionLost, is_lost, translate
from crm.database.pool import Options, Pool
from crm.database.readers import ReadPool

MOST_DEAD_CONNECTIONS = 1000
"""A bound for the loop over dead connections; the acquire timeout ends it long before."""


class Client(AsyncpgDBClient):
    """The client of one database: a pool for writing and one for compiled reads."""

    def __init__(self, dsn: str, options: Options, connection_name: str) -> None:
        super().__init__(connection_name=connection_name)
        self.options = options
        self.writing = Pool("write", dsn, options)
        self.reading = ReadPool("read", dsn, options, for_reading=True)

    async def create_connection(self, with_db: bool) -> None:
        self._pool = await self.writing.opened()
        await self._post_connect()

    async def _close(self) -> None:
        self._pool = None
        await asyncio.gather(self.writing.close(), self.reading.close())

    def acquire_connection(self) -> Any:
        return self.writing.lend()

    def _in_transaction(self) -> TransactionContext:
        return PooledTransaction(Transaction(self))

    async def _translate_exceptions(self, func: Any, *args: Any, **kwargs: Any) -> Any:
        return await run_translated(func, self, *args, **kwargs)


class Transaction(TransactionWrapper):
    """What a task sees in place of the client while its transaction runs."""

    def __init__(
        self,
        parent: Client | Transaction,
        *,
        isolation: str | None = None,
        read_only: bool = False,
        sandbox: bool = False,
    ) -> None:
        super().__init__(parent)
        self.isolation = isolation
        self.read_only = read_only
        self.sandbox = sandbox

    async def begin(self) -> None:
        self.transaction = self._connection.transaction(isolation=self.isolation, readonly=self.read_only)
        await self.transaction.start()

    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(Transaction(self))

    async def _translate_exceptions(self, func: Any, *args: Any, **kwargs: Any) -> Any:
        return await run_translated(func, self, *args, **kwargs)


async def run_translated(func: Any, *args: Any, **kwargs: Any) -> Any:
    try:
        return await func(*args, **kwargs)
    except Exception as error:
        ours = translate(error)
        if ours is None:
            raise
        raise ours from error


class PooledTransaction(TransactionContext):
    """BEGIN on a connection of the pool, COMMIT or ROLLBACK, and back it goes whatever happens."""

    client: Transaction
    handler: ConnectionHandler

    def __init__(self, client: Transaction) -> None:
        self.client = client
        self.database: Client = client._parent  # type: ignore[assignment]

    async def __aenter__(self) -> Transaction:
        await self._begin()
        self.handler = get_connections()
        self.token = self.handler.set(self.client.connection_name, self.client)
        return self.client

    async def _begin(self) -> None:
        """Begin; a pooled connection that turns out to be dead is put away and the next one taken."""
        for _ in range(MOST_DEAD_CONNECTIONS):
            connection = await self.database.writing.acquire()
            self.client._connection = connection
            try:
                await self.client.begin()
                await self._limit()
                return
            except BaseException as error:
                await self.database.writing.release(connection)
                if is_lost(error) or isinstance(error, ConnectionLost):
                    continue
                ours = translate(error)
                if ours is None:
                    raise
                raise ours from error
        raise ConnectionLost()

    async def _limit(self) -> None:
        """Behind a pooler the session's own limits do not hold, so every transaction sets them."""
        if self.database.options.behind_pooler:
            limits = self.database.options.limits.items()
            await self.client._connection.execute(";".join(f"SET LOCAL {name} = {value}" for name, value in limits))

    async def __aexit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        try:
            if not self.client._finalized:
                await (self._commit() if error is None else self._roll_back())
        finally:
            self.handler.reset(self.token)
            await self.database.writing.release(self.client._connection)

    async def _commit(self) -> None:
        try:
            await self.client.commit()
        except Exception as error:
            if is_lost(error) or isinstance(error, TimeoutError):
                raise ConnectionLost(outcome_unknown=True) from error
            raise (translate(error) or error) from error

    async def _roll_back(self) -> None:
        """Undo. A connection that is gone has undone everything already; the first error is the one to tell."""
        try:
            if not self.client._connection.is_closed():
                await self.client.rollback()
        except Exception as error:
            if translate(error) is None:
                raise


client_class = Client

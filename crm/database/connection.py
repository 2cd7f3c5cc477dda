"""The driver's connection, with what we need of it: statements can be listened to, a lost COMMIT is noticed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import asyncpg

Listener = Callable[[str], None]

_listeners: ContextVar[tuple[Listener, ...]] = ContextVar("statement_listeners", default=())


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Call `listener` with the text of every statement sent by this task and the tasks it starts."""
    token = _listeners.set((*_listeners.get(), listener))
    try:
        yield
    finally:
        _listeners.reset(token)


def announce(statement: str) -> None:
    for listener in _listeners.get():
        listener(statement)


class Connection(asyncpg.Connection):  # type: ignore[misc]
    """A connection for reading and writing."""

    __slots__ = ()

    async def execute(self, query: str, *args: Any, **options: Any) -> str:
        if query is not self.get_reset_query():  # the pool's own housekeeping is nobody's statement
            announce(query)
        status: str = await super().execute(query, *args, **options)
        if query == "COMMIT;" and status == "ROLLBACK":
            # PostgreSQL answers so, without an error, when a statement of the transaction had failed.
            raise asyncpg.InFailedSQLTransactionError("a statement had failed: nothing was committed")
        return status

    async def executemany(self, command: str, args: Iterable[Any], **options: Any) -> None:
        announce(command)
        await super().executemany(command, args, **options)

    async def fetch(self, query: str, *args: Any, **options: Any) -> list[asyncpg.Record]:
        announce(query)
        rows: list[asyncpg.Record] = await super().fetch(query, *args, **options)
        return rows

    async def fetchrow(self, query: str, *args: Any, **options: Any) -> asyncpg.Record | None:
        announce(query)
        return await super().fetchrow(query, *args, **options)

    async def fetchval(self, query: str, *args: Any, **options: Any) -> Any:
        announce(query)
        return await super().fetchval(query, *args, **options)

    async def copy_records_to_table(self, table_name: str, **options: Any) -> str:
        announce(f"COPY {table_name}")
        status: str = await super().copy_records_to_table(table_name, **options)
        return status


STALE = (asyncpg.InvalidCachedStatementError, asyncpg.OutdatedSchemaCacheError)
"""What a prepared statement meets after a migration."""


class ReadConnection(Connection):
    """A connection for compiled reads, which leave no session state: its release costs no round trip.

    It keeps the statements that it prepared: running one of them takes half as long as having the driver look it up.
    """

    __slots__ = ("prepared",)

    prepared: OrderedDict[str, Any]

    def forget(self) -> None:
        """Begin anew: what was prepared before the driver's pool had the connection cannot be used any more."""
        self.prepared = OrderedDict()

    def get_reset_query(self) -> str:
        return ""

    async def read(self, text: str, values: Sequence[Any]) -> list[asyncpg.Record]:
        """The rows of a compiled read."""
        most = self._config.statement_cache_size
        if not most:  # behind a pooler nothing stays prepared
            return await self.fetch(text, *values)
        announce(text)
        statement = self.prepared.get(text)
        if statement is None:
            statement = await self.keep(text, most)
        else:
            self.prepared.move_to_end(text)
        try:
            rows: list[asyncpg.Record] = await statement.fetch(*values)
        except STALE:
            self.forget()
            rows = await (await self.keep(text, most)).fetch(*values)
        return rows

    async def keep(self, text: str, most: int) -> Any:
        statement = self.prepared[text] = await self.prepare(text)
        if len(self.prepared) > most:
            self.prepared.popitem(last=False)
        return statement


async def give_json_as_bytes(connection: asyncpg.Connection) -> None:
    """Hand json and jsonb over as the server's own bytes, undecoded, ready for the socket."""
    for name, head in (("json", b""), ("jsonb", b"\x01")):
        await connection.set_type_codec(
            name,
            schema="pg_catalog",
            format="binary",
            encoder=lambda value, head=head: head + (value if isinstance(value, bytes) else value.encode()),
            decoder=lambda value, head=head: bytes(value[len(head) :]),
        )

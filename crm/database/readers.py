"""The pool behind compiled reads: a connection is lent and taken back without a round trip, a task or a timer."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from asyncpg import InterfaceError

from crm.database.pool import Gauge, Pool

IDLE = 300.0
"""Seconds after which a connection that nobody needed is closed."""


@dataclass
class ReadPool(Pool):
    """Keeps connections for itself instead of handing each back to the driver's pool.

    asyncpg takes back a connection in a task of its own, so that it can be reset; compiled reads leave nothing to
    reset. What went wrong, was cancelled or is in a transaction goes the driver's way all the same.
    """

    idle: list[Any] = field(default_factory=list)
    waiters: deque[asyncio.Future[Any]] = field(default_factory=deque)
    held: int = 0
    """Connections that are ours: lent, idle, or about to be opened."""
    closing: set[asyncio.Task[None]] = field(default_factory=set)
    trimming: asyncio.TimerHandle | None = None
    needed: int = 0
    """The most that were lent at once since the last trimming."""

    def take(self) -> Any | None:
        """An idle connection, if there is one, at once."""
        while self.idle:
            connection = self.idle.pop()
            if ended(connection):
                self._drop(connection)
                continue
            self.lent += 1
            self.lends += 1
            self.needed = max(self.needed, self.lent)
            return connection
        return None

    async def acquire(self) -> Any:
        return self.take() or await super().acquire()

    async def _acquire_by(self, until: float) -> Any:
        """One that is given back, or a new one as long as more are allowed."""
        if self.held < self.limit:
            self.held += 1
            try:
                connection = await super()._acquire_by(until)
                connection.forget()
            except BaseException:
                self._lose()
                raise
            self._watch()
            return connection
        return await self._given_back(until) or await self._acquire_by(until)

    async def _given_back(self, until: float) -> Any | None:
        """The next connection that somebody gives back; None when one was closed, so that another may be opened."""
        waiter: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.waiters.append(waiter)
        try:
            async with asyncio.timeout_at(until):
                return await waiter
        except BaseException as error:
            if waiter.done() and not waiter.cancelled():
                self._pass_on(waiter.result())  # it came at the moment at which the wait ended
            waiter.cancel()
            if isinstance(error, TimeoutError):
                raise self.full() from None
            raise

    @asynccontextmanager
    async def lend(self) -> AsyncIterator[Any]:
        connection = await self.acquire()
        try:
            yield connection
        except BaseException:
            await self.release(connection)
            raise
        if connection.is_in_transaction():
            await self.release(connection)
        else:
            self.give(connection)

    def give(self, connection: Any) -> None:
        """Take back a connection whose last statement ended well."""
        self.lent -= 1
        self._pass_on(connection)

    def _pass_on(self, connection: Any | None) -> None:
        """To whoever waits longest, else to the idle ones; None stands for the room of one that was closed."""
        while self.waiters:
            waiter = self.waiters.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return
        if connection is not None:
            self.idle.append(connection)

    async def release(self, connection: Any) -> None:
        """Take back a connection of which nothing is known."""
        self._lose()
        await super().release(connection)

    def _drop(self, connection: Any) -> None:
        """Let the driver's pool have one that died while nobody used it, or that nobody needs."""
        self._lose()
        self.lent += 1
        closing = asyncio.get_running_loop().create_task(super().release(connection))
        self.closing.add(closing)
        closing.add_done_callback(self.closing.discard)

    def _lose(self) -> None:
        self.held -= 1
        self._pass_on(None)

    def _watch(self) -> None:
        if self.trimming is None:
            self.trimming = asyncio.get_running_loop().call_later(IDLE, self._trim)

    def _trim(self) -> None:
        """Close those that were not needed since the last time."""
        self.trimming = None
        spare = max(self.held - max(self.needed, self.lent), 0)
        for connection in self.idle[:spare]:
            self._drop(connection)
        del self.idle[:spare]
        self.needed = self.lent
        if self.held:
            self._watch()

    def gauge(self) -> Gauge:
        found = super().gauge()
        return replace(found, idle=found.idle + len(self.idle))

    async def close(self, patience: float = 10.0) -> None:
        if self.trimming is not None:
            self.trimming.cancel()
            self.trimming = None
        while self.idle:
            self._drop(self.idle.pop())
        await asyncio.gather(*self.closing, return_exceptions=True)
        await super().close(patience)
        self.held = self.lent = 0


def ended(connection: Any) -> bool:
    """Whether a connection died while nobody used it; the driver's pool may have noticed first and taken it back."""
    try:
        return bool(connection.is_closed())
    except InterfaceError:
        return True

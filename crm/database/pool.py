"""A pool of connections that is never waited for without end, and says how busy it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from crm.database.connection import Connection, ReadConnection, give_json_as_bytes
from crm.database.faults import REFUSED, RETRY_AFTER, is_lost, translate, unreachable
from crm.errors import DatabaseUnavailable
from crm.settings import Settings

PAUSE = 0.05
"""Seconds between two attempts to reach a server that restarts."""

CLIENT_GRACE = 5.0
"""Seconds above the server's own statement timeout after which we stop waiting for a silent network."""


@dataclass(frozen=True)
class Options:
    """How one process uses the database; times in seconds, 0 means no limit."""

    minsize: int = 1
    maxsize: int = 10
    read_maxsize: int = 10
    acquire_timeout: float = 2.0
    statement_timeout: float = 5.0
    lock_timeout: float = 1.0
    idle_in_transaction_timeout: float = 10.0
    statement_cache_size: int = 1000
    application_name: str = "arzesh"

    @property
    def behind_pooler(self) -> bool:
        """Whether a pooler in transaction mode stands between, where a session keeps nothing."""
        return self.statement_cache_size == 0

    @property
    def limits(self) -> dict[str, str]:
        return {
            "statement_timeout": f"{self.statement_timeout * 1000:.0f}",
            # Statements of many small subplans look costly; compiling them takes longer than running them.
            "jit": "off",
            "lock_timeout": f"{self.lock_timeout * 1000:.0f}",
            "idle_in_transaction_session_timeout": f"{self.idle_in_transaction_timeout * 1000:.0f}",
        }


def options_of(settings: Settings, *, jobs: bool = False) -> Options:
    """The options of a web process, or of one that runs background jobs."""
    return Options(
        minsize=settings.pool_min,
        maxsize=settings.pool_max,
        read_maxsize=settings.read_pool_max,
        acquire_timeout=settings.acquire_timeout,
        statement_timeout=settings.job_statement_timeout if jobs else settings.statement_timeout,
        lock_timeout=settings.lock_timeout,
        idle_in_transaction_timeout=settings.idle_in_transaction_timeout,
        statement_cache_size=settings.statement_cache_size,
        application_name="arzesh-jobs" if jobs else "arzesh",
    )


@dataclass(frozen=True)
class Gauge:
    """How busy a pool is: connections open, idle, lent and allowed; tasks waiting; lends and time waited so far."""

    name: str
    size: int
    idle: int
    lent: int
    limit: int
    waiting: int
    lends: int
    waited_seconds: float


@dataclass
class Pool:
    """One pool; made at the first use, in the event loop that uses it."""

    name: str
    dsn: str
    options: Options
    for_reading: bool = False
    raw: asyncpg.Pool | None = None
    lent: int = 0
    waiting: int = 0
    lends: int = 0
    waited_seconds: float = 0.0
    opening: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def acquire(self) -> Any:
        """A connection, or DatabaseUnavailable after the acquire timeout.

        A server that refuses for a moment (it restarts, or has no free slot) is asked again until then.
        """
        began = asyncio.get_running_loop().time()
        until = began + self.options.acquire_timeout
        self.waiting += 1
        try:
            connection = await self._acquire_by(until)
            self.lent += 1
            self.lends += 1
            return connection
        finally:
            self.waiting -= 1
            self.waited_seconds += asyncio.get_running_loop().time() - began

    async def _acquire_by(self, until: float) -> Any:
        refusal: BaseException | None = None
        try:
            async with asyncio.timeout_at(until):
                while True:
                    try:
                        return await (await self.opened()).acquire()
                    except REFUSED as error:
                        if isinstance(error, TimeoutError):
                            raise
                        refusal = error
                        await asyncio.sleep(PAUSE)
        except TimeoutError:
            if self.lent >= self.limit:
                raise self.full() from None
            raise unreachable(refusal or TimeoutError("no answer in time")) from refusal
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise translate(error) or unreachable(error) from error

    def full(self) -> DatabaseUnavailable:
        return DatabaseUnavailable(
            f"All {self.limit} connections to the database are in use; repeat the request shortly.",
            retry_after=RETRY_AFTER,
        )

    async def release(self, connection: Any) -> None:
        """Give a connection back, dead or alive. What a dead one says on leaving concerns nobody."""
        self.lent -= 1
        if self.raw is None:
            return
        try:
            await self.raw.release(connection)
        except Exception as error:
            if not is_lost(error) and translate(error) is None:
                raise

    @asynccontextmanager
    async def lend(self) -> AsyncIterator[Any]:
        connection = await self.acquire()
        try:
            yield connection
        finally:
            await self.release(connection)

    async def opened(self) -> asyncpg.Pool:
        if self.raw is None:
            async with self.opening:
                if self.raw is None:
                    self.raw = await asyncpg.create_pool(self.dsn, **self.arguments())
        return self.raw

    def arguments(self) -> dict[str, Any]:
        options = self.options
        session = {"application_name": options.application_name}
        if not options.behind_pooler:
            session |= options.limits | ({"default_transaction_read_only": "on"} if self.for_reading else {})
        return {
            "min_size": 0 if self.for_reading else options.minsize,
            "max_size": self.limit,
            "connection_class": ReadConnection if self.for_reading else Connection,
            "init": give_json_as_bytes if self.for_reading else None,
            "server_settings": session,
            "timeout": max(options.acquire_timeout, 1.0),
            "command_timeout": options.statement_timeout + CLIENT_GRACE if options.statement_timeout else None,
            "statement_cache_size": options.statement_cache_size,
            "max_cached_statement_lifetime": 0,
        }

    @property
    def limit(self) -> int:
        return self.options.read_maxsize if self.for_reading else max(self.options.maxsize, 1)

    async def close(self, patience: float = 10.0) -> None:
        raw, self.raw = self.raw, None
        if raw is None:
            return
        try:
            async with asyncio.timeout(patience):
                await raw.close()
        except TimeoutError:
            raw.terminate()

    def gauge(self) -> Gauge:
        size = self.raw.get_size() if self.raw else 0
        idle = self.raw.get_idle_size() if self.raw else 0
        return Gauge(
            self.name, size, idle, self.lent, self.limit, self.waiting, self.lends, round(self.waited_seconds, 6)
        )

"""What comparisons share: a server of their own, fair alternation, percentiles, and a table."""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from rich.console import Console
from rich.table import Table

from crm import embedded
from crm.database import connected
from crm.database.migrations import migrate
from crm.settings import Settings

# A server as one would run it for real on a machine of 24 GB, but for the disk: the data is thrown away.
PARAMETERS = {"shared_buffers": "4GB", "max_wal_size": "8GB", "synchronous_commit": "off", "max_connections": "100"}

Work = Callable[[], Awaitable[object]]


@asynccontextmanager
async def database(kept: Path | None = None) -> AsyncIterator[tuple[str, Settings]]:
    """A migrated database on a server that lives as long as the block; this process is connected to it.

    With `kept` its data stays in that folder for the next run.
    """
    with contextlib.ExitStack() as stack:
        folder = tempfile.TemporaryDirectory(prefix="arzesh-bench-", ignore_cleanup_errors=True)
        settings = settings_in(kept or Path(stack.enter_context(folder)))
        lease = await asyncio.to_thread(embedded.start, settings, parameters=PARAMETERS, remove=kept is None)
        try:
            await migrate(lease.dsn)
            async with connected(lease.dsn, settings):
                yield lease.dsn, settings
        finally:
            await asyncio.to_thread(lease.stop)


def settings_in(folder: Path) -> Settings:
    folder.chmod(0o755)  # the server may have to run as an ordinary user, who has to enter
    return Settings(data_home=folder, embedded_home=folder, secret_key="bench" * 16)


async def analyze(dsn: str) -> None:
    """Let the planner know what was loaded, and freeze it, so that no vacuum runs beside a measurement."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("VACUUM (ANALYZE, FREEZE)")
    finally:
        await connection.close()


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of each counted run of one contestant."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    def quantile(self, share: float) -> float:
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def alternate(contestants: Mapping[str, Work], *, runs: int, warmup: int = 1) -> dict[str, Timing]:
    """Run the contestants in turn, A B A B …, so that a drift of the machine's speed meets all of them."""
    taken: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(warmup + runs):
        for name, work in contestants.items():
            began = time.perf_counter()
            await work()
            if turn >= warmup:
                taken[name].append(time.perf_counter() - began)
    return {name: Timing(tuple(seconds)) for name, seconds in taken.items()}


async def stopwatch(work: Work) -> float:
    """Seconds that one run takes."""
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print one table; the first column is text, the others are numbers."""
    table = Table(title=title, title_justify="left")
    for position, column in enumerate(columns):
        table.add_column(column, justify="left" if position == 0 else "right")
    for row in rows:
        table.add_row(*(f"{cell:,.3g}" if isinstance(cell, float) else str(cell) for cell in row))
    Console(width=140).print(table)

"""Value runs from ten thousand to a million customers, one customer refreshed, and the package `lifetimes` beside."""

from __future__ import annotations

import asyncio
import math
import statistics
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from bench.harness import analyze, database, show
from bench.organisation import organisation
from bench.rivals import beside_lifetimes, timed
from crm import orders
from crm.access import system
from crm.database import connected, execute, fetch, fetch_value, listening, transaction
from crm.database.connection import Connection
from crm.demo import cdnow
from crm.imports import take_in
from crm.settings import Settings
from crm.value import fitting, runs
from crm.value.runs import full, inputs, refresh

BENCH = system("bench")
ORDERS = 20.0
END_OF_CDNOW = datetime(1998, 6, 30, 23, tzinfo=UTC)
COLUMNS = ("features", "read", "fit", "score", "write", "publish", "whole", "its CPU", "peak MB")


async def run(small: bool) -> None:
    """Print the tables; `small` tries small organisations only. BENCH_DATA names a folder that keeps the others."""
    sizes = [1_000, 10_000] if small else [10_000, 100_000, 1_000_000]
    rows = [("CDNOW", await of_cdnow())]
    for size in sizes:
        async with organisation(size, ORDERS) as made:
            days = await fetch_value("SELECT sum(reltuples)::bigint FROM pg_class WHERE relname = 'customer_day'")
            rows.append((f"{size:,} customers, {days:,} purchase days", await measured(made.dsn, made.end)))
            if size == sizes[-1]:
                # A server that has just started reads all from the disk.
                rows.append(("the same again, with data at hand", await measured(made.dsn, made.end)))
                await refreshed(made.end)
    show(
        "A value run in a process of its own, seconds; features: all days added up, which runs for the past do",
        ["organisation", *COLUMNS],
        [(name, *(f"{value:.2f}" for value in values[:-1]), f"{values[-1]:.0f}") for name, values in rows],
    )
    whole = COLUMNS.index("whole")
    exponent = math.log(rows[-1][1][whole] / rows[1][1][whole]) / math.log(sizes[-1] / sizes[0])
    print(f"growth from {sizes[0]:,} to {sizes[-1]:,} customers: exponent {exponent:.2f}")  # noqa: T201
    beside_lifetimes(sizes[1])


async def of_cdnow() -> list[float]:
    """The whole log, taken in as anybody would."""
    async with database() as (dsn, settings):
        async with connected(dsn, replace(settings, statement_timeout=600.0)):
            await take_in(BENCH, cdnow.source(cdnow.path()), now=datetime.now(UTC))
            await runs.recompute(BENCH, as_of=END_OF_CDNOW, now=datetime.now(UTC))
        await analyze(dsn)
        return await measured(dsn, END_OF_CDNOW)


async def measured(dsn: str, at: datetime) -> list[float]:
    """Seconds of each step and in all, and the peak memory, of a run in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return await asyncio.get_running_loop().run_in_executor(pool, one_run, dsn, at)


def one_run(dsn: str, at: datetime) -> list[float]:
    return asyncio.run(timed_run(dsn, at))


async def timed_run(dsn: str, at: datetime) -> list[float]:
    marks: list[float] = []
    fits: list[float] = []
    step = full._Work.step

    async def marked(self: Any, name: str, **values: Any) -> None:
        marks.append(time.perf_counter())
        await step(self, name, **values)

    def timed_fit(*given: Any) -> Any:
        seconds, found = timed(lambda: fitting.fit(*given))
        fits.append(seconds)
        return found

    full._Work.step = marked  # type: ignore[method-assign]
    full.fit = timed_fit  # type: ignore[attr-defined]
    async with connected(dsn, replace(Settings(secret_key="bench" * 16), statement_timeout=600.0)):
        features, _ = await timed_wait(aggregated(at))
        began, spent = time.perf_counter(), time.process_time()
        await runs.recompute(BENCH, as_of=at, now=datetime.now(UTC))
        marks.append(time.perf_counter())
    read, fitted_and_scored, write, publish = (b - a for a, b in zip(marks, marks[1:], strict=False))
    steps = [features, read, sum(fits), fitted_and_scored - sum(fits), write, publish]
    return [*steps, marks[-1] - began, time.process_time() - spent, peak()]


def peak() -> float:
    """The most memory that this process had, in MB. `ru_maxrss` would count what its parent had when it forked."""
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


async def aggregated(at: datetime) -> None:
    """All days of everybody added up, as a run for a moment in the past does; one of today reads the kept sums."""
    async with transaction():
        await execute("SET LOCAL statement_timeout = 0; SET LOCAL enable_hashagg = off")
        # Of the whole row, or PostgreSQL leaves out the sums that nobody looks at.
        await fetch(f"SELECT count(d) FROM ({inputs.DAYS.format(only='')}) d", at.date())


async def timed_wait(work: Awaitable[Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    result = await work
    return time.perf_counter() - began, result


class Clock:
    """Adds up the seconds that statements of the connections take, from sending to the last row."""

    METHODS = ("execute", "executemany", "fetch", "fetchrow", "fetchval", "copy_to_table")

    def __init__(self) -> None:
        self.seconds = 0.0
        for name in self.METHODS:
            setattr(Connection, name, self.timing(getattr(Connection, name)))

    def timing(self, method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def timed_call(*given: Any, **options: Any) -> Any:
            seconds, result = await timed_wait(method(*given, **options))
            self.seconds += seconds
            return result

        return timed_call


async def refreshed(end: datetime) -> None:
    """One customer's figures brought up to date after an order of his, two hundred times."""
    clock, waited = Clock(), []
    chosen = [row[0] for row in await fetch("SELECT id FROM customer ORDER BY md5(id::text) LIMIT 220")]
    taken, statements = [], []
    now = end + timedelta(hours=1)
    for number, key in enumerate(chosen):
        await orders.record(BENCH, key, fields={"amount": Decimal(20), "placed_at": now}, now=now)
        with listening(statements.append):
            began, clock.seconds = time.perf_counter(), 0.0
            await refresh.refresh(BENCH, [key], now=now)
        if number >= 20:
            taken.append((time.perf_counter() - began) * 1000)
            waited.append(clock.seconds * 1000)
    show(
        "One customer refreshed after an order, milliseconds; database: from sending a statement to its last row",
        ["", "least", "p50", "p95", "statements"],
        [
            (name, f"{min(times):.2f}", f"{statistics.median(times):.2f}", f"{sorted(times)[190]:.2f}", count)
            for name, times, count in (
                ("database", waited, str(len(statements) // len(chosen))),
                ("from beginning to commit", taken, ""),
            )
        ],
    )

"""Value runs from ten thousand to a million customers, one customer refreshed, and the package `lifetimes` beside."""

from __future__ import annotations

import asyncio
import math
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from bench.harness import database, show
from crm.access import system
from crm.database import connected, connection, execute, fetch, listening, transaction, translated
from crm.database.connection import Connection
from crm.demo.cdnow import path as cdnow_path
from crm.settings import Settings
from crm.value import fitting, models, purchases, rollup, runs
from crm.value.columns import Column, Kind
from crm.value.discount import Horizon
from crm.value.history import History
from crm.value.runs import full, inputs, refresh
from crm.value.runs.packing import HEADER, TRAILER, pack
from crm.value.runs.snapshots import keys

BENCH = system("bench")
AS_OF = datetime(2025, 1, 1, 23, tzinfo=UTC)
DAYS = 1096
FIRST_DAY = 18_993  # 2022-01-01
BLOCK = 100_000
ORDERS = 25
PATIENCE = 3600.0
TABLES = ("customer", "customer_day", '"order"')
INDEX = """
CREATE UNIQUE INDEX uq_customer_day ON customer_day (customer_id, day)
INCLUDE (is_first, purchases, orders, revenue, list_revenue, cost_of_goods, uncosted_revenue)
"""


async def run(small: bool) -> None:
    """Print the tables; `small` tries the first two sizes only."""
    sizes = [1_000, 10_000] if small else [10_000, 100_000, 1_000_000]
    rows = []
    async with database() as (dsn, _):
        await at_leisure(*(f"ALTER TABLE {table} SET (autovacuum_enabled = off)" for table in TABLES))
        await cdnow()
        rows.append(("CDNOW", *await measured(dsn, datetime(1998, 6, 30, 23, tzinfo=UTC))))
        for size in sizes:
            await empty()
            days = await organisation(size)
            rows.append((f"{size:,} customers, {days:,} purchase days", *await measured(dsn, AS_OF)))
        show(
            "A value run in a process of its own, seconds; features: the roll-up aggregated, which reading includes",
            ["organisation", "features", "read", "fit", "score", "write", "publish", "whole", "its CPU", "peak MB"],
            [(name, *(f"{value:.2f}" for value in values[:-1]), f"{values[-1]:.0f}") for name, *values in rows],
        )
        exponent = math.log(rows[-1][7] / rows[1][7]) / math.log(sizes[-1] / sizes[0])
        print(f"growth from {sizes[0]:,} to {sizes[-1]:,} customers: exponent {exponent:.2f}")  # noqa: T201
        await refreshed()
        await beside_lifetimes(sizes[1])


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
    """The roll-up of everybody, as a run groups it, without the rest of what a run reads."""
    async with transaction():
        await execute("SET LOCAL statement_timeout = 0; SET LOCAL enable_hashagg = off")
        # Of the whole row, or PostgreSQL leaves out the sums that nobody looks at.
        statement = f"SELECT count(d) FROM ({inputs.DAYS.format(only='')}) d WHERE $2::timestamptz IS NOT NULL"
        await fetch(statement, at.date(), at, at.date() - timedelta(days=365))


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


async def refreshed() -> None:
    """One customer's figures brought up to date, two hundred times."""
    clock, waited = Clock(), []
    chosen = [row[0] for row in await fetch("SELECT id FROM customer ORDER BY md5(id::text) LIMIT 220")]
    taken, statements = [], []
    for number, key in enumerate(chosen):
        with listening(statements.append):
            began, clock.seconds = time.perf_counter(), 0.0
            await refresh.refresh(BENCH, [key], now=AS_OF + timedelta(hours=1))
        if number >= 20:
            taken.append((time.perf_counter() - began) * 1000)
            waited.append(clock.seconds * 1000)
    show(
        "One customer refreshed, milliseconds; database: from sending a statement to its last row",
        ["", "least", "p50", "p95", "statements"],
        [
            (name, f"{min(times):.2f}", f"{statistics.median(times):.2f}", f"{sorted(times)[190]:.2f}", count)
            for name, times, count in (
                ("database", waited, str(len(statements) // len(chosen))),
                ("from beginning to commit", taken, ""),
            )
        ],
    )


async def empty() -> None:
    await at_leisure("TRUNCATE customer, value_run CASCADE")


async def cdnow() -> None:
    """The log by COPY; its import through the use case is another comparison."""
    log = [line.split() for line in cdnow_path().read_text().splitlines()]
    log = [parts for parts in log if parts and parts[0].isdigit()]
    names = {name: number for number, name in enumerate(dict.fromkeys(parts[0] for parts in log))}
    people = keys(len(names), AS_OF)
    await copy("customer", customers(people), len(people))
    at = np.array([datetime.strptime(p[1], "%Y%m%d").replace(tzinfo=UTC, hour=12).timestamp() for p in log])
    amount = np.rint(np.array([float(parts[3]) for parts in log]) * 10_000).astype(np.int64)
    count, zero = len(log), np.zeros(len(log), dtype=np.int64)
    columns = {
        **stamped(count),
        "version": Column(Kind.INT, zero + 1),
        "customer_id": Column(Kind.KEY, people[[names[parts[0]] for parts in log]]),
        "source": Column(Kind.NAME, zero, None, ("cdnow",)),
        "status": Column(Kind.NAME, zero, None, ("COMPLETED",)),
        "placed_at": Column(Kind.TIME, at),
        "amount": Column(Kind.MONEY, amount),
        "list_amount": Column(Kind.MONEY, amount),
        "base_amount": Column(Kind.MONEY, amount),
        "refunded": Column(Kind.MONEY, zero),
        "exchange_rate": Column(Kind.MONEY, zero + 10_000),
        "currency": Column(Kind.NAME, zero, None, ("USD",)),
        "quantity": Column(Kind.INT, zero + 1),
    }
    await copy("order", columns, count)
    async with transaction():
        await execute("SET LOCAL statement_timeout = 0")
        await rollup.rebuild("UTC")
    await vacuum()


def stamped(count: int) -> dict[str, Column]:
    then = Column(Kind.TIME, np.full(count, 1.6e9))
    return {"id": Column(Kind.KEY, keys(count, AS_OF)), "created_at": then, "updated_at": then}


def customers(people: Any) -> dict[str, Column]:
    zero = np.zeros(len(people), dtype=np.int64)
    texts = {"kind": "PERSON", "display_name": "Anna", "sort_name": "anna", "search_text": "anna"}
    return {
        **stamped(len(people)),
        "id": Column(Kind.KEY, people),
        "version": Column(Kind.INT, zero + 1),
        **{name: Column(Kind.NAME, zero, None, (value,)) for name, value in texts.items()},
        "custom_fields": Column(Kind.NAME, zero, None, ("\x01{}",)),
    }


async def organisation(size: int) -> int:
    """Customers and their purchase days as Pareto/NBD and gamma-gamma would have them; the number of days."""
    rng, days = np.random.default_rng(size), 0
    await execute("DROP INDEX uq_customer_day")
    for start in range(0, size, BLOCK):
        people = keys(min(BLOCK, size - start), AS_OF)
        await copy("customer", customers(people), len(people))
        columns = purchase_days(rng, people)
        count = len(columns["day"].values)
        await copy("customer_day", columns, count)
        days += count
    await at_leisure(INDEX)
    await vacuum()
    return days


def purchase_days(rng: np.random.Generator, people: Any) -> dict[str, Column]:
    size = len(people)
    rate, leaving = rng.gamma(0.6, ORDERS / 156 / 0.6 * 2.2, size), rng.gamma(0.6, 1 / 60, size)
    first = rng.uniform(0, DAYS - 1, size)
    stay = np.minimum(rng.exponential(1 / np.maximum(leaving, 1e-9)), (DAYS - first) / 7)
    again = rng.poisson(rate * stay)
    who = np.concatenate([np.arange(size), np.repeat(np.arange(size), again)])
    later = np.repeat(first, again) + rng.uniform(0, 1, int(again.sum())) * np.repeat(stay, again) * 7
    once = np.unique(who.astype(np.int64) * 4096 + np.concatenate([first, later]).astype(np.int64))
    who, day = once // 4096, once % 4096
    mean = rng.gamma(5, 1, size) * 8
    cents = np.rint(rng.gamma(4, 1, len(who)) / 4 * mean[who] * 100) * 100
    begins = (np.diff(who, prepend=-1) != 0).astype(np.int64)
    one = np.ones(len(who), dtype=np.int64)
    return {
        **stamped(len(who)),
        "customer_id": Column(Kind.KEY, people[who]),
        "day": Column(Kind.DAY, day + FIRST_DAY),
        "revenue": Column(Kind.MONEY, cents),
        "list_revenue": Column(Kind.MONEY, np.rint(cents * rng.uniform(1, 1.2, len(who)))),
        "cost_of_goods": Column(Kind.MONEY, np.rint(cents * 0.6)),
        "uncosted_revenue": Column(Kind.MONEY, one * 0),
        "orders": Column(Kind.INT, one),
        "purchases": Column(Kind.INT, one),
        "is_first": Column(Kind.NAME, begins, None, ("\x00", "\x01")),
    }


async def copy(table: str, columns: dict[str, Column], rows: int) -> None:
    async def stream(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
        yield HEADER
        for part in parts:
            yield part
        yield TRAILER

    with translated():
        async with connection() as driver:
            await driver.execute("SET statement_timeout = 0")
            await driver.copy_to_table(
                table,
                source=stream(pack(list(columns.values()), rows)),
                columns=list(columns),
                format="binary",
                timeout=PATIENCE,
            )


async def at_leisure(*statements: str) -> None:
    async with connection() as driver:
        # A vacuum that began by itself may hold a table for minutes.
        await driver.execute("SET statement_timeout = 0; SET lock_timeout = 0")
        for statement in statements:
            await driver.execute(statement, timeout=PATIENCE)


async def vacuum() -> None:
    await at_leisure(*(f"VACUUM (ANALYZE, FREEZE) {table}" for table in TABLES))


RIVALS = {"BG_NBD": "BetaGeoFitter", "PARETO_NBD": "ParetoNBDFitter"}


async def beside_lifetimes(size: int) -> None:
    """Fit and predict a year for everybody, here and by `lifetimes`, on the same histories."""
    try:
        rivals = import_module("lifetimes")
    except ImportError as error:
        print(f"lifetimes is not at hand ({error}); it needs pandas, autograd and dill")  # noqa: T201
        return
    history, rows = simulated_history(size), []
    with threadpool_limits(1, user_api="blas"):
        for name, rival in RIVALS.items():
            rows += compared(name, getattr(rivals, rival)(), history, rivals.utils._customer_lifetime_value)
    show(f"Fit and score of {size:,} customers, seconds", ["", "here", "lifetimes", "times"], rows)


def compared(name: str, theirs: Any, history: History, lifetime_value: Any) -> list[tuple[str, str, str, str]]:
    """Fit, and three years of discounted months for everybody, of both; and what they found: none stopped early."""
    here, fitted = timed(lambda: models.fit(name, history))
    there, _ = timed(lambda: theirs.fit(history.x, history.t_x, history.T))
    pandas = import_module("pandas")
    given = [pandas.Series(column) for column in (history.x, history.t_x, history.T, np.ones(len(history)))]
    fresh = History(history.x, history.t_x, history.T)  # without what the fit remembered of it
    horizon = Horizon(annual_rate=1.01**12 - 1, units_per_year=365 / 7, periods=36, timing="END")
    scored, ours = timed(lambda: purchases.discounted_purchases(models.model(name), fitted.parameters, fresh, horizon))
    rescored, other = timed(lambda: lifetime_value(theirs, *given, time=36, discount_rate=0.01, freq="W"))
    whole, beside = here + scored, there + rescored
    return [
        (f"{name} fit", f"{here:.3f}", f"{there:.3f}", f"{there / here:.1f}"),
        (f"{name} CLV", f"{scored:.3f}", f"{rescored:.3f}", f"{rescored / scored:.1f}"),
        (f"{name} fit and CLV", f"{whole:.3f}", f"{beside:.3f}", f"{beside / whole:.1f}"),
        (f"{name} purchases, discounted", f"{ours.sum():,.0f}", f"{np.nansum(other):,.0f}", ""),
    ]


def simulated_history(size: int) -> History:
    """Three years of customers as Pareto/NBD has them, in weeks, purchases counted by day."""
    rng = np.random.default_rng(1)
    T = rng.integers(7, DAYS, size) / 7
    rate, leaving = rng.gamma(0.6, 1 / 10, size), rng.gamma(0.6, 1 / 12, size)
    stay = np.minimum(rng.exponential(1 / np.maximum(leaving, 1e-9)), T)
    x = rng.poisson(rate * stay).astype(np.float64)
    last = np.rint(rng.uniform(0, 1, size) ** (1 / np.maximum(x, 1)) * stay * 7) / 7
    x = np.where(last > 0, np.minimum(x, last * 7), 0.0)
    return History.of(x, np.where(x > 0, np.minimum(last, T), 0.0), T)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result

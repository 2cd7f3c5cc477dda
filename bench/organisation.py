"""A simulated organisation for comparisons; BENCH_DATA names a folder that keeps it for the next run."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from bench.harness import analyze, database
from crm.access import system
from crm.database import connected, fetch_value
from crm.demo.simulate import load, with_orders
from crm.lifecycle import default
from crm.value import runs

BENCH = system("bench")


@dataclass(frozen=True, slots=True)
class Organisation:
    """Where it is, how large, and the end of its data, from which its windows look back."""

    dsn: str
    customers: int
    orders: int
    end: datetime


@asynccontextmanager
async def organisation(customers: int, orders_each: float = 10.0) -> AsyncIterator[Organisation]:
    """An organisation with a published value run, made by the simulator with COPY unless it is there already."""
    name = os.environ.get("BENCH_DATA")
    kept = Path(name) / f"{customers}-{orders_each:g}" if name else None
    if kept:
        kept.mkdir(parents=True, exist_ok=True)
    async with database(kept) as (dsn, settings):
        if not await fetch_value("SELECT EXISTS (SELECT FROM value_run WHERE is_current)"):
            async with connected(dsn, replace(settings, statement_timeout=7200.0)):
                await _make(dsn, customers, orders_each)
        orders = await fetch_value("SELECT reltuples::bigint FROM pg_class WHERE oid = '\"order\"'::regclass")
        end = await fetch_value("SELECT as_of FROM value_run WHERE is_current")
        yield Organisation(dsn, customers, orders, end)


async def _make(dsn: str, customers: int, orders_each: float) -> None:
    end = datetime.combine(datetime.now(UTC).date(), time(), UTC)
    await default.install(BENCH)
    await load(BENCH, replace(with_orders(customers, orders_each), end=end), 1, now=end)
    await analyze(dsn)
    await runs.recompute(BENCH, as_of=end - timedelta(microseconds=1), now=datetime.now(UTC))
    await analyze(dsn)

"""The organisation that reads are measured on, made once and kept where `BENCH_DATA` says."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.harness import PARAMETERS, analyze, database, settings_in
from crm import embedded
from crm.access import system
from crm.database import connected, fetch_value
from crm.database.migrations import migrate
from crm.demo.simulate import load, with_orders
from crm.segments import definitions, evaluation
from crm.settings import Settings
from crm.value.runs import recompute
from models import SegmentKind

BENCH = system("bench")
PER_CUSTOMER = 10
"""Orders of a customer, on average."""
FRESH = timedelta(days=30)
"""Older data is made anew, for one of the shapes asks for the last 90 days."""
SEGMENTS = {
    "active": "orders.some(last 365 days)",
    "loyal": "orders.count() >= 10",
    "big-spender": "orders.sum(baseAmount, last 365 days) > 300",
}


@asynccontextmanager
async def organization(customers: int) -> AsyncIterator[tuple[str, Settings]]:
    """A database with so many customers and ten times as many orders; this process is connected to it.

    Kept for the next time in the folder that `BENCH_DATA` names, thrown away without it.
    """
    kept = os.environ.get("BENCH_DATA")
    async with kept_database(Path(kept) / f"reads-{customers}") if kept else database() as (dsn, settings):
        if not await fresh():
            await fill(customers)
            await analyze(dsn)
        yield dsn, settings


@asynccontextmanager
async def kept_database(folder: Path) -> AsyncIterator[tuple[str, Settings]]:
    settings = await asyncio.to_thread(made, folder)
    lease = await asyncio.to_thread(embedded.start, settings, parameters=PARAMETERS)
    try:
        await migrate(lease.dsn)
        async with connected(lease.dsn, settings):
            yield lease.dsn, settings
    finally:
        await asyncio.to_thread(lease.stop)


def made(folder: Path) -> Settings:
    folder.mkdir(parents=True, exist_ok=True)
    return settings_in(folder)


async def fresh() -> bool:
    newest: datetime | None = await fetch_value("SELECT max(as_of) FROM value_run WHERE is_current")
    return newest is not None and datetime.now(UTC) - newest < FRESH


async def fill(customers: int) -> None:
    now = datetime.now(UTC)
    await load(BENCH, replace(with_orders(customers, PER_CUSTOMER), end=now), 1, now=now)
    for key, rule in SEGMENTS.items():
        segment = await definitions.create_by_rule(
            BENCH, key=key, kind=SegmentKind.DYNAMIC, rule=rule, fields={}, now=now
        )
        await evaluation.evaluate(BENCH, segment.id, now=now)
    await recompute(BENCH, as_of=None, now=now)

"""CDNOW and other purchase logs as orders in the database, for tests of the value engine."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

from crm.bulk.orders import OrderRow, record_orders
from crm.database import copy_records, fetch_row, transaction
from crm.value import rollup, runs
from models import ValueRun, ValueSnapshot
from models.base import new_id
from tests.factories import NOW, OWNER
from tests.unit.value.data import _file

ORDER = (
    *("id", "created_at", "updated_at", "version", "customer_id", "source", "status", "placed_at", "amount"),
    *("list_amount", "refunded", "currency", "exchange_rate", "base_amount", "quantity"),
)
CUSTOMER = (
    *("id", "created_at", "updated_at", "version", "kind", "display_name", "sort_name"),
    *("custom_fields", "search_text"),
)


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


def end_of(day: date) -> datetime:
    return datetime.combine(day, time(23, 59, 59), UTC)


def cdnow_sample() -> list[tuple[str, date, Decimal]]:
    """Customer, day and dollars of the 1/10 sample."""
    found = []
    for line in _file("CDNOW_sample.txt").read_text().splitlines():
        parts = line.split()
        if len(parts) == 5 and parts[0].isdigit():
            found.append(
                (parts[1], datetime.strptime(parts[2], "%Y%m%d").replace(tzinfo=UTC).date(), Decimal(parts[4]))
            )
    return found


async def newcomers(count: int) -> list[UUID]:
    keys = [new_id() for _ in range(count)]
    then = datetime(1990, 1, 1, tzinfo=UTC)
    rows = [(key, then, then, 1, "PERSON", f"Customer {n}", f"{n}", "{}", "") for n, key in enumerate(keys)]
    await copy_records("customer", CUSTOMER, rows)
    return keys


async def bought(purchases: Iterable[tuple[UUID, date, Decimal]]) -> None:
    """Orders by COPY, with the roll-up that their use case would keep."""
    one = Decimal(1)
    rows = [
        (new_id(), NOW, NOW, 1, owner, "log", "COMPLETED", noon(day), amount, amount, Decimal(0), "USD", one, amount, 1)
        for owner, day, amount in purchases
    ]
    await copy_records("order", ORDER, rows)
    async with transaction():
        await rollup.rebuild("UTC")


async def load_cdnow() -> dict[str, UUID]:
    """The sample as customers and orders; its customer numbers."""
    log = cdnow_sample()
    names = sorted({name for name, _, _ in log})
    keys = dict(zip(names, await newcomers(len(names)), strict=True))
    await bought((keys[name], day, amount) for name, day, amount in log)
    return keys


async def recorded(purchases: Iterable[tuple[UUID, date, Decimal]]) -> None:
    """Orders through the bulk use case, with events."""
    rows = [
        OrderRow(fields={"amount": amount, "placed_at": noon(day)}, customer_id=owner)
        for owner, day, amount in purchases
    ]
    await record_orders(OWNER, rows, NOW)


def rhythm(keys: list[UUID], *, until: date = date(2026, 11, 1)) -> list[tuple[UUID, date, Decimal]]:
    """A log of two years as Pareto/NBD and gamma-gamma would have it, always the same."""
    chance, found = random.Random(7), []
    for key in keys:
        rate, gone = chance.gammavariate(0.8, 1 / 30), chance.expovariate(chance.gammavariate(0.8, 1 / 200))
        first = chance.uniform(0, 700)
        day, mean = first, 30 / chance.gammavariate(4, 1 / 3)
        while day <= min(730.0, first + gone):
            amount = Decimal(f"{chance.gammavariate(6, mean / 6):.2f}")
            found.append((key, until - timedelta(days=730 - int(day)), amount))
            day += chance.expovariate(rate)
    return found


async def run_at(day: date) -> ValueRun:
    return await runs.recompute(OWNER, as_of=end_of(day), now=NOW)


async def snapshot(key: UUID) -> ValueSnapshot:
    """The customer's published figures."""
    return await ValueSnapshot.get(
        customer_id=key, run_id=(await fetch_row("SELECT id FROM value_run WHERE is_current"))[0]
    )  # type: ignore[index]

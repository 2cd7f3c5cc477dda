"""Segments: a full pass against a specialist's SQL, freshness under changes, previews, membership in a list."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

from bench.harness import alternate, analyze, database, show, stopwatch
from crm.access import system
from crm.database import fetch, fetch_value
from crm.rules.json_form import to_json
from crm.rules.predicate import predicate
from crm.rules.sql import Shape
from crm.rules.text import parse
from crm.segments import definitions, evaluation
from crm.segments.library_entries import ENTRIES
from crm.segments.preview import preview
from models import SegmentKind

BENCH = system("bench")
COUNTRIES = ("IR", "DE", "CN", "US", "TR", "AE", "IN", "FR")
RATE = 200
"""Changes a second."""
LANES = 4
"""Connections over which they come."""

LOAD = (
    "SELECT setseed(0.42)",
    """
INSERT INTO customer (id, created_at, updated_at, version, kind, display_name, sort_name, country, city, search_text,
                      custom_fields)
SELECT uuidv7(), now() - random() * interval '900 days', now(), 1, 'PERSON', 'Customer ' || n, 'customer ' || n,
       (ARRAY['IR', 'DE', 'CN', 'US', 'TR', 'AE', 'IN', 'FR'])[1 + n % 8], 'City ' || n % 500, 'customer ' || n, '{}'
FROM generate_series(1, $1::int) n
""",
    """
INSERT INTO "order" (id, created_at, updated_at, version, customer_id, source, status, placed_at, amount, list_amount,
                     refunded, currency, exchange_rate, base_amount, quantity)
SELECT uuidv7(), now(), now(), 1, c.id, '', 'COMPLETED', now() - random() * random() * interval '900 days',
       a.amount, a.amount, 0, 'USD', 1, a.amount, 1
FROM (SELECT id, row_number() OVER () AS n FROM customer) c
CROSS JOIN LATERAL generate_series(1, (random() * random() * 40)::int + c.n::int % 2) o
CROSS JOIN LATERAL (SELECT round((5 + random() * 200 + o * 0)::numeric, 2) AS amount) a
""",
)

TWO_WINDOWS = "orders.count(last 90 days) >= 2 and orders.sum(baseAmount, last 365 days) > 300"
BY_HAND = """
SELECT count(*) FROM customer c
JOIN (SELECT customer_id FROM "order" WHERE placed_at >= $1 GROUP BY customer_id HAVING count(*) >= 2) a
  ON a.customer_id = c.id
JOIN (SELECT customer_id FROM "order" WHERE placed_at >= $2 GROUP BY customer_id HAVING sum(base_amount) > 300) b
  ON b.customer_id = c.id
WHERE c.archived_at IS NULL
"""


def rules() -> dict[str, str]:
    """Fifty rules: by field, by figures over windows, by segment, with and without time in them."""
    found = {f"country-{code.lower()}": f'country = "{code}"' for code in COUNTRIES}
    found |= {f"city-{n}": f'city = "City {n}" and orders.count() >= 1' for n in range(10)}
    found |= {f"busy-{n}": f"orders.count(last 10 days) >= {n}" for n in range(1, 13)}
    found |= {f"spent-{n}": f"orders.sum(baseAmount, last {3 * n} days) > {300 * n}" for n in range(1, 11)}
    found |= {f"quiet-{n}": f'orders.none(last 30 days) and city = "City {n}"' for n in range(1, 6)}
    found |= {
        f"inner-{code.lower()}": f'in segment "country-{code.lower()}" and orders.some(last 30 days)'
        for code in COUNTRIES[:5]
    }
    assert len(found) == 50
    return found


async def run(small: bool) -> None:
    count = 20_000 if small else int(os.environ.get("BENCH_CUSTOMERS", "1000000"))
    async with database() as (dsn, _):
        connection = await asyncpg.connect(dsn)
        try:
            for statement in LOAD:
                await connection.execute(statement, *([count] if "$1" in statement else []))
        finally:
            await connection.close()
        await analyze(dsn)
        placed = await fetch_value('SELECT count(*) FROM "order"')
        await full_pass(count, placed, runs=3 if small else 5)
        await previews(count)
        await freshness(dsn, seconds=10 if small else 30)
        await listing(dsn)


# -- a full pass -----------------------------------------------------------------------------------------------------


async def full_pass(count: int, placed: int, *, runs: int) -> None:
    now = datetime.now(UTC)
    condition, values = await predicate(
        to_json(parse(TWO_WINDOWS)), alias="c", first_parameter=1, now=now, shape=Shape.SET
    )
    compiled = f"SELECT count(*) FROM customer c WHERE c.archived_at IS NULL AND {condition}"  # noqa: S608

    async def ours() -> None:
        await timed(compiled, *values)

    async def by_hand() -> None:
        await timed(BY_HAND, now - timedelta(days=90), now - timedelta(days=365))

    found = await alternate({"compiled rule": ours, "by hand": by_hand}, runs=runs)
    base = found["by hand"].median
    made = await definitions.create_by_rule(
        BENCH, key="two-windows", kind=SegmentKind.DYNAMIC, rule=TWO_WINDOWS, fields={}, now=now
    )
    first = await stopwatch(lambda: evaluation.evaluate(BENCH, made.id, now=now))
    again = await stopwatch(lambda: evaluation.evaluate(BENCH, made.id, now=now))
    size = await fetch_value("SELECT size FROM segment WHERE id = $1", made.id)
    show(
        f"{count:,} customers, {placed:,} orders; rule: {TWO_WINDOWS}",
        ("", "seconds", "× by hand"),
        [(name, timing.median, timing.median / base) for name, timing in found.items()]
        + [(f"first pass: {size:,} enter, each with an event", first, first / base),
           ("another pass, nobody moves", again, again / base)],
    )  # fmt: skip


async def timed(statement: str, *values: object) -> None:
    from crm.database import connection  # noqa: PLC0415

    async with connection() as driver:
        await driver.execute("SET statement_timeout = 0")
        await driver.fetchval(statement, *values, timeout=600)


# -- previews --------------------------------------------------------------------------------------------------------


async def previews(count: int) -> None:
    rows = []
    now = datetime.now(UTC)
    library = {entry.key: entry.rule for entry in ENTRIES}
    wanted = {**library, "two windows": TWO_WINDOWS, "city and orders": 'city = "City 7" and orders.count() >= 1'}
    taken = {}
    for key, rule in wanted.items():
        began = time.perf_counter()
        found = await preview(BENCH, rule, now=now)
        taken[key] = time.perf_counter() - began
        if key in ("two windows", "strategic-volume"):
            exact = await stopwatch(lambda rule=rule: preview(BENCH, rule, now=now, exact=True))  # type: ignore[misc]
            value = found.count.value if found.count else -1
            rows.append((f"{key}: about {value:,}", taken[key], exact))
    slowest = max(taken, key=lambda key: taken[key])
    rows.append((f"slowest of {len(taken)}: {slowest}", taken[slowest], ""))
    show(f"Previews at {count:,} customers, seconds", ("", "estimate", "exact"), rows)


# -- freshness -------------------------------------------------------------------------------------------------------

FOLLOWER = """
import asyncio, sys
from crm.database import connected
from crm.database.pool import Options
from crm.reactions import run
async def main():
    async with connected(sys.argv[1], Options(statement_timeout=60.0)):
        await run(asyncio.Event())
asyncio.run(main())
"""


@contextlib.asynccontextmanager
async def follower(dsn: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Another process that follows the events, as a worker beside the server does."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", FOLLOWER, dsn, stdout=asyncio.subprocess.DEVNULL, stderr=None
    )
    try:
        yield process
    finally:
        process.terminate()
        await process.wait()


async def freshness(dsn: str, *, seconds: int) -> None:
    now = datetime.now(UTC)
    made = {}
    for key, rule in rules().items():
        segment = await definitions.create_by_rule(
            BENCH, key=key, kind=SegmentKind.DYNAMIC, rule=rule, fields={}, now=now
        )
        made[key] = segment.id
    began = time.perf_counter()
    for key in made.values():
        await evaluation.evaluate(BENCH, key, now=datetime.now(UTC))
    first = time.perf_counter() - began
    async with follower(dsn):
        while not await fetch_value(  # noqa: ASYNC110 - another process says it
            "SELECT caught_up_at FROM event_cursor WHERE name = 'segments'"
        ):
            await asyncio.sleep(0.2)
        waits, rate = await Changes(dsn, made).make(seconds)
    ordered = sorted(waits)
    show(
        f"50 dynamic segments, {rate:,.0f} changes a second for {seconds} s (first passes of all: {first:,.1f} s)",
        ("from commit to membership", "seconds"),
        [(f"p{share}", ordered[min(len(ordered) - 1, len(ordered) * share // 100)]) for share in (50, 95, 99)]
        + [("longest", ordered[-1]), (f"seen of {len(ordered):,}", str(sum(wait < 60 for wait in ordered)))],
    )


# What the use cases write, as one statement each: here the follower is measured, not the writers of changes.
MOVE = """
WITH moved AS (
    UPDATE customer SET country = 'IR', version = version + 1, updated_at = now() WHERE id = $1 RETURNING id
)
INSERT INTO event (id, created_at, updated_at, type, noun, noun_id, customer_id, actor_kind, actor_label, data)
SELECT uuidv7(), now(), now(), 'customer.updated', 'customer', id, id, 'SYSTEM', 'bench',
       '{"changes": {"country": ["DE", "IR"]}}' FROM moved
"""
BUY = """
WITH bought AS (
    INSERT INTO "order" (id, created_at, updated_at, version, customer_id, source, status, placed_at, amount,
                         list_amount, refunded, currency, exchange_rate, base_amount, quantity)
    VALUES (uuidv7(), now(), now(), 1, $1, '', 'COMPLETED', now(), 10, 10, 0, 'USD', 1, 10, 1)
    RETURNING id, customer_id
)
INSERT INTO event (id, created_at, updated_at, type, noun, noun_id, customer_id, actor_kind, actor_label, data)
SELECT uuidv7(), now(), now(), 'order.recorded', 'order', id, customer_id, 'SYSTEM', 'bench', '{}' FROM bought
"""
SEEN = """
SELECT m.segment_id, m.customer_id FROM unnest($1::uuid[], $2::uuid[]) AS w(segment_id, customer_id)
JOIN segment_membership m USING (segment_id, customer_id) WHERE m.exited_at IS NULL
"""


class Changes:
    """Customers who change country, and customers who buy; each enters a segment that is then watched."""

    def __init__(self, dsn: str, segments: dict[str, UUID]) -> None:
        self.dsn = dsn
        self.segments = segments
        self.waiting: dict[tuple[UUID, UUID], float] = {}
        self.waits: list[float] = []

    async def make(self, seconds: int) -> tuple[list[float], float]:
        """The wait of each change in seconds (60 for one that was never seen), and the changes made a second."""
        pairs = await self.chosen(seconds * RATE)
        watching = asyncio.create_task(self.watch())
        began = time.perf_counter()
        lanes = [self.lane(pairs[start::LANES], start, began) for start in range(LANES)]
        await asyncio.gather(*lanes)
        rate = len(pairs) / (time.perf_counter() - began)
        for _ in range(600):
            if not self.waiting:
                break
            await asyncio.sleep(0.1)
        watching.cancel()
        return self.waits + [60.0] * len(self.waiting), rate

    async def chosen(self, count: int) -> list[tuple[str, UUID]]:
        moving = await fetch("SELECT id FROM customer WHERE country = 'DE' ORDER BY id LIMIT $1", count // 2)
        buying = await fetch(
            "SELECT c.id FROM customer c WHERE c.country = 'US' AND NOT EXISTS "
            "(SELECT FROM \"order\" o WHERE o.customer_id = c.id AND o.placed_at > now() - interval '11 days') "
            "ORDER BY c.id LIMIT $1",
            count // 2,
        )
        pairs = [("country-ir", row["id"]) for row in moving] + [("busy-1", row["id"]) for row in buying]
        random.Random(1).shuffle(pairs)
        return pairs

    async def lane(self, pairs: list[tuple[str, UUID]], start: int, began: float) -> None:
        """Every LANES-th change, each at its time, over one connection."""
        connection = await asyncpg.connect(self.dsn)
        for number, (segment, key) in enumerate(pairs):
            due = began + (start + number * LANES) / RATE
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            await connection.execute(MOVE if segment == "country-ir" else BUY, key)
            self.waiting[self.segments[segment], key] = time.perf_counter()
        await connection.close()

    async def watch(self) -> None:
        """Look every 50 ms who of those waited for is in: what is told is up to that much too long."""
        connection = await asyncpg.connect(self.dsn)
        while True:
            await asyncio.sleep(0.05)
            keys = list(self.waiting)
            rows = await connection.fetch(SEEN, [segment for segment, _ in keys], [key for _, key in keys])
            seen = time.perf_counter()
            self.waits += [seen - self.waiting.pop((row["segment_id"], row["customer_id"])) for row in rows]


# -- membership in a list --------------------------------------------------------------------------------------------


async def listing(dsn: str) -> None:
    await analyze(dsn)
    rule = to_json(parse('in segment "two-windows"'))
    condition, values = await predicate(rule, alias="c", first_parameter=1)
    page = "SELECT c.id FROM customer c WHERE {} ORDER BY c.sort_name, c.id LIMIT 50"

    async def plain() -> None:
        await fetch(page.format("c.archived_at IS NULL"))

    async def inside() -> None:
        await fetch(page.format(f"c.archived_at IS NULL AND {condition}"), *values)

    found = await alternate({"a page of all": plain, "a page of a segment": inside}, runs=20)
    show("A page of 50 customers", ("", "ms"), [(name, timing.median * 1000) for name, timing in found.items()])

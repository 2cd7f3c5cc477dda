"""How soon fifty dynamic segments follow 200 changes a second: from the commit of each to its membership."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import asyncpg

from bench.harness import show
from bench.organisation import Organisation
from crm.access import system
from crm.database import fetch, fetch_value
from crm.segments import definitions, evaluation
from models import SegmentKind

BENCH = system("bench")
COUNTRIES = ("IR", "GB", "CN", "US", "TR", "AE", "IN", "FR")
RATE = 200
"""Changes a second."""
WARM = 5
"""Seconds of changes before those that count: the first order that is valued again loads numpy."""
LANES = 4
"""Connections over which they come."""


def rules() -> dict[str, str]:
    """Fifty rules: by field, by figures over windows, by segment, with and without time in them."""
    found = {f"country-{code.lower()}": f'country = "{code}"' for code in COUNTRIES}
    found |= {f"name-{c}": f'displayName starts with "{c}" and orders.count() >= 1' for c in "abcdefghij"}
    found |= {f"busy-{n}": f"orders.count(last 10 days) >= {n}" for n in range(1, 13)}
    found |= {f"spent-{n}": f"orders.sum(baseAmount, last {3 * n} days) > {300 * n}" for n in range(1, 11)}
    found |= {f"quiet-{c}": f'orders.none(last 30 days) and displayName starts with "{c}"' for c in "klmno"}
    found |= {
        f"inner-{code.lower()}": f'in segment "country-{code.lower()}" and orders.some(last 30 days)'
        for code in COUNTRIES[:5]
    }
    assert len(found) == 50
    return found


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


CAUGHT_UP = "SELECT caught_up_at > $1 FROM event_cursor WHERE name = 'segments'"


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


async def freshness(organisation: Organisation, *, seconds: int) -> None:
    dsn, now = organisation.dsn, datetime.now(UTC)
    made = {row["key"]: row["id"] for row in await fetch("SELECT key, id FROM segment")}
    began = time.perf_counter()
    for key, rule in rules().items():
        if key not in made:
            segment = await definitions.create_by_rule(
                BENCH, key=key, kind=SegmentKind.DYNAMIC, rule=rule, fields={}, now=now
            )
            made[key] = segment.id
            await evaluation.evaluate(BENCH, segment.id, now=datetime.now(UTC))
    first = time.perf_counter() - began
    began_at = datetime.now(UTC)
    async with follower(dsn) as process:
        while not await fetch_value(CAUGHT_UP, began_at):  # noqa: ASYNC110 - another process says it
            await asyncio.sleep(0.2)
        changes = Changes(dsn, made)
        await changes.make(WARM)
        before = await processor_seconds(process.pid)
        waits, rate = await changes.make(seconds)
        used = [now - then for now, then in zip(await processor_seconds(process.pid), before, strict=True)]
    ordered = sorted(waits)
    show(
        f"50 dynamic segments, {rate:,.0f} changes a second for {seconds} s (first passes of all: {first:,.1f} s)",
        ("from commit to membership", "seconds"),
        [(f"p{share}", ordered[min(len(ordered) - 1, len(ordered) * share // 100)]) for share in (50, 95, 99)]
        + [("longest", ordered[-1]), (f"seen of {len(ordered):,}", str(sum(wait < 60 for wait in ordered)))]
        + [("processor, all connections, a second of changes", used[1] / seconds)]
        + [("processor, the follower's process, a second of changes", used[0] / seconds)],
    )


async def processor_seconds(follower: int) -> tuple[float, float]:
    """What the follower's process and all the server's connections have used: it tells how much a machine that has
    other work would have to give."""
    rows = await fetch("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
    return _used(follower), sum(_used(row["pid"]) for row in rows)


def _used(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# What the use cases write, as one statement each: here the follower is measured, not the writers of changes.
MOVE = """
WITH moved AS (
    UPDATE customer SET country = 'IR', version = version + 1, updated_at = now() WHERE id = $1 RETURNING id
)
INSERT INTO event (id, created_at, updated_at, type, noun, noun_id, customer_id, actor_kind, actor_label, data)
SELECT uuidv7(), now(), now(), 'customer.updated', 'customer', id, id, 'SYSTEM', 'bench',
       '{"changes": {"country": ["GB", "IR"]}}' FROM moved
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
        self.waits = []
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
        moving = await fetch("SELECT id FROM customer WHERE country = 'GB' ORDER BY id LIMIT $1", count // 2)
        buying = await fetch(
            "SELECT c.id FROM customer c WHERE c.country = 'CN' AND NOT EXISTS "
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
        """Look every 100 ms who of those waited for is in: what is told is up to that much too long."""
        connection = await asyncpg.connect(self.dsn)
        while True:
            await asyncio.sleep(0.1)
            keys = list(self.waiting)
            rows = await connection.fetch(SEEN, [segment for segment, _ in keys], [key for _, key in keys])
            seen = time.perf_counter()
            self.waits += [seen - self.waiting.pop((row["segment_id"], row["customer_id"])) for row in rows]

"""The CDNOW log through the bulk use case, beside the singular one, and a simulated organisation by COPY."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice

from bench.harness import database, show, stopwatch
from crm import identities, orders
from crm.access import system
from crm.bulk import OrderRow
from crm.database import fetch_value
from crm.demo import cdnow, journeys
from crm.demo.simulate import load, with_orders
from crm.imports import Source, take_in
from crm.lifecycle import default

BENCH = system("bench")
SINGLE = 500
"""Orders recorded one by one, enough to tell their speed."""


async def run(small: bool) -> None:
    customers = 2_000 if small else 50_000
    source = cdnow.source(cdnow.path(cdnow.SAMPLE if small else cdnow.FILE))
    now = datetime.now(UTC)
    async with database():
        await default.install(BENCH)
        rows = [
            await measured("import: customers, orders, trail, roll-up", lambda: take_in(BENCH, source, now=now), COUNT),
            await measured("the same file again", lambda: take_in(BENCH, source, now=now), None),
            await measured("stages retraced", lambda: journeys.retrace(BENCH, cdnow.SOURCE, now=now), MOVES),
            await measured("one by one, each in its transaction", lambda: singly(source, now), f"SELECT {SINGLE}"),
            await measured(
                f"simulated: {customers:,} customers by COPY",
                lambda: load(BENCH, with_orders(customers, 20), 1, now=now),
                """SELECT count(*) FROM "order" WHERE source LIKE 'simulated-%'""",
            ),
        ]
    show("Taking in", ("", "rows", "seconds", "rows a second"), rows)


COUNT = 'SELECT count(*) FROM "order"'
MOVES = "SELECT count(*) FROM stage_transition WHERE from_stage_id IS NOT NULL"


async def measured(title: str, work: object, counted: str | None) -> tuple[str, object, float, object]:
    seconds = await stopwatch(work)  # type: ignore[arg-type]
    rows = await fetch_value(counted) if counted else 0
    return title, f"{rows:,}", seconds, f"{rows / seconds:,.0f}" if rows else ""


async def singly(source: Source, now: datetime) -> None:
    """Record some of the orders anew, as a shop would that sends each as it comes."""
    for entry in islice(source.entries(), SINGLE):
        assert isinstance(entry.row, OrderRow)
        assert entry.row.identity is not None
        customer_id = await identities.holder(identities.normal(entry.row.identity))
        assert customer_id is not None
        fields = {**entry.row.fields, "reference": f"again-{entry.line}"}
        await orders.record(BENCH, customer_id, fields=fields, now=now)  # type: ignore[arg-type]

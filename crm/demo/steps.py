"""What a demonstration is made of, step by step; every step may be done again and then changes nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pkgutil import resolve_name

from crm.access import Actor
from crm.database import execute, fetch, fetch_value
from crm.demo import cdnow, journeys, living
from crm.imports import take_in
from crm.lifecycle import automatic, default
from crm.segments import definitions, static
from models import ImportRun, RunStatus, Segment, StageTransition, ValueRun

Progress = Callable[[float], None]
"""Told how much of a step is done, from 0 to 1."""

SIMULATION, VALUE = "crm.demo.simulate", "crm.value.runs"
"""Named, not imported: numpy, scipy and Faker take a second that no other command should wait for."""

ROWS_OF_CDNOW = 69_659


@dataclass(frozen=True, slots=True)
class Step:
    """`run` returns what it did, in a few words."""

    title: str
    run: Callable[[Actor, datetime, Progress], Awaitable[str]]


async def lifecycle(actor: Actor, now: datetime, progress: Progress) -> str:
    return f"'{(await default.install(actor)).name}'"


async def purchases(actor: Actor, now: datetime, progress: Progress) -> str:
    def report(run: ImportRun) -> None:
        progress(run.rows_read / ROWS_OF_CDNOW)

    run = await take_in(actor, cdnow.source(cdnow.path()), now=now, report=report)
    return f"{run.rows_created:,} orders"


async def stages(actor: Actor, now: datetime, progress: Progress) -> str:
    moved = await journeys.retrace(actor, cdnow.SOURCE, now=now)
    return f"{moved:,} moves" if moved else "as they were"


async def silence(actor: Actor, now: datetime, progress: Progress) -> str:
    """What the value of each customer makes the lifecycle do, once: at the end of the log, and not of today."""
    end: datetime | None = await fetch_value(END_OF_DATA, cdnow.SOURCE)
    if end is None or await StageTransition.exists(occurred_at=end):
        return "as they were"
    # So soon after the import nothing is known of these tables, and joins by loops look cheap.
    await execute('ANALYZE customer, "order", customer_day, stage_position')
    return f"{await automatic.sweep(actor, now=end):,} moves"


_BEST = """
SELECT d.customer_id FROM customer_day d JOIN identity i ON i.customer_id = d.customer_id AND i.source = $1
GROUP BY 1 ORDER BY sum(d.revenue) DESC, 1 LIMIT 100
"""


async def segments(actor: Actor, now: datetime, progress: Progress) -> str:
    if await Segment.exists(key="top-100"):
        return "as they were"
    fields: definitions.SegmentFields = {
        "name": "Top 100 by revenue",
        "description": "The hundred customers of the CDNOW log with the highest revenue, picked when it was loaded.",
    }
    segment = await definitions.create_static(actor, key="top-100", fields=fields)
    best = [row["customer_id"] for row in await fetch(_BEST, cdnow.SOURCE)]
    return f"{len(await static.add(actor, segment.id, best, now=now))} customers in '{segment.name}'"


def valued(end_of: str, *arguments: object) -> Callable[[Actor, datetime, Progress], Awaitable[str]]:
    """The step that values everybody as of the end of the data; done already when a run of that moment is published."""

    async def value(actor: Actor, now: datetime, progress: Progress) -> str:
        as_of: datetime | None = await fetch_value(end_of, *arguments)
        if as_of is None or await ValueRun.exists(as_of=as_of, status=RunStatus.PUBLISHED):
            return "as it was"
        run: ValueRun = await resolve_name(f"{VALUE}:recompute")(actor, as_of=min(as_of, now), now=now)
        return f"{run.customers:,} customers as of {run.as_of:%Y-%m-%d}"

    return value


# The last moment of the organisation's last day with an order.
END_OF_DATA = """
SELECT date_trunc('day', max(placed_at), 'UTC') + interval '1 day - 1 microsecond' FROM "order"
WHERE source LIKE $1
"""

CDNOW: tuple[Step, ...] = (
    Step("Lifecycle", lifecycle),
    Step("CDNOW purchase log", purchases),
    Step("Stages from the purchases", stages),
    Step("Segments", segments),
    Step("Value of every customer", valued(END_OF_DATA, cdnow.SOURCE)),
    Step("Those who fell silent", silence),
    Step("Segments that follow the data", living.segments),
)


def simulated(customers: int, orders_per_customer: float, seed: int) -> tuple[Step, ...]:
    """The steps of a simulated organisation."""

    async def organisation(actor: Actor, now: datetime, progress: Progress) -> str:
        load, with_orders = (resolve_name(f"{SIMULATION}:{name}") for name in ("load", "with_orders"))
        run: ImportRun = await load(
            actor, with_orders(customers, orders_per_customer), seed, now=now, progress=progress
        )
        return run.file_name

    return (
        Step("Lifecycle", lifecycle),
        Step("Simulated organisation", organisation),
        Step("Value of every customer", valued(END_OF_DATA, "simulated-%")),
        Step("Segments that follow the data", living.segments),
    )

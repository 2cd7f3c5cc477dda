"""Values customers again after something of theirs changed, under the findings of the published run."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

from crm import events, organization
from crm.access import Actor
from crm.database import execute, fetch, fetch_row, fetch_value, transaction
from crm.events import EventType
from crm.value.assumptions import MICRO, Assumptions
from crm.value.columns import Figures
from crm.value.figures import figures
from crm.value.findings import Findings
from crm.value.runs import baskets, network, snapshots
from crm.value.runs.inputs import Moment, read
from crm.value.worth import score
from models import Event

PUBLISHING = 7_262_318
"""Number of the advisory lock that publishing takes alone, and refreshing shares."""
AT_ONCE = 5_000

_CURRENT = "SELECT id, as_of, assumptions, parameters, seen FROM value_run WHERE is_current"
# Planning for one customer takes several times as long as the work: the plans that are kept will do.
_BEGIN = """
SELECT pg_advisory_xact_lock_shared($1), set_config('plan_cache_mode', 'force_generic_plan', true)
"""
# What a transaction wrote that was still running, or had not begun, when the data of a run were read.
_TOUCHED = """
SELECT DISTINCT customer_id FROM event
WHERE transaction_id >= (pg_snapshot_xmin($1::text::pg_snapshot)::text)::bigint
  AND NOT pg_visible_in_snapshot(transaction_id::text::xid8, $1::text::pg_snapshot)
  AND noun = ANY($2::text[]) AND customer_id IS NOT NULL
"""
NOUNS = ("order", "cost_entry", "interaction", "relationship", "customer")
"""Whose events can change what a customer is worth."""


@dataclass(frozen=True)
class Published:
    """What refreshing needs of a run."""

    id: UUID
    as_of: datetime
    assumed: Assumptions
    findings: Findings


async def current() -> Published | None:
    """The run whose figures are read, None before the first."""
    row = await fetch_row(_CURRENT)
    return None if row is None else published(row)


def published(row: Any) -> Published:
    assumptions, parameters = orjson.loads(row["assumptions"]), orjson.loads(row["parameters"])
    return Published(row["id"], row["as_of"], Assumptions.from_json(assumptions), Findings.from_json(parameters))


async def refresh(actor: Actor, customer_ids: Collection[UUID], *, now: datetime) -> int:
    """Bring the published figures of these customers up to date; how many. Tells of those that changed."""
    keys, done = sorted(customer_ids), 0
    for start in range(0, len(keys), AT_ONCE):
        async with transaction():
            await execute(_BEGIN, PUBLISHING)
            run = await current()
            if run is None:
                return done
            done += await rescore(actor, run, keys[start : start + AT_ONCE], now=now)
    return done


async def rescore(actor: Actor, run: Published, keys: Sequence[UUID], *, now: datetime) -> int:
    """Replace the snapshots of some customers in a run, inside the caller's transaction."""
    house = await organization.current()
    moment = Moment(max(now, run.as_of), house.time_zone, house.base_currency)
    book = await read(moment, run.assumed, prior_run=run.id, customer_ids=keys)
    book = await baskets.some(book, moment, run.assumed, run.findings.categories)
    worth = score(book, run.assumed, run.findings)
    links = await network.around(run.id, keys, run.assumed, moment.day)
    found = figures(worth, run.assumed, run.findings, links.credit(book, worth.total, run.assumed))
    before = await snapshots.replace(run.id, book, found, keys, as_of=moment.at, now=now)
    await links.settle(run.id, book)
    await _tell(actor, before, _after(book.rows["customer"], found), now)
    return len(book)


def _after(customers: Any, found: Figures) -> dict[UUID, tuple[str | None, Decimal | None]]:
    """Group and value of each customer, as the database holds them."""
    group, value = found["rfm_group"], found.get("clv")
    names = [group.names[int(number)] if number >= 0 else None for number in group.values.astype(int)]
    values: list[Decimal | None] = [None] * len(names)
    if value is not None:
        seen = value.known if value.known is not None else [True] * len(names)
        whole = zip(value.values.astype(int), seen, strict=True)
        values = [Decimal(int(amount)) / MICRO if known else None for amount, known in whole]
    keys = (UUID(bytes=key.tobytes()) for key in customers)
    return dict(zip(keys, zip(names, values, strict=True), strict=True))


async def _tell(actor: Actor, before: Sequence[Any], after: dict[UUID, Any], now: datetime) -> None:
    old = {row["customer_id"]: (row["rfm_group"], row["clv"]) for row in before}
    told = [
        events.event(
            actor,
            EventType.VALUE_CHANGED,
            "value_snapshot",
            key,
            customer_id=key,
            data={"rfm_group": [old.get(key, (None, None))[0], new[0]], "clv": [old.get(key, (None, None))[1], new[1]]},
        )
        for key, new in after.items()
        if old.get(key) != new
    ]
    await Event.bulk_create(told)


async def touched_since(seen: str) -> list[UUID]:
    """The customers whose data changed after a moment of the database."""
    return [row["customer_id"] for row in await fetch(_TOUCHED, seen, list(NOUNS))]


async def catch_up(actor: Actor, run_id: UUID, seen: str, *, now: datetime) -> str:
    """Bring a run up to what happened after it was read, inside the caller's transaction; the new moment."""
    moment: str = await fetch_value("SELECT pg_current_snapshot()::text")
    keys = await touched_since(seen)
    if keys:
        run = published(await fetch_row("SELECT * FROM value_run WHERE id = $1", run_id))
        for start in range(0, len(keys), AT_ONCE):
            await rescore(actor, run, keys[start : start + AT_ONCE], now=now)
    return moment

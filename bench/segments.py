"""Segments: a full pass against a specialist's SQL, previews, membership in a list; freshness has its own file."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from typing import Any

from bench.freshness import freshness
from bench.harness import Work, alternate, analyze, show, stopwatch
from bench.organisation import Organisation, organisation
from crm.access import system
from crm.database import connection, execute, fetch, fetch_value
from crm.rules.json_form import to_json
from crm.rules.predicate import predicate
from crm.rules.sql import Shape
from crm.rules.text import parse
from crm.segments import definitions, evaluation
from crm.segments.library_entries import ENTRIES
from crm.segments.preview import preview
from models import SegmentKind

BENCH = system("bench")
TWO_WINDOWS = "orders.count(last 90 days) >= 2 and orders.sum(baseAmount, last 365 days) > 300"
BY_HAND = """
SELECT count(*) FROM customer c
JOIN (SELECT customer_id FROM "order" WHERE placed_at >= $1 GROUP BY customer_id HAVING count(*) >= 2) a
  ON a.customer_id = c.id
JOIN (SELECT customer_id FROM "order" WHERE placed_at >= $2 GROUP BY customer_id HAVING sum(base_amount) > 300) b
  ON b.customer_id = c.id
WHERE c.archived_at IS NULL
"""


async def run(small: bool) -> None:
    """BENCH_PARTS names the parts to run, comma separated; BENCH_DATA the folder that keeps the organisation."""
    count = 20_000 if small else int(os.environ.get("BENCH_CUSTOMERS", "1000000"))
    wanted = os.environ.get("BENCH_PARTS", "pass,preview,fresh,list").split(",")
    async with organisation(count) as made:
        if "pass" in wanted:  # without it, the segments of the run before are looked at
            await execute(_CLEAR)
            await full_pass(made, runs=3 if small else 5)
        if "preview" in wanted:
            await previews(made)
        if "list" in wanted:
            await listing(made)
        if "fresh" in wanted:
            await freshness(made, seconds=10 if small else 30)


_CLEAR = "TRUNCATE segment, segment_version, segment_membership, event, event_cursor, audit_entry"


# -- a full pass -----------------------------------------------------------------------------------------------------


async def full_pass(made: Organisation, *, runs: int) -> None:
    now = made.end
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
    segment = await definitions.create_by_rule(
        BENCH, key="two-windows", kind=SegmentKind.DYNAMIC, rule=TWO_WINDOWS, fields={}, now=now
    )
    first = await stopwatch(lambda: evaluation.evaluate(BENCH, segment.id, now=now))
    again = await stopwatch(lambda: evaluation.evaluate(BENCH, segment.id, now=now))
    size = await fetch_value("SELECT size FROM segment WHERE id = $1", segment.id)
    show(
        f"{made.customers:,} customers, {made.orders:,} orders; rule: {TWO_WINDOWS}",
        ("", "seconds", "× by hand"),
        [(name, timing.median, timing.median / base) for name, timing in found.items()]
        + [(f"first pass: {size:,} enter, each with an event", first, first / base),
           ("another pass, nobody moves", again, again / base)],
    )  # fmt: skip


async def timed(statement: str, *values: object) -> None:
    async with connection() as driver:
        await driver.execute("SET statement_timeout = 0")
        await driver.fetchval(statement, *values, timeout=600)


# -- previews --------------------------------------------------------------------------------------------------------


async def previews(made: Organisation) -> None:
    wanted = {entry.key: entry.rule for entry in ENTRIES} | {"two windows": TWO_WINDOWS}
    rows = [await _previewed(key, rule, made) for key, rule in wanted.items()]
    rows.sort(key=lambda row: row[3], reverse=True)
    columns = ("", "estimate", "exact number", "seconds: estimate", "exact", "")
    show(f"Previews at {made.customers:,} customers", columns, rows)


async def _previewed(key: str, rule: str, made: Organisation) -> tuple[str, int, int, float, float, str]:
    began = time.perf_counter()
    about = await preview(BENCH, rule, now=made.end)
    quick = time.perf_counter() - began
    began = time.perf_counter()
    found = await preview(BENCH, rule, now=made.end, exact=True)
    whole = time.perf_counter() - began
    numbers = [one.count.value if one.count else -1 for one in (about, found)]
    return key, numbers[0], numbers[1], quick, whole, ", ".join([*about.warnings, *found.warnings])


# -- membership in a list --------------------------------------------------------------------------------------------


SMALL = "orders.count(last 90 days) >= 25"


async def listing(made: Organisation) -> None:
    """A page of a list that is filtered by a large segment, by a small one, by none; and one customer asked."""
    if not await fetch_value("SELECT EXISTS (SELECT FROM segment WHERE key = 'few')"):
        few = await definitions.create_by_rule(
            BENCH, key="few", kind=SegmentKind.DYNAMIC, rule=SMALL, fields={}, now=made.end
        )
        await evaluation.evaluate(BENCH, few.id, now=made.end)
        await analyze(made.dsn)
    found = await fetch(
        "SELECT key, size FROM segment WHERE size > 0 AND key = ANY($1::text[]) ORDER BY size DESC",
        ["two-windows", "busy-1", "few"],
    )
    contestants = {"a page of all": _page("c.archived_at IS NULL", [])}
    for row in (found[0], found[-1]):
        condition, values = await predicate(
            {"segment": {"key": row["key"]}}, alias="c", first_parameter=1, shape=Shape.LIST
        )
        label = f"a page of a segment with {row['size']:,}"
        contestants[label] = _page(f"c.archived_at IS NULL AND {condition}", values)
    one = await fetch_value("SELECT customer_id FROM segment_membership LIMIT 1")
    condition, values = await predicate({"segment": {"key": found[0]["key"]}}, alias="c", first_parameter=2)
    contestants["whether one customer is in"] = _asked(
        f"SELECT c.id FROM customer c WHERE c.id = $1 AND {condition}",  # noqa: S608
        [one, *values],
    )
    taken = await alternate(contestants, runs=20)
    show("In a list", ("", "ms"), [(name, timing.median * 1000) for name, timing in taken.items()])


def _page(condition: str, values: list[Any]) -> Work:
    return _asked(f"SELECT c.id FROM customer c WHERE {condition} ORDER BY c.sort_name, c.id LIMIT 50", values)  # noqa: S608


def _asked(statement: str, values: list[Any]) -> Work:
    async def ask() -> object:
        return await fetch(statement, *values)

    return ask

"""Lifecycle reports against the statements that one would write by hand, a bulk move, automatic moves, a timeline."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from bench.harness import Work, alternate, analyze, database, show, stopwatch
from bench.timelines import quantiles, timelines
from crm.access import system
from crm.database import execute, fetch
from crm.lifecycle import automatic, bulk, default, definitions, store
from crm.lifecycle.definition import EdgeDefinition
from crm.lifecycle.reports import churn, cohorts, funnel, matrix
from crm.lifecycle.reports.frame import Grain, Period
from crm.lifecycle.reports.reading import fetch_wide
from crm.reports import kept
from crm.reports.question import usual
from models import Lifecycle

BENCH = system("bench")
SINCE, UNTIL = datetime(2024, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
PERIOD = Period(SINCE, UNTIL)
PATH = ("suspect", "prospect", "first_time_buyer", "repeat_buyer", "client", "advocate")

# One customer in about twelve leaves the path for `lost`, one for `dormant`; times grow along the way.
LOAD = (
    """
INSERT INTO customer (id, created_at, updated_at, version, kind, display_name, sort_name, country, search_text,
                      custom_fields, acquisition_source)
SELECT uuidv7(), now(), now(), 1, 'PERSON', 'Customer ' || n, 'customer ' || n,
       (ARRAY['IR', 'DE', 'CN', 'US'])[1 + n % 4], 'customer ' || n, '{}', (ARRAY['web', 'fair', 'friend'])[1 + n % 3]
FROM generate_series(1, $1::int) n
""",
    """
CREATE TABLE bench_walk AS
SELECT c.id AS customer_id, '2024-01-01'::timestamptz + random() * interval '700 days' AS since,
       floor(random() * random() * 6)::int AS steps, random() AS fate
FROM customer c
""",
    """
INSERT INTO stage_transition (id, created_at, updated_at, customer_id, lifecycle_id, from_stage_id, to_stage_id,
                              occurred_at, dwell_seconds, cause, actor_kind, actor_label)
SELECT uuidv7(), now(), now(), w.customer_id, $1, lag(s.id) OVER path, s.id, at.at,
       extract(epoch FROM at.at - lag(at.at) OVER path)::bigint, 'IMPORT', 'SYSTEM', 'bench'
FROM bench_walk w
CROSS JOIN LATERAL generate_series(0, w.steps + (w.fate < 0.16 AND w.steps > 1)::int) step
CROSS JOIN LATERAL (SELECT w.since + step * (5 + 40 * w.fate) * interval '1 day' AS at) at
JOIN stage s ON s.lifecycle_id = $1
  AND s.key = CASE WHEN step <= w.steps THEN ($2::text[])[step + 1] WHEN w.fate < 0.08 THEN 'lost' ELSE 'dormant' END
WINDOW path AS (PARTITION BY w.customer_id ORDER BY step)
""",
    """
INSERT INTO stage_position (id, created_at, updated_at, customer_id, lifecycle_id, stage_id, entered_at)
SELECT uuidv7(), now(), now(), last.* FROM (
    SELECT DISTINCT ON (customer_id) customer_id, lifecycle_id, to_stage_id, occurred_at
    FROM stage_transition ORDER BY customer_id, occurred_at DESC, id DESC) last
""",
    """
INSERT INTO customer_day (id, created_at, updated_at, customer_id, day, revenue, list_revenue, cost_of_goods, orders,
                          purchases, uncosted_revenue, is_first)
SELECT uuidv7(), now(), now(), w.customer_id, (w.since + n * (10 + 50 * w.fate) * interval '1 day')::date, 100000,
       100000, 50000, 1, 1, 0, n = 0
FROM bench_walk w CROSS JOIN LATERAL generate_series(0, w.steps) n
""",
)

# By hand: what each report needs, written plainly for one lifecycle and no filter.
FUNNEL = """
WITH t AS (
    SELECT t.customer_id, t.from_stage_id, t.to_stage_id, t.occurred_at, s.position, s.outcome,
           lead(t.occurred_at) OVER (PARTITION BY t.customer_id ORDER BY t.occurred_at, t.id) AS left_at,
           max(CASE WHEN s.outcome IN ('OPEN', 'WON') THEN s.position END) OVER (
               PARTITION BY t.customer_id ORDER BY t.occurred_at, t.id
               ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS best
    FROM stage_transition t JOIN stage s ON s.id = t.to_stage_id WHERE t.lifecycle_id = $1
), cohort AS (
    SELECT customer_id, date_trunc('month', occurred_at)::date AS month FROM t
    WHERE from_stage_id IS NULL AND occurred_at >= $2 AND occurred_at < $3
), per AS (
    SELECT month, customer_id, to_stage_id, bool_or(best > position) AS went_on,
           extract(epoch FROM sum(left_at - occurred_at)) AS lasted
    FROM t JOIN cohort USING (customer_id) GROUP BY 1, 2, 3
)
SELECT month, to_stage_id, count(*), count(*) FILTER (WHERE went_on),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY lasted), percentile_cont(0.9) WITHIN GROUP (ORDER BY lasted)
FROM per GROUP BY 1, 2
"""
MATRIX = """
WITH a AS (
    SELECT DISTINCT ON (customer_id) customer_id, to_stage_id FROM stage_transition
    WHERE lifecycle_id = $1 AND occurred_at < $2 ORDER BY customer_id, occurred_at DESC, id DESC
), b AS (
    SELECT DISTINCT ON (customer_id) customer_id, to_stage_id FROM stage_transition
    WHERE lifecycle_id = $1 AND occurred_at < $3 ORDER BY customer_id, occurred_at DESC, id DESC
)
SELECT a.to_stage_id, b.to_stage_id, count(*) FROM a JOIN b USING (customer_id) GROUP BY 1, 2
"""
TRIANGLE = """
WITH first AS (SELECT customer_id, date_trunc('month', min(day))::date AS cohort FROM customer_day GROUP BY 1)
SELECT f.cohort, date_trunc('month', d.day)::date AS month, count(DISTINCT d.customer_id)
FROM customer_day d JOIN first f USING (customer_id)
WHERE f.cohort >= $1 AND f.cohort < $2 GROUP BY 1, 2
"""
CHURN = """
WITH a AS (
    SELECT DISTINCT ON (customer_id) customer_id, to_stage_id FROM stage_transition
    WHERE lifecycle_id = $1 AND occurred_at < $2 ORDER BY customer_id, occurred_at DESC, id DESC
), b AS (
    SELECT DISTINCT ON (customer_id) customer_id, to_stage_id FROM stage_transition
    WHERE lifecycle_id = $1 AND occurred_at < $3 ORDER BY customer_id, occurred_at DESC, id DESC
)
SELECT s.key, count(*), count(*) FILTER (WHERE e.outcome = 'LOST') FROM a JOIN b USING (customer_id)
JOIN stage s ON s.id = a.to_stage_id JOIN stage e ON e.id = b.to_stage_id WHERE s.outcome <> 'LOST' GROUP BY 1
"""
# A move without a thought: no guard, no trail but the bare history.
BARE_MOVE = """
WITH moved AS (
    UPDATE stage_position SET stage_id = $2, entered_at = $3, updated_at = now()
    WHERE customer_id = ANY($1::uuid[]) RETURNING customer_id, lifecycle_id
)
INSERT INTO stage_transition (id, created_at, updated_at, customer_id, lifecycle_id, from_stage_id, to_stage_id,
                              occurred_at, cause, actor_kind, actor_label)
SELECT uuidv7(), now(), now(), customer_id, lifecycle_id, $4, $2, $3, 'MANUAL', 'SYSTEM', 'bench' FROM moved
"""


async def run(small: bool) -> None:
    customers = 20_000 if small else 1_000_000
    async with database() as (dsn, _):
        path = await default.install(BENCH)
        await load(dsn, path, customers)
        await reports(path, customers, runs=2 if small else 3)
        await kept_reports(path, customers, runs=30)
        await moves(path, 2_000 if small else 100_000)
        await automatic_moves(path, 2_000 if small else 20_000)
        await timelines(10_000, runs=30)


async def load(dsn: str, path: Lifecycle, customers: int) -> None:
    """Customers with their ways."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("SET work_mem = '256MB'")
        arguments: Sequence[tuple[Any, ...]] = ((customers,), (), (path.id, list(PATH)), (), ())
        for statement, values in zip(LOAD, arguments, strict=True):
            await connection.execute(statement, *values)
    finally:
        await connection.close()
    await analyze(dsn)


async def reports(path: Lifecycle, customers: int, *, runs: int) -> None:
    pairs: dict[str, tuple[Work, Work]] = {
        "funnel by month of entry": (
            lambda: funnel.funnel(BENCH, entered=PERIOD, cohort=Grain.MONTH),
            lambda: fetch_wide(FUNNEL, path.id, SINCE, UNTIL),
        ),
        "transition matrix of a year": (
            lambda: matrix.matrix(BENCH, period=Period(SINCE + timedelta(days=365), UNTIL)),
            lambda: fetch_wide(MATRIX, path.id, SINCE + timedelta(days=365), UNTIL),
        ),
        "retention triangle by month": (
            lambda: cohorts.triangle(BENCH, came=PERIOD, now=NOW),
            lambda: fetch_wide(TRIANGLE, SINCE.date(), UNTIL.date()),
        ),
        "churn of a year by stage": (
            lambda: churn.churn(BENCH, period=Period(SINCE + timedelta(days=365), UNTIL)),
            lambda: fetch_wide(CHURN, path.id, SINCE + timedelta(days=365), UNTIL),
        ),
    }
    rows = []
    for name, (ours, bare) in pairs.items():
        taken = await alternate({"ours": ours, "bare": bare}, runs=runs)
        mine, theirs = taken["ours"].median, taken["bare"].median
        rows.append((name, mine, theirs, mine / theirs))
    show(f"Reports over {customers:,} customers, seconds", ("report", "ours", "bare SQL", "ratio"), rows)


async def kept_reports(path: Lifecycle, customers: int, *, runs: int) -> None:
    """What the panel shows: the usual reports, worked out beforehand, and read back."""
    working = await stopwatch(work_out)
    works: dict[str, Work] = {
        f"{question.report.lower()}{' by ' + question.grain.lower() if question.grain else ''}": partial(
            kept.ask, BENCH, question, now=NOW
        )
        for question in usual(path.key)
    }
    taken = await alternate(works, runs=runs)
    rows = [(name, *quantiles([1000 * second for second in each.seconds])) for name, each in taken.items()]
    title = (
        f"The usual reports over {customers:,} customers as they are kept, milliseconds ({working:.0f} s to make all)"
    )
    show(title, ("report", "median", "p90"), rows)


async def work_out() -> None:
    while await kept.keep(NOW):
        pass


async def moves(path: Lifecycle, number: int) -> None:
    ids = await standing_in(path, "suspect", 2 * number)
    stages = {stage.key: stage.id for stage in await store.stages_of(path.id)}
    size = bulk.CHUNK

    async def bare() -> None:
        for start in range(0, number, size):
            part = ids[number + start : number + min(start + size, number)]
            await execute(BARE_MOVE, part, stages["prospect"], NOW, stages["suspect"])

    async def moved() -> None:
        for start in range(0, number, bulk.MAX_MOVED):
            part = ids[start : min(start + bulk.MAX_MOVED, number)]
            await bulk.move_many(BENCH, to="prospect", customer_ids=part, now=NOW)

    ours, work = await weighed(moved)
    plain, bare_work = await weighed(bare)
    show(
        f"Moving {number:,} customers",
        ("", "seconds", "processor seconds", "customers/s", "customers a processor second"),
        [
            ("bulk move: position, history, audit, event", ours, work, number / ours, number / work),
            ("bare SQL: position and history alone", plain, bare_work, number / plain, number / bare_work),
        ],
    )


async def weighed(work: Work) -> tuple[float, float]:
    """Seconds by the clock, and by the processor: this program's and the server's together."""
    backend = (await fetch("SELECT pg_backend_pid() AS pid"))[0]["pid"]
    server = int(stat_of(backend)[1])
    before = processor_seconds(server)
    seconds = await stopwatch(work)
    return seconds, processor_seconds(server) - before


def processor_seconds(server: int) -> float:
    """What this process and all children of the server have used so far; those that ended meanwhile are left out."""
    ticks = sum(
        sum(map(int, stat[11:13]))
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and (stat := stat_of(int(entry.name))) and stat[1] == str(server)
    )
    own = os.times()
    return ticks / os.sysconf("SC_CLK_TCK") + own.user + own.system


def stat_of(process: int) -> list[str]:
    """The fields of a process after its name: state, parent, … times; none when it has ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


async def standing_in(path: Lifecycle, key: str, number: int) -> list[UUID]:
    rows = await fetch(
        "SELECT p.customer_id FROM stage_position p JOIN stage s ON s.id = p.stage_id "
        "WHERE p.lifecycle_id = $1 AND s.key = $2 ORDER BY p.customer_id LIMIT $3",
        path.id,
        key,
        number,
    )
    return [row["customer_id"] for row in rows]


async def automatic_moves(path: Lifecycle, number: int) -> None:
    """A guarded automatic edge; half of those who are looked at may go on."""
    ids = await standing_in(path, "prospect", number)
    edge = EdgeDefinition("prospect", "first_time_buyer", 'country in ("IR", "CN")', automatic=True)
    await definitions.change(BENCH, path.id, definitions.with_edge(edge), expected_version=None, now=NOW)
    many = await stopwatch(lambda: automatic.advance(BENCH, ids[1:], now=NOW))
    one = await stopwatch(lambda: automatic.advance(BENCH, ids[:1], now=NOW))
    show(
        "Automatic moves",
        ("", "seconds", "customers/s"),
        [(f"{len(ids) - 1:,} changed customers looked at", many, len(ids) / many), ("one", one, 1 / one)],
    )


if __name__ == "__main__":
    asyncio.run(run(small=True))

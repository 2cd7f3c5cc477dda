"""The first page of a long timeline: one statement, and how long it takes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from bench.harness import alternate, show
from crm import timeline
from crm.access import system
from crm.database import execute, fetch, listening
from crm.ids import encode
from schema import execute as execute_document
from schema.select.request import GraphQLRequest

BENCH = system("bench")
NOW = datetime(2026, 6, 1, tzinfo=UTC)

ENTRIES = (
    """
INSERT INTO interaction (id, created_at, updated_at, version, customer_id, channel, direction, kind, occurred_at,
                         subject, body)
SELECT uuidv7(), now(), now(), 1, $1, 'PHONE', 'INBOUND', (ARRAY['CALL', 'NOTE'])[1 + n % 2],
       now() - n * interval '1 hour', 'Call ' || n, repeat('word ', 40)
FROM generate_series(1, $2::int * 6 / 10) n
""",
    """
INSERT INTO "order" (id, created_at, updated_at, version, customer_id, source, status, placed_at, amount, list_amount,
                     refunded, currency, exchange_rate, base_amount, quantity)
SELECT uuidv7(), now(), now(), 1, $1, 'shop', 'COMPLETED', now() - n * interval '2 hours', 10, 10, 0, 'USD', 1, 10, 1
FROM generate_series(1, $2::int * 3 / 10) n
""",
    """
INSERT INTO event (id, created_at, updated_at, type, noun, noun_id, customer_id, actor_kind, actor_label, data)
SELECT uuidv7(), now() - n * interval '5 hours', now(), 'value.changed', 'value_snapshot', $1, $1, 'SYSTEM', 'bench',
       '{"clv": ["1", "2"]}'
FROM generate_series(1, $2::int / 10) n
""",
)


async def timelines(entries: int, *, runs: int) -> None:
    ids = await fetch("SELECT id FROM customer ORDER BY id LIMIT 1")
    customer = ids[0]["id"]
    for statement in ENTRIES:
        await execute(statement, customer, entries)
    await execute("ANALYZE")
    statement = (await page(customer))[-1]
    plans = [await explained(statement, [customer]) for _ in range(runs)]
    taken = await alternate(
        {"field": lambda: page(customer), "list": lambda: timeline.page(BENCH, customer, first=50)}, runs=runs
    )
    show(
        f"First page of 50 of a timeline with {entries:,} entries, milliseconds",
        ("", "median", "p90"),
        [
            ("Customer.timeline, database: planning and execution", *quantiles([sum(plan) for plan in plans])),
            ("Customer.timeline, database: execution", *quantiles([plan[1] for plan in plans])),
            ("Customer.timeline, whole request", *quantiles([1000 * s for s in taken["field"].seconds])),
            ("the use case behind jobs, visibility included", *quantiles([1000 * s for s in taken["list"].seconds])),
        ],
    )


PAGE = """
{ customer(id: "%s") { timeline(first: 50) { pageInfo { hasNextPage endCursor } nodes {
  __typename kind at
  ... on InteractionEntry { interaction { channel direction kind subject body outcome staff { name } } }
  ... on OrderEntry { order { reference status amount { amount currency } } }
  ... on StageMoveEntry { transition { fromStage { key } toStage { key } cause reason dwellSeconds } }
  ... on MembershipEntry { membership { segment { key } entryCause exitCause } }
  ... on ValueEntry { figures }
  ... on FollowUpEntry { followUp { subject status } }
} } } }
"""


async def page(customer: UUID) -> list[str]:
    """Ask for the first page; the statements that it took."""
    sent: list[str] = []
    with listening(sent.append):
        answer = await execute_document(GraphQLRequest(PAGE % encode("cus", customer), NOW), BENCH)
    assert not answer.errors, answer.body
    return [statement for statement in sent if statement.startswith("SELECT")]


async def explained(statement: str, values: list[Any]) -> tuple[float, float]:
    """Planning and execution time, milliseconds."""
    rows = await fetch(f"EXPLAIN (ANALYZE, FORMAT JSON, TIMING OFF) {statement}", *values)
    plan = orjson.loads(rows[0][0])[0]
    return plan["Planning Time"], plan["Execution Time"]


def quantiles(values: list[float]) -> tuple[float, float]:
    ordered = sorted(values)
    return ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.9)]

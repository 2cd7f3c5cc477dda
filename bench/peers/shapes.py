"""What is asked: five shapes, each as a document and as the address of the hand-written route that answers the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from crm.database import fetch_value
from crm.ids import encode


@dataclass(frozen=True, slots=True)
class People:
    """Whom the shapes ask for: somebody, and somebody with much behind them; and what PostGraphile has to be told."""

    someone: UUID
    regular: UUID
    run: UUID
    lifecycle: UUID


@dataclass(frozen=True, slots=True)
class Shape:
    """One question. `resolvers` and `postgraphile` are the same in the words of the others' schemas.

    Empty words are those of `document`, for the resolvers; None says that PostGraphile has none, for the `reason`.
    """

    key: str
    title: str
    document: str
    resolvers: str = ""
    postgraphile: str | None = None
    reason: str = ""
    asks: Callable[[People], UUID] | None = None
    nested: bool = True

    def variables(self, people: People) -> dict[str, Any]:
        return {"id": encode("cus", self.asks(people))} if self.asks else {}

    def keys(self, people: People) -> dict[str, Any]:
        """The variables for PostGraphile, which knows neither the current run nor the default lifecycle."""
        told = {"$id": str(self.asks(people)) if self.asks else "", "$run": str(people.run)}
        told["$lifecycle"] = str(people.lifecycle)
        return {name[1:]: value for name, value in told.items() if f"{name}:" in (self.postgraphile or "")}

    def path(self, people: People) -> str:
        return f"/{self.key}/{self.asks(people)}" if self.asks else f"/{self.key}"


POINT = "query ($id: ID!) { customer(id: $id) { id displayName country city version } }"

PAGE = """{ customers(first: 50, orderBy: [{field: CREATED_AT}]) { nodes {
  id displayName stage { stage { key } } segments { key }
  valueMetrics { rfmGroup frequency pAlive clv { amount currency } }
  orders(first: 5, orderBy: [{field: PLACED_AT, direction: DESC}]) { nodes { id amount { amount currency } } } } } }"""

FILTERED = """{ customers(first: 100, search: "mar", orderBy: [{field: CLV, direction: DESC}],
    where: {segment: {key: "active"}, orders: {sum: {field: baseAmount, gte: 20}, window: {last: 90, unit: "DAY"}}}) {
  nodes { id displayName country stage { stage { key } } valueMetrics { rfmGroup clv { amount currency } } } } }"""

TIMELINE = """query ($id: ID!) { customer(id: $id) { id displayName
  interactions(first: 100, orderBy: [{field: OCCURRED_AT}]) { nodes { id kind channel occurredAt } }
  stageHistory(first: 100, orderBy: [{field: OCCURRED_AT}]) { nodes { id toStage { key } } }
  memberships(first: 100) { nodes { segment { key } enteredAt } }
  orders(first: 60, orderBy: [{field: PLACED_AT}]) { nodes { id placedAt amount { amount currency }
    lines(first: 10, orderBy: [{field: POSITION}]) { nodes { position quantity amount product { name } } } } }
  relationships(first: 10) { nodes { kind related { id displayName
    orders(first: 10, orderBy: [{field: PLACED_AT, direction: DESC}]) { nodes { id placedAt amount { amount currency }
      lines(first: 5, orderBy: [{field: POSITION}]) { nodes { position amount product { name } } } } } } } } } }"""

GROUPED = """{ customersAggregate(groupBy: [STAGE, ACQUIRED_AT_MONTH]) {
  keys { by value } count sum(of: CLV) } }"""

POINT_TABLES = "query ($id: UUID!) { customer(rowId: $id) { rowId displayName country city version } }"

PAGE_RESOLVERS = """{ customers(first: 50) { nodes { id displayName stage { stage { key } } segments { key }
  valueMetrics { rfmGroup frequency pAlive clv { amount currency } }
  orders(first: 5, direction: DESC) { nodes { id amount { amount currency } } } } } }"""

PAGE_TABLES = """query ($run: UUID!, $lifecycle: UUID!) {
  customers(first: 50, orderBy: [CREATED_AT_ASC, PRIMARY_KEY_ASC]) { nodes { rowId displayName
    stagePositions(condition: {lifecycleId: $lifecycle}) { nodes { stage { key } } }
    segmentMemberships { nodes { segment { key } } }
    valueSnapshots(condition: {runId: $run}) { nodes { rfmGroup frequency pAlive clv run { currency } } }
    orders(first: 5, orderBy: [PLACED_AT_DESC, PRIMARY_KEY_DESC]) { nodes { rowId amount currency } } } } }"""

FILTERED_RESOLVERS = """{ customers: found(first: 100, search: "mar", segment: "active", spent: 20, days: 90) { nodes {
  id displayName country stage { stage { key } } valueMetrics { rfmGroup clv { amount currency } } } } }"""

TIMELINE_RESOLVERS = """query ($id: ID!) { customer(id: $id) { id displayName
  interactions(first: 100) { nodes { id kind channel occurredAt } }
  stageHistory(first: 100) { nodes { id toStage { key } } }
  memberships(first: 100) { nodes { segment { key } enteredAt } }
  orders(first: 60) { nodes { id placedAt amount { amount currency }
    lines(first: 10) { nodes { position quantity amount product { name } } } } }
  relationships(first: 10) { nodes { kind related { id displayName
    orders(first: 10, direction: DESC) { nodes { id placedAt amount { amount currency }
      lines(first: 5) { nodes { position amount product { name } } } } } } } } } }"""

TIMELINE_TABLES = """query ($id: UUID!) { customer(rowId: $id) { rowId displayName
  interactions(first: 100, orderBy: [OCCURRED_AT_ASC]) { nodes { rowId kind channel occurredAt } }
  stageTransitions(first: 100, orderBy: [OCCURRED_AT_ASC]) { nodes { rowId toStage { key } } }
  segmentMemberships(first: 100, orderBy: [ENTERED_AT_DESC]) { nodes { segment { key } enteredAt } }
  orders(first: 60, orderBy: [PLACED_AT_ASC]) { nodes { rowId placedAt amount currency
    orderLines(first: 10, orderBy: [POSITION_ASC]) { nodes { position quantity amount product { name } } } } }
  relationships(first: 10) { nodes { kind related { rowId displayName
    orders(first: 10, orderBy: [PLACED_AT_DESC]) { nodes { rowId placedAt amount currency
      orderLines(first: 5, orderBy: [POSITION_ASC]) { nodes { position amount product { name } } } } } } } } } }"""

GROUPED_RESOLVERS = "{ customersAggregate { keys { by value } count sum } }"

SHAPES = (
    Shape("point", "point look-up", POINT, POINT, POINT_TABLES, asks=lambda people: people.someone, nested=False),
    Shape("page", "50 customers with stage, segments, metrics and 5 orders each", PAGE, PAGE_RESOLVERS, PAGE_TABLES),
    Shape(
        "filtered",
        "100 customers by segment, spend in the last 90 days and search, ordered by CLV",
        FILTERED,
        FILTERED_RESOLVERS,
        reason="filters over related rows, sums and searches are not in PostGraphile without plugins of others",
    ),
    Shape(
        "timeline",
        "a customer's whole timeline, 3 connections deep",
        TIMELINE,
        TIMELINE_RESOLVERS,
        TIMELINE_TABLES,
        asks=lambda people: people.regular,
    ),
    Shape(
        "grouped",
        "an aggregate by stage and month",
        GROUPED,
        GROUPED_RESOLVERS,
        reason="aggregates are not in PostGraphile without plugins of others",
        nested=False,
    ),
)

_REGULAR = """
SELECT r.customer_id FROM relationship r
WHERE (SELECT count(*) FROM "order" o WHERE o.customer_id = r.customer_id) BETWEEN 40 AND 60
  AND (SELECT count(*) FROM interaction i WHERE i.customer_id = r.customer_id) >= 3
  AND (SELECT count(*) FROM "order" o WHERE o.customer_id = r.related_id) >= 20
ORDER BY r.customer_id LIMIT 1
"""


async def people() -> People:
    someone = await fetch_value("SELECT id FROM customer ORDER BY created_at, id OFFSET 100 LIMIT 1")
    return People(
        someone,
        await fetch_value(_REGULAR) or someone,
        await fetch_value("SELECT id FROM value_run WHERE is_current"),
        await fetch_value("SELECT id FROM lifecycle WHERE is_default"),
    )

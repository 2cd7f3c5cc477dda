"""The same answers from Strawberry resolvers with data loaders, one statement for each kind of thing and level."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader

from bench.peers.resolver_schema import schema

STAGES = """
SELECT p.customer_id, s.key FROM stage_position p JOIN stage s ON s.id = p.stage_id
WHERE p.customer_id = ANY ($1::uuid[]) AND p.lifecycle_id = (SELECT id FROM lifecycle WHERE is_default)
"""
SEGMENTS = """
SELECT m.customer_id, g.key FROM segment_membership m JOIN segment g ON g.id = m.segment_id
WHERE m.customer_id = ANY ($1::uuid[]) AND m.exited_at IS NULL ORDER BY g.name, g.id
"""
METRICS = """
SELECT v.customer_id, v.rfm_group, v.frequency, v.p_alive, v.clv, r.currency
FROM value_snapshot v JOIN value_run r ON r.id = v.run_id WHERE v.customer_id = ANY ($1::uuid[]) AND r.is_current
"""
INTERACTIONS = """
SELECT id, customer_id, kind, channel, occurred_at FROM interaction
WHERE customer_id = ANY ($1::uuid[]) ORDER BY occurred_at, id
"""
MOVES = """
SELECT t.id, t.customer_id, s.key FROM stage_transition t JOIN stage s ON s.id = t.to_stage_id
WHERE t.customer_id = ANY ($1::uuid[]) ORDER BY t.occurred_at, t.id
"""
STAYS = """
SELECT m.customer_id, m.entered_at, g.key FROM segment_membership m JOIN segment g ON g.id = m.segment_id
WHERE m.customer_id = ANY ($1::uuid[]) ORDER BY m.entered_at DESC, m.id DESC
"""
RELATIONSHIPS = (
    "SELECT customer_id, related_id, kind FROM relationship WHERE customer_id = ANY ($1::uuid[]) ORDER BY id"
)
LINES = """
SELECT order_id, product_id, position, quantity, amount FROM order_line
WHERE order_id = ANY ($1::uuid[]) ORDER BY position, id
"""
PRODUCTS = "SELECT id, name FROM product WHERE id = ANY ($1::uuid[])"
CUSTOMERS = "SELECT id, display_name, country, city, version FROM customer WHERE id = ANY ($1::uuid[])"
ORDERS = """
SELECT o.* FROM unnest($1::uuid[]) c CROSS JOIN LATERAL (
  SELECT id, customer_id, placed_at, amount, currency FROM "order"
  WHERE customer_id = c.c ORDER BY placed_at {0}, id {0} LIMIT $2
) o
"""


class Loaders:
    """The data loaders of one request."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool
        self.customer = self.one(CUSTOMERS, "id")
        self.stage = self.one(STAGES, "customer_id")
        self.metrics = self.one(METRICS, "customer_id")
        self.product = self.one(PRODUCTS, "id")
        self.segments = self.many(SEGMENTS, "customer_id")
        self.interactions = self.many(INTERACTIONS, "customer_id")
        self.moves = self.many(MOVES, "customer_id")
        self.stays = self.many(STAYS, "customer_id")
        self.relationships = self.many(RELATIONSHIPS, "customer_id")
        self.lines = self.many(LINES, "order_id")
        self.kept: dict[tuple[int, str], DataLoader[UUID, list[Any]]] = {}

    def one(self, sql: str, key: str) -> DataLoader[UUID, Any]:
        async def load(ids: Sequence[UUID]) -> list[Any]:
            rows = {row[key]: row for row in await self.pool.fetch(sql, ids)}
            return [rows.get(each) for each in ids]

        return DataLoader(load_fn=load)

    def many(self, sql: str, key: str, *more: object) -> DataLoader[UUID, list[Any]]:
        async def load(ids: Sequence[UUID]) -> list[list[Any]]:
            rows: dict[UUID, list[Any]] = {each: [] for each in ids}
            for row in await self.pool.fetch(sql, ids, *more):
                rows[row[key]].append(row)
            return list(rows.values())

        return DataLoader(load_fn=load)

    def orders(self, first: int, direction: str) -> DataLoader[UUID, list[Any]]:
        found = self.kept.get((first, direction))
        if found is None:
            found = self.kept[first, direction] = self.many(ORDERS.format(direction), "customer_id", first)
        return found


PAGE = """
SELECT id, display_name, country, city, version FROM customer
WHERE archived_at IS NULL ORDER BY created_at, id LIMIT $1
"""
FILTERED = """
SELECT c.id, c.display_name, c.country, c.city, c.version
FROM customer c
LEFT JOIN value_snapshot v ON v.customer_id = c.id AND v.run_id = (SELECT id FROM value_run WHERE is_current)
WHERE c.archived_at IS NULL
  AND (c.search_vector @@ to_tsquery('simple', $2) OR $3 <% c.search_text)
  AND EXISTS (SELECT FROM segment_membership m JOIN segment g ON g.id = m.segment_id
               WHERE m.customer_id = c.id AND g.key = $4 AND m.exited_at IS NULL)
  AND (SELECT coalesce(sum(o.base_amount), 0) FROM "order" o
        WHERE o.customer_id = c.id AND o.placed_at >= $5) >= $6
ORDER BY v.clv DESC NULLS LAST, c.id DESC LIMIT $1
"""
GROUPED = """
SELECT s.key, to_char(g.month, 'YYYY-MM') AS month, g.count, g.sum FROM (
  SELECT p.stage_id, date_trunc('month', c.acquired_at AT TIME ZONE 'UTC') AS month, count(*), sum(v.clv)
    FROM customer c
    LEFT JOIN stage_position p ON p.customer_id = c.id AND p.lifecycle_id = (SELECT id FROM lifecycle WHERE is_default)
    LEFT JOIN value_snapshot v ON v.customer_id = c.id AND v.run_id = (SELECT id FROM value_run WHERE is_current)
   WHERE c.archived_at IS NULL GROUP BY 1, 2
) g LEFT JOIN stage s ON s.id = g.stage_id
ORDER BY g.count DESC, s.position, s.key, s.name, g.month LIMIT 1000
"""


class Store:
    """What the root fields read."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool

    async def page(self, first: int) -> list[Any]:
        return list(await self.pool.fetch(PAGE, first))

    async def filtered(self, first: int, search: str, segment: str, spent: int, days: int) -> list[Any]:
        since = datetime.now(UTC) - timedelta(days=days)
        return list(await self.pool.fetch(FILTERED, first, f"'{search}':*", search, segment, since, spent))

    async def grouped(self) -> list[Any]:
        return list(await self.pool.fetch(GROUPED))


class Endpoint(GraphQL):  # type: ignore[type-arg]
    async def get_context(self, request: Request, response: object = None) -> Any:  # type: ignore[override]
        pool = request.app.state.pool
        return {"loaders": Loaders(pool), "store": Store(pool)}


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    async with asyncpg.create_pool(
        os.environ["DATABASE_URL"], min_size=4, max_size=4, server_settings={"jit": "off"}
    ) as pool:
        app.state.pool = pool
        yield


app = Starlette(routes=[Route("/graphql", Endpoint(schema))], lifespan=lifespan)

"""The same answers from a bare Starlette route and SQL written for it by hand: what compiled reads are measured by."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

TIME = """'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'"""

POINT = """
SELECT row_to_json(a) FROM (
  SELECT 'cus_' || c.id AS id, c.display_name AS "displayName", c.country, c.city, c.version
  FROM customer c WHERE c.id = $1
) a
"""

STAGE = """
(SELECT json_build_object('stage', json_build_object('key', s.key))
   FROM stage_position p JOIN stage s ON s.id = p.stage_id
  WHERE p.customer_id = c.id AND p.lifecycle_id = (SELECT id FROM lifecycle WHERE is_default))
"""

PAGE = f"""
SELECT coalesce(json_agg(row_to_json(a)), '[]') FROM (
  SELECT 'cus_' || c.id AS id, c.display_name AS "displayName", {STAGE} AS stage,
    (SELECT coalesce(json_agg(json_build_object('key', g.key) ORDER BY g.name, g.id), '[]')
       FROM segment_membership m JOIN segment g ON g.id = m.segment_id
      WHERE m.customer_id = c.id AND m.exited_at IS NULL) AS segments,
    (SELECT json_build_object('rfmGroup', v.rfm_group, 'frequency', v.frequency, 'pAlive', v.p_alive, 'clv',
            CASE WHEN v.clv IS NOT NULL
                 THEN json_build_object('amount', trim_scale(v.clv)::text, 'currency', r.currency) END)
       FROM value_snapshot v JOIN value_run r ON r.id = v.run_id
      WHERE v.customer_id = c.id AND r.is_current) AS "valueMetrics",
    json_build_object('nodes', (SELECT coalesce(json_agg(row_to_json(o)), '[]') FROM (
        SELECT 'ord_' || o.id AS id,
               json_build_object('amount', trim_scale(o.amount)::text, 'currency', o.currency) AS amount
          FROM "order" o WHERE o.customer_id = c.id ORDER BY o.placed_at DESC, o.id DESC LIMIT 5) o)) AS orders
  FROM customer c WHERE c.archived_at IS NULL ORDER BY c.created_at, c.id LIMIT 50
) a
"""

FILTERED = f"""
SELECT coalesce(json_agg(row_to_json(a)), '[]') FROM (
  SELECT 'cus_' || c.id AS id, c.display_name AS "displayName", c.country, {STAGE} AS stage,
    CASE WHEN c.found IS NOT NULL THEN json_build_object('rfmGroup', c.rfm_group, 'clv',
         CASE WHEN c.clv IS NOT NULL
              THEN json_build_object('amount', trim_scale(c.clv)::text, 'currency', c.currency) END)
    END AS "valueMetrics"
  FROM (
    SELECT c.*, v.customer_id AS found, v.rfm_group, v.clv, r.currency
      FROM customer c
      LEFT JOIN value_run r ON r.is_current
      LEFT JOIN value_snapshot v ON v.run_id = r.id AND v.customer_id = c.id
     WHERE c.archived_at IS NULL
       AND (c.search_vector @@ to_tsquery('simple', $1) OR $2 <% c.search_text)
       AND EXISTS (SELECT FROM segment_membership m JOIN segment g ON g.id = m.segment_id
                    WHERE m.customer_id = c.id AND g.key = $3 AND m.exited_at IS NULL)
       AND (SELECT coalesce(sum(o.base_amount), 0) FROM "order" o
             WHERE o.customer_id = c.id AND o.placed_at >= $4 AND o.placed_at < $5) >= $6
     ORDER BY v.clv DESC NULLS LAST, c.id DESC LIMIT 100
  ) c
) a
"""


def orders(of: str, order: str, most: int, lines: int, fields: str) -> str:
    return f"""
    json_build_object('nodes', (SELECT coalesce(json_agg(row_to_json(o)), '[]') FROM (
        SELECT 'ord_' || o.id AS id, to_char(o.placed_at AT TIME ZONE 'UTC', {TIME}) AS "placedAt",
               json_build_object('amount', trim_scale(o.amount)::text, 'currency', o.currency) AS amount,
               json_build_object('nodes', (SELECT coalesce(json_agg(row_to_json(l)), '[]') FROM (
                   SELECT l.position, {fields} trim_scale(l.amount)::text AS amount,
                          CASE WHEN p.id IS NOT NULL THEN json_build_object('name', p.name) END AS product
                     FROM order_line l LEFT JOIN product p ON p.id = l.product_id
                    WHERE l.order_id = o.id ORDER BY l.position, l.id LIMIT {lines}) l)) AS lines
          FROM "order" o WHERE o.customer_id = {of} ORDER BY o.placed_at {order}, o.id {order} LIMIT {most}) o))
    """  # noqa: S608


TIMELINE = f"""
SELECT row_to_json(a) FROM (
  SELECT 'cus_' || c.id AS id, c.display_name AS "displayName",
    json_build_object('nodes', (SELECT coalesce(json_agg(row_to_json(i)), '[]') FROM (
        SELECT 'int_' || i.id AS id, i.kind, i.channel,
               to_char(i.occurred_at AT TIME ZONE 'UTC', {TIME}) AS "occurredAt"
          FROM interaction i WHERE i.customer_id = c.id ORDER BY i.occurred_at, i.id LIMIT 100) i)) AS interactions,
    json_build_object('nodes', (SELECT coalesce(json_agg(row_to_json(t)), '[]') FROM (
        SELECT 'trn_' || t.id AS id, json_build_object('key', s.key) AS "toStage"
          FROM stage_transition t JOIN stage s ON s.id = t.to_stage_id
         WHERE t.customer_id = c.id ORDER BY t.occurred_at, t.id LIMIT 100) t)) AS "stageHistory",
    json_build_object('nodes', (SELECT coalesce(json_agg(row_to_json(m)), '[]') FROM (
        SELECT json_build_object('key', g.key) AS segment,
               to_char(m.entered_at AT TIME ZONE 'UTC', {TIME}) AS "enteredAt"
          FROM segment_membership m JOIN segment g ON g.id = m.segment_id
         WHERE m.customer_id = c.id ORDER BY m.entered_at DESC, m.id DESC LIMIT 100) m)) AS memberships,
    {orders("c.id", "ASC", 60, 10, "trim_scale(l.quantity)::text AS quantity,")} AS orders,
    json_build_object('nodes', (SELECT coalesce(json_agg(row_to_json(r)), '[]') FROM (
        SELECT r.kind, json_build_object('id', 'cus_' || d.id, 'displayName', d.display_name,
                                         'orders', {orders("d.id", "DESC", 10, 5, "")}) AS related
          FROM relationship r JOIN customer d ON d.id = r.related_id
         WHERE r.customer_id = c.id ORDER BY r.id LIMIT 10) r)) AS relationships
  FROM customer c WHERE c.id = $1
) a
"""

GROUPED = """
SELECT coalesce(json_agg(row_to_json(a)), '[]') FROM (
  SELECT json_build_array(json_build_object('by', 'STAGE', 'value', s.key),
                          json_build_object('by', 'ACQUIRED_AT_MONTH', 'value', to_char(g.month, 'YYYY-MM'))) AS keys,
         g.count, trim_scale(g.sum)::text AS sum
  FROM (
    SELECT p.stage_id, date_trunc('month', c.acquired_at AT TIME ZONE 'UTC') AS month, count(*), sum(v.clv)
      FROM customer c
      LEFT JOIN stage_position p
        ON p.customer_id = c.id AND p.lifecycle_id = (SELECT id FROM lifecycle WHERE is_default)
      LEFT JOIN value_snapshot v ON v.customer_id = c.id AND v.run_id = (SELECT id FROM value_run WHERE is_current)
     WHERE c.archived_at IS NULL
     GROUP BY 1, 2
  ) g LEFT JOIN stage s ON s.id = g.stage_id
  ORDER BY g.count DESC, s.position, s.key, s.name, g.month LIMIT 1000
) a
"""


def answered(name: str, found: str) -> Response:
    return Response(f'{{"data":{{"{name}":{found}}}}}', media_type="application/json")


async def point(request: Request) -> Response:
    found = await request.app.state.pool.fetchval(POINT, UUID(request.path_params["id"]))
    return answered("customer", found)


async def page(request: Request) -> Response:
    found = await request.app.state.pool.fetchval(PAGE)
    return answered("customers", f'{{"nodes":{found}}}')


async def filtered(request: Request) -> Response:
    now = datetime.now(UTC)
    found = await request.app.state.pool.fetchval(
        FILTERED, "'mar':*", "mar", "active", now - timedelta(days=90), now, 20
    )
    return answered("customers", f'{{"nodes":{found}}}')


async def timeline(request: Request) -> Response:
    found = await request.app.state.pool.fetchval(TIMELINE, UUID(request.path_params["id"]))
    return answered("customer", found)


async def grouped(request: Request) -> Response:
    return answered("customersAggregate", await request.app.state.pool.fetchval(GROUPED))


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    async with asyncpg.create_pool(
        os.environ["DATABASE_URL"], min_size=4, max_size=4, server_settings={"jit": "off"}
    ) as pool:
        app.state.pool = pool
        yield


app = Starlette(
    routes=[
        Route("/point/{id}", point),
        Route("/page", page),
        Route("/filtered", filtered),
        Route("/timeline/{id}", timeline),
        Route("/grouped", grouped),
    ],
    lifespan=lifespan,
)

"""The same answers from a bare Starlette route and SQL written for it by hand: what compiled reads are measured by."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

POINT = """
SELECT row_to_json(a) FROM (
  SELECT 'cus_' || c.id AS id, c.display_name AS "displayName", c.country, c.city, c.version
  FROM customer c WHERE c.id = $1
) a
"""

PAGE = """
SELECT coalesce(json_agg(row_to_json(a)), '[]') FROM (
  SELECT 'cus_' || c.id AS id, c.display_name AS "displayName",
    (SELECT json_build_object('stage', json_build_object('key', s.key))
       FROM stage_position p JOIN stage s ON s.id = p.stage_id
      WHERE p.customer_id = c.id AND p.lifecycle_id = (SELECT id FROM lifecycle WHERE is_default)) AS stage,
    (SELECT coalesce(json_agg(json_build_object('key', g.key) ORDER BY g.key), '[]')
       FROM segment_membership m JOIN segment g ON g.id = m.segment_id
      WHERE m.customer_id = c.id AND m.exited_at IS NULL) AS segments,
    (SELECT json_build_object('rfmGroup', v.rfm_group)
       FROM value_snapshot v
      WHERE v.customer_id = c.id AND v.run_id = (SELECT id FROM value_run WHERE is_current)) AS "valueMetrics",
    json_build_object('nodes', (SELECT coalesce(json_agg(row_to_json(o)), '[]') FROM (
        SELECT 'ord_' || o.id AS id,
               json_build_object('amount', trim_scale(o.amount)::text, 'currency', o.currency) AS amount
          FROM "order" o WHERE o.customer_id = c.id ORDER BY o.placed_at DESC, o.id DESC LIMIT 5) o)) AS orders
  FROM customer c WHERE c.archived_at IS NULL ORDER BY c.created_at, c.id LIMIT 50
) a
"""


async def point(request: Request) -> Response:
    found = await request.app.state.pool.fetchval(POINT, UUID(request.path_params["id"]))
    return Response(f'{{"data":{{"customer":{found}}}}}', media_type="application/json")


async def page(request: Request) -> Response:
    found = await request.app.state.pool.fetchval(PAGE)
    return Response(f'{{"data":{{"customers":{{"nodes":{found}}}}}}}', media_type="application/json")


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    async with asyncpg.create_pool(
        os.environ["DATABASE_URL"], min_size=4, max_size=4, server_settings={"jit": "off"}
    ) as pool:
        app.state.pool = pool
        yield


app = Starlette(routes=[Route("/point/{id}", point), Route("/page", page)], lifespan=lifespan)

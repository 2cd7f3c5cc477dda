"""Noting what became of an attempt, in one statement, unless the claim was lost meanwhile."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from crm.database import fetch_row
from crm.webhooks.posting import Answer

KEPT_TRIES = 20

# An endpoint's row is touched only when something about it changes, or its last success is a minute old.
_SETTLE = f"""
WITH done AS (
    UPDATE webhook_delivery SET
        status = $3::text, next_attempt_at = $4, claimed_until = NULL, updated_at = now(),
        delivered_at = CASE WHEN $3::text = 'DELIVERED' THEN $5::timestamptz END,
        response_status = $6, response_excerpt = $7, error = $8, duration_ms = $9,
        tries = CASE WHEN jsonb_array_length(tries) >= {KEPT_TRIES} THEN tries - 0 ELSE tries END || $10::jsonb
    WHERE id = $1 AND claimed_until = $2
    RETURNING endpoint_id
), noted AS (
    UPDATE webhook_endpoint w SET
        failing_since = CASE WHEN $3::text = 'DELIVERED' THEN NULL ELSE $5::timestamptz END,
        last_success_at = CASE WHEN $3::text = 'DELIVERED' THEN $5::timestamptz ELSE w.last_success_at END
    FROM done WHERE w.id = done.endpoint_id AND CASE WHEN $3::text = 'DELIVERED'
        THEN w.failing_since IS NOT NULL OR w.last_success_at IS NULL
             OR w.last_success_at < $5::timestamptz - interval '1 minute'
        ELSE w.failing_since IS NULL END
)
SELECT w.failing_since FROM done JOIN webhook_endpoint w ON w.id = done.endpoint_id
"""  # noqa: S608 - our own words


async def settle(
    delivery_id: UUID, claimed_until: datetime, answer: Answer, *, at: datetime, took: int, wait: timedelta | None
) -> datetime | None:
    """Note an answer: delivered, to be tried again after `wait`, or failed for good (no wait, or 410).

    Returns since when the endpoint had failed before, if it had.
    """
    if answer.good:
        status, following = "DELIVERED", None
    elif wait is None or answer.status == 410:
        status, following = "FAILED", None
    else:
        status, following = "PENDING", at + wait
    tried: dict[str, Any] = {"at": at.isoformat(), "status": answer.status, "error": answer.error, "ms": took}
    error = None if answer.good else answer.error or f"answered {answer.status}"
    row = await fetch_row(
        _SETTLE,
        delivery_id,
        claimed_until,
        status,
        following,
        at,
        answer.status,
        answer.excerpt or None,
        error,
        took,
        orjson.dumps([tried]).decode(),
    )
    return row["failing_since"] if row else None

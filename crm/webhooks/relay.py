"""From events to deliveries: one row for each endpoint that wants to hear of each event, whoever reads it how often."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
import structlog

from crm.access import system
from crm.database import execute, fetch
from crm.errors import CrmError
from crm.rules.predicate import predicate
from crm.tail import Happened
from crm.webhooks.choosing import chooses
from crm.webhooks.endpoints import switch_off
from models import DisabledReason

log = structlog.get_logger("arzesh.webhooks")

KEPT = timedelta(days=30)
"""How long a delivery can be looked at, and sent again."""
WAITS_FOR = timedelta(days=7)
"""How long events are noted for an endpoint that is switched off."""
AT_ONCE = 10_000

_LISTENING = """
SELECT id, event_types, rule, row_filter, created_at FROM webhook_endpoint
WHERE archived_at IS NULL AND (enabled OR disabled_at > $1) ORDER BY id
"""
_TELL = """
INSERT INTO webhook_delivery
    (id, created_at, updated_at, endpoint_id, event_id, event_type, customer_id, status, attempts, next_attempt_at,
     tries)
SELECT uuidv7(), now(), now(), $1, e.id, e.type, e.customer_id, 'PENDING', 0, $3, '[]'
FROM event e
WHERE e.position = ANY ($2::bigint[]) AND e.created_at >= $4 AND ({condition})
ORDER BY e.transaction_id, e.position
ON CONFLICT (endpoint_id, event_id) DO NOTHING
"""


async def react(events: Sequence[Happened], now: datetime) -> bool:
    """Note whom these events are to be told; reading them again changes nothing."""
    if events:
        for endpoint in await fetch(_LISTENING, now - WAITS_FOR):
            await _note(endpoint, events, now)
    return True


async def _note(endpoint: Any, events: Sequence[Happened], now: datetime) -> None:
    wanted = [event.position for event in events if chooses(endpoint["event_types"], event.type)]
    if not wanted:
        return
    try:
        condition, values = await _who(endpoint, now)
    except CrmError as error:
        log.warning("the rule of a webhook cannot be read any more", webhook=str(endpoint["id"]), reason=error.message)
        await switch_off(system("webhooks"), endpoint["id"], DisabledReason.RULE_BROKEN, now=now)
        return
    statement = _TELL.format(condition=condition)
    await execute(statement, endpoint["id"], wanted, now, endpoint["created_at"], *values)


async def _who(endpoint: Any, now: datetime) -> tuple[str, list[Any]]:
    """Of whom the endpoint hears, as a condition over the event `e`.

    A rule holds for a customer, so what concerns none does not fit it; a row filter only keeps customers out.
    """
    parts: list[str] = []
    values: list[Any] = []
    for rule, without in ((endpoint["rule"], "false"), (endpoint["row_filter"], "true")):
        if rule is None:
            continue
        found, bound = await predicate(orjson.loads(rule), alias="c", first_parameter=5 + len(values), now=now)
        holds = f"EXISTS (SELECT FROM customer c WHERE c.id = e.customer_id AND ({found}))"
        parts.append(f"CASE WHEN e.customer_id IS NULL THEN {without} ELSE {holds} END")
        values += bound
    return " AND ".join(parts) or "true", values


_OLD = """
DELETE FROM webhook_delivery WHERE id IN (SELECT id FROM webhook_delivery WHERE created_at < $1 LIMIT $2)
"""


async def forget(now: datetime) -> int:
    """Delete deliveries of long ago, a part at a time; returns how many."""
    gone = 0
    while deleted := await execute(_OLD, now - KEPT, AT_ONCE):
        gone += deleted
    return gone


async def forget_in_time(now: datetime) -> None:
    await forget(now)

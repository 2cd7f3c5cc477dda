"""How much waits to be told, for metrics and `arzesh doctor`; counted by whoever sends."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crm.database import fetch_row
from crm.errors import CrmError

if TYPE_CHECKING:
    from crm.webhooks.posting import Answer

EVERY = 15.0
"""Seconds between two counts."""
MOST = 100_000
"""Deliveries up to which they are counted."""

_WAITING = """
SELECT count(*) AS waiting, coalesce(extract(epoch FROM now() - min(d.created_at)), 0)::float8 AS age,
       (SELECT count(*) FROM webhook_endpoint
        WHERE archived_at IS NULL AND NOT enabled AND disabled_reason <> 'BY_HAND') AS switched_off
FROM (
    SELECT d.created_at FROM webhook_delivery d JOIN webhook_endpoint w ON w.id = d.endpoint_id
    WHERE d.status = 'PENDING' AND w.enabled AND w.archived_at IS NULL LIMIT $1
) d
"""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits for endpoints that are switched on: how many deliveries, the oldest's age in seconds; and how many
    endpoints were switched off because they failed."""

    waiting: int = 0
    age: float = 0.0
    switched_off: int = 0


@dataclass
class Figures:
    """Of this process."""

    backlog: Backlog = Backlog()
    answers: dict[str, int] = field(default_factory=dict)
    """How many attempts ended how: delivered, refused (another status), unanswered."""


figures = Figures()


def count(answer: Answer, of: Figures = figures) -> None:
    """Note how an attempt ended."""
    outcome = "delivered" if answer.good else "refused" if answer.status else "unanswered"
    of.answers[outcome] = of.answers.get(outcome, 0) + 1


async def look() -> Backlog:
    row = await fetch_row(_WAITING, MOST)
    return Backlog(**row) if row else Backlog()


async def watch(stop: asyncio.Event) -> None:
    """Count again and again until `stop` is set."""
    while not stop.is_set():
        with suppress(CrmError):
            figures.backlog = await look()
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), EVERY)

"""From what happened to who may move on: feeds automatic moves with the customers whose data changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from crm.access import Actor
from crm.database import fetch
from crm.events import EventType
from crm.lifecycle import automatic
from models import TransitionCause

# What these tell cannot make a rule over customers hold, or the customer is gone.
_SILENT = frozenset({EventType.CUSTOMER_DELETED, EventType.CUSTOMER_ARCHIVED})
# These concern everybody.
_FOR_ALL = frozenset({EventType.LIFECYCLE_UPDATED, EventType.LIFECYCLE_CREATED, EventType.VALUE_PUBLISHED})

_RELATED = """
SELECT r.related_id AS id FROM relationship r WHERE r.customer_id = ANY($1::uuid[])
UNION SELECT r.customer_id FROM relationship r WHERE r.related_id = ANY($1::uuid[])
"""


class Happened(Protocol):
    """The parts of an event that matter here."""

    @property
    def type(self) -> str: ...
    @property
    def customer_id(self) -> UUID | None: ...
    @property
    def data(self) -> dict[str, Any]: ...


def affected(events: Sequence[Happened]) -> list[UUID]:
    """The customers whose data changed, each once. Automatic moves themselves are no cause of further ones."""
    return sorted({event.customer_id for event in events if event.customer_id and _may_cause(event)})


def _may_cause(event: Happened) -> bool:
    if event.type in _SILENT:
        return False
    return not (event.type == EventType.STAGE_MOVED and event.data.get("cause") == TransitionCause.AUTOMATIC)


async def react(actor: Actor, events: Sequence[Happened], *, now: datetime) -> int:
    """Make the automatic moves that these events allow; returns how many. Repeating it does no harm.

    A new definition or new values concern everybody; otherwise the customers of the events, and those related to
    them, whose rules may look at them.
    """
    if any(event.type in _FOR_ALL for event in events):
        return await automatic.sweep(actor, now=now)
    changed = affected(events)
    if not changed:
        return 0
    related = [row["id"] for row in await fetch(_RELATED, changed)]
    return len(await automatic.advance(actor, sorted({*changed, *related}), now=now))

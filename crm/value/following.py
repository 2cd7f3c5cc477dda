"""Follows the events: whoever bought, cost or said something is worth something else, and within a second it shows."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from pkgutil import resolve_name

import structlog

from crm.access import system
from crm.database import fetch_value
from crm.errors import Blocked
from crm.events import EventType
from crm.tail import Happened

NOUNS = frozenset({"order", "cost_entry", "interaction", "relationship", "customer"})
OF_NO_VALUE = frozenset(
    {"display_name", "given_name", "family_name", "organization_name", "language", "country", "city", "time_zone",
     "birthday", "custom_fields", "owner_id"}
)  # fmt: skip
"""What can change of a customer without changing what it is worth."""

REFRESH = "crm.value.runs.refresh:refresh"
"""Named, not imported: numpy and scipy take a second that nobody should wait for who does not need them."""


RESUME = "crm.value.runs:resume"
log = structlog.get_logger("arzesh.value")


async def carry_out(now: datetime) -> None:
    """Do the work of a run that somebody asked for, or that was interrupted."""
    if not await fetch_value("SELECT true FROM value_run WHERE status = 'RUNNING' LIMIT 1"):
        return
    resume = await asyncio.to_thread(resolve_name, RESUME)
    try:
        await resume(system("value"), now=now)
    except Blocked:
        log.debug("another process is at work on a value run")


async def react(happened: Sequence[Happened], now: datetime) -> bool:
    """Value the customers again of whom the events tell."""
    touched = {event.customer_id for event in happened if event.customer_id and bears_on_value(event)}
    if touched and await fetch_value("SELECT true FROM value_run WHERE is_current"):
        refresh = await asyncio.to_thread(resolve_name, REFRESH)
        await refresh(system("value"), touched, now=now)
    return True


def bears_on_value(event: Happened) -> bool:
    if event.type == EventType.CUSTOMER_UPDATED:
        return not event.data.get("changes", {}).keys() <= OF_NO_VALUE
    return event.noun in NOUNS

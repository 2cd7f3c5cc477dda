"""Follows the events: whoever bought, cost or said something is worth something else, and within a second it shows."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from pkgutil import resolve_name

from crm.access import system
from crm.database import fetch_value
from crm.tail import Happened

NOUNS = frozenset({"order", "cost_entry", "interaction", "relationship", "customer"})
REFRESH = "crm.value.runs.refresh:refresh"
"""Named, not imported: numpy and scipy take a second that nobody should wait for who does not need them."""


async def react(happened: Sequence[Happened], now: datetime) -> bool:
    """Value the customers again of whom the events tell."""
    touched = {event.customer_id for event in happened if event.noun in NOUNS and event.customer_id}
    if touched and await fetch_value("SELECT true FROM value_run WHERE is_current"):
        refresh = await asyncio.to_thread(resolve_name, REFRESH)
        await refresh(system("value"), touched, now=now)
    return True

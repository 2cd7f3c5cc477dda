"""Puts a finished run in the place of the published one: readers see the old figures or the new, never a mix."""

from __future__ import annotations

from datetime import datetime

from crm import audit, events
from crm.access import Actor
from crm.database import execute, fetch, transaction
from crm.events import EventType
from crm.value.assumptions import Assumptions
from crm.value.runs import partition
from crm.value.runs.refresh import PUBLISHING, catch_up
from models import RunStatus, ValueRun

_RETIRE = """
UPDATE value_run SET is_current = false, status = 'RETIRED', updated_at = now()
WHERE is_current AND as_of <= $1
"""
_OLD = """
SELECT id FROM value_run WHERE status IN ('PUBLISHED', 'RETIRED') AND NOT is_current
ORDER BY as_of DESC, id DESC OFFSET $1
"""


async def publish(actor: Actor, run: ValueRun, *, now: datetime) -> None:
    """Publish a run whose snapshots are written; it becomes the current one unless that is of a later moment."""
    async with transaction():
        # Orders may be recorded meanwhile; whoever refreshes figures waits for the moment of the change.
        await execute("SELECT pg_advisory_xact_lock($1)", PUBLISHING)
        await partition.attach(run.id)
        await execute(_RETIRE, run.as_of)
        later = await ValueRun.filter(is_current=True).exists()
        if run.seen and not later:
            run.seen = await catch_up(actor, run.id, run.seen, now=now)
        run.update_from_dict(
            {
                "status": RunStatus.PUBLISHED,
                "is_current": not later,
                "published_at": now,
                "finished_at": now,
                "progress": 100,
                "step": None,
            }
        )
        run.version += 1
        await run.save()
        told = {"as_of": run.as_of, "customers": run.customers, "model": run.model}
        await audit.record(actor, EventType.VALUE_PUBLISHED.value, "value_run", run.id, changes=told)
        await events.emit(actor, EventType.VALUE_PUBLISHED, "value_run", run.id, data=told)
    await prune(Assumptions.from_json(run.assumptions).keep_runs)


async def prune(keep: int) -> int:
    """Delete the runs beyond the newest `keep`, the current one apart; how many."""
    old = await fetch(_OLD, max(keep - 1, 0))
    for row in old:
        async with transaction():
            await partition.drop(row["id"])
            await execute("DELETE FROM value_run WHERE id = $1", row["id"])
    return len(old)

"""Dynamic segments follow the data: what happened moves only those whom it can concern, time passing likewise."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from tortoise.exceptions import IntegrityError, OperationalError

from crm.access import Actor, system
from crm.database import execute, fetch, fetch_row, transaction
from crm.errors import Busy, CrmError, DatabaseUnavailable
from crm.rules.predicate import surroundings
from crm.rules.sql import Context, Parameters
from crm.rules.turning import turned
from crm.segments import evaluation, library
from crm.segments.statement import statement
from crm.segments.touched import concerns_everybody, customers_of, touches
from crm.segments.watching import Watch, Watched
from crm.tail import Happened
from models import MembershipCause

log = structlog.get_logger("arzesh.segments")

CHUNK = 2_000
"""Customers that one statement asks about."""
SHARE = 20
"""A look at the time that took t seconds is followed by 20 t without one, so that looking takes 5 % at most."""
KEPT = timedelta(minutes=1)
"""How far the stored time of a segment may lag behind the one in memory."""

_TRY = """
SELECT wanted.id FROM unnest($1::uuid[]) AS wanted(id)
WHERE pg_try_advisory_xact_lock(hashtextextended('segment:' || wanted.id::text, 0))
"""
# Read under the lock. Who waits for a full pass is left out: with the lock in our hands it has not begun, and when it
# does it will see everything that is seen now.
_LIVING = """
SELECT id, rule_version FROM segment WHERE id = ANY($1::uuid[]) AND archived_at IS NULL
  AND evaluation_error IS NULL AND evaluated_version = rule_version
"""


@dataclass
class Failed(Exception):
    """One segment's rule could not be asked."""

    segment_id: UUID
    reason: Exception


@dataclass
class SegmentReactor:
    """Keeps all dynamic segments in line. `deferred` holds whom to ask about once a full pass lets go of a segment."""

    now: Callable[[], datetime]
    actor: Actor = field(default_factory=lambda: system("segments"))
    watched: Watched = field(default_factory=Watched)
    deferred: dict[UUID, set[UUID]] = field(default_factory=dict)
    passes: asyncio.Task[None] | None = None

    async def react(self, events: Sequence[Happened], now: datetime) -> bool:
        """Move whom the events concern; False while somebody is deferred. Repeating it does no harm."""
        if not events and not self.deferred:
            return True
        catalogue, context = await surroundings(now)
        watches = await self.watched.look(catalogue, context)
        await self.ask_for_passes(watches, events, now)
        asked = await self.concerned(watches, events)
        for key, customers in self.deferred.items():
            if key in self.watched.watches:
                asked.setdefault(key, set()).update(customers)
        self.deferred = await self.move(asked, MembershipCause.DATA_CHANGED, context)
        return not self.deferred

    async def ask_for_passes(self, watches: Sequence[Watch], events: Sequence[Happened], now: datetime) -> None:
        keys = [
            watch.segment.id for watch in watches if any(concerns_everybody(event, watch.reads) for event in events)
        ]
        if keys:
            await execute("UPDATE segment SET due_at = $2 WHERE id = ANY($1::uuid[]) AND due_at > $2", keys, now)

    async def concerned(self, watches: Sequence[Watch], events: Sequence[Happened]) -> dict[UUID, set[UUID]]:
        asked: dict[UUID, set[UUID]] = {}
        for watch in watches:
            touching = [event for event in events if touches(event, watch.reads)]
            if touching:
                asked[watch.segment.id] = await customers_of(touching, watch.ways_back)
        return {key: customers for key, customers in asked.items() if customers}

    async def move(
        self, asked: dict[UUID, set[UUID]], cause: MembershipCause, context: Context
    ) -> dict[UUID, set[UUID]]:
        """Ask the segments about the customers; those of segments that are being evaluated are given back."""
        while asked:
            try:
                return await self.move_at_once(asked, cause, context)
            except Failed as failed:
                await evaluation.note_failure(failed.segment_id, failed.reason, now=context.now)
                asked = {key: customers for key, customers in asked.items() if key != failed.segment_id}
        return {}

    async def move_at_once(
        self, asked: dict[UUID, set[UUID]], cause: MembershipCause, context: Context
    ) -> dict[UUID, set[UUID]]:
        async with transaction():
            free = {row["id"] for row in await fetch(_TRY, sorted(asked))}
            for row in await fetch(_LIVING, sorted(free)):
                watch = self.watched.watches[row["id"]]
                if watch.segment.rule_version == row["rule_version"]:
                    await self.move_in(watch, sorted(asked[row["id"]]), cause, context)
                else:
                    free.discard(row["id"])  # its rule is another one since we looked
        return {key: customers for key, customers in asked.items() if key not in free}

    async def move_in(self, watch: Watch, customers: Sequence[UUID], cause: MembershipCause, context: Context) -> None:
        assert self.watched.catalogue is not None
        for start in range(0, len(customers), CHUNK):
            part = customers[start : start + CHUNK]
            try:
                asked = statement(
                    self.actor, watch.segment, watch.tree, self.watched.catalogue, context,
                    cause=cause, now=context.now, customers=part,
                )  # fmt: skip
                row = await fetch_row(asked.text, *asked.values)
            except (Busy, DatabaseUnavailable, IntegrityError):
                raise  # it gave way to another change, or a customer was deleted meanwhile: all is repeated
            except (CrmError, OperationalError) as error:
                raise Failed(watch.segment.id, error) from error
            if row is not None and row["entered"] != row["exited"]:
                await execute(_SIZE, watch.segment.id, row["entered"] - row["exited"])

    # time

    async def tick(self, now: datetime) -> None:
        """Move those whom the passing of time concerns, and begin the full passes that are due."""
        catalogue, context = await surroundings(now)
        for watch in await self.watched.look(catalogue, context):
            if _aged(watch, now) and watch.next_look <= time.monotonic():
                await self.look_at_time(watch, context)
        if self.passes is None or self.passes.done():
            self.passes = asyncio.create_task(self.make_passes())

    async def look_at_time(self, watch: Watch, context: Context) -> None:
        begun = time.monotonic()
        stored = watch.timed_at
        customers = await self.turned(watch, context)
        left = await self.move({watch.segment.id: customers}, MembershipCause.TIME_PASSED, context) if customers else {}
        if not left:
            watch.timed_at = context.now
            if customers or stored is None or context.now - stored >= KEPT:
                await execute(_TIMED, watch.segment.id, context.now)
        watch.next_look = time.monotonic() + (time.monotonic() - begun) * SHARE

    async def turned(self, watch: Watch, context: Context) -> set[UUID]:
        assert self.watched.catalogue is not None
        assert watch.timed_at is not None
        found: set[UUID] = set()
        for timed in watch.timed:
            binder = Parameters()
            query = turned(timed, self.watched.catalogue, since=watch.timed_at, binder=binder, context=context)
            if query:
                found |= {row["id"] for row in await fetch(query, *binder.values)}
        return found

    async def make_passes(self) -> None:
        """One full pass after the other, beside the following of events."""
        for key in await evaluation.due(self.now()):
            try:
                await evaluation.evaluate(self.actor, key, now=self.now())
            except CrmError as error:
                await evaluation.note_failure(key, error, now=self.now())
        await library.recompute(self.actor, now=self.now(), older_than=library.KEPT)

    async def close(self) -> None:
        if self.passes is not None:
            self.passes.cancel()
            await asyncio.gather(self.passes, return_exceptions=True)


def _aged(watch: Watch, now: datetime) -> bool:
    """Whether time has passed that can have turned the rule."""
    return bool(watch.living and watch.timed and watch.timed_at and watch.timed_at < now)


_SIZE = "UPDATE segment SET size = size + $2 WHERE id = $1"
_TIMED = "UPDATE segment SET timed_at = greatest(timed_at, $2) WHERE id = $1"

"""Segments for tests, and a follower that reads on when it is told to."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Coroutine
from datetime import datetime
from typing import Any, TypeVar

from crm.database import fetch
from crm.reactions import Follower, Reaction
from crm.segments import definitions, refresh
from crm.segments.reactor import SegmentReactor
from crm.tail import Tail
from models import Segment, SegmentKind
from tests.factories import NOW, OWNER

T = TypeVar("T")

OPEN = """
SELECT c.given_name FROM segment_membership m JOIN customer c ON c.id = m.customer_id
JOIN segment s ON s.id = m.segment_id WHERE s.key = $1 AND m.exited_at IS NULL
"""


async def dynamic(
    key: str, rule: str, *, kind: SegmentKind = SegmentKind.DYNAMIC, now: datetime = NOW, **fields: Any
) -> Segment:
    """A segment by rule with its first members."""
    made = await definitions.create_by_rule(OWNER, key=key, kind=kind, rule=rule, fields=fields, now=now)  # type: ignore[arg-type]
    await refresh.soon(OWNER, made.id, now=now, patience=60)
    return await Segment.get(id=made.id)


async def members(key: str) -> set[str]:
    """The given names of those inside now."""
    return {row["given_name"] for row in await fetch(OPEN, key)}


async def moves(key: str) -> list[tuple[str, str, str | None]]:
    """Each stay of a segment: who, why in, why out."""
    rows = await fetch(
        "SELECT c.given_name, m.entry_cause, m.exit_cause FROM segment_membership m "
        "JOIN customer c ON c.id = m.customer_id JOIN segment s ON s.id = m.segment_id "
        "WHERE s.key = $1 ORDER BY m.entered_at, m.id",
        key,
    )
    return [(row["given_name"], row["entry_cause"], row["exit_cause"]) for row in rows]


class Following:
    """A follower of its own database, with a clock that the test sets."""

    def __init__(self, now: datetime = NOW) -> None:
        self.time = now
        self.outside = contextvars.copy_context()
        self.reactor = SegmentReactor(lambda: self.time)
        reaction = Reaction("segments", self.reactor.react, self.reactor.tick, 0.0)
        self.follower = Follower(reaction, Tail("segments", "test"), lambda: self.time)

    async def catch_up(self, now: datetime | None = None) -> None:
        """Read on until nothing is waiting, and finish the full passes that are due."""
        self.time = now or self.time
        for watch in self.reactor.watched.watches.values():
            watch.next_look = 0.0
        for _ in range(4):
            await self.follower.step()
            if self.reactor.passes:
                await self.reactor.passes

    async def elsewhere(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something on another connection, outside the transaction that the test is in."""
        return await asyncio.get_running_loop().create_task(work, context=self.outside.copy())

"""Events as they become certain, for everybody in this process who wants to hear of them."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import structlog

from crm.database import fetch, fetch_row
from crm.errors import CrmError, DatabaseUnavailable, NotFound
from crm.ids import encode
from crm.tail import LAST

log = structlog.get_logger("arzesh.feed")

BATCH = 500
STRETCH = 5_000
"""Past events among which those of some types are looked for at once."""
PAUSE = 0.2
"""Seconds between two looks. Writers notify nobody: that would make them queue for one lock at every commit."""
AFTER_FAILURE = 2.0
IDLE = 1.0
MOST_WAITING = 1_000

# As in `tail`: transactions below have all ended, and ordered by transaction no event is passed over.
_XMIN = "(pg_snapshot_xmin(pg_current_snapshot())::text)::bigint"
_READ = f"""
SELECT id, type, customer_id, transaction_id, position FROM event
WHERE (transaction_id, position) > ($1, $2) AND transaction_id < {_XMIN}
ORDER BY transaction_id, position LIMIT $3
"""  # noqa: S608
_STRETCH = """
WITH stretch AS MATERIALIZED (
    SELECT id, type, customer_id, transaction_id, position FROM event
    WHERE (transaction_id, position) > ($1, $2) AND (transaction_id, position) <= ($3, $4)
    ORDER BY transaction_id, position LIMIT $5
), tip AS (SELECT transaction_id, position FROM stretch ORDER BY transaction_id DESC, position DESC LIMIT 1)
SELECT stretch.* FROM stretch, tip
WHERE stretch.type = ANY($6::text[]) OR stretch.position = tip.position
ORDER BY stretch.transaction_id, stretch.position
"""
_OF_CUSTOMER = """
WITH mine AS MATERIALIZED (
    SELECT id, type, customer_id, transaction_id, position FROM event
    WHERE customer_id = $6 AND (transaction_id, position) > ($1, $2) AND (transaction_id, position) <= ($3, $4)
)
SELECT * FROM mine ORDER BY transaction_id, position LIMIT $5
"""
_NOW = f"SELECT {_XMIN} - 1 AS transaction_id"
_PLACE = "SELECT transaction_id, position FROM event WHERE id = $1"

Place = tuple[int, int]


class TooSlow(CrmError):
    """You read more slowly than things happen; subscribe again, after the event that you read last."""

    code = "TOO_SLOW"


@dataclass(frozen=True, slots=True)
class Heard:
    """An event: enough to choose it, and to read it."""

    id: UUID
    type: str
    customer_id: UUID | None
    place: Place


@dataclass(eq=False)
class Box:
    """What waits for one listener; of several events with one key it hears once.

    `types` and `customer`, where they are given, are all that it can want: the past is searched for them alone.
    """

    wants: Callable[[Heard], bool]
    key: Callable[[Heard], Hashable]
    types: frozenset[str] = frozenset()
    customer: UUID | None = None
    most: int = MOST_WAITING
    waiting: OrderedDict[Hashable, Heard] = field(default_factory=OrderedDict)
    filled: asyncio.Event = field(default_factory=asyncio.Event)
    overflown: bool = False

    def put(self, heard: Heard) -> None:
        if self.overflown or not self.wants(heard):
            return
        self.waiting.setdefault(self.key(heard), heard)  # read when it is taken, and so never out of date
        self.overflown = len(self.waiting) > self.most
        self.filled.set()

    async def take(self, seconds: float) -> Heard | None:
        """The next one, or None when none comes within so many seconds; raises TooSlow once some were lost."""
        if not self.waiting:
            self.filled.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self.filled.wait(), seconds)
        if self.overflown:
            raise TooSlow
        return self.waiting.popitem(last=False)[1] if self.waiting else None


@dataclass
class Feed:
    """Reads the events once for all listeners of a process, and only while there are any."""

    boxes: set[Box] = field(default_factory=set)
    place: Place = (0, 0)
    joined: asyncio.Event = field(default_factory=asyncio.Event)
    joining: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def listen(self, box: Box, after: UUID | None = None) -> AsyncGenerator[Heard | None, None]:
        """What happens from now on, or has happened after an event, in order; None at each idle second, and where a
        stretch of the past holds nothing.

        Raises NotFound for an event that is not known, and TooSlow.
        """
        start = await _place_of(after) if after else None
        until = await self._join(box)
        try:
            if start is not None:
                async for heard in _between(start, until, box):
                    if heard is None or box.wants(heard):
                        yield heard
            while True:
                yield await box.take(IDLE)
        finally:
            self.boxes.discard(box)

    async def _join(self, box: Box) -> Place:
        async with self.joining:
            if not self.boxes:
                row = await fetch_row(_NOW)
                assert row
                self.place = (row["transaction_id"], LAST)
            self.boxes.add(box)
            self.joined.set()
            return self.place

    async def run(self) -> None:
        """Read on until cancelled; a database that is away is waited for."""
        while True:
            if not self.boxes:
                self.joined.clear()
                await self.joined.wait()
            try:
                pause = await self.step()
            except DatabaseUnavailable:
                pause = AFTER_FAILURE
            except Exception:  # whatever it was, the listeners' reader must not die of it
                log.exception("reading the events failed")
                pause = AFTER_FAILURE
            await asyncio.sleep(pause)

    async def step(self) -> float:
        """Hand out the next events; the seconds to pause."""
        found = await _read(self.place)
        for heard in found:
            self.place = heard.place
            for box in self.boxes:
                box.put(heard)
        return PAUSE if len(found) < BATCH else 0.0


async def _read(place: Place) -> list[Heard]:
    return _heard(await fetch(_READ, *place, BATCH))


async def _past(start: Place, until: Place, box: Box) -> list[Heard]:
    """The next events up to a place that a listener may want, and perhaps the last one of those looked at."""
    if box.customer:
        return _heard(await fetch(_OF_CUSTOMER, *start, *until, BATCH, box.customer))
    if box.types:
        return _heard(await fetch(_STRETCH, *start, *until, STRETCH, sorted(box.types)))
    return [heard for heard in await _read(start) if heard.place <= until]


def _heard(rows: Sequence[Any]) -> list[Heard]:
    return [Heard(row["id"], row["type"], row["customer_id"], (row["transaction_id"], row["position"])) for row in rows]


async def _place_of(event: UUID) -> Place:
    row = await fetch_row(_PLACE, event)
    if row is None:
        raise NotFound(
            f"There is no event {encode('evt', event)}; leave `after` out to begin with now.", path=("after",)
        )
    return row["transaction_id"], row["position"]


async def _between(start: Place, until: Place, box: Box) -> AsyncIterator[Heard | None]:
    """What happened after one place, up to another; None after each look that led on."""
    while start < until:
        found = await _past(start, until, box)
        for heard in found:
            yield heard
        if not found:
            return
        yield None
        start = found[-1].place

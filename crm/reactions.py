"""What follows the events by itself: the list of followers, and the loop in which each reads on."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pkgutil import resolve_name

import structlog

from crm import goals
from crm.access import system
from crm.database import fetch_value
from crm.errors import CrmError, DatabaseUnavailable
from crm.lifecycle import reactor as lifecycle
from crm.lifecycle.automatic import sweep
from crm.reports import kept
from crm.segments.reactor import SegmentReactor
from crm.tail import Happened, Tail
from crm.value import following
from crm.webhooks import relay, sending
from crm.webhooks.endpoints import FOLLOWER
from crm.webhooks.house import configured

log = structlog.get_logger("arzesh.reactions")

BATCH = 1_000
PAUSE = 0.2
"""Seconds between two looks while nothing happens."""
WAIT = 3.0
"""Seconds until a process that does not read tries again, and after a failure."""

Now = Callable[[], datetime]


@dataclass(frozen=True)
class Reaction:
    """A follower: its cursor's name, what it does about events (False: ask me again about these; None: it needs not
    read any), and what the time itself makes it do, at most every `every` seconds."""

    name: str
    react: Callable[[Sequence[Happened], datetime], Awaitable[bool]] | None
    tick: Callable[[datetime], Awaitable[None]]
    every: float
    close: Callable[[], Awaitable[None]] | None = None


def reactions(now: Now) -> list[Reaction]:
    """Everybody who follows the events."""
    segments = SegmentReactor(now)
    return [
        Reaction("segments", segments.react, segments.tick, 1.0, segments.close),
        Reaction("lifecycle", _move_on, _move_on_in_time, 300.0),
        Reaction("goals", None, _measure_goals, 3600.0),
        Reaction("reports", None, _work_out, 2.0),
        Reaction("value", following.react, _let_expire, 3600.0),
        Reaction(FOLLOWER, relay.react, relay.forget_in_time, 3600.0),
        Reaction("value runs", None, following.carry_out, 1.0),
    ]


EXPIRE = "crm.value.runs.strategic:expire"
"""Named, not imported: numpy and scipy take a second that nobody should wait for who does not need them."""
_LATE = "SELECT true FROM strategic_designation WHERE status = 'CONFIRMED' AND review_on <= $1 LIMIT 1"


async def _let_expire(now: datetime) -> None:
    """Confirmations of strategic customers end with their review date; figures are of their day."""
    if await fetch_value(_LATE, now.date()):
        expire = await asyncio.to_thread(resolve_name, EXPIRE)
        await expire(system("value"), now=now)


async def _measure_goals(now: datetime) -> None:
    await goals.keep(system("goals"), now=now)


async def _work_out(now: datetime) -> None:
    await kept.keep(now)


async def _move_on(events: Sequence[Happened], now: datetime) -> bool:
    if events:
        await lifecycle.react(system("lifecycle"), events, now=now)
    return True


async def _move_on_in_time(now: datetime) -> None:
    await sweep(system("lifecycle"), now=now, only_timed=True)


def utc_now() -> datetime:
    return datetime.now(UTC)


async def run(stop: asyncio.Event, *, now: Now = utc_now) -> None:
    """Follow the events until `stop` is set; of all processes that do so, one at a time works.

    What webhooks have to be told is sent by all of them, where the process was told how (`crm.webhooks.house`).
    """
    holder = f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"
    followers = [follow(reaction, Tail(reaction.name, holder), stop, now) for reaction in reactions(now)]
    await asyncio.gather(*followers, *([sending.run(stop)] if configured() else []))


async def follow(reaction: Reaction, tail: Tail, stop: asyncio.Event, now: Now) -> None:
    """One follower's loop. What goes wrong is noted at its cursor and tried again."""
    follower = Follower(reaction, tail, now)
    try:
        while not stop.is_set():
            await _pause(stop, await follower.guarded_step())
    finally:
        if reaction.close:
            await reaction.close()
        with suppress(CrmError):
            await tail.release()


@dataclass
class Follower:
    """A follower at work."""

    reaction: Reaction
    tail: Tail
    now: Now = utc_now
    ticked: datetime | None = None
    kept: datetime | None = None

    async def guarded_step(self) -> float:
        """Read on; the seconds to pause."""
        try:
            return await self.step()
        except DatabaseUnavailable as error:
            log.warning("the events cannot be followed now", follower=self.reaction.name, reason=error.message)
            self.tail.held = False
            return WAIT
        except Exception as error:  # noqa: BLE001 - whatever it was, the follower must not die of it
            log.exception("following the events failed", follower=self.reaction.name)
            self.tail.place = self.tail.settled
            with suppress(Exception):
                await self.tail.keep(error=str(error)[:500])
            return WAIT

    async def step(self) -> float:
        if not self.tail.held and not await self.tail.claim():
            return WAIT
        now = self.now()
        events = await self.tail.read(BATCH) if self.reaction.react else []
        done = await self.reaction.react(events, now) if self.reaction.react else True
        await self._tick(now)
        caught_up = len(events) < BATCH
        if done and (events or self._idle(now)):
            await self.tail.settle(caught_up=caught_up)
            self.kept = now
        elif self._idle(now):
            await self.tail.keep()
            self.kept = now
        return PAUSE if caught_up else 0.0

    def _idle(self, now: datetime) -> bool:
        """Whether the cursor has not been told of for a second."""
        return self.kept is None or (now - self.kept).total_seconds() >= 1

    async def _tick(self, now: datetime) -> None:
        if self.ticked is None or (now - self.ticked).total_seconds() >= self.reaction.every:
            self.ticked = now
            await self.reaction.tick(now)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    if seconds:
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), seconds)

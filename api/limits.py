"""What one client may take: cost per credential, time per request, and no work for those who have left."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from starlette.types import Receive

from api.request import ClientGone
from crm.errors import Throttled, Timeout

T = TypeVar("T")

PATIENCE = 0.05
"""Seconds after which a request is slow enough to watch whether its client still waits."""

ROUNDING = 1e-6
"""A lack that comes of rounding: who has waited as long as was said is let in."""


@dataclass
class Buckets:
    """A bucket of cost per credential: it holds `size`, refills by `refill` a second, and starts full."""

    size: int
    refill: int
    clock: Callable[[], float]
    most: int = 10_000
    levels: dict[str, tuple[float, float]] = field(default_factory=dict)

    def take(self, key: str, cost: int) -> Mapping[str, Any] | None:
        """Pay, and hear what is left. Raises Throttled with `waitMs` when too little is there.

        What costs more than a bucket holds needs a full one. A size of 0 means no limit.
        """
        if not self.size:
            return None
        now = self.clock()
        level = self.level(key, now)
        lacking = min(cost, self.size) - level
        if lacking > ROUNDING:
            wait = math.ceil(lacking / self.refill * 1000)
            raise Throttled(
                f"This request costs {cost:,} and {math.floor(level):,} is left for your credential; "
                f"wait {wait:,} ms, or ask for less at once.",
                waitMs=wait,
                cost={"requested": cost, **self.told(level)},
            )
        self.levels[key] = (max(level - cost, 0.0), now)
        if len(self.levels) > self.most:
            self.forget_full_ones(now)
        return self.told(level - cost)

    def level(self, key: str, now: float) -> float:
        left, since = self.levels.get(key, (float(self.size), now))
        return min(left + (now - since) * self.refill, float(self.size))

    def told(self, level: float) -> dict[str, int]:
        return {"available": max(math.floor(level), 0), "size": self.size, "refillPerSecond": self.refill}

    def forget_full_ones(self, now: float) -> None:
        self.levels = {key: kept for key, kept in self.levels.items() if self.level(key, now) < self.size}


@dataclass(slots=True)
class Watch:
    """Ends a task at its deadline, or when the client of its request leaves.

    Most requests are answered before it begins: until then it is one timer of the event loop.
    """

    task: asyncio.Task[Any]
    receive: Receive
    deadline: float
    reason: type[Exception] | None = None
    timer: asyncio.TimerHandle | None = None
    watcher: asyncio.Task[None] | None = None

    def start(self) -> None:
        first = min(PATIENCE, self.deadline)
        self.timer = asyncio.get_running_loop().call_later(first, self.begin, self.deadline - first)

    def begin(self, left: float) -> None:
        loop = asyncio.get_running_loop()
        self.timer = loop.call_later(left, self.end, Timeout)
        self.watcher = loop.create_task(self.notice())

    async def notice(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass
        self.end(ClientGone)

    def end(self, reason: type[Exception]) -> None:
        if self.reason is None:
            self.reason = reason
            self.task.cancel()

    def stop(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
        if self.watcher is not None:
            self.watcher.cancel()


async def within(deadline: float, receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """Do the work in this task, for at most `deadline` seconds and as long as the client waits.

    Raises Timeout, or ClientGone; either way the statement that runs is cancelled in the database. `receive` must
    have given the whole body before.
    """
    task = asyncio.current_task()
    assert task is not None
    before = task.cancelling()
    watch = Watch(task, receive, deadline)
    watch.start()
    try:
        return await work
    except asyncio.CancelledError:
        # Somebody else may have cancelled the task too, who must be heeded.
        if watch.reason is None or task.uncancel() > before:
            raise
        if watch.reason is ClientGone:
            raise ClientGone from None
        raise Timeout(f"The request took longer than {deadline:g} s and was stopped; ask for less at once.") from None
    finally:
        watch.stop()

"""Reports that take long to work out: each is worked out once, for all who wait for it, and kept for a while."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from crm.errors import CrmError

T = TypeVar("T")

LIFE = 600.0
"""Seconds; a published run is refreshed customer by customer, so that sums over it age."""
MOST = 64
PATIENCE = 0.06
"""Seconds that an answer waits for figures; then it says that they are being worked out, and is asked for again."""


class NotYet(CrmError):
    """These figures are being worked out; ask again in a moment."""

    code = "NOT_YET"

    def __init__(self) -> None:
        super().__init__(str(self.__doc__))


@dataclass(frozen=True, slots=True)
class Figures(Generic[T]):
    """What was worked out, and when; `renewing` while newer figures are on their way."""

    found: T
    worked_at: datetime
    renewing: bool = False


@dataclass(slots=True)
class _Held:
    until: float
    task: asyncio.Task[Figures[Any]]
    last: Figures[Any] | None


class Kept:
    """Results by key, the least recently used forgotten first; failures are not kept."""

    def __init__(self, life: float = LIFE) -> None:
        self.life = life
        self.held: OrderedDict[Hashable, _Held] = OrderedDict()

    async def soon(self, key: Hashable, work: Callable[[], Awaitable[T]]) -> Figures[T]:
        """What `work` returns, now or lately; while that is being worked out anew, what it returned before.

        A reader who leaves does not stop it for the others. Raises NotYet where there is nothing to show yet, and
        what `work` raises.
        """
        held = self._held(key, work)
        await asyncio.wait([held.task], timeout=PATIENCE)
        if held.task.done():
            return held.task.result()
        if held.last is None:
            raise NotYet
        return Figures(held.last.found, held.last.worked_at, renewing=True)

    def _held(self, key: Hashable, work: Callable[[], Awaitable[T]]) -> _Held:
        clock = asyncio.get_running_loop().time()
        held = self.held.get(key)
        if held is None or (held.task.done() and (held.until < clock or _failed(held.task))):
            last = held.task.result() if held and not _failed(held.task) else held.last if held else None
            held = _Held(clock + self.life, asyncio.ensure_future(_worked_out(work)), last)
            held.task.add_done_callback(_failed)  # who asks next is told; that nobody does is no fault
            self.held[key] = held
            while len(self.held) > MOST:
                self.held.popitem(last=False)
        self.held.move_to_end(key)
        return held


async def _worked_out(work: Callable[[], Awaitable[T]]) -> Figures[T]:
    return Figures(await work(), datetime.now(UTC))


def _failed(task: asyncio.Task[Any]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)

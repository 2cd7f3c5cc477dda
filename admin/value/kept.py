"""Reports that take long to work out: each is worked out once, for all who wait for it, and kept for a while."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")

LIFE = 600.0
"""Seconds; a published run is refreshed customer by customer, so that sums over it age."""
MOST = 64


class Kept:
    """Results by key, the least recently used forgotten first; failures are not kept."""

    def __init__(self, life: float = LIFE) -> None:
        self.life = life
        self.found: OrderedDict[Hashable, tuple[float, asyncio.Task[Any]]] = OrderedDict()

    async def get(self, key: Hashable, work: Callable[[], Awaitable[T]]) -> T:
        """What `work` returns, now or lately; a reader who leaves does not stop it for the others."""
        clock = asyncio.get_running_loop().time()
        until, task = self.found.get(key, (0.0, None))
        if task is None or until < clock or _failed(task):
            task = asyncio.ensure_future(work())
            self.found[key] = (clock + self.life, task)
            while len(self.found) > MOST:
                self.found.popitem(last=False)
        self.found.move_to_end(key)
        result: T = await asyncio.shield(task)
        return result


def _failed(task: asyncio.Task[Any]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)

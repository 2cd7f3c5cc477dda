"""Two processors read for one run: a queue of jobs, worked off in its transaction and in one beside it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack

from crm.database import beside, execute, shared_moment
from crm.errors import DatabaseUnavailable

Job = Callable[[], Awaitable[None]]


async def all_done(jobs: Sequence[Job], settings: str) -> None:
    """Do jobs that only read, in the order given, two at a time where the running transaction can be shared.

    settings: what each transaction is told at its beginning. Raises what the first job to fail raises.
    """
    waiting, moment = deque(jobs), await shared_moment()
    await execute(settings)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_work(waiting))
            if moment is not None:
                group.create_task(_help(waiting, moment, settings))
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None


async def _work(waiting: deque[Job]) -> None:
    while waiting:
        await waiting.popleft()()


async def _help(waiting: deque[Job], moment: str, settings: str) -> None:
    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(beside(moment))
        except DatabaseUnavailable:
            return  # no connection is free: all is done by the other
        await execute(settings)
        await _work(waiting)

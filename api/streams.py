"""Subscriptions of this process, whichever way they are served: read when something happened, by those who may."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import orjson

from api.following import Following
from crm.access import Actor
from crm.errors import CrmError, Throttled, Timeout
from crm.feed import Box, Feed, Heard
from schema.select.request import Charge, GraphQLRequest, GraphQLResponse
from schema.streaming import Stream

Subscribe = Callable[[GraphQLRequest, Actor], Coroutine[Any, Any, Stream]]
Who = Callable[[], Awaitable[Actor]]

T = TypeVar("T")

MOST_CONNECTIONS = 20
"""Connections of one credential to one process."""


class TooManyConnections(CrmError):
    """Your credential has as many open connections as it may; close some."""

    code = "THROTTLED"
    status = 429


@dataclass
class Streams:
    """`now` tells the time of day, `draining` whether the process is about to end."""

    feed: Feed
    subscribe: Subscribe
    now: Callable[[], datetime]
    deadline: float
    draining: Callable[[], bool]
    figures: Following
    connections: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def connection(self, credential: str) -> Iterator[None]:
        """Count a connection; raises TooManyConnections."""
        if self.connections[credential] >= MOST_CONNECTIONS:
            raise TooManyConnections
        self.connections[credential] += 1
        self.figures.connections.inc()
        try:
            yield
        finally:
            self.figures.connections.dec()
            self.connections[credential] -= 1
            if not self.connections[credential]:
                del self.connections[credential]

    async def bodies(self, stream: Stream, who: Who, charge: Charge | None) -> AsyncGenerator[bytes | None, None]:
        """Answers, one for each event that its reader may see; None at each idle second, and an end when draining.

        Raises Unauthenticated and Forbidden once the credential has lost its right, and TooSlow.
        """
        wish = stream.wish
        box = Box(wish.wants, wish.key, types=wish.types, customer=wish.customer)
        (root,) = stream.execution.plan.roots
        told = self.figures.answers.labels(root.name)
        with self.figures.subscription(root.name):
            async with aclosing(self.feed.listen(box, wish.after)) as heard_ones:
                async for heard in heard_ones:
                    actor = await who()
                    if self.draining():
                        return
                    body = await self.body(stream, heard, actor, charge) if heard else None
                    yield body
                    if body is not None:
                        told.inc()

    async def body(self, stream: Stream, heard: Heard, actor: Actor, charge: Charge | None) -> bytes | None:
        await paid(charge, stream.cost)
        return await timely(self.deadline, stream.read(heard, actor, self.now()))


async def timely(deadline: float, work: Coroutine[Any, Any, T]) -> T:
    """Do the work within so many seconds; raises Timeout."""
    try:
        async with asyncio.timeout(deadline):
            return await work
    except TimeoutError:
        raise Timeout(f"An answer took longer than {deadline:g} s and was stopped; ask for less at once.") from None


async def paid(charge: Charge | None, cost: int) -> None:
    """Pay for an answer; with an empty bucket, wait until it holds enough."""
    while charge:
        try:
            charge(cost)
        except Throttled as error:
            await asyncio.sleep(error.details["waitMs"] / 1000)
        else:
            return


def errors_of(response: GraphQLResponse) -> list[Any] | None:
    """The errors of a request that was not carried out; None for an answer with data."""
    content = orjson.loads(response.body)
    return None if "data" in content else list(content["errors"])

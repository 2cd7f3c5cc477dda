"""Subscriptions as server-sent events: one request, one subscription, in the form of the graphql-sse protocol."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import ExitStack, aclosing
from dataclasses import dataclass
from functools import lru_cache

from starlette.types import Receive, Send

from api.facts import Facts
from api.negotiation import ranges
from schema.select.reader import failed

MEDIA_TYPE = "text/event-stream"
SIGN_OF_LIFE = 15
"""Idle seconds after which a comment is sent, so that proxies keep the connection."""
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


@lru_cache(maxsize=256)
def wants_events(accept: str) -> bool:
    return any(media == MEDIA_TYPE and weight > 0 for media, weight, _ in ranges(accept))


def event(name: str, data: bytes = b"") -> bytes:
    """One message; JSON has no line breaks of its own."""
    return b"event: " + name.encode() + b"\ndata: " + data + b"\n\n"


@dataclass
class EventStream:
    """The answer to a subscription, sent for as long as the client listens; `held` is let go of after it."""

    bodies: AsyncGenerator[bytes | None, None]
    facts: Facts
    receive: Receive
    held: ExitStack

    async def send(self, send: Send) -> None:
        gone = asyncio.create_task(self.until_gone())
        with self.held:
            try:
                await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
                await write(send, b":\n\n")
                await self.messages(send, gone)
                if not gone.done():
                    await write(send, event("complete"))
                    await send({"type": "http.response.body", "body": b""})
            finally:
                gone.cancel()
                await asyncio.gather(gone, return_exceptions=True)

    async def messages(self, send: Send, gone: asyncio.Task[None]) -> None:
        idle = 0
        try:
            async with aclosing(self.bodies) as bodies:
                async for body in bodies:
                    if gone.done():
                        return
                    idle = idle + 1 if body is None else 0
                    if body is not None:
                        await write(send, event("next", body))
                    elif idle % SIGN_OF_LIFE == 0:
                        await write(send, b":\n\n")
        except Exception as error:  # noqa: BLE001 - the answer has begun: what went wrong is told in its own form
            await write(send, event("next", failed(error, self.facts.request_id).body))

    async def until_gone(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass


async def write(send: Send, data: bytes) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": True})


async def alone(body: bytes) -> AsyncGenerator[bytes | None, None]:
    """The one answer of a query or mutation."""
    yield body

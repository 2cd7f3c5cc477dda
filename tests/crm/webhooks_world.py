"""A system at the other end of webhooks: a real HTTP server on loopback that answers as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
from standardwebhooks import Webhook

from crm.access import Actor
from crm.settings import Settings
from crm.tail import Tail
from crm.webhooks import endpoints, posting, relay, sending
from crm.webhooks.house import configure, house
from models import WebhookDelivery, WebhookEndpoint
from tests.factories import OWNER

Reply = tuple[int, bytes]
OK: Reply = (200, b"thanks")


def now() -> datetime:
    """Signatures hold for minutes only, so these tests live in the present."""
    return datetime.now(UTC)


@dataclass
class Peer:
    """What was heard, and how it is answered: by the number of the request, from 0."""

    url: str = ""
    answers: Callable[[int], Reply | bytes] = lambda number: OK
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    holds: asyncio.Event | None = None
    """While it is not set, nothing is answered."""
    most_at_once: int = 0
    at_once: int = 0
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while not reader.at_eof():
                await self._one(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        number = len(self.heard)
        self.heard.append((headers, body))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        if self.holds:
            await self.holds.wait()
        self.at_once -= 1
        async with self.news:
            self.news.notify_all()
        reply = self.answers(number)
        if isinstance(reply, tuple):
            status, text = reply
            reply = b"HTTP/1.1 %d Said\r\ncontent-length: %d\r\n\r\n%s" % (status, len(text), text)
        writer.write(reply)
        await writer.drain()

    async def hears(self, requests: int) -> None:
        """Wait until so many requests were heard and answered."""
        async with self.news:
            await self.news.wait_for(lambda: len(self.heard) - self.at_once >= requests)

    def told(self, number: int, secret: str) -> dict[str, Any]:
        """What was heard, if the signature holds; raises WebhookVerificationError."""
        headers, body = self.heard[number]
        found: dict[str, Any] = Webhook(secret).verify(body, headers)
        assert found == orjson.loads(body)
        return found


@asynccontextmanager
async def peer(answers: Callable[[int], Reply | bytes] = lambda number: OK) -> AsyncIterator[Peer]:
    """A peer, and a process that may call it."""
    made = Peer(answers=answers)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    allow(private=True)
    try:
        yield made
    finally:
        allow(private=False)
        if made.holds:
            made.holds.set()
        server.close()


def allow(*, private: bool) -> None:
    configure(Settings(secret_key="test" * 16, webhook_private_addresses=private))


async def endpoint(url: str, *types: str, by: Actor = OWNER, **fields: Any) -> tuple[WebhookEndpoint, str]:
    """An endpoint and its secret."""
    said: Any = {"name": "Partner", "url": url, "event_types": list(types or ("*",)), **fields}
    made = await endpoints.create(by, fields=said, now=now())
    assert made.secret
    return made.endpoint, made.secret


async def follower() -> Tail:
    """A reader of events that begins here."""
    tail = Tail("webhooks", "test")
    await tail.claim()
    return tail


async def relayed(tail: Tail) -> list[WebhookDelivery]:
    """The deliveries once everything that happened is noted."""
    await relay.react(await tail.read(1_000), now())
    return await WebhookDelivery.all().order_by("id")


async def sent(*, at: datetime | None = None) -> None:
    """Send everything that is due."""
    async with posting.pool(private=house().private) as connections:
        sender = sending.Sender(connections, house(), now=lambda: at or now())
        while await sender.step():
            await asyncio.wait(sender.running)

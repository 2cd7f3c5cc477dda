"""Webhooks to a peer on loopback in a process of its own: events noted, then sent."""

from __future__ import annotations

import asyncio
import multiprocessing
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from bench.harness import database, show
from crm.access import system
from crm.database import execute, fetch_value
from crm.demo.simulate import load, with_orders
from crm.tail import Tail
from crm.webhooks import endpoints, relay, sending
from crm.webhooks.house import configure

BENCH = system("bench")
# Events as use cases write them, of customers that are there.
_EVENTS = """
INSERT INTO event (id, created_at, updated_at, type, noun, noun_id, customer_id, actor_kind, actor_label, data)
SELECT uuidv7(), now(), now(), 'order.recorded', 'order', uuidv7(), c.id, 'SYSTEM', 'bench', '{"changes": {}}'
FROM generate_series(1, $1) n JOIN LATERAL (SELECT id FROM customer OFFSET n % 1000 LIMIT 1) c ON true
"""
_LEFT = "SELECT count(*) FROM webhook_delivery WHERE status = 'PENDING'"
TITLES = ("one endpoint, by a rule over customers", "and a second one, for all")
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


def listen(server: socket.socket) -> None:
    """Answer every request with 200, as fast as asyncio can."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
                await reader.readexactly(int(length))
                writer.write(ANSWER)
        writer.close()

    async def forever() -> None:
        async with await asyncio.start_server(serve, sock=server) as made:
            await made.serve_forever()

    asyncio.run(forever())


@contextmanager
def peer() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        process = multiprocessing.get_context("fork").Process(target=listen, args=(server,), daemon=True)
        process.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        finally:
            process.kill()


async def noted(tail: Tail, events: int) -> float:
    """Seconds until deliveries of all events are noted."""
    await execute(_EVENTS, events)
    began = time.perf_counter()
    while found := await tail.read(1_000):
        await relay.react(found, datetime.now(UTC))
    return time.perf_counter() - began


async def sent() -> float:
    """Seconds until nothing waits."""
    stop, began = asyncio.Event(), time.perf_counter()
    running = asyncio.create_task(sending.run(stop))
    while await fetch_value(_LEFT):  # noqa: ASYNC110 - the rows say it, nothing in this process does
        await asyncio.sleep(0.05)
    took = time.perf_counter() - began
    stop.set()
    await running
    return took


async def run(small: bool) -> None:
    events = 500 if small else 5_000
    rows: list[tuple[Any, ...]] = []
    with peer() as url:
        async with database() as (_dsn, settings):
            configure(replace(settings, webhook_private_addresses=True))
            await load(BENCH, with_orders(1_000, 1), 1, now=datetime.now(UTC))
            for number, title in enumerate(("one endpoint, by a rule over customers", "and a second one, for all")):
                fields: Any = {"name": title, "url": url, "event_types": ["order.*"]}
                rule: Any = {} if number else {"rule": 'country = "IR"'}
                await endpoints.create(BENCH, fields={**fields, **rule}, now=datetime.now(UTC))
                tail = Tail("webhooks", "bench")
                await tail.claim()
                noting = await noted(tail, events)
                deliveries = await fetch_value(_LEFT)
                sending_took = await sent()
                rows.append((title, deliveries, events / noting, deliveries / sending_took))
    show("Webhooks", ("", "deliveries", "events noted a second", "deliveries a second"), rows)

"""Compiled reads through the whole API, beside the same answers by hand-written SQL in a bare Starlette route."""

from __future__ import annotations

import asyncio
import os
import socket
import statistics
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import Request, urlopen
from uuid import UUID

import orjson
import psutil

from bench.harness import analyze, database, show
from bench.load import Tally, get, load, post
from crm import tokens
from crm.access import READ_SCOPES, system
from crm.database import fetch_value
from crm.demo.simulate import load as simulate
from crm.demo.simulate import with_orders
from crm.ids import encode
from crm.value.runs import recompute

BENCH = system("bench")
ROUNDS = 5
CONNECTIONS = 4

OURS = (str(Path(sys.executable).with_name("arzesh")), "serve")
BY_HAND = (sys.executable, "-m", "uvicorn", "bench.by_hand:app", "--log-level", "warning")

POINT = "query ($id: ID!) { customer(id: $id) { id displayName country city version } }"
PAGE = """{ customers(first: 50, orderBy: [{field: CREATED_AT}]) { nodes {
  id displayName stage { stage { key } } segments { key } valueMetrics { rfmGroup }
  orders(first: 5, orderBy: [{field: PLACED_AT, direction: DESC}]) { nodes { id amount { amount currency } } } } } }"""


@dataclass(frozen=True, slots=True)
class Server:
    """A server process under test."""

    port: int
    process: psutil.Process


async def run(small: bool) -> None:
    customers, seconds = (2_000, 0.5) if small else (100_000, 3.0)
    async with database() as (dsn, _), AsyncExitStack() as stack:
        await simulate(BENCH, with_orders(customers, 10), 1, now=datetime.now(UTC))
        await recompute(BENCH, as_of=None, now=datetime.now(UTC))
        await analyze(dsn)
        someone: UUID = await fetch_value("SELECT id FROM customer ORDER BY created_at, id OFFSET 100 LIMIT 1")
        made = await tokens.create(BENCH, name="bench", scopes=[str(s) for s in READ_SCOPES], now=datetime.now(UTC))
        ours = await stack.enter_async_context(served(OURS, dsn))
        hand = await stack.enter_async_context(served(BY_HAND, dsn))
        shapes = {
            "point look-up": (asking(POINT, made.secret or "", id=encode("cus", someone)), get(f"/point/{someone}")),
            "50 customers, 4 nested": (asking(PAGE, made.secret or ""), get("/page")),
        }
        for title, (compiled, written) in shapes.items():
            await same_answer(ours, compiled, hand, written)
            await compare(title, ours, compiled, hand, written, seconds)


def asking(document: str, secret: str, **variables: str) -> bytes:
    body = orjson.dumps({"query": document, "variables": variables})
    return post("/graphql", body, Authorization=f"Bearer {secret}")


@asynccontextmanager
async def served(program: tuple[str, ...], dsn: str) -> AsyncIterator[Server]:
    """One process of uvicorn on a port of its own, ended by its id."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    environment = {
        **os.environ,
        "DATABASE_URL": dsn,
        "ARZESH_COST_BUCKET": "0",
        "ARZESH_LOG_LEVEL": "warning",
    }
    process = await asyncio.create_subprocess_exec(*program, "--port", str(port), env=environment)
    try:
        await listening(port)
        yield Server(port, psutil.Process(process.pid))
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def listening(port: int) -> None:
    for _ in range(300):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.1)
        else:
            writer.close()
            return
    raise TimeoutError(f"nothing listens on port {port}")


async def same_answer(ours: Server, compiled: bytes, hand: Server, written: bytes) -> None:
    """Both say the same, or the comparison is worth nothing."""
    first, second = await asyncio.gather(answer(ours.port, compiled), answer(hand.port, written))
    if first["data"] != second["data"]:
        raise AssertionError(f"the answers differ:\n{str(first)[:800]}\n{str(second)[:800]}")


async def answer(port: int, wire: bytes) -> Mapping[str, object]:
    head, _, body = wire.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, path, _ = first.split(" ")
    headers = dict(line.split(": ", 1) for line in lines)
    request = Request(f"http://127.0.0.1:{port}{path}", data=body or None, headers=headers, method=method)  # noqa: S310
    return await asyncio.to_thread(lambda: orjson.loads(urlopen(request, timeout=30).read()))  # noqa: S310


async def compare(title: str, ours: Server, compiled: bytes, hand: Server, written: bytes, seconds: float) -> None:
    contestants = {"compiled, whole API": (ours, compiled), "by hand, bare route": (hand, written)}
    rounds: dict[str, list[Tally]] = {name: [] for name in contestants}
    for turn in range(ROUNDS + 1):
        for name, (server, wire) in contestants.items():
            before = sum(server.process.cpu_times()[:2])
            tally = await load(server.port, wire, seconds=seconds, connections=CONNECTIONS)
            tally.cpu = (sum(server.process.cpu_times()[:2]) - before) / len(tally.latencies)
            if turn:  # the first round warms caches and prepared statements
                rounds[name].append(tally)
    yardstick = statistics.median(tally.rate for tally in rounds["by hand, bare route"])
    servers = {name: server for name, (server, _) in contestants.items()}
    show(
        title,
        ("", "requests/s", "ratio", "p50 ms", "p99 ms", "server CPU ms", "memory MB"),
        [row(name, tallies, yardstick, servers[name]) for name, tallies in rounds.items()],
    )


def row(name: str, tallies: list[Tally], yardstick: float, server: Server) -> tuple[object, ...]:
    def middle(values: list[float]) -> float:
        return statistics.median(values)

    rate = middle([tally.rate for tally in tallies])
    return (
        name,
        f"{rate:,.0f}",
        f"{rate / yardstick:.2f}",
        middle([tally.quantile(0.5) * 1e3 for tally in tallies]),
        middle([tally.quantile(0.99) * 1e3 for tally in tallies]),
        middle([tally.cpu * 1e3 for tally in tallies]),
        f"{server.process.memory_info().rss / 1e6:,.0f}",
    )

"""Compiled reads through the whole API, beside three other ways to the same answers, on one PostgreSQL.

By hand: SQL written for the answer, in a bare Starlette route. Resolvers: Strawberry with data loaders. PostGraphile 5
over the same tables. One process each, asked in turn over four connections; ours with token, limits, cost and log.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime

import orjson

from bench.harness import show
from bench.load import Tally, get, load, post
from bench.peers import shapes
from bench.peers.data import BENCH, organization
from bench.peers.serving import BY_HAND, RESOLVERS, Server, answer, ours, postgraphile, served
from bench.peers.shapes import SHAPES, People, Shape
from crm import tokens
from crm.access import READ_SCOPES

OURS = "compiled, whole API"
HAND = "by hand, bare route"
LOADERS = "resolvers, data loaders"
TABLES = "PostGraphile 5"

CONNECTIONS = 4


@dataclass(slots=True)
class Contestant:
    """Who answers a shape, the request as it goes over the wire, and what came of it."""

    name: str
    server: Server
    wire: bytes
    rounds: list[Tally] = field(default_factory=list)


async def run(small: bool) -> None:
    customers, seconds, rounds = (2_000, 0.5, 3) if small else (100_000, 1.5, 7)
    async with organization(customers) as (dsn, _), AsyncExitStack() as stack:
        asked = await shapes.people()
        made = await tokens.create(BENCH, name="bench", scopes=[str(s) for s in READ_SCOPES], now=datetime.now(UTC))
        servers = {
            OURS: await stack.enter_async_context(ours(dsn)),
            HAND: await stack.enter_async_context(served(BY_HAND, dsn)),
            LOADERS: await stack.enter_async_context(served(RESOLVERS, dsn)),
        }
        other = await stack.enter_async_context(postgraphile(dsn))
        if other is not None:
            servers[TABLES] = other
        rows: list[Sequence[object]] = []
        for shape in SHAPES:
            rows += await compared(shape, asked, servers, made.secret or "", seconds, rounds)
            sys.stdout.write(f"  {shape.title}: done\n")
            sys.stdout.flush()
        show(f"{customers:,} customers, {10 * customers:,} orders", COLUMNS, rows)


COLUMNS = ("", "requests/s", "ours is … times", "p50 ms", "p99 ms", "server CPU ms", "memory MB")


async def compared(
    shape: Shape, asked: People, servers: dict[str, Server], secret: str, seconds: float, rounds: int
) -> list[Sequence[object]]:
    wires = {
        OURS: asking(shape.document, shape.variables(asked), Authorization=f"Bearer {secret}"),
        HAND: get(shape.path(asked)),
        LOADERS: asking(shape.resolvers or shape.document, shape.variables(asked)),
    }
    if shape.postgraphile is not None:
        wires[TABLES] = asking(shape.postgraphile, shape.keys(asked))
    contestants = [Contestant(name, servers[name], wire) for name, wire in wires.items() if name in servers]
    await check(contestants)
    await alternate(contestants, seconds, rounds)
    rows: list[Sequence[object]] = [(f"[bold]{shape.title}", *[""] * (len(COLUMNS) - 1))]
    rows += [row(each, contestants[0]) for each in contestants]
    if shape.postgraphile is None and TABLES in servers:
        rows.append((f"  {TABLES}: cannot say it; {shape.reason}", *[""] * (len(COLUMNS) - 1)))
    return rows


def asking(document: str, variables: dict[str, str], **headers: str) -> bytes:
    return post("/graphql", orjson.dumps({"query": document, "variables": variables}), **headers)


async def check(contestants: Sequence[Contestant]) -> None:
    """All say the same, or the comparison is worth nothing; PostGraphile does so in its own form."""
    said = {each.name: await answer(each.server.port, each.wire) for each in contestants}
    for name, body in said.items():
        if body.get("errors") or not body.get("data"):
            raise AssertionError(f"{name}: {str(body)[:800]}")
        if name != TABLES and body["data"] != said[OURS]["data"]:
            raise AssertionError(f"{name} answers otherwise:\n{str(said[OURS])[:800]}\n{str(body)[:800]}")


async def alternate(contestants: Sequence[Contestant], seconds: float, rounds: int) -> None:
    """Each in its turn, forwards and backwards, so that a drift of the machine's speed meets all of them."""
    for turn in range(rounds + 1):
        for each in contestants if turn % 2 else reversed(contestants):
            before = each.server.cpu()
            tally = await load(each.server.port, each.wire, seconds=seconds, connections=CONNECTIONS)
            tally.cpu = (each.server.cpu() - before) / len(tally.latencies)
            if turn:  # the first round warms caches and prepared statements
                each.rounds.append(tally)


def row(each: Contestant, best: Contestant) -> tuple[object, ...]:
    """Medians over the rounds; the ratio, too, is the median of those of the rounds."""
    ratio = statistics.median(ours.rate / other.rate for ours, other in zip(best.rounds, each.rounds, strict=True))
    return (
        f"  {each.name}",
        f"{statistics.median(tally.rate for tally in each.rounds):,.4g}",
        "" if each is best else f"{ratio:.2f}",
        statistics.median(tally.quantile(0.5) * 1e3 for tally in each.rounds),
        statistics.median(tally.quantile(0.99) * 1e3 for tally in each.rounds),
        statistics.median(tally.cpu * 1e3 for tally in each.rounds),
        f"{each.server.memory():,.0f}",
    )

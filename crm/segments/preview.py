"""What a rule would find, before it is kept: how many, who for example, which condition does how much, how costly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from crm.access import Actor, Scope, need
from crm.database import connection, fetch, fetch_value, transaction, translated
from crm.errors import Timeout
from crm.rules.fields import Catalogue
from crm.rules.predicate import predicate, surroundings
from crm.rules.printer import to_text
from crm.rules.sql import Context, Parameters, Shape, compile
from crm.rules.tree import And, Node, Not, Or
from crm.segments.ruling import Rule, accept
from crm.segments.statement import alive

SAMPLED = 10_000
"""Customers that an estimate looks at; organisations with fewer than twice as many are counted exactly."""
PATIENCE = 4.0
MAX_CONDITIONS = 30
COSTS = ((10_000.0, "LOW"), (1_000_000.0, "MEDIUM"))
"""Bounds of PostgreSQL's estimate of a full pass, in its own unit (about one page read in order)."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many customers; an estimate comes with the range that holds the true number 19 times of 20."""

    value: int
    exact: bool
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Condition:
    """One part of a rule: its path in the tree, its text, how many satisfy it."""

    path: tuple[str, ...]
    text: str
    matched: Count


@dataclass(frozen=True, slots=True)
class Preview:
    """What a rule would find. `count` is None when even estimating took too long."""

    text: str
    rule: dict[str, Any]
    count: Count | None
    conditions: list[Condition]
    sample: list[tuple[UUID, str]]
    cost: str
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Asking:
    """A rule with everything that its statements need."""

    actor: Actor
    tree: Node
    catalogue: Catalogue
    context: Context
    patience: float

    async def condition(self, node: Node, binder: Parameters, shape: Shape = Shape.EACH) -> str:
        return compile(node, self.catalogue, alias="c", binder=binder, context=self.context, shape=shape)

    async def base(self, binder: Parameters) -> str:
        """What limits the customers before the rule does: those archived, and those that the actor cannot see."""
        parts = [alive(self.tree, self.catalogue).removesuffix(" AND ") or "true"]
        if self.actor.row_filter is not None:
            first = binder.first + len(binder.values)
            seen, values = await predicate(
                self.actor.row_filter, alias="c", first_parameter=first, now=self.context.now
            )
            binder.values.extend(values)
            parts.append(f"({seen})")
        return " AND ".join(parts)

    async def rows(self, statement: str, values: list[Any]) -> list[Any]:
        """The rows of a statement that may take `patience` seconds; a caller who goes away cancels it."""
        async with transaction():
            await fetch(
                "SELECT set_config('statement_timeout', $1, true), set_config('jit', 'off', true)",
                f"{self.patience * 1000:.0f}",
            )
            with translated():
                async with connection() as driver:
                    found: list[Any] = await driver.fetch(statement, *values, timeout=self.patience + 1)
        return found


async def preview(
    actor: Actor, rule: Rule, *, now: datetime, exact: bool = False, sample: int = 10, patience: float = PATIENCE
) -> Preview:
    """What the rule would find among the customers that the actor sees. Nothing is kept.

    Large organisations are sampled; with `exact` the count itself is made over everybody, while single conditions stay
    estimates. A count that takes longer than `patience` seconds is replaced by an estimate, with a warning. Raises
    RuleInvalid, Forbidden.
    """
    need(actor, Scope.SEGMENT_READ, Scope.CUSTOMER_READ)
    accepted = await accept(actor, rule, key=None, now=now)
    catalogue, context = await surroundings(now)
    asking = _Asking(actor, accepted.tree, catalogue, context, patience)
    total = await _customers()
    share = 1.0 if total < 2 * SAMPLED else SAMPLED / total
    warnings: list[str] = []
    found = await _counted(asking, share)
    if found is None:
        warnings.append("TIMEOUT")
    count, conditions = found or (None, [])
    if exact and share < 1:
        whole = await _exactly(asking)
        warnings += ["TIMEOUT_ESTIMATED"] if whole is None and count else []
        count = whole or count
    people = await _sample(asking, share, min(max(sample, 0), 100)) if found else []
    cost = await _cost(asking)
    return Preview(accepted.text, accepted.stored, count, conditions, people, cost, warnings)


async def _customers() -> int:
    """About how many customers there are."""
    known = await fetch_value("SELECT reltuples::bigint FROM pg_class WHERE oid = 'customer'::regclass")
    return int(known) if known and known > 2 * SAMPLED else int(await fetch_value("SELECT count(*) FROM customer"))


def _customers_of(share: float) -> str:
    """FROM: everybody, or a share of the table's pages, the same ones each time."""
    return "customer c" if share >= 1 else f"customer c TABLESAMPLE SYSTEM ({share * 100:.6f}) REPEATABLE (1)"


def parts_of(tree: Node) -> list[tuple[tuple[str, ...], Node]]:
    """The conditions over the customer that a rule combines, each with its path in the tree form."""
    return list(_parts(tree, ()))[:MAX_CONDITIONS]


def _parts(node: Node, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Node]]:
    match node:
        case And() | Or():
            word = "AND" if isinstance(node, And) else "OR"
            for number, item in enumerate(node.items):
                yield from _parts(item, (*path, word, str(number)))
        case Not():
            yield from _parts(node.item, (*path, "NOT"))
        case _:
            yield path, node


async def _counted(asking: _Asking, share: float) -> tuple[Count, list[Condition]] | None:
    """The count of the rule and of each of its conditions, in one statement; None when that took too long."""
    binder = Parameters()
    parts = parts_of(asking.tree)
    shape = Shape.SET if share >= 1 else Shape.EACH
    nodes = [asking.tree, *(part for _, part in parts if part is not asking.tree)]
    filters = [f"count(*) FILTER (WHERE {await asking.condition(node, binder, shape)})" for node in nodes]
    base = await asking.base(binder)
    columns = ", ".join(f"{one} AS n{number}" for number, one in enumerate(filters))
    statement = f"SELECT count(*) AS looked_at, {columns} FROM {_customers_of(share)} WHERE {base}"  # noqa: S608
    try:
        row = (await asking.rows(statement, binder.values))[0]
    except Timeout:
        return None
    everybody = row["looked_at"] if share >= 1 else round(row["looked_at"] / share)
    counts = [_count(row[f"n{number}"], row["looked_at"], everybody) for number in range(len(nodes))]
    each = counts[1:] if len(counts) > 1 else counts
    return counts[0], [
        Condition(path, to_text(part), matched) for (path, part), matched in zip(parts, each, strict=True)
    ]


async def _exactly(asking: _Asking) -> Count | None:
    """The count of the rule alone over everybody, planned as a pass is; None when that took too long."""
    binder = Parameters()
    condition = await asking.condition(asking.tree, binder, Shape.SET)
    base = await asking.base(binder)
    statement = f"SELECT count(*) FROM customer c WHERE {base} AND ({condition})"  # noqa: S608 - compiled
    try:
        found = (await asking.rows(statement, binder.values))[0][0]
    except Timeout:
        return None
    return Count(found, True, found, found)


def _count(matched: int, looked_at: int, everybody: int) -> Count:
    """Of a sample, with Wilson's interval at 95 %, which holds for shares near nought and one as well."""
    if looked_at == everybody or not looked_at:
        return Count(matched, looked_at == everybody, matched, matched)
    share, z = matched / looked_at, 1.96
    middle = (share + z * z / (2 * looked_at)) / (1 + z * z / looked_at)
    half = z * ((share * (1 - share) + z * z / (4 * looked_at)) / looked_at) ** 0.5 / (1 + z * z / looked_at)
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return Count(round(share * everybody), False, int(low * everybody), round(high * everybody))


async def _sample(asking: _Asking, share: float, wanted: int) -> list[tuple[UUID, str]]:
    if not wanted:
        return []
    binder = Parameters()
    condition = await asking.condition(asking.tree, binder)
    base = await asking.base(binder)
    statement = (
        f"SELECT c.id, c.display_name FROM {_customers_of(share)} "  # noqa: S608 - compiled
        f"WHERE {base} AND ({condition}) LIMIT {wanted}"
    )
    try:
        rows = await asking.rows(statement, binder.values)
    except Timeout:
        return []
    return [(row["id"], row["display_name"]) for row in rows]


async def _cost(asking: _Asking) -> str:
    """LOW, MEDIUM or HIGH: what a full pass costs by PostgreSQL's own estimate."""
    binder = Parameters()
    condition = await asking.condition(asking.tree, binder, Shape.SET)
    statement = f"EXPLAIN (FORMAT JSON) SELECT c.id FROM customer c WHERE {condition}"
    plan = orjson.loads((await asking.rows(statement, binder.values))[0][0])
    total = plan[0]["Plan"]["Total Cost"]
    return next((word for bound, word in COSTS if total < bound), "HIGH")

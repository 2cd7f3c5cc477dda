"""What a document comes to in the database, for developers: statements, types of parameters, PostgreSQL's plans."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from crm.database import fetch_read
from crm.errors import ValidationFailed
from schema.select.rendered import Rendered

LARGE = 10_000
"""Reading all of a table that has fewer rows is seldom what takes the time."""

_PARAMETER = re.compile(r"\$(\d+)::([a-z0-9_]+(?:\[\])?)")
_SCAN = re.compile(r'Seq Scan on "?(\w+)"?')
_SIZES = "SELECT c.relname, c.reltuples::bigint FROM pg_class c WHERE c.oid = ANY($1::text[]::regclass[]) ORDER BY 1"


class Depth(Enum):
    """How much is told: the statement, PostgreSQL's plan of it, or the plan with what really happened."""

    STATEMENT = "statement"
    PLAN = "plan"
    ANALYZE = "analyze"


EXPLAINING = {Depth.PLAN: "EXPLAIN", Depth.ANALYZE: "EXPLAIN (ANALYZE, BUFFERS)"}


def depth_of(asked: Any) -> Depth | None:
    """What `extensions.explain` of a request means; raises ValidationFailed for what it cannot."""
    if asked is None or asked is False:
        return None
    known = {True: Depth.STATEMENT} | {depth.value: depth for depth in Depth}
    if not isinstance(asked, str | bool) or asked not in known:
        raise ValidationFailed(
            '`explain` is true for the statement, "plan" for its plan by PostgreSQL too, "analyze" to time it as well.',
            path=("extensions", "explain"),
        )
    return known[asked]


@dataclass(frozen=True, slots=True)
class Scan:
    """A large table that is read from its first row to its last."""

    table: str
    rows: int

    @property
    def message(self) -> str:
        return f"All of '{self.table}' is read, about {self.rows:,} rows: narrow the filter, or order by an index."


@dataclass(frozen=True, slots=True)
class Explained:
    """One statement of a document; `fields` are the places of the answer that it fills."""

    fields: tuple[str, ...]
    statement: str
    parameters: tuple[str, ...]
    cost: int
    plan: tuple[str, ...] = ()
    scans: tuple[Scan, ...] = ()

    def shown(self) -> dict[str, Any]:
        """As it stands in `extensions.plan`."""
        told: dict[str, Any] = {
            "fields": list(self.fields),
            "statement": self.statement,
            "parameters": list(self.parameters),
            "cost": self.cost,
        }
        if self.plan:
            told |= {"explain": list(self.plan), "warnings": [scan.message for scan in self.scans]}
        return told


async def explained(
    fields: tuple[str, ...], rendered: Rendered, variables: Mapping[str, Any], depth: Depth
) -> Explained:
    """Tell of one statement. With a plan it is sent to PostgreSQL, on a connection that can only read."""
    types = {int(number): kind for number, kind in _PARAMETER.findall(rendered.text)}
    told = Explained(fields, rendered.text, tuple(types[number] for number in sorted(types)), rendered.cost)
    if depth is Depth.STATEMENT:
        return told
    rows = await fetch_read(f"{EXPLAINING[depth]} {rendered.text}", *rendered.values(variables))
    plan = tuple(row[0] for row in rows)
    return Explained(told.fields, told.statement, told.parameters, told.cost, plan, await scans(plan))


async def scans(plan: tuple[str, ...], *, large: int = LARGE) -> tuple[Scan, ...]:
    """The large tables that a plan reads whole, by PostgreSQL's own estimate of their sizes."""
    tables = sorted({name for line in plan for name in _SCAN.findall(line)})
    if not tables:
        return ()
    rows = await fetch_read(_SIZES, tables)
    return tuple(Scan(row[0], row[1]) for row in rows if row[1] >= large)

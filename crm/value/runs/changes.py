"""How the portfolio moved from one run to another: equity with causes, matrix, tiers and groups, risers and fallers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from crm.access import Actor
from crm.database import fetch, fetch_row
from crm.errors import NotFound, ValidationFailed
from crm.value.runs import settings
from crm.value.runs.portfolio import none_by
from crm.value.runs.seeing import seen

_RUN = """
SELECT id, as_of, currency, portfolio FROM value_run
WHERE status IN ('PUBLISHED', 'RETIRED') AND as_of <= $1 ORDER BY as_of DESC, id DESC LIMIT 1
"""
_BY_KEY = "SELECT id, as_of, currency FROM value_run WHERE id = $1 AND status IN ('PUBLISHED', 'RETIRED')"
_LATEST = "SELECT id FROM value_run WHERE status IN ('PUBLISHED', 'RETIRED') ORDER BY as_of DESC, id DESC LIMIT 2"
# A customer is acquired when its first order came since, lost when its last one is out of reach, developed when it
# bought since, and revalued when only time or the model changed its value.
_EQUITY = """
SELECT CASE WHEN a.first_order_on IS NULL AND b.first_order_on IS NOT NULL THEN 'ACQUIRED'
            WHEN b.customer_id IS NULL THEN 'REMOVED'
            WHEN b.p_alive < $3::float8 AND coalesce(a.p_alive, 1) >= $3::float8 THEN 'LOST'
            WHEN b.last_order_on > a.last_order_on THEN 'DEVELOPED'
            ELSE 'REVALUED' END AS cause,
       count(*) AS customers, coalesce(sum(a.clv_residual), 0) AS before, coalesce(sum(b.clv_residual), 0) AS after
FROM (SELECT * FROM value_snapshot WHERE run_id = $1) a
FULL JOIN (SELECT * FROM value_snapshot WHERE run_id = $2) b ON b.customer_id = a.customer_id
JOIN customer c ON c.id = coalesce(a.customer_id, b.customer_id)
WHERE (a.clv_residual IS NOT NULL OR b.clv_residual IS NOT NULL) AND {who}
GROUP BY 1 ORDER BY 1
"""
_MOVES = """
SELECT a.{column}::text AS origin, b.{column}::text AS target, count(*) AS customers,
       sum(b.net_profit - a.net_profit) AS profit, sum(b.clv - a.clv) AS value
FROM value_snapshot a JOIN value_snapshot b ON b.customer_id = a.customer_id JOIN customer c ON c.id = a.customer_id
WHERE a.run_id = $1 AND b.run_id = $2 AND {who}
GROUP BY 1, 2 ORDER BY 1, 2
"""
_MOVERS = """
SELECT a.customer_id, c.display_name AS name, a.clv AS before, b.clv AS after, b.clv - a.clv AS change
FROM value_snapshot a JOIN value_snapshot b ON b.customer_id = a.customer_id JOIN customer c ON c.id = a.customer_id
WHERE a.run_id = $1 AND b.run_id = $2 AND b.clv {sign} a.clv AND {who}
ORDER BY b.clv - a.clv {order}, a.customer_id LIMIT $3
"""
_NAMES = "SELECT c.id, c.display_name AS name FROM customer c WHERE c.id = ANY($1::uuid[]) AND {who}"
MOST = 100


class Side(StrEnum):
    """By what migration is told."""

    MATRIX = "MATRIX"
    TIER = "TIER"
    RFM = "RFM"


_COLUMNS = {Side.MATRIX: "matrix_cell", Side.TIER: "value_tier", Side.RFM: "rfm_group"}


@dataclass(frozen=True)
class Span:
    """Two runs of one currency, the earlier first."""

    before: UUID
    after: UUID
    since: datetime
    until: datetime
    currency: str


@dataclass(frozen=True)
class Cause:
    """What changed equity: ACQUIRED, DEVELOPED, LOST, REVALUED or REMOVED."""

    cause: str
    customers: int
    before: Decimal
    after: Decimal

    @property
    def change(self) -> Decimal:
        return self.after - self.before


@dataclass(frozen=True)
class Move:
    """Customers who went from one cell to another, or stayed; a cell that cannot be known is None."""

    origin: str | None
    target: str | None
    customers: int
    profit: Decimal | None
    value: Decimal | None


@dataclass(frozen=True)
class Mover:
    """A customer whose value rose or fell."""

    customer_id: UUID
    name: str
    before: Decimal
    after: Decimal
    change: Decimal


@dataclass(frozen=True)
class Changes:
    """All that is told of two runs, worked out together."""

    equity: list[Cause]
    matrix: list[Move]
    tier: list[Move]
    rfm: list[Move]
    risers: list[Mover]
    fallers: list[Mover]

    def migration(self, side: Side) -> list[Move]:
        sides: dict[Side, list[Move]] = {Side.MATRIX: self.matrix, Side.TIER: self.tier, Side.RFM: self.rfm}
        return sides[side]

    def movers(self, rising: bool, first: int) -> list[Mover]:
        return (self.risers if rising else self.fallers)[:first]


async def span(since: datetime, until: datetime) -> Span:
    """The runs last published as of two times. Raises NotFound, ValidationFailed when they are one and the same."""
    if since >= until:
        raise ValidationFailed(f"since {since} must lie before until {until}.", path=("since",))
    first, last = await fetch_row(_RUN, since), await fetch_row(_RUN, until)
    if first is None or last is None:
        raise await none_by(since, "since")
    if first["id"] == last["id"]:
        raise ValidationFailed("Between these times no value run was published.", path=("until",))
    return Span(first["id"], last["id"], first["as_of"], last["as_of"], last["currency"])


async def equity(actor: Actor, between: Span) -> list[Cause]:
    """Why customer equity is another one: by cause, before and after. Raises Forbidden."""
    lost_below = float((await settings.current()).lost_below)
    rows = await seen(actor, _EQUITY, between.before, between.after, lost_below)
    return [Cause(**row) for row in rows]


async def migration(actor: Actor, between: Span, side: Side) -> list[Move]:
    """How many customers went from each cell to each. Raises Forbidden."""
    rows = await seen(actor, _MOVES.replace("{column}", _COLUMNS[side]), between.before, between.after)
    return [Move(**row) for row in rows]


async def movers(actor: Actor, between: Span, *, rising: bool, first: int = 20) -> list[Mover]:
    """Whose value rose, or fell, most. Raises ValidationFailed, Forbidden."""
    check(first)
    sign, order = (">", "DESC") if rising else ("<", "ASC")
    statement = _MOVERS.replace("{sign}", sign).replace("{order}", order)
    return [Mover(**row) for row in await seen(actor, statement, between.before, between.after, first)]


def check(first: int) -> None:
    """Raise ValidationFailed for more than can be told, or nobody."""
    if not 1 <= first <= MOST:
        raise ValidationFailed(f"first is {first}: choose 1 to {MOST}.", path=("first",))


async def between_runs(before: UUID, after: UUID) -> Span:
    """The span of two runs by their keys. Raises NotFound."""
    first, last = await fetch_row(_BY_KEY, before), await fetch_row(_BY_KEY, after)
    if first is None or last is None:
        raise NotFound("One of the runs is not kept any more.", path=("since",))
    return Span(first["id"], last["id"], first["as_of"], last["as_of"], last["currency"])


async def latest() -> Span | None:
    """The two newest runs; None before there are two."""
    rows = await fetch(_LATEST)
    return await between_runs(rows[1]["id"], rows[0]["id"]) if len(rows) == 2 else None


async def changes(actor: Actor, between: Span) -> Changes:
    """Everything of two runs, but for names: who is erased is in nothing that is kept. Raises Forbidden."""
    matrix, tier, rfm = [await migration(actor, between, side) for side in (Side.MATRIX, Side.TIER, Side.RFM)]
    risers, fallers = [
        [replace(one, name="") for one in await movers(actor, between, rising=rising, first=MOST)]
        for rising in (True, False)
    ]
    return Changes(await equity(actor, between), matrix, tier, rfm, risers, fallers)


async def named(actor: Actor, found: list[Mover]) -> list[Mover]:
    """The same with names, without those who are gone. Raises Forbidden."""
    rows = await seen(actor, _NAMES, [one.customer_id for one in found])
    names = {row["id"]: row["name"] for row in rows}
    return [replace(one, name=names[one.customer_id]) for one in found if one.customer_id in names]

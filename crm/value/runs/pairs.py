"""What is bought together, and what a customer does not have yet that those like it have."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np

from crm.access import Actor, Scope, need
from crm.errors import ValidationFailed
from crm.value import crosssell
from crm.value.runs import settings
from crm.value.runs.seeing import seen
from crm.visibility import need_visible

MOST = 200
# A basket is all that one customer bought in the time: who has the one tends to have, or to want, the other.
_BASKETS = """
SELECT l.customer_id, p.category,
       sum((l.amount - coalesce(l.cost_of_goods, l.amount * $3::numeric)) * o.exchange_rate) AS margin
FROM order_line l JOIN "order" o ON o.id = l.order_id JOIN product p ON p.id = l.product_id
JOIN customer c ON c.id = l.customer_id
WHERE o.status <> 'CANCELLED' AND o.placed_at >= $1::date AND o.placed_at < $2::date
  AND p.category IS NOT NULL AND {who}
GROUP BY 1, 2
"""


@dataclass(frozen=True)
class Pair:
    """Who buys `category` also buys `other`: so many customers do, and by how much more than by chance.

    support: share of all customers; confidence: of those of `category`; lift: against independence, with its lower 95%
    limit. margin: mean margin of `other` of a customer who has it, in the base currency.
    """

    category: str
    other: str
    customers: int
    support: float
    confidence: float
    lift: float
    lift_low: float
    margin: Decimal


@dataclass(frozen=True)
class Offer:
    """A category that a customer does not have: the chance that one like it buys it, and what that is worth."""

    category: str
    because: str
    chance: float
    margin: Decimal

    @property
    def potential(self) -> Decimal:
        return (Decimal(repr(self.chance)) * self.margin).quantize(Decimal("0.0001"))


async def pairs(
    actor: Actor, *, since: date, until: date, least: int = 20, first: int = 50, where: dict[str, Any] | None = None
) -> list[Pair]:
    """Categories of products that go together, the strongest lift first, of `least` customers or more.

    Association, not cause. Raises ValidationFailed, Forbidden.
    """
    need(actor, Scope.VALUE_READ, Scope.ORDER_READ)
    _checked(since, until, least, first)
    rows = await _baskets(actor, since, until, where)
    return _pairs(rows, least)[:first]


async def offers(actor: Actor, customer_id: UUID, *, since: date, until: date, least: int = 20) -> list[Offer]:
    """What to offer a customer next: of each category that it does not have the best reason, the worthiest first.

    Raises NotFound, ValidationFailed, Forbidden.
    """
    need(actor, Scope.VALUE_READ, Scope.ORDER_READ)
    await need_visible(actor, customer_id)
    _checked(since, until, least, MOST)
    rows = await _baskets(actor, since, until, None)
    owned = {row["category"] for row in rows if row["customer_id"] == customer_id}
    best: dict[str, Offer] = {}
    for pair in _pairs(rows, least):
        if pair.category in owned and pair.other not in owned:
            offer = Offer(pair.other, pair.category, pair.confidence, pair.margin)
            best[pair.other] = max(best.get(pair.other, offer), offer, key=lambda one: one.chance)
    return sorted(best.values(), key=lambda one: -one.potential)


async def _baskets(actor: Actor, since: date, until: date, where: dict[str, Any] | None) -> list[Any]:
    goods = 1 - (await settings.current()).margin_rate
    return await seen(actor, _BASKETS, since, until, goods, where=where)


def _checked(since: date, until: date, least: int, first: int) -> None:
    if since >= until:
        raise ValidationFailed(f"since {since} must lie before until {until}.", path=("since",))
    if not 2 <= least <= 1_000_000:
        raise ValidationFailed(f"least is {least}: choose 2 or more customers.", path=("least",))
    if not 1 <= first <= MOST:
        raise ValidationFailed(f"first is {first}: choose 1 to {MOST}.", path=("first",))


def _pairs(rows: list[Any], least: int) -> list[Pair]:
    if not rows:
        return []
    names = sorted({row["category"] for row in rows})
    place = {name: number for number, name in enumerate(names)}
    customers = {key: number for number, key in enumerate(dict.fromkeys(row["customer_id"] for row in rows))}
    basket = np.array([customers[row["customer_id"]] for row in rows])
    item = np.array([place[row["category"]] for row in rows])
    earned = np.bincount(item, [float(row["margin"]) for row in rows]) / np.bincount(item)
    found = crosssell.pairs(basket, item, least=least)
    columns = (found.item, found.other, found.together, found.support, found.confidence, found.lift, found.lift_low)
    return [
        Pair(names[a], names[b], int(n), float(s), float(c), float(lift), float(low), Decimal(f"{earned[b]:.4f}"))
        for a, b, n, s, c, lift, low in zip(*columns, strict=True)
    ]

"""What is bought together, and what a customer does not have yet that those like it have."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
from scipy.sparse import csr_matrix

from crm.access import Actor, Scope, need
from crm.errors import ValidationFailed
from crm.value import crosssell
from crm.value.runs import settings
from crm.value.runs.seeing import seen
from crm.visibility import need_visible

MOST = 200
_CENT = Decimal("0.0001")
LEAST = 2
"""Customers whom a pair may be of; one is no pattern."""
# A basket is all that one customer bought in the time: who has the one tends to have, or to want, the other. Baskets of
# the same categories are counted here; the rows without a number tell what a category brings on average.
_BASKETS = """
WITH had AS MATERIALIZED (
    SELECT d.customer_id, p.category,
           (sum(d.revenue - d.cost_of_goods) - sum(d.uncosted_revenue) * $3::numeric) * 0.0001 AS margin
    FROM product_day d JOIN product p ON p.id = d.product_id JOIN customer c ON c.id = d.customer_id
    WHERE d.day >= $1::date AND d.day < $2::date AND p.category IS NOT NULL AND {who}
    GROUP BY 1, 2
), basket AS (SELECT array_agg(category ORDER BY category) AS categories FROM had GROUP BY customer_id)
SELECT categories, count(*) AS customers, NULL AS margin FROM basket GROUP BY 1
UNION ALL SELECT ARRAY[category], NULL, avg(margin) FROM had GROUP BY category
"""
_OWNED = """
SELECT DISTINCT p.category
FROM product_day d JOIN product p ON p.id = d.product_id JOIN customer c ON c.id = d.customer_id
WHERE d.customer_id = $3 AND d.day >= $1::date AND d.day < $2::date AND p.category IS NOT NULL AND {who}
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
    check(since, until, least, first)
    return strongest(await all_pairs(actor, since=since, until=until, where=where), least)[:first]


async def all_pairs(actor: Actor, *, since: date, until: date, where: dict[str, Any] | None = None) -> list[Pair]:
    """Every pair that is more than chance, of `LEAST` customers or more, the strongest lift first.

    Raises ValidationFailed, Forbidden.
    """
    need(actor, Scope.VALUE_READ, Scope.ORDER_READ)
    return await asyncio.to_thread(_pairs, await _baskets(actor, since, until, where), LEAST)


def strongest(found: list[Pair], least: int) -> list[Pair]:
    """Those of so many customers or more."""
    return [pair for pair in found if pair.customers >= least]


async def offers(
    actor: Actor, customer_id: UUID, *, since: date, until: date, least: int = 20, found: list[Pair] | None = None
) -> list[Offer]:
    """What to offer a customer next: of each category that it does not have the best reason, the worthiest first.

    `found` are all pairs of the time, where they are known already. Raises NotFound, ValidationFailed, Forbidden.
    """
    need(actor, Scope.VALUE_READ, Scope.ORDER_READ)
    await need_visible(actor, customer_id)
    check(since, until, least, MOST)
    owned = {row["category"] for row in await seen(actor, _OWNED, since, until, customer_id)}
    everything = await all_pairs(actor, since=since, until=until) if found is None else found
    best: dict[str, Offer] = {}
    for pair in strongest(everything, least):
        if pair.category in owned and pair.other not in owned:
            offer = Offer(pair.other, pair.category, pair.confidence, pair.margin)
            best[pair.other] = max(best.get(pair.other, offer), offer, key=lambda one: one.chance)
    return sorted(best.values(), key=lambda one: -one.potential)


async def _baskets(actor: Actor, since: date, until: date, where: dict[str, Any] | None) -> list[Any]:
    goods = 1 - (await settings.current()).margin_rate
    return await seen(actor, _BASKETS, since, until, goods, where=where)


def check(since: date, until: date, least: int, first: int) -> None:
    """Raise ValidationFailed naming what cannot be."""
    if since >= until:
        raise ValidationFailed(f"since {since} must lie before until {until}.", path=("since",))
    if not LEAST <= least <= 1_000_000:
        raise ValidationFailed(f"least is {least}: choose 2 or more customers.", path=("least",))
    if not 1 <= first <= MOST:
        raise ValidationFailed(f"first is {first}: choose 1 to {MOST}.", path=("first",))


def _pairs(rows: list[Any], least: int) -> list[Pair]:
    baskets = [row for row in rows if row["customers"] is not None]
    earned = {row["categories"][0]: row["margin"] for row in rows if row["customers"] is None}
    if not baskets:
        return []
    names = sorted(earned)
    place = {name: number for number, name in enumerate(names)}
    basket = np.repeat(np.arange(len(baskets)), [len(row["categories"]) for row in baskets])
    item = np.array([place[name] for row in baskets for name in row["categories"]])
    counts = np.array([row["customers"] for row in baskets], dtype=np.float64)
    bought = csr_matrix((np.ones(len(item)), (basket, item)), shape=(len(baskets), len(names)))
    both = (bought.T @ bought.multiply(counts[:, None])).toarray()
    found = crosssell.pairs_of_counts(both, int(counts.sum()), least=least)
    columns = (found.item, found.other, found.together, found.support, found.confidence, found.lift, found.lift_low)
    return [
        Pair(names[a], names[b], int(n), float(s), float(c), float(lift), float(low), earned[names[b]].quantize(_CENT))
        for a, b, n, s, c, lift, low in zip(*columns, strict=True)
    ]

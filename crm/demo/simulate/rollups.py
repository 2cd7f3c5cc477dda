"""The roll-ups of simulated orders, as `crm.value.rollup` would make them for a clock in UTC."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from crm.demo.simulate import keys
from crm.demo.simulate.binary import Column, booleans, dates, integers, longs, null, uuids
from crm.demo.simulate.blocks import Block, Bools, Ints
from crm.demo.simulate.lines import Lines
from crm.demo.simulate.place import Place, Rows, packed

DAY = 86_400_000_000


def rollups(place: Place, block: Block, sold: Lines) -> Iterator[Rows]:
    """The days of customers, their sums, and the days of products."""
    found = _days(block)
    yield _daily(place, found)
    yield from _totals(place, found)
    yield _product_days(place, block, sold)


@dataclass(frozen=True)
class _Days:
    """The daily roll-up, as `crm.value.rollup` would make it for a clock in UTC: orders here are given back whole.

    Whose day, its number since 1970, the number of its first order; orders and purchases; money in cents.
    """

    customer: Ints
    day: Ints
    number: Ints
    orders: Ints
    purchases: Ints
    revenue: Ints
    listed: Ints
    cost: Ints
    is_first: Bools


def _days(block: Block) -> _Days:
    made = block.orders
    kept = (made.refunded == 0).astype(np.int64)
    day = made.placed // DAY
    first = np.flatnonzero(np.append(True, (np.diff(day) != 0) | (np.diff(made.customer) != 0)))
    purchases = np.add.reduceat(kept, first)
    at = np.unique(made.customer[first][purchases > 0], return_index=True)[1]
    begins = np.zeros(len(first), dtype=bool)
    begins[np.flatnonzero(purchases > 0)[at]] = True
    return _Days(
        made.customer[first],
        day[first],
        made.number[first],
        np.diff(np.append(first, len(day))),
        purchases,
        np.add.reduceat(made.amount - made.refunded, first),
        np.add.reduceat(made.list_amount * kept, first),
        np.add.reduceat(made.cost, first),
        begins,
    )


def _daily(place: Place, found: _Days) -> Rows:
    columns = place.common(keys.DAY, found.customer, found.number) | {
        "day": dates(found.day * DAY),
        "revenue": _counted(found.revenue),
        "list_revenue": _counted(found.listed),
        "cost_of_goods": _counted(found.cost),
        "orders": integers(found.orders),
        "purchases": integers(found.purchases),
        "is_first": booleans(found.is_first),
        "uncosted_revenue": longs(np.array([0])),
    }
    return packed("customer_day", columns, len(found.day))


def _counted(cents: Ints) -> Column:
    """Money of the roll-ups: ten-thousandths."""
    return longs(cents * 100)


def _totals(place: Place, found: _Days) -> Iterator[Rows]:
    """All days of each customer in sum, as `crm.value.rollup.totals` would make it."""
    first = np.flatnonzero(np.append(True, np.diff(found.customer) != 0))
    bought = found.purchases > 0
    at, never = found.day * DAY, np.iinfo(np.int64).max

    def total(values: Ints) -> Ints:
        return np.add.reduceat(values, first)

    first_day = np.minimum.reduceat(np.where(bought, at, never), first)
    last_day = np.maximum.reduceat(np.where(bought, at, -never), first)
    columns = place.common(keys.TOTAL, found.customer[first]) | {
        "latest_day": dates(np.maximum.reduceat(at, first)),
        "purchases": integers(total(bought.astype(np.int64))),
        "orders": integers(total(found.orders)),
        "revenue": _counted(total(found.revenue)),
        "first_revenue": _counted(total(np.where(found.is_first, found.revenue, 0))),
        "list_revenue": _counted(total(found.listed)),
        "cost_of_goods": _counted(total(found.cost)),
        "uncosted_revenue": longs(np.array([0])),
    }
    # Rows of one width are laid out at once, and an unknown day takes no room: who kept nothing comes apart.
    kept = first_day < never
    for mine, known in ((np.flatnonzero(kept), True), (np.flatnonzero(~kept), False)):
        own = {name: column[mine] if len(column) > 1 else column for name, column in columns.items()}
        own |= {
            "first_day": dates(first_day[mine]) if known else null(),
            "last_day": dates(last_day[mine]) if known else null(),
        }
        yield packed("customer_total", own, len(mine))


def _product_days(place: Place, block: Block, found: Lines) -> Rows:
    """The daily roll-up by product, as `crm.value.rollup.products` would make it for a clock in UTC."""
    made = block.orders
    day_of = made.placed // DAY
    kept = np.flatnonzero(made.refunded[found.order] < made.amount[found.order])
    kept = kept[np.lexsort((found.product[kept], day_of[found.order[kept]], made.customer[found.order[kept]]))]
    order, product = found.order[kept], found.product[kept]
    customer, day = made.customer[order], day_of[order]
    other = (np.diff(customer) != 0) | (np.diff(day) != 0) | (np.diff(product) != 0)
    first = np.flatnonzero(np.append(True, other))[: len(kept)]

    def total(cents: Ints) -> Column:
        return _counted(np.add.reduceat(cents[kept], first))

    columns = place.common(
        keys.PRODUCT_DAY, customer[first], made.number[order[first]] * 4 + found.place[kept[first]]
    ) | {
        "day": dates(day[first] * DAY),
        "product_id": uuids(place.products[product[first]]),
        "revenue": total(found.amount),
        "cost_of_goods": total(found.cost),
        "uncosted_revenue": longs(np.array([0])),
    }
    return packed("product_day", columns, len(first))

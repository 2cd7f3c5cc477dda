"""The lines of simulated orders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm.demo.simulate import keys
from crm.demo.simulate.binary import empty, money, shorts, uuids
from crm.demo.simulate.blocks import Block, Ints
from crm.demo.simulate.place import Place, Rows, packed


@dataclass(frozen=True)
class Lines:
    """Lines of orders: of which order of the block, in which place of it, of which product; money in cents."""

    order: Ints
    place: Ints
    product: Ints
    amount: Ints
    listed: Ints
    cost: Ints


def lines_of(place: Place, block: Block) -> Lines:
    """One to three lines that add up to the order, for the orders of every so many customers."""
    made = block.orders
    chosen = np.flatnonzero(made.customer % place.lines_every == 0)
    count = made.lines[chosen]
    order = np.repeat(chosen, count)
    place_in = np.arange(len(order)) - np.repeat(np.cumsum(count) - count, count)
    last = place_in == made.lines[order] - 1

    def part(cents: Ints) -> Ints:
        share = cents[order] // made.lines[order]
        return np.where(last, cents[order] - share * place_in, share)

    product = made.products[place_in, order] % len(place.products)
    return Lines(order, place_in, product, part(made.amount), part(made.list_amount), part(made.cost))


def lines(place: Place, block: Block, found: Lines) -> Rows:
    made = block.orders
    customer, number = made.customer[found.order], made.number[found.order]
    columns = place.common(keys.LINE, customer, number * 4 + found.place) | {
        "order_id": uuids(place.keys(keys.ORDER, customer, number)),
        "product_id": uuids(place.products[found.product]),
        "position": shorts(found.place + 1),
        "description": empty(),
        "quantity": money(np.array([100])),
        "unit_price": money(np.maximum(found.listed, found.amount)),
        "discount": money(np.maximum(found.listed - found.amount, 0)),
        "amount": money(found.amount),
        "cost_of_goods": money(found.cost),
    }
    return packed("order_line", columns, len(found.order))

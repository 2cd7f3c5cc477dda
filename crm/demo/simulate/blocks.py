"""Drawing customers and what they do, a block at a time: pure, vectorised, the same however blocks are grouped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crm.demo.simulate.parameters import BLOCK, WEEK, Parameters

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MOST_ORDERS = 10_000
"""Orders of one customer; more would be an error of the parameters."""

REFUNDS, DISCOUNTS = 0.02, 0.2
EMPLOYED, REFERRED, SUBSCRIBED, OWNED = 0.2, 0.1, 0.3, 0.6
POOL = 1_000_000
"""Names, products and staff are drawn as numbers below this, and taken modulo how many there are."""


@dataclass(frozen=True)
class Orders:
    """Orders by customer (its number within the organisation) and time; money in cents, time in microseconds."""

    customer: Ints
    number: Ints
    placed: Ints
    amount: Ints
    list_amount: Ints
    refunded: Ints
    cost: Ints
    quantity: Ints
    channel: Ints
    products: Ints
    lines: Ints


@dataclass(frozen=True)
class Touches:
    """Interactions: whose, when, of which kind, by whom, and the answer on a scale of 0 to 10."""

    customer: Ints
    number: Ints
    at: Ints
    kind: Ints
    staff: Ints
    rating: Ints


@dataclass(frozen=True)
class Block:
    """Some customers in the order of their numbers. `rate` and `leaving` (a week) are the truth behind their orders.

    -1 stands for nobody: `employer` and `referrer` are numbers of customers, a referrer's below the referred one's.
    """

    numbers: Ints
    organization: Bools
    tongue: Ints
    names: Ints
    city: Ints
    acquired: Ints
    channel: Ints
    owner: Ints
    acquisition_cost: Ints
    employer: Ints
    referrer: Ints
    subscribed: Bools
    rate: Floats
    leaving: Floats
    orders: Orders
    touches: Touches


def generate(parameters: Parameters, seed: int) -> Iterator[Block]:
    """All customers of the organisation, in blocks of 1,000 (the last may be smaller)."""
    for number, start in enumerate(range(0, parameters.customers, BLOCK)):
        yield block(parameters, seed, number, min(BLOCK, parameters.customers - start))


def block(parameters: Parameters, seed: int, number: int, size: int) -> Block:
    """One block, from a stream of random numbers of its own. A smaller block begins like a full one."""
    draw = np.random.Generator(np.random.Philox(key=np.array([seed, number], dtype=np.uint64)))
    full = _customers(parameters, draw, number)
    orders = _orders(parameters, draw, full)
    touches = _touches(parameters, draw, full)
    return _cut(Block(**full, orders=orders, touches=touches), size)


def _customers(parameters: Parameters, draw: np.random.Generator, number: int) -> dict[str, Any]:
    n = BLOCK
    numbers = np.arange(number * n, number * n + n)
    begin = parameters.end_us - parameters.weeks * WEEK
    organization = draw.random(n) < parameters.organizations
    organization[0] = True
    firms = numbers[organization]
    return {
        "numbers": numbers,
        "organization": organization,
        "tongue": draw.choice(3, n, p=[0.4, 0.25, 0.35]),
        "names": draw.integers(POOL, size=(3, n)),
        "city": draw.integers(POOL, size=n),
        "acquired": begin + (draw.random(n) * parameters.acquisition * parameters.weeks * WEEK).astype(np.int64),
        "channel": draw.integers(4, size=n),
        "owner": np.where(draw.random(n) < OWNED, draw.integers(POOL, size=n), -1),
        "acquisition_cost": np.rint(draw.gamma(2.0, 600.0, n)).astype(np.int64),
        "employer": np.where(
            (draw.random(n) < EMPLOYED) & ~organization, firms[draw.integers(POOL, size=n) % len(firms)], -1
        ),
        "referrer": np.where(
            (draw.random(n) < REFERRED) & (numbers > 0), (draw.random(n) * numbers).astype(np.int64), -1
        ),
        "subscribed": draw.random(n) < SUBSCRIBED,
        "rate": draw.gamma(parameters.r, 1 / parameters.alpha, n),
        "leaving": draw.gamma(parameters.s, 1 / parameters.beta, n),
    }


def _orders(parameters: Parameters, draw: np.random.Generator, customers: dict[str, Any]) -> Orders:
    acquired, rate, leaving = (np.asarray(customers[name]) for name in ("acquired", "rate", "leaving"))
    observed = (parameters.end_us - acquired) / WEEK
    stays = np.minimum(draw.exponential(1.0, BLOCK) / np.maximum(leaving, 1e-12), observed)
    # Given their number, the times of a Poisson process are independent and even.
    counts = np.minimum(draw.poisson(rate * stays), MOST_ORDERS - 1) + 1
    owner = np.repeat(np.arange(BLOCK), counts)
    first = np.cumsum(counts) - counts
    after = draw.random(len(owner)) * stays[owner] * WEEK
    after[first] = 0
    placed = acquired[owner] + after.astype(np.int64)
    placed = placed[np.lexsort((placed, owner))]
    money = _amounts(parameters, draw, owner)
    return Orders(
        customer=np.asarray(customers["numbers"])[owner],
        number=np.arange(len(owner)) - first[owner],
        placed=placed,
        quantity=draw.integers(1, 6, len(owner)),
        channel=draw.integers(3, size=len(owner)),
        products=draw.integers(POOL, size=(3, len(owner))),
        lines=draw.integers(1, 4, len(owner)),
        **money,
    )


def _amounts(parameters: Parameters, draw: np.random.Generator, owner: Ints) -> dict[str, Ints]:
    level = draw.gamma(parameters.q, 1 / parameters.gamma, BLOCK)
    amount = np.maximum(np.rint(draw.gamma(parameters.p, 1.0, len(owner)) / level[owner] * 100), 1).astype(np.int64)
    off = np.where(draw.random(len(owner)) < DISCOUNTS, draw.uniform(0.05, 0.2, len(owner)), 0)
    listed = np.maximum(np.rint(amount / (1 - off)).astype(np.int64), amount)
    given_back = draw.random(len(owner)) < REFUNDS
    return {
        "amount": amount,
        "list_amount": listed,
        "refunded": np.where(given_back, amount, 0),
        "cost": np.rint(listed * draw.uniform(0.4, 0.7, len(owner))).astype(np.int64),
    }


def _touches(parameters: Parameters, draw: np.random.Generator, customers: dict[str, Any]) -> Touches:
    counts = draw.poisson(parameters.interactions, BLOCK)
    owner = np.repeat(np.arange(BLOCK), counts)
    acquired = np.asarray(customers["acquired"])[owner]
    return Touches(
        customer=np.asarray(customers["numbers"])[owner],
        number=np.arange(len(owner)) - (np.cumsum(counts) - counts)[owner],
        at=acquired + (draw.random(len(owner)) * (parameters.end_us - acquired)).astype(np.int64),
        kind=draw.choice(4, len(owner), p=[0.4, 0.35, 0.1, 0.15]),
        staff=draw.integers(POOL, size=len(owner)),
        rating=np.clip(np.rint(draw.normal(8, 2, len(owner))), 0, 10).astype(np.int64),
    )


def _cut(whole: Block, size: int) -> Block:
    """The first customers of a block, with what is theirs."""
    if size == BLOCK:
        return whole
    end = whole.numbers[0] + size

    def kept(name: str, value: object) -> object:
        if isinstance(value, Orders | Touches):
            mine = value.customer < end
            return type(value)(**{key: column[..., mine] for key, column in vars(value).items()})
        column = np.asarray(value)[..., :size]
        return np.where(column < end, column, -1) if name == "employer" else column

    return Block(**{name: kept(name, value) for name, value in vars(whole).items()})  # type: ignore[arg-type]

"""What customers bought of late, and what they spend elsewhere: what growing with them rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import numpy as np

from crm.database import fetch
from crm.value.arrays import Floats, Ints
from crm.value.assumptions import Assumptions
from crm.value.book import Book
from crm.value.growth import MOST_CATEGORIES
from crm.value.runs.inputs import Moment

# Bought within the horizon before the moment: what a customer with a category brings in such a time.
_LINES = """
FROM order_line l JOIN "order" o ON o.id = l.order_id JOIN product p ON p.id = l.product_id
WHERE o.status <> 'CANCELLED' AND o.refunded < o.amount AND o.placed_at <= $1
  AND o.placed_at > $1::timestamptz - make_interval(days => $2) AND p.category = ANY($3::text[])
"""
_NAMES = """
SELECT p.category FROM product p WHERE p.category IS NOT NULL AND EXISTS (
    SELECT FROM order_line l WHERE l.product_id = p.id
) GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT $1
"""
# Bits of a customer's categories, as bytes one after the other: a million rows would be a million objects of Python.
_OWNED = f"""
SELECT string_agg(uuid_send(customer_id), ''::bytea) AS customers, string_agg(int8send(owned), ''::bytea) AS owned
FROM (SELECT l.customer_id, bit_or(1::int8 << (array_position($3::text[], p.category::text) - 1)) AS owned
      {_LINES} GROUP BY 1) one
"""  # noqa: S608 - constants
_MARGINS = f"""
SELECT array_position($3::text[], p.category::text) - 1 AS place,
       (sum((l.amount - coalesce(l.cost_of_goods, l.amount * $4::numeric)) * o.exchange_rate)
        / count(DISTINCT l.customer_id))::float8 AS margin
{_LINES} GROUP BY 1
"""  # noqa: S608 - constants
_OWNED_BY = _OWNED.replace("GROUP BY 1", "AND l.customer_id = ANY($4::uuid[]) GROUP BY 1")
_WALLET = """
SELECT string_agg(uuid_send(c.id), ''::bytea) AS customers,
       string_agg(float8send((c.custom_fields ->> $1)::float8), ''::bytea) AS wallet
FROM customer c WHERE jsonb_typeof(c.custom_fields -> $1) = 'number'
"""
_WALLET_OF = _WALLET + " AND c.id = ANY($2::uuid[])"


async def categories(moment: Moment, assumed: Assumptions) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """The categories that count, and the mean margin of each over the horizon from a customer who has it."""
    names = [row["category"] for row in await fetch(_NAMES, MOST_CATEGORIES)]
    if not names:
        return (), ()
    goods = 1 - assumed.margin_rate
    found = {row["place"]: row["margin"] for row in await fetch(_MARGINS, *_asked(moment, assumed, names), goods)}
    return tuple(names), tuple(found.get(place, 0.0) for place in range(len(names)))


async def everybody(book: Book, moment: Moment, assumed: Assumptions) -> Book:
    """The book with what is known of everybody's categories and wallet."""
    names, margins = await categories(moment, assumed)
    book = replace(book, categories=names, category_margins=margins)
    if names:
        book = replace(book, owned=await _owned(book, _OWNED, *_asked(moment, assumed, names)))
    if assumed.wallet_field is None:
        return book
    return replace(book, wallet=await _wallet(book, _WALLET, assumed.wallet_field))


async def some(book: Book, moment: Moment, assumed: Assumptions, names: Sequence[str]) -> Book:
    """The same of the few customers of a book, with the categories in the places that a run gave them."""
    keys = [UUID(bytes=key.tobytes()) for key in book.rows["customer"]]
    if names and keys:
        book = replace(book, owned=await _owned(book, _OWNED_BY, *_asked(moment, assumed, names), keys))
    if assumed.wallet_field is None or not keys:
        return book
    return replace(book, wallet=await _wallet(book, _WALLET_OF, assumed.wallet_field, keys))


def _asked(moment: Moment, assumed: Assumptions, names: Sequence[str]) -> tuple[Any, ...]:
    return moment.at, assumed.horizon_days, list(names)


async def _owned(book: Book, statement: str, *arguments: Any) -> Ints:
    [row] = await fetch(statement, *arguments)
    owned = np.zeros(len(book), dtype=np.int64)
    _fill(owned, book, row["customers"], row["owned"], ">i8")
    return owned


async def _wallet(book: Book, statement: str, *arguments: Any) -> Floats:
    [row] = await fetch(statement, *arguments)
    wallet = np.full(len(book), np.nan)
    _fill(wallet, book, row["customers"], row["wallet"], ">f8")
    return wallet


def _fill(column: Ints | Floats, book: Book, customers: bytes | None, values: bytes | None, dtype: str) -> None:
    """Put the values of some customers, both as PostgreSQL sends them, in their places in a column of the book."""
    if not customers or values is None or not len(book):
        return
    wanted = np.frombuffer(customers, dtype="V16")
    at = np.minimum(np.searchsorted(book.rows["customer"], wanted), len(book) - 1)
    known = book.rows["customer"][at] == wanted
    column[at[known]] = np.frombuffer(values, dtype=dtype)[known]

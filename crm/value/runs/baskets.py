"""What customers bought of late, and what they spend elsewhere: what growing with them rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import numpy as np
import orjson

from crm.database import connection, fetch, translated
from crm.value.arrays import Floats, Ints
from crm.value.assumptions import Assumptions
from crm.value.book import Book
from crm.value.growth import MOST_CATEGORIES
from crm.value.runs.copying import PATIENCE
from crm.value.runs.inputs import Moment

# Bought within the horizon before the moment: what a customer with a category brings in such a time. $3: the names of
# the categories that count, whose places are the numbers of the bits.
_BOUGHT = """
FROM product_day d JOIN (
    SELECT id, array_position($3::text[], category::text) - 1 AS place FROM product WHERE category = ANY($3::text[])
) k ON k.id = d.product_id
WHERE d.day <= $1::date AND d.day > $1::date - $2::int
"""
# Each product is looked up by itself, for EXISTS would read all lines.
_NAMES = """
SELECT p.category FROM product p
WHERE p.category IS NOT NULL AND (SELECT true FROM order_line l WHERE l.product_id = p.id LIMIT 1)
GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT $1
"""
# What each customer has of each category makes both its bits and the margins of the categories. Bits are bytes one
# after the other: a million rows would be a million objects of Python.
_EVERYBODY = f"""
WITH pair AS MATERIALIZED (
    SELECT d.customer_id, k.place,
           sum(d.revenue - d.cost_of_goods) - sum(d.uncosted_revenue) * $4::numeric AS margin {_BOUGHT} GROUP BY 1, 2
), owner AS (SELECT customer_id, bit_or(1::int8 << place) AS owned FROM pair GROUP BY 1
), category AS (SELECT place, (sum(margin) / count(*) / 10000)::float8 AS margin FROM pair GROUP BY 1)
SELECT (SELECT string_agg(uuid_send(customer_id), ''::bytea) FROM owner) AS customers,
       (SELECT string_agg(int8send(owned), ''::bytea) FROM owner) AS owned,
       (SELECT json_object_agg(place, margin) FROM category) AS margins
"""  # noqa: S608 - constants
_OWNED_BY = f"""
SELECT string_agg(uuid_send(customer_id), ''::bytea) AS customers, string_agg(int8send(owned), ''::bytea) AS owned
FROM (SELECT d.customer_id, bit_or(1::int8 << k.place) AS owned
      {_BOUGHT} AND d.customer_id = ANY($4::uuid[]) GROUP BY 1) one
"""  # noqa: S608 - constants
_WALLET = """
SELECT string_agg(uuid_send(c.id), ''::bytea) AS customers,
       string_agg(float8send((c.custom_fields ->> $1)::float8), ''::bytea) AS wallet
FROM customer c WHERE jsonb_typeof(c.custom_fields -> $1) = 'number'
"""
_WALLET_OF = _WALLET + " AND c.id = ANY($2::uuid[])"


@dataclass(frozen=True)
class Baskets:
    """The categories that count with their margins; who has which, and whose wallet holds what, as PostgreSQL sends it.

    A margin is what a category brings on average, over the horizon, from a customer who has it.
    """

    names: tuple[str, ...] = ()
    margins: tuple[float, ...] = ()
    owned: Sequence[bytes | None] = (None, None)
    wallet: Sequence[bytes | None] | None = None

    def of(self, book: Book) -> Book:
        """The book with what is known of everybody's categories and wallet."""
        book = replace(book, categories=self.names, category_margins=self.margins)
        if self.names:
            book = replace(book, owned=_owned(book, *self.owned))
        return book if self.wallet is None else replace(book, wallet=_wallet(book, *self.wallet))


async def everybody(moment: Moment, assumed: Assumptions) -> Baskets:
    """What everybody bought of late, and what the wallets hold; inside the caller's transaction."""
    wallet = tuple(await _row(_WALLET, assumed.wallet_field)) if assumed.wallet_field is not None else None
    names = [row["category"] for row in await fetch(_NAMES, MOST_CATEGORIES)]
    if not names:
        return Baskets(wallet=wallet)
    row = await _row(_EVERYBODY, *_asked(moment, assumed, names), 1 - assumed.margin_rate)
    found = orjson.loads(row["margins"] or b"{}")
    margins = tuple(found.get(str(place), 0.0) for place in range(len(names)))
    return Baskets(tuple(names), margins, (row["customers"], row["owned"]), wallet)


async def some(book: Book, moment: Moment, assumed: Assumptions, names: Sequence[str]) -> Book:
    """The same of the few customers of a book, with the categories in the places that a run gave them."""
    keys = [UUID(bytes=key.tobytes()) for key in book.rows["customer"]]
    if names and keys:
        book = replace(book, owned=_owned(book, *await _row(_OWNED_BY, *_asked(moment, assumed, names), keys)))
    if assumed.wallet_field is None or not keys:
        return book
    return replace(book, wallet=_wallet(book, *await _row(_WALLET_OF, assumed.wallet_field, keys)))


def _asked(moment: Moment, assumed: Assumptions, names: Sequence[str]) -> tuple[Any, ...]:
    return moment.day, assumed.horizon_days, list(names)


async def _row(statement: str, *arguments: Any) -> Any:
    """The only row of a statement, over lines that may be many."""
    with translated():
        async with connection() as driver:
            return await driver.fetchrow(statement, *arguments, timeout=PATIENCE)


def _owned(book: Book, customers: bytes | None, bits: bytes | None) -> Ints:
    owned = np.zeros(len(book), dtype=np.int64)
    _fill(owned, book, customers, bits, ">i8")
    return owned


def _wallet(book: Book, customers: bytes | None, amounts: bytes | None) -> Floats:
    wallet = np.full(len(book), np.nan)
    _fill(wallet, book, customers, amounts, ">f8")
    return wallet


def _fill(column: Ints | Floats, book: Book, customers: bytes | None, values: bytes | None, dtype: str) -> None:
    """Put the values of some customers, both as PostgreSQL sends them, in their places in a column of the book."""
    if not customers or values is None or not len(book):
        return
    wanted = np.frombuffer(customers, dtype="V16")
    at = np.minimum(np.searchsorted(book.rows["customer"], wanted), len(book) - 1)
    known = book.rows["customer"][at] == wanted
    column[at[known]] = np.frombuffer(values, dtype=dtype)[known]

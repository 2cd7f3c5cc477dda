"""Who brought whom, and what that is worth: credit for the value of customers goes to those who referred them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import numpy as np

from crm.database import fetch
from crm.value import referral
from crm.value.arrays import Floats, Ints
from crm.value.assumptions import Assumptions
from crm.value.book import Book

_LINKS = """
SELECT customer_id, related_id FROM relationship
WHERE kind = 'REFERRED_BY' AND until IS NULL AND coalesce(since, created_at::date) <= $1::date
"""


async def links(book: Book, day: Any) -> Ints:
    """The position of who brought each customer of the book, -1 for nobody, shape (n,)."""
    rows = await fetch(_LINKS, day)
    referrer = np.full(len(book), referral.NOBODY, dtype=np.int64)
    if not rows or not len(book):
        return referrer
    brought, by = (_positions(book, [row[column] for row in rows]) for column in (0, 1))
    both = (brought >= 0) & (by >= 0)
    referrer[brought[both]] = by[both]
    return referrer


def _positions(book: Book, keys: Sequence[UUID]) -> Ints:
    wanted = np.array([key.bytes for key in keys], dtype="V16")
    customers = book.rows["customer"]
    at = np.minimum(np.searchsorted(customers, wanted), len(customers) - 1)
    return np.where(customers[at] == wanted, at, -1)


def credit(referrer: Ints, total: Floats, assumed: Assumptions) -> Floats:
    """What bringing others is worth, shape (n,), in the currency; a referral that brought a loss takes nothing away."""
    if not (referrer >= 0).any():
        return np.zeros(len(total))
    worth = referral.brought_value(np.maximum(total, 0.0), came_anyway=float(assumed.came_anyway))
    return referral.network_value(referrer, worth, depth=assumed.referral_depth, decay=float(assumed.referral_decay))

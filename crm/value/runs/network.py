"""Who brought whom, and what that is worth: credit for the value of customers goes to those who referred them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

import numpy as np

from crm.database import execute_many, fetch
from crm.value import referral
from crm.value.arrays import Floats, Ints
from crm.value.assumptions import Assumptions
from crm.value.book import Book

_LINKS = """
SELECT string_agg(uuid_send(customer_id), ''::bytea) AS brought, string_agg(uuid_send(related_id), ''::bytea) AS by
FROM relationship WHERE kind = 'REFERRED_BY' AND until IS NULL AND coalesce(since, created_at::date) <= $1::date
"""


@dataclass(frozen=True)
class Links:
    """Who was brought, and by whom, as PostgreSQL sends keys one after the other."""

    brought: bytes
    by: bytes

    def places(self, book: Book) -> Ints:
        """The position of who brought each customer of the book, -1 for nobody, shape (n,)."""
        referrer = np.full(len(book), referral.NOBODY, dtype=np.int64)
        if not self.brought or not len(book):
            return referrer
        brought, by = (_positions(book, keys) for keys in (self.brought, self.by))
        both = (brought >= 0) & (by >= 0)
        referrer[brought[both]] = by[both]
        return referrer


async def everybody(day: date) -> Links:
    """All referrals that stand on a day."""
    [row] = await fetch(_LINKS, day)
    return Links(row["brought"] or b"", row["by"] or b"")


def _positions(book: Book, keys: bytes) -> Ints:
    wanted, customers = np.frombuffer(keys, dtype="V16"), book.rows["customer"]
    at = np.minimum(np.searchsorted(customers, wanted), len(customers) - 1)
    return np.where(customers[at] == wanted, at, -1)


def credit(referrer: Ints, total: Floats, assumed: Assumptions) -> Floats:
    """What bringing others is worth, shape (n,), in the currency; a referral that brought a loss takes nothing away."""
    if not (referrer >= 0).any():
        return np.zeros(len(total))
    worth = referral.brought_value(np.maximum(total, 0.0), came_anyway=float(assumed.came_anyway))
    return referral.network_value(referrer, worth, depth=assumed.referral_depth, decay=float(assumed.referral_decay))


_LINK = """LATERAL (
    SELECT customer_id, related_id FROM relationship
    WHERE {} AND kind = 'REFERRED_BY' AND until IS NULL AND coalesce(since, created_at::date) <= $4::date OFFSET 0
) l"""
_BROUGHT_BY, _BROUGHT = _LINK.format("customer_id = f.id"), _LINK.format("related_id = f.id")
# Those who brought these customers, all whom they brought in turn, and who else has a share in bringing them. Each is
# looked up (OFFSET forbids to join all referrals instead): there are few, whatever the planner believes.
_AROUND = f"""
WITH RECURSIVE up AS (
    SELECT id, 0 AS step FROM unnest($1::uuid[]) id
    UNION SELECT l.related_id, step + 1 FROM up f, {_BROUGHT_BY} WHERE step < $2
), down AS (
    SELECT id, 0 AS step FROM up
    UNION SELECT l.customer_id, step + 1 FROM down f, {_BROUGHT} WHERE step < $2
), chain AS (
    SELECT id, 0 AS step FROM down
    UNION SELECT l.related_id, step + 1 FROM chain f, {_BROUGHT_BY} WHERE step < $2
)
SELECT f.id, l.related_id AS referrer, s.total, f.id IN (SELECT id FROM up) AS concerned
FROM (SELECT DISTINCT id FROM chain) f
LEFT JOIN {_BROUGHT_BY} ON true
LEFT JOIN LATERAL (
    SELECT coalesce(clv, net_profit, 0)::float8 AS total FROM value_snapshot
    WHERE run_id = $3 AND customer_id = f.id OFFSET 0
) s ON true
"""  # noqa: S608
_LINKED = """
SELECT true FROM relationship WHERE kind = 'REFERRED_BY' AND until IS NULL
  AND (customer_id = ANY($1::uuid[]) OR related_id = ANY($1::uuid[])) LIMIT 1
"""
_SETTLE = "UPDATE value_snapshot SET networking_potential = $3 WHERE run_id = $1 AND customer_id = $2"


@dataclass
class Around:
    """The referrals that customers have to do with: who, by whom, worth what; and whose credit they can change."""

    keys: list[UUID] = field(default_factory=list)
    referrer: list[UUID | None] = field(default_factory=list)
    total: list[float] = field(default_factory=list)
    concerned: list[bool] = field(default_factory=list)
    settled: dict[UUID, float] = field(default_factory=dict)

    def credit(self, book: Book, total: Floats, assumed: Assumptions) -> Floats:
        """What bringing others is worth to the customers of a book, whose value is `total`, shape (n,)."""
        owners = [UUID(bytes=key.tobytes()) for key in book.rows["customer"]]
        fresh = dict(zip(owners, total, strict=True))
        place = {key: number for number, key in enumerate(self.keys)}
        referrer = np.array([place.get(key, referral.NOBODY) if key else referral.NOBODY for key in self.referrer])
        value = np.array([fresh.get(key, old) for key, old in zip(self.keys, self.total, strict=True)])
        credits = credit(referrer.astype(np.int64), value, assumed)
        self.settled = {
            key: float(amount)
            for key, amount, concerned in zip(self.keys, credits, self.concerned, strict=True)
            if concerned
        }
        return np.array([self.settled.get(key, 0.0) for key in owners])

    async def settle(self, run_id: UUID, book: Book) -> None:
        """Write the credit of those who brought the customers of the book, themselves not in it."""
        own = {UUID(bytes=key.tobytes()) for key in book.rows["customer"]}
        rows = [(run_id, key, round(amount, 4)) for key, amount in self.settled.items() if key not in own]
        if rows:
            await execute_many(_SETTLE, rows)


async def around(run_id: UUID, keys: Sequence[UUID], assumed: Assumptions, day: date) -> Around:
    """The referrals around some customers, with the values that a run has of them."""
    if not await fetch(_LINKED, list(keys)):
        return Around()
    rows = await fetch(_AROUND, list(keys), assumed.referral_depth, run_id, day)
    return Around(
        [row["id"] for row in rows],
        [row["referrer"] for row in rows],
        [row["total"] or 0.0 for row in rows],
        [row["concerned"] for row in rows],
    )

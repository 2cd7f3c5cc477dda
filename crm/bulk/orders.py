"""Recording many orders at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from crm import identities, money, orders, organization
from crm.access import Actor, Scope, need
from crm.bulk.batch import Batch
from crm.bulk.chunks import in_chunks
from crm.bulk.customers import CustomerRow, Key, holders_of, key_of, upsert_customers
from crm.bulk.results import Outcome, RowResult, refused
from crm.changes import missing
from crm.customers import CustomerFields
from crm.database import fetch
from crm.errors import CrmError, NotFound, ValidationFailed
from crm.events import EventType
from crm.identities import IdentityInput
from crm.orders import LineInput, OrderFields
from crm.value import rollup
from crm.visibility import visible_among
from models import Customer, Order, OrderLine, Product

Reference = tuple[UUID, str, str]
"""Customer, source and reference: what makes an order unique."""


@dataclass(frozen=True, slots=True)
class OrderRow:
    """A purchase as a row tells of it; the customer is named by id or recognised by an identity.

    With `newcomer` a customer that is not known yet is created, with these fields.
    """

    fields: OrderFields
    customer_id: UUID | None = None
    identity: IdentityInput | None = None
    lines: tuple[LineInput, ...] = ()
    newcomer: CustomerFields | None = None


async def record_orders(actor: Actor, rows: Sequence[OrderRow], now: datetime) -> list[RowResult]:
    """Record many purchases; one result a row, in order. An order whose reference is known stays as it is.

    Refused are rows of an unknown customer and rows with a value that is not acceptable. Raises Forbidden.
    """
    need(actor, Scope.ORDER_WRITE)

    async def work(chunk: Sequence[OrderRow]) -> list[RowResult]:
        return await _Chunk(actor, now, await organization.current()).take(chunk)

    return await in_chunks(rows, work)


@dataclass
class _Chunk:
    actor: Actor
    now: datetime
    house: organization.Organization
    results: dict[int, RowResult] = field(default_factory=dict)
    drafts: dict[int, tuple[Order, list[OrderLine]]] = field(default_factory=dict)

    async def take(self, rows: Sequence[OrderRow]) -> list[RowResult]:
        owners = await self.owners(rows)
        await self.lock(set(owners.values()))
        products = await orders.products_of(line for row in rows for line in row.lines)
        rate_of = remembered(money.exchange_rate)
        for number, customer_id in owners.items():
            try:
                await self.draft(number, rows[number], customer_id, products, rate_of)
            except CrmError as problem:
                self.results[number] = refused(problem)
        await self.write()
        return [self.results[number] for number in range(len(rows))]

    async def owners(self, rows: Sequence[OrderRow]) -> dict[int, UUID]:
        """Whose order each row is; rows of nobody are refused."""
        keys = {number: key for number, row in enumerate(rows) if (key := self.key(number, row))}
        holders = await holders_of(set(keys.values()))
        await self.welcome(rows, keys, holders)
        found = {
            number: row.customer_id or holders.get(keys.get(number, ("", "", "")))
            for number, row in enumerate(rows)
            if number not in self.results
        }
        seen = await visible_among(self.actor, {key for key in found.values() if key})
        for number, customer_id in found.items():
            if customer_id not in seen:
                self.results[number] = refused(unknown(rows[number]))
        return {number: key for number, key in found.items() if key and key in seen}

    def key(self, number: int, row: OrderRow) -> Key | None:
        if row.customer_id is not None:
            return None
        try:
            if row.identity is None:
                raise ValidationFailed("The order names no customer.", path=("customer",))
            country = (row.newcomer or {}).get("country")
            return key_of(identities.normal(row.identity, country=country))
        except CrmError as problem:
            self.results[number] = refused(problem.under("customer"))
            return None

    async def welcome(self, rows: Sequence[OrderRow], keys: dict[int, Key], holders: dict[Key, UUID]) -> None:
        """Create the customers that are not known yet, where their row allows it; each from its first row."""
        fresh: dict[Key, int] = {}
        for number, key in keys.items():
            if key not in holders and rows[number].newcomer is not None:
                fresh.setdefault(key, number)
        wanted = [(key, number, _newcomer(rows[number])) for key, number in fresh.items()]
        results = await upsert_customers(self.actor, [row for _, _, row in wanted], self.now) if wanted else []
        for (key, number, _), result in zip(wanted, results, strict=True):
            if result.key:
                holders[key] = result.key
            elif result.problem:
                self.results[number] = refused(result.problem.under("customer"))

    async def lock(self, customer_ids: set[UUID]) -> None:
        """Writers of the same customers' days pass one after the other, always in the same order."""
        await fetch(
            "SELECT id FROM customer WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE", sorted(customer_ids)
        )

    async def draft(
        self,
        number: int,
        row: OrderRow,
        customer_id: UUID,
        products: dict[str, Product],
        rate_of: Callable[..., Awaitable[Decimal]],
    ) -> None:
        order, lines = orders.draft(customer_id, row.fields, row.lines, products, self.house, self.now)
        await orders.price(order, row.fields, self.house, rate_of)
        self.drafts[number] = order, lines

    async def write(self) -> None:
        known = await recorded([order for order, _ in self.drafts.values()])
        batch, pairs, lined = Batch(self.actor, self.now), set[tuple[UUID, date]](), set[tuple[UUID, date]]()
        for number, (order, lines) in self.drafts.items():
            reference = reference_of(order)
            if reference and reference in known:
                self.results[number] = RowResult(Outcome.UNCHANGED, known[reference])
                continue
            if reference:
                known[reference] = order.id
            batch.create(order, EventType.ORDER_RECORDED, orders.told(order))
            for line in lines:
                batch.keep(line)
            pair = order.customer_id, orders.day_of(order, self.house.time_zone)
            pairs.add(pair)
            if any(line.product_id for line in lines):
                lined.add(pair)
            self.results[number] = RowResult(Outcome.CREATED, order.id)
        await batch.write()
        await rollup.refresh_pairs(pairs, self.house.time_zone, lined=lined)


def _newcomer(row: OrderRow) -> CustomerRow:
    assert row.identity is not None
    return CustomerRow((row.identity,), row.newcomer or {})


def unknown(row: OrderRow) -> CrmError:
    if row.customer_id is not None:
        return missing(Customer, row.customer_id, path=("customer",))
    assert row.identity is not None
    source = f" of '{row.identity.source}'" if row.identity.source else ""
    return NotFound(
        f"No customer is known by the {row.identity.kind} '{row.identity.value[:80]}'{source}.", path=("customer",)
    )


def reference_of(order: Order) -> Reference | None:
    return (order.customer_id, order.source, order.reference) if order.reference is not None else None


_RECORDED = """
SELECT o.customer_id, o.source, o.reference, o.id
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS wanted(customer_id, source, reference)
JOIN "order" o USING (customer_id, source, reference)
"""


async def recorded(drafts: list[Order]) -> dict[Reference, UUID]:
    """The orders with the drafts' references that are there already."""
    wanted = {reference for order in drafts if (reference := reference_of(order))}
    if not wanted:
        return {}
    rows = await fetch(_RECORDED, *(list(column) for column in zip(*wanted, strict=True)))
    return {(row["customer_id"], row["source"], row["reference"]): row["id"] for row in rows}


def remembered(ask: Callable[..., Awaitable[Decimal]]) -> Callable[..., Awaitable[Decimal]]:
    """`ask`, asked once for the same question."""
    answers: dict[tuple[object, ...], Decimal] = {}

    async def answer(*question: object) -> Decimal:
        if question not in answers:
            answers[question] = await ask(*question)
        return answers[question]

    return answer

"""Use cases of an order: record, update, cancel, refund, delete."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, TypedDict
from uuid import UUID
from zoneinfo import ZoneInfo

from crm import changes, codes, idempotency, money, organization, text
from crm.access import Actor, Scope, need
from crm.audit import state
from crm.database import transaction
from crm.errors import CrmError, DuplicateFound, ValidationFailed, together
from crm.events import EventType
from crm.value import rollup
from crm.visibility import need_visible
from models import Order, OrderLine, OrderStatus, Product
from models.base import fresh

# A clock that is a little ahead must not lose an order; a date in the future is a mistake.
CLOCK_TOLERANCE = timedelta(hours=1)
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
MAX_LINES = 250
LONGEST_SKU = 80


@dataclass(frozen=True, slots=True)
class LineInput:
    """One product of an order; `amount` is quantity × unit price less discount unless given."""

    unit_price: Decimal
    quantity: Decimal = Decimal(1)
    discount: Decimal = Decimal(0)
    sku: str | None = None
    description: str = ""
    cost_of_goods: Decimal | None = None


class OrderFields(TypedDict, total=False):
    """What can be said of an order; a key that is absent is left as it is.

    `amount` is net of discount; `list_amount` before it. Both follow from the lines where there are lines.
    """

    status: OrderStatus
    placed_at: datetime
    amount: Decimal
    list_amount: Decimal | None
    refunded: Decimal
    cost_of_goods: Decimal | None
    currency: str
    exchange_rate: Decimal | None
    channel: str | None
    source: str
    reference: str | None
    quantity: int


async def record(
    actor: Actor,
    customer_id: UUID,
    *,
    fields: OrderFields,
    now: datetime,
    lines: list[LineInput] | None = None,
    idempotency_key: str | None = None,
) -> Order:
    """Record a purchase.

    Raises NotFound, ValidationFailed (negative amount, unknown currency, future date, no exchange rate),
    DuplicateFound (the customer has an order with this reference), IdempotencyConflict, Forbidden.
    """
    need(actor, Scope.ORDER_WRITE)

    async def work() -> UUID:
        return (await _insert(actor, customer_id, fields, lines or [], now)).id

    async with transaction():
        await need_visible(actor, customer_id)
        values = {
            "customer": customer_id,
            "fields": dict(fields),
            "lines": [repr(line) for line in lines or []],
        }
        key = await idempotency.once(actor, idempotency_key, "orderRecord", values, work)
        return await changes.get(Order, key)


async def _insert(actor: Actor, customer_id: UUID, fields: OrderFields, lines: list[LineInput], now: datetime) -> Order:
    house = await organization.current()
    order, made = draft(customer_id, fields, lines, await products_of(lines), house, now)
    await price(order, fields, house)
    await _refuse_duplicate(order)
    await changes.create(actor, order, EventType.ORDER_RECORDED, data=told(order))
    await OrderLine.bulk_create(made)
    await rollup.refresh_days(customer_id, {day_of(order, house.time_zone)}, house.time_zone)
    return order


def draft(
    customer_id: UUID,
    fields: OrderFields,
    lines: Sequence[LineInput],
    products: Mapping[str, Product],
    house: organization.Organization,
    now: datetime,
) -> tuple[Order, list[OrderLine]]:
    """A new order and its lines, checked, but neither priced in the base currency nor saved; `products` by SKU."""
    currency = fields.get("currency", house.base_currency)
    order = fresh(Order, customer_id=customer_id, currency=currency, placed_at=now)
    made = _lines(order, lines, products)
    if made:
        order.amount = sum((line.amount for line in made), Decimal(0))
        order.list_amount = sum((line.amount + line.discount for line in made), Decimal(0))
        order.quantity = int(sum((line.quantity for line in made), Decimal(0)))
        order.cost_of_goods = _cost_of(made)
    _say(order, fields, now)
    return order, made


def told(order: Order) -> dict[str, Any]:
    """What the event of a new order tells of it."""
    return {"amount": order.amount, "currency": order.currency}


async def update(
    actor: Actor, order_id: UUID, *, expected_version: int | None, fields: OrderFields, now: datetime
) -> Order:
    """Correct an order. Raises NotFound, VersionConflict, ValidationFailed, DuplicateFound, Forbidden."""
    need(actor, Scope.ORDER_WRITE)
    async with transaction():
        order = await changes.load(Order, order_id, expected_version=expected_version)
        await need_visible(actor, order.customer_id, path=("id",))
        house = await organization.current()
        before, day = state(order), day_of(order, house.time_zone)
        await _apply(order, fields, house, now)
        await _refuse_duplicate(order)
        if await changes.save(actor, order, before, EventType.ORDER_UPDATED):
            days = {day, day_of(order, house.time_zone)}
            await rollup.refresh_days(order.customer_id, days, house.time_zone)
        return order


async def delete(actor: Actor, order_id: UUID, *, expected_version: int | None) -> None:
    """Delete an order that was recorded by mistake; one that was called off is cancelled instead."""
    need(actor, Scope.ORDER_WRITE)
    async with transaction():
        order = await changes.load(Order, order_id, expected_version=expected_version)
        await need_visible(actor, order.customer_id, path=("id",))
        house = await organization.current()
        await changes.delete(actor, order, EventType.ORDER_DELETED)
        await rollup.refresh_days(order.customer_id, {day_of(order, house.time_zone)}, house.time_zone)


async def _apply(order: Order, fields: OrderFields, house: organization.Organization, now: datetime) -> None:
    _say(order, fields, now)
    await price(order, fields, house)


def _say(order: Order, fields: OrderFields, now: datetime) -> None:
    together(
        partial(_describe, order, fields),
        partial(_place, order, fields.get("placed_at", order.placed_at), now),
        partial(_name_currency, order, fields.get("currency", order.currency)),
        partial(_amounts, order, fields),
    )


def _place(order: Order, at: datetime, now: datetime) -> None:
    order.placed_at = _placed(at, now)


def _name_currency(order: Order, code: str) -> None:
    order.currency = codes.currency(code)


async def price(
    order: Order,
    fields: OrderFields,
    house: organization.Organization,
    rate_of: Callable[..., Awaitable[Decimal]] = money.exchange_rate,
) -> None:
    """Set the exchange rate of a new order, or of one whose currency changes, and the amounts in the base currency."""
    if not order._saved_in_db or fields.keys() & {"currency", "exchange_rate"}:
        day = day_of(order, house.time_zone)
        order.exchange_rate = await rate_of(order.currency, house.base_currency, day, fields.get("exchange_rate"))
    order.base_amount = money.in_base(order.amount, order.exchange_rate)
    cost = order.cost_of_goods
    order.base_cost = None if cost is None else money.in_base(cost, order.exchange_rate)


def _describe(order: Order, fields: OrderFields) -> None:
    if "status" in fields:
        order.status = OrderStatus(fields["status"])
    if "channel" in fields:
        order.channel = text.optional(fields["channel"], field="channel", limit=80)
    if "source" in fields:
        order.source = text.clean(fields["source"], field="source", limit=80).lower()
    if "reference" in fields:
        order.reference = text.optional(fields["reference"], field="reference", limit=120)
    if "quantity" in fields:
        order.quantity = _quantity(fields["quantity"])


def _quantity(value: int) -> int:
    if not 0 <= value <= 10**9:
        raise ValidationFailed(f"quantity {value} must lie between 0 and 10^9.", path=("quantity",))
    return value


def _placed(at: datetime, now: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValidationFailed(f"placedAt {at} has no time zone; write it as 2026-03-21T09:30:00Z.", path=("placedAt",))
    if at > now + CLOCK_TOLERANCE:
        raise ValidationFailed(f"placedAt {at.isoformat()} lies in the future.", path=("placedAt",))
    if at < EARLIEST:
        raise ValidationFailed(f"placedAt {at.isoformat()} lies before 1900.", path=("placedAt",))
    return at


def _amounts(order: Order, fields: OrderFields) -> None:
    if "amount" in fields:
        order.amount = money.amount(fields["amount"], field="amount")
    elif order.amount is not None:
        money.amount(order.amount, field="amount")  # what lines add up to has its limit too
    if order.amount is None:
        raise ValidationFailed("An order needs an amount, or lines that add up to one.", path=("amount",))
    given = fields.get("list_amount")
    known: Decimal | None = order.list_amount
    if given is not None:
        order.list_amount = money.amount(given, field="listAmount")
    elif known is None or ("amount" in fields and known < order.amount):
        order.list_amount = order.amount
    if "cost_of_goods" in fields:
        cost = fields["cost_of_goods"]
        order.cost_of_goods = None if cost is None else money.amount(cost, field="costOfGoods")
    if "refunded" in fields:
        order.refunded = money.amount(fields["refunded"], field="refunded")
    _consistent(order)


def _consistent(order: Order) -> None:
    if order.list_amount < order.amount:
        raise ValidationFailed(
            f"listAmount {order.list_amount} is below amount {order.amount}; it is the price before discount.",
            path=("listAmount",),
        )
    if order.status is OrderStatus.REFUNDED and not order.refunded:
        order.refunded = order.amount
    if order.refunded > order.amount:
        raise ValidationFailed(f"refunded {order.refunded} is more than the amount {order.amount}.", path=("refunded",))


async def _refuse_duplicate(order: Order) -> None:
    if order.reference is None:
        return
    same = Order.filter(customer_id=order.customer_id, source=order.source, reference=order.reference)
    found = await same.exclude(id=order.id).first()
    if found:
        raise DuplicateFound(
            f"The customer has an order with the reference '{order.reference}' already: {changes.public_id(found)}.",
            path=("reference",),
            holder=changes.public_id(found),
        )


async def products_of(lines: Iterable[LineInput]) -> dict[str, Product]:
    """The products that lines name, by SKU."""
    skus = {line.sku for line in lines if line.sku and len(line.sku) <= LONGEST_SKU}
    return {product.sku: product for product in await Product.filter(sku__in=skus)} if skus else {}


def _lines(order: Order, given: Sequence[LineInput], products: Mapping[str, Product]) -> list[OrderLine]:
    if len(given) > MAX_LINES:
        raise ValidationFailed(f"The order has {len(given)} lines; at most {MAX_LINES} are taken.", path=("lines",))
    made: list[OrderLine] = []
    together(*(partial(_take, made, order, position, line, products) for position, line in enumerate(given, start=1)))
    return made


def _take(
    made: list[OrderLine], order: Order, position: int, given: LineInput, products: Mapping[str, Product]
) -> None:
    try:
        made.append(_line(order, position, given, products))
    except CrmError as error:
        raise error.under("lines", str(position - 1)) from None


def _line(order: Order, position: int, given: LineInput, products: Mapping[str, Product]) -> OrderLine:
    product = products.get(given.sku) if given.sku else None
    if given.sku and product is None:
        raise ValidationFailed(f"There is no product with the SKU '{given.sku[:80]}'.", path=("sku",))
    quantity = money.amount(given.quantity, field="quantity")
    if quantity == 0:
        raise ValidationFailed("quantity is 0; leave the line out, or give an amount.", path=("quantity",))
    price = money.amount(given.unit_price, field="unitPrice")
    discount = money.amount(given.discount, field="discount")
    if quantity * price >= money.LIMIT:
        raise ValidationFailed("quantity × unitPrice is too large; it must stay below 10^14.", path=("quantity",))
    total = (quantity * price - discount).quantize(money.PLACES)
    if total < 0:
        raise ValidationFailed(f"discount {discount} is more than quantity × unitPrice.", path=("discount",))
    return fresh(
        OrderLine,
        order_id=order.id,
        customer_id=order.customer_id,
        product_id=product.id if product else None,
        position=position,
        description=text.clean(given.description or (product.name if product else ""), field="description", limit=200),
        quantity=quantity,
        unit_price=price,
        discount=discount,
        amount=total,
        cost_of_goods=_line_cost(given, product, quantity, order.currency),
    )


def _line_cost(given: LineInput, product: Product | None, quantity: Decimal, currency: str) -> Decimal | None:
    if given.cost_of_goods is not None:
        return money.amount(given.cost_of_goods, field="costOfGoods")
    if product is None or product.unit_cost is None or product.currency != currency:
        return None
    return (product.unit_cost * quantity).quantize(money.PLACES)


def _cost_of(lines: list[OrderLine]) -> Decimal | None:
    costs = [line.cost_of_goods for line in lines]
    known = [cost for cost in costs if cost is not None]
    return sum(known, Decimal(0)) if len(known) == len(costs) else None


def day_of(order: Order, time_zone: str) -> date:
    """The day of the order by the organisation's clock."""
    return order.placed_at.astimezone(ZoneInfo(time_zone)).date()

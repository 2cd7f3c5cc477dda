"""Mutations of orders, products and costs."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import strawberry

import models
from crm import costs, ids, orders, products
from crm.orders import LineInput
from models import CostActivity, OrderStatus
from schema.costs import CostEntry
from schema.mutations.support import (
    DeletePayload,
    Info,
    Payload,
    VersionedInput,
    actor,
    given,
    idempotency_key,
    mutation,
    optional_value,
    refuse_null,
    without,
    written,
)
from schema.orders import Order
from schema.products import Product

NEVER_NULL = ("status", "placed_at", "amount", "currency", "refunded", "source", "quantity")


@strawberry.input(description="One product of an order; its amount is quantity × unit price less discount.")
class OrderLineInput:
    unit_price: Decimal
    quantity: Decimal = Decimal(1)
    discount: Decimal = Decimal(0)
    sku: str | None = strawberry.UNSET
    description: str = ""
    cost_of_goods: Decimal | None = strawberry.UNSET

    def read(self) -> LineInput:
        return LineInput(
            unit_price=self.unit_price,
            quantity=self.quantity,
            discount=self.discount,
            sku=optional_value(self.sku),
            description=self.description,
            cost_of_goods=optional_value(self.cost_of_goods),
        )


@strawberry.input(description="What can be said of an order; a field left out stays as it is.")
class OrderFields:
    status: OrderStatus | None = strawberry.UNSET
    placed_at: datetime | None = strawberry.UNSET
    amount: Decimal | None = strawberry.field(default=strawberry.UNSET, description="Net of discount.")
    list_amount: Decimal | None = strawberry.field(default=strawberry.UNSET, description="Before discount.")
    refunded: Decimal | None = strawberry.field(default=strawberry.UNSET, description="What was paid back.")
    cost_of_goods: Decimal | None = strawberry.UNSET
    currency: str | None = strawberry.UNSET
    exchange_rate: Decimal | None = strawberry.field(
        default=strawberry.UNSET, description="Base currency per unit; looked up by day when left out."
    )
    channel: str | None = strawberry.UNSET
    source: str | None = strawberry.UNSET
    reference: str | None = strawberry.UNSET
    quantity: int | None = strawberry.UNSET


@strawberry.input
class OrderRecordInput(OrderFields):
    customer_id: strawberry.ID
    lines: list[OrderLineInput] = strawberry.field(default_factory=list)
    idempotency_key: str | None = strawberry.UNSET


@strawberry.input
class OrderUpdateInput(OrderFields):
    id: strawberry.ID
    expected_version: int


@strawberry.type
class OrderPayload(Payload):
    order: Order | None = written(models.Order)


@strawberry.input
class ProductFields:
    category: str | None = strawberry.UNSET
    list_price: Decimal | None = strawberry.UNSET
    unit_cost: Decimal | None = strawberry.UNSET
    currency: str | None = strawberry.UNSET
    archived_at: datetime | None = strawberry.UNSET


@strawberry.input
class ProductCreateInput(ProductFields):
    sku: str
    name: str


@strawberry.input
class ProductUpdateInput(ProductFields):
    id: strawberry.ID
    expected_version: int
    sku: str | None = strawberry.UNSET
    name: str | None = strawberry.UNSET


@strawberry.type
class ProductPayload(Payload):
    product: Product | None = written(models.Product)


@strawberry.input
class CostFields:
    activity: CostActivity | None = strawberry.UNSET
    occurred_at: datetime | None = strawberry.UNSET
    amount: Decimal | None = strawberry.UNSET
    currency: str | None = strawberry.UNSET
    exchange_rate: Decimal | None = strawberry.UNSET
    note: str | None = strawberry.UNSET


@strawberry.input
class CostRecordInput(CostFields):
    customer_id: strawberry.ID
    idempotency_key: str | None = strawberry.UNSET


@strawberry.input
class CostUpdateInput(CostFields):
    id: strawberry.ID
    expected_version: int


@strawberry.type
class CostPayload(Payload):
    cost_entry: CostEntry | None = written(models.CostEntry)


@strawberry.type
class OrderMutations:
    @mutation(OrderPayload, "Record a purchase. Needs order:write.")
    async def order_record(self, info: Info, input: OrderRecordInput) -> OrderPayload:
        fields: Any = without(refuse_null(given(input), *NEVER_NULL), "customer_id", "lines", "idempotency_key")
        order = await orders.record(
            actor(info),
            ids.decode("cus", input.customer_id, path=("customerId",)),
            fields=fields,
            lines=[line.read() for line in input.lines],
            idempotency_key=idempotency_key(info, input.idempotency_key),
            now=info.context.now,
        )
        return OrderPayload(key=order.id)

    @mutation(OrderPayload, "Correct an order; cancel or refund it by its status. Needs order:write.")
    async def order_update(self, info: Info, input: OrderUpdateInput) -> OrderPayload:
        fields: Any = without(refuse_null(given(input), *NEVER_NULL), "id", "expected_version")
        order = await orders.update(
            actor(info),
            ids.decode("ord", input.id),
            expected_version=input.expected_version,
            fields=fields,
            now=info.context.now,
        )
        return OrderPayload(key=order.id)

    @mutation(DeletePayload, "Delete an order that was recorded by mistake. Needs order:write.")
    async def order_delete(self, info: Info, input: VersionedInput) -> DeletePayload:
        await orders.delete(actor(info), ids.decode("ord", input.id), expected_version=input.expected_version)
        return DeletePayload(deleted_id=input.id)

    @mutation(ProductPayload, "Add a product. Needs product:write.")
    async def product_create(self, info: Info, input: ProductCreateInput) -> ProductPayload:
        fields: Any = given(input)
        return ProductPayload(key=(await products.create(actor(info), fields=fields)).id)

    @mutation(ProductPayload, "Change a product. Needs product:write.")
    async def product_update(self, info: Info, input: ProductUpdateInput) -> ProductPayload:
        fields: Any = without(refuse_null(given(input), "sku", "name"), "id", "expected_version")
        product = await products.update(
            actor(info), ids.decode("prd", input.id), expected_version=input.expected_version, fields=fields
        )
        return ProductPayload(key=product.id)

    @mutation(DeletePayload, "Delete a product that was never ordered. Needs product:write.")
    async def product_delete(self, info: Info, input: VersionedInput) -> DeletePayload:
        await products.delete(actor(info), ids.decode("prd", input.id), expected_version=input.expected_version)
        return DeletePayload(deleted_id=input.id)

    @mutation(CostPayload, "Record what acquiring or serving a customer cost. Needs cost:write.")
    async def cost_record(self, info: Info, input: CostRecordInput) -> CostPayload:
        sent = refuse_null(given(input), "activity", "occurred_at", "amount", "currency")
        fields: Any = without(sent, "customer_id", "idempotency_key")
        entry = await costs.record(
            actor(info),
            ids.decode("cus", input.customer_id, path=("customerId",)),
            fields=fields,
            idempotency_key=idempotency_key(info, input.idempotency_key),
            now=info.context.now,
        )
        return CostPayload(key=entry.id)

    @mutation(CostPayload, "Correct a cost. Needs cost:write.")
    async def cost_update(self, info: Info, input: CostUpdateInput) -> CostPayload:
        sent = refuse_null(given(input), "activity", "occurred_at", "amount", "currency")
        fields: Any = without(sent, "id", "expected_version")
        entry = await costs.update(
            actor(info),
            ids.decode("cst", input.id),
            expected_version=input.expected_version,
            fields=fields,
            now=info.context.now,
        )
        return CostPayload(key=entry.id)

    @mutation(DeletePayload, "Delete a cost. Needs cost:write.")
    async def cost_delete(self, info: Info, input: VersionedInput) -> DeletePayload:
        await costs.delete(actor(info), ids.decode("cst", input.id), expected_version=input.expected_version)
        return DeletePayload(deleted_id=input.id)

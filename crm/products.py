"""Use cases of a product."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TypedDict
from uuid import UUID

from crm import changes, codes, money, text
from crm.access import Actor, Scope, need
from crm.audit import state
from crm.database import transaction
from crm.errors import DuplicateFound, ValidationFailed
from crm.events import EventType
from models import OrderLine, Product


class ProductFields(TypedDict, total=False):
    """What can be said of a product; a key that is absent is left as it is."""

    sku: str
    name: str
    category: str | None
    list_price: Decimal | None
    unit_cost: Decimal | None
    currency: str | None
    archived_at: datetime | None


async def create(actor: Actor, *, fields: ProductFields) -> Product:
    """Add a product. Raises ValidationFailed, DuplicateFound (the SKU is taken), Forbidden."""
    need(actor, Scope.PRODUCT_WRITE)
    async with transaction():
        product = Product(sku="", name="")
        await _apply(product, fields)
        return await changes.create(actor, product, EventType.PRODUCT_CREATED)


async def update(actor: Actor, product_id: UUID, *, expected_version: int | None, fields: ProductFields) -> Product:
    """Change a product. Raises NotFound, VersionConflict, ValidationFailed, DuplicateFound, Forbidden."""
    need(actor, Scope.PRODUCT_WRITE)
    async with transaction():
        product = await changes.load(Product, product_id, expected_version=expected_version)
        before = state(product)
        await _apply(product, fields)
        await changes.save(actor, product, before, EventType.PRODUCT_UPDATED)
        return product


async def delete(actor: Actor, product_id: UUID, *, expected_version: int | None) -> None:
    """Delete a product that was never ordered. Raises NotFound, VersionConflict, ValidationFailed, Forbidden."""
    need(actor, Scope.PRODUCT_WRITE)
    async with transaction():
        product = await changes.load(Product, product_id, expected_version=expected_version)
        if await OrderLine.exists(product_id=product.id):
            raise ValidationFailed("This product was ordered; archive it instead.", path=("id",))
        await changes.delete(actor, product, EventType.PRODUCT_DELETED)


async def _apply(product: Product, fields: ProductFields) -> None:
    product.sku = text.required(fields.get("sku", product.sku), field="sku", limit=80)
    product.name = text.required(fields.get("name", product.name), field="name", limit=200)
    if "category" in fields:
        product.category = text.optional(fields["category"], field="category", limit=120)
    if "archived_at" in fields:
        product.archived_at = fields["archived_at"]
    _prices(product, fields)
    if await Product.filter(sku=product.sku).exclude(id=product.id).exists():
        raise DuplicateFound(f"The SKU '{product.sku}' belongs to another product.", path=("sku",))


def _prices(product: Product, fields: ProductFields) -> None:
    if "list_price" in fields:
        price = fields["list_price"]
        product.list_price = None if price is None else money.amount(price, field="listPrice")
    if "unit_cost" in fields:
        cost = fields["unit_cost"]
        product.unit_cost = None if cost is None else money.amount(cost, field="unitCost")
    if "currency" in fields:
        product.currency = codes.currency(fields["currency"]) if fields["currency"] else None
    if (product.list_price is not None or product.unit_cost is not None) and not product.currency:
        raise ValidationFailed("A price needs its currency.", path=("currency",))

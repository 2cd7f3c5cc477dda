"""Orders, products and costs."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette_admin.i18n import gettext as _
from starlette_admin.i18n import lazy_gettext as lazy
from tortoise.expressions import Q

from admin import choices, formats, order_lines, searching, words
from admin.bulk import ChangesMany
from admin.fields import Amount, listed
from admin.layout import row
from crm import costs, orders, products
from crm.access import Actor, Scope
from models import CostEntry, Order, Product
from models.base import Record


def _money(name: str, currency: str = "currency", **options: Any) -> Amount:
    return Amount(name, currency_from=currency, **options)


class OrderView(ChangesMany):
    """What customers bought."""

    record = Order
    reads = Scope.ORDER_READ
    writes = Scope.ORDER_WRITE
    icon = "fa-solid fa-cart-shopping"
    menu_label = lazy("Orders")
    display_name = lazy("order")
    detail_template = "order.html"
    empty_hint = lazy("Orders appear here as they are recorded, by hand, by import or by the API.")
    parts = (
        "customer",
        "placed_at",
        _money("amount"),
        listed("currency", choices.currencies, filters=choices.TEXT_FILTERS),
        "status",
        "channel",
        "source",
        "reference",
        "quantity",
        _money("list_amount"),
        _money("refunded"),
        _money("cost_of_goods"),
        Amount("exchange_rate", decimals=6),
        "created_at",
        "updated_at",
    )
    form_layout = (
        "customer",
        row("placed_at", "status"),
        row("amount", "currency", "exchange_rate"),
        row("list_amount", "refunded", "cost_of_goods"),
        row("channel", "source", "reference", "quantity"),
    )
    folded = (
        "currency",
        "source",
        "quantity",
        "list_amount",
        "refunded",
        "cost_of_goods",
        "exchange_rate",
        "updated_at",
        "created_at",
    )
    exclude_fields_from_create = ("refunded",)
    sortable_fields = ("placed_at",)
    optional = ("placed_at", "source", "quantity")
    fields_default_sort = (("placed_at", True),)

    def name_of(self, obj: Any) -> str:
        """By its reference; an order without one by its day and amount, which say more than its id."""
        if obj.reference:
            return str(obj.reference)
        told = {"day": formats.day(obj.placed_at), "amount": formats.money(obj.amount, obj.currency)}
        return _("Order of %(day)s, %(amount)s") % told

    async def page(self, obj: Any, request: Request) -> dict[str, Any]:
        return {**await super().page(obj, request), "lines": await order_lines.of(obj.id)}

    async def build_full_text_search_query(self, request: Request, term: str) -> Q:
        return Q(reference=term.strip()) | await searching.records(request, term, "order", "placed_at")

    async def add(self, actor: Actor, values: dict[str, Any], at: datetime) -> Record:
        customer = values.pop("customer_id", None) or UUID(int=0)
        return await orders.record(actor, customer, fields=_typed(values), now=at)

    async def change(
        self, actor: Actor, key: UUID, version: int | None, values: dict[str, Any], at: datetime
    ) -> Record:
        values.pop("customer_id", None)
        return await orders.update(actor, key, expected_version=version, fields=_typed(values), now=at)

    async def remove(self, actor: Actor, key: UUID, at: datetime) -> None:
        await orders.delete(actor, key, expected_version=None)


class ProductView(ChangesMany):
    """What can be bought."""

    record = Product
    reads = Scope.PRODUCT_READ
    writes = Scope.PRODUCT_WRITE
    icon = "fa-solid fa-box"
    menu_label = lazy("Products")
    display_name = lazy("product")
    empty_hint = lazy("Add what you sell, or import a list as CSV.")
    parts = (
        "sku",
        "name",
        "category",
        _money("list_price"),
        _money("unit_cost"),
        listed("currency", choices.currencies, filters=choices.TEXT_FILTERS),
        "created_at",
        "updated_at",
        "archived_at",
    )
    form_layout = (
        row("sku", "name"),
        "category",
        row("list_price", "unit_cost", "currency"),
        "archived_at",
    )
    folded = ("currency", "created_at", "updated_at", "archived_at")
    exclude_fields_from_create = ("archived_at",)
    exclude_fields_from_import = ("created_at", "updated_at", "archived_at")
    sortable_fields = ("sku", "name", "category", "created_at")
    fields_default_sort = (("name", False),)
    found_by = ("sku", "name", "category")
    importers = ("csv", "json")
    inline_editable_fields = ("name", "category", "list_price", "unit_cost")

    def name_of(self, obj: Any) -> str:
        return str(obj.name)

    async def add(self, actor: Actor, values: dict[str, Any], at: datetime) -> Record:
        return await products.create(actor, fields=_typed(values))

    async def change(
        self, actor: Actor, key: UUID, version: int | None, values: dict[str, Any], at: datetime
    ) -> Record:
        return await products.update(actor, key, expected_version=version, fields=_typed(values))

    async def remove(self, actor: Actor, key: UUID, at: datetime) -> None:
        await products.delete(actor, key, expected_version=None)


class CostView(ChangesMany):
    """What acquiring and serving customers cost."""

    record = CostEntry
    reads = Scope.COST_READ
    writes = Scope.COST_WRITE
    icon = "fa-solid fa-receipt"
    menu_label = lazy("Costs")
    display_name = lazy("cost")
    empty_hint = lazy("Record what visits, calls, deliveries and campaigns cost: profit follows from it.")
    parts = (
        "customer",
        "activity",
        "occurred_at",
        _money("amount"),
        listed("currency", choices.currencies, filters=choices.TEXT_FILTERS),
        Amount("exchange_rate", decimals=6),
        "note",
        "created_at",
    )
    form_layout = (
        "customer",
        row("activity", "occurred_at"),
        row("amount", "currency", "exchange_rate"),
        "note",
    )
    folded = ("currency", "exchange_rate", "created_at")
    sortable_fields = ("occurred_at",)
    optional = ("occurred_at",)
    fields_default_sort = (("occurred_at", True),)

    def name_of(self, obj: Any) -> str:
        told = {"day": formats.day(obj.occurred_at), "amount": formats.money(obj.amount, obj.currency)}
        return f"{words.value(obj.activity)}: " + _("%(amount)s on %(day)s") % told

    async def build_full_text_search_query(self, request: Request, term: str) -> Q:
        return await searching.records(request, term, "cost_entry", "occurred_at")

    async def add(self, actor: Actor, values: dict[str, Any], at: datetime) -> Record:
        customer = values.pop("customer_id", None) or UUID(int=0)
        return await costs.record(actor, customer, fields=_typed(values), now=at)

    async def change(
        self, actor: Actor, key: UUID, version: int | None, values: dict[str, Any], at: datetime
    ) -> Record:
        values.pop("customer_id", None)
        return await costs.update(actor, key, expected_version=version, fields=_typed(values), now=at)

    async def remove(self, actor: Actor, key: UUID, at: datetime) -> None:
        await costs.delete(actor, key, expected_version=None)


def _typed(values: dict[str, Any]) -> Any:
    """The use cases' TypedDicts have the form's field names."""
    return values

"""Words of products, orders and costs."""

from __future__ import annotations

from admin.words.marking import marked as _

LABELS = {
    "sku": _("SKU"),
    "list_price": _("List price"),
    "unit_cost": _("Unit cost"),
    "placed_at": _("Placed"),
    "list_amount": _("Before discount"),
    "refunded": _("Refunded"),
    "cost_of_goods": _("Cost of goods"),
    "exchange_rate": _("Exchange rate"),
    "base_amount": _("In base currency"),
    "activity": _("Activity"),
    "occurred_at": _("When"),
    "cost": _("Cost"),
    "cost_currency": _("Cost currency"),
    "orders": _("Orders"),
    "revenue": _("Revenue"),
    "base_cost": _("Cost in the base currency"),
    "discount": _("Discount"),
    "discounts": _("Discounts"),
    "unit_price": _("Unit price"),
}

VALUES = {
    "PLACED": _("Placed"),
    "COMPLETED": _("Completed"),
    "CANCELLED": _("Cancelled"),
    "REFUNDED": _("Refunded"),
    "ACQUISITION": _("Acquisition"),
    "SERVICE": _("Service"),
    "DELIVERY": _("Delivery"),
    "RETURN": _("Return"),
    "CASE": _("Case"),
    "MARKETING": _("Marketing"),
}

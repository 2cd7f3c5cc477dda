"""Which columns and relations of each table rules may speak of: explicit lists; details come from the models."""

from __future__ import annotations

from dataclasses import dataclass, field

from tortoise.models import Model

from crm.access import Scope
from crm.rules.fields import Condition, Is, Label
from crm.value.matrix import CELLS
from crm.value.rfm import GROUPS
from models import (
    CostEntry,
    Customer,
    FollowUp,
    Identity,
    Interaction,
    Order,
    OrderLine,
    Product,
    Relationship,
    StaffMember,
    StageTransition,
    StrategicDesignation,
    ValueSnapshot,
)


@dataclass(frozen=True, slots=True)
class Way:
    """A relation beyond foreign keys of this table: the other noun, and the columns that meet."""

    target: str
    remote: str
    local: str = "id"
    many: bool = True
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Exposed:
    """One noun of the catalogue: its model, its columns, the one that dates it, its foreign keys by name → noun."""

    model: type[Model]
    label: Label
    scope: Scope
    columns: tuple[str, ...]
    time: str | None = None
    one: dict[str, str] = field(default_factory=dict)
    ways: dict[str, Way] = field(default_factory=dict)
    owned: str | None = None
    """Under which name a customer has many of it; for nouns with a `customer_id`."""


REFERRED = (Is("kind", "REFERRED_BY"), Is("until", None))

NOUNS: dict[str, Exposed] = {
    "customer": Exposed(
        Customer,
        Label("Customer", "مشتری", "客户"),
        Scope.CUSTOMER_READ,
        (
            "id",
            "kind",
            "display_name",
            "given_name",
            "family_name",
            "organization_name",
            "language",
            "country",
            "city",
            "time_zone",
            "birthday",
            "acquisition_source",
            "acquisition_channel",
            "acquired_at",
            "created_at",
            "updated_at",
            "archived_at",
        ),
        time="created_at",
        one={"owner": "staff"},
        ways={
            "inverseRelationships": Way("relationship", "related_id"),
            "referrals": Way("relationship", "related_id", conditions=REFERRED),
        },
    ),
    "identity": Exposed(
        Identity,
        Label("Identity", "شناسه", "身份标识"),
        Scope.PII_READ,
        ("kind", "source", "value", "is_primary", "verified_at", "created_at"),
        time="created_at",
        one={"customer": "customer"},
        owned="identities",
    ),
    "relationship": Exposed(
        Relationship,
        Label("Relationship", "رابطه", "关系"),
        Scope.CUSTOMER_READ,
        ("kind", "since", "until", "created_at"),
        time="created_at",
        one={"customer": "customer", "related": "customer"},
        owned="relationships",
    ),
    "order": Exposed(
        Order,
        Label("Order", "سفارش", "订单"),
        Scope.ORDER_READ,
        (
            "id",
            "source",
            "reference",
            "status",
            "placed_at",
            "amount",
            "list_amount",
            "refunded",
            "cost_of_goods",
            "currency",
            "base_amount",
            "base_cost",
            "channel",
            "quantity",
        ),
        time="placed_at",
        one={"customer": "customer"},
        ways={"lines": Way("orderLine", "order_id")},
        owned="orders",
    ),
    "orderLine": Exposed(
        OrderLine,
        Label("Order line", "قلم سفارش", "订单行"),
        Scope.ORDER_READ,
        ("description", "quantity", "unit_price", "discount", "amount", "created_at"),
        one={"customer": "customer", "order": "order", "product": "product"},
        owned="orderLines",
    ),
    "product": Exposed(
        Product,
        Label("Product", "محصول", "产品"),
        Scope.PRODUCT_READ,
        ("id", "sku", "name", "category", "list_price", "unit_cost", "currency", "created_at", "archived_at"),
        time="created_at",
    ),
    "interaction": Exposed(
        Interaction,
        Label("Interaction", "تعامل", "互动"),
        Scope.INTERACTION_READ,
        (
            "id",
            "channel",
            "direction",
            "kind",
            "occurred_at",
            "subject",
            "outcome",
            "sentiment",
            "rating_kind",
            "rating",
            "duration_seconds",
            "cost",
            "answer_due_at",
            "answered_at",
        ),
        time="occurred_at",
        one={"customer": "customer", "staff": "staff"},
        owned="interactions",
    ),
    "followUp": Exposed(
        FollowUp,
        Label("Follow-up", "پیگیری", "跟进"),
        Scope.INTERACTION_READ,
        ("id", "subject", "due_at", "status", "closed_at", "outcome", "created_at"),
        time="due_at",
        one={"customer": "customer", "owner": "staff", "interaction": "interaction"},
        owned="followUps",
    ),
    "costEntry": Exposed(
        CostEntry,
        Label("Cost entry", "هزینه", "成本"),
        Scope.COST_READ,
        ("id", "activity", "occurred_at", "amount", "currency", "base_amount", "note"),
        time="occurred_at",
        one={"customer": "customer"},
        owned="costEntries",
    ),
    "stageMove": Exposed(
        StageTransition,
        Label("Stage move", "جابه‌جایی مرحله", "阶段变动"),
        Scope.LIFECYCLE_READ,
        ("occurred_at", "dwell_seconds", "cause", "reason"),
        time="occurred_at",
        one={"customer": "customer"},
        owned="stageMoves",
    ),
    "strategicDesignation": Exposed(
        StrategicDesignation,
        Label("Strategic designation", "مشتری راهبردی", "战略客户认定"),
        Scope.VALUE_READ,
        ("id", "kind", "status", "proposed_at", "decided_at", "review_on"),
        time="proposed_at",
        one={"customer": "customer"},
        owned="designations",
    ),
    "staff": Exposed(
        StaffMember,
        Label("Staff member", "کارمند", "员工"),
        Scope.STAFF_READ,
        ("id", "name", "email", "active"),
    ),
    "valueMetrics": Exposed(
        ValueSnapshot,
        Label("Value metrics", "سنجه‌های ارزش", "价值指标"),
        Scope.VALUE_READ,
        tuple(
            column
            for column in ValueSnapshot._meta.fields_map
            if column not in ("id", "created_at", "updated_at", "insufficient", "lacks")
            and column not in ValueSnapshot._meta.fk_fields
            and not column.endswith("_id")
        ),
    ),
}

CURRENCIES: dict[str, dict[str, str]] = {
    "order": dict.fromkeys(("amount", "list_amount", "refunded", "cost_of_goods"), "currency"),
    "costEntry": {"amount": "currency"},
    "interaction": {"cost": "cost_currency"},
    "product": {"list_price": "currency", "unit_cost": "currency"},
}
"""Amounts that are kept in several currencies, with the column that tells which; all others are in the base one."""

NUMBERS: dict[str, tuple[str, ...]] = {"orderLine": ("quantity", "unit_price", "discount", "amount")}
"""Exact decimals that are no amount of the base currency: counts, and prices in the currency of their order."""

CODES = (
    "acquisition_channel",
    "acquisition_source",
    "channel",
    "country",
    "currency",
    "language",
    "matrix_cell",
    "previous_rfm_group",
    "reference",
    "rfm_group",
    "sku",
    "source",
    "time_zone",
)
"""Texts that are compared letter by letter."""

CHOICES: dict[str, tuple[str, ...]] = {
    "rfm_group": GROUPS,
    "previous_rfm_group": GROUPS,
    "matrix_cell": tuple(CELLS.values()),
}
"""Codes that are one of these and never another."""

UPPER = ("country", "currency")

PREFIXES: dict[str, str] = {
    "customer": "cus",
    "order": "ord",
    "product": "prd",
    "interaction": "int",
    "costEntry": "cst",
    "followUp": "fup",
    "strategicDesignation": "dsg",
    "staff": "stf",
}
"""Public prefix of each noun's id."""

LIMITS: dict[str, tuple[int, int]] = {
    **dict.fromkeys(("p_alive", "churn_risk", "top_contact_share", "satisfaction", "ease", "promises_kept"), (0, 1)),
    **dict.fromkeys(("recency_score", "frequency_score", "monetary_score", "value_tier"), (1, 5)),
    "rating": (0, 10),
}
"""The least and the greatest that a number can be."""

UNITS: dict[str, str] = {"duration_seconds": "s", "dwell_seconds": "s", "recency_days": "days"}

EXAMPLES: dict[str, str] = {
    "acquisition_channel": '"web"',
    "acquisition_source": '"newsletter"',
    "birthday": "anniversary within next 7 days",
    "category": '"Coffee"',
    "channel": '"web"',
    "city": '"Tehran"',
    "country": '"IR"',
    "currency": '"EUR"',
    "display_name": '"Sara Ahmadi"',
    "email": '"sara@example.com"',
    "family_name": '"Ahmadi"',
    "given_name": '"Sara"',
    "language": '"fa"',
    "matrix_cell": '"CARRIAGE_TRADE"',
    "organization_name": '"Pars Coffee"',
    "previous_rfm_group": '"CHAMPION"',
    "rfm_group": '"AT_RISK"',
    "sku": '"A-100"',
    "time_zone": '"Asia/Tehran"',
}
"""What is compared, for texts whose type alone says little."""

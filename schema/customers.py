"""Customers, how they are recognised, and everything that hangs on them."""

from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

import models
from crm.access import Scope
from schema.connections import Connection
from schema.enums import CustomerKind, IdentityKind
from schema.lifecycle import StagePosition, StageTransition, position
from schema.node import Node
from schema.records import AuditEntry, Event
from schema.segments import Segment, SegmentMembership, current_segments
from schema.select.declare import column, computed, connection, many, one, reads
from schema.select.inputs import Input
from schema.select.kinds import Kind, kind_of
from schema.select.order import By, OrderKey
from schema.select.render import Ask
from schema.select.rows import Row, table_of
from schema.select.sources import Rows
from schema.timeline import Timeline, timeline
from schema.value import ValueMetrics, metrics_of, published_metrics

if TYPE_CHECKING:
    from schema.costs import CostEntry
    from schema.followups import FollowUp
    from schema.interactions import Interaction
    from schema.orders import Order
    from schema.relationships import Relationship
    from schema.staff import StaffMember


def _custom_field(row: Row, ask: Ask) -> str:
    return f"{row.custom_fields} -> {ask.bound('key', 'text')}"


def _address(kind: IdentityKind) -> Callable[[Row, Ask], str]:
    """The customer's first way of a kind to be reached."""

    def made(row: Row, ask: Ask) -> str:
        one = ask.render.row(models.Identity)
        return (
            f"(SELECT {one.value} FROM {table_of(models.Identity)} {one.alias_} WHERE {one.customer_id} = {row.id}"
            f" AND {one.kind} = '{kind.value}' ORDER BY {one.is_primary} DESC, {one.id} LIMIT 1)"
        )

    return made


def _noted(row: Row, target: Row, ask: Ask) -> Rows:
    return Rows((f"{target.customer_id} = {row.id}",), seen=True)


def _metric_sorts() -> list[OrderKey]:
    """Lists of customers can be ordered by every figure of the current value run."""
    fields = models.ValueSnapshot._meta.fields_map
    unfit = {
        "id",
        "created_at",
        "updated_at",
        "as_of",
        "insufficient",
        "lacks",
        "run_id",
        "customer_id",
        "run",
        "customer",
    }
    return [_metric_sort(name, kind_of(fields[name])) for name in fields if name not in unfit]


def _metric_sort(name: str, kind: Kind) -> OrderKey:
    def alias(row: Row) -> Row:
        return Row(f"{row.alias_}v", models.ValueSnapshot)

    def join(row: Row) -> str:
        metrics = alias(row)
        return (
            f" LEFT JOIN {table_of(models.ValueSnapshot)} {metrics.alias_}"
            f" ON {metrics.customer_id} = {row.id} AND {published_metrics(metrics)}"
        )

    return OrderKey(name.upper(), kind, True, lambda row: getattr(alias(row), name), Scope.VALUE_READ, join)


@reads(models.Identity, scope=Scope.PII_READ, customers=["customer_id"])
class Identity(Node):
    """One way to recognise a customer: an e-mail address, a phone number, a reference of another system."""

    kind: IdentityKind = column()
    source: str = column(description="The system that an EXTERNAL reference comes from, else empty.")
    value: str = column(description="As it was given.")
    normalized: str = column(description="As it is compared.")
    is_primary: bool = column()
    verified_at: datetime | None = column()
    created_at: datetime = column()
    customer: "Customer" = one("customer")


@reads(
    models.Customer,
    scope=Scope.CUSTOMER_READ,
    customers=["id"],
    order=[By("sort_name")],
    sorts=_metric_sorts(),
    search=True,
)
class Customer(Node):
    """A person or an organisation, from suspect to advocate."""

    kind: CustomerKind = column()
    display_name: str = column()
    given_name: str | None = column()
    family_name: str | None = column()
    organization_name: str | None = column()
    sort_name: str = column(description="The name in the form in which lists are ordered.")
    language: str | None = column()
    country: str | None = column(
        description="The code of the country (ISO 3166), such as IR; null when nobody knows it."
    )
    city: str | None = column()
    time_zone: str | None = column()
    birthday: date | None = column()
    acquisition_source: str | None = column()
    acquisition_channel: str | None = column()
    acquired_at: datetime | None = column()
    created_at: datetime = column()
    updated_at: datetime = column()
    archived_at: datetime | None = column()
    merged_into: Annotated["Customer", strawberry.lazy("schema.customers")] | None = one(
        "merged_into", description="The customer that this one became part of."
    )
    absorbed: list["Customer"] = many(
        "absorbed", order="{t.id}", about=1, description="Duplicates that became part of this one."
    )
    version: int = column(description="Name it as `expectedVersion` when you change the customer.")
    custom_fields: JSON = column(description="All custom fields, by key.")
    custom_field: JSON | None = computed(
        _custom_field, Input("key", str, "The field's key."), description="One custom field; null when it has no value."
    )
    email: str | None = computed(
        _address(IdentityKind.EMAIL),
        scope=Scope.PII_READ,
        description="The primary e-mail address, else the first one; all of them are `identities`. Needs pii:read.",
    )
    phone: str | None = computed(
        _address(IdentityKind.PHONE),
        scope=Scope.PII_READ,
        description="The primary telephone number, else the first one; all of them are `identities`. Needs pii:read.",
    )
    identities: list[Identity] = many("identities", order="{t.kind}, {t.is_primary} DESC, {t.id}", about=3)
    owner: Annotated["StaffMember", strawberry.lazy("schema.staff")] | None = one("owner")
    stage: StagePosition | None = one(
        position,
        Input("lifecycle", str | None, "The key of a lifecycle; the default one unless given."),
        Input("as_of", datetime | None, "The time that is meant; now, unless given."),
        description="Where the customer stands in a lifecycle, or stood at a time; null outside the lifecycle.",
    )
    stage_positions: list[StagePosition] = many("stage_positions", order="{t.id}", about=2)
    stage_history: Connection[StageTransition] = connection(
        "stage_transitions", order=[By("occurred_at", descending=True)]
    )
    segments: list[Segment] = many(
        current_segments,
        Input("as_of", datetime | None, "The segments at this time; now unless given."),
        order="{t.name}, {t.id}",
        description="The segments it is in.",
    )
    memberships: Connection[SegmentMembership] = connection("memberships", order=[By("entered_at", descending=True)])
    orders: Connection[Annotated["Order", strawberry.lazy("schema.orders")]] = connection("orders")
    interactions: Connection[Annotated["Interaction", strawberry.lazy("schema.interactions")]] = connection(
        "interactions"
    )
    timeline: Timeline = timeline(
        "Everything that passed with the customer, newest first: interactions, orders, moves and more."
    )
    follow_ups: Connection[Annotated["FollowUp", strawberry.lazy("schema.followups")]] = connection("follow_ups")
    cost_entries: Connection[Annotated["CostEntry", strawberry.lazy("schema.costs")]] = connection("cost_entries")
    relationships: Connection[Annotated["Relationship", strawberry.lazy("schema.relationships")]] = connection(
        "relationships", description="Links from this customer to others."
    )
    inverse_relationships: Connection[Annotated["Relationship", strawberry.lazy("schema.relationships")]] = connection(
        "inverse_relationships", description="Links from others to this customer."
    )
    value_metrics: ValueMetrics | None = one(
        metrics_of,
        Input("as_of", datetime | None, "The last run published by then, by its own date; else the current one."),
        description="What the customer is worth.",
    )
    value_history: Connection[ValueMetrics] = connection("value_snapshots", order=[By("as_of", descending=True)])
    events: Connection[Event] = connection(_noted, description="What happened to the customer.")
    audit_entries: Connection[AuditEntry] = connection(_noted, description="Who changed what of the customer.")

"""Segments and who is in them, when and why."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

import models
from crm.access import Scope
from schema.connections import Connection
from schema.enums import MembershipCause, SegmentKind
from schema.node import Node
from schema.select.declare import column, connection, one, reads
from schema.select.inputs import Input
from schema.select.order import By
from schema.select.render import Ask
from schema.select.rows import Row, table_of
from schema.select.sources import Rows

if TYPE_CHECKING:
    from schema.customers import Customer


LazyCustomer = Annotated["Customer", strawberry.lazy("schema.customers")]


def current_segments(row: Row, target: Row, ask: Ask) -> Rows:
    """The segments that a customer is in now."""
    stay = Row(f"{target.alias_}m", models.SegmentMembership)
    join = f" JOIN {table_of(models.SegmentMembership)} {stay.alias_} ON {stay.segment_id} = {target.id}"
    return Rows((f"{stay.customer_id} = {row.id}", f"{stay.exited_at} IS NULL"), joins=join)


def _members(row: Row, target: Row, ask: Ask) -> Rows:
    """The customers who are in a segment, or were at a time."""
    stay = Row("m", models.SegmentMembership)
    at = ask.bound("asOf", "timestamptz")
    when = f"{stay.entered_at} <= {at} AND ({stay.exited_at} IS NULL OR {stay.exited_at} > {at})"
    inside = when if at else f"{stay.exited_at} IS NULL"
    found = f"SELECT {stay.customer_id} FROM {table_of(models.SegmentMembership)} m"
    return Rows((f"{target.id} IN ({found} WHERE {stay.segment_id} = {row.id} AND {inside})",))


@reads(models.Segment, scope=Scope.SEGMENT_READ, order=[By("name")])
class Segment(Node):
    """A named set of customers."""

    key: str = column()
    name: str = column()
    description: str = column()
    kind: SegmentKind = column()
    rule: JSON | None = column(description="The rule as a tree.")
    rule_text: str | None = column(description="The same rule in words.")
    rule_version: int = column()
    evaluated_at: datetime | None = column()
    evaluation_ms: int | None = column()
    evaluation_error: str | None = column()
    size: int = column(whole=True, description="How many customers were in it when it was last evaluated.")
    archived_at: datetime | None = column()
    created_at: datetime = column()
    updated_at: datetime = column()
    version: int = column()
    members: Connection[LazyCustomer] = connection(
        _members,
        Input("as_of", datetime | None, "The members at this time; now unless given."),
        description="The customers in the segment.",
    )
    memberships: Connection["SegmentMembership"] = connection(
        "memberships", order=[By("entered_at", descending=True)], description="All stays, past ones too."
    )


@reads(models.SegmentMembership, scope=Scope.SEGMENT_READ, customers=["customer_id"])
class SegmentMembership(Node):
    """A stay of a customer in a segment."""

    segment: Segment = one("segment")
    customer: LazyCustomer = one("customer")
    entered_at: datetime = column()
    exited_at: datetime | None = column()
    entry_cause: MembershipCause = column()
    exit_cause: MembershipCause | None = column()
    rule_version: int = column()

"""Segments and who is in them, when and why."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

import models
from crm.access import Scope
from schema.actors import ActorNote, actor_note
from schema.connections import Connection
from schema.enums import MembershipCause, SegmentKind
from schema.node import Node
from schema.select.declare import column, computed, connection, many, one, reads
from schema.select.inputs import Input
from schema.select.kinds import Kind, written
from schema.select.order import By
from schema.select.render import Ask
from schema.select.rows import Row, table_of
from schema.select.sources import Rows

if TYPE_CHECKING:
    from schema.customers import Customer


LazyCustomer = Annotated["Customer", strawberry.lazy("schema.customers")]


def current_segments(row: Row, target: Row, ask: Ask) -> Rows:
    """The segments that a customer is in, or was in at a time."""
    stay = Row(f"{target.alias_}m", models.SegmentMembership)
    join = f" JOIN {table_of(models.SegmentMembership)} {stay.alias_} ON {stay.segment_id} = {target.id}"
    at = ask.bound("asOf", "timestamptz")
    then = f"{stay.entered_at} <= {at} AND ({stay.exited_at} IS NULL OR {stay.exited_at} > {at})"
    return Rows((f"{stay.customer_id} = {row.id}", then if at else f"{stay.exited_at} IS NULL"), joins=join)


def _fresh_as_of(segment: Row) -> str:
    """Up to when a segment's members are known to be right: for dynamic ones, as far as the events are followed."""
    cursor = f"(SELECT e.caught_up_at FROM {table_of(models.EventCursor)} e WHERE e.name = 'segments')"
    followed = f"GREATEST({segment.evaluated_at}, {cursor})"
    vouched = f"{segment.evaluation_error} IS NULL AND {segment.evaluated_version} = {segment.rule_version}"
    return f"CASE WHEN {segment.kind} = 'DYNAMIC' AND {vouched} THEN {followed} ELSE {segment.evaluated_at} END"


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
    due_at: datetime | None = column(description="When the next full pass is due.")
    stale_after: datetime | None = column(description="After this time nobody vouches for the members.")
    fresh_as_of: datetime | None = computed(
        lambda row, ask: written(Kind.INSTANT, f"({_fresh_as_of(row)})"),
        description="Up to when the members are known to be right.",
    )
    library_key: str | None = column(description="The group of the library that it comes from.")
    archived_at: datetime | None = column()
    created_at: datetime = column()
    updated_at: datetime = column()
    version: int = column()
    versions: list["SegmentVersion"] = many(
        "versions", order="{t.number} DESC", about=3, description="The rule through time, the latest first."
    )
    members: Connection[LazyCustomer] = connection(
        _members,
        Input("as_of", datetime | None, "The members at this time; now unless given."),
        description="The customers in the segment.",
    )
    memberships: Connection["SegmentMembership"] = connection(
        "memberships", order=[By("entered_at", descending=True)], description="All stays, past ones too."
    )


@reads(models.SegmentVersion, scope=Scope.SEGMENT_READ)
class SegmentVersion(Node):
    """A rule as it was from a time on."""

    number: int = column()
    rule: JSON = column(description="The rule as a tree.")
    rule_text: str = column(description="The same rule in words.")
    entered: int | None = column(whole=True, description="How many customers came in when it took effect.")
    exited: int | None = column(whole=True, description="How many went out.")
    actor: ActorNote = actor_note()
    created_at: datetime = column()


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

"""Lifecycles, their stages, and how customers move through them."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

import models
from crm.access import Scope
from schema.actors import ActorNote, actor_note
from schema.connections import Connection
from schema.enums import StageOutcome, TransitionCause
from schema.node import Node
from schema.scalars import BigInt
from schema.select.declare import column, connection, many, one, reads
from schema.select.order import By
from schema.select.render import Ask
from schema.select.rows import Row, table_of
from schema.select.sources import Rows

if TYPE_CHECKING:
    from schema.customers import Customer


LazyCustomer = Annotated["Customer", strawberry.lazy("schema.customers")]


def position(row: Row, target: Row, ask: Ask) -> Rows:
    """Where a customer stands in the lifecycle that is named, or in the default one; or stood at a time."""
    key, at = ask.bound("lifecycle", "text"), ask.bound("asOf", "timestamptz")
    chosen = f"l.key = {key}" if key else "l.is_default"
    lifecycle = f"(SELECT l.id FROM {table_of(models.Lifecycle)} l WHERE {chosen})"
    if not at:
        return Rows((f"{target.customer_id} = {row.id}", f"{target.lifecycle_id} = {lifecycle}"), seen=True)
    move = Row("m", models.StageTransition)
    last = (
        f"(SELECT {move.customer_id}, {move.lifecycle_id}, {move.to_stage_id} AS stage_id,"
        f" {move.occurred_at} AS entered_at FROM {table_of(models.StageTransition)} m"
        f" WHERE {move.customer_id} = {row.id} AND {move.lifecycle_id} = {lifecycle} AND {move.occurred_at} <= {at}"
        f" ORDER BY {move.occurred_at} DESC, {move.id} DESC LIMIT 1)"
    )
    return Rows(seen=True, source=last)


def _standing(row: Row, target: Row, ask: Ask) -> Rows:
    """The customers who are in a stage."""
    positions = table_of(models.StagePosition)
    return Rows((f"{target.id} IN (SELECT p.customer_id FROM {positions} p WHERE p.stage_id = {row.id})",))


def _kept_stages(row: Row, target: Row, ask: Ask) -> Rows:
    return Rows((f"{target.lifecycle_id} = {row.id}", f"{target.archived_at} IS NULL"))


@reads(models.Lifecycle, scope=Scope.LIFECYCLE_READ, order=[By("name")])
class Lifecycle(Node):
    """A graph of stages that customers move through."""

    key: str = column()
    name: str = column()
    is_default: bool = column()
    archived_at: datetime | None = column()
    created_at: datetime = column()
    updated_at: datetime = column()
    version: int = column()
    stages: list["Stage"] = many(_kept_stages, order="{t.position}, {t.id}", about=8)
    revisions: Connection["LifecycleRevision"] = connection("revisions", order=[By("number", descending=True)])
    edges: list["StageEdge"] = many("edges", order="{t.position}, {t.id}", about=12, description="The allowed moves.")


@reads(models.Stage, scope=Scope.LIFECYCLE_READ, order=[By("position")])
class Stage(Node):
    """A place in a lifecycle."""

    key: str = column()
    name: str = column()
    position: int = column()
    outcome: StageOutcome = column()
    is_initial: bool = column()
    target_days: int | None = column(description="Within how many days customers should move on.")
    created_at: datetime = column()
    updated_at: datetime = column()
    version: int = column()
    archived_at: datetime | None = column(description="When it was removed; history still shows it.")
    lifecycle: Lifecycle = one("lifecycle")
    customers: Connection[LazyCustomer] = connection(_standing, description="The customers in this stage.")


@reads(models.StageEdge, scope=Scope.LIFECYCLE_READ)
class StageEdge(Node):
    """An allowed move between two stages."""

    from_stage: Stage = one("from_stage")
    to_stage: Stage = one("to_stage")
    position: int = column()
    guard: JSON | None = column(description="The rule that a customer must satisfy, as a tree.")
    guard_text: str | None = column(description="The same rule in words.")
    automatic: bool = column()
    requires_reason: bool = column()
    required_scope: str | None = column()
    version: int = column()


@reads(models.StagePosition, scope=Scope.LIFECYCLE_READ, customers=["customer_id"])
class StagePosition:
    """Where a customer stands in a lifecycle, or stood at the time that was asked for."""

    stage: Stage = one("stage")
    lifecycle: Lifecycle = one("lifecycle")
    customer: LazyCustomer = one("customer")
    entered_at: datetime = column()


@reads(models.StageTransition, scope=Scope.LIFECYCLE_READ, customers=["customer_id"])
class StageTransition(Node):
    """A move that happened."""

    customer: LazyCustomer = one("customer")
    lifecycle: Lifecycle = one("lifecycle")
    from_stage: Stage | None = one("from_stage")
    to_stage: Stage = one("to_stage")
    occurred_at: datetime = column()
    dwell_seconds: BigInt | None = column(description="How long the customer had been in the stage that it left.")
    cause: TransitionCause = column()
    reason: str | None = column()
    rule: str | None = column(description="The guard that an automatic move followed.")
    actor: ActorNote = actor_note()


@reads(models.LifecycleRevision, scope=Scope.LIFECYCLE_READ, order=[By("number")])
class LifecycleRevision:
    """A lifecycle as it was defined from a time on; `number` is the version that the definition made."""

    number: int = column()
    definition: JSON = column(description="Stages and edges, as in a lifecycle's file.")
    created_at: datetime = column()
    actor: ActorNote = actor_note()

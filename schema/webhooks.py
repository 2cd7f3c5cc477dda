"""Webhooks: who is told of events, and what became of telling them; never their secrets."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

import models
from crm import ids
from crm.access import Scope
from schema.actors import ActorNote, actor_note
from schema.connections import Connection
from schema.enums import DeliveryStatus, DisabledReason
from schema.node import Node
from schema.records import Event
from schema.select.declare import column, connection, one, reads
from schema.select.inputs import Input
from schema.select.order import By
from schema.select.render import Ask
from schema.select.rows import Row
from schema.select.sources import Rows

if TYPE_CHECKING:
    from schema.customers import Customer

LazyCustomer = Annotated["Customer", strawberry.lazy("schema.customers")]

STATUS = Input("status", DeliveryStatus | None, "Only deliveries of which this became.")


def _event(row: Row, target: Row, ask: Ask) -> Rows:
    return Rows((f"{target.id} = {row.event_id}",))


def _customer(row: Row, target: Row, ask: Ask) -> Rows:
    return Rows((f"{target.id} = {row.customer_id}",))


def _of_status(target: Row, ask: Ask) -> tuple[str, ...]:
    status = ask.bound("status", "text", lambda value: value.value)
    return (f"{target.status} = {status}",) if status else ()


def deliveries(row: Row, target: Row, ask: Ask) -> Rows:
    """Deliveries of everybody, or of one endpoint."""
    endpoint = ask.bound("endpointId", "uuid", lambda text: ids.decode("whk", str(text), path=("endpointId",)))
    return Rows((*_of_status(target, ask), *((f"{target.endpoint_id} = {endpoint}",) if endpoint else ())))


def _its_deliveries(row: Row, target: Row, ask: Ask) -> Rows:
    return Rows((f"{target.endpoint_id} = {row.id}", *_of_status(target, ask)))


@reads(models.WebhookEndpoint, scope=Scope.WEBHOOK_READ, order=[By("name")])
class WebhookEndpoint(Node):
    """An address of another system that is told of events."""

    name: str = column()
    url: str = column()
    event_types: list[str] = column()
    rule: JSON | None = column(description="Of which customers it hears, as a tree; null: of all.")
    rule_text: str | None = column(description="The same rule in words.")
    personal_data: bool = column()
    row_filter: JSON | None = column(description="The rule that limited which customers its maker saw.")
    api_version: str = column()
    enabled: bool = column()
    disabled_at: datetime | None = column()
    disabled_reason: DisabledReason | None = column()
    failing_since: datetime | None = column()
    last_success_at: datetime | None = column()
    previous_until: datetime | None = column(description="Until when the secret before signs along; null: none does.")
    actor: ActorNote = actor_note()
    archived_at: datetime | None = column()
    created_at: datetime = column()
    updated_at: datetime = column()
    version: int = column()
    deliveries: Connection[Annotated["WebhookDelivery", strawberry.lazy("schema.webhooks")]] = connection(
        _its_deliveries, STATUS, description="What it was told, the latest first."
    )


@reads(
    models.WebhookDelivery,
    scope=Scope.WEBHOOK_READ,
    customers=["customer_id"],
    optional=True,
    order=[By("created_at", descending=True)],
)
class WebhookDelivery(Node):
    """One event for one endpoint: whether it was told, and what was answered."""

    endpoint: WebhookEndpoint = one("endpoint")
    event: Event | None = one(_event)
    event_type: str = column()
    customer: LazyCustomer | None = one(_customer)
    status: DeliveryStatus = column()
    attempts: int = column()
    next_attempt_at: datetime | None = column()
    last_attempt_at: datetime | None = column()
    delivered_at: datetime | None = column()
    response_status: int | None = column()
    response_excerpt: str | None = column()
    error: str | None = column()
    duration_ms: int | None = column()
    tries: JSON = column(description="The latest attempts, the last one at the end: `at`, `status`, `error`, `ms`.")
    created_at: datetime = column()
    updated_at: datetime = column()

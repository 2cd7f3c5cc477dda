"""The memory of the system: what happened, who changed what, which files were taken in, which fields were defined."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

import models
from crm.access import Scope
from schema.actors import ActorNote, actor_note, subject_id
from schema.enums import FieldType, ImportStatus
from schema.event_data import audit_changes, event_data
from schema.node import Node
from schema.scalars import BigInt
from schema.select.declare import column, one, reads
from schema.select.order import By
from schema.select.render import Ask
from schema.select.rows import Row
from schema.select.sources import Rows

if TYPE_CHECKING:
    from schema.customers import Customer

LazyCustomer = Annotated["Customer", strawberry.lazy("schema.customers")]


def _customer(row: Row, target: Row, ask: Ask) -> Rows:
    return Rows((f"{target.id} = {row.customer_id}",))


@reads(
    models.Event,
    scope=Scope.EVENT_READ,
    customers=["customer_id"],
    optional=True,
    order=[By("created_at", descending=True)],
)
class Event(Node):
    """Something that happened."""

    position: BigInt = column(description="The place in the order of writing.")
    type: str = column()
    noun: str = column()
    subject_id: strawberry.ID = subject_id()
    customer: LazyCustomer | None = one(_customer)
    actor: ActorNote = actor_note()
    data: JSON = event_data()
    request_id: str | None = column()
    created_at: datetime = column()


@reads(
    models.AuditEntry,
    scope=Scope.AUDIT_READ,
    customers=["customer_id"],
    optional=True,
    order=[By("created_at", descending=True)],
)
class AuditEntry(Node):
    """Who changed what."""

    action: str = column()
    noun: str = column()
    subject_id: strawberry.ID = subject_id()
    customer: LazyCustomer | None = one(_customer)
    actor: ActorNote = actor_note()
    changes: JSON = audit_changes()
    request_id: str | None = column()
    created_at: datetime = column()


@reads(models.ImportRun, scope=Scope.IMPORT_RUN, order=[By("created_at", descending=True)])
class ImportRun(Node):
    """A file that was taken in, and the rows of it that could not be."""

    kind: str = column()
    file_name: str = column()
    status: ImportStatus = column()
    mapping: JSON = column()
    rows_read: int = column()
    rows_created: int = column()
    rows_updated: int = column()
    rows_unchanged: int = column()
    rows_refused: int = column()
    refused: JSON = column(scope=Scope.PII_READ, description="The refused rows, by line, with the reasons.")
    error: str | None = column()
    actor: ActorNote = actor_note()
    created_at: datetime = column()
    finished_at: datetime | None = column()
    version: int = column()


@reads(models.FieldDefinition, scope=Scope.CUSTOMER_READ, order=[By("position")])
class FieldDefinition(Node):
    """A custom field: its type and what it accepts."""

    noun: str = column()
    key: str = column()
    label: str = column()
    labels: JSON = column(description="The label in other languages, by locale.")
    type: FieldType = column()
    choices: list[str] = column()
    required: bool = column()
    searchable: bool = column()
    position: int = column()
    archived_at: datetime | None = column()
    created_at: datetime = column()
    updated_at: datetime = column()
    version: int = column()

"""Who is asking, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from crm.errors import Forbidden, ValidationFailed


class Scope(StrEnum):
    """A right of a staff role or an API token."""

    CUSTOMER_READ = "customer:read"
    CUSTOMER_WRITE = "customer:write"
    PII_READ = "pii:read"
    ORDER_READ = "order:read"
    ORDER_WRITE = "order:write"
    PRODUCT_READ = "product:read"
    PRODUCT_WRITE = "product:write"
    INTERACTION_READ = "interaction:read"
    INTERACTION_WRITE = "interaction:write"
    COST_READ = "cost:read"
    COST_WRITE = "cost:write"
    SEGMENT_READ = "segment:read"
    SEGMENT_WRITE = "segment:write"
    LIFECYCLE_READ = "lifecycle:read"
    LIFECYCLE_WRITE = "lifecycle:write"
    STAGE_MOVE = "stage:move"
    VALUE_READ = "value:read"
    VALUE_RECOMPUTE = "value:recompute"
    IMPORT_RUN = "import:run"
    EXPORT_RUN = "export:run"
    EVENT_READ = "event:read"
    AUDIT_READ = "audit:read"
    TOKEN_MANAGE = "token:manage"
    WEBHOOK_READ = "webhook:read"
    WEBHOOK_WRITE = "webhook:write"
    STAFF_READ = "staff:read"
    STAFF_MANAGE = "staff:manage"
    SETTINGS_WRITE = "settings:write"
    DEVELOPER = "developer"


SCOPE_HELP: dict[Scope, str] = {
    Scope.CUSTOMER_READ: "Read customers, their relationships and their custom fields.",
    Scope.CUSTOMER_WRITE: "Create, change, archive and connect customers.",
    Scope.PII_READ: "Read e-mail addresses, phone numbers and other identities in clear.",
    Scope.ORDER_READ: "Read orders and order lines.",
    Scope.ORDER_WRITE: "Record, correct and cancel orders.",
    Scope.PRODUCT_READ: "Read products.",
    Scope.PRODUCT_WRITE: "Create and change products.",
    Scope.INTERACTION_READ: "Read interactions, follow-ups and the timeline.",
    Scope.INTERACTION_WRITE: "Log and correct interactions and follow-ups.",
    Scope.COST_READ: "Read what serving and acquiring customers cost.",
    Scope.COST_WRITE: "Record costs.",
    Scope.SEGMENT_READ: "Read segments and who is in them.",
    Scope.SEGMENT_WRITE: "Create and change segments and their members.",
    Scope.LIFECYCLE_READ: "Read lifecycles, stages and stage history.",
    Scope.LIFECYCLE_WRITE: "Define lifecycles, stages and the moves between them.",
    Scope.STAGE_MOVE: "Move customers between stages.",
    Scope.VALUE_READ: "Read what customers are worth.",
    Scope.VALUE_RECOMPUTE: "Start a value run.",
    Scope.IMPORT_RUN: "Import files.",
    Scope.EXPORT_RUN: "Export records.",
    Scope.EVENT_READ: "Read the event log.",
    Scope.AUDIT_READ: "Read the audit trail.",
    Scope.TOKEN_MANAGE: "Create, rotate and revoke API tokens.",
    Scope.WEBHOOK_READ: "Read webhooks and what became of each delivery.",
    Scope.WEBHOOK_WRITE: "Create, change, test and archive webhooks, and send events again.",
    Scope.STAFF_READ: "Read staff members and roles.",
    Scope.STAFF_MANAGE: "Create and change staff members and roles.",
    Scope.SETTINGS_WRITE: "Change the organisation's settings and custom fields.",
    Scope.DEVELOPER: "See statements and plans behind answers.",
}

READ_SCOPES: frozenset[Scope] = frozenset(
    scope for scope in Scope if scope.endswith(":read") and scope not in (Scope.AUDIT_READ, Scope.WEBHOOK_READ)
)
ALL_SCOPES: frozenset[Scope] = frozenset(Scope)

AGENT_SCOPES = READ_SCOPES | {
    Scope.CUSTOMER_WRITE,
    Scope.ORDER_WRITE,
    Scope.INTERACTION_WRITE,
    Scope.STAGE_MOVE,
}
MANAGER_SCOPES = AGENT_SCOPES | {
    Scope.PRODUCT_WRITE,
    Scope.COST_WRITE,
    Scope.SEGMENT_WRITE,
    Scope.LIFECYCLE_WRITE,
    Scope.VALUE_RECOMPUTE,
    Scope.IMPORT_RUN,
    Scope.EXPORT_RUN,
    Scope.AUDIT_READ,
    Scope.WEBHOOK_READ,
}

BUILT_IN_ROLES: dict[str, frozenset[Scope]] = {
    "viewer": READ_SCOPES,
    "agent": AGENT_SCOPES,
    "manager": MANAGER_SCOPES,
    "administrator": ALL_SCOPES,
}


class ActorKind(StrEnum):
    STAFF = "STAFF"
    TOKEN = "TOKEN"
    SYSTEM = "SYSTEM"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is asking: a staff member, a partner's token, or the system itself.

    `row_filter` is a rule (its JSON form) over customers; everything outside it does not exist for this actor.
    """

    kind: ActorKind
    id: UUID | None
    label: str
    scopes: frozenset[Scope]
    row_filter: dict[str, Any] | None = field(default=None, hash=False)
    request_id: str | None = None

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes


def need(actor: Actor, *scopes: Scope) -> None:
    """Raise Forbidden, naming the first missing scope."""
    for scope in scopes:
        if scope not in actor.scopes:
            raise Forbidden(missing_scope=scope.value)


def system(label: str) -> Actor:
    """The actor of the product's own work: jobs, the demo, the command line."""
    return Actor(kind=ActorKind.SYSTEM, id=None, label=label, scopes=ALL_SCOPES)


def parse_scopes(texts: list[str]) -> frozenset[Scope]:
    """Scopes by name; raises ValidationFailed for an unknown one, naming the known ones."""
    known = {scope.value: scope for scope in Scope}
    unknown = [text for text in texts if text not in known]
    if unknown:
        raise ValidationFailed(
            f"'{unknown[0]}' is not a scope; the scopes are: {', '.join(sorted(known))}.", path=("scopes",)
        )
    return frozenset(known[text] for text in texts)

"""The trail of changes: one row beside each, in its transaction."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from crm.access import Actor
from models import AuditEntry
from models.base import Record

# A secret must not live on in the trail of its change.
_SECRET = frozenset({"password_hash", "token_hash", "secret_salt", "previous_salt"})
_DERIVED = frozenset(
    {"created_at", "updated_at", "version", "search_text", "search_vector", "sort_name", "secret_mark"}
)


def plain(value: Any) -> Any:
    """A value as JSON can hold it."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return format(value.normalize() if value else Decimal(0), "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(entry) for entry in value]
    return value


def state(record: Record) -> dict[str, Any]:
    """The columns of a record by field name, as they would be audited."""
    names = record._meta.db_fields
    return {name: getattr(record, name) for name in names if name not in _DERIVED}


def difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[Any]]:
    """Field → [before, after] where they differ; secrets are named without their values."""
    changed = [name for name in after if before.get(name) != after[name]]
    return {name: ["…", "…"] if name in _SECRET else [plain(before.get(name)), plain(after[name])] for name in changed}


def entry(
    actor: Actor,
    action: str,
    noun: str,
    noun_id: UUID,
    *,
    changes: dict[str, Any] | None = None,
    customer_id: UUID | None = None,
) -> AuditEntry:
    """An entry that is not saved yet, for use cases that write many at once."""
    return AuditEntry(
        action=action,
        noun=noun,
        noun_id=noun_id,
        customer_id=customer_id,
        actor_kind=actor.kind.value,
        actor_id=actor.id,
        actor_label=actor.label,
        changes=plain(changes or {}),
        request_id=actor.request_id,
    )


async def record(
    actor: Actor,
    action: str,
    noun: str,
    noun_id: UUID,
    *,
    changes: dict[str, Any] | None = None,
    customer_id: UUID | None = None,
) -> None:
    """Note a change; call it inside the change's transaction."""
    await entry(actor, action, noun, noun_id, changes=changes, customer_id=customer_id).save()

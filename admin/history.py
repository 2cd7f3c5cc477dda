"""The audit trail of one record, as its page shows it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from crm.access import Actor, Scope
from crm.database import fetch
from crm.visibility import shown_changes

SHOWN = 20

_TRAIL = """
SELECT action, noun, actor_label, created_at, changes FROM audit_entry
WHERE noun_id = $1 OR (customer_id = $1 AND noun = 'identity') ORDER BY created_at DESC, id DESC LIMIT $2
"""


_NAMES = """
SELECT id, name FROM role WHERE id = ANY($1::uuid[])
UNION ALL SELECT id, name FROM staff_member WHERE id = ANY($1::uuid[])
UNION ALL SELECT id, name FROM stage WHERE id = ANY($1::uuid[])
UNION ALL SELECT id, name FROM lifecycle WHERE id = ANY($1::uuid[])
UNION ALL SELECT id, name FROM segment WHERE id = ANY($1::uuid[])
UNION ALL SELECT id, name FROM product WHERE id = ANY($1::uuid[])
"""
_CUSTOMERS = "UNION ALL SELECT id, display_name FROM customer WHERE id = ANY($1::uuid[])"
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One change: field → [before, after]."""

    action: str
    by: str
    at: datetime
    changes: dict[str, Any]


async def of(actor: Actor, record_id: UUID) -> list[Entry]:
    """The last changes of a record, the newest first, as the actor may read them; identities are a customer's own."""
    rows = await fetch(_TRAIL, record_id, SHOWN)
    changes = [shown_changes(actor, row["noun"], orjson.loads(row["changes"] or b"{}")) for row in rows]
    told = await named(actor, changes)
    return [
        Entry(row["action"], row["actor_label"], row["created_at"], fields)
        for row, fields in zip(rows, told, strict=True)
    ]


async def named(actor: Actor, changes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same changes, with what they lead to called by its name rather than its id; one statement for all.

    Customers are named to those only who may read them.
    """
    keys = {key for fields in changes for value in fields.values() for key in _ids(value)}
    if not keys:
        return changes
    names = {
        str(row["id"]): row["name"]
        for row in await fetch(
            _NAMES + (_CUSTOMERS if Scope.CUSTOMER_READ in actor.scopes else ""), [UUID(key) for key in keys]
        )
    }
    return [{name: _renamed(value, names) for name, value in fields.items()} for fields in changes]


def _ids(value: Any) -> list[str]:
    each = value if isinstance(value, list) else [value]
    return [text for text in each if isinstance(text, str) and _ID.fullmatch(text)]


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [_renamed(each, names) for each in value]
    return names.get(value, value) if isinstance(value, str) else value

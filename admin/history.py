"""The audit trail of one record, as its page shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from crm.access import Actor
from crm.database import fetch
from crm.visibility import shown_changes

SHOWN = 20

_TRAIL = """
SELECT action, noun, actor_label, created_at, changes FROM audit_entry
WHERE noun_id = $1 OR (customer_id = $1 AND noun = 'identity') ORDER BY created_at DESC, id DESC LIMIT $2
"""


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
    return [
        Entry(
            row["action"],
            row["actor_label"],
            row["created_at"],
            shown_changes(actor, row["noun"], orjson.loads(row["changes"] or b"{}")),
        )
        for row in rows
    ]

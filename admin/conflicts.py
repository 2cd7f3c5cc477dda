"""What happened to a record while somebody had its form open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from admin import formats, words
from admin.told_changes import said
from crm.access import Actor
from crm.database import fetch
from crm.visibility import shown_changes

# Identities have entries of their own, and count as a change of their customer.
_SINCE = """
SELECT actor_label, created_at, action, noun, changes FROM audit_entry
WHERE noun_id = $1 OR (customer_id = $1 AND noun = 'identity')
ORDER BY created_at DESC, id DESC LIMIT $2
"""


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """One change that came between: who, when, and field → (before, after)."""

    by: str
    when: str
    changes: dict[str, tuple[Any, Any]]

    @property
    def lines(self) -> list[str]:
        return [
            f"{words.label(name)}: {said(name, old)} {formats.arrow()} {said(name, new)}"
            for name, (old, new) in self.changes.items()
        ]


async def since(actor: Actor, record_id: UUID, versions: int) -> list[Meanwhile]:
    """The last so many changes of a record, the newest first, as the actor may read them."""
    rows = await fetch(_SINCE, record_id, min(max(versions, 1), 20))
    return [
        Meanwhile(
            row["actor_label"],
            formats.ago(row["created_at"]),
            _pairs(shown_changes(actor, row["noun"], orjson.loads(row["changes"]))),
        )
        for row in rows
    ]


def _pairs(changes: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {name: (pair[0], pair[1]) for name, pair in changes.items() if isinstance(pair, list) and len(pair) == 2}


def columns(found: list[Meanwhile]) -> dict[str, Any]:
    """Field → its value now, for every field that somebody changed meanwhile."""
    latest: dict[str, Any] = {}
    for change in reversed(found):
        latest.update({name: after for name, (_, after) in change.changes.items()})
    return latest

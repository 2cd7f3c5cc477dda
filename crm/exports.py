"""Taking records out of the system leaves a trail: who took what, how many, and which fields."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from crm import audit
from crm.access import Actor, Scope, need
from crm.database import transaction


async def note(actor: Actor, noun: str, *, rows: int, fields: Sequence[str], form: str) -> None:
    """Note that an actor takes records out, before they leave. Raises Forbidden."""
    need(actor, Scope.EXPORT_RUN)
    told = {"rows": rows, "fields": list(fields), "format": form}
    async with transaction():
        await audit.record(actor, "export.made", noun, actor.id or UUID(int=0), changes=told)

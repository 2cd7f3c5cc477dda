"""Customers to whom something new can still be tied."""

from __future__ import annotations

from uuid import UUID

from crm.access import Actor
from crm.errors import Blocked
from crm.ids import encode
from crm.visibility import need_visible
from models import Customer


async def need_in_use(actor: Actor, customer_id: UUID, *, path: tuple[str, ...] = ("customerId",)) -> None:
    """Raise NotFound unless the customer exists for the actor, Blocked when it is archived."""
    await need_visible(actor, customer_id, path=path)
    if await Customer.exists(id=customer_id, archived_at__isnull=False):
        raise Blocked(f"{encode('cus', customer_id)} is archived; restore it first.", path=path)

"""Everything that passed between a customer and the organisation, in one list, newest first."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from starlette.requests import Request
from starlette_admin.i18n import lazy_gettext as lazy

from admin.request import actor_of, may
from crm import timeline
from crm.access import Scope
from crm.database import fetch
from crm.errors import ValidationFailed
from crm.timeline import EntryKind, Filter
from models import CustomerKind

PAGE = 20

# What the reader chooses among, and the sign of each.
KINDS = {
    EntryKind.INTERACTION: (lazy("Interactions"), "fa-comment"),
    EntryKind.NOTE: (lazy("Notes"), "fa-note-sticky"),
    EntryKind.ORDER: (lazy("Orders"), "fa-cart-shopping"),
    EntryKind.STAGE_MOVE: (lazy("Stages"), "fa-stairs"),
    EntryKind.SEGMENT_ENTRY: (lazy("Segments entered"), "fa-circle-plus"),
    EntryKind.SEGMENT_EXIT: (lazy("Segments left"), "fa-circle-minus"),
    EntryKind.FOLLOW_UP: (lazy("Follow-ups"), "fa-bell"),
    EntryKind.VALUE_CHANGE: (lazy("Value"), "fa-gem"),
    EntryKind.IDENTITY_CHANGE: (lazy("Identities"), "fa-at"),
    EntryKind.RELATIONSHIP: (lazy("Relationships"), "fa-people-arrows"),
    EntryKind.MERGE: (lazy("Merges"), "fa-code-merge"),
}
PEOPLE = "people"
"""The choice that adds the entries of an organisation's people."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries, whose they are where they are not the customer's own, and, if there are more, where to go on."""

    entries: list[timeline.Entry]
    names: dict[UUID, str]
    older: str | None

    def icon(self, entry: timeline.Entry) -> str:
        return KINDS[entry.kind][1]


def kinds(request: Request, customer_kind: CustomerKind = CustomerKind.PERSON) -> dict[str, str]:
    """What the reader may choose to see, by the name of its box."""
    if not may(request, Scope.INTERACTION_READ):
        return {}
    readable = timeline.readable(actor_of(request), None)
    found = {kind.lower(): str(label) for kind, (label, _icon) in KINDS.items() if kind in readable}
    organisation = customer_kind is CustomerKind.ORGANIZATION
    return found | ({PEOPLE: str(lazy("Also of its people"))} if organisation else {})


async def page(request: Request, customer_id: UUID, wanted: Collection[str] | None, after: str | None = None) -> Page:
    """One page; `wanted` are names of boxes, None for all but the people. A damaged `after` begins anew.

    Raises NotFound for a customer whom the reader may not see.
    """
    actor, readable = actor_of(request), kinds(request)
    chosen = {EntryKind(name.upper()) for name in readable if wanted is None or name in wanted}
    if not chosen:
        return Page([], {}, None)
    limits = Filter(chosen, people=wanted is not None and PEOPLE in wanted)
    try:
        found = await timeline.page(actor, customer_id, first=PAGE, after=after, filter=limits)
    except ValidationFailed:
        found = await timeline.page(actor, customer_id, first=PAGE, filter=limits)
    others = {entry.customer_id for entry in found.entries} - {customer_id}
    older = found.entries[-1].cursor if found.has_next else None
    return Page(found.entries, await _names(others) if others else {}, older)


async def _names(customers: Collection[UUID]) -> dict[UUID, str]:
    rows = await fetch("SELECT id, display_name FROM customer WHERE id = ANY($1::uuid[])", list(customers))
    return {row["id"]: row["display_name"] for row in rows}

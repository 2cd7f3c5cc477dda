"""Logging many touchpoints at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from crm import identities, interactions
from crm.access import Actor, Scope, need
from crm.bulk.batch import Batch, insert
from crm.bulk.chunks import in_chunks
from crm.bulk.customers import Key, holders_of, key_of
from crm.bulk.results import Outcome, RowResult, refused
from crm.changes import missing
from crm.database import fetch
from crm.errors import CrmError, NotFound, ValidationFailed
from crm.events import EventType
from crm.identities import IdentityInput
from crm.interactions import InteractionFields
from crm.visibility import visible_among
from models import Customer, Interaction, StaffMember
from models.base import Record

LONGEST_EMAIL = 254

Reference = tuple[UUID, str, str]
"""Customer, source and reference: what makes a touchpoint of another system unique."""


@dataclass(frozen=True, slots=True)
class InteractionRow:
    """A touchpoint as a row tells of it; the customer is named by id or recognised by an identity, the staff member
    by e-mail address.
    """

    fields: InteractionFields
    customer_id: UUID | None = None
    identity: IdentityInput | None = None
    staff_email: str | None = None


async def log_interactions(actor: Actor, rows: Sequence[InteractionRow], now: datetime) -> list[RowResult]:
    """Log many touchpoints; one result a row, in order. One whose reference is known stays as it is.

    Refused are rows of an unknown customer or staff member and rows with a value that is not acceptable. Raises
    Forbidden.
    """
    need(actor, Scope.INTERACTION_WRITE)

    async def work(chunk: Sequence[InteractionRow]) -> list[RowResult]:
        return await _Chunk(actor, now).take(chunk)

    return await in_chunks(rows, work)


@dataclass
class _Chunk:
    actor: Actor
    now: datetime
    results: dict[int, RowResult] = field(default_factory=dict)
    drafts: dict[int, Interaction] = field(default_factory=dict)

    async def take(self, rows: Sequence[InteractionRow]) -> list[RowResult]:
        owners = await self.owners(rows)
        staff = await _staff({row.staff_email.lower() for row in rows if row.staff_email})
        for number, row in enumerate(rows):
            try:
                self.draft(number, row, owners.get(number), staff)
            except CrmError as problem:
                self.results.setdefault(number, refused(problem))
        await self.write()
        return [self.results[number] for number in range(len(rows))]

    async def owners(self, rows: Sequence[InteractionRow]) -> dict[int, UUID]:
        """Whose touchpoint each row is, where that customer is known and may be seen."""
        keys = {number: key for number, row in enumerate(rows) if (key := self.key(number, row))}
        holders = await holders_of(set(keys.values()))
        named = [row.customer_id or holders.get(keys.get(number, ("", "", ""))) for number, row in enumerate(rows)]
        seen = await visible_among(self.actor, {key for key in named if key is not None})
        return {number: key for number, key in enumerate(named) if key is not None and key in seen}

    def key(self, number: int, row: InteractionRow) -> Key | None:
        if row.identity is None:
            return None
        try:
            return key_of(identities.normal(row.identity))
        except CrmError as problem:
            self.results[number] = refused(problem.under("customer"))
            return None

    def draft(self, number: int, row: InteractionRow, customer_id: UUID | None, staff: dict[str, UUID]) -> None:
        if customer_id is None:
            raise unknown(row)
        fields = row.fields
        if row.staff_email:
            key = staff.get(row.staff_email.lower())
            if key is None:
                raise ValidationFailed(f"staff '{row.staff_email[:80]}' is no staff member's address.", path=("staff",))
            fields = {**fields, "staff_id": key}
        self.drafts[number] = interactions.draft(customer_id, fields, self.now)

    async def write(self) -> None:
        known = await recorded(list(self.drafts.values()))
        batch, new = Batch(self.actor, self.now), list[Record]()
        for number, draft in self.drafts.items():
            reference = reference_of(draft)
            if reference and reference in known:
                self.results[number] = RowResult(Outcome.UNCHANGED, known[reference])
                continue
            if reference:
                known[reference] = draft.id
            draft.created_at = draft.updated_at = self.now
            new.append(draft)
            batch.note(EventType.INTERACTION_LOGGED, draft, draft, {})
            self.results[number] = RowResult(Outcome.CREATED, draft.id)
        await insert(Interaction, new)
        await batch.write()


async def _staff(addresses: set[str]) -> dict[str, UUID]:
    addresses = {address for address in addresses if len(address) <= LONGEST_EMAIL}
    found = await StaffMember.filter(email__in=addresses).values_list("email", "id") if addresses else []
    return {str(email).lower(): key for email, key in found}


def unknown(row: InteractionRow) -> CrmError:
    if row.customer_id is not None:
        return missing(Customer, row.customer_id, path=("customer",))
    if row.identity is None:
        return ValidationFailed("The interaction names no customer.", path=("customer",))
    return NotFound(f"No customer is known by the {row.identity.kind} '{row.identity.value[:80]}'.", path=("customer",))


def reference_of(draft: Interaction) -> Reference | None:
    if draft.reference is None or draft.source is None:
        return None
    return draft.customer_id, draft.source, draft.reference


_RECORDED = """
SELECT i.customer_id, i.source, i.reference, i.id
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS wanted(customer_id, source, reference)
JOIN interaction i USING (customer_id, source, reference)
"""


async def recorded(drafts: list[Interaction]) -> dict[Reference, UUID]:
    """The touchpoints with the drafts' references that are there already."""
    wanted = {reference for draft in drafts if (reference := reference_of(draft))}
    if not wanted:
        return {}
    rows = await fetch(_RECORDED, *(list(column) for column in zip(*wanted, strict=True)))
    return {(row["customer_id"], row["source"], row["reference"]): row["id"] for row in rows}

"""The ways to recognise a customer: normalised, and unique over all customers."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from crm import changes, text
from crm.access import Actor, Scope, need
from crm.database import fetch, transaction
from crm.errors import DuplicateFound, ValidationFailed
from crm.events import EventType
from crm.ids import encode
from models import Customer, Identity, IdentityKind


@dataclass(frozen=True, slots=True)
class IdentityInput:
    """An identity as a caller gives it; `source` names the system of an external reference."""

    kind: IdentityKind
    value: str
    source: str = ""
    primary: bool = False


@dataclass(frozen=True, slots=True)
class NormalIdentity:
    """An identity in the form in which it is compared."""

    kind: IdentityKind
    source: str
    value: str
    normalized: str
    primary: bool = False


def normal(given: IdentityInput, *, country: str | None = None) -> NormalIdentity:
    """Check an identity and bring it to normal form. Raises ValidationFailed."""
    value = text.required(given.value, field="value", limit=320)
    external = given.kind is IdentityKind.EXTERNAL
    if external != bool(given.source.strip()):
        wanted = "needs the name of its source system" if external else "has no source"
        raise ValidationFailed(f"An identity of kind {given.kind} {wanted}.", path=("source",))
    readers = {
        IdentityKind.EMAIL: lambda: text.email(value, field="value"),
        IdentityKind.PHONE: lambda: text.phone(value, country=country, field="value"),
        IdentityKind.EXTERNAL: lambda: value,
    }
    source = text.clean(given.source, field="source", limit=80).lower()
    return NormalIdentity(given.kind, source, value, readers[given.kind](), given.primary)


async def holder(identity: NormalIdentity) -> UUID | None:
    """The customer that holds this identity."""
    found = await Identity.get_or_none(kind=identity.kind, source=identity.source, normalized=identity.normalized).only(
        "id", "customer_id"
    )
    return found.customer_id if found else None


async def attach(actor: Actor, customer: Customer, given: list[IdentityInput]) -> list[Identity]:
    """Give identities to a customer, inside the caller's transaction; those it holds already are left alone.

    Raises ValidationFailed, and DuplicateFound naming the customer that holds one.
    """
    added = []
    for position, entry in enumerate(given):
        try:
            identity = await _attach_one(actor, customer, entry)
        except (ValidationFailed, DuplicateFound) as problem:
            raise problem.under("identities", str(position)) from None
        if identity:
            added.append(identity)
    return added


# The second of two writers waits for the first here, then sees whom the identity belongs to.
_INSERT = """
INSERT INTO identity (id, created_at, updated_at, customer_id, kind, source, value, normalized, is_primary)
VALUES ($1, now(), now(), $2, $3, $4, $5, $6, $7)
ON CONFLICT (kind, source, normalized) DO NOTHING
RETURNING id
"""


async def _attach_one(actor: Actor, customer: Customer, given: IdentityInput) -> Identity | None:
    found = normal(given, country=customer.country)
    identity = Identity(
        customer_id=customer.id,
        kind=found.kind,
        source=found.source,
        value=found.value,
        normalized=found.normalized,
        is_primary=found.primary,
    )
    columns = (found.kind.value, found.source, found.value, found.normalized, found.primary)
    if not await fetch(_INSERT, identity.id, customer.id, *columns):
        held_by = await holder(found)
        if held_by == customer.id:
            return None
        raise DuplicateFound(
            f"{found.kind} '{found.value}' belongs to {encode('cus', held_by) if held_by else 'another customer'}; "
            "update that customer, or merge the two.",
            path=("value",),
            holder=encode("cus", held_by) if held_by else None,
        )
    await changes.note_creation(actor, identity, EventType.IDENTITY_ADDED)
    return identity


async def detach(actor: Actor, identity: Identity) -> None:
    """Take an identity from its customer, inside the caller's transaction."""
    await changes.delete(actor, identity, EventType.IDENTITY_REMOVED)


async def remove(actor: Actor, identity_id: UUID) -> UUID:
    """Take an identity away; returns the customer's id. Raises NotFound, Forbidden."""
    need(actor, Scope.CUSTOMER_WRITE, Scope.PII_READ)
    async with transaction():
        identity = await changes.get(Identity, identity_id)
        await detach(actor, identity)
        return identity.customer_id

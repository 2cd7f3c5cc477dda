"""Use cases of a customer: create, update, upsert, archive, restore, delete."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import partial
from typing import Any, TypedDict
from uuid import UUID

from crm import changes, codes, custom_fields, idempotency, identities, text
from crm.access import Actor, Scope, need
from crm.audit import state
from crm.database import transaction
from crm.errors import DuplicateFound, Forbidden, ValidationFailed, together
from crm.events import EventType
from crm.identities import IdentityInput
from crm.lifecycle import positions
from crm.segments import merging
from crm.visibility import need_visible, visible
from models import Customer, CustomerKind, FieldDefinition, Identity, StaffMember
from models.base import fresh


class CustomerFields(TypedDict, total=False):
    """What can be said of a customer; a key that is absent is left as it is, null empties it."""

    kind: CustomerKind
    display_name: str | None
    given_name: str | None
    family_name: str | None
    organization_name: str | None
    language: str | None
    country: str | None
    city: str | None
    time_zone: str | None
    birthday: date | None
    owner_id: UUID | None
    acquisition_source: str | None
    acquisition_channel: str | None
    acquired_at: datetime | None
    custom_fields: dict[str, Any]


_READERS: dict[str, Callable[[Any], Any]] = {
    "kind": CustomerKind,
    "display_name": lambda value: text.clean(value or "", field="displayName", limit=300),
    "given_name": lambda value: text.optional(value, field="givenName", limit=150),
    "family_name": lambda value: text.optional(value, field="familyName", limit=150),
    "organization_name": lambda value: text.optional(value, field="organizationName", limit=300),
    "language": codes.language,
    "country": codes.country,
    "city": lambda value: text.optional(value, field="city", limit=120),
    "time_zone": codes.time_zone,
    "birthday": lambda value: value,
    "owner_id": lambda value: value,
    "acquisition_source": lambda value: text.optional(value, field="acquisitionSource", limit=80),
    "acquisition_channel": lambda value: text.optional(value, field="acquisitionChannel", limit=80),
    "acquired_at": lambda value: value,
}


async def create(
    actor: Actor,
    *,
    fields: CustomerFields,
    now: datetime,
    given_identities: list[IdentityInput] | None = None,
    idempotency_key: str | None = None,
) -> Customer:
    """Create a customer at the start of the default lifecycle.

    Raises ValidationFailed, DuplicateFound (an identity belongs to another), IdempotencyConflict, Forbidden.
    """
    need(actor, Scope.CUSTOMER_WRITE)
    entries = given_identities or []

    async def work() -> UUID:
        customer = await _insert(actor, fields, entries, now)
        if not await visible(actor, customer.id):
            raise Forbidden("The new customer would lie outside the customers that your credential may see.")
        return customer.id

    async with transaction():
        values = {"fields": dict(fields), "identities": [repr(entry) for entry in entries]}
        key = await idempotency.once(actor, idempotency_key, "customerCreate", values, work)
        return await changes.get(Customer, key)


async def _insert(actor: Actor, fields: CustomerFields, entries: list[IdentityInput], now: datetime) -> Customer:
    known = await custom_fields.definitions("customer")
    customer = draft(fields, entries, known, now)
    await _need_owner(fields)
    await changes.create(actor, customer, EventType.CUSTOMER_CREATED)
    await identities.attach(actor, customer, entries)
    await refresh_search(customer, known)
    await positions.enter_default(actor, customer.id, now=now)
    return customer


def draft(
    fields: CustomerFields, entries: Sequence[IdentityInput], known: list[FieldDefinition], now: datetime
) -> Customer:
    """A new customer, checked but for its owner and not saved; without a name it is called by its first identity."""
    customer = fresh(Customer)
    _say(customer, fields, known, now)
    if entries and not customer.display_name and not _derived_name(customer):
        customer.display_name = text.clean(entries[0].value, field="value", limit=300)
    _name(customer)
    return customer


def revise(customer: Customer, fields: CustomerFields, known: list[FieldDefinition], now: datetime) -> None:
    """Apply changed fields to a customer, checked but for its owner; a name that was derived is derived anew."""
    if "display_name" not in fields and customer.display_name == _derived_name(customer):
        customer.display_name = ""
    _say(customer, fields, known, now)
    _name(customer)


async def update(
    actor: Actor,
    customer_id: UUID,
    *,
    expected_version: int | None,
    fields: CustomerFields,
    now: datetime,
    add_identities: list[IdentityInput] | None = None,
    remove_identities: list[UUID] | None = None,
) -> Customer:
    """Change a customer. Raises NotFound, VersionConflict, ValidationFailed, DuplicateFound, Forbidden."""
    need(actor, Scope.CUSTOMER_WRITE)
    async with transaction():
        await need_visible(actor, customer_id, path=("id",))
        customer = await changes.load(Customer, customer_id, expected_version=expected_version)
        await _change(actor, customer, fields, now, add_identities or [], remove_identities or [])
        return customer


async def _change(
    actor: Actor,
    customer: Customer,
    fields: CustomerFields,
    now: datetime,
    added: list[IdentityInput],
    removed: list[UUID],
) -> bool:
    known = await custom_fields.definitions("customer")
    before = state(customer)
    revise(customer, fields, known, now)
    await _need_owner(fields)
    changed = await changes.save(actor, customer, before, EventType.CUSTOMER_UPDATED)
    for key in removed:
        await identities.detach(actor, await _own_identity(customer, key))
    attached = await identities.attach(actor, customer, added)
    if (attached or removed) and not changed:
        customer.version += 1
        await customer.save(update_fields=["version", "updated_at"])
    if changed or attached or removed:
        await refresh_search(customer, known)
    return changed or bool(attached) or bool(removed)


async def _own_identity(customer: Customer, key: UUID) -> Identity:
    found = await Identity.get_or_none(id=key, customer_id=customer.id)
    if found is None:
        raise changes.missing(Identity, key, path=("removeIdentities",))
    return found


async def upsert(
    actor: Actor, *, match: list[IdentityInput], fields: CustomerFields, now: datetime
) -> tuple[Customer, bool]:
    """Update the customer that holds one of the identities, or create one; returns it and whether it is new.

    Raises DuplicateFound when the identities belong to different customers.
    """
    need(actor, Scope.CUSTOMER_WRITE)
    if not match:
        raise ValidationFailed("Give at least one identity to recognise the customer by.", path=("identities",))
    async with transaction():
        country = fields.get("country")
        holders = {await identities.holder(identities.normal(entry, country=country)) for entry in match} - {None}
        if len(holders) > 1:
            raise DuplicateFound(
                "The identities belong to different customers; merge these first.", path=("identities",)
            )
        if not holders:
            return await create(actor, fields=fields, given_identities=match, now=now), True
        key = holders.pop()
        assert key is not None
        await need_visible(actor, key, path=("identities",))
        customer = await changes.load(Customer, key, expected_version=None)
        await _change(actor, customer, fields, now, match, [])
        return customer, False


async def archive(actor: Actor, customer_id: UUID, *, expected_version: int | None, now: datetime) -> Customer:
    """Put a customer aside: it keeps its history and leaves the lists."""
    return await _set_archived(actor, customer_id, expected_version, now, EventType.CUSTOMER_ARCHIVED)


async def restore(actor: Actor, customer_id: UUID, *, expected_version: int | None) -> Customer:
    """Bring an archived customer back."""
    return await _set_archived(actor, customer_id, expected_version, None, EventType.CUSTOMER_RESTORED)


async def _set_archived(
    actor: Actor, customer_id: UUID, expected_version: int | None, at: datetime | None, type: EventType
) -> Customer:
    need(actor, Scope.CUSTOMER_WRITE)
    async with transaction():
        await need_visible(actor, customer_id, path=("id",))
        customer = await changes.load(Customer, customer_id, expected_version=expected_version)
        before = state(customer)
        if (customer.archived_at is None) != (at is None):
            customer.archived_at = at
            await changes.save(actor, customer, before, type)
        return customer


async def delete(actor: Actor, customer_id: UUID, *, expected_version: int | None) -> None:
    """Delete a customer that nothing was recorded of; one with orders must be archived instead.

    Raises NotFound, VersionConflict, ValidationFailed, Forbidden.
    """
    need(actor, Scope.CUSTOMER_WRITE)
    async with transaction():
        await need_visible(actor, customer_id, path=("id",))
        customer = await changes.load(Customer, customer_id, expected_version=expected_version)
        if await customer.orders.all().exists():  # type: ignore[attr-defined]
            raise ValidationFailed("This customer has orders, which the books need; archive it instead.", path=("id",))
        await merging.forget(customer.id)
        await changes.delete(actor, customer, EventType.CUSTOMER_DELETED)


def _say(customer: Customer, fields: CustomerFields, known: list[FieldDefinition], now: datetime) -> None:
    together(
        *(partial(_read, customer, name, value) for name, value in fields.items() if name != "custom_fields"),
        partial(_read_custom, customer, known, fields.get("custom_fields") or {}),
    )
    _check_dates(customer, now)


def _read(customer: Customer, name: str, value: Any) -> None:
    setattr(customer, name, _READERS[name](value))


def _read_custom(customer: Customer, known: list[FieldDefinition], given: dict[str, Any]) -> None:
    customer.custom_fields = custom_fields.merged(known, customer.custom_fields, given)


async def _need_owner(fields: CustomerFields) -> None:
    if fields.get("owner_id") and not await StaffMember.exists(id=fields["owner_id"], active=True):
        raise unknown_owner()


def unknown_owner() -> ValidationFailed:
    return ValidationFailed("ownerId names no active staff member.", path=("ownerId",))


def _check_dates(customer: Customer, now: datetime) -> None:
    if customer.birthday and not date(1850, 1, 1) <= customer.birthday <= now.date():
        raise ValidationFailed(f"birthday {customer.birthday} is not between 1850 and today.", path=("birthday",))
    if customer.acquired_at and customer.acquired_at > now:
        raise ValidationFailed(f"acquiredAt {customer.acquired_at} lies in the future.", path=("acquiredAt",))


def _name(customer: Customer) -> None:
    """Derive what is shown and sorted by, where it was not given."""
    person = customer.kind is CustomerKind.PERSON
    customer.display_name = customer.display_name or _derived_name(customer)
    if not customer.display_name:
        wanted = "givenName, familyName or displayName" if person else "organizationName or displayName"
        raise ValidationFailed(f"A customer needs a name: send {wanted}.", path=("displayName",))
    by_family = [customer.family_name, customer.given_name] if person and customer.family_name else []
    customer.sort_name = text.normalise(" ".join(part for part in by_family if part) or customer.display_name)[:300]


def _derived_name(customer: Customer) -> str:
    person = customer.kind is CustomerKind.PERSON
    parts = [customer.given_name, customer.family_name] if person else [customer.organization_name]
    return " ".join(part for part in parts if part)


async def refresh_search(customer: Customer, known: list[FieldDefinition]) -> None:
    """Rebuild what searches look through: names, identities and searchable custom fields."""
    held = await Identity.filter(customer_id=customer.id).order_by("id").values_list("normalized", flat=True)
    customer.search_text = searched(customer, [str(value) for value in held], known)
    await customer.save(update_fields=["search_text"])


def searched(customer: Customer, normalized: list[str], known: list[FieldDefinition]) -> str:
    """What searches look through, of a customer that holds identities with these normal forms."""
    names = [customer.display_name, customer.given_name, customer.family_name, customer.organization_name]
    parts = [*names, *normalized, *custom_fields.searchable(known, customer.custom_fields)]
    return search_text([part for part in parts if part])


def search_text(parts: list[str]) -> str:
    """One normal text of distinct parts, and of the beginnings of words that have no space before them."""
    found = dict.fromkeys(text.normalise(part) for part in parts)
    inner = [text.inner_beginnings(part) for part in found]
    return "\n".join([*found, *(each for each in dict.fromkeys(inner) if each)])

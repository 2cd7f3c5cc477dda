"""Creating and updating many customers at once, each recognised by its identities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from crm import audit, custom_fields, customers, identities
from crm.access import Actor, Scope, need
from crm.bulk.batch import Batch
from crm.bulk.chunks import in_chunks
from crm.bulk.results import Outcome, RowResult, refused
from crm.customers import CustomerFields
from crm.database import fetch, transaction
from crm.errors import CrmError, DuplicateFound, ValidationFailed
from crm.events import EventType
from crm.identities import IdentityInput, NormalIdentity
from crm.lifecycle import positions
from models import Customer, FieldDefinition, Identity, StaffMember, Stage, StagePosition, TransitionCause
from models.base import fresh

Key = tuple[str, str, str]
"""Kind, source and normal form: what makes an identity unique."""


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """A customer as a row tells of it; it is recognised by any of the identities in `match`."""

    match: tuple[IdentityInput, ...]
    fields: CustomerFields


async def upsert_customers(actor: Actor, rows: Sequence[CustomerRow], now: datetime) -> list[RowResult]:
    """Update the customers that hold the rows' identities and create the others; one result a row, in order.

    A new customer stands at the start of the default lifecycle from its `acquired_at` on, or from `now`. Refused are
    rows with a value that is not acceptable and rows whose identities belong to different customers. Raises Forbidden.
    """
    need(actor, Scope.CUSTOMER_WRITE)

    async def work(chunk: Sequence[CustomerRow]) -> list[RowResult]:
        if actor.row_filter is not None:
            return [await _singly(actor, row, now) for row in chunk]
        return await _Chunk(actor, now, await _house(chunk)).take(chunk)

    return await in_chunks(rows, work)


async def _singly(actor: Actor, row: CustomerRow, now: datetime) -> RowResult:
    """What an actor may see of a new customer is only known once it is there, so each has a savepoint of its own."""
    try:
        async with transaction():
            customer, new = await customers.upsert(actor, match=list(row.match), fields=row.fields, now=now)
    except CrmError as problem:
        return refused(problem)
    return RowResult(Outcome.CREATED if new else Outcome.UPDATED, customer.id)


@dataclass(frozen=True)
class _House:
    """What the rows of a chunk are held against."""

    known: list[FieldDefinition]
    entry: Stage | None
    owners: frozenset[UUID]


async def _house(rows: Sequence[CustomerRow]) -> _House:
    wanted = {owner for row in rows if (owner := row.fields.get("owner_id"))}
    active = await StaffMember.filter(id__in=wanted, active=True).values_list("id", flat=True) if wanted else []
    return _House(
        await custom_fields.definitions("customer"),
        await positions.default_entry(),
        frozenset(active),  # type: ignore[arg-type]
    )


@dataclass
class _Chunk:
    actor: Actor
    now: datetime
    house: _House
    results: dict[int, RowResult] = field(default_factory=dict)

    async def take(self, rows: Sequence[CustomerRow]) -> list[RowResult]:
        waiting = {number: keys for number, row in enumerate(rows) if (keys := self.read(number, row))}
        while waiting:
            waiting = await self.wave(rows, waiting)
        return [self.results[number] for number in range(len(rows))]

    def read(self, number: int, row: CustomerRow) -> dict[Key, NormalIdentity]:
        """The row's identities in normal form; none, and a refusal, when one is wrong."""
        try:
            if not row.match:
                raise ValidationFailed("Give at least one identity to recognise the customer by.", path=("identities",))
            return {key_of(each): each for each in normal_forms(row)}
        except CrmError as problem:
            self.results[number] = refused(problem)
            return {}

    async def wave(
        self, rows: Sequence[CustomerRow], waiting: dict[int, dict[Key, NormalIdentity]]
    ) -> dict[int, dict[Key, NormalIdentity]]:
        """Take every row that speaks of another customer than those before it; the others wait for the next wave."""
        holders = await holders_of({key for keys in waiting.values() for key in keys})
        present = await _Present.load(set(holders.values()))
        batch, met, later = Batch(self.actor, self.now), set[Key | UUID](), {}
        for number, keys in waiting.items():
            held = {holders[key] for key in keys if key in holders}
            if met & (about := keys.keys() | held):
                later[number] = keys
            else:
                self.results[number] = self.one(batch, rows[number], keys, held, present)
            met |= about
        await batch.write()
        return later

    def one(
        self, batch: Batch, row: CustomerRow, keys: dict[Key, NormalIdentity], held: set[UUID], present: _Present
    ) -> RowResult:
        try:
            if len(held) > 1:
                raise DuplicateFound(
                    "The identities belong to different customers; merge these first.", path=("identities",)
                )
            if row.fields.get("owner_id") and row.fields["owner_id"] not in self.house.owners:
                raise customers.unknown_owner()
            if not held:
                return self.create(batch, row, list(keys.values()))
            customer = present.customers[held.pop()]
            fresh = [each for key, each in keys.items() if key not in present.keys[customer.id]]
            return self.change(batch, row, customer, fresh, present.keys[customer.id])
        except CrmError as problem:
            return refused(problem)

    def create(self, batch: Batch, row: CustomerRow, entries: list[NormalIdentity]) -> RowResult:
        customer = customers.draft(row.fields, row.match, self.house.known, self.now)
        customer.search_text = customers.searched(customer, [each.normalized for each in entries], self.house.known)
        batch.create(customer, EventType.CUSTOMER_CREATED)
        self.attach(batch, customer, entries)
        if self.house.entry:
            self.enter(batch, customer, self.house.entry)
        return RowResult(Outcome.CREATED, customer.id)

    def change(
        self, batch: Batch, row: CustomerRow, customer: Customer, fresh: list[NormalIdentity], held: list[Key]
    ) -> RowResult:
        before = audit.state(customer)
        customers.revise(customer, row.fields, self.house.known, self.now)
        changes = audit.difference(before, audit.state(customer))
        if not changes and not fresh:
            return RowResult(Outcome.UNCHANGED, customer.id)
        normalized = [key[2] for key in held] + [each.normalized for each in fresh]
        customer.search_text = customers.searched(customer, normalized, self.house.known)
        batch.update(customer, EventType.CUSTOMER_UPDATED, changes)
        self.attach(batch, customer, fresh)
        return RowResult(Outcome.UPDATED, customer.id)

    def attach(self, batch: Batch, customer: Customer, entries: list[NormalIdentity]) -> None:
        for each in entries:
            identity = fresh(
                Identity,
                customer_id=customer.id,
                kind=each.kind,
                source=each.source,
                value=each.value,
                normalized=each.normalized,
                is_primary=each.primary,
            )
            batch.create(identity, EventType.IDENTITY_ADDED)

    def enter(self, batch: Batch, customer: Customer, stage: Stage) -> None:
        at, cause = customer.acquired_at or self.now, TransitionCause.IMPORT
        position = fresh(
            StagePosition, customer_id=customer.id, lifecycle_id=stage.lifecycle_id, stage_id=stage.id, entered_at=at
        )
        move = positions.transition_of(self.actor, position, None, stage, at, cause, None, None)
        batch.keep(position)
        batch.keep(move)
        batch.note(EventType.STAGE_MOVED, move, *positions.trail_of(None, stage, cause, None))


@dataclass(frozen=True)
class _Present:
    """The customers that are there already, locked, and the identities that each holds."""

    customers: dict[UUID, Customer]
    keys: dict[UUID, list[Key]]

    @classmethod
    async def load(cls, ids: set[UUID]) -> _Present:
        if not ids:
            return cls({}, {})
        found = await Customer.filter(id__in=ids).order_by("id").select_for_update()
        keys: dict[UUID, list[Key]] = {customer.id: [] for customer in found}
        for identity in await Identity.filter(customer_id__in=ids).order_by("id"):
            keys[identity.customer_id].append((identity.kind.value, identity.source, identity.normalized))
        return cls({customer.id: customer for customer in found}, keys)


def normal_forms(row: CustomerRow) -> list[NormalIdentity]:
    """The row's identities in normal form. Raises ValidationFailed, naming the position of the one that is wrong."""
    found = []
    for position, entry in enumerate(row.match):
        try:
            found.append(identities.normal(entry, country=row.fields.get("country")))
        except ValidationFailed as problem:
            raise problem.under("identities", str(position)) from None
    return found


def key_of(identity: NormalIdentity) -> Key:
    return identity.kind.value, identity.source, identity.normalized


_HOLDERS = """
SELECT i.kind, i.source, i.normalized, i.customer_id
FROM unnest($1::text[], $2::text[], $3::text[]) AS wanted(kind, source, normalized)
JOIN identity i USING (kind, source, normalized)
"""


async def holders_of(keys: set[Key]) -> dict[Key, UUID]:
    """Who holds which of these identities."""
    if not keys:
        return {}
    columns = (list(column) for column in zip(*keys, strict=True))
    rows = await fetch(_HOLDERS, *columns)
    return {(row["kind"], row["source"], row["normalized"]): row["customer_id"] for row in rows}

"""Use cases of an interaction: log, correct, delete."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypedDict
from uuid import UUID

from crm import changes, codes, followups, idempotency, money, text
from crm.access import Actor, Scope, need
from crm.audit import state
from crm.database import transaction
from crm.errors import CrmError, DuplicateFound, ValidationFailed
from crm.events import EventType
from crm.followups import FollowUpFields
from crm.visibility import need_visible
from models import Channel, Direction, Interaction, InteractionKind, RatingKind, Sentiment, StaffMember

CLOCK_TOLERANCE = timedelta(hours=1)
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
# NPS asks for 0 to 10, CSAT for 1 to 5, CES for 1 to 7.
RATING_RANGES = {RatingKind.NPS: (0, 10), RatingKind.CSAT: (1, 5), RatingKind.CES: (1, 7)}


class InteractionFields(TypedDict, total=False):
    """What can be said of an interaction; a key that is absent is left as it is."""

    channel: Channel
    direction: Direction
    kind: InteractionKind
    staff_id: UUID | None
    occurred_at: datetime
    subject: str
    body: str
    outcome: str | None
    sentiment: Sentiment | None
    rating_kind: RatingKind | None
    rating: int | None
    attribute_ratings: dict[str, int] | None
    duration_seconds: int | None
    cost: Decimal | None
    cost_currency: str | None
    answer_due_at: datetime | None
    answered_at: datetime | None
    source: str | None
    reference: str | None


_READERS: dict[str, Callable[[Any], Any]] = {
    "channel": Channel,
    "direction": Direction,
    "kind": InteractionKind,
    "subject": lambda value: text.clean(value, field="subject", limit=200),
    "body": lambda value: text.clean(value, field="body", limit=20_000, multiline=True),
    "outcome": lambda value: text.optional(value, field="outcome", limit=200),
    "sentiment": lambda value: value and Sentiment(value),
    "rating_kind": lambda value: value and RatingKind(value),
    "attribute_ratings": lambda value: _attributes(value) if value else None,
    "cost": lambda value: None if value is None else money.amount(value, field="cost"),
    "cost_currency": lambda value: value and codes.currency(value, field="costCurrency"),
    "source": lambda value: text.optional(value, field="source", limit=80),
    "reference": lambda value: text.optional(value, field="reference", limit=200),
}


_ATTRIBUTE = re.compile(r"[^\W\d_][\w -]{0,39}")
MAX_ATTRIBUTES = 40


def _attributes(given: Any) -> dict[str, int]:
    """Ratings of single things, from 1 to 10. Raises ValidationFailed."""
    if not isinstance(given, dict) or len(given) > MAX_ATTRIBUTES:
        raise ValidationFailed(f"attributeRatings names at most {MAX_ATTRIBUTES} things.", path=("attributeRatings",))
    for name, rating in given.items():
        if not _ATTRIBUTE.fullmatch(name):
            raise ValidationFailed(
                f"'{name[:60]}' cannot name what is rated: letters, digits, spaces, - and _, at most 40.",
                path=("attributeRatings", name[:60]),
            )
        if not isinstance(rating, int) or isinstance(rating, bool) or not 1 <= rating <= 10:
            raise ValidationFailed(
                f"The rating of '{name}' is a whole number from 1 to 10.", path=("attributeRatings", name)
            )
    return dict(given)


async def log(
    actor: Actor,
    customer_id: UUID,
    *,
    fields: InteractionFields,
    now: datetime,
    follow_up: FollowUpFields | None = None,
    idempotency_key: str | None = None,
) -> Interaction:
    """Log a touchpoint, and what is to follow it: both or neither.

    Raises NotFound, Blocked (a follow-up for an archived customer), ValidationFailed, IdempotencyConflict, Forbidden.
    """
    need(actor, Scope.INTERACTION_WRITE)

    async def work() -> UUID:
        interaction = Interaction(customer_id=customer_id, occurred_at=now)
        await _apply(interaction, fields, now)
        await changes.create(actor, interaction, EventType.INTERACTION_LOGGED)
        if follow_up is not None:
            await _promise(actor, interaction, follow_up, now)
        return interaction.id

    async with transaction():
        await need_visible(actor, customer_id)
        values = {"customer": customer_id, "fields": dict(fields)}
        if follow_up is not None:
            values["follow_up"] = dict(follow_up)
        key = await idempotency.once(actor, idempotency_key, "interactionLog", values, work)
        return await changes.get(Interaction, key)


async def _promise(actor: Actor, interaction: Interaction, fields: FollowUpFields, now: datetime) -> None:
    about = fields.get("subject") or interaction.subject
    promised: FollowUpFields = {**fields, "subject": about}
    try:
        await followups.create(actor, interaction.customer_id, **promised, now=now, interaction_id=interaction.id)
    except CrmError as problem:
        problem.path = ("followUp", *problem.path)
        raise


async def correct(
    actor: Actor,
    interaction_id: UUID,
    *,
    expected_version: int | None,
    fields: InteractionFields,
    now: datetime,
) -> Interaction:
    """Correct a touchpoint; what it said before stays in the audit trail."""
    need(actor, Scope.INTERACTION_WRITE)
    async with transaction():
        interaction = await changes.load(Interaction, interaction_id, expected_version=expected_version)
        await need_visible(actor, interaction.customer_id, path=("id",))
        before = state(interaction)
        await _apply(interaction, fields, now)
        await changes.save(actor, interaction, before, EventType.INTERACTION_CORRECTED)
        return interaction


async def delete(actor: Actor, interaction_id: UUID, *, expected_version: int | None) -> None:
    """Delete a touchpoint that was logged by mistake."""
    need(actor, Scope.INTERACTION_WRITE)
    async with transaction():
        interaction = await changes.load(Interaction, interaction_id, expected_version=expected_version)
        await need_visible(actor, interaction.customer_id, path=("id",))
        await changes.delete(actor, interaction, EventType.INTERACTION_DELETED)


def draft(customer_id: UUID, fields: InteractionFields, now: datetime) -> Interaction:
    """A touchpoint, not saved yet; whether its staff member exists is not asked. Raises ValidationFailed."""
    interaction = Interaction(customer_id=customer_id, occurred_at=now)
    _say(interaction, fields, now)
    return interaction


async def _apply(interaction: Interaction, fields: InteractionFields, now: datetime) -> None:
    _say(interaction, fields, now)
    if interaction.staff_id and not await StaffMember.exists(id=interaction.staff_id):
        raise ValidationFailed("staffId names no staff member.", path=("staffId",))
    await _refuse_known(interaction)


def _say(interaction: Interaction, fields: InteractionFields, now: datetime) -> None:
    for name, value in fields.items():
        setattr(interaction, name, _READERS.get(name, lambda same: same)(value))
    for name in ("channel", "direction", "kind"):
        if getattr(interaction, name) is None:
            raise ValidationFailed(f"An interaction needs a {name}.", path=(name,))
    if interaction.reference is not None:
        interaction.source = interaction.source or "api"
    _check_times(interaction, now)
    _check_numbers(interaction)


async def _refuse_known(interaction: Interaction) -> None:
    if interaction.reference is None:
        return
    named = Interaction.filter(
        customer_id=interaction.customer_id, source=interaction.source, reference=interaction.reference
    )
    if await named.exclude(id=interaction.id).exists():
        raise DuplicateFound(
            f"The customer has an interaction '{interaction.reference}' of '{interaction.source}' already.",
            path=("reference",),
        )


def _check_times(interaction: Interaction, now: datetime) -> None:
    at = interaction.occurred_at
    if at.tzinfo is None or not EARLIEST <= at <= now + CLOCK_TOLERANCE:
        raise ValidationFailed(
            f"occurredAt {at.isoformat()} must be a past time with its zone, such as 2026-03-21T09:30:00Z.",
            path=("occurredAt",),
        )
    if interaction.answered_at and interaction.answered_at < at:
        raise ValidationFailed("answeredAt lies before occurredAt.", path=("answeredAt",))


def _check_numbers(interaction: Interaction) -> None:
    if (interaction.rating is None) != (interaction.rating_kind is None):
        raise ValidationFailed("rating and ratingKind go together: send both, or neither.", path=("rating",))
    if interaction.rating is not None and interaction.rating_kind is not None:
        low, high = RATING_RANGES[interaction.rating_kind]
        if not low <= interaction.rating <= high:
            raise ValidationFailed(
                f"rating {interaction.rating} does not fit {interaction.rating_kind}, which goes from {low} to {high}.",
                path=("rating",),
            )
    if interaction.duration_seconds is not None and not 0 <= interaction.duration_seconds <= 10**8:
        raise ValidationFailed("durationSeconds must lie between 0 and 10^8.", path=("durationSeconds",))
    if interaction.cost is not None and not interaction.cost_currency:
        raise ValidationFailed("cost needs its costCurrency.", path=("costCurrency",))

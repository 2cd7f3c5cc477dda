"""Use cases of a webhook endpoint: made, changed, given a new secret, switched off, archived."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypedDict
from uuid import UUID

from crm import changes, idempotency, text
from crm.access import Actor, Scope, need
from crm.audit import difference, state
from crm.database import transaction
from crm.errors import Blocked, Forbidden, ValidationFailed
from crm.events import EventType
from crm.segments.ruling import Rule, accept
from crm.tail import Tail
from crm.webhooks import addresses, choosing, payload
from crm.webhooks.house import house
from crm.webhooks.secret import mark, new_salt, secret
from models import DisabledReason, WebhookEndpoint

FOLLOWER = "webhooks"
"""Whose place in the events is that of all endpoints."""
OVERLAP = timedelta(days=1)
LONGEST_OVERLAP = timedelta(days=7)


class EndpointFields(TypedDict, total=False):
    """What can be said of an endpoint; a key that is absent is left as it is."""

    name: str
    url: str
    event_types: list[str]
    rule: Rule | None
    personal_data: bool
    enabled: bool


@dataclass(frozen=True)
class Minted:
    """An endpoint and, the only time it can be seen, its secret; none when a repeated request finds what it made."""

    endpoint: WebhookEndpoint
    secret: str | None = field(repr=False)


async def create(actor: Actor, *, fields: EndpointFields, now: datetime, idempotency_key: str | None = None) -> Minted:
    """Have an address told of what happens from now on.

    It hears of no other customers than its maker sees, and of identities in clear only with `personal_data`, which
    needs pii:read. Raises ValidationFailed, RuleInvalid, Forbidden (naming the scope), IdempotencyConflict.
    """
    need(actor, Scope.WEBHOOK_WRITE, Scope.EVENT_READ)
    made: list[Minted] = []

    async def work() -> UUID:
        endpoint = WebhookEndpoint(
            row_filter=actor.row_filter,
            api_version=payload.VERSION,
            actor_kind=actor.kind.value,
            actor_id=actor.id,
            actor_label=actor.label,
        )
        shown = _renew(endpoint)
        await _say(actor, endpoint, {"name": "", "url": "", "event_types": [], **fields}, now)
        told = {"name": endpoint.name, "eventTypes": endpoint.event_types}
        await changes.create(actor, endpoint, EventType.WEBHOOK_CREATED, data=told)
        await Tail(FOLLOWER, "").begin()  # what happens before anybody follows the events is told as well
        made.append(Minted(endpoint, shown))
        return endpoint.id

    async with transaction():
        key = await idempotency.once(actor, idempotency_key, "webhookEndpointCreate", dict(fields), work)
        return made[0] if made else Minted(await changes.get(WebhookEndpoint, key), None)


async def update(
    actor: Actor, endpoint_id: UUID, *, expected_version: int | None, fields: EndpointFields, now: datetime
) -> WebhookEndpoint:
    """Change an endpoint. Switched on again, it hears of what waited meanwhile.

    Raises NotFound, VersionConflict, Blocked (archived), ValidationFailed, RuleInvalid, Forbidden.
    """
    async with transaction():
        endpoint = await load(actor, endpoint_id, expected_version)
        before = state(endpoint)
        await _say(actor, endpoint, fields, now)
        # Addresses often carry a key of the other side: those who may read events learn that it changed, not to what.
        told = {"name": endpoint.name, "fields": sorted(difference(before, state(endpoint))), "changes": {}}
        await changes.save(actor, endpoint, before, EventType.WEBHOOK_UPDATED, data=told)
        return endpoint


async def rotate_secret(
    actor: Actor, endpoint_id: UUID, *, expected_version: int | None, now: datetime, overlap: timedelta = OVERLAP
) -> Minted:
    """Give an endpoint a new secret; the one before signs as well for `overlap` more (0 to 7 days).

    Raises NotFound, VersionConflict, Blocked (archived), ValidationFailed, Forbidden.
    """
    if not timedelta() <= overlap <= LONGEST_OVERLAP:
        raise ValidationFailed("The secret before can sign along for 0 to 168 hours.", path=("overlapHours",))
    async with transaction():
        endpoint = await load(actor, endpoint_id, expected_version)
        before = state(endpoint)
        old, until = (endpoint.secret_salt, now + overlap) if overlap else (None, None)
        shown = _renew(endpoint)
        endpoint.previous_salt, endpoint.previous_until = old, until
        told = {"name": endpoint.name, "changes": {}}
        await changes.save(actor, endpoint, before, EventType.WEBHOOK_ROTATED, data=told)
        return Minted(endpoint, shown)


async def archive(actor: Actor, endpoint_id: UUID, *, expected_version: int | None, now: datetime) -> WebhookEndpoint:
    """Tell an endpoint nothing more, for good; what became of its deliveries can still be read.

    Doing it twice changes nothing. Raises NotFound, VersionConflict, Forbidden.
    """
    need(actor, Scope.WEBHOOK_WRITE, Scope.EVENT_READ)
    async with transaction():
        endpoint = await changes.load(WebhookEndpoint, endpoint_id, expected_version=expected_version)
        _need_as_much(actor, endpoint)
        before = state(endpoint)
        endpoint.archived_at = endpoint.archived_at or now
        await changes.save(actor, endpoint, before, EventType.WEBHOOK_ARCHIVED, data={"name": endpoint.name})
        return endpoint


async def switch_off(actor: Actor, endpoint_id: UUID, reason: DisabledReason, *, now: datetime) -> bool:
    """Tell an endpoint nothing for now, because of what it or its rule did; False when it was off already."""
    need(actor, Scope.WEBHOOK_WRITE)
    async with transaction():
        endpoint = await changes.load(WebhookEndpoint, endpoint_id, expected_version=None)
        if not endpoint.enabled:
            return False
        before = state(endpoint)
        _switch(endpoint, False, reason, now)
        told = {"name": endpoint.name, "reason": reason.value}
        return await changes.save(actor, endpoint, before, EventType.WEBHOOK_DISABLED, data=told)


async def load(actor: Actor, endpoint_id: UUID, expected_version: int | None) -> WebhookEndpoint:
    """An endpoint in use, locked, for somebody who may change it."""
    need(actor, Scope.WEBHOOK_WRITE, Scope.EVENT_READ)
    endpoint = await changes.load(WebhookEndpoint, endpoint_id, expected_version=expected_version)
    _need_as_much(actor, endpoint)
    if endpoint.archived_at:
        raise Blocked("This webhook is archived; create a new one instead.", path=("id",))
    return endpoint


def _need_as_much(actor: Actor, endpoint: WebhookEndpoint) -> None:
    """Nobody leads to another address what he may not read himself."""
    if endpoint.personal_data:
        need(actor, Scope.PII_READ)
    if actor.row_filter is not None and endpoint.row_filter != actor.row_filter:
        raise Forbidden("This webhook hears of customers whom you cannot see.", path=("id",))


async def _say(actor: Actor, endpoint: WebhookEndpoint, fields: EndpointFields, now: datetime) -> None:
    if "name" in fields:
        endpoint.name = text.required(fields["name"], field="name", limit=120)
    if "url" in fields:
        endpoint.url = addresses.accepted(fields["url"], private=house().private)
    if "event_types" in fields:
        endpoint.event_types = choosing.accepted(fields["event_types"])
    if "rule" in fields:
        await _rule(actor, endpoint, fields["rule"], now)
    if "personal_data" in fields:
        if fields["personal_data"]:
            need(actor, Scope.PII_READ)
        endpoint.personal_data = fields["personal_data"]
    if "enabled" in fields and fields["enabled"] != endpoint.enabled:
        _switch(endpoint, fields["enabled"], DisabledReason.BY_HAND, now)


async def _rule(actor: Actor, endpoint: WebhookEndpoint, rule: Rule | None, now: datetime) -> None:
    taken = await accept(actor, rule, key=None, now=now) if rule else None
    said: Any = (taken.stored, taken.text) if taken else (None, None)
    endpoint.rule, endpoint.rule_text = said


def _switch(endpoint: WebhookEndpoint, on: bool, reason: DisabledReason, now: datetime) -> None:
    given: Any = (None, None) if on else (now, reason)
    endpoint.enabled = on
    endpoint.disabled_at, endpoint.disabled_reason = given
    if on:
        endpoint.failing_since = None


def _renew(endpoint: WebhookEndpoint) -> str:
    """Give the endpoint a new salt; the secret that follows from it."""
    endpoint.secret_salt = new_salt()
    made = secret(house().key, endpoint.secret_salt)
    endpoint.secret_mark = mark(made)
    return made

"""What an endpoint is told: the event as GraphQL tells it, signed by the rules of Standard Webhooks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from standardwebhooks import Webhook

from crm.access import Actor, ActorKind, Scope
from crm.ids import PREFIXES, encode
from crm.visibility import shown_data
from crm.webhooks.secret import mark, secret

VERSION = "2026-11-22"
"""The shape of bodies; endpoints keep the one that they were made with."""
LARGEST = 20_000
"""Bytes of a body; of an event that tells more, the endpoint reads the rest by its id."""
AGENT = "Arzesh-Webhooks/1"
_ACTOR_PREFIX = {ActorKind.STAFF: "stf", ActorKind.TOKEN: "tok"}


class KeyChanged(Exception):
    """The server's key is not the one that the secret was made with; the endpoint's secret has to be replaced."""


@dataclass(frozen=True, slots=True)
class Told:
    """An event, as far as endpoints are told of it."""

    id: UUID
    type: str
    noun: str
    noun_id: UUID
    customer_id: UUID | None
    actor_kind: str
    actor_id: UUID | None
    actor_label: str
    data: dict[str, Any]
    position: int
    request_id: str | None
    created_at: datetime


def reader(*, personal_data: bool) -> Actor:
    """Who reads events on an endpoint's behalf."""
    scopes = frozenset({Scope.EVENT_READ, *((Scope.PII_READ,) if personal_data else ())})
    return Actor(ActorKind.SYSTEM, None, "webhooks", scopes)


def body(told: Told, *, personal_data: bool, version: str) -> bytes:
    """The JSON of an event; values of identities are masked unless the endpoint may have personal data."""
    prefix = PREFIXES.get(told.noun, "")
    actor = _ACTOR_PREFIX.get(ActorKind(told.actor_kind))
    data: dict[str, Any] = {
        "position": told.position,
        "noun": told.noun,
        "subjectId": encode(prefix, told.noun_id) if prefix else str(told.noun_id),
        "customerId": encode("cus", told.customer_id) if told.customer_id else None,
        "actor": {
            "kind": told.actor_kind,
            "id": encode(actor, told.actor_id) if actor and told.actor_id else None,
            "label": told.actor_label,
        },
        "requestId": told.request_id,
        "details": shown_data(reader(personal_data=personal_data), told.noun, told.data),
        "truncated": False,
    }
    whole = {"id": encode("evt", told.id), "type": told.type, "timestamp": _instant(told.created_at)}
    written = orjson.dumps({**whole, "apiVersion": version, "data": data})
    if len(written) <= LARGEST:
        return written
    return orjson.dumps({**whole, "apiVersion": version, "data": {**data, "details": None, "truncated": True}})


def _instant(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def headers(written: bytes, event_id: UUID, secrets: list[str], *, now: datetime) -> dict[str, str]:
    """The headers of Standard Webhooks: the event's id, the second of this attempt, a signature by each secret."""
    message, text = encode("evt", event_id), written.decode()
    return {
        "content-type": "application/json",
        "user-agent": AGENT,
        "webhook-id": message,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(Webhook(each).sign(message, now, text) for each in secrets),
    }


def signing(
    key: bytes, salt: str, known: str, previous: str | None, previous_until: datetime | None, *, now: datetime
) -> list[str]:
    """The secrets that sign now: the endpoint's, and for a while the one before. Raises KeyChanged."""
    current = secret(key, salt)
    if mark(current) != known:
        raise KeyChanged
    return [current, *([secret(key, previous)] if previous and previous_until and previous_until > now else [])]

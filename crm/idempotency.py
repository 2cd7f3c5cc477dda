"""Requests that are repeated are carried out once."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import orjson

from crm.access import Actor
from crm.audit import plain
from crm.database import fetch
from crm.errors import IdempotencyConflict, ValidationFailed
from models.base import new_id

MAX_KEY = 255
FIELD = "idempotencyKey"

# A second request with the same key waits here until the first has ended, then finds its row.
_CLAIM = """
INSERT INTO idempotency_key (id, created_at, updated_at, actor_key, key, fingerprint)
VALUES ($1, now(), now(), $2, $3, $4)
ON CONFLICT (actor_key, key) DO NOTHING
RETURNING id
"""
_FOUND = "SELECT fingerprint, noun_id FROM idempotency_key WHERE actor_key = $1 AND key = $2"
_DONE = "UPDATE idempotency_key SET noun_id = $2, updated_at = now() WHERE id = $1 RETURNING id"


def fingerprint(operation: str, values: dict[str, Any]) -> str:
    """What tells one request from another: SHA-256 over the operation and its input."""
    body = orjson.dumps([operation, plain(values)], option=orjson.OPT_SORT_KEYS, default=str)
    return hashlib.sha256(body).hexdigest()


async def once(
    actor: Actor,
    key: str | None,
    operation: str,
    values: dict[str, Any],
    work: Callable[[], Awaitable[UUID]],
) -> UUID:
    """Do `work` unless this actor did it before under the same key; the id of what it made, either way.

    Call it inside the transaction of the work: the key's row and the work are kept or lost together, so a failed
    request leaves its key free. Raises IdempotencyConflict when the key was used with other input.
    """
    if key is None:
        return await work()
    if not key.isprintable():
        raise ValidationFailed("The idempotency key holds control characters; use printable ones.", path=(FIELD,))
    if not key or len(key) > MAX_KEY:
        raise ValidationFailed(f"The idempotency key has {len(key)} characters; use 1 to {MAX_KEY}.", path=(FIELD,))
    mark = fingerprint(operation, values)
    actor_key = str(actor.id or actor.label)[:60]
    claimed = await fetch(_CLAIM, new_id(), actor_key, key, mark)
    if not claimed:
        return await _replayed(actor_key, key, mark)
    made = await work()
    await fetch(_DONE, claimed[0]["id"], made)
    return made


async def _replayed(actor_key: str, key: str, mark: str) -> UUID:
    found = (await fetch(_FOUND, actor_key, key))[0]
    if found["fingerprint"] != mark:
        raise IdempotencyConflict(path=(FIELD,))
    made: UUID = found["noun_id"]
    return made

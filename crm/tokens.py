"""Use cases of an API token: made, listed, rotated, revoked, recognised."""

from __future__ import annotations

import re
import secrets
import zlib
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from crm import changes, idempotency, text
from crm.access import Actor, ActorKind, Scope, need, parse_scopes
from crm.audit import state
from crm.credentials import BASE62, Pick, digest, generation, random_text
from crm.database import execute, fetch_read, retrying, transaction
from crm.errors import Forbidden, Unauthenticated, ValidationFailed
from crm.events import EventType
from crm.rules.predicate import predicate
from models import ApiToken

PREFIX = "arz_"
RANDOM_LENGTH = 30
CHECK_LENGTH = 6
FORM = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{RANDOM_LENGTH + CHECK_LENGTH}}}")

DEFAULT_LIFE = timedelta(days=90)
LONGEST_LIFE = timedelta(days=365)
OVERLAP = timedelta(days=1)
"""How long the old secret of a rotated token still works."""
USE_NOTED_EVERY = timedelta(minutes=1)

KNOWN_SCOPES = {scope.value: scope for scope in Scope}


@dataclass(frozen=True)
class Minted:
    """A token and, the only time it can be seen, its secret; none when a repeated request finds what it made."""

    token: ApiToken
    secret: str | None = field(repr=False)


def mint(pick: Pick = secrets.choice) -> str:
    """A new secret: `arz_`, 30 random characters (178 bits) and their checksum."""
    body = PREFIX + random_text(RANDOM_LENGTH, pick)
    return body + checksum(body)


def checksum(body: str) -> str:
    """CRC-32 as six base62 characters, by which a typing error is seen without asking the database."""
    rest, found = zlib.crc32(body.encode()), ""
    for _ in range(CHECK_LENGTH):
        rest, digit = divmod(rest, len(BASE62))
        found = BASE62[digit] + found
    return found


def well_formed(secret: str) -> bool:
    return bool(FORM.fullmatch(secret)) and checksum(secret[:-CHECK_LENGTH]) == secret[-CHECK_LENGTH:]


async def create(
    actor: Actor,
    *,
    name: str,
    scopes: Collection[str],
    now: datetime,
    expires_at: datetime | None = None,
    row_filter: dict[str, Any] | None = None,
    idempotency_key: str | None = None,
) -> Minted:
    """Make a token that may do no more, and see no more customers, than its maker.

    It ends after 90 days unless said otherwise, and after a year at the latest. Raises ValidationFailed, Forbidden
    (naming the scope that the maker lacks), IdempotencyConflict.
    """
    need(actor, Scope.TOKEN_MANAGE)
    granted = _granted(actor, scopes)
    ends = _end(expires_at, now)
    seen = await _narrowed(actor, row_filter)
    secret = mint()
    made: list[ApiToken] = []

    async def work() -> UUID:
        label = text.required(name, field="name", limit=120)
        token = ApiToken(name=label, scopes=granted, row_filter=seen, expires_at=ends)
        made.append(await _insert(actor, secret, token))
        return token.id

    async with transaction():
        values = {"name": name, "scopes": granted, "expiresAt": expires_at, "rowFilter": row_filter}
        key = await idempotency.once(actor, idempotency_key, "tokenCreate", values, work)
        return Minted(made[0], secret) if made else Minted(await changes.get(ApiToken, key), None)


async def _insert(actor: Actor, secret: str, token: ApiToken) -> ApiToken:
    token.token_hash = digest(secret)
    token.last_four = secret[-4:]
    token.created_by_id = actor.id if actor.kind is ActorKind.STAFF else None
    return await changes.create(actor, token, EventType.TOKEN_CREATED, data={"name": token.name})


async def rotate(
    actor: Actor,
    token_id: UUID,
    *,
    expected_version: int | None,
    now: datetime,
    overlap: timedelta = OVERLAP,
    expires_at: datetime | None = None,
) -> Minted:
    """Replace a token by one with a new secret; the old one works for `overlap` more (0 to 7 days).

    Raises NotFound, VersionConflict, ValidationFailed, and Forbidden when the token may do more than the actor.
    """
    need(actor, Scope.TOKEN_MANAGE)
    if not timedelta() <= overlap <= timedelta(days=7):
        raise ValidationFailed("The old secret can work for 0 to 7 days more.", path=("overlap",))
    async with transaction():
        old = await changes.load(ApiToken, token_id, expected_version=expected_version)
        if old.revoked_at or old.expires_at <= now:
            raise ValidationFailed("This token works no more; create a new one instead.", path=("id",))
        granted, seen = _granted(actor, old.scopes), await _narrowed(actor, old.row_filter)
        secret, ends = mint(), _end(expires_at, now)
        new = await _insert(actor, secret, ApiToken(name=old.name, scopes=granted, row_filter=seen, expires_at=ends))
        before = state(old)
        old.expires_at = min(old.expires_at, now + overlap)
        await changes.save(actor, old, before, EventType.TOKEN_ROTATED, data={"successor": str(new.id)})
    generation.grow()
    return Minted(new, secret)


async def revoke(actor: Actor, token_id: UUID, *, now: datetime, expected_version: int | None = None) -> ApiToken:
    """End a token at once: the next request with it is refused. Doing it twice changes nothing.

    Other processes of the server learn of it within two seconds. Raises NotFound, VersionConflict, Forbidden.
    """
    need(actor, Scope.TOKEN_MANAGE)
    async with transaction():
        token = await changes.load(ApiToken, token_id, expected_version=expected_version)
        if token.revoked_at is None:
            before = state(token)
            token.revoked_at = now
            await changes.save(actor, token, before, EventType.TOKEN_REVOKED, data={"name": token.name})
    generation.grow()
    return token


async def all_tokens(actor: Actor) -> list[ApiToken]:
    """Every token, the newest first; their secrets are nowhere to be had."""
    need(actor, Scope.TOKEN_MANAGE)
    return await ApiToken.all().order_by("-created_at", "-id")


def _granted(actor: Actor, scopes: Collection[str]) -> list[str]:
    wanted = parse_scopes(list(scopes))
    if not wanted:
        raise ValidationFailed("A token without scopes can do nothing; name at least one.", path=("scopes",))
    for scope in sorted(wanted - actor.scopes):
        raise Forbidden(
            f"You cannot grant the scope '{scope.value}', which you do not have yourself.",
            missing_scope=scope.value,
            path=("scopes",),
        )
    return sorted(scope.value for scope in wanted)


def _end(expires_at: datetime | None, now: datetime) -> datetime:
    if expires_at is None:
        return now + DEFAULT_LIFE
    if expires_at.tzinfo is None or not now < expires_at <= now + LONGEST_LIFE:
        latest = (now + LONGEST_LIFE).date()
        raise ValidationFailed(
            f"expiresAt is '{expires_at.isoformat()}': it must lie in the future and at most a year ahead ({latest}).",
            path=("expiresAt",),
        )
    return expires_at


async def _narrowed(actor: Actor, row_filter: dict[str, Any] | None) -> dict[str, Any] | None:
    """The filter, checked, and inside what the actor sees."""
    if row_filter is not None:
        await predicate(row_filter, alias="c", first_parameter=1)
    filters = [each for each in (actor.row_filter, row_filter) if each is not None]
    if len(filters) == 2 and filters[0] != filters[1]:
        return {"AND": filters}
    return filters[0] if filters else None


_FOUND = """
SELECT id, name, scopes, row_filter, expires_at, revoked_at, last_used_at FROM api_token WHERE token_hash = $1
"""
_USED = """
UPDATE api_token SET last_used_at = $2, last_used_address = $3
WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)
"""


async def authenticate(secret: str, *, now: datetime, address: str | None = None) -> Actor:
    """Who sends this secret. Its use is noted once a minute. Raises Unauthenticated, saying what is wrong."""
    if not well_formed(secret):
        raise Unauthenticated("This is not an API token, or not a complete one; check that all of it was copied.")
    rows = await fetch_read(_FOUND, digest(secret))
    if not rows:
        raise Unauthenticated("This API token is not known here; create one with the scopes you need.")
    found = rows[0]
    if found["revoked_at"]:
        raise Unauthenticated("This API token was revoked; ask for a new one.")
    if found["expires_at"] <= now:
        raise Unauthenticated(f"This API token expired on {found['expires_at'].date()}; ask for a new one.")
    if found["last_used_at"] is None or found["last_used_at"] < now - USE_NOTED_EVERY:
        await retrying(lambda: execute(_USED, found["id"], now, (address or "")[:64] or None), idempotent=True)
    return Actor(
        kind=ActorKind.TOKEN,
        id=found["id"],
        label=found["name"],
        scopes=frozenset(KNOWN_SCOPES[name] for name in found["scopes"] if name in KNOWN_SCOPES),
        row_filter=orjson.loads(found["row_filter"]) if found["row_filter"] else None,
    )

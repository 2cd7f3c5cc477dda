"""Signed-in browsers of the back office: the server remembers them, the cookie holds only a random key."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from crm import audit, passwords, throttle
from crm.access import Actor, ActorKind, Scope, need
from crm.changes import get, missing
from crm.credentials import digest, generation, random_text
from crm.database import execute, fetch, fetch_read, retrying, transaction
from crm.errors import Forbidden, Unauthenticated
from crm.tokens import KNOWN_SCOPES
from models import StaffMember, StaffSession

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
SEEN_NOTED_EVERY = timedelta(minutes=1)
SECRET_LENGTH = 43  # 256 bits


@dataclass(frozen=True)
class SignedIn:
    """A new session and the secret for its cookie."""

    actor: Actor
    session: StaffSession
    secret: str = field(repr=False)


def cookie_name(secure: bool) -> str:
    """The cookie's name; with `__Host-` browsers insist on HTTPS, this host alone and the whole site."""
    return "__Host-arzesh" if secure else "arzesh_session"


async def sign_in(email: str, password: str, *, address: str, user_agent: str, now: datetime) -> SignedIn:
    """Open a session, always a new one.

    Raises Throttled after many failures, and Unauthenticated, which does not tell whether the account exists: an
    unknown one, one without a password and one that was deactivated take as long as a wrong password.
    """
    account = _storable(email.strip().lower()[:254])
    await throttle.admit(account, address[:64], now=now)
    staff = await StaffMember.get_or_none(email=account, active=True).select_related("role")
    if not await passwords.matches(password, staff.password_hash if staff else None) or staff is None:
        raise Unauthenticated("The e-mail address or the password is wrong.")
    await throttle.forgive(account, now=now)
    if passwords.outdated(staff.password_hash or ""):
        await StaffMember.filter(id=staff.id).update(password_hash=await passwords.hash_password(password))
    return await _open(staff, address, user_agent, now)


def _storable(text: str) -> str:
    """Foreign text without what PostgreSQL cannot hold: NUL and halves of pairs."""
    return text.encode(errors="replace").decode().replace("\x00", "?")


async def _open(staff: StaffMember, address: str, user_agent: str, now: datetime) -> SignedIn:
    secret = random_text(SECRET_LENGTH)
    async with transaction():
        session = await StaffSession.create(
            staff_id=staff.id,
            token_hash=digest(secret),
            address=address[:64],
            user_agent=_storable(user_agent[:300]),
            last_seen_at=now,
            expires_at=now + ABSOLUTE,
        )
        await StaffMember.filter(id=staff.id).update(last_login_at=now)
        actor = _actor(staff.id, staff.name, staff.role.scopes)
        await audit.record(actor, "session.opened", "staff_session", session.id, changes={"address": [None, address]})
    return SignedIn(actor, session, secret)


_FOUND = """
SELECT s.id, s.last_seen_at, m.id AS staff_id, m.name, r.scopes
FROM staff_session s JOIN staff_member m ON m.id = s.staff_id JOIN role r ON r.id = m.role_id
WHERE s.token_hash = $1 AND s.revoked_at IS NULL AND s.expires_at > $2 AND s.last_seen_at > $3 AND m.active
"""


async def authenticate(secret: str, *, now: datetime) -> Actor:
    """Whose cookie this is. Being seen is noted once a minute. Raises Unauthenticated for an ended session."""
    rows = await fetch_read(_FOUND, digest(secret), now, now - IDLE)
    if not rows:
        raise Unauthenticated("Your session has ended; sign in again.")
    found = rows[0]
    if found["last_seen_at"] < now - SEEN_NOTED_EVERY:
        seen = "UPDATE staff_session SET last_seen_at = $2 WHERE id = $1 AND last_seen_at < $2"
        await retrying(lambda: execute(seen, found["id"], now), idempotent=True)
    return _actor(found["staff_id"], found["name"], found["scopes"])


async def confirm(actor: Actor, password: str, *, address: str, now: datetime) -> None:
    """Have a signed-in person say the password again, before something that outlives the session.

    Raises Unauthenticated for a wrong one, Throttled after many, Forbidden for an actor that is no person.
    """
    if actor.kind is not ActorKind.STAFF or actor.id is None:
        raise Forbidden("Only a signed-in staff member has a password to confirm.")
    staff = await get(StaffMember, actor.id)
    await throttle.admit(staff.email, address[:64], now=now)
    if not await passwords.matches(password, staff.password_hash):
        raise Unauthenticated("The password is wrong.", path=("confirmation",))
    await throttle.forgive(staff.email, now=now)


def _actor(staff_id: UUID, name: str, scopes: list[str]) -> Actor:
    known = frozenset(KNOWN_SCOPES[scope] for scope in scopes if scope in KNOWN_SCOPES)
    return Actor(kind=ActorKind.STAFF, id=staff_id, label=name, scopes=known)


async def sign_out(secret: str, *, now: datetime) -> None:
    """End the session of this cookie, if there is one."""
    await StaffSession.filter(token_hash=digest(secret), revoked_at=None).update(revoked_at=now)
    generation.grow()


async def open_sessions(actor: Actor, staff_id: UUID, *, now: datetime) -> list[StaffSession]:
    """The sessions of a staff member that still work, the last seen first. Others' sessions need `staff:manage`."""
    _need_own(actor, staff_id)
    running = StaffSession.filter(staff_id=staff_id, revoked_at=None, expires_at__gt=now, last_seen_at__gt=now - IDLE)
    return await running.order_by("-last_seen_at", "-id")


async def revoke(actor: Actor, session_id: UUID, *, now: datetime) -> None:
    """End one session. Raises NotFound, Forbidden."""
    found = await StaffSession.get_or_none(id=session_id)
    if found is None or not (found.staff_id == actor.id or actor.may(Scope.STAFF_MANAGE)):
        raise missing(StaffSession, session_id)
    await end_all(actor, found.staff_id, now=now, only=session_id)


async def end_all(
    actor: Actor, staff_id: UUID, *, now: datetime, only: UUID | None = None, but: str | None = None
) -> int:
    """End the sessions of a staff member, `but` for the one with this secret; how many there were."""
    _need_own(actor, staff_id)
    async with transaction():
        ended = await fetch(
            "UPDATE staff_session SET revoked_at = $2 WHERE staff_id = $1 AND revoked_at IS NULL "
            "AND ($3::uuid IS NULL OR id = $3) AND ($4::text IS NULL OR token_hash <> $4) RETURNING id",
            staff_id,
            now,
            only,
            digest(but) if but else None,
        )
        for row in ended:
            await audit.record(actor, "session.ended", "staff_session", row["id"])
    generation.grow()
    return len(ended)


def _need_own(actor: Actor, staff_id: UUID) -> None:
    if actor.kind is not ActorKind.STAFF or actor.id != staff_id:
        need(actor, Scope.STAFF_MANAGE)

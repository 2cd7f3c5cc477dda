"""Sessions of the back office: kept on the server, ended by idleness, age and revocation; guessing is slow."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from argon2 import Parameters, PasswordHasher, extract_parameters

from crm import roles, sessions, staff, throttle
from crm.access import Actor, system
from crm.credentials import digest
from crm.errors import Forbidden, NotFound, Throttled, Unauthenticated
from models import AuditEntry, LoginAttempt, StaffMember, StaffSession

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
OWNER = system("owner")
PASSWORD = "four words at random"


async def hired(email: str = "sara@example.com", role: str = "agent") -> StaffMember:
    await roles.install_built_in(OWNER)
    return await staff.create(OWNER, fields={"email": email, "name": email, "role": role}, password=PASSWORD)


async def sign_in(
    email: str = "sara@example.com", password: str = PASSWORD, *, address: str = "10.0.0.1", now: datetime = NOW
) -> sessions.SignedIn:
    return await sessions.sign_in(email, password, address=address, user_agent="Test", now=now)


async def fail(times: int, email: str = "sara@example.com", *, address: str = "10.0.0.1", now: datetime = NOW) -> None:
    for _ in range(times):
        with pytest.raises(Unauthenticated):
            await sign_in(email, "a wrong password", address=address, now=now)


async def who(secret: str, now: datetime = NOW) -> Actor:
    return await sessions.authenticate(secret, now=now)


async def test_only_the_digest_of_the_cookie_is_kept(db: str) -> None:
    await hired()
    opened = await sign_in()
    kept = await StaffSession.get(id=opened.session.id)
    assert kept.token_hash == digest(opened.secret)
    assert opened.secret not in f"{await AuditEntry.all().values()}{opened!r}"
    assert len(opened.secret) == 43


async def test_every_sign_in_opens_another_session(db: str) -> None:
    await hired()
    first, second = await sign_in(), await sign_in()
    assert first.secret != second.secret
    assert (await who(first.secret)).id == (await who(second.secret)).id


async def test_a_session_ends_after_thirty_idle_minutes(db: str) -> None:
    await hired()
    opened = await sign_in()
    await who(opened.secret, NOW + timedelta(minutes=29))
    await who(opened.secret, NOW + timedelta(minutes=58))
    with pytest.raises(Unauthenticated, match="sign in again"):
        await who(opened.secret, NOW + timedelta(minutes=89))


async def test_a_session_ends_after_twelve_hours_however_busy(db: str) -> None:
    await hired()
    opened = await sign_in()
    for minutes in range(20, 720, 20):
        await who(opened.secret, NOW + timedelta(minutes=minutes))
    with pytest.raises(Unauthenticated):
        await who(opened.secret, NOW + timedelta(hours=12))


async def test_signing_out_ends_this_session_only(db: str) -> None:
    await hired()
    here, elsewhere = await sign_in(), await sign_in()
    await sessions.sign_out(here.secret, now=NOW)
    await who(elsewhere.secret)
    with pytest.raises(Unauthenticated):
        await who(here.secret)


async def test_one_sees_and_ends_ones_own_sessions(db: str) -> None:
    sara = await hired()
    here, elsewhere = await sign_in(), await sign_in(now=NOW + timedelta(minutes=1))
    listed = await sessions.open_sessions(here.actor, sara.id, now=NOW)
    assert [each.id for each in listed] == [elsewhere.session.id, here.session.id]
    await sessions.revoke(here.actor, elsewhere.session.id, now=NOW)
    assert len(await sessions.open_sessions(here.actor, sara.id, now=NOW)) == 1


async def test_others_sessions_are_for_managers_of_staff(db: str) -> None:
    sara = await hired()
    await hired("colleague@example.com")
    opened, colleague = await sign_in(), await sign_in("colleague@example.com")
    with pytest.raises(Forbidden):
        await sessions.open_sessions(colleague.actor, sara.id, now=NOW)
    with pytest.raises(NotFound):
        await sessions.revoke(colleague.actor, opened.session.id, now=NOW)
    await who(opened.secret)
    await sessions.revoke(OWNER, opened.session.id, now=NOW)
    with pytest.raises(Unauthenticated):
        await who(opened.secret)


async def test_a_role_that_changes_changes_the_open_session(db: str) -> None:
    await hired()
    opened = await sign_in()
    await roles.Role.filter(key="agent").update(scopes=["customer:read"])
    assert (await who(opened.secret)).scopes == {"customer:read"}


def test_the_wait_doubles_from_one_second_to_five_minutes() -> None:
    waits = [throttle.wait_after(failures, free=5).total_seconds() for failures in (4, 5, 6, 7, 12, 13, 14, 500)]
    assert waits == [0, 1, 2, 4, 128, 256, 300, 300]


async def test_guessing_at_an_account_is_slowed_down_and_says_how_long(db: str) -> None:
    await hired()
    await fail(5)
    with pytest.raises(Throttled) as refused:
        await sign_in(address="10.9.9.9")
    assert refused.value.details == {"waitMs": 1000}
    await sign_in(now=NOW + timedelta(seconds=1))


async def test_a_refused_attempt_is_not_counted(db: str) -> None:
    await hired()
    await fail(5)
    for _ in range(3):
        with pytest.raises(Throttled):
            await sign_in()
    assert await LoginAttempt.all().count() == 5


async def test_guessing_from_one_address_over_many_accounts_is_slowed_down(db: str) -> None:
    await hired()
    for number in range(20):
        await fail(1, f"person{number}@example.com")
    with pytest.raises(Throttled):
        await sign_in()
    await sign_in(address="10.9.9.9")


async def test_success_forgives_the_account(db: str) -> None:
    await hired()
    await fail(4)
    await sign_in()
    await fail(4)
    assert await LoginAttempt.filter(email="sara@example.com").count() == 4


async def test_attempts_made_at_once_are_all_counted(fresh_db: str) -> None:
    await hired()
    attempts = [sign_in(password="a wrong password") for _ in range(12)]
    outcomes = [type(each) for each in await asyncio.gather(*attempts, return_exceptions=True)]
    assert outcomes.count(Unauthenticated) == 5
    assert outcomes.count(Throttled) == 7


async def test_an_unknown_account_takes_as_long_as_a_wrong_password(db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same work is done for both: how long it takes is the machine's affair."""
    await hired()
    compared: list[Parameters] = []
    verify = PasswordHasher.verify

    def watched(self: PasswordHasher, kept: str, given: bytes) -> bool:
        compared.append(extract_parameters(kept))
        return verify(self, kept, given)

    monkeypatch.setattr(PasswordHasher, "verify", watched)
    for email in ("sara@example.com", "nobody@example.com"):
        with pytest.raises(Unauthenticated, match="^The e-mail address or the password is wrong.$"):
            await sign_in(email, "a wrong password", address=email)
    known, unknown = compared
    assert known == unknown


async def test_odd_input_is_a_failed_sign_in(db: str) -> None:
    for email, password in (("", ""), ("x" * 5000, "y" * 100_000), ("' OR 1=1 --", "\x00"), ("a\x00\ud800b", "\udfff")):
        with pytest.raises(Unauthenticated):
            await sign_in(email, password, address="odd")

"""API tokens: shown once, no wider than their maker, ended on time, recognised without the database when mistyped."""

from __future__ import annotations

import string
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm import tokens
from crm.access import Actor, ActorKind, Scope, system
from crm.errors import CrmError, Forbidden, IdempotencyConflict, Unauthenticated, ValidationFailed, VersionConflict
from models import ApiToken, AuditEntry, Event
from models.base import new_id
from tests.queries import counting

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
OWNER = system("owner")
COLLEAGUE = Actor(
    ActorKind.SYSTEM, None, "colleague", frozenset({Scope.TOKEN_MANAGE, Scope.CUSTOMER_READ, Scope.ORDER_READ})
)
STRANGER = replace(COLLEAGUE, label="stranger", scopes=frozenset({Scope.CUSTOMER_READ}))


async def made(actor: Actor = OWNER, scopes: tuple[str, ...] = ("customer:read",)) -> tokens.Minted:
    return await tokens.create(actor, name="Shop", scopes=scopes, now=NOW)


async def seen_by(minted: tokens.Minted, now: datetime = NOW) -> Actor:
    return await tokens.authenticate(minted.secret or "", now=now, address="10.0.0.9")


def test_a_token_has_its_prefix_thirty_random_characters_and_a_checksum() -> None:
    secret = tokens.mint()
    assert len(secret) == len("arz_") + 30 + 6
    assert secret.startswith("arz_")
    assert tokens.well_formed(secret)


@given(st.integers(0, 39), st.sampled_from(string.ascii_letters + string.digits + "_-"))
def test_any_one_wrong_character_is_noticed(place: int, character: str) -> None:
    secret = tokens.mint(lambda letters: letters[7])
    typo = secret[:place] + character + secret[place + 1 :]
    assert tokens.well_formed(typo) is (typo == secret)


async def test_a_mistyped_token_costs_no_statement(db: str) -> None:
    secret = tokens.mint()
    wrong = secret[:-1] + ("a" if secret[-1] != "a" else "b")
    async with counting() as statements:
        with pytest.raises(Unauthenticated, match="not a complete one"):
            await tokens.authenticate(wrong, now=NOW)
    assert statements == []


async def test_the_secret_is_kept_nowhere(db: str) -> None:
    minted = await made()
    kept = await ApiToken.get(id=minted.token.id).values()
    trail = await AuditEntry.filter(noun="api_token").values()
    events = await Event.filter(noun="api_token").values()
    assert minted.secret
    assert minted.secret not in f"{kept}{trail}{events}{minted!r}"
    assert kept["token_hash"] not in f"{trail}{events}"
    assert kept["last_four"] == minted.secret[-4:]


async def test_a_token_becomes_an_actor_with_its_scopes(db: str) -> None:
    minted = await made(scopes=("order:read", "customer:read"))
    actor = await seen_by(minted)
    assert (actor.kind, actor.id, actor.label) == (ActorKind.TOKEN, minted.token.id, "Shop")
    assert actor.scopes == {Scope.CUSTOMER_READ, Scope.ORDER_READ}


async def test_a_token_ends_after_ninety_days_unless_said_otherwise(db: str) -> None:
    minted = await made()
    await seen_by(minted, NOW + timedelta(days=89))
    with pytest.raises(Unauthenticated, match="expired on 2026-05-30"):
        await seen_by(minted, NOW + timedelta(days=90))


@pytest.mark.parametrize("life", [timedelta(), timedelta(days=-1), timedelta(days=366)])
async def test_a_token_lives_into_the_future_and_at_most_a_year(db: str, life: timedelta) -> None:
    with pytest.raises(ValidationFailed, match="at most a year"):
        await tokens.create(OWNER, name="Shop", scopes=["customer:read"], now=NOW, expires_at=NOW + life)
    assert await ApiToken.all().count() == 0


async def test_nobody_grants_a_scope_that_they_lack(db: str) -> None:
    with pytest.raises(Forbidden, match="order:write") as refused:
        await made(COLLEAGUE, ("customer:read", "order:write"))
    assert refused.value.missing_scope == "order:write"
    assert await ApiToken.all().count() == 0


@pytest.mark.parametrize("scopes", [(), ("customer:fly",)])
async def test_scopes_are_named_and_known(db: str, scopes: tuple[str, ...]) -> None:
    with pytest.raises(ValidationFailed) as refused:
        await made(scopes=scopes)
    assert refused.value.path == ("scopes",)


async def test_a_stranger_does_nothing_with_tokens(db: str) -> None:
    minted = await made()
    for attempt in (
        made(STRANGER),
        tokens.rotate(STRANGER, minted.token.id, expected_version=1, now=NOW),
        tokens.revoke(STRANGER, minted.token.id, now=NOW),
        tokens.all_tokens(STRANGER),
    ):
        with pytest.raises(Forbidden, match="token:manage"):
            await attempt
    assert [token.version for token in await ApiToken.all()] == [1]


async def test_a_revoked_token_is_refused_and_revoking_twice_changes_nothing(db: str) -> None:
    minted = await made()
    first = await tokens.revoke(OWNER, minted.token.id, now=NOW)
    again = await tokens.revoke(OWNER, minted.token.id, now=NOW + timedelta(hours=1))
    assert (first.version, again.version, again.revoked_at) == (2, 2, NOW)
    with pytest.raises(Unauthenticated, match="revoked"):
        await seen_by(minted)


async def test_rotation_leaves_two_secrets_for_a_while(db: str) -> None:
    old = await made(scopes=("order:read",))
    new = await tokens.rotate(OWNER, old.token.id, expected_version=1, now=NOW, overlap=timedelta(hours=2))
    assert (await seen_by(new)).scopes == (await seen_by(old)).scopes
    later = NOW + timedelta(hours=2)
    assert (await seen_by(new, later)).id == new.token.id
    with pytest.raises(Unauthenticated, match="expired"):
        await seen_by(old, later)


async def test_rotation_does_not_hand_out_more_than_the_actor_has(db: str) -> None:
    wide = await made(scopes=("order:write",))
    with pytest.raises(Forbidden, match="order:write"):
        await tokens.rotate(COLLEAGUE, wide.token.id, expected_version=1, now=NOW)
    assert (await ApiToken.get(id=wide.token.id)).expires_at == wide.token.expires_at


async def test_rotation_of_a_token_that_changed_meanwhile_is_a_conflict(db: str) -> None:
    minted = await made()
    with pytest.raises(VersionConflict):
        await tokens.rotate(OWNER, minted.token.id, expected_version=7, now=NOW)


async def test_a_repeated_creation_finds_its_token_but_not_the_secret(db: str) -> None:
    async def once(name: str = "Shop") -> tokens.Minted:
        return await tokens.create(OWNER, name=name, scopes=["order:read"], now=NOW, idempotency_key="k")

    first, second = await once(), await once()
    assert (second.token.id, second.secret) == (first.token.id, None)
    with pytest.raises(IdempotencyConflict):
        await once("Another")


async def test_use_is_noted_once_a_minute(db: str) -> None:
    minted = await made()
    for seconds in (0, 30, 59, 61):
        await seen_by(minted, NOW + timedelta(seconds=seconds))
    kept = await ApiToken.get(id=minted.token.id)
    assert (kept.last_used_at, kept.last_used_address) == (NOW + timedelta(seconds=61), "10.0.0.9")


async def test_every_change_leaves_an_audit_entry_and_an_event(db: str) -> None:
    minted = await made()
    await tokens.rotate(OWNER, minted.token.id, expected_version=1, now=NOW)
    await tokens.revoke(OWNER, minted.token.id, now=NOW)
    told = ["token.created", "token.created", "token.rotated", "token.revoked"]
    assert sorted(await Event.all().values_list("type", flat=True)) == sorted(told)  # type: ignore[type-var]
    assert sorted(await AuditEntry.all().values_list("action", flat=True)) == sorted(told)  # type: ignore[type-var]


async def test_a_name_that_cannot_be_kept_is_refused(db: str) -> None:
    for name in ("", "x" * 121, "a\x00b"):
        with pytest.raises(CrmError):
            await tokens.create(OWNER, name=name, scopes=["order:read"], now=NOW)
    assert await ApiToken.all().count() == 0


async def test_a_scope_that_this_version_does_not_know_gives_no_right(db: str) -> None:
    minted = await made()
    await ApiToken.filter(id=minted.token.id).update(scopes=["customer:read", "moon:read"])
    assert (await seen_by(minted)).scopes == {Scope.CUSTOMER_READ}


async def test_an_unknown_token_says_so(db: str) -> None:
    with pytest.raises(Unauthenticated, match="not known"):
        await tokens.authenticate(tokens.mint(), now=NOW)
    with pytest.raises(CrmError, match="no api token"):
        await tokens.revoke(OWNER, new_id(), now=NOW)

"""Strategically significant customers: proposed with evidence, confirmed until a review date, then proposed anew."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from crm import organization
from crm.access import Scope
from crm.database import execute, fetch
from crm.errors import Blocked, Forbidden, ValidationFailed, VersionConflict
from crm.reactions import reactions
from crm.value import runs
from crm.value.runs import settings, strategic
from models import AuditEntry, DesignationStatus, Event, StrategicDesignation, StrategicKind
from tests import factories
from tests.crm.value_world import bought, newcomers, rhythm
from tests.factories import NOW, OWNER


@pytest.fixture
async def shop(db: str) -> list[UUID]:
    keys = await newcomers(200)
    await bought(rhythm(keys))
    await runs.recompute(OWNER, now=NOW)
    return keys


async def test_strategic_customers_are_proposed_confirmed_and_expire(shop: list[UUID]) -> None:
    link = (
        "INSERT INTO relationship (id, created_at, updated_at, version, customer_id, related_id, kind) "
        "VALUES (uuidv7(), $3, $3, 1, $1, $2, 'REFERRED_BY')"
    )
    for brought in (5, 6):
        await execute(link, shop[brought], shop[1], NOW)
    assert await strategic.propose(OWNER, now=NOW) > 1
    found = await StrategicDesignation.get(kind=StrategicKind.BENCHMARK)
    assert (found.customer_id, found.status, found.evidence) == (shop[1], DesignationStatus.PROPOSED, {"brought": 2})
    decided = await strategic.decide(
        OWNER, found.id, expected_version=1, confirm=True, review_on=date(2027, 5, 1), note="Speaks for us", now=NOW
    )
    assert (decided.status, decided.decided_by) == (DesignationStatus.CONFIRMED, "owner")
    await strategic.propose(OWNER, now=NOW + timedelta(days=300))
    statuses = await StrategicDesignation.filter(customer_id=shop[1], kind="BENCHMARK").order_by("created_at")
    assert [one.status.value for one in statuses] == ["EXPIRED", "PROPOSED"]


async def test_high_lifetime_value_is_the_fewest_who_hold_most_of_it(shop: list[UUID]) -> None:
    await strategic.propose(OWNER, now=NOW)
    chosen = await StrategicDesignation.filter(kind=StrategicKind.HIGH_LIFETIME_VALUE)
    values = sorted(
        (float(r["clv"]) for r in await fetch("SELECT clv FROM value_snapshot WHERE clv > 0")), reverse=True
    )
    fewest = next(n for n in range(1, len(values) + 1) if sum(values[:n]) >= 0.8 * sum(values))
    assert len(chosen) == min(fewest, 100)
    assert {one.evidence["clvRank"] for one in chosen} <= set(range(1, fewest + 1))


async def test_what_makes_a_customer_strategic_is_for_the_organisation_to_say(shop: list[UUID]) -> None:
    await settings.change(OWNER, strategic_share="0.2", strategic_cost_share="1", strategic_most=3)
    await strategic.propose(OWNER, now=NOW)
    kinds = [one.kind for one in await StrategicDesignation.all()]
    assert kinds.count(StrategicKind.HIGH_LIFETIME_VALUE) == 3
    assert StrategicKind.COST_MAGNET not in kinds


async def test_a_designation_put_aside_rests_and_bad_decisions_are_refused(shop: list[UUID]) -> None:
    await strategic.propose(OWNER, now=NOW)
    found = await StrategicDesignation.all().order_by("id").first()
    assert found is not None
    decision: Any = {"confirm": False, "review_on": date(2027, 1, 1), "now": NOW}
    with pytest.raises(VersionConflict):
        await strategic.decide(OWNER, found.id, expected_version=9, **decision)
    with pytest.raises(ValidationFailed):
        await strategic.decide(OWNER, found.id, expected_version=1, **{**decision, "review_on": NOW.date()})
    await strategic.decide(OWNER, found.id, expected_version=1, **decision)
    with pytest.raises(Blocked):
        await strategic.decide(OWNER, found.id, expected_version=2, **decision)
    await strategic.propose(OWNER, now=NOW)
    again = StrategicDesignation.filter(customer_id=found.customer_id, kind=found.kind)
    assert [one.status for one in await again] == [DesignationStatus.DISMISSED]


REVIEW = date(2027, 5, 1)


async def confirmed() -> StrategicDesignation:
    """One proposal that somebody confirmed until the review date."""
    await strategic.propose(OWNER, now=NOW)
    found = await StrategicDesignation.all().order_by("id").first()
    assert found is not None
    return await strategic.decide(OWNER, found.id, expected_version=1, confirm=True, review_on=REVIEW, now=NOW)


async def statuses(one: StrategicDesignation) -> list[str]:
    history = StrategicDesignation.filter(customer_id=one.customer_id, kind=one.kind).order_by("created_at")
    return [entry.status.value for entry in await history]


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


async def test_a_confirmation_holds_through_its_review_date_and_is_proposed_again_after_it(shop: list[UUID]) -> None:
    one = await confirmed()
    await strategic.propose(OWNER, now=noon(REVIEW))
    assert await statuses(one) == ["CONFIRMED"]
    assert await strategic.expire(OWNER, now=noon(REVIEW + timedelta(days=1))) == 1
    assert await statuses(one) == ["EXPIRED"]
    with pytest.raises(Blocked, match="is EXPIRED"):
        await strategic.decide(OWNER, one.id, expected_version=3, confirm=True, review_on=date(2028, 1, 1), now=NOW)
    await strategic.propose(OWNER, now=noon(REVIEW + timedelta(days=2)))
    assert await statuses(one) == ["EXPIRED", "PROPOSED"]


async def test_a_confirmation_expires_by_itself_and_leaves_its_trail(shop: list[UUID]) -> None:
    one = await confirmed()
    value = next(reaction for reaction in reactions(lambda: NOW) if reaction.name == "value")
    await value.tick(noon(REVIEW))
    assert await statuses(one) == ["CONFIRMED"]
    await value.tick(noon(REVIEW + timedelta(days=1)))
    assert await statuses(one) == ["EXPIRED"]
    entry = await AuditEntry.get(action="designation.expired")
    assert (entry.noun_id, entry.changes["status"]) == (one.id, ["CONFIRMED", "EXPIRED"])
    assert (await Event.get(type="designation.expired")).customer_id == one.customer_id


async def test_the_review_date_ends_where_the_organisation_is(shop: list[UUID]) -> None:
    await organization.change(OWNER, time_zone="Pacific/Auckland")
    one = await confirmed()
    assert await strategic.expire(OWNER, now=noon(REVIEW) - timedelta(hours=1)) == 0
    assert await strategic.expire(OWNER, now=noon(REVIEW) + timedelta(hours=1)) == 1
    assert await statuses(one) == ["EXPIRED"]


async def test_a_confirmation_can_be_prolonged_while_it_holds(shop: list[UUID]) -> None:
    one = await confirmed()
    until = date(2028, 5, 1)
    await strategic.decide(OWNER, one.id, expected_version=2, confirm=True, review_on=until, now=noon(REVIEW))
    assert await strategic.expire(OWNER, now=noon(REVIEW + timedelta(days=1))) == 0
    assert await statuses(one) == ["CONFIRMED"]


async def test_letting_expire_needs_the_right_to_value(shop: list[UUID]) -> None:
    one = await confirmed()
    with pytest.raises(Forbidden):
        await strategic.expire(factories.actor(Scope.CUSTOMER_WRITE), now=noon(REVIEW + timedelta(days=1)))
    assert await statuses(one) == ["CONFIRMED"]

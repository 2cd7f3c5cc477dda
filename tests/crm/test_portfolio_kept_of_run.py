"""Sums over the run in force are kept by whoever asks first, and fall with the run."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from crm.access import Scope
from crm.database import execute
from crm.errors import Forbidden, NotFound
from crm.lifecycle import default
from crm.lifecycle.reports.frame import Period, midnight
from crm.reports import kept, of_value, portfolio
from crm.rules.faults import RuleInvalid
from crm.segments import definitions, static
from crm.value import runs
from crm.value.runs import prospects, settings, simulate
from crm.value.whatif import Change
from models import KeptReport
from models.base import new_id
from tests import factories
from tests.crm.value_world import bought, newcomers, rhythm
from tests.factories import NOW, OWNER

SOON = NOW + timedelta(minutes=5)
CHANGE = Change(churn=0.8, margin=0.01)
MEMBERS: Any = {"segment": {"key": "some"}}


@pytest.fixture
async def shop(db: str, monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """Two hundred customers of whom a model is fitted; any history at all counts as much. Forty are a segment."""
    monkeypatch.setattr(kept, "LARGE", -2)
    monkeypatch.setattr(of_value, "DAYS", -2)
    keys = await newcomers(200)
    await bought(rhythm(keys))
    await default.install(OWNER)
    await runs.recompute(OWNER, now=NOW)
    segment = await definitions.create_static(OWNER, key="some", fields={"name": "Some"})
    await static.add(OWNER, segment.id, keys[:40], now=NOW)
    return keys


async def test_who_asks_first_for_stages_or_value_received_keeps_them_for_the_others(shop: list[UUID]) -> None:
    asked: list[Callable[..., Awaitable[portfolio.Told[Any]]]] = [portfolio.stages, portfolio.delivered]
    for ask in asked:
        first, then = await ask(OWNER, now=NOW), await ask(OWNER, now=SOON)
        assert (first.worked_at, then) == (None, portfolio.Told(first.rows, NOW))
    assert {(row.claimed_until, row.tried_at) for row in await KeptReport.all()} == {(None, NOW)}


async def test_what_if_of_a_segment_is_kept_and_changed_at_once(shop: list[UUID]) -> None:
    exact = await simulate.simulate(OWNER, CHANGE, where=MEMBERS)
    assert (exact.customers, exact.baseline > 0) == (40, True)
    assert await portfolio.simulated(OWNER, CHANGE, where=MEMBERS, now=NOW) == exact
    assert await portfolio.simulated(OWNER, CHANGE, where=MEMBERS, now=SOON) == replace(exact, worked_at=NOW)
    dearer = Change(discount_rate=0.3)
    told = await portfolio.simulated(OWNER, dearer, where=MEMBERS, now=SOON)
    assert told == replace(await simulate.simulate(OWNER, dearer, where=MEMBERS), worked_at=NOW)


async def test_what_if_of_any_other_rule_is_of_this_moment_and_never_kept(shop: list[UUID]) -> None:
    for rule in (
        {"AND": [MEMBERS, {"country": {"isEmpty": True}}]},
        {"NOT": MEMBERS},
        {"segment": {"key": "some", "ever": True}},
    ):
        told = await portfolio.simulated(OWNER, CHANGE, where=rule, now=NOW)
        assert told == await simulate.simulate(OWNER, CHANGE, where=rule)
    assert await KeptReport.all().count() == 0


async def test_who_sees_some_customers_is_told_of_these_from_what_is_kept_for_such_eyes(shop: list[UUID]) -> None:
    part = factories.actor(*OWNER.scopes, row_filter=MEMBERS)
    await portfolio.simulated(part, CHANGE, now=NOW)
    told = await portfolio.simulated(part, CHANGE, now=SOON)
    assert (told.customers, told.worked_at) == (40, NOW)
    everybody = await portfolio.simulated(OWNER, CHANGE, now=SOON)
    assert (everybody.customers, everybody.worked_at) == (200, None)


async def test_a_new_run_is_told_at_once_and_the_former_ones_sums_are_dropped(shop: list[UUID]) -> None:
    await portfolio.stages(OWNER, now=NOW)
    former = (await KeptReport.get()).key
    await runs.recompute(OWNER, now=NOW + timedelta(days=1))
    assert (await portfolio.stages(OWNER, now=SOON)).worked_at is None
    await execute("UPDATE kept_report SET wanted_at = $1", NOW + timedelta(days=2))
    while await kept.keep(NOW + timedelta(days=2)):
        pass
    assert not await KeptReport.filter(key=former).exists()


async def test_what_stages_will_bring_is_kept_for_whole_days(shop: list[UUID]) -> None:
    days = Period(midnight(date(2026, 1, 1), "UTC"), midnight(date(2026, 7, 1), "UTC"))
    first, then = [await portfolio.prospects(OWNER, period=days, now=at) for at in (NOW, SOON)]
    assert (first.worked_at, then) == (None, portfolio.Told(first.rows, NOW))
    assert first.rows == await prospects.prospects(OWNER, period=days)
    odd = Period(days.since + timedelta(hours=1), days.until)
    assert (await portfolio.prospects(OWNER, period=odd, now=SOON)).worked_at is None
    await settings.change(OWNER, discount_rate="0.3")
    assert (await portfolio.prospects(OWNER, period=days, now=SOON)).worked_at is None


async def test_what_is_refused_is_not_kept(shop: list[UUID]) -> None:
    with pytest.raises(RuleInvalid):
        await portfolio.simulated(OWNER, CHANGE, where={"segment": {"key": "none"}}, now=NOW)
    with pytest.raises(NotFound):
        await portfolio.offers(OWNER, new_id(), now=NOW)
    assert await KeptReport.all().count() == 0


async def test_what_is_kept_of_a_segment_is_not_for_those_who_may_not_read_segments(shop: list[UUID]) -> None:
    await portfolio.simulated(OWNER, CHANGE, where=MEMBERS, now=NOW)
    blind = factories.actor(Scope.VALUE_READ)
    with pytest.raises(Forbidden, match="segment:read"):
        await portfolio.simulated(blind, CHANGE, where=MEMBERS, now=SOON)


async def test_a_rule_over_identities_is_refused_without_pii_read(shop: list[UUID]) -> None:
    """Else one would be told by the sum whose address it is."""
    token = factories.actor(Scope.VALUE_READ, Scope.CUSTOMER_READ, Scope.ORDER_READ)
    rule: Any = {"identities": {"some": {"where": {"value": {"eq": "sara@example.com"}}}}}
    for asked in (
        portfolio.simulated(token, CHANGE, where=rule, now=NOW),
        portfolio.pairs(token, where=rule, now=NOW),
    ):
        with pytest.raises(Forbidden, match="pii:read"):
            await asked


async def test_what_takes_longer_than_a_reader_waits_is_left_to_who_follows_the_events(
    shop: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "WAITED", 0.0)
    await kept._expect_the_usual(NOW)  # there is much else to do
    others = await KeptReport.all().count()
    with pytest.raises(kept.StillWorking, match="ask again"):
        await portfolio.stages(OWNER, now=SOON)
    waiting = await KeptReport.get(wanted_at=SOON)
    assert (waiting.found, waiting.claimed_until, waiting.tried_at, others > 5) == (None, None, None, True)
    assert await kept.keep(SOON)
    assert (await portfolio.stages(OWNER, now=SOON)).worked_at == SOON


async def test_who_asks_while_others_work_it_out_has_their_figures(shop: list[UUID]) -> None:
    both = await asyncio.gather(*(portfolio.stages(OWNER, now=NOW) for _ in range(2)))
    assert both[0].rows == both[1].rows
    assert await KeptReport.all().count() == 1

"""Reports equal a replay of every customer's way, in plain Python."""

import random
import statistics
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from crm.access import Scope
from crm.errors import Forbidden, ValidationFailed
from crm.lifecycle.reports import churn, cohorts, forecast, funnel, matrix, standing
from crm.lifecycle.reports.cohorts import Basis
from crm.lifecycle.reports.frame import Grain, Group, Period, days_of, edges_of
from models import SegmentMembership, StageOutcome
from tests import factories
from tests.crm import lifecycle_world as world
from tests.crm.lifecycle_world import Walk, stood
from tests.factories import NOW, OWNER

SINCE, UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
PERIOD = Period(SINCE, UNTIL)
RANK = {"new": 1, "buyer": 2, "loyal": 3}
LOST = {stage.key for stage in world.STAGES if stage.outcome is StageOutcome.LOST}
DAY = timedelta(days=1)


def walks(seed: int, number: int = 60) -> list[Walk]:
    chance = random.Random(seed)
    return [world.walk(chance, SINCE, UNTIL) for _ in range(number)]


async def populated(seed: int, **fields: Any) -> list[Walk]:
    found = walks(seed)
    await world.populate(await world.lifecycle(), found, **fields)
    return found


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("grain", [None, Grain.MONTH, Grain.WEEK])
async def test_transition_counts_equal_a_replay(db: str, seed: int, grain: Grain | None) -> None:
    paths = await populated(seed)
    period = Period(SINCE + 40 * DAY, UNTIL - 15 * DAY)
    found = await matrix.matrix(OWNER, period=period, grain=grain)
    expected: Counter[tuple[str, str]] = Counter()
    for before, after in pairwise(edges_of(period, grain, "UTC")):
        for path in paths:
            start, end = stood(path, before), stood(path, after)
            if start and end:
                expected[start, end] += 1
    keys = found.keys
    assert {(a, b): n for i, a in enumerate(keys) for j, b in enumerate(keys) if (n := found.counts[i, j])} == expected


async def test_probabilities_come_with_errors_and_what_was_not_seen_is_not_claimed(db: str) -> None:
    path: Walk = [("new", SINCE), ("buyer", SINCE + 40 * DAY)]
    await world.populate(await world.lifecycle(), [path, [("new", SINCE)], [("new", SINCE)], [("new", SINCE)]])
    found = await matrix.matrix(OWNER, period=Period(SINCE + DAY, UNTIL))
    assert found.probabilities[0, :2].tolist() == [0.75, 0.25]
    assert found.standard_errors[0, 1] == pytest.approx((0.25 * 0.75 / 4) ** 0.5)
    assert found.standard_errors[2, 2] == np.inf


@pytest.mark.parametrize("seed", range(3))
async def test_the_funnel_equals_a_replay(db: str, seed: int) -> None:
    countries = [random.Random(seed + n).choice(["IR", "DE", None]) for n in range(60)]
    paths = await populated(seed, country=countries)
    found = await funnel.funnel(OWNER, entered=PERIOD, cohort=Grain.QUARTER, group=Group.COUNTRY)
    groups: dict[tuple[date, str | None], list[Walk]] = defaultdict(list)
    for path, country in zip(paths, countries, strict=True):
        entered = path[0][1]
        groups[date(entered.year, (entered.month - 1) // 3 * 3 + 1, 1), country].append(path)
    for step in found:
        assert step.cohort is not None
        expected = replay_step(groups[step.cohort, step.group], step.stage)
        assert (step.size, step.entered, step.went_on, step.lost) == expected[:4]
        assert step.median_seconds == pytest.approx(expected[4]) if expected[4] else step.median_seconds is None
    assert len(found) == len(groups) * len(world.STAGES)


def replay_step(paths: list[Walk], stage: str) -> tuple[int, int, int, int, float | None]:
    inside = [path for path in paths if any(key == stage for key, _ in path)]
    went_on = sum(went(path, stage) for path in inside)
    lost = sum(any(a[0] == stage and b[0] in LOST for a, b in pairwise(path)) for path in inside)
    times = [
        sum((b[1] - a[1]).total_seconds() for a, b in pairwise(path) if a[0] == stage)
        for path in inside
        if path[-1][0] != stage
    ]
    return len(paths), len(inside), went_on, lost, statistics.median(times) if times else None


def went(path: Walk, stage: str) -> bool:
    first = next(n for n, (key, _) in enumerate(path) if key == stage)
    return any(RANK.get(key, 0) > RANK.get(stage, 0) for key, _ in path[first + 1 :])


async def test_whoever_is_in_two_segments_counts_in_both(db: str) -> None:
    cast = await world.populate(await world.lifecycle(), [[("new", SINCE)], [("new", SINCE)]])
    for key in ("vip", "new"):
        segment = await factories.segment(key)
        await SegmentMembership.create(
            segment_id=segment.id, customer_id=cast[0].id, entered_at=SINCE, entry_cause="MANUAL"
        )
    found = await funnel.funnel(OWNER, entered=PERIOD, group=Group.SEGMENT)
    assert {step.group: step.size for step in found} == {"new": 1, "vip": 1, None: 1}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("grain", [Grain.MONTH, Grain.QUARTER])
async def test_the_triangle_of_stages_equals_a_replay(db: str, seed: int, grain: Grain) -> None:
    paths = await populated(seed)
    now = datetime(2026, 10, 15, tzinfo=UTC)
    steps = days_of(PERIOD, grain, "UTC")
    ends = [datetime(day.year, day.month, 1, tzinfo=UTC) for day in [*steps, date(2026, 11, 1)]]
    for number, cohort in enumerate(
        await cohorts.triangle(OWNER, came=PERIOD, now=now, grain=grain, basis=Basis.STAGE)
    ):
        mine = [path for path in paths if ends[number] <= path[0][1] < ends[number + 1]]
        assert (cohort.since, cohort.size) == (steps[number], len(mine))
        for k, active in enumerate(cohort.active):
            end = ends[number + k + 1]
            lived = end <= datetime(2026, 10, 1, tzinfo=UTC)
            count = sum(stood(path, end) in RANK for path in mine)
            assert active == (count if lived else None)


async def test_the_triangle_of_orders_counts_who_bought_and_leaves_the_future_open(db: str) -> None:
    alice, bob = await factories.customer("Alice"), await factories.customer("Bob")
    for owner, months in ((alice, (7, 9)), (bob, (7,)), (bob, (10,))):
        for month in months:
            placed = datetime(2026, month, 5, tzinfo=UTC)
            await factories.order(owner, placed_at=placed)
    came = Period(datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 9, 1, tzinfo=UTC))
    july, august = await cohorts.triangle(OWNER, came=came, now=NOW)
    assert (july.size, july.active) == (2, [2, 0, 1, 1, None])
    assert (august.size, august.active) == (0, [0, 0, 0, None])
    assert july.rates == [1.0, 0.0, 0.5, 0.5, None]
    assert cohorts.churn_of(july) == [1.0, None, 0.0, None]


@pytest.mark.parametrize("group", [Group.STAGE, Group.COUNTRY, Group.NONE])
async def test_churn_equals_a_replay(db: str, group: Group) -> None:
    countries = [random.Random(n).choice(["IR", "DE", None]) for n in range(60)]
    paths = await populated(9, country=countries)
    period = Period(SINCE + 100 * DAY, UNTIL - 60 * DAY)
    base: Counter[str | None] = Counter()
    lost: Counter[str | None] = Counter()
    for path, country in zip(paths, countries, strict=True):
        start, end = stood(path, period.since), stood(path, period.until)
        if start and start not in LOST:
            label = {Group.STAGE: start, Group.COUNTRY: country, Group.NONE: None}[group]
            base[label] += 1
            lost[label] += end in LOST
    found = await churn.churn(OWNER, period=period, group=group)
    assert {each.group: (each.base, each.lost) for each in found} == {k: (n, lost[k]) for k, n in base.items()}


async def test_waiting_names_the_bottleneck_and_who_is_over_target(db: str) -> None:
    ways: list[Walk] = [
        [("new", NOW - 50 * DAY)],
        [("new", NOW - 5 * DAY)],
        [("new", NOW - 60 * DAY), ("buyer", NOW - 40 * DAY)],
        [("new", NOW - 60 * DAY), ("buyer", NOW - 55 * DAY), ("loyal", NOW - 50 * DAY)],
    ]
    cast = await world.populate(await world.lifecycle(), ways)
    found = await standing.waiting(OWNER, period=Period(NOW - 90 * DAY, NOW), now=NOW)
    new, buyer = found[0], found[1]
    assert (new.standing, new.over_target, new.began, new.ended, new.breaches) == (2, 1, 4, 2, 1)
    assert (buyer.standing, buyer.over_target, buyer.ended) == (1, 1, 1)
    assert [each.stage for each in found if each.bottleneck] == ["new"]
    late = await standing.stuck(OWNER, now=NOW)
    assert [(each.customer_id, each.stage) for each in late] == [(cast[0].id, "new"), (cast[2].id, "buyer")]
    page = await standing.stuck(OWNER, now=NOW, first=1, after=(late[0].due_at, late[0].customer_id))
    assert page == late[1:]


async def test_stays_that_have_not_ended_count_for_as_long_as_they_lasted(db: str) -> None:
    ended: list[Walk] = [[("new", NOW - 60 * DAY), ("buyer", NOW - 50 * DAY)]]
    still: list[Walk] = [[("new", NOW - 30 * DAY)] for _ in range(3)]
    await world.populate(await world.lifecycle(), ended + still)
    found = await standing.waiting(OWNER, period=Period(NOW - 90 * DAY, NOW), now=NOW)
    assert (found[0].began, found[0].ended, found[0].median_days) == (4, 1, None)


async def test_the_forecast_of_a_period_says_where_customers_end(db: str) -> None:
    await populated(3)
    found = await forecast.forecast(OWNER, period=PERIOD)
    ends = {each.start: each for each in found.ends}
    assert set(ends) == {"new", "buyer", "asleep"}
    assert all(abs(sum(each.ends.values()) + each.undecided - 1) < 1e-9 for each in ends.values())
    assert all(0 <= way.probability <= 1 for way in found.ways)
    with pytest.raises(ValidationFailed, match="no stage 'x'"):
        await forecast.forecast(OWNER, period=PERIOD, final=["x"])


async def test_reports_are_about_the_customers_whom_the_asker_may_see(db: str) -> None:
    await populated(1, country=["IR"] * 10 + ["DE"] * 50)
    partner = factories.actor(*Scope, row_filter={"country": {"eq": "IR"}})
    steps = await funnel.funnel(partner, entered=PERIOD)
    assert steps[0].size == 10
    assert sum(each.base for each in await churn.churn(partner, period=Period(UNTIL - DAY, UNTIL))) <= 10
    assert (await matrix.matrix(partner, period=Period(UNTIL - DAY, UNTIL))).counts.sum() <= 10
    seen = await cohorts.triangle(partner, came=PERIOD, now=NOW, basis=Basis.STAGE)
    assert sum(each.size for each in seen) == 10
    waiting = await standing.waiting(partner, period=PERIOD, now=NOW)
    assert sum(each.standing for each in waiting) == 10


async def test_a_rule_narrows_a_report(db: str) -> None:
    await populated(1, country=["IR"] * 10 + ["DE"] * 50)
    steps = await funnel.funnel(OWNER, entered=PERIOD, where='country = "DE"')
    assert steps[0].size == 50


async def test_without_the_scope_nothing_is_reported(db: str) -> None:
    await world.lifecycle()
    stranger = factories.everything_but(Scope.LIFECYCLE_READ)
    for attempt in (
        funnel.funnel(stranger, entered=PERIOD),
        matrix.matrix(stranger, period=PERIOD),
        forecast.forecast(stranger, period=PERIOD),
        churn.churn(stranger, period=PERIOD),
        standing.waiting(stranger, period=PERIOD, now=NOW),
        standing.stuck(stranger, now=NOW),
        cohorts.triangle(stranger, came=PERIOD, now=NOW, basis=Basis.STAGE),
    ):
        with pytest.raises(Forbidden, match="lifecycle:read"):
            await attempt


async def test_a_period_needs_zones_order_and_not_too_many_steps(db: str) -> None:
    for since, until in ((UNTIL, SINCE), (SINCE.replace(tzinfo=None), UNTIL)):
        with pytest.raises(ValidationFailed):
            Period(since, until)
    with pytest.raises(ValidationFailed, match="more than 400"):
        days_of(Period(SINCE, SINCE + 500 * DAY), Grain.DAY, "UTC")


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tehran", "Europe/Berlin", "America/Sao_Paulo"])
def test_steps_follow_the_calendar_of_their_zone_over_clock_changes(zone: str) -> None:
    for grain in Grain:
        days = days_of(Period(SINCE, SINCE + 300 * DAY), grain, zone)
        assert days == sorted(set(days))
        ends = edges_of(Period(SINCE, SINCE + 300 * DAY), grain, zone)
        assert all(a < b for a, b in pairwise([at.astimezone(UTC) for at in ends]))

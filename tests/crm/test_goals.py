"""Targets on figures: measured, compared with the time that is over, kept day by day."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from crm import goals, relationships
from crm.errors import Forbidden, NotFound, ValidationFailed
from crm.goals import GoalFields, GoalState
from crm.lifecycle import positions
from models import (
    Goal,
    GoalFigure,
    RatingKind,
    RelationshipKind,
)
from tests import factories
from tests.crm import lifecycle_world as world
from tests.crm.intimacy_world import DAY, GOAL, rated
from tests.crm.test_followups import staff
from tests.factories import NOW, OWNER


async def test_a_goal_is_measured_and_compared_with_the_time_that_is_over(db: str) -> None:
    await world.lifecycle()
    goal = await goals.create(OWNER, fields=GOAL, now=NOW)
    for state, name in ((GoalState.BEHIND, "A"), (GoalState.ON_TRACK, "B"), (GoalState.ON_TRACK, "C")):
        alice = await factories.customer(name)
        await positions.move(OWNER, alice.id, to="buyer", now=NOW)
        assert (await goals.progress(OWNER, goal, now=NOW)).state == state
    found = await goals.progress(OWNER, goal, now=NOW + 20 * DAY)
    assert (found.current, found.progress, found.state) == (3, 0.75, GoalState.MISSED)


@pytest.mark.parametrize("figure", list(GoalFigure))
async def test_every_figure_can_be_a_goal(db: str, figure: GoalFigure) -> None:
    await world.lifecycle()
    await factories.segment("vip")
    await rated(RatingKind.NPS, 10)
    fields: GoalFields = {**GOAL, "figure": figure, "baseline": Decimal(-1)}
    if goals.FIGURES[figure].by_customer:
        fields["segment"] = "vip"
    else:
        fields["stage"] = None
    goal = await goals.create(OWNER, fields=fields, now=NOW)
    assert (await goals.progress(OWNER, goal, now=NOW)).expected == 0.5
    for scope in goals.FIGURES[figure].scopes:
        with pytest.raises(Forbidden, match=scope.value):
            await goals.progress(factories.everything_but(scope), goal, now=NOW)


async def test_figures_of_orders_promises_and_referrals_count_what_happened_since_the_goal_began(db: str) -> None:
    await world.lifecycle()
    carol = await staff("carol")
    alice, bob = await factories.customer("Alice", owner_id=carol.id), await factories.customer("Bob")
    for amount, days in (("10", 1), ("30", 2), ("99", 30)):
        await factories.order(alice, amount, days_ago=days)
    await factories.order(bob, "5", days_ago=1)
    referred: Any = {"kind": RelationshipKind.REFERRED_BY, "fields": {"since": NOW.date()}}
    await relationships.create(OWNER, bob.id, alice.id, **referred)
    expected = {"REVENUE": 45, "ORDERS": 3, "BUYERS": 2, "AVERAGE_ORDER": 15, "REPEAT_RATE": 0.5}
    hers = {"REVENUE": 40, "ORDERS": 2, "BUYERS": 1, "FIRST_TIME_BUYERS": 0, "REFERRALS": 1, "NEW_CUSTOMERS": 1}
    for owner, figures in ((None, expected), (carol.id, hers)):
        for figure, value in figures.items():
            chosen: Any = {**GOAL, "figure": GoalFigure(figure), "stage": None, "owner_id": owner, "target": 999}
            goal = await goals.create(OWNER, fields=chosen, now=NOW)
            assert await goals.measured(OWNER, goal, now=NOW + DAY) == value, (figure, owner)


async def test_the_history_of_a_goal_has_one_figure_a_day(db: str) -> None:
    await world.lifecycle()
    goal = await goals.create(OWNER, fields=GOAL, now=NOW)
    alice = await factories.customer("Alice")
    assert await goals.keep(OWNER, now=NOW) == 1
    await positions.move(OWNER, alice.id, to="buyer", now=NOW)
    assert await goals.keep(OWNER, now=NOW + DAY / 24) == 1
    assert await goals.keep(OWNER, now=NOW + DAY) == 1
    found = await goals.measurements(OWNER, goal)
    assert [(each.day, each.value) for each in found] == [(date(2026, 11, 20), 1), (date(2026, 11, 21), 1)]
    assert await goals.keep(OWNER, now=NOW + 40 * DAY) == 0


async def test_a_goal_starts_from_where_things_stand(db: str) -> None:
    await world.lifecycle()
    goal = await goals.create(OWNER, fields={**GOAL, "baseline": None}, now=NOW)
    assert goal.baseline == 0
    await rated(RatingKind.NPS, 10, 9, 0, at=NOW)
    fields: GoalFields = {**GOAL, "figure": GoalFigure.NPS, "stage": None, "baseline": None}
    assert (await goals.create(OWNER, fields=fields, now=NOW + DAY)).baseline == Decimal("33.3333")


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"name": ""}, "name"),
        ({"stage": "x"}, "stage"),
        ({"due_on": date(2026, 11, 10)}, "dueOn"),
        ({"target": Decimal(0)}, "target"),
        ({"figure": GoalFigure.SEGMENT_SIZE}, "segment"),
        ({"segment": "nobody"}, "segment"),
        ({"figure": GoalFigure.CSAT, "stage": None, "baseline": None}, "baseline"),
        ({"figure": GoalFigure.EXPOSED_VALUE}, "stage"),
        ({"figure": GoalFigure.REVENUE, "stage": "x"}, "stage"),
        ({"owner_id": UUID(int=1)}, "ownerId"),
    ],
)
async def test_a_bad_goal_names_its_field_and_leaves_nothing(db: str, change: Any, path: str) -> None:
    await world.lifecycle()
    with pytest.raises((ValidationFailed, NotFound)) as refused:
        await goals.create(OWNER, fields={**GOAL, **change}, now=NOW)
    assert refused.value.path == (path,)
    assert not await Goal.exists()

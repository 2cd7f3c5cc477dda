"""Depth of relationships, networks, feedback, quality of data, goals."""

import random
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from crm import customers, depth, feedback, goals, interactions, network, quality, relationships
from crm.access import Scope, system
from crm.errors import Forbidden, NotFound, ValidationFailed
from crm.feedback import FeedbackGroup
from crm.goals import GoalFields, GoalState
from crm.lifecycle import positions
from crm.lifecycle.reports.frame import Grain, Period
from crm.quality import QualityGroup
from crm.value.drivers import drivers
from models import (
    Channel,
    Customer,
    CustomerKind,
    Direction,
    Goal,
    GoalFigure,
    Interaction,
    InteractionKind,
    RatingKind,
    RelationshipKind,
    RunStatus,
    StaffMember,
    ValueRun,
    ValueSnapshot,
)
from tests import factories
from tests.crm import lifecycle_world as world
from tests.crm.test_followups import staff
from tests.factories import NOW, OWNER

DAY = timedelta(days=1)
PERIOD = Period(NOW - 100 * DAY, NOW + DAY)
CALL: Any = {"channel": Channel.PHONE, "direction": Direction.INBOUND, "kind": InteractionKind.CALL}


async def called(customer: Customer, member: StaffMember | None, times: int = 1, **fields: Any) -> None:
    for _ in range(times):
        values = {**CALL, "staff_id": member.id if member else None, **fields}
        await interactions.log(OWNER, customer.id, fields=values, now=NOW)


async def worth(**clv: Any) -> None:
    """A current value run in which the customers have these lifetime values, by name."""
    run = await ValueRun.create(
        as_of=NOW,
        status=RunStatus.PUBLISHED,
        is_current=True,
        currency="USD",
        horizon_days=365,
        discount_rate=Decimal("0.1"),
        margin_basis="x",
    )
    for name, value in clv.items():
        owner = await Customer.get(display_name=name)
        await ValueSnapshot.create(run_id=run.id, customer_id=owner.id, as_of=NOW, clv=value, revenue=value)


# -- depth -----------------------------------------------------------------------------------------------------------


async def test_depth_tells_who_really_serves_a_customer(db: str) -> None:
    carol, dave, alice = await staff("carol"), await staff("dave"), await factories.customer()
    await called(alice, carol, 3)
    await called(alice, dave)
    found = await depth.of_customer(OWNER, alice.id, since=NOW - DAY, now=NOW)
    assert (found.contacts, found.breadth, found.top_share, found.single_threaded) == (4, 1, 0.75, True)
    assert found.concentration == pytest.approx(0.75**2 + 0.25**2)
    assert [each.name for each in found.staff] == ["carol", "dave"]


async def test_with_more_than_four_people_loyalty_belongs_to_the_firm(db: str) -> None:
    alice = await factories.customer()
    for number in range(5):
        assert not (await depth.of_customer(OWNER, alice.id, since=NOW - DAY, now=NOW)).firm_level
        await called(alice, await staff(f"s{number}"), 2)
    assert (await depth.of_customer(OWNER, alice.id, since=NOW - DAY, now=NOW)).firm_level


async def test_value_at_risk_counts_each_leaning_customer_once(db: str) -> None:
    carol, dave = await staff("carol"), await staff("dave")
    cast = {name: await factories.customer(name) for name in ("A", "B", "C")}
    await called(cast["A"], carol, 3)
    await called(cast["A"], dave)
    await called(cast["B"], carol, 2)
    await called(cast["C"], carol, 2)
    await called(cast["C"], dave, 2)
    await worth(A=100, B=-5, C=1_000)
    found = await depth.exposure(OWNER, since=NOW - DAY, now=NOW)
    assert [(each.name, each.customers, each.value) for each in found] == [("carol", 2, Decimal(100))]


# -- network ---------------------------------------------------------------------------------------------------------


async def linked(*pairs: tuple[str, RelationshipKind, str]) -> dict[str, UUID]:
    names = {name for start, _, end in pairs for name in (start, end)}
    cast = {name: (await factories.customer(name, country=name[:2].upper())).id for name in sorted(names)}
    for start, kind, end in pairs:
        await relationships.create(OWNER, cast[start], cast[end], kind=kind, fields={})
    return cast


PARENT, WORKS, PARTNER = RelationshipKind.PARENT_COMPANY, RelationshipKind.EMPLOYED_BY, RelationshipKind.PARTNER


async def test_everybody_within_some_steps_is_found_in_both_directions(db: str) -> None:
    cast = await linked(("De1", WORKS, "Fr1"), ("De2", WORKS, "Fr1"), ("Fr1", PARTNER, "De3"), ("De3", PARTNER, "De4"))
    found = await network.near(OWNER, cast["De1"], steps=2)
    assert [(node.name, node.distance) for node in found.nodes] == [("De1", 0), ("Fr1", 1), ("De2", 2), ("De3", 2)]
    assert len(found.links) == 3
    assert found.complete
    assert not (await network.near(OWNER, cast["De1"], steps=3, limit=2)).complete
    only = await network.near(OWNER, cast["De1"], steps=3, kinds=[PARTNER])
    assert len(only.nodes) == 1


async def test_no_way_leads_through_a_customer_one_may_not_see(db: str) -> None:
    cast = await linked(("De1", PARTNER, "Fr1"), ("Fr1", PARTNER, "De2"))
    partner = factories.actor(*Scope, row_filter={"country": {"eq": "DE"}})
    assert len((await network.near(partner, cast["De1"], steps=4)).nodes) == 1


async def test_a_tree_and_the_way_up_it(db: str) -> None:
    cast = await linked(("De2", PARENT, "De1"), ("De3", PARENT, "De1"), ("De4", PARENT, "De3"))
    assert [(n.name, n.distance) for n in await network.tree(OWNER, cast["De1"])] == [
        ("De1", 0),
        ("De2", 1),
        ("De3", 1),
        ("De4", 2),
    ]
    assert [n.name for n in await network.chain(OWNER, cast["De4"], kind=PARENT)] == ["De4", "De3", "De1"]
    with pytest.raises(ValidationFailed, match="makes no tree"):
        await network.tree(OWNER, cast["De1"], kind=PARTNER)


async def test_a_total_counts_nobody_twice(db: str) -> None:
    cast = await linked(("De2", PARENT, "De1"), ("De3", WORKS, "De1"), ("De3", WORKS, "De2"), ("De4", WORKS, "De2"))
    await factories.order(await Customer.get(id=cast["De3"]))
    await worth(De1=10, De2=20, De3=40, De4=80)
    alone = await network.total(OWNER, cast["De1"])
    whole = await network.total(OWNER, cast["De1"], people=True)
    assert (alone.customers, alone.clv, alone.orders) == (2, Decimal(30), 0)
    assert (whole.customers, whole.people, whole.clv, whole.orders) == (4, 2, Decimal(150), 1)


# -- feedback --------------------------------------------------------------------------------------------------------


async def rated(kind: RatingKind, *ratings: int, **fields: Any) -> None:
    alice = await factories.customer()
    await Interaction.bulk_create(
        Interaction(
            customer_id=alice.id,
            channel=fields.get("channel", Channel.WEB),
            direction=Direction.INBOUND,
            kind=InteractionKind.SURVEY,
            occurred_at=fields.get("at", NOW),
            rating_kind=kind,
            rating=rating,
        )
        for rating in ratings
    )


@pytest.mark.parametrize(
    ("kind", "ratings", "value"),
    [
        (RatingKind.NPS, [10, 9, 8, 7, 6, 0], 0.0),
        (RatingKind.NPS, [10, 9, 9, 7, 6], 40.0),
        (RatingKind.CSAT, [5, 4, 3, 1], 0.5),
        (RatingKind.CES, [7, 5, 6], 6.0),
    ],
)
async def test_scores_are_counted_as_their_inventors_do(db: str, kind: RatingKind, ratings: Any, value: float) -> None:
    await rated(kind, *ratings)
    (score,) = await feedback.scores(OWNER, period=PERIOD)
    assert (score.kind, score.answers, score.value) == (kind, len(ratings), pytest.approx(value))
    points = {RatingKind.NPS: lambda r: 100 * ((r >= 9) - (r <= 6)), RatingKind.CSAT: lambda r: r >= 4}
    values = [float(points.get(kind, float)(rating)) for rating in ratings]
    assert score.standard_error == pytest.approx(np.std(values, ddof=1) / len(values) ** 0.5)


async def test_scores_are_told_by_channel_stage_and_month(db: str) -> None:
    await world.lifecycle()
    await rated(RatingKind.NPS, 10, channel=Channel.WEB)
    await rated(RatingKind.NPS, 0, channel=Channel.PHONE, at=NOW - 30 * DAY)
    by_channel = await feedback.scores(OWNER, period=PERIOD, group=FeedbackGroup.CHANNEL)
    assert {each.group: each.value for each in by_channel} == {"WEB": 100, "PHONE": -100}
    by_month = await feedback.scores(OWNER, period=PERIOD, grain=Grain.MONTH)
    assert [each.step for each in by_month] == [date(2026, 10, 1), date(2026, 11, 1)]
    by_stage = await feedback.scores(OWNER, period=PERIOD, group=FeedbackGroup.STAGE)
    assert [(each.group, each.answers) for each in by_stage] == [("new", 2)]


@pytest.mark.parametrize("group", list(FeedbackGroup))
async def test_every_group_of_feedback_can_be_asked_for(db: str, group: FeedbackGroup) -> None:
    await world.lifecycle()
    await rated(RatingKind.CSAT, 5)
    assert len(await feedback.scores(OWNER, period=PERIOD, group=group)) == 1
    assert await feedback.complaints(OWNER, period=PERIOD, now=NOW, group=group) == []


async def test_what_explains_the_score_most_is_named_first(db: str) -> None:
    alice, chance = await factories.customer(), random.Random(1)
    for _ in range(40):
        delivery, price = chance.randint(1, 10), chance.randint(1, 10)
        fields: Any = {
            **CALL,
            "kind": InteractionKind.SURVEY,
            "rating_kind": RatingKind.NPS,
            "rating": min(10, max(0, delivery + chance.randint(-1, 1))),
            "attribute_ratings": {"delivery": delivery, "price": price},
        }
        await interactions.log(OWNER, alice.id, fields=fields, now=NOW)
    found = await feedback.explained(OWNER, period=PERIOD)
    assert [each.attribute for each in found.drivers] == ["delivery", "price"]
    assert sum(each.importance for each in found.drivers) == pytest.approx(1)
    assert found.explained is not None
    assert found.explained > 0.9


async def test_too_few_answers_explain_nothing_and_say_so(db: str) -> None:
    found = await feedback.explained(OWNER, period=PERIOD)
    assert (found.drivers, found.explained) == ([], None)
    assert found.lacking


@pytest.mark.parametrize("ratings", [{"delivery": 11}, {"delivery": "good"}, {"1": 3}, {"x" * 41: 3}, {"a": True}])
async def test_a_rating_of_a_thing_is_checked(db: str, ratings: Any) -> None:
    alice = await factories.customer()
    with pytest.raises(ValidationFailed) as refused:
        await interactions.log(OWNER, alice.id, fields={**CALL, "attribute_ratings": ratings}, now=NOW)
    assert refused.value.path[0] == "attributeRatings"


def test_relative_weights_of_independent_attributes_are_squared_correlations() -> None:
    grid = np.array([[a, b] for a in range(6) for b in range(6)], dtype=np.float64)
    found = drivers(grid, 2 * grid[:, 0] + grid[:, 1])
    assert found.weights == pytest.approx(found.correlations**2)
    assert found.explained == pytest.approx(1)
    assert found.weights == pytest.approx([0.8, 0.2])


def test_attributes_that_say_the_same_share_what_they_explain() -> None:
    chance = np.random.default_rng(1)
    one = chance.normal(size=200)
    found = drivers(np.column_stack([one, one]), one + 0.1 * chance.normal(size=200))
    assert found.weights[0] == pytest.approx(found.weights[1])
    assert found.explained == pytest.approx(np.corrcoef(one, one + 0)[0, 1], abs=0.05)


async def test_complaints_are_on_time_late_overdue_or_open(db: str) -> None:
    alice = await factories.customer()
    hour = timedelta(hours=1)
    for due, answered in ((2, 1), (2, 3), (2, None), (48, None), (None, None), (None, 5)):
        fields: Any = {
            **CALL,
            "kind": InteractionKind.COMPLAINT,
            "occurred_at": NOW - 10 * hour,
            "answer_due_at": NOW + (due - 10) * hour if due else None,
            "answered_at": NOW + (answered - 10) * hour if answered else None,
        }
        await interactions.log(OWNER, alice.id, fields=fields, now=NOW)
    (found,) = await feedback.complaints(OWNER, period=PERIOD, now=NOW)
    assert (found.complaints, found.customers) == (6, 1)
    assert (found.on_time, found.late, found.overdue, found.open) == (2, 1, 1, 2)
    assert (found.rate, found.median_seconds) == (0.5, 3 * 3_600)


# -- quality ---------------------------------------------------------------------------------------------------------


async def test_a_full_and_fresh_customer_has_the_full_score(db: str) -> None:
    carol = await staff("carol")
    fields: Any = {"language": "en", "country": "IR", "city": "Yazd", "owner_id": carol.id, "acquisition_source": "web"}
    alice = await factories.customer("Alice Example", factories.email("a@example.org"), **fields)
    half = await quality.of_customer(OWNER, alice.id, now=alice.updated_at)
    assert (half.completeness, half.reachability, half.missing) == (1, 0.5, ["email or phone"])
    assert half.score == pytest.approx(80, abs=0.1)
    later = await quality.of_customer(OWNER, alice.id, now=alice.updated_at + 365 * DAY)
    assert later.freshness == pytest.approx(0.5, abs=0.01)


async def test_what_is_missing_is_named_and_reported_by_source(db: str) -> None:
    bob = await factories.customer("Bob", kind=CustomerKind.PERSON, acquisition_source="fair")
    await customers.create(system("import"), fields={"display_name": "Carol"}, now=NOW)
    found = await quality.of_customer(OWNER, bob.id, now=NOW)
    assert found.missing == ["language", "country", "city", "owner", "familyName", "email and phone"]
    by_source = await quality.report(OWNER, now=NOW, group=QualityGroup.SOURCE)
    assert [(each.group, each.customers, each.unreachable) for each in by_source] == [("fair", 1, 1), (None, 1, 1)]
    by_creator = await quality.report(OWNER, now=NOW, group=QualityGroup.CREATOR)
    assert {each.group for each in by_creator} == {"owner", "import"}


async def test_provenance_names_who_wrote_each_value_last(db: str) -> None:
    alice = await factories.customer("Alice", country="IR")
    fields: Any = {"city": "Yazd", "country": "DE"}
    await customers.update(system("import"), alice.id, expected_version=1, fields=fields, now=NOW)
    found = {each.field: each.actor for each in await quality.provenance(OWNER, alice.id)}
    assert (found["country"], found["city"], found["given_name"]) == ("import", "import", "owner")


async def test_the_data_of_a_customer_one_may_not_see_are_not_judged(db: str) -> None:
    alice = await factories.customer("Alice", country="DE")
    partner = factories.actor(*Scope, row_filter={"country": {"eq": "IR"}})
    for attempt in (quality.of_customer(partner, alice.id, now=NOW), quality.provenance(partner, alice.id)):
        with pytest.raises(NotFound):
            await attempt
    assert await quality.report(partner, now=NOW) == []


# -- goals -----------------------------------------------------------------------------------------------------------

GOAL = GoalFields(
    name="More buyers",
    figure=GoalFigure.STAGE_SIZE,
    stage="buyer",
    baseline=Decimal(0),
    target=Decimal(4),
    starts_on=date(2026, 11, 10),
    due_on=date(2026, 11, 30),
)


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


async def test_without_their_scopes_nothing_is_told(db: str) -> None:
    await world.lifecycle()
    alice = await factories.customer()
    attempts = [
        (Scope.INTERACTION_READ, lambda a: depth.of_customer(a, alice.id, since=NOW, now=NOW)),
        (Scope.VALUE_READ, lambda a: depth.exposure(a, since=NOW, now=NOW)),
        (Scope.CUSTOMER_READ, lambda a: network.near(a, alice.id)),
        (Scope.VALUE_READ, lambda a: network.total(a, alice.id)),
        (Scope.INTERACTION_READ, lambda a: feedback.scores(a, period=PERIOD)),
        (Scope.INTERACTION_READ, lambda a: feedback.explained(a, period=PERIOD)),
        (Scope.INTERACTION_READ, lambda a: feedback.complaints(a, period=PERIOD, now=NOW)),
        (Scope.CUSTOMER_READ, lambda a: quality.report(a, now=NOW)),
        (Scope.AUDIT_READ, lambda a: quality.provenance(a, alice.id)),
        (Scope.SETTINGS_WRITE, lambda a: goals.create(a, fields=GOAL, now=NOW)),
    ]
    for scope, attempt in attempts:
        with pytest.raises(Forbidden, match=scope.value):
            await attempt(factories.everything_but(scope))  # type: ignore[no-untyped-call]
    assert not await Goal.exists()

"""Scores, what they hang on, and complaints."""

import random
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from crm import feedback, interactions
from crm.errors import ValidationFailed
from crm.feedback import FeedbackGroup
from crm.lifecycle.reports.frame import Grain
from crm.value.drivers import drivers
from models import (
    Channel,
    InteractionKind,
    RatingKind,
)
from tests import factories
from tests.crm import lifecycle_world as world
from tests.crm.intimacy_world import CALL, DAY, PERIOD, rated
from tests.factories import NOW, OWNER


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

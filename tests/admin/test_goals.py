"""Goals at the panel: how far each is, in the list and on its own page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from crm import goals
from models import Goal, GoalFigure, GoalMeasurement
from tests.admin.desk import Desk
from tests.factories import OWNER, customer


@pytest.fixture
async def goal(db: str) -> Goal:
    """Everything known of everybody, in a quarter that began a month ago."""
    await customer("Ali")
    today = datetime.now(UTC).date()
    fields: Any = {
        "name": "Better known",
        "figure": GoalFigure.DATA_QUALITY,
        "baseline": Decimal(0),
        "target": Decimal(100),
        "starts_on": today - timedelta(days=30),
        "due_on": today + timedelta(days=60),
    }
    return await goals.create(OWNER, fields=fields, now=datetime.now(UTC))


async def test_a_goal_tells_on_its_page_where_it_began_is_and_is_to_be(sara: Desk, goal: Goal) -> None:
    page = await sara.get("/goal/detail", pk=str(goal.id))
    assert f'data-arz-part="/admin/goal-progress/{goal.id}"' in page.text
    part = (await sara.get(f"/goal-progress/{goal.id}")).text
    assert all(said in part for said in ("Baseline", "Target", "33% of the time is over", "Behind"))


async def test_the_list_tells_how_far_goals_were_when_last_noted(sara: Desk, goal: Goal) -> None:
    await GoalMeasurement.create(goal_id=goal.id, day=datetime.now(UTC).date(), value=Decimal(50))
    page = (await sara.get("/goal/list")).text
    assert ("50%" in page, "On track" in page, "data-arz-part" in page) == (True, True, False)


async def test_the_list_asks_for_a_goal_that_was_not_noted_lately(sara: Desk, goal: Goal) -> None:
    asked = f"/admin/goal-progress/{goal.id}?short=1"
    assert f'data-arz-part="{asked}"' in (await sara.get("/goal/list")).text
    assert "Behind" in (await sara.get(f"/goal-progress/{goal.id}", short="1")).text


async def test_a_goal_that_is_not_there_has_no_progress(sara: Desk) -> None:
    assert (await sara.get("/goal-progress/0")).status_code == 404


async def test_what_is_kept_of_goals_reads_in_each_reader_s_language(sara: Desk, goal: Goal) -> None:
    english = (await sara.get(f"/goal-progress/{goal.id}")).text
    sara.client.cookies.set("language", "zh")
    chinese = (await sara.get(f"/goal-progress/{goal.id}")).text
    assert ("Baseline" in english, "基准值" in chinese, "落后" in chinese) == (True, True, True)

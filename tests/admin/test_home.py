"""The first page leads to what needs doing, and tells each reader what that reader may know."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from crm import followups, goals, roles
from crm.database import execute
from crm.lifecycle import default
from crm.value import runs
from models import GoalFigure, StaffMember
from tests.admin.conftest import At
from tests.admin.desk import Desk
from tests.crm.value_world import bought, newcomers, rhythm
from tests.factories import NOW, OWNER, customer


async def test_an_empty_house_says_how_to_begin(sara: Desk) -> None:
    page = (await sara.get("/")).text
    assert "There are no figures before the first value run." in page
    assert "Nothing is due today." in page
    assert "/admin/value/runs" in page


async def test_new_are_those_who_were_won_lately_however_lately_they_were_taken_in(sara: Desk) -> None:
    now = datetime.now(UTC)
    await customer("Old", acquired_at=now - timedelta(days=900), now=now)
    await customer("Fresh", acquired_at=now - timedelta(days=3), now=now)
    await customer("Unknown since")
    await default.install(OWNER)
    assert "2 new in 30 days" in (await sara.get("/")).text


async def test_how_many_are_new_stays_unsaid_when_too_many_came_to_look_at(
    sara: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("admin.dashboard.LOOKED_AT", 1)
    for name in ("Ali", "Sara"):
        await customer(name, acquired_at=datetime.now(UTC) - timedelta(days=900))
    page = await sara.get("/")
    assert (page.status_code, "new in 30 days" in page.text) == (200, False)


async def test_what_is_late_and_due_stands_first_and_leads_to_it(sara: Desk) -> None:
    ali, staff = await customer("Ali Rezaei"), await StaffMember.get(email="sara@example.com")
    now = datetime.now(UTC)
    late = await followups.create(
        OWNER, ali.id, subject="Send the offer", due_at=now - timedelta(days=2), now=now, owner_id=staff.id
    )
    page = (await sara.get("/")).text
    assert f"/admin/follow_up/detail?pk={late.id}" in page
    assert "2 days ago" in page


async def test_who_is_over_the_target_of_a_stage_is_named(sara: Desk) -> None:
    await default.install(OWNER)
    ali = await customer("Ali Rezaei")
    await execute("UPDATE stage_position SET entered_at = now() - interval '9 years' WHERE customer_id = $1", ali.id)
    page = (await sara.get("/")).text
    assert "Over their stage" in page
    assert "Ali Rezaei" in page.split("stuck-title")[2].split("</section>")[0]


async def test_value_at_risk_is_listed_after_a_run(sara: Desk) -> None:
    await bought(rhythm(await newcomers(200)))
    await runs.recompute(OWNER, now=NOW)
    page = (await sara.get("/")).text
    assert "churn risk" in page.split("risk-title")[2].split("</section>")[0]
    assert page.count("data-chart=") == 1


async def test_goals_are_measured_beside_the_page(sara: Desk) -> None:
    await customer("Ali Rezaei")
    today = datetime.now(UTC).date()
    goal: Any = {"name": "Know more people", "figure": GoalFigure.DATA_QUALITY, "target": Decimal(1)}
    dates = {"starts_on": today, "due_on": today + timedelta(days=90), "baseline": Decimal(0)}
    await goals.create(OWNER, fields={**goal, **dates}, now=datetime.now(UTC))
    assert 'data-arz-part="/admin/home/goals"' in (await sara.get("/")).text
    part = (await sara.get("/home/goals")).text
    assert "Know more people" in part
    assert "<progress" in part


async def test_a_clerk_sees_neither_value_nor_events(at: At) -> None:
    await bought(rhythm(await newcomers(50)))
    await runs.recompute(OWNER, now=NOW)
    await roles.create(OWNER, key="clerk", fields={"name": "Clerk", "scopes": ["customer:read"]})
    page = (await (await at("clerk", "Arash")).get("/")).text
    for told in ("Customer equity", "Value at risk", "What happened last", "Value runs"):
        assert told not in page

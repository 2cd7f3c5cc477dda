"""Follow-ups, goals and exchange rates at the panel: generated forms that write through use cases."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from crm import exchange_rates, followups
from models import AuditEntry, Event, ExchangeRate, FollowUp, FollowUpStatus, Goal, GoalFigure
from tests.admin.conftest import At
from tests.admin.desk import Desk, fields_of
from tests.crm.test_followups import staff
from tests.factories import OWNER, customer

NOW = datetime.now(UTC)
GOAL = {
    "name": "Happier",
    "figure": "NPS",
    "baseline": "10",
    "target": "40",
    "starts_on": "2026-01-01",
    "due_on": "2026-12-31",
}


async def call_ali() -> FollowUp:
    ali = await customer("Ali")
    return await followups.create(OWNER, ali.id, subject="Call", due_at=NOW + timedelta(days=1), now=NOW)


async def euros() -> ExchangeRate:
    return await exchange_rates.put(OWNER, currency="EUR", day=date(2026, 1, 1), rate=Decimal("0.9"), now=NOW)


async def test_a_follow_up_is_promised(sara: Desk) -> None:
    ali = await customer("Ali")
    given = {"customer": str(ali.id), "subject": "Call", "due_at": "2026-12-01T09:30"}
    answer = await sara.fill("/follow_up/create", given)
    assert answer.status_code == 303, answer.text
    found = await FollowUp.get(customer_id=ali.id)
    assert (found.subject, found.status) == ("Call", FollowUpStatus.OPEN)
    assert (await AuditEntry.get(noun_id=found.id)).actor_label == "Sara"


async def test_a_follow_up_too_far_ahead_is_marked_at_its_time(sara: Desk) -> None:
    task = await call_ali()
    answer = await sara.fill("/follow_up/edit", {"due_at": "2099-12-01T09:30"}, pk=str(task.id))
    assert (answer.status_code, 'id="due_at-error"' in answer.text) == (422, True)


async def test_a_follow_up_is_edited(sara: Desk) -> None:
    task = await call_ali()
    assert (await sara.fill("/follow_up/edit", {"subject": "Write"}, pk=str(task.id))).status_code == 303
    entry = await AuditEntry.get(noun_id=task.id, action="follow_up.updated")
    assert entry.changes == {"subject": ["Call", "Write"]}


@pytest.mark.parametrize(("name", "status"), [("done", FollowUpStatus.DONE), ("dropped", FollowUpStatus.DROPPED)])
async def test_a_follow_up_is_closed_once_and_taken_up_again(sara: Desk, name: str, status: FollowUpStatus) -> None:
    key = str((await call_ali()).id)
    assert (await sara.post("/_api/follow_up/row-action", pk=key, name=name)).status_code == 200
    assert (await FollowUp.get(id=key)).status is status
    assert (await sara.post("/_api/follow_up/row-action", pk=key, name=name)).status_code == 400
    assert (await sara.post("/_api/follow_up/row-action", pk=key, name="reopen")).status_code == 200
    assert (await FollowUp.get(id=key)).status is FollowUpStatus.OPEN


async def test_a_viewer_closes_and_deletes_no_follow_up(at: At) -> None:
    key, viewer = str((await call_ali()).id), await at("viewer")
    for name in ("done", "dropped", "delete"):
        assert (await viewer.post("/_api/follow_up/row-action", pk=key, name=name)).status_code == 400
    assert (await FollowUp.get(id=key)).status is FollowUpStatus.OPEN


async def test_a_goal_is_set_changed_and_archived(sara: Desk) -> None:
    answer = await sara.fill("/goal/create", GOAL)
    assert answer.status_code == 303, answer.text
    goal = await Goal.get()
    assert (goal.figure, goal.baseline, goal.target) == (GoalFigure.NPS, 10, 40)
    assert (await sara.fill("/goal/edit", {"target": "50"}, pk=str(goal.id))).status_code == 303
    assert (await sara.post("/_api/goal/row-action", pk=str(goal.id), name="archive")).status_code == 200
    goal = await Goal.get()
    assert (goal.target, goal.archived_at is not None) == (50, True)


async def test_a_goal_can_be_about_the_customers_of_one_person(sara: Desk) -> None:
    carol = await staff("carol")
    answer = await sara.fill("/goal/create", {**GOAL, "owner": str(carol.id)})
    assert answer.status_code == 303, answer.text
    assert (await Goal.get()).owner_id == carol.id


@pytest.mark.parametrize(
    ("field", "value"), [("due_on", "2025-12-31"), ("target", "10"), ("segment", "nowhere"), ("target", "much")]
)
async def test_what_a_goal_cannot_be_is_marked_at_its_field(sara: Desk, field: str, value: str) -> None:
    answer = await sara.fill("/goal/create", {**GOAL, field: value})
    assert (answer.status_code, f'id="{field}-error"' in answer.text) == (422, True)
    assert fields_of(answer.text)[field] == [value]
    assert not await Goal.exists()


async def test_a_rate_is_noted_corrected_and_deleted(sara: Desk) -> None:
    answer = await sara.fill("/exchange_rate/create", {"currency": "EUR", "day": "2026-01-01", "rate": "0.92"})
    assert answer.status_code == 303, answer.text
    key = str((await ExchangeRate.get()).id)
    assert (await sara.fill("/exchange_rate/edit", {"rate": "0.95"}, pk=key)).status_code == 303
    assert (await ExchangeRate.get()).rate == Decimal("0.95")
    assert (await sara.post("/_api/exchange_rate/row-action", pk=key, name="delete")).status_code == 200
    assert not await ExchangeRate.exists()
    assert await Event.filter(type="setting.changed", noun_id=key).count() == 3


async def test_a_rate_that_cannot_be_is_marked_at_it(sara: Desk) -> None:
    rate = await euros()
    answer = await sara.fill("/exchange_rate/edit", {"rate": "-1"}, pk=str(rate.id))
    assert (answer.status_code, fields_of(answer.text)["rate"]) == (422, ["-1"])
    assert (await ExchangeRate.get()).rate == Decimal("0.9")


async def test_a_manager_changes_no_rates(at: At) -> None:
    key, manager = str((await euros()).id), await at("manager")
    await manager.post("/exchange_rate/edit", {"rate": "2"}, pk=key)
    assert (await manager.post("/_api/exchange_rate/row-action", pk=key, name="delete")).status_code == 400
    assert (await ExchangeRate.get()).rate == Decimal("0.9")

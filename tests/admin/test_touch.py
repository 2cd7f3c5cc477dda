"""Reports on touchpoints at the panel: what customers say, complaints, who serves whom, the quality of data."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.datastructures import QueryParams

from admin.touch.asked import REPORTS, read
from crm import interactions
from crm.reports.question import usual_of_contact
from models import Channel, Customer, Direction, InteractionKind, RatingKind
from tests.admin.conftest import At
from tests.admin.desk import Desk
from tests.crm.test_followups import staff
from tests.factories import NOW, OWNER, customer

CALL: Any = {"channel": Channel.PHONE, "direction": Direction.INBOUND, "kind": InteractionKind.CALL}


@pytest.fixture
async def ali(db: str) -> Customer:
    """One who was called twice, gave a nine, and complained."""
    ali, carol, now = await customer("Ali", acquisition_source="fair"), await staff("carol"), datetime.now(UTC)
    told: list[dict[str, Any]] = [
        {"staff_id": carol.id},
        {"staff_id": carol.id},
        {"kind": InteractionKind.SURVEY, "rating_kind": RatingKind.NPS, "rating": 9},
        {"kind": InteractionKind.COMPLAINT, "answer_due_at": now + timedelta(days=2)},
    ]
    for fields in told:
        await interactions.log(OWNER, ali.id, fields={**CALL, **fields}, now=now)
    return ali


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"report": "scores"}, "NPS"),
        ({"report": "scores", "by": "CHANNEL"}, "Phone"),
        ({"report": "scores", "by": "STAGE"}, "In no stage"),
        ({"report": "drivers"}, "arz-empty"),
        ({"report": "complaints"}, "Median until the answer"),
        ({"report": "complaints", "by": "SOURCE"}, "fair"),
        ({"report": "exposure"}, "carol"),
        ({"report": "quality"}, "fair"),
        ({"report": "quality", "by": "IMPORT"}, "Not imported"),
        ({"report": "quality", "by": "CREATOR"}, "owner"),
    ],
)
async def test_every_report_has_its_page_and_its_figures(
    sara: Desk, ali: Customer, asked: dict[str, str], told: str
) -> None:
    page = await sara.get("/touch-reports", **asked)
    assert (page.status_code, "data-arz-load" in page.text) == (200, True)
    part = await sara.get("/touch-reports/figures", **asked)
    assert (part.status_code, told in part.text) == (200, True)


async def test_a_period_that_cannot_be_is_told_beside_it_and_stays(sara: Desk) -> None:
    page = await sara.get("/touch-reports", since="2026-05-01", until="2026-04-01")
    assert (page.status_code, 'id="until-error"' in page.text, 'value="2026-04-01"' in page.text) == (422, True, True)


async def test_what_a_leaver_has_is_handed_over(sara: Desk) -> None:
    carol, dave, erin = [await staff(name) for name in ("carol", "dave", "erin")]
    cast = [await customer(name, owner_id=carol.id) for name in ("Ali", "Bea")]
    page = await sara.get(f"/hand-over/{carol.id}")
    assert "2 customers and 0 open follow-ups" in page.text
    assert f"/hand-over/{carol.id}" in (await sara.get("/staff_member/list")).text
    answer = await sara.post(f"/hand-over/{carol.id}", {"to": [str(dave.id), str(erin.id)]})
    assert answer.status_code == 303, answer.text
    owners = await Customer.filter(id__in=[one.id for one in cast]).values_list("owner_id", flat=True)
    assert set(owners) == {dave.id, erin.id}


async def test_without_an_heir_nothing_is_handed_over(sara: Desk) -> None:
    carol, _dave = await staff("carol"), await staff("dave")
    ali = await customer("Ali", owner_id=carol.id)
    answer = await sara.post(f"/hand-over/{carol.id}", {})
    assert (answer.status_code, "Name 1 to 50 staff members" in answer.text) == (422, True)
    assert (await Customer.get(id=ali.id)).owner_id == carol.id


async def test_who_may_not_change_customers_hands_nothing_over(at: At) -> None:
    carol, viewer = await staff("carol"), await at("viewer")
    assert (await viewer.get(f"/hand-over/{carol.id}")).status_code == 403


async def test_nobody_is_no_leaver(sara: Desk) -> None:
    assert (await sara.get("/hand-over/x")).status_code == 404


@pytest.mark.parametrize("report", list(REPORTS))
async def test_the_report_as_it_opens_is_one_that_is_ready_before_anybody_asks(db: str, report: str) -> None:
    opened = await read(QueryParams({"report": report}), list(REPORTS), "UTC", NOW)
    assert opened.question in usual_of_contact()

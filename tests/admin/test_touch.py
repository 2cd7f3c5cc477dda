"""Reports on touchpoints at the panel: what customers say, complaints, who serves whom, the quality of data."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crm import interactions
from models import Channel, Customer, Direction, InteractionKind, RatingKind
from tests.admin.desk import Desk
from tests.crm.test_followups import staff
from tests.factories import OWNER, customer

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
        ({"report": "scores", "by": "STAGE"}, "none"),
        ({"report": "drivers"}, "arz-empty"),
        ({"report": "complaints"}, "Median until the answer"),
        ({"report": "complaints", "by": "SOURCE"}, "fair"),
        ({"report": "exposure"}, "carol"),
        ({"report": "quality"}, "fair"),
        ({"report": "quality", "by": "IMPORT"}, "none"),
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

"""What value assumes is for the organisation to say, within sense."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from crm.database import fetch
from crm.errors import ValidationFailed
from crm.value.runs import settings
from tests.factories import OWNER


@pytest.mark.parametrize(
    ("name", "value"),
    [("horizon_days", 1), ("discount_rate", "x"), ("margin_rate", 2), ("model", "GUESS"), ("unit_costs", {"WISH": 1}),
     ("nonsense", 1), ("learning_outcome", " ")],
)  # fmt: skip
async def test_a_setting_that_makes_no_sense_is_refused_by_name(db: str, name: str, value: Any) -> None:
    with pytest.raises(ValidationFailed) as refused:
        await settings.change(OWNER, **{name: value})
    assert refused.value.path[0].startswith(name.split("_")[0])
    assert await fetch("SELECT key FROM organization_setting") == []


async def test_settings_are_kept_and_go_back_to_their_defaults(db: str) -> None:
    chosen = await settings.change(OWNER, unit_costs={"CALL": "4.50"}, horizon_days=180, price_cut="0.9")
    assert (chosen.unit_costs, chosen.horizon_days, chosen.price_cut) == (
        {"CALL": Decimal("4.50")},
        180,
        Decimal("0.9"),
    )
    assert (await settings.change(OWNER, horizon_days=None, price_cut=None)).to_json()["horizon_days"] == 365
    assert (await settings.current()).price_cut is None

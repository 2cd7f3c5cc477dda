"""Periods, delivered value and the quality of models over GraphQL."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from crm import ids, interactions
from crm.access import Scope
from crm.value import runs
from models import Channel, Direction, InteractionKind, RatingKind
from tests import factories
from tests.crm.value_world import bought, newcomers, rhythm
from tests.factories import NOW, OWNER
from tests.schema.asking import ask

PERIODS = """query($id: ID) { profitPeriods(since: "2026-07-01", until: "2026-11-01", grain: MONTH, customerId: $id) {
  period buyers revenue netProfit } }"""
QUALITY = """query($run: ID) { modelQuality(runId: $run) { model holdoutDays fittedOn intervalLevel correlation
  candidates { model chosen expected actual bias rootMeanSquare } calibration { frequency more customers }
  coverage { level purchases money published } parameters { part name value standardError } warnings } }"""
DELIVERED = "{ deliveredValues { tier level customers } }"


@pytest.fixture
async def shop(db: str) -> list[UUID]:
    keys = await newcomers(200)
    await bought(rhythm(keys))
    return keys


async def rated(key: UUID, score: int) -> None:
    fields: Any = {
        "channel": Channel.PHONE,
        "direction": Direction.INBOUND,
        "kind": InteractionKind.SURVEY,
        "rating_kind": RatingKind.NPS,
        "rating": score,
        "occurred_at": NOW - timedelta(days=1),
    }
    await interactions.log(OWNER, key, fields=fields, now=NOW)


async def test_profit_by_period_of_one_and_of_all(shop: list[UUID]) -> None:
    everybody = (await ask(PERIODS)).data["profitPeriods"]
    assert [period["period"] for period in everybody] == [f"2026-{month:02}-01" for month in (7, 8, 9, 10)]
    each = [(await ask(PERIODS, {"id": ids.encode("cus", key)})).data["profitPeriods"] for key in shop[:40]]
    assert all(
        Decimal(one["revenue"]) <= Decimal(all_["revenue"]) for one, all_ in zip(each[0], everybody, strict=True)
    )
    assert sum(Decimal(one["revenue"]) for periods in each for one in periods) > 0


async def test_delivered_value_puts_ratings_against_worth(shop: list[UUID]) -> None:
    for key, score in zip(shop[:3], (1, 5, 10), strict=True):
        await rated(key, score)
    await runs.recompute(OWNER, now=NOW)
    cells = (await ask(DELIVERED)).data["deliveredValues"]
    assert sum(cell["customers"] for cell in cells) == len(shop)
    asked = {level: sum(c["customers"] for c in cells if c["level"] == level) for level in ("LOW", "MIDDLE", "HIGH")}
    assert asked == {"LOW": 1, "MIDDLE": 1, "HIGH": 1}
    assert (await ask(DELIVERED, actor=factories.everything_but(Scope.VALUE_READ))).code == "FORBIDDEN"


async def test_the_quality_of_models_is_read(shop: list[UUID]) -> None:
    run = await runs.recompute(OWNER, now=NOW)
    found = (await ask(QUALITY)).data["modelQuality"]
    assert found["model"] == run.model
    assert [one["model"] for one in found["candidates"] if one["chosen"]] == [run.model]
    assert found["candidates"][0]["rootMeanSquare"] > 0
    assert {one["part"] for one in found["parameters"]} == {"PURCHASES", "SPEND"}
    assert sum(level["customers"] for level in found["calibration"]) == run.diagnostics["holdout"]["customers"]
    assert (await ask(QUALITY, {"run": ids.encode("run", run.id)})).data["modelQuality"] == found


async def test_the_quality_of_a_run_without_models_is_empty(db: str) -> None:
    await newcomers(1)
    await runs.recompute(OWNER, now=NOW)
    found = (await ask(QUALITY)).data["modelQuality"]
    assert (found["model"], found["candidates"], found["coverage"]) == (None, [], [])
    missing = ids.encode("run", UUID(int=7))
    assert (await ask(QUALITY, {"run": missing})).code == "NOT_FOUND"


async def test_a_holdout_period_without_purchases_is_no_fault(db: str) -> None:
    keys = await newcomers(60)
    log = [(key, day, amount) for key, day, amount in rhythm(keys) if day < date(2026, 1, 1)]
    await bought(log)
    run = await runs.recompute(OWNER, now=NOW)
    assert run.diagnostics["holdout"]["models"]
    assert (await ask(QUALITY)).data["modelQuality"]["candidates"][0]["bias"] is None

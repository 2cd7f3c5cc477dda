"""Segments with models of their own: fitted apart, used for their members alone, and said so everywhere."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from crm import ids
from crm.database import execute, fetch_value
from crm.errors import ValidationFailed
from crm.value import runs
from crm.value.runs import explain, refresh, settings, simulate
from crm.value.whatif import Change
from models import Segment, ValueRun
from tests import factories
from tests.crm.value_world import bought, newcomers, rhythm, snapshot
from tests.factories import NOW, OWNER
from tests.schema.asking import ask

METRICS = "query($id: ID!) { customer(id: $id) { valueMetrics { fittedOn model clv { amount } } } }"


async def joined(segment: Segment, keys: list[UUID]) -> None:
    statement = (
        "INSERT INTO segment_membership (id, created_at, updated_at, segment_id, customer_id, entered_at, entry_cause, "
        "rule_version) SELECT uuidv7(), $3, $3, $1, key, $3, 'MANUAL', 0 FROM unnest($2::uuid[]) key"
    )
    await execute(statement, segment.id, keys, NOW - timedelta(days=900))


@pytest.fixture
async def shop(db: str) -> list[UUID]:
    """Of 300 customers the first 150 bought twice as much, and two more are in a segment too small for a model."""
    keys = await newcomers(300)
    log = rhythm(keys)
    big, tiny = set(keys[:150]), await factories.segment("tiny")
    await bought((key, day, amount * 10 if key in big else amount) for key, day, amount in log)
    await joined(await factories.segment("big"), keys[:150])
    await joined(tiny, keys[150:152])
    await settings.change(OWNER, fit_segments=["big", "tiny"])
    return keys


async def equity() -> Decimal:
    found: Decimal = await fetch_value(
        "SELECT sum(clv_residual) FROM value_snapshot WHERE run_id = (SELECT id FROM value_run WHERE is_current)"
    )
    return found


async def test_members_are_valued_by_the_models_of_their_segment(shop: list[UUID]) -> None:
    run = await runs.recompute(OWNER, now=NOW)
    own, none = run.parameters["segments"]
    assert own["mean_spend"] > 3 * run.parameters["mean_spend"] / 2
    assert none is None
    assert any(warning.startswith("Segment tiny: the models of all customers") for warning in run.warnings)
    assert run.diagnostics["segments"]["big"]["customers"] == 150
    assert [(await snapshot(key)).fitted_on for key in (shop[0], shop[150], shop[299])] == ["big", None, None]


async def test_figures_of_a_segment_are_explained_and_refreshed_by_its_models(shop: list[UUID]) -> None:
    run: ValueRun = await runs.recompute(OWNER, now=NOW)
    for key in (shop[3], shop[151], shop[200]):
        before = await snapshot(key)
        found = await explain.explain(OWNER, key)
        assert [check.figure for check in found.checks if not check.equal] == []
        await refresh.refresh(OWNER, [key], now=NOW)
        assert (await snapshot(key)).clv == before.clv
    assert found.model == run.model
    told = (await ask(METRICS, {"id": ids.encode("cus", shop[3])})).data["customer"]["valueMetrics"]
    assert (told["fittedOn"], told["model"]) == ("big", run.parameters["segments"][0]["model"])


async def test_a_what_if_takes_each_customer_by_its_models(shop: list[UUID]) -> None:
    await runs.recompute(OWNER, now=NOW)
    found = await simulate.simulate(OWNER, Change())
    assert found.baseline == pytest.approx(await equity(), abs=Decimal("0.2"))


@pytest.mark.parametrize("wrong", ["big", [1], ["a", "a"], [""], [str(n) for n in range(21)], ["nobody"]])
async def test_segments_to_fit_are_a_list_of_keys(db: str, wrong: Any) -> None:
    with pytest.raises(ValidationFailed) as refused:
        await settings.change(OWNER, fit_segments=wrong)
    assert refused.value.path == ("fitSegments",)
    assert (await settings.current()).fit_segments == ()

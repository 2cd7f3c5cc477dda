"""The models beside the runs, through the database: published cohorts of contracts and donors, and a chain by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from crm.errors import Blocked, ValidationFailed
from crm.lifecycle.reports.frame import Grain, Period
from crm.value.runs import prospects, renewals
from tests.crm import lifecycle_world as stages
from tests.crm.value_world import bought, newcomers
from tests.factories import OWNER
from tests.schema.asking import ask
from tests.unit.value.data import table
from tests.unit.value.test_published_fits import REGULAR

TEN = Decimal(10)
CONTRACTS = """{ contractRenewals(since: "2025-01-01", until: "2025-09-09", ahead: 5) {
  customers alpha beta logLikelihood
  renewals { number due renewed observed retention survival residual } } }"""
OCCASIONS = """{ purchaseOccasions(since: "1995-01-01", until: "2002-06-01", ahead: 5) {
  customers expected logLikelihood
  parameters { name value standardError } rows { x last lived customers alive expected discounted } } }"""


@pytest.fixture
async def regulars(db: str) -> None:
    """The cohort "Regular" of Fader and Hardie 2007: a thousand contracts of January 2025, by month."""
    keys = await newcomers(1000)
    await bought((key, date(2025, 1 + month, 5), TEN) for month, left in enumerate(REGULAR) for key in keys[:left])


async def test_contracts_in_the_database_give_the_published_parameters(regulars: None) -> None:
    found = (await ask(CONTRACTS)).data["contractRenewals"]
    assert found["customers"] == 1000
    assert (found["alpha"], found["beta"]) == pytest.approx((0.704077, 1.182043), rel=1e-5)
    assert found["logLikelihood"] == pytest.approx(-1680.2652, abs=1e-3)
    first, *_, last = found["renewals"]
    assert (first["due"], first["renewed"], first["observed"]) == (1000, 631, 0.631)
    assert (last["number"], last["due"], last["observed"]) == (12, 0, None)
    assert last["retention"] == pytest.approx(0.945, abs=5e-4)


async def test_contracts_that_began_later_count_as_long_as_they_were_seen(regulars: None) -> None:
    late = await newcomers(50)
    await bought((key, day, TEN) for key in late for day in (date(2025, 7, 9), date(2025, 8, 9)))
    found = await renewals.contracts(OWNER, since=date(2025, 1, 1), until=date(2025, 9, 9))
    assert (found.renewals[0].due, found.renewals[0].renewed, found.renewals[1].due) == (1050, 681, 631)


async def test_contracts_without_anybody_lost_say_what_is_missing(db: str) -> None:
    keys = await newcomers(5)
    await bought((key, date(2025, month, 5), TEN) for key in keys for month in (1, 2, 3, 4))
    with pytest.raises(Blocked, match="not renewed"):
        await renewals.contracts(OWNER, since=date(2025, 1, 1), until=date(2025, 5, 1))
    with pytest.raises(Blocked, match="Nobody began"):
        await renewals.contracts(OWNER, since=date(2026, 1, 1), until=date(2026, 5, 1))
    with pytest.raises(ValidationFailed):
        await renewals.contracts(OWNER, since=date(2026, 1, 1), until=date(2026, 5, 1), ahead=0)


async def test_donors_in_the_database_give_the_published_parameters(db: str) -> None:
    """Fader, Hardie and Shang 2010: won in 1995, seen for six years."""
    rows = table("donations.csv")
    keys, at = await newcomers(11_104), 0
    log: list[tuple[object, date, Decimal]] = []
    for x, last, count in zip(rows["frequency"], rows["recency"], rows["weights"], strict=True):
        years = [0, *range(1, int(x)), *([int(last)] if x else [])]
        log += [(key, date(1995 + year, 6, 1), TEN) for key in keys[at : at + int(count)] for year in years]
        at += int(count)
    await bought(log)  # type: ignore[arg-type]
    found = (await ask(OCCASIONS)).data["purchaseOccasions"]
    assert [one["value"] for one in found["parameters"]] == pytest.approx(
        [1.20352, 0.74972, 0.65672, 2.78344], rel=1e-4
    )
    assert found["expected"] == pytest.approx(12884.2, abs=1)
    assert sum(row["customers"] for row in found["rows"]) == 11_104


async def test_a_stage_is_worth_what_its_customers_bring_and_become(db: str) -> None:
    """Of three months that began as buyer one ended gone, and 30 were earned: V = 10 / (1 - (2/3) / (1 + d))."""
    path, since = await stages.lifecycle(), datetime(2026, 6, 1, tzinfo=UTC)
    before, middle = since - timedelta(days=1), datetime(2026, 6, 20, tzinfo=UTC)
    stay, leave = await stages.populate(path, [[("buyer", before)], [("buyer", before), ("gone", middle)]])
    await bought([(stay.id, date(2026, 6, 3), Decimal(20)), (leave.id, date(2026, 6, 3), Decimal(80))])
    period = Period(since, datetime(2026, 8, 1, tzinfo=UTC))
    found = {one.stage: one for one in await prospects.prospects(OWNER, period=period, grain=Grain.MONTH)}
    buyer, monthly = found["buyer"], 1.1 ** (1 / 12)
    assert (buyer.steps, buyer.customers, buyer.reward, found["gone"].reward) == (3, 1, 10, 0)
    assert float(buyer.value) == pytest.approx(10 / (1 - (2 / 3) / monthly), abs=1e-3)
    assert buyer.equity == buyer.value
    assert np.isclose(float(found["gone"].value), 0)


async def test_stage_prospects_are_asked_for_by_name(db: str) -> None:
    await stages.lifecycle()
    period = '{since: "2026-06-01T00:00:00Z", until: "2026-08-01T00:00:00Z"}'
    found = (await ask(f"{{ stageProspects(period: {period}) {{ stage customers reward value }} }}")).data
    assert [one["stage"] for one in found["stageProspects"]] == ["new", "buyer", "loyal", "asleep", "gone"]


@pytest.mark.parametrize("field", ["contractRenewals", "purchaseOccasions", "cohortValues"])
async def test_a_time_of_more_periods_than_anybody_reads_is_refused(db: str, field: str) -> None:
    answer = await ask(f'{{ {field}(since: "2025-01-01", until: "2999-01-01", grain: MONTH) {{ customers }} }}')
    assert (answer.code, answer.errors[0]["extensions"]["inputPath"]) == ("VALIDATION_FAILED", ["until"])

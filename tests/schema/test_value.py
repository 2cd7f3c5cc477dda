"""Value over GraphQL: settings, runs, the portfolio, what-if and why."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from crm import ids
from crm.access import Scope
from crm.database import fetch, fetch_value
from crm.value import following, runs
from models import StrategicDesignation
from tests import factories
from tests.crm.value_world import bought, newcomers, rhythm
from tests.factories import NOW, OWNER
from tests.schema.asking import ask

RECOMPUTE = """
mutation($asOf: DateTime) { valueRecompute(input: {asOf: $asOf}) {
  valueRun { id status step progress currency } problems { code path } } }
"""
PORTFOLIO = """{ portfolio { customers equity whale { total peakShare points { customers profit } }
  tiers { tier customers least residual } rfm { recency frequency customers } matrix { priceCut }
  distribution { mean bars { low high customers } quantiles { share value } } } }"""
SIMULATE = """query($where: Rule) { valueSimulate(change: {churn: 0.8, margin: 0.01}, where: $where) {
  customers baseline scenario netGain breakEvenSpend breakEvenPerCustomer currency } }"""
EXPLAIN = """query($id: ID!) { valueExplain(customerId: $id) { model formula drivers { key value unit average }
  checks { figure stored recomputed equal } } }"""
SETTINGS = """mutation($input: ValueSettingsUpdateInput!) { valueSettingsUpdate(input: $input) {
  settings { horizonDays unitCosts priceCut } problems { code path message } } }"""
DECIDE = """mutation($input: DesignationDecideInput!) { designationDecide(input: $input) {
  designation { status reviewOn decidedBy kind customer { id } } problems { code } } }"""
CHANGE = """query($since: DateTime!, $until: DateTime!) { portfolioChange(since: $since, until: $until) { currency
  equity { cause change } migration(by: RFM) { customers } risers(first: 3) { change } fallers { name } } }"""


@pytest.fixture
async def shop(db: str) -> list[UUID]:
    keys = await newcomers(200)
    await bought(rhythm(keys))
    await runs.recompute(OWNER, now=NOW)
    return keys


async def test_a_run_that_was_asked_for_is_carried_out_by_the_follower(db: str) -> None:
    await newcomers(3)
    told = (await ask(RECOMPUTE)).data["valueRecompute"]
    assert (told["problems"], told["valueRun"]["status"]) == ([], "RUNNING")
    await following.carry_out(NOW)
    found = (await ask("{ valueRun { id isCurrent customers status horizonDays clvHorizonDays } }")).data["valueRun"]
    assert (found["id"], found["customers"], found["status"]) == (told["valueRun"]["id"], 3, "PUBLISHED")


async def test_a_run_of_the_future_or_without_the_scope_is_a_problem(db: str) -> None:
    later = (NOW + timedelta(days=1)).isoformat()
    told = (await ask(RECOMPUTE, {"asOf": later})).data["valueRecompute"]
    assert told["problems"] == [{"code": "VALIDATION_FAILED", "path": ["asOf"]}]
    told = (await ask(RECOMPUTE, actor=factories.everything_but(Scope.VALUE_RECOMPUTE))).data["valueRecompute"]
    assert told["problems"][0]["code"] == "FORBIDDEN"
    assert await fetch_value("SELECT count(*) FROM value_run") == 0


async def test_the_portfolio_adds_up(shop: list[UUID]) -> None:
    found = (await ask(PORTFOLIO)).data["portfolio"]
    assert found["customers"] == len(shop) == sum(tier["customers"] for tier in found["tiers"])
    assert (len(found["rfm"]), len(found["whale"]["points"]), found["matrix"]) == (25, 101, None)
    assert sum(float(tier["residual"]) for tier in found["tiers"]) == pytest.approx(float(found["equity"]), abs=0.1)


async def test_reports_need_their_scope(shop: list[UUID]) -> None:
    for document in (PORTFOLIO, SIMULATE, "{ stageValues { stage } }", "{ valueSettings { model } }"):
        assert (await ask(document, actor=factories.everything_but(Scope.VALUE_READ))).code == "FORBIDDEN"


async def test_a_what_if_can_be_of_some_customers(shop: list[UUID]) -> None:
    everybody = (await ask(SIMULATE)).data["valueSimulate"]
    assert float(everybody["netGain"]) > 0
    nobody = (await ask(SIMULATE, {"where": {"country": {"eq": "IR"}}})).data["valueSimulate"]
    assert (nobody["customers"], float(nobody["netGain"])) == (0, 0)
    whole = (await ask(SIMULATE, {"where": {"kind": {"in": ["PERSON", "ORGANIZATION"]}}})).data["valueSimulate"]
    assert float(whole["netGain"]) == pytest.approx(float(everybody["netGain"]), rel=1e-6)


async def test_a_what_if_without_a_model_is_null_with_a_reason_beside_what_else_was_asked(db: str) -> None:
    told = await ask("{ valueSimulate(change: {churn: 0.9}) { baseline } valueSettings { model } }")
    assert (told.code, told.body["data"]) == ("BLOCKED", {"valueSimulate": None, "valueSettings": {"model": "AUTO"}})


async def test_a_value_is_explained_and_the_figures_agree(shop: list[UUID]) -> None:
    found = (await ask(EXPLAIN, {"id": ids.encode("cus", shop[4])})).data["valueExplain"]
    assert all(check["equal"] for check in found["checks"])
    assert {"pAlive", "discountedPurchases", "contributionRate"} <= {driver["key"] for driver in found["drivers"]}


async def test_settings_are_changed_and_bad_ones_refused_by_name(db: str) -> None:
    good = {"horizonDays": 90, "unitCosts": {"CALL": "4.5"}, "priceCut": "0.9"}
    told = (await ask(SETTINGS, {"input": good})).data["valueSettingsUpdate"]
    assert told["settings"] == {"horizonDays": 90, "unitCosts": {"CALL": "4.5"}, "priceCut": "0.9"}
    for bad in ({"horizonDays": 1}, {"unitCosts": ["x"]}, {"model": "GUESS"}):
        told = (await ask(SETTINGS, {"input": bad})).data["valueSettingsUpdate"]
        assert told["problems"][0]["path"] == list(bad)


async def test_strategic_customers_are_proposed_and_decided(shop: list[UUID]) -> None:
    told = (await ask("mutation { designationsPropose { proposals problems { code } } }")).data["designationsPropose"]
    assert told["proposals"] > 0
    one = await StrategicDesignation.all().order_by("id").first()
    assert one is not None
    decision = {"id": ids.encode("dsg", one.id), "expectedVersion": 1, "confirm": True, "reviewOn": "2027-06-01"}
    found = (await ask(DECIDE, {"input": decision})).data["designationDecide"]["designation"]
    assert (found["status"], found["reviewOn"], found["decidedBy"]) == ("CONFIRMED", "2027-06-01", "owner")
    listed = (await ask("{ strategicDesignations(first: 1) { nodes { kind evidence } } }")).data
    assert len(listed["strategicDesignations"]["nodes"]) == 1


async def test_the_portfolio_is_compared_with_itself_before(fresh_db: str) -> None:
    shop = await newcomers(60)
    await bought(rhythm(shop))
    await runs.recompute(OWNER, now=NOW)
    await runs.recompute(OWNER, now=NOW + timedelta(days=40))
    span = {"since": NOW.isoformat(), "until": (NOW + timedelta(days=40)).isoformat()}
    found = (await ask(CHANGE, span)).data["portfolioChange"]
    assert sum(move["customers"] for move in found["migration"]) == len(shop)
    assert {cause["cause"] for cause in found["equity"]} <= {"REVALUED", "LOST"}


async def test_why_a_figure_is_null_is_read_with_it(db: str) -> None:
    [newcomer] = await newcomers(1)
    await runs.recompute(OWNER, now=NOW)
    document = (
        "query($id: ID!) { customer(id: $id) { valueMetrics { clv { amount } insufficient { figure reason need } } } }"
    )
    found = (await ask(document, {"id": ids.encode("cus", newcomer)})).data["customer"]["valueMetrics"]
    told = {why["figure"]: (why["reason"], why["need"]) for why in found["insufficient"]}
    assert found["clv"] is None
    assert told["clv"] == ("Purchases of this customer", 1)
    assert len(await fetch("SELECT id FROM value_run")) == 1

"""The pages of value tell what runs found, lead to action, and say so when something cannot be known."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from admin.value import strategic as strategic_page
from crm import costs, roles
from crm.value import runs
from crm.value.runs import settings, strategic
from models import CostActivity, RunStatus, Segment, StrategicDesignation, ValueRun, ValueSnapshot
from tests.admin.conftest import At
from tests.admin.desk import Desk
from tests.crm.value_world import bought, newcomers, rhythm, run_at
from tests.factories import NOW, OWNER

PAGES = (
    "/value",
    "/value/parts/stages",
    "/value/rfm",
    "/value/matrix",
    "/value/changes",
    "/value/changes/report",
    "/value/cohorts",
    "/value/cohorts/report",
    "/value/what-if",
    "/value/what-if/answer",
    "/value/strategic",
    "/value/quality",
    "/value/runs",
    "/value/runs/list",
)
CHARTED = re.compile(r'<script type="application/json">(.*?)</script>', re.DOTALL)


@pytest.fixture
async def shop(db: str) -> list[UUID]:
    keys = await newcomers(200)
    await bought(rhythm(keys))
    for key in keys[::3]:
        fields: Any = {"amount": Decimal(4), "activity": CostActivity.SERVICE, "occurred_at": NOW - timedelta(days=60)}
        await costs.record(OWNER, key, fields=fields, now=NOW)
    await run_at(date(2026, 8, 1))
    await runs.recompute(OWNER, now=NOW)
    return keys


def charts_of(page: str) -> list[dict[str, Any]]:
    return [json.loads(found) for found in CHARTED.findall(page)]


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_answers(shop: list[UUID], sara: Desk, path: str) -> None:
    page = await sara.get(path)
    assert page.status_code == 200, page.text
    assert not re.search(r"\bNone\b|nan\b", re.sub(r"<script.*?</script>", "", page.text, flags=re.DOTALL))


@pytest.mark.parametrize("path", PAGES)
async def test_before_the_first_run_pages_say_what_to_do(sara: Desk, path: str) -> None:
    page = await sara.get(path)
    assert page.status_code == 200, page.text
    assert charts_of(page.text) == []


@pytest.mark.parametrize("path", PAGES)
async def test_who_may_not_read_value_sees_none_of_it(at: At, path: str) -> None:
    await roles.create(OWNER, key="clerk", fields={"name": "Clerk", "scopes": ["customer:read"]})
    clerk = await at("clerk", "Arash")
    assert (await clerk.get(path)).status_code == 403
    assert "/admin/value" not in (await clerk.get("/account")).text


async def test_the_whale_curve_is_the_one_that_the_run_stored(shop: list[UUID], sara: Desk) -> None:
    stored = (await ValueRun.get(is_current=True)).portfolio["whale"]["points"]
    drawn = charts_of((await sara.get("/value")).text)[0]
    assert drawn["series"][0]["values"] == stored
    assert drawn["y"]["form"] == {"kind": "money", "decimals": 0, "currency": "USD"}


async def test_each_chart_stands_beside_its_table(shop: list[UUID], sara: Desk) -> None:
    page = (await sara.get("/value")).text
    assert page.count("<figure") == page.count('<details class="arz-as-table">') == len(charts_of(page)) == 3


async def test_persian_readers_get_persian_digits_in_charts_too(shop: list[UUID], sara: Desk) -> None:
    sara.client.cookies.set("language", "fa", domain="crm.test", path="/")
    page = (await sara.get("/value")).text
    assert charts_of(page)[0]["locale"] == "fa-u-nu-arabext"
    assert "منحنی نهنگ" in page
    assert re.search("[۰-۹]", page)


async def test_a_cell_of_the_heat_map_becomes_a_segment_that_holds_its_customers(shop: list[UUID], sara: Desk) -> None:
    cells = (await ValueRun.get(is_current=True)).portfolio["rfm"]
    cell = max(cells, key=lambda one: one["customers"])
    asked = {name: cell[name] for name in ("recency", "frequency")}
    assert "recency={recency}&amp;frequency={frequency}".format(**asked) in (await sara.get("/value/rfm")).text
    answer = await sara.fill("/value/segment", {"name": "From the map", "key": "from-the-map"}, **asked)
    assert answer.status_code == 303, answer.text
    made = await Segment.get(key="from-the-map")
    assert (made.name, made.size) == ("From the map", cell["customers"])


async def test_a_part_that_is_not_known_makes_no_segment(shop: list[UUID], sara: Desk) -> None:
    assert (await sara.get("/value/segment", tier=9)).status_code == 404


async def test_a_segment_that_is_refused_keeps_what_was_typed(shop: list[UUID], sara: Desk) -> None:
    answer = await sara.fill("/value/segment", {"name": "Best", "key": "not a key!"}, tier=1)
    assert answer.status_code == 422
    assert 'value="not a key!"' in answer.text
    assert not await Segment.all().exists()


async def test_what_if_answers_by_the_address_and_refuses_what_makes_no_sense(shop: list[UUID], sara: Desk) -> None:
    better = (await sara.get("/value/what-if/answer", retention=-20)).text
    same = (await sara.get("/value/what-if/answer")).text
    values = [charts_of(page)[0]["series"][0]["values"] for page in (better, same)]
    assert values[0][0] == values[1][0] == values[1][1] < values[0][1]
    refused = await sara.get("/value/what-if", retention="lots", margin="900")
    assert refused.status_code == 422
    assert "“lots” is not a number." in refused.text
    assert "Choose a number from -50 to 50." in refused.text


async def test_what_if_for_a_segment_leaves_the_others_out(shop: list[UUID], sara: Desk) -> None:
    await sara.fill("/value/segment", {"key": "third"}, tier=3)
    some = (await sara.get("/value/what-if/answer", segment="third")).text
    assert charts_of(some)[0]["series"] != charts_of((await sara.get("/value/what-if/answer")).text)[0]["series"]
    assert charts_of((await sara.get("/value/what-if/answer", segment="nobody")).text) == []


async def test_changes_of_equity_add_up_by_their_causes(shop: list[UUID], sara: Desk) -> None:
    drawn = charts_of((await sara.get("/value/changes/report")).text)[0]
    lifts, sizes = (one["values"] for one in drawn["series"])
    tones = drawn["series"][1]["tones"]
    moved = sum(size * {"good": 1, "bad": -1}.get(tone, 0) for size, tone in zip(sizes, tones, strict=True))
    assert lifts[0] == lifts[-1] == 0
    assert sizes[-1] == pytest.approx(sizes[0] + moved)


async def test_proposals_are_confirmed_until_a_review_and_put_aside(shop: list[UUID], sara: Desk) -> None:
    await sara.post("/value/strategic/propose")
    first, second = await StrategicDesignation.all().order_by("id").limit(2)
    late = await sara.post(f"/value/strategic/{first.id}/decide", _decision(first, "confirm", date(2020, 1, 1)))
    assert late.status_code == 422
    assert "must lie in the future" in late.text
    for one, answer in ((first, "confirm"), (second, "dismiss")):
        made = await sara.post(f"/value/strategic/{one.id}/decide", _decision(one, answer, date(2099, 1, 1)))
        assert made.status_code == 303, made.text
    statuses = {one.id: one.status.value for one in await StrategicDesignation.all()}
    assert (statuses[first.id], statuses[second.id]) == ("CONFIRMED", "DISMISSED")


async def test_proposals_come_in_pages_and_a_decision_leads_back_to_its_page(
    shop: list[UUID], sara: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strategic_page, "SHOWN", 40)
    await strategic.propose(OWNER, now=NOW)
    whole = {str(key) for key in await StrategicDesignation.all().values_list("id", flat=True)}
    last = -(-len(whole) // 40)
    pages = [(await sara.get("/value/strategic", page=number)).text for number in range(1, last + 1)]
    shown = [re.findall(r'id="s-([0-9a-f-]{36})"', page) for page in pages]
    assert (last > 1, sum(map(len, shown)), {key for page in shown for key in page}) == (True, len(whole), whole)
    assert re.findall(r'id="s-([0-9a-f-]{36})"', (await sara.get("/value/strategic", page="9999")).text) == shown[-1]
    one = await StrategicDesignation.get(id=shown[1][0])
    decision = _decision(one, "dismiss", date(2099, 1, 1))
    made = await sara.post(f"/value/strategic/{one.id}/decide", decision, page=2)
    assert made.headers["location"].endswith("/value/strategic?page=2")


def _decision(one: StrategicDesignation, answer: str, review: date) -> dict[str, str]:
    return {"answer": answer, "version": str(one.version), "review_on": review.isoformat(), "note": "seen"}


async def test_a_stale_decision_is_refused(shop: list[UUID], sara: Desk) -> None:
    await strategic.propose(OWNER, now=NOW)
    one = await StrategicDesignation.all().first()
    assert one
    one.version += 1
    refused = await sara.post(f"/value/strategic/{one.id}/decide", _decision(one, "confirm", date(2099, 1, 1)))
    assert refused.status_code == 409
    assert (await StrategicDesignation.get(id=one.id)).status.value == "PROPOSED"


@pytest.mark.parametrize(("language", "told"), [("fa", "باید در آینده باشد"), ("zh", "必须在未来")])
async def test_a_refused_decision_is_told_in_the_readers_language(
    shop: list[UUID], sara: Desk, language: str, told: str
) -> None:
    await strategic.propose(OWNER, now=NOW)
    one = await StrategicDesignation.all().first()
    assert one
    sara.client.cookies.set("language", language, domain="crm.test", path="/")
    refused = await sara.post(f"/value/strategic/{one.id}/decide", _decision(one, "confirm", date(2020, 1, 1)))
    assert (refused.status_code, told in refused.text) == (422, True)


async def test_a_run_is_asked_for_shown_and_called_off(sara: Desk) -> None:
    answer = await sara.post("/value/runs/start", {"as_of": "2026-03-31"})
    assert answer.status_code == 303, answer.text
    run = await ValueRun.get()
    assert (run.status, run.as_of.date()) == (RunStatus.RUNNING, date(2026, 3, 31))
    assert "data-arz-again" in (await sara.get("/value/runs")).text
    await sara.post(f"/value/runs/{run.id}/cancel")
    assert (await ValueRun.get()).cancel_requested


@pytest.mark.parametrize("day", ["2999-01-01", "yesterday"])
async def test_a_run_of_an_impossible_day_is_refused_beside_its_field(sara: Desk, day: str) -> None:
    answer = await sara.post("/value/runs/start", {"as_of": day})
    assert answer.status_code == 422
    assert 'id="as_of"' in answer.text
    assert not await ValueRun.all().exists()


async def test_settings_are_typed_in_percent(sara: Desk) -> None:
    form = await sara.form("/value/runs")
    typed = {name: values for name, values in form.items() if name != "csrftoken"}
    answer = await sara.post("/value/runs/settings", {**typed, "discount_rate": "12.5"})
    assert answer.status_code == 303, answer.text
    assert (await settings.current()).discount_rate == Decimal("0.125")
    refused = await sara.post("/value/runs/settings", {**typed, "keep_runs": "many"})
    assert refused.status_code == 422
    assert 'value="many"' in refused.text


async def test_what_a_contact_costs_is_said_by_kind_and_costs_of_channels_stay(sara: Desk) -> None:
    await settings.change(OWNER, unit_costs={"SOCIAL": "2"})
    form = await sara.form("/value/runs")
    typed = {name: values for name, values in form.items() if name != "csrftoken"}
    costs = {"unit_costs.visit": "۴۰", "unit_costs.call": "12.50", "hourly_cost": "60"}
    answer = await sara.post("/value/runs/settings", {**typed, **costs})
    assert answer.status_code == 303, answer.text
    chosen = await settings.current()
    assert chosen.unit_costs == {"SOCIAL": 2, "VISIT": 40, "CALL": Decimal("12.50")}
    assert chosen.hourly_cost == 60
    refused = await sara.post("/value/runs/settings", {**typed, **costs, "unit_costs.visit": "-1"})
    assert refused.status_code == 422
    assert 'is-invalid" id="unit_costs.visit"' in refused.text
    assert (await settings.current()).unit_costs == chosen.unit_costs


async def test_who_has_a_value_is_listed_before_who_has_none_and_everybody_once(shop: list[UUID], sara: Desk) -> None:
    await newcomers(12)
    await runs.recompute(OWNER, now=NOW)
    rows = []
    for page in range(1, 10):
        listed = (await sara.get("/value_snapshot/list", page=str(page), page_size="25")).text
        rows += dict.fromkeys(re.findall(r"/value_snapshot/detail\?pk=[0-9a-f-]+\.([0-9a-f-]+)", listed))
    values = dict(await ValueSnapshot.filter(run__is_current=True).values_list("customer_id", "clv"))
    found = [values[UUID(row)] for row in rows]
    assert len(set(rows)) == len(rows) == len(values)
    known = [value for value in found if value is not None]
    assert found == sorted(known, reverse=True) + [None] * (len(found) - len(known))
    assert None in found


async def test_a_customers_value_opens_from_the_list_by_run_and_customer(shop: list[UUID], sara: Desk) -> None:
    listed = (await sara.get("/value_snapshot/list")).text
    pk = re.findall(r"/value_snapshot/detail\?pk=([0-9a-f.-]+)", listed)[0]
    run, customer = pk.split(".")
    found = await ValueSnapshot.get(run_id=run, customer_id=customer)
    for known in (pk, str(found.id)):
        assert (await sara.get("/value_snapshot/detail", pk=known)).status_code == 200
    for unknown in ("x.y", f"{run}.{run}", "nothing"):
        assert (await sara.get("/value_snapshot/detail", pk=unknown)).status_code == 404

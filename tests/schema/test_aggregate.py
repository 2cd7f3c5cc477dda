"""Groups and figures of a list equal those counted by hand."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from statistics import median
from typing import Any

import pytest
from graphql import is_enum_type

from crm import organization
from crm.access import READ_SCOPES, Scope
from models import Customer, Order, Stage, StagePosition, ValueRun, ValueSnapshot
from schema import schema
from tests import factories
from tests.factories import OWNER, everything_but
from tests.schema.asking import ask
from tests.schema.world import World


async def aggregate(document: str) -> list[dict[str, Any]]:
    answer = await ask(document)
    assert len([text for text in answer.statements if "organization_setting s" not in text]) <= 3
    (connection,) = answer.data.values()
    found: list[dict[str, Any]] = connection["aggregate"]
    return found


async def test_rows_are_counted_by_two_things_at_once(world: World) -> None:
    found = await aggregate("{ orders { aggregate(groupBy: [STATUS, PLACED_AT_MONTH]) { count keys { by value } } } }")
    wanted = Counter((row.status.value, row.placed_at.strftime("%Y-%m")) for row in world.of(Order))
    assert {tuple(key["value"] for key in group["keys"]): group["count"] for group in found} == wanted
    assert [key["by"] for key in found[0]["keys"]] == ["STATUS", "PLACED_AT_MONTH"]


async def test_without_groups_all_rows_are_one(world: World) -> None:
    found = await aggregate(
        "{ orders { aggregate(figures: [BASE_AMOUNT]) "
        "{ count figures { of count sum min max percentile(at: 0.5) } } } }"
    )
    amounts = [row.base_amount for row in world.of(Order)]
    (figure,) = found[0]["figures"]
    assert (found[0]["count"], figure["count"], figure["of"]) == (60, 60, "BASE_AMOUNT")
    assert Decimal(figure["sum"]) == sum(amounts)
    assert (Decimal(figure["min"]), Decimal(figure["max"])) == (min(amounts), max(amounts))
    assert float(figure["percentile"]) == float(median(amounts))


async def test_customers_are_grouped_by_stage_with_a_figure_of_the_current_run(world: World) -> None:
    found = await aggregate(
        "{ customers(archived: null) { aggregate(groupBy: [STAGE], figures: [ORDERS]) "
        "{ count keys { value label } figures { sum } } } }"
    )
    run = next(row for row in world.of(ValueRun) if row.is_current)
    orders = {row.customer_id: row.orders for row in world.of(ValueSnapshot) if row.run_id == run.id}
    lifecycle = world.of(Stage)[0].lifecycle_id  # the first lifecycle is the default one
    stages = {row.id: row.key for row in world.of(Stage)}
    standing = {
        row.customer_id: stages[row.stage_id] for row in world.of(StagePosition) if row.lifecycle_id == lifecycle
    }
    wanted = Counter(standing.get(row.id) for row in world.of(Customer))
    assert {group["keys"][0]["value"]: group["count"] for group in found} == wanted
    total = sum(int(group["figures"][0]["sum"] or 0) for group in found)
    assert total == sum(orders.values())


async def test_a_filter_holds_for_the_groups_too(world: World) -> None:
    found = await aggregate(
        '{ customers(where: {country: {eq: "IR"}}, archived: null) { aggregate(groupBy: [COUNTRY]) { count } } }'
    )
    assert found == [{"count": sum(row.country == "IR" for row in world.of(Customer))}]


async def test_a_nested_list_is_grouped_too(world: World) -> None:
    answer = await ask(
        "{ customers(first: 100, archived: null) { nodes { id orders { aggregate(groupBy: [STATUS]) { count } } } } }"
    )
    total = sum(group["count"] for row in answer.data["customers"]["nodes"] for group in row["orders"]["aggregate"])
    assert total == len(world.of(Order))
    assert len(answer.statements) == 1


async def test_groups_and_figures_need_their_scopes(world: World) -> None:
    by_stage = "{ customers { aggregate(groupBy: [STAGE]) { count } } }"
    worth = "{ customers { aggregate(figures: [CLV]) { figures { sum } } } }"
    for document, scope in ((by_stage, Scope.LIFECYCLE_READ), (worth, Scope.VALUE_READ)):
        answer = await ask(document, actor=everything_but(scope))
        assert answer.errors[0]["extensions"]["missingScope"] == scope.value


async def test_the_root_gives_the_groups_without_the_rows(world: World) -> None:
    answer = await ask(
        "{ ordersAggregate(groupBy: [STATUS], figures: [BASE_AMOUNT]) { count keys { value } sum(of: BASE_AMOUNT) "
        "mean: avg(of: QUANTITY) min(of: QUANTITY) max(of: QUANTITY) figures { sum } __typename } }"
    )
    found = answer.data["ordersAggregate"]
    assert len(answer.statements) == 1
    for group in found:
        rows = [row for row in world.of(Order) if row.status.value == group["keys"][0]["value"]]
        assert group["count"] == len(rows)
        assert Decimal(group["sum"]) == Decimal(group["figures"][0]["sum"]) == sum(row.base_amount for row in rows)
        assert float(group["mean"]) == pytest.approx(sum(row.quantity for row in rows) / len(rows), abs=1e-6)
    assert {group["__typename"] for group in found} == {"OrderAggregate"}


async def test_groups_stand_by_their_keys_where_a_chart_reads_them_in_order(world: World) -> None:
    document = (
        "{ ordersAggregate(groupBy: [DAY], order: KEYS) { keys { value } } "
        "customersAggregate(groupBy: [STAGE], order: KEYS, archived: null) { keys { value } } }"
    )
    data = (await ask(document)).data
    days, stages = ([group["keys"][0]["value"] for group in data[name]] for name in data)
    assert days == sorted({row.placed_at.strftime("%Y-%m-%d") for row in world.of(Order)})
    places = {row.key: (row.position, row.key) for row in world.of(Stage)}
    assert [key for key in stages if key] == sorted((key for key in stages if key), key=lambda key: places[key])


async def test_rows_without_figures_offer_none(db: str) -> None:
    fields = (await ask('{ __type(name: "FollowUpAggregate") { fields { name } } }')).data["__type"]["fields"]
    assert [field["name"] for field in fields] == ["keys", "count"]


async def test_percentiles_come_in_the_order_in_which_they_were_asked_for(world: World) -> None:
    document = "query($at: [Float!]!) { ordersAggregate { percentiles(of: QUANTITY, at: $at) } }"
    (group,) = (await ask(document, {"at": [1, 0.5, 0]})).data["ordersAggregate"]
    quantities = [row.quantity for row in world.of(Order)]
    assert list(map(float, group["percentiles"])) == [max(quantities), median(quantities), min(quantities)]
    for wrong in ([], [1.5], [-0.1], [0.5] * 21):
        assert (await ask(document, {"at": wrong})).code == "VALIDATION_FAILED"


async def test_the_root_filters_searches_and_takes_archived_rows_as_the_list_does(world: World) -> None:
    document = (
        'query($archived: Boolean) { customersAggregate(archived: $archived, where: {country: {eq: "IR"}}) { count } }'
    )
    for archived, wanted in ((None, {False, True}), (False, {False}), (True, {True})):
        rows = [row for row in world.of(Customer) if row.country == "IR" and bool(row.archived_at) in wanted]
        assert (await ask(document, {"archived": archived})).data["customersAggregate"] == [{"count": len(rows)}]


@pytest.mark.parametrize(
    ("group", "written"),
    [("DAY", "2024-01-01"), ("WEEK", "2024-W01"), ("MONTH", "2024-01"), ("QUARTER", "2024-Q1"), ("YEAR", "2024")],
)
async def test_days_and_months_are_those_of_the_organisation(db: str, group: str, written: str) -> None:
    alice = await factories.customer("Alice")
    await factories.order(alice, placed_at=datetime(2023, 12, 31, 22, 30, tzinfo=UTC))  # 02:00 of the new year there
    await organization.change(OWNER, time_zone="Asia/Tehran")
    answer = await ask(f"{{ ordersAggregate(groupBy: [{group}]) {{ keys {{ value }} }} }}")
    assert answer.data["ordersAggregate"] == [{"keys": [{"value": written}]}]


async def test_customers_are_counted_by_the_month_in_which_they_were_won(world: World) -> None:
    answer = await ask("{ customersAggregate(archived: null, groupBy: [MONTH]) { count keys { value } } }")
    wanted = Counter((row.acquired_at or row.created_at).strftime("%Y-%m") for row in world.of(Customer))
    assert {group["keys"][0]["value"]: group["count"] for group in answer.data["customersAggregate"]} == wanted


async def test_the_root_counts_what_the_row_filter_shows(world: World) -> None:
    partner = factories.actor(*READ_SCOPES, row_filter={"country": {"eq": "IR"}})
    answer = await ask("{ customersAggregate(archived: null) { count } ordersAggregate { count } }", actor=partner)
    shown = {row.id for row in world.of(Customer) if row.country == "IR"}
    orders = sum(row.customer_id in shown for row in world.of(Order))
    assert answer.data == {"customersAggregate": [{"count": len(shown)}], "ordersAggregate": [{"count": orders}]}


def test_numbers_that_tell_which_are_not_added_up() -> None:
    names = {name for name in schema._schema.type_map if name.endswith("Figure")}
    kinds = {name: schema._schema.type_map[name] for name in names}
    offered = {key for kind in kinds.values() if is_enum_type(kind) for key in kind.values}
    assert "BASE_AMOUNT" in offered
    assert not offered & {"VERSION", "RULE_VERSION", "NUMBER", "POSITION", "RESPONSE_STATUS"}

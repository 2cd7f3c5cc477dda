"""Groups and figures of a list equal those counted by hand."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from statistics import median
from typing import Any

from crm.access import Scope
from models import Customer, Order, Stage, StagePosition, ValueRun, ValueSnapshot
from tests.factories import everything_but
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

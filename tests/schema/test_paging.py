"""Relay's rules of cursor connections, for any order."""

from __future__ import annotations

import random
from typing import Any

import pytest

from models import Customer, SegmentMembership
from tests.schema.asking import ask
from tests.schema.world import World

PAGE = """
query($first: Int, $after: String, $last: Int, $before: String, $order: [CustomerSort!], $where: CustomerWhere) {
  customers(
    first: $first, after: $after, last: $last, before: $before, orderBy: $order, where: $where, archived: null
  ) {
    edges { cursor node { id } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    count(exact: true) { value exact }
  }
}
"""
KEYS = ["SORT_NAME", "COUNTRY", "CITY", "CREATED_AT", "BIRTHDAY", "VERSION", "CLV", "P_ALIVE", "NEXT_ORDER_ON", "KIND"]


def orders(count: int) -> list[list[dict[str, str]]]:
    """Orders by one to three keys; those with many equal and missing values among them."""
    chance = random.Random(11)  # noqa: S311 - repeatable
    made = [
        [
            {"field": key, "direction": chance.choice(["ASC", "DESC"]), "nulls": chance.choice(["FIRST", "LAST"])}
            for key in chance.sample(KEYS, chance.randint(1, 3))
        ]
        for _ in range(count)
    ]
    return [[], *made]


async def page(**variables: Any) -> dict[str, Any]:
    found: dict[str, Any] = (await ask(PAGE, variables)).data["customers"]
    return found


def ids(found: dict[str, Any]) -> list[str]:
    return [edge["node"]["id"] for edge in found["edges"]]


async def walk(order: list[dict[str, str]], size: int, backward: bool) -> list[str]:
    seen: list[str] = []
    cursor = None
    while True:
        if backward:
            found = await page(order=order, last=size, before=cursor)
            seen = ids(found) + seen
            more, cursor = found["pageInfo"]["hasPreviousPage"], found["pageInfo"]["startCursor"]
        else:
            found = await page(order=order, first=size, after=cursor)
            seen += ids(found)
            more, cursor = found["pageInfo"]["hasNextPage"], found["pageInfo"]["endCursor"]
        if not more:
            return seen


@pytest.mark.parametrize("order", orders(25), ids=lambda order: "-".join(key["field"] for key in order) or "default")
async def test_walking_pages_either_way_gives_the_whole_list_once(world: World, order: list[dict[str, str]]) -> None:
    whole = ids(await page(order=order, first=100))
    assert len(whole) == len(set(whole)) == 24
    assert await walk(order, 5, backward=False) == whole
    assert await walk(order, 7, backward=True) == whole


@pytest.mark.parametrize("order", orders(6))
async def test_a_stretch_between_two_cursors_is_what_lies_between_them(
    world: World, order: list[dict[str, str]]
) -> None:
    edges = (await page(order=order, first=100))["edges"]
    between = {"after": edges[4]["cursor"], "before": edges[15]["cursor"], "order": order}
    wanted = [edge["node"]["id"] for edge in edges[5:15]]
    assert ids(await page(first=100, **between)) == wanted
    assert ids(await page(first=4, **between)) == wanted[:4]
    assert ids(await page(last=4, **between)) == wanted[-4:]


async def test_page_info_tells_what_lies_on_both_sides(world: World) -> None:
    edges = (await page(first=100))["edges"]
    inside = (await page(first=2, after=edges[3]["cursor"]))["pageInfo"]
    assert (inside["hasNextPage"], inside["hasPreviousPage"]) == (True, True)
    assert (inside["startCursor"], inside["endCursor"]) == (edges[4]["cursor"], edges[5]["cursor"])
    backward = (await page(last=2, before=edges[3]["cursor"]))["pageInfo"]
    assert (backward["hasNextPage"], backward["hasPreviousPage"]) == (True, True)
    end = (await page(first=2, after=edges[-1]["cursor"]))["pageInfo"]
    assert end == {"hasNextPage": False, "hasPreviousPage": True, "startCursor": None, "endCursor": None}


async def test_the_count_is_that_of_the_whole_filtered_list(world: World) -> None:
    found = await page(first=1, where={"country": {"eq": "IR"}})
    wanted = sum(row.country == "IR" for row in world.of(Customer))
    assert found["count"] == {"value": wanted, "exact": True}


async def test_a_cursor_of_another_order_or_filter_is_refused(world: World) -> None:
    cursor = (await page(first=2))["pageInfo"]["endCursor"]
    for other in ({"order": [{"field": "CITY"}]}, {"where": {"country": {"eq": "IR"}}}):
        answer = await ask(PAGE, {"after": cursor, **other})
        assert answer.code == "VALIDATION_FAILED"
        assert "another list, filter or order" in answer.errors[0]["message"]
        assert answer.statements == [] or "customer" not in answer.statements[-1]


STAYS = """
query($id: ID, $first: Int, $after: String, $last: Int, $before: String) {
  customer(id: $id) {
    memberships(first: $first, after: $after, last: $last, before: $before) {
      edges { cursor node { id } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
}
"""


async def stays(key: str, **variables: Any) -> dict[str, Any]:
    found: dict[str, Any] = (await ask(STAYS, {"id": key, **variables})).data["customer"]["memberships"]
    return found


def with_several(world: World) -> list[str]:
    """Customers with several stays in segments, who are not part of another."""
    held = [stay.customer_id for stay in world.of(SegmentMembership)]
    return [f"cus_{row.id}" for row in world.of(Customer) if held.count(row.id) > 1 and not row.merged_into_id]


async def test_the_list_of_one_record_is_walked_by_its_own_cursors(world: World) -> None:
    key = with_several(world)[0]
    whole = await stays(key)
    start, *_, end = [edge["cursor"] for edge in whole["edges"]]
    assert (whole["pageInfo"]["startCursor"], whole["pageInfo"]["endCursor"]) == (start, end)
    assert ids(await stays(key, after=start)) == ids(whole)[1:]
    assert ids(await stays(key, last=50, before=end)) == ids(whole)[:-1]


@pytest.mark.parametrize("name", ["after", "before"])
async def test_a_cursor_from_the_list_of_another_record_is_refused(world: World, name: str) -> None:
    one, other, *_ = with_several(world)
    cursor = (await stays(one))["pageInfo"]["startCursor"]
    answer = await ask(STAYS, {"id": other, name: cursor})
    assert (answer.code, answer.errors[0]["extensions"]["inputPath"]) == ("VALIDATION_FAILED", [name])
    assert (answer.errors[0]["path"], answer.response.status) == (["customer", "memberships"], 422)


@pytest.mark.parametrize(
    "variables",
    [
        {"first": 0},
        {"first": -1},
        {"first": 1_000_000},
        {"last": 101},
        {"first": 1, "last": 1},
        {"after": "abc"},
        {"after": "WyI="},
        {"after": ""},
        {"before": "x" * 5_000},
        {"order": [{"field": "CITY"}, {"field": "CITY"}]},
    ],
    ids=str,
)
async def test_a_page_that_cannot_be_is_a_clear_error(world: World, variables: dict[str, Any]) -> None:
    answer = await ask(PAGE, variables)
    assert answer.code == "VALIDATION_FAILED"
    assert answer.errors[0]["path"] == ["customers"]
    assert answer.errors[0]["locations"]


async def test_a_filter_by_a_number_of_more_than_64_bits_is_answered(db: str) -> None:
    answer = await ask("{ customers(where: {valueMetrics: {frequency: {eq: 99999999999999999999}}}) { nodes { id } } }")
    assert answer.data == {"customers": {"nodes": []}}
